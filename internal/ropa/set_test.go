package ropa_test

import (
	"bytes"
	"testing"

	"prasan/internal/ropa"
)

func TestOnePartOfARecordIsChangedAndNothingElse(t *testing.T) {
	for path, row := range map[string]struct {
		value   string
		changes int
	}{
		"review.cycle":            {`"P6M"`, 1},
		"elements.email.required": {`true`, 1},
		"retention.0.period":      {`P5Y`, 1},
		"form.volume":             {`{"state": "pending", "text": "รอข้อมูล"}`, 2},
		"recipients.transfers":    {`[{"recipient": "google", "country": "US", "basis": "consent", "elements": ["email"]}]`, 1},
		"name.en":                 {`null`, 1},
	} {
		rev := ropa.Seed("contact-us", 2)
		if err := ropa.Set(rev, path, []byte(row.value)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if got := ropa.Diff(ropa.Seed("contact-us", 2), rev); len(got) != row.changes {
			t.Errorf("%s: %+v", path, got)
		}
	}
	for path, value := range map[string]string{
		"review.round": `"x"`, "elements.nobody.required": `true`, "elements.99": `{}`, "elements.0.required": `"perhaps"`, "code": `"other"`, "prev_sha256": `""`, "form.nothing": `{}`, "review.cycle.x": `1`,
		"recipients.transfers": `[{"receiver": "google"}]`, "volume.declared": `-1`, "": `{}`, "elements": `{"code": "x"}`, "name": `{"th": "a", "th": "b"}`,
	} {
		rev := ropa.Seed("contact-us", 2)
		if err := ropa.Set(rev, path, []byte(value)); err == nil {
			t.Errorf("%s = %s is taken", path, value)
		}
		if text, _ := ropa.Marshal(rev); !bytes.Equal(text, ropa.SeedText("contact-us", 2)) {
			t.Errorf("%s: refused, and half done", path)
		}
	}
}
