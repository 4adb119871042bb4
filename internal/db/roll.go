package db

import (
	"context"
	"fmt"
	"time"

	"prasan/internal/errs"
)

// Roll adds what was appended to a log to sums over it, so that a question about all of
// it need read the sums and the few lines since. The log's ids are those of NewID, and
// its lines are never changed.
type Roll struct {
	Name string // of its mark in observations
	Log  string // the table
	Sum  string // a statement that adds the lines with $1 < id <= $2 to the sums
}

const (
	// rollAge is how old a line must be: a transaction that began before another may end
	// after it, and its line stands before the other's.
	rollAge    = 10 * time.Minute
	rollAtOnce = 20000
)

// IDAt is the least identifier of a moment.
func IDAt(t time.Time) string {
	ms := t.UnixMilli()
	return fmt.Sprintf("%08x-%04x-7000-8000-000000000000", ms>>16, ms&0xffff)
}

// Mark is how far a roll has come; lines with a greater id are not in the sums.
func (tx *Tx) Mark(name string) (mark string, err error) {
	err = tx.QueryRow(`SELECT body FROM observations WHERE name = $1`, []any{"roll." + name}, &mark)
	if errs.KindOf(err) == errs.NotFound {
		return "", nil
	}
	return mark, err
}

// SetMark writes such a mark.
func (tx *Tx) SetMark(name, mark string) error {
	return tx.Observe("roll."+name, mark)
}

// Observe keeps what was found under a name, with the moment, in place of what was before.
func (tx *Tx) Observe(name, body string) error {
	_, err := tx.Exec(`INSERT INTO observations (name, at, body) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET at = excluded.at, body = excluded.body`, name, Micros(tx.Now()), body)
	return err
}

// RollUp goes on with a roll up to now, a page in a transaction, so that nobody waits.
func (d *DB) RollUp(ctx context.Context, r Roll) error {
	until := IDAt(time.Now().Add(-rollAge))
	for {
		more, err := d.rollPage(ctx, r, until)
		if err != nil || !more {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
}

func (d *DB) rollPage(ctx context.Context, r Roll, until string) (more bool, err error) {
	err = d.InTx(ctx, func(tx *Tx) error {
		from, err := tx.Mark(r.Name)
		if err != nil || from >= until {
			more = false
			return err
		}
		to := until
		err = tx.QueryRow(fmt.Sprintf(`SELECT id FROM %s WHERE id > $1 AND id <= $2 ORDER BY id LIMIT 1 OFFSET %d`, r.Log, rollAtOnce-1), []any{from, until}, &to)
		if more = err == nil; err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		if _, err := tx.Exec(r.Sum, from, to); err != nil {
			return err
		}
		return tx.SetMark(r.Name, to)
	})
	return more, err
}
