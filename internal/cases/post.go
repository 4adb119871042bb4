package cases

import (
	"context"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/mail"
	"prasan/internal/policy"
	"prasan/internal/processing"
)

// Post lists the mails of a case with what became of them, newest first.
func (s *Service) Post(ctx context.Context, a policy.Actor, reference string) (list []mail.State, err error) {
	c, err := s.find(ctx, a, reference)
	if err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) { list, err = s.Mail.List(tx, c.ID); return err })
	return list, err
}

// RetryMail has a mail that failed or bounced sent again, by who works on the case.
func (s *Service) RetryMail(ctx context.Context, a policy.Actor, reference, id string) error {
	c, err := s.find(ctx, a, reference)
	if err != nil {
		return err
	}
	if !s.mayAct(a, "case.work", &c) {
		return errs.New(errs.Forbidden, "error.forbidden")
	}
	return s.Mail.Retry(ctx, a.Account, c.ID, id)
}

// Readings is what was done with the personal data of a case, newest first.
func (s *Service) Readings(ctx context.Context, a policy.Actor, reference string) (list []processing.Reading, err error) {
	c, err := s.find(ctx, a, reference)
	if err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) { list, err = processing.Of(tx, c.SubjectKey, 200); return err })
	return list, err
}
