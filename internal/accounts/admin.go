package accounts

import (
	"context"
	"encoding/json"
	"slices"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// mayAdminister: accounts are the business of ICT and of administrators; one of an
// administrator only of administrators. Nobody changes his own rights.
func mayAdminister(by policy.Actor, a Account) error {
	toAdmin := slices.Contains(a.Roles, "admin") && !slices.Contains(by.Roles, "admin")
	if !policy.May(by, "account.admin", a.Agency) || toAdmin || by.Account == a.Name {
		return errs.New(errs.Forbidden, "error.forbidden")
	}
	return nil
}

// Add makes an account and returns its one-time password, which is good for setting a
// password of one's own and nothing else.
func (s *Service) Add(ctx context.Context, by policy.Actor, a Account) (Account, string, error) {
	if err := a.check(s.knows); err != nil {
		return a, "", err
	}
	if err := mayAdminister(by, a); err != nil {
		return a, "", err
	}
	password := oneTimePassword()
	a.passwordHash, a.MustChange, a.totpSealed = HashPassword(password), true, nil
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := byName(tx, a.Name); errs.KindOf(err) != errs.NotFound {
			if err == nil {
				err = errs.InvalidField("name", "error.account-taken", "name", a.Name)
			}
			return err
		}
		if err := insert(tx, a); err != nil {
			return err
		}
		return s.log(tx, by.Account, "add", a.Name, map[string]any{"agency": a.Agency, "roles": a.Roles})
	})
	a.CreatedAt = a.CreatedAt.UTC()
	return a, password, err
}

// Seed stores an account that is ready for work, with a password hash and the secret of
// an authenticator; the demo's scenario is made with it.
func (s *Service) Seed(tx *db.Tx, a Account, passwordHash, totpSecret string) error {
	if err := a.check(s.knows); err != nil {
		return err
	}
	a.passwordHash, a.MustChange = passwordHash, false
	a.totpSealed = s.Vault.SealSystem("accounts:"+a.Name+":totp", []byte(totpSecret))
	return insert(tx, a)
}

// change loads an account, lets f change it, ends what it had open and writes the line.
func (s *Service) change(ctx context.Context, by policy.Actor, name, action string, body any, f func(tx *db.Tx, a Account) error) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		a, err := byName(tx, name)
		if err != nil {
			return err
		}
		if err := mayAdminister(by, a); err != nil {
			return err
		}
		if err := f(tx, a); err != nil {
			return err
		}
		if err := endSessions(tx, name); err != nil {
			return err
		}
		return s.log(tx, by.Account, action, name, body)
	})
}

// Disable keeps an account from everything: sessions and tokens end at once.
func (s *Service) Disable(ctx context.Context, by policy.Actor, name string) error {
	return s.change(ctx, by, name, "disable", nil, func(tx *db.Tx, a Account) error {
		if a.Disabled {
			return errs.New(errs.Conflict, "error.account-disabled")
		}
		if _, err := tx.Exec(`UPDATE accounts SET disabled = TRUE, version = version + 1 WHERE name = $1`, name); err != nil {
			return err
		}
		return revokeTokens(tx, name)
	})
}

// Reset is for who has lost his password or authenticator: a new one-time password,
// the authenticator forgotten, sessions and tokens ended. A disabled account is
// enabled again by it.
func (s *Service) Reset(ctx context.Context, by policy.Actor, name string) (string, error) {
	password := oneTimePassword()
	hash := HashPassword(password)
	err := s.change(ctx, by, name, "reset", nil, func(tx *db.Tx, _ Account) error {
		if _, err := tx.Exec(`UPDATE accounts SET password_hash = $1, must_change = TRUE, totp_sealed = NULL, totp_last = 0, disabled = FALSE, version = version + 1 WHERE name = $2`, hash, name); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM recovery_codes WHERE account = $1`, name); err != nil {
			return err
		}
		return revokeTokens(tx, name)
	})
	if err != nil {
		return "", err
	}
	return password, nil
}

// Move gives an account other roles or another agency; its sessions end.
func (s *Service) Move(ctx context.Context, by policy.Actor, name, agency string, roles []string) error {
	if !s.knows(agency) {
		return errs.InvalidField("agency", "error.agency-unknown")
	}
	if !knownRoles(roles) {
		return errs.InvalidField("roles", "error.roles", "known", Roles)
	}
	if err := mayAdminister(by, Account{Agency: agency, Roles: roles}); err != nil {
		return err
	}
	text, err := json.Marshal(roles)
	if err != nil {
		return err
	}
	return s.change(ctx, by, name, "move", map[string]any{"agency": agency, "roles": roles}, func(tx *db.Tx, _ Account) error {
		_, err := tx.Exec(`UPDATE accounts SET agency = $1, roles = $2, version = version + 1 WHERE name = $3`, agency, string(text), name)
		return err
	})
}
