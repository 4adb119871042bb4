package policy_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"prasan/internal/policy"
	"prasan/internal/ropa"
	"prasan/internal/thai"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func compiled(t testing.TB, code string, n int, change func(*ropa.Revision)) *policy.Snapshot {
	t.Helper()
	rev := ropa.Seed(code, n)
	if change != nil {
		change(rev)
	}
	s, err := policy.Compile(rev)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// golden compares with a file of testdata; -update rewrites it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != string(got) {
		t.Errorf("%s is not what the record compiles to (go test -update, and read the difference):\n%s", path, got)
	}
}

func TestCompiledSeeds(t *testing.T) {
	for _, code := range ropa.SeedCodes {
		for n := 1; n <= 2; n++ {
			text, err := json.MarshalIndent(compiled(t, code, n, nil), "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, fmt.Sprintf("%s.r%d.json", code, n), append(text, '\n'))
		}
	}
}

var contact = policy.Contact{Agency: policy.Text{TH: "สำนักงานอุตสาหกรรมจังหวัดระยอง", EN: "Rayong Provincial Industry Office"}, Address: policy.Text{TH: "ศาลากลางจังหวัดระยอง", EN: "Rayong Provincial Hall"}, Phone: "0 2430 6967", Email: "saraban@rayong.example", DPOEmail: "dpo@ops.example"}

func TestNotices(t *testing.T) {
	for _, code := range ropa.SeedCodes {
		for _, lang := range []string{"th", "en"} {
			n, err := policy.GenerateNotice(compiled(t, code, 2, nil), contact, lang)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, fmt.Sprintf("notice.%s.%s.txt", code, lang), []byte(n.Text()))
		}
	}
}

func TestANoticeThatWouldLackAnItemOfTheLawIsRefused(t *testing.T) {
	for name, change := range map[string]func(*policy.Snapshot){
		"no controller": func(s *policy.Snapshot) { s.Controller = policy.Controller{} },
		"no element":    func(s *policy.Snapshot) { s.Elements = nil },
		"no purpose":    func(s *policy.Snapshot) { s.Purposes = nil },
		"no basis":      func(s *policy.Snapshot) { s.Basis = nil },
		"no period":     func(s *policy.Snapshot) { s.Retention, s.Kept = policy.Retention{}, nil },
		"no right":      func(s *policy.Snapshot) { s.Rights = nil },
	} {
		s := *compiled(t, "contact-us", 2, nil)
		change(&s)
		if _, err := policy.GenerateNotice(&s, contact, "th"); err == nil {
			t.Errorf("%s: a notice was written", name)
		}
	}
	if _, err := policy.GenerateNotice(compiled(t, "contact-us", 2, nil), policy.Contact{}, "th"); err == nil {
		t.Error("no contact: a notice was written")
	}
}

// lacking takes an element out of a record, as an editor would.
func lacking(code string) func(*ropa.Revision) {
	return func(r *ropa.Revision) {
		isIt := func(s string) bool { return s == code }
		r.Elements = slices.DeleteFunc(r.Elements, func(e ropa.Element) bool { return e.Code == code })
		for i := range r.Purposes {
			r.Purposes[i].Elements = slices.DeleteFunc(r.Purposes[i].Elements, isIt)
		}
		for i := range r.Recipients.Domestic {
			r.Recipients.Domestic[i].Elements = slices.DeleteFunc(r.Recipients.Domestic[i].Elements, isIt)
		}
	}
}

func TestAnElementTakenOutIsGoneEverywhere(t *testing.T) {
	before, after := compiled(t, "contact-us", 2, nil), compiled(t, "contact-us", 2, lacking("email"))
	has := func(s *policy.Snapshot) (out []string) {
		isEmail := func(e policy.Element) bool { return e.Code == "email" }
		if slices.ContainsFunc(s.FormElements(), isEmail) {
			out = append(out, "form")
		}
		for _, p := range s.Purposes {
			if slices.Contains(p.Elements, "email") {
				out = append(out, p.Code)
			}
		}
		if _, d := s.MayDisclose("diw", "email"); slices.Contains(d.Elements, "email") {
			out = append(out, "disclosure")
		}
		return out
	}
	if got := has(before); !slices.Equal(got, []string{"form", "verify_identity", "receive_and_forward", "communicate", "disclosure"}) {
		t.Errorf("before: %v", got)
	}
	if got := has(after); got != nil {
		t.Errorf("after: %v", got)
	}
	if before.SHA256 == after.SHA256 {
		t.Error("another record has the same digest")
	}
}

func TestARecordThatLacksAnAnswerDoesNotCompile(t *testing.T) {
	for field, change := range map[string]func(*ropa.Revision){
		"elements":                         func(r *ropa.Revision) { r.Elements = nil },
		"purposes":                         func(r *ropa.Revision) { r.Purposes = nil },
		"purposes[0].elements":             func(r *ropa.Revision) { r.Purposes[0].Elements = []string{"shoe_size"} },
		"retention":                        func(r *ropa.Revision) { r.Retention = nil },
		"retention[0].period":              func(r *ropa.Revision) { r.Retention[0].Period = "" },
		"retention[1].applies_to":          func(r *ropa.Revision) { r.Retention[1].AppliesTo = "shoe_size" },
		"retention[2].applies_to":          func(r *ropa.Revision) { r.Retention = append(r.Retention, r.Retention[0]) },
		"recipients.domestic[0].elements":  func(r *ropa.Revision) { r.Recipients.Domestic[0].Elements = []string{"shoe_size"} },
		"recipients.transfers[0].elements": func(r *ropa.Revision) { r.Recipients.Transfers = []ropa.Offshore{{Elements: []string{"shoe_size"}}} },
		"collection[0].elements":           func(r *ropa.Revision) { r.Collection = []ropa.Level{{Code: "L0", Elements: []string{"shoe_size"}}} },
		"access[0]":                        func(r *ropa.Revision) { r.Access = []ropa.Principal{{}} },
		"duties.review[0]":                 func(r *ropa.Revision) { r.Duties.Review = []ropa.Principal{{}} },
		"breach.pdpc_liaison[0]":           func(r *ropa.Revision) { r.Breach.Liaison = []ropa.Principal{{}} },
		"breach.responsible[1]": func(r *ropa.Revision) {
			r.Breach.Responsible[1] = ropa.Responsible{RiskLevel: "high"}
		},
		"monitoring.cycle": func(r *ropa.Revision) { r.Monitoring.Cycle = "monthly" },
	} {
		rev := ropa.Seed("contact-us", 2)
		change(rev)
		s, err := policy.Compile(rev)
		if err == nil || s != nil || !strings.HasPrefix(err.Error(), field+": ") {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestWhoActsOnABreachGoesByItsRisk(t *testing.T) {
	s := policy.Snapshot{Breaches: []policy.Responsible{{Principal: policy.Principal{Ref: "any"}}, {policy.Principal{Ref: "low"}, "none"}, {policy.Principal{Ref: "risk"}, "risk"}, {policy.Principal{Ref: "high"}, "high"}}}
	for risk, want := range map[string]string{"none": "any low", "risk": "any low risk", "high": "any low risk high"} {
		var got []string
		for _, p := range s.ResponsibleAt(risk) {
			got = append(got, p.Ref)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v", risk, got)
		}
	}
}

func TestWhoMayRead(t *testing.T) {
	s := compiled(t, "contact-us", 2, nil)
	usage := compiled(t, "usage-analytics", 2, nil)
	order := policy.Order{Number: "อก 0207/1", Activity: "contact-us", Agency: "rayong"}
	elsewhere := policy.Order{Number: "1", Activity: "contact-us", Agency: "tak"}
	another := policy.Order{Number: "1", Activity: "usage-analytics", Agency: "rayong"}
	all := policy.Order{Number: "2", Activity: "*", Agency: "rayong"}
	for _, c := range []struct {
		name   string
		actor  policy.Actor
		ground string // "" is a refusal
	}{
		{"the public", policy.Actor{}, ""},
		{"the public, claiming to be head", policy.Actor{Agency: "rayong", IsHead: true}, ""},
		{"an officer without an order", policy.Actor{Account: "a", Agency: "rayong", Roles: []string{"officer"}}, ""},
		{"an administrator", policy.Actor{Account: "a", Agency: "ops-ict", Roles: []string{"admin", "ict", "auditor"}}, ""},
		{"the head, or who acts for him", policy.Actor{Account: "a", Agency: "rayong", IsHead: true}, "head:rayong"},
		{"who has an order", policy.Actor{Account: "a", Agency: "rayong", Orders: []policy.Order{order}}, "order:อก 0207/1"},
		{"who has an order for everything", policy.Actor{Account: "a", Agency: "rayong", Orders: []policy.Order{all}}, "order:2"},
		{"who has an order of another agency", policy.Actor{Account: "a", Agency: "rayong", Orders: []policy.Order{elsewhere}}, ""},
		{"who has an order for another activity", policy.Actor{Account: "a", Agency: "rayong", Orders: []policy.Order{another}}, ""},
		{"the data protection officer", policy.Actor{Account: "a", Roles: []string{"dpo"}}, "dpo"},
		{"a person whom the record names", policy.Actor{Account: "a", Person: "thanu"}, "person:thanu"},
		{"another person", policy.Actor{Account: "a", Person: "somsri"}, ""},
	} {
		d := s.MayRead(c.actor, "communicate")
		if d.Allowed != (c.ground != "") || d.Ground != c.ground {
			t.Errorf("%s: %+v", c.name, d)
		}
		if d.Allowed && !slices.Contains(d.Elements, "mobile_phone") || !d.Allowed && (d.Elements != nil || d.Reason == "") {
			t.Errorf("%s: %+v", c.name, d)
		}
		if d := s.MayRead(c.actor, "sell_it"); d.Allowed {
			t.Errorf("%s may read for a purpose that is not declared", c.name)
		}
	}
	director := policy.Actor{Account: "a", Agency: "ops-ict", Positions: []string{"ict-director"}}
	if d := usage.MayRead(director, "improve_service"); d.Ground != "position:ict-director" {
		t.Errorf("a position: %+v", d)
	}
	if s.MayRead(director, "communicate").Allowed {
		t.Error("a position that this record does not name reads")
	}
}

func TestDuties(t *testing.T) {
	s := compiled(t, "contact-us", 2, nil)
	head, dpo := policy.Actor{Account: "h", Agency: "ops", IsHead: true}, policy.Actor{Account: "d", Roles: []string{"dpo"}}
	steward := policy.Actor{Account: "s", Person: "thanu"}
	for _, c := range []struct {
		duty policy.Duty
		who  policy.Actor
		want bool
	}{
		{policy.DutyTerminate, head, true}, {policy.DutyTerminate, dpo, false}, {policy.DutyTerminate, steward, false},
		{policy.DutyReview, head, true}, {policy.DutyReview, dpo, true}, {policy.DutyReview, steward, false},
		{policy.DutyInspect, dpo, true}, {policy.DutyInspect, steward, false},
		{policy.DutyUse, policy.Actor{Account: "o", Agency: "rayong", Above: []string{"ops", "moi"}}, true}, {policy.DutyUse, policy.Actor{Account: "o", Agency: "elsewhere"}, false},
		{policy.DutyCollect, head, false}, // nobody is named
		{"sweep", head, false},
	} {
		if d := s.MayDo(c.who, c.duty); d.Allowed != c.want {
			t.Errorf("%s by %s: %+v", c.duty, c.who.Account, d)
		}
	}
}

func TestTheFirstRevisionsRefuseEveryRecipient(t *testing.T) {
	for _, code := range ropa.SeedCodes {
		s := compiled(t, code, 1, nil)
		for _, agency := range []string{"diw", "diprom", "dpim", "tisi", "ocsb", "oie", "moi-departments", "google", ""} {
			for _, via := range append([]string{""}, ropa.Vias...) {
				if _, d := s.MayDisclose(agency, via); d.Allowed || d.Reason != "error.recipient-not-declared" {
					t.Errorf("%s to %q by %q: %+v", code, agency, via, d)
				}
			}
			if _, d := s.MayTransfer(agency); d.Allowed {
				t.Errorf("%s abroad to %q: %+v", code, agency, d)
			}
		}
	}
}

func TestRecipients(t *testing.T) {
	s := compiled(t, "contact-us", 2, func(r *ropa.Revision) {
		r.Recipients.Domestic[0].Via = []string{"e-saraban"}
		r.Recipients.Domestic = append(r.Recipients.Domestic, ropa.Recipient{Org: "diw", Via: []string{"file"}, Elements: []string{"given_name"}})
		r.Recipients.Transfers = []ropa.Offshore{{Recipient: "google", Country: "US", Safeguard: "scc", Basis: "consent"}}
	})
	for _, c := range []struct{ agency, via, ground, reason string }{
		{"oie", "e-saraban", "recipient:moi-departments", ""},
		{"oie", "", "recipient:moi-departments", ""},
		{"oie", "file", "", "error.channel-not-declared"},
		{"diw", "file", "recipient:diw", ""}, // by the second of its two entries
		{"diw", "email", "", "error.channel-not-declared"},
		{"moi-departments", "", "", "error.recipient-not-declared"},
		{"pcd", "e-saraban", "", "error.recipient-not-declared"},
	} {
		_, d := s.MayDisclose(c.agency, c.via)
		if d.Ground != c.ground || d.Reason != c.reason || d.Allowed != (c.ground != "") {
			t.Errorf("%s by %s: %+v", c.agency, c.via, d)
		}
	}
	if _, d := s.MayTransfer("google"); !d.Allowed {
		t.Error("a transfer that is listed is refused")
	}
	s.Transfers[0].Basis = ""
	if _, d := s.MayTransfer("google"); d.Allowed {
		t.Error("data may go abroad without a basis")
	}
}

func TestTheBridgeAbroadIsShutInTheCorrectedRecord(t *testing.T) {
	s := compiled(t, "usage-analytics", 2, nil)
	if l, ok := s.Level("L3"); !ok || l.Basis != "consent" {
		t.Errorf("level 3: %+v", l)
	}
	if _, d := s.MayTransfer("google"); d.Allowed {
		t.Error("data may go to Google")
	}
	for code, basis := range map[string]string{"L0": "public-task", "L1": "public-task", "L2": "consent"} {
		if l, ok := s.Level(code); !ok || l.Basis != basis {
			t.Errorf("%s rests on %q", code, l.Basis)
		}
	}
	if l, _ := s.Level("L0"); slices.Contains(l.Elements, "ip_address") || slices.Contains(l.Elements, "visitor_day_id") {
		t.Error("level 0 knows a visitor")
	}
}

func TestHowLong(t *testing.T) {
	at := time.Date(2024, 2, 29, 17, 0, 0, 0, time.UTC) // the first of March in Bangkok
	s := compiled(t, "contact-us", 2, nil)
	for _, c := range []struct {
		kept policy.Retention
		want string
	}{
		{s.KeptFor("given_name"), "2034-03-01"},
		{s.KeptFor("traffic_log"), "2024-05-30"},
		{policy.Retention{Months: 1}, "2024-04-01"},
	} {
		if got := c.kept.DueAt(at).Add(7 * time.Hour).Format(time.DateOnly); got != c.want {
			t.Errorf("%+v: %s, not %s", c.kept, got, c.want)
		}
	}
	leap := policy.Retention{Years: 1}.DueAt(time.Date(2024, 2, 29, 3, 0, 0, 0, time.UTC))
	if got := leap.Format(time.DateOnly); got != "2025-02-28" {
		t.Errorf("a day that the month lacks: %s", got)
	}
}

func TestRightsFollowTheLawfulBasis(t *testing.T) {
	has := func(s *policy.Snapshot, right string) bool { return slices.Contains(s.Rights, right) }
	task, consent := compiled(t, "contact-us", 2, nil), compiled(t, "usage-analytics", 2, nil)
	obligation := compiled(t, "contact-us", 2, func(r *ropa.Revision) { r.LegalBases = []ropa.LegalBasis{{Code: "legal-obligation"}} })
	if !has(task, "objection") || has(task, "erasure") || has(task, "portability") || has(task, "withdraw") {
		t.Errorf("public task: %v", task.Rights)
	}
	if !has(consent, "withdraw") || !has(consent, "erasure") || !has(consent, "portability") {
		t.Errorf("consent: %v", consent.Rights)
	}
	if has(obligation, "objection") || has(obligation, "erasure") {
		t.Errorf("legal obligation: %v", obligation.Rights)
	}
}

func TestADecisionAllocatesNothing(t *testing.T) {
	s := compiled(t, "contact-us", 2, nil)
	a := policy.Actor{Account: "a", Agency: "rayong", Roles: []string{"officer"}, Orders: []policy.Order{{Number: "อก 0207/1", Activity: "contact-us", Agency: "rayong"}}}
	n := testing.AllocsPerRun(100, func() {
		if !s.MayRead(a, "communicate").Allowed {
			t.Fatal("refused")
		}
		if _, d := s.MayDisclose("oie", "paper"); !d.Allowed {
			t.Fatal("refused")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkMayRead(b *testing.B) {
	s := compiled(b, "contact-us", 2, nil)
	a := policy.Actor{Account: "a", Agency: "rayong", Orders: []policy.Order{{Number: "1", Activity: "contact-us", Agency: "rayong"}}}
	for b.Loop() {
		s.MayRead(a, "communicate")
	}
}

func BenchmarkCompile(b *testing.B) {
	rev := ropa.Seed("contact-us", 2)
	sum, _ := ropa.SHA256(rev)
	for b.Loop() {
		if _, err := policy.CompileAs(rev, sum); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTheYearsEndBeforeAMomentFollowsTheRecord(t *testing.T) {
	for _, x := range []struct{ round, at, want string }{
		{"calendar-year-end", "2037-01-02", "2037-01-01"},
		{"calendar-year-end", "2036-12-31", "2036-01-01"},
		{"fiscal-year-end", "2036-10-02", "2036-10-01"},
		{"fiscal-year-end", "2036-09-30", "2035-10-01"},
		{"", "2036-09-30", "2036-01-01"},
	} {
		at, err := time.ParseInLocation(time.DateOnly, x.at, thai.Bangkok)
		if err != nil {
			t.Fatal(err)
		}
		if got := (policy.Retention{Round: x.round}).RoundBefore(at).In(thai.Bangkok).Format(time.DateTime); got != x.want+" 00:00:00" {
			t.Errorf("%+v: %s", x, got)
		}
	}
}
