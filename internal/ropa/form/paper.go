package form

import (
	"fmt"
	"io"
	"sync"
	"time"

	"prasan/internal/doc/pdf"
	"prasan/internal/ropa"
	"prasan/internal/thai"
	"prasan/third_party/fonts"
)

// PaperOptions are what a printed form may bear beside the record.
type PaperOptions struct {
	At time.Time // when it was printed; zero: not said
	// Truth is what the program can say of a row, in words; nil leaves the column out. It
	// is printed as it is: an attested row never reads as verified.
	Truth map[string]string
	// Passages are what really happened in a period, drawn as a second picture.
	Passages []Passage
	Period   string
}

// faces are parsed once; documents share them.
var faces = sync.OnceValue(func() [2]*pdf.Font {
	var out [2]*pdf.Font
	for i, data := range [][]byte{fonts.LaksamanRegular, fonts.LaksamanBold} {
		f, err := pdf.ParseFont([]string{"Laksaman", "Laksaman-Bold"}[i], data)
		if err != nil {
			panic("form: embedded font: " + err.Error()) // a mistake of the build
		}
		out[i] = f
	}
	return out
})

var breaker = sync.OnceValue(func() *thai.Breaker {
	return thai.NewBreaker("รายละเอียด", "หน่วยงาน", "ผู้ให้บริการ", "ประมวลผล", "สปอ.", "สพอ.")
})

func writePDF(r *ropa.Revision, w io.Writer) error { return Paper(r, PaperOptions{}, w) }

// Paper writes the form as a PDF: the rows, the picture of the data flow, its table and
// the inventory, with number and digest of the revision on every page.
func Paper(r *ropa.Revision, o PaperOptions, w io.Writer) error {
	sum, err := ropa.SHA256(r)
	if err != nil {
		return err
	}
	at := o.At
	if at.IsZero() {
		at = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC) // a file must bear some date; equal records give equal bytes
	}
	name := r.Form.Row("activity.name").Text
	p := &paper{d: pdf.New(pdf.Info{Title: ropa.FormTitle + " " + name, Author: r.PartyName(r.Controller.Department).TH, Subject: "sha256:" + sum, Language: "th-TH", Created: at})}
	text := map[string]string{}
	for _, c := range cellsOf(r) {
		text[c.id] = c.shown()
	}
	p.form(text, o.Truth)
	p.pictures(r, o)
	p.flow(r, text)
	p.inventory(r, text)
	p.footers(fmt.Sprintf("%s   ฉบับที่ %d   SHA-256 %s", name, r.Number, sum), o.At)
	_, err = p.d.WriteTo(w)
	return err
}

// paper is a document under way.
type paper struct {
	d    *pdf.Document
	page *pdf.Page
	y    float64
}

const (
	edgeX, edgeTop, edgeBottom = 36.0, 40.0, 46.0
)

var (
	inkColour  = pdf.Color{.10, .13, .20}
	lineColour = pdf.Color{.45, .50, .58}
	headColour = pdf.Color{.91, .93, .96}
	askColour  = pdf.Color{.965, .972, .984}
	noteColour = pdf.Color{.36, .39, .45}
)

func style(size float64, bold bool) pdf.Style {
	f := faces()[0]
	if bold {
		f = faces()[1]
	}
	return pdf.Style{Font: f, Size: size, Color: inkColour}
}

func (p *paper) newPage(s pdf.Size) {
	p.page = p.d.Add(s)
	p.y = edgeTop
}

// heading writes lines in the middle of the page.
func (p *paper) heading(text string, size float64) {
	s := style(size, true)
	for _, run := range p.d.Lines(s, text, breaker(), p.page.Width-2*edgeX, p.page.Width-2*edgeX) {
		p.y += size * 1.35
		p.page.Draw((p.page.Width-run.Width)/2, p.y, run)
	}
	p.y += 6
}

func (p *paper) paragraph(text string, size float64) {
	for _, run := range p.d.Lines(style(size, false), text, breaker(), p.page.Width-2*edgeX, p.page.Width-2*edgeX) {
		p.y += size * 1.4
		if p.y > p.page.Height-edgeBottom {
			p.newPage(p.page.Size)
			p.y += size * 1.4
		}
		p.page.Draw(edgeX, p.y, run)
	}
	p.y += 4
}

func (p *paper) footers(text string, at time.Time) {
	pages := p.d.Pages()
	s := style(7.5, false)
	s.Color = noteColour
	if !at.IsZero() {
		text += "   พิมพ์เมื่อ " + thai.DateTime(at, "th")
	}
	for _, page := range pages {
		y := page.Height - 26
		page.Line(edgeX, y-10, page.Width-edgeX, y-10, .4, lineColour)
		page.Text(edgeX, y, s, text)
		page.TextRight(page.Width-edgeX, y, s, fmt.Sprintf("หน้า %d จาก %d", page.Number, len(pages)))
	}
}

func (p *paper) form(text map[string]string, truth map[string]string) {
	p.newPage(pdf.A4)
	p.heading(ropa.FormTitle, 14)
	t := grid{widths: []float64{92, 92, 158, 181}, size: 8.6}
	if truth != nil {
		t.widths = []float64{84, 84, 138, 152, 65}
	}
	last := len(t.widths) - 1
	for i := range ropa.Rows {
		d := &ropa.Rows[i]
		var row []gridCell
		switch {
		case d.No <= 8:
			row = []gridCell{{text: d.Ask, bold: true, fill: &headColour, span: 2}, {text: text[d.ID], span: 2}}
		case d.Section == "":
			row = []gridCell{{text: d.Ask, bold: true, fill: &headColour, span: 3}, {text: text[d.ID]}}
		default:
			row = []gridCell{{text: d.Section, bold: true, fill: &headColour, group: d.Section}, {text: d.Group, bold: true, fill: &headColour, group: d.Section + "\x00" + d.Group},
				{text: d.Ask, fill: &askColour}, {text: text[d.ID]}}
		}
		if truth != nil {
			row = append(row, gridCell{text: truth[d.ID]})
		}
		t.rows = append(t.rows, row)
	}
	if truth != nil {
		t.head = [][]gridCell{{{text: "", span: last}, {text: "ความจริง", bold: true, fill: &headColour}}}
	}
	p.table(&t)
}

func (p *paper) flow(r *ropa.Revision, text map[string]string) {
	if len(r.Flow.Steps) == 0 {
		return
	}
	p.newPage(pdf.A4L)
	p.heading(r.Flow.Process, 12)
	t := grid{widths: []float64{105, 95, 135, 135, 80, 120, 100}, size: 8.2, head: [][]gridCell{nil}}
	for _, h := range flowHeads {
		t.head[0] = append(t.head[0], gridCell{text: h, bold: true, fill: &headColour})
	}
	for i := range r.Flow.Steps {
		var row []gridCell
		for _, c := range flowColumns {
			row = append(row, gridCell{text: text[fmt.Sprintf("flow.steps[%d].%s", i, c.id)]})
		}
		t.rows = append(t.rows, row)
	}
	p.table(&t)
	if r.Flow.Note != "" {
		p.y += 4
		p.paragraph(r.Flow.Note, 8.2)
	}
}

func (p *paper) inventory(r *ropa.Revision, text map[string]string) {
	if len(r.Inventory.Systems) == 0 {
		return
	}
	p.newPage(pdf.A4L)
	p.heading(r.Inventory.Heading, 12)
	for _, x := range [][2]string{{"ระบบหลัก : ", r.Inventory.MainSystem}, {"ระบบย่อย : ", r.Inventory.SubSystem}} {
		if x[1] != "" {
			p.paragraph(x[0]+x[1], 8.6)
		}
	}
	t := grid{widths: []float64{27, 78, 42, 105, 60, 44, 58, 64, 60, 42, 44, 36, 42, 67.8}, size: 6.8}
	t.head = inventoryPaperHead()
	for i := range r.Inventory.Systems {
		for _, row := range wordSystem(&r.Inventory.Systems[i], i, text) {
			var cells []gridCell
			for c, cell := range row.Cells {
				g := gridCell{text: cell.Text}
				if cell.Merge != 0 {
					g.group = fmt.Sprintf("%d.%d", i, c)
				}
				cells = append(cells, g)
			}
			t.rows = append(t.rows, cells)
		}
	}
	p.table(&t)
}

func inventoryPaperHead() [][]gridCell {
	var out [][]gridCell
	for r, row := range inventoryHeadRows() {
		var cells []gridCell
		for _, c := range row.Cells {
			g := gridCell{text: c.Text, bold: true, fill: &headColour, span: c.Span}
			if c.Merge != 0 {
				g.group = fmt.Sprintf("head %d", len(cells))
				if r == 0 && len(cells) > 5 || r == 1 && len(cells) > 5 {
					g.group = "head last"
				}
			}
			cells = append(cells, g)
		}
		out = append(out, cells)
	}
	return out
}
