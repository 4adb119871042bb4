package ga_test

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"prasan/internal/analytics/ga"
	"prasan/internal/analytics/ga/gatest"
	"prasan/internal/egress"
)

var (
	moment = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	batch  = ga.Batch{Client: "1234567890.987654321", Events: []ga.Event{{At: moment, Name: "page_view", Params: map[string]any{"page_location": "https://rayong.industry.test/th/contact", "session_id": 7, "engagement_time_msec": 1}}}}
)

type desk struct {
	*ga.Client
	t   *testing.T
	s   *gatest.Server
	now time.Time
}

func newDesk(t *testing.T, total time.Duration) *desk {
	t.Helper()
	d := &desk{t: t, s: gatest.New(), now: moment}
	t.Cleanup(func() {
		d.s.Close()
		for _, w := range d.s.Wrong() {
			t.Error(w)
		}
	})
	d.s.Now = func() time.Time { return d.now }
	way, err := egress.New(egress.Config{Allow: []string{d.s.Listener.Addr().String()}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Total: total})
	if err != nil {
		t.Fatal(err)
	}
	d.Client = ga.New(way.HTTPClient(), ga.Through(d.s.URL), func() time.Time { return d.now })
	return d
}

func (d *desk) report(dimension string) ([]ga.Row, error) {
	return d.Report(context.Background(), d.s.Property(), moment.AddDate(0, 0, -7), moment, dimension)
}

func TestABatchSaysNothingOfWhoSendsIt(t *testing.T) {
	d := newDesk(t, 0)
	if err := d.Send(context.Background(), d.s.Property(), batch); err != nil || d.s.Events() != 1 {
		t.Errorf("%v, %d events", err, d.s.Events())
	}
}

func TestEveryTroubleIsTold(t *testing.T) {
	for name, x := range map[string]struct {
		fault gatest.Fault
		what  string
	}{
		"401": {gatest.Fault{Status: 401}, ga.Refused}, "403": {gatest.Fault{Status: 403}, ga.Refused}, "400": {gatest.Fault{Status: 400}, ga.Rejected},
		"429": {gatest.Fault{Status: 429, After: "120"}, ga.Limited}, "500": {gatest.Fault{Status: 500}, ga.Failing}, "503": {gatest.Fault{Status: 503}, ga.Failing},
		"redirect": {gatest.Fault{Status: 302}, ga.Broken}, "half": {gatest.Fault{Half: true}, ga.Broken}, "dropped": {gatest.Fault{Drop: true}, ga.Unreachable}, "slow": {gatest.Fault{Delay: time.Minute}, ga.Slow},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, 300*time.Millisecond)
			d.s.Fail(gatest.Report, x.fault, x.fault) // a 401 is tried once more
			_, err := d.report(ga.ByDay)
			trouble := ga.TroubleOf(err)
			if err == nil || trouble.What != x.what || strings.Contains(err.Error(), "http") {
				t.Errorf("%v, not %s", err, x.what)
			}
			if x.fault.After != "" && trouble.After != 2*time.Minute {
				t.Errorf("after %s", trouble.After)
			}
			d.s.Recover()
			if _, err := d.report(ga.ByDay); err != nil {
				t.Errorf("it does not recover: %v", err)
			}
			if x.fault.Half {
				return // of events nothing is read
			}
			d.s.Fail(gatest.Collect, x.fault)
			if err := d.Send(context.Background(), d.s.Property(), batch); ga.TroubleOf(err).What != x.what || strings.Contains(err.Error(), "secret") {
				t.Errorf("events: %v, not %s", err, x.what)
			}
		})
	}
}

func TestATokenIsSignedKeptAndRenewed(t *testing.T) {
	d := newDesk(t, 0)
	for range 3 {
		if _, err := d.report(ga.ByDay); err != nil {
			t.Fatal(err)
		}
	}
	if n := d.s.Requests(gatest.Token); n != 1 {
		t.Errorf("%d tokens for three reports", n)
	}
	d.s.Forget()
	if _, err := d.report(ga.ByDay); err != nil || d.s.Requests(gatest.Token) != 2 {
		t.Errorf("a token that was withdrawn is not renewed: %v", err)
	}
	d.now = d.now.Add(59 * time.Minute)
	if _, err := d.report(ga.ByDay); err != nil || d.s.Requests(gatest.Token) != 3 {
		t.Errorf("a token that is about to end is used: %v", err)
	}
	p := d.s.Property()
	p.Key = gatest.StrangeKey()
	if _, err := d.Report(context.Background(), p, moment, moment, ""); ga.TroubleOf(err).What != ga.Refused {
		t.Errorf("another's key: %v", err)
	}
	for _, text := range []string{"", "{}", `{"type":"service_account","client_email":"a@b","private_key":"x"}`, `{"type":"authorized_user"}`} {
		p.Key = []byte(text)
		if _, err := d.Report(context.Background(), p, moment, moment, ""); ga.TroubleOf(err).What != ga.BadKey {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := ga.Account([]byte(text)); err == nil {
			t.Errorf("%q is a key", text)
		}
	}
}

func TestAReportIsReadToItsEnd(t *testing.T) {
	d := newDesk(t, 0)
	var rows []ga.Row
	for i := range 12_345 {
		rows = append(rows, ga.Row{Day: moment.Truncate(24 * time.Hour), Term: "/p" + strings.Repeat("x", i%7) + string(rune('a'+i%26)), Views: int64(i), Users: 1, Sessions: 2})
	}
	d.s.Reports(ga.ByPage, rows...)
	got, err := d.report(ga.ByPage)
	if err != nil || len(got) != len(rows) || got[12_344] != rows[12_344] || d.s.Requests(gatest.Report) != 2 {
		t.Errorf("%d rows in %d requests, %v", len(got), d.s.Requests(gatest.Report), err)
	}
	p := d.s.Property()
	p.Number = "1/../../x"
	if _, err := d.Report(context.Background(), p, moment, moment, ""); err == nil {
		t.Error("a number that is none is put into an address")
	}
}

func TestADeletionIsAskedFor(t *testing.T) {
	d := newDesk(t, 0)
	if err := d.Erase(context.Background(), d.s.Property(), batch.Client); err != nil || len(d.s.Erased()) != 1 {
		t.Errorf("%v %v", err, d.s.Erased())
	}
	d.s.Fail(gatest.Deletion, gatest.Fault{Half: true})
	if err := d.Erase(context.Background(), d.s.Property(), batch.Client); err == nil {
		t.Error("half an answer is one")
	}
	d.s.Fail(gatest.Token, gatest.Fault{Status: http.StatusForbidden})
	p := d.s.Property()
	p.Number = "1"
	if err := d.Erase(context.Background(), ga.Property{Number: "1", Key: gatest.StrangeKey()}, "1.2"); ga.TroubleOf(err).What != ga.Refused {
		t.Errorf("%v", err)
	}
}
