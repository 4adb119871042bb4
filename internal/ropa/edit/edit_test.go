package edit_test

import (
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"prasan/internal/ropa"
	"prasan/internal/ropa/edit"
	"prasan/internal/ropa/ropatest"
)

// sent is what a browser sends of a section that nobody has touched.
func sent(form edit.Form) url.Values {
	out := url.Values{}
	for _, r := range form.Rows {
		send(out, r.Words)
		for _, f := range r.Meaning {
			send(out, f)
		}
	}
	for _, f := range form.Tables {
		send(out, f)
	}
	return out
}

func send(out url.Values, f edit.Field) {
	switch f.Kind {
	case edit.List:
		out.Set(f.Name+".n", f.Value)
	case edit.Choices:
		out.Set(f.Name+".n", "")
		for _, o := range f.Options {
			if o.Selected {
				out.Add(f.Name, o.Value)
			}
		}
	case edit.Choice:
		i := slices.IndexFunc(f.Options, func(o edit.Option) bool { return o.Selected })
		out.Set(f.Name, f.Options[max(i, 0)].Value)
	case edit.Flag:
		out.Set(f.Name+".n", "")
		if f.Checked {
			out.Set(f.Name, "yes")
		}
	case edit.Area:
		out.Set(f.Name, strings.ReplaceAll(f.Value, "\n", "\r\n"))
	case edit.Line, edit.Number:
		if strings.ContainsAny(f.Value, "\r\n") {
			panic(f.Name + " loses its line breaks")
		}
		out.Set(f.Name, f.Value)
	}
	for _, x := range f.Fields {
		send(out, x)
	}
}

func text(t interface{ Fatal(...any) }, r *ropa.Revision) string {
	b, err := ropa.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// copyOf reads a record again from its text, so that nothing is shared.
func copyOf(t interface{ Fatal(...any) }, r *ropa.Revision) *ropa.Revision {
	out, err := ropa.Parse([]byte(text(t, r)))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func unchanged(t interface {
	Fatal(...any)
	Fatalf(string, ...any)
}, rev *ropa.Revision) {
	want := text(t, rev)
	got := copyOf(t, rev)
	for _, s := range edit.Sections {
		values := sent(s.Fields(got, nil, nil, nil))
		if faults := s.Read(got, values); len(faults) > 0 {
			t.Fatalf("%s: %+v", s.ID, faults)
		}
		if faults := s.Finish(got, rev); len(faults) > 0 {
			t.Fatalf("%s: %+v", s.ID, faults)
		}
	}
	if text(t, got) != want {
		t.Fatalf("%+v", ropa.Diff(rev, got))
	}
}

func TestAnUnchangedRecordComesBackByteForByte(t *testing.T) {
	for _, code := range ropa.SeedCodes {
		for n := 1; n <= 2; n++ {
			unchanged(t, ropa.Seed(code, n))
		}
	}
	rapid.Check(t, func(t *rapid.T) { unchanged(t, ropatest.Generate(t)) })
}

// Every part of the record is asked exactly once: none can be forgotten when it grows.
func TestEveryPartOfTheRecordIsAskedOnce(t *testing.T) {
	asked := map[string]int{}
	for _, s := range edit.Sections {
		form := s.Fields(ropa.Seed("contact-us", 2), nil, nil, nil)
		for _, r := range form.Rows {
			for _, f := range r.Meaning {
				asked[f.Key]++
			}
		}
		for _, f := range form.Tables {
			asked[f.Key]++
		}
	}
	var walk func(rt reflect.Type, path string)
	walk = func(rt reflect.Type, path string) {
		for i := range rt.NumField() {
			p := strings.TrimPrefix(path+"."+rt.Field(i).Tag.Get("yaml"), ".")
			switch n := asked[p]; {
			case slices.Contains([]string{"apiVersion", "kind", "code", "revision", "prev_sha256", "form"}, p):
			case n == 1:
			case n > 1:
				t.Errorf("%s is asked %d times", p, n)
			case rt.Field(i).Type.Kind() == reflect.Struct:
				walk(rt.Field(i).Type, p)
			default:
				t.Errorf("%s is not asked", p)
			}
		}
	}
	walk(reflect.TypeFor[ropa.Revision](), "")
	rows := 0
	for _, s := range edit.Sections {
		rows += len(s.Rows)
	}
	if rows != len(ropa.Rows) || edit.Home("duty.review") != "roles" {
		t.Errorf("%d rows are asked", rows)
	}
}

func TestWritingAValueIsEnoughToGiveOne(t *testing.T) {
	s, _ := edit.SectionOf("data")
	rev := ropa.Seed("usage-analytics", 2)
	before := rev.Form.Row("transfers")
	if before.State != ropa.No {
		t.Fatal(before)
	}
	values := sent(s.Fields(rev, nil, nil, nil))
	values.Set("form.transfers.text", "Google LLC")
	if faults := s.Read(rev, values); len(faults) > 0 {
		t.Fatal(faults)
	}
	if row := rev.Form.Row("transfers"); row.State != ropa.Given || row.Text != "Google LLC" {
		t.Errorf("%+v", row)
	}
	// A kind of nothing that is chosen is written as people write it, and each stays apart.
	for _, state := range ropa.States[1:] {
		values.Set("form.transfers.text", "")
		values.Set("form.transfers.state", string(state))
		if faults := s.Read(rev, values); len(faults) > 0 {
			t.Fatal(faults)
		}
		if row := rev.Form.Row("transfers"); row.State != state || row.Text != state.Phrase() {
			t.Errorf("%s: %+v", state, row)
		}
	}
	values.Set("form.transfers.state", "given")
	if faults := s.Read(rev, values); len(faults) != 1 || faults[0].Name != "form.transfers" {
		t.Errorf("a value that is none is taken: %+v", faults)
	}
}

func TestListsGrowShrinkAndMove(t *testing.T) {
	rev := ropa.Seed("contact-us", 2)
	flow, _ := edit.SectionOf("flow")
	n, edges := len(rev.Flow.Steps), len(rev.Flow.Edges)
	if at, ok := flow.Act(rev, "add:flow.steps"); !ok || at != "flow.steps.10" || rev.Flow.Steps[n].No != n+1 {
		t.Fatalf("%s: %+v", at, rev.Flow.Steps[n])
	}
	third := rev.Flow.Steps[2].Title
	if at, ok := flow.Act(rev, "up:flow.steps.2"); !ok || at != "flow.steps.1" || rev.Flow.Steps[1].Title != third || rev.Flow.Steps[1].No != 2 {
		t.Error("a step does not move up with its number")
	}
	leads := func(from, to int) bool {
		return slices.ContainsFunc(rev.Flow.Edges, func(e ropa.Edge) bool { return e.From == from && e.To == to })
	}
	if !leads(1, 3) || !leads(3, 2) {
		t.Errorf("the arrows do not follow their steps: %+v", rev.Flow.Edges)
	}
	if _, ok := flow.Act(rev, "remove:flow.steps.0"); !ok || rev.Flow.Steps[0].No != 1 || len(rev.Flow.Edges) >= edges {
		t.Errorf("the arrows of a step stay without it: %+v", rev.Flow.Edges)
	}
	inventory, _ := edit.SectionOf("inventory")
	if _, ok := inventory.Act(rev, "add:inventory.systems.0.exchange"); !ok {
		t.Error("a system takes no further line of exchange")
	}
	for _, act := range []string{"add:elements", "add:inventory.systems.99.exchange", "up:inventory.systems.0", "remove:inventory.systems.99", "remove:inventory", "drop:inventory.systems.0", "add:", "x", "remove:inventory.systems.-1"} {
		if _, ok := inventory.Act(rev, act); ok {
			t.Errorf("%s is done", act)
		}
	}
}

func TestWhatCannotBeKeptIsToldAtItsField(t *testing.T) {
	for name, row := range map[string]struct{ section, field, value, key string }{
		"a number that is none":  {"basis", "volume.declared", "many", "editor.error-number"},
		"a period that is none":  {"storage", "retention.0.period", "ten years", "editor.error-period"},
		"a code that is none":    {"data", "elements.0.code", "Given Name", "editor.error-code"},
		"a code that is doubled": {"data", "elements.1.code", "given_name", "editor.error-code-twice"},
		"no value of the list":   {"data", "elements.0.kind", "secret", "editor.error-choice"},
		"no day":                 {"basis", "volume.as_of", "yesterday", "editor.error-day"},
		"an endless list":        {"data", "elements.n", "9999999", "editor.error-list"},
		"nobody":                 {"data", "access.0.who", "king=x", "editor.error-choice"},
	} {
		s, _ := edit.SectionOf(row.section)
		rev := ropa.Seed("contact-us", 2)
		values := sent(s.Fields(rev, nil, nil, nil))
		values.Set(row.field, row.value)
		faults := append(s.Read(rev, values), s.Finish(rev, ropa.Seed("contact-us", 2))...)
		if len(faults) != 1 || faults[0].Key != row.key || !strings.HasPrefix(row.field, faults[0].Name) {
			t.Errorf("%s: %+v", name, faults)
			continue
		}
		if again := s.Fields(rev, nil, values, faults); row.field == "volume.declared" && !strings.Contains(sent(again).Encode(), "many") {
			t.Error("what was typed is gone")
		}
	}
}

func TestNewItemsGetTheirCodesFromTheirNames(t *testing.T) {
	s, _ := edit.SectionOf("cited")
	rev := ropa.Seed("contact-us", 2)
	s.Act(rev, "add:parties")
	s.Act(rev, "add:parties")
	n := len(rev.Parties)
	for i := n - 2; i < n; i++ {
		rev.Parties[i].Kind, rev.Parties[i].Name = "provider", ropa.Text{TH: "บริษัท", EN: "Cloud & Co. Ltd."}
	}
	if faults := s.Finish(rev, ropa.Seed("contact-us", 2)); len(faults) > 0 || rev.Parties[n-2].Code != "cloud-co-ltd" || rev.Parties[n-1].Code != "cloud-co-ltd-2" {
		t.Errorf("%+v %+v", faults, rev.Parties[n-2:])
	}
}

func TestTheDigestOfASectionIsOfItsOwnFieldsOnly(t *testing.T) {
	a, b := ropa.Seed("contact-us", 2), ropa.Seed("contact-us", 2)
	b.Review.Cycle = "P6M"
	for _, s := range edit.Sections {
		if same := s.Digest(a) == s.Digest(b); same == (s.ID == "review") {
			t.Errorf("%s: same %v", s.ID, same)
		}
	}
}

func TestWhoActsOnABreachIsNamedWithTheRisk(t *testing.T) {
	s, _ := edit.SectionOf("breaches")
	rev := ropa.Seed("contact-us", 2)
	values := sent(s.Fields(rev, nil, nil, nil))
	values.Set("breach.responsible.1.risk_level", "high")
	if faults := append(s.Read(rev, values), s.Finish(rev, ropa.Seed("contact-us", 2))...); len(faults) > 0 {
		t.Fatalf("%+v", faults)
	}
	if got := rev.Breach.Responsible; got[0] != (ropa.Responsible{Org: "ops-ict"}) || got[1] != (ropa.Responsible{Role: "dpo", RiskLevel: "high"}) {
		t.Errorf("%+v", got)
	}
	again := sent(s.Fields(rev, nil, nil, nil))
	if again.Get("breach.responsible.1.risk_level") != "high" || again.Get("breach.responsible.1.who") != "role=dpo" {
		t.Errorf("%v", again)
	}
	values.Set("breach.responsible.1.risk_level", "terrible")
	if faults := append(s.Read(rev, values), s.Finish(rev, ropa.Seed("contact-us", 2))...); len(faults) != 1 || faults[0].Name != "breach.responsible.1.risk_level" {
		t.Errorf("%+v", faults)
	}
}
