package analytics_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/analytics/ga"
	"prasan/internal/analytics/ga/gatest"
	"prasan/internal/consent"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/egress"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/policy"
)

// abroad is what a record lists that opens the bridge from here.
var abroad = policy.Transfer{Code: "google", Country: "US", Safeguard: "scc", Basis: "consent", Elements: []string{"page_path", "event", "referrer"}}

// withGoogle is a counter whose one site goes to the stand-in, by a way.
func withGoogle(t *testing.T, e *dbtest.Engine, way string) *counter {
	t.Helper()
	server := gatest.New()
	server.Now = e.Clock.Now
	out, err := egress.New(egress.Config{Allow: []string{server.Listener.Addr().String()}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Total: time.Second})
	housetest.Must(t, err)
	c := newCounterWith(t, e, ga.New(out.HTTPClient(), ga.Through(server.URL), e.Clock.Now))
	c.g = server
	t.Cleanup(func() {
		server.Close()
		for _, w := range server.Wrong() {
			t.Error(w)
		}
	})
	c.set(analytics.GoogleSetting{Host: site, Way: way, Measurement: gatest.Measurement, Number: gatest.Number, Secret: gatest.Secret, Account: string(server.Key())})
	return c
}

func (c *counter) set(x analytics.GoogleSetting) {
	c.t.Helper()
	_, err := c.SetGoogle(context.Background(), ict, x)
	housetest.Must(c.t, err)
}

func (c *counter) state(task string) analytics.GoogleState {
	c.t.Helper()
	c.Settle(context.Background())
	states, err := c.GoogleStates(context.Background(), ict, site)
	housetest.Must(c.t, err)
	return states[task]
}

func (c *counter) passOn() {
	c.t.Helper()
	housetest.Must(c.t, c.PassOn(context.Background(), site))
}

func (c *counter) choose(x consent.Abroad) {
	c.t.Helper()
	housetest.Must(c.t, c.h.Engine.DB.InTx(context.Background(), func(tx *db.Tx) error { return c.Abroad(tx, x) }))
}

// consented is a visitor who lets the provider know of him.
func consented() visitor {
	v := people(1)[0]
	v.signals = accepted("analytics", "google")
	return v
}

func TestOnlyTheRecordOpensTheBridge(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c, v := withGoogle(t, e, analytics.WayServer), consented()
		c.hit(v, analytics.Hit{URL: "/th/contact"})
		c.passOn()
		if c.g.Requests("") != 0 || c.rows(`SELECT COUNT(*) FROM usage_bridge`) != 0 || c.GoogleWhy(site) != analytics.WhyRecord {
			t.Fatal("passed on although the record lists nobody abroad")
		}
		noBasis := abroad
		noBasis.Basis = ""
		c.h.Record.Transfers = []policy.Transfer{noBasis}
		c.hit(v, analytics.Hit{URL: "/th/contact"})
		c.passOn()
		if c.g.Requests("") != 0 || c.rows(`SELECT COUNT(*) FROM usage_bridge`) != 0 {
			t.Fatal("passed on although the record gives no basis")
		}
		c.h.Record.Transfers = []policy.Transfer{abroad}
		c.hit(v, analytics.Hit{URL: "/th/contact?q=x", Referrer: "https://www.google.com/search?q=secret"})
		c.hit(people(1)[0], analytics.Hit{URL: "/th/contact"}) // without consent
		own := people(1)[0]
		own.signals = accepted("analytics") // to the site's own cookie only
		c.hit(own, analytics.Hit{URL: "/th/contact"})
		elsewhere := v
		c.hit(elsewhere, analytics.Hit{Site: other, URL: "/th/"}) // a site that has no property
		c.passOn()
		if got := c.g.Batches(); len(got) != 1 || len(got[0].Names) != 1 {
			t.Fatalf("%+v", got)
		}
		text := fmt.Sprintf("%+v", c.g.Batches())
		for _, secret := range []string{v.addr, "Android", v.signals.Visitor, "secret", "language"} { // the record lists no language for it
			if strings.Contains(text, secret) {
				t.Errorf("%q goes abroad: %s", secret, text)
			}
		}
		if n := c.rows(`SELECT COUNT(*) FROM processing_log WHERE act = 'send' AND detail = 'google: 1'`); n != 1 {
			t.Errorf("%d lines of disclosure", n)
		}
		c.hit(v, analytics.Hit{URL: "/th/"})
		c.Settle(context.Background())
		c.h.Record.Transfers = nil
		c.passOn()
		if c.g.Events() != 1 || c.rows(`SELECT COUNT(*) FROM usage_bridge`) != 0 || c.state(analytics.TaskSend).Dropped != 1 {
			t.Errorf("after the record closed: %d events, %+v", c.g.Events(), c.state(analytics.TaskSend))
		}
	})
}

func TestEventsTravelInBatchesOfOneVisitor(t *testing.T) {
	c := withGoogle(t, dbtest.SQLite(t), analytics.WayServer)
	c.h.Record.Transfers = []policy.Transfer{abroad}
	a, b := consented(), consented()
	for i := range 60 {
		v := a
		if i%3 == 0 {
			v = b
		}
		c.hit(v, analytics.Hit{URL: fmt.Sprintf("/th/p%d", i)})
	}
	c.passOn()
	if c.g.Events() != 60 || len(c.g.Batches()) != 3 { // 40 = 25 + 15, and 20
		t.Errorf("%d events in %d batches", c.g.Events(), len(c.g.Batches()))
	}
	if n := c.rows(`SELECT COUNT(*) FROM jobs WHERE kind = 'usage.google-send' AND unique_key IS NOT NULL AND state = 'waiting'`); n != 1 {
		t.Errorf("%d jobs wait for the events of one site", n)
	}
	if x := c.state(analytics.TaskSend); x.Done != 60 || x.Waiting != 0 || x.Trouble != "" {
		t.Errorf("%+v", x)
	}
}

func TestNothingIsLostWhileGoogleFails(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c := withGoogle(t, e, analytics.WayServer)
		c.h.Record.Transfers = []policy.Transfer{abroad}
		v := consented()
		c.hit(v, analytics.Hit{URL: "/th/"})
		pause := time.Duration(0)
		for i, f := range []gatest.Fault{{Status: 500}, {Status: 401}, {Status: 403}, {Drop: true}, {Delay: 3 * time.Second}, {Status: 429, After: "7200"}} {
			c.g.Fail(gatest.Collect, f)
			c.passOn()
			x := c.state(analytics.TaskSend)
			if x.Attempts != int64(i+1) || x.Trouble == "" || x.Waiting != 1 || c.g.Events() != 0 {
				t.Fatalf("%+v: %+v", f, x)
			}
			before := c.g.Requests(gatest.Collect)
			c.passOn()
			if c.g.Requests(gatest.Collect) != before {
				t.Fatal("tried again without a pause")
			}
			if next := x.NextAt.Sub(e.Clock.Now()); next < pause {
				t.Errorf("%+v: the pause shrinks from %s to %s", f, pause, next)
			} else {
				pause = next
			}
			e.Clock.Set(x.NextAt.Add(time.Second))
		}
		if pause < 2*time.Hour {
			t.Errorf("the provider asks for two hours and gets %s", pause)
		}
		c.passOn()
		if x := c.state(analytics.TaskSend); c.g.Events() != 1 || x.Attempts != 0 || x.Trouble != "" || x.Done != 1 {
			t.Errorf("it does not recover: %+v", x)
		}
		if n := c.rows(`SELECT COUNT(*) FROM processing_log WHERE act = 'send'`); n != 1 {
			t.Errorf("%d lines for one event, however often it was tried", n)
		}
	})
}

func TestWhatIsTooLateIsDroppedAndSaidSo(t *testing.T) {
	e := dbtest.SQLite(t)
	c := withGoogle(t, e, analytics.WayServer)
	c.h.Record.Transfers = []policy.Transfer{abroad}
	v := consented()
	c.hit(v, analytics.Hit{URL: "/th/old"})
	e.Clock.Advance(ga.MaxLate - time.Hour)
	c.hit(v, analytics.Hit{URL: "/th/new"})
	e.Clock.Advance(2 * time.Hour)
	c.passOn()
	if x := c.state(analytics.TaskSend); c.g.Events() != 1 || x.Dropped != 1 || x.Waiting != 0 {
		t.Errorf("%d sent, %+v", c.g.Events(), x)
	}
	if c.rows(`SELECT COUNT(*) FROM audit WHERE action = 'google.drop'`) != 1 {
		t.Error("dropped in silence")
	}
}

func TestARestoredInstallationTellsNobodyAnything(t *testing.T) {
	c := withGoogle(t, dbtest.SQLite(t), analytics.WayServer)
	c.h.Record.Transfers = []policy.Transfer{abroad}
	pause := func(on bool) {
		t.Helper()
		housetest.Must(t, c.h.Mail.SetPaused(context.Background(), "admin", on))
	}
	pause(true)
	c.hit(consented(), analytics.Hit{URL: "/th/"})
	c.passOn()
	if c.g.Requests("") != 0 || c.state(analytics.TaskSend).Waiting != 1 {
		t.Error("it tells Google what its original has told")
	}
	pause(false)
	housetest.Must(t, c.GoogleDaily(context.Background()))
	if c.g.Events() != 1 {
		t.Error("what waited is not sent when the post goes again")
	}
}

func TestAWithdrawalStopsWhatWaitsAndIsPassedOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c, v := context.Background(), withGoogle(t, e, analytics.WayServer), consented()
		c.h.Record.Transfers = []policy.Transfer{abroad}
		c.choose(consent.Abroad{Site: site, Visitor: v.signals.Visitor, Receipt: "r1", Allowed: true})
		c.hit(v, analytics.Hit{URL: "/th/"})
		c.passOn()
		c.hit(v, analytics.Hit{URL: "/th/contact"})
		c.choose(consent.Abroad{Site: site, Visitor: v.signals.Visitor})
		c.passOn()
		if c.g.Events() != 1 || c.rows(`SELECT COUNT(*) FROM google_erasures`) != 0 {
			t.Errorf("%d events; a deletion that nobody asked for?", c.g.Events())
		}
		c.choose(consent.Abroad{Site: site, Visitor: v.signals.Visitor, Erase: true, Clients: []string{"11.22"}})
		c.g.Fail(gatest.Token, gatest.Fault{Status: 500})
		housetest.Must(t, c.PassErasures(ctx, site))
		if x := c.state(analytics.TaskErase); x.Waiting != 2 || x.Trouble != ga.Failing {
			t.Fatalf("%+v", x)
		}
		e.Clock.Advance(time.Hour)
		c.h.Record.Transfers = nil // what it has, it has: it is asked all the same
		housetest.Must(t, c.PassErasures(ctx, site))
		erased := strings.Join(c.g.Erased(), " ")
		if len(c.g.Erased()) != 2 || !strings.Contains(erased, c.g.Batches()[0].Client) || !strings.Contains(erased, "11.22") {
			t.Errorf("erased %q, not the one of %+v", erased, c.g.Batches())
		}
		if c.rows(`SELECT COUNT(*) FROM google_erasures WHERE client <> ''`) != 0 || c.rows(`SELECT COUNT(*) FROM google_clients`) != 0 {
			t.Error("whom it was about is kept")
		}
		if c.rows(`SELECT COUNT(*) FROM processing_log WHERE act = 'erase' AND detail = 'google'`) != 2 {
			t.Error("deletions without their lines")
		}
		stranger := consent.NewVisitor()
		c.choose(consent.Abroad{Site: site, Visitor: stranger, Erase: true})
		if c.rows(`SELECT COUNT(*) FROM google_erasures WHERE done_at = 0`) != 0 {
			t.Error("the provider is told of somebody whom it never knew")
		}
	})
}

func TestARequestOfAPersonIsPassedOnByHisReceipt(t *testing.T) {
	ctx, c, v := context.Background(), withGoogle(t, dbtest.SQLite(t), analytics.WayServer), consented()
	c.choose(consent.Abroad{Site: site, Visitor: v.signals.Visitor, Receipt: "r1", Allowed: true})
	for _, x := range []struct{ receipt, reason string }{{"r2", "R-1"}, {"r1", ""}} {
		if _, err := c.AskErasure(ctx, ict, x.receipt, x.reason); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%+v: %v", x, err)
		}
	}
	if _, err := c.AskErasure(ctx, rayong, "r1", "R-1"); err == nil {
		t.Error("a province asks the provider")
	}
	_, err := c.AskErasure(ctx, ict, "r1", "R-1")
	housetest.Must(t, err)
	housetest.Must(t, c.PassErasures(ctx, site))
	list, err := c.Erasures(ctx, ict)
	if err != nil || len(list) != 1 || list[0].PassedAt.IsZero() || len(c.g.Erased()) != 1 {
		t.Errorf("%+v %v", list, err)
	}
}

func TestWhatWaitsOfWhoAsksToBeErasedDoesNotGoAnyMore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c, v := withGoogle(t, e, analytics.WayServer), consented()
		c.h.Record.Transfers = []policy.Transfer{abroad}
		c.choose(consent.Abroad{Site: site, Visitor: v.signals.Visitor, Receipt: "r1", Allowed: true})
		c.hit(v, analytics.Hit{URL: "/th/"})
		asked := 0
		housetest.Must(t, e.DB.InTx(context.Background(), func(tx *db.Tx) (err error) {
			asked, err = c.ForgetAbroad(tx, "r1", "dpo", "R-1")
			return err
		}))
		c.passOn()
		if asked != 1 || c.g.Events() != 0 || c.rows(`SELECT COUNT(*) FROM google_erasures WHERE done_at = 0`) != 1 {
			t.Errorf("asked for %d; %d events were passed on after it", asked, c.g.Events())
		}
	})
}

func TestGooglesFiguresStandBesideOurs(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), withGoogle(t, e, analytics.WayOff)
		today := analytics.DayOf(e.Clock.Now())
		day := func(back int) time.Time { return time.Unix((today-int64(back))*86400, 0).UTC() }
		c.g.Reports(ga.ByDay, ga.Row{Day: day(1), Views: 10, Users: 4, Sessions: 5}, ga.Row{Day: day(0), Views: 2, Users: 1, Sessions: 1})
		c.g.Reports(ga.ByPage, ga.Row{Day: day(1), Term: "/th/", Views: 7, Users: 3, Sessions: 3}, ga.Row{Day: day(1), Term: "=1+1", Views: 3, Users: 1, Sessions: 1})
		q := analytics.Query{From: today - 29, To: today}
		housetest.Must(t, c.FetchGoogle(ctx, site))
		if _, ok, err := c.GoogleReport(ctx, ict, q); ok || err != nil || c.g.Requests("") != 0 {
			t.Fatalf("Google is called although no record lists it: %v", err)
		}
		c.h.Record.Transfers = []policy.Transfer{abroad}
		c.g.Fail(gatest.Report, gatest.Fault{Half: true})
		housetest.Must(t, c.FetchGoogle(ctx, site))
		if x := c.state(analytics.TaskReport); x.Trouble != ga.Broken {
			t.Errorf("half a report: %+v", x)
		}
		if _, ok, _ := c.GoogleReport(ctx, ict, q); ok {
			t.Error("half a report is shown")
		}
		housetest.Must(t, c.AskGoogle(ctx, ict, site))
		housetest.Must(t, c.FetchGoogle(ctx, site))
		got, ok, err := c.GoogleReport(ctx, ict, q)
		if err != nil || !ok || got.Views != 12 || got.Users != 5 || got.Sessions != 6 || len(got.Days) != 2 || len(got.Pages) != 2 || got.Pages[0].Label != "/th/" || got.Imported {
			t.Errorf("%+v %v", got, err)
		}
		c.g.Reports(ga.ByDay, ga.Row{Day: day(0), Views: 3, Users: 1, Sessions: 1})
		housetest.Must(t, c.AskGoogle(ctx, ict, site))
		housetest.Must(t, c.FetchGoogle(ctx, site))
		if got, _, _ := c.GoogleReport(ctx, ict, q); got.Views != 3 {
			t.Errorf("Google corrected itself, and %d views are shown", got.Views)
		}
		if _, ok, _ := c.GoogleReport(ctx, foreign, q); ok {
			t.Error("a province sees another's")
		}
		if err := c.AskGoogle(ctx, rayong, site); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("a province asks: %v", err)
		}
	})
}

func TestSecretsAreSealedAndSettingsChecked(t *testing.T) {
	ctx, c := context.Background(), withGoogle(t, dbtest.SQLite(t), analytics.WayServer)
	g, err := c.GoogleOf(ict, site)
	if err != nil || !g.HasSecret || g.Email != gatest.Email || g.ChangedBy != ict.Account {
		t.Errorf("%+v %v", g, err)
	}
	if n := c.rows(`SELECT COUNT(*) FROM google_sites WHERE CAST(secret AS TEXT) LIKE '%stand-in%' OR CAST(account AS TEXT) LIKE '%PRIVATE%'`); n != 0 {
		t.Error("a secret lies open in the database")
	}
	c.set(analytics.GoogleSetting{Host: site, Way: analytics.WayGtag, Measurement: gatest.Measurement, Number: gatest.Number}) // the secrets stay
	if g, _ := c.GoogleOf(ict, site); !g.HasSecret || g.Email == "" || g.Way != analytics.WayGtag {
		t.Errorf("%+v", g)
	}
	for name, x := range map[string]analytics.GoogleSetting{
		"way":         {Host: site, Way: "x", Measurement: "G-1234"},
		"measurement": {Host: site, Way: "gtag", Measurement: `G-1"><script>`, Number: "1"},
		"secret":      {Host: other, Way: "server", Measurement: "G-1234"},
		"number":      {Host: site, Way: "off", Number: "../1"},
		"account":     {Host: site, Way: "off", Number: "1", Account: "{}"},
	} {
		if _, err := c.SetGoogle(ctx, ict, x); errs.KindOf(err) != errs.Invalid || errs.As(err).Fields[0].Name != name {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := c.SetGoogle(ctx, rayong, analytics.GoogleSetting{Host: site, Way: "off"}); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("a province: %v", err)
	}
	if _, err := c.SetGoogle(ctx, ict, analytics.GoogleSetting{Host: "evil.example", Way: "off"}); errs.KindOf(err) != errs.NotFound {
		t.Errorf("a strange host: %v", err)
	}
}

func TestTheScriptIsForThoseWhoConsentedWhereTheRecordListsWhatABrowserTells(t *testing.T) {
	c := withGoogle(t, dbtest.SQLite(t), analytics.WayGtag)
	v := consented()
	if _, ok := c.GoogleTag(site, "/th/", v.signals); ok {
		t.Error("the script without a record")
	}
	c.h.Record.Transfers = []policy.Transfer{abroad}
	if _, ok := c.GoogleTag(site, "/th/", v.signals); ok || c.GoogleWhy(site) != analytics.WhyElements {
		t.Error("the script although the record lists no address")
	}
	full := abroad
	full.Elements = []string{"page_path", "ip_address", "browser"}
	c.h.Record.Transfers = []policy.Transfer{full}
	c.h.Record.Levels[3].Elements = full.Elements
	tag, ok := c.GoogleTag(site, "/th/", v.signals)
	if !ok || tag.Measurement != gatest.Measurement || !strings.HasPrefix(tag.Script, c.g.URL) || len(tag.Sources) != 1 || strings.Contains(tag.Client, v.signals.Visitor) {
		t.Errorf("%+v", tag)
	}
	optOut := v.signals
	optOut.OptOut = true
	for name, s := range map[string]analytics.Signals{"nobody": {}, "own cookie": accepted("analytics"), "opt-out": optOut, "without a cookie": {Choice: v.signals.Choice}} {
		if _, ok := c.GoogleTag(site, "/th/", s); ok {
			t.Errorf("the script for %s", name)
		}
	}
	c.Gate = func(context.Context) error { return errs.New(errs.Unavailable, "error.gate-closed") }
	if _, ok := c.GoogleTag(site, "/th/", v.signals); ok {
		t.Error("the script although a breach has closed the way")
	}
	c.Gate = nil
	if _, ok := c.GoogleTag(other, "/th/", v.signals); ok {
		t.Error("the script on another site")
	}
	for range 3 {
		c.hit(v, analytics.Hit{URL: "/th/"})
	}
	c.passOn()
	if c.g.Requests("") != 0 {
		t.Error("it goes from here, too")
	}
	if n := c.rows(`SELECT COUNT(*) FROM processing_log WHERE act = 'send' AND detail = 'google: gtag'`); n != 1 {
		t.Errorf("%d lines of disclosure a day", n)
	}
}
