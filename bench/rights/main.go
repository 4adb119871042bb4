// Command rights times what the record promises people, over very many cases: a manifest
// and a copy of one person's data, a destruction round while messages come in, and the
// check of what is past its time. The cases are made by bulk SQL. The figures are printed
// as a table.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"prasan/internal/db"
)

func main() {
	database := flag.String("database", "", "database that is filled; default a new SQLite file")
	cases := flag.Int("cases", 1_000_000, "cases")
	due := flag.Int("due", 100_000, "of them due for last year's round")
	flag.Parse()
	if err := run(*database, *cases, *due); err != nil {
		fmt.Fprintln(os.Stderr, "bench/rights:", err)
		os.Exit(1)
	}
}

// figure is one number beside what was asked.
type figure struct {
	name, value, asked string
	met                bool
}

func run(database string, cases, due int) error {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "prasan-rights-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if database == "" {
		database = "sqlite:" + filepath.Join(dir, "prasan.db")
	}
	o, err := open(ctx, database, dir)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := o.fill(ctx, cases, due); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d cases made in %s\n", cases, time.Since(began).Round(time.Second))
	var out []figure
	for _, measure := range []func(context.Context) ([]figure, error){o.manifest, o.monitoring, o.round} {
		more, err := measure(ctx)
		if err != nil {
			return err
		}
		out = append(out, more...)
	}
	engine := "SQLite, synchronous=FULL"
	if o.db.Dialect == db.PostgreSQL {
		engine = "PostgreSQL"
	}
	fmt.Printf("%s, %d cases\n\n| figure | measured | asked | met |\n|---|---:|---:|---|\n", engine, cases)
	for _, f := range out {
		met := map[bool]string{true: "yes", false: "no"}[f.met]
		fmt.Printf("| %s | %s | %s | %s |\n", f.name, f.value, f.asked, met)
	}
	return nil
}

// within is a figure of a time that must be under a bound; the median of several runs.
func within(name string, bound time.Duration, runs []time.Duration) figure {
	slices.Sort(runs)
	middle := runs[len(runs)/2]
	return figure{name, round(middle), "< " + round(bound), middle < bound}
}

func round(d time.Duration) string {
	if d < time.Second {
		return strings.TrimSpace(fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000))
	}
	return fmt.Sprintf("%.2f s", d.Seconds())
}
