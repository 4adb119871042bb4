package form_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
)

// Row 52 asks who is responsible "by level of risk": however people write the level, it is
// read, and comes back from every format.
func TestWhoIsResponsibleIsReadByLevelOfRisk(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "testdata", "contact-us.txt"))
	if err != nil {
		t.Fatal(err)
	}
	const named = "- เจ้าหน้าที่ศูนย์เทคโนโลยีสารสนเทศและการสื่อสาร - DPO ของหน่วยงาน"
	if !strings.Contains(string(text), named) {
		t.Fatal("the form names somebody else")
	}
	for _, x := range []struct {
		said string
		want []ropa.Responsible
	}{
		{named, []ropa.Responsible{{Org: "ops-ict"}, {Role: "dpo"}}},
		{"- DPO ของหน่วยงาน (ความเสี่ยงต่ำ) - หัวหน้าส่วนราชการหรือผู้ที่ได้รับมอบหมาย (ความเสี่ยงสูง)", []ropa.Responsible{{Role: "dpo", RiskLevel: "none"}, {Role: "head-or-delegate", RiskLevel: "high"}}},
		{"- กรณีความเสี่ยงปานกลาง: DPO ของหน่วยงาน - กรณีมีความเสี่ยงระดับสูง: นายธนู ศิรินอก", []ropa.Responsible{{Role: "dpo", RiskLevel: "risk"}, {Person: "thanu", RiskLevel: "high"}}},
		{"- DPO ของหน่วยงาน กรณีเสี่ยงสูงมาก", []ropa.Responsible{{Role: "dpo", RiskLevel: "high"}}},
	} {
		r, err := form.Import("contact-us.txt", []byte(strings.Replace(string(text), named, x.said, 1)))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Revision.Breach.Responsible; !slices.Equal(got, x.want) {
			t.Errorf("%s: %+v", x.said, got)
		}
		for _, format := range lossless {
			back, err := form.Import("file", export(t, r.Revision, format))
			if err != nil || !slices.Equal(back.Revision.Breach.Responsible, x.want) {
				t.Errorf("%s as %s: %v %+v", x.said, format, err, back.Revision.Breach.Responsible)
			}
		}
	}
}
