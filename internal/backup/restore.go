package backup

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/durable"
	"prasan/internal/errs"
	"prasan/internal/vault"
)

// Target is where an installation is restored to. The folder must be new or empty; the
// URLs name databases in it, or empty PostgreSQL databases.
type Target struct {
	Data       string
	Database   string
	Keyring    string
	Schema     string // of the keyring where it shares a PostgreSQL database
	Tombstones []string
	Until      time.Time // of increments; zero: all
	Wrapper    vault.KeyWrapper
	// Journal is given what the store beside the database held (Source.Journal), to put it
	// beside the restored one.
	Journal func(ctx context.Context, database string, rows io.Reader) error
	// AfterWhole is called when the whole copy stands, before its increments, where they
	// can be told apart; database is where it stands, report what it must hold.
	AfterWhole func(ctx context.Context, database string, report Report) error
	// AfterFilled is the last step before the folder is taken into use: the URLs are where
	// things stand now, work is what will be Data; dead are the keys destroyed, redone what
	// was erased or put right in part.
	AfterFilled func(ctx context.Context, work, database string, dead []string, redone []vault.Redone) error
}

// Restored says what was done.
type Restored struct {
	Data       Report `json:"data"`
	Keys       Report `json:"keys"`
	Tombstones int    `json:"tombstones"` // keys that the restored keyring still had and that were destroyed again
}

// NameOfTombstones is the journal's file in a data folder.
const NameOfTombstones = "tombstones"

// Names of unpacked databases before they are put where they belong.
const (
	dataSnapshot = "data.snapshot"
	keysSnapshot = "keys.snapshot"
	journalRows  = "journal.rows"
)

// Restore puts a copy and its keyring into a new folder. All is done in a folder beside
// it, which takes the name of the new one as the last step: a restore that was
// interrupted leaves nothing that looks like an installation, and can be begun again.
func (t Target) Restore(ctx context.Context, from, keysFrom Copy) (done Restored, err error) {
	if entries, err := os.ReadDir(t.Data); err == nil && len(entries) > 0 {
		return done, errs.New(errs.Conflict, "error.restore-folder", "path", t.Data)
	}
	work := filepath.Clean(t.Data) + ".restoring"
	if err := os.RemoveAll(work); err != nil {
		return done, errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", work)
	}
	if err := os.MkdirAll(filepath.Join(work, "files"), 0o700); err != nil {
		return done, errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", work)
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(work) // what is left is begun anew in any case
		}
	}()
	// The keyring first: it is small, and the one that is most often missing or another's.
	if done.Keys, err = t.unpack(ctx, keysFrom, work, Keys, keysSnapshot); err != nil {
		return done, err
	}
	if done.Data, err = t.unpack(ctx, from, work, Data, dataSnapshot); err != nil {
		return done, err
	}
	if err = t.journal(ctx, work); err != nil {
		return done, err
	}
	if done.Tombstones, err = t.finish(ctx, work); err != nil {
		return done, err
	}
	return done, t.place(work)
}

// at is where a database of the target stands while the folder is being filled.
func (t Target) at(url, work string) string {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		if rel, err := filepath.Rel(t.Data, path); err == nil && filepath.IsLocal(rel) {
			return "sqlite:" + filepath.Join(work, rel)
		}
	}
	return url
}

// unpack reads a copy of one kind into the working folder.
func (t Target) unpack(ctx context.Context, from Copy, work, kind, snapshot string) (Report, error) {
	database, journal := filepath.Join(work, snapshot), filepath.Join(work, journalRows)
	visit := func(string) func(string, io.Reader) error {
		return func(name string, r io.Reader) error {
			switch name {
			case databaseName:
				return writeFile(database, r)
			case pagesName:
				// The journal goes with pages, after them in the file; one from before them is
				// of no worth: an older program copied on without it.
				return errors.Join(db.Apply(database, r), os.RemoveAll(journal))
			case journalName:
				return writeFile(journal, r)
			case tombstonesName:
				return writeFile(filepath.Join(work, NameOfTombstones), r)
			}
			return writeFile(filepath.Join(work, filepath.FromSlash(name)), r)
		}
	}
	after := func(r Report) error {
		if want := engineOf(t.Database); kind == Data && r.Head.Engine != want {
			return errs.New(errs.Invalid, "error.restore-engine", "engine", r.Head.Engine, "wanted", want)
		}
		if kind != Data || t.AfterWhole == nil || r.Head.Engine != string(db.SQLite) {
			return nil
		}
		return t.AfterWhole(ctx, "sqlite:"+database, r)
	}
	until := t.Until
	if kind == Keys { // what was destroyed after that moment is destroyed
		until = time.Time{}
	}
	report, err := follow(ctx, from, t.Wrapper, kind, until, visit, after)
	if err != nil {
		return report, err
	}
	url := t.Database
	if kind == Keys {
		url = t.Keyring
	}
	if err := db.RestoreSnapshot(ctx, t.at(url, work), database); err != nil {
		return report, err
	}
	if report.Head.Engine == string(db.PostgreSQL) {
		if err := os.Remove(database); err != nil {
			return report, err
		}
		if kind == Data && t.AfterWhole != nil {
			err = t.AfterWhole(ctx, t.Database, report)
		}
	}
	return report, err
}

// journal puts the newest journal beside the database.
func (t Target) journal(ctx context.Context, work string) error {
	path := filepath.Join(work, journalRows)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", path)
	}
	defer f.Close()
	if t.Journal != nil {
		if err := t.Journal(ctx, t.at(t.Database, work), f); err != nil {
			return err
		}
	}
	return os.Remove(path)
}

func engineOf(url string) string {
	if strings.HasPrefix(url, "sqlite:") {
		return string(db.SQLite)
	}
	return string(db.PostgreSQL)
}

func writeFile(path string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", path)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", path)
	}
	defer f.Close()
	if _, err := io.CopyBuffer(struct{ io.Writer }{f}, r, make([]byte, 1<<20)); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", path)
	}
	return f.Close()
}

// finish destroys again what was destroyed since the copies were made, and what the
// journals of other folders know of, and has the rest of the program settle in.
func (t Target) finish(ctx context.Context, work string) (int, error) {
	journal := &vault.Tombstones{Path: filepath.Join(work, NameOfTombstones)}
	known, err := journal.Read()
	if err != nil {
		return 0, err
	}
	dead := maps.Clone(known)
	if dead == nil {
		dead = map[string]time.Time{}
	}
	for _, path := range t.Tombstones {
		if _, err := os.Stat(path); err != nil {
			return 0, errs.Wrap(err, errs.NotFound, "error.backup-missing", "path", path)
		}
		more, err := (&vault.Tombstones{Path: path}).Read()
		if err != nil {
			return 0, err
		}
		for id, at := range more {
			if _, ok := known[id]; !ok {
				if err := journal.Add(at, id); err != nil {
					return 0, err
				}
			}
			dead[id] = at
		}
	}
	n, redone, err := t.bury(ctx, work, journal, dead)
	if err != nil || t.AfterFilled == nil {
		return n, err
	}
	return n, t.AfterFilled(ctx, work, t.at(t.Database, work), slices.Collect(maps.Keys(dead)), redone)
}

// bury destroys keys again; what the keyring knows to be destroyed joins the dead.
func (t Target) bury(ctx context.Context, work string, journal *vault.Tombstones, dead map[string]time.Time) (n int, redone []vault.Redone, err error) {
	keys, err := db.Open(ctx, t.at(t.Keyring, work), db.Options{Schema: t.Schema})
	if err != nil {
		return 0, nil, err
	}
	defer keys.Close()
	newer, err := vault.Destroyed(ctx, keys)
	if err != nil {
		return 0, nil, err
	}
	for id, at := range newer {
		if _, known := dead[id]; known {
			continue
		}
		if err := journal.Add(at, id); err != nil {
			return 0, nil, err
		}
		dead[id] = at
	}
	if n, err = vault.Replay(ctx, keys, dead); err != nil {
		return n, nil, err
	}
	if redone, err = vault.AllRedone(ctx, keys); err != nil {
		return n, nil, err
	}
	return n, redone, keys.Erase(ctx)
}

// place gives the filled folder its name.
func (t Target) place(work string) error {
	if _, err := os.Stat(t.Data); err == nil {
		if err := os.Remove(t.Data); err != nil { // empty, as was checked
			return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", t.Data)
		}
	}
	err := durable.SyncDir(work)
	if err == nil {
		err = os.Rename(work, t.Data)
	}
	if err == nil {
		err = durable.SyncDir(filepath.Dir(filepath.Clean(t.Data)))
	}
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", t.Data)
	}
	return nil
}
