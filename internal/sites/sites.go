// Package sites knows the public sites by their host names: which agency each speaks
// for and how it looks. A host that is not here is nobody's.
package sites

import (
	"context"
	"database/sql"
	"encoding/json"
	"regexp"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/org"
	"prasan/internal/policy"
)

// Site is a public site.
type Site struct {
	Host    string      `json:"host"`
	Kind    string      `json:"kind"` // of its agency
	Agency  string      `json:"agency"`
	Name    policy.Text `json:"name"`
	Short   policy.Text `json:"short"`
	Accent  string      `json:"accent"` // one of Accents
	Address policy.Text `json:"address"`
	Hours   policy.Text `json:"hours"`
	Phone   string      `json:"phone"`
	Email   string      `json:"email"`
	MapURL  string      `json:"map_url"`

	ParentName policy.Text `json:"parent_name"` // of the body above, printed small
}

// Accents are the tokens of the style sheet that a site may wear.
var Accents = []string{"indigo", "teal", "green", "wine", "brown", "blue", "violet", "slate"}

// byRegion gives provinces of a region the same accent; the first digit of the
// province's code is its region.
var byRegion = map[string]string{"1": "blue", "2": "teal", "3": "brown", "4": "wine", "5": "green", "6": "violet", "7": "slate", "8": "teal", "9": "blue"}

// ForAgencies are the 78 sites of the body under a base domain. The ministry's own site
// and the Office's are both the Office's to answer.
func ForAgencies(base string, agencies []org.Agency) []Site {
	var out []Site
	parent := policy.Text{TH: "กระทรวงอุตสาหกรรม", EN: "Ministry of Industry"}
	for _, a := range agencies {
		s := Site{Kind: a.Kind, Agency: a.Code, Name: a.Name, Short: a.Short, ParentName: parent, Accent: "indigo", Address: a.Address, Hours: a.Hours, Phone: a.Phone, Email: a.Email}
		switch a.Kind {
		case org.Ministry:
			s.Host, s.Agency, s.ParentName = base, "ops", policy.Text{}
			s.Phone = "0 2430 6967"
		case org.Office:
			s.Host = "ops." + base
		case org.Provincial:
			s.Host, s.Accent = a.Code+"."+base, byRegion[a.Region]
		default:
			continue
		}
		out = append(out, s)
	}
	return out
}

// Store holds the sites in memory.
type Store struct {
	db      *db.DB
	audit   *audit.Log
	table   atomic.Pointer[map[string]Site]
	order   atomic.Pointer[[]Site]
	mu      sync.Mutex
	checked time.Time
}

// Open reads the sites.
func Open(ctx context.Context, d *db.DB, a *audit.Log) (*Store, error) {
	s := &Store{db: d, audit: a}
	return s, s.Reload(ctx)
}

// Reload reads the sites again.
func (s *Store) Reload(ctx context.Context) error {
	table, order := map[string]Site{}, []Site{}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		clear(table)
		order = nil
		return tx.Each(`SELECT body FROM sites ORDER BY host`, nil, func(rows *sql.Rows) error {
			var body string
			if err := rows.Scan(&body); err != nil {
				return err
			}
			var site Site
			if err := json.Unmarshal([]byte(body), &site); err != nil {
				return err
			}
			table[site.Host] = site
			order = append(order, site)
			return nil
		})
	})
	if err != nil {
		return err
	}
	rank := map[string]int{org.Ministry: 0, org.Office: 1}
	sort.SliceStable(order, func(i, j int) bool { return value(rank, order[i].Kind) < value(rank, order[j].Kind) })
	s.table.Store(&table)
	s.order.Store(&order)
	return nil
}

func value(rank map[string]int, kind string) int {
	if r, ok := rank[kind]; ok {
		return r
	}
	return 2
}

// refreshEvery is how old a node's view may be where another node may add a site.
const refreshEvery = 10 * time.Second

// Lookup finds the site of a host, without its port. An unknown host is looked for in
// the store again before it is refused, at most once in a while; where other nodes may
// have changed a site, so is a known one.
func (s *Store) Lookup(host string) (Site, bool) {
	site, ok := (*s.table.Load())[host]
	if ok && s.db.Dialect != db.PostgreSQL || !s.stale() {
		return site, ok
	}
	if s.Reload(context.Background()) == nil {
		site, ok = (*s.table.Load())[host]
	}
	return site, ok
}

func (s *Store) stale() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.checked) < refreshEvery {
		return false
	}
	s.checked = time.Now()
	return true
}

// All lists the sites: ministry, Office, provinces by name.
func (s *Store) All() []Site { return *s.order.Load() }

// Put stores sites in a transaction; Reload makes them seen.
func Put(tx *db.Tx, sites []Site) error {
	for _, site := range sites {
		body, err := json.Marshal(site)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO sites (host, agency, body, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (host) DO UPDATE SET agency = excluded.agency, body = excluded.body`, site.Host, site.Agency, string(body), db.Micros(tx.Now())); err != nil {
			return err
		}
	}
	return nil
}

var hostname = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$`)

// Add stores a site of an agency.
func (s *Store) Add(ctx context.Context, by policy.Actor, host string, a org.Agency, accent string) (Site, error) {
	if !policy.May(by, "site.admin", a.Code) {
		return Site{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	host = strings.ToLower(strings.TrimSpace(host))
	if !hostname.MatchString(host) || len(host) > 253 {
		return Site{}, errs.InvalidField("host", "error.host")
	}
	if accent == "" {
		accent = Accents[0]
	}
	if !slices.Contains(Accents, accent) {
		return Site{}, errs.InvalidField("accent", "error.accent", "known", strings.Join(Accents, ", "))
	}
	site := Site{Host: host, Kind: a.Kind, Agency: a.Code, Name: a.Name, Short: a.Short, Accent: accent, Address: a.Address, Hours: a.Hours, Phone: a.Phone, Email: a.Email}
	err := s.db.InTx(ctx, func(tx *db.Tx) error {
		var n int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM sites WHERE host = $1`, []any{host}, &n); err != nil {
			return err
		}
		if n > 0 {
			return errs.New(errs.Conflict, "error.host-taken", "host", host)
		}
		if err := Put(tx, []Site{site}); err != nil {
			return err
		}
		return s.audit.Append(tx, audit.Event{Actor: by.Account, Action: "site.add", Object: "site:" + host, Body: map[string]string{"agency": a.Code}})
	})
	if err != nil {
		return Site{}, err
	}
	return site, s.Reload(ctx)
}
