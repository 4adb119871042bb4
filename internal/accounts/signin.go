package accounts

import (
	"context"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// SignIn is what the one form sends. Addr is the client's, for the limits only.
type SignIn struct {
	Account, Password, Code string
	Addr, Lang              string
}

// attempts within a window. The pair of account and address is the narrow one, so that
// nobody is kept out by a stranger who mistypes his name.
var attempts = []struct {
	rule   string
	key    func(SignIn) string
	n      int
	window time.Duration
}{
	{"signin-pair", func(i SignIn) string { return i.Account + "\x00" + i.Addr }, 10, 15 * time.Minute},
	{"signin-account", func(i SignIn) string { return i.Account }, 50, time.Hour},
	{"signin-address", func(i SignIn) string { return i.Addr }, 100, 15 * time.Minute},
}

// SignIn opens a session. Whatever is wrong, the answer is the same; only where too
// many attempts came does it say so.
func (s *Service) SignIn(ctx context.Context, in SignIn) (Opened, error) {
	in.Account = strings.ToLower(strings.TrimSpace(in.Account))
	a, err := s.admit(ctx, in)
	if err != nil {
		return Opened{}, err
	}
	right := verifyPassword(a.passwordHash, in.Password)
	var out Opened
	var ok bool
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		out, ok = Opened{}, false
		now, err := byName(tx, in.Account)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		known := err == nil
		// The account is read again: it may have been disabled or reset meanwhile.
		if known && right && !now.Disabled && now.version == a.version {
			if ok, err = s.secondFactor(tx, now, in.Code); err != nil {
				return err
			}
		}
		if !ok {
			return s.failed(tx, in.Account, known)
		}
		if err := s.Limits.Clear(tx, attempts[0].rule, attempts[0].key(in)); err != nil {
			return err
		}
		if out, err = s.openSession(tx, now, nextStage(now), in.Lang); err != nil {
			return err
		}
		return s.log(tx, now.Name, "signin", now.Name, nil)
	})
	if err == nil && !ok {
		err = errs.New(errs.Unauthorized, "error.signin")
	}
	return out, err
}

// admit counts the attempt and reads the account; an unknown one is the zero Account.
func (s *Service) admit(ctx context.Context, in SignIn) (a Account, err error) {
	within := true
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		within = true
		for _, l := range attempts {
			ok, err := s.Limits.Allow(tx, l.rule, l.key(in), l.n, l.window)
			if err != nil {
				return err
			}
			within = within && ok
		}
		a, err = byName(tx, in.Account)
		if errs.KindOf(err) == errs.NotFound {
			a, err = Account{}, nil
		}
		return err
	})
	if err == nil && !within {
		err = errs.New(errs.TooMany, "error.too-many")
	}
	return a, err
}

// secondFactor takes a code of the authenticator, each at most once on all nodes, or a
// recovery code. An account that has not enrolled yet has none; its session leads only
// to enrolment.
func (s *Service) secondFactor(tx *db.Tx, a Account, code string) (bool, error) {
	if !a.HasTOTP {
		return true, nil
	}
	secret, err := s.Vault.OpenSystem("accounts:"+a.Name+":totp", a.totpSealed)
	if err != nil {
		return false, err
	}
	if at, ok := matchTOTP(string(secret), code, tx.Now()); ok {
		n, err := tx.Exec(`UPDATE accounts SET totp_last = $1 WHERE name = $2 AND totp_last < $3`, at, a.Name, at)
		return n == 1, err
	}
	return s.redeem(tx, a.Name, code)
}

// failed writes the line that inspectors look for. A name that is no account is not
// written down: people type passwords into the wrong field.
func (s *Service) failed(tx *db.Tx, name string, known bool) error {
	if !known {
		name = ""
	}
	return s.log(tx, "public", "signin-failed", name, nil)
}
