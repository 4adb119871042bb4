package form

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"prasan/internal/ropa"
)

// column is a column of one of the two tables.
type column struct {
	id     string
	labels []label
}

var flowColumns = []column{
	{"title", labelsOf(.95, "ขั้นตอน")},
	{"actor", labelsOf(.95, "หน่วยงาน")},
	{"collect", labelsOf(.95, "การเก็บรวบรวมข้อมูล")},
	{"use", labelsOf(.95, "การใช้ข้อมูล")},
	{"disclose", labelsOf(.95, "การเปิดเผยข้อมูล")},
	{"store", labelsOf(.95, "การจัดเก็บข้อมูล")},
	{"systems", labelsOf(.95, "ระบบเทคโนโลยีสารสนเทศที่เกี่ยวข้อง")},
}

var inventoryColumns = []column{
	{"no", labelsOf(.95, "ลำดับ")},
	{"name", labelsOf(.95, "ชื่อระบบ (System Name)", "ชื่อระบบ")},
	{"status", labelsOf(.95, "สถานะระบบ (System Status)", "สถานะระบบ")},
	{"scope", labelsOf(.95, "ขอบเขตของระบบงาน (System Scope)", "ขอบเขตของระบบงาน")},
	{"owner", labelsOf(.95, "หน่วยงานเจ้าของระบบ (System Owner Org Unit)", "หน่วยงานเจ้าของระบบ")},
	{"applied", labelsOf(.95, "มีการแลกเปลี่ยนข้อมูลกับหน่วยงานภายนอก (Data Exchange Applied)", "มีการแลกเปลี่ยนข้อมูลกับหน่วยงานภายนอก")},
	{"data", labelsOf(.95, "ข้อมูลที่แลกเปลี่ยนกับภายนอกหน่วยงาน (Exchanged Data)", "ข้อมูลที่แลกเปลี่ยนกับภายนอกหน่วยงาน")},
	{"mode", labelsOf(.95, "ลักษณะการแลกเปลี่ยนข้อมูล (Data Exchange Type)", "ลักษณะการแลกเปลี่ยนข้อมูล")},
	{"counterparty", labelsOf(.95, "หน่วยงานภายนอกที่แลกเปลี่ยนข้อมูล (External Org Unit)", "หน่วยงานภายนอกที่แลกเปลี่ยนข้อมูล")},
	{"processing_by", labelsOf(.95, "การประมวลผลระบบ")},
	{"processor_org", labelsOf(.95, "หน่วยงานภายนอกที่ประมวลผลให้สปอ.", "หน่วยงานภายนอกที่ประมวลผลให้")},
	{"hosting", labelsOf(.95, "On-Premise หรือ On Cloud")},
	{"cloud_region", labelsOf(.95, "กรณี On Cloud")},
	{"remark", labelsOf(.95, "หมายเหตุ (Remark)", "หมายเหตุ")},
}

// table is where a table stands: the cell of each column; -1 for one that is missing.
type table struct {
	at    []int
	width int
	sure  float64
	rows  int // lines of its heading
}

// findTable looks for a heading: enough of its column labels in a line, or in a line
// and the next.
func findTable(lines []line, i int, columns []column) (table, bool) {
	if len(lines[i].filled()) < 4 {
		return table{}, false
	}
	one := locate(headSigns(&lines[i]), columns)
	if i+1 < len(lines) && len(columns) > 10 {
		under := headSigns(&lines[i+1])
		if second := locate(under, columns); second.found() >= 3 {
			one = locate(over(headSigns(&lines[i]), under), columns)
			one.rows = 2
		}
	}
	one = one.complete()
	return one, one.found()*2 > len(columns) && one.found() >= 4
}

func headSigns(l *line) []sign {
	out := make([]sign, min(len(l.cells), 30))
	for c := range out {
		if len(l.cells[c]) < 400 { // a heading is short
			out[c] = signOf(l.cells[c])
		}
	}
	return out
}

// over puts a second line of headings over the first.
func over(first, second []sign) []sign {
	for c := range second {
		if c >= len(first) {
			first = append(first, sign{})
		}
		if len(second[c].runes) > 0 {
			first[c] = second[c]
		}
	}
	return first
}

func (t *table) found() int {
	n := 0
	for _, c := range t.at {
		if c >= 0 {
			n++
		}
	}
	return n
}

func locate(heads []sign, columns []column) table {
	t := table{at: make([]int, len(columns)), width: len(heads), sure: 1, rows: 1}
	taken := map[int]bool{}
	for k := range columns {
		t.at[k] = -1
		top := .62
		for c := range heads {
			if s := best(heads[c], columns[k].labels); s > top && !taken[c] {
				top, t.at[k] = s, c
			}
		}
		if t.at[k] >= 0 {
			taken[t.at[k]] = true
		}
	}
	return t
}

// complete finds columns whose heading nobody can read between two that are known.
func (t table) complete() table {
	for k := 1; k < len(t.at)-1; k++ {
		if t.at[k] < 0 && t.at[k-1] >= 0 && slices.ContainsFunc(t.at[k+1:], func(c int) bool { return c >= 0 }) {
			for next := k + 1; next < len(t.at); next++ {
				if c := t.at[next]; c >= 0 && c-t.at[k-1] == next-k+1 {
					t.at[k], t.sure = t.at[k-1]+1, .9
				}
			}
		}
	}
	if n := len(t.at) - 1; t.found() == n && t.at[n] < 0 && t.at[n-1] >= 0 {
		t.at[n], t.sure = t.at[n-1]+1, .9
	}
	if t.found() == len(t.at)-1 && t.at[0] < 0 && t.at[1] > 0 {
		t.at[0], t.sure = t.at[1]-1, .9
	}
	return t
}

func (t *table) get(l *line, k, offset int) (string, string) {
	if t.at[k] < 0 || t.at[k]+offset < 0 {
		return "", ""
	}
	c := t.at[k] + offset
	return clean(l.cell(c)), l.place(c)
}

// readTables reads the data-flow table and the inventory and gives back what is neither.
func (rd *reader) readTables(lines []line) []line {
	var rest []line
	flowSeen, inventorySeen := false, false
	for i := 0; i < len(lines); {
		if t, ok := findTable(lines, i, inventoryColumns); ok && !inventorySeen {
			inventorySeen = true
			rest = headingOfInventory(rest, flowSeen)
			i = rd.readInventory(lines, i+t.rows, t)
			continue
		}
		if t, ok := findTable(lines, i, flowColumns); ok && !flowSeen {
			flowSeen = true
			i = rd.readFlow(lines, i+1, t)
			continue
		}
		rest = append(rest, lines[i])
		i++
	}
	return rest
}

// headingOfInventory marks the line that stands over the inventory.
func headingOfInventory(rest []line, flowSeen bool) []line {
	for i := len(rest) - 1; i >= 0 && i >= len(rest)-12; i-- {
		l := &rest[i]
		text := l.text()
		filled := l.filled()
		switch {
		case len(filled) == 0, isFurniture(text), isSystemLine(l, filled), strings.Contains(text, ":") && len(filled) == 1:
			continue
		case len(filled) == 1 && len([]rune(text)) > 6 && (flowSeen || len(l.cells) == 1 || alike(text, "รายชื่อระบบเทคโนโลยีสารสนเทศที่เกี่ยวข้องกับข้อมูลส่วนบุคคล") > .6):
			l.heads = true
		}
		break
	}
	return rest
}

// isSystemLine tells the lines "ระบบหลัก" and "ระบบย่อย" over the inventory.
func isSystemLine(l *line, filled []int) bool {
	head, _, _ := strings.Cut(l.cell(filled[0]), ":")
	return alike(head, "ระบบหลัก") > .75 || alike(head, "ระบบย่อย") > .75
}

var stepNo = regexp.MustCompile(`^\s*([0-9๐-๙]{1,3})\s*[.):]?\s*(.*)$`)

// isStep tells whether a line begins a step, and by how many cells it is shifted.
func (t *table) isStep(l *line) (offset int, ok bool) {
	filled := l.filled()
	if len(filled) < 2 {
		return 0, false
	}
	first := filled[0]
	if m := stepNo.FindStringSubmatch(l.cell(first)); m != nil && (m[2] != "" || len(filled) > 3) && abs(first-t.at[0]) <= 2 {
		return first - t.at[0], true
	}
	return 0, first == t.at[0] && len(filled) >= 5
}

// readFlow reads steps until the table ends.
func (rd *reader) readFlow(lines []line, i int, t table) int {
	for i < len(lines) {
		l := &lines[i]
		if l.isBlank() || isFurniture(l.text()) {
			i++
			continue
		}
		if _, other := findTable(lines, i, inventoryColumns); other {
			return i
		}
		offset, ok := t.isStep(l)
		if !ok {
			if !rd.continueStep(l, t) {
				return i
			}
			i++
			continue
		}
		row, n := rd.mend(lines, i, t.width, func(next *line) bool { _, begins := t.isStep(next); return begins })
		rd.step(&row, t, offset)
		i += n
	}
	return i
}

// mend joins the lines over which one row of a table is broken: as long as cells are
// missing and the next line neither begins a row nor holds too many.
func (rd *reader) mend(lines []line, i, width int, begins func(*line) bool) (line, int) {
	row, n := lines[i], 1
	for row.breaks && len(row.cells) < width && i+n < len(lines) {
		next := &lines[i+n]
		if next.isBlank() || begins(next) || len(row.cells)+len(next.cells)-1 > width || isFurniture(next.text()) {
			break
		}
		if _, other := findTable(lines, i+n, inventoryColumns); other {
			break
		}
		row = row.join(next)
		n++
	}
	return row, n
}

// continueStep takes a line of the table whose first cells are merged with those above.
func (rd *reader) continueStep(l *line, t table) bool {
	steps := rd.rev.Flow.Steps
	filled := l.filled()
	if len(steps) == 0 || len(filled) == 0 || filled[0] <= t.at[0] || len(l.cells) > t.width+1 || !l.breaks && len(filled) < 1 {
		return false
	}
	if l.breaks && strings.Count(strings.Join(l.cells, "\t"), "\t") < 2 {
		return false
	}
	s := &steps[len(steps)-1]
	path := fmt.Sprintf("flow.steps[%d]", len(steps)-1)
	for k, c := range flowColumns {
		text, place := t.get(l, k, 0)
		if text == "" || k == 0 {
			continue
		}
		f := Field{path + "." + c.id, s.No, text, stateOf(text), .6, place}
		putStep(s, c.id, text, true)
		rd.Fields = append(rd.Fields, f)
		rd.ask(f.ID, place, text, "ช่องนี้อยู่คนละบรรทัดกับขั้นตอน เป็นส่วนหนึ่งของขั้นตอนก่อนหน้าหรือไม่", "this cell stands in a line of its own: is it a part of the step before it?")
	}
	return true
}

func (rd *reader) step(l *line, t table, offset int) {
	text, place := t.get(l, 0, offset)
	s := ropa.Step{No: len(rd.rev.Flow.Steps) + 1, Title: text}
	sure := t.sure
	if m := stepNo.FindStringSubmatch(text); m != nil && m[2] != "" {
		s.Title = m[2]
		if n := number(m[1]); n > 0 {
			s.No = n
		}
	}
	if offset != 0 {
		sure = min(sure, .9)
	}
	index := len(rd.rev.Flow.Steps)
	path := fmt.Sprintf("flow.steps[%d]", index)
	rd.Fields = append(rd.Fields, Field{path + ".title", s.No, s.Title, ropa.Given, sure, place})
	if short := len(l.cells) - offset; short < t.at[len(t.at)-1]+1 && l.breaks {
		sure = min(sure, .6) // a cell is missing, and nobody can know which
		rd.ask(path, place, l.text(), "ขั้นตอนนี้มีจำนวนช่องไม่ครบ โปรดตรวจว่าข้อความอยู่ในช่องที่ถูกต้อง", "this step has too few cells: check that each text stands in its column")
	}
	for k, c := range flowColumns[1:] {
		text, place := t.get(l, k+1, offset)
		putStep(&s, c.id, text, false)
		rd.Fields = append(rd.Fields, Field{path + "." + c.id, s.No, text, stateOf(text), sure, place})
	}
	rd.rev.Flow.Steps = append(rd.rev.Flow.Steps, s)
	rd.beyond(l, t, offset, path)
}

// beyond lists the cells of a row that no column has.
func (rd *reader) beyond(l *line, t table, offset int, near string) {
	for _, c := range l.filled() {
		if !slices.Contains(t.at, c-offset) {
			rd.Unplaced = append(rd.Unplaced, Piece{l.cell(c), l.place(c), near})
		}
	}
}

// putStep writes a cell of a step.
func putStep(s *ropa.Step, id, text string, add bool) {
	join := func(old string) string {
		if add && old != "" {
			return old + "\n" + text
		}
		return text
	}
	switch id {
	case "title":
		s.Title = join(s.Title)
	case "actor":
		s.Actor = valueOf(join(s.Actor.Text))
	case "systems":
		if !add {
			s.Systems = nil
		}
		for _, item := range listItems(text) {
			s.Systems = append(s.Systems, valueOf(item))
		}
	default:
		c := s.Cell(id)
		c.Text = join(c.Text)
		c.State = stateOf(c.Text)
	}
}

func valueOf(text string) ropa.Value { return ropa.Value{State: stateOf(text), Text: text} }

func abs(n int) int { return max(n, -n) }
