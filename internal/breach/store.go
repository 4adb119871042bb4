package breach

import (
	"context"
	"database/sql"
	"encoding/json"
	"strconv"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
)

func itoa(n int) string { return strconv.Itoa(n) }

const columns = `id, agency, activity, drill, state, kinds, channel, subject_key, description, occurred_from, occurred_to, reported_by, reported_at, aware_by, aware_at, assessment, impact, assessed_by, confirmed_by, notified_at, late_reason, subjects_at, subjects_n, closed_at, lessons, letter_id, supplement_id, version`

func scan(rows *sql.Rows) (Breach, error) {
	var b Breach
	var kinds, assessment, impact string
	var from, to, reported, aware, notified, subjects, closed int64
	err := rows.Scan(&b.ID, &b.Agency, &b.Activity, &b.Drill, &b.State, &kinds, &b.Channel, &b.subjectKey, &b.description, &from, &to, &b.ReportedBy, &reported, &b.AwareBy, &aware, &assessment, &impact, &b.AssessedBy, &b.ConfirmedBy, &notified, &b.LateReason, &subjects, &b.SubjectsN, &closed, &b.Lessons, &b.LetterID, &b.SupplementID, &b.Version)
	if err != nil {
		return b, err
	}
	b.Kinds = strings.Split(kinds, ",")
	b.OccurredFrom, b.OccurredTo, b.ReportedAt, b.AwareAt = db.Time(from), db.Time(to), db.Time(reported), db.Time(aware)
	b.NotifiedAt, b.SubjectsAt, b.ClosedAt = db.Time(notified), db.Time(subjects), db.Time(closed)
	if err := json.Unmarshal([]byte(assessment), &b.Assessment); err != nil {
		return b, err
	}
	return b, json.Unmarshal([]byte(impact), &b.Impact)
}

func query(tx *db.Tx, where string, args ...any) ([]Breach, error) {
	var out []Breach
	err := tx.Each(`SELECT `+columns+` FROM breaches WHERE `+where, args, func(rows *sql.Rows) error {
		b, err := scan(rows)
		out = append(out, b)
		return err
	})
	return out, err
}

func one(tx *db.Tx, where string, args ...any) (Breach, error) {
	list, err := query(tx, where, args...)
	if err == nil && len(list) == 0 {
		err = errs.New(errs.NotFound, "error.not-found")
	}
	if err != nil {
		return Breach{}, err
	}
	return list[0], nil
}

func lock(tx *db.Tx, id string) (Breach, error) { return one(tx, `id = $1`+tx.ForUpdate(), id) }

func insert(tx *db.Tx, b *Breach) error {
	_, err := tx.Exec(`INSERT INTO breaches (id, agency, activity, drill, state, kinds, channel, subject_key, description, occurred_from, occurred_to, reported_by, reported_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		b.ID, b.Agency, b.Activity, b.Drill, string(b.State), strings.Join(b.Kinds, ","), b.Channel, b.subjectKey, b.description, db.Micros(b.OccurredFrom), db.Micros(b.OccurredTo), b.ReportedBy, db.Micros(b.ReportedAt))
	return err
}

func update(tx *db.Tx, b *Breach) error {
	assessment, err := json.Marshal(b.Assessment)
	if err != nil {
		return err
	}
	impact, err := json.Marshal(b.Impact)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE breaches SET state = $1, aware_by = $2, aware_at = $3, risk = $4, assessment = $5, impact = $6, assessed_by = $7, confirmed_by = $8, notified_at = $9, late_reason = $10, subjects_at = $11, subjects_n = $12, closed_at = $13, lessons = $14, letter_id = $15, supplement_id = $16, version = version + 1 WHERE id = $17 AND version = $18`,
		string(b.State), b.AwareBy, db.Micros(b.AwareAt), b.Assessment.Risk, string(assessment), string(impact), b.AssessedBy, b.ConfirmedBy, db.Micros(b.NotifiedAt), b.LateReason, db.Micros(b.SubjectsAt), b.SubjectsN, db.Micros(b.ClosedAt), b.Lessons, b.LetterID, b.SupplementID, b.ID, b.Version)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "error.conflict")
	}
	b.Version++
	return err
}

func insertEvent(tx *db.Tx, breach string, e Event) error {
	if e.Body == nil {
		e.Body = map[string]string{}
	}
	body, err := json.Marshal(e.Body)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO breach_events (id, breach_id, at, kind, actor, body) VALUES ($1, $2, $3, $4, $5, $6)`, db.NewID(), breach, db.Micros(e.At), e.Kind, e.Actor, string(body))
	return err
}

func events(tx *db.Tx, breach string) ([]Event, error) {
	var out []Event
	err := tx.Each(`SELECT at, kind, actor, body FROM breach_events WHERE breach_id = $1 ORDER BY id`, []any{breach}, func(rows *sql.Rows) error {
		var e Event
		var at int64
		var body string
		if err := rows.Scan(&at, &e.Kind, &e.Actor, &body); err != nil {
			return err
		}
		e.At = db.Time(at)
		out = append(out, e)
		return json.Unmarshal([]byte(body), &out[len(out)-1].Body)
	})
	return out, err
}

// impact computes who and what was touched: from the log of processing, which has every
// reading and sending with its subject, elements and actor.
func impact(tx *db.Tx, activity string, w Window) (Impact, error) {
	out := Impact{Elements: map[string]int{}, Actors: map[string]int{}, Recipients: map[string]int{}}
	seen := map[string]map[string]bool{}
	cond, args := `activity = $1 AND at >= $2 AND at <= $3 AND act IN ('read','send','export')`, []any{activity, db.Micros(w.From), db.Micros(w.To)}
	if w.Actor != "" {
		cond += ` AND actor = $4`
		args = append(args, w.Actor)
	}
	err := tx.Each(`SELECT subject, act, actor, elements, detail FROM processing_log WHERE `+cond+` ORDER BY id`, args, func(rows *sql.Rows) error {
		var subject, act, actor, elements, detail string
		if err := rows.Scan(&subject, &act, &actor, &elements, &detail); err != nil {
			return err
		}
		out.Acts++
		out.Actors[actor]++
		if seen[subject] == nil {
			seen[subject] = map[string]bool{}
			out.Keys = append(out.Keys, subject)
		}
		for _, e := range strings.Split(elements, ",") {
			if !seen[subject][e] {
				seen[subject][e] = true
				out.Elements[e]++
			}
		}
		if act != "read" && !seen[subject]["\x00"+detail] {
			seen[subject]["\x00"+detail] = true
			out.Recipients[detail]++
		}
		return nil
	})
	out.Subjects = len(out.Keys)
	return out, err
}

// affected are the keys of the subjects that a breach touched.
func (s *Service) affected(ctx context.Context, b *Breach) ([]string, error) {
	var i Impact
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		i, err = impact(tx, b.Activity, Window{From: b.OccurredFrom, To: b.OccurredTo})
		return err
	})
	return i.Keys, err
}
