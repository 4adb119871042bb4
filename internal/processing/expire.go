package processing

import (
	"context"
	"database/sql"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/policy"
)

// expireAtOnce bounds the lines of one transaction, so that who writes meanwhile waits
// for that many only.
const expireAtOnce = 2000

// Expire takes lines out of the log whose own time is over: at the last year's end of the
// record they were older than it keeps anything of their activity, and the key of whose data
// they speak of is gone. While that data is kept, for whatever reason, what was done with it
// stays known. The sums by day stay, and identify nobody; a line that is not in them yet
// stays, too. It may be interrupted and goes on.
func (s *Service) Expire(ctx context.Context, now time.Time) error {
	var activities []string
	var mark string
	var oldest int64
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		activities = nil
		if mark, err = tx.Mark(roll.Name); err != nil {
			return err
		}
		if err := tx.QueryRow(`SELECT COALESCE((SELECT at FROM processing_log ORDER BY id LIMIT 1), 0)`, nil, &oldest); err != nil {
			return err
		}
		return tx.Each(`SELECT DISTINCT activity FROM processing_totals`, nil, func(rows *sql.Rows) error {
			var a string
			err := rows.Scan(&a)
			activities = append(activities, a)
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, a := range activities {
		snap := s.record(a)
		if snap == nil { // no record in force, nothing that says how long
			continue
		}
		round := snap.Retention.RoundBefore(now)
		if !db.Time(oldest).Before(snap.Retention.Before(round)) {
			continue // for the first years: nothing is old enough, and the log is not read
		}
		for after, more := "", true; more; {
			if after, more, err = s.expirePage(ctx, snap, round, after, mark); err != nil {
				return err
			}
		}
	}
	return nil
}

// expirePage looks at a page of lines that are old enough; it returns the last of them.
func (s *Service) expirePage(ctx context.Context, snap *policy.Snapshot, round time.Time, after, mark string) (last string, more bool, err error) {
	var ids, subjects []string
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		ids, subjects = nil, nil
		return tx.Each(`SELECT id, subject FROM processing_log WHERE id > $1 AND id <= $2 AND activity = $3 AND at < $4 ORDER BY id LIMIT $5`, []any{after, mark, snap.Activity, db.Micros(snap.Retention.Before(round)), expireAtOnce}, func(rows *sql.Rows) error {
			var id, subject string
			err := rows.Scan(&id, &subject)
			ids, subjects = append(ids, id), append(subjects, subject)
			return err
		})
	})
	if err != nil || len(ids) == 0 {
		return after, false, err
	}
	last, more = ids[len(ids)-1], len(ids) == expireAtOnce
	alive, err := s.vault.Has(ctx, subjects)
	if err != nil {
		return last, false, err
	}
	var gone []string
	for i, id := range ids {
		if !alive[subjects[i]] {
			gone = append(gone, id)
		}
	}
	if len(gone) == 0 {
		return last, more, nil
	}
	return last, more, s.db.InTx(ctx, func(tx *db.Tx) error {
		in, args := db.In(gone)
		n, err := tx.Exec(`DELETE FROM processing_log WHERE id IN (`+in+`)`, args...)
		if err != nil || n == 0 {
			return err
		}
		return s.audit.Append(tx, audit.Event{Actor: "system", Action: "data.expire", Object: "log:" + snap.Activity, Body: map[string]any{"n": n, "round": round, "revision": snap.RevisionID}})
	})
}
