package form_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
	"prasan/internal/ropa/ropatest"
)

func TestGeneratedRecordsComeBackWithoutLoss(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rev := ropatest.Generate(t)
		var want bytes.Buffer
		if err := form.Export(rev, "yaml", &want); err != nil {
			t.Fatal(err)
		}
		if _, err := ropa.Parse(want.Bytes()); err != nil {
			t.Fatalf("the generator makes what is no record: %v", err)
		}
		format := rapid.SampledFrom(lossless).Draw(t, "format")
		var out bytes.Buffer
		if err := form.Export(rev, format, &out); err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		got, err := form.Import("file", out.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", format, err)
		}
		var again bytes.Buffer
		if err := form.Export(got.Revision, "yaml", &again); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want.Bytes(), again.Bytes()) {
			t.Fatalf("%s: %+v", format, ropa.Diff(rev, got.Revision))
		}
		if len(got.Unplaced)+len(got.Questions) > 0 {
			t.Fatalf("%s: unplaced %+v, questions %+v", format, got.Unplaced, got.Questions)
		}
		for _, other := range []string{"svg", "jsonld", "text"} {
			if err := form.Export(rev, other, &out); err != nil {
				t.Fatalf("%s: %v", other, err)
			}
		}
	})
}
