package org

import (
	"database/sql"
	"maps"
	"slices"

	"prasan/internal/db"
	"prasan/internal/policy"
)

// Named are the accounts for whom principals of a record stand now in a matter of an
// agency, with their addresses; of heads and officers, those of that agency. Who has no
// address is told of on screen only; who has no account, a provider or a name that is none
// of ours, is never written to.
func Named(tx *db.Tx, snap *policy.Snapshot, list []policy.Principal, agency string) (map[string]string, error) {
	var here, anywhere []policy.Principal
	for _, p := range list {
		if p.Kind == policy.HeadOrDelegate || p.Kind == policy.Officer {
			here = append(here, p)
		} else {
			anywhere = append(anywhere, p)
		}
	}
	return holders(tx, func(a policy.Actor) bool {
		return snap.Stands(anywhere, a) || a.Agency == agency && snap.Stands(here, a)
	})
}

// Holders are the addresses of everyone for whom a question is answered with yes.
func Holders(tx *db.Tx, is func(policy.Actor) bool) ([]string, error) {
	found, err := holders(tx, is)
	return slices.Compact(slices.Sorted(maps.Values(found))), err
}

func holders(tx *db.Tx, is func(policy.Actor) bool) (map[string]string, error) {
	everyone, err := Everyone(tx)
	if err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, a := range everyone {
		found[a.Account] = is(a)
	}
	out := map[string]string{}
	return out, tx.Each(`SELECT name, email FROM accounts WHERE email <> ''`, nil, func(rows *sql.Rows) error {
		var name, email string
		err := rows.Scan(&name, &email)
		if found[name] {
			out[name] = email
		}
		return err
	})
}
