package rights

import (
	"context"
	"database/sql"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/processing"
	"prasan/internal/retention/few"
)

// EndOfLife is how requests come to their end. Their time begins with the last thing that
// was done about them. What is destroyed is what the person wrote, what was said of it and
// whose cases it was about; that there was a request, how it ended and on which ground
// stays, since the record of refusals is made of it (s.39(7)).
type EndOfLife struct{ *Service }

// Kind names what it holds.
func (EndOfLife) Kind() string { return "request" }

// Activity is the code of the record by which it is kept.
func (EndOfLife) Activity() string { return activity }

// Matter names the rounds in which it goes: those of what people have written.
func (EndOfLife) Matter() string { return "" }

// over are the requests that are over and not destroyed, that are due before a moment. They
// are few beside cases: each date is worked out when it is asked for.
func (e EndOfLife) over(tx *db.Tx, before time.Time) ([]few.Matter, error) {
	snap := e.Record(activity)
	if snap == nil {
		return nil, errs.New(errs.Unavailable, "error.no-record")
	}
	var out []few.Matter
	err := tx.Each(`SELECT id, reference, agency, (SELECT MAX(at) FROM rights_events WHERE request_id = rights_requests.id AND kind <> '`+few.Extended+`'), COALESCE((SELECT MAX(body) FROM rights_events WHERE request_id = rights_requests.id AND kind = '`+few.Extended+`'), '{}') FROM rights_requests WHERE activity = $1 AND state IN ('answered', 'closed', 'withdrawn') AND LENGTH(statement) > 0`, []any{activity}, func(rows *sql.Rows) error {
		var m few.Matter
		var ended int64
		var text string
		if err := rows.Scan(&m.ID, &m.Label, &m.Agency, &ended, &text); err != nil {
			return err
		}
		m.Over = db.Time(ended)
		var err error
		if m.Due, err = few.Moved(snap.DueAt(m.Over), text); err == nil && !m.Due.After(before) {
			out = append(out, m)
		}
		return err
	})
	return out, err
}

// Count tells how many requests are due at a moment, by agency.
func (e EndOfLife) Count(tx *db.Tx, at time.Time) (map[string]int, error) {
	list, err := e.over(tx, at)
	return few.Count(list), err
}

// Due lists an agency's requests that are due before a moment, by date and id.
func (e EndOfLife) Due(tx *db.Tx, agency string, before, afterDue time.Time, after string, limit int, each func(id, label string, closed, due time.Time)) error {
	list, err := e.over(tx, before)
	if err != nil {
		return err
	}
	few.Page(list, agency, afterDue, after, limit, each)
	return nil
}

// Extend moves the date of one.
func (e EndOfLife) Extend(tx *db.Tx, id string, until time.Time) error {
	r, err := one(tx, `id = $1`, id)
	if err != nil {
		return err
	}
	return e.note(tx, &r, "system", few.Extended, false, few.Until(until))
}

// Erase destroys what requests say, their keys first. Doing it again does nothing more.
func (e EndOfLife) Erase(ctx context.Context, actor string, ids []string) error {
	var left, keys []string
	in, args := db.In(ids)
	if len(ids) == 0 {
		return nil
	}
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		left, keys = nil, nil
		return tx.Each(`SELECT id, subject_key FROM rights_requests WHERE LENGTH(statement) > 0 AND id IN (`+in+`)`, args, func(rows *sql.Rows) error {
			var id, key string
			err := rows.Scan(&id, &key)
			left, keys = append(left, id), append(keys, key)
			return err
		})
	})
	if err != nil || len(left) == 0 {
		return err
	}
	if err := e.Vault.ShredAll(ctx, keys); err != nil {
		return err
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error { return e.empty(tx, actor, left, keys) })
}

func (e EndOfLife) empty(tx *db.Tx, actor string, ids, keys []string) error {
	if err := emptied(tx, ids); err != nil {
		return err
	}
	line := processing.Line{Activity: activity, Act: "erase", Actor: actor, Ground: "retention", Subjects: keys, Elements: []string{"*"}, Detail: "destruction"}
	if snap := e.Record(activity); snap != nil {
		line.Revision = snap.RevisionID
	}
	if err := e.Processing.Record(tx, line); err != nil {
		return err
	}
	return e.Audit.Append(tx, audit.Event{Actor: actor, Action: "rights.destroy", Object: "rights", Body: map[string]any{"n": len(ids)}})
}

// Bury empties the requests whose keys were destroyed: a restore of older copies brings
// them back.
func Bury(tx *db.Tx, subjects []string) error {
	for len(subjects) > 0 {
		page := subjects[:min(len(subjects), 200)]
		subjects = subjects[len(page):]
		var ids []string
		in, args := db.In(page)
		err := tx.Each(`SELECT id FROM rights_requests WHERE LENGTH(statement) > 0 AND subject_key IN (`+in+`)`, args, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		})
		if err == nil && len(ids) > 0 {
			err = emptied(tx, ids)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func emptied(tx *db.Tx, ids []string) error {
	in, args := db.In(ids)
	for _, query := range []string{
		`DELETE FROM rights_cases WHERE request_id IN (` + in + `)`,
		`UPDATE rights_events SET body = '{}' WHERE request_id IN (` + in + `)`,
		`UPDATE rights_requests SET statement = '', tracking_hash = '', reasons = '', manifest = '[]', consent_number = '', case_id = '', case_reference = '', case_subject = '', version = version + 1 WHERE id IN (` + in + `)`,
	} {
		if _, err := tx.Exec(query, args...); err != nil {
			return err
		}
	}
	return nil
}

// Gone tells whether nothing of what a request said is left, nor can be opened.
func (e EndOfLife) Gone(ctx context.Context, id string) (bool, error) {
	var key string
	var n int
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT subject_key, LENGTH(statement) + LENGTH(consent_number) + (SELECT COUNT(*) FROM rights_cases WHERE request_id = $1) FROM rights_requests WHERE id = $2`, []any{id, id}, &key, &n)
	})
	if err != nil || n > 0 {
		return false, err
	}
	have, err := e.Vault.Has(ctx, []string{key})
	return !have[key], err
}
