package referral

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
)

const columns = `id, case_id, case_reference, subject_key, agency, to_agency, state, reason, elements, checks, purpose, basis, suggestion, contact, letter_id, channel, revision_id, accept_number, due_at, created_by, created_at, sent_at, delivered_at, accepted_at, answered_at, published_at, answer, answer_by, interim_at, version`

func many(tx *db.Tx, where string, args ...any) ([]Referral, error) {
	var out []Referral
	err := tx.Each(`SELECT `+columns+` FROM referrals WHERE `+where, args, func(rows *sql.Rows) error {
		var r Referral
		var elements, checks, suggestion string
		var due, created, sent, delivered, accepted, answered, published, interim int64
		if err := rows.Scan(&r.ID, &r.CaseID, &r.CaseReference, &r.subjectKey, &r.Agency, &r.To, &r.State, &r.reason, &elements, &checks, &r.Purpose, &r.Basis, &suggestion, &r.Contact, &r.Letter, &r.Channel, &r.RevisionID, &r.AcceptNumber, &due, &r.CreatedBy, &created, &sent, &delivered, &accepted, &answered, &published, &r.answer, &r.AnswerBy, &interim, &r.Version); err != nil {
			return err
		}
		r.Elements, r.Checks = split(elements), split(checks)
		r.DueAt, r.CreatedAt, r.SentAt, r.DeliveredAt = db.Time(due), db.Time(created), db.Time(sent), db.Time(delivered)
		r.AcceptedAt, r.AnsweredAt, r.PublishedAt = db.Time(accepted), db.Time(answered), db.Time(published)
		r.InterimAt = db.Time(interim)
		out = append(out, r)
		return json.Unmarshal([]byte(suggestion), &out[len(out)-1].Suggestion)
	})
	return out, err
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func one(tx *db.Tx, where string, args ...any) (Referral, error) {
	all, err := many(tx, where, args...)
	if err == nil && len(all) == 0 {
		err = errs.New(errs.NotFound, "error.referral-not-found")
	}
	if err != nil {
		return Referral{}, err
	}
	return all[0], nil
}

func insert(tx *db.Tx, r *Referral) error {
	suggestion, err := json.Marshal(r.Suggestion)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO referrals (id, case_id, case_reference, subject_key, agency, to_agency, state, reason, elements, checks, purpose, basis, suggestion, contact, letter_id, revision_id, due_at, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		r.ID, r.CaseID, r.CaseReference, r.subjectKey, r.Agency, r.To, string(r.State), r.reason, strings.Join(r.Elements, ","), strings.Join(r.Checks, ","), r.Purpose, r.Basis, string(suggestion), r.Contact, r.Letter, r.RevisionID, db.Micros(r.DueAt), r.CreatedBy, db.Micros(tx.Now()))
	return err
}

func update(tx *db.Tx, r *Referral) error {
	n, err := tx.Exec(`UPDATE referrals SET state = $1, channel = $2, accept_number = $3, due_at = $4, sent_at = $5, delivered_at = $6, accepted_at = $7, answered_at = $8, published_at = $9, answer = $10, answer_by = $11, interim_at = $12, version = version + 1 WHERE id = $13 AND version = $14`,
		string(r.State), r.Channel, r.AcceptNumber, db.Micros(r.DueAt), db.Micros(r.SentAt), db.Micros(r.DeliveredAt), db.Micros(r.AcceptedAt), db.Micros(r.AnsweredAt), db.Micros(r.PublishedAt), r.answer, r.AnswerBy, db.Micros(r.InterimAt), r.ID, r.Version)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "error.conflict")
	}
	r.Version++
	return err
}

func insertDisclosure(tx *db.Tx, d *Disclosure) error {
	_, err := tx.Exec(`INSERT INTO disclosures (id, at, referral_id, case_id, case_reference, subject_key, agency, to_agency, channel, elements, purpose, basis, letter_id, letter_number, revision_id, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
		d.ID, db.Micros(tx.Now()), d.Referral, d.caseID, d.CaseReference, d.subjectKey, d.Agency, d.To, d.Channel, strings.Join(d.Elements, ","), d.Purpose, d.Basis, d.Letter, d.LetterNumber, d.RevisionID, d.Actor)
	return err
}

// Filter narrows lists; Before is the id of the last one of the page before.
type Filter struct {
	Agency, To, State, Case, Before string
	Limit                           int
}

func (f *Filter) where(states bool) (string, []any) {
	where, args := []string{`id <> ''`}, []any{}
	for _, c := range []struct{ cond, value string }{{"agency =", f.Agency}, {"to_agency =", f.To}, {"case_reference =", f.Case}, {"id <", f.Before}, {"state =", f.State}} {
		if c.value != "" && (states || c.cond != "state =") {
			args = append(args, c.value)
			where = append(where, fmt.Sprintf("%s $%d", c.cond, len(args)))
		}
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	return strings.Join(where, " AND ") + fmt.Sprintf(" ORDER BY id DESC LIMIT %d", f.Limit), args
}

func disclosures(tx *db.Tx, where string, args ...any) ([]Disclosure, error) {
	var out []Disclosure
	err := tx.Each(`SELECT id, at, referral_id, case_id, case_reference, subject_key, agency, to_agency, channel, elements, purpose, basis, letter_id, letter_number, revision_id, actor FROM disclosures WHERE `+where, args, func(rows *sql.Rows) error {
		var d Disclosure
		var at int64
		var elements string
		err := rows.Scan(&d.ID, &at, &d.Referral, &d.caseID, &d.CaseReference, &d.subjectKey, &d.Agency, &d.To, &d.Channel, &elements, &d.Purpose, &d.Basis, &d.Letter, &d.LetterNumber, &d.RevisionID, &d.Actor)
		d.At, d.Elements = db.Time(at), split(elements)
		out = append(out, d)
		return err
	})
	return out, err
}
