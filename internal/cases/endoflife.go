package cases

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/mail"
	"prasan/internal/processing"
)

// EndOfLife is how cases come to their end: what is due, moved, destroyed and gone.
type EndOfLife struct{ *Service }

// Kind names what it holds.
func (EndOfLife) Kind() string { return "case" }

// Activity is the code of the record by which it is kept.
func (EndOfLife) Activity() string { return Activity }

// Matter names the rounds in which it goes: those of what people have written.
func (EndOfLife) Matter() string { return "" }

// Count tells how many closed cases are due at a moment, by agency.
func (EndOfLife) Count(tx *db.Tx, at time.Time) (map[string]int, error) {
	out := map[string]int{}
	err := tx.Each(`SELECT agency, COUNT(*) FROM cases WHERE destroy_at > 0 AND destroy_at <= $1 GROUP BY agency`, []any{db.Micros(at)}, func(rows *sql.Rows) error {
		var agency string
		var n int
		err := rows.Scan(&agency, &n)
		out[agency] = n
		return err
	})
	return out, err
}

// Due lists an agency's closed cases that are due before a moment, by id: what came one
// after the other lies together, and is destroyed together.
func (EndOfLife) Due(tx *db.Tx, agency string, before, _ time.Time, after string, limit int, each func(id, label string, closed, due time.Time)) error {
	return tx.Each(`SELECT id, reference, closed_at, destroy_at FROM cases WHERE agency = $1 AND destroy_at > 0 AND destroy_at <= $2 AND id > $3 ORDER BY id LIMIT $4`, []any{agency, db.Micros(before), after, limit}, func(rows *sql.Rows) error {
		var id, reference string
		var closed, due int64
		if err := rows.Scan(&id, &reference, &closed, &due); err != nil {
			return err
		}
		each(id, reference, db.Time(closed), db.Time(due))
		return nil
	})
}

// Extend moves the date of one case.
func (EndOfLife) Extend(tx *db.Tx, id string, until time.Time) error {
	n, err := tx.Exec(`UPDATE cases SET destroy_at = $1, version = version + 1 WHERE id = $2 AND destroy_at > 0`, db.Micros(until), id)
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "error.case-not-found")
	}
	return err
}

// Gone tells whether nothing of a case is left and nothing of it can be opened.
func (e EndOfLife) Gone(ctx context.Context, id string) (gone bool, err error) {
	err = e.DB.Read(ctx, func(tx *db.Tx) error {
		var n int
		err := tx.QueryRow(`SELECT (SELECT COUNT(*) FROM cases WHERE id = $1) + (SELECT COUNT(*) FROM case_events WHERE case_id = $2) + (SELECT COUNT(*) FROM attachments WHERE case_id = $3) + (SELECT COUNT(*) FROM case_index WHERE case_id = $4) + (SELECT COUNT(*) FROM outbox WHERE case_id = $5)`, []any{id, id, id, id, id}, &n)
		gone = n == 0
		return err
	})
	return gone, err
}

// doomed is what must go with a case.
type doomed struct {
	id, reference, outside, subject, revision string
	blobs                                     []string
}

// Erase destroys cases: their keys first, so that no copy can be opened, then the files,
// then the rows. Doing it again does nothing more.
func (e EndOfLife) Erase(ctx context.Context, actor string, ids []string) error {
	list, err := e.doomed(ctx, ids)
	if err != nil || len(list) == 0 {
		return err
	}
	keys := make([]string, len(list))
	for i, d := range list {
		keys[i] = d.subject
	}
	if err := e.Vault.ShredAll(ctx, keys); err != nil {
		return err
	}
	// The files before the rows that name them: a process that dies in between finds them again.
	if err := e.eraseFiles(ctx, list); err != nil {
		return err
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error { return e.erase(tx, actor, list) })
}

// eraseFiles removes the files that no other case has. One that stays cannot be opened by
// what was destroyed, and goes with the last that has it.
func (e EndOfLife) eraseFiles(ctx context.Context, list []doomed) error {
	var ids, blobs []string
	for _, d := range list {
		ids, blobs = append(ids, d.id), append(blobs, d.blobs...)
	}
	if len(blobs) == 0 {
		return nil
	}
	others := map[string]bool{}
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		clear(others)
		in, args := db.In(append(blobs, ids...))
		marks := strings.Split(in, ", ")
		return tx.Each(`SELECT blob FROM attachments WHERE blob IN (`+strings.Join(marks[:len(blobs)], ", ")+`) AND case_id NOT IN (`+strings.Join(marks[len(blobs):], ", ")+`)`, args, func(rows *sql.Rows) error {
			var blob string
			err := rows.Scan(&blob)
			others[blob] = true
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, blob := range blobs {
		if others[blob] {
			continue
		}
		if err := e.Files.Delete(ctx, blob); err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
	}
	return nil
}

func (e EndOfLife) doomed(ctx context.Context, ids []string) ([]doomed, error) {
	var list []doomed
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		list = nil
		in, args := db.In(ids)
		at := map[string]int{}
		err := tx.Each(`SELECT id, reference, outside_ref, subject_key, revision_id FROM cases WHERE id IN (`+in+`)`, args, func(rows *sql.Rows) error {
			var d doomed
			err := rows.Scan(&d.id, &d.reference, &d.outside, &d.subject, &d.revision)
			at[d.id] = len(list)
			list = append(list, d)
			return err
		})
		if err != nil {
			return err
		}
		return tx.Each(`SELECT case_id, blob FROM attachments WHERE case_id IN (`+in+`)`, args, func(rows *sql.Rows) error {
			var id, blob string
			if err := rows.Scan(&id, &blob); err != nil {
				return err
			}
			if i, ok := at[id]; ok {
				list[i].blobs = append(list[i].blobs, blob)
			}
			return nil
		})
	})
	return list, err
}

func (e EndOfLife) erase(tx *db.Tx, actor string, list []doomed) error {
	revision := ""
	if snap := e.Record(Activity); snap != nil {
		revision = snap.RevisionID
	}
	ids := make([]string, len(list))
	subjects := make([]string, len(list))
	for i, d := range list {
		ids[i], subjects[i] = d.id, d.subject
	}
	if err := mail.EraseAll(tx, ids); err != nil {
		return err
	}
	if err := e.bury(tx, list); err != nil {
		return err
	}
	in, args := db.In(ids)
	for _, table := range []string{"case_index", "case_events", "attachments", "links"} {
		if _, err := tx.Exec(`DELETE FROM `+table+` WHERE case_id IN (`+in+`)`, args...); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`DELETE FROM cases WHERE id IN (`+in+`)`, args...); err != nil {
		return err
	}
	if err := e.Processing.Record(tx, processing.Line{Activity: Activity, Revision: revision, Act: "erase", Actor: actor, Ground: "retention", Subjects: subjects, Elements: []string{"*"}, Detail: "destruction"}); err != nil {
		return err
	}
	return e.Audit.Append(tx, audit.Event{Actor: actor, Action: "case.destroy", Object: "cases", Body: map[string]any{"n": len(list)}})
}

// Bury removes the rows of cases whose keys were destroyed: a restore of older copies
// brings such rows back.
func Bury(tx *db.Tx, subjects []string) error {
	for len(subjects) > 0 {
		page := subjects[:min(len(subjects), 200)]
		subjects = subjects[len(page):]
		in, args := db.In(page)
		for _, table := range []string{"case_index", "case_events", "attachments", "links", "outbox"} {
			if _, err := tx.Exec(`DELETE FROM `+table+` WHERE case_id IN (SELECT id FROM cases WHERE subject_key IN (`+in+`))`, args...); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`DELETE FROM cases WHERE subject_key IN (`+in+`)`, args...); err != nil {
			return err
		}
	}
	return nil
}
