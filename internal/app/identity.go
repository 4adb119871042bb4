package app

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"net/url"

	"prasan/internal/cases"
	"prasan/internal/egress"
	"prasan/internal/errs"
	"prasan/internal/identity"
	"prasan/internal/identity/provider"
	"prasan/internal/jobs"
	"prasan/internal/thai"
	"prasan/internal/web/public"
)

// wireIdentity opens the ways in which people without a tracking code show who they are.
func wireIdentity(_ context.Context, a *App) error {
	person := cases.OfPerson{Service: a.Cases}
	d := identity.Deps{DB: a.DB, Vault: a.Vault, Audit: a.Audit, Jobs: a.Jobs, Limits: a.Limits, Mail: a.Mail, Processing: a.Processing, Now: a.Now, Digest: a.Cases.Digest,
		Owner: func(ctx context.Context, digest []byte) (o identity.Owner, is bool, err error) {
			err = person.ByDigest(ctx, digest, func(_, _, agency, subject string) {
				if !is { // the newest
					o, is = identity.Owner{Subject: subject, Agency: agency}, true
				}
			})
			return o, is, err
		}}
	if c := a.Config.SMS; c.URL != "" {
		way, err := a.wayTo("sms", c.URL, c.AllowPrivate)
		if err != nil {
			return errs.Wrap(err, errs.Invalid, "error.sms-setting", "value", c.URL)
		}
		d.SMS = (&provider.Gateway{URL: c.URL, Token: c.Token, HTTP: way}).Send
	}
	a.Identity = identity.New(d)
	a.Identity.Register()
	a.Jobs.Every("identity.sweep", jobs.Daily(thai.Bangkok, 3, 5), func(ctx context.Context, _ jobs.Job) error { return a.DB.InTx(ctx, identity.Sweep) })
	return nil
}

// wayTo is a way out to the host of one address, through the gate of that name.
func (a *App) wayTo(gate, address, private string, more ...string) (*http.Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, errs.New(errs.Invalid, "error.egress-address", "value", address)
	}
	var networks []netip.Prefix
	if private != "" {
		network, err := netip.ParsePrefix(private)
		if err != nil {
			return nil, errs.New(errs.Invalid, "error.cidr", "value", private)
		}
		networks = append(networks, network)
	}
	way, err := egress.New(egress.Config{Allow: append(more, net.JoinHostPort(u.Hostname(), portOf(u))), Networks: networks, Open: a.gate(gate)})
	if err != nil {
		return nil, err
	}
	return way.HTTPClient(), nil
}

// provider is the provider of OpenID Connect of the settings; nil for none.
func (a *App) provider() (public.Provider, error) {
	c := a.Config.OIDC
	if c.Issuer == "" {
		return nil, nil
	}
	way, err := a.wayTo("oidc", c.Issuer, c.AllowPrivate, c.Host...)
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "error.oidc-setting", "value", c.Issuer)
	}
	return &provider.Provider{Issuer: c.Issuer, ClientID: c.ClientID, Secret: c.Secret, Redirect: a.URL("") + "/identity/provider", HTTP: way, Now: a.Now}, nil
}

// providerName is how people call it.
func (a *App) providerName() string {
	c := a.Config.OIDC
	if u, err := url.Parse(c.Issuer); c.Name == "" && err == nil {
		return u.Host
	}
	return c.Name
}
