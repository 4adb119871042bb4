package saraban

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// EntryIn is a line of the register of letters in (form 13).
type EntryIn struct {
	Number int64
	At     time.Time
	Letter In
}

// RegisterIn lists the register of letters in of a year, last number first.
func (s *Service) RegisterIn(ctx context.Context, a policy.Actor, agency, kind string, year int, before int64, limit int) ([]EntryIn, error) {
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
	var out []EntryIn
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		var ids []string
		if err := tx.Each(fmt.Sprintf(`SELECT number, letter_id, at FROM letter_numbers WHERE agency = $1 AND direction = 'in' AND kind = $2 AND year = $3 AND number < $4 ORDER BY number DESC LIMIT %d`, limit), []any{agency, kind, year, before}, func(rows *sql.Rows) error {
			var e EntryIn
			var id string
			var at int64
			err := rows.Scan(&e.Number, &id, &at)
			e.At = db.Time(at)
			out, ids = append(out, e), append(ids, id)
			return err
		}); err != nil {
			return err
		}
		for k, id := range ids {
			i, err := oneIn(tx, `id = $1`, id)
			if err != nil {
				return err
			}
			out[k].Letter = i
		}
		return nil
	})
	return out, err
}
