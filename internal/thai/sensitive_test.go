package thai

import "testing"

func TestNumbersThatNobodyAskedForAreFound(t *testing.T) {
	for text, want := range map[string]string{
		"บัตรประชาชน 1-2345-67890-12-1 ครับ": "national-id",
		"เลข ๑๒๓๔๕๖๗๘๙๐๑๒๑":                  "national-id",
		"1234567890123":            "", // a wrong check digit
		"โทร 08 1234 5678":         "",
		"บัตร 4111 1111 1111 1111": "card",
		"4111 1111 1111 1112":      "",
		"เลขที่หนังสือ อก 0905/0007": "",
	} {
		got := Sensitive(text)
		if (len(got) > 0) != (want != "") || len(got) > 0 && got[0].Kind != want {
			t.Errorf("%q: %+v", text, got)
		}
	}
	text := "เลข 1-2345-67890-12-1 และ 4111111111111111"
	if got := Redact(text, Sensitive(text), "[ลบ]"); got != "เลข [ลบ] และ [ลบ]" {
		t.Error(got)
	}
	if !HealthHint("แนบใบรับรองแพทย์มาด้วย") || HealthHint("โรงงานส่งกลิ่น") {
		t.Error("health")
	}
}
