package form

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"prasan/internal/ropa"
)

var (
	personWords   = regexp.MustCompile(`^(นาย|นาง|นางสาว|น\.ส\.|ดร\.|ว่าที่|พ\.?ต\.?|Mr|Mrs|Ms|Miss|Dr)`)
	positionWords = regexp.MustCompile(`^(ผู้อำนวยการ|ผู้บริหาร|ผู้จัดการ|ผู้เชี่ยวชาญ|หัวหน้า|อธิบดี|ปลัด|รอง|เลขา|นัก|ผอ\.|อุตสาหกรรมจังหวัด|เจ้าพนักงาน)`)
	providerWords = regexp.MustCompile(`(?i)^ผู้ให้บริการ|^บริษัท|\b(inc|llc|ltd|corp)\b|^google|^microsoft|^amazon|^meta\b`)
	groupWords    = regexp.MustCompile(`^(หน่วยงาน|ส่วนราชการ)`)
	bodyWords     = regexp.MustCompile(`^(กรม|กระทรวง|กอง|กลุ่ม|สำนัก|ศูนย์|ฝ่าย|สถาบัน|องค์การ|การ|คณะกรรมการ|ธนาคาร|มหาวิทยาลัย|เทศบาล|จังหวัด)`)
	bracketed     = regexp.MustCompile(`\(([^()]+)\)`)
	within        = regexp.MustCompile(`^(?:หน่วยงาน|ส่วนราชการ)(?:ต่าง\s*ๆ)?(?:ภายใน|ภายใต้|ใน)(?:สังกัด)?\s*(.+)$`)
)

// kindOf tells what sort of party a name is; "" where that cannot be told.
func kindOf(name string) string {
	for _, k := range []struct {
		words *regexp.Regexp
		kind  string
	}{{personWords, "person"}, {positionWords, "position"}, {providerWords, "provider"}, {groupWords, "group"}, {bodyWords, "organisation"}} {
		if k.words.MatchString(name) {
			return k.kind
		}
	}
	return ""
}

// party finds a body or person by name among those of the record and those that the
// ministry's other records name, and adds it to the record; "" for what is none.
func (m *meaning) party(name string) string {
	name = strings.TrimSpace(name)
	if name == "" {
		return ""
	}
	full := shorts.Replace(name)
	if p, ok := m.knownParty(full); ok {
		return m.addParty(p)
	}
	kind := kindOf(full)
	if kind == "" {
		return ""
	}
	return m.addParty(ropa.Party{Code: m.newCode(kind, full), Kind: kind, Name: phrase(full)})
}

// knownParty: people by their exact name; bodies also where a letter was misread.
func (m *meaning) knownParty(name string) (ropa.Party, bool) {
	s := squeeze(name)
	for _, p := range m.rev.Parties {
		if squeeze(p.Name.TH) == s {
			return p, true
		}
	}
	if p, ok := lexicon().parties[s]; ok {
		return p, true
	}
	if kindOf(name) == "person" {
		return ropa.Party{}, false
	}
	sign, top, found := signOf(name), .93, ropa.Party{}
	for key, p := range lexicon().parties {
		if l := likeness(sign, signOf(key)); p.Kind != "person" && (l > top || l == top && p.Code < found.Code) {
			top, found = l, p
		}
	}
	return found, found.Code != ""
}

func (m *meaning) addParty(p ropa.Party) string {
	if _, ok := m.rev.Party(p.Code); !ok {
		p.Members = nil // who belongs to a group is not said on the form
		m.rev.Parties = append(m.rev.Parties, p)
	}
	return p.Code
}

var latin = regexp.MustCompile(`[a-z][a-z0-9]+`)

// newCode makes a code of the Latin words of a name, or numbers the kind.
func (m *meaning) newCode(kind, name string) string {
	if w := latin.FindAllString(strings.ToLower(name), 3); len(w) > 0 {
		code := strings.Join(w, "-")
		if _, taken := m.rev.Party(code); !taken && len(code) < 40 {
			return code
		}
	}
	for n := 1; ; n++ {
		code := fmt.Sprintf("%s-%d", kind, n)
		if _, taken := m.rev.Party(code); !taken {
			return code
		}
	}
}

// principals reads who is named: each item of a list is a role, a person, a position, a
// body, a provider, or a name that is asked about.
func (m *meaning) principals(field, text string) []ropa.Principal {
	var out []ropa.Principal
	for _, item := range listItems(text) {
		item = strings.Trim(item, " -•,;\n")
		if item != "" {
			out = append(out, m.principal(field, item))
		}
	}
	return out
}

var roleNames = []struct {
	sign
	role string
}{
	{signOf("หัวหน้าส่วนราชการหรือผู้ที่ได้รับมอบหมาย"), "head-or-delegate"},
	{signOf("หัวหน้าหน่วยงานหรือผู้ที่ได้รับมอบหมาย"), "head-or-delegate"},
	{signOf("เจ้าหน้าที่ผู้รับผิดชอบหรือผู้ที่ได้รับมอบหมายของหน่วยงาน"), "officer"},
	{signOf("เจ้าหน้าที่ผู้รับผิดชอบ"), "officer"},
	{signOf("เจ้าหน้าที่คุ้มครองข้อมูลส่วนบุคคล"), "dpo"},
	{signOf("DPO ของหน่วยงาน"), "dpo"},
	{signOf("DPO"), "dpo"},
}

func (m *meaning) principal(field, item string) ropa.Principal {
	s := signOf(item)
	for _, r := range roleNames {
		if likeness(s, r.sign) > .85 {
			return ropa.Principal{Role: r.role}
		}
	}
	full := strings.TrimSpace(shorts.Replace(item))
	if x := within.FindStringSubmatch(full); x != nil {
		if p, ok := m.knownParty(x[1]); ok {
			return ropa.Principal{Org: m.addParty(p), Within: true}
		}
	}
	if p, ok := m.provider(full); ok {
		return p
	}
	if staff, ok := strings.CutPrefix(full, "เจ้าหน้าที่"); ok {
		if p, known := m.knownParty(staff); known {
			return ropa.Principal{Org: m.addParty(p)}
		}
	}
	switch code := m.party(full); m.kind(code) {
	case "person":
		return ropa.Principal{Person: code}
	case "position":
		return ropa.Principal{Position: code}
	case "provider":
		return ropa.Principal{Provider: code}
	case "organisation", "group":
		return ropa.Principal{Org: code}
	}
	m.doubt(field, item, "ไม่ทราบว่าหมายถึงผู้ใด: บุคคล ตำแหน่ง หรือหน่วยงาน", "who is meant: a person, a position or a body?")
	return ropa.Principal{Other: item}
}

// provider reads "ผู้ให้บริการ (Google Inc.)", and "ผู้ให้บริการ" alone where the record
// has just one.
func (m *meaning) provider(text string) (ropa.Principal, bool) {
	rest, ok := strings.CutPrefix(text, "ผู้ให้บริการ")
	if !ok {
		return ropa.Principal{}, false
	}
	if name := strings.Trim(rest, " ()"); name != "" {
		p, known := m.knownParty(name)
		if !known {
			p = ropa.Party{Code: m.newCode("provider", name), Kind: "provider", Name: phrase(name)}
		}
		return ropa.Principal{Provider: m.addParty(p)}, true
	}
	var providers []string
	for _, p := range m.rev.Parties {
		if p.Kind == "provider" {
			providers = append(providers, p.Code)
		}
	}
	if len(providers) == 1 {
		return ropa.Principal{Provider: providers[0]}, true
	}
	return ropa.Principal{}, false
}

func (m *meaning) kind(code string) string {
	p, _ := m.rev.Party(code)
	return p.Kind
}

// actorOf is the body behind a cell of the tables, which often names a system of it.
func (m *meaning) actorOf(text string) string {
	full := shorts.Replace(text)
	if p, ok := lexicon().parties[squeeze(full)]; ok {
		return m.addParty(p)
	}
	if strings.Contains(squeeze(full), "ใต้สังกัดสำนักงานปลัดกระทรวงอุตสาหกรรม") {
		return m.known("สำนักงานปลัดกระทรวงอุตสาหกรรม")
	}
	if p, ok := m.knownParty(strings.TrimSpace(strings.SplitN(full, "(", 2)[0])); ok {
		return m.addParty(p)
	}
	if p, ok := m.provider(full); ok {
		return p.Provider
	}
	if b := bracketed.FindStringSubmatch(full); b != nil {
		if p, ok := m.knownParty(b[1]); ok {
			return m.addParty(p)
		}
	}
	switch s := squeeze(full); {
	case strings.Contains(s, squeeze("ศูนย์เทคโนโลยีสารสนเทศและการสื่อสาร")):
		return m.known("ศูนย์เทคโนโลยีสารสนเทศและการสื่อสาร")
	case strings.Contains(s, squeeze("สังกัดกระทรวงอุตสาหกรรม")):
		return m.known("หน่วยงานภายในสังกัดกระทรวงอุตสาหกรรม")
	}
	return ""
}

func (m *meaning) known(name string) string {
	if p, ok := m.knownParty(name); ok {
		return m.addParty(p)
	}
	return ""
}

// document finds a paper by its title, whole or in part, and adds it to the record.
func (m *meaning) document(title string) string {
	title = strings.Trim(title, " ,;\n")
	s := squeeze(title)
	if len([]rune(s)) < 6 {
		return ""
	}
	for _, d := range m.rev.Documents {
		if sameTitle(s, squeeze(d.Title.TH)) {
			return d.Code
		}
	}
	found := ""
	for key, d := range lexicon().documents {
		if sameTitle(s, key) && (found == "" || key == s || d.Code < lexicon().documents[found].Code && found != s) {
			found = key
		}
	}
	d := lexicon().documents[found]
	if found == "" {
		d = ropa.Document{Code: fmt.Sprintf("document-%d", len(m.rev.Documents)+1), Title: phrase(title), Year: yearOf(title)}
	}
	m.rev.Documents = append(m.rev.Documents, d)
	return d.Code
}

// sameTitle: equal, misread by a letter, or one the beginning of the other.
func sameTitle(a, b string) bool {
	if a == b {
		return true
	}
	short, long := a, b
	if len(short) > len(long) {
		short, long = long, short
	}
	return len([]rune(short)) > 20 && (strings.HasPrefix(long, short) || alike(a, b) > .95 && digitsOf(a) == digitsOf(b))
}

func digitsOf(s string) string {
	return strings.Join(regexp.MustCompile(`[0-9]+`).FindAllString(arabic(s), -1), " ")
}

var era = regexp.MustCompile(`พ\.?\s*ศ\.?\s*(25[0-9]{2})`)

// yearOf is the year of a title, in the Common Era.
func yearOf(title string) int {
	if y := era.FindStringSubmatch(arabic(title)); y != nil {
		return number(y[1]) - 543
	}
	return 0
}

// documents reads a list of papers.
func (m *meaning) documents(text string) []string {
	var out []string
	for _, item := range listItems(text) {
		if code := m.document(item); code != "" && !slices.Contains(out, code) {
			out = append(out, code)
		}
	}
	return out
}
