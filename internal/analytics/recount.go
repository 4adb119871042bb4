package analytics

import (
	"context"
	"fmt"
	"slices"

	"prasan/internal/db"
)

// Recount counts the raw hits of a site and day again and compares: it returns how the
// totals differ, nothing when they are right. Days from which a consent was withdrawn
// differ in visitors, as they should.
func (s *Service) Recount(ctx context.Context, host string, day int64) (differences []string, err error) {
	err = s.read(ctx, func(tx *db.Tx) error {
		differences = nil
		site, err := termID(tx, host)
		if err != nil {
			return err
		}
		t := &tally{known: s.known, states: map[int64]*state{}, deltas: map[cell]*sums{}}
		rows, err := allRows(tx, site, day)
		if err != nil {
			return err
		}
		for i := range rows {
			t.count(&rows[i])
		}
		stored, err := storedCells(tx, site, day)
		if err != nil {
			return err
		}
		differences = compare(t.deltas, stored, site)
		return nil
	})
	return differences, err
}

func storedCells(tx *db.Tx, site, day int64) (map[cell]*sums, error) {
	out := map[cell]*sums{}
	for dim := range int64(dims) {
		err := eachCell(tx, `SELECT day, part, body FROM usage_daily WHERE site = $1 AND dim = $2 AND day = $3`, []any{site, dim, day}, func(_, term int64, x *sums) {
			y := *x
			out[cell{site, dim, day, term}] = &y
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

func compare(counted, stored map[cell]*sums, site int64) (out []string) {
	for c, want := range counted {
		if c.site != site {
			continue
		}
		got := stored[c]
		if got == nil {
			got = &sums{}
		}
		if *got != *want {
			out = append(out, fmt.Sprintf("dimension %d, term %d: %+v is stored, %+v counted", c.dim, c.term, *got, *want))
		}
	}
	for c, got := range stored {
		if counted[c] == nil && *got != (sums{}) {
			out = append(out, fmt.Sprintf("dimension %d, term %d: %+v is stored, nothing counted", c.dim, c.term, *got))
		}
	}
	slices.Sort(out)
	return out
}

// RecountAll recounts every day of every site whose hits are all still kept. It returns
// how many days of sites those were.
func (s *Service) RecountAll(ctx context.Context) (days int, differences []string, err error) {
	differences = []string{}
	ids, err := s.siteIDs(ctx)
	if err != nil {
		return 0, nil, err
	}
	today := dayOf(db.Micros(s.Now()))
	first := today
	if record := s.Record(Activity); record != nil {
		first = dayOf(db.Micros(Window(record).Before(s.Now()))) + 1
	}
	for host := range ids {
		for day := first; day <= today; day++ {
			found, err := s.Recount(ctx, host, day)
			if err != nil {
				return days, nil, err
			}
			days++
			for _, d := range found {
				differences = append(differences, host+" "+ISO(day)+": "+d)
			}
		}
	}
	for day := first; day <= today; day++ {
		found, err := s.recountMinistry(ctx, day)
		if err != nil {
			return days, nil, err
		}
		for _, d := range found {
			differences = append(differences, "* "+ISO(day)+": "+d)
		}
	}
	slices.Sort(differences)
	return days, differences, nil
}

// recountMinistry compares the totals of the ministry on a day with the sums of its sites'.
func (s *Service) recountMinistry(ctx context.Context, day int64) (differences []string, err error) {
	err = s.read(ctx, func(tx *db.Tx) error {
		sites, err := storedSites(tx, "usage_daily")
		if err != nil {
			return err
		}
		added := map[cell]*sums{}
		for _, site := range sites {
			if site == everySite {
				continue
			}
			of, err := storedCells(tx, site, day)
			if err != nil {
				return err
			}
			for c, x := range of {
				c.site = everySite
				if added[c] == nil {
					added[c] = &sums{}
				}
				added[c].add(*x)
			}
		}
		stored, err := storedCells(tx, everySite, day)
		differences = compare(added, stored, everySite)
		return err
	})
	return differences, err
}
