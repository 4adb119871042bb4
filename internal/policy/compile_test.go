package policy_test

import (
	"testing"

	"prasan/internal/policy"
	"prasan/internal/ropa"
)

// seed compiles a record that the program is made from.
func seed(t *testing.T, code string, n int) *policy.Snapshot {
	t.Helper()
	s, err := policy.Compile(ropa.Seed(code, n))
	if err != nil {
		t.Fatalf("%s revision %d: %v", code, n, err)
	}
	return s
}

func TestTheSeedsCompile(t *testing.T) {
	for _, code := range ropa.SeedCodes {
		for n := 1; n <= 2; n++ {
			s := seed(t, code, n)
			if s.Activity != code || s.Revision != n || s.Retention.Years != 10 {
				t.Errorf("%+v", s)
			}
			for _, lang := range []string{"th", "en"} {
				text, err := policy.GenerateNotice(s, policy.Contact{Agency: policy.Text{TH: "หน่วยงาน", EN: "Agency"}, Email: "x@example.com"}, lang)
				if err != nil || text.Text() == "" {
					t.Errorf("%s %d %s: %v", code, n, lang, err)
				}
			}
		}
	}
}

func TestTakingAFieldOutOfTheRecordTakesItOutOfTheForm(t *testing.T) {
	r := ropa.Seed("contact-us", 2)
	var kept []ropa.Element
	for _, e := range r.Elements {
		if e.Code != "email" {
			kept = append(kept, e)
		}
	}
	r.Elements = kept
	if _, err := policy.Compile(r); err == nil {
		t.Fatal("purposes and recipients still name what is not declared")
	}
	without(r, "email")
	s, err := policy.Compile(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range s.FormElements() {
		if e.Code == "email" {
			t.Error("the form still asks for it")
		}
	}
}

// without takes an element out of everything that names it.
func without(r *ropa.Revision, code string) {
	drop := func(list []string) []string {
		var out []string
		for _, x := range list {
			if x != code {
				out = append(out, x)
			}
		}
		return out
	}
	for i := range r.Purposes {
		r.Purposes[i].Elements = drop(r.Purposes[i].Elements)
	}
	for i := range r.Recipients.Domestic {
		r.Recipients.Domestic[i].Elements = drop(r.Recipients.Domestic[i].Elements)
	}
}

func TestWhoMayReadComesFromTheRecord(t *testing.T) {
	s := seed(t, "contact-us", 2)
	for name, row := range map[string]struct {
		actor policy.Actor
		want  string // the ground; "" for a refusal
	}{
		"nobody":                      {policy.Actor{}, ""},
		"an officer without order":    {policy.Actor{Account: "a", Agency: "rayong", Roles: []string{"officer"}}, ""},
		"an officer by order":         {policy.Actor{Account: "a", Agency: "rayong", Orders: []policy.Order{{Number: "12/2569", Activity: "contact-us", Agency: "rayong"}}}, "order:12/2569"},
		"an order for something else": {policy.Actor{Account: "a", Agency: "rayong", Orders: []policy.Order{{Number: "1", Activity: "usage-analytics", Agency: "rayong"}}}, ""},
		"an order of another agency":  {policy.Actor{Account: "a", Agency: "rayong", Orders: []policy.Order{{Number: "1", Activity: "contact-us", Agency: "trat"}}}, ""},
		"the head":                    {policy.Actor{Account: "a", Agency: "rayong", IsHead: true}, "head:rayong"},
		"the DPO":                     {policy.Actor{Account: "a", Agency: "ops", Roles: []string{"dpo"}}, "dpo"},
		"an administrator":            {policy.Actor{Account: "a", Agency: "ops", Roles: []string{"admin"}}, ""},
	} {
		d := s.MayRead(row.actor, "communicate")
		if d.Ground != row.want || d.Allowed != (row.want != "") {
			t.Errorf("%s: %+v", name, d)
		}
		if s.MayRead(row.actor, "marketing").Allowed {
			t.Errorf("%s: an undeclared purpose", name)
		}
	}
}

func TestRevisionOneLetsNothingOut(t *testing.T) {
	first, second := seed(t, "contact-us", 1), seed(t, "contact-us", 2)
	for _, agency := range []string{"diw", "diprom", "dpim", "tisi", "ocsb", "oie"} {
		if _, d := first.MayDisclose(agency, ""); d.Allowed {
			t.Errorf("revision 1 declares no recipient, and %s is let in", agency)
		}
		r, d := second.MayDisclose(agency, "e-saraban")
		if !d.Allowed || !r.LetterRequired || len(d.Elements) == 0 {
			t.Errorf("%s: %+v %+v", agency, r, d)
		}
	}
	if _, d := second.MayDisclose("diw", "fax"); d.Allowed {
		t.Error("a channel that is not declared")
	}
	if _, d := second.MayDisclose("local-government", ""); d.Allowed {
		t.Error("a body outside the ministry")
	}
}
