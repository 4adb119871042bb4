package letters

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/thai"
)

const columns = `id, agency, kind, state, series, secrecy, urgency, classified_by, to_agency, to_name, subject, about, subject_key, content, content_hash, signer, drafted_by, checked_by, approved_by, number, number_text, numbered_at, sealed_at, dispatched_at, cancelled_at, cancel_reason, verify_code, file_hash, file_type, paper, created_at, changed_at, destroyed_at, version`

func scan(row func(...any) error) (Letter, error) {
	var l Letter
	var signer string
	var numbered, sealed, dispatched, cancelled, created, changed, destroyed int64
	err := row(&l.ID, &l.Agency, &l.Kind, &l.State, &l.Series, &l.Secrecy, &l.Urgency, &l.ClassifiedBy, &l.To, &l.ToName, &l.Subject, &l.About, &l.subjectKey, &l.content, &l.ContentHash, &signer, &l.DraftedBy, &l.CheckedBy, &l.ApprovedBy, &l.Number, &l.NumberText, &numbered, &sealed, &dispatched, &cancelled, &l.CancelReason, &l.VerifyCode, &l.FileHash, &l.FileType, &l.Paper, &created, &changed, &destroyed, &l.Version)
	if err != nil {
		return l, err
	}
	l.NumberedAt, l.SealedAt, l.DispatchedAt, l.CancelledAt = db.Time(numbered), db.Time(sealed), db.Time(dispatched), db.Time(cancelled)
	l.CreatedAt, l.ChangedAt, l.DestroyedAt = db.Time(created), db.Time(changed), db.Time(destroyed)
	if signer != "" {
		err = json.Unmarshal([]byte(signer), &l.Signer)
	}
	return l, err
}

func one(tx *db.Tx, where string, args ...any) (Letter, error) {
	all, err := many(tx, where, args...)
	if err == nil && len(all) == 0 {
		err = errs.New(errs.NotFound, "error.letter-not-found")
	}
	if err != nil {
		return Letter{}, err
	}
	return all[0], nil
}

// many reads letters; where is a clause of this package.
func many(tx *db.Tx, where string, args ...any) ([]Letter, error) {
	var out []Letter
	err := tx.Each(`SELECT `+columns+` FROM letters WHERE `+where, args, func(rows *sql.Rows) error {
		l, err := scan(rows.Scan)
		out = append(out, l)
		return err
	})
	return out, err
}

func lock(tx *db.Tx, id string) (Letter, error) { return one(tx, `id = $1`+tx.ForUpdate(), id) }

func insert(tx *db.Tx, l *Letter) error {
	_, err := tx.Exec(`INSERT INTO letters (id, agency, kind, state, series, secrecy, urgency, classified_by, to_agency, to_name, subject, about, subject_key, content, drafted_by, verify_code, created_at, changed_at, ended_at, destroy_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		l.ID, l.Agency, string(l.Kind), string(l.State), l.Series, string(l.Secrecy), string(l.Urgency), l.ClassifiedBy, l.To, l.ToName, l.Subject, l.About, l.subjectKey, l.content, l.DraftedBy, l.VerifyCode, db.Micros(tx.Now()), db.Micros(tx.Now()), db.Micros(tx.Now()), db.Micros(l.destroyAt))
	return err
}

// update stores what an action changed; it fails when another one was faster.
func update(tx *db.Tx, l *Letter) error {
	signer := ""
	if l.Signer.Name != "" {
		text, err := json.Marshal(l.Signer)
		if err != nil {
			return err
		}
		signer = string(text)
	}
	n, err := tx.Exec(`UPDATE letters SET kind = $1, state = $2, series = $3, secrecy = $4, urgency = $5, classified_by = $6, to_agency = $7, to_name = $8, subject = $9, content = $10, content_hash = $11, signer = $12, checked_by = $13, approved_by = $14, number = $15, number_text = $16, numbered_at = $17, sealed_at = $18, dispatched_at = $19, cancelled_at = $20, cancel_reason = $21, file_hash = $22, changed_at = $23, ended_at = $24, destroy_at = $25, version = version + 1 WHERE id = $26 AND version = $27`,
		string(l.Kind), string(l.State), l.Series, string(l.Secrecy), string(l.Urgency), l.ClassifiedBy, l.To, l.ToName, l.Subject, l.content, l.ContentHash, signer, l.CheckedBy, l.ApprovedBy, l.Number, l.NumberText, db.Micros(l.NumberedAt), db.Micros(l.SealedAt), db.Micros(l.DispatchedAt), db.Micros(l.CancelledAt), l.CancelReason, l.FileHash, db.Micros(tx.Now()), db.Micros(tx.Now()), db.Micros(l.destroyAt), l.ID, l.Version)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "error.conflict")
	}
	l.Version, l.ChangedAt = l.Version+1, tx.Now()
	return err
}

// Event is a line of a letter's history.
type Event struct {
	At    time.Time
	Kind  string
	Actor string
	Body  map[string]string
}

func insertEvent(tx *db.Tx, id string, e Event) error {
	body, err := json.Marshal(e.Body)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO letter_events (id, letter_id, at, kind, actor, body) VALUES ($1, $2, $3, $4, $5, $6)`, db.NewID(), id, db.Micros(e.At), e.Kind, e.Actor, string(body))
	return err
}

func history(tx *db.Tx, id string) ([]Event, error) {
	var out []Event
	err := tx.Each(`SELECT at, kind, actor, body FROM letter_events WHERE letter_id = $1 ORDER BY id`, []any{id}, func(rows *sql.Rows) error {
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

// Filter narrows a list; Before is the id of the last one of the page before.
type Filter struct {
	Agency, State, About, Before string
	Limit                        int
}

func list(tx *db.Tx, f Filter, secret bool, account string) ([]Letter, error) {
	where, args := []string{`id <> ''`}, []any{}
	for _, c := range []struct{ cond, value string }{{"agency =", f.Agency}, {"state =", f.State}, {"about =", f.About}, {"id <", f.Before}} {
		if c.value != "" {
			args = append(args, c.value)
			where = append(where, fmt.Sprintf("%s $%d", c.cond, len(args)))
		}
	}
	if !secret {
		args = append(args, account)
		where = append(where, fmt.Sprintf("(secrecy = 'none' OR drafted_by = $%d)", len(args)))
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	return many(tx, strings.Join(where, " AND ")+fmt.Sprintf(" ORDER BY id DESC LIMIT %d", f.Limit), args...)
}

// EventsOf is the history of a letter, also of one that came, oldest first.
func EventsOf(tx *db.Tx, id string) ([]Event, error) { return history(tx, id) }

// ByID returns a letter for the exchange, which has its own rules of who may know.
func (s *Service) ByID(tx *db.Tx, id string) (Letter, error) { return one(tx, `id = $1`, id) }

// ByNumber finds an agency's letter by its number and date (YYYY-MM-DD).
func (s *Service) ByNumber(tx *db.Tx, agency, number, date string) (Letter, error) {
	all, err := many(tx, `agency = $1 AND number_text = $2 ORDER BY id DESC`, agency, number)
	if err != nil {
		return Letter{}, err
	}
	for _, l := range all {
		if l.NumberedAt.In(thai.Bangkok).Format(time.DateOnly) == date {
			return l, nil
		}
	}
	return Letter{}, errs.New(errs.NotFound, "error.letter-not-found")
}
