package form_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
)

var lossless = []string{"yaml", "json", "csv", "xlsx", "docx"}

func export(t testing.TB, r *ropa.Revision, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := form.Export(r, format, &b); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.Bytes()
}

func canonical(t testing.TB, r *ropa.Revision) string {
	t.Helper()
	text, err := ropa.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestWhatIsExportedIsReadBackWithoutLoss(t *testing.T) {
	for _, code := range ropa.SeedCodes {
		for _, n := range []int{1, 2} {
			for _, format := range lossless {
				rev := ropa.Seed(code, n)
				data := export(t, rev, format)
				if dir := os.Getenv("FORM_OUT"); dir != "" {
					if err := os.WriteFile(dir+"/"+code+"."+format, data, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				got, err := form.Import("file", data)
				if err != nil {
					t.Errorf("%s revision %d as %s: %v", code, n, format, err)
					continue
				}
				for _, d := range ropa.Diff(rev, got.Revision) {
					t.Errorf("%s revision %d as %s: %+v", code, n, format, d)
				}
				if len(got.Unplaced)+len(got.Questions) > 0 || got.Format != format || len(got.Fields) < 53 {
					t.Errorf("%s revision %d as %s: %s, %d fields, unplaced %q, questions %+v", code, n, format, got.Format, len(got.Fields), got.Unplaced, got.Questions)
				}
				if canonical(t, rev) != canonical(t, got.Revision) {
					t.Errorf("%s revision %d as %s comes back with other bytes", code, n, format)
				}
				if again := export(t, rev, format); !bytes.Equal(again, data) {
					t.Errorf("%s as %s: two exports differ", code, format)
				}
			}
		}
	}
}

// The layout of the scanned text: every label of the form in its order, every answer
// word for word, and read back it is the same form.
func TestTheSeedsComeBackInTheLayoutOfTheirText(t *testing.T) {
	for _, code := range ropa.SeedCodes {
		first := importSeed(t, code)
		text := export(t, first.Revision, "text")
		again, err := form.Import("again.txt", text)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range ropa.Diff(first.Revision, again.Revision) {
			t.Errorf("%s: %+v", code, d)
		}
		for _, p := range again.Unplaced {
			t.Errorf("%s: %s: %q was not placed", code, p.Place, p.Text)
		}
		at := 0
		for i := range ropa.Rows {
			d := &ropa.Rows[i]
			row := first.Revision.Form.Row(d.ID)
			if row.State == ropa.RowAbsent {
				continue
			}
			n := strings.Index(string(text[at:]), d.Ask+"\t")
			if n < 0 {
				t.Fatalf("%s: the label of row %d is missing, or out of order", code, d.No)
			}
			at += n + len(d.Ask)
			line, _, _ := strings.Cut(string(text[at:]), "\n")
			if want := strings.ReplaceAll(row.Text, "\n", "<br>"); !strings.Contains(line, want) {
				t.Errorf("%s: row %d lacks %q", code, d.No, want)
			}
		}
	}
}

// Every word that stands in the scanned text stands in what was read of it.
func TestNothingOfTheSeedTextsIsLost(t *testing.T) {
	for _, code := range ropa.SeedCodes {
		r := importSeed(t, code)
		var all strings.Builder
		for _, f := range r.Fields {
			all.WriteString(f.Value + "\n")
		}
		text := strings.NewReplacer("<p>", "", "</p>", "", "\n", "", " ", "").Replace(all.String())
		for no, line := range strings.Split(string(seedText(t, code)), "\n") {
			cells := strings.Split(line, "\t")
			last := ""
			for _, c := range cells {
				if strings.TrimSpace(c) != "" {
					last = c
				}
			}
			for _, part := range strings.Split(last, "</p>") {
				part = strings.NewReplacer("<p>", "", " ", "", "1.ระบบ", "ระบบ").Replace(part)
				if len(cells) > 3 && !strings.Contains(text, part) && !strings.Contains(line, "Data Exchange") && !strings.Contains(line, "แบบฟอร์ม “") && !strings.HasPrefix(line, "ขั้นตอน") && !strings.HasPrefix(line, "ลำดับ") && !strings.Contains(part, "2.ระบบ") {
					t.Errorf("%s line %d: %q is nowhere", code, no+1, part)
				}
			}
		}
	}
}
