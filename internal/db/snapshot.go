package db

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"strings"

	"prasan/internal/errs"
)

// Dump writes an archive of pg_dump to a new file, and calls look for the same moment.
func (d *DB) Dump(ctx context.Context, path string, look func(tx *Tx) error) error {
	s, err := newSession(ctx, d.readSQL, d.Dialect, "")
	if err != nil {
		return classify(err)
	}
	defer s.close()
	if err := s.exec("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"); err != nil {
		return classify(err)
	}
	defer func() { _ = s.exec("ROLLBACK") }() // the connection is closed anyway
	tx := &Tx{Dialect: d.Dialect, session: s}
	var moment string
	if err := tx.QueryRow("SELECT pg_export_snapshot()", nil, &moment); err != nil {
		return err
	}
	only := "--exclude-schema=keyring" // the keyring is backed up apart, also where it shares the database
	if d.schema != "" {
		only = "--schema=" + d.schema
	}
	if err := run(ctx, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--snapshot="+moment, only, "--file="+path, "--dbname="+d.URL); err != nil {
		return err
	}
	return look(tx)
}

// RestoreSnapshot puts a snapshot where a database is to be: a file that is not there
// yet, or an empty PostgreSQL database.
func RestoreSnapshot(ctx context.Context, address, path string) error {
	if !strings.HasPrefix(address, "sqlite:") {
		return run(ctx, "pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--dbname="+address, path)
	}
	target := strings.TrimPrefix(address, "sqlite:")
	if _, err := os.Stat(target); err == nil {
		return errs.New(errs.Conflict, "error.restore-exists", "path", target)
	}
	return os.Rename(path, target)
}

// run calls one of PostgreSQL's own programs; what it says on standard error is the
// cause, for the operator's log.
func run(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errs.Wrap(&programError{name, strings.TrimSpace(string(out)), err}, errs.Unavailable, "error.postgres-tool", "name", name)
	}
	return nil
}

type programError struct {
	name, said string
	err        error
}

func (e *programError) Error() string { return e.name + ": " + e.err.Error() + ": " + e.said }
func (e *programError) Unwrap() error { return e.err }

// Integrity asks SQLite whether its file is whole; PostgreSQL has no such question and
// leaves it to the row hashes.
func (d *DB) Integrity(ctx context.Context) ([]string, error) {
	if d.Dialect == PostgreSQL {
		return nil, nil
	}
	var problems []string
	err := d.Read(ctx, func(tx *Tx) error {
		problems = nil
		return tx.Each(`PRAGMA integrity_check`, nil, func(rows *sql.Rows) error {
			var line string
			err := rows.Scan(&line)
			if line != "ok" {
				problems = append(problems, line)
			}
			return err
		})
	})
	if err != nil && errs.KindOf(err) == errs.Unavailable { // a file so damaged that it cannot be read
		return []string{err.Error()}, nil
	}
	return problems, err
}

// Erase has what was deleted leave the file: free pages are given back, and the log is
// emptied. PostgreSQL's own vacuum does the same in its time.
func (d *DB) Erase(ctx context.Context) error {
	if d.Dialect == PostgreSQL {
		_, err := d.pool.ExecContext(ctx, "VACUUM")
		return classify(err)
	}
	conn, err := sql.Open("sqlite", sqliteDSN(d.path(), true))
	if err != nil {
		return classify(err)
	}
	defer conn.Close()
	conn.SetMaxOpenConns(1)
	for _, text := range []string{"PRAGMA incremental_vacuum", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		rows, err := conn.QueryContext(ctx, text)
		if err != nil {
			return classify(err)
		}
		for rows.Next() { // each step gives back a page
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return classify(err)
		}
	}
	return nil
}

// Scratch makes an empty database on the same server, and what drops it again.
func (d *DB) Scratch(ctx context.Context) (address string, drop func(), err error) {
	u, err := url.Parse(d.URL)
	if err != nil {
		return "", nil, errs.Wrap(err, errs.Invalid, "error.database-url")
	}
	name := "prasan_drill_" + strings.ReplaceAll(NewID(), "-", "")
	if _, err := d.pool.ExecContext(ctx, `CREATE DATABASE `+name+` TEMPLATE template0 ENCODING 'UTF8'`); err != nil {
		return "", nil, errs.Wrap(err, errs.Unavailable, "error.drill-database")
	}
	u.Path = "/" + name
	return u.String(), func() {
		_, _ = d.pool.ExecContext(context.WithoutCancel(ctx), `DROP DATABASE IF EXISTS `+name+` WITH (FORCE)`) // what is left of it is in nobody's way
	}, nil
}
