// Command truth times the truth report over very many cases, and looks whether it stops
// anybody's work: while it is made, cases are read and lines written, and the longest
// wait of each is printed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"prasan/internal/app"
	"prasan/internal/audit"
	"prasan/internal/config"
	"prasan/internal/db"
)

type options struct {
	database     string
	data         string
	cases, lines int
	reports      int
}

func main() {
	var o options
	flag.StringVar(&o.database, "database", "", "postgres://..., an empty database; default SQLite in a temporary folder")
	flag.StringVar(&o.data, "data", "", "folder that is kept; default a temporary one")
	flag.IntVar(&o.cases, "cases", 1_000_000, "cases")
	flag.IntVar(&o.lines, "lines", 1_000_000, "lines of the audit")
	flag.IntVar(&o.reports, "reports", 3, "reports; the slowest is printed too")
	flag.Parse()
	if err := run(context.Background(), o); err != nil {
		fmt.Fprintln(os.Stderr, "bench/truth:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.data == "" {
		folder, err := os.MkdirTemp("", "prasan-truth-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(folder)
		o.data = folder
	}
	c := config.Server{Store: config.Store{Data: filepath.Join(o.data, "data"), Database: o.database, Node: "bench"}, Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", RateLimits: "off", BaseDomain: "industry.localhost",
		Mail: config.Mail{DKIMSelector: "prasan", TLS: "required"}, Terms: config.Terms{ReplyDays: 15, ReopenDays: 30, LinkHours: 72, PerHour: 10, SurveyDays: 60}}
	if err := c.Resolve(); err != nil {
		return err
	}
	a, err := app.New(ctx, c, app.Options{Mode: app.Upgrade, Version: "bench"})
	if err != nil {
		return err
	}
	defer a.Close()
	if err := timed("seed", func() error { return seed(ctx, a, o) }); err != nil {
		return err
	}
	if err := timed("first look at all, as at night", func() error { return a.LookAtAll(ctx) }); err != nil {
		return err
	}
	return measure(ctx, a, o.reports)
}

func timed(name string, f func() error) error {
	began := time.Now()
	err := f()
	fmt.Printf("%-40s %8.2f s\n", name, time.Since(began).Seconds())
	return err
}

// measure makes reports while others work.
func measure(ctx context.Context, a *app.App, reports int) error {
	quiet := work(ctx, a, func() error { time.Sleep(2 * time.Second); return nil })
	if quiet.err != nil {
		return quiet.err
	}
	var took []time.Duration
	busy := work(ctx, a, func() error {
		for range reports {
			r, err := a.Truth.Report(ctx)
			if err != nil {
				return err
			}
			took = append(took, r.Took)
			fmt.Printf("%-40s %8.2f s   %d %%, %d rows drift\n", "report", r.Took.Seconds(), r.Percent, r.Drifting)
		}
		return nil
	})
	if busy.err != nil {
		return busy.err
	}
	fmt.Printf("%-40s %8.2f s\n", "slowest report (asked: under 5 s)", slices.Max(took).Seconds())
	for _, x := range []struct {
		name string
		w    waits
	}{{"alone", quiet}, {"during reports", busy}} {
		fmt.Printf("reads and writes of others, %-14s %6d reads, middle %5.1f ms, longest %6.1f ms; %5d writes, middle %5.1f ms, longest %6.1f ms\n", x.name, len(x.w.reads), middle(x.w.reads), longest(x.w.reads), len(x.w.writes), middle(x.w.writes), longest(x.w.writes))
	}
	return nil
}

type waits struct {
	reads, writes []time.Duration
	err           error
}

// work reads an inbox and writes a line, over and over, until f has ended.
func work(ctx context.Context, a *app.App, f func() error) (w waits) {
	stop := make(chan struct{})
	var all sync.WaitGroup
	loop := func(into *[]time.Duration, do func() error) {
		defer all.Done()
		for {
			select {
			case <-stop:
				return
			default:
			}
			began := time.Now()
			if err := do(); err != nil {
				w.err = err
				return
			}
			*into = append(*into, time.Since(began))
			time.Sleep(20 * time.Millisecond)
		}
	}
	all.Add(2)
	go loop(&w.reads, func() error {
		return a.DB.Read(ctx, func(tx *db.Tx) error {
			var n int
			return tx.QueryRow(`SELECT COUNT(*) FROM (SELECT id FROM cases WHERE agency = $1 AND state NOT IN ('closed','quarantined') ORDER BY due_at, id LIMIT 50) x`, []any{"rayong"}, &n)
		})
	})
	go loop(&w.writes, func() error {
		return a.DB.InTx(ctx, func(tx *db.Tx) error {
			return a.Audit.Append(tx, audit.Event{Actor: "officer", Action: "case.note", Object: "case:bench"})
		})
	})
	if err := f(); err != nil {
		w.err = err
	}
	close(stop)
	all.Wait()
	return w
}

func middle(d []time.Duration) float64 {
	if len(d) == 0 {
		return 0
	}
	s := slices.Clone(d)
	slices.Sort(s)
	return float64(s[len(s)/2].Microseconds()) / 1000
}

func longest(d []time.Duration) float64 {
	if len(d) == 0 {
		return 0
	}
	return float64(slices.Max(d).Microseconds()) / 1000
}
