package org

import (
	"database/sql"

	"prasan/internal/db"
	"prasan/internal/policy"
)

// Everyone resolves all accounts that are not disabled into what policy decides over,
// for questions about who may do what.
func Everyone(tx *db.Tx) ([]policy.Actor, error) {
	var names []string
	err := tx.Each(`SELECT name FROM accounts WHERE disabled = FALSE ORDER BY name`, nil, func(rows *sql.Rows) error {
		var name string
		err := rows.Scan(&name)
		names = append(names, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]policy.Actor, 0, len(names))
	for _, name := range names {
		a, err := Actor(tx, name)
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}
