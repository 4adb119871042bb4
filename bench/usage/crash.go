package main

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"prasan/bench/load"
	"prasan/internal/db"
)

// account is what was sent to a program that was killed again and again. Every other hit
// is a report of time that bears a number of its own, by which it is found again.
type account struct {
	mu      sync.Mutex
	numbers []int64 // of reports of time that were acknowledged
	views   int64   // pages that were acknowledged
	flight  int64   // hits that were sent and never answered
	next    atomic.Int64
}

// lastNumber is the largest that a report of time may bear (milliseconds).
const lastNumber = 1_800_000

func crash(binary, database string, rounds, conns int) error {
	dir, err := os.MkdirTemp("", "prasan-usage-crash")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w := newWorkload(7, sitesOf("industry.localhost"))
	a := &account{}
	began := time.Now()
	for round := range rounds {
		s, err := start(binary, dir, database)
		if err != nil {
			return fmt.Errorf("round %d: %w", round, err)
		}
		a.hammer(s, w, conns)
		if a.next.Load() > lastNumber-100_000 {
			rounds = round + 1
			break
		}
	}
	s, err := start(binary, dir, database)
	if err != nil {
		return fmt.Errorf("the program does not start after the last kill: %w", err)
	}
	if err := s.Stop(); err != nil {
		return err
	}
	return a.settle(binary, dir, database, rounds, time.Since(began))
}

// hammer loads the server at full rate for a random while and kills it.
func (a *account) hammer(s *load.Server, w *workload, conns int) {
	var wg sync.WaitGroup
	for range conns {
		wg.Go(func() {
			conn, err := net.Dial("tcp", s.Addr)
			if err != nil {
				return
			}
			defer conn.Close()
			in := bufio.NewReader(conn)
			for {
				i := a.next.Add(1)
				if !a.send(conn, in, w, i) {
					return // the server is gone
				}
			}
		})
	}
	time.Sleep(time.Duration(100+rand.IntN(500)) * time.Millisecond)
	s.Kill()
	wg.Wait()
}

func (a *account) send(conn net.Conn, in *bufio.Reader, w *workload, i int64) bool {
	h := w.hit(uint64(i))
	body := fmt.Sprintf(`{"n":"page_view","u":"https://%s%s","w":%d}`, h.Site, h.Path, h.Width)
	if i%2 == 0 {
		body = fmt.Sprintf(`{"n":"user_engagement","u":"https://%s%s","w":%d,"p":{"engagement_time_msec":%d}}`, h.Site, h.Path, h.Width, i)
	}
	_, err := fmt.Fprintf(conn, "POST /p HTTP/1.1\r\nHost: %s\r\nUser-Agent: %s\r\nX-Forwarded-For: %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s", h.Site, h.Agent, h.Addr, len(body), body)
	ok := false
	if err == nil {
		ok, err = answer(in)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case err != nil:
		a.flight++
	case ok && i%2 == 0:
		a.numbers = append(a.numbers, i)
	case ok:
		a.views++
	}
	return err == nil
}

// settle looks for what was acknowledged, and has the program count again.
func (a *account) settle(binary, dir, database string, rounds int, long time.Duration) error {
	if database == "" {
		database = "sqlite:" + filepath.Join(dir, "prasan.db")
	}
	found, views, err := storedHits(database)
	if err != nil {
		return err
	}
	missing, twice := 0, 0
	for _, n := range a.numbers {
		if found[n] == 0 {
			missing++
		}
	}
	for _, n := range found {
		if n > 1 {
			twice++
		}
	}
	if views < a.views {
		missing += int(a.views - views)
	}
	if over := views - a.views - a.flight; over > 0 {
		twice += int(over)
	}
	recount, err := exec.Command(binary, "usage", "recount", "--data", dir, "--database", database).CombinedOutput()
	lines := strings.Split(strings.TrimSpace(string(recount)), "\n")
	fmt.Printf("rounds of kill -9 at full rate: %d in %s\nacknowledged hits: %d\nacknowledged and missing: %d\ncounted twice: %d\nhits in the database: %d (the rest were committed before the kill and not yet acknowledged)\nrecount: %s\n",
		rounds, long.Round(time.Second), int64(len(a.numbers))+a.views, missing, twice, int64(len(found))+views, lines[len(lines)-1])
	if missing+twice > 0 || err != nil {
		return fmt.Errorf("the promise was broken: %s %v", lines[0], err)
	}
	return nil
}

// storedHits are the numbers of the reports of time that are stored, how often each, and
// how many pages.
func storedHits(database string) (numbers map[int64]int, views int64, err error) {
	ctx := context.Background()
	d, err := db.Open(ctx, database, db.Options{})
	if err != nil {
		return nil, 0, err
	}
	defer d.Close()
	numbers = map[int64]int{}
	err = d.Read(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(`SELECT COUNT(*) FROM usage_hits h JOIN usage_terms t ON t.id = h.name WHERE t.text = 'page_view'`, nil, &views); err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT h.value FROM usage_hits h JOIN usage_terms t ON t.id = h.name WHERE t.text = 'user_engagement'`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var n int64
			if err := rows.Scan(&n); err != nil {
				return err
			}
			numbers[n]++
		}
		return rows.Err()
	})
	return numbers, views, err
}
