package accounts

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// TokenPrefix begins every API token, so that one that leaked is recognised.
const TokenPrefix = "prs_"

// Token is an API token as it may be shown; its text is told once, when it is made.
type Token struct {
	ID, Account, Label string
	CreatedAt, UsedAt  time.Time
	RevokedAt          time.Time
}

// CreateToken makes a token of an account and returns its text. One makes them for
// oneself; for others only who administers accounts.
func (s *Service) CreateToken(ctx context.Context, by policy.Actor, account, label string) (Token, string, error) {
	label, err := thai.CleanText(label, 80)
	if err != nil || label == "" {
		return Token{}, "", errs.InvalidField("label", "error.required")
	}
	text := TokenPrefix + secret()
	var t Token
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.mayHandleTokens(tx, by, account); err != nil {
			return err
		}
		t, err = s.putToken(tx, account, label, text)
		if err != nil {
			return err
		}
		return s.log(tx, by.Account, "token-create", account, map[string]string{"token": t.ID, "label": label})
	})
	return t, text, err
}

// SeedToken stores a token whose text is given, for the demo's scenario.
func (s *Service) SeedToken(tx *db.Tx, account, label, text string) error {
	_, err := s.putToken(tx, account, label, text)
	return err
}

func (s *Service) putToken(tx *db.Tx, account, label, text string) (Token, error) {
	t := Token{ID: db.NewID(), Account: account, Label: label, CreatedAt: tx.Now()}
	_, err := tx.Exec(`INSERT INTO tokens (hash, id, account, label, created_at) VALUES ($1, $2, $3, $4, $5)`, keyed(s.tokenKey, text), t.ID, account, label, db.Micros(t.CreatedAt))
	return t, err
}

func (s *Service) mayHandleTokens(tx *db.Tx, by policy.Actor, account string) error {
	a, err := byName(tx, account)
	if err != nil {
		return err
	}
	if a.Disabled {
		return errs.New(errs.Conflict, "error.account-disabled")
	}
	if by.Account == account {
		return nil
	}
	return mayAdminister(by, a)
}

// Authenticate returns who holds a token. It is errs.Unauthorized for one that is
// unknown or revoked, or whose account is disabled.
func (s *Service) Authenticate(ctx context.Context, token string) (policy.Actor, Account, error) {
	refused := errs.New(errs.Unauthorized, "error.token")
	if !strings.HasPrefix(token, TokenPrefix) || len(token) != len(TokenPrefix)+43 {
		return policy.Actor{}, Account{}, refused
	}
	hash := keyed(s.tokenKey, token)
	var actor policy.Actor
	var a Account
	var stale bool
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var used, revoked int64
		var name string
		if err := tx.QueryRow(`SELECT account, used_at, revoked_at FROM tokens WHERE hash = $1`, []any{hash}, &name, &used, &revoked); err != nil {
			return err
		}
		if revoked != 0 {
			return refused
		}
		stale = tx.Now().Sub(db.Time(used)) >= time.Minute
		var err error
		if a, err = byName(tx, name); err != nil {
			return err
		}
		actor, err = org.Actor(tx, name)
		return err
	})
	switch errs.KindOf(err) {
	case errs.NotFound, errs.Unauthorized:
		return policy.Actor{}, Account{}, refused
	}
	if err == nil && stale {
		err = s.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE tokens SET used_at = $1 WHERE hash = $2`, db.Micros(tx.Now()), hash)
			return err
		})
	}
	return actor, a, err
}

// Tokens lists the tokens of an account that work, newest first.
func (s *Service) Tokens(ctx context.Context, account string) ([]Token, error) {
	var out []Token
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT id, account, label, created_at, used_at FROM tokens WHERE account = $1 AND revoked_at = 0 ORDER BY id DESC`, []any{account}, func(rows *sql.Rows) error {
			var t Token
			var created, used int64
			err := rows.Scan(&t.ID, &t.Account, &t.Label, &created, &used)
			t.CreatedAt, t.UsedAt = db.Time(created), db.Time(used)
			out = append(out, t)
			return err
		})
	})
	return out, err
}

// RevokeToken ends a token.
func (s *Service) RevokeToken(ctx context.Context, by policy.Actor, id string) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		var account string
		if err := tx.QueryRow(`SELECT account FROM tokens WHERE id = $1 AND revoked_at = 0`, []any{id}, &account); err != nil {
			return err
		}
		if err := s.mayHandleTokens(tx, by, account); err != nil {
			return errs.New(errs.NotFound, "error.not-found")
		}
		if _, err := tx.Exec(`UPDATE tokens SET revoked_at = $1 WHERE id = $2`, db.Micros(tx.Now()), id); err != nil {
			return err
		}
		return s.log(tx, by.Account, "token-revoke", account, map[string]string{"token": id})
	})
}

func revokeTokens(tx *db.Tx, account string) error {
	_, err := tx.Exec(`UPDATE tokens SET revoked_at = $1 WHERE account = $2 AND revoked_at = 0`, db.Micros(tx.Now()), account)
	return err
}
