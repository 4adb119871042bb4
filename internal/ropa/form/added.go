package form

import (
	"fmt"
	"slices"
	"strings"

	"prasan/internal/doc/docx"
	"prasan/internal/doc/xlsx"
	"prasan/internal/ropa"
)

// Rows that somebody wrote into the two tables of an exported file stand where the
// record has no cell. They are taken as what they are, a step, a system or a line of
// exchange, at the place where they were written; what the table does not say is asked.

// gridRow is a row of a table in a file. Step, system and exchange are the items of the
// record that stand in it; -1 for none.
type gridRow struct {
	cells                  []string
	place                  func(cell int) string
	step, system, exchange int
}

func (g *gridRow) cell(c int) string {
	if c < 0 || c >= len(g.cells) {
		return ""
	}
	return clean(g.cells[c])
}

// written are the texts of some columns, by the identifiers of the columns, with places.
type written struct {
	after  int // the item after which it stands; -1 before all
	text   map[string]string
	places map[string]string
}

func (g *gridRow) written(columns []column, at []int, after int) written {
	w := written{after: after, text: map[string]string{}, places: map[string]string{}}
	for k, c := range columns {
		if text := g.cell(at[k]); text != "" {
			w.text[c.id], w.places[c.id] = text, g.place(at[k])
		}
	}
	return w
}

// additions are the rows that were written into the tables.
type additions struct {
	steps, systems, exchanges []written
	taken                     map[string]bool // places that need not be asked about
}

func (a *additions) take(w written) {
	for _, p := range w.places {
		a.taken[p] = true
	}
}

// ofFlow finds steps between and after those that are known. A row without a title, or
// with nothing but one, is no step; nor is one far below the table.
func (a *additions) ofFlow(rows []gridRow, at []int) {
	last, gap, began := -1, 0, false
	for i := range rows {
		g := &rows[i]
		if g.step >= 0 {
			last, gap, began = g.step, 0, true
			continue
		}
		w := g.written(flowColumns, at, last)
		if len(w.text) == 0 {
			gap++
		}
		if gap > 1 || !began && !hasNumber(w.text["title"]) || w.text["title"] == "" || len(w.text) < 3 || printed()[squeeze(w.text["title"])] {
			continue
		}
		began, gap = true, 0
		a.steps = append(a.steps, w)
		a.take(w)
	}
}

func hasNumber(title string) bool {
	m := stepNo.FindStringSubmatch(title)
	return m != nil && m[2] != ""
}

// ofInventory finds systems, and further lines of exchange of the system above them.
func (a *additions) ofInventory(rows []gridRow, at []int) {
	last, gap, began := -1, 0, false
	for i := range rows {
		g := &rows[i]
		if g.system >= 0 {
			last, gap, began = g.system, 0, true
		}
		if g.exchange >= 0 {
			gap = 0
			continue
		}
		w := g.written(inventoryColumns, at, last)
		lines := 0
		for _, id := range []string{"applied", "data", "mode", "counterparty"} {
			if w.text[id] != "" {
				lines++
			}
		}
		switch {
		case len(w.text) == 0:
			gap++
		case !began || gap > 1:
		case g.system < 0 && w.text["name"] != "" && len(w.text) >= 4 && !printed()[squeeze(w.text["name"])]:
			a.systems = append(a.systems, w)
			a.take(w)
			gap = 0
		case lines >= 2 && (g.system >= 0 || w.text["name"] == ""):
			if w.after = last; len(a.systems) > 0 && g.system < 0 && a.systems[len(a.systems)-1].after == last {
				w.after = -2 - (len(a.systems) - 1) // of a system that was itself written in
			}
			a.exchanges = append(a.exchanges, w)
			a.take(w)
			gap = 0
		}
	}
}

// put takes the rows into the record and gives back where each item of the record has
// gone, by its path before.
func (a *additions) put(res *Result, rev *ropa.Revision) map[string]string {
	m := &meaning{rev: rev, doubt: func(field, found, th, en string) { res.ask(field, "", found, th, en) }}
	m.model = lexicon().records[rev.Code]
	moved := map[string]string{}
	a.putSteps(res, m, moved)
	a.putSystems(res, m, moved)
	return moved
}

func (a *additions) putSteps(res *Result, m *meaning, moved map[string]string) {
	f := &m.rev.Flow
	taken := map[int]bool{}
	for _, s := range f.Steps {
		taken[s.No] = true
	}
	written := make([]int, len(a.steps)) // the numbers that people gave, before any are given out
	for i, w := range a.steps {
		if x := stepNo.FindStringSubmatch(w.text["title"]); x != nil && x[2] != "" && number(x[1]) > 0 && !taken[number(x[1])] {
			written[i] = number(x[1])
			taken[written[i]] = true
		}
	}
	var out []ropa.Step
	insert := func(after int) {
		for i, w := range a.steps {
			if w.after != after {
				continue
			}
			s := ropa.Step{No: written[i]}
			for _, c := range flowColumns {
				putStep(&s, c.id, w.text[c.id], false)
			}
			nameStep(&s, taken)
			m.stepRead(&s)
			path := fmt.Sprintf("flow.steps[%d]", len(out))
			res.ask(path, w.places["title"], w.text["title"], "ขั้นตอนนี้เพิ่มในไฟล์ โปรดระบุลูกศรในแผนภาพและวัตถุประสงค์ของข้อมูล", "this step was added in the file: state its arrows in the diagram, and for which purpose it uses data")
			out = append(out, s)
		}
	}
	insert(-1)
	for i := range f.Steps {
		if from, to := fmt.Sprintf("flow.steps[%d]", i), fmt.Sprintf("flow.steps[%d]", len(out)); from != to {
			moved[from] = to
		}
		out = append(out, f.Steps[i])
		insert(i)
	}
	f.Steps = out
}

// nameStep takes the number off a title, and gives a step without one of its own the
// next that is free.
func nameStep(s *ropa.Step, taken map[int]bool) {
	if x := stepNo.FindStringSubmatch(s.Title); x != nil && x[2] != "" {
		s.Title = x[2]
	}
	if s.No > 0 {
		return
	}
	for s.No = 1; taken[s.No]; s.No++ {
	}
	taken[s.No] = true
}

// stepRead gives the words of a step their meaning, as those of a whole form.
func (m *meaning) stepRead(s *ropa.Step) {
	model := m.modelStep(s.Title)
	m.who(s, model)
	for _, op := range ropa.Operations {
		m.cell(s.Cell(op), op, model)
	}
	for j := range s.Systems {
		if s.Systems[j].State == ropa.Given {
			s.Systems[j].Code = m.system(s.Systems[j].Text)
		}
	}
}

func (a *additions) putSystems(res *Result, m *meaning, moved map[string]string) {
	inv := &m.rev.Inventory
	var out []ropa.System
	highest := 0
	for _, s := range inv.Systems {
		highest = max(highest, s.No)
	}
	exchanges := func(of int, s *ropa.System, path string) {
		for _, w := range a.exchanges {
			if w.after != of {
				continue
			}
			s.Exchanges = append(s.Exchanges, ropa.Exchange{})
			x := len(s.Exchanges) - 1
			for _, id := range []string{"applied", "data", "mode", "counterparty", "remark"} {
				if id != "remark" || x > 0 {
					putSystem(s, id, x, w.text[id], false)
				}
			}
			m.exchange(&s.Exchanges[x])
			res.ask(fmt.Sprintf("%s.exchange[%d]", path, x), w.places["applied"], w.text["data"], "บรรทัดการแลกเปลี่ยนนี้เพิ่มในไฟล์ โปรดตรวจ", "this line of exchange was added in the file: look it over")
		}
	}
	insert := func(after int) {
		for i, w := range a.systems {
			if w.after != after {
				continue
			}
			highest++
			s := ropa.System{No: highest}
			hasLine := w.text["applied"] != "" || w.text["data"] != "" || w.text["mode"] != "" || w.text["counterparty"] != ""
			if hasLine {
				s.Exchanges = []ropa.Exchange{{}}
			}
			for _, c := range inventoryColumns[1:] {
				if hasLine || !slices.Contains([]string{"applied", "data", "mode", "counterparty"}, c.id) {
					putSystem(&s, c.id, 0, w.text[c.id], true)
				}
			}
			m.systemCodes(&s)
			for x := range s.Exchanges {
				m.exchange(&s.Exchanges[x])
			}
			path := fmt.Sprintf("inventory.systems[%d]", len(out))
			exchanges(-2-i, &s, path)
			res.ask(path, w.places["name"], w.text["name"], "ระบบนี้เพิ่มในไฟล์ โปรดตรวจ", "this system was added in the file: look it over")
			out = append(out, s)
		}
	}
	insert(-1)
	for i := range inv.Systems {
		from, to := fmt.Sprintf("inventory.systems[%d]", i), fmt.Sprintf("inventory.systems[%d]", len(out))
		if from != to {
			moved[from] = to
		}
		s := inv.Systems[i]
		exchanges(i, &s, to)
		out = append(out, s)
		insert(i)
	}
	inv.Systems = out
}

// movedTo is the path of a cell after rows have come before it.
func movedTo(id string, moved map[string]string) string {
	end := strings.IndexByte(id, ']') + 1
	if to, ok := moved[id[:end]]; ok {
		return to + id[end:]
	}
	return id
}

// added finds the rows that were written into the tables of a workbook.
func (v *view) added() *additions {
	a := &additions{taken: map[string]bool{}}
	at := func(columns []column, item func(id string) string) (sheet string, out []int) {
		out = make([]int, len(columns))
		for k, c := range columns {
			out[k] = k
			if ref, ok := v.at[item(c.id)]; ok {
				out[k], sheet = ref.Column, ref.Sheet
			}
		}
		return sheet, out
	}
	if sheet, columns := at(flowColumns, func(id string) string { return "flow.steps[0]." + id }); sheet != "" {
		a.ofFlow(v.grid(sheet), columns)
	}
	if sheet, columns := at(inventoryColumns, func(id string) string {
		if slices.Contains([]string{"applied", "data", "mode", "counterparty"}, id) {
			id = "exchange[0]." + id
		}
		return "inventory.systems[0]." + id
	}); sheet != "" {
		a.ofInventory(v.grid(sheet), columns)
	}
	return a
}

// grid are the rows of a sheet with the items of the record that stand in them.
func (v *view) grid(sheet string) []gridRow {
	rows := v.rows(sheet)
	out := make([]gridRow, len(rows))
	for r := range rows {
		out[r] = gridRow{cells: rows[r], place: func(c int) string { return xlsx.Ref{Sheet: sheet, Row: r, Column: c}.String() }, step: -1, system: -1, exchange: -1}
	}
	for id, ref := range v.at {
		if ref.Sheet == sheet && ref.Row < len(out) {
			out[ref.Row].holds(id)
		}
	}
	return out
}

// holds notes whose cell stands in the row.
func (g *gridRow) holds(id string) {
	x := cellPath.FindStringSubmatch(id)
	switch {
	case x == nil:
	case x[1] == "flow.steps":
		g.step = number(x[2])
	case x[3] != "":
		g.exchange, g.system = number(x[3]), number(x[2])
	default:
		g.system = number(x[2])
	}
}

// addedRows finds the rows that were written into the tables of a document: no control
// stands in them.
func addedRows(d *docx.Document) *additions {
	a := &additions{taken: map[string]bool{}}
	var lines []line
	var blocks []*docx.Block
	for i := range d.Blocks {
		if b := &d.Blocks[i]; b.Table > 0 {
			lines = append(lines, line{cells: b.Cells, place: func(c int) string { return fmt.Sprintf("table %d, row %d, cell %d", b.Table, b.Row, c+1) }})
			blocks = append(blocks, b)
		}
	}
	rows := func(from int) (out []gridRow) {
		for i := from; i < len(lines) && blocks[i].Table == blocks[from-1].Table; i++ {
			g := gridRow{cells: lines[i].cells, place: lines[i].place, step: -1, system: -1, exchange: -1}
			for _, tag := range blocks[i].Tags {
				g.holds(tag)
			}
			out = append(out, g)
		}
		return out
	}
	flowSeen, inventorySeen := false, false
	for i := range lines {
		if i+1 < len(lines) && blocks[i].Table != blocks[i+1].Table {
			continue // the last row of a table is no heading of the next
		}
		if t, ok := findTable(lines, i, inventoryColumns); ok && !inventorySeen && i+t.rows < len(lines) {
			inventorySeen = true
			a.ofInventory(rows(i+t.rows), t.at)
		} else if t, ok := findTable(lines, i, flowColumns); ok && !flowSeen && i+1 < len(lines) {
			flowSeen = true
			a.ofFlow(rows(i+1), t.at)
		}
	}
	return a
}
