package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"prasan/internal/audit"
	"prasan/internal/blob"
	"prasan/internal/config"
	"prasan/internal/db"
	"prasan/internal/db/migrations"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/limits"
	"prasan/internal/vault"
	"prasan/internal/vault/keyring"
)

// wireStores opens database, keyring and blob store. Keys are made for a new
// installation only, and before its database: a crash between leaves keys without
// data, never data without keys.
func wireStores(ctx context.Context, a *App) error {
	fresh, err := openDatabase(ctx, a)
	if err != nil {
		return err
	}
	if a.Demo != nil && !fresh {
		if err := a.notAnothers(ctx); err != nil {
			return err
		}
	}
	if err := openVault(ctx, a, fresh); err != nil {
		return err
	}
	if a.Options.Mode != Use {
		if _, err := a.DB.Migrate(ctx, migrations.Files); err != nil {
			return err
		}
	}
	if a.schema, err = a.schemaVersion(ctx); err != nil {
		return err
	}
	if err := openJournal(ctx, a); err != nil {
		return err
	}
	folder, err := blob.NewFolder(filepath.Join(a.Config.Data, "files"))
	if err != nil {
		return err
	}
	folder.Stored = func(path string) {
		if a.Feed != nil {
			a.Feed.Data.Stored(path)
		}
	}
	a.Blobs = blob.New(folder, a.Now)
	a.Audit = audit.New(a.Config.Node)
	a.Jobs = jobs.New(a.DB, a.Now)
	a.Limits = limits.New(a.Vault.Derive("limits"), a.Config.RateLimits == "off")
	return nil
}

// openDatabase tells whether the database is a new one, and refuses what the mode does
// not allow.
func openDatabase(ctx context.Context, a *App) (fresh bool, err error) {
	c := a.Config.Store
	if a.Options.Mode == Use && missingFile(c.Database) {
		return false, errs.New(errs.NotFound, "error.no-installation", "data", c.Data)
	}
	if a.DB, err = db.Open(ctx, c.Database, db.Options{Clock: a.Clock}); err != nil {
		if errs.KindOf(err) == errs.Unavailable { // what visitors are told is of no use to an operator
			err = errs.Wrap(err, errs.Unavailable, "error.database-unreachable")
		}
		return false, err
	}
	a.OnClose(a.DB.Close)
	if a.Options.Mode != Use {
		// Nodes that start at once on an empty database do not make it twice.
		if a.settled, err = a.DB.Alone(ctx); err != nil {
			return false, err
		}
		a.OnClose(func() error { a.settled(); return nil })
	}
	pending, err := a.DB.Pending(ctx, migrations.Files)
	if err != nil {
		return false, err
	}
	fresh = len(pending) > 0 && pending[0].Version == 1
	switch {
	case fresh && a.Options.Mode == Use:
		return false, errs.New(errs.NotFound, "error.no-installation", "data", c.Data)
	case len(pending) > 0 && !fresh && a.Options.Mode != Upgrade:
		return false, errs.New(errs.Conflict, "error.migrations-pending", "n", len(pending))
	}
	return fresh, nil
}

func openVault(ctx context.Context, a *App, fresh bool) error {
	c := a.Config.Store
	lost := errs.New(errs.Unavailable, "error.keyring-missing")
	if !fresh && missingFile(c.Keyring) {
		return lost
	}
	var err error
	if a.keys, err = db.Open(ctx, c.Keyring, db.Options{Clock: a.Clock, Schema: c.KeyringSchema()}); err != nil {
		return err
	}
	a.OnClose(a.keys.Close)
	pending, err := a.keys.Pending(ctx, keyring.Files)
	if err != nil {
		return err
	}
	empty := len(pending) > 0 && pending[0].Version == 1
	if empty && !fresh {
		return lost
	}
	if fresh && !empty {
		if err := dataIsMissing(ctx, a.keys); err != nil {
			return err
		}
	}
	a.Vault, a.minter, err = vault.OpenFile(ctx, a.keys, c.MasterKeyFile, empty)
	return err
}

// dataIsMissing refuses to begin a new installation beside keys of people's data: their
// database is somewhere else, or lost.
func dataIsMissing(ctx context.Context, keys *db.DB) error {
	return keys.Read(ctx, func(tx *db.Tx) error {
		var n int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM (SELECT id FROM subjects UNION ALL SELECT id FROM shredded) k`, nil, &n); err != nil {
			return err
		}
		if n > 0 {
			return errs.New(errs.Unavailable, "error.database-missing", "n", n)
		}
		return nil
	})
}

func (a *App) schemaVersion(ctx context.Context) (version int, err error) {
	err = a.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT MAX(version) FROM schema_migrations`, nil, &version)
	})
	return version, err
}

// missingFile tells whether a URL names a SQLite file that is not there.
func missingFile(url string) bool {
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok {
		return false
	}
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// setting reads one of the installation's own notes.
func setting(tx *db.Tx, name string) (value string, err error) {
	err = tx.QueryRow(`SELECT value FROM settings WHERE name = $1`, []any{name}, &value)
	if errs.KindOf(err) == errs.NotFound {
		return "", nil
	}
	return value, err
}

func setSetting(tx *db.Tx, name, value string) error {
	_, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

// Setting reads one of the installation's own notes; "" when there is none.
func (a *App) Setting(ctx context.Context, name string) (value string, err error) {
	err = a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		value, err = setting(tx, name)
		return err
	})
	return value, err
}

// SetSetting writes one of the installation's own notes.
func (a *App) SetSetting(ctx context.Context, name, value string) error {
	return a.DB.InTx(ctx, func(tx *db.Tx) error { return setSetting(tx, name, value) })
}

// Pending names the migrations that the database of c still needs.
func Pending(ctx context.Context, c config.Store) ([]string, error) {
	if missingFile(c.Database) {
		return nil, errs.New(errs.NotFound, "error.no-installation", "data", c.Data)
	}
	d, err := db.Open(ctx, c.Database, db.Options{})
	if err != nil {
		return nil, err
	}
	defer d.Close()
	pending, err := d.Pending(ctx, migrations.Files)
	names := make([]string, len(pending))
	for i, m := range pending {
		names[i] = fmt.Sprintf("%04d_%s", m.Version, m.Name)
	}
	return names, err
}
