package analytics

import (
	"context"

	"prasan/internal/db"
)

// convert packs the totals of an installation from before they were packed, and the
// states of its visitors of the day, once. Sums of months are made again by night.
func (s *Service) convert(ctx context.Context) error {
	var rows int64
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT (SELECT COUNT(*) FROM (SELECT 1 FROM usage_daily_rows LIMIT 1) x) + (SELECT COUNT(*) FROM (SELECT 1 FROM usage_visitors_rows LIMIT 1) y)`, nil, &rows)
	})
	if err != nil || rows == 0 {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := packRows(tx); err != nil {
			return err
		}
		for _, table := range []string{"usage_daily_rows", "usage_monthly_rows", "usage_visitors_rows", "usage_closed"} {
			if _, err := tx.Exec(`DELETE FROM ` + table); err != nil {
				return err
			}
		}
		return nil
	})
}

func packRows(tx *db.Tx) error {
	totals := map[block][]packed{}
	err := tx.Each(`SELECT site, dim, day, term, n, visitors, visits, bounces, exits, total FROM usage_daily_rows`, nil, func(rows rowScanner) error {
		var c cell
		var x packed
		err := rows.Scan(&c.site, &c.dim, &c.day, &c.term, &x.n, &x.visitors, &x.visits, &x.bounces, &x.exits, &x.total)
		x.term = c.term
		totals[blockOf(c)] = append(totals[blockOf(c)], x)
		return err
	})
	if err != nil {
		return err
	}
	if err := saveBlocks(tx, dayTable, totals, nil); err != nil {
		return err
	}
	states := map[int64]*state{}
	err = tx.Each(`SELECT visitor, day, last_at, views, entry, page, source, seen FROM usage_visitors_rows`, nil, func(r rowScanner) error {
		var id int64
		x := &state{changed: true}
		err := r.Scan(&id, &x.day, &x.lastAt, &x.views, &x.entry, &x.page, &x.source, &x.seen)
		states[id] = x
		return err
	})
	if err != nil {
		return err
	}
	return saveStates(tx, states)
}
