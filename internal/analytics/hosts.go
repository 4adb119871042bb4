package analytics

import (
	"context"
	"database/sql"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// Host is a website that Prasan does not serve and whose usage it counts: it embeds the
// same script.
type Host struct {
	Host    string
	Agency  string
	Name    string
	AddedBy string
	AddedAt time.Time
}

// hosts are the registered ones, in memory.
type hosts struct {
	mu      sync.RWMutex
	table   map[string]Host
	checked time.Time
	db      *db.DB
}

func (h *hosts) load(ctx context.Context, d *db.DB) error {
	table := map[string]Host{}
	err := d.Read(ctx, func(tx *db.Tx) error {
		clear(table)
		return tx.Each(`SELECT host, agency, name, added_by, added_at FROM usage_hosts`, nil, func(rows *sql.Rows) error {
			var x Host
			var at int64
			err := rows.Scan(&x.Host, &x.Agency, &x.Name, &x.AddedBy, &at)
			x.AddedAt = db.Time(at)
			table[x.Host] = x
			return err
		})
	})
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.table, h.db, h.checked = table, d, time.Now()
	return nil
}

// refreshEvery is how old a node's view may be where another node may add a host.
const refreshEvery = 10 * time.Second

func (h *hosts) agency(host string) (string, bool) {
	h.mu.RLock()
	x, ok := h.table[host]
	old := h.db.Dialect == db.PostgreSQL && time.Since(h.checked) > refreshEvery
	h.mu.RUnlock()
	if old && h.load(context.Background(), h.db) == nil {
		h.mu.RLock()
		x, ok = h.table[host]
		h.mu.RUnlock()
	}
	return x.Agency, ok
}

// Hosts lists the registered websites that an actor may see.
func (s *Service) Hosts(actor policy.Actor) []Host {
	s.hosts.mu.RLock()
	defer s.hosts.mu.RUnlock()
	var out []Host
	for _, h := range s.hosts.table {
		if policy.May(actor, ActionRead, h.Agency) {
			out = append(out, h)
		}
	}
	return out
}

var hostname = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$`)

// AddHost registers a website.
func (s *Service) AddHost(ctx context.Context, actor policy.Actor, h Host) error {
	h.Host = strings.ToLower(strings.TrimSpace(h.Host))
	h.Name = word(h.Name, 100)
	if !policy.May(actor, ActionAdmin, h.Agency) {
		return errs.New(errs.Forbidden, "error.forbidden")
	}
	if !hostname.MatchString(h.Host) || len(h.Host) > 253 {
		return errs.InvalidField("host", "error.host")
	}
	if _, ok := s.Site(h.Host); ok {
		return errs.New(errs.Conflict, "error.host-taken", "host", h.Host)
	}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO usage_hosts (host, agency, name, added_by, added_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (host) DO UPDATE SET agency = excluded.agency, name = excluded.name`, h.Host, h.Agency, h.Name, actor.Account, db.Micros(tx.Now())); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: actor.Account, Action: "usage.host", Object: "host:" + h.Host, Body: map[string]string{"agency": h.Agency}})
	})
	if err != nil {
		return err
	}
	return s.hosts.load(ctx, s.DB)
}

func hostOf(u *url.URL) string { return strings.ToLower(strings.TrimSuffix(u.Hostname(), ".")) }
