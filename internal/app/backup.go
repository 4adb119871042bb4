package app

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"prasan/internal/accounts"
	"prasan/internal/analytics"
	"prasan/internal/audit"
	"prasan/internal/backup"
	"prasan/internal/backup/place"
	"prasan/internal/breach"
	"prasan/internal/cases"
	"prasan/internal/config"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/mail"
	"prasan/internal/rights"
	"prasan/internal/saraban"
	"prasan/internal/vault"
)

// wireBackup has every destruction written to the journal that a restore replays, and
// copies made by themselves where a place for them is set.
func wireBackup(ctx context.Context, a *App) error {
	a.Vault.KeepTombstones(filepath.Join(a.Config.Data, backup.NameOfTombstones))
	return a.wireFeed(ctx)
}

// Copies are the two files of a backup.
type Copies struct {
	Data     string        `json:"data_file"`
	Keys     string        `json:"keys_file"`
	Report   backup.Report `json:"data"`
	KeyRings backup.Report `json:"keys"`
}

// placeOptions are what remote places need.
func placeOptions(p config.Places) (place.Options, error) {
	networks, err := p.Networks()
	return place.Options{SFTPKeyFile: p.SFTPKeyFile, SFTPHostKey: p.SFTPHostKey, S3Region: p.S3Region, S3Key: p.S3Key, S3Secret: p.S3Secret, Networks: networks}, err
}

// source is what is copied of this installation.
func (a *App) source(gentle bool) (backup.Source, error) {
	master, err := filepath.Abs(a.Config.MasterKeyFile)
	var journal func(ctx context.Context) ([]byte, error)
	if a.journal != a.DB {
		journal = func(ctx context.Context) ([]byte, error) { return analytics.CopyJournal(ctx, a.journal) }
	}
	return backup.Source{DB: a.DB, Keys: a.keys, MasterFile: master, Files: filepath.Join(a.Config.Data, "files"), Tombstones: filepath.Join(a.Config.Data, backup.NameOfTombstones), Journal: journal, Work: a.Config.Data,
		Wrapper: a.Vault.Wrapper, Schema: a.schema, Node: a.Config.Node, Program: a.Options.Version, Now: a.Now, Gentle: gentle}, err
}

// Backup copies the installation while it may be serving. Without keysTo the keyring
// goes beside the data; it should be taken elsewhere and kept for a short time only.
func (a *App) Backup(ctx context.Context, to, keysTo string) (Copies, error) {
	s, err := a.source(true)
	if err != nil {
		return Copies{}, err
	}
	data, err := a.target(to)
	if err != nil {
		return Copies{}, err
	}
	defer data.Place.Close()
	keys := backup.Copy{Place: data.Place}
	if keysTo != "" {
		if keys, err = a.target(keysTo); err != nil {
			return Copies{}, err
		}
		defer keys.Place.Close()
	}
	var c Copies
	// Data first: the keyring that is copied after it has the keys of all that is in it.
	if c.Report, err = s.Write(ctx, data); err != nil {
		return c, err
	}
	data.Name = c.Report.Name
	if keysTo == "" {
		keys.Name = data.Name + ".keys"
	}
	if c.KeyRings, err = s.WriteKeys(ctx, keys); err != nil {
		return c, err
	}
	keys.Name = c.KeyRings.Name
	c.Data, c.Keys = data.String(), keys.String()
	if err := a.copied(ctx, backup.Data, data.Name, c.Report); err != nil {
		return c, err
	}
	return c, a.copied(ctx, backup.Keys, keys.Name, c.KeyRings)
}

// target is a file to be: named by the caller, or, in a folder or at a remote place, by the
// time when it is made.
func (a *App) target(address string) (backup.Copy, error) {
	name := ""
	if !place.Remote(address) {
		if info, err := os.Stat(address); err != nil || !info.IsDir() {
			address, name = filepath.Dir(address), filepath.Base(address)
		}
	} else if strings.HasSuffix(path.Base(address), ".prasan") || strings.HasSuffix(path.Base(address), ".keys") {
		address, name = strings.TrimSuffix(address, "/"+path.Base(address)), path.Base(address)
	}
	o, err := placeOptions(a.Config.Backup.Places)
	if err != nil {
		return backup.Copy{}, err
	}
	p, err := place.Open(address, o)
	return backup.Copy{Place: p, Name: name}, err
}

// copied notes a copy that was made: by a command, or by the program while it serves.
func (a *App) copied(ctx context.Context, kind, name string, r backup.Report) error {
	by := "system"
	if a.Options.Mode == Use {
		by = accounts.Console.Account
	}
	return a.DB.InTx(ctx, func(tx *db.Tx) error {
		if kind == backup.Data {
			if err := setSetting(tx, "backup.last", tx.Now().UTC().Format(time.RFC3339)); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`INSERT INTO copies (id, kind, name, made_at, bytes, entries) VALUES ($1, $2, $3, $4, $5, $6)`, db.NewID(), kind, name, db.Micros(r.Head.Made), r.Bytes, r.Entries); err != nil {
			return err
		}
		return a.Audit.Append(tx, audit.Event{Actor: by, Action: "backup.write", Object: "backup", Body: map[string]any{"kind": kind, "entries": r.Entries, "bytes": r.Bytes}})
	})
}

// RestoreOptions are what is restored beside the store it goes to.
type RestoreOptions struct {
	From, KeysFrom string
	Tombstones     []string
	Until          time.Time
	Places         config.Places
}

// Restore makes a new installation of a backup. Outgoing post starts held back: what is
// queued may have been sent by the installation that was lost.
func Restore(ctx context.Context, c config.Store, o RestoreOptions) (backup.Restored, error) {
	data, keys, err := findCopies(ctx, o.From, o.KeysFrom, o.Places)
	if err != nil {
		return backup.Restored{}, err
	}
	defer data.Place.Close()
	defer keys.Place.Close()
	masterFile, err := FindMaster(ctx, c.MasterKeyFile, data, keys)
	if err != nil {
		return backup.Restored{}, err
	}
	master, err := vault.ReadMasters(masterFile)
	if err != nil {
		return backup.Restored{}, err
	}
	t := backup.Target{Data: c.Data, Database: c.Database, Keyring: c.Keyring, Schema: c.KeyringSchema(), Tombstones: o.Tombstones, Until: o.Until, Wrapper: master, Journal: fillJournal}
	t.AfterFilled = func(ctx context.Context, work, database string, dead []string, redone []vault.Redone) error {
		if err := settle(ctx, database, filepath.Join(work, "files"), dead, redone); err != nil {
			return err
		}
		return keepMaster(masterFile, c, work)
	}
	return t.Restore(ctx, data, keys)
}

// findCopies finds data and keys; without an address of its own the keyring lies beside
// the data.
func findCopies(ctx context.Context, from, keysFrom string, p config.Places) (data, keys backup.Copy, err error) {
	o, err := placeOptions(p)
	if err != nil {
		return data, keys, err
	}
	if data, err = backup.Find(ctx, from, backup.Data, o); err != nil {
		return data, keys, err
	}
	if keysFrom == "" {
		return data, backup.Copy{Place: data.Place, Name: data.Name + ".keys"}, nil
	}
	if keys, err = backup.Find(ctx, keysFrom, backup.Keys, o); err != nil {
		data.Place.Close()
	}
	return data, keys, err
}

// FindMaster looks for the master key of a backup where it was named, where it lay when
// the backup was made, and beside the copies.
func FindMaster(ctx context.Context, named string, copies ...backup.Copy) (string, error) {
	places := []string{named}
	for _, c := range copies {
		if h, err := backup.HeadOf(ctx, c); err == nil {
			places = append(places, h.Master)
		}
		if dir := c.Place.String(); !place.Remote(dir) {
			places = append(places, filepath.Join(dir, "master.key"))
		}
	}
	for _, path := range places {
		if info, err := os.Stat(path); err == nil && !info.IsDir() {
			return path, nil
		}
	}
	return "", errs.New(errs.Invalid, "error.restore-master", "path", named)
}

// keepMaster puts the master key into the new folder, if it is to lie there.
func keepMaster(from string, c config.Store, work string) error {
	to := filepath.Join(c.Data, "master.key")
	if _, err := os.Stat(to); err == nil || from == to {
		return nil
	}
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(work, "master.key"), text, 0o600)
}

// settle removes what was destroyed since the copies were made, also from what the file
// has left of it, and holds the post back.
func settle(ctx context.Context, database, files string, dead []string, redone []vault.Redone) error {
	d, err := db.Open(ctx, database, db.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	var gone []string
	err = d.InTx(ctx, func(tx *db.Tx) (err error) {
		if gone, err = filesOf(tx, dead); err != nil {
			return err
		}
		if err := cases.Bury(tx, dead); err != nil {
			return err
		}
		if err := saraban.Bury(tx, dead); err != nil {
			return err
		}
		if err := rights.Bury(tx, dead); err != nil {
			return err
		}
		if err := breach.Bury(tx, dead); err != nil {
			return err
		}
		if err := cases.Redo(tx, slices.DeleteFunc(slices.Clone(redone), isWithdrawal)); err != nil {
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
	if err != nil {
		return err
	}
	if err := returnUsage(ctx, d, redone); err != nil {
		return err
	}
	if err := d.Erase(ctx); err != nil {
		return err
	}
	for _, id := range gone {
		if err := os.Remove(filepath.Join(files, id[len(id)-2:], id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", files)
		}
	}
	return nil
}

// filesOf are the files of attachments of subjects that are not another's too.
func filesOf(tx *db.Tx, subjects []string) (ids []string, err error) {
	for _, subject := range subjects {
		err := tx.Each(`SELECT a.blob FROM attachments a JOIN cases c ON c.id = a.case_id WHERE c.subject_key = $1 AND NOT EXISTS (SELECT 1 FROM attachments o WHERE o.blob = a.blob AND o.case_id <> a.case_id)`, []any{subject}, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
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

// FindCopy finds a copy of the data, or of the keyring where there is none of the data.
func FindCopy(ctx context.Context, address string, p config.Places) (backup.Copy, error) {
	o, err := placeOptions(p)
	if err != nil {
		return backup.Copy{}, err
	}
	c, err := backup.Find(ctx, address, backup.Data, o)
	if errs.As(err).Key == "error.backup-none" {
		c, err = backup.Find(ctx, address, backup.Keys, o)
	}
	return c, err
}

// VerifyPages holds every page of the database against the copy that is kept of it.
func (a *App) VerifyPages(ctx context.Context, address string, p config.Places) ([]Finding, error) {
	c, err := FindCopy(ctx, address, p)
	if err != nil {
		return nil, err
	}
	defer c.Place.Close()
	if a.DB.Dialect != db.SQLite {
		return nil, errs.New(errs.Invalid, "error.verify-against")
	}
	found, err := backup.Against(ctx, a.DB, c, a.openers())
	var out []Finding
	for _, f := range found {
		out = append(out, Finding{"database", f})
	}
	return out, err
}
