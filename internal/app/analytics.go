package app

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
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
	"prasan/internal/vault"
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
	a.Analytics, err = analytics.New(ctx, analytics.Deps{DB: a.DB, Journal: a.journal, Audit: a.Audit, Jobs: a.Jobs, Processing: a.Processing, Mail: a.Mail, Record: a.Register.Snapshot, Site: a.agencyOfSite, Sites: hosts,
		Key: a.Vault.Derive("usage"), Reader: a.reader, Places: places, Gate: a.gate("analytics"), Google: google, GoogleDefault: ga.Property{Measurement: a.Config.GA.MeasurementID, Secret: a.Config.GA.Secret}, Seal: a.Vault.SealSystem, Open: a.Vault.OpenSystem, Now: a.Now, NoLimits: a.Limits.Off()})
	if err != nil {
		return err
	}
	a.OnClose(a.Analytics.Close)
	a.Analytics.Register()
	a.Rights.Abroad = a.Analytics
	a.Consent = consent.New(consent.Deps{DB: a.DB, Audit: a.Audit, Processing: a.Processing, Record: a.Register.Snapshot, Forget: a.Analytics.Forget, Abroad: a.Analytics.Abroad, Note: a.noteWithdrawal,
		Digest: func(visitor string) []byte { return a.Vault.Digest("consent", visitor) }})
	a.Jobs.Every("consent.sweep", jobs.Daily(thai.Bangkok, 2, 30), func(ctx context.Context, _ jobs.Job) error {
		return errors.Join(a.Consent.Sweep(ctx), a.sweepWithdrawals(ctx))
	})
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

// openJournal opens what hits wait in to be counted. It is a small store of its own beside
// the database where that is SQLite: who waits for a hit to be durable does not wait for
// the one writer of the database. On PostgreSQL, where writers do not wait for each other,
// it is a table of the database.
func openJournal(ctx context.Context, a *App) (err error) {
	if a.DB.Dialect != db.SQLite {
		a.journal = a.DB
		return nil
	}
	a.journal, err = journalOf(ctx, a.Config.Database)
	if err == nil {
		a.OnClose(a.journal.Close)
	}
	return err
}

// journalOf opens, or makes, the journal beside a SQLite database.
func journalOf(ctx context.Context, database string) (*db.DB, error) {
	j, err := db.Open(ctx, analytics.JournalBeside(database), db.Options{Readers: 1})
	if err != nil {
		return nil, err
	}
	if err := analytics.MigrateJournal(ctx, j); err != nil {
		j.Close()
		return nil, err
	}
	return j, nil
}

// fillJournal puts what a copy has of the journal beside the database that is restored.
func fillJournal(ctx context.Context, database string, rows io.Reader) error {
	if !strings.HasPrefix(database, "sqlite:") {
		return nil // a copy of PostgreSQL has it in the database
	}
	j, err := journalOf(ctx, database)
	if err != nil {
		return err
	}
	return errors.Join(analytics.FillJournal(ctx, j, rows), j.Close())
}

const withdrawalPrefix = "consent:"

// withdrawal is what the body of a note in the keyring says of a consent that has ended.
type withdrawal struct {
	Subject []byte `json:"subject"` // digest of the visitor, as his consents have it
	Cookie  int64  `json:"cookie"`  // as his hits have it
}

// noteWithdrawal writes into the keyring, before it is done, that a visitor withdraws: a
// restore of an older copy does it again.
func (a *App) noteWithdrawal(ctx context.Context, visitor string) error {
	digest := a.Vault.Digest("consent", visitor)
	body, err := json.Marshal(withdrawal{digest, a.Analytics.CookieKey(visitor)})
	if err != nil {
		return err
	}
	return a.Vault.Redo(ctx, vault.Redone{Object: withdrawalPrefix + hex.EncodeToString(digest), Version: db.Micros(a.Now()), Body: body})
}

// returnUsage withdraws again, in a restored database, what was withdrawn since the copy
// was made, and has no hit of it go abroad.
func returnUsage(ctx context.Context, d *db.DB, redone []vault.Redone) error {
	cookies, ended := []int64{}, map[string]time.Time{}
	for _, r := range redone {
		if !isWithdrawal(r) {
			continue
		}
		var w withdrawal
		if err := json.Unmarshal(r.Body, &w); err != nil {
			return err
		}
		cookies = append(cookies, w.Cookie)
		ended[string(w.Subject)] = db.Time(r.Version)
	}
	err := d.InTx(ctx, func(tx *db.Tx) error {
		if err := consent.Return(tx, ended); err != nil {
			return err
		}
		return analytics.Return(tx, cookies)
	})
	if err != nil {
		return err
	}
	j := d
	if d.Dialect == db.SQLite {
		if j, err = journalOf(ctx, d.URL); err != nil {
			return err
		}
		defer j.Close()
	}
	if err := j.InTx(ctx, func(tx *db.Tx) error { return analytics.ReturnJournal(tx, cookies) }); err != nil {
		return err
	}
	if j == d {
		return nil
	}
	return j.Erase(ctx)
}

// sweepWithdrawals forgets what the keyring has of withdrawals for as long as the proofs of
// the consents are kept.
func (a *App) sweepWithdrawals(ctx context.Context) error {
	record := a.Register.Snapshot(consent.Activity)
	if record == nil {
		return nil
	}
	return a.Vault.ForgetRedone(ctx, withdrawalPrefix, consent.Before(record, a.Now()))
}

func isWithdrawal(r vault.Redone) bool { return strings.HasPrefix(r.Object, withdrawalPrefix) }

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
