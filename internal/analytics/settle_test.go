package analytics

import (
	"context"
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
)

// busy is a clock at each of whose looks, of which a transaction takes one, f is called.
type busy struct{ f func() }

func (b busy) Now() time.Time {
	b.f()
	return dbtest.Start
}

func TestSettlingCountsWhatWasThereWhenItBegan(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := &Service{full: make(chan struct{}, 1)}
		come := func() {}
		d, err := db.Open(context.Background(), e.URL, db.Options{Clock: busy{func() { come() }}})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		s.DB, s.Journal = d, d
		last := int64(0)
		come = func() { // an entry that holds nothing costs nothing to count
			if last++; last <= 100 {
				s.mu.Lock()
				s.entries = append(s.entries, entry{seq: last})
				s.mu.Unlock()
			}
		}
		come()
		come()
		if !s.settle(context.Background()) {
			t.Fatal("not settled")
		}
		come = func() {}
		if len(s.entries) == 0 || s.entries[0].seq <= 2 {
			t.Errorf("%d entries wait of %d that came, the first of them is %v", len(s.entries), last, s.entries[:min(1, len(s.entries))])
		}
	})
}
