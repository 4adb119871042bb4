package processing

import (
	"context"
	"strings"
	"time"

	"prasan/internal/db"
)

// Observed is what was done with personal data of an activity, as the log has it.
type Observed struct {
	Collected map[string]int64 // elements that were collected under a revision
	Purposes  map[string]int64 // purposes for which data was opened
	Undone    int64            // lines without a purpose or a revision
}

// Observe counts the log: what was collected under a revision, and what was opened for
// which purpose since a moment.
func (s *Service) Observe(ctx context.Context, activity, revision string, since time.Time) (Observed, error) {
	out := Observed{map[string]int64{}, map[string]int64{}, 0}
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT elements, COUNT(*) FROM processing_log WHERE activity = $1 AND revision_id = $2 AND act = 'collect' GROUP BY elements`, activity, revision)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var list string
			var n int64
			if err := rows.Scan(&list, &n); err != nil {
				return err
			}
			for e := range strings.SplitSeq(list, ",") {
				if e != "" {
					out.Collected[e] += n
				}
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		used, err := tx.Query(`SELECT purpose, COUNT(*) FROM processing_log WHERE activity = $1 AND act IN ('read', 'send', 'export') AND at >= $2 GROUP BY purpose`, activity, db.Micros(since))
		if err != nil {
			return err
		}
		defer used.Close()
		for used.Next() {
			var purpose string
			var n int64
			if err := used.Scan(&purpose, &n); err != nil {
				return err
			}
			out.Purposes[purpose] += n
		}
		return used.Err()
	})
	return out, err
}
