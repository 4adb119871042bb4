// Command usage loads the counting of usage over loopback, and times its reports over a
// year of hits, by the workload of docs/analytics.md. The figures are printed as a table.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
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
	"prasan/internal/thai"
)

const usage = `usage: go run ./bench/usage COMMAND [flags]

  load    start the program on new data and post hits to it
  year    fill a database with a year of hits and time its reports`

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, usage)
		os.Exit(2)
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	binary := flags.String("binary", "bin/prasan", "the program")
	database := flags.String("database", "", "database that is used; default a new SQLite file")
	seconds := flags.Int("seconds", 10, "seconds of each load")
	profile := flags.String("profile", "", "file for CPU profiles of the program under load")
	hits := flags.Int("hits", 1_000_000, "hits of the year")
	_ = flags.Parse(os.Args[2:]) // ends the program when it cannot
	var err error
	switch os.Args[1] {
	case "load":
		err = loaded(loadOptions{*binary, *database, *profile, *seconds})
	case "year":
		err = year(*database, *hits)
	default:
		err = fmt.Errorf("%s", usage)
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
