package form

import (
	"fmt"
	"regexp"
	"strings"

	"prasan/internal/ropa"
)

// fits are the words by which the cells of a column are known, so that a row whose
// cells have slipped is noticed.
var fits = map[string]*regexp.Regexp{
	"no":            regexp.MustCompile(`^[0-9๐-๙]{1,3}\.?$`),
	"status":        regexp.MustCompile(`ใช้งาน|พัฒนา|ยกเลิก|ปรับปรุง`),
	"applied":       regexp.MustCompile(`^(?i:มี|ไม่มี|yes|no|n/a|-)$`),
	"mode":          regexp.MustCompile(`(?i)ส่งข้อมูล|รับข้อมูล|online|offline|รูปแบบ`),
	"processing_by": regexp.MustCompile(`ประมวลผล`),
	"hosting":       regexp.MustCompile(`(?i)cloud|premise|คลาวด์`),
	"cloud_region":  regexp.MustCompile(`คลาวด์|ในประเทศ|ต่างประเทศ`),
}

// readInventory reads systems and their lines of exchange until the table ends.
func (rd *reader) readInventory(lines []line, i int, t table) int {
	for i < len(lines) {
		l := &lines[i]
		if l.isBlank() || isFurniture(l.text()) {
			i++
			continue
		}
		if _, other := findTable(lines, i, flowColumns); other {
			return i
		}
		if !t.isSystem(l) && !t.isExchange(l) {
			return i
		}
		row, n := rd.mend(lines, i, t.width, func(next *line) bool { return t.isSystem(next) || t.isExchange(next) })
		rd.system(&row, t)
		i += n
	}
	return i
}

func (t *table) isSystem(l *line) bool {
	filled := l.filled()
	if len(filled) < 2 {
		return false
	}
	first := filled[0]
	return fits["no"].MatchString(l.cell(first)) && abs(first-t.at[0]) <= 2 || first == t.at[1] && len(filled) >= 4
}

// isExchange tells a further line of exchange: the cells of the system are empty.
func (t *table) isExchange(l *line) bool {
	filled := l.filled()
	return len(filled) >= 2 && t.at[5] >= 0 && filled[0] >= t.at[5]-1 && filled[0] <= t.at[5]+1 && fits["applied"].MatchString(l.cell(filled[0]))
}

// slip finds by how many cells a row has slipped, from the words that its cells hold;
// sure is whether it stands as it should.
func (t *table) slip(l *line) (offset int, sure bool) {
	fit := func(offset int) (right, wrong int) {
		for k, c := range inventoryColumns {
			if words := fits[c.id]; words != nil {
				switch text, _ := t.get(l, k, offset); {
				case text == "":
				case words.MatchString(text):
					right++
				case stateOf(text) == ropa.Given:
					wrong++
				}
			}
		}
		return right, wrong
	}
	right, wrong := fit(0)
	if wrong == 0 {
		return 0, true
	}
	top := right - 2*wrong
	for _, o := range []int{1, -1, 2, -2} {
		if r, w := fit(o); w == 0 && r-2*w > top {
			top, offset = r-2*w, o
		}
	}
	return offset, offset != 0
}

func (rd *reader) system(l *line, t table) {
	offset, sure := t.slip(l)
	confidence := t.sure
	systems := &rd.rev.Inventory.Systems
	cell := func(k int) string { text, _ := t.get(l, k, offset); return text }
	isNew := cell(0) != "" || cell(1) != "" || len(*systems) == 0
	if isNew {
		s := ropa.System{No: number(strings.Trim(cell(0), ". ")), Name: cell(1)}
		if s.No == 0 {
			s.No = len(*systems) + 1
		}
		*systems = append(*systems, s)
	}
	n := len(*systems) - 1
	s := &(*systems)[n]
	path := fmt.Sprintf("inventory.systems[%d]", n)
	if !sure {
		confidence = .6
		rd.ask(path, l.place(0), l.text(), "ช่องของระบบนี้เลื่อนจากตำแหน่ง โปรดตรวจว่าข้อความอยู่ในช่องที่ถูกต้อง", "the cells of this system have slipped: check that each text stands in its column")
	} else if offset != 0 {
		confidence = min(confidence, .85)
	}
	exchange := cell(5) != "" || cell(6) != "" || cell(7) != "" || cell(8) != ""
	if exchange {
		s.Exchanges = append(s.Exchanges, ropa.Exchange{})
	}
	for k, c := range inventoryColumns {
		text, place := t.get(l, k, offset)
		if !isNew && text == "" || k >= 5 && k <= 8 && !exchange || k == 0 {
			continue
		}
		id := putSystem(s, c.id, len(s.Exchanges)-1, text, isNew)
		rd.Fields = append(rd.Fields, Field{path + "." + id, s.No, text, stateOf(text), confidence, place})
	}
	rd.beyond(l, t, offset, path)
}

// putSystem writes a cell of a system, or of one of its lines of exchange, and returns
// the path of the cell under the system. A remark beside a further line is that line's.
func putSystem(s *ropa.System, id string, x int, text string, isNew bool) string {
	values := map[string]*ropa.Value{"status": &s.Status, "owner": &s.Owner, "processing_by": &s.ProcessingBy, "processor_org": &s.Processor, "hosting": &s.Hosting, "cloud_region": &s.Region}
	if v := values[id]; v != nil {
		if !isNew && v.Text != "" {
			text = v.Text + "\n" + text
		}
		*v = valueOf(text)
		return id
	}
	switch id {
	case "name":
		s.Name = text
		return id
	case "scope":
		s.Scope = text
		return id
	case "remark":
		if isNew || x < 0 {
			s.Remark = text
			return id
		}
	}
	e := &s.Exchanges[x]
	switch id {
	case "applied":
		e.Applied = valueOf(text)
	case "data":
		e.Data = text
	case "mode":
		e.Mode = valueOf(text)
	case "counterparty":
		e.Counterparty = valueOf(text)
	case "remark":
		e.Remark = text
	}
	return fmt.Sprintf("exchange[%d].%s", x, id)
}
