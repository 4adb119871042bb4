package referral

import (
	"database/sql"
	"fmt"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
)

const followUpColumns = `id, referral_id, case_id, case_reference, subject_key, agency, to_agency, round, state, via, letter_id, message_id, due_at, asked_at, reply_by, outcome, note, answered_at, answered_by, needed_until, version`

func followUps(tx *db.Tx, where string, args ...any) ([]FollowUp, error) {
	var out []FollowUp
	err := tx.Each(`SELECT `+followUpColumns+` FROM followups WHERE `+where, args, func(rows *sql.Rows) error {
		var f FollowUp
		var due, asked, reply, answered, until int64
		err := rows.Scan(&f.ID, &f.Referral, &f.caseID, &f.CaseReference, &f.subjectKey, &f.Agency, &f.To, &f.Round, &f.State, &f.Via, &f.Letter, &f.Message, &due, &asked, &reply, &f.Outcome, &f.note, &answered, &f.AnsweredBy, &until, &f.Version)
		f.DueAt, f.AskedAt, f.ReplyBy, f.AnsweredAt, f.NeededUntil = db.Time(due), db.Time(asked), db.Time(reply), db.Time(answered), db.Time(until)
		f.HasNote = f.note != nil
		out = append(out, f)
		return err
	})
	return out, err
}

func oneFollowUp(tx *db.Tx, where string, args ...any) (FollowUp, error) {
	all, err := followUps(tx, where, args...)
	if err == nil && len(all) == 0 {
		err = errs.New(errs.NotFound, "error.followup-not-found")
	}
	if err != nil {
		return FollowUp{}, err
	}
	return all[0], nil
}

func insertFollowUp(tx *db.Tx, f *FollowUp) error {
	_, err := tx.Exec(`INSERT INTO followups (id, referral_id, case_id, case_reference, subject_key, agency, to_agency, round, state, due_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		f.ID, f.Referral, f.caseID, f.CaseReference, f.subjectKey, f.Agency, f.To, f.Round, string(f.State), db.Micros(f.DueAt), db.Micros(tx.Now()))
	return err
}

func updateFollowUp(tx *db.Tx, f *FollowUp) error {
	n, err := tx.Exec(`UPDATE followups SET state = $1, via = $2, letter_id = $3, message_id = $4, due_at = $5, asked_at = $6, reply_by = $7, outcome = $8, note = $9, answered_at = $10, answered_by = $11, needed_until = $12, version = version + 1 WHERE id = $13 AND version = $14`,
		string(f.State), f.Via, f.Letter, f.Message, db.Micros(f.DueAt), db.Micros(f.AskedAt), db.Micros(f.ReplyBy), f.Outcome, f.note, db.Micros(f.AnsweredAt), f.AnsweredBy, db.Micros(f.NeededUntil), f.ID, f.Version)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "error.conflict")
	}
	f.Version++
	return err
}

// where is the clause of a list; own is the agency of who looks.
func (q *FollowUpFilter) where(own string) (string, []any) {
	where, args := []string{`id <> ''`}, []any{}
	add := func(clause string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(clause, len(args)))
	}
	if q.Asked {
		add(`to_agency = $%d AND via = 'local' AND state IN ('asked','answered')`, own)
	}
	for _, c := range []struct{ cond, value string }{{"agency = $%d", q.Agency}, {"state = $%d", q.State}, {"case_reference = $%d", q.Case}, {"id < $%d", q.Before}} {
		if c.value != "" {
			add(c.cond, c.value)
		}
	}
	if len(q.Referrals) > 0 {
		marks := make([]string, len(q.Referrals))
		for i, id := range q.Referrals {
			args = append(args, id)
			marks[i] = fmt.Sprintf("$%d", len(args))
		}
		where = append(where, "referral_id IN ("+strings.Join(marks, ",")+")")
	}
	if q.Limit <= 0 {
		q.Limit = 50
	}
	return strings.Join(where, " AND ") + fmt.Sprintf(" ORDER BY id DESC LIMIT %d", q.Limit), args
}
