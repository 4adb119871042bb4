package cases

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/policy"
)

const jobRedate = "cases.redate"

// redating moves the dates on which closed cases are due, after the record has set
// another period, page by page.
type redating struct {
	Before   policy.Retention
	Revision int    // of the record that has set it
	After    string // id of the last case of the page before
	Moved    int
}

// RecordChanged follows a revision of the record in the transaction that puts it into
// force: where the period has changed, the dates of the cases already closed do too.
func (s *Service) RecordChanged(tx *db.Tx, before, after *policy.Snapshot) error {
	if before == nil || after.Activity != Activity || before.Retention == after.Retention {
		return nil
	}
	return s.Jobs.Enqueue(tx, jobRedate, redating{Before: before.Retention, Revision: after.Revision})
}

const redatePage = 500

// redate moves one page. It goes by the record in force when it runs, so that several
// changes in a row come to the same in any order; a date that a destruction round has
// moved is not the record's, and stays.
func (s *Service) redate(ctx context.Context, j jobs.Job) error {
	var r redating
	if err := json.Unmarshal(j.Payload, &r); err != nil {
		return err
	}
	snap, err := s.snapshot()
	if err != nil {
		return err
	}
	if snap.Revision < r.Revision { // this node has not read it yet; the job is tried again
		return errs.New(errs.Unavailable, "error.record-behind")
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		next, n := r, 0
		dates := map[string][2]time.Time{}
		err := tx.Each(`SELECT id, closed_at, destroy_at FROM cases WHERE destroy_at > 0 AND id > $1 ORDER BY id LIMIT $2`, []any{r.After, redatePage}, func(rows *sql.Rows) error {
			var id string
			var closed, due int64
			if err := rows.Scan(&id, &closed, &due); err != nil {
				return err
			}
			n++
			next.After = id
			if was, will := r.Before.DueAt(db.Time(closed)), snap.DueAt(db.Time(closed)); was.Equal(db.Time(due)) && !will.Equal(was) {
				dates[id] = [2]time.Time{was, will}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for id, d := range dates {
			moved, err := tx.Exec(`UPDATE cases SET destroy_at = $1, version = version + 1 WHERE id = $2 AND destroy_at = $3`, db.Micros(d[1]), id, db.Micros(d[0]))
			if err != nil {
				return err
			}
			next.Moved += int(moved)
		}
		if n == redatePage {
			return s.Jobs.Enqueue(tx, jobRedate, next)
		}
		return s.Audit.Append(tx, audit.Event{Actor: "system", Action: "case.redated", Object: "record:" + Activity, Body: map[string]any{"revision": snap.RevisionID, "cases": next.Moved}})
	})
}

// Begun counts the closed cases that are still kept and whose period began at or before
// a moment; all of them for the zero time.
func (s *Service) Begun(ctx context.Context, t time.Time) (n int, err error) {
	if t.IsZero() {
		t = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM cases WHERE destroy_at > 0 AND closed_at <= $1`, []any{db.Micros(t)}, &n)
	})
	return n, err
}
