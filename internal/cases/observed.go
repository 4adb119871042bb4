package cases

import (
	"context"
	"time"

	"prasan/internal/db"
)

// Observed is what the cases show of the process, without anybody's data.
type Observed struct {
	Volume      int64           // received since a moment, spam apart
	Steps       map[int64]int64 // events of each step of the declared flow
	Cases       int64           // that had events since then
	WithoutWhat int64           // cases without the revision or the notice they were collected under
	Channels    map[string]int64
}

// Observe counts cases and their events since a moment.
func (s *Service) Observe(ctx context.Context, since time.Time) (Observed, error) {
	out := Observed{Steps: map[int64]int64{}, Channels: map[string]int64{}}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		at := db.Micros(since)
		if err := tx.QueryRow(`SELECT COUNT(*), COUNT(CASE WHEN revision_id = '' OR notice_id = '' THEN 1 END) FROM cases WHERE received_at >= $1 AND state <> 'quarantined'`, []any{at}, &out.Volume, &out.WithoutWhat); err != nil {
			return err
		}
		if err := tx.QueryRow(`SELECT COUNT(DISTINCT case_id) FROM case_events WHERE at >= $1`, []any{at}, &out.Cases); err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT step, COUNT(*) FROM case_events WHERE at >= $1 GROUP BY step`, at)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var step, n int64
			if err := rows.Scan(&step, &n); err != nil {
				return err
			}
			out.Steps[step] = n
		}
		if err := rows.Err(); err != nil {
			return err
		}
		by, err := tx.Query(`SELECT channel, COUNT(*) FROM cases WHERE received_at >= $1 GROUP BY channel`, at)
		if err != nil {
			return err
		}
		defer by.Close()
		for by.Next() {
			var channel string
			var n int64
			if err := by.Scan(&channel, &n); err != nil {
				return err
			}
			out.Channels[channel] = n
		}
		return by.Err()
	})
	return out, err
}
