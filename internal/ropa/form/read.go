package form

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"prasan/internal/ropa"
	"prasan/internal/thai"
)

// reader is the reading of one form under way.
type reader struct {
	Result
	fields map[string]Field // rows of the form by identifier
	rev    *ropa.Revision
}

// maxLines is how many lines that say something a form may have.
const maxLines = 1500

// read makes a result of the rows of any kind of file.
func read(format string, lines []line) (Result, error) {
	filled := 0
	for i := range lines {
		if !lines[i].isBlank() {
			filled++
		}
	}
	if filled > maxLines || len(lines) > 10*maxLines {
		return Result{}, &Refusal{fmt.Sprintf("more than %d lines; a form has not that many", maxLines), "give one form in a file", fmt.Sprintf("มีมากกว่า %d บรรทัด เกินกว่าแบบฟอร์ม %s", maxLines, oneForm)}
	}
	rd := &reader{Result: Result{Format: format}, fields: map[string]Field{}, rev: blank()}
	rest := rd.readTables(lines)
	rest = rd.readRows(rest)
	if len(rd.fields) < 3 && len(rd.rev.Flow.Steps) == 0 && len(rd.rev.Inventory.Systems) == 0 {
		return Result{}, &Refusal{"this does not look like the form: fewer than three of its rows were found", "give a filled-in form as text, CSV, XLSX or DOCX, or a record in YAML or JSON", "ไฟล์นี้ไม่ใช่แบบฟอร์มบันทึกรายการ พบหัวข้อของแบบฟอร์มไม่ถึงสามข้อ โปรดส่งแบบฟอร์มที่กรอกแล้วเป็นข้อความ CSV, XLSX หรือ DOCX หรือบันทึกเป็น YAML หรือ JSON"}
	}
	rd.readHeadings(rest)
	rd.finish()
	return rd.Result, nil
}

func blank() *ropa.Revision {
	return &ropa.Revision{APIVersion: ropa.APIVersion, Kind: ropa.Kind, Number: 1, Form: ropa.Form{}}
}

// finish puts the rows into the revision, derives what they mean, and asks what is in
// doubt or missing.
func (rd *reader) finish() {
	var fields []Field
	for i := range ropa.Rows {
		d := &ropa.Rows[i]
		f, ok := rd.fields[d.ID]
		if !ok {
			fields = append(fields, rd.absent(i))
			continue
		}
		fields = append(fields, f)
		rd.rev.Form[d.ID] = rd.take(f)
	}
	rd.Fields = append(fields, rd.Fields...)
	rd.whole()
	Derive(rd.rev, rd.doubt)
	rd.Revision = rd.rev
}

const (
	// fewEnd is how many rows must be missing at the end, and fewRows in all, for a file to
	// look as if a part of it had been lost.
	fewEnd  = 3
	fewRows = 10
)

// whole asks for what a form has and this file has not: it may have been cut off, or a
// sheet been left out.
func (rd *reader) whole() {
	missing, end := 0, 0
	for i := range ropa.Rows {
		if _, ok := rd.fields[ropa.Rows[i].ID]; ok {
			end = 0
			continue
		}
		missing++
		end++
	}
	n := len(ropa.Rows)
	switch {
	case end >= fewEnd:
		rd.ask("", "", "", fmt.Sprintf("ไม่พบหัวข้อที่ %d ถึง %d ไฟล์อาจไม่ครบ โปรดเทียบกับต้นฉบับ", n-end+1, n), fmt.Sprintf("rows %d to %d are not in the file: compare it with the original, it may have been cut off", n-end+1, n))
	case missing >= fewRows:
		rd.ask("", "", "", fmt.Sprintf("ไม่พบ %d จาก %d หัวข้อ ไฟล์อาจไม่ครบ โปรดเทียบกับต้นฉบับ", missing, n), fmt.Sprintf("%d of %d rows are not in the file: compare it with the original, a part may be missing", missing, n))
	}
	if len(rd.rev.Flow.Steps) == 0 {
		rd.ask("flow.steps", "", "", "ไม่พบตารางการไหลของข้อมูล หากต้นฉบับมี โปรดส่งไฟล์ที่มีตารางนี้", "there is no table of the data flow: if the original has one, give a file that has it")
	}
	if len(rd.rev.Inventory.Systems) == 0 {
		rd.ask("inventory.systems", "", "", "ไม่พบตารางรายชื่อระบบ หากต้นฉบับมี โปรดส่งไฟล์ที่มีตารางนี้", "there is no table of systems: if the original has one, give a file that has it")
	}
}

// absent is a row that was not found. It may be hidden in what could not be placed, or in
// a neighbour that was not read with certainty: then it is asked about.
func (rd *reader) absent(i int) Field {
	d := &ropa.Rows[i]
	f := Field{ID: d.ID, Ordinal: d.No, State: ropa.RowAbsent, Confidence: 1}
	doubt := len(rd.Unplaced) > 0
	for _, step := range []int{-1, 1} {
		for j := i + step; j >= 0 && j < len(ropa.Rows); j += step {
			if n, ok := rd.fields[ropa.Rows[j].ID]; ok {
				doubt = doubt || n.Confidence < Sure
				break
			}
		}
	}
	if doubt {
		f.Confidence = .7
		rd.ask(d.ID, "", "", "ไม่พบหัวข้อนี้ แต่มีข้อความที่ยังไม่ทราบตำแหน่ง โปรดตรวจสอบ", "this row was not found, but there is text whose place is not known: look whether it is there")
	}
	return f
}

// take is the row that the revision keeps: below Sure it waits for a person.
func (rd *reader) take(f Field) ropa.Row {
	if f.Confidence >= Sure {
		return ropa.Row{State: f.State, Text: f.Value}
	}
	if !rd.asked(f.ID) {
		rd.ask(f.ID, f.Place, f.Value, "อ่านได้ไม่ชัด โปรดยืนยันคำตอบ", "this was not read with certainty: confirm the answer")
	}
	return ropa.Row{State: ropa.Pending, Text: f.Value}
}

func (rd *reader) asked(id string) bool {
	for _, q := range rd.Questions {
		if q.Field == id {
			return true
		}
	}
	return false
}

// doubt asks what an answer means.
func (rd *reader) doubt(field, found, th, en string) {
	rd.ask(field, rd.fields[field].Place, found, th, en)
}

var phrases = []struct {
	sign
	state ropa.State
}{
	{signOf("เป็นไปตามข้อกำหนดและนโยบายของผู้ให้บริการ"), ropa.DelegatedToProvider},
	{signOf("ภายใต้เงื่อนไขและการดำเนินการของหน่วยงาน"), ropa.RecipientConditions},
	{signOf("อยู่ระหว่างรวบรวมข้อมูล"), ropa.Pending},
	{signOf("อยู่ระหว่างดำเนินการ"), ropa.Pending},
}

// words are more ways to write a nothing than the record itself uses.
var words = map[string]ropa.State{"na": ropa.NotApplicable, "none": ropa.None, "nil": ropa.None, "ไม่มีข้อมูล": ropa.None, "ไม่มีการดำเนินการ": ropa.None, "tbd": ropa.Pending, "รอดำเนินการ": ropa.Pending, "รอยืนยัน": ropa.Pending}

// stateOf reads the kind of nothing, or a value, also from what a scanner has damaged.
func stateOf(text string) ropa.State {
	if s := ropa.StateOf(text); s != ropa.Given {
		return s
	}
	s := signOf(text)
	if state, ok := words[string(s.runes)]; ok {
		return state
	}
	if len(s.runes) == 0 && strings.Trim(text, "-–—_. \n") == "" {
		return ropa.None
	}
	for _, p := range phrases {
		if likeness(s, p.sign) > .87 {
			return p.state
		}
	}
	return ropa.Given
}

func round(f float64) float64 { return math.Round(f*100) / 100 }

func arabic(s string) string { return thai.ArabicDigits(s) }

func number(s string) int {
	n, err := strconv.Atoi(arabic(strings.TrimSpace(s)))
	if err != nil {
		return 0
	}
	return n
}

var marker = regexp.MustCompile(`(^|\s)([0-9]{1,2})([.)])(\s*)`)

// listItems takes a numbered list apart: 1. ... 2. ... in one cell. Only numbers in
// order, written as the first is, are marks of the list; any other stands in the text.
func listItems(text string) []string {
	text = strings.TrimSpace(arabic(text))
	var starts [][2]int
	style := ""
	for _, m := range marker.FindAllStringSubmatchIndex(text, -1) {
		n, dot := number(text[m[4]:m[5]]), text[m[6]:m[7]]
		next := byte(' ')
		if m[1] < len(text) {
			next = text[m[1]]
		}
		if n != len(starts)+1 || style != "" && dot != style || n == 1 && m[0] != 0 || m[8] == m[9] && next >= '0' && next <= '9' {
			continue
		}
		style = dot
		starts = append(starts, [2]int{m[0], m[1]})
	}
	if len(starts) == 0 {
		if text == "" {
			return nil
		}
		return []string{text}
	}
	var out []string
	for i, s := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		out = append(out, strings.TrimSpace(text[s[1]:end]))
	}
	return out
}

var (
	pageMark = regexp.MustCompile(`^(?i)(หน้า|หน้าที่|page|p\.)?\s*[-–]?\s*[0-9๐-๙]{1,3}\s*[-–]?\s*((/|จาก|of)\s*[0-9๐-๙]{1,3})?$`)
	columns  = regexp.MustCompile(`^((ลำดับ|ข้อ)(ที่)?|หัวข้อ|รายการ|รายละเอียด|คำตอบ|\s)+$`)
	ordinal  = regexp.MustCompile(`^(?i)((ข้อ|ลำดับ)(ที่)?|no\.?)?\s*([0-9๐-๙]{1,3}\s*[.)]?)?$`)
	drawing  = regexp.MustCompile(`^(หมายเหตุ\s*:?|หมายถึง\s*ดำเนินการด้วย(อิเล็กทรอนิกส์|เอกสาร))$`)
)

// isFurniture tells page numbers, the form's title, the heads of its columns and the
// legend of its picture: what every such form has and nobody filled in.
func isFurniture(text string) bool {
	t := strings.TrimSpace(text)
	return t == "" || pageMark.MatchString(t) || drawing.MatchString(t) || columns.MatchString(t) || alike(t, ropa.FormTitle) > .8
}

// readHeadings places the lines between the tables and lists the rest.
func (rd *reader) readHeadings(lines []line) {
	for i := range lines {
		l := &lines[i]
		filled := l.filled()
		if len(filled) == 0 {
			continue
		}
		if rd.heading(l, filled) || isFurniture(l.text()) {
			continue
		}
		for _, c := range filled {
			rd.Unplaced = append(rd.Unplaced, Piece{Text: l.cell(c), Place: l.place(c)})
		}
	}
}

// heading places a single line of text by how it begins.
func (rd *reader) heading(l *line, filled []int) bool {
	text := strings.Join(strings.Fields(l.text()), " ")
	head, _, hasColon := strings.Cut(text, ":")
	if first := l.cell(filled[0]); !hasColon && isSystemLine(l, filled) && len(filled) < 3 { // label and answer in two cells
		text, head, hasColon = first+" : "+strings.TrimSpace(strings.TrimPrefix(text, first)), first, true
	}
	flow, inv := &rd.rev.Flow, &rd.rev.Inventory
	put := func(id string, to *string, value string) bool {
		if value == "" {
			return true // the label alone
		}
		if *to != "" {
			return squeeze(*to) == squeeze(value) // said again
		}
		*to = value
		rd.Fields = append(rd.Fields, Field{id, 1, value, ropa.Given, 1, l.place(filled[0])})
		return true
	}
	rest := func() string { _, s, _ := strings.Cut(text, ":"); return strings.TrimSpace(s) }
	switch {
	case len(filled) > 2:
		return false
	case alike(head, "Data Flow Diagram") > .8:
		return put("flow.heading", &flow.Heading, text)
	case hasColon && alike(head, "กระบวนการ") > .75:
		return put("flow.process", &flow.Process, text)
	case hasColon && alike(head, "ระบบหลัก") > .75:
		return put("inventory.main_system", &inv.MainSystem, rest())
	case hasColon && alike(head, "ระบบย่อย") > .75:
		return put("inventory.sub_system", &inv.SubSystem, rest())
	case hasColon && alike(head, "หมายเหตุ") > .75 && rest() != "":
		return put("flow.note", &flow.Note, text)
	case len(filled) == 1 && l.heads:
		return put("inventory.heading", &inv.Heading, text)
	}
	return false
}
