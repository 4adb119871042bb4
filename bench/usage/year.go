package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/migrations"
	"prasan/internal/jobs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/ropa"
)

// yearOptions are the flags of "usage year".
type yearOptions struct {
	database string
	hits     int
	keep     bool // use the year that the database has
	totals   bool // one day of hits, its totals copied to all days
}

// year fills a database with a year of hits and times what the reports read.
func year(o yearOptions) error {
	ctx := context.Background()
	if o.database == "" {
		dir, err := os.MkdirTemp("", "prasan-usage")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		o.database = "sqlite:" + filepath.Join(dir, "usage.db")
	}
	s, sites, err := open(ctx, o.database)
	if err != nil {
		return err
	}
	defer s.DB.Close()
	defer s.Close()
	today := analytics.DayOf(s.Now())
	if err := made(ctx, s, sites, o, today); err != nil {
		return err
	}
	if err := s.PutAway(ctx); err != nil {
		return err
	}
	size, err := sizeOf(ctx, s.DB)
	if err != nil {
		return err
	}
	each := float64(size) / float64(o.hits)
	out := []figure{{"size of the totals", fmt.Sprintf("%.1f MB, %.1f bytes a hit", float64(size)/1e6, each), "≤ 12 bytes", each <= 12}}
	b := reports{ctx: ctx, s: s, today: today, limit: 20 * time.Millisecond}
	if o.hits > 50_000_000 {
		b.limit = 50 * time.Millisecond
	}
	if err := b.stored(sites[0]); err != nil {
		return err
	}
	if !o.totals {
		if err := b.filtered(sites[0]); err != nil {
			return err
		}
	}
	show(append(out, b.out...))
	return nil
}

// made sees to it that there is a year to read.
func made(ctx context.Context, s *analytics.Service, sites []string, o yearOptions, today int64) error {
	if o.keep {
		var n int64
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM usage_daily WHERE site = 0 AND dim = 0`, nil, &n)
		})
		if err != nil || n > 0 {
			return err
		}
	}
	began := time.Now()
	make := fill
	if o.totals {
		make = copied
	}
	if err := make(ctx, s, sites, o.hits, today); err != nil {
		return err
	}
	if err := s.CloseMonths(ctx); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d hits of a year made in %s\n", o.hits, time.Since(began).Round(time.Second))
	if s.DB.Dialect == db.PostgreSQL {
		return s.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(`ANALYZE`); return err })
	}
	return nil
}

func open(ctx context.Context, database string) (*analytics.Service, []string, error) {
	d, err := db.Open(ctx, database, db.Options{})
	if err != nil {
		return nil, nil, err
	}
	if _, err := d.Migrate(ctx, migrations.Files); err != nil {
		return nil, nil, err
	}
	revision, err := ropa.Parse(ropa.SeedText(analytics.Activity, 2))
	if err != nil {
		return nil, nil, err
	}
	record, err := policy.Compile(revision)
	if err != nil {
		return nil, nil, err
	}
	snapshot := func(string) *policy.Snapshot { return record }
	sites := append(sitesOf("industry.localhost"), "smes.industry.localhost", "safety.industry.localhost") // 80 of them
	log := audit.New("bench")
	s, err := analytics.New(ctx, analytics.Deps{DB: d, Audit: log, Jobs: jobs.New(d, time.Now), Processing: processing.New(d, nil, nil, log, snapshot), Record: snapshot,
		Site: func(h string) (string, bool) { return "ops", strings.HasSuffix(h, "industry.localhost") }, Sites: func() []string { return sites }, Key: make([]byte, 32), Now: time.Now, NoLimits: true})
	return s, sites, err
}

// sizeOf is what the totals take on the disk, in bytes.
func sizeOf(ctx context.Context, d *db.DB) (size int64, err error) {
	query := `SELECT SUM(pgsize) FROM dbstat WHERE name IN ('usage_daily', 'usage_monthly')`
	if d.Dialect == db.PostgreSQL {
		query = `SELECT pg_total_relation_size('usage_daily') + pg_total_relation_size('usage_monthly')`
	}
	err = d.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, nil, &size) })
	return size, err
}

// weekdays are the weights of Sunday to Saturday.
var weekdays = []float64{.40, 1, 1.02, 1, .98, .95, .45}

// fill stores hits day by day; single hits are kept for as long as the record says.
func fill(ctx context.Context, s *analytics.Service, sites []string, hits int, today int64) error {
	w := newWorkload(1, sites)
	total := 0.0
	for d := today - 364; d <= today; d++ {
		total += weekdays[time.Unix(d*86400, 0).UTC().Weekday()]
	}
	next := uint64(0)
	for d := today - 364; d <= today; d++ {
		n := int(float64(hits) * weekdays[time.Unix(d*86400, 0).UTC().Weekday()] / total)
		if err := oneDay(ctx, s, w, d, n, &next); err != nil {
			return err
		}
	}
	return nil
}

func oneDay(ctx context.Context, s *analytics.Service, w *workload, day int64, n int, next *uint64) error {
	midnight := time.Unix(day*86400-7*3600, 0)
	past := make([]analytics.Past, 0, n)
	for i := range n {
		*next++
		h := w.hit(*next)
		past = append(past, analytics.Past{At: w.at(midnight, (float64(i)+.5)/float64(n)), Hit: analytics.Hit{Site: h.Site, URL: "https://" + h.Site + h.Path + "?" + h.Query, Referrer: h.Referrer, Width: h.Width, Addr: h.Addr, Agent: h.Agent, Language: h.Language}})
	}
	_, err := s.Backfill(ctx, day, past)
	return err
}

// copied makes the totals of one day from its hits, and gives them to the other days.
func copied(ctx context.Context, s *analytics.Service, sites []string, hits int, today int64) error {
	next, first := uint64(0), today-364
	if err := oneDay(ctx, s, newWorkload(1, sites), first, hits/365, &next); err != nil {
		return err
	}
	for d := first + 1; d <= today; d++ {
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO usage_daily (site, dim, day, part, body) SELECT site, dim, CAST($1 AS BIGINT), part, body FROM usage_daily WHERE site >= 0 AND day = $2`, d, first)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// reports times what people look at.
type reports struct {
	ctx   context.Context
	s     *analytics.Service
	today int64
	limit time.Duration
	out   []figure
}

var reader = policy.Actor{Account: "bench", Agency: "ops", Roles: []string{"ict"}}

// timed is the middle of five runs.
func (b *reports) timed(run func() error) (time.Duration, error) {
	var times []time.Duration
	for range 5 {
		began := time.Now()
		if err := run(); err != nil {
			return 0, err
		}
		times = append(times, time.Since(began))
	}
	slices.Sort(times)
	return times[2], nil
}

func (b *reports) add(name string, limit time.Duration, run func() error) error {
	t, err := b.timed(run)
	b.out = append(b.out, figure{name, ms(t), fmt.Sprintf("≤ %d ms", limit.Milliseconds()), t <= limit})
	return err
}

func (b *reports) widget(name string, q analytics.Query) func() error {
	return func() error { _, err := b.s.Report(b.ctx, reader, name, q); return err }
}

// stored are the reports that totals answer: each widget of the largest site, and the
// ministry's.
func (b *reports) stored(largest string) error {
	year := analytics.Query{From: b.today - 364, To: b.today, Hosts: []string{largest}}
	ministry := analytics.Query{From: b.today - 364, To: b.today}
	if err := b.add("largest site, 12 months: overview by day", b.limit, func() error { _, err := b.s.Overview(b.ctx, reader, year); return err }); err != nil {
		return err
	}
	for _, name := range analytics.Widgets {
		if err := b.add("largest site, 12 months: "+name, b.limit, b.widget(name, year)); err != nil {
			return err
		}
	}
	if err := b.add("ministry, 12 months: table of all sites", b.limit, func() error { _, err := b.s.SitesTable(b.ctx, reader, ministry); return err }); err != nil {
		return err
	}
	return b.add("ministry, 12 months: pages", b.limit, b.widget("pages", ministry))
}

// filtered are reports of two filters over all hits that are kept; what stands in the
// table is the slowest pair.
func (b *reports) filtered(largest string) error {
	values := []analytics.Filter{{Dim: "page", Value: "/th"}, {Dim: "channel", Value: "search"}, {Dim: "source", Value: "google.com"}, {Dim: "device", Value: "mobile"}, {Dim: "browser", Value: "Chrome"}, {Dim: "system", Value: "Android"}, {Dim: "language", Value: "th"}, {Dim: "campaign", Value: "training"}, {Dim: "page", Value: "/th/*"}}
	for _, of := range []struct {
		name   string
		hosts  []string
		values []analytics.Filter
	}{{"largest site", []string{largest}, values}, {"ministry", nil, values[:4]}} {
		var worst time.Duration
		var which string
		for i, f := range of.values {
			for _, g := range of.values[i+1:] {
				q := analytics.Query{From: b.today - 89, To: b.today, Hosts: of.hosts, Filters: []analytics.Filter{f, g}}
				for _, name := range []string{"pages", "sources"} {
					began := time.Now()
					if err := b.widget(name, q)(); err != nil {
						return err
					}
					if t := time.Since(began); t > worst {
						worst, which = t, name+" of "+f.Dim+"="+f.Value+" and "+g.Dim+"="+g.Value
					}
				}
			}
		}
		b.out = append(b.out, figure{of.name + ", 90 days, two filters, the slowest pair (" + which + ")", ms(worst), "≤ 300 ms", worst <= 300*time.Millisecond})
	}
	return nil
}
