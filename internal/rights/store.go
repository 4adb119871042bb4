package rights

import (
	"database/sql"
	"encoding/json"

	"prasan/internal/db"
	"prasan/internal/errs"
)

const columns = `id, reference, agency, activity, right_code, channel, lang, state, subject_key, statement, case_reference, revision_id, identity, issuer, level, identity_at, received_at, due_at, law_due_at, outcome, ground, reasons, manifest, decided_by, decided_at, executed_at, answered_at, closed_at, letter_id, consent_number, version`

func scan(rows *sql.Rows) (Request, error) {
	var r Request
	var manifest string
	var identity, received, due, law, decided, executed, answered, closed int64
	err := rows.Scan(&r.ID, &r.Reference, &r.Agency, &r.Activity, &r.Right, &r.Channel, &r.Lang, &r.State, &r.subjectKey, &r.statement, &r.CaseReference, &r.RevisionID, &r.Identity, &r.Issuer, &r.Level, &identity, &received, &due, &law, &r.Outcome, &r.Ground, &r.Reasons, &manifest, &r.DecidedBy, &decided, &executed, &answered, &closed, &r.LetterID, &r.ConsentNumber, &r.Version)
	if err != nil {
		return r, err
	}
	r.IdentityAt, r.ReceivedAt, r.DueAt, r.LawDueAt = db.Time(identity), db.Time(received), db.Time(due), db.Time(law)
	r.DecidedAt, r.ExecutedAt, r.AnsweredAt, r.ClosedAt = db.Time(decided), db.Time(executed), db.Time(answered), db.Time(closed)
	return r, json.Unmarshal([]byte(manifest), &r.Manifest)
}

func query(tx *db.Tx, where string, args ...any) ([]Request, error) {
	var out []Request
	err := tx.Each(`SELECT `+columns+` FROM rights_requests WHERE `+where, args, func(rows *sql.Rows) error {
		r, err := scan(rows)
		out = append(out, r)
		return err
	})
	return out, err
}

func one(tx *db.Tx, where string, args ...any) (Request, error) {
	list, err := query(tx, where, args...)
	if err == nil && len(list) == 0 {
		err = errs.New(errs.NotFound, "error.not-found")
	}
	if err == nil {
		list[0].Cases, err = casesOf(tx, list[0].ID)
	}
	if err != nil {
		return Request{}, err
	}
	return list[0], nil
}

// casesOf are the cases that a request is about, newest first.
func casesOf(tx *db.Tx, request string) (out []Case, err error) {
	err = tx.Each(`SELECT case_id, case_reference, case_subject FROM rights_cases WHERE request_id = $1 ORDER BY case_id DESC`, []any{request}, func(rows *sql.Rows) error {
		var c Case
		err := rows.Scan(&c.id, &c.Reference, &c.subject)
		out = append(out, c)
		return err
	})
	return out, err
}

func insert(tx *db.Tx, r *Request, hash []byte) error {
	first := Case{}
	if len(r.Cases) > 0 {
		first = r.Cases[0]
	}
	_, err := tx.Exec(`INSERT INTO rights_requests (id, reference, agency, activity, right_code, channel, lang, state, subject_key, statement, case_id, case_reference, case_subject, revision_id, identity, issuer, level, identity_at, received_at, due_at, law_due_at, tracking_hash, consent_number) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
		r.ID, r.Reference, r.Agency, r.Activity, r.Right, r.Channel, r.Lang, string(r.State), r.subjectKey, r.statement, first.id, first.Reference, first.subject, r.RevisionID, r.Identity, r.Issuer, r.Level, db.Micros(r.IdentityAt), db.Micros(r.ReceivedAt), db.Micros(r.DueAt), db.Micros(r.LawDueAt), hash, r.ConsentNumber)
	for _, c := range r.Cases {
		if err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO rights_cases (request_id, case_id, case_reference, case_subject) VALUES ($1, $2, $3, $4)`, r.ID, c.id, c.Reference, c.subject)
	}
	return err
}

func update(tx *db.Tx, r *Request) error {
	manifest, err := json.Marshal(r.Manifest)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE rights_requests SET state = $1, outcome = $2, ground = $3, reasons = $4, manifest = $5, decided_by = $6, decided_at = $7, executed_at = $8, answered_at = $9, closed_at = $10, letter_id = $11, version = version + 1 WHERE id = $12 AND version = $13`,
		string(r.State), r.Outcome, r.Ground, r.Reasons, string(manifest), r.DecidedBy, db.Micros(r.DecidedAt), db.Micros(r.ExecutedAt), db.Micros(r.AnsweredAt), db.Micros(r.ClosedAt), r.LetterID, r.ID, r.Version)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "error.conflict")
	}
	r.Version++
	return err
}

func insertEvent(tx *db.Tx, request string, e Event) error {
	if e.Body == nil {
		e.Body = map[string]string{}
	}
	body, err := json.Marshal(e.Body)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO rights_events (id, request_id, at, kind, actor, public, body) VALUES ($1, $2, $3, $4, $5, $6, $7)`, db.NewID(), request, db.Micros(e.At), e.Kind, e.Actor, e.Public, string(body))
	return err
}

func events(tx *db.Tx, request string, publicOnly bool) ([]Event, error) {
	where := ""
	if publicOnly {
		where = " AND public = TRUE"
	}
	var out []Event
	err := tx.Each(`SELECT at, kind, actor, public, body FROM rights_events WHERE request_id = $1`+where+` ORDER BY id`, []any{request}, func(rows *sql.Rows) error {
		var e Event
		var at int64
		var body string
		if err := rows.Scan(&at, &e.Kind, &e.Actor, &e.Public, &body); err != nil {
			return err
		}
		e.At = db.Time(at)
		out = append(out, e)
		return json.Unmarshal([]byte(body), &out[len(out)-1].Body)
	})
	return out, err
}

// restrict keeps a person's data from being used until the request releases it.
func restrict(tx *db.Tx, r *Request, section string) error {
	for _, c := range r.Cases {
		if _, err := tx.Exec(`INSERT INTO restrictions (subject, section, request_id, since) VALUES ($1, $2, $3, $4) ON CONFLICT (subject, request_id) DO NOTHING`, c.subject, section, r.ID, db.Micros(tx.Now())); err != nil {
			return err
		}
	}
	return nil
}

// release ends what this request has restricted; what another one has stays.
func release(tx *db.Tx, r *Request) error {
	_, err := tx.Exec(`DELETE FROM restrictions WHERE request_id = $1`, r.ID)
	return err
}
