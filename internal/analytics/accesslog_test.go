package analytics_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"prasan/internal/analytics"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
)

func TestAnAccessLogIsCountedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		line := func(day int, addr, path string, status int) string {
			return fmt.Sprintf(`%s - - [%02d/Nov/2026:10:00:00 +0700] "GET %s HTTP/1.1" %d 512 "https://www.google.com/" "%s"`, addr, day, path, status, safari)
		}
		log := strings.Join([]string{line(1, "203.0.113.1", "/th/", 200), line(1, "203.0.113.1", "/th/contact", 200), line(1, "203.0.113.2", "/th/", 200), line(1, "203.0.113.2", "/site.css", 200), line(2, "203.0.113.1", "/th/", 200), line(2, "203.0.113.9", "/old", 404),
			"garbage", `203.0.113.1 - - [99/Nov/2026:10:00:00 +0700] "GET / HTTP/1.1" 200 1 "-" "-"`, strings.Replace(line(2, "203.0.113.1", "/th/", 200), "GET", "POST", 1)}, "\n")
		got, err := c.Import(ctx, "ict", site, strings.NewReader(log))
		if err != nil || got.Stored != 5 || got.Ignored != 4 || got.Lines != 9 {
			t.Fatalf("%+v %v", got, err)
		}
		c.wants(site, map[string]int64{"n": 4, "visitors": 3, "visits": 3})
		again, err := c.Import(ctx, "ict", site, strings.NewReader(log))
		if err != nil || again.Stored != 0 || len(again.Skipped) != 2 {
			t.Errorf("again: %+v %v", again, err)
		}
		if c.rows(`SELECT COUNT(*) FROM usage_terms WHERE text LIKE '%203.0.113%'`) != 0 {
			t.Error("an address is kept")
		}
		if _, err := c.Import(ctx, "ict", "evil.example", strings.NewReader(log)); errs.KindOf(err) != errs.Invalid {
			t.Errorf("another's site: %v", err)
		}
		if _, err := c.Import(ctx, "ict", site, strings.NewReader(strings.Repeat("x", 1<<20))); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a line without end: %v", err)
		}
	})
}

func FuzzParseLog(f *testing.F) {
	f.Add(`1.2.3.4 - - [01/Nov/2026:10:00:00 +0700] "GET /th/ HTTP/1.1" 200 512 "-" "Mozilla"`)
	f.Fuzz(func(t *testing.T, line string) {
		if p, ok, _ := analytics.ParseLog("x.test", line); ok && !strings.HasPrefix(p.URL, "https://x.test/") {
			t.Errorf("%q became %q", line, p.URL)
		}
	})
}
