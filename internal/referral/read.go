package referral

import (
	"context"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

// maySee: those who may list the office's cases.
func maySee(a policy.Actor, r *Referral) bool { return policy.May(a, "case.list", r.Agency) }

// Get returns a referral that the actor may know of.
func (s *Service) Get(ctx context.Context, a policy.Actor, id string) (r Referral, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error { r, err = one(tx, `id = $1`, id); return err })
	if err == nil && !maySee(a, &r) {
		err = errs.New(errs.NotFound, "error.referral-not-found")
	}
	if err == nil { // a complaint about staff goes round them here too
		_, err = s.Cases.Known(ctx, a, r.CaseReference)
	}
	if err != nil {
		return Referral{}, errs.New(errs.NotFound, "error.referral-not-found")
	}
	return r, nil
}

// Words opens the reason and the answer of a referral; the reading is logged.
func (s *Service) Words(ctx context.Context, a policy.Actor, id string) (r Referral, reason, answer string, err error) {
	if r, err = s.Get(ctx, a, id); err != nil {
		return r, "", "", err
	}
	items := []vault.Sealed{{Subject: r.subjectKey, Element: processing.Content, Place: place(id, "reason"), Data: r.reason}}
	if r.answer != nil {
		items = append(items, vault.Sealed{Subject: r.subjectKey, Element: processing.Content, Place: place(id, "answer"), Data: r.answer})
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: Activity, Purpose: Purpose, Items: items, Detail: "referral"})
	if err != nil {
		return r, "", "", err
	}
	if len(plain) > 1 {
		answer = string(plain[1])
	}
	return r, string(plain[0]), answer, nil
}

// List lists referrals that the actor may know of, newest first.
func (s *Service) List(ctx context.Context, a policy.Actor, f Filter) (out []Referral, err error) {
	all, own := policy.Reach(a, "case.list")
	if !all {
		if own == "" || f.Agency != "" && f.Agency != own {
			return nil, errs.New(errs.Forbidden, "error.forbidden")
		}
		f.Agency = own
	}
	where, args := f.where(true)
	err = s.DB.Read(ctx, func(tx *db.Tx) error { out, err = many(tx, where, args...); return err })
	return out, err
}

// Disclosures lists the log of s.39(6): of his own agency for who works there, all of it
// for the DPO and auditors.
func (s *Service) Disclosures(ctx context.Context, a policy.Actor, f Filter) (out []Disclosure, err error) {
	all, own := policy.Reach(a, "log.read")
	if !all {
		if _, own = policy.Reach(a, "case.list"); own == "" || f.Agency != "" && f.Agency != own {
			return nil, errs.New(errs.Forbidden, "error.forbidden")
		}
		f.Agency = own
	}
	where, args := f.where(false)
	err = s.DB.Read(ctx, func(tx *db.Tx) error { out, err = disclosures(tx, where, args...); return err })
	return out, err
}

// OfSubject is what of a person's data was disclosed, for himself (PDPA s.30).
func (s *Service) OfSubject(tx *db.Tx, subject string) ([]Disclosure, error) {
	return disclosures(tx, `subject_key = $1 ORDER BY id`, subject)
}
