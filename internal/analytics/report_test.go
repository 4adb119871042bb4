package analytics_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/consent"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/policy"
)

var (
	ict     = policy.Actor{Account: "ict", Agency: "ops-ict", Above: []string{"ops"}, Roles: []string{"ict"}}
	rayong  = policy.Actor{Account: "officer", Agency: "rayong", Above: []string{"ops"}, Roles: []string{"officer"}}
	foreign = policy.Actor{Account: "diw", Agency: "diw", Above: []string{"moi"}, Roles: []string{"ict"}}
)

func today(c *counter) analytics.Query {
	d := consent.Day(c.h.Engine.Clock.Now())
	return analytics.Query{From: d, To: d}
}

func (c *counter) lines(name string, q analytics.Query) map[string][]float64 {
	c.t.Helper()
	table, err := c.Report(context.Background(), ict, name, q)
	housetest.Must(c.t, err)
	out := map[string][]float64{}
	for _, l := range table.Lines {
		out[l.Label] = l.Values
	}
	return out
}

func (c *counter) wantLines(name string, q analytics.Query, want map[string][]float64) {
	c.t.Helper()
	if got := c.lines(name, q); !reflect.DeepEqual(got, want) {
		c.t.Errorf("%s %+v: %v, not %v", name, q.Filters, got, want)
	}
}

// morning is a little traffic of two sites.
func (c *counter) morning() {
	p := people(3)
	p[2].agent = safari
	c.hit(p[0], analytics.Hit{URL: "/th/", Referrer: "https://www.google.co.th/"})
	c.hit(p[0], analytics.Hit{URL: "/th/contact"})
	c.hit(p[1], analytics.Hit{URL: "/th/?utm_source=line&utm_medium=social&utm_campaign=fair"})
	c.hit(p[2], analytics.Hit{URL: "/th/contact", Referrer: "https://" + other + "/"})
	c.hit(p[2], analytics.Hit{Site: other, URL: "/th/", Name: "file_download", Props: map[string]any{"link_url": "https://" + other + "/form.pdf"}})
	c.hit(p[0], analytics.Hit{URL: "/th/contact", Name: "form_start", Props: map[string]any{"form_id": "contact"}})
	c.hit(p[0], analytics.Hit{URL: "/th/contact", Name: "web_vitals", Width: 390, Props: map[string]any{"metric": "LCP", "value": 1500.0}})
	c.hit(p[0], analytics.Hit{URL: "/th/contact", Name: "user_engagement", Width: 390, Props: map[string]any{"engagement_time_msec": 30000.0}})
	c.hit(p[0], analytics.Hit{URL: "/th/search?q=โรงงาน"})
}

func TestReportsSayWhatWasCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c := newCounter(t, e)
		c.morning()
		q := today(c)
		for name, want := range map[string]map[string][]float64{
			"channels":  {"search": {1, 1, 3}, "campaign": {1, 1, 1}, "internal": {1, 1, 1}},
			"sources":   {"google.co.th": {1, 1, 3}, "line": {1, 1, 1}, other: {1, 1, 1}},
			"campaigns": {"fair": {1, 1, 1}},
			"devices":   {"mobile": {2, 2, 4}, "desktop": {1, 1, 1}},
			"browsers":  {"Chrome": {2, 2, 4}, "Safari": {1, 1, 1}},
			"languages": {"th": {3, 3, 5}},
			"searches":  {"โรงงาน": {1}},
			"downloads": {other + "/form.pdf": {1}},
			"starts":    {"contact": {1}},
			"events":    {"file_download": {1}, "form_start": {1}},
			"pages":     {"/th": {2, 2, 2, 1, 50, 0}, "/th/contact": {2, 2, 1, 1, 100, 15}, "/th/search": {1, 1, 0, 1, 0, 0}},
		} {
			c.wantLines(name, q, want)
		}
		out, err := c.Overview(context.Background(), ict, q)
		housetest.Must(t, err)
		if out.Now.Views != 5 || out.Now.Visitors != 3 || out.Now.Visits != 3 || out.Now.EngagedMS != 30000 || len(out.Series) != 1 {
			t.Errorf("overview: %+v", out.Now)
		}
	})
}

func TestFiltersAreCombined(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c := newCounter(t, e)
		c.morning()
		q := today(c)
		with := func(pairs ...string) analytics.Query {
			q := q
			q.Filters = nil
			for i := 0; i < len(pairs); i += 2 {
				q.Filters = append(q.Filters, analytics.Filter{Dim: pairs[i], Value: pairs[i+1]})
			}
			return q
		}
		c.wantLines("pages", with("channel", "search"), map[string][]float64{"/th": {1, 1, 1}, "/th/contact": {1, 1, 0}, "/th/search": {1, 1, 0}})
		c.wantLines("pages", with("device", "desktop", "page", "/th/contact"), map[string][]float64{"/th/contact": {1, 1, 1}})
		c.wantLines("browsers", with("page", "/th/*"), map[string][]float64{"Chrome": {1, 0, 2}, "Safari": {1, 1, 1}})
		c.wantLines("sources", with("campaign", "fair"), map[string][]float64{"line": {1, 1, 1}})
		c.wantLines("pages", with("browser", "Lynx"), map[string][]float64{})
		out, err := c.Overview(context.Background(), ict, with("device", "mobile"))
		housetest.Must(t, err)
		if out.Now.Views != 4 || out.Now.Visitors != 2 || out.Now.Visits != 2 {
			t.Errorf("overview: %+v", out.Now)
		}
		for _, f := range []analytics.Filter{{Dim: "ip", Value: "x"}, {Dim: "page"}, {Dim: "visitor", Value: "1 OR 1=1"}} {
			q.Filters = []analytics.Filter{f}
			if _, err := c.Report(context.Background(), ict, "pages", q); errs.KindOf(err) != errs.Invalid || err == nil {
				t.Errorf("%+v: %v", f, err)
			}
		}
	})
}

func TestAProvinceSeesItsOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		c.morning()
		c.hit(people(1)[0], analytics.Hit{Site: other, URL: "/th/"})
		q := today(c)
		own, err := c.Overview(ctx, rayong, q)
		if err != nil || own.Now.Views != 5 {
			t.Errorf("own: %+v %v", own.Now, err)
		}
		q.Hosts = []string{other}
		if _, err := c.Overview(ctx, rayong, q); errs.KindOf(err) != errs.NotFound {
			t.Errorf("another province: %v", err)
		}
		if _, err := c.Overview(ctx, foreign, q); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("somebody whom the record does not name: %v", err)
		}
		all, err := c.Overview(ctx, ict, today(c))
		if err != nil || all.Now.Views != 6 {
			t.Errorf("all: %+v %v", all.Now, err)
		}
		table, err := c.SitesTable(ctx, ict, today(c))
		if err != nil || len(table) != 2 || table[0].Host != site || table[0].Now.Views != 5 || table[1].Now.Views != 1 {
			t.Errorf("sites: %+v %v", table, err)
		}
		if table, err := c.SitesTable(ctx, rayong, today(c)); err != nil || len(table) != 1 {
			t.Errorf("sites of a province: %+v %v", table, err)
		}
	})
}

func TestMonthsThatAreAddedUpGiveTheSameSums(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		e.Clock.Set(time.Date(2026, 8, 20, 3, 0, 0, 0, time.UTC))
		first := consent.Day(e.Clock.Now())
		for i := range 100 {
			c.hit(people(3)[i%3], analytics.Hit{URL: fmt.Sprintf("/p%d", i%4)})
			e.Clock.Advance(24 * time.Hour)
		}
		q := analytics.Query{From: first + 3, To: first + 97, Compare: "previous"}
		before, err := c.Report(ctx, ict, "pages", q)
		housetest.Must(t, err)
		housetest.Must(t, c.CloseMonths(ctx))
		housetest.Must(t, c.CloseMonths(ctx))
		if n := c.rows(`SELECT COUNT(*) FROM usage_closed`); n != 3 {
			t.Errorf("%d months are closed, not 3", n)
		}
		after, err := c.Report(ctx, ict, "pages", q)
		housetest.Must(t, err)
		if !reflect.DeepEqual(before, after) || len(after.Lines) != 4 {
			t.Errorf("%+v became %+v", before, after)
		}
		over, err := c.Overview(ctx, ict, q)
		if err != nil || over.Now.Views != 95 || over.Before == nil || over.Before.Views != 3 || len(over.Series) != 95 {
			t.Errorf("overview: %+v %+v %v", over.Now, over.Before, err)
		}
	})
}

func TestAHitIsSeenAtOnce(t *testing.T) {
	c := newCounter(t, dbtest.SQLite(t))
	c.hit(people(1)[0], analytics.Hit{URL: "/th/"})
	now, err := c.Realtime(context.Background(), rayong, nil)
	if err != nil || now.Active != 1 || now.Minutes[29] != 1 || len(now.Pages) != 1 || now.Pages[0].Label != "/th" {
		t.Errorf("%+v %v", now, err)
	}
}

func TestTotalsFromBeforeTheyWerePackedAreKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		c.hit(people(1)[0], analytics.Hit{URL: "/th/"})
		c.Settle(ctx)
		housetest.Must(t, c.Close())
		housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
			for _, statement := range []string{
				`DELETE FROM usage_daily`,
				`INSERT INTO usage_daily_rows (site, dim, day, term, n, visitors, visits, bounces, exits, total) SELECT id, 0, 20000, id + 500, 7, 3, 4, 2, 0, 1000 FROM usage_terms WHERE text = '` + site + `'`,
				`INSERT INTO usage_daily_rows (site, dim, day, term, n, visitors, visits, bounces, exits, total) SELECT id, 0, 20000, id + 1700, 5, 1, 1, 1, 0, 0 FROM usage_terms WHERE text = '` + site + `'`,
			} {
				if _, err := tx.Exec(statement); err != nil {
					return err
				}
			}
			return nil
		}))
		again := newCounter(t, e)
		again.wants(site, map[string]int64{"n": 12, "visitors": 4, "visits": 5, "bounces": 3, "total": 1000})
		if n := again.rows(`SELECT COUNT(*) FROM usage_daily_rows`); n != 0 {
			t.Errorf("%d rows are left", n)
		}
	})
}
