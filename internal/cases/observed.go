package cases

import (
	"context"
	"database/sql"
	"time"

	"prasan/internal/db"
)

// Observed is what the cases show of the process, without anybody's data.
type Observed struct {
	Volume int64           // received since a moment, spam apart
	Steps  map[int64]int64 // events of each step of the declared flow, since its day
	Cases  int64           // that were received at all since then
}

const dayMicros = 24 * 60 * 60 * 1000000

// roll keeps sums of the events by day and step.
var roll = db.Roll{Name: "events", Log: "case_events", Sum: `INSERT INTO event_totals (day, step, n)
SELECT at / 86400000000, step, COUNT(*) FROM case_events WHERE id > $1 AND id <= $2 GROUP BY at / 86400000000, step
ON CONFLICT (day, step) DO UPDATE SET n = event_totals.n + excluded.n`}

// RollUp brings the sums over the events up to now.
func (s *Service) RollUp(ctx context.Context) error { return s.DB.RollUp(ctx, roll) }

// Observe counts cases and their events since a moment: from indexes and sums, so that
// it is done in moments over millions of cases. An event that has since been destroyed
// with its case still counts: it happened.
func (s *Service) Observe(ctx context.Context, since time.Time) (Observed, error) {
	var out Observed
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = Observed{Steps: map[int64]int64{}}
		at := db.Micros(since)
		var held int64
		if err := tx.QueryRow(`SELECT COUNT(*) FROM cases WHERE received_at >= $1`, []any{at}, &out.Cases); err != nil {
			return err
		}
		if err := tx.QueryRow(`SELECT COUNT(*) FROM cases WHERE state = 'quarantined' AND received_at >= $1`, []any{at}, &held); err != nil {
			return err
		}
		out.Volume = out.Cases - held
		mark, err := tx.Mark(roll.Name)
		if err != nil {
			return err
		}
		count := func(rows *sql.Rows) error {
			var step, n int64
			err := rows.Scan(&step, &n)
			out.Steps[step] += n
			return err
		}
		if err := tx.Each(`SELECT step, SUM(n) FROM event_totals WHERE day >= $1 GROUP BY step`, []any{at / dayMicros}, count); err != nil {
			return err
		}
		return tx.Each(`SELECT step, COUNT(*) FROM case_events WHERE id > $1 AND at >= $2 GROUP BY step`, []any{mark, at}, count)
	})
	return out, err
}
