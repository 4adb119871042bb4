package form_test

import (
	"bytes"
	"os"
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
