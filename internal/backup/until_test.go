package backup_test

import (
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"prasan/internal/backup"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
)

func TestAnEarlierMomentDoesNotBringBackWhatWasDestroyedAfterIt(t *testing.T) {
	e := dbtest.SQLite(t)
	h := newHouse(t, e)
	var minutes atomic.Int64
	h.Source.Now = func() time.Time { return e.Clock.Now().Add(time.Duration(minutes.Load()) * time.Minute) }
	dataTo, keysTo := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "keys")
	f := h.feed(t, dataTo, keysTo)
	stop := run(t, f)
	defer stop()
	copiedSince(t, f)
	h.write(t, 3)
	copiedSince(t, f)
	want, until := sums(t, h.DB), h.Source.Now()
	minutes.Store(5)
	gone := h.subjects[1]
	must(t, h.vault.Shred(ctx, gone))
	h.write(t, 3)
	copiedSince(t, f)
	to := target(t, e, h.Wrapper())
	to.Until = until
	_, err := to.Restore(ctx, find(t, dataTo, backup.Data), find(t, keysTo, backup.Keys))
	must(t, err)
	d, err := db.Open(ctx, to.Database, db.Options{})
	must(t, err)
	defer d.Close()
	if got := sums(t, d); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, not %v", got, want)
	}
	h.lacks(t, to, gone)
}
