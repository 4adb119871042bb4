package thai

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestWordsOfThaiText(t *testing.T) {
	for text, want := range map[string]string{
		"ประชาชนได้รับความเดือดร้อนจากกลิ่นเหม็นของโรงงาน": "ประชาชน|ได้|รับ|ความ|เดือด|ร้อน|จาก|กลิ่น|เหม็น|ของ|โรงงาน",
		"จึงเรียนมาเพื่อโปรดพิจารณา":                       "จึง|เรียน|มา|เพื่อ|โปรด|พิจารณา",
		"เอกสารต่างๆ และอื่นๆ":                             "เอกสาร|ต่างๆ| |และ|อื่น|ๆ",
		"ขอส่งเรื่องจำนวน ๒ เรื่อง":                        "ขอ|ส่ง|เรื่อง|จำนวน| |๒| |เรื่อง",
		"": "",
	} {
		if got := strings.Join(Words(text), "|"); got != want {
			t.Errorf("%q\n got %s\nwant %s", text, got, want)
		}
	}
}

func TestNamesAreNotBroken(t *testing.T) {
	b := NewBreaker("สำนักงานปลัดกระทรวงอุตสาหกรรม", "กรมโรงงานอุตสาหกรรม", "นายสมชาย ใจดี")
	text := "สำนักงานอุตสาหกรรมจังหวัดพระนครศรีอยุธยาขอเรียนว่านายสมชาย ใจดี ได้แจ้งกรมโรงงานอุตสาหกรรมและสำนักงานปลัดกระทรวงอุตสาหกรรมแล้ว"
	for _, name := range []string{"จังหวัดพระนครศรีอยุธยา", "นายสมชาย ใจดี", "กรมโรงงานอุตสาหกรรม", "สำนักงานปลัดกระทรวงอุตสาหกรรม"} {
		at := strings.Index(text, name)
		for _, k := range b.Breaks(text) {
			if k > at && k < at+len(name) {
				t.Errorf("%s is broken at %q", name, text[at:k])
			}
		}
	}
}

func TestWhereLinesMayEnd(t *testing.T) {
	for text, want := range map[string]string{
		"คน\u200bงาน ก":                  "คน|\u200b|งาน |ก",
		"โทร. 0\u00a02430\u00a06967 ต่อ": "โทร. |0\u00a02430\u00a06967 |ต่อ",
		"(โรงงาน) แห่ง":                  "(โรงงาน) |แห่ง",
		"ที่ อก ๐๒๐๑/๑๒๓":                "ที่ |อก |๐๒๐๑/๑๒๓",
		"ทั้งนี้ ฯลฯ และ “กฎหมาย” ดัง":   "ทั้งนี้ ฯลฯ |และ |“กฎหมาย” |ดัง",
		"Ministry of Industry":           "Ministry |of |Industry",
		"saraban@ops.example":            "saraban@ops.example",
	} {
		var got []string
		from := 0
		for _, k := range append(plain().Breaks(text), len(text)) {
			got = append(got, text[from:k])
			from = k
		}
		if g := strings.Join(got, "|"); strings.ReplaceAll(g, "|\u200b", "\u200b") != strings.ReplaceAll(want, "|\u200b", "\u200b") {
			t.Errorf("%q\n got %q\nwant %q", text, g, want)
		}
	}
}

func TestAWordThatNobodyKnowsStaysWhole(t *testing.T) {
	if got := plain().Breaks("ฎฎ่ฎ้ฎฎ"); len(got) > 0 {
		t.Errorf("letters that are no word are broken at %v", got)
	}
}

func FuzzWords(f *testing.F) {
	f.Add("ประชาชนได้รับความเดือดร้อน จาก A-B ๑๒ ่่ เเเ")
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		if got := strings.Join(Words(text), ""); got != text {
			t.Fatalf("%q became %q", text, got)
		}
		breaks := plain().Breaks(text)
		if !slices.IsSorted(breaks) {
			t.Fatal("not in order")
		}
		for _, k := range breaks {
			if r, _ := utf8.DecodeRuneInString(text[k:]); unicode.IsMark(r) || !utf8.RuneStart(text[k]) {
				t.Fatalf("%q: a line begins with a mark at %d", text, k)
			}
		}
	})
}

func BenchmarkBreaks(b *testing.B) {
	text := strings.Repeat("ประชาชนได้รับความเดือดร้อนจากกลิ่นเหม็นของโรงงานจึงเรียนมาเพื่อโปรดพิจารณา ", 20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		plain().Breaks(text)
	}
}
