package analytics

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"prasan/internal/analytics/ga"
	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// Ways by which a site's visits may reach Google.
const (
	WayOff    = "off"
	WayGtag   = "gtag"   // Google's script in the visitor's browser
	WayServer = "server" // the Measurement Protocol, from here
)

// Ways are all of them, in the order in which they are shown.
var Ways = []string{WayOff, WayGtag, WayServer}

// GoogleSite is what is set for a site.
type GoogleSite struct {
	Host        string
	Way         string
	Measurement string // id of the stream
	Number      string // of the property
	Email       string // of the service account whose key is kept; "" without one
	HasSecret   bool
	ChangedBy   string
	ChangedAt   time.Time
	secret      []byte // sealed
	account     []byte // sealed
}

// GoogleSetting is a change of it: what is empty of the two secrets stays as it is.
type GoogleSetting struct {
	Host, Way, Measurement, Number string
	Secret                         string // of the Measurement Protocol
	Account                        string // the service account's key, as Google's JSON
	Clear                          bool   // take both secrets away
}

// googleSites are what is set, in memory.
type googleSites struct {
	mu      sync.RWMutex
	table   map[string]GoogleSite
	checked time.Time
}

func (s *Service) loadGoogle(ctx context.Context) error {
	table := map[string]GoogleSite{}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		clear(table)
		return tx.Each(`SELECT host, way, measurement, number, email, secret, account, changed_by, changed_at FROM google_sites`, nil, func(rows rowScanner) error {
			var g GoogleSite
			var at int64
			err := rows.Scan(&g.Host, &g.Way, &g.Measurement, &g.Number, &g.Email, &g.secret, &g.account, &g.ChangedBy, &at)
			g.ChangedAt, g.HasSecret = db.Time(at), len(g.secret) > 0
			table[g.Host] = g
			return err
		})
	})
	if err != nil {
		return err
	}
	s.google.mu.Lock()
	defer s.google.mu.Unlock()
	s.google.table, s.google.checked = table, time.Now()
	return nil
}

// googleSite is what is set for a site; without anything of its own, what is set for all.
func (s *Service) googleSite(host string) GoogleSite {
	s.google.mu.RLock()
	g, ok := s.google.table[host]
	old := s.DB.Dialect == db.PostgreSQL && time.Since(s.google.checked) > refreshEvery
	s.google.mu.RUnlock()
	if old && s.loadGoogle(context.Background()) == nil {
		s.google.mu.RLock()
		g, ok = s.google.table[host]
		s.google.mu.RUnlock()
	}
	if !ok {
		g = GoogleSite{Host: host, Way: WayOff}
		if d := s.GoogleDefault; d.Measurement != "" && d.Secret != "" {
			g.Way, g.Measurement, g.HasSecret = WayServer, d.Measurement, true
		}
	}
	return g
}

const (
	placeSecret  = "google.secret:"
	placeAccount = "google.account:"
)

// property opens what is sealed of a site, for the moment of a call.
func (s *Service) property(g GoogleSite) (p ga.Property, err error) {
	p = ga.Property{Measurement: g.Measurement, Number: g.Number}
	if len(g.secret) == 0 && g.ChangedBy == "" {
		p.Secret = s.GoogleDefault.Secret
	}
	if len(g.secret) > 0 {
		secret, err := s.Open(placeSecret+g.Host, g.secret)
		if err != nil {
			return p, err
		}
		p.Secret = string(secret)
	}
	if len(g.account) > 0 {
		p.Key, err = s.Open(placeAccount+g.Host, g.account)
	}
	return p, err
}

// Why the bridge of a site is closed, as words of the catalogue (analytics.google-why-WORD).
const (
	WhyOpen     = ""
	WhyNoWay    = "no-way"   // this installation has no way out to Google
	WhyOff      = "off"      // for this site
	WhyRecord   = "record"   // the record in force lists no such recipient abroad
	WhyLevel    = "level"    // the record declares no collection for it that rests on consent
	WhyElements = "elements" // a browser gives away more than the record lists
)

// byBrowser is what a browser tells whomever it calls, whatever the script leaves out.
var byBrowser = []string{"ip_address", "browser", "page_path"}

// GoogleWhy tells why nothing may go from a site now; WhyOpen if it may.
func (s *Service) GoogleWhy(host string) string {
	g := s.googleSite(host)
	switch {
	case s.Google == nil:
		return WhyNoWay
	case g.Way == WayOff:
		return WhyOff
	}
	record := s.Record(Activity)
	if _, d := s.transfer(); !d.Allowed {
		return WhyRecord
	}
	level, ok := record.Level(L3.String())
	if _, own := record.Level(L2.String()); !ok || !own || level.Basis != "consent" {
		return WhyLevel
	}
	if g.Way == WayGtag {
		goes := abroadOf(record, level.Elements)
		for _, e := range byBrowser {
			if !slices.Contains(goes, e) {
				return WhyElements
			}
		}
	}
	return WhyOpen
}

// abroadOf is what of a level may go to the provider: what both the level and the
// transfer list.
func abroadOf(record *policy.Snapshot, elements []string) (out []string) {
	t, d := record.MayTransfer(Provider)
	for _, e := range elements {
		if d.Allowed && slices.Contains(t.Elements, e) {
			out = append(out, e)
		}
	}
	return out
}

// Tag is what a page needs for Google's script.
type Tag struct {
	Measurement string
	Client      string
	Page        string   // path, with what looks like a secret taken out
	Has         string   // elements that may go, with spaces
	Script      string   // address of the script
	Sources     []string // hosts for the content security policy
}

// GoogleTag is for one visitor of one site; ok is false unless the site goes by the
// script, the record lets it, and he has consented.
func (s *Service) GoogleTag(host, path string, v Signals) (t Tag, ok bool) {
	g := s.googleSite(host)
	if g.Way != WayGtag || s.GoogleWhy(host) != WhyOpen {
		return t, false
	}
	scope, ok := Decide(s.Record(Activity), v)
	if !ok || scope.Level != L3 || s.Gate != nil && s.Gate(context.Background()) != nil {
		return t, false
	}
	script, sources := s.Google.Script()
	return Tag{g.Measurement, clientID(s.CookieKey(v.Visitor)), cleanPath(path), strings.Join(scope.Abroad, " "), script, sources}, true
}

var measurementForm = regexp.MustCompile(`^G-[A-Z0-9]{4,20}$`)

func (x *GoogleSetting) check(before GoogleSite) error {
	x.Host = strings.ToLower(strings.TrimSpace(x.Host))
	x.Measurement, x.Number = strings.ToUpper(strings.TrimSpace(x.Measurement)), strings.TrimSpace(x.Number)
	x.Secret, x.Account = strings.TrimSpace(x.Secret), strings.TrimSpace(x.Account)
	var bad []errs.Field
	wrong := func(name, key string) { bad = append(bad, errs.Field{Name: name, Key: key}) }
	if !slices.Contains(Ways, x.Way) {
		wrong("way", "analytics.error-google-way")
	}
	if x.Way != WayOff && !measurementForm.MatchString(x.Measurement) || x.Measurement != "" && !measurementForm.MatchString(x.Measurement) {
		wrong("measurement", "analytics.error-google-measurement")
	}
	if x.Way == WayServer && x.Secret == "" && (x.Clear || len(before.secret) == 0) || len(x.Secret) > 200 {
		wrong("secret", "analytics.error-google-secret")
	}
	if x.Number != "" && !ga.IsNumber(x.Number) || x.Number == "" && (x.Account != "" || len(before.account) > 0 && !x.Clear) {
		wrong("number", "analytics.error-google-number")
	}
	if x.Account != "" {
		if _, err := ga.Account([]byte(x.Account)); err != nil || len(x.Account) > 32<<10 {
			wrong("account", "analytics.error-google-account")
		}
	}
	return errs.InvalidFields(bad)
}

// SetGoogle stores what a site has with Google. The secrets are sealed before they are
// stored, and never shown again.
func (s *Service) SetGoogle(ctx context.Context, actor policy.Actor, x GoogleSetting) (GoogleSite, error) {
	before, err := s.GoogleOf(actor, x.Host)
	if err != nil {
		return GoogleSite{}, err
	}
	if agency, _ := s.agencyOf(before.Host); !s.may(actor, ActionAdmin, agency) {
		return GoogleSite{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	if err := x.check(before); err != nil {
		return GoogleSite{}, err
	}
	g := before
	g.Way, g.Measurement, g.Number = x.Way, x.Measurement, x.Number
	if x.Clear {
		g.secret, g.account, g.Email = nil, nil, ""
	}
	if x.Secret != "" {
		g.secret = s.Seal(placeSecret+g.Host, []byte(x.Secret))
	}
	if x.Account != "" {
		g.account = s.Seal(placeAccount+g.Host, []byte(x.Account))
		g.Email, _ = ga.Account([]byte(x.Account)) // it was checked
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO google_sites (host, way, measurement, number, email, secret, account, changed_by, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (host) DO UPDATE SET way = excluded.way, measurement = excluded.measurement, number = excluded.number, email = excluded.email, secret = excluded.secret, account = excluded.account, changed_by = excluded.changed_by, changed_at = excluded.changed_at`,
			g.Host, g.Way, g.Measurement, g.Number, g.Email, notNil(g.secret), notNil(g.account), actor.Account, db.Micros(tx.Now())); err != nil {
			return err
		}
		// What was wrong may be put right: everything that waits is tried at once.
		if _, err := tx.Exec(`UPDATE google_states SET next_at = 0 WHERE host = $1`, g.Host); err != nil {
			return err
		}
		if err := s.wakeGoogle(tx, g.Host); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: actor.Account, Action: "google.set", Object: "site:" + g.Host, Body: map[string]any{"way": g.Way, "measurement": g.Measurement, "number": g.Number, "account": g.Email, "secret": len(g.secret) > 0}})
	})
	if err != nil {
		return GoogleSite{}, err
	}
	if err := s.loadGoogle(ctx); err != nil {
		return GoogleSite{}, err
	}
	return s.googleSite(g.Host), nil
}

func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// GoogleOf is what is set for a site that an actor may see.
func (s *Service) GoogleOf(actor policy.Actor, host string) (GoogleSite, error) {
	host = strings.ToLower(strings.TrimSpace(host))
	agency, ok := s.agencyOf(host)
	if !ok || !s.may(actor, ActionRead, agency) {
		return GoogleSite{}, errs.New(errs.NotFound, "analytics.error-site", "host", host)
	}
	return s.googleSite(host), nil
}

// GoogleSites are all that an actor may see, those with something set first.
func (s *Service) GoogleSites(actor policy.Actor) (out []GoogleSite) {
	for _, h := range s.Readable(actor) {
		out = append(out, s.googleSite(h))
	}
	slices.SortStableFunc(out, func(a, b GoogleSite) int { return cmp.Compare(isOff(a), isOff(b)) })
	return out
}

func isOff(g GoogleSite) int {
	if g.Way == WayOff && g.ChangedBy == "" {
		return 1
	}
	return 0
}
