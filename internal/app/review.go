package app

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"time"

	"prasan/internal/db"
	"prasan/internal/evidence"
	"prasan/internal/i18n"
	"prasan/internal/mail"
	"prasan/internal/review"
	"prasan/internal/ropa"
	"prasan/internal/web/api"
)

// wireReview computes who can see what, and has it attested.
func wireReview(_ context.Context, a *App) error {
	a.Review = review.New(review.Deps{DB: a.DB, Audit: a.Audit, Jobs: a.Jobs, Record: a.Register.Snapshot, Activities: ropa.SeedCodes, Within: a.Agencies.Within, Key: ed25519.NewKeyFromSeed(a.Vault.Derive("access-review")), Now: a.Now, Tell: a.tellOfReview})
	a.Review.Register()
	a.Operations = append(a.Operations, api.ReviewOperations(a.Review)...)
	return nil
}

// tellOfReview writes to one who has to attest a round; the mail says which and until
// when, and leads to the page on which it is done.
func (a *App) tellOfReview(tx *db.Tx, r review.Review, address string) error {
	snap := a.Register.Snapshot(r.Activity)
	if snap == nil {
		return nil
	}
	meta := map[string]string{"record": snap.Name.TH, "attest_by": r.DueAt.Format(time.RFC3339)}
	if tx.Now().After(r.DueAt) {
		meta["late"] = i18n.T("th", "review.late")
	}
	return a.Mail.ToStaff(tx, address, mail.Message{Kind: "access-review", Lang: "th", Meta: meta}, mail.Body{Link: a.URL("office") + "/th/office/access"})
}

// accessInEvidence puts who can see what now, and what was attested in the period.
func (a *App) accessInEvidence(ctx context.Context, s evidence.Scope, put evidence.Put) error {
	for _, snap := range a.activities() {
		grants, err := a.Review.Matrix(ctx, snap.Activity, s.Agency)
		if err != nil {
			return err
		}
		var out bytes.Buffer
		if err := review.WriteCSV(&out, "th", grants); err != nil {
			return err
		}
		if err := put("access/"+snap.Activity+".csv", out.Bytes()); err != nil {
			return err
		}
	}
	all, err := a.Review.List(ctx)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.AttestedAt.IsZero() || !s.In(r.AttestedAt) {
			continue
		}
		if err := put("access/attested-"+r.Activity+"-"+r.Period+".json", []byte(r.Body)); err != nil {
			return err
		}
	}
	if err := put.JSON("access/reviews.json", all); err != nil {
		return err
	}
	leavers, err := a.Review.Leavers(ctx)
	if err != nil {
		return err
	}
	rows := [][]string{}
	for _, l := range leavers {
		if s.Covers(l.Agency) {
			rows = append(rows, []string{l.Account, l.Agency, l.Why, stampOf(l.Since), l.Detail})
		}
	}
	return put.Table("access/leavers.csv", []string{"account", "agency", "why", "since", "detail"}, rows)
}
