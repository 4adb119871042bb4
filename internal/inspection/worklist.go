package inspection

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"prasan/internal/db"
)

// Look is a line of a work-list: what is worth a look, and why.
type Look struct {
	Kind   string `json:"kind"` // account, reading, refusal, export, check
	Who    string `json:"who"`
	Why    string `json:"why"` // key of the catalogue, inspection.why-...
	Count  int64  `json:"count,omitempty"`
	Detail string `json:"detail,omitempty"`
}

// WorkList is what an inspection begins with.
type WorkList struct {
	Accounts int    `json:"accounts"` // that may sign in
	Readings int64  `json:"readings"` // of personal data, in the period
	Looks    []Look `json:"looks"`
}

// Bounds of what is out of pattern; numbers of practice.
const (
	many      = 5  // times what the one in the middle reads
	manyFrom  = 20 // and at least so many readings
	nightFrom = 21 // hours in Bangkok
	nightTo   = 6
)

// workList looks at accounts, readings out of pattern, exports, refusals and failed checks.
func (s *Service) workList(ctx context.Context, activity string, from, to time.Time) (WorkList, error) {
	out := WorkList{Looks: []Look{}}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = WorkList{Looks: []Look{}}
		for _, look := range []func(*db.Tx, *WorkList, string, time.Time, time.Time) error{accounts, readings, nights, exports, refusals} {
			if err := look(tx, &out, activity, from, to); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	failed, err := s.Failed(ctx, activity)
	for _, f := range failed {
		out.Looks = append(out.Looks, Look{Kind: "check", Who: f.Row, Why: "check", Count: f.Wrong, Detail: f.Detail})
	}
	return out, err
}

// accounts: those who never act, those with many roles, those that are new.
func accounts(tx *db.Tx, out *WorkList, _ string, from, to time.Time) error {
	return tx.Each(`SELECT name, roles, created_at, (SELECT COUNT(*) FROM audit WHERE audit.actor = accounts.name AND audit.at >= $1) FROM accounts WHERE disabled = FALSE ORDER BY name`, []any{db.Micros(from)}, func(rows *sql.Rows) error {
		var name, text string
		var created, acts int64
		if err := rows.Scan(&name, &text, &created, &acts); err != nil {
			return err
		}
		out.Accounts++
		var roles []string
		if err := json.Unmarshal([]byte(text), &roles); err != nil {
			return err
		}
		switch {
		case slices.Contains(roles, "admin"):
			out.Looks = append(out.Looks, Look{Kind: "account", Who: name, Why: "admin"})
		case db.Time(created).After(from):
			out.Looks = append(out.Looks, Look{Kind: "account", Who: name, Why: "new"})
		case acts == 0:
			out.Looks = append(out.Looks, Look{Kind: "account", Who: name, Why: "idle"})
		}
		return nil
	})
}

// readings: who reads far more than the one in the middle.
func readings(tx *db.Tx, out *WorkList, activity string, from, to time.Time) error {
	var all []Look
	err := tx.Each(`SELECT actor, COUNT(*) FROM processing_log WHERE activity = $1 AND act = 'read' AND at >= $2 AND at < $3 GROUP BY actor ORDER BY COUNT(*), actor`, []any{activity, db.Micros(from), db.Micros(to)}, func(rows *sql.Rows) error {
		l := Look{Kind: "reading", Why: "many"}
		err := rows.Scan(&l.Who, &l.Count)
		out.Readings += l.Count
		all = append(all, l)
		return err
	})
	if err != nil || len(all) == 0 {
		return err
	}
	middle := all[len(all)/2].Count
	for _, l := range slices.Backward(all) {
		if l.Count >= manyFrom && l.Count > many*middle {
			l.Detail = strconv.FormatInt(middle, 10)
			out.Looks = append(out.Looks, l)
		}
	}
	return nil
}

// nights: readings at hours at which the office is closed.
func nights(tx *db.Tx, out *WorkList, activity string, from, to time.Time) error {
	const hour = `(((at + 25200000000) / 3600000000) % 24)`
	return tx.Each(`SELECT actor, COUNT(*) FROM processing_log WHERE activity = $1 AND act = 'read' AND at >= $2 AND at < $3 AND (`+hour+` >= `+strconv.Itoa(nightFrom)+` OR `+hour+` < `+strconv.Itoa(nightTo)+`) GROUP BY actor ORDER BY COUNT(*) DESC, actor LIMIT 20`, []any{activity, db.Micros(from), db.Micros(to)}, func(rows *sql.Rows) error {
		l := Look{Kind: "reading", Why: "night"}
		err := rows.Scan(&l.Who, &l.Count)
		out.Looks = append(out.Looks, l)
		return err
	})
}

// exports: what left as a copy, by who took it.
func exports(tx *db.Tx, out *WorkList, activity string, from, to time.Time) error {
	return tx.Each(`SELECT actor, COUNT(*) FROM processing_log WHERE activity = $1 AND act = 'export' AND at >= $2 AND at < $3 GROUP BY actor ORDER BY COUNT(*) DESC, actor LIMIT 20`, []any{activity, db.Micros(from), db.Micros(to)}, func(rows *sql.Rows) error {
		l := Look{Kind: "export", Why: "export"}
		err := rows.Scan(&l.Who, &l.Count)
		out.Looks = append(out.Looks, l)
		return err
	})
}

// refusals: who was refused what he wanted to read.
func refusals(tx *db.Tx, out *WorkList, _ string, from, to time.Time) error {
	return tx.Each(`SELECT actor, COUNT(*) FROM audit WHERE action = 'data.refused' AND at >= $1 AND at < $2 GROUP BY actor ORDER BY COUNT(*) DESC, actor LIMIT 20`, []any{db.Micros(from), db.Micros(to)}, func(rows *sql.Rows) error {
		l := Look{Kind: "refusal", Why: "refused"}
		err := rows.Scan(&l.Who, &l.Count)
		out.Looks = append(out.Looks, l)
		return err
	})
}
