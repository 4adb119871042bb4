package form

import (
	"fmt"
	"io"
	"strings"

	"prasan/internal/doc/xlsx"
	"prasan/internal/ropa"
)

// Sheets of the workbook.
const (
	sheetForm      = "แบบบันทึก"
	sheetFlow      = "แผนภาพและขั้นตอน"
	sheetInventory = "รายชื่อระบบ"
	sheetHidden    = "_ropa"
)

// writeXLSX writes the form as the ministry's workbook. Each answer has a defined name,
// so that it is found again wherever it is moved; a hidden sheet carries the record.
func writeXLSX(r *ropa.Revision, w io.Writer) error {
	c, err := carrierOf(r)
	if err != nil {
		return err
	}
	b := xlsx.New()
	foot := fmt.Sprintf("ฉบับที่ %d   SHA-256 %s", r.Number, c.sha256[:16])
	names := map[string]string{}
	for _, s := range cellsOf(r) {
		names[s.id] = xlsx.Text(s.shown())
	}
	formSheet(b.Sheet(sheetForm, xlsx.Page{Widths: []float64{20, 22, 48, 54}, Footer: foot}), r, names)
	flowSheet(b.Sheet(sheetFlow, xlsx.Page{Widths: []float64{24, 22, 36, 36, 22, 36, 26}, Landscape: true, Footer: foot}), r, names)
	inventorySheet(b.Sheet(sheetInventory, xlsx.Page{Widths: []float64{7, 26, 13, 36, 22, 16, 22, 24, 22, 15, 18, 12, 16, 24}, Landscape: true, Footer: foot}), r, names)
	h := b.Sheet(sheetHidden, xlsx.Page{Hidden: true})
	h.Put("A1", "schema")
	h.Put("B1", c.schema)
	h.Put("A2", "revision")
	h.Put("B2", fmt.Sprint(r.Number))
	h.Put("A3", "sha256")
	h.Put("B3", c.sha256)
	h.Put("A4", "record")
	for i, p := range pieces(c.body, 30000) {
		h.Put(fmt.Sprintf("B%d", 4+i), p)
	}
	return b.Write(w)
}

// nameOf is the defined name of a cell: ropa.flow.steps.1.collect.
func nameOf(id string) string {
	var out strings.Builder
	out.WriteString("ropa.")
	for i := 0; i < len(id); i++ {
		if id[i] != '[' {
			out.WriteByte(id[i])
			continue
		}
		end := i + strings.IndexByte(id[i:], ']')
		fmt.Fprintf(&out, ".%d", number(id[i+1:end])+1)
		i = end
	}
	return out.String()
}

func formSheet(s *xlsx.SheetWriter, r *ropa.Revision, text map[string]string) {
	s.Title(1, 4, ropa.FormTitle)
	for i := range ropa.Rows {
		d, row := &ropa.Rows[i], i+2
		if d.Section == "" && d.No <= 8 {
			s.Span(row, 1, row, 2, d.Ask, xlsx.Head)
			s.Span(row, 3, row, 4, text[d.ID], xlsx.Answer)
			s.Name(nameOf(d.ID), row, 3)
		} else {
			s.Cell(row, 3, d.Ask, xlsx.Ask)
			s.Cell(row, 4, text[d.ID], xlsx.Answer)
			s.Name(nameOf(d.ID), row, 4)
		}
		s.Fit(row)
	}
	for _, g := range groupsOf(func(d *ropa.RowDef) string { return d.Section }) {
		if g.text == "" {
			for row := g.from; row <= g.to; row++ {
				if ropa.Rows[row].No > 8 { // a row without parents: its question fills the first columns
					s.Cell(row+2, 3, "", xlsx.Ask)
					s.Span(row+2, 1, row+2, 3, ropa.Rows[row].Ask, xlsx.Head)
					s.Fit(row + 2)
				}
			}
			continue
		}
		s.Span(g.from+2, 1, g.to+2, 1, g.text, xlsx.Head)
	}
	for _, g := range groupsOf(func(d *ropa.RowDef) string { return d.Section + "\x00" + d.Group }) {
		if ropa.Rows[g.from].Section != "" {
			s.Span(g.from+2, 2, g.to+2, 2, ropa.Rows[g.from].Group, xlsx.Head)
		}
	}
	s.Repeat(1, 1)
}

// group is a run of rows that share a parent, merged into one cell.
type group struct {
	text     string
	from, to int // of ropa.Rows
}

func groupsOf(key func(*ropa.RowDef) string) []group {
	var out []group
	for i := range ropa.Rows {
		k := key(&ropa.Rows[i])
		if n := len(out) - 1; n >= 0 && out[n].text == k {
			out[n].to = i
			continue
		}
		out = append(out, group{k, i, i})
	}
	return out
}

func flowSheet(s *xlsx.SheetWriter, r *ropa.Revision, text map[string]string) {
	s.Title(1, 7, text["flow.heading"])
	s.Name(nameOf("flow.heading"), 1, 1)
	s.Span(2, 1, 2, 7, text["flow.process"], xlsx.Plain)
	s.Name(nameOf("flow.process"), 2, 1)
	for c, h := range flowHeads {
		s.Cell(4, c+1, h, xlsx.TableHead)
	}
	s.Fit(4)
	row := 5
	for i := range r.Flow.Steps {
		for c, col := range flowColumns {
			id := fmt.Sprintf("flow.steps[%d].%s", i, col.id)
			s.Cell(row, c+1, text[id], xlsx.Answer)
			s.Name(nameOf(id), row, c+1)
		}
		s.Fit(row)
		row++
	}
	s.Span(row+1, 1, row+1, 7, text["flow.note"], xlsx.Plain)
	s.Name(nameOf("flow.note"), row+1, 1)
	s.Fit(row + 1)
	s.Repeat(4, 4)
}

func inventorySheet(s *xlsx.SheetWriter, r *ropa.Revision, text map[string]string) {
	s.Title(1, 14, text["inventory.heading"])
	s.Name(nameOf("inventory.heading"), 1, 1)
	for i, x := range []struct{ label, id string }{{"ระบบหลัก", "inventory.main_system"}, {"ระบบย่อย", "inventory.sub_system"}} {
		s.Span(2+i, 1, 2+i, 2, x.label, xlsx.Plain)
		s.Span(2+i, 3, 2+i, 14, text[x.id], xlsx.Plain)
		s.Name(nameOf(x.id), 2+i, 3)
	}
	for c, h := range inventoryHeads {
		switch {
		case c == 5:
			s.Span(5, 6, 5, 9, headExchange, xlsx.TableHead)
			s.Cell(6, 6, h, xlsx.TableHead)
		case c == 9:
			s.Span(5, 10, 5, 13, headProcessing, xlsx.TableHead)
			s.Cell(6, 10, h, xlsx.TableHead)
		case c > 5 && c < 13:
			s.Cell(6, c+1, h, xlsx.TableHead)
		default:
			s.Span(5, c+1, 6, c+1, h, xlsx.TableHead)
		}
	}
	s.Fit(5)
	s.Fit(6)
	row := 7
	for i := range r.Inventory.Systems {
		row = systemRows(s, &r.Inventory.Systems[i], i, row, text)
	}
	s.Repeat(5, 6)
}

// systemRows writes a system and its lines of exchange; the cells of the system are
// merged over them.
func systemRows(s *xlsx.SheetWriter, sys *ropa.System, i, row int, text map[string]string) int {
	lines := max(1, len(sys.Exchanges))
	s.Span(row, 1, row+lines-1, 1, fmt.Sprint(sys.No), xlsx.Number)
	for c, col := range inventoryColumns[1:] {
		id := fmt.Sprintf("inventory.systems[%d].%s", i, col.id)
		column := c + 2
		switch {
		case column >= 6 && column <= 9:
			for x := range lines {
				line := fmt.Sprintf("inventory.systems[%d].exchange[%d].%s", i, x, col.id)
				s.Cell(row+x, column, text[line], xlsx.Answer)
				if x < len(sys.Exchanges) {
					s.Name(nameOf(line), row+x, column)
				}
			}
		case column == 14: // each line has its own remark
			s.Cell(row, column, text[id], xlsx.Answer)
			s.Name(nameOf(id), row, column)
			for x := 1; x < lines; x++ {
				line := fmt.Sprintf("inventory.systems[%d].exchange[%d].remark", i, x)
				s.Cell(row+x, column, text[line], xlsx.Answer)
				s.Name(nameOf(line), row+x, column)
			}
		default:
			s.Span(row, column, row+lines-1, column, text[id], xlsx.Answer)
			s.Name(nameOf(id), row, column)
		}
	}
	for x := range lines {
		s.Fit(row + x)
	}
	return row + lines
}
