package referral

import (
	"context"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/saraban"
	"prasan/internal/thai"
)

// onAnswer brings the agency's answer to the referral, sealed with the case's key. It
// stays in the office until an officer publishes it.
func (s *Service) onAnswer(ctx context.Context, in *saraban.In, to, text string) (func(tx *db.Tx) error, error) {
	if in.Dispatch == "" {
		return nil, nil
	}
	var r Referral
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = one(tx, `letter_id = (SELECT letter_id FROM dispatches WHERE id = $1)`, in.Dispatch)
		return err
	})
	if errs.KindOf(err) == errs.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return s.answer(ctx, r.ID, r.subjectKey, to, text)
}

func (s *Service) answer(ctx context.Context, id, subjectKey, to, text string) (func(tx *db.Tx) error, error) {
	subject, err := s.Vault.Subject(ctx, subjectKey)
	if err != nil {
		return nil, err
	}
	sealed := subject.Seal(place(id, "answer"), []byte(text))
	return func(tx *db.Tx) error {
		r, err := one(tx, `id = $1`+tx.ForUpdate(), id)
		if err != nil {
			return err
		}
		if r.State == Published || r.State == Drafted || r.State == Recalled {
			return errs.New(errs.Conflict, "error.referral-state", "state", string(r.State))
		}
		r.State, r.AnsweredAt, r.answer, r.AnswerBy = Answered, tx.Now(), sealed, to
		if err := update(tx, &r); err != nil {
			return err
		}
		if err := s.note(tx, "", "answered", &r); err != nil {
			return err
		}
		if err := s.plan(tx, &r, tx.Now()); err != nil {
			return err
		}
		return s.step(tx, &r, cases.ReferralStep{Action: "refer-reply", Meta: map[string]string{"agency": r.To, "referral": r.ID, "by": to}})
	}, nil
}

// Answer takes down an answer that came outside this installation: in a letter of the
// agency, which the registrar names, or by telephone.
func (s *Service) Answer(ctx context.Context, a policy.Actor, id, to, text, letterIn string) (Referral, error) {
	r, err := s.Get(ctx, a, id)
	if err != nil {
		return Referral{}, err
	}
	if !policy.May(a, "case.work", r.Agency) && !policy.May(a, "letter.receive", r.Agency) {
		return Referral{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	text, err = thai.CleanText(text, 5000)
	if err != nil || text == "" {
		return Referral{}, errs.InvalidField("text", "error.required")
	}
	if to == "" {
		to = "sender"
	}
	if letterIn != "" {
		if _, err := s.Saraban.GetIn(ctx, a, letterIn); err != nil {
			return Referral{}, err
		}
	}
	step, err := s.answer(ctx, r.ID, r.subjectKey, to, text)
	if err != nil {
		return Referral{}, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := step(tx); err != nil {
			return err
		}
		if letterIn != "" {
			return s.Saraban.Link(tx, a, letterIn, about+r.ID)
		}
		return nil
	})
	if err != nil {
		return Referral{}, err
	}
	return s.Get(ctx, a, id)
}

// Publish tells the citizen the agency's answer, in the words of the officer.
func (s *Service) Publish(ctx context.Context, a policy.Actor, id, text string) (Referral, error) {
	r, err := s.Get(ctx, a, id)
	if err != nil {
		return Referral{}, err
	}
	if r.State != Answered {
		return Referral{}, errs.New(errs.Conflict, "error.referral-state", "state", string(r.State))
	}
	_, err = s.Cases.PublishResult(ctx, a, r.CaseReference, text, map[string]string{"agency": r.To, "referral": r.ID}, func(tx *db.Tx) error {
		now, err := one(tx, `id = $1`+tx.ForUpdate(), id)
		if err != nil {
			return err
		}
		if now.State != Answered {
			return errs.New(errs.Conflict, "error.referral-state", "state", string(now.State))
		}
		now.State, now.PublishedAt = Published, tx.Now()
		if err := update(tx, &now); err != nil {
			return err
		}
		r = now
		return s.note(tx, a.Account, "published", &now)
	})
	return r, err
}
