package backup_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/backup"
	"prasan/internal/backup/place"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/vault"
)

var ctx = context.Background()

// house is an installation small enough to be copied often.
type house struct {
	backup.Source
	vault    *vault.Vault
	minter   *vault.Minter
	subjects []string
	sealed   map[string][]byte
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func master(t *testing.T, b byte) vault.KeyWrapper {
	t.Helper()
	key := make([]byte, 32)
	key[0] = b
	m, err := vault.NewMaster(key)
	must(t, err)
	return m
}

func newHouse(t *testing.T, e *dbtest.Engine) *house {
	t.Helper()
	dir := t.TempDir()
	url, schema := "sqlite:"+filepath.Join(dir, "keyring.db"), ""
	if e.DB.Dialect == db.PostgreSQL {
		url, schema = e.URL, "keyring"
	}
	keys, err := db.Open(ctx, url, db.Options{Clock: e.Clock, Schema: schema})
	must(t, err)
	t.Cleanup(func() { keys.Close() })
	h := &house{sealed: map[string][]byte{}}
	h.Source = backup.Source{DB: e.DB, Keys: keys, Files: filepath.Join(dir, "files"), Tombstones: filepath.Join(dir, backup.NameOfTombstones), Wrapper: func() vault.KeyWrapper { return master(t, 1) }, Schema: 1, Node: "n", Program: "test", Now: e.Clock.Now}
	h.vault, h.minter, err = vault.Open(ctx, keys, h.Wrapper())
	must(t, err)
	h.vault.KeepTombstones(h.Tombstones)
	must(t, os.MkdirAll(filepath.Join(h.Files, "ab"), 0o700))
	must(t, os.WriteFile(filepath.Join(h.Files, "ab", "one"), []byte(strings.Repeat("sealed attachment ", 200000)), 0o600))
	for i := range 5 {
		s, err := h.vault.NewSubject(ctx, e.Clock.Now())
		must(t, err)
		must(t, h.vault.Keep(ctx, s))
		h.subjects = append(h.subjects, s.ID)
		h.sealed[s.ID] = s.Seal("settings:x:value", []byte(fmt.Sprintf("เรื่องที่ %d", i)))
		must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2)`, s.ID, fmt.Sprintf("%x", h.sealed[s.ID]))
			return err
		}))
	}
	return h
}

// target is a place to restore to: a folder, or two empty databases.
func target(t *testing.T, e *dbtest.Engine, w vault.KeyWrapper) backup.Target {
	t.Helper()
	data := filepath.Join(t.TempDir(), "restored")
	to := backup.Target{Data: data, Database: "sqlite:" + filepath.Join(data, "prasan.db"), Keyring: "sqlite:" + filepath.Join(data, "keyring.db"), Wrapper: w}
	if e.DB.Dialect == db.PostgreSQL {
		to.Database = dbtest.PostgresURL(t)
		to.Keyring, to.Schema = to.Database, "keyring"
	}
	return to
}

func folder(t *testing.T, dir string) place.Place {
	t.Helper()
	p, err := place.Open(dir, place.Options{})
	must(t, err)
	return p
}

func (h *house) copies(t *testing.T) (data, keys backup.Copy) {
	t.Helper()
	p := folder(t, t.TempDir())
	data, keys = backup.Copy{Place: p, Name: "data"}, backup.Copy{Place: p, Name: "keys"}
	_, err := h.Write(ctx, data)
	must(t, err)
	_, err = h.WriteKeys(ctx, keys)
	must(t, err)
	return data, keys
}

// path is where a copy lies.
func path(c backup.Copy) string { return filepath.Join(c.Place.String(), c.Name) }

func TestARestoredInstallationHasWhatWasCopied(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		data, keys := h.copies(t)
		to := target(t, e, h.Wrapper())
		done, err := to.Restore(ctx, data, keys)
		must(t, err)
		if done.Data.Head.Kind != backup.Data || done.Keys.Head.Kind != backup.Keys || done.Tombstones != 0 {
			t.Errorf("%+v", done)
		}
		restored, err := db.Open(ctx, to.Database, db.Options{})
		must(t, err)
		defer restored.Close()
		must(t, restored.Read(ctx, func(tx *db.Tx) error {
			for id, sealed := range h.sealed {
				var value string
				if err := tx.QueryRow(`SELECT value FROM settings WHERE name = $1`, []any{id}, &value); err != nil || value != fmt.Sprintf("%x", sealed) {
					t.Errorf("%s: %v %q", id, err, value)
				}
			}
			return nil
		}))
		before, err := os.ReadFile(filepath.Join(h.Files, "ab", "one"))
		must(t, err)
		after, err := os.ReadFile(filepath.Join(to.Data, "files", "ab", "one"))
		if err != nil || string(before) != string(after) {
			t.Errorf("the attachment is another: %v", err)
		}
		if _, err := to.Restore(ctx, data, keys); errs.KindOf(err) != errs.Conflict {
			t.Errorf("over what is there: %v", err)
		}
	})
}

func TestWhatWasDestroyedDoesNotComeBack(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		data, keys := h.copies(t)
		gone := h.subjects[2]
		must(t, h.vault.Shred(ctx, gone))
		to := target(t, e, h.Wrapper())
		to.Tombstones = []string{h.Tombstones}
		done, err := to.Restore(ctx, data, keys)
		must(t, err)
		if done.Tombstones != 1 {
			t.Errorf("%d keys were destroyed again", done.Tombstones)
		}
		h.lacks(t, to, gone)
	})
}

// lacks holds a restored installation to having every key but one, and to knowing that it
// was destroyed.
func (h *house) lacks(t *testing.T, to backup.Target, gone string) {
	t.Helper()
	ring, err := db.Open(ctx, to.Keyring, db.Options{Schema: to.Schema})
	must(t, err)
	defer ring.Close()
	v, minter, err := vault.Open(ctx, ring, h.Wrapper())
	must(t, err)
	for _, id := range h.subjects {
		_, err := v.Open(ctx, minter.Permit("test", []string{id}, []string{"content"}), []vault.Sealed{{Subject: id, Element: "content", Place: "settings:x:value", Data: h.sealed[id]}})
		if (err == nil) == (id == gone) {
			t.Errorf("%s: %v", id, err)
		}
	}
	dead, err := (&vault.Tombstones{Path: filepath.Join(to.Data, backup.NameOfTombstones)}).Read()
	must(t, err)
	if _, ok := dead[gone]; !ok {
		t.Error("the restored installation does not know that it was destroyed")
	}
}

func TestEveryChangedBitIsFound(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	data, keys := h.copies(t)
	for _, of := range []backup.Copy{data, keys} {
		good, err := os.ReadFile(path(of))
		must(t, err)
		if _, err := backup.Verify(ctx, of, h.Wrapper()); err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(1, 2))
		broken := backup.Copy{Place: folder(t, t.TempDir()), Name: "bad"}
		bad := path(broken)
		for range 150 {
			flipped := append([]byte(nil), good...)
			at := random.IntN(len(flipped))
			flipped[at] ^= 1 << random.IntN(8)
			must(t, os.WriteFile(bad, flipped, 0o600))
			if _, err := backup.Verify(ctx, broken, h.Wrapper()); errs.KindOf(err) != errs.Invalid {
				t.Errorf("a bit flipped at byte %d of %d is not found: %v", at, len(good), err)
			}
		}
		for _, n := range []int{0, 1, len(good) / 2, len(good) - 1} {
			must(t, os.WriteFile(bad, good[:n], 0o600))
			if _, err := backup.Verify(ctx, broken, h.Wrapper()); errs.KindOf(err) != errs.Invalid {
				t.Errorf("cut off after %d of %d bytes: %v", n, len(good), err)
			}
		}
		must(t, os.WriteFile(bad, append(append([]byte(nil), good...), 0), 0o600))
		if _, err := backup.Verify(ctx, broken, h.Wrapper()); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a byte added: %v", err)
		}
	}
}

func TestWhatIsWrongIsRefusedAndNothingIsHalfDone(t *testing.T) {
	e := dbtest.SQLite(t)
	h := newHouse(t, e)
	data, keys := h.copies(t)
	text, gone := backup.Copy{Place: data.Place, Name: "text"}, backup.Copy{Place: data.Place, Name: "not-there"}
	must(t, os.WriteFile(path(text), []byte("not a backup"), 0o600))
	for name, row := range map[string]struct {
		data, keys backup.Copy
		wrapper    vault.KeyWrapper
		key        string
	}{
		"another master key": {data, keys, master(t, 2), "error.backup-key"},
		"mixed up":           {keys, data, h.Wrapper(), "error.backup-kind"},
		"not a backup":       {text, keys, h.Wrapper(), "error.backup-not"},
		"missing":            {data, gone, h.Wrapper(), "error.backup-missing"},
	} {
		to := target(t, e, row.wrapper)
		_, err := to.Restore(ctx, row.data, row.keys)
		if err == nil || errs.As(err).Key != row.key {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(to.Data); err == nil {
			t.Errorf("%s: a folder is left that looks like an installation", name)
		}
	}
	if _, err := h.Write(ctx, data); errs.KindOf(err) != errs.Conflict {
		t.Errorf("over an existing backup: %v", err)
	}
}

func TestACopyIsConsistentWhileOthersWrite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		stop, done := make(chan struct{}), make(chan struct{})
		go func() { // pairs that must never be seen apart
			defer close(done)
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				_ = e.DB.InTx(ctx, func(tx *db.Tx) error {
					for _, side := range []string{"left", "right"} {
						if _, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, 'x')`, fmt.Sprintf("%s-%d", side, i)); err != nil {
							return err
						}
					}
					return nil
				})
			}
		}()
		time.Sleep(50 * time.Millisecond)
		data, keys := h.copies(t)
		close(stop)
		<-done
		to := target(t, e, h.Wrapper())
		_, err := to.Restore(ctx, data, keys)
		must(t, err)
		restored, err := db.Open(ctx, to.Database, db.Options{})
		must(t, err)
		defer restored.Close()
		must(t, restored.Read(ctx, func(tx *db.Tx) error {
			var left, right int
			err := tx.QueryRow(`SELECT COUNT(*) FILTER (WHERE name LIKE 'left-%'), COUNT(*) FILTER (WHERE name LIKE 'right-%') FROM settings`, nil, &left, &right)
			if left != right || left == 0 {
				t.Errorf("%d left, %d right", left, right)
			}
			return err
		}))
	})
}
