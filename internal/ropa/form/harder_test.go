package form_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
)

var thaiDigits = strings.NewReplacer("๐", "0", "๑", "1", "๒", "2", "๓", "3", "๔", "4", "๕", "5", "๖", "6", "๗", "7", "๘", "8", "๙", "9", "\n", " ", "\u200b", "", "\u00a0", " ")

func plainly(s string) string { return strings.Join(strings.Fields(thaiDigits.Replace(s)), " ") }

// The form of another agency for another activity, as four offices and their machines
// left it: numbered with Thai digits and scanned, as a table of bars in another order with
// rows doubled, as text out of a PDF, and with rows missing and signs that nobody sees.
// What the reader is sure of is right; what it is not sure of, it asks.
func TestFormsOfOtherAgenciesAreReadRightOrAskedAbout(t *testing.T) {
	var want struct {
		Answers map[string]string
		Gone    []string
		Steps   []string
	}
	text, err := os.ReadFile(filepath.Join("testdata", "harder.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		name  string
		sure  int // rows that must be certain
		steps bool
		gone  []string
	}{{"numbered-thai-digits", 53, true, nil}, {"bars-reordered", 53, true, nil}, {"wide-gaps", 53, false, nil}, {"rows-missing-invisible", 41, false, want.Gone}} {
		data, err := os.ReadFile(filepath.Join("testdata", f.name+".txt"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := form.Import(f.name+".txt", data)
		if err != nil {
			t.Errorf("%s: %v", f.name, err)
			continue
		}
		sure := 0
		for i := range ropa.Rows {
			id := ropa.Rows[i].ID
			row := r.Revision.Form.Row(id)
			if slices.Contains(f.gone, id) {
				if row.State != ropa.RowAbsent {
					t.Errorf("%s: %s is not on the form, and reads %+v", f.name, id, row)
				}
				continue
			}
			right := plainly(row.Text) == plainly(want.Answers[id])
			certain := !asked(r, id) && confidence(r, id) >= form.Sure
			if right && row.State != ropa.RowAbsent {
				sure++
			}
			if !right && certain && row.State != ropa.RowAbsent {
				t.Errorf("%s: %s is certain and wrong: %q, not %q", f.name, id, row.Text, want.Answers[id])
			}
			if !right && row.State == ropa.RowAbsent && !unplaced(r, want.Answers[id]) {
				t.Errorf("%s: %s is lost: %q", f.name, id, want.Answers[id])
			}
		}
		if sure < f.sure {
			t.Errorf("%s: only %d rows are right", f.name, sure)
		}
		if f.steps {
			var got []string
			for _, s := range r.Revision.Flow.Steps {
				got = append(got, s.Title)
			}
			if !slices.Equal(got, want.Steps) {
				t.Errorf("%s: steps %q", f.name, got)
			}
		}
		if _, err := ropa.Parse([]byte(canonical(t, r.Revision))); err != nil {
			t.Errorf("%s: what was read is no record: %v", f.name, err)
		}
	}
}

func confidence(r form.Result, id string) float64 {
	for _, f := range r.Fields {
		if f.ID == id {
			return f.Confidence
		}
	}
	return 0
}
