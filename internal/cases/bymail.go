package cases

import (
	"context"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// ByMail is what of a case mail that comes in must know.
type ByMail struct {
	ID, Reference, Agency string
}

// MailOf finds the case that a message was about.
func (s *Service) MailOf(ctx context.Context, caseID string) (ByMail, *vault.Subject, error) {
	c, err := s.byID(ctx, caseID)
	if err != nil {
		return ByMail{}, nil, err
	}
	subject, err := s.KeyOf(ctx, &c)
	return ByMail{c.ID, c.Reference, c.Agency}, subject, err
}

// IsSender tells whether an address is the one that the sender of a case gave and has
// shown to be his.
func (s *Service) IsSender(ctx context.Context, caseID, address string) (bool, error) {
	c, err := s.byID(ctx, caseID)
	if err != nil || c.EmailVerified.IsZero() {
		return false, err
	}
	clean, err := thai.CleanEmail(address)
	if err != nil {
		return false, nil
	}
	return s.hasDigest(ctx, c.ID, s.Vault.Digest("email", strings.ToLower(clean)))
}

// WriteByMail adds what the sender of a case wrote by e-mail, as if on his page; also runs
// in its transaction.
func (s *Service) WriteByMail(ctx context.Context, caseID, text string, files []Staged, also func(tx *db.Tx) error) error {
	return s.write(ctx, caseID, text, files, map[string]string{"via": "email"}, also)
}

// NoteMail adds what came by mail to a case as a note of the office: who wrote it is not
// known for certain, so its sender does not see it.
func (s *Service) NoteMail(ctx context.Context, a policy.Actor, reference, text string, files []Staged, also func(tx *db.Tx) error) (Case, error) {
	text, err := cleanMessage("text", text)
	if err != nil {
		return Case{}, err
	}
	for _, f := range files {
		if err := s.Files.Adopt(ctx, f.ID); err != nil {
			return Case{}, err
		}
	}
	return s.act(ctx, a, reference, change{action: "note", text: text, files: files, meta: map[string]string{"via": "email"}, after: func(tx *db.Tx, _ *Case, _ *Event) error { return also(tx) }})
}

// MayWork tells whether an actor may work on the case of a mail; it returns the case.
func (s *Service) MayWork(ctx context.Context, a policy.Actor, reference string) (Case, error) {
	c, err := s.find(ctx, a, reference)
	if err != nil {
		return Case{}, err
	}
	if !s.mayAct(a, "case.route", &c) {
		return Case{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	return c, nil
}
