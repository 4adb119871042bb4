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
		all, err := cells(tx, []int64{allSites}, dimTotal, dayOf(db.Micros(since)), dayOf(db.Micros(tx.Now())))
		if err != nil {
			return err
		}
		for _, x := range all {
			out.Views += x.n
		}
		sites, err := storedSites(tx, "usage_hits", "usage_sheets")
		if err != nil {
			return err
		}
		for _, site := range sites {
			at, err := oldestHit(tx, site)
			if err != nil {
				return err
			}
			out.Sites++
			if t := db.Time(at); out.Oldest.IsZero() || t.Before(out.Oldest) {
				out.Oldest = t
			}
		}
		return nil
	})
	return out, err
}

// oldestHit is the moment of the oldest hit of a site that is kept.
func oldestHit(tx *db.Tx, site int64) (int64, error) {
	var at, day sql.NullInt64
	if err := tx.QueryRow(`SELECT MIN(at) FROM usage_hits WHERE site = $1`, []any{site}, &at); err != nil {
		return 0, err
	}
	if err := tx.QueryRow(`SELECT MIN(day) FROM usage_sheets WHERE site = $1 AND part = 0`, []any{site}, &day); err != nil || !day.Valid {
		return at.Int64, err
	}
	rows, err := sheetRows(tx, site, day.Int64)
	if err != nil || len(rows) == 0 || at.Valid && at.Int64 < rows[0].at {
		return at.Int64, err
	}
	return rows[0].at, nil
}
