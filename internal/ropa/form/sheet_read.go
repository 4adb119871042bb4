package form

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"prasan/internal/doc/xlsx"
	"prasan/internal/ropa"
)

// importXLSX reads our workbook, however it was edited, or any other that holds the
// form: cells with our names first, labels otherwise.
func importXLSX(data []byte) (Result, error) {
	book, err := xlsx.Read(data)
	if err != nil {
		return Result{}, &Refusal{err.Error(), "save the form again as .xlsx with its cells only", "เปิดสเปรดชีตไม่ได้ โปรดบันทึกแบบฟอร์มใหม่เป็น .xlsx"}
	}
	for i := range book.Sheets {
		if book.Sheets[i].Name == sheetHidden {
			return readOurs(book, &book.Sheets[i])
		}
	}
	lines := bookLines(book)
	return read("xlsx", lines)
}

// bookLines are the rows of all sheets that are in sight.
func bookLines(book *xlsx.Book) []line {
	var out []line
	for i := range book.Sheets {
		s := &book.Sheets[i]
		if s.Hidden {
			continue
		}
		for r, cells := range s.Rows {
			place := func(cell int) string { return xlsx.Ref{Sheet: s.Name, Row: r, Column: cell}.String() }
			l := line{cells: cells, place: place}
			for c := range cells {
				l.formula = l.formula || s.Formulas[strings.TrimPrefix(place(c), s.Name+"!")]
			}
			out = append(out, expand(l)...)
		}
	}
	return out
}

// readOurs reads a workbook that Export wrote: the record in its hidden sheet, and what
// was edited since.
func readOurs(book *xlsx.Book, hidden *xlsx.Sheet) (Result, error) {
	rev, err := hiddenRecord(hidden)
	if err != nil {
		return Result{}, &Refusal{"sheet " + sheetHidden + ": " + err.Error(), "delete that sheet, and the form will be read as people see it", "แผ่นงาน " + sheetHidden + " ถูกแก้ไข โปรดลบแผ่นงานนั้น แล้วระบบจะอ่านแบบฟอร์มตามที่เห็น"}
	}
	v := view{book: book, rev: rev}
	if err := v.locate(); err != nil {
		return Result{}, err
	}
	res := Result{Format: "xlsx", Revision: rev}
	edits := compare(rev, v.text)
	for _, e := range edits {
		if v.formula(e.place) {
			res.ask(e.id, e.place, e.text, "ช่องนี้เป็นสูตร โปรดยืนยันค่า", "this cell holds a formula: confirm its value")
		}
	}
	added := v.added()
	v.strangers(&res, added.taken)
	apply(&res, rev, edits)
	v.move(added.put(&res, rev))
	res.Fields = fieldsOf(rev, func(id string) string { return v.at[id].String() })
	return res, nil
}

func hiddenRecord(s *xlsx.Sheet) (*ropa.Revision, error) {
	cell := func(r, c int) string {
		if r < len(s.Rows) && c < len(s.Rows[r]) {
			return s.Rows[r][c]
		}
		return ""
	}
	c := carrier{schema: cell(0, 1), sha256: cell(2, 1)}
	for r := 3; r < len(s.Rows); r++ {
		c.body += cell(r, 1)
	}
	return c.open()
}

// view finds the cells of a record in a workbook.
type view struct {
	book *xlsx.Book
	rev  *ropa.Revision
	at   map[string]xlsx.Ref
}

func (v *view) text(c seen) (string, string, bool) {
	ref, ok := v.at[c.id]
	if !ok {
		return "", "", false
	}
	text, ok := v.book.Text(ref)
	return text, ref.String(), ok
}

func (v *view) formula(place string) bool {
	for i := range v.book.Sheets {
		s := &v.book.Sheets[i]
		if s.Formulas[strings.TrimPrefix(place, s.Name+"!")] && strings.HasPrefix(place, s.Name+"!") {
			return true
		}
	}
	return false
}

// locate finds each cell by its name, and holds the names against the labels beside
// them: sorting moves cells and leaves the names where they were.
func (v *view) locate() error {
	v.at = map[string]xlsx.Ref{}
	renamed := v.renamed()
	for _, c := range cellsOf(v.rev) {
		if ref, ok := v.book.Names[nameOf(c.id)]; ok {
			if now := renamed[ref.Sheet]; now != "" {
				ref.Sheet = now
			}
			if _, exists := v.book.Text(ref); exists {
				v.at[c.id] = ref
			}
		}
	}
	if len(v.at) == 0 {
		return &Refusal{"the workbook has lost the names of its cells", "delete the sheet " + sheetHidden + ", and the form will be read by its labels", "สเปรดชีตนี้ไม่มีชื่อของช่องแล้ว โปรดลบแผ่นงาน " + sheetHidden + " แล้วระบบจะอ่านตามหัวข้อ"}
	}
	for i := range ropa.Rows {
		if err := v.checkRow(&ropa.Rows[i]); err != nil {
			return err
		}
	}
	return v.checkSteps()
}

// renamed finds the sheet that a program has renamed without telling the names of its
// cells: the only one that no name speaks of, where one is missing.
func (v *view) renamed() map[string]string {
	free, missing := map[string]bool{}, map[string]bool{}
	for i := range v.book.Sheets {
		if s := &v.book.Sheets[i]; !s.Hidden && slices.ContainsFunc(s.Rows, func(cells []string) bool {
			return slices.ContainsFunc(cells, func(text string) bool { return printed()[squeeze(text)] && text != "" })
		}) {
			free[v.book.Sheets[i].Name] = true
		}
	}
	for _, ref := range v.book.Names {
		missing[ref.Sheet] = true
	}
	for name := range free {
		if missing[name] {
			delete(free, name)
			delete(missing, name)
		}
	}
	if len(free) != 1 || len(missing) != 1 {
		return nil
	}
	out := map[string]string{}
	for was := range missing {
		for now := range free {
			out[was] = now
		}
	}
	return out
}

// checkRow follows a row that was moved without its name.
func (v *view) checkRow(d *ropa.RowDef) error {
	ref, ok := v.at[d.ID]
	if !ok || v.hasLabel(ref, d.Ask, 1) {
		return nil
	}
	var found []xlsx.Ref
	for row := range v.rows(ref.Sheet) {
		if here := (xlsx.Ref{Sheet: ref.Sheet, Row: row, Column: ref.Column}); v.hasLabel(here, d.Ask, 1) {
			found = append(found, here)
		}
	}
	switch len(found) {
	case 0:
		if !v.hasLabel(ref, d.Ask, .85) { // the row was deleted, and its name stands for what moved up
			delete(v.at, d.ID)
		}
	case 1:
		v.at[d.ID] = found[0]
	default:
		return &Refusal{fmt.Sprintf("the row %q stands %d times in the sheet %s", d.Title.TH, len(found), ref.Sheet), "leave one of them, or delete the sheet " + sheetHidden, fmt.Sprintf("หัวข้อ %q มี %d แห่งในแผ่นงาน %s โปรดเหลือไว้แห่งเดียว หรือลบแผ่นงาน %s", d.Title.TH, len(found), ref.Sheet, sheetHidden)}
	}
	return nil
}

func (v *view) rows(sheet string) [][]string {
	for i := range v.book.Sheets {
		if v.book.Sheets[i].Name == sheet {
			return v.book.Sheets[i].Rows
		}
	}
	return nil
}

func (v *view) hasLabel(ref xlsx.Ref, ask string, least float64) bool {
	rows := v.rows(ref.Sheet)
	if ref.Row >= len(rows) {
		return false
	}
	for c, text := range rows[ref.Row] {
		if c != ref.Column && text != "" && alike(text, ask) >= least {
			return true
		}
	}
	return false
}

// checkSteps follows steps whose rows were sorted: their numbers say which they are.
func (v *view) checkSteps() error {
	steps := v.rev.Flow.Steps
	byNo, rows := map[int]int{}, map[int]xlsx.Ref{}
	for i := range steps {
		byNo[steps[i].No] = i
	}
	moved := false
	for i := range steps {
		ref, ok := v.at[fmt.Sprintf("flow.steps[%d].title", i)]
		if !ok {
			continue
		}
		text, _ := v.book.Text(ref)
		m := stepNo.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		to, known := byNo[number(m[1])]
		if !known || len(byNo) != len(steps) {
			continue
		}
		if _, twice := rows[to]; twice {
			return &Refusal{fmt.Sprintf("step %s stands twice in the sheet %s", m[1], ref.Sheet), "give each step its own number", fmt.Sprintf("ขั้นตอนที่ %s ซ้ำกันในแผ่นงาน %s โปรดให้แต่ละขั้นตอนมีหมายเลขของตนเอง", m[1], ref.Sheet)}
		}
		rows[to] = ref
		moved = moved || to != i
	}
	if !moved {
		return nil
	}
	for i, ref := range rows {
		for _, c := range flowColumns {
			id := fmt.Sprintf("flow.steps[%d].%s", i, c.id)
			if own, ok := v.at[id]; ok {
				v.at[id] = xlsx.Ref{Sheet: own.Sheet, Row: ref.Row, Column: own.Column}
			}
		}
	}
	return nil
}

// printed is what the form prints itself.
var printed = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for i := range ropa.Rows {
		d := &ropa.Rows[i]
		for _, s := range []string{d.Ask, d.Section, d.Group} {
			out[squeeze(s)] = true
		}
	}
	for _, list := range [][]string{flowHeads, inventoryHeads, {ropa.FormTitle, headExchange, headProcessing, "ระบบหลัก", "ระบบย่อย"}} {
		for _, s := range list {
			out[squeeze(s)] = true
		}
	}
	return out
})

// move follows the cells of items before which rows were put.
func (v *view) move(moved map[string]string) {
	at := make(map[string]xlsx.Ref, len(v.at))
	for id, ref := range v.at {
		at[movedTo(id, moved)] = ref
	}
	v.at = at
}

// strangers lists what someone wrote where the form has no cell, but for what was taken
// as a row of a table.
func (v *view) strangers(res *Result, taken map[string]bool) {
	ours := map[xlsx.Ref]bool{}
	for _, ref := range v.at {
		ours[ref] = true
	}
	for i := range v.book.Sheets {
		s := &v.book.Sheets[i]
		if s.Hidden {
			continue
		}
		for r, cells := range s.Rows {
			for c, text := range cells {
				ref := xlsx.Ref{Sheet: s.Name, Row: r, Column: c}
				if strings.TrimSpace(text) == "" || ours[ref] || taken[ref.String()] || printed()[squeeze(text)] || s.Name == sheetInventory && c == 0 && fits["no"].MatchString(text) {
					continue
				}
				res.Unplaced = append(res.Unplaced, Piece{text, ref.String(), ""})
				res.ask("", ref.String(), text, "ข้อความนี้อยู่ในช่องที่แบบฟอร์มไม่มี โปรดเพิ่มในบันทึกหากต้องการ", "this stands where the form has no cell: add it to the record if it belongs there")
			}
		}
	}
}
