package form_test

import (
	"os"
	"path/filepath"
	"testing"

	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
)

func seedText(t testing.TB, code string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "testdata", code+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func importSeed(t testing.TB, code string) form.Result {
	t.Helper()
	r, err := form.Import(code+".txt", seedText(t, code))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheSeedTextsAreReadAsTheRecordSays(t *testing.T) {
	for _, code := range ropa.SeedCodes {
		r, want := importSeed(t, code), ropa.Seed(code, 1)
		for _, f := range r.Fields {
			if f.Confidence < form.Sure {
				t.Errorf("%s: %s is asked, with confidence %.2f: %q", code, f.ID, f.Confidence, f.Value)
			}
		}
		for _, p := range r.Unplaced {
			t.Errorf("%s: %s was not placed: %q", code, p.Place, p.Text)
		}
		for _, d := range ropa.Diff(want, r.Revision) {
			t.Errorf("%s: %+v", code, d)
		}
	}
}
