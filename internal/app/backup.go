package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/backup"
	"prasan/internal/cases"
	"prasan/internal/config"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/mail"
	"prasan/internal/vault"
)

// wireBackup has every destruction written to the journal that a restore replays.
func wireBackup(_ context.Context, a *App) error {
	a.Vault.KeepTombstones(filepath.Join(a.Config.Data, backup.NameOfTombstones))
	return nil
}

// Copies are the two files of a backup.
type Copies struct {
	Data     string        `json:"data_file"`
	Keys     string        `json:"keys_file"`
	Report   backup.Report `json:"data"`
	KeyRings backup.Report `json:"keys"`
}

const (
	backupEnding = ".prasan"
	keysEnding   = ".keys"
)

// Backup copies the installation while it may be serving. Without keysTo the keyring
// goes beside the data; it should be taken elsewhere and kept for a short time only.
func (a *App) Backup(ctx context.Context, to, keysTo string) (Copies, error) {
	name := "prasan-" + a.Now().UTC().Format("20060102T150405Z") + backupEnding
	to = inFolder(to, name)
	if keysTo == "" {
		keysTo = to + keysEnding
	}
	keysTo = inFolder(keysTo, name+keysEnding)
	masterFile, err := filepath.Abs(a.Config.MasterKeyFile)
	if err != nil {
		return Copies{}, err
	}
	s := backup.Source{DB: a.DB, Keys: a.keys, MasterFile: masterFile, Files: filepath.Join(a.Config.Data, "files"), Tombstones: filepath.Join(a.Config.Data, backup.NameOfTombstones),
		Wrapper: a.Vault.Wrapper(), Schema: a.schema, Node: a.Config.Node, Program: a.Options.Version, Now: a.Now}
	c := Copies{Data: to, Keys: keysTo}
	// Data first: the keyring that is copied after it has the keys of all that is in it.
	if c.Report, err = s.Write(ctx, to); err != nil {
		return c, err
	}
	if c.KeyRings, err = s.WriteKeys(ctx, keysTo); err != nil {
		return c, err
	}
	return c, a.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := setSetting(tx, "backup.last", tx.Now().UTC().Format(time.RFC3339)); err != nil {
			return err
		}
		return a.Audit.Append(tx, audit.Event{Actor: "console", Action: "backup.write", Object: "backup", Body: map[string]any{"entries": c.Report.Entries, "bytes": c.Report.Bytes}})
	})
}

// inFolder is a name in a folder, where the path is one.
func inFolder(path, name string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return filepath.Join(path, name)
	}
	return path
}

// newest is the newest backup of a folder, or the path itself.
func newest(path, ending string) string {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return path
	}
	found, err := filepath.Glob(filepath.Join(path, "*"+ending))
	if err != nil || len(found) == 0 {
		return path
	}
	sort.Strings(found)
	return found[len(found)-1]
}

// Restore makes a new installation of a backup. Outgoing post starts held back: what is
// queued may have been sent by the installation that was lost.
func Restore(ctx context.Context, c config.Store, from, keysFrom string, tombstones []string) (backup.Restored, error) {
	from = newest(from, backupEnding)
	if keysFrom == "" {
		keysFrom = from + keysEnding
	}
	keysFrom = newest(keysFrom, backupEnding+keysEnding)
	masterFile, err := FindMaster(c.MasterKeyFile, from, keysFrom)
	if err != nil {
		return backup.Restored{}, err
	}
	master, err := vault.ReadMaster(masterFile, false)
	if err != nil {
		return backup.Restored{}, err
	}
	t := backup.Target{Data: c.Data, Database: c.Database, Keyring: c.Keyring, Schema: c.KeyringSchema(), Tombstones: tombstones, Wrapper: master, Now: time.Now}
	t.AfterFilled = func(ctx context.Context, dead []string) error { return settle(ctx, c, dead) }
	done, err := t.Restore(ctx, from, keysFrom)
	if err != nil {
		return done, err
	}
	return done, keepMaster(masterFile, filepath.Join(c.Data, "master.key"))
}

// FindMaster looks for the master key of a backup where it was named, where it lay when
// the backup was made, and beside the copies.
func FindMaster(named string, copies ...string) (string, error) {
	places := []string{named}
	for _, path := range copies {
		if h, err := backup.HeadOf(path); err == nil {
			places = append(places, h.Master)
		}
		places = append(places, filepath.Join(filepath.Dir(path), "master.key"))
	}
	for _, path := range places {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	return "", errs.New(errs.Invalid, "error.restore-master", "path", named)
}

func keepMaster(from, to string) error {
	if _, err := os.Stat(to); err == nil || from == to {
		return nil
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o600)
}

// settle removes what was destroyed since the copies were made, and holds the post back.
func settle(ctx context.Context, c config.Store, dead []string) error {
	d, err := db.Open(ctx, c.Database, db.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	return d.InTx(ctx, func(tx *db.Tx) error {
		if err := cases.Bury(tx, dead); err != nil {
			return err
		}
		if err := mail.Pause(tx); err != nil {
			return err
		}
		if err := letters.HoldNumbers(tx); err != nil {
			return err
		}
		return setSetting(tx, "restored.at", tx.Now().UTC().Format(time.RFC3339))
	})
}

// Finding is something that Verify found not to be as it was written.
type Finding struct {
	Part string `json:"part"`
	What string `json:"what"`
}

// Verify reads everything that can be checked of an installation: the file of the
// engine, the audit chains, the rows of value, the attachments.
func (a *App) Verify(ctx context.Context) ([]Finding, error) {
	var out []Finding
	problems, err := a.DB.Integrity(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range problems {
		out = append(out, Finding{"database", p})
	}
	r, err := a.VerifyAudit(ctx)
	if err != nil {
		return nil, err
	}
	for _, f := range r.Faults {
		out = append(out, Finding{"audit", f.Chain + ": " + f.What})
	}
	for _, check := range []func(context.Context) ([]Finding, error){a.brokenCases, a.missingFiles} {
		more, err := check(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

// brokenCases finds cases that are not as they were stored.
func (a *App) brokenCases(ctx context.Context) ([]Finding, error) {
	r, err := a.Cases.Verify(ctx)
	var out []Finding
	for _, f := range r.Faults {
		out = append(out, Finding{"cases", f.Reference + ": " + f.What})
	}
	return out, err
}

// missingFiles finds attachments whose file is gone.
func (a *App) missingFiles(ctx context.Context) ([]Finding, error) {
	var ids []string
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT blob FROM attachments ORDER BY blob`)
		if err != nil {
			return err
		}
		defer rows.Close()
		ids = nil
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	var out []Finding
	for _, id := range ids {
		path := filepath.Join(a.Config.Data, "files", id[len(id)-2:], id)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			out = append(out, Finding{"attachments", "the file of " + strings.TrimSpace(id) + " is missing"})
		}
	}
	return out, nil
}
