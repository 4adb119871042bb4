package lint

import (
	"regexp"
	"strings"
	"unicode"

	"prasan/internal/ropa"
)

// shorts are the short names of the ministry's bodies, with the slips of scanners.
var shorts = strings.NewReplacer(
	"ศทส.สปอ.", "ศูนย์เทคโนโลยีสารสนเทศและการสื่อสาร", "ศทส.", "ศูนย์เทคโนโลยีสารสนเทศและการสื่อสาร",
	"สปอ.", "สำนักงานปลัดกระทรวงอุตสาหกรรม", "สพอ.", "สำนักงานปลัดกระทรวงอุตสาหกรรม",
	"กรอ.", "กรมโรงงานอุตสาหกรรม", "กสอ.", "กรมส่งเสริมอุตสาหกรรม", "กพร.", "กรมอุตสาหกรรมพื้นฐานและการเหมืองแร่",
	"สมอ.", "สำนักงานมาตรฐานผลิตภัณฑ์อุตสาหกรรม", "สอน.", "สำนักงานคณะกรรมการอ้อยและน้ำตาลทราย", "สศอ.", "สำนักงานเศรษฐกิจอุตสาหกรรม",
	"อก.", "กระทรวงอุตสาหกรรม", "ภายใต้สังกัด", "ภายในสังกัด",
)

// squeeze writes short names out and keeps letters and digits only, for comparing.
func squeeze(s string) string {
	if strings.Contains(s, ".") || strings.Contains(s, "ภายใต้สังกัด") { // short names end in a dot
		s = shorts.Replace(s)
	}
	return strings.Map(func(r rune) rune {
		switch {
		case 0x0e00 < r && r < 0x0e5c, 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// alike is how much of two texts is the same, 0 to 1: pairs of letters in common.
func alike(a, b string) float64 {
	x, y := pairs(squeeze(a)), pairs(squeeze(b))
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	count := make(map[[2]rune]int, len(x))
	for _, p := range x {
		count[p]++
	}
	same := 0
	for _, p := range y {
		if count[p] > 0 {
			count[p]--
			same++
		}
	}
	return 2 * float64(same) / float64(len(x)+len(y))
}

func pairs(s string) [][2]rune {
	runes := []rune(s)
	out := make([][2]rune, 0, len(runes))
	for i := 1; i < len(runes); i++ {
		out = append(out, [2]rune{runes[i-1], runes[i]})
	}
	return out
}

// within tells whether one of two names is a part of the other.
func within(a, b string) bool {
	x, y := squeeze(a), squeeze(b)
	return x != "" && y != "" && (strings.Contains(x, y) || strings.Contains(y, x))
}

// abroad are forms of companies that are not Thai, and the largest of them.
var abroad = map[string]bool{"inc": true, "llc": true, "corp": true, "corporation": true, "gmbh": true, "plc": true, "pte": true,
	"google": true, "microsoft": true, "amazon": true, "facebook": true, "meta": true, "cloudflare": true, "apple": true, "tiktok": true}

var (
	// sends says, in a cell about something else, that data goes to another.
	sends    = regexp.MustCompile(`(มีการส่ง|ส่งต่อ|ส่งข้อมูล|โอนข้อมูล|เปิดเผยข้อมูล)[^.]*?(ไปยัง|ให้แก่|แก่หน่วยงาน|ให้หน่วยงาน)`)
	noAccess = regexp.MustCompile(`ไม่สามารถเข้าถึงข้อมูลส่วนบุคคล|เข้าถึงข้อมูลส่วนบุคคลไม่ได้|ไม่มีสิทธิ์?เข้าถึงข้อมูลส่วนบุคคล`)
	archived = regexp.MustCompile(`https?://\S*(/archive/|web\.archive\.org)\S*`)
	// agreement is how a remark cites one between controller and processor (s.40).
	agreement = regexp.MustCompile(`(?i)ข้อตกลง|สัญญา|\bDPA\b|agreement`)
	bracket   = regexp.MustCompile(`\(([^()]+)\)\s*$`)
	body      = regexp.MustCompile(`หน่วยงาน|สำนักงาน|กรม|กระทรวง|ศูนย์`)
)

// filler is what most purposes say and so tells none from another.
var filler = strings.NewReplacer("เพื่อ", "", "ความจำเป็นในการ", "", "การ", "", "บริการ", "", "ให้บริการ", "", "ข้อมูล", "", "หน่วยงานที่เกี่ยวข้อง", "", "ส่วนบุคคล", "")

// mentions tells whether a text speaks of a purpose: five letters in a row of what is
// its own.
func mentions(text, purpose string) bool {
	own := []rune(squeeze(filler.Replace(purpose)))
	if len(own) == 0 {
		return true // nothing of its own to look for
	}
	n := min(5, len(own))
	for i := 0; i+n <= len(own); i++ {
		if strings.Contains(text, string(own[i:i+n])) {
			return true
		}
	}
	return false
}

// sensitive are the words of data of PDPA s.26.
var sensitive = []string{"เชื้อชาติ", "เผ่าพันธุ์", "ความคิดเห็นทางการเมือง", "ศาสนา", "ลัทธิ", "พฤติกรรมทางเพศ", "ประวัติอาชญากรรม", "สุขภาพ", "ความพิการ", "สหภาพแรงงาน", "พันธุกรรม", "ข้อมูลชีวภาพ", "ลายนิ้วมือ", "จำลองใบหน้า", "ม่านตา", "หมู่เลือด", "กรุ๊ปเลือด"}

// firstOf is the word that stands first in a text; "" for none. Searching word by word
// costs a fraction of a pattern of many words.
func firstOf(text string, words []string) string {
	at, found := len(text), ""
	for _, w := range words {
		if i := strings.Index(text, w); i >= 0 && i < at {
			at, found = i, w
		}
	}
	return found
}

// isGiven tells whether a cell says something: a value, or that another decides.
func isGiven(c *ropa.Cell) bool {
	return c.State == ropa.Given || c.State == ropa.DelegatedToProvider || c.State == ropa.RecipientConditions
}

// sendsOn tells whether a cell of another column says that data goes to someone.
func sendsOn(c *ropa.Cell) bool {
	for _, op := range c.Operations {
		if op == "disclose" {
			return true
		}
	}
	return c.State == ropa.Given && (strings.Contains(c.Text, "ไปยัง") || strings.Contains(c.Text, "ให้") || strings.Contains(c.Text, "แก่หน่วยงาน")) && sends.MatchString(c.Text)
}
