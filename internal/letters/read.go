package letters

import (
	"bytes"
	"context"
	"encoding/json"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

// maySee: letters with a class are for those who keep them, and for who drafted them.
func maySee(a policy.Actor, l *Letter) bool {
	if l.Secrecy != NoSecrecy && l.DraftedBy != a.Account && !policy.May(a, "letter.secret", l.Agency) {
		return false
	}
	return policy.May(a, "letter.read", l.Agency)
}

// Get returns a letter that the actor may know of, without its content.
func (s *Service) Get(ctx context.Context, a policy.Actor, id string) (l Letter, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error { l, err = one(tx, `id = $1`, id); return err })
	if err == nil && !maySee(a, &l) {
		err = errs.New(errs.NotFound, "error.letter-not-found")
	}
	if err != nil {
		return Letter{}, err
	}
	return l, nil
}

// History is what happened to a letter, oldest first.
func (s *Service) History(ctx context.Context, a policy.Actor, id string) (out []Event, err error) {
	if _, err := s.Get(ctx, a, id); err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error { out, err = history(tx, id); return err })
	return out, err
}

// List lists letters that the actor may know of, newest first.
func (s *Service) List(ctx context.Context, a policy.Actor, f Filter) (out []Letter, err error) {
	all, own := policy.Reach(a, "letter.read")
	if !all {
		if own == "" || f.Agency != "" && f.Agency != own {
			return nil, errs.New(errs.Forbidden, "error.forbidden")
		}
		f.Agency = own
	}
	everySecret, ownSecrets := policy.Reach(a, "letter.secret")
	secret := everySecret || ownSecrets != "" && ownSecrets == f.Agency
	err = s.DB.Read(ctx, func(tx *db.Tx) error { out, err = list(tx, f, secret, a.Account); return err })
	return out, err
}

// About lists the letters that were written for something.
func (s *Service) About(tx *db.Tx, about string) ([]Letter, error) {
	return many(tx, `about = $1 ORDER BY id`, about)
}

// Read returns a letter with its content, opened for the actor; the reading is logged.
func (s *Service) Read(ctx context.Context, a policy.Actor, id string) (Letter, Content, error) {
	l, err := s.Get(ctx, a, id)
	if err == nil {
		err = l.gone()
	}
	if err != nil {
		return Letter{}, Content{}, err
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: Activity, Purpose: Purpose, Items: []vault.Sealed{l.sealed()}, Detail: "letter"})
	if err != nil {
		return Letter{}, Content{}, err
	}
	c, err := l.decode(plain[0])
	return l, c, err
}

// gone refuses what was destroyed.
func (l *Letter) gone() error {
	if l.DestroyedAt.IsZero() {
		return nil
	}
	return errs.New(errs.NotFound, "error.letter-destroyed")
}

func (l *Letter) sealed() vault.Sealed {
	return vault.Sealed{Subject: l.subjectKey, Element: processing.Content, Place: place(l.ID, "content"), Data: l.content}
}

// decode decodes the content and holds it to what was approved.
func (l *Letter) decode(plain []byte) (Content, error) {
	var c Content
	if err := json.Unmarshal(plain, &c); err != nil {
		return Content{}, err
	}
	if l.ContentHash == nil {
		return c, nil
	}
	sum, err := l.hash(&c)
	if err == nil && !bytes.Equal(sum, l.ContentHash) {
		err = errs.New(errs.Internal, "error.letter-altered")
	}
	return c, err
}
