package form

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"prasan/internal/ropa"
)

// vocabulary is what the records that the program is made from call things: another
// form of the same ministry means the same by the same words.
type vocabulary struct {
	english   map[string]string // by squeezed Thai
	parties   map[string]ropa.Party
	documents map[string]ropa.Document
	purposes  map[string]ropa.Purpose
	elements  map[string]ropa.Element // by code
	systems   map[string]string       // code by squeezed name
	groups    map[string]ropa.ProcessGroup
	codes     map[string]string         // code of an activity by its squeezed name
	records   map[string]*ropa.Revision // first revision by code
}

var lexicon = sync.OnceValue(func() *vocabulary {
	v := &vocabulary{map[string]string{}, map[string]ropa.Party{}, map[string]ropa.Document{}, map[string]ropa.Purpose{}, map[string]ropa.Element{},
		map[string]string{}, map[string]ropa.ProcessGroup{}, map[string]string{}, map[string]*ropa.Revision{}}
	for _, code := range ropa.SeedCodes {
		for _, n := range []int{1, 2} {
			if r := ropa.Seed(code, n); r != nil {
				v.learn(r, n == 1)
			}
		}
	}
	return v
})

func (v *vocabulary) learn(r *ropa.Revision, first bool) {
	v.translations(reflect.ValueOf(*r))
	keep := func(known bool, f func()) {
		if !known {
			f()
		}
	}
	for _, p := range r.Parties {
		_, ok := v.parties[squeeze(p.Name.TH)]
		keep(ok, func() { v.parties[squeeze(p.Name.TH)] = p })
	}
	for _, d := range r.Documents {
		_, ok := v.documents[squeeze(d.Title.TH)]
		keep(ok, func() { v.documents[squeeze(d.Title.TH)] = d })
	}
	for _, p := range r.Purposes {
		_, ok := v.purposes[squeeze(p.Text.TH)]
		keep(ok, func() { v.purposes[squeeze(p.Text.TH)] = p })
	}
	for _, e := range r.Elements {
		_, ok := v.elements[e.Code]
		keep(ok, func() { v.elements[e.Code] = e })
	}
	for _, s := range r.Flow.Steps {
		for _, x := range s.Systems {
			if x.Code != "" {
				v.systems[squeeze(x.Text)] = x.Code
			}
		}
	}
	v.groups[squeeze(r.ProcessGroup.Name.TH)] = r.ProcessGroup
	v.codes[squeeze(r.Name.TH)] = r.Code
	if first {
		v.records[r.Code] = r
	}
}

// translations gathers every phrase that has both languages.
func (v *vocabulary) translations(x reflect.Value) {
	switch x.Kind() {
	case reflect.Struct:
		if t, ok := x.Interface().(ropa.Text); ok {
			if t.TH != "" && t.EN != "" && v.english[squeeze(t.TH)] == "" {
				v.english[squeeze(t.TH)] = t.EN
			}
			return
		}
		for i := range x.NumField() {
			v.translations(x.Field(i))
		}
	case reflect.Slice:
		for i := range x.Len() {
			v.translations(x.Index(i))
		}
	}
}

// phrase is Thai text with its English, where that is known.
func phrase(th string) ropa.Text {
	return ropa.Text{TH: th, EN: lexicon().english[squeeze(th)]}
}

// shorts are the short names of the ministry's bodies, with the slips of scanners.
var shorts = strings.NewReplacer("ศทส.สปอ.", "ศูนย์เทคโนโลยีสารสนเทศและการสื่อสาร", "ศทส.", "ศูนย์เทคโนโลยีสารสนเทศและการสื่อสาร",
	"สปอ.", "สำนักงานปลัดกระทรวงอุตสาหกรรม", "สพอ.", "สำนักงานปลัดกระทรวงอุตสาหกรรม", "อก.", "กระทรวงอุตสาหกรรม",
	"กรอ.", "กรมโรงงานอุตสาหกรรม", "กสอ.", "กรมส่งเสริมอุตสาหกรรม", "กพร.", "กรมอุตสาหกรรมพื้นฐานและการเหมืองแร่",
	"สมอ.", "สำนักงานมาตรฐานผลิตภัณฑ์อุตสาหกรรม", "สอน.", "สำนักงานคณะกรรมการอ้อยและน้ำตาลทราย", "สศอ.", "สำนักงานเศรษฐกิจอุตสาหกรรม")

// datum is a personal datum that forms name, in the ways that they write it.
type datum struct {
	code, kind string
	label      ropa.Text
	words      []string
}

var data = []datum{
	{"given_name", "form", ropa.Text{TH: "ชื่อ", EN: "Given name"}, []string{"ชื่อจริง", "ชื่อตัว", "ชื่อ", "given name", "first name"}},
	{"family_name", "form", ropa.Text{TH: "นามสกุล", EN: "Family name"}, []string{"นามสกุล", "ชื่อสกุล", "สกุล", "family name", "surname", "last name"}},
	{"mobile_phone", "form", ropa.Text{TH: "โทรศัพท์มือถือ", EN: "Mobile phone"}, []string{"เบอร์โทรศัพท์มือถือ", "หมายเลขโทรศัพท์มือถือ", "หมายเลขโทรศัพท์", "โทรศัพท์มือถือ", "เบอร์มือถือ", "เบอร์โทรศัพท์", "เบอร์โทร", "โทรศัพท์", "mobile phone", "telephone"}},
	{"email", "form", ropa.Text{TH: "อีเมล", EN: "E-mail"}, []string{"ที่อยู่อีเมล", "ที่อยู่อีเมล์", "อีเมล์", "อีเมล", "จดหมายอิเล็กทรอนิกส์", "ไปรษณีย์อิเล็กทรอนิกส์", "e-mail address", "e-mail"}},
	{"national_id", "form", ropa.Text{TH: "เลขประจำตัวประชาชน", EN: "National identification number"}, []string{"รหัสบัตรประชาชน", "รหัสประจำตัวประชาชน", "เลขที่บัตรประชาชน", "เลขบัตรประชาชน", "หมายเลขบัตรประชาชน", "เลขบัตรประจำตัวประชาชน", "หมายเลขบัตรประจำตัวประชาชน", "เลขประจำตัวประชาชน", "บัตรประชาชน", "บัตรประจำตัวประชาชน"}},
	{"passport_no", "form", ropa.Text{TH: "เลขที่หนังสือเดินทาง", EN: "Passport number"}, []string{"เลขที่หนังสือเดินทาง", "หนังสือเดินทาง", "passport"}},
	{"birth_date", "form", ropa.Text{TH: "วันเกิด", EN: "Date of birth"}, []string{"วันเดือนปีเกิด", "ว/ด/ป เกิด", "วันเกิด", "date of birth"}},
	{"age", "form", ropa.Text{TH: "อายุ", EN: "Age"}, []string{"อายุ"}},
	{"sex", "form", ropa.Text{TH: "เพศ", EN: "Sex"}, []string{"เพศ"}},
	{"nationality", "form", ropa.Text{TH: "สัญชาติ", EN: "Nationality"}, []string{"สัญชาติ"}},
	{"ethnicity", "form", ropa.Text{TH: "เชื้อชาติ", EN: "Ethnicity"}, []string{"เชื้อชาติ"}},
	{"religion", "form", ropa.Text{TH: "ศาสนา", EN: "Religion"}, []string{"ศาสนา"}},
	{"blood_group", "form", ropa.Text{TH: "หมู่โลหิต", EN: "Blood group"}, []string{"หมู่โลหิต", "กรุ๊ปเลือด", "หมู่เลือด"}},
	{"health", "form", ropa.Text{TH: "ข้อมูลสุขภาพ", EN: "Health data"}, []string{"ข้อมูลสุขภาพ", "สุขภาพ"}},
	{"address", "form", ropa.Text{TH: "ที่อยู่", EN: "Address"}, []string{"ที่อยู่ตามทะเบียนบ้าน", "ที่อยู่ปัจจุบัน", "ที่อยู่", "postal address"}},
	{"occupation", "form", ropa.Text{TH: "อาชีพ", EN: "Occupation"}, []string{"อาชีพ"}},
	{"job_title", "form", ropa.Text{TH: "ตำแหน่ง", EN: "Position"}, []string{"ตำแหน่งงาน", "ตำแหน่ง"}},
	{"workplace", "form", ropa.Text{TH: "สถานที่ทำงาน", EN: "Workplace"}, []string{"สถานที่ทำงาน", "ที่ทำงาน"}},
	{"education", "form", ropa.Text{TH: "ประวัติการศึกษา", EN: "Education"}, []string{"ประวัติการศึกษา", "วุฒิการศึกษา", "การศึกษา"}},
	{"photo", "content", ropa.Text{TH: "ภาพถ่าย", EN: "Photograph"}, []string{"ภาพถ่าย", "รูปถ่าย", "รูปภาพ"}},
	{"signature", "content", ropa.Text{TH: "ลายมือชื่อ", EN: "Signature"}, []string{"ลายมือชื่อ", "ลายเซ็น"}},
	{"fingerprint", "content", ropa.Text{TH: "ลายนิ้วมือ", EN: "Fingerprint"}, []string{"ลายนิ้วมือ"}},
	{"bank_account", "form", ropa.Text{TH: "เลขที่บัญชีธนาคาร", EN: "Bank account"}, []string{"เลขที่บัญชีธนาคาร", "เลขบัญชีธนาคาร", "บัญชีธนาคาร"}},
	{"line_id", "account", ropa.Text{TH: "ไลน์ไอดี", EN: "LINE ID"}, []string{"ไลน์ไอดี", "line id"}},
	{"google_account_name", "account", ropa.Text{TH: "ชื่อบัญชี Google", EN: "Google account name"}, []string{"ชื่อบัญชี Google", "บัญชี Google"}},
	{"user_account", "account", ropa.Text{TH: "บัญชีผู้ใช้", EN: "User account"}, []string{"ชื่อบัญชีผู้ใช้", "บัญชีผู้ใช้", "ชื่อผู้ใช้", "username"}},
	{"password", "account", ropa.Text{TH: "รหัสผ่าน", EN: "Password"}, []string{"รหัสผ่าน", "password"}},
	{"ip_address", "technical", ropa.Text{TH: "IP Address", EN: "IP address"}, []string{"หมายเลข IP Address", "หมายเลขไอพี", "IP Address", "ไอพีแอดเดรส"}},
	{"cookie_id", "technical", ropa.Text{TH: "คุกกี้", EN: "Cookie identifier"}, []string{"ข้อมูลคุกกี้", "คุกกี้", "cookies", "cookie"}},
	{"device", "technical", ropa.Text{TH: "ข้อมูลอุปกรณ์", EN: "Device data"}, []string{"ข้อมูลอุปกรณ์", "ชนิดอุปกรณ์"}},
	{"vehicle_plate", "form", ropa.Text{TH: "ทะเบียนรถ", EN: "Vehicle registration"}, []string{"หมายเลขทะเบียนรถ", "ทะเบียนรถยนต์", "ทะเบียนรถ"}},
	{"message", "content", ropa.Text{TH: "รายละเอียดของเรื่อง", EN: "Message"}, []string{"รายละเอียดของเรื่อง", "ข้อความ"}},
	{"attachment", "content", ropa.Text{TH: "ไฟล์แนบ", EN: "Attachment"}, []string{"ไฟล์แนบ", "เอกสารแนบ"}},
}

// datumWords are all words for data, longest first, so that a part is not taken for
// the whole.
var datumWords = sync.OnceValue(func() []datumWord {
	var out []datumWord
	for _, d := range data {
		for _, w := range d.words {
			out = append(out, datumWord{[]rune(squeeze(w)), d.code})
		}
	}
	slices.SortStableFunc(out, func(a, b datumWord) int { return len(b.word) - len(a.word) })
	return out
})

type datumWord struct {
	word []rune
	code string
}

func datumOf(code string) datum {
	for _, d := range data {
		if d.code == code {
			return d
		}
	}
	return datum{code: code}
}

// mentioned are the data that a text names, in its order; left is what of the text is
// none and no filler.
func mentioned(text string) (codes []string, left string) {
	runes := []rune(squeeze(text))
	var rest []rune
	for i := 0; i < len(runes); {
		n := 0
		for _, w := range datumWords() {
			if hasPrefix(runes[i:], w.word) {
				n = len(w.word)
				if !slices.Contains(codes, w.code) {
					codes = append(codes, w.code)
				}
				break
			}
		}
		if n == 0 {
			rest = append(rest, runes[i])
			n = 1
		}
		i += n
	}
	return codes, fillers.Replace(string(rest))
}

var fillers = strings.NewReplacer("ข้อมูลส่วนบุคคล", "", "ข้อมูล", "", "ประกอบด้วย", "", "ได้แก่", "", "และหรือ", "", "และ", "", "หรือ", "", "ของ", "", "ผู้แจ้ง", "", "1", "", "2", "", "3", "", "4", "", "5", "", "6", "", "7", "", "8", "", "9", "", "0", "")

func hasPrefix(s, prefix []rune) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i, r := range prefix {
		if s[i] != r {
			return false
		}
	}
	return true
}
