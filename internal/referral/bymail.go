package referral

import (
	"context"

	"prasan/internal/db"
)

// OfLetter finds the referral that a letter was written for; errs.NotFound when it is none's.
func (s *Service) OfLetter(tx *db.Tx, letter string) (Referral, error) {
	return one(tx, `letter_id = $1`, letter)
}

// AnswerByMail prepares, before the transaction, what brings the agency's answer by e-mail
// to its referral. It stays in the office until an officer publishes it.
func (s *Service) AnswerByMail(ctx context.Context, r Referral, text string) (func(tx *db.Tx) error, error) {
	return s.answer(ctx, r.ID, r.subjectKey, "sender", text)
}

// SubjectKey is the key with which what belongs to the referral is sealed.
func (r *Referral) SubjectKey() string { return r.subjectKey }
