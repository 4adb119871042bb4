package backup_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/backup"
	"prasan/internal/backup/place"
	"prasan/internal/clock"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
)

// yearly is a schedule on which nothing is due in a test.
func yearly(after time.Time) time.Time { return after.AddDate(1, 0, 0) }

// feedOf copies a house to two folders.
func (h *house) feed(t *testing.T, dataTo, keysTo string) *backup.Feed {
	t.Helper()
	stream := func(kind string, d *db.DB, to string) *backup.Stream {
		must(t, os.MkdirAll(to, 0o700))
		s := &backup.Stream{Source: h.Source, Kind: kind, DB: d, Place: folder(t, to), State: filepath.Join(filepath.Dir(h.Files), "copied-"+kind)}
		must(t, s.Resume(ctx))
		return s
	}
	data, keys := stream(backup.Data, h.DB, dataTo), stream(backup.Keys, h.Source.Keys, keysTo)
	return backup.NewFeed(data, keys, time.Now, yearly)
}

func run(t *testing.T, f *backup.Feed) (stop func()) {
	t.Helper()
	c, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); f.Run(c) }()
	return func() {
		cancel()
		<-ended
		f.Data.Leave()
		f.Keys.Leave()
	}
}

// copiedSince waits until everything committed before now is copied.
func copiedSince(t *testing.T, f *backup.Feed) {
	t.Helper()
	began := time.Now()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if at, err := f.Data.AsOf(); err == nil && at.After(began) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
	t.Fatal("nothing is copied")
}

func (h *house) write(t *testing.T, n int) {
	t.Helper()
	must(t, h.DB.InTx(ctx, func(tx *db.Tx) error {
		for range n {
			if _, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2)`, db.NewID(), strings.Repeat("x", rand.IntN(5000))); err != nil {
				return err
			}
		}
		return nil
	}))
}

func sums(t *testing.T, d *db.DB) []db.TableSum {
	t.Helper()
	var out []db.TableSum
	must(t, d.Read(ctx, func(tx *db.Tx) (err error) { out, err = db.Sums(ctx, tx, nil); return err }))
	return out
}

func find(t *testing.T, dir, kind string) backup.Copy {
	t.Helper()
	c, err := backup.Find(ctx, dir, kind, place.Options{})
	must(t, err)
	return c
}

// restored restores what the folders have, and returns what its tables hold.
func (h *house) restored(t *testing.T, e *dbtest.Engine, dataTo, keysTo string) ([]db.TableSum, backup.Restored, backup.Target) {
	t.Helper()
	to := target(t, e, h.Wrapper())
	done, err := to.Restore(ctx, find(t, dataTo, backup.Data), find(t, keysTo, backup.Keys))
	must(t, err)
	d, err := db.Open(ctx, to.Database, db.Options{})
	must(t, err)
	defer d.Close()
	return sums(t, d), done, to
}

func TestWhateverIsCommittedIsCopiedWithinAMoment(t *testing.T) {
	e := dbtest.SQLite(t)
	h := newHouse(t, e)
	dataTo, keysTo := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "keys")
	f := h.feed(t, dataTo, keysTo)
	stop := run(t, f)
	copiedSince(t, f)
	for range 40 { // long enough for the log to be folded and begun anew
		h.write(t, 200)
		time.Sleep(20 * time.Millisecond)
	}
	must(t, os.WriteFile(filepath.Join(h.Files, "ab", "two"), []byte("later"), 0o600))
	f.Data.Stored(filepath.Join(h.Files, "ab", "two"))
	h.write(t, 1)
	copiedSince(t, f)
	want := sums(t, h.DB)
	got, done, to := h.restored(t, e, dataTo, keysTo)
	if fmt.Sprint(want) != fmt.Sprint(got) {
		t.Errorf("after %d increments the copy differs", done.Data.Increments)
	}
	if text, err := os.ReadFile(filepath.Join(to.Data, "files", "ab", "two")); err != nil || string(text) != "later" {
		t.Errorf("the attachment that came later: %q, %v", text, err)
	}
	// A new whole copy takes over while others write.
	go func() { must(t, f.Anew(ctx)) }()
	for range 20 {
		h.write(t, 50)
		time.Sleep(10 * time.Millisecond)
	}
	must(t, f.Anew(ctx))
	h.write(t, 5)
	copiedSince(t, f)
	want = sums(t, h.DB)
	got, done, _ = h.restored(t, e, dataTo, keysTo)
	if fmt.Sprint(want) != fmt.Sprint(got) {
		t.Errorf("after a new whole copy and %d increments the copy differs", done.Data.Increments)
	}
	// The next process goes on where this one stopped.
	stop()
	h.write(t, 3)
	f = h.feed(t, dataTo, keysTo)
	stop = run(t, f)
	defer stop()
	copiedSince(t, f)
	before := find(t, dataTo, backup.Data).Name
	want = sums(t, h.DB)
	got, again, _ := h.restored(t, e, dataTo, keysTo)
	if fmt.Sprint(want) != fmt.Sprint(got) || again.Data.Head.Made != done.Data.Head.Made {
		t.Errorf("the next process did not go on with %s", before)
	}
}

func TestAMissingOrChangedIncrementIsFound(t *testing.T) {
	e := dbtest.SQLite(t)
	h := newHouse(t, e)
	dataTo, keysTo := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "keys")
	f := h.feed(t, dataTo, keysTo)
	stop := run(t, f)
	copiedSince(t, f)
	for range 4 {
		h.write(t, 3)
		copiedSince(t, f)
	}
	stop()
	c := find(t, dataTo, backup.Data)
	good, err := backup.Verify(ctx, c, h.Wrapper())
	if err != nil || good.Increments < 4 {
		t.Fatalf("%d increments, %v", good.Increments, err)
	}
	parts, err := filepath.Glob(filepath.Join(dataTo, "*.0*.inc"))
	must(t, err)
	text, err := os.ReadFile(parts[1])
	must(t, err)
	must(t, os.Remove(parts[1]))
	if _, err := backup.Verify(ctx, c, h.Wrapper()); err == nil || errs.As(err).Key != "error.backup-gap" {
		t.Errorf("missing: %v", err)
	}
	to := target(t, e, h.Wrapper())
	if _, err := to.Restore(ctx, c, find(t, keysTo, backup.Keys)); err == nil || errs.As(err).Key != "error.backup-gap" {
		t.Errorf("restored without it: %v", err)
	}
	text[len(text)/2] ^= 1
	must(t, os.WriteFile(parts[1], text, 0o600))
	if _, err := backup.Verify(ctx, c, h.Wrapper()); errs.KindOf(err) != errs.Invalid {
		t.Errorf("changed: %v", err)
	}
	text[len(text)/2] ^= 1
	must(t, os.WriteFile(parts[1], text, 0o600))
	must(t, os.Rename(parts[2], parts[2]+".kept"))
	must(t, os.WriteFile(parts[2], text, 0o600)) // another increment under its name
	if _, err := backup.Verify(ctx, c, h.Wrapper()); errs.KindOf(err) != errs.Invalid {
		t.Errorf("exchanged: %v", err)
	}
	_ = os.Remove(parts[2])
	must(t, os.Rename(parts[2]+".kept", parts[2]))
	if _, err := backup.Verify(ctx, c, h.Wrapper()); err != nil {
		t.Errorf("as it was: %v", err)
	}
}

// streamIn names the folder of a process of this test binary that writes and copies until
// it is killed.
const streamIn = "PRASAN_TEST_STREAM"

func TestMain(m *testing.M) {
	for name, run := range map[string]func(dir string){streamIn: writeForEver, copyIn: copyForEver, restoreIn: restoreForEver} {
		if dir := os.Getenv(name); dir != "" {
			run(dir)
		}
	}
	os.Exit(m.Run())
}

// writeForEver acknowledges on standard output what is committed, with its time.
func writeForEver(dir string) {
	source := sourceIn(dir)
	d, ring := source.DB, source.Keys
	stream := func(kind string, x *db.DB, to string) *backup.Stream {
		p, err := place.Open(filepath.Join(dir, to), place.Options{})
		die(err)
		s := &backup.Stream{Source: source, Kind: kind, DB: x, Place: p, State: filepath.Join(dir, "copied-"+kind)}
		die(s.Resume(ctx))
		return s
	}
	f := backup.NewFeed(stream(backup.Data, d, "data"), stream(backup.Keys, ring, "keys"), time.Now, yearly)
	go f.Run(ctx)
	for at, _ := f.Data.AsOf(); at.IsZero(); at, _ = f.Data.AsOf() {
		time.Sleep(10 * time.Millisecond)
	}
	for {
		id := db.NewID()
		die(d.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2)`, id, strings.Repeat("x", rand.IntN(9000)))
			return err
		}))
		fmt.Println(id, time.Now().UnixMicro())
	}
}

func TestAProcessThatIsKilledLosesAtMostASecond(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"data", "keys"} {
		must(t, os.Mkdir(filepath.Join(dir, name), 0o700))
	}
	e := &dbtest.Engine{DB: &db.DB{Dialect: db.SQLite}}
	e.Clock = clock.NewFixed(time.Now())
	acknowledged := map[string]int64{}
	for round := range 4 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), streamIn+"="+dir)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		lines := bufio.NewScanner(out)
		timer := time.AfterFunc(1500*time.Millisecond+time.Duration(rand.IntN(1500))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		var last int64
		for lines.Scan() {
			var id string
			var at int64
			if n, _ := fmt.Sscan(lines.Text(), &id, &at); n != 2 {
				t.Fatal(lines.Text())
			}
			acknowledged[id], last = at, at
		}
		_ = cmd.Wait()
		timer.Stop()
		if last == 0 {
			continue
		}
		// The disk is lost: what is left are the copies.
		to := target(t, e, master(t, 1))
		done, err := to.Restore(ctx, find(t, filepath.Join(dir, "data"), backup.Data), find(t, filepath.Join(dir, "keys"), backup.Keys))
		must(t, err)
		d, err := db.Open(ctx, to.Database, db.Options{})
		must(t, err)
		lost, old := 0, 0
		must(t, d.Read(ctx, func(tx *db.Tx) error {
			for id, at := range acknowledged {
				var n int
				if err := tx.QueryRow(`SELECT COUNT(*) FROM settings WHERE name = $1`, []any{id}, &n); err != nil {
					return err
				}
				if n == 0 {
					lost++
					if last-at > time.Second.Microseconds() {
						old++
					}
				}
			}
			return nil
		}))
		if bad, err := d.Integrity(ctx); err != nil || len(bad) > 0 {
			t.Errorf("round %d: %v, %v", round, bad, err)
		}
		must(t, d.Close())
		t.Logf("round %d: %d acknowledged, %d in the last moment before the end not copied, %d increments", round, len(acknowledged), lost, done.Data.Increments)
		if old > 0 {
			t.Errorf("round %d: %d that were acknowledged more than a second before the end are lost", round, old)
		}
	}
	if len(acknowledged) == 0 {
		t.Error("nothing was written: this test proves nothing")
	}
}

func TestEveryBitThatChangesInALiveFileIsFoundAgainstItsCopy(t *testing.T) {
	e := dbtest.SQLite(t)
	h := newHouse(t, e)
	dataTo, keysTo := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "keys")
	f := h.feed(t, dataTo, keysTo)
	stop := run(t, f)
	copiedSince(t, f)
	h.write(t, 300)
	copiedSince(t, f)
	stop()
	c := find(t, dataTo, backup.Data)
	if found, err := backup.Against(ctx, e.DB, c, h.Wrapper()); err != nil || len(found) > 0 {
		t.Fatalf("untouched: %v, %v", found, err)
	}
	// What is written later is no damage.
	must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE settings SET value = 'later' WHERE name = (SELECT MIN(name) FROM settings)`)
		return err
	}))
	if found, err := backup.Against(ctx, e.DB, c, h.Wrapper()); err != nil || len(found) > 0 {
		t.Fatalf("written to: %v, %v", found, err)
	}
	path := strings.TrimPrefix(e.URL, "sqlite:")
	must(t, e.DB.Close())
	good, err := os.ReadFile(path)
	must(t, err)
	log, err := os.ReadFile(path + "-wal")
	must(t, err)
	for range 40 {
		dir := t.TempDir()
		bad := filepath.Join(dir, "bad.db")
		text := append([]byte(nil), good...)
		at := 100 + rand.IntN(len(text)-100) // the first bytes are the engine's own, which it checks
		text[at] ^= 1 << rand.IntN(8)
		must(t, os.WriteFile(bad, text, 0o600))
		must(t, os.WriteFile(bad+"-wal", log, 0o600))
		d, err := db.Open(ctx, "sqlite:"+bad, db.Options{})
		if err != nil {
			continue // found by the engine
		}
		found, err := backup.Against(ctx, d, c, h.Wrapper())
		d.Close()
		inLog := false // a page that the log has is not read from the file
		for o := 32; o+24 <= len(log); o += 24 + 4096 {
			inLog = inLog || int(log[o])<<24|int(log[o+1])<<16|int(log[o+2])<<8|int(log[o+3]) == at/4096+1
		}
		if err == nil && len(found) == 0 && !inLog {
			t.Errorf("byte %d of %d: not found", at, len(good))
		}
	}
}
