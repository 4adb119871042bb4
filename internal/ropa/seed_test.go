package ropa_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"prasan/internal/ropa"
)

// filled is a form as people filled it in: answers in the order of the rows, and the
// cells of its two tables.
type filled struct {
	answers []string
	steps   [][]string
	systems [][]string
}

var paragraph = regexp.MustCompile(`<p>(.*?)</p>`)

// readFilled reads a seed text by its shape alone: the answer is the last cell of a
// line that says anything; a line with paragraphs holds several rows.
func readFilled(t *testing.T, code string) filled {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", code+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	var f filled
	part := "form"
	for _, line := range strings.Split(string(text), "\n") {
		cells := strings.Split(line, "\t")
		switch {
		case strings.HasPrefix(line, "Data Flow Diagram"):
			part = ""
		case strings.HasPrefix(line, "ขั้นตอน\t"):
			part = "flow"
		case strings.HasPrefix(line, "ลำดับ\t"):
			part = "systems"
		case len(cells) < 4 || strings.HasPrefix(line, "แบบฟอร์ม “") || strings.Contains(line, "(Data Exchange Applied)"):
		case part == "form":
			f.answers = append(f.answers, answersOf(cells)...)
		case part == "flow":
			f.steps = append(f.steps, cells)
		case part == "systems":
			f.systems = append(f.systems, cells)
		}
	}
	return f
}

func answersOf(cells []string) []string {
	last := ""
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			last = c
		}
	}
	var out []string
	for _, m := range paragraph.FindAllStringSubmatch(last, -1) {
		out = append(out, m[1])
	}
	switch len(out) {
	case 0:
		return []string{last}
	case 3: // channel and responsible are one row
		return []string{out[0] + "\n" + out[1], out[2]}
	}
	return out
}

func TestTheFirstRevisionIsTheFormWordForWord(t *testing.T) {
	for code, want := range map[string]struct{ rows, steps, systems, exchanges int }{"contact-us": {53, 10, 5, 7}, "usage-analytics": {52, 7, 2, 2}} {
		rev, f := ropa.Seed(code, 1), readFilled(t, code)
		rows := slices.Clone(ropa.Rows)
		if code == "usage-analytics" {
			rows = slices.Delete(rows, 48, 49) // row 49 is not on that form
			if s := rev.Form.Row("transfer.after_rule").State; s != ropa.RowAbsent {
				t.Errorf("the row that is not there is %s", s)
			}
		}
		if len(rows) != len(f.answers) || len(rev.Form) != want.rows {
			t.Fatalf("%s: %d rows, %d answers, %d in the record", code, len(rows), len(f.answers), len(rev.Form))
		}
		for i, d := range rows {
			row := rev.Form.Row(d.ID)
			if row.Text != ropa.Clean(f.answers[i]) || row.State != ropa.StateOf(f.answers[i]) {
				t.Errorf("%s row %d %s: %s %q, the form says %q", code, d.No, d.ID, row.State, row.Text, f.answers[i])
			}
		}
		if len(rev.Flow.Steps) != want.steps || len(f.steps) != want.steps {
			t.Fatalf("%s: %d steps", code, len(rev.Flow.Steps))
		}
		for i, cells := range f.steps {
			checkStep(t, rev.Flow.Steps[i], cells)
		}
		exchanges := 0
		for _, s := range rev.Inventory.Systems {
			exchanges += len(s.Exchanges)
		}
		if len(rev.Inventory.Systems) != want.systems || exchanges != want.exchanges {
			t.Fatalf("%s: %d systems, %d exchanges", code, len(rev.Inventory.Systems), exchanges)
		}
		checkSystems(t, rev.Inventory.Systems, f.systems)
	}
}

func checkStep(t *testing.T, s ropa.Step, cells []string) {
	t.Helper()
	if got := fmt.Sprintf("%d. %s", s.No, s.Title); got != cells[0] {
		t.Errorf("step %q, the form says %q", got, cells[0])
	}
	texts := []string{s.Actor.Text}
	for _, op := range ropa.Operations {
		c := s.Cell(op)
		texts = append(texts, c.Text)
		if c.State != ropa.StateOf(c.Text) {
			t.Errorf("step %d %s is %s, and says %q", s.No, op, c.State, c.Text)
		}
	}
	if !slices.Equal(texts, cells[1:6]) {
		t.Errorf("step %d says %q, the form %q", s.No, texts, cells[1:6])
	}
	for _, system := range s.Systems {
		if !strings.Contains(cells[6], system.Text) {
			t.Errorf("step %d names the system %q, the form %q", s.No, system.Text, cells[6])
		}
	}
	if n := strings.Count(cells[6], "ระบบ"); n > 0 && len(s.Systems) == 0 {
		t.Errorf("step %d names no system, the form %q", s.No, cells[6])
	}
}

func checkSystems(t *testing.T, systems []ropa.System, lines [][]string) {
	t.Helper()
	i := 0
	for _, s := range systems {
		for j, x := range s.Exchanges {
			cells := append(slices.Clone(lines[i]), make([]string, 14)...)[:14]
			i++
			got := []string{"", "", "", "", "", x.Applied.Text, x.Data, x.Mode.Text, x.Counterparty.Text, "", "", "", "", x.Remark}
			if j == 0 {
				got = []string{fmt.Sprint(s.No), s.Name, s.Status.Text, s.Scope, s.Owner.Text, x.Applied.Text, x.Data, x.Mode.Text, x.Counterparty.Text, s.ProcessingBy.Text, s.Processor.Text, s.Hosting.Text, s.Region.Text, s.Remark}
			}
			if !slices.Equal(got, cells) {
				t.Errorf("system %d line %d:\n%q\nthe form says\n%q", s.No, j+1, got, cells)
			}
		}
	}
	if i != len(lines) {
		t.Errorf("%d lines of exchange in the record, %d on the form", i, len(lines))
	}
}

func TestKindsOfNothingAreKeptApart(t *testing.T) {
	usage, contact := ropa.Seed("usage-analytics", 1), ropa.Seed("contact-us", 1)
	for _, c := range []struct {
		got, want ropa.State
	}{
		{usage.Form.Row("transfers").State, ropa.No},
		{usage.Form.Row("volume").State, ropa.Pending},
		{usage.Form.Row("duty.store").State, ropa.DelegatedToProvider},
		{usage.Form.Row("transfer.after_rule").State, ropa.RowAbsent},
		{usage.Flow.Steps[2].Disclose.State, ropa.DelegatedToProvider},
		{usage.Flow.Steps[1].Disclose.State, ropa.None},
		{usage.Inventory.Systems[0].Processor.State, ropa.Blank},
		{contact.Form.Row("duty.collect").State, ropa.None},
		{contact.Flow.Steps[9].Use.State, ropa.RecipientConditions},
		{contact.Form.Row("elements").State, ropa.Given},
		{ropa.StateOf("N/A"), ropa.NotApplicable},
		{ropa.StateOf(" ไม่ มี "), ropa.None},
	} {
		if c.got != c.want {
			t.Errorf("%s, not %s", c.got, c.want)
		}
	}
}

func TestSeedsAreCanonicalAndWhole(t *testing.T) {
	for _, code := range ropa.SeedCodes {
		for n := 1; n <= 2; n++ {
			text := ropa.SeedText(code, n)
			rev, err := ropa.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			again, err := ropa.Marshal(rev)
			if err != nil || string(again) != string(text) {
				t.Errorf("%s revision %d is not in its canonical form: %v", code, n, err)
			}
			if rev.Number != n || rev.Code != code {
				t.Errorf("%s revision %d says it is %s %d", code, n, rev.Code, rev.Number)
			}
			checkCodes(t, rev)
		}
		first, err := ropa.SHA256(ropa.Seed(code, 1))
		if err != nil || ropa.Seed(code, 2).PrevSHA256 != first {
			t.Errorf("%s: the second revision does not follow from the first: %v", code, err)
		}
		if second := ropa.Seed(code, 2); len(second.Form) != len(ropa.Rows) {
			t.Errorf("%s: the corrected form has %d rows", code, len(second.Form))
		}
	}
	if ropa.Seed("contact-us", 9) != nil {
		t.Error("a seed that there is not")
	}
}

// checkCodes holds that every code means something, and that people can read every
// name in both languages.
func checkCodes(t *testing.T, r *ropa.Revision) {
	t.Helper()
	for _, e := range r.Elements {
		if e.Label.TH == "" || e.Label.EN == "" || e.Kind == "form" && (e.Why.TH == "" || e.Why.EN == "") {
			t.Errorf("%s: element %s lacks a label or a reason", r.Code, e.Code)
		}
	}
	for _, p := range r.Parties {
		if p.Name.EN == "" {
			t.Errorf("%s: party %s has no English name", r.Code, p.Code)
		}
	}
	var walk func(v reflect.Value, path string)
	walk = func(v reflect.Value, path string) {
		switch v.Kind() {
		case reflect.Struct:
			if p, ok := v.Interface().(ropa.Principal); ok {
				for _, code := range []string{p.Person, p.Position, p.Org, p.Provider} {
					if _, known := r.Party(code); code != "" && !known {
						t.Errorf("%s: %s names %q, which no party is", r.Code, path, code)
					}
				}
			}
			for i := range v.NumField() {
				walk(v.Field(i), path+"."+v.Type().Field(i).Tag.Get("yaml"))
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
			}
		}
	}
	walk(reflect.ValueOf(*r), "")
}
