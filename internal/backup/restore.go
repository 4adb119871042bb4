package backup

import (
	"context"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/vault"
)

// Target is where an installation is restored to. The folder must be new or empty; the
// URLs name databases in it, or empty PostgreSQL databases.
type Target struct {
	Data        string
	Database    string
	Keyring     string
	Schema      string // of the keyring where it shares a PostgreSQL database
	Tombstones  []string
	Wrapper     vault.KeyWrapper
	Now         func() time.Time
	AfterFilled func(ctx context.Context, dead []string) error // last step before the folder is taken into use; dead are the keys destroyed
}

// Restored says what was done.
type Restored struct {
	Data       Report `json:"data"`
	Keys       Report `json:"keys"`
	Tombstones int    `json:"tombstones"` // keys that the restored keyring still had and that were destroyed again
}

// NameOfTombstones is the journal's file in a data folder.
const NameOfTombstones = "tombstones"

// Restore puts a backup and its keyring into a new folder. Everything is checked to its
// last bit before anything is put into place, and an interrupted restore leaves only a
// folder that says so.
func (t Target) Restore(ctx context.Context, from, keysFrom string) (Restored, error) {
	var done Restored
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
	var err error
	if done.Data, err = t.unpack(from, work, Data, "data.snapshot"); err != nil {
		return done, err
	}
	if done.Keys, err = t.unpack(keysFrom, work, Keys, "keys.snapshot"); err != nil {
		return done, err
	}
	if err := t.fill(ctx, work); err != nil {
		return done, err
	}
	done.Tombstones, err = t.bury(ctx)
	return done, err
}

// unpack reads a backup of one kind into the working folder.
func (t Target) unpack(path, work, kind, snapshot string) (Report, error) {
	report, err := walk(path, t.Wrapper, func(name string, r io.Reader) error {
		switch name {
		case databaseName:
			return writeFile(filepath.Join(work, snapshot), r)
		case tombstonesName:
			return writeFile(filepath.Join(work, NameOfTombstones), r)
		}
		return writeFile(filepath.Join(work, filepath.FromSlash(name)), r)
	})
	if err == nil && report.Head.Kind != kind {
		err = errs.New(errs.Invalid, "error.backup-kind", "path", path, "kind", kind)
	}
	return report, err
}

func writeFile(path string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", path)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", path)
	}
	defer f.Close()
	if _, err := io.Copy(f, r); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", path)
	}
	return f.Close()
}

// fill puts the databases and the folder into place.
func (t Target) fill(ctx context.Context, work string) error {
	if _, err := os.Stat(t.Data); err == nil {
		if err := os.Remove(t.Data); err != nil { // empty, as was checked
			return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", t.Data)
		}
	}
	if err := os.Rename(work, t.Data); err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", t.Data)
	}
	for _, x := range []struct{ url, file string }{{t.Database, "data.snapshot"}, {t.Keyring, "keys.snapshot"}} {
		path := filepath.Join(t.Data, x.file)
		if err := db.RestoreSnapshot(ctx, x.url, path); err != nil {
			return err
		}
		if !strings.HasPrefix(x.url, "sqlite:") {
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return syncDir(t.Data)
}

// bury destroys again what was destroyed since the copies were made, and what the
// journals of other folders know of.
func (t Target) bury(ctx context.Context) (int, error) {
	dead := map[string]time.Time{}
	own := filepath.Join(t.Data, NameOfTombstones)
	for _, path := range append([]string{own}, t.Tombstones...) {
		if path != own {
			if _, err := os.Stat(path); err != nil {
				return 0, errs.Wrap(err, errs.NotFound, "error.backup-missing", "path", path)
			}
		}
		more, err := (&vault.Tombstones{Path: path}).Read()
		if err != nil {
			return 0, err
		}
		maps.Copy(dead, more)
	}
	journal := &vault.Tombstones{Path: own}
	known, err := journal.Read()
	if err != nil {
		return 0, err
	}
	for id, at := range dead {
		if _, ok := known[id]; !ok {
			if err := journal.Add(at, id); err != nil {
				return 0, err
			}
		}
	}
	keys, err := db.Open(ctx, t.Keyring, db.Options{Schema: t.Schema})
	if err != nil {
		return 0, err
	}
	defer keys.Close()
	n, err := vault.Replay(ctx, keys, dead)
	if err != nil || t.AfterFilled == nil {
		return n, err
	}
	return n, t.AfterFilled(ctx, slices.Collect(maps.Keys(dead)))
}
