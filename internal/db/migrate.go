package db

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strconv"
	"strings"
	"sync"

	"prasan/internal/errs"
)

// Migration is one step of the schema; steps only go forward.
type Migration struct {
	Version int
	Name    string
	SHA256  string
	text    string
}

// Load reads the migrations of a folder: NNNN_name.sql, statements separated by ";\n".
// A text that the engines do not share stands in a file NNNN_name.ENGINE.sql.
func load(files fs.FS, d Dialect) ([]Migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, err
	}
	var all []Migration
	for _, name := range names {
		parts := strings.Split(strings.TrimSuffix(name, ".sql"), ".")
		if len(parts) == 2 && parts[1] != string(d) {
			continue
		}
		number, title, ok := strings.Cut(path.Base(parts[0]), "_")
		v, err := strconv.Atoi(number)
		if !ok || err != nil {
			return nil, fmt.Errorf("migration %s: want NNNN_name.sql", name)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(text)
		all = append(all, Migration{Version: v, Name: title, SHA256: hex.EncodeToString(sum[:]), text: string(text)})
	}
	sort.Slice(all, func(i, j int) bool { return all[i].Version < all[j].Version })
	return all, nil
}

// Pending returns the migrations of files that have not been applied. It refuses a
// database whose applied migrations differ from those of the program.
func (d *DB) Pending(ctx context.Context, files fs.FS) ([]Migration, error) {
	all, err := load(files, d.Dialect)
	if err != nil {
		return nil, err
	}
	applied := map[int]string{}
	err = d.InTx(ctx, func(tx *Tx) error {
		clear(applied)
		if _, err := tx.Exec(`CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL, applied_at BIGINT NOT NULL)`); err != nil {
			return err
		}
		return tx.Each(`SELECT version, sha256 FROM schema_migrations`, nil, func(rows *sql.Rows) error {
			var v int
			var sum string
			if err := rows.Scan(&v, &sum); err != nil {
				return err
			}
			applied[v] = sum
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return compare(all, applied)
}

func compare(all []Migration, applied map[int]string) ([]Migration, error) {
	var pending []Migration
	for _, m := range all {
		sum, done := applied[m.Version]
		delete(applied, m.Version)
		if !done {
			pending = append(pending, m)
		} else if sum != m.SHA256 {
			return nil, errs.New(errs.Unavailable, "error.migration-differs", "version", m.Version)
		}
	}
	for v := range applied {
		return nil, errs.New(errs.Unavailable, "error.migration-newer", "version", v)
	}
	return pending, nil
}

// Alone waits until no other node installs or migrates the same database, and keeps the
// others waiting until release is called or the connection is lost. SQLite needs no such
// thing: two programs do not serve one file.
func (d *DB) Alone(ctx context.Context) (release func(), err error) {
	if d.Dialect != PostgreSQL {
		return func() {}, nil
	}
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return nil, classify(err)
	}
	if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock(hashtext('prasan installation ' || current_schema()))`); err != nil {
		conn.Close()
		return nil, classify(err)
	}
	return sync.OnceFunc(func() {
		// Unlocked by hand: the connection goes back to the pool with its session.
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock_all()`)
		conn.Close()
	}), nil
}

// Migrate applies what is pending, each migration in one transaction, and returns what it applied.
func (d *DB) Migrate(ctx context.Context, files fs.FS) ([]Migration, error) {
	pending, err := d.Pending(ctx, files)
	if err != nil {
		return nil, err
	}
	for _, m := range pending {
		err := d.InTx(ctx, func(tx *Tx) error {
			for _, statement := range strings.Split(m.text, ";\n") {
				if strings.TrimSpace(statement) == "" {
					continue
				}
				if _, err := tx.Exec(statement); err != nil {
					return fmt.Errorf("migration %04d_%s: %w", m.Version, m.Name, err)
				}
			}
			_, err := tx.Exec(`INSERT INTO schema_migrations (version, name, sha256, applied_at) VALUES ($1, $2, $3, $4)`, m.Version, m.Name, m.SHA256, Micros(tx.Now()))
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return pending, nil
}
