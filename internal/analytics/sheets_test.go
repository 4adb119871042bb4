package analytics_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/housetest"
)

// filtersOfTests have something to find in what generated made.
var filtersOfTests = []analytics.Filter{{Dim: "page", Value: "/th/2"}, {Dim: "page", Value: "/th*"}, {Dim: "channel", Value: "search"}, {Dim: "source", Value: "google.co.th"}, {Dim: "campaign", Value: "songkran"}, {Dim: "medium", Value: "email"}, {Dim: "device", Value: "desktop"}, {Dim: "browser", Value: "Chrome"}, {Dim: "system", Value: "Windows"}, {Dim: "language", Value: "th"}, {Dim: "event", Value: "page_view"}, {Dim: "place", Value: "TH-21"}, {Dim: "search", Value: "โรงงาน"}}

func generated(c *counter, hits int) {
	rnd, p := rand.New(rand.NewPCG(1, 2)), people(9)
	p[0].signals, p[1].signals = accepted("analytics"), accepted("analytics")
	p[2].signals = analytics.Signals{OptOut: true}
	for range hits {
		h := analytics.Hit{URL: fmt.Sprintf("/th/%d", rnd.IntN(5))}
		switch rnd.IntN(4) {
		case 0:
			h.Referrer = "https://www.google.co.th/"
		case 1:
			h.URL += "?utm_source=post&utm_medium=email&utm_campaign=songkran"
		}
		if rnd.IntN(6) == 0 {
			h.URL = "/th/search?q=โรงงาน"
		}
		if rnd.IntN(3) == 0 {
			h.Site = other
		}
		c.hit(p[rnd.IntN(len(p))], h)
		c.h.Engine.Clock.Advance(time.Duration(rnd.IntN(12)) * minute)
	}
	c.Settle(context.Background())
}

func TestSheetsAnswerAllPairsOfFiltersAsRowsDo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		c.Places = places(t)
		for i := range c.h.Record.Levels {
			c.h.Record.Levels[i].Elements = append(append([]string(nil), c.h.Record.Levels[i].Elements...), "place")
		}
		generated(c, 400)
		today := analytics.DayOf(e.Clock.Now())
		type question struct {
			q      analytics.Query
			column string
		}
		var all []question
		for _, f := range filtersOfTests {
			for _, g := range filtersOfTests {
				for _, column := range analytics.Groups {
					all = append(all, question{analytics.Query{From: today - 5, To: today, Filters: []analytics.Filter{f, g}}, column})
				}
			}
		}
		hosts, want, some := []string{site, other}, []map[int64][5]int64{}, 0
		for _, x := range all {
			out, err := c.FilteredBySQL(ctx, x.q, hosts, x.column)
			housetest.Must(t, err)
			want, some = append(want, out), some+len(out)
		}
		if some < 100 {
			t.Fatalf("only %d figures to compare", some)
		}
		same := func(when string) {
			t.Helper()
			for i, x := range all {
				got, err := c.Filtered(ctx, x.q, hosts, x.column)
				housetest.Must(t, err)
				if !maps.Equal(got, want[i]) {
					t.Fatalf("%s, %+v by %q: %v, not %v", when, x.q.Filters, x.column, got, want[i])
				}
			}
		}
		same("in rows")
		told := func(when string) {
			t.Helper()
			if _, found, err := c.RecountAll(ctx); err != nil || len(found) > 0 {
				t.Errorf("%s, counted again: %v %v", when, found, err)
			}
		}
		told("in rows")
		restore := analytics.LimitSheets(60)
		housetest.Must(t, c.PutAway(ctx))
		restore()
		same("in sheets that are full, and rows")
		told("in sheets that are full, and rows")
		housetest.Must(t, c.PutAway(ctx))
		if c.rows(`SELECT COUNT(*) FROM usage_sheets`) == 0 || c.rows(`SELECT COUNT(*) FROM usage_hits`) == 0 {
			t.Fatal("not both of sheets and rows")
		}
		same("in sheets and rows")
		told("in sheets and rows")
		e.Clock.Advance(2 * time.Hour)
		housetest.Must(t, c.PutAway(ctx))
		if n := c.rows(`SELECT COUNT(*) FROM usage_hits`) + c.rows(`SELECT COUNT(*) FROM usage_places`); n != 0 {
			t.Fatalf("%d rows are left", n)
		}
		same("in sheets")
		told("in sheets")
	})
}

func TestSheetsEndWithThePeriodAndForgetWhoWithdraws(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		p := people(2)
		p[0].signals, p[1].signals = accepted("analytics"), accepted("analytics")
		c.hit(p[0], analytics.Hit{URL: "/th/"})
		c.hit(p[1], analytics.Hit{URL: "/th/"})
		c.hit(p[0], analytics.Hit{Site: other, URL: "/th/"})
		c.Settle(ctx)
		c.served = []string{"industry.test", site} // the other is no more
		e.Clock.Advance(2 * time.Hour)
		housetest.Must(t, c.PutAway(ctx))
		housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error { return c.Forget(tx, p[0].signals.Visitor) }))
		today := analytics.DayOf(e.Clock.Now())
		got, err := c.Filtered(ctx, analytics.Query{From: today - 1, To: today}, []string{site}, "")
		housetest.Must(t, err)
		if x := got[0]; x[0] != 2 || x[1] != 1 || x[3] != 1 {
			t.Errorf("hits, visitors, without id: %v", x)
		}
		if n := c.rows(`SELECT COUNT(*) FROM usage_sheets WHERE part = 2`); n != 1 {
			t.Errorf("the other's cookie: %d sheets", n)
		}
		housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error { return analytics.Return(tx, []int64{c.CookieKey(p[1].signals.Visitor)}) }))
		if n := c.rows(`SELECT COUNT(*) FROM usage_sheets WHERE part = 2`); n != 0 {
			t.Errorf("the other's cookie after a restore: %d sheets", n)
		}
		housetest.Must(t, c.Expire(ctx))
		if rows, sheets, err := c.Kept(ctx); rows != 0 || sheets != 3 || err != nil {
			t.Errorf("%d rows and %d hits in sheets before their time is over: %v", rows, sheets, err)
		}
		e.Clock.Advance(91 * 24 * time.Hour)
		housetest.Must(t, c.Expire(ctx))
		if n := c.rows(`SELECT COUNT(*) FROM usage_sheets`); n != 0 {
			t.Errorf("%d sheets outlive their period", n)
		}
	})
}

func TestHitsStayInRowsWhereASheetCannotBeWritten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		c.hit(people(1)[0], analytics.Hit{URL: "/th/"})
		before := c.rows(`SELECT COUNT(*) FROM usage_hits`)
		e.Clock.Advance(2 * time.Hour)
		run := func(text string) {
			t.Helper()
			housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(text); return err }))
		}
		run(`CREATE UNIQUE INDEX usage_sheets_once ON usage_sheets (site)`) // the second part fails, after all else
		if c.PutAway(ctx) == nil {
			t.Fatal("a sheet was written")
		}
		if rows, sheets := c.rows(`SELECT COUNT(*) FROM usage_hits`), c.rows(`SELECT COUNT(*) FROM usage_sheets`); rows != before || sheets != 0 {
			t.Errorf("%d rows, not %d, and %d sheets", rows, before, sheets)
		}
		run(`DROP INDEX usage_sheets_once`)
		housetest.Must(t, c.PutAway(ctx))
		if rows, sheets := c.rows(`SELECT COUNT(*) FROM usage_hits`), c.rows(`SELECT COUNT(*) FROM usage_sheets WHERE part = 0`); rows != 0 || sheets != 1 {
			t.Errorf("%d rows and %d sheets", rows, sheets)
		}
	})
}

func TestHitsOfThePastAreInSheetsAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		defer analytics.LimitSheets(30)()
		yesterday := analytics.DayOf(e.Clock.Now()) - 1
		midnight := time.Unix(yesterday*86400-7*3600, 0)
		var past []analytics.Past
		for i := range 50 {
			past = append(past, analytics.Past{At: midnight.Add(time.Duration(i) * minute), Hit: analytics.Hit{Site: site, URL: "https://" + site + "/th/", Addr: fmt.Sprintf("203.0.113.%d", i%7), Agent: chrome}})
		}
		_, err := c.Backfill(ctx, yesterday, past)
		housetest.Must(t, err)
		if rows, sheets, err := c.Kept(ctx); rows != 20 || sheets != 30 || err != nil {
			t.Errorf("%d rows and %d hits in sheets: %v", rows, sheets, err)
		}
		got, err := c.Filtered(ctx, analytics.Query{From: yesterday, To: yesterday}, []string{site}, "")
		housetest.Must(t, err)
		if x := got[0]; x[0] != 50 || x[1] != 7 {
			t.Errorf("%d views of %d visitors", x[0], x[1])
		}
		c.recounts(site)
		e.Clock.Set(midnight.AddDate(0, 0, 90).Add(10 * minute)) // a part of a sheet is past its period
		housetest.Must(t, c.Expire(ctx))
		if rows, sheets, err := c.Kept(ctx); rows != 20 || sheets != 20 || err != nil {
			t.Errorf("after the time of ten of them: %d rows and %d hits in sheets: %v", rows, sheets, err)
		}
		oldest, err := c.Observe(ctx, e.Clock.Now())
		housetest.Must(t, err)
		if want := midnight.Add(10 * minute); oldest.Sites != 1 || !oldest.Oldest.Equal(want) {
			t.Errorf("%d sites, the oldest hit of %s, not %s", oldest.Sites, oldest.Oldest, want)
		}
	})
}
