package form

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"prasan/internal/ropa"
)

// media are the words by which a medium of storage is known.
var media = []struct{ word, medium string }{
	{"database", "database"}, {"ฐานข้อมูล", "database"}, {"log", "log"}, {"mail", "email"}, {"อีเมล", "email"},
	{"file", "file"}, {"ไฟล์", "file"}, {"excel", "file"}, {"word", "file"}, {"drive", "file"}, {"กระดาษ", "paper"}, {"แฟ้ม", "paper"}, {"เอกสาร", "paper"},
}

// stores reads media and their places: one place for all, or one for each.
func (m *meaning) stores(s string) {
	location := m.rev.Form.Row("stores.location")
	items := listItems(s)
	if len(items) == 1 {
		items = strings.FieldsFunc(bracketed.ReplaceAllString(s, ""), func(r rune) bool { return strings.ContainsRune(",/;\n", r) })
	}
	places := listItems(location.Text)
	for i, item := range items {
		place := location.Text
		if len(places) == len(items) {
			place = places[i]
		}
		store := ropa.Store{Medium: mediumOf(item)}
		if location.State == ropa.Given {
			store.Location = phrase(place)
			m.cited(place)
		}
		if store.Medium == "" {
			store.Medium = "other"
			m.doubt("stores.medium", strings.TrimSpace(item), "เป็นการจัดเก็บประเภทใด", "what kind of store is this?")
		}
		m.rev.Stores = append(m.rev.Stores, store)
	}
}

// cited adds a paper that an answer refers to, if it is a known one.
func (m *meaning) cited(s string) {
	if _, title, ok := strings.Cut(s, "ตาม"); ok {
		if _, known := lexicon().documents[squeeze(title)]; known {
			m.document(title)
		}
	}
}

func mediumOf(item string) string {
	for _, x := range media {
		if strings.Contains(strings.ToLower(item), x.word) {
			return x.medium
		}
	}
	return ""
}

var numerals = strings.NewReplacer("สิบห้า", "15", "ยี่สิบ", "20", "สิบ", "10", "หนึ่ง", "1", "สอง", "2", "สาม", "3", "สี่", "4", "ห้า", "5", "หก", "6", "เจ็ด", "7", "แปด", "8", "เก้า", "9")

var length = regexp.MustCompile(`(?i)([0-9]{1,4})\s*(ปี|เดือน|วัน|years?|months?|days?)`)

var units = map[string]string{"ปี": "Y", "เดือน": "M", "วัน": "D", "year": "Y", "month": "M", "day": "D"}

// periods reads lengths of time: 10 ปี is P10Y.
func periods(s string) []string {
	var out []string
	for _, x := range length.FindAllStringSubmatch(numerals.Replace(arabic(s)), -1) {
		p := "P" + fmt.Sprint(number(x[1])) + units[strings.TrimSuffix(strings.ToLower(x[2]), "s")]
		if _, ok := ropa.ParsePeriod(p); ok && !slices.Contains(out, p) {
			out = append(out, p)
		}
	}
	return out
}

func (m *meaning) retention(s string) {
	found := periods(s)
	if len(found) != 1 {
		m.doubt("retention", s, "จัดเก็บเป็นเวลาเท่าใด", "for how long is it kept?")
		return
	}
	r := ropa.Retention{AppliesTo: "*", Period: found[0], OrOnOrder: strings.Contains(s, "คำสั่ง")}
	if m.model != nil && len(m.model.Retention) == 1 {
		r.Anchor = m.model.Retention[0].Anchor
		if ref := m.model.Retention[0].BasisRef; slices.Contains(m.rev.LegalRefs, ref) {
			r.BasisRef = ref
		}
	}
	if r.Anchor == "" {
		m.doubt("retention", s, "เริ่มนับระยะเวลาจัดเก็บจากเหตุการณ์ใด", "from which event does the period run?")
	}
	m.rev.Retention = []ropa.Retention{r}
}

var (
	times = regexp.MustCompile(`(ปี|เดือน|สัปดาห์)ละ\s*([0-9]{1,2})\s*ครั้ง`)
	every = regexp.MustCompile(`ทุก\s*(?:ๆ)?\s*([0-9]{0,3})\s*(ปี|เดือน|สัปดาห์|วัน|ไตรมาส)`)
)

// cycle reads how often: ปีละ 1 ครั้ง is P1Y, ทุก 6 เดือน is P6M.
func (m *meaning) cycle(field, s string) string {
	t := numerals.Replace(arabic(s))
	if x := times.FindStringSubmatch(t); x != nil {
		n := number(x[2])
		switch {
		case n == 0:
		case x[1] == "ปี" && n == 1:
			return "P1Y"
		case x[1] == "ปี" && 12%n == 0:
			return fmt.Sprintf("P%dM", 12/n)
		case x[1] == "เดือน" && n == 1:
			return "P1M"
		case x[1] == "สัปดาห์" && n == 1:
			return "P7D"
		}
	}
	if x := every.FindStringSubmatch(t); x != nil {
		n := max(1, number(x[1]))
		return map[string]string{"ปี": fmt.Sprintf("P%dY", n), "เดือน": fmt.Sprintf("P%dM", n), "สัปดาห์": fmt.Sprintf("P%dD", 7*n), "วัน": fmt.Sprintf("P%dD", n), "ไตรมาส": fmt.Sprintf("P%dM", 3*n)}[x[2]]
	}
	m.doubt(field, s, "รอบเป็นเท่าใด", "how often?")
	return ""
}

func (m *meaning) round(s string) {
	switch {
	case strings.Contains(s, "งบประมาณ"):
		m.rev.Destruction.Round = "fiscal-year-end"
	case anyOf(s, "สิ้นปี", "ปฏิทิน", "31 ธันวาคม"):
		m.rev.Destruction.Round = "calendar-year-end"
	default:
		m.doubt("destruction.round", s, "รอบการทำลายคือวันใด", "when is the round of destruction?")
	}
}

func (m *meaning) method(s string) {
	switch {
	case anyOf(s, "นโยบาย", "ระเบียบ", "แนวปฏิบัติ", "ประกาศ"):
		m.rev.Destruction.Method = m.document(listItems(s)[0])
	case anyOf(s, "คณะกรรมการ"):
		m.rev.Destruction.Method = "committee"
	case anyOf(s, "เผา"):
		m.rev.Destruction.Method = "burn"
	case anyOf(s, "ลบ", "มั่นคงปลอดภัย"):
		m.rev.Destruction.Method = "secure-delete"
	default:
		m.doubt("destruction.method", s, "ทำลายด้วยวิธีใด", "by which method?")
	}
}

// dashes part the entries under "1. ช่องทาง : - ... - ...".
var dashes = regexp.MustCompile(`(?:^|[\s:])[-–•]\s+`)

// breach parts the channels from those responsible.
func (m *meaning) breach(s string) {
	done := false
	for _, item := range listItems(s) {
		parts := dashes.Split(item, -1)
		head := squeeze(parts[0])
		if len(parts) == 1 {
			if h, rest, ok := strings.Cut(item, ":"); ok {
				head, parts = squeeze(h), []string{h, rest}
			}
		}
		for _, p := range parts[1:] {
			p = strings.TrimSpace(p)
			switch {
			case p == "":
			case likeness(signOf(head), signOf("ช่องทาง")) > .7:
				m.rev.Breach.Channels, done = append(m.rev.Breach.Channels, m.channel(p)), true
			case likeness(signOf(head), signOf("ผู้รับผิดชอบ")) > .7:
				m.rev.Breach.Responsible, done = append(m.rev.Breach.Responsible, m.responsible(p)), true
			}
		}
	}
	if !done {
		m.doubt("breach.channels", s, "ส่วนใดคือช่องทาง และผู้ใดรับผิดชอบ", "which part is the channel, and who is responsible?")
	}
}

// levels of risk, as people write them: before the name with a colon, or after it.
var (
	riskWords  = `(?:กรณี|เมื่อ)?\s*(?:มี|เป็น)?\s*(?:ระดับ)?\s*(?:ความ)?เสี่ยง\s*(?:ใน)?(?:ระดับ)?\s*(สูงมาก|สูง|ปานกลาง|กลาง|ต่ำ|น้อย)`
	riskBefore = regexp.MustCompile(`^` + riskWords + `\s*[:：=]?\s*(.+)$`)
	riskAfter  = regexp.MustCompile(`^(.+?)\s*\(?\s*` + riskWords + `\s*\)?$`)
	riskLevels = map[string]string{"สูงมาก": "high", "สูง": "high", "ปานกลาง": "risk", "กลาง": "risk", "ต่ำ": "none", "น้อย": "none"}
)

// responsible reads who acts on a breach, and from which level of risk.
func (m *meaning) responsible(s string) ropa.Responsible {
	level := ""
	if x := riskBefore.FindStringSubmatch(s); x != nil {
		level, s = riskLevels[x[1]], x[2]
	} else if x := riskAfter.FindStringSubmatch(s); x != nil {
		s, level = x[1], riskLevels[x[2]]
	}
	return ropa.ResponsibleFrom(m.principal("breach.channels", s), level)
}

func (m *meaning) channel(s string) ropa.Text {
	if m.model != nil {
		for _, c := range m.model.Breach.Channels {
			if squeeze(c.TH) == squeeze(s) {
				return c
			}
		}
	}
	t := phrase(s)
	if t.EN == "" {
		t.EN = m.rev.PartyName(m.known(s)).EN
	}
	return t
}

// afterRows settles what rests on several rows.
func (m *meaning) afterRows() {
	if t := m.rev.Duties.Terminate; len(t) > 0 && m.rev.Form.Row("destruction.round").State == ropa.Given {
		m.rev.Destruction.Approve = cmp.Or(t[0].Role, t[0].Position, t[0].Person, t[0].Org)
	}
}
