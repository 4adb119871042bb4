package register_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"prasan/internal/db/dbtest"
	"prasan/internal/i18n"
	"prasan/internal/policy"
	"prasan/internal/register"
	"prasan/internal/ropa"
)

// closedOn are the days on which the cases of a small ministry were closed.
var closedOn = []string{"2014-03-01", "2017-11-23", "2020-02-29", "2021-11-24", "2024-06-01"}

func world() register.World {
	return register.World{Now: dbtest.Start, Known: true, Sites: 78, Actors: []policy.Actor{head, dpo, director, officer, delegate}, Begun: func(t time.Time) (n int, err error) {
		for _, day := range closedOn {
			at, err := time.Parse(time.DateOnly, day)
			if err != nil {
				return 0, err
			}
			if t.IsZero() || !at.After(t) {
				n++
			}
		}
		return n, nil
	}}
}

func plan(t *testing.T, code string, w register.World, change func(*ropa.Revision)) register.Plan {
	t.Helper()
	next := ropa.Seed(code, 2)
	change(next)
	p, err := register.Compare(ropa.Seed(code, 2), next, w)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func english(list []register.Effect) (out []string) {
	for _, e := range list {
		out = append(out, e.In("en"))
	}
	return out
}

func TestAPlanSaysTheEffect(t *testing.T) {
	republished := "sites on which the notice must be republished: 78"
	for name, c := range map[string]struct {
		code   string
		change func(*ropa.Revision)
		want   []string
	}{
		"nothing": {"contact-us", func(*ropa.Revision) {}, nil},
		"a shorter period": {"contact-us", fewerYears, []string{
			"closed cases whose due date moves, from 10 years to 5 years: 5", "cases that become due for destruction at once: 3", republished,
			"kept for less than the regulation cited demands as a rule: ระเบียบสำนักนายกรัฐมนตรีว่าด้วยงานสารบรรณ พ.ศ. 2526 และที่แก้ไขเพิ่มเติม (ฉบับที่ 2) พ.ศ. 2548 P10Y"}},
		"a longer period": {"contact-us", func(r *ropa.Revision) { r.Retention[0].Period = "P20Y" }, []string{
			"closed cases whose due date moves, from 10 years to 20 years: 5", "cases that were due and are due no longer: 1", republished}},
		"a field less": {"contact-us", func(r *ropa.Revision) {
			r.Elements = append(r.Elements[:3:3], r.Elements[4:]...)
			isEmail := func(s string) bool { return s == "email" }
			for i := range r.Purposes {
				r.Purposes[i].Elements = slices.DeleteFunc(r.Purposes[i].Elements, isEmail)
			}
			r.Recipients.Domestic[0].Elements = slices.DeleteFunc(r.Recipients.Domestic[0].Elements, isEmail)
		}, []string{
			"fields that form and API no longer collect: 1 (email); stored cases keep their revision",
			"elements that the purpose verify_identity no longer opens: 1 (email)", "elements that the purpose receive_and_forward no longer opens: 1 (email)", "elements that the purpose communicate no longer opens: 1 (email)",
			"elements that may no longer go to moi-departments: 1 (email)", republished}},
		"a channel less": {"contact-us", func(r *ropa.Revision) { r.Recipients.Domestic[0].Via = []string{"e-saraban", "file", "paper"} }, []string{
			"routes of disclosure that will be refused: 6 (diprom email, diw email, dpim email, ocsb email, oie email, tisi email)"}},
		"no recipient": {"contact-us", func(r *ropa.Revision) { r.Recipients.Domestic = nil }, []string{
			"routes of disclosure that will be refused: 24 (", republished}},
		"people": {"contact-us", func(r *ropa.Revision) { r.Access = r.Access[:1]; r.Duties.Disclose = r.Duties.Disclose[:1] }, []string{
			"people who lose access: 1 (dpo)", "people who lose the duty disclose: 1 (dpo)"}},
		"a purpose more": {"contact-us", func(r *ropa.Revision) {
			r.Purposes = append(r.Purposes, ropa.Purpose{Code: "research", Text: ropa.Text{TH: "วิจัย", EN: "research"}, Basis: "archive-research"})
		}, []string{"further purposes for which data may be read: 1 (research)", republished}},
		"Google abroad": {"usage-analytics", func(r *ropa.Revision) {
			r.Recipients.Transfers = []ropa.Offshore{{Recipient: "google", Country: "US", Safeguard: "consent", Basis: "consent", Elements: []string{"page_path"}}}
		}, []string{"recipients abroad to whom data may go: 1 (google)", republished}},
		"a level less": {"usage-analytics", func(r *ropa.Revision) { r.Collection = r.Collection[:3] }, []string{"levels of usage collection that close: 1 (L3 consent)", republished}},
		"cycles and publication": {"contact-us", func(r *ropa.Revision) {
			r.Review.Cycle, r.Monitoring.Cycle, r.Class.Public, r.Destruction.Round = "P6M", "P2M", ropa.Yes, "fiscal-year-end"
			r.Transfer.PreChecks = r.Transfer.PreChecks[:1]
		}, []string{"the round of destruction becomes fiscal-year-end", "the review is due at another time", "expiry is monitored at another interval", "checks asked before data is handed over: 3", "the data may be published"}},
	} {
		p := plan(t, c.code, world(), c.change)
		got := english(p.Effects)
		same := slices.EqualFunc(got, c.want, func(a, b string) bool { return a == b || strings.HasPrefix(a, b) })
		if !same || len(p.Holds) > 0 {
			t.Errorf("%s:\n%s\nnot\n%s\nheld: %v", name, strings.Join(got, "\n"), strings.Join(c.want, "\n"), english(p.Holds))
		}
		if (len(p.Changes) == 0) != (name == "nothing") {
			t.Errorf("%s: %d changes", name, len(p.Changes))
		}
	}
}

func TestAPlanOfFilesAloneCountsNothing(t *testing.T) {
	p := plan(t, "contact-us", register.World{}, func(r *ropa.Revision) { fewerYears(r); r.Access = r.Access[:1] })
	want := []string{"who may read the data changes", "closed cases whose due date moves, from 10 years to 5 years: ?", "sites on which the notice must be republished: ?", p.Effects[len(p.Effects)-1].In("en")}
	if got := english(p.Effects); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

func TestAPlanSaysWhyARevisionWouldBeRefused(t *testing.T) {
	for key, change := range map[string]func(*ropa.Revision){
		"error.record-incomplete":        func(r *ropa.Revision) { r.Elements = nil },
		"error.record-no-holder":         func(r *ropa.Revision) { r.Duties.Grant = nil },
		"error.record-no-reader":         func(r *ropa.Revision) { r.Access = nil },
		"error.record-below-minimum":     func(r *ropa.Revision) { r.Retention[1].Period = "P89D" },
		"error.record-too-few-approvers": func(r *ropa.Revision) { r.Duties.Review = []ropa.Principal{{Role: "dpo"}} },
	} {
		p := plan(t, "contact-us", world(), change)
		if len(p.Holds) == 0 || p.Holds[0].Key != key {
			t.Errorf("%s: %+v", key, p.Holds)
		}
	}
}

func TestTheFirstRevisionIsPlannedToo(t *testing.T) {
	p, err := register.Compare(&ropa.Revision{}, ropa.Seed("contact-us", 2), world())
	if err != nil || p.From != 0 || p.To != 1 || len(p.Effects) == 0 || len(p.Holds) > 0 {
		t.Fatalf("%v %+v", err, p)
	}
}

func TestAPlanIsMadeOfWhatTheProgramHolds(t *testing.T) {
	e := dbtest.SQLite(t)
	s := begun(t, e)
	s.Observe = func(_ context.Context, activity string) (register.World, error) {
		if activity != "contact-us" {
			t.Errorf("asked about %s", activity)
		}
		return world(), nil
	}
	p, err := s.Plan(context.Background(), edited(t, "contact-us", fewerYears))
	if err != nil || p.From != 2 || p.To != 3 || len(p.Effects) != 4 {
		t.Fatalf("%v %+v", err, p)
	}
	if got := statuses(t, s); got != "2 effective, 1 superseded" {
		t.Errorf("planning changed something: %s", got)
	}
}

// Whatever a period is, the cutoff agrees with the due date that policy gives.
func TestWhatBecomesDueIsWhatPolicySays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		years, months, days := rapid.IntRange(0, 12).Draw(t, "y"), rapid.IntRange(0, 14).Draw(t, "m"), rapid.IntRange(0, 400).Draw(t, "d")
		r := policy.Retention{Years: years, Months: months, Days: days}
		now := dbtest.Start.AddDate(0, 0, rapid.IntRange(0, 800).Draw(t, "now"))
		at := now.AddDate(-years, -months, -days).Add(time.Duration(rapid.IntRange(-150, 150).Draw(t, "hours")) * time.Hour)
		if years+months+days == 0 {
			return
		}
		due := !r.DueAt(at).After(now)
		if got := !at.After(register.Cutoff(r, now)); got != due {
			// Days that a month lacks fall due together, on its last day: the hour may
			// differ there, the day may not.
			day := func(at time.Time) string { return r.DueAt(at).Add(7 * time.Hour).Format(time.DateOnly) }
			if day(at) == day(register.Cutoff(r, now)) {
				return
			}
			t.Fatalf("%+v begun %s: due %v, counted %v (cutoff %s)", r, at, due, got, register.Cutoff(r, now))
		}
	})
}

func TestEveryEffectHasItsWords(t *testing.T) {
	for _, key := range i18n.Keys() {
		if strings.HasPrefix(key, "plan.") && (i18n.Entry(key).TH == "" || i18n.Entry(key).EN == "") {
			t.Errorf("%s lacks words", key)
		}
	}
	for _, kind := range register.EffectKinds {
		if !i18n.Has("plan." + kind) {
			t.Errorf("no words for %s", kind)
		}
	}
}
