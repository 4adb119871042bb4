// Command crash kills the program with SIGKILL under load, again and again, and looks
// after each restart whether every acknowledged message is there, none half, none
// twice. With --trace it also shows that an fsync stands before each acknowledgement:
// a killed process alone would not prove it, since the kernel keeps what was written.
package main

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	"prasan/bench/load"
	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/webtest"
)

func main() {
	binary := flag.String("binary", "bin/prasan", "the program")
	rounds := flag.Int("rounds", 200, "rounds of kill -9")
	database := flag.String("database", "", "postgres://... instead of SQLite")
	trace := flag.Bool("trace", false, "check the order of fsync and acknowledgement with strace instead")
	flag.Parse()
	var err error
	if *trace {
		err = traceOrder(*binary)
	} else {
		err = run(*binary, *database, *rounds)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "crash:", err)
		os.Exit(1)
	}
}

// tally collects what was acknowledged: the receipts' addresses.
type tally struct {
	mu       sync.Mutex
	receipts []string
	sent     int
}

func run(binary, database string, rounds int) error {
	dir, err := os.MkdirTemp("", "prasan-crash")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	url := database
	if url == "" {
		url = "sqlite:" + filepath.Join(dir, "prasan.db")
	}
	args := []string{"demo", "--empty", "--data", dir, "--rate-limits", "off", "--database", url}
	all := &tally{}
	var form *load.Form
	began := time.Now()
	for round := range rounds {
		s, err := load.Start(binary, args...)
		if err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		fresh := &tally{}
		if form == nil {
			if form, err = load.Prepare(s.Addr); err != nil {
				return err
			}
		}
		hammer(s, form, fresh, round)
		all.sent += fresh.sent
		// Each round's receipts are opened after the next start.
		again, err := load.Start(binary, args...)
		if err != nil {
			return fmt.Errorf("round %d: the program does not start after the kill: %w", round, err)
		}
		err = present(again.Addr, fresh.receipts)
		again.Kill()
		if err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		all.receipts = append(all.receipts, fresh.receipts...)
	}
	counts, err := inspect(url)
	if err != nil {
		return err
	}
	fmt.Printf("rounds of kill -9 under load: %d in %s\nacknowledged messages: %d\nacknowledged and missing: 0\nmessages in the database: %d (the rest were committed before the kill and not yet acknowledged)\nhalf messages: %d\nmessages twice: %d\nfaults in the audit chain: %d\n",
		rounds, time.Since(began).Round(time.Second), len(all.receipts), counts.cases, counts.half, counts.twice, counts.faults)
	if counts.half+counts.twice+counts.faults > 0 || counts.cases < len(all.receipts) {
		return fmt.Errorf("the promise was broken")
	}
	return nil
}

// hammer loads the server for a random while and kills it.
func hammer(s *load.Server, form *load.Form, t *tally, round int) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			c, err := load.Dial(s.Addr)
			if err != nil {
				return
			}
			defer c.Close()
			for n := 0; ; n++ {
				t.mu.Lock()
				t.sent++
				t.mu.Unlock()
				receipt, err := form.Submit(c, round*1000000+i*100000+n)
				if err != nil {
					return // the server is gone
				}
				t.mu.Lock()
				t.receipts = append(t.receipts, receipt)
				t.mu.Unlock()
			}
		})
	}
	time.Sleep(time.Duration(30+rand.IntN(220)) * time.Millisecond)
	s.Kill()
	wg.Wait()
}

// present opens a share of the receipts: all of a small round, every third of a large one.
func present(addr string, receipts []string) error {
	c := webtest.New(addr)
	step := 1 + len(receipts)/60
	for i := 0; i < len(receipts); i += step {
		p, err := c.Get("http://" + load.Host + receipts[i])
		if err != nil {
			return err
		}
		if p.Status != 200 || p.TextOf("reference") == "" {
			return fmt.Errorf("an acknowledged message is not there: %s gave %d", receipts[i], p.Status)
		}
	}
	return nil
}

type counts struct{ cases, half, twice, faults int }

// inspect reads the database: each case has its event, its line in the processing log,
// its queued acknowledgement and its index; no nonce and no reference is there twice.
func inspect(url string) (c counts, err error) {
	d, err := db.Open(context.Background(), url, db.Options{})
	if err != nil {
		return c, err
	}
	defer d.Close()
	err = d.Read(context.Background(), func(tx *db.Tx) error {
		for query, dest := range map[string]*int{
			`SELECT COUNT(*) FROM cases`: &c.cases,
			`SELECT COUNT(*) FROM cases c WHERE NOT EXISTS (SELECT 1 FROM case_events e WHERE e.case_id = c.id) OR NOT EXISTS (SELECT 1 FROM outbox o WHERE o.case_id = c.id) OR NOT EXISTS (SELECT 1 FROM processing_log p WHERE p.subject = c.subject_key) OR NOT EXISTS (SELECT 1 FROM case_index i WHERE i.case_id = c.id)`: &c.half,
			`SELECT COUNT(*) - COUNT(DISTINCT nonce_hash) + COUNT(*) - COUNT(DISTINCT reference) FROM cases`: &c.twice,
		} {
			if err := tx.QueryRow(query, nil, dest); err != nil {
				return err
			}
		}
		return tx.Each(`SELECT 1 FROM case_events e WHERE NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = e.case_id)`, nil, func(*sql.Rows) error { c.half++; return nil })
	})
	if err != nil {
		return c, err
	}
	report, err := audit.Verify(context.Background(), d, nil)
	c.faults = len(report.Faults)
	return c, err
}
