package identity

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"prasan/internal/errs"
)

// Provider is a provider of OpenID Connect (OpenID Connect Core 1.0), by the code flow
// with PKCE (RFC 7636), state and nonce.
type Provider struct {
	Issuer   string
	Name     string // as people know it
	ClientID string
	Secret   string
	Redirect string       // where the provider sends people back to
	HTTP     *http.Client // the way out
	Now      func() time.Time

	mu    sync.Mutex
	found *oidc.Provider
}

// Ticket is what must be remembered between the two halves of a check; the face seals it
// into the state, and binds it to the browser.
type Ticket struct {
	Verifier string    `json:"v"`
	Nonce    string    `json:"n"`
	Began    time.Time `json:"b"`
}

// discover reads the provider's configuration, once it can be had.
func (p *Provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	// The keys are fetched with this client later on: it must outlive the request.
	found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.HTTP), p.Issuer)
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.identity-provider")
	}
	p.found = found
	return found, nil
}

func (p *Provider) config(found *oidc.Provider) *oauth2.Config {
	scopes := []string{oidc.ScopeOpenID, "email"}
	var has struct {
		Scopes []string `json:"scopes_supported"`
	}
	// A provider that does not know a scope may refuse the whole.
	if err := found.Claims(&has); err == nil && slices.Contains(has.Scopes, "phone") {
		scopes = append(scopes, "phone")
	}
	return &oauth2.Config{ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: found.Endpoint(), RedirectURL: p.Redirect, Scopes: scopes}
}

// Begin makes a ticket, and the address to which the person goes with a state.
func (p *Provider) Begin(ctx context.Context, seal func(Ticket) (state string)) (address string, err error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	t := Ticket{Verifier: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Began: p.Now()}
	return p.config(found).AuthCodeURL(seal(t), oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)), nil
}

// Person is what a provider has said: addresses that it has verified, and how sure it is.
// His name, number and picture are not asked for, and would not be looked at.
type Person struct {
	Issuer string
	Level  string // acr, as the provider calls it
	Email  string
	Phone  string
	At     time.Time
}

// Finish exchanges the code of a ticket and checks what comes back.
func (p *Provider) Finish(ctx context.Context, t Ticket, code string) (Person, error) {
	fail := func(err error) (Person, error) { return Person{}, errs.Wrap(err, errs.Invalid, "error.identity-provider") }
	found, err := p.discover(ctx)
	if err != nil {
		return Person{}, err
	}
	ctx = oidc.ClientContext(ctx, p.HTTP)
	token, err := p.config(found).Exchange(ctx, code, oauth2.VerifierOption(t.Verifier))
	if err != nil {
		return fail(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.Verifier(&oidc.Config{ClientID: p.ClientID, Now: p.Now}).Verify(ctx, raw)
	if err != nil {
		return fail(err)
	}
	if t.Nonce == "" || id.Nonce != t.Nonce {
		return fail(errs.New(errs.Invalid, "error.identity-provider"))
	}
	var claims struct {
		ACR           string `json:"acr"`
		Email         string `json:"email"`
		EmailVerified bool   `json:"email_verified"`
		Phone         string `json:"phone_number"`
		PhoneVerified bool   `json:"phone_number_verified"`
	}
	if err := id.Claims(&claims); err != nil {
		return fail(err)
	}
	out := Person{Issuer: p.Issuer, Level: claims.ACR, At: p.Now()}
	if claims.EmailVerified {
		out.Email = claims.Email
	}
	if claims.PhoneVerified {
		out.Phone = claims.Phone
	}
	if out.Email == "" && out.Phone == "" {
		return Person{}, errs.New(errs.Invalid, "error.identity-unverified")
	}
	return out, nil
}

// Bind is how a ticket is bound to a browser: the digest of a secret that only it has.
func Bind(secret string) string {
	sum := sha256.Sum256([]byte("prasan oidc\x00" + secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
