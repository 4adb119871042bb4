package thai

import "testing"

func TestPhoneNumbersInFreeText(t *testing.T) {
	for text, want := range map[string]bool{
		"โทรกลับที่ 081-234-5678 ด้วย": true, "ติดต่อ 02 430 6967": true, "เบอร์ ๐๘๑๒๓๔๕๖๗๘": true, "+66 81 234 5678": true,
		"เลขที่ 1101700230708": false, "พ.ศ. 2569": false, "รหัส 0812345678901234": false, "": false,
	} {
		if got := HasPhone(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
