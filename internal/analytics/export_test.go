package analytics

import (
	"context"
	"fmt"

	"prasan/internal/db"
)

// Groups are the columns by which widgets group.
var Groups = []string{"", "page", "source", "campaign", "profile", "label", placeOfHit}

// Sum adds a column of the totals of all days up, for the tests: of a site, or of the
// ministry where host is "", of one term, or of all where text is "".
func (s *Service) Sum(ctx context.Context, host string, dim int64, text, column string) (n int64, err error) {
	s.Settle(ctx)
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var site, term int64
		for name, into := range map[string]*int64{host: &site, text: &term} {
			if name == "" {
				continue
			}
			if *into, err = termID(tx, name); err != nil {
				return err
			}
		}
		return eachCell(tx, dayQuery, []any{site, dim, int64(0), int64(1 << 20)}, func(_, t int64, x *sums) {
			if text == "" || t == term {
				n += map[string]int64{"n": x.n, "visitors": x.visitors, "visits": x.visits, "bounces": x.bounces, "exits": x.exits, "total": x.total}[column]
			}
		})
	})
	return n, err
}

// FilteredBySQL are the figures of a period as the rows of hits tell them in SQL, for the
// tests: by the term's number, for a column; all under 0 where it is "".
func (s *Service) FilteredBySQL(ctx context.Context, q Query, sites []string, column string) (map[int64][5]int64, error) {
	return s.filtered(ctx, q, sites, func(tx *db.Tx, c conditions, add func(day, term int64, x [4]int64)) error {
		by := column
		if by == "" {
			by = "0"
		}
		return tx.Each(fmt.Sprintf(`SELECT (at + %d) / %d AS day, %s AS term, COUNT(*), COUNT(DISTINCT CASE WHEN visitor <> 0 THEN visitor END), CAST(SUM(value) AS BIGINT), CAST(SUM(CASE WHEN visitor = 0 THEN 1 ELSE 0 END) AS BIGINT) FROM usage_hits WHERE %s GROUP BY 1, 2`, bangkok, dayLength, by, c.where), []any{c.from, c.to}, func(rows rowScanner) error {
			var day, term int64
			var x [4]int64
			err := rows.Scan(&day, &term, &x[0], &x[1], &x[2], &x[3])
			add(day, term, x)
			return err
		})
	})
}

// Filtered are the same figures as reports get them.
func (s *Service) Filtered(ctx context.Context, q Query, sites []string, column string) (map[int64][5]int64, error) {
	return s.filtered(ctx, q, sites, func(tx *db.Tx, c conditions, add func(day, term int64, x [4]int64)) error {
		return eachSum(tx, c, column, func(day, term int64, x *sums) { add(day, term, [4]int64{x.n, x.visitors, x.visits, x.exits}) })
	})
}

func (s *Service) filtered(ctx context.Context, q Query, sites []string, read func(*db.Tx, conditions, func(day, term int64, x [4]int64)) error) (map[int64][5]int64, error) {
	s.Settle(ctx)
	out := map[int64][5]int64{}
	return out, s.DB.Read(ctx, func(tx *db.Tx) error {
		var r reach
		for _, host := range sites {
			id, err := termID(tx, host)
			if err != nil {
				return err
			}
			r.ids = append(r.ids, id)
		}
		c, _, err := s.conditions(tx, r, q, "*")
		if err != nil || c.none {
			return err
		}
		return read(tx, c, func(day, term int64, x [4]int64) {
			sum := out[term]
			for i, n := range x {
				sum[i] += n
			}
			sum[4] += (day - c.days + 1) * x[0] // which day it was
			out[term] = sum
		})
	})
}

// LimitSheets lowers what a sheet holds, and returns what restores it.
func LimitSheets(n int) (restore func()) {
	was := maxSheet
	maxSheet = n
	return func() { maxSheet = was }
}

// Kept are how many hits are kept in rows, and how many in sheets.
func (s *Service) Kept(ctx context.Context) (rows, sheets int64, err error) {
	return rows, sheets, s.DB.Read(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(`SELECT COUNT(*) FROM usage_hits`, nil, &rows); err != nil {
			return err
		}
		sheets = 0
		return tx.Each(`SELECT body FROM usage_sheets WHERE part = 0`, nil, func(r rowScanner) error {
			var body []byte
			if err := r.Scan(&body); err != nil {
				return err
			}
			n, _, err := sheetHits(body)
			sheets += int64(n)
			return err
		})
	})
}
