package db

import (
	"context"
	"database/sql"
	"os"
	"os/exec"
	"strings"

	"prasan/internal/errs"
)

// Snapshot writes a consistent copy of the database to a new file while others go on
// writing: a database file on SQLite, an archive of pg_dump on PostgreSQL.
func (d *DB) Snapshot(ctx context.Context, path string) error {
	if d.Dialect == PostgreSQL {
		only := "--exclude-schema=keyring" // the keyring is backed up apart, also where it shares the database
		if d.schema != "" {
			only = "--schema=" + d.schema
		}
		return run(ctx, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", only, "--file="+path, "--dbname="+d.URL)
	}
	source := strings.TrimPrefix(d.URL, "sqlite:")
	conn, err := sql.Open("sqlite", fileURI(source)+"?_pragma=busy_timeout(5000)")
	if err != nil {
		return classify(err)
	}
	defer conn.Close()
	_, err = conn.ExecContext(ctx, `VACUUM INTO '`+strings.ReplaceAll(path, "'", "''")+`'`)
	return classify(err)
}

// RestoreSnapshot puts a snapshot where a database is to be: a file that is not there
// yet, or an empty PostgreSQL database.
func RestoreSnapshot(ctx context.Context, url, path string) error {
	if !strings.HasPrefix(url, "sqlite:") {
		return run(ctx, "pg_restore", "--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction", "--dbname="+url, path)
	}
	target := strings.TrimPrefix(url, "sqlite:")
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
