package analytics_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"prasan/internal/analytics"
	"prasan/internal/db/dbtest"
	"prasan/internal/geo"
	"prasan/internal/geo/geotest"
	"prasan/internal/housetest"
)

func places(t *testing.T) func(string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "places.mmdb")
	housetest.Must(t, os.WriteFile(path, geotest.Write(map[string]string{"203.0.113.0/25": "TH-21", "203.0.113.128/25": "TH-10", "198.51.100.0/24": "JP"}), 0o600))
	p, err := geo.Open(path)
	housetest.Must(t, err)
	return p.Of
}

func TestPlacesAreCountedWhereDatabaseAndRecordPermitIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		today := analytics.DayOf(e.Clock.Now())
		q := analytics.Query{From: today, To: today}
		report := func(f ...analytics.Filter) analytics.Table {
			t.Helper()
			x := q
			x.Filters = f
			out, err := c.Report(ctx, ict, "places", x)
			housetest.Must(t, err)
			return out
		}
		at := func(addr string) visitor { return visitor{addr: addr, agent: chrome} }
		c.hit(at("203.0.113.1"), analytics.Hit{URL: "/th/"})
		if x := report(); x.Off != "database" || len(x.Lines) != 0 {
			t.Errorf("without a database: %+v", x)
		}
		c.Places = places(t)
		c.hit(at("203.0.113.1"), analytics.Hit{URL: "/th/"})
		if x := report(); x.Off != "record" || len(x.Lines) != 0 {
			t.Errorf("the record does not permit it: %+v", x)
		}
		for i := range c.h.Record.Levels {
			c.h.Record.Levels[i].Elements = append(slices.Clone(c.h.Record.Levels[i].Elements), "place")
		}
		for _, addr := range []string{"203.0.113.3", "203.0.113.2", "203.0.113.200", "198.51.100.1", "192.0.2.1"} {
			c.hit(at(addr), analytics.Hit{URL: "/th/contact"})
		}
		if x := report(); x.Off != "" || len(x.Lines) != 3 || x.Lines[0].Label != "TH-21" || analytics.Name("places", x.Lines[0], "th") != "ระยอง" {
			t.Errorf("%+v", x)
		}
		for _, value := range []string{"ระยอง", "TH-21"} {
			if x := report(analytics.Filter{Dim: "place", Value: value}); len(x.Lines) != 1 || x.Lines[0].Values[2] != 2 {
				t.Errorf("%s: %+v", value, x)
			}
		}
		c.recounts(site)
		for _, table := range []string{"usage_places", "usage_terms", "usage_hits"} {
			if n := c.rows(`SELECT COUNT(*) FROM ` + table); n == 0 {
				t.Errorf("%s is empty", table)
			}
		}
		if c.rows(`SELECT COUNT(*) FROM usage_terms WHERE text LIKE '%203.0.113%'`) != 0 {
			t.Error("an address is kept")
		}
		e.Clock.Advance(91 * 24 * 60 * minute)
		housetest.Must(t, c.Expire(ctx))
		if c.rows(`SELECT COUNT(*) FROM usage_places`) != 0 {
			t.Error("places outlive their hits")
		}
	})
}
