package app

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"strconv"

	"prasan/internal/consent"
	"prasan/internal/db"
	"prasan/internal/evidence"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/ropa/form"
	"prasan/internal/web/api"
)

// wireEvidence makes packages for inspectors of what all other parts know.
func wireEvidence(_ context.Context, a *App) error {
	signer, _, err := a.auditKeys()
	if err != nil {
		return err
	}
	public, err := a.auditPublicKey()
	if err != nil {
		return err
	}
	a.Evidence = evidence.New(evidence.Deps{DB: a.DB, Audit: a.Audit, Signer: signer, AuditKey: public, Key: ed25519.NewKeyFromSeed(a.Vault.Derive("evidence-signing")), Register: a.inForce, Within: a.Agencies.Within,
		Agency: func(code string) bool { _, ok := a.Agencies.Get(code); return ok }, Installation: a.Config.BaseDomain, Program: a.Options.Version})
	a.Evidence.Add(
		evidence.Part{ID: "papers", Collect: a.papers},
		evidence.Part{ID: "truth", Collect: func(ctx context.Context, _ evidence.Scope, put evidence.Put) error {
			report, err := a.Truth.Report(ctx)
			if err != nil {
				return err
			}
			return put.JSON("truth/report.json", report)
		}},
		evidence.Part{ID: "stores", Collect: func(_ context.Context, _ evidence.Scope, put evidence.Put) error {
			return put.JSON("stores.json", a.Stores())
		}},
		evidence.Part{ID: "access", Collect: a.accessInEvidence},
		evidence.Part{ID: "library", Collect: a.libraryInEvidence},
		evidence.Part{ID: "consent", Collect: a.consentInEvidence},
	)
	a.Operations = append(a.Operations, api.EvidenceOperations(a.Evidence)...)
	return nil
}

// consentInEvidence puts how often people accepted, refused and withdrew, by site and
// version of the text. Who refused is known to nobody.
func (a *App) consentInEvidence(ctx context.Context, s evidence.Scope, put evidence.Put) error {
	var rows [][]string
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		all, err := consent.Totals(tx, consent.Day(s.From), consent.Day(s.To))
		rows = nil
		for _, t := range all {
			if site, _ := a.Sites.Lookup(t.Site); !s.Covers(site.Agency) {
				continue
			}
			rows = append(rows, []string{t.Site, t.Version, t.Choice, strconv.FormatInt(t.N, 10)})
		}
		return err
	})
	if err != nil {
		return err
	}
	return put.Table("consent.csv", []string{"site", "version", "choice", "times"}, rows)
}

// inForce are the revisions that the program obeys.
func (a *App) inForce() []evidence.InForce {
	out := []evidence.InForce{}
	for _, s := range a.activities() {
		out = append(out, evidence.InForce{Activity: s.Activity, Revision: s.Revision, SHA256: s.SHA256})
	}
	return out
}

// papers are the records in force as the ministry's form, to be read on paper.
func (a *App) papers(ctx context.Context, _ evidence.Scope, put evidence.Put) error {
	for _, s := range a.activities() {
		rev, err := a.Truth.Body(ctx, s.Activity, s.Revision)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := form.Export(rev, "pdf", &out); err != nil {
			return err
		}
		if err := put("register/"+s.Activity+".pdf", out.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// ActorOf is who an account acts as now; the console for "".
func (a *App) ActorOf(ctx context.Context, account string) (actor policy.Actor, err error) {
	if account == "" {
		return policy.Actor{Account: "console", Roles: []string{"admin"}}, nil
	}
	err = a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		actor, err = org.Actor(tx, account)
		return err
	})
	return actor, err
}
