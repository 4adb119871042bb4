package letters

import (
	"context"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
)

// heldName is the installation's note that no number may be given. A restored
// installation has it: numbers may have been given after the copy was made, and a letter
// number is never given twice.
const heldName = "numbers.held"

// HoldNumbers keeps every series from going on, in the caller's transaction.
func HoldNumbers(tx *db.Tx) error { return setHeld(tx, "1") }

func setHeld(tx *db.Tx, value string) error {
	_, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, heldName, value)
	return err
}

// held refuses a number while they are held back.
func held(tx *db.Tx) error {
	var value string
	err := tx.QueryRow(`SELECT value FROM settings WHERE name = $1`, []any{heldName}, &value)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err == nil && value == "1" {
		return errs.New(errs.Conflict, "error.numbers-held")
	}
	return err
}

// Last is the last number of a series that is known to have been given, from the paper
// register or from those who got letters.
type Last struct {
	Agency, Direction, Kind string
	Number                  int64
}

// ResumeNumbers lets the series go on, each after the number that was really given last.
// What lies between is shown in the register as cancelled: given, and lost.
func (s *Service) ResumeNumbers(ctx context.Context, actor string, last []Last) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		year := Year(tx.Now())
		for _, l := range last {
			if _, ok := s.Agencies.Get(l.Agency); !ok {
				return errs.New(errs.Invalid, "error.numbers-series", "value", l.Agency)
			}
			if err := s.skipTo(tx, l, year, actor); err != nil {
				return err
			}
		}
		if err := setHeld(tx, "0"); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: actor, Action: "letter.numbers-resume", Object: "numbers", Body: last})
	})
}

// maxLost bounds how many numbers can have been given since a copy was made.
const maxLost = 100_000

func (s *Service) skipTo(tx *db.Tx, l Last, year int, actor string) error {
	var now int64
	err := tx.QueryRow(`SELECT last FROM letter_series WHERE agency = $1 AND direction = $2 AND kind = $3 AND year = $4`, []any{l.Agency, l.Direction, l.Kind, year}, &now)
	if err != nil && errs.KindOf(err) != errs.NotFound {
		return err
	}
	if l.Number < now || l.Number-now > maxLost {
		return errs.New(errs.Invalid, "error.numbers-last", "n", l.Number, "last", now)
	}
	for n := now + 1; n <= l.Number; n++ {
		if err := note(tx, l.Agency, l.Direction, l.Kind, year, n, "cancelled", "", actor, "restored"); err != nil {
			return err
		}
	}
	_, err = tx.Exec(`INSERT INTO letter_series (agency, direction, kind, year, last) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (agency, direction, kind, year) DO UPDATE SET last = excluded.last`, l.Agency, l.Direction, l.Kind, year, l.Number)
	return err
}
