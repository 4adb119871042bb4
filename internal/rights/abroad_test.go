package rights_test

import (
	"strings"
	"testing"

	"prasan/internal/analytics"
	"prasan/internal/analytics/ga"
	"prasan/internal/analytics/ga/gatest"
	"prasan/internal/consent"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/policy"
	"prasan/internal/rights"
)

const site = "rayong.industry.test"

// counts is the counting of usage of the house, whose site passes on to Google.
func (o *office) counts() *analytics.Service {
	o.T.Helper()
	h, e := o.House, o.Engine
	s, err := analytics.New(ctx, analytics.Deps{DB: e.DB, Audit: h.Audit, Jobs: h.Jobs, Processing: h.Processing, Record: func(string) *policy.Snapshot { return h.Record }, Site: func(string) (string, bool) { return "rayong", true },
		Sites: func() []string { return []string{site} }, Key: h.Vault.Derive("usage"), GoogleDefault: ga.Property{Measurement: gatest.Measurement, Secret: gatest.Secret}, Now: e.Clock.Now, NoLimits: true})
	must(o.T, err)
	o.T.Cleanup(func() { s.Close() })
	o.rights.Abroad = s
	return s
}

func (o *office) number(query string, args ...any) (n int) {
	o.T.Helper()
	must(o.T, o.Engine.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, args, &n) }))
	return n
}

func TestAnErasureThatNamesAProofOfConsentReachesTheProviderAbroad(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		usage := o.counts()
		mine, visitor, number := o.Receive(1, "โรงงานส่งกลิ่น"), consent.NewVisitor(), db.NewID()
		must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
			for who, receipt := range map[string]string{visitor: number, consent.NewVisitor(): db.NewID()} {
				if err := usage.Abroad(tx, consent.Abroad{Site: site, Visitor: who, Receipt: receipt, Allowed: true}); err != nil {
					return err
				}
			}
			return nil
		}))
		ask := func(right, consentNumber string) (rights.Receipt, error) {
			return o.rights.Submit(ctx, rights.Submission{Right: right, Channel: "web", Lang: "th", CaseReference: mine.Reference, Code: mine.Code, ConsentNumber: consentNumber})
		}
		_, err := ask(rights.Erasure, "my cookie")
		wants(t, err, errs.Invalid)
		r, err := ask(rights.Erasure, " "+strings.ToUpper(number)+" ")
		must(t, err)
		manifest := func() (n int) {
			_, found, _, err := o.rights.Assessment(ctx, housetest.DPO, r.Reference)
			must(t, err)
			n = -1
			for _, f := range found {
				if f.Store == "google analytics" {
					n = f.Count
				}
			}
			return n
		}
		if n := manifest(); n != 1 {
			t.Errorf("the manifest has %d of Google", n)
		}
		o.decide(r.Reference, rights.Refused, "33") // what rests on consent goes all the same
		_, err = o.rights.Draft(ctx, housetest.DPO, r.Reference)
		wants(t, err, errs.Conflict) // not before it is carried out
		_, err = o.rights.Execute(ctx, housetest.DPO, r.Reference, rights.Order{})
		must(t, err)
		if n := o.number(`SELECT COUNT(*) FROM google_erasures WHERE asked_by = 'dpo' AND reason = $1 AND client <> ''`, r.Reference); n != 1 {
			t.Errorf("%d requests for deletion", n)
		}
		if o.number(`SELECT COUNT(*) FROM google_clients`) != 1 || manifest() != 0 {
			t.Error("not this visitor alone is forgotten")
		}
		l, err := o.rights.Draft(ctx, housetest.DPO, r.Reference)
		must(t, err)
		if _, c, err := o.letters.Read(ctx, housetest.DPO, l.ID); err != nil || !strings.Contains(strings.Join(c.Paragraphs, "\n"), "Google Analytics") {
			t.Errorf("the letter does not tell of it: %v", err)
		}
		for _, x := range []struct{ right, number, kept string }{{rights.Erasure, db.NewID(), "0"}, {rights.Erasure, number, "0"}, {rights.Access, number, ""}} {
			r, err := ask(x.right, x.number)
			must(t, err)
			o.decide(r.Reference, rights.Granted, "")
			done, err := o.rights.Execute(ctx, housetest.DPO, r.Reference, rights.Order{})
			must(t, err)
			history, err := o.rights.History(ctx, housetest.DPO, r.Reference)
			must(t, err)
			if got := history[len(history)-1].Body["abroad"]; got != x.kept || (done.ConsentNumber == "") != (x.right != rights.Erasure) {
				t.Errorf("%+v: asked for %q; %q", x, got, done.ConsentNumber)
			}
		}
		if n := o.number(`SELECT COUNT(*) FROM google_erasures`); n != 1 {
			t.Errorf("%d requests for deletion in the end", n)
		}
	})
}
