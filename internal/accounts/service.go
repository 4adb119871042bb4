package accounts

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/limits"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/vault"
)

// Deps are the parts a Service works with.
type Deps struct {
	DB       *db.DB
	Audit    *audit.Log
	Vault    *vault.Vault
	Limits   *limits.Limiter
	Agencies *org.Directory
	Issuer   string // name of the installation in authenticator apps
}

// Service is what can be done with accounts, sessions and tokens.
type Service struct {
	Deps
	sessionKey, tokenKey, recoveryKey []byte
}

// New returns the service.
func New(d Deps) *Service {
	if d.Issuer == "" {
		d.Issuer = "Prasan"
	}
	return &Service{Deps: d, sessionKey: d.Vault.Derive("session"), tokenKey: d.Vault.Derive("api-token"), recoveryKey: d.Vault.Derive("recovery-code")}
}

// Console is who acts by a command on the machine itself.
var Console = policy.Actor{Account: "console", Roles: []string{"admin"}}

// secret is 256 random bits in 43 characters.
func secret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func keyed(key []byte, value string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(value))
	return mac.Sum(nil)
}

func (s *Service) log(tx *db.Tx, by, action, account string, body any) error {
	return s.Audit.Append(tx, audit.Event{Actor: by, Action: "account." + action, Object: "account:" + account, Body: body})
}

// Get returns an account that the actor may know of: a colleague's, his own, or any
// one he administers or audits.
func (s *Service) Get(ctx context.Context, by policy.Actor, name string) (Account, error) {
	a, err := s.find(ctx, name)
	if err != nil {
		return Account{}, err
	}
	if !mayKnow(by, a.Agency) {
		return Account{}, errs.New(errs.NotFound, "error.not-found")
	}
	return a, nil
}

func mayKnow(by policy.Actor, agency string) bool {
	return by.Agency == agency || policy.May(by, "account.admin", agency) || policy.May(by, "log.read", agency)
}

func (s *Service) find(ctx context.Context, name string) (a Account, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		a, err = byName(tx, strings.ToLower(name))
		return err
	})
	return a, err
}

// List returns accounts by name, after the one named, at most limit of them. An actor
// who does not administer accounts sees those of his own agency.
func (s *Service) List(ctx context.Context, by policy.Actor, agency, after string, limit int) ([]Account, error) {
	if agency == "" && !mayKnow(by, "") {
		agency = by.Agency
	}
	if agency != "" && !mayKnow(by, agency) {
		return nil, errs.New(errs.Forbidden, "error.forbidden")
	}
	var out []Account
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if agency == "" {
			out, err = list(tx, `name > $1 ORDER BY name LIMIT $2`, after, limit)
		} else {
			out, err = list(tx, `agency = $1 AND name > $2 ORDER BY name LIMIT $3`, agency, after, limit)
		}
		return err
	})
	return out, err
}

// Names returns how people are called, for showing beside what they did.
func (s *Service) Names(ctx context.Context, names []string) (map[string]policy.Text, error) {
	out := map[string]policy.Text{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		for _, n := range names {
			a, err := byName(tx, n)
			if errs.KindOf(err) == errs.NotFound {
				continue
			}
			if err != nil {
				return err
			}
			out[n] = a.Display
		}
		return nil
	})
	return out, err
}

func (s *Service) knows(agency string) bool {
	_, ok := s.Agencies.Get(agency)
	return ok
}
