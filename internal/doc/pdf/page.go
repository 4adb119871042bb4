package pdf

import (
	"bytes"
	"fmt"
	"strconv"
	"unicode/utf16"
)

// Size of a page in points.
type Size struct{ Width, Height float64 }

// Sizes of paper (ISO 216). A4L lies on its side.
var (
	A4  = Size{595.276, 841.890}
	A4L = Size{841.890, 595.276}
)

// MM is a millimetre, CM a centimetre.
const (
	MM = 72 / 25.4
	CM = 72 / 2.54
)

// Page is a page under way.
type Page struct {
	Size
	Number int // from 1
	doc    *Document
	ops    bytes.Buffer
	fonts  map[*Font]bool
	images map[int]bool
	state  struct {
		fill, stroke Color
		set          bool
	}
}

func num(v float64) string {
	s := strconv.FormatFloat(v, 'f', 3, 64)
	for s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	if s == "-0" {
		return "0"
	}
	return s
}

func (p *Page) op(format string, args ...any) { fmt.Fprintf(&p.ops, format+"\n", args...) }

func (p *Page) fill(c Color) {
	if !p.state.set || p.state.fill != c {
		p.op("%s %s %s rg", num(c[0]), num(c[1]), num(c[2]))
		p.state.fill, p.state.set = c, true
	}
}

// Text draws a piece of text with its baseline at y.
func (p *Page) Text(x, y float64, s Style, text string) { p.Draw(x, y, p.doc.Shape(s, text)) }

// TextRight and TextCenter draw text that ends at x, or has its middle there.
func (p *Page) TextRight(x, y float64, s Style, text string) {
	r := p.doc.Shape(s, text)
	p.Draw(x-r.Width, y, r)
}

// TextCenter draws text whose middle is at x.
func (p *Page) TextCenter(x, y float64, s Style, text string) {
	r := p.doc.Shape(s, text)
	p.Draw(x-r.Width/2, y, r)
}

// Draw draws shaped text with its baseline at y.
func (p *Page) Draw(x, y float64, r Run) {
	if len(r.glyphs) == 0 {
		return
	}
	f := r.style.Font
	p.fonts[f] = true
	p.fill(r.style.Color)
	w := writer{page: p, font: f, size: r.style.Size, used: p.doc.use(f)}
	p.op("BT /%s %s Tf %s %s Td", p.doc.fontName(f), num(r.style.Size), num(x), num(p.Height-y))
	for i := 0; i < len(r.glyphs); {
		n := i + 1
		for n < len(r.glyphs) && !r.glyphs[n].first {
			n++
		}
		w.cluster(r.glyphs[i:n])
		i = n
	}
	w.flush()
	if w.rise != 0 {
		p.op("0 Ts")
	}
	p.op("ET")
}

// writer makes the operators of a line of text.
type writer struct {
	page    *Page
	font    *Font
	size    float64
	used    map[uint16]string
	rise    float64
	pending float64 // em that the pen must still move
	tj      bytes.Buffer
	open    bool // inside <...> of tj
}

// cluster writes the glyphs of one cluster. Where they cannot be mapped to their text
// one by one, the text is said beside them (ActualText), so that it is read exactly.
func (w *writer) cluster(glyphs []glyph) {
	text := glyphs[0].text
	known, seen := w.used[glyphs[0].id]
	plain := glyphs[0].simple && (!seen || known == text)
	if plain {
		w.used[glyphs[0].id] = text
		w.glyph(&glyphs[0])
		return
	}
	w.flush()
	w.page.op("/Span <</ActualText <%s>>> BDC", utf16Hex(text))
	for i := range glyphs {
		if _, ok := w.used[glyphs[i].id]; !ok {
			w.used[glyphs[i].id] = w.page.doc.nominal(w.font, glyphs[i].id)
		}
		w.glyph(&glyphs[i])
	}
	w.anchor()
	w.flush()
	w.page.op("EMC")
}

// anchor puts a glyph of no width and no outline where the cluster ends, if its last mark
// was drawn far before that: readers tell words apart by the distance from what was drawn
// last, and would see a space after ป with its marks.
func (w *writer) anchor() {
	id, ok := w.page.doc.faceOf(w.font).NominalGlyph(zeroWidth)
	if w.pending < 0.05 || !ok || w.font.widths[id] != 0 {
		return
	}
	w.used[uint16(id)] = string(zeroWidth)
	w.glyph(&glyph{id: uint16(id)})
}

const zeroWidth = '\u200c'

func (w *writer) glyph(g *glyph) {
	if rise := g.yoff * w.size; rise != w.rise {
		w.flush()
		w.rise = rise
		w.page.op("%s Ts", num(rise))
	}
	if shift := w.pending + g.xoff; shift > 0.0005 || shift < -0.0005 {
		w.closeHex()
		w.tj.WriteString(strconv.Itoa(int(-shift*1000 + sign(-shift)*0.5)))
	}
	if !w.open {
		w.tj.WriteByte('<')
		w.open = true
	}
	fmt.Fprintf(&w.tj, "%04X", g.id)
	w.pending = g.advance - float64(w.font.widths[g.id])/w.font.upem - g.xoff
}

func sign(v float64) float64 {
	if v < 0 {
		return -1
	}
	return 1
}

func (w *writer) closeHex() {
	if w.open {
		w.tj.WriteByte('>')
		w.open = false
	}
}

// flush writes what has been gathered, with the movement that is due after it.
func (w *writer) flush() {
	w.closeHex()
	if w.pending > 0.0005 || w.pending < -0.0005 {
		w.tj.WriteString(strconv.Itoa(int(-w.pending*1000 + sign(-w.pending)*0.5)))
	}
	w.pending = 0
	if w.tj.Len() > 0 {
		w.page.op("[%s] TJ", w.tj.String())
		w.tj.Reset()
	}
}

func utf16Hex(s string) string {
	var b bytes.Buffer
	b.WriteString("FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String()
}

// Line draws a straight line.
func (p *Page) Line(x1, y1, x2, y2, width float64, c Color) {
	p.op("q %s w %s %s %s RG %s %s m %s %s l S Q", num(width), num(c[0]), num(c[1]), num(c[2]), num(x1), num(p.Height-y1), num(x2), num(p.Height-y2))
}

// Dots draws a dotted leader.
func (p *Page) Dots(x1, x2, y float64) {
	if x2 <= x1 {
		return
	}
	p.op("q 1 J 0.7 w [0 2.2] 0 d %s %s m %s %s l S Q", num(x1), num(p.Height-y), num(x2), num(p.Height-y))
}

// Rect draws the frame of a rectangle.
func (p *Page) Rect(x, y, width, height, line float64, c Color) {
	p.op("q %s w %s %s %s RG %s %s %s %s re S Q", num(line), num(c[0]), num(c[1]), num(c[2]), num(x), num(p.Height-y-height), num(width), num(height))
}

// Fill fills a rectangle.
func (p *Page) Fill(x, y, width, height float64, c Color) {
	p.fill(c)
	p.op("%s %s %s %s re f", num(x), num(p.Height-y-height), num(width), num(height))
}

// Image draws a picture of the document into a rectangle.
func (p *Page) Image(i Image, x, y, width, height float64) {
	p.images[i.number] = true
	p.op("q %s 0 0 %s %s %s cm /I%d Do Q", num(width), num(height), num(x), num(p.Height-y-height), i.number)
}

// Circle draws the outline of a circle.
func (p *Page) Circle(x, y, radius, line float64, c Color) {
	const k = 0.5523 // how far the handles of four curves lie that make a circle
	y = p.Height - y
	r, h := radius, radius*k
	p.op("q %s w %s %s %s RG %s %s m", num(line), num(c[0]), num(c[1]), num(c[2]), num(x+r), num(y))
	for _, q := range [][6]float64{{r, h, h, r, 0, r}, {-h, r, -r, h, -r, 0}, {-r, -h, -h, -r, 0, -r}, {h, -r, r, -h, r, 0}} {
		p.op("%s %s %s %s %s %s c", num(x+q[0]), num(y+q[1]), num(x+q[2]), num(y+q[3]), num(x+q[4]), num(y+q[5]))
	}
	p.op("s Q")
}

// Squares fills the squares of a matrix for which dark says so: a code that machines read.
func (p *Page) Squares(x, y, size float64, n int, dark func(column, row int) bool) {
	p.fill(Black)
	cell := size / float64(n)
	for row := range n {
		for from := 0; from < n; from++ {
			to := from
			for to < n && dark(to, row) {
				to++
			}
			if to > from {
				p.op("%s %s %s %s re", num(x+float64(from)*cell), num(p.Height-y-float64(row+1)*cell), num(float64(to-from)*cell), num(cell))
				from = to
			}
		}
	}
	p.op("f")
}
