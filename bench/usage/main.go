// Command usage loads the counting of usage over loopback, and times its reports over a
// year of hits, by the workload of docs/analytics.md. The figures are printed as a table.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/migrations"
	"prasan/internal/jobs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/ropa"
	"prasan/internal/thai"
)

func main() {
	addr := flag.String("addr", "", "address of a server that trusts 127.0.0.1 as a proxy and has its limits off: load it")
	base := flag.String("base", "industry.localhost", "base domain of the server's sites")
	conns := flag.Int("conns", 64, "connections")
	seconds := flag.Int("seconds", 10, "seconds of load")
	hits := flag.Int("hits", 1_000_000, "hits of the year whose reports are timed, where no address is given")
	database := flag.String("database", "", "database for them; default a new SQLite file")
	flag.Parse()
	var err error
	if *addr != "" {
		err = load(*addr, *base, *conns, time.Duration(*seconds)*time.Second)
	} else {
		err = year(*database, *hits)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// sitesOf are the sites of the body under a base domain, as the demo has them.
func sitesOf(base string) []string {
	out := []string{base, "ops." + base}
	for _, p := range thai.Provinces() {
		if p.Code != "10" {
			out = append(out, p.Slug()+"."+base)
		}
	}
	return out
}

// load posts hits in a closed loop and prints what was acknowledged, and how fast.
func load(addr, base string, conns int, long time.Duration) error {
	w := newWorkload(1, sitesOf(base))
	var next, bad atomic.Uint64
	times := make([][]time.Duration, conns)
	end := time.Now().Add(long)
	var wg sync.WaitGroup
	for c := range conns {
		wg.Add(1)
		go func() {
			defer wg.Done()
			conn, err := net.Dial("tcp", addr)
			if err != nil {
				bad.Add(1)
				return
			}
			defer conn.Close()
			answers := bufio.NewReader(conn)
			for time.Now().Before(end) {
				h := w.hit(next.Add(1))
				body := h.body()
				began := time.Now()
				fmt.Fprintf(conn, "POST /p HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nAccept-Language: %s\r\nX-Forwarded-For: %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", h.Site, h.Agent, h.Language, h.Addr, len(body), body)
				res, err := http.ReadResponse(answers, nil)
				if err != nil {
					bad.Add(1)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode != http.StatusNoContent {
					bad.Add(1)
					continue
				}
				times[c] = append(times[c], time.Since(began))
			}
		}()
	}
	wg.Wait()
	all := slices.Concat(times...)
	slices.Sort(all)
	if len(all) == 0 {
		return fmt.Errorf("no hit was acknowledged (%d refused)", bad.Load())
	}
	fmt.Printf("%d connections, %s: %d acknowledged, %.0f hits/s, p50 %s, p99 %s, refused %d\n", conns, long, len(all), float64(len(all))/long.Seconds(), all[len(all)/2], all[len(all)*99/100], bad.Load())
	return nil
}

// year fills a database with a year of hits and times what the reports read.
func year(database string, hits int) error {
	ctx := context.Background()
	if database == "" {
		dir, err := os.MkdirTemp("", "prasan-usage")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		database = "sqlite:" + filepath.Join(dir, "usage.db")
	}
	s, sites, err := open(ctx, database)
	if err != nil {
		return err
	}
	defer s.DB.Close()
	defer s.Close()
	today := analytics.DayOf(s.Now())
	began := time.Now()
	if err := fill(ctx, s, sites, hits, today); err != nil {
		return err
	}
	if err := s.CloseMonths(ctx); err != nil {
		return err
	}
	fmt.Printf("%d hits of a year stored in %s\n", hits, time.Since(began).Round(time.Millisecond))
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		if info, err := os.Stat(path); err == nil {
			fmt.Printf("%.1f MB, %.1f bytes a hit\n", float64(info.Size())/1e6, float64(info.Size())/float64(hits))
		}
	}
	return timeReports(ctx, s, sites[0], today)
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
	sites := sitesOf("industry.localhost")
	log := audit.New("bench")
	s, err := analytics.New(ctx, analytics.Deps{DB: d, Audit: log, Jobs: jobs.New(d, time.Now), Processing: processing.New(d, nil, nil, log, snapshot), Record: snapshot,
		Site: func(h string) (string, bool) { return "ops", strings.HasSuffix(h, "industry.localhost") }, Sites: func() []string { return sites }, Key: make([]byte, 32), Now: time.Now, NoLimits: true})
	return s, sites, err
}

// weekdays are the weights of Sunday to Saturday.
var weekdays = []float64{.40, 1, 1.02, 1, .98, .95, .45}

func fill(ctx context.Context, s *analytics.Service, sites []string, hits int, today int64) error {
	w := newWorkload(1, sites)
	total := 0.0
	for d := today - 364; d <= today; d++ {
		total += weekdays[time.Unix(d*86400, 0).UTC().Weekday()]
	}
	next := uint64(0)
	for d := today - 364; d <= today; d++ {
		midnight := time.Unix(d*86400-7*3600, 0)
		n := int(float64(hits) * weekdays[time.Unix(d*86400, 0).UTC().Weekday()] / total)
		past := make([]analytics.Past, 0, n)
		for i := range n {
			next++
			h := w.hit(next)
			past = append(past, analytics.Past{At: w.at(midnight, (float64(i)+.5)/float64(n)), Hit: analytics.Hit{Site: h.Site, URL: "https://" + h.Site + h.Path + "?" + h.Query, Referrer: h.Referrer, Width: h.Width, Addr: h.Addr, Agent: h.Agent, Language: h.Language}})
		}
		if _, err := s.Backfill(ctx, d, past); err != nil {
			return err
		}
	}
	return nil
}

func timeReports(ctx context.Context, s *analytics.Service, largest string, today int64) error {
	reader := policy.Actor{Account: "bench", Agency: "ops", Roles: []string{"ict"}}
	year := analytics.Query{From: today - 364, To: today, Hosts: []string{largest}}
	ministry := analytics.Query{From: today - 364, To: today}
	filtered := analytics.Query{From: today - 89, To: today, Hosts: []string{largest}, Filters: []analytics.Filter{{Dim: "device", Value: "mobile"}, {Dim: "channel", Value: "search"}}}
	report := func(name string, q analytics.Query) func() error {
		return func() error { _, err := s.Report(ctx, reader, name, q); return err }
	}
	for _, x := range []struct {
		name string
		run  func() error
	}{
		{"overview, largest site, 12 months", func() error { _, err := s.Overview(ctx, reader, year); return err }},
		{"pages, largest site, 12 months", report("pages", year)}, {"sources, largest site, 12 months", report("sources", year)}, {"browsers, largest site, 12 months", report("browsers", year)},
		{"all sites, 12 months", func() error { _, err := s.SitesTable(ctx, reader, ministry); return err }},
		{"pages of the ministry, 12 months", report("pages", ministry)},
		{"pages by two filters, largest site, 90 days", report("pages", filtered)},
	} {
		best := time.Hour
		for range 5 {
			began := time.Now()
			if err := x.run(); err != nil {
				return err
			}
			best = min(best, time.Since(began))
		}
		fmt.Printf("%-48s %8.1f ms\n", x.name, float64(best.Microseconds())/1000)
	}
	return nil
}
