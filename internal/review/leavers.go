package review

import (
	"context"
	"database/sql"
	"slices"
	"strings"
	"time"

	"prasan/internal/db"
)

// Leaver is an account, or a token of it, that looks as if nobody should have it any
// more. A person decides; the program takes nothing away by itself.
type Leaver struct {
	Account string    `json:"account"`
	Agency  string    `json:"agency"`
	Why     string    `json:"why"`   // idle | post-ended | token-unused
	Since   time.Time `json:"since"` // of the last sign-in or use, or the end of the post
	Detail  string    `json:"detail,omitempty"`
}

// Leavers finds them.
func (s *Service) Leavers(ctx context.Context) ([]Leaver, error) {
	var out []Leaver
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { out, err = s.leavers(tx); return err })
	return out, err
}

func (s *Service) leavers(tx *db.Tx) ([]Leaver, error) {
	out := []Leaver{}
	for _, find := range []func(*db.Tx) ([]Leaver, error){s.idle, ended, s.unused} {
		more, err := find(tx)
		if err != nil {
			return nil, err
		}
		out = append(out, more...)
	}
	slices.SortFunc(out, func(a, b Leaver) int { return strings.Compare(a.Account+a.Why+a.Detail, b.Account+b.Why+b.Detail) })
	return out, nil
}

// idle are those who have not come for long: no session, no token used, no sign-in and
// nothing done.
func (s *Service) idle(tx *db.Tx) ([]Leaver, error) {
	type seen struct {
		Leaver
		at int64
	}
	var list []seen
	err := tx.Each(`SELECT a.name, a.agency, a.created_at, COALESCE((SELECT MAX(seen_at) FROM sessions s WHERE s.account = a.name), 0), COALESCE((SELECT MAX(used_at) FROM tokens t WHERE t.account = a.name), 0) FROM accounts a WHERE a.disabled = FALSE ORDER BY a.name`, nil, func(rows *sql.Rows) error {
		var x seen
		var created, session, token int64
		err := rows.Scan(&x.Account, &x.Agency, &created, &session, &token)
		x.at = max(created, session, token)
		list = append(list, x)
		return err
	})
	if err != nil {
		return nil, err
	}
	var out []Leaver
	before := db.Micros(tx.Now().Add(-s.Idle))
	for _, x := range list {
		if x.at >= before {
			continue
		}
		// Sessions that are over are swept; the audit still has the sign-in and what was done.
		err := tx.Each(`SELECT at FROM audit WHERE actor = $1 ORDER BY at DESC LIMIT 1`, []any{x.Account}, func(rows *sql.Rows) error {
			var at int64
			err := rows.Scan(&at)
			x.at = max(x.at, at)
			return err
		})
		if err != nil {
			return nil, err
		}
		if x.at < before {
			x.Why, x.Since = "idle", db.Time(x.at)
			out = append(out, x.Leaver)
		}
	}
	return out, nil
}

// ended are those who held a post, headship or order, and hold none any more.
func ended(tx *db.Tx) ([]Leaver, error) {
	now := db.Micros(tx.Now())
	var out []Leaver
	err := tx.Each(`SELECT a.name, a.agency, MAX(p.ends) FROM accounts a JOIN (
		SELECT account, to_at AS ends FROM positions UNION ALL SELECT account, to_at FROM heads
		UNION ALL SELECT account, CASE WHEN revoked_at > 0 AND revoked_at < to_at THEN revoked_at ELSE to_at END FROM delegations) p ON p.account = a.name
		WHERE a.disabled = FALSE GROUP BY a.name, a.agency HAVING MAX(p.ends) <= $1 ORDER BY a.name`, []any{now}, func(rows *sql.Rows) error {
		x := Leaver{Why: "post-ended"}
		var at int64
		err := rows.Scan(&x.Account, &x.Agency, &at)
		x.Since = db.Time(at)
		out = append(out, x)
		return err
	})
	return out, err
}

// unused are tokens that nobody uses.
func (s *Service) unused(tx *db.Tx) ([]Leaver, error) {
	before := db.Micros(tx.Now().Add(-s.Idle))
	var out []Leaver
	err := tx.Each(`SELECT t.account, a.agency, t.label, t.created_at, t.used_at FROM tokens t JOIN accounts a ON a.name = t.account WHERE t.revoked_at = 0 AND t.created_at < $1 AND t.used_at < $2 ORDER BY t.id`, []any{before, before}, func(rows *sql.Rows) error {
		x := Leaver{Why: "token-unused"}
		var created, used int64
		err := rows.Scan(&x.Account, &x.Agency, &x.Detail, &created, &used)
		x.Since = db.Time(max(created, used))
		out = append(out, x)
		return err
	})
	return out, err
}
