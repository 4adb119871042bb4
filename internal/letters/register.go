package letters

import (
	"cmp"
	"io"
	"time"

	"prasan/internal/doc/pdf"
	"prasan/internal/thai"
)

// Sheet is a register as paper has it (forms 13 and 14 of the regulation).
type Sheet struct {
	Title   string   // ทะเบียนหนังสือรับ or ทะเบียนหนังสือส่ง
	Lead    string   // whose, and of which year
	Head    []string // columns
	Widths  []float64
	Rows    [][]string
	Page    string        // before the number of a page; "หน้า " if empty
	Signers []SheetSigner // places for names after the last line
	Printed time.Time
}

// SheetSigner is a place for a name under a list.
type SheetSigner struct{ Name, Role, Position string }

// The measures of a register: A4 on its side.
const (
	registerMargin = 1.5 * pdf.CM
	registerPad    = 3.0
)

// Print writes the register as PDF/A, its columns headed on every page.
func (s Sheet) Print(w io.Writer) error {
	doc := pdf.New(pdf.Info{Title: s.Title, Author: s.Lead, Created: s.Printed})
	face, words := laksaman(), thai.NewBreaker()
	body, strong := face.text(14), face.strong(14)
	line, ascent := face.regular.LineHeight(body.Size), face.regular.Ascent(body.Size)
	left, right, bottom := registerMargin, pdf.A4L.Width-registerMargin, pdf.A4L.Height-registerMargin
	sum := 0.0
	for _, x := range s.Widths {
		sum += x
	}
	edges := []float64{left}
	for _, x := range s.Widths {
		edges = append(edges, edges[len(edges)-1]+x/sum*(right-left))
	}
	var page *pdf.Page
	y := 0.0
	row := func(cells []string, style pdf.Style) (height float64, draw func()) {
		runs := make([][]pdf.Run, len(s.Head))
		for c := range runs {
			if c < len(cells) {
				width := edges[c+1] - edges[c] - 2*registerPad
				runs[c] = doc.Lines(style, ThaiDigits(cells[c]), words, width, width)
			}
			height = max(height, float64(len(runs[c]))*line+2*registerPad)
		}
		return height, func() {
			for c := range runs {
				page.Rect(edges[c], y, edges[c+1]-edges[c], height, 0.4, pdf.Black)
				for i, r := range runs[c] {
					page.Draw(edges[c]+registerPad, y+registerPad+ascent+float64(i)*line, r)
				}
			}
			y += height
		}
	}
	begin := func() {
		page = doc.Add(pdf.A4L)
		y = registerMargin
		page.TextCenter(page.Width/2, y+ascent, face.strong(18), s.Title)
		page.TextCenter(page.Width/2, y+ascent+line*1.1, body, ThaiDigits(s.Lead))
		page.TextRight(right, page.Height-0.8*pdf.CM, face.text(12), ThaiDigits(cmp.Or(s.Page, "หน้า ")+numeral(page.Number)))
		y += 2.5 * line
		_, draw := row(s.Head, strong)
		draw()
	}
	begin()
	for _, cells := range s.Rows {
		height, draw := row(cells, body)
		if y+height > bottom && page != nil {
			begin()
		}
		draw()
	}
	// Three names stand beside each other.
	for i, x := range s.Signers {
		if i%3 == 0 {
			if y+5*line > bottom {
				begin()
			}
			y += 1.5 * line
		}
		at := left + (right-left)*(float64(i%3)+0.5)/3
		for n, text := range []string{"(ลงชื่อ) ........................................ " + x.Role, "(" + x.Name + ")", x.Position} {
			page.TextCenter(at, y+ascent+float64(n)*line, body, text)
		}
		if i%3 == 2 {
			y += 3 * line
		}
	}
	_, err := doc.WriteTo(w)
	return err
}
