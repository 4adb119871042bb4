package public_test

import (
	"strings"
	"testing"

	"prasan/internal/db/dbtest"
	"prasan/internal/webtest"
)

// What people type is taken as they write it where it can be meant, and otherwise named
// beside its field, in both languages, with all that was typed still there.
func TestWhatPeopleTypeIsTakenOrNamedAtItsField(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	sender := func(lang string) *webtest.Page {
		p := s.send(s.get("/"+lang+"/contact", 200), 200, map[string]string{"topic": "problem"})
		return s.send(p, 200, map[string]string{"message": "x"})
	}
	good := map[string]string{"given_name": "มานี", "family_name": "ใจดี", "phone": "08 1234 5678", "email": "manee@example.com"}
	for name, row := range map[string]struct{ field, value, shown string }{
		"Thai digits":           {"phone", "๐๘ ๑๒๓๔ ๕๖๗๘", "08 1234 5678"},
		"a foreign phone":       {"phone", "+62 812-3456-789", "812"},
		"a Thai domain":         {"email", "ติดต่อ@ตัวอย่าง.ไทย", "ติดต่อ@ตัวอย่าง.ไทย"},
		"a Thai domain, ASCII":  {"email", "manee@xn--72c1a1bt4awk9o.xn--o3cw4h", "manee@ตัวอย่าง.ไทย"},
		"a single name":         {"family_name", "", "มานี"},
		"marks above and below": {"given_name", "ญาณิศ์ กิ๊บปู้", "กิ๊บปู้"},
		"a name with a point":   {"given_name", "ม.ร.ว. สมมติ", "ม.ร.ว."},
	} {
		f := sender("th").Form("phone")
		for k, v := range good {
			f.Set(k, v)
		}
		p, err := f.Set(row.field, row.value).Submit()
		if p = s.page(p, err, 200); !strings.Contains(p.Body, row.shown) {
			t.Errorf("%s: %q is not on the check page", name, row.shown)
		}
	}
	for name, row := range map[string]struct{ field, value string }{
		"invisible":            {"given_name", "มา\u200bนี"},
		"turned round":         {"given_name", "มา\u202eนี"},
		"a mark on nothing":    {"given_name", "\u0e48มานี"},
		"a tower of marks":     {"given_name", "ม" + strings.Repeat("\u0e48", 9)},
		"a combining tower":    {"family_name", "a" + strings.Repeat("\u0301", 40)},
		"over-long":            {"given_name", strings.Repeat("ก", 101)},
		"an address":           {"given_name", "https://example.com/"},
		"two lines":            {"email", "manee@example.com\r\nBcc: all@example.com"},
		"an over-long address": {"email", strings.Repeat("a", 250) + "@example.com"},
		"no domain":            {"email", "manee@"},
		"a short phone":        {"phone", "๑๒"},
		"a phone of letters":   {"phone", "โทรหาฉัน"},
		"an endless phone":     {"phone", strings.Repeat("9", 4000)},
	} {
		for _, lang := range []string{"th", "en"} {
			f := sender(lang).Form("phone")
			for k, v := range good {
				f.Set(k, v)
			}
			p, err := f.Set(row.field, row.value).Submit()
			p = s.page(p, err, 422)
			if p.ByID("errors") == nil || p.ByID(row.field+"-error") == nil {
				t.Errorf("%s, %s: nothing at the field", name, lang)
			}
			for k, v := range good {
				if got := p.Form("phone").Values.Get(k); k != row.field && got != v {
					t.Errorf("%s, %s: %s was %q and is %q", name, lang, k, v, got)
				}
			}
		}
	}
}
