package analytics

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"prasan/internal/db"
	"prasan/internal/policy"
)

// Realtime is what happens now.
type Realtime struct {
	At      time.Time
	Minutes [30]int64 // views of each of the last 30 minutes, the oldest first
	Active  int64     // visitors of the last 5 minutes
	Pages   []Line    // of the last 30 minutes: views
}

// Realtime looks at the last half hour.
func (s *Service) Realtime(ctx context.Context, actor policy.Actor, hosts []string) (out Realtime, err error) {
	err = s.read(ctx, func(tx *db.Tx) error {
		now := tx.Now()
		out = Realtime{At: now}
		r, err := s.every(tx, actor, hosts)
		if err != nil {
			return err
		}
		view, err := termID(tx, PageView)
		if err != nil {
			return err
		}
		where := fmt.Sprintf(`site IN (%s) AND at > $1 AND bot = 0 AND name = %d`, numbers(r.ids), view)
		begin := db.Micros(now.Add(-30 * time.Minute))
		minute := int64(time.Minute / time.Microsecond)
		err = tx.Each(fmt.Sprintf(`SELECT (at - %d) / %d AS m, COUNT(*) FROM usage_hits WHERE %s GROUP BY 1`, begin, minute, where), []any{begin}, func(rows rowScanner) error {
			var m, n int64
			err := rows.Scan(&m, &n)
			out.Minutes[min(max(m, 0), 29)] += n
			return err
		})
		if err != nil {
			return err
		}
		if err := tx.QueryRow(`SELECT COUNT(DISTINCT visitor) FROM usage_hits WHERE visitor <> 0 AND `+where, []any{db.Micros(now.Add(-5 * time.Minute))}, &out.Active); err != nil {
			return err
		}
		out.Pages, err = recentPages(tx, where, begin)
		return err
	})
	return out, err
}

func recentPages(tx *db.Tx, where string, begin int64) ([]Line, error) {
	views := map[int64]int64{}
	var ids []int64
	err := tx.Each(`SELECT page, COUNT(*) FROM usage_hits WHERE `+where+` GROUP BY page ORDER BY 2 DESC LIMIT 20`, []any{begin}, func(rows rowScanner) error {
		var id, n int64
		err := rows.Scan(&id, &n)
		views[id], ids = n, append(ids, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	names, err := texts(tx, ids)
	var out []Line
	for _, id := range ids {
		out = append(out, Line{Label: names[id], Values: []float64{float64(views[id])}})
	}
	slices.SortStableFunc(out, func(a, b Line) int { return cmp.Compare(b.Values[0], a.Values[0]) })
	return out, err
}
