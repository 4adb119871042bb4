package processing

import (
	"database/sql"
	"slices"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/vault"
)

// unrestricted takes out what belongs to people who had the use of their data restricted
// (PDPA ss.32 and 34): in a page of many they stay masked, and one alone is refused. It
// returns the items in their places, those taken out without data. It asks in the
// transaction that logs the reading.
func unrestricted(tx *db.Tx, subjects []string, items []vault.Sealed) ([]vault.Sealed, error) {
	held, err := restricted(tx, subjects)
	if err != nil || len(held) == 0 {
		return items, err
	}
	if len(held) == len(subjects) {
		return nil, errs.New(errs.Forbidden, "error.restricted")
	}
	out := slices.Clone(items)
	for i := range out {
		if slices.Contains(held, out[i].Subject) {
			out[i].Data = nil
		}
	}
	return out, nil
}

// restricted are those of some subjects who had the use of their data restricted.
func restricted(tx *db.Tx, subjects []string) (held []string, err error) {
	if len(subjects) > 1 { // a list of any length is asked with only where there is any
		var any int
		if err := tx.QueryRow(`SELECT COUNT(*) FROM (SELECT 1 FROM restrictions LIMIT 1) r`, nil, &any); err != nil || any == 0 {
			return nil, err
		}
	}
	marks, args := db.In(subjects)
	err = tx.Each(`SELECT DISTINCT subject FROM restrictions WHERE subject IN (`+marks+`)`, args, func(rows *sql.Rows) error {
		var subject string
		err := rows.Scan(&subject)
		held = append(held, subject)
		return err
	})
	return held, err
}
