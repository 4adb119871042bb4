package provider_test

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"

	"prasan/internal/egress"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/identity"
	"prasan/internal/identity/provider"
)

// provider starts a provider of OpenID Connect, who knows one person.
func running(t *testing.T, who *mockoidc.MockUser) *provider.Provider {
	t.Helper()
	m, err := mockoidc.Run()
	housetest.Must(t, err)
	t.Cleanup(func() { _ = m.Shutdown() })
	m.QueueUser(who)
	return &provider.Provider{Issuer: m.Issuer(), ClientID: m.ClientID, Secret: m.ClientSecret, Redirect: "http://industry.test/oidc", HTTP: out(t, m.Issuer()), Now: time.Now}
}

// goThere does what a browser does at the provider, and returns what it brings back.
func goThere(t *testing.T, p *provider.Provider) (identity.Ticket, url.Values) {
	t.Helper()
	var ticket identity.Ticket
	address, err := p.Begin(ctx, func(t identity.Ticket) string { ticket = t; return "state" })
	housetest.Must(t, err)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.Get(address)
	housetest.Must(t, err)
	res.Body.Close()
	back, err := res.Location()
	housetest.Must(t, err)
	return ticket, back.Query()
}

func TestAProviderShowsWhoOneIs(t *testing.T) {
	p := running(t, &mockoidc.MockUser{Subject: "1", Email: "manee1@example.com", EmailVerified: true, Phone: "0812345601"})
	ticket, back := goThere(t, p)
	got, err := p.Finish(ctx, ticket, back.Get("code"))
	if err != nil || got.Email != "manee1@example.com" || got.Phone != "" || got.Issuer != p.Issuer || back.Get("state") != "state" {
		t.Errorf("%v %+v", err, got)
	}
	if _, err := p.Finish(ctx, ticket, back.Get("code")); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a code was taken twice: %v", err)
	}
}

func TestWhatIsNotOfThisTicketIsRefused(t *testing.T) {
	verified := &mockoidc.MockUser{Subject: "1", Email: "manee1@example.com", EmailVerified: true}
	for name, spoil := range map[string]func(*identity.Ticket){
		"another nonce":    func(t *identity.Ticket) { t.Nonce = "other" },
		"no nonce":         func(t *identity.Ticket) { t.Nonce = "" },
		"another verifier": func(t *identity.Ticket) { t.Verifier = "another-verifier-that-is-long-enough-to-be-one" },
	} {
		p := running(t, verified)
		ticket, back := goThere(t, p)
		spoil(&ticket)
		if _, err := p.Finish(ctx, ticket, back.Get("code")); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := running(t, &mockoidc.MockUser{Subject: "1", Email: "manee1@example.com"})
	ticket, back := goThere(t, p)
	if _, err := p.Finish(ctx, ticket, back.Get("code")); errs.KindOf(err) != errs.Invalid || errs.As(err).Key != "error.identity-unverified" {
		t.Errorf("an address that the provider has not verified: %v", err)
	}
}

var ctx = context.Background()

// out is a way out that reaches one address of this machine.
func out(t *testing.T, address string) *http.Client {
	t.Helper()
	u, err := url.Parse(address)
	housetest.Must(t, err)
	way, err := egress.New(egress.Config{Allow: []string{u.Host}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	housetest.Must(t, err)
	return way.HTTPClient()
}
