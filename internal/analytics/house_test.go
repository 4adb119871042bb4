package analytics_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/analytics/ga"
	"prasan/internal/analytics/ga/gatest"
	"prasan/internal/consent"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/policy"
)

const (
	site   = "rayong.industry.test"
	other  = "trat.industry.test"
	chrome = "Mozilla/5.0 (Linux; Android 14; SM-A156E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
	safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
	google = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
)

func record() *policy.Snapshot {
	common := []string{"page_path", "referrer", "campaign", "event", "browser", "screen_width", "language"}
	with := func(more ...string) []string { return append(append([]string{}, common...), more...) }
	days := policy.Retention{Days: 90}
	kept := map[string]policy.Retention{"consent_choice": {Years: 2}, "visitor_cookie": {Days: 180}, "visitor_day_id": days, "ip_address": {}}
	for _, e := range common {
		kept[e] = days
	}
	return &policy.Snapshot{Activity: analytics.Activity, RevisionID: "r2", Revision: 2,
		Purposes:  []policy.Purpose{{Code: "improve_service"}},
		Duties:    map[policy.Duty][]policy.Principal{policy.DutyUse: {{Kind: policy.Within, Ref: "ops"}}},
		Levels:    []policy.Level{{Code: "L0", Basis: "public-task", Elements: common}, {Code: "L1", Basis: "public-task", Elements: with("ip_address", "visitor_day_id")}, {Code: "L2", Basis: "consent", Elements: with("visitor_cookie")}, {Code: "L3", Basis: "consent", Elements: common}},
		Retention: policy.Retention{Years: 10}, Kept: kept}
}

type counter struct {
	*analytics.Service
	t *testing.T
	h *housetest.House
	g *gatest.Server // only where a test asked for it
	// served are the sites that the ministry has now.
	served []string
}

var agencies = map[string]string{site: "rayong", other: "trat", "industry.test": "ops"}

func newCounter(t *testing.T, e *dbtest.Engine) *counter {
	t.Helper()
	return newCounterWith(t, e, nil)
}

// newCounterWith is one with a way to a provider abroad.
func newCounterWith(t *testing.T, e *dbtest.Engine, way *ga.Client) *counter {
	t.Helper()
	c := &counter{t: t, h: housetest.New(t, e, record()), served: []string{"industry.test", site, other}}
	s, err := analytics.New(context.Background(), analytics.Deps{DB: e.DB, Audit: c.h.Audit, Jobs: c.h.Jobs, Processing: c.h.Processing, Mail: c.h.Mail, Seal: c.h.Vault.SealSystem, Record: c.effective,
		Site:  func(host string) (string, bool) { a, ok := agencies[host]; return a, ok },
		Sites: func() []string { return c.served },
		Key:   c.h.Vault.Derive("usage"), Google: way, Open: c.h.Vault.OpenSystem, Reader: c.reader, Now: e.Clock.Now, NoLimits: true})
	housetest.Must(t, err)
	t.Cleanup(func() { s.Close() })
	c.Service = s
	return c
}

// effective is the record as it is now: snapshots never change, but the tests' does.
func (c *counter) effective(string) *policy.Snapshot {
	if c.h.Record == nil {
		return nil
	}
	r := *c.h.Record
	return &r
}

// reader knows the people to whom reports are mailed.
func (c *counter) reader(_ context.Context, account string) (policy.Actor, string, error) {
	for _, a := range []policy.Actor{ict, rayong, foreign} {
		if a.Account == account {
			return a, account + "@industry.test", nil
		}
	}
	return policy.Actor{}, "", errs.New(errs.NotFound, "error.not-found")
}

// visitor is somebody at the other end.
type visitor struct {
	addr, agent string
	signals     analytics.Signals
}

func (c *counter) hit(v visitor, h analytics.Hit) {
	c.t.Helper()
	if h.Site == "" {
		h.Site = site
	}
	if strings.HasPrefix(h.URL, "/") {
		h.URL = "https://" + h.Site + h.URL
	}
	h.Addr, h.Agent, h.Signals, h.Language = v.addr, v.agent, v.signals, "th-TH,th;q=0.9"
	housetest.Must(c.t, c.Collect(context.Background(), h))
}

func (c *counter) rows(query string, args ...any) (n int64) {
	c.t.Helper()
	c.Settle(context.Background())
	housetest.Must(c.t, c.h.Engine.DB.Read(context.Background(), func(tx *db.Tx) error { return tx.QueryRow(query, args, &n) }))
	return n
}

func (c *counter) sum(host string, dim int64, text, column string) int64 {
	c.t.Helper()
	n, err := c.Sum(context.Background(), host, dim, text, column)
	if errs.KindOf(err) != errs.NotFound {
		housetest.Must(c.t, err)
	}
	return n
}

// total is a sum of the site's totals of today.
func (c *counter) total(host, column string) int64 {
	c.t.Helper()
	return c.sum(host, 0, "", column)
}

func (c *counter) wants(host string, want map[string]int64) {
	c.t.Helper()
	for column, n := range want {
		if got := c.total(host, column); got != n {
			c.t.Errorf("%s of %s: %d, not %d", column, host, got, n)
		}
	}
}

func (c *counter) recounts(hosts ...string) {
	c.t.Helper()
	day := consent.Day(c.h.Engine.Clock.Now())
	for _, h := range hosts {
		for d := day - 1; d <= day; d++ {
			diff, err := c.Recount(context.Background(), h, d)
			housetest.Must(c.t, err)
			if len(diff) > 0 {
				c.t.Errorf("%s, day %d: %s", h, d, strings.Join(diff, "\n"))
			}
		}
	}
}

func people(n int) []visitor {
	out := make([]visitor, n)
	for i := range out {
		out[i] = visitor{addr: fmt.Sprintf("203.0.113.%d", i+1), agent: chrome}
	}
	return out
}

func accepted(categories ...string) analytics.Signals {
	return analytics.Signals{Choice: consent.Choice{Version: "0123456789ab", Allowed: categories}, Visitor: consent.NewVisitor()}
}

const minute = time.Minute
