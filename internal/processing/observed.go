package processing

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"prasan/internal/db"
)

// Observed is what was done with personal data of an activity, as the log has it.
type Observed struct {
	Collected map[string]int64 // elements that were collected under a revision
	Purposes  map[string]int64 // purposes for which data was opened
	For       map[string]int64 // purposes of everything that was done, collecting too
	Lines     int64            // of collecting, under a revision
	Sent      map[string]int64 // elements that left
}

const dayMicros = 24 * 60 * 60 * 1000000

// roll keeps sums of the log by day: it only grows, and a report must not read all of it.
var roll = db.Roll{Name: "processing", Log: "processing_log", Sum: `INSERT INTO processing_totals (day, activity, revision_id, act, purpose, elements, n)
SELECT at / 86400000000, activity, revision_id, act, purpose, elements, COUNT(*) FROM processing_log WHERE id > $1 AND id <= $2 GROUP BY at / 86400000000, activity, revision_id, act, purpose, elements
ON CONFLICT (activity, act, day, revision_id, purpose, elements) DO UPDATE SET n = processing_totals.n + excluded.n`}

// RollUp brings the sums over the log up to now.
func (s *Service) RollUp(ctx context.Context) error { return s.db.RollUp(ctx, roll) }

// Observe counts the log, from its sums and what is not in them yet: what was collected
// under a revision, "" for all, and what was done for which purpose since the day of a
// moment.
func (s *Service) Observe(ctx context.Context, activity, revision string, since time.Time) (Observed, error) {
	var out Observed
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		out = Observed{Collected: map[string]int64{}, Purposes: map[string]int64{}, For: map[string]int64{}, Sent: map[string]int64{}}
		mark, err := tx.Mark(roll.Name)
		if err != nil {
			return err
		}
		first := db.Micros(since) / dayMicros
		count := func(rows *sql.Rows) error {
			var act, rev, purpose, elements string
			var day, n int64
			err := rows.Scan(&act, &day, &rev, &purpose, &elements, &n)
			out.add(act, purpose, elements, n, revision == "" || rev == revision, day >= first)
			return err
		}
		if err := tx.Each(`SELECT act, day, revision_id, purpose, elements, SUM(n) FROM processing_totals WHERE activity = $1 GROUP BY act, day, revision_id, purpose, elements`, []any{activity}, count); err != nil {
			return err
		}
		return tx.Each(`SELECT act, at / 86400000000, revision_id, purpose, elements, COUNT(*) FROM processing_log WHERE id > $1 AND activity = $2 GROUP BY act, at / 86400000000, revision_id, purpose, elements`, []any{mark, activity}, count)
	})
	return out, err
}

func (o *Observed) add(act, purpose, elements string, n int64, under, since bool) {
	if act == "collect" && under {
		o.Lines += n
		for e := range strings.SplitSeq(elements, ",") {
			if e != "" {
				o.Collected[e] += n
			}
		}
	}
	if !since {
		return
	}
	o.For[purpose] += n
	switch act {
	case "read", "send", "export":
		o.Purposes[purpose] += n
	}
	if act == "send" {
		for e := range strings.SplitSeq(elements, ",") {
			o.Sent[e] += n
		}
	}
}
