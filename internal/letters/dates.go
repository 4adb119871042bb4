package letters

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

// dueAt is when the time of a letter is over whose time begins at a moment; the zero time
// while there is no record. The time begins anew with each step of the letter.
func (s *Service) dueAt(from time.Time) time.Time {
	snap := s.Record(Activity)
	if snap == nil {
		return time.Time{}
	}
	return snap.DueAt(from)
}

const jobDates = "letters.dates"

// dating sets the dates on which letters are due, page by page: those that the record of
// before had set, and those that have none.
type dating struct {
	Before   policy.Retention
	Revision int // of the record that has set another period; 0 where none has
	Table    string
	After    string // id of the last letter of the page before
	Moved    int
}

// RecordChanged follows a revision of the record in the transaction that puts it into
// force.
func (s *Service) RecordChanged(tx *db.Tx, before, after *policy.Snapshot) error {
	if before == nil || after.Activity != Activity || before.Retention == after.Retention {
		return nil
	}
	for table := range tables {
		if err := s.Jobs.Enqueue(tx, jobDates, dating{Before: before.Retention, Revision: after.Revision, Table: table}); err != nil {
			return err
		}
	}
	return nil
}

// undated has letters dated that have no date: from before there were any, or while there
// was no record.
func (s *Service) undated(ctx context.Context, _ jobs.Job) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		for table := range tables {
			var n int
			if err := tx.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM `+table+` WHERE destroyed_at = 0 AND destroy_at = 0 LIMIT 1) AS some`, nil, &n); err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			if err := s.Jobs.Enqueue(tx, jobDates, dating{Table: table}, jobs.Unique(jobDates+"."+table)); err != nil {
				return err
			}
		}
		return nil
	})
}

const datesPage = 500

// date sets one page. It goes by the record in force when it runs; a date that a round
// has moved is not the record's, and stays.
func (s *Service) date(ctx context.Context, j jobs.Job) error {
	var d dating
	if err := json.Unmarshal(j.Payload, &d); err != nil {
		return err
	}
	snap := s.Record(Activity)
	if _, ok := tables[d.Table]; !ok || snap == nil {
		return nil
	}
	if snap.Revision < d.Revision { // this node has not read it yet; the job is tried again
		return errs.New(errs.Unavailable, "error.record-behind")
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		next, n := d, 0
		moved := map[string][2]int64{}
		err := tx.Each(`SELECT id, ended_at, destroy_at FROM `+d.Table+` WHERE destroyed_at = 0 AND id > $1 ORDER BY id LIMIT $2`, []any{d.After, datesPage}, func(rows *sql.Rows) error {
			var ended, due int64
			n++
			if err := rows.Scan(&next.After, &ended, &due); err != nil {
				return err
			}
			will := db.Micros(snap.DueAt(db.Time(ended)))
			if due != will && (due == 0 || d.Revision > 0 && due == db.Micros(d.Before.DueAt(db.Time(ended)))) {
				moved[next.After] = [2]int64{due, will}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for id, m := range moved {
			if _, err := tx.Exec(`UPDATE `+d.Table+` SET destroy_at = $1, version = version + 1 WHERE id = $2 AND destroy_at = $3`, m[1], id, m[0]); err != nil {
				return err
			}
			next.Moved++
		}
		if n == datesPage {
			return s.Jobs.Enqueue(tx, jobDates, next)
		}
		return s.Audit.Append(tx, audit.Event{Actor: "system", Action: "letter.dated", Object: "record:" + Activity, Body: map[string]any{"revision": snap.RevisionID, "of": d.Table, "letters": next.Moved}})
	})
}
