package thai

import (
	"strings"
	"testing"
	"time"
)

func TestPhonesAsPeopleWriteThem(t *testing.T) {
	for in, want := range map[string]string{
		"0812345678": "08 1234 5678", "๐๘๑-๒๓๔-๕๖๗๘": "08 1234 5678", "+66 81 234 5678": "08 1234 5678", "0066812345678": "08 1234 5678", "(081) 234 5678": "08 1234 5678",
		"02-430-6967": "0 2430 6967", "+81 3-1234-5678": "+81 3-1234-5678", "+44 20 7946 0958": "+44 20 7946 0958",
		"": "", "12345": "", "081234567": "", "08123456789": "", "0112345678": "", "abc": "", "+": "", "+999999": "", "08123456７8": "08 1234 5678",
	} {
		p, err := ParsePhone(in)
		if (err == nil) != (want != "") || p.Display != want {
			t.Errorf("%q: %+v, %v; want %q", in, p, err, want)
		}
	}
}

func TestNamesOfPeopleAndWhatIsNone(t *testing.T) {
	for in, want := range map[string]string{
		"  มานี   สมมติวงศ์ ": "มานี สมมติวงศ์", "ณ อยุธยา": "ณ อยุธยา", "O’Neill-Søren": "O’Neill-Søren", "Nguyễn": "Nguyễn", "李": "李", "ม.ร.ว. ทดสอบ": "ม.ร.ว. ทดสอบ", "นำ": "นำ",
		"": "", "123": "", "a\u200bb": "", "a\u202eb": "", "\u0e48ก": "", "http://x": "", "ก" + strings.Repeat("\u0e48", 9): "", strings.Repeat("ก", 101): "", "<b>": "", "\xff": "", "---": "",
	} {
		got, err := CleanName(in)
		if (err == nil) != (want != "") || got != want {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestAddressesWithThaiDomainsAndWithout(t *testing.T) {
	for in, want := range map[string]string{
		"a@example.com": "a@example.com", " A.b+c@Example.COM ": "A.b+c@example.com", "ก@ตัวอย่าง.ไทย": "ก@xn--72c1a1bt4awk9o.xn--o3cw4h",
		"": "", "a": "", "a@b": "", "a@@b.com": "", "a b@c.com": "", "a@b.com\r\nBcc: x@y.z": "", ".a@b.com": "", "a..b@c.com": "", "a@-b.com": "", "a@b..com": "", strings.Repeat("a", 65) + "@b.com": "", "a\u200b@b.com": "",
	} {
		got, err := CleanEmail(in)
		if (err == nil) != (want != "") || got != want {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
}

func TestDatesOfTheBuddhistEra(t *testing.T) {
	at := time.Date(2026, 11, 22, 3, 15, 0, 0, time.UTC)
	for got, want := range map[string]string{
		DateShort(at, "th"): "22 พ.ย. 2569", DateLong(at, "th"): "22 พฤศจิกายน 2569", DateTime(at, "th"): "22 พ.ย. 2569, 10.15 น.", LetterDate(at): "๒๒ พฤศจิกายน ๒๕๖๙",
		DateTime(at, "en"): "22 Nov 2026, 10:15", DateShort(time.Date(2026, 12, 31, 18, 0, 0, 0, time.UTC), "th"): "1 ม.ค. 2570",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestWorkingDays(t *testing.T) {
	for day, want := range map[string]bool{"2026-11-24": true, "2026-11-22": false, "2026-12-10": false, "2027-01-01": false, "2026-12-07": false, "2027-04-14": false} {
		at, _ := time.ParseInLocation(time.DateOnly, day, Bangkok)
		if IsWorkingDay(at) != want {
			t.Errorf("%s: working %v, want %v", day, !want, want)
		}
	}
	at, _ := time.ParseInLocation(time.DateOnly, "2026-12-06", Bangkok)
	if got := OnWorkingDay(at).Format(time.DateOnly); got != "2026-12-04" {
		t.Errorf("got %s", got)
	}
}

func TestNationalIDs(t *testing.T) {
	if !ValidNationalID("1234567890121") || ValidNationalID("1234567890123") || ValidNationalID("12345") {
		t.Error("check digit")
	}
}

func FuzzCleaners(f *testing.F) {
	f.Add("๐๘๑ 234 5678")
	f.Add("ก\u0e48\u200b")
	f.Fuzz(func(t *testing.T, s string) {
		if c, err := CleanText(s, 100); err == nil {
			if again, err := CleanText(c, 100); err != nil || again != c {
				t.Errorf("CleanText is not stable: %q, %q", c, again)
			}
		}
		if p, err := ParsePhone(s); err == nil && p.E164 == "" {
			t.Error("a phone without a number")
		}
		_, _ = CleanName(s)
		_, _ = CleanEmail(s)
	})
}
