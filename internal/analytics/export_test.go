package analytics

import (
	"context"

	"prasan/internal/db"
)

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
