package ropa_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"prasan/internal/ropa"
)

func TestADifferenceIsSaidFieldByField(t *testing.T) {
	a, b := ropa.Seed("contact-us", 2), ropa.Seed("contact-us", 2)
	b.Elements = append(b.Elements[:3:3], b.Elements[4:]...) // without email
	b.Retention[0].Period = "P5Y"
	b.Duties.Terminate = append(b.Duties.Terminate, ropa.Principal{Role: "dpo"})
	b.Form["volume"] = ropa.Row{State: ropa.Given, Text: "400 รายการ"}
	b.Flow.Steps[7].Disclose.Text = "ส่งทางไปรษณีย์"
	b.Recipients.Domestic[0].Via = []string{"e-saraban", "paper"}
	b.Class.Public = ropa.Yes
	b.Number = 3
	got := map[string]string{}
	for _, c := range ropa.Diff(a, b) {
		if c.Title.TH == "" || c.Title.EN == "" {
			t.Errorf("no title: %+v", c)
		}
		got[c.Field] = fmt.Sprintf("%s %s: %s | %s", c.Kind, c.Title.EN, firstWords(c.Before), firstWords(c.After))
	}
	want := map[string]string{
		"elements[email]":                                 "removed Personal data: email; อีเมล; form; internal; sender; | ",
		"retention[*].period":                             "changed Retention: P10Y | P5Y",
		"duties.terminate[dpo]":                           "added Approves destruction:  | dpo",
		"form.volume.text":                                "changed Volume: 366 รายการ | 400 รายการ",
		"flow.steps[8].disclose.text":                     "changed Data flow: หน่วยงานภายใต้สังกัด สปอ. เปิดเผยข้อมูลส่วนบุคคล ประกอบด้วย ชื่อ | ส่งทางไปรษณีย์",
		"recipients.domestic[moi-departments].via[email]": "removed Domestic recipients: email | ",
		"recipients.domestic[moi-departments].via[file]":  "removed Domestic recipients: file | ",
		"class.public":                                    "changed Public data: no | yes",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

func firstWords(s string) string {
	words := strings.Fields(s)
	return strings.Join(words[:min(5, len(words))], " ")
}

func TestOnlyADifferenceIsADifference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a ropa.Revision
		fill(t, reflect.ValueOf(&a).Elem(), "a")
		if d := ropa.Diff(&a, &a); len(d) != 0 {
			t.Fatalf("a record differs from itself: %+v", d)
		}
		b := a
		b.PreparedBy += "x"
		if d := ropa.Diff(&a, &b); len(d) != 1 || d[0].Row != "revision.prepared_by" {
			t.Fatalf("%+v", d)
		}
	})
}
