package analytics

import (
	"context"
	"database/sql"
	"time"

	"prasan/internal/db"
)

// Observed is what the counters have, for those who compare it with the record.
type Observed struct {
	Views  int64     // since a moment, of all sites
	Oldest time.Time // the oldest row of a single hit; zero when none is kept
	Sites  int       // that have such rows
}

// allSites stands for every site in the totals.
const allSites = 0

// Observe reads the counters: site by site, by their keys.
func (s *Service) Observe(ctx context.Context, since time.Time) (Observed, error) {
	var out Observed
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		out = Observed{}
		next := func(table string, after int64) (site int64, ok bool, err error) {
			var id sql.NullInt64
			err = tx.QueryRow(`SELECT MIN(site) FROM `+table+` WHERE site > $1`, []any{after}, &id)
			return id.Int64, id.Valid, err
		}
		all, err := cells(tx, []int64{allSites}, dimTotal, dayOf(db.Micros(since)), dayOf(db.Micros(tx.Now())))
		if err != nil {
			return err
		}
		for _, x := range all {
			out.Views += x.n
		}
		for site, ok, err := next("usage_hits", -1); ok || err != nil; site, ok, err = next("usage_hits", site) {
			if err != nil {
				return err
			}
			var at sql.NullInt64
			if err := tx.QueryRow(`SELECT MIN(at) FROM usage_hits WHERE site = $1`, []any{site}, &at); err != nil {
				return err
			}
			out.Sites++
			if t := db.Time(at.Int64); at.Valid && (out.Oldest.IsZero() || t.Before(out.Oldest)) {
				out.Oldest = t
			}
		}
		return nil
	})
	return out, err
}
