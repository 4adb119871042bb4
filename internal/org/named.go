package org

import (
	"database/sql"
	"slices"

	"prasan/internal/db"
	"prasan/internal/policy"
)

// Named are the accounts for whom principals of the record stand now, with their
// addresses: DPOs, holders of positions, persons, the people of a unit. Who has no address
// is told of on screen only; who has no account, a provider or a name that is none of
// ours, is never written to.
func Named(tx *db.Tx, list []policy.Principal) (map[string]string, error) {
	return NamedAt(tx, list, "")
}

// NamedAt is Named for a matter of an agency: its head, and its officers, too.
func NamedAt(tx *db.Tx, list []policy.Principal, agency string) (map[string]string, error) {
	out := map[string]string{}
	now := db.Micros(tx.Now())
	find := func(query string, args ...any) error {
		return tx.Each(query, args, func(rows *sql.Rows) error {
			var name, email string
			if err := rows.Scan(&name, &email); err != nil {
				return err
			}
			if email != "" {
				out[name] = email
			}
			return nil
		})
	}
	for _, p := range list {
		var err error
		switch p.Kind {
		case policy.DPO:
			err = find(`SELECT name, email FROM accounts WHERE disabled = FALSE AND roles LIKE '%"dpo"%'`)
		case policy.Position:
			err = find(`SELECT a.name, a.email FROM accounts a JOIN positions p ON p.account = a.name WHERE a.disabled = FALSE AND p.position = $1 AND p.from_at <= $2 AND p.to_at > $3`, p.Ref, now, now)
		case policy.Person:
			err = find(`SELECT name, email FROM accounts WHERE disabled = FALSE AND person = $1`, p.Ref)
		case policy.HeadOrDelegate:
			err = find(`SELECT a.name, a.email FROM accounts a JOIN heads h ON h.account = a.name WHERE a.disabled = FALSE AND h.agency = $1 AND h.capacity IN ('head','acting') AND h.from_at <= $2 AND h.to_at > $3`, agency, now, now)
		case policy.Officer:
			err = find(`SELECT name, email FROM accounts WHERE disabled = FALSE AND agency = $1 AND roles LIKE '%"officer"%'`, agency)
		case policy.Unit:
			err = find(`SELECT name, email FROM accounts WHERE disabled = FALSE AND agency = $1`, p.Ref)
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Addresses are those of accounts, each once; who has none is left out.
func Addresses(tx *db.Tx, accounts []string) ([]string, error) {
	var out []string
	for _, name := range accounts {
		var email string
		if err := tx.QueryRow(`SELECT email FROM accounts WHERE name = $1`, []any{name}, &email); err != nil {
			return nil, err
		}
		if email != "" && !slices.Contains(out, email) {
			out = append(out, email)
		}
	}
	return out, nil
}
