package breach

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/processing"
	"prasan/internal/retention/few"
)

// EndOfLife is how reports of breaches come to their end: by the record of the activity
// that they are about, counted from the day on which they were closed. What is destroyed is
// what was reported and written about it, whose acts were counted, and the history's words.
// That there was a breach, when, of which kind and risk, how many it touched and when who
// was told stays: it shows that the law's time was kept (s.37(4)), and identifies nobody
// whose data it was. The notices are letters, with rounds of their own.
type EndOfLife struct{ *Service }

// Kind names what it holds.
func (EndOfLife) Kind() string { return "breach" }

// Activity is the code of the record in whose rounds it goes: those of what people have
// written, also for breaches of what goes by itself and has no rounds.
func (EndOfLife) Activity() string { return "contact-us" }

// Matter names the rounds in which it goes: those of what people have written.
func (EndOfLife) Matter() string { return "" }

// over are the breaches that are over and not destroyed, that are due before a moment. An
// activity without a record destroys nothing.
func (e EndOfLife) over(tx *db.Tx, before time.Time) ([]few.Matter, error) {
	var out []few.Matter
	err := tx.Each(`SELECT id, agency, activity, closed_at, COALESCE((SELECT MAX(body) FROM breach_events WHERE breach_id = breaches.id AND kind = '`+few.Extended+`'), '{}') FROM breaches WHERE closed_at > 0 AND LENGTH(description) > 0`, nil, func(rows *sql.Rows) error {
		var m few.Matter
		var activity, text string
		var closed int64
		if err := rows.Scan(&m.ID, &m.Agency, &activity, &closed, &text); err != nil {
			return err
		}
		snap := e.Record(activity)
		if snap == nil {
			return nil
		}
		m.Label, m.Over = m.ID, db.Time(closed)
		var err error
		if m.Due, err = few.Moved(snap.DueAt(m.Over), text); err == nil && !m.Due.After(before) {
			out = append(out, m)
		}
		return err
	})
	return out, err
}

// Count tells how many breaches are due at a moment, by agency.
func (e EndOfLife) Count(tx *db.Tx, at time.Time) (map[string]int, error) {
	list, err := e.over(tx, at)
	return few.Count(list), err
}

// Due lists an agency's breaches that are due before a moment, by date and id.
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
	b, err := lock(tx, id)
	if err != nil {
		return err
	}
	return e.note(tx, &b, system, few.Extended, few.Until(until))
}

// Erase destroys what breaches say, their keys first. Doing it again does nothing more.
func (e EndOfLife) Erase(ctx context.Context, actor string, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	var left []Breach
	var keys []string
	in, args := db.In(ids)
	err := e.DB.Read(ctx, func(tx *db.Tx) (err error) {
		left, err = query(tx, `LENGTH(description) > 0 AND id IN (`+in+`)`, args...)
		return err
	})
	if err != nil || len(left) == 0 {
		return err
	}
	for _, b := range left {
		keys = append(keys, b.subjectKey)
	}
	if err := e.Vault.ShredAll(ctx, keys); err != nil {
		return err
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error { return e.empty(tx, actor, left) })
}

func (e EndOfLife) empty(tx *db.Tx, actor string, list []Breach) error {
	for i := range list {
		b := &list[i]
		if err := emptied(tx, b); err != nil {
			return err
		}
		line := processing.Line{Activity: b.Activity, Act: "erase", Actor: actor, Ground: "retention", Subjects: []string{b.subjectKey}, Elements: []string{"*"}, Detail: "destruction"}
		if snap := e.Record(b.Activity); snap != nil {
			line.Revision = snap.RevisionID
		}
		if err := e.Processing.Record(tx, line); err != nil {
			return err
		}
	}
	return e.Audit.Append(tx, audit.Event{Actor: actor, Action: "breach.destroy", Object: "breach", Body: map[string]any{"n": len(list)}})
}

// emptied takes every word out of a breach; numbers, kinds and times stay, and that a late
// notice had its reasons.
func emptied(tx *db.Tx, b *Breach) error {
	assessment, err := json.Marshal(Assessment{Risk: b.Assessment.Risk})
	if err != nil {
		return err
	}
	impact, err := json.Marshal(Impact{Subjects: b.Impact.Subjects, Acts: b.Impact.Acts, Elements: b.Impact.Elements, Recipients: b.Impact.Recipients})
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`UPDATE breach_events SET body = '{}' WHERE breach_id = $1`, b.ID); err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE breaches SET description = '', assessment = $1, impact = $2, late_reason = CASE WHEN late_reason = '' THEN '' ELSE '-' END, lessons = '', version = version + 1 WHERE id = $3`, string(assessment), string(impact), b.ID)
	return err
}

// Bury empties the breaches whose keys were destroyed: a restore of older copies brings
// them back.
func Bury(tx *db.Tx, subjects []string) error {
	for page := range slices.Chunk(subjects, 200) {
		in, args := db.In(page)
		list, err := query(tx, `LENGTH(description) > 0 AND subject_key IN (`+in+`)`, args...)
		for i := range list {
			if err == nil {
				err = emptied(tx, &list[i])
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Gone tells whether nothing of what a breach said is left, nor can be opened.
func (e EndOfLife) Gone(ctx context.Context, id string) (bool, error) {
	var key string
	var n int
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT subject_key, LENGTH(description) + LENGTH(lessons) + (SELECT COUNT(*) FROM breach_events WHERE breach_id = $1 AND body <> '{}') FROM breaches WHERE id = $2`, []any{id, id}, &key, &n)
	})
	if err != nil || n > 0 {
		return false, err
	}
	have, err := e.Vault.Has(ctx, []string{key})
	return !have[key], err
}
