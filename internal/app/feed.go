package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"prasan/internal/backup"
	"prasan/internal/backup/place"
	"prasan/internal/config"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/thai"
	"prasan/internal/truth"
	"prasan/internal/vault"
	"prasan/internal/web/api"
)

// wireFeed has data and keys copied by themselves. It comes right after the stores: the
// place where the process before stopped is found again before anything is written.
func (a *App) wireFeed(ctx context.Context) error {
	if err := a.demoPlaces(); err != nil {
		return err
	}
	c := a.Config.Backup
	if c.To == "" || a.Options.Mode == Use { // a command copies nothing by itself
		return nil
	}
	if a.DB.Dialect == db.PostgreSQL {
		a.Jobs.Every("backup.write", nightly, func(ctx context.Context, _ jobs.Job) error { return a.copyAll(ctx) })
		return nil
	}
	data, err := a.stream(ctx, backup.Data, a.DB, c.To)
	if err != nil {
		return err
	}
	keys, err := a.stream(ctx, backup.Keys, a.keys, c.KeysTo)
	if err != nil {
		return err
	}
	feed := backup.NewFeed(data, keys, a.Now, nightly)
	a.Feed = feed
	ended := make(chan struct{})
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	started := false
	a.OnStart(func(context.Context) error {
		started = true
		go func() { defer close(ended); feed.Run(run) }()
		return nil
	})
	a.OnClose(func() error {
		stop()
		if started {
			<-ended
		}
		for _, s := range []*backup.Stream{data, keys} {
			s.Leave()
			s.Place.Close()
		}
		return nil
	})
	return nil
}

// demoPlaces has the demo copy itself beside its data, so that there is something to see.
func (a *App) demoPlaces() error {
	c := &a.Config.Backup
	if a.Demo == nil || a.Options.Demo.Empty || c.To != "" || a.DB.Dialect != db.SQLite {
		return nil
	}
	c.To, c.KeysTo = filepath.Join(a.Config.Data, "copies", "data"), filepath.Join(a.Config.Data, "copies", "keys")
	for _, dir := range []string{c.To, c.KeysTo} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", dir)
		}
	}
	return nil
}

// firstDrill has a restore drilled when the first copies of data and keys are there.
func (a *App) firstDrill(ctx context.Context) error {
	last, err := a.Setting(ctx, "backup.drill")
	if err != nil || last != "" {
		return err
	}
	return a.DB.InTx(ctx, func(tx *db.Tx) error {
		return a.Jobs.Enqueue(tx, "backup.drill", "system", jobs.Unique("backup.drill"))
	})
}

// nightly is when whole copies are made.
func nightly(after time.Time) time.Time { return jobs.Daily(thai.Bangkok, 1, 30)(after) }

func (a *App) stream(ctx context.Context, kind string, d *db.DB, to string) (*backup.Stream, error) {
	o, err := placeOptions(a.Config.Backup.Places)
	if err != nil {
		return nil, err
	}
	p, err := place.Open(to, o)
	if err != nil {
		return nil, err
	}
	source, err := a.source(true)
	if err != nil {
		return nil, err
	}
	s := &backup.Stream{Source: source, Kind: kind, DB: d, Place: p, State: filepath.Join(a.Config.Data, "copied-"+kind+".json")}
	s.Made = func(ctx context.Context, kind, name string, r backup.Report) error {
		if err := a.copied(ctx, kind, name, r); err != nil {
			return err
		}
		if kind == backup.Keys {
			if err := a.firstDrill(ctx); err != nil {
				return err
			}
		}
		return a.prune(ctx, p, kind)
	}
	return s, s.Resume(ctx)
}

// prune deletes copies whose time is over. Those of keys go a day early: one that is made
// a night before a key is destroyed has it until then.
func (a *App) prune(ctx context.Context, p place.Place, kind string) error {
	days := a.Config.Backup.KeepDays
	if kind == backup.Keys {
		days = max(a.Config.Terms.KeyDays-1, 1)
	}
	_, err := backup.Prune(ctx, p, kind, a.Now().AddDate(0, 0, -days))
	return err
}

// copyAll makes whole copies of data and keys where they are set to go.
func (a *App) copyAll(ctx context.Context) error {
	if a.Feed != nil {
		return a.Feed.Anew(ctx)
	}
	c := a.Config.Backup
	if c.To == "" {
		return errs.New(errs.Invalid, "error.backup-drill")
	}
	if _, err := a.Backup(ctx, c.To, c.KeysTo); err != nil {
		return err
	}
	for kind, address := range map[string]string{backup.Data: c.To, backup.Keys: c.KeysTo} {
		o, err := placeOptions(c.Places)
		if err != nil {
			return err
		}
		p, err := place.Open(address, o)
		if err == nil {
			err = a.prune(ctx, p, kind)
			p.Close()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// wireDrills has restores drilled each month, and on demand.
func wireDrills(_ context.Context, a *App) error {
	signer, _, err := a.auditKeys()
	if err != nil {
		return err
	}
	a.Drills = &backup.Driller{DB: a.DB, Audit: a.Audit, Jobs: a.Jobs, Signer: signer, Now: a.Now, Wrapper: a.openers, Folder: a.Config.Data, Copies: a.newestCopies, Target: a.drillTarget, Check: a.checkRestored}
	a.Drills.Register(monthly)
	if a.Config.Backup.To != "" {
		a.Keys.Copy = a.copyAll
	}
	a.Operations = append(a.Operations, api.CopyOperations(a.Drills, a.CopyState)...)
	return nil
}

// monthly is when restores are drilled: on the second of the month, before people come.
func monthly(after time.Time) time.Time {
	l := after.In(thai.Bangkok)
	at := time.Date(l.Year(), l.Month(), 2, 4, 10, 0, 0, thai.Bangkok)
	if !at.After(after) {
		at = time.Date(l.Year(), l.Month()+1, 2, 4, 10, 0, 0, thai.Bangkok)
	}
	return at
}

func (a *App) newestCopies(ctx context.Context) (data, keys backup.Copy, err error) {
	c := a.Config.Backup
	if c.To == "" {
		return data, keys, errs.New(errs.Invalid, "error.backup-drill")
	}
	return findCopies(ctx, c.To, c.KeysTo, c.Places)
}

// drillTarget is a folder with databases in it, or databases that are made on the server
// and dropped afterwards.
func (a *App) drillTarget(ctx context.Context, folder string) (t backup.Target, drop func(), err error) {
	t = backup.Target{Data: folder, Database: "sqlite:" + filepath.Join(folder, "prasan.db"), Keyring: "sqlite:" + filepath.Join(folder, "keyring.db"), Journal: fillJournal}
	drops := []func(){}
	drop = func() {
		for _, f := range drops {
			f()
		}
	}
	for _, x := range []struct {
		of   *db.DB
		into *string
	}{{a.DB, &t.Database}, {a.keys, &t.Keyring}} {
		if x.of.Dialect != db.PostgreSQL {
			continue
		}
		if x.of == a.keys && a.Config.KeyringSchema() != "" {
			t.Keyring, t.Schema = t.Database, a.Config.KeyringSchema()
			continue
		}
		url, f, err := x.of.Scratch(ctx)
		if err != nil {
			drop()
			return t, nil, err
		}
		*x.into = url
		drops = append(drops, f)
	}
	return t, drop, nil
}

// checkRestored opens a restored installation as a command does, and verifies it.
func (a *App) checkRestored(ctx context.Context, t backup.Target) ([]string, error) {
	c := a.Config
	c.Backup = config.Backup{}
	c.Store = config.Store{Data: t.Data, Database: t.Database, Keyring: t.Keyring, MasterKeyFile: a.Config.MasterKeyFile, Node: a.Config.Node}
	restored, err := a.reopen(ctx, c, Options{Mode: Use, Version: a.Options.Version})
	if err != nil {
		return []string{"it does not open: " + errs.As(err).Key}, nil
	}
	defer restored.Close()
	found, err := restored.Verify(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	if n, err := restored.Analytics.Uncounted(ctx); err != nil {
		return nil, err
	} else if n > 0 { // opening it counts them
		out = append(out, fmt.Sprintf("usage: %d entries of the journal are not counted", n))
	}
	for _, f := range found {
		out = append(out, f.Part+": "+f.What)
	}
	return out, nil
}

// CopyState says how copying stands.
func (a *App) CopyState(ctx context.Context) (s backup.State, err error) {
	s.To, s.KeysTo = a.Config.Backup.To != "", a.Config.Backup.KeysTo != ""
	if a.Feed != nil {
		at, failed := a.Feed.AsOf()
		if !at.IsZero() {
			s.AsOf = &at
		}
		if failed != nil {
			s.Failing = errs.As(failed).Key
		}
	}
	s.Copies, err = backup.Made(ctx, a.DB, 50)
	return s, err
}

// wireCopyProbe has the truth page look at what is copied and at the last drill.
func wireCopyProbe(_ context.Context, a *App) error {
	a.Truth.Add(truth.Probe{ID: "drill", Rows: []string{"controls.backup"}, Class: "D9", Look: a.seeDrill})
	return nil
}

// seeDrill looks whether what is copied by itself keeps up, and what the last restore
// drill came to: its rows, counted one by one, are what was looked at.
func (a *App) seeDrill(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	var out truth.Seen
	if a.Feed != nil {
		out.Known, out.Checked = true, 1
		if at, _ := a.Feed.AsOf(); s.Now.Sub(at) > time.Hour {
			out.Wrong++
			out.Names = append(out.Names, "backup.as-of")
		}
	}
	list, err := a.Drills.Drills(ctx, 1)
	for _, d := range list {
		out.Known, out.Checked, out.At = true, out.Checked+d.Rows, d.At
		if !d.Good {
			out.Wrong++
			out.Names = append(out.Names, "drill "+d.ID)
		}
	}
	return out, err
}

// openers are the keys with which copies open: the present master key and, until there is
// a copy under it, the one before.
func (a *App) openers() vault.KeyWrapper {
	if w, err := vault.ReadMasters(a.Config.MasterKeyFile); err == nil {
		return w
	}
	return a.Vault.Wrapper()
}
