package api_test

import (
	"encoding/json"
	"strings"
	"testing"

	"prasan/internal/db/dbtest"
	"prasan/internal/ropa"
)

func quoted(t *testing.T, s string) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The whole life of a revision, as the pages of the office have it.
func TestARevisionGoesFromOneFieldToForce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		const draft, third = "/activities/contact-us/draft", "/activities/contact-us/revisions/3"
		o.want(403, "officer", "PATCH", draft, `{"field":"review.cycle","value":"P6M"}`)
		o.want(422, "dpo", "PATCH", draft, `{"field":"review.round","value":"P6M"}`)
		o.want(422, "dpo", "PATCH", draft, `{"field":"review.cycle","value":"often"}`)
		o.want(404, "dpo", "PATCH", "/activities/none/draft", `{"field":"review.cycle","value":"P6M"}`)
		first := o.want(200, "dpo", "PATCH", draft, `{"field":"review.cycle","value":"P6M","sha256":"`+o.want(200, "dpo", "GET", "/activities/contact-us", "").field("sha256")+`"}`)
		o.wantShape("Revision", first)
		if first.field("n") != "3" || first.field("status") != "draft" {
			t.Fatalf("%s", first.body)
		}
		r := o.want(200, "dpo", "PATCH", draft, `{"field":"elements.email.required","value":true,"sha256":"`+first.field("sha256")+`"}`)
		o.want(409, "dpo", "PATCH", draft, `{"field":"elements.email.required","value":false,"sha256":"`+first.field("sha256")+`"}`)
		changes := o.want(200, "officer", "GET", third+"/changes?from=2", "")
		o.wantShape("PageRecordChange", changes)
		if !strings.Contains(changes.body, "review.cycle") || !strings.Contains(changes.body, "elements[email].required") || strings.Count(changes.body, `"kind"`) != 2 {
			t.Errorf("%s", changes.body)
		}
		o.wantShape("PageRecordFinding", o.want(200, "officer", "GET", "/activities/contact-us/revisions/1/findings", ""))
		o.want(403, "officer", "POST", third+"/submit", "")
		o.want(200, "dpo", "POST", third+"/submit", "")
		o.want(409, "dpo", "PATCH", draft, `{"field":"review.cycle","value":"P3M"}`)
		o.want(409, "dpo", "POST", third+"/approve", `{"sha256":"x"}`)
		o.want(422, "dpo", "POST", third+"/return", `{"reason":""}`)
		o.want(200, "dpo", "POST", third+"/approve", `{"sha256":"`+r.field("sha256")+`"}`)
		o.want(403, "dpo", "POST", third+"/approve", `{"sha256":"`+r.field("sha256")+`"}`)
		o.want(200, "dpo", "POST", third+"/return", `{"reason":"แก้ไข"}`)
		o.want(204, "dpo", "POST", third+"/withdraw", "")
		o.want(404, "dpo", "POST", third+"/submit", "")
	})
}

func TestATextIsPlannedStoredAndGivenOutAgain(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	rev := ropa.Seed("contact-us", 2)
	rev.Retention[0].Period = "P5Y"
	text, err := ropa.Marshal(rev)
	if err != nil {
		t.Fatal(err)
	}
	body := `{"text":` + quoted(t, string(text)) + `}`
	p := o.want(200, "dpo", "POST", "/activities/contact-us/plan", body)
	o.wantShape("RecordPlan", p)
	if !strings.Contains(p.body, "retention-changed") {
		t.Errorf("%s", p.body)
	}
	o.want(404, "dpo", "GET", "/activities/contact-us/revisions/3", "")
	o.want(422, "dpo", "PUT", "/activities/usage-analytics/draft", body)
	o.want(422, "dpo", "PUT", "/activities/contact-us/draft", `{"text":"a: [b"}`)
	o.want(200, "dpo", "PUT", "/activities/contact-us/draft", body)
	sheet := o.want(200, "dpo", "GET", "/activities/contact-us/revisions/3/export?format=xlsx", "")
	if !strings.HasPrefix(sheet.body, "PK") {
		t.Fatalf("%.40q", sheet.body)
	}
	o.want(422, "dpo", "GET", "/activities/contact-us/revisions/3/export?format=exe", "")
	read := o.want(200, "dpo", "POST", "/record/read?name=a.xlsx", sheet.body)
	o.wantShape("ReadForm", read)
	if !strings.Contains(read.body, "period: P5Y") {
		t.Errorf("%.300s", read.body)
	}
	o.want(422, "dpo", "POST", "/record/read", "PK\x03\x04x")
}
