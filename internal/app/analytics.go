package app

import (
	"cmp"
	"context"
	"net/netip"
	"strings"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/analytics/ga"
	"prasan/internal/config"
	"prasan/internal/consent"
	"prasan/internal/db"
	"prasan/internal/egress"
	"prasan/internal/errs"
	"prasan/internal/geo"
	"prasan/internal/jobs"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/scenario"
	"prasan/internal/thai"
	"prasan/internal/web/api"
	"prasan/internal/web/usage"
)

// wireAnalytics opens the counting of usage, the consents to it, and its face.
func wireAnalytics(ctx context.Context, a *App) (err error) {
	hosts := func() []string {
		var out []string
		for _, s := range a.Sites.All() {
			out = append(out, s.Host)
		}
		return out
	}
	places, err := placesOf(a.Config.GeoDatabase)
	if err != nil {
		return err
	}
	google, err := wayToGoogle(a.Config.GA, a.Now, a.gate("analytics"))
	if err != nil {
		return err
	}
	journal, err := a.usageJournal(ctx)
	if err != nil {
		return err
	}
	a.Analytics, err = analytics.New(ctx, analytics.Deps{DB: a.DB, Journal: journal, Audit: a.Audit, Jobs: a.Jobs, Processing: a.Processing, Mail: a.Mail, Record: a.Register.Snapshot, Site: a.agencyOfSite, Sites: hosts,
		Key: a.Vault.Derive("usage"), Reader: a.reader, Places: places, Gate: a.gate("analytics"), Google: google, GoogleDefault: ga.Property{Measurement: a.Config.GA.MeasurementID, Secret: a.Config.GA.Secret}, Seal: a.Vault.SealSystem, Open: a.Vault.OpenSystem, Now: a.Now, NoLimits: a.Limits.Off()})
	if err != nil {
		return err
	}
	a.OnClose(a.Analytics.Close)
	a.Analytics.Register()
	a.Consent = consent.New(consent.Deps{DB: a.DB, Audit: a.Audit, Processing: a.Processing, Record: a.Register.Snapshot, Forget: a.Analytics.Forget, Abroad: a.Analytics.Abroad,
		Digest: func(visitor string) []byte { return a.Vault.Digest("consent", visitor) }})
	a.Jobs.Every("consent.sweep", jobs.Daily(thai.Bangkok, 2, 30), func(ctx context.Context, _ jobs.Job) error { return a.Consent.Sweep(ctx) })
	a.Operations = append(a.Operations, api.AnalyticsOperations(a.Analytics)...)
	a.UsageFace = usage.New(usage.Deps{Analytics: a.Analytics, Consent: a.Consent, Site: a.agencyOfSite, Client: clientOf, Now: a.Now})
	return nil
}

// placesOf opens the database of places; nil where there is none.
func placesOf(path string) (func(addr string) string, error) {
	if path == "" {
		return nil, nil
	}
	p, err := geo.Open(path)
	if err != nil {
		return nil, err
	}
	return p.Of, nil
}

// wayToGoogle is the way to the provider abroad. That it is there opens nothing: the
// record and the visitor do.
func wayToGoogle(c config.GA, now func() time.Time, open func(ctx context.Context) error) (*ga.Client, error) {
	at := ga.Google
	if c.URL != "" {
		at.Collect = c.URL
	}
	if c.Endpoint != "" {
		at = ga.Through(c.Endpoint)
	}
	hosts, err := at.Hosts()
	if err != nil {
		return nil, errs.New(errs.Invalid, "error.egress-address", "value", cmp.Or(c.Endpoint, c.URL))
	}
	var networks []netip.Prefix
	if c.AllowPrivate != "" {
		p, err := netip.ParsePrefix(c.AllowPrivate)
		if err != nil {
			return nil, errs.New(errs.Invalid, "error.cidr", "value", c.AllowPrivate)
		}
		networks = append(networks, p)
	}
	way, err := egress.New(egress.Config{Allow: hosts, Networks: networks, Total: googleTimeout, Open: open})
	if err != nil {
		return nil, err
	}
	return ga.New(way.HTTPClient(), at, now), nil
}

// googleTimeout bounds a call, so that what is tried ends before its lease does.
const googleTimeout = 20 * time.Second

// usageJournal is a small store of its own beside the database where that is SQLite: who
// waits for a hit to be durable does not wait for the one writer of the database. On
// PostgreSQL, where writers do not wait for each other, it is a table of the database.
func (a *App) usageJournal(ctx context.Context) (*db.DB, error) {
	path, ok := strings.CutPrefix(a.Config.Database, "sqlite:")
	if !ok {
		return a.DB, nil
	}
	j, err := db.Open(ctx, "sqlite:"+strings.TrimSuffix(path, ".db")+"-usage.db", db.Options{Clock: a.Clock, Readers: 1})
	if err != nil {
		return nil, err
	}
	a.OnClose(j.Close)
	return j, analytics.MigrateJournal(ctx, j)
}

// reader is somebody of the office to whom reports are mailed: what he may see now, and
// his address.
func (a *App) reader(ctx context.Context, account string) (actor policy.Actor, address string, err error) {
	err = a.DB.Read(ctx, func(tx *db.Tx) error {
		if actor, err = org.Actor(tx, account); err != nil {
			return err
		}
		return tx.QueryRow(`SELECT email FROM accounts WHERE name = $1`, []any{account}, &address)
	})
	return actor, address, err
}

// seedUsage makes the past of the demo's sites.
func seedUsage(ctx context.Context, a *App) error {
	analyst, _, err := a.reader(ctx, "ict")
	if err != nil {
		return err
	}
	signer, _, err := a.reader(ctx, "network")
	if err != nil {
		return err
	}
	return scenario.Usage(ctx, scenario.UsageEnv{Analytics: a.Analytics, Clock: a.Demo.Clock, Sites: a.Sites.All(), Analyst: analyst, Signer: signer})
}
