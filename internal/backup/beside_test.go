package backup_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"prasan/internal/backup"
	"prasan/internal/db/dbtest"
)

// The clock of these tests stands still: all copies are of the same second.
func TestCopiesOfTheSameSecondTakeNamesOfTheirOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		dir := t.TempDir()
		names := map[string]bool{}
		done := make(chan string)
		for range 4 {
			go func() {
				r, err := h.Write(ctx, backup.Copy{Place: folder(t, dir)})
				if err != nil {
					t.Error(err)
				}
				done <- r.Name
			}()
		}
		for range 4 {
			names[<-done] = true
		}
		left, err := filepath.Glob(filepath.Join(dir, "*"))
		must(t, err)
		if len(names) != 4 || len(left) != 4 {
			t.Errorf("%v, in the folder %v", names, left)
		}
		for name := range names {
			if r, err := backup.Verify(ctx, backup.Copy{Place: folder(t, dir), Name: name}, h.Wrapper()); err != nil || r.Increments != 0 {
				t.Errorf("%s: %d increments, %v", name, r.Increments, err)
			}
		}
	})
}

func TestIncrementsDoNotHangOnTheCopyOfACommand(t *testing.T) {
	e := dbtest.SQLite(t)
	h := newHouse(t, e)
	dataTo, keysTo := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "keys")
	f := h.feed(t, dataTo, keysTo)
	byHand, err := h.Write(ctx, backup.Copy{Place: folder(t, dataTo)})
	must(t, err)
	stop := run(t, f)
	defer stop()
	copiedSince(t, f)
	for range 3 {
		h.write(t, 100)
		copiedSince(t, f)
		again, err := h.Write(ctx, backup.Copy{Place: folder(t, dataTo)})
		must(t, err)
		if r, err := backup.Verify(ctx, backup.Copy{Place: folder(t, dataTo), Name: again.Name}, h.Wrapper()); err != nil || r.Increments != 0 {
			t.Errorf("%s: %d increments, %v", again.Name, r.Increments, err)
		}
	}
	if r, err := backup.Verify(ctx, backup.Copy{Place: folder(t, dataTo), Name: byHand.Name}, h.Wrapper()); err != nil || r.Increments != 0 {
		t.Errorf("by hand: %d increments, %v", r.Increments, err)
	}
	parts, err := filepath.Glob(filepath.Join(dataTo, "*.inc"))
	must(t, err)
	if len(parts) < 3 {
		t.Fatalf("%d increments: this test proves nothing", len(parts))
	}
	must(t, f.Anew(ctx))
	h.write(t, 1)
	copiedSince(t, f)
	want := sums(t, h.DB)
	if got, done, _ := h.restored(t, e, dataTo, keysTo); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("after %d increments the copy differs", done.Data.Increments)
	}
}
