package letters

import (
	"strings"
	"sync"

	"prasan/internal/doc/pdf"
	"prasan/internal/thai"
	"prasan/third_party/fonts"
)

// The measures of official letters: the national fonts by the cabinet's resolution of
// 7 September B.E. 2553, TH Sarabun at 16 points, single-spaced, with the margins of the
// notes on printing by computer of the Office of the Prime Minister.
const (
	marginLeft   = 3 * pdf.CM
	marginRight  = 2 * pdf.CM
	marginTop    = 2.5 * pdf.CM // from the second page on
	marginBottom = 2 * pdf.CM
	indent       = 2.5 * pdf.CM
	before       = 6.0  // points before a part of the letter
	beforeEnd    = 12.0 // before the closing
)

// typeface is a pair of fonts; scale is how large they are set where TH Sarabun's size
// is prescribed.
type typeface struct {
	regular, bold *pdf.Font
	scale         float64
}

var laksaman = sync.OnceValue(func() typeface {
	parse := func(name string, data []byte) *pdf.Font {
		f, err := pdf.ParseFont(name, data)
		if err != nil {
			panic("letters: embedded font: " + err.Error()) // a mistake of the build
		}
		return f
	}
	return typeface{parse("Laksaman", fonts.LaksamanRegular), parse("Laksaman-Bold", fonts.LaksamanBold), 10.65 / 16}
})

func (t typeface) text(size float64) pdf.Style {
	return pdf.Style{Font: t.regular, Size: size * t.scale}
}
func (t typeface) strong(size float64) pdf.Style {
	return pdf.Style{Font: t.bold, Size: size * t.scale}
}

// item is a line of a letter, or a block that stays together.
type item struct {
	height float64
	gap    float64 // before it, but not at the top of a page
	begins string  // what it says first, for the foot of the page before
	text   bool    // a line of the text
	draw   func(p *pdf.Page, y float64)
}

// sheet is a letter under way on paper.
type sheet struct {
	doc   *pdf.Document
	face  typeface
	body  pdf.Style
	line  float64 // height of a line
	words *thai.Breaker
	items []item
	left  float64
	right float64
}

func newSheet(doc *pdf.Document, words *thai.Breaker) *sheet {
	face := laksaman()
	s := &sheet{doc: doc, face: face, body: face.text(16), words: words, left: marginLeft, right: pdf.A4.Width - marginRight}
	s.line = face.regular.LineHeight(s.body.Size)
	return s
}

// baseline is where the text of a line stands whose top is at y.
func (s *sheet) baseline(y float64) float64 { return y + s.face.regular.Ascent(s.body.Size) }

// labelled adds a part with its label before it, and its text hanging beside that.
func (s *sheet) labelled(label, text string) {
	head := s.doc.Shape(s.body, label)
	tab := max(head.Width+0.3*pdf.CM, 1.27*pdf.CM)
	width := s.right - s.left - tab
	for i, run := range s.doc.Lines(s.body, text, s.words, width, width) {
		it := item{height: s.line, begins: run.Text}
		if i == 0 {
			it.gap = before
			if label == "" {
				it.gap = 0
			}
		}
		it.draw = func(p *pdf.Page, y float64) {
			if i == 0 {
				p.Draw(s.left, s.baseline(y), head)
			}
			p.Draw(s.left+tab, s.baseline(y), run)
		}
		s.items = append(s.items, it)
	}
}

// list adds a part of several entries: numbered, unless there is one only.
func (s *sheet) list(label string, entries []string) {
	head := s.doc.Shape(s.body, label)
	tab := head.Width + 0.3*pdf.CM
	width := s.right - s.left - tab
	for n, entry := range entries {
		if len(entries) > 1 {
			entry = ThaiDigits(numeral(n+1)+".") + "\u00a0" + entry
		}
		for i, run := range s.doc.Lines(s.body, entry, s.words, width, width) {
			it := item{height: s.line, begins: run.Text}
			first := n == 0 && i == 0
			if first {
				it.gap = before
			}
			it.draw = func(p *pdf.Page, y float64) {
				if first {
					p.Draw(s.left, s.baseline(y), head)
				}
				p.Draw(s.left+tab, s.baseline(y), run)
			}
			s.items = append(s.items, it)
		}
	}
}

// paragraph adds a paragraph of the text.
func (s *sheet) paragraph(text string) {
	width := s.right - s.left
	for i, run := range s.doc.Lines(s.body, text, s.words, width-indent, width) {
		x, w := s.left, width
		it := item{height: s.line, begins: run.Text, text: true}
		if i == 0 {
			x, w, it.gap = x+indent, w-indent, before
		}
		it.draw = func(p *pdf.Page, y float64) { p.Draw(x, s.baseline(y), run.Justified(w)) }
		s.items = append(s.items, it)
	}
}

// block adds lines that stay together, each centred at x.
func (s *sheet) block(x, gap float64, lines ...string) {
	s.items = append(s.items, item{height: float64(len(lines)) * s.line, gap: gap, draw: func(p *pdf.Page, y float64) {
		for i, l := range lines {
			p.TextCenter(x, s.baseline(y)+float64(i)*s.line, s.body, l)
		}
	}})
}

// flow puts the items onto pages: the first one begins at top on page. What is signed
// is not parted from the last two lines of the text.
func (s *sheet) flow(page *pdf.Page, top float64) {
	bottom := page.Height - marginBottom
	var pages [][]item
	at, y := 0, top
	for i := range s.items {
		it := &s.items[i]
		if y+it.gap+it.height > bottom && i > at {
			cut := i
			if !it.text {
				for cut > at+2 && i-cut < 2 && s.items[cut-1].text {
					cut--
				}
			}
			pages = append(pages, s.items[at:cut])
			at, y = cut, marginTop
			for k := cut; k < i; k++ {
				y += s.items[k].height
			}
		}
		y += it.gap + it.height
	}
	pages = append(pages, s.items[at:])
	for n, items := range pages {
		y := top
		if n > 0 {
			page = s.doc.Add(pdf.A4)
			page.TextCenter(page.Width/2, 1.5*pdf.CM, s.body, "- "+ThaiDigits(numeral(n+1))+" -")
			y = marginTop
		}
		for k, it := range items {
			if n == 0 || k > 0 {
				y += it.gap
			}
			it.draw(page, y)
			y += it.height
		}
		if n+1 < len(pages) {
			page.TextRight(s.right, page.Height-1.45*pdf.CM, s.body, "/"+s.beginning(pages[n+1][0].begins)+"…")
		}
	}
}

// beginning is the first word or two of a line.
func (s *sheet) beginning(text string) string {
	out := ""
	for _, w := range s.words.Words(text) {
		if len([]rune(out)) >= 6 && strings.TrimSpace(w) != "" {
			break
		}
		out += w
	}
	return strings.TrimSpace(out)
}
