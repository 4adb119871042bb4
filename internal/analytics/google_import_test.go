package analytics_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
)

// event is a line of Google's export, with what it holds of a person.
func event(at time.Time, visitor, name, page string) string {
	return fmt.Sprintf(`{"event_date":"%s","event_timestamp":"%d","event_name":%q,"event_params":[{"key":"page_location","value":{"string_value":%q}},{"key":"page_referrer","value":{"string_value":"https://www.google.com/search?q=x"}},{"key":"ga_session_id","value":{"int_value":"1"}}],"user_pseudo_id":%q,"device":{"category":"mobile","operating_system":"Android","language":"th-th","web_info":{"browser":"Chrome"}},"geo":{"city":"Bangsaen"}}`,
		at.Format("20060102"), at.UnixMicro(), name, page, visitor)
}

func TestExportedEventsAreCountedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		day := e.Clock.Now().AddDate(0, 0, -3)
		file := strings.Join([]string{
			event(day, "111.222", "session_start", "https://"+site+"/th/"),
			event(day.Add(30*time.Hour), "111.222", "page_view", "https://"+site+"/th/"), // a day later, out of order
			event(day, "111.222", "page_view", "https://"+site+"/th/?token=abc"),
			event(day.Add(minute), "111.222", "page_view", "https://www."+site+"/th/contact"),
			event(day, "333.444", "page_view", "https://"+site+"/th/"),
			event(day, "333.444", "page_view", "https://elsewhere.example/"), "",
		}, "\n")
		got, err := c.Import(ctx, "ict", site, strings.NewReader(file))
		if err != nil || got.Format != analytics.FormatBigQuery || got.Stored != 4 || got.Ignored != 2 {
			t.Fatalf("%+v %v", got, err)
		}
		c.wants(site, map[string]int64{"n": 4, "visitors": 3, "visits": 3})
		if again, err := c.Import(ctx, "ict", site, strings.NewReader(file)); err != nil || again.Stored != 0 || len(again.Skipped) != 2 {
			t.Errorf("again: %+v %v", again, err)
		}
		for _, secret := range []string{"111.222", "token", "Bangsaen"} {
			if c.rows(`SELECT COUNT(*) FROM usage_terms WHERE text LIKE $1`, "%"+secret+"%") != 0 {
				t.Errorf("%s is kept", secret)
			}
		}
	})
}

const exported = `# ----------------------------------------
# Pages and screens: Page path and screen class
# Start date: 20260901
# End date: 20260902
# ----------------------------------------

Date,Page path and screen class,Views,Active users,Sessions
20260901,/th/,"1,200",300,400
20260901,/th/contact,10,5,6
20260902,/th/,7,3,3
,,"1,217",308,409
`

func TestAnExportedReportStandsAsGooglesBesideOurs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		from, _ := analytics.ParseDay("2026-09-01")
		for range 2 { // a file that is given twice counts once
			got, err := c.Import(ctx, "ict", site, strings.NewReader(exported))
			if err != nil || got.Format != analytics.FormatCSV || got.Stored != 3 || got.Ignored != 1 {
				t.Fatalf("%+v %v", got, err)
			}
		}
		g, ok, err := c.GoogleReport(ctx, ict, analytics.Query{From: from, To: from + 1})
		if err != nil || !ok || !g.Imported || len(g.Pages) != 2 || g.Pages[0].Values[0] != 1207 {
			t.Errorf("%+v %v", g, err)
		}
		if _, err := c.Import(ctx, "ict", site, strings.NewReader("Date,Views,Users\n2026-09-01,5,4\n")); err != nil {
			t.Error(err)
		}
		g, _, err = c.GoogleReport(ctx, ict, analytics.Query{From: from, To: from})
		housetest.Must(t, err)
		if g.Views != 5 || g.Users != 4 || c.total(site, "n") != 0 {
			t.Errorf("%+v, and %d views of ours", g, c.total(site, "n"))
		}
	})
}

func TestFilesThatAreNotWholeAreRefused(t *testing.T) {
	c := newCounter(t, dbtest.SQLite(t))
	whole := event(time.Now(), "1.2", "page_view", "https://"+site+"/th/")
	for name, file := range map[string]string{
		"broken off":          whole + "\n" + whole[:80],
		"not UTF-8":           strings.Replace(whole, "page_view", "page\xff", 1),
		"no table":            "# comment\n# comment\n",
		"no date":             "#\nPage path,Views\n/th/,1\n",
		"a day that is none":  "Date,Views\n20261399,1\n",
		"negative":            "Date,Views\n20260901,-1\n",
		"more than there are": "Date,Views\n20260901,99999999999999\n",
		"a word":              "Date,Views\n20260901,many\n",
		"quotes":              "Date,Views\n20260901,\"1\n",
		"an endless line":     "{" + strings.Repeat("x", 2<<20),
		"a picture":           "\x89PNG\r\n\x1a\n" + strings.Repeat("\x00", 2<<20),
	} {
		got, err := c.Import(context.Background(), "ict", site, strings.NewReader(file))
		if errs.KindOf(err) != errs.Invalid && (err != nil || got.Stored != 0) {
			t.Errorf("%s: %+v %v", name, got, err)
		}
		if name != "a picture" && err == nil {
			t.Errorf("%s is taken: %+v", name, got)
		}
	}
	if _, err := c.Import(context.Background(), "ict", "evil.example", strings.NewReader(exported)); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a strange site: %v", err)
	}
	if c.rows(`SELECT COUNT(*) FROM google_figures`) != 0 || c.rows(`SELECT COUNT(*) FROM usage_daily`) != 0 {
		t.Error("something of a refused file is kept")
	}
}

func FuzzImport(f *testing.F) {
	f.Add(exported)
	f.Add(event(time.Unix(1_760_000_000, 0), "1.2", "page_view", "https://"+site+"/"))
	f.Add("#\n\"")
	f.Add(`1.2.3.4 - - [01/Nov/2026:10:00:00 +0700] "GET / HTTP/1.1" 200 1 "-" "x"`)
	var c *counter
	f.Fuzz(func(t *testing.T, file string) {
		if c == nil || os.Getenv("PRASAN_FUZZ") != "" {
			c = newCounter(t, dbtest.SQLite(t))
		}
		if _, err := c.Import(context.Background(), "ict", site, strings.NewReader(file)); err != nil && errs.KindOf(err) == errs.Internal {
			t.Error(err)
		}
	})
}
