package backup_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"prasan/internal/backup"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
)

// counter takes entries down, counts them in the database a moment later, and takes them
// out again, as the counting of usage does.
type counter struct {
	mu      sync.Mutex
	waiting []int
	last    int // the newest entry
}

// rows gives what waits, after the number of the newest entry. It takes its time, so that
// much is counted before it and after it.
func (c *counter) rows(context.Context) ([]byte, error) {
	time.Sleep(10 * time.Millisecond)
	defer time.Sleep(10 * time.Millisecond)
	c.mu.Lock()
	defer c.mu.Unlock()
	out := fmt.Appendln(nil, c.last)
	for _, n := range c.waiting {
		out = fmt.Appendln(out, n)
	}
	return out, nil
}

// step takes entries down, and counts those that wait.
func (c *counter) step(t *testing.T, d *db.DB) {
	c.mu.Lock()
	for range 1 + rand.IntN(3) {
		c.last++
		c.waiting = append(c.waiting, c.last)
	}
	waiting := c.waiting
	c.mu.Unlock()
	time.Sleep(time.Duration(rand.IntN(4)) * time.Millisecond)
	must(t, d.InTx(ctx, func(tx *db.Tx) error {
		for _, n := range waiting {
			if _, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2)`, fmt.Sprint("counted-", n), strings.Repeat("x", 3000)); err != nil {
				return err
			}
		}
		return nil
	}))
	c.mu.Lock()
	c.waiting = c.waiting[len(waiting):]
	c.mu.Unlock()
}

// lost are entries that had been taken down when the journal was copied, and that a restored
// installation neither has counted nor has to count.
func lost(t *testing.T, h *house, e *dbtest.Engine, dataTo, keysTo string) (gone []int, counted, waiting int) {
	t.Helper()
	last, have := 0, map[string]bool{}
	to := target(t, e, h.Wrapper())
	to.Journal = func(_ context.Context, _ string, rows io.Reader) error {
		text, err := io.ReadAll(rows)
		first, rest, _ := bytes.Cut(text, []byte("\n"))
		if err == nil {
			last, err = strconv.Atoi(string(first))
		}
		for line := range bytes.Lines(rest) {
			have["counted-"+strings.TrimSpace(string(line))] = true
			waiting++
		}
		return err
	}
	_, err := to.Restore(ctx, find(t, dataTo, backup.Data), find(t, keysTo, backup.Keys))
	if errs.As(err).Key == "error.backup-missing" { // one increment has taken the place of many meanwhile
		return lost(t, h, e, dataTo, keysTo)
	}
	must(t, err)
	d, err := db.Open(ctx, to.Database, db.Options{})
	must(t, err)
	defer d.Close()
	must(t, d.Read(ctx, func(tx *db.Tx) error {
		for i := 1; i <= last; i++ {
			name := fmt.Sprint("counted-", i)
			var found int
			if err := tx.QueryRow(`SELECT COUNT(*) FROM settings WHERE name = $1`, []any{name}, &found); err != nil {
				return err
			}
			if counted += found; found == 0 && !have[name] {
				gone = append(gone, i)
			}
		}
		return nil
	}))
	return gone, counted, waiting
}

func TestNoEntryThatWaitsToBeCountedIsLostBetweenJournalAndDatabase(t *testing.T) {
	e := dbtest.SQLite(t)
	h := newHouse(t, e)
	c := &counter{}
	h.Source.Journal = c.rows
	dataTo, keysTo := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "keys")
	f := h.feed(t, dataTo, keysTo)
	stop := run(t, f)
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-quit:
				return
			default:
				c.step(t, e.DB)
			}
		}
	}()
	defer func() { close(quit); <-ended; stop() }()
	waited := 0
	for round := range 6 {
		copiedSince(t, f)
		if round%2 == 1 {
			must(t, f.Anew(ctx))
		}
		gone, counted, waiting := lost(t, h, e, dataTo, keysTo)
		if waited += waiting; len(gone) > 0 || counted == 0 {
			t.Errorf("round %d: %d entries are counted, %d wait, and %v are lost", round, counted, waiting, gone)
		}
	}
	if waited == 0 {
		t.Error("nothing waits in any copy: this test proves nothing")
	}
}

func TestAJournalOfBeforeGoesWithTheCopyThatHadIt(t *testing.T) {
	e := dbtest.SQLite(t)
	h := newHouse(t, e)
	c := &counter{waiting: []int{1}}
	dataTo, keysTo := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "keys")
	waits := func() int {
		_, _, n := lost(t, h, e, dataTo, keysTo)
		return n
	}
	h.Source.Journal = c.rows
	f := h.feed(t, dataTo, keysTo)
	stop := run(t, f)
	copiedSince(t, f)
	h.write(t, 1)
	copiedSince(t, f)
	if n := waits(); n != 1 {
		t.Errorf("%d entries wait, not 1", n)
	}
	stop()
	h.Source.Journal = nil // as a program that does not know of it
	f = h.feed(t, dataTo, keysTo)
	stop = run(t, f)
	defer stop()
	h.write(t, 1)
	copiedSince(t, f)
	if n := waits(); n != 0 {
		t.Errorf("%d entries wait that may have been counted long ago", n)
	}
}

func TestACopyByHandHasTheJournal(t *testing.T) {
	e := dbtest.SQLite(t)
	h := newHouse(t, e)
	h.Source.Journal = (&counter{waiting: []int{1, 2}}).rows
	dataTo, keysTo := t.TempDir(), t.TempDir()
	for kind, dir := range map[string]string{backup.Data: dataTo, backup.Keys: keysTo} {
		to := backup.Copy{Place: folder(t, dir), Name: backup.WholeName(kind, time.Now())}
		write := h.Write
		if kind == backup.Keys {
			write = h.WriteKeys
		}
		_, err := write(ctx, to)
		must(t, err)
	}
	if _, _, n := lost(t, h, e, dataTo, keysTo); n != 2 {
		t.Errorf("%d entries wait, not 2", n)
	}
}
