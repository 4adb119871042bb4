package app_test

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"prasan/internal/app"
	"prasan/internal/backup"
	"prasan/internal/cases"
	"prasan/internal/config"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// copying is an installation that copies itself to two folders.
func copying(t *testing.T, e *dbtest.Engine) config.Server {
	t.Helper()
	c := settings(t, fresh(t, e))
	c.Backup = config.Backup{To: t.TempDir(), KeysTo: t.TempDir(), KeepDays: 35}
	c.Terms.KeyDays = 14
	c.GA.URL = "https://www.google-analytics.com/mp/collect"
	return c
}

// copied waits until everything committed before now is copied.
func (r *running) copied() {
	r.t.Helper()
	if r.Feed == nil { // PostgreSQL: whole copies
		_, err := r.Backup(context.Background(), r.Config.Backup.To, r.Config.Backup.KeysTo)
		must(r.t, err)
		return
	}
	began := time.Now()
	for end := began.Add(30 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if at, err := r.Feed.AsOf(); at.After(began) {
			return
		} else if err != nil {
			r.t.Fatal(err)
		}
	}
	r.t.Fatal("nothing is copied")
}

// restored is a new installation of what the places have.
func restored(t *testing.T, c config.Server, tombstones ...string) (config.Server, error) {
	t.Helper()
	to := c
	to.Store = config.Store{Data: filepath.Join(t.TempDir(), "new"), Node: "test", MasterKeyFile: c.MasterKeyFile}
	if !strings.HasPrefix(c.Database, "sqlite:") {
		to.Database = dbtest.PostgresURL(t)
	}
	must(t, to.Store.Resolve())
	_, err := app.Restore(context.Background(), to.Store, app.RestoreOptions{From: c.Backup.To, KeysFrom: c.Backup.KeysTo, Tombstones: tombstones})
	to.Backup = config.Backup{}
	return to, err
}

func TestARestoreIsDrilledAndItsSignedResultIsKept(t *testing.T) {
	ctx := context.Background()
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c := copying(t, e)
		r := start(t, c, app.Options{Mode: app.Create})
		r.want(200)(r.toSend(sender).Submit())
		r.copied()
		d, err := r.Drills.Run(ctx, "somebody")
		must(t, err)
		if !d.Good || d.Rows == 0 || d.Tables < 20 {
			t.Errorf("%+v", d)
		}
		list, err := r.Drills.Drills(ctx, 5)
		must(t, err)
		at := slices.IndexFunc(list, func(s backup.Signed) bool { return s.ID == d.ID }) // the first one follows the first copies by itself
		if at < 0 {
			t.Fatalf("%+v", list)
		}
		list = list[at:]
		_, verifier, err := r.AuditKeys()
		must(t, err)
		if read, err := backup.ReadNote([]byte(list[0].Note), verifier); err != nil || read.Rows != d.Rows {
			t.Errorf("%+v, %v", read, err)
		}
		forged := strings.Replace(list[0].Note, `"good":true`, `"good":false`, 1)
		if _, err := backup.ReadNote([]byte(forged), verifier); err == nil {
			t.Error("a changed result passes")
		}
		left := []string{""}
		for end := time.Now().Add(30 * time.Second); len(left) > 0 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
			left, err = filepath.Glob(filepath.Join(c.Data, ".drill-*"))
			must(t, err)
		}
		if len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestADrillFindsACopyThatIsNotWhatItSays(t *testing.T) {
	ctx := context.Background()
	e := dbtest.SQLite(t)
	c := copying(t, e)
	r := start(t, c, app.Options{Mode: app.Create})
	r.copied()
	files, err := filepath.Glob(filepath.Join(c.Backup.To, "*.prasan"))
	must(t, err)
	text, err := os.ReadFile(files[0])
	must(t, err)
	text[len(text)/2] ^= 1
	must(t, os.WriteFile(files[0], text, 0o600))
	d, err := r.Drills.Run(ctx, "somebody")
	must(t, err)
	if d.Good || len(d.Problems) != 1 || d.Problems[0] != "error.backup-damaged" {
		t.Errorf("%+v", d)
	}
	if last, err := r.Setting(ctx, "backup.drill"); err != nil || last != "" {
		t.Errorf("a drill that failed counts: %q, %v", last, err)
	}
}

// find looks for bytes in all files of a folder.
func find(t *testing.T, dir string, what []byte) (in []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, what) {
			in = append(in, filepath.Base(path))
		}
		return err
	}))
	return in
}

func TestWhatWasErasedIsNotInTheRawBytesOfWhatIsRestored(t *testing.T) {
	ctx := context.Background()
	e := dbtest.SQLite(t)
	c := copying(t, e)
	r := start(t, c, app.Options{Mode: app.Create})
	receipt := r.want(200)(r.toSend(sender).Submit())
	r.want(200)(r.toSend(sender).Submit()) // somebody else's, which stays
	reference := receipt.TextOf("reference")
	r.copied()
	var id string
	var sealed []byte
	row := func(d *db.DB) error {
		return d.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT id, message FROM cases WHERE reference = $1`, []any{reference}, &id, &sealed)
		})
	}
	must(t, row(r.DB))
	// A copy from before, as it is kept for years.
	old := filepath.Join(t.TempDir(), "old")
	must(t, os.CopyFS(old, os.DirFS(c.Backup.To)))
	before := c
	before.Backup.To = old
	whole, err := restored(t, before)
	must(t, err)
	if len(find(t, whole.Data, sealed)) == 0 {
		t.Fatal("the case is not in the copy from before: this test proves nothing")
	}
	// It is erased; the copies of the keyring from before are gone when their time is over.
	must(t, cases.EndOfLife{Service: r.Cases}.Erase(ctx, "somebody", []string{id}))
	must(t, r.Feed.Anew(ctx))
	must(t, r.Feed.Anew(ctx))
	kept, err := filepath.Glob(filepath.Join(c.Backup.KeysTo, "*.prasan.keys"))
	must(t, err)
	for _, path := range kept[:len(kept)-1] {
		parts, err := filepath.Glob(strings.TrimSuffix(path, ".prasan.keys") + "*")
		must(t, err)
		for _, part := range parts {
			must(t, os.Remove(part))
		}
	}
	after, err := restored(t, before) // the journal of what was destroyed is lost, too
	must(t, err)
	for name, what := range map[string][]byte{"sealed": sealed, "its id": []byte(id), "open": []byte("มีกลิ่นเหม็น"), "the address": []byte(sender["email"])} {
		if in := find(t, after.Data, what); len(in) > 0 {
			t.Errorf("%s is in the raw bytes of %v", name, in)
		}
	}
	must(t, os.MkdirAll(after.Data, 0o700))
	a, err := app.New(ctx, after, app.Options{Mode: app.Use})
	must(t, err)
	defer a.Close()
	if err := row(a.DB); err == nil {
		t.Error("the program shows it")
	}
	var n int
	must(t, a.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM cases`, nil, &n) }))
	if n != 1 {
		t.Errorf("%d cases are left, not 1", n)
	}
	if found, err := a.Verify(ctx); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
}

func TestAnExcessThatWasErasedDoesNotComeBackWithAnOlderCopy(t *testing.T) {
	ctx := context.Background()
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c := copying(t, e)
		r := start(t, c, app.Options{Mode: app.Create})
		p := r.want(200)(fill(r.get(rayong, "/th/contact", 200), map[string]string{"topic": "problem"}).Submit())
		p = r.want(200)(fill(p, map[string]string{"message": "มีกลิ่นเหม็น บัตร 1-2345-67890-12-1 ของผม"}).Submit())
		p = r.want(200)(fill(p, sender).Submit())
		reference := r.want(200)(p.Form("state").Submit()).TextOf("reference")
		r.copied()
		var id string
		var before, after, message []byte
		read := func(d *db.DB, into *[]byte) {
			must(t, d.Read(ctx, func(tx *db.Tx) error {
				return tx.QueryRow(`SELECT id, message FROM cases WHERE reference = $1`, []any{reference}, &id, into)
			}))
		}
		read(r.DB, &before)
		old := filepath.Join(t.TempDir(), "old")
		must(t, os.CopyFS(old, os.DirFS(c.Backup.To)))
		if n, err := (cases.OfPerson{Service: r.Cases}).EraseExcess(ctx, "somebody", id); err != nil || n != 1 {
			t.Fatalf("%d erased, %v", n, err)
		}
		read(r.DB, &after)
		r.copied()
		a := fromCopy(t, c, old)
		read(a.DB, &message)
		if !bytes.Equal(message, after) || bytes.Equal(before, after) {
			t.Error("the message is the one from before")
		}
		if found, err := a.Verify(ctx); err != nil || len(found) > 0 {
			t.Errorf("%v, %v", found, err)
		}
		if e.Name == "sqlite" {
			if in := find(t, a.Config.Data, before); len(in) > 0 {
				t.Errorf("what was erased is in the raw bytes of %v", in)
			}
		}
	})
}

func TestKeysAreReplacedWhileServingAndCopiesFollow(t *testing.T) {
	ctx := context.Background()
	e := dbtest.SQLite(t)
	c := copying(t, e)
	r := start(t, c, app.Options{Mode: app.Create})
	r.want(200)(r.toSend(sender).Submit())
	r.copied()
	before, err := os.ReadFile(c.MasterKeyFile)
	must(t, err)
	must(t, r.DB.InTx(ctx, func(tx *db.Tx) error { return r.RotateKeys(tx, "somebody", "a breach") }))
	var last backup.Rotation
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if last, err = r.Keys.State(ctx); err == nil && last.ID != "" && last.Phase == "" {
			break
		}
	}
	must(t, err)
	if last.Phase != "" || last.Moved == 0 || last.OldKey {
		t.Fatalf("%+v", last)
	}
	after, err := os.ReadFile(c.MasterKeyFile)
	must(t, err)
	if bytes.Equal(before, after) {
		t.Error("the master key is the same")
	}
	if _, err := os.Stat(c.MasterKeyFile + ".old"); err == nil {
		t.Error("the old key is still there although a copy opens with the new one")
	}
	r.want(200)(r.toSend(sender).Submit()) // serving goes on
	r.copied()
	to, err := restored(t, c)
	must(t, err)
	a, err := app.New(ctx, to, app.Options{Mode: app.Use})
	must(t, err)
	defer a.Close()
	if found, err := a.Verify(ctx); err != nil || len(found) > 0 {
		t.Errorf("%v, %v", found, err)
	}
	var n int
	must(t, a.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM audit WHERE action LIKE 'keys.%'`, nil, &n)
	}))
	if n < 5 {
		t.Errorf("%d lines of the audit tell of it", n)
	}
	// Another master key, and a lost keyring, are refused with what to do, and change nothing.
	must(t, os.WriteFile(to.MasterKeyFile+".wrong", []byte(strings.Repeat("ab", 32)+"\n"), 0o600))
	wrong := c
	wrong.MasterKeyFile = to.MasterKeyFile + ".wrong"
	if to, err := restored(t, wrong); err == nil || errs.As(err).Key != "error.backup-key" {
		t.Errorf("another master key: %v", err)
	} else if _, err := os.Stat(to.Data); err == nil {
		t.Error("a folder is left that looks like an installation")
	}
	lost := c
	lost.Backup.KeysTo = t.TempDir()
	if to, err := restored(t, lost); err == nil || errs.As(err).Key != "error.backup-none" {
		t.Errorf("a lost keyring: %v", err)
	} else if _, err := os.Stat(to.Data); err == nil {
		t.Error("a folder is left that looks like an installation")
	}
}

// fromCopy is the installation as it is restored from an older copy.
func fromCopy(t *testing.T, c config.Server, old string) *app.App {
	t.Helper()
	c.Backup.To = old
	to, err := restored(t, c)
	must(t, err)
	a, err := app.New(context.Background(), to, app.Options{Mode: app.Use})
	must(t, err)
	t.Cleanup(func() { a.Close() })
	return a
}
