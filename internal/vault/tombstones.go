package vault

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/durable"
	"prasan/internal/errs"
)

// Tombstones is a journal outside the databases of what was destroyed: one line a key,
// its time and its id, which is nobody's name. It survives a restore of older copies,
// and a restore replays it before anything is served.
type Tombstones struct{ Path string }

// KeepTombstones has every destruction written to a journal before it is committed.
func (v *Vault) KeepTombstones(path string) { v.dead = &Tombstones{path} }

// Add appends ids, flushed to the disk before it returns.
func (t *Tombstones) Add(at time.Time, ids ...string) error {
	f, err := os.OpenFile(t.Path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.tombstones", "path", t.Path)
	}
	defer f.Close()
	var lines strings.Builder
	for _, id := range ids {
		lines.WriteString(at.UTC().Format(time.RFC3339) + " " + id + "\n")
	}
	if _, err := f.WriteString(lines.String()); err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.tombstones", "path", t.Path)
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return durable.SyncDir(filepath.Dir(t.Path)) // it may have been made just now
}

// Read returns the ids in the journal; none when there is no journal. A last line that
// a power cut left half is no line.
func (t *Tombstones) Read() (map[string]time.Time, error) {
	f, err := os.Open(t.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.tombstones", "path", t.Path)
	}
	defer f.Close()
	out := map[string]time.Time{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		when, id, ok := strings.Cut(lines.Text(), " ")
		at, err := time.Parse(time.RFC3339, when)
		if ok && err == nil && len(id) == 36 {
			out[id] = at
		}
	}
	return out, lines.Err()
}

// Destroyed are the keys that a keyring says were destroyed: it may be newer than the data
// that is restored with it.
func Destroyed(ctx context.Context, keys *db.DB) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	return out, keys.Read(ctx, func(tx *db.Tx) error {
		return tx.Each(`SELECT id, at FROM shredded`, nil, func(rows *sql.Rows) error {
			var id string
			var at int64
			err := rows.Scan(&id, &at)
			out[id] = db.Time(at)
			return err
		})
	})
}

// Replay destroys again, in a restored keyring, what the journal says was destroyed.
func Replay(ctx context.Context, keys *db.DB, dead map[string]time.Time) (n int, err error) {
	err = keys.InTx(ctx, func(tx *db.Tx) error {
		n = 0
		for id, at := range dead {
			gone, err := tx.Exec(`DELETE FROM subjects WHERE id = $1`, id)
			if err != nil {
				return err
			}
			n += int(gone)
			if _, err := tx.Exec(`DELETE FROM redone WHERE subject = $1`, id); err != nil {
				return err
			}
			if _, err := tx.Exec(`INSERT INTO shredded (id, at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`, id, db.Micros(at)); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}
