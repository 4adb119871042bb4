package inbox

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
)

const columns = `id, mailbox, agency, state, why, subject_key, head, size, outbox_id, case_id, case_reference, referral_id, letter_in, note, handled_by, handled_at, received_at, version`

func many(tx *db.Tx, where string, args ...any) ([]Item, error) {
	var out []Item
	err := tx.Each(`SELECT `+columns+` FROM inbound WHERE `+where, args, func(rows *sql.Rows) error {
		var i Item
		var handled, received int64
		err := rows.Scan(&i.ID, &i.Mailbox, &i.Agency, &i.State, &i.Why, &i.subjectKey, &i.head, &i.Size, &i.Message, &i.Case, &i.CaseReference, &i.Referral, &i.LetterIn, &i.Note, &i.HandledBy, &handled, &received, &i.Version)
		i.HandledAt, i.ReceivedAt = db.Time(handled), db.Time(received)
		out = append(out, i)
		return err
	})
	return out, err
}

func one(tx *db.Tx, where string, args ...any) (Item, error) {
	all, err := many(tx, where, args...)
	if err == nil && len(all) == 0 {
		err = errs.New(errs.NotFound, "error.mail-not-found")
	}
	if err != nil {
		return Item{}, err
	}
	return all[0], nil
}

// whole is a mail with its words, sealed.
func whole(tx *db.Tx, id string) (Item, error) {
	i, err := one(tx, `id = $1`, id)
	if err != nil {
		return Item{}, err
	}
	return i, tx.QueryRow(`SELECT raw FROM inbound WHERE id = $1`, []any{id}, &i.raw)
}

// change is the one shape of a change of a mail: from the state that the table allows, and
// only if nobody else was faster.
func (s *Service) change(tx *db.Tx, actor, action string, i *Item) error {
	at := slices.IndexFunc(Steps, func(x Step) bool { return x.Action == action && slices.Contains(x.From, i.State) })
	if at < 0 {
		return errs.New(errs.Conflict, "error.mail-state")
	}
	i.State = Steps[at].To
	destroy := int64(0)
	if i.State != OnCase && i.State != Answer { // those go with their case
		snap := s.Record(Activity)
		if snap == nil {
			return errs.New(errs.Unavailable, "error.no-record")
		}
		destroy = db.Micros(snap.DueAt(tx.Now()))
	}
	i.HandledBy, i.HandledAt = actor, tx.Now()
	n, err := tx.Exec(`UPDATE inbound SET agency = $1, state = $2, why = $3, subject_key = $4, head = $5, outbox_id = $6, case_id = $7, case_reference = $8, referral_id = $9, letter_in = $10, note = $11, handled_by = $12, handled_at = $13, destroy_at = $14, version = version + 1 WHERE id = $15 AND version = $16`,
		i.Agency, string(i.State), i.Why, i.subjectKey, i.head, i.Message, i.Case, i.CaseReference, i.Referral, i.LetterIn, i.Note, i.HandledBy, db.Micros(i.HandledAt), destroy, i.ID, i.Version)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "error.conflict")
	}
	if err != nil {
		return err
	}
	i.Version++
	if i.raw != nil {
		if _, err := tx.Exec(`UPDATE inbound SET raw = $1 WHERE id = $2`, i.raw, i.ID); err != nil {
			return err
		}
	}
	return s.note(tx, actor, action, i)
}

// Filter narrows the list; Before is the id of the last one of the page before.
type Filter struct {
	Agency, Case, Referral, Before string
	State                          State
	Limit                          int
	Closed                         bool // what stands on the mails is not needed, and stays closed
}

func (f *Filter) where() (string, []any) {
	where, args := []string{`id <> ''`}, []any{}
	for _, c := range []struct{ cond, value string }{{"agency =", f.Agency}, {"state =", string(f.State)}, {"case_reference =", f.Case}, {"referral_id =", f.Referral}, {"id <", f.Before}} {
		if c.value != "" {
			args = append(args, c.value)
			where = append(where, fmt.Sprintf("%s $%d", c.cond, len(args)))
		}
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	return strings.Join(where, " AND ") + fmt.Sprintf(" ORDER BY id DESC LIMIT %d", f.Limit), args
}

// Unsorted are the mails that are kept and not sorted yet, oldest first.
func (s *Service) Unsorted(ctx context.Context) (ids []string, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		list, err := many(tx, `state = 'new' ORDER BY id LIMIT 200`)
		ids = nil
		for _, i := range list {
			ids = append(ids, i.ID)
		}
		return err
	})
	return ids, err
}
