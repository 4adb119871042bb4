package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"prasan/internal/analytics"
	"prasan/internal/audit"
	"prasan/internal/db/dbtest"
	"prasan/internal/jobs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/ropa"
	"prasan/internal/vault"
	"prasan/internal/web/api"
)

const rayongSite = "rayong.industry.test"

func countUsage(t *testing.T, e *dbtest.Engine, log *audit.Log, guard *processing.Service, v *vault.Vault) *analytics.Service {
	t.Helper()
	revision, err := ropa.Parse(ropa.SeedText(analytics.Activity, 2))
	if err != nil {
		t.Fatal(err)
	}
	record, err := policy.Compile(revision)
	if err != nil {
		t.Fatal(err)
	}
	record.RevisionID = "r2"
	s, err := analytics.New(ctx, analytics.Deps{DB: e.DB, Audit: log, Jobs: jobs.New(e.DB, e.Clock.Now), Processing: guard, Record: func(string) *policy.Snapshot { return record },
		Site: func(host string) (string, bool) {
			return strings.TrimSuffix(host, ".industry.test"), strings.HasSuffix(host, ".industry.test")
		},
		Sites: func() []string { return []string{rayongSite, "trat.industry.test"} }, Key: v.Derive("usage"), Now: e.Clock.Now, NoLimits: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (o *office) visit(site, path string, n int) {
	o.t.Helper()
	for i := range n {
		err := o.usage.Collect(ctx, analytics.Hit{Site: site, URL: "https://" + site + path, Addr: fmt.Sprintf("203.0.113.%d", i), Agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36", Language: "th"})
		if err != nil {
			o.t.Fatal(err)
		}
	}
}

func (r reply) into(t *testing.T, status int, x any) {
	t.Helper()
	if r.status != status {
		t.Fatalf("status %d, not %d: %s", r.status, status, r.body)
	}
	if err := json.Unmarshal([]byte(r.body), x); err != nil {
		t.Fatal(err)
	}
}

func TestReportsOfUsageByTheAPI(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		o.visit(rayongSite, "/th/contact", 3)
		o.visit("trat.industry.test", "/th/", 2)
		var r api.UsageReport
		o.send("ict", "GET", "/analytics/reports", "").into(t, 200, &r)
		if r.Figures.Views != 5 || len(r.Days) != 30 || len(r.Tables) != 2 {
			t.Errorf("all: %+v", r.Figures)
		}
		o.send("officer", "GET", "/analytics/reports?report=pages,browsers&filter=browser:Chrome&compare=previous", "").into(t, 200, &r)
		if r.Figures.Views != 3 || r.Before == nil || r.Tables[0].Lines[0].Label != "/th/contact" {
			t.Errorf("own, filtered: %+v", r)
		}
		var sites struct{ Items []api.UsageSite }
		o.send("ict", "GET", "/analytics/sites", "").into(t, 200, &sites)
		if len(sites.Items) != 2 || sites.Items[0].Site != rayongSite {
			t.Errorf("sites: %+v", sites)
		}
		var now api.UsageNow
		o.send("officer", "GET", "/analytics/realtime", "").into(t, 200, &now)
		if now.Active != 3 {
			t.Errorf("now: %+v", now)
		}
		for path, status := range map[string]int{"?site=trat.industry.test": 404, "?from=24-11-2026": 422, "?filter=ip:1": 422, "?report=nothing": 422, "?compare=x": 422, "?from=2026-11-24&to=2026-11-01": 422, "?limit=0": 422} {
			if r := o.send("officer", "GET", "/analytics/reports"+path, ""); r.status != status {
				t.Errorf("%s: %d, not %d: %s", path, r.status, status, r.body)
			}
		}
		csv := o.send("officer", "GET", "/analytics/reports.csv?report=pages", "")
		if csv.status != 200 || !strings.Contains(csv.body, "/th/contact") || !strings.HasPrefix(csv.header.Get("Content-Type"), "text/csv") {
			t.Errorf("csv: %d %s", csv.status, csv.body)
		}
		book := o.send("officer", "GET", "/analytics/reports.xlsx", "")
		if f, err := excelize.OpenReader(strings.NewReader(book.body)); err != nil || f.SheetCount != 3 {
			t.Errorf("xlsx: %v", err)
		}
	})
}

func TestGoalsOfUsageByTheAPI(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	o.visit(rayongSite, "/th/", 3)
	goal := `{"name":"ผู้เข้าชม","metric":"visitors","sites":["` + rayongSite + `"],"target":2,"from":"2026-11-01","to":"2026-11-30"}`
	if r := o.send("officer", "POST", "/analytics/goals", goal); r.status != 403 {
		t.Errorf("an officer sets a goal: %d", r.status)
	}
	var g api.UsageGoal
	made := o.send("ict", "POST", "/analytics/goals", goal, "Idempotency-Key", "k1")
	made.into(t, 201, &g)
	again := o.send("ict", "POST", "/analytics/goals", goal, "Idempotency-Key", "k1")
	if again.field("id") != g.ID || made.header.Get("Location") == "" {
		t.Error("made twice")
	}
	o.send("officer", "GET", "/analytics/goals/"+g.ID, "").into(t, 200, &g)
	if g.Progress == nil || g.Progress.Value != 3 || !g.Progress.Met || g.To != "2026-11-30" {
		t.Errorf("%+v", g)
	}
	if r := o.send("other", "GET", "/analytics/goals/"+g.ID, ""); r.status != 404 {
		t.Errorf("another office sees it: %d", r.status)
	}
	var ev api.UsageEvaluation
	o.send("ict", "POST", "/analytics/goals/"+g.ID+"/evaluate", `{"findings":"ถึงเป้าหมาย"}`).into(t, 201, &ev)
	if r := o.send("ict", "POST", "/analytics/evaluations/"+ev.ID+"/sign", ""); r.status != 403 {
		t.Errorf("signed by who wrote it: %d %s", r.status, r.body)
	}
	var plan api.UsagePlan
	o.send("ict", "POST", "/analytics/goals/"+g.ID+"/plan", `{"name":"ปรับปรุง","actions":[{"text":"แก้หน้าแรก","due":"2026-12-01"}]}`).into(t, 201, &plan)
	o.send("ict", "POST", "/analytics/plans/"+plan.ID+"/act", `{"no":1,"state":"done"}`).into(t, 200, &plan)
	if plan.State != "done" || plan.Actions[0].DoneOn != "2026-11-24" {
		t.Errorf("%+v", plan)
	}
	var effect api.UsageEffect
	o.send("ict", "GET", "/analytics/plans/"+plan.ID+"/effect", "").into(t, 200, &effect)
	if effect.Days != 0 || effect.Sure {
		t.Errorf("an effect on the same day: %+v", effect)
	}
}
