package provider

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"prasan/internal/errs"
	"prasan/internal/identity"
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
func (p *Provider) Begin(ctx context.Context, seal func(identity.Ticket) (state string)) (address string, err error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	t := identity.Ticket{Verifier: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Began: p.Now()}
	return p.config(found).AuthCodeURL(seal(t), oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)), nil
}

// Finish exchanges the code of a ticket and checks what comes back.
func (p *Provider) Finish(ctx context.Context, t identity.Ticket, code string) (identity.Person, error) {
	fail := func(err error) (identity.Person, error) {
		return identity.Person{}, errs.Wrap(err, errs.Invalid, "error.identity-provider")
	}
	found, err := p.discover(ctx)
	if err != nil {
		return identity.Person{}, err
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
	out := identity.Person{Issuer: p.Issuer, Level: claims.ACR, At: p.Now()}
	if claims.EmailVerified {
		out.Email = claims.Email
	}
	if claims.PhoneVerified {
		out.Phone = claims.Phone
	}
	if out.Email == "" && out.Phone == "" {
		return identity.Person{}, errs.New(errs.Invalid, "error.identity-unverified")
	}
	return out, nil
}
