package analytics_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
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

func TestVisitsVisitorsAndPagesAddUp(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c := newCounter(t, e)
		p := people(2)
		c.hit(p[0], analytics.Hit{URL: "/th/", Referrer: "https://www.google.co.th/"})
		e.Clock.Advance(minute)
		c.hit(p[0], analytics.Hit{URL: "/th/contact", Referrer: "https://" + site + "/th/"})
		c.hit(p[1], analytics.Hit{URL: "/th/"})
		e.Clock.Advance(31 * minute)
		c.hit(p[0], analytics.Hit{URL: "/th/"}) // a second visit
		c.hit(p[0], analytics.Hit{Site: other, URL: "/th/"})
		c.wants(site, map[string]int64{"n": 4, "visitors": 2, "visits": 3, "bounces": 2})
		c.wants(other, map[string]int64{"n": 1, "visitors": 1, "visits": 1, "bounces": 1})
		if n := c.sum("", 0, "", "n"); n != 5 {
			t.Errorf("the ministry has %d views, not 5", n)
		}
		page := func(column, path string) int64 {
			return c.sum(site, 1, path, column)
		}
		for _, w := range []struct {
			column, path string
			n            int64
		}{{"n", "/th", 3}, {"visitors", "/th", 2}, {"visits", "/th", 3}, {"exits", "/th", 2}, {"exits", "/th/contact", 1}, {"visits", "/th/contact", 0}, {"bounces", "/th", 2}} {
			if got := page(w.column, w.path); got != w.n {
				t.Errorf("%s of %s: %d, not %d", w.column, w.path, got, w.n)
			}
		}
		c.recounts(site, other)
	})
}

// A cookie is a site's own, but whoever sends one may send it to several.
func TestACookieIsAVisitorOnEachSite(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c, v := newCounter(t, e), people(1)[0]
		v.signals = accepted("analytics")
		for range 2 {
			c.hit(v, analytics.Hit{URL: "/th/"})
			c.hit(v, analytics.Hit{Site: other, URL: "/th/contact"})
			e.Clock.Advance(minute)
		}
		for _, host := range []string{site, other} {
			c.wants(host, map[string]int64{"n": 2, "visitors": 1, "visits": 1, "bounces": 0})
		}
		c.wants("", map[string]int64{"n": 4, "visitors": 2, "visits": 2, "bounces": 0})
		c.recounts(site, other)
	})
}

func TestLevelsFollowTheRecordAndTheVisitor(t *testing.T) {
	full, plain := record(), record()
	full.Transfers = []policy.Transfer{{Code: "google", Basis: "consent"}}
	plain.Levels = plain.Levels[:1]
	both := accepted("analytics", "google")
	optOut := both
	optOut.OptOut = true
	noBasis := record()
	noBasis.Levels[2].Basis = "public-task"
	for _, x := range []struct {
		name   string
		record *policy.Snapshot
		v      analytics.Signals
		want   string
	}{
		{"no record", nil, analytics.Signals{}, ""},
		{"no level", &policy.Snapshot{}, analytics.Signals{}, ""},
		{"no choice", record(), analytics.Signals{}, "L1"},
		{"no choice, only L0 declared", plain, analytics.Signals{}, "L0"},
		{"opt-out", record(), analytics.Signals{OptOut: true}, "L0"},
		{"opt-out wins over consent", full, optOut, "L0"},
		{"refused", record(), analytics.Signals{Choice: consent.Choice{Version: "0123456789ab"}}, "L0"},
		{"accepted", record(), accepted("analytics"), "L2"},
		{"accepted, but the level does not rest on consent", noBasis, accepted("analytics"), "L1"},
		{"accepted all, no transfer in the record", record(), both, "L2"},
		{"accepted all", full, both, "L3"},
		{"accepted without a cookie", record(), analytics.Signals{Choice: both.Choice}, "L1"},
	} {
		got := ""
		if scope, ok := analytics.Decide(x.record, x.v); ok {
			got = scope.Level.String()
		}
		if got != x.want {
			t.Errorf("%s: %q, not %q", x.name, got, x.want)
		}
	}
}

func TestNothingIsCollectedWithoutTheRecord(t *testing.T) {
	c := newCounter(t, dbtest.SQLite(t))
	c.h.Record = nil
	err := c.Collect(context.Background(), analytics.Hit{Site: site, URL: "https://" + site + "/", Agent: chrome, Addr: "203.0.113.1"})
	if errs.KindOf(err) != errs.Forbidden || c.rows(`SELECT COUNT(*) FROM usage_hits`) != 0 {
		t.Errorf("%v", err)
	}
}

func TestAnElementThatIsNotDeclaredIsNotKept(t *testing.T) {
	c := newCounter(t, dbtest.SQLite(t))
	c.h.Record.Levels = []policy.Level{{Code: "L1", Elements: []string{"page_path"}}}
	c.hit(people(1)[0], analytics.Hit{URL: "/th/?utm_source=x&q=abc", Referrer: "https://pantip.com/x", Width: 390})
	if n := c.rows(`SELECT COUNT(*) FROM usage_hits WHERE visitor <> 0 OR source <> 0 OR campaign <> 0 OR label <> 0`); n != 0 {
		t.Error("more is kept than is declared")
	}
	for _, text := range []string{"pantip.com", "Chrome", "abc", "Android"} {
		if c.rows(`SELECT COUNT(*) FROM usage_terms WHERE text LIKE $1`, "%"+text+"%") != 0 {
			t.Errorf("%q is kept", text)
		}
	}
	err := c.Collect(context.Background(), analytics.Hit{Site: site, Name: "click", URL: "https://" + site + "/", Agent: chrome})
	if errs.KindOf(err) != errs.Forbidden {
		t.Errorf("an event is collected: %v", err)
	}
}

func TestWithoutAnIdAVisitIsOnlyCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c := newCounter(t, e)
		v := people(1)[0]
		v.signals.OptOut = true
		c.hit(v, analytics.Hit{URL: "/th/"})
		c.hit(v, analytics.Hit{URL: "/th/"})
		c.wants(site, map[string]int64{"n": 2, "visitors": 0, "visits": 0})
		if c.rows(`SELECT COUNT(*) FROM usage_visitors`) != 0 || c.rows(`SELECT COUNT(*) FROM usage_hits WHERE visitor <> 0`) != 0 {
			t.Error("a visitor who asked not to be tracked has an id")
		}
		c.recounts(site)
	})
}

func TestBotsAreKeptApart(t *testing.T) {
	c := newCounter(t, dbtest.SQLite(t))
	for _, agent := range []string{google, "", "curl/8.5.0", "python-requests/2.31"} {
		c.hit(visitor{"203.0.113.7", agent, analytics.Signals{}}, analytics.Hit{URL: "/th/"})
	}
	c.wants(site, map[string]int64{"n": 0, "visitors": 0})
	if n := c.sum(site, 14, "", "n"); n != 4 {
		t.Errorf("%d bots", n)
	}
	c.recounts(site)
}

func TestAVisitorOfTomorrowIsAnotherOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c := newCounter(t, e)
		v := people(1)[0]
		e.Clock.Set(time.Date(2026, 11, 24, 16, 59, 0, 0, time.UTC)) // 23:59 in Bangkok
		c.hit(v, analytics.Hit{URL: "/th/"})
		e.Clock.Advance(2 * minute)
		c.hit(v, analytics.Hit{URL: "/th/"})
		c.wants(site, map[string]int64{"n": 2, "visitors": 2})
		if n := c.rows(`SELECT COUNT(DISTINCT visitor) FROM usage_hits`); n != 2 {
			t.Error("two days are linked")
		}
		if c.rows(`SELECT COUNT(*) FROM usage_salts`) != 1 {
			t.Error("the salt of yesterday is still there")
		}
		housetest.Must(t, c.Rotate(context.Background()))
		if c.rows(`SELECT COUNT(*) FROM usage_visitors`) != 1 {
			t.Error("the visitors of yesterday are still there")
		}
		e.Clock.Advance(24 * time.Hour)
		housetest.Must(t, c.Rotate(context.Background()))
		if c.rows(`SELECT COUNT(*) FROM usage_visitors`) != 0 {
			t.Error("visitors of yesterday are still known")
		}
		c.recounts(site)
	})
}

func TestADayThatEndsUnderLoadLosesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		e.Clock.Set(time.Date(2026, 11, 24, 16, 59, 59, 0, time.UTC)) // a second before midnight in Bangkok
		var wg sync.WaitGroup
		for w, v := range people(8) {
			wg.Go(func() {
				for i := range 60 {
					err := c.Collect(ctx, analytics.Hit{Site: site, URL: fmt.Sprintf("https://%s/p%d", site, (w+i)%7), Addr: v.addr, Agent: v.agent})
					if err != nil {
						t.Error(err)
					}
					if w == 0 && i%10 == 0 {
						e.Clock.Advance(300 * time.Millisecond)
					}
					if w == 1 && i%20 == 0 {
						if err := c.Rotate(ctx); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		if n := c.rows(`SELECT COUNT(*) FROM usage_hits`); n != 480 {
			t.Errorf("%d hits, not 480", n)
		}
		c.recounts(site)
		if got := c.total(site, "n"); got != 480 {
			t.Errorf("%d views, not 480", got)
		}
	})
}

func TestWhatIsTooMuchIsShedAndCountedAsSuch(t *testing.T) {
	c := newCounter(t, dbtest.SQLite(t))
	v := people(1)[0]
	c.hit(v, analytics.Hit{URL: "/th/"})
	hold, held := make(chan struct{}), make(chan struct{})
	go func() { // the disk stands still
		_ = c.h.Engine.DB.InTx(context.Background(), func(*db.Tx) error { close(held); <-hold; return nil })
	}()
	<-held
	h := analytics.Hit{Site: site, URL: "https://" + site + "/th/", Addr: v.addr, Agent: v.agent}
	for range 6000 {
		c.Count(context.Background(), h) // a page that is served: it does not wait, and never fails
	}
	if c.Stats.Shed.Load() == 0 {
		t.Error("nothing was shed")
	}
	if err := c.Collect(context.Background(), h); errs.KindOf(err) != errs.TooMany {
		t.Errorf("a hit beyond: %v", err)
	}
	shed := c.Stats.Shed.Load() - 1
	close(hold)
	for range 500 {
		if c.Stats.Stored.Load() == 6001-shed {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if n := c.rows(`SELECT COUNT(*) FROM usage_hits`); n != 6001-shed {
		t.Errorf("%d hits, not %d", n, 6001-shed)
	}
	c.recounts(site)
}

func TestAClockThatGoesBackLosesNothing(t *testing.T) {
	c := newCounter(t, dbtest.SQLite(t))
	for i, v := range people(6) {
		c.hit(v, analytics.Hit{URL: "/th/"})
		if i%2 == 0 {
			c.h.Engine.Clock.Advance(-26 * time.Hour)
		} else {
			c.h.Engine.Clock.Advance(25 * time.Hour)
		}
	}
	if n := c.rows(`SELECT COUNT(*) FROM usage_hits`); n != 6 {
		t.Errorf("%d hits, not 6", n)
	}
	c.wants(site, map[string]int64{"n": 6})
}

func TestOnlyHostsThatAreOursAreCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c := newCounter(t, e)
		send := func(at, url string) errs.Kind {
			err := c.Collect(context.Background(), analytics.Hit{Site: at, URL: url, Agent: chrome, Addr: "203.0.113.1"})
			if err == nil {
				return -1
			}
			return errs.KindOf(err)
		}
		if send(site, "https://evil.example/") != errs.Forbidden || send(site, "https://"+other+"/") != errs.Forbidden || send("evil.example", "https://evil.example/") != errs.Forbidden {
			t.Error("a foreign host is counted")
		}
		ict := policy.Actor{Account: "ict", Agency: "ops-ict", Above: []string{"ops"}, Roles: []string{"ict"}}
		if err := c.AddHost(context.Background(), housetest.Officer, analytics.Host{Host: "old.industry.test", Agency: "rayong"}); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("an officer registers a host: %v", err)
		}
		housetest.Must(t, c.AddHost(context.Background(), ict, analytics.Host{Host: "Old.industry.test ", Agency: "rayong", Name: "เว็บไซต์เดิม"}))
		if k := send(site, "https://old.industry.test/page"); k != -1 {
			t.Errorf("a registered host is refused: %v", k)
		}
		c.wants("old.industry.test", map[string]int64{"n": 1})
	})
}

func TestWhatNoPageWouldSendIsRefused(t *testing.T) {
	c := newCounter(t, dbtest.SQLite(t))
	many := map[string]any{}
	for i := range 21 {
		many[fmt.Sprint("p", i)] = 1.0
	}
	base := "https://" + site + "/"
	for _, h := range []analytics.Hit{
		{URL: ""}, {URL: "/th/"}, {URL: "javascript:alert(1)"}, {URL: base + strings.Repeat("x", 3000)}, {URL: base + "\xff"}, {URL: base, Name: "DROP TABLE"}, {URL: base, Name: strings.Repeat("x", 41)},
		{URL: base, Width: -1}, {URL: base, Width: 1 << 30}, {URL: base, Props: map[string]any{"a": map[string]any{"b": 1}}}, {URL: base, Props: many}, {URL: base, Props: map[string]any{"a": "\xff"}},
	} {
		h.Site, h.Agent, h.Addr = site, chrome, "203.0.113.1"
		if err := c.Collect(context.Background(), h); errs.KindOf(err) != errs.Invalid || err == nil {
			t.Errorf("%.80q %v: %v", h.URL, h.Props, err)
		}
	}
	if c.rows(`SELECT COUNT(*) FROM usage_hits`) != 0 {
		t.Error("something was stored")
	}
}

func TestSecretsInAddressesAreNotKept(t *testing.T) {
	c := newCounter(t, dbtest.SQLite(t))
	v := people(1)[0]
	secrets := []string{"QmFzZTY0VG9rZW5PZlNlYWxlZFN0YXRl12", "0812345678", "1-1017-00123-45-6", "manee@example.com", "3f2a9c1e-7b44-4d0a-9a51-0c1d2e3f4a5b"}
	for _, s := range secrets {
		c.hit(v, analytics.Hit{URL: "/th/track/" + s + "?x=" + s + "&q=" + s, Referrer: "https://example.com/" + s, Name: "page_view"})
		c.hit(v, analytics.Hit{URL: "/th/", Name: "click", Props: map[string]any{"link_url": "https://example.com/" + s + "?" + s, "other": s}})
		c.hit(v, analytics.Hit{URL: "/th/", Name: "form_start", Props: map[string]any{"form_id": s}})
	}
	for _, s := range secrets {
		// Of a token in a search field nobody can tell that it is one.
		if n := c.rows(`SELECT COUNT(*) FROM usage_terms WHERE text LIKE $1`, "%/"+s+"%"); n != 0 {
			t.Errorf("%q is kept in an address", s)
		}
	}
	for _, s := range secrets[1:4] {
		if n := c.rows(`SELECT COUNT(*) FROM usage_terms WHERE text LIKE $1`, "%"+s+"%"); n != 0 {
			t.Errorf("%q is kept", s)
		}
	}
	c.hit(v, analytics.Hit{URL: "/th/%E0%B8%82%E0%B9%88%E0%B8%B2%E0%B8%A7/annual-report-2026-of-the-ministry.pdf"})
	if c.rows(`SELECT COUNT(*) FROM usage_terms WHERE text = '/th/ข่าว/annual-report-2026-of-the-ministry.pdf'`) != 1 {
		t.Error("an ordinary address is not kept as it reads")
	}
}

func TestCardinalityIsBoundedAndTheBoundShows(t *testing.T) {
	c := newCounter(t, dbtest.SQLite(t))
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := range 700 {
				_ = c.Collect(context.Background(), analytics.Hit{Site: site, URL: fmt.Sprintf("https://%s/p%d-%d", site, w, i), Addr: "203.0.113.1", Agent: chrome})
			}
		}()
	}
	wg.Wait()
	if n := c.rows(`SELECT COUNT(*) FROM usage_terms`); n > 5100+512 {
		t.Errorf("%d terms", n)
	}
	if c.Stats.Others.Load() == 0 {
		t.Error("the bound does not show")
	}
	c.wants(site, map[string]int64{"n": 5600})
	c.recounts(site)
}

func TestManyAtOnceAreCountedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c := newCounter(t, e)
		p, names := people(20), []string{"", "", "", "user_engagement", "click", "file_download", "form_start", "web_vitals", "page_not_found", "my_event"}
		var wg sync.WaitGroup
		for w := range 16 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				r := rand.New(rand.NewPCG(1, uint64(w)))
				for range 40 {
					host := []string{site, other}[r.IntN(2)]
					h := analytics.Hit{Site: host, Name: names[r.IntN(len(names))], URL: fmt.Sprintf("https://%s/p%d", host, r.IntN(9)), Addr: p[r.IntN(20)].addr, Agent: []string{chrome, safari, google}[r.IntN(3)],
						Props: map[string]any{"engagement_time_msec": 1200.0, "link_url": "https://example.com/a", "form_id": "contact", "metric": "LCP", "value": 1800.0}}
					if err := c.Collect(context.Background(), h); err != nil {
						t.Error(err)
					}
				}
			}()
		}
		wg.Wait()
		if n := c.rows(`SELECT COUNT(*) FROM usage_hits`); n != 640 {
			t.Errorf("%d hits, not 640", n)
		}
		c.recounts(site, other)
	})
}

func TestAHitThatIsNotStoredIsNotAcknowledged(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		c.hit(people(1)[0], analytics.Hit{URL: "/th/"})
		table := func(statement string) {
			t.Helper()
			housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(statement); return err }))
		}
		send := func() error {
			return c.Collect(ctx, analytics.Hit{Site: site, URL: "https://" + site + "/new-page", Addr: "203.0.113.1", Agent: chrome})
		}
		table(`ALTER TABLE usage_journal RENAME TO away`)
		if err := send(); err == nil {
			t.Error("acknowledged")
		}
		table(`ALTER TABLE away RENAME TO usage_journal`)
		housetest.Must(t, send())
		c.wants(site, map[string]int64{"n": 2})
		c.recounts(site)
	})
}

func TestAnAcknowledgedHitThatCannotBeCountedYetIsCountedOnceLater(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		v := people(1)[0]
		c.hit(v, analytics.Hit{URL: "/th/"})
		c.Settle(ctx)
		table := func(statement string) {
			t.Helper()
			housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(statement); return err }))
		}
		table(`ALTER TABLE usage_daily RENAME TO away`)
		c.hit(v, analytics.Hit{URL: "/th/contact"})
		c.Settle(ctx)
		table(`ALTER TABLE away RENAME TO usage_daily`)
		for range 2 {
			c.Settle(ctx)
			c.wants(site, map[string]int64{"n": 2, "visitors": 1, "visits": 1})
			if n := c.rows(`SELECT COUNT(*) FROM usage_journal`); n != 0 {
				t.Errorf("%d entries are left in the journal", n)
			}
		}
		c.recounts(site)
	})
}

func TestHitsAndTotalsEndWithTheRecordsPeriodsAndTheLogSaysSo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		v := people(1)[0]
		c.hit(v, analytics.Hit{URL: "/th/"})
		e.Clock.Advance(89 * 24 * time.Hour)
		c.hit(v, analytics.Hit{URL: "/th/"})
		housetest.Must(t, c.CloseMonths(ctx))
		housetest.Must(t, c.Expire(ctx))
		if n := c.rows(`SELECT COUNT(*) FROM usage_hits`); n != 2 {
			t.Fatalf("%d hits, not 2: erased before its time", n)
		}
		e.Clock.Advance(2 * 24 * time.Hour)
		housetest.Must(t, c.Expire(ctx))
		if n := c.rows(`SELECT COUNT(*) FROM usage_hits`); n != 1 {
			t.Errorf("%d hits, not 1", n)
		}
		c.wants(site, map[string]int64{"n": 2})
		if c.rows(`SELECT COUNT(*) FROM audit WHERE action = 'usage.expire'`) != 1 || c.rows(`SELECT COUNT(*) FROM processing_log WHERE act = 'erase'`) != 1 {
			t.Error("the expiry is not in the logs")
		}
		e.Clock.Set(e.Clock.Now().AddDate(10, 2, 0))
		housetest.Must(t, c.Expire(ctx))
		if c.rows(`SELECT COUNT(*) FROM usage_daily`)+c.rows(`SELECT COUNT(*) FROM usage_monthly`) != 0 {
			t.Error("totals are kept beyond ten years")
		}
	})
}

func TestAWithdrawalTakesTheCookieOutOfWhatWasCollected(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c := newCounter(t, e)
		v, w := people(2)[0], people(2)[1]
		v.signals, w.signals = accepted("analytics"), accepted("analytics")
		c.hit(v, analytics.Hit{URL: "/th/"})
		c.hit(w, analytics.Hit{URL: "/th/"})
		if c.rows(`SELECT COUNT(*) FROM usage_hits WHERE cookie <> 0`) != 2 {
			t.Fatal("no cookie was kept")
		}
		housetest.Must(t, e.DB.InTx(context.Background(), func(tx *db.Tx) error { return c.Forget(tx, v.signals.Visitor) }))
		if c.rows(`SELECT COUNT(*) FROM usage_hits WHERE cookie <> 0`) != 1 || c.rows(`SELECT COUNT(*) FROM usage_hits WHERE visitor <> 0`) != 1 {
			t.Error("the cookie is still there, or another one went with it")
		}
		c.wants(site, map[string]int64{"n": 2})
	})
}

func TestWhatWasCollectedOnASiteThatIsNoMoreEndsAsOnAnyOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		v := people(1)[0]
		v.signals = accepted("analytics")
		c.hit(v, analytics.Hit{URL: "/th/"})
		c.hit(v, analytics.Hit{Site: other, URL: "/th/"})
		c.Settle(ctx)
		c.served = []string{"industry.test", site}
		housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error { return c.Forget(tx, v.signals.Visitor) }))
		if n := c.rows(`SELECT COUNT(*) FROM usage_hits WHERE cookie <> 0`); n != 0 {
			t.Errorf("%d hits still have the cookie that was withdrawn", n)
		}
		e.Clock.Advance(91 * 24 * time.Hour)
		housetest.Must(t, c.Expire(ctx))
		if n := c.rows(`SELECT COUNT(*) FROM usage_hits`); n != 0 {
			t.Errorf("%d hits outlive their period", n)
		}
		if n := c.rows(`SELECT COUNT(*) FROM audit WHERE action = 'usage.expire' AND object = $1`, "usage:"+other); n != 1 {
			t.Errorf("the expiry is %d times in the audit", n)
		}
		e.Clock.Set(e.Clock.Now().AddDate(10, 2, 0))
		housetest.Must(t, c.Expire(ctx))
		if n := c.rows(`SELECT COUNT(*) FROM usage_daily`); n != 0 {
			t.Errorf("%d totals are kept beyond ten years", n)
		}
	})
}

// What a client is known by elsewhere must be in no byte that is written.
func TestNoAddressAndNoAgentIsInAnyFile(t *testing.T) {
	e := dbtest.SQLite(t)
	c := newCounter(t, e)
	v := visitor{addr: "203.0.113.77", agent: chrome}
	cookie := v
	cookie.signals = accepted("analytics")
	for i := range 50 {
		c.hit(v, analytics.Hit{URL: fmt.Sprintf("/th/p%d", i)})
		c.hit(cookie, analytics.Hit{URL: "/th/"})
	}
	dir := filepath.Dir(strings.TrimPrefix(e.URL, "sqlite:"))
	search := func(when string) {
		t.Helper()
		names, _ := filepath.Glob(dir + "/*")
		found := false
		for _, name := range names {
			bytes, err := os.ReadFile(name)
			housetest.Must(t, err)
			found = found || strings.Contains(string(bytes), "/th/p49")
			for _, secret := range []string{v.addr, v.agent, "SM-A156E", "AppleWebKit", cookie.signals.Visitor, "\xcb\x00\x71\x4d"} {
				if strings.Contains(string(bytes), secret) {
					t.Errorf("%s: %q is in %s", when, secret, filepath.Base(name))
				}
			}
		}
		if !found {
			t.Errorf("%s: the files do not hold the hits", when)
		}
	}
	search("while serving, as a killed process leaves it")
	c.Settle(context.Background())
	e.Clock.Advance(2 * time.Hour)
	housetest.Must(t, c.PutAway(context.Background()))
	if c.rows(`SELECT COUNT(*) FROM usage_sheets`) == 0 {
		t.Fatal("no hits are in sheets")
	}
	search("with hits in sheets")
	c.Close()
	e.DB.Close()
	search("after a clean stop")
}
