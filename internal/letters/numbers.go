package letters

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// Directions of the registers.
const (
	In  = "in"
	Out = "out"
)

// Year is the calendar year of a number, of the Buddhist era: series begin anew with it.
func Year(t time.Time) int { return thai.Year(t) }

// Take takes the next number of a series. It is lost with the transaction, so that no
// number is missing; the row of the series is locked until then.
func Take(tx *db.Tx, agency, direction, kind, letterID, account string) (int64, error) {
	if err := held(tx); err != nil {
		return 0, err
	}
	year := Year(tx.Now())
	var n int64
	err := tx.QueryRow(`INSERT INTO letter_series (agency, direction, kind, year, last) VALUES ($1, $2, $3, $4, 1) ON CONFLICT (agency, direction, kind, year) DO UPDATE SET last = letter_series.last + 1 RETURNING last`,
		[]any{agency, direction, kind, year}, &n)
	if err != nil {
		return 0, err
	}
	return n, note(tx, agency, direction, kind, year, n, "used", letterID, account, "")
}

func note(tx *db.Tx, agency, direction, kind string, year int, n int64, state, letterID, account, text string) error {
	_, err := tx.Exec(`INSERT INTO letter_numbers (agency, direction, kind, year, number, state, letter_id, at, account, note) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		agency, direction, kind, year, n, state, letterID, db.Micros(tx.Now()), account, text)
	return err
}

// takeReserved uses a number that was set aside in the year that runs.
func takeReserved(tx *db.Tx, l *Letter, n int64, account string) error {
	if err := held(tx); err != nil {
		return err
	}
	done, err := tx.Exec(`UPDATE letter_numbers SET state = 'used', letter_id = $1, at = $2, account = $3 WHERE agency = $4 AND direction = 'out' AND kind = $5 AND year = $6 AND number = $7 AND state = 'reserved'`,
		l.ID, db.Micros(tx.Now()), account, l.Agency, l.series(), Year(tx.Now()), n)
	if err == nil && done == 0 {
		return errs.InvalidField("reserved", "error.letter-reserved")
	}
	return err
}

// burn marks the number of a cancelled letter: it is shown as cancelled and never given again.
func burn(tx *db.Tx, letterID, reason string) error {
	_, err := tx.Exec(`UPDATE letter_numbers SET state = 'cancelled', note = $1 WHERE letter_id = $2 AND direction = 'out'`, reason, letterID)
	return err
}

// Reserve sets numbers aside; it returns the first and the last.
func (s *Service) Reserve(ctx context.Context, a policy.Actor, agency, series string, count int, why string) (first, last int64, err error) {
	if !policy.May(a, "letter.number", agency) {
		return 0, 0, errs.New(errs.Forbidden, "error.forbidden")
	}
	if series != "ordinary" && series != "circular" {
		return 0, 0, errs.InvalidField("series", "error.letter-series")
	}
	if count < 1 || count > 100 {
		return 0, 0, errs.InvalidField("count", "error.letter-reserve")
	}
	why, err = thai.CleanText(why, 200)
	if err != nil || why == "" {
		return 0, 0, errs.InvalidField("note", "error.required")
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		year := Year(tx.Now())
		if err := tx.QueryRow(`INSERT INTO letter_series (agency, direction, kind, year, last) VALUES ($1, 'out', $2, $3, $4) ON CONFLICT (agency, direction, kind, year) DO UPDATE SET last = letter_series.last + excluded.last RETURNING last`,
			[]any{agency, series, year, count}, &last); err != nil {
			return err
		}
		first = last - int64(count) + 1
		for n := first; n <= last; n++ {
			if err := note(tx, agency, Out, series, year, n, "reserved", "", a.Account, why); err != nil {
				return err
			}
		}
		return s.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "letter.reserve", Object: "agency:" + agency, Body: map[string]any{"series": series, "first": first, "last": last, "note": why}})
	})
	return first, last, err
}

// Entry is a line of the register of letters out (form 14).
type Entry struct {
	Number  int64
	Kind    string
	State   string // used, reserved, cancelled
	Year    int
	At      time.Time
	Account string
	Note    string
	Letter  *Letter // nil for a number that is set aside
}

// RegisterOut lists the register of letters out of a year, last number first. The register
// of letters with a class of secrecy is for those who may see it.
func (s *Service) RegisterOut(ctx context.Context, a policy.Actor, agency, kind string, year int, before int64, limit int) ([]Entry, error) {
	need := "letter.read"
	if kind == "secret" {
		need = "letter.secret"
	}
	if !policy.May(a, need, agency) {
		return nil, errs.New(errs.Forbidden, "error.forbidden")
	}
	if before <= 0 {
		before = 1 << 60
	}
	var out []Entry
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		var ids []string
		err := tx.Each(`SELECT number, state, letter_id, at, account, note FROM letter_numbers WHERE agency = $1 AND direction = 'out' AND kind = $2 AND year = $3 AND number < $4 ORDER BY number DESC LIMIT `+strconv.Itoa(limit), []any{agency, kind, year, before}, func(rows *sql.Rows) error {
			e := Entry{Kind: kind, Year: year}
			var at int64
			var id string
			err := rows.Scan(&e.Number, &e.State, &id, &at, &e.Account, &e.Note)
			e.At = db.Time(at)
			out, ids = append(out, e), append(ids, id)
			return err
		})
		if err != nil {
			return err
		}
		for i, id := range ids {
			if id == "" {
				continue
			}
			l, err := one(tx, `id = $1`, id)
			if err != nil {
				return err
			}
			out[i].Letter = &l
		}
		return nil
	})
	return out, err
}
