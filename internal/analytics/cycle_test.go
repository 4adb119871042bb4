package analytics_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"prasan/internal/analytics"
	"prasan/internal/consent"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/policy"
)

const day = 24 * time.Hour

var (
	chief = policy.Actor{Account: "chief", Agency: "ops-ict", Above: []string{"ops"}, Roles: []string{"ict"}}
	head  = policy.Actor{Account: "head", Agency: "rayong", Above: []string{"ops"}, Roles: []string{"head"}}
)

// visits makes n visitors of a day.
func (c *counter) visits(n int) {
	c.t.Helper()
	for i := range n {
		c.hit(visitor{addr: fmt.Sprintf("198.51.%d.%d", i/250, i%250), agent: chrome}, analytics.Hit{URL: "/th/"})
	}
}

func (c *counter) goal(metric analytics.Metric, target float64) analytics.Of[analytics.Goal] {
	c.t.Helper()
	from := consent.Day(c.h.Engine.Clock.Now())
	g, err := c.SetGoal(context.Background(), ict, analytics.Goal{Name: "ผู้เข้าชมเพิ่มขึ้น", Metric: metric, Target: target, Hosts: []string{site}, From: from, To: from + 29, Why: "เพื่อปรับปรุงบริการ"})
	housetest.Must(c.t, err)
	return g
}

func TestTheCycleFromGoalToEffect(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		for i := range 14 {
			c.visits(4 + i%2)
			e.Clock.Advance(day)
		}
		g := c.goal("visitors", 300)
		plan, err := c.PlanFor(ctx, ict, g.ID, analytics.Plan{Name: "ย้ายปุ่มติดต่อขึ้นบน", Actions: []analytics.Action{{Text: "แก้หน้าแรก"}, {Text: "ประชาสัมพันธ์"}}})
		housetest.Must(t, err)
		if _, err := c.Effect(ctx, ict, plan.ID); errs.KindOf(err) != errs.Conflict {
			t.Errorf("an effect of nothing: %v", err)
		}
		_, err = c.Act(ctx, ict, plan.ID, 1, analytics.ActionDone)
		housetest.Must(t, err)
		plan, err = c.Act(ctx, ict, plan.ID, 2, analytics.ActionDropped)
		if err != nil || plan.State != "done" || plan.Version != 3 {
			t.Errorf("plan: %+v %v", plan, err)
		}
		for i := range 15 {
			c.visits(9 + i%3)
			e.Clock.Advance(day)
		}
		effect, err := c.Effect(ctx, ict, plan.ID)
		if err != nil || effect.Days != 14 || !effect.Sure || effect.Difference() < 5 || effect.Low < 3 || effect.High > 8 {
			t.Errorf("effect: %+v %v", effect, err)
		}
		p, err := c.Goal(ctx, rayong, g.ID)
		if err != nil || p.Value != 150 || p.Met || p.Elapsed < 53 || p.Elapsed > 54 {
			t.Errorf("progress: value %v met %v elapsed %v %v", p.Value, p.Met, p.Elapsed, err)
		}
		ev, err := c.Evaluate(ctx, ict, g.ID, "ยังไม่ถึงเป้าหมาย")
		housetest.Must(t, err)
		if _, err := c.Sign(ctx, ict, ev.ID); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("the writer signs: %v", err)
		}
		if _, err := c.Sign(ctx, rayong, ev.ID); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("an officer signs: %v", err)
		}
		ev, err = c.Sign(ctx, chief, ev.ID)
		if err != nil || ev.State != "signed" || ev.Body.SignedBy != "chief" || ev.Body.Value != 150 {
			t.Errorf("evaluation: %+v %v", ev, err)
		}
		if _, err := c.Sign(ctx, head, ev.ID); errs.KindOf(err) != errs.Conflict {
			t.Errorf("signed twice: %v", err)
		}
		notes, err := c.Annotations(ctx, rayong, analytics.Query{From: g.Body.From, To: g.Body.To, Hosts: []string{site}})
		if err != nil || len(notes) != 1 || !strings.Contains(notes[0].Text, "แก้หน้าแรก") {
			t.Errorf("the action is no annotation: %+v %v", notes, err)
		}
		if n := c.rows(`SELECT COUNT(*) FROM audit WHERE action LIKE 'usage.%'`); n != 6 {
			t.Errorf("%d audit lines", n)
		}
	})
}

func TestGoalsThatCannotBeAreRefused(t *testing.T) {
	c := newCounter(t, dbtest.SQLite(t))
	today := consent.Day(c.h.Engine.Clock.Now())
	for name, g := range map[string]analytics.Goal{
		"no name": {Metric: "views", Target: 1, From: today, To: today}, "no metric": {Name: "x", Target: 1, From: today, To: today}, "no argument": {Name: "x", Metric: "page", Target: 1, From: today, To: today},
		"argument too many": {Name: "x", Metric: "views:/", Target: 1, From: today, To: today}, "no target": {Name: "x", Metric: "views", From: today, To: today}, "backwards": {Name: "x", Metric: "views", Target: 1, From: today, To: today - 1},
		"unknown site": {Name: "x", Metric: "views", Target: 1, From: today, To: today, Hosts: []string{"evil.example"}}, "filter": {Name: "x", Metric: "bounce-rate", Target: 1, From: today, To: today, Filters: []analytics.Filter{{Dim: "device", Value: "mobile"}}},
	} {
		if _, err := c.SetGoal(context.Background(), ict, g); errs.KindOf(err) != errs.Invalid || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := analytics.Goal{Name: "x", Metric: "views", Target: 1, From: today, To: today, Hosts: []string{other}}
	if _, err := c.SetGoal(context.Background(), head, good); errs.KindOf(err) != errs.Invalid {
		t.Errorf("another province's site: %v", err)
	}
	good.Hosts = nil
	if _, err := c.SetGoal(context.Background(), rayong, good); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("an officer sets a goal: %v", err)
	}
}

func TestAGoalOfAnotherAgencyIsNotThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		g := c.goal("views", 10)
		trat := policy.Actor{Account: "trat", Agency: "trat", Above: []string{"ops"}, Roles: []string{"head"}}
		if _, err := c.Goal(ctx, trat, g.ID); errs.KindOf(err) != errs.NotFound {
			t.Errorf("%v", err)
		}
		if list, err := c.Goals(ctx, trat); err != nil || len(list) != 0 {
			t.Errorf("%v %v", list, err)
		}
		next := g.Body
		next.Target = 20
		changed, err := c.ChangeGoal(ctx, head, g.ID, next)
		if err != nil || changed.Version != 2 {
			t.Errorf("%+v %v", changed, err)
		}
		if v, err := c.Versions(ctx, head, g.ID); err != nil || len(v) != 2 || v[1].By != "ict" {
			t.Errorf("versions: %+v %v", v, err)
		}
		housetest.Must(t, c.CloseGoal(ctx, head, g.ID))
		if _, err := c.ChangeGoal(ctx, head, g.ID, next); errs.KindOf(err) != errs.Conflict {
			t.Errorf("a closed goal is changed: %v", err)
		}
	})
}

func TestCompletionMeasuresAForm(t *testing.T) {
	c := newCounter(t, dbtest.SQLite(t))
	for i, v := range people(4) {
		c.hit(v, analytics.Hit{URL: "/th/contact", Name: "form_start", Props: map[string]any{"form_id": "contact"}})
		if i == 0 {
			c.hit(v, analytics.Hit{URL: "/th/contact", Name: "form_submit", Props: map[string]any{"form_id": "contact"}})
		}
	}
	got, err := c.Measure(context.Background(), ict, "completion:contact", today(c))
	if err != nil || got != 25 {
		t.Errorf("%v %v", got, err)
	}
}

func (c *counter) format(f analytics.Format) analytics.Of[analytics.Format] {
	c.t.Helper()
	out, err := c.SaveFormat(context.Background(), ict, "", f)
	housetest.Must(c.t, err)
	return out
}

func TestReportsAreMailedOnTheirDaysToThoseWhoMay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		c.visits(3)
		f := c.format(analytics.Format{Name: "รายงานรายวัน", Widgets: []string{"pages", "channels"}, Hosts: []string{site}, Span: "day", Compare: "previous"})
		for _, x := range []analytics.Schedule{{Every: "day", Account: "ict"}, {Every: "month", Account: "officer", Lang: "en"}} {
			_, err := c.Schedule(ctx, ict, f.ID, x)
			housetest.Must(t, err)
		}
		if _, err := c.Schedule(ctx, ict, f.ID, analytics.Schedule{Every: "day", Account: "nobody"}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("nobody gets a report: %v", err)
		}
		mails := func() int64 { return c.rows(`SELECT COUNT(*) FROM outbox WHERE kind = 'usage-report'`) }
		housetest.Must(t, c.SendReports(ctx))
		if mails() != 0 {
			t.Error("sent before its day")
		}
		e.Clock.Advance(day)
		housetest.Must(t, c.SendReports(ctx))
		housetest.Must(t, c.SendReports(ctx))
		if n := mails(); n != 1 {
			t.Errorf("%d mails after a day, not 1", n)
		}
		e.Clock.Advance(7 * day)
		housetest.Must(t, c.SendReports(ctx))
		if n := mails(); n != 3 {
			t.Errorf("%d mails after the first of the month, not 3", n)
		}
		made, err := c.Make(ctx, ict, f.ID)
		housetest.Must(t, err)
		if letter := analytics.Letter(made, "th"); !strings.Contains(letter, "รายงานรายวัน") || !strings.Contains(letter, "ผู้เข้าชมรายวัน") {
			t.Errorf("letter: %s", letter)
		}
		ict.Roles = []string{"officer"} // of the ICT centre: sees no province any more
		defer func() { ict.Roles = []string{"ict"} }()
		e.Clock.Advance(day)
		housetest.Must(t, c.SendReports(ctx))
		if n := c.rows(`SELECT COUNT(*) FROM usage_things WHERE kind = 'schedule' AND state = 'off'`); n != 1 || mails() != 3 {
			t.Errorf("who may no longer see it gets it all the same: %d off, %d mails", n, mails())
		}
	})
}

func TestPeriodsAreTheLastWholeOnes(t *testing.T) {
	today, _ := analytics.ParseDay("2026-11-24") // a Tuesday
	for span, want := range map[string][2]string{"day": {"2026-11-23", "2026-11-23"}, "week": {"2026-11-16", "2026-11-22"}, "month": {"2026-10-01", "2026-10-31"}, "quarter": {"2026-07-01", "2026-09-30"}, "year": {"2025-01-01", "2025-12-31"}} {
		if from, to := analytics.Period(span, today); analytics.ISO(from) != want[0] || analytics.ISO(to) != want[1] {
			t.Errorf("%s: %s to %s", span, analytics.ISO(from), analytics.ISO(to))
		}
	}
}

func TestWhatIsUnusualIsSaidOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx, c := context.Background(), newCounter(t, e)
		f := c.format(analytics.Format{Name: "x", Widgets: []string{"pages"}, Span: "day"})
		_, err := c.Schedule(ctx, ict, f.ID, analytics.Schedule{Every: "alert", Account: "officer"})
		housetest.Must(t, err)
		for i := range 6 {
			c.visits(60 + i)
			e.Clock.Advance(7 * day)
		}
		c.visits(300)
		for range 25 {
			c.hit(people(1)[0], analytics.Hit{URL: "/th/old-form", Name: "page_not_found"})
		}
		e.Clock.Advance(day)
		housetest.Must(t, c.Watch(ctx))
		housetest.Must(t, c.Watch(ctx))
		list, err := c.Alerts(ctx, rayong)
		if err != nil || len(list) != 2 {
			t.Fatalf("%+v %v", list, err)
		}
		what := map[string]analytics.Alert{}
		for _, a := range list {
			what[a.Body.What] = a.Body
		}
		if what["spike"].Value != 300 || what["broken"].Page != "/th/old-form" || what["broken"].Value != 25 {
			t.Errorf("%+v", what)
		}
		if n := c.rows(`SELECT COUNT(*) FROM outbox WHERE kind = 'usage-alarm'`); n != 1 {
			t.Errorf("%d mails", n)
		}
		housetest.Must(t, c.CloseAlert(ctx, head, list[0].ID))
		if list, err := c.Alerts(ctx, rayong); err != nil || len(list) != 1 {
			t.Errorf("after closing: %+v %v", list, err)
		}
		e.Clock.Advance(6 * day) // the next such weekday, without a visitor
		e.Clock.Advance(day)
		housetest.Must(t, c.Watch(ctx))
		if list, err := c.Alerts(ctx, rayong); err != nil || len(list) != 2 || list[0].Body.What != "fall" {
			t.Errorf("a site that fell silent: %+v %v", list, err)
		}
	})
}

func TestAnExportIsInertAndSaysWhatItIs(t *testing.T) {
	c := newCounter(t, dbtest.SQLite(t))
	c.hit(people(1)[0], analytics.Hit{URL: `/th/search?q==HYPERLINK("http://evil.example")`})
	c.hit(people(1)[0], analytics.Hit{URL: "/th/search?q=@SUM(1)"})
	q := today(c)
	q.Compare = "previous"
	table, err := c.Report(context.Background(), ict, "searches", q)
	housetest.Must(t, err)
	var out bytes.Buffer
	housetest.Must(t, analytics.CSV(&out, table, "th"))
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(out.String(), "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 3 || rows[0][2] != "ครั้ง" {
		t.Fatalf("%v %v", rows, err)
	}
	for _, r := range rows[1:] {
		if !strings.HasPrefix(r[0], "'") {
			t.Errorf("a formula: %q", r[0])
		}
	}
	over, err := c.Overview(context.Background(), ict, q)
	housetest.Must(t, err)
	out.Reset()
	housetest.Must(t, analytics.XLSX(&out, over, []analytics.Table{table}, "th"))
	book := bytes.Clone(out.Bytes())
	for _, lang := range []string{"th", "en"} {
		out.Reset()
		housetest.Must(t, analytics.PDF(&out, over, []analytics.Table{table}, lang, c.h.Engine.Clock.Now()))
		if !bytes.HasPrefix(out.Bytes(), []byte("%PDF-")) || out.Len() < 4000 {
			t.Errorf("%s: no paper: %d bytes", lang, out.Len())
		}
	}
	f, err := excelize.OpenReader(bytes.NewReader(book))
	housetest.Must(t, err)
	about, err := f.GetCellValue("คำอธิบาย", "A3")
	if err != nil || !strings.Contains(about, "ผลรวมของผู้เข้าชมแต่ละวัน") {
		t.Errorf("%q %v", about, err)
	}
	if cell, err := f.GetCellValue("คำค้นในเว็บไซต์", "A2"); err != nil || !strings.HasPrefix(cell, "'") {
		t.Errorf("%q %v", cell, err)
	}
}
