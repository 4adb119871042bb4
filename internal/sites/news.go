package sites

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// News is an announcement of a site (ข่าวและประกาศ) as its visitors read it.
type News struct {
	At    time.Time   `json:"-"`
	Title policy.Text `json:"title"`
	Text  policy.Text `json:"text"`
}

// States of an announcement.
const (
	Draft     = "draft"
	Published = "published"
)

// EverySite is the host of an announcement that all sites show.
const EverySite = "*"

// ActionNews is who writes announcements, in policy's table of roles.
const ActionNews = "news.work"

// Announcement is one as the office works on it. It is shown from At until Until, while
// it is published.
type Announcement struct {
	ID    string
	Host  string // or EverySite
	State string
	Until time.Time // zero: without end
	News
	By        string
	ChangedAt time.Time
	Version   int64
}

// body is what is stored of one beside its host and its day.
type body struct {
	News
	State   string `json:"state,omitempty"`
	Until   int64  `json:"until,omitempty"`
	By      string `json:"by,omitempty"`
	Changed int64  `json:"changed,omitempty"`
	Version int64  `json:"version,omitempty"`
}

const (
	onSite = 50  // how many a site shows
	looked = 400 // how many of a site the office sees
)

const newsColumns = `id, host, published_at, body`

func scanNews(scan func(...any) error) (a Announcement, err error) {
	var at int64
	var text string
	if err := scan(&a.ID, &a.Host, &at, &text); err != nil {
		return a, err
	}
	var b body
	if err := json.Unmarshal([]byte(text), &b); err != nil {
		return a, err
	}
	a.News, a.State, a.By, a.Version = b.News, b.State, b.By, b.Version
	if a.State == "" { // of the first form, which had no drafts
		a.State = Published
	}
	if a.At = db.Time(at); b.Until != 0 {
		a.Until = db.Time(b.Until)
	}
	if b.Changed != 0 {
		a.ChangedAt = db.Time(b.Changed)
	}
	return a, nil
}

// Shown tells whether visitors see it now.
func (a *Announcement) Shown(now time.Time) bool {
	return a.State == Published && !a.At.After(now) && (a.Until.IsZero() || now.Before(a.Until))
}

// News are the announcements that a host shows, the newest first.
func (s *Store) News(ctx context.Context, host string) ([]News, error) {
	var out []News
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT `+newsColumns+` FROM announcements WHERE host IN ($1, $2) AND published_at <= $3 ORDER BY published_at DESC LIMIT $4`, []any{host, EverySite, db.Micros(tx.Now()), looked}, func(rows *sql.Rows) error {
			a, err := scanNews(rows.Scan)
			if err == nil && a.Shown(tx.Now()) && len(out) < onSite {
				out = append(out, a.News)
			}
			return err
		})
	})
	return out, err
}

// mayWrite tells whether an actor may write for a host. What all sites show is written
// by who may write for all of them.
func (s *Store) mayWrite(by policy.Actor, host string) bool {
	if host == EverySite {
		all, _ := policy.Reach(by, ActionNews)
		return all
	}
	site, ok := s.Lookup(host)
	return ok && policy.May(by, ActionNews, site.Agency)
}

// Announcements are those that an actor may work on, the newest first.
func (s *Store) Announcements(ctx context.Context, by policy.Actor) (out []Announcement, err error) {
	hosts := []string{EverySite}
	for _, site := range s.All() {
		hosts = append(hosts, site.Host)
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		for _, host := range hosts {
			if !s.mayWrite(by, host) {
				continue
			}
			err := tx.Each(`SELECT `+newsColumns+` FROM announcements WHERE host = $1 ORDER BY published_at DESC LIMIT $2`, []any{host, looked}, func(rows *sql.Rows) error {
				a, err := scanNews(rows.Scan)
				out = append(out, a)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	slices.SortFunc(out, func(a, b Announcement) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	return out, err
}

// Announcement is one that an actor may work on.
func (s *Store) Announcement(ctx context.Context, by policy.Actor, id string) (a Announcement, err error) {
	err = s.db.Read(ctx, func(tx *db.Tx) (err error) {
		a, err = s.announcement(tx, by, id)
		return err
	})
	return a, err
}

func (s *Store) announcement(tx *db.Tx, by policy.Actor, id string) (Announcement, error) {
	a, err := scanNews(func(dest ...any) error {
		return tx.QueryRow(`SELECT `+newsColumns+` FROM announcements WHERE id = $1`, []any{id}, dest...)
	})
	if err == nil && !s.mayWrite(by, a.Host) {
		return Announcement{}, errs.New(errs.NotFound, "error.not-found")
	}
	return a, err
}

const (
	// MaxNewsTitle and MaxNewsText bound an announcement, in characters.
	MaxNewsTitle = 200
	MaxNewsText  = 5000
)

// Check brings an announcement into its canonical form. English may be left out: the
// Thai is shown then.
func (a *Announcement) Check() error {
	var bad []errs.Field
	for _, f := range []struct {
		name     string
		text     *string
		max      int
		required bool
	}{{"title_th", &a.Title.TH, MaxNewsTitle, true}, {"title_en", &a.Title.EN, MaxNewsTitle, false}, {"text_th", &a.Text.TH, MaxNewsText, false}, {"text_en", &a.Text.EN, MaxNewsText, false}} {
		text, err := thai.CleanText(*f.text, f.max)
		if text = strings.TrimSpace(text); err != nil {
			bad = append(bad, errs.Field{Name: f.name, Key: "sites.error-long", Args: []any{"max", f.max}})
			continue
		}
		if f.max == MaxNewsTitle {
			text = strings.Join(strings.Fields(text), " ")
		}
		if *f.text = text; text == "" && f.required {
			bad = append(bad, errs.Field{Name: f.name, Key: "error.required"})
		}
	}
	if a.Text.EN != "" && a.Title.EN == "" {
		bad = append(bad, errs.Field{Name: "title_en", Key: "error.required"})
	}
	if a.At.IsZero() {
		bad = append(bad, errs.Field{Name: "from", Key: "sites.error-day"})
	}
	if !a.Until.IsZero() && !a.Until.After(a.At) {
		bad = append(bad, errs.Field{Name: "until", Key: "sites.error-until"})
	}
	if a.State != Draft && a.State != Published {
		bad = append(bad, errs.Field{Name: "state", Key: "sites.error-state"})
	}
	return errs.InvalidFields(bad)
}

// Announce stores a new announcement, or, where it has an ID, changes one; a change of
// another version than the one that was read is refused.
func (s *Store) Announce(ctx context.Context, by policy.Actor, a Announcement) (Announcement, error) {
	if err := a.Check(); err != nil {
		return a, err
	}
	if !s.mayWrite(by, a.Host) {
		return a, errs.InvalidField("site", "sites.error-site")
	}
	action := "news.change"
	if a.ID == "" {
		a.ID, action = db.NewID(), "news.write"
	}
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		x := a
		if action == "news.change" {
			before, err := s.announcement(tx, by, a.ID)
			if err != nil {
				return err
			}
			if before.Version != a.Version {
				return errs.New(errs.Conflict, "sites.error-changed")
			}
		}
		x.By, x.ChangedAt, x.Version = by.Account, tx.Now(), a.Version+1
		if err := putNews(tx, x); err != nil {
			return err
		}
		return s.audit.Append(tx, audit.Event{Actor: by.Account, Action: action, Object: "news:" + x.ID, Body: map[string]any{"site": x.Host, "state": x.State, "title": x.Title.TH, "version": x.Version}})
	})
	if err != nil {
		return a, err
	}
	return s.Announcement(ctx, by, a.ID)
}

func putNews(tx *db.Tx, a Announcement) error {
	b := body{News: a.News, State: a.State, By: a.By, Changed: db.Micros(a.ChangedAt), Version: a.Version}
	if !a.Until.IsZero() {
		b.Until = db.Micros(a.Until)
	}
	text, err := json.Marshal(b)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO announcements (id, host, published_at, body) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET host = excluded.host, published_at = excluded.published_at, body = excluded.body`, a.ID, a.Host, db.Micros(a.At), string(text))
	return err
}
