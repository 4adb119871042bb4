package cases

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"prasan/internal/db"
)

// Passage is a way between two steps of the declared flow, and how many cases went it.
type Passage struct{ From, To, Cases int }

// besides are actions that do nothing of a step of the flow: they may come at any time,
// or after the last step, and are no way from one step to another.
var besides = []string{"accept", "rate", "close", "verify-email", "reissue", "renew-code", "note", "shield", "endorse", "assign"}

// passages walks each case from event to event. Two steps leave no event of their own and
// follow from others: a message through the website was opened and sent (1 and 2) before
// it was recorded, and a case that goes into progress is being acted on (5).
var passages = `WITH trail AS (
	SELECT e.case_id AS case_id, e.seq * 4 AS place, e.step AS step FROM case_events e JOIN cases c ON c.id = e.case_id WHERE c.received_at >= $1 AND c.received_at < $2 AND e.kind NOT IN ('` + strings.Join(besides, `','`) + `')
	UNION ALL SELECT e.case_id, e.seq * 4 + 1, 5 FROM case_events e JOIN cases c ON c.id = e.case_id WHERE c.received_at >= $3 AND c.received_at < $4 AND e.to_state = 'in_progress' AND e.from_state <> 'in_progress'
	UNION ALL SELECT c.id, -2, 1 FROM cases c WHERE c.received_at >= $5 AND c.received_at < $6 AND c.channel = 'web'
	UNION ALL SELECT c.id, -1, 2 FROM cases c WHERE c.received_at >= $7 AND c.received_at < $8 AND c.channel = 'web'
), hops AS (SELECT case_id, step, LAG(step) OVER (PARTITION BY case_id ORDER BY place) AS before FROM trail)
SELECT before, step, COUNT(DISTINCT case_id) FROM hops WHERE before IS NOT NULL AND before <> step GROUP BY before, step ORDER BY before, step`

// Passages are the ways that cases went which were received in a period, and how many
// cases there were.
func (s *Service) Passages(ctx context.Context, from, to time.Time) (out []Passage, total int, err error) {
	a, b := db.Micros(from), db.Micros(to)
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		out = out[:0]
		if err := tx.QueryRow(`SELECT COUNT(*) FROM cases WHERE received_at >= $1 AND received_at < $2`, []any{a, b}, &total); err != nil {
			return err
		}
		return tx.Each(passages, []any{a, b, a, b, a, b, a, b}, func(rows *sql.Rows) error {
			var p Passage
			err := rows.Scan(&p.From, &p.To, &p.Cases)
			out = append(out, p)
			return err
		})
	})
	return out, total, err
}
