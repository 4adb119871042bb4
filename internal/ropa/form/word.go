package form

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"

	"prasan/internal/doc/docx"
	"prasan/internal/doc/flow"
	"prasan/internal/ropa"
)

const carrierSpace = "urn:prasan:ropa:v1"

const (
	fillHead  = "E8EDF4"
	fillAsk   = "F6F8FB"
	fillTable = "D9E2EF"
)

func writeDOCX(r *ropa.Revision, w io.Writer) error { return Document(r, nil, "", w) }

// Document writes the form as a document. Each answer stands in a content control that
// bears its identifier; the record travels in a part of its own. With a period the flow as
// it was observed in it stands after the flow as it is declared.
func Document(r *ropa.Revision, passages []Passage, period string, w io.Writer) error {
	c, err := carrierOf(r)
	if err != nil {
		return err
	}
	text := map[string]string{}
	for _, s := range cellsOf(r) {
		text[s.id] = s.shown()
	}
	d := docx.New(fmt.Sprintf("ฉบับที่ %d   SHA-256 %s", r.Number, c.sha256[:16]))
	d.Data([]byte(fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`+"\n"+`<record xmlns=%q schema=%q revision="%d" sha256=%q>%s</record>`, carrierSpace, c.schema, r.Number, c.sha256, c.body)))
	d.Paragraph(ropa.FormTitle, "", docx.Look{Size: 36, Bold: true, Center: true})
	d.Paragraph("", "", docx.Look{Size: 12})
	wordForm(d, text)
	d.Section(false)
	if err := wordPictures(d, r, passages, period); err != nil {
		return err
	}
	d.Page(true)
	wordFlow(d, r, text)
	d.Section(true)
	wordInventory(d, r, text)
	return d.Write(w)
}

func wordForm(d *docx.Writer, text map[string]string) {
	bold := docx.Look{Bold: true, Size: 26}
	var rows []docx.Row
	for i := range ropa.Rows {
		def := &ropa.Rows[i]
		answer := docx.Cell{Text: text[def.ID], Tag: def.ID, Look: docx.Look{Size: 26}}
		if def.Section == "" {
			span := 3
			if def.No <= 8 {
				span, answer.Span = 2, 2
			}
			rows = append(rows, docx.Row{Cells: []docx.Cell{{Text: def.Ask, Look: bold, Fill: fillHead, Span: span}, answer}})
			continue
		}
		rows = append(rows, docx.Row{Cells: []docx.Cell{
			parent(i, func(d *ropa.RowDef) string { return d.Section }), parent(i, func(d *ropa.RowDef) string { return d.Section + "\x00" + d.Group }),
			{Text: def.Ask, Fill: fillAsk, Look: docx.Look{Size: 26}}, answer}})
	}
	d.Table([]int{1900, 1900, 3100, 3300}, rows)
}

// parent is a cell of the first two columns, merged over the rows that share it.
func parent(i int, key func(*ropa.RowDef) string) docx.Cell {
	c := docx.Cell{Look: docx.Look{Bold: true, Size: 26}, Fill: fillHead}
	_, group, both := strings.Cut(key(&ropa.Rows[i]), "\x00")
	same := func(j int) bool { return j >= 0 && j < len(ropa.Rows) && key(&ropa.Rows[j]) == key(&ropa.Rows[i]) }
	switch {
	case same(i - 1):
		c.Merge = docx.Continues
		return c
	case same(i + 1):
		c.Merge = docx.Begins
	}
	c.Text = key(&ropa.Rows[i])
	if both {
		c.Text = group
	}
	return c
}

func heads(list []string) docx.Row {
	row := docx.Row{Head: true}
	for _, h := range list {
		row.Cells = append(row.Cells, docx.Cell{Text: h, Look: docx.Look{Bold: true, Center: true, Size: 24}, Fill: fillTable})
	}
	return row
}

func wordFlow(d *docx.Writer, r *ropa.Revision, text map[string]string) {
	rows := []docx.Row{heads(flowHeads)}
	for i := range r.Flow.Steps {
		row := docx.Row{}
		for _, col := range flowColumns {
			id := fmt.Sprintf("flow.steps[%d].%s", i, col.id)
			row.Cells = append(row.Cells, docx.Cell{Text: text[id], Tag: id, Look: docx.Look{Size: 24}})
		}
		rows = append(rows, row)
	}
	d.Table([]int{2000, 1800, 2600, 2600, 1600, 2500, 2000}, rows)
	d.Paragraph(text["flow.note"], "flow.note", docx.Look{Before: 120})
}

func wordInventory(d *docx.Writer, r *ropa.Revision, text map[string]string) {
	d.Paragraph(text["inventory.heading"], "inventory.heading", docx.Look{Size: 32, Bold: true, Center: true})
	for _, x := range []struct{ label, id string }{{"ระบบหลัก", "inventory.main_system"}, {"ระบบย่อย", "inventory.sub_system"}} {
		d.Labelled(x.label+" : ", text[x.id], x.id, docx.Look{})
	}
	d.Paragraph("", "", docx.Look{Size: 12})
	rows := inventoryHeadRows()
	for i := range r.Inventory.Systems {
		rows = append(rows, wordSystem(&r.Inventory.Systems[i], i, text)...)
	}
	d.Table([]int{450, 1500, 850, 2100, 1250, 950, 1150, 1250, 1150, 850, 900, 750, 850, 1150}, rows)
}

// inventoryHeadRows are the two lines of headings: what is exchanged, and where it is
// processed, stand over four columns each.
func inventoryHeadRows() []docx.Row {
	l := docx.Look{Bold: true, Center: true, Size: 18}
	first, second := docx.Row{Head: true}, docx.Row{Head: true}
	for c, h := range inventoryHeads {
		switch {
		case c == 5 || c == 9:
			first.Cells = append(first.Cells, docx.Cell{Text: map[int]string{5: headExchange, 9: headProcessing}[c], Look: l, Fill: fillTable, Span: 4})
			fallthrough
		case c > 5 && c < 13:
			second.Cells = append(second.Cells, docx.Cell{Text: h, Look: l, Fill: fillTable})
		default:
			first.Cells = append(first.Cells, docx.Cell{Text: h, Look: l, Fill: fillTable, Merge: docx.Begins})
			second.Cells = append(second.Cells, docx.Cell{Look: l, Fill: fillTable, Merge: docx.Continues})
		}
	}
	return []docx.Row{first, second}
}

func wordSystem(s *ropa.System, i int, text map[string]string) []docx.Row {
	var rows []docx.Row
	small := docx.Look{Size: 18}
	lines := max(1, len(s.Exchanges))
	for x := range lines {
		merge := docx.Alone
		if lines > 1 {
			merge = docx.Begins
		}
		if x > 0 {
			merge = docx.Continues
		}
		row := docx.Row{Cells: []docx.Cell{{Look: docx.Look{Size: 18, Center: true}, Merge: merge}}}
		if x == 0 {
			row.Cells[0].Text = fmt.Sprint(s.No)
		}
		for c, col := range inventoryColumns[1:] {
			id := fmt.Sprintf("inventory.systems[%d].%s", i, col.id)
			cell := docx.Cell{Look: small, Merge: merge}
			exchange := c >= 4 && c <= 7
			if exchange || c == 12 && x > 0 {
				id = fmt.Sprintf("inventory.systems[%d].exchange[%d].%s", i, x, col.id)
			}
			if exchange || c == 12 {
				cell.Merge = docx.Alone
			}
			if (x == 0 || exchange || c == 12) && (!exchange || x < len(s.Exchanges)) {
				cell.Text, cell.Tag = text[id], id
			}
			row.Cells = append(row.Cells, cell)
		}
		rows = append(rows, row)
	}
	return rows
}

// importDOCX reads our document, however it was edited, or any other that holds the form.
func importDOCX(data []byte) (Result, error) {
	d, err := docx.Read(data)
	if err != nil {
		return Result{}, &Refusal{err.Error(), "save the form again as .docx", "เปิดเอกสารไม่ได้ โปรดบันทึกแบบฟอร์มใหม่เป็น .docx"}
	}
	for _, part := range d.Data {
		if c, ok := wordCarrier(part); ok {
			return readDocument(d, c)
		}
	}
	res, err := read("docx", documentLines(d))
	if err == nil && len(d.Controls) > 0 {
		res.ask("", "", "", "ไฟล์นี้ไม่มีข้อมูลส่วนที่แบบฟอร์มไม่แสดงแล้ว จึงอ่านเฉพาะที่เห็น", "the file has lost what the form does not show; only what is seen was read")
	}
	return res, err
}

func wordCarrier(part []byte) (carrier, bool) {
	var x struct {
		XMLName xml.Name
		Schema  string `xml:"schema,attr"`
		SHA256  string `xml:"sha256,attr"`
		Body    string `xml:",chardata"`
	}
	if err := xml.Unmarshal(part, &x); err != nil || x.XMLName.Space != carrierSpace {
		return carrier{}, false
	}
	return carrier{x.Schema, x.SHA256, x.Body}, true
}

func readDocument(d *docx.Document, c carrier) (Result, error) {
	rev, err := c.open()
	if err != nil {
		return Result{}, &Refusal{err.Error(), "export the record again and carry your changes over", "ข้อมูลของบันทึกในเอกสารเสียหาย " + exportNew}
	}
	if len(d.Twice) > 0 {
		return Result{}, &Refusal{fmt.Sprintf("the answer %q stands twice in the document", d.Twice[0]), "remove one of the two", fmt.Sprintf("คำตอบ %q มีสองแห่งในเอกสาร โปรดลบแห่งหนึ่ง", d.Twice[0])}
	}
	if len(d.Controls) == 0 {
		return readLost(d, rev)
	}
	res := Result{Format: "docx", Revision: rev}
	edits := compare(rev, func(s seen) (string, string, bool) {
		text, ok := d.Controls[s.id]
		return text, s.id, ok
	})
	added := addedRows(d)
	documentStrangers(d, &res, added.taken)
	apply(&res, rev, edits)
	added.put(&res, rev)
	res.Fields = fieldsOf(rev, func(id string) string { return "control " + id })
	return res, nil
}

// readLost reads a document whose controls a program dropped: the form is read by its
// labels, and is the record if it says what the record says.
func readLost(d *docx.Document, rev *ropa.Revision) (Result, error) {
	res, err := read("docx", documentLines(d))
	if err != nil {
		return res, err
	}
	now := map[string]string{}
	for _, c := range cellsOf(res.Revision) {
		now[c.id] = c.text
	}
	for _, c := range cellsOf(rev) {
		if visible(c.text) != visible(now[c.id]) {
			return Result{}, &Refusal{fmt.Sprintf("the document has lost its fields, and %s differs from the record", c.id), "export the record again and carry your changes over", fmt.Sprintf("เอกสารไม่มีช่องของแบบฟอร์มแล้ว และ %s ต่างจากบันทึก %s", c.id, exportNew)}
		}
	}
	return Result{Format: "docx", Revision: rev, Fields: fieldsOf(rev, func(id string) string { return id })}, nil
}

func documentLines(d *docx.Document) []line {
	var out []line
	for i, b := range d.Blocks {
		l := line{cells: b.Cells, place: func(cell int) string { return fmt.Sprintf("table %d, row %d, cell %d", b.Table, b.Row, cell+1) }}
		if b.Table == 0 {
			l = line{cells: []string{b.Text}, place: func(int) string { return fmt.Sprintf("block %d", i+1) }}
		}
		out = append(out, expand(l)...)
	}
	return out
}

// documentStrangers lists paragraphs and cells that are neither the form's nor a
// control's.
func documentStrangers(d *docx.Document, res *Result, taken map[string]bool) {
	known := map[string]bool{}
	for _, text := range d.Controls {
		known[squeeze(text)] = true
	}
	known[squeeze("ระบบหลัก"+d.Controls["inventory.main_system"])] = true
	known[squeeze("ระบบย่อย"+d.Controls["inventory.sub_system"])] = true
	for i, b := range d.Blocks {
		cells, place := b.Cells, func(c int) string { return fmt.Sprintf("table %d, row %d, cell %d", b.Table, b.Row, c+1) }
		if b.Table == 0 {
			cells, place = []string{b.Text}, func(int) string { return fmt.Sprintf("block %d", i+1) }
		}
		for c, text := range cells {
			s := squeeze(text)
			if s == "" || known[s] || taken[place(c)] || printed()[s] || fits["no"].MatchString(strings.TrimSpace(text)) {
				continue
			}
			res.Unplaced = append(res.Unplaced, Piece{text, place(c), ""})
			res.ask("", place(c), text, "ข้อความนี้อยู่นอกช่องของแบบฟอร์ม โปรดเพิ่มในบันทึกหากต้องการ", "this stands outside the fields of the form: add it to the record if it belongs there")
		}
	}
}

// wordPictures puts the data flow on a page of its own, as an image with its description,
// and after it the flow as it was observed, where that is asked for.
func wordPictures(d *docx.Writer, r *ropa.Revision, passages []Passage, period string) error {
	title := docx.Look{Size: 32, Bold: true, Center: true}
	d.Paragraph(r.Flow.Heading, "flow.heading", title)
	d.Paragraph(r.Flow.Process, "flow.process", docx.Look{Center: true})
	if len(r.Flow.Steps) > 0 {
		if err := wordPicture(d, Diagram(r, "th")); err != nil {
			return err
		}
	}
	d.Section(false)
	if len(r.Flow.Steps) == 0 || period == "" {
		return nil
	}
	// The control marks the heading as no answer of the form's: it is left out when the
	// document is read again.
	d.Paragraph(happened+" "+period, observedTag, title)
	if err := wordPicture(d, Observed(r, "th", passages)); err != nil {
		return err
	}
	d.Section(false)
	return nil
}

// observedTag is of what was observed, which belongs to no record.
const observedTag = "observed"

func wordPicture(d *docx.Writer, diagram *flow.Diagram) error {
	title := diagram.Title
	diagram.Title = "" // the heading stands over it
	pic := flow.Lay(diagram)
	var image bytes.Buffer
	if err := pic.PNG(1.5, &image); err != nil {
		return err
	}
	const point = 12700
	scale := math.Min(.75, math.Min(505/pic.Width, 640/pic.Height))
	d.Picture(image.Bytes(), int(pic.Width*scale*point), int(pic.Height*scale*point), title, diagram.Description)
	return nil
}
