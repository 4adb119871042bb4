package retention

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

const roundColumns = `id, agency, activity, year, matter, path, state, revision_id, opened_at, survey_by, requested_by, committee, archives_letter, archives_until, archives_answer, order_number, ordered_by, order_ground, ordered_at, executed_at, certificate, archives_letter_id, version`

func scanRound(scan func(...any) error) (Round, error) {
	var r Round
	var committee string
	var opened, survey, until, ordered, executed int64
	err := scan(&r.ID, &r.Agency, &r.Activity, &r.Year, &r.Matter, &r.Path, &r.State, &r.RevisionID, &opened, &survey, &r.RequestedBy, &committee, &r.ArchivesLetter, &until, &r.ArchivesAnswer, &r.OrderNumber, &r.OrderedBy, &r.OrderGround, &ordered, &executed, &r.Certificate, &r.ArchivesLetterID, &r.Version)
	if err != nil {
		return r, err
	}
	r.OpenedAt, r.SurveyBy, r.ArchivesUntil, r.OrderedAt, r.ExecutedAt = db.Time(opened), db.Time(survey), db.Time(until), db.Time(ordered), db.Time(executed)
	return r, json.Unmarshal([]byte(committee), &r.Committee)
}

func queryRounds(tx *db.Tx, where string, args ...any) ([]Round, error) {
	var out []Round
	err := tx.Each(`SELECT `+roundColumns+` FROM rounds WHERE `+where, args, func(rows *sql.Rows) error {
		r, err := scanRound(rows.Scan)
		out = append(out, r)
		return err
	})
	return out, err
}

func oneRound(tx *db.Tx, where string, args ...any) (Round, error) {
	list, err := queryRounds(tx, where, args...)
	if err == nil && len(list) == 0 {
		err = errs.New(errs.NotFound, "error.not-found")
	}
	if err != nil {
		return Round{}, err
	}
	return list[0], nil
}

func lockRound(tx *db.Tx, id string) (Round, error) {
	return oneRound(tx, `id = $1`+tx.ForUpdate(), id)
}

func insertRound(tx *db.Tx, r *Round) (int64, error) {
	return tx.Exec(`INSERT INTO rounds (id, agency, activity, year, matter, path, state, revision_id, opened_at, survey_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (agency, activity, year, matter) DO NOTHING`,
		r.ID, r.Agency, r.Activity, r.Year, r.Matter, r.Path, string(r.State), r.RevisionID, db.Micros(r.OpenedAt), db.Micros(r.SurveyBy))
}

func updateRound(tx *db.Tx, r *Round) error {
	committee, err := json.Marshal(r.Committee)
	if err != nil {
		return err
	}
	n, err := tx.Exec(`UPDATE rounds SET path = $1, state = $2, requested_by = $3, committee = $4, archives_letter = $5, archives_until = $6, archives_answer = $7, order_number = $8, ordered_by = $9, order_ground = $10, ordered_at = $11, executed_at = $12, certificate = $13, archives_letter_id = $14, version = version + 1 WHERE id = $15 AND version = $16`,
		r.Path, string(r.State), r.RequestedBy, string(committee), r.ArchivesLetter, db.Micros(r.ArchivesUntil), r.ArchivesAnswer, r.OrderNumber, r.OrderedBy, r.OrderGround, db.Micros(r.OrderedAt), db.Micros(r.ExecutedAt), r.Certificate, r.ArchivesLetterID, r.ID, r.Version)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "error.conflict")
	}
	r.Version++
	return err
}

// insertItems writes lines of the list, many in one statement.
func insertItems(tx *db.Tx, round string, list []Item) error {
	const row = 8
	for len(list) > 0 {
		page := list[:min(len(list), 100)]
		list = list[len(page):]
		marks, args := make([]string, len(page)), make([]any, 0, row*len(page))
		for i, x := range page {
			n := row * i
			marks[i] = fmt.Sprintf("($%d, $%d, $%d, $%d, $%d, $%d, $%d, $%d)", n+1, n+2, n+3, n+4, n+5, n+6, n+7, n+8)
			args = append(args, round, x.No, x.Kind, x.ObjectID, x.Label, db.Micros(x.ClosedAt), db.Micros(x.DueAt), x.Decision)
		}
		if _, err := tx.Exec(`INSERT INTO round_items (round_id, no, kind, object_id, label, closed_at, due_at, decision) VALUES `+strings.Join(marks, ", "), args...); err != nil {
			return err
		}
	}
	return nil
}

// items reads items after a number; limit 0 is all. cond is a clause of this package.
func items(tx *db.Tx, round, cond string, after, limit int) ([]Item, error) {
	query := `SELECT no, kind, object_id, label, closed_at, due_at, decision, dissent, done_at FROM round_items WHERE round_id = $1 AND no > $2 AND ` + cond + ` ORDER BY no`
	if limit > 0 {
		query += fmt.Sprintf(` LIMIT %d`, limit)
	}
	var out []Item
	err := tx.Each(query, []any{round, after}, func(rows *sql.Rows) error {
		var i Item
		var closed, due, done int64
		err := rows.Scan(&i.No, &i.Kind, &i.ObjectID, &i.Label, &closed, &due, &i.Decision, &i.Dissent, &done)
		i.ClosedAt, i.DueAt, i.DoneAt = db.Time(closed), db.Time(due), db.Time(max(done, 0))
		out = append(out, i)
		return err
	})
	return out, err
}

// Held tells whether an object is held by an order.
func Held(tx *db.Tx, object string) (bool, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM holds WHERE object_id = $1 AND released_at = 0`, []any{object}, &n)
	return n > 0, err
}

// Rounds lists the rounds that the actor may see, newest first.
func (s *Service) Rounds(ctx context.Context, a policy.Actor) ([]Round, error) {
	var out []Round
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		all, err := queryRounds(tx, `1 = 1 ORDER BY year DESC, agency, matter`)
		out = nil
		for i := range all {
			if s.maySee(a, &all[i]) {
				out = append(out, all[i])
			}
		}
		return err
	})
	return out, err
}

// Get returns a round with a page of its list.
func (s *Service) Get(ctx context.Context, a policy.Actor, id string, after, limit int) (Round, []Item, error) {
	var r Round
	var list []Item
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if r, err = oneRound(tx, `id = $1`, id); err != nil {
			return err
		}
		if !s.maySee(a, &r) {
			return errs.New(errs.NotFound, "error.not-found")
		}
		list, err = items(tx, id, `1 = 1`, after, limit)
		return err
	})
	return r, list, err
}

// Destroyed is how many of a kind an agency's rounds of a year have destroyed: what is left
// to know of them, and of nobody.
type Destroyed struct {
	Agency, Activity, Kind string
	Year, N                int
}

// Destroyed lists what was destroyed in the agencies that the actor may see, newest first.
func (s *Service) Destroyed(ctx context.Context, a policy.Actor) ([]Destroyed, error) {
	var out []Destroyed
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT agency, activity, kind, year, n FROM destroyed_counts ORDER BY year DESC, agency, activity, kind`, nil, func(rows *sql.Rows) error {
			var d Destroyed
			if err := rows.Scan(&d.Agency, &d.Activity, &d.Kind, &d.Year, &d.N); err != nil {
				return err
			}
			secret := strings.HasPrefix(d.Kind, letters.Classified)
			if policy.May(a, "retention.read", d.Agency) && (!secret || policy.May(a, "letter.secret", d.Agency)) {
				out = append(out, d)
			}
			return nil
		})
	})
	return out, err
}

// Hold is a legal hold: what is held is not destroyed whatever its age.
type Hold struct {
	ID, Kind, ObjectID, Label, Agency string
	Reason, OrderNumber               string
	PlacedBy, ReleasedBy              string
	PlacedAt, ReleasedAt              time.Time
}

// Place puts an object on hold, by an order.
func (s *Service) Place(ctx context.Context, a policy.Actor, h Hold) (Hold, error) {
	var bad []errs.Field
	for _, f := range []struct {
		name  string
		value *string
	}{{"reason", &h.Reason}, {"order", &h.OrderNumber}} {
		clean, err := thai.CleanText(*f.value, 500)
		if err != nil || clean == "" {
			bad = append(bad, errs.Field{Name: f.name, Key: "error.required"})
		}
		*f.value = clean
	}
	if err := errs.InvalidFields(bad); err != nil {
		return h, err
	}
	if !policy.May(a, "retention.hold", h.Agency) && !(a.IsHead && s.Within(h.Agency, a.Agency)) {
		return h, errs.New(errs.Forbidden, "error.forbidden")
	}
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		h.ID, h.PlacedBy, h.PlacedAt = db.NewID(), a.Account, tx.Now()
		if _, err := tx.Exec(`INSERT INTO holds (id, kind, object_id, label, agency, reason, order_number, placed_by, placed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			h.ID, h.Kind, h.ObjectID, h.Label, h.Agency, h.Reason, h.OrderNumber, h.PlacedBy, db.Micros(h.PlacedAt)); err != nil {
			return err
		}
		var gone int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM round_items WHERE object_id = $1 AND done_at <> 0`, []any{h.ObjectID}, &gone); err != nil {
			return err
		}
		if gone > 0 {
			return errs.New(errs.Conflict, "error.hold-late")
		}
		// What a running round would destroy next is held from this moment.
		if _, err := tx.Exec(`UPDATE round_items SET decision = 'hold' WHERE object_id = $1 AND done_at = 0`, h.ObjectID); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "hold.place", Object: h.Kind + ":" + h.Label, Body: map[string]any{"order": h.OrderNumber}})
	})
	return h, err
}

// Release ends a hold.
func (s *Service) Release(ctx context.Context, a policy.Actor, id string) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		var agency, label string
		if err := tx.QueryRow(`SELECT agency, label FROM holds WHERE id = $1`, []any{id}, &agency, &label); err != nil {
			return err
		}
		if !policy.May(a, "retention.hold", agency) && !(a.IsHead && s.Within(agency, a.Agency)) {
			return errs.New(errs.Forbidden, "error.forbidden")
		}
		n, err := tx.Exec(`UPDATE holds SET released_by = $1, released_at = $2 WHERE id = $3 AND released_at = 0`, a.Account, db.Micros(tx.Now()), id)
		if err == nil && n == 0 {
			return errs.New(errs.Conflict, "error.conflict")
		}
		if err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "hold.release", Object: "hold:" + id, Body: map[string]any{"label": label}})
	})
}

// Holds lists the holds in force that the actor may see.
func (s *Service) Holds(ctx context.Context, a policy.Actor) ([]Hold, error) {
	var out []Hold
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(`SELECT id, kind, object_id, label, agency, reason, order_number, placed_by, placed_at FROM holds WHERE released_at = 0 ORDER BY placed_at DESC, id`, nil, func(rows *sql.Rows) error {
			var h Hold
			var at int64
			if err := rows.Scan(&h.ID, &h.Kind, &h.ObjectID, &h.Label, &h.Agency, &h.Reason, &h.OrderNumber, &h.PlacedBy, &at); err != nil {
				return err
			}
			h.PlacedAt = db.Time(at)
			if policy.May(a, "retention.read", h.Agency) {
				out = append(out, h)
			}
			return nil
		})
	})
	return out, err
}
