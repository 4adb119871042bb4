package pdf

import (
	"strings"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"

	"prasan/internal/thai"
)

// Color is red, green and blue, each from 0 to 1.
type Color [3]float64

// Colours of letters.
var (
	Black = Color{}
	Red   = Color{0.8, 0, 0}
	Grey  = Color{0.45, 0.45, 0.45}
)

// Style is how text looks. Size is in points.
type Style struct {
	Font  *Font
	Size  float64
	Color Color
}

// glyph is a shaped character; measures are in em.
type glyph struct {
	id                  uint16
	text                string // of its cluster, with the first glyph of it
	first               bool   // of its cluster
	simple              bool   // alone in a cluster of one character
	advance, xoff, yoff float64
}

// Run is text that has been shaped: a line, or a part of one.
type Run struct {
	Text   string
	Width  float64 // in points
	style  Style
	glyphs []glyph
	last   bool // of its paragraph
}

// invisible are characters that steer the breaking of lines and are not drawn.
var invisible = strings.NewReplacer("\u200b", "", "\u2060", "", "\u00ad", "")

// shaped is a text in a font, ready to be set; nobody changes it.
type shaped struct {
	glyphs []glyph
	byteOf []int
}

// shape turns text into glyphs. byteOf gives the byte offset of each glyph's cluster. A
// form says the same in many cells: what was shaped once is kept for its document.
func (d *Document) shape(s Style, text string) ([]glyph, []int) {
	key := shapeKey{s.Font, text}
	x, ok := d.shapes[key]
	if !ok {
		x.glyphs, x.byteOf = d.shapeAnew(s, text)
		if d.shapes == nil {
			d.shapes = map[shapeKey]shaped{}
		}
		d.shapes[key] = x
	}
	return x.glyphs, x.byteOf
}

type shapeKey struct {
	font *Font
	text string
}

func (d *Document) shapeAnew(s Style, text string) (glyphs []glyph, byteOf []int) {
	runes := make([]rune, 0, len(text))
	offsets := make([]int, 0, len(text)+1)
	face := d.faceOf(s.Font)
	for i, r := range text {
		if r == '\u00a0' || r == '\u202f' || r == '\t' {
			r = ' '
		}
		if _, ok := face.NominalGlyph(r); !ok {
			if strings.ContainsRune("\u200b\u2060\u00ad", r) {
				continue
			}
			r = '?' // a sign that the font has not; a letter shows no empty box
		}
		runes, offsets = append(runes, r), append(offsets, i)
	}
	offsets = append(offsets, len(text))
	if len(runes) == 0 {
		return nil, nil
	}
	out := d.shaper.Shape(shaping.Input{Text: runes, RunEnd: len(runes), Direction: di.DirectionLTR, Face: face, Size: fixed.Int26_6(s.Font.upem * 64), Script: scriptOf(runes), Language: language.NewLanguage("th")})
	em := 64 * s.Font.upem
	glyphs, byteOf = make([]glyph, len(out.Glyphs)), make([]int, len(out.Glyphs))
	for i, g := range out.Glyphs {
		at := g.TextIndex()
		x := glyph{id: uint16(g.GlyphID), advance: float64(g.Advance) / em, xoff: float64(g.XOffset) / em, yoff: float64(g.YOffset) / em}
		if x.first = i == 0 || out.Glyphs[i-1].TextIndex() != at; x.first {
			x.text = string(runes[at : at+g.RunesCount()])
			x.simple = g.RunesCount() == 1 && g.GlyphsCount() == 1
		}
		glyphs[i], byteOf[i] = x, offsets[at]
	}
	return glyphs, byteOf
}

func scriptOf(runes []rune) language.Script {
	for _, r := range runes {
		if r >= 0x0e00 && r <= 0x0e7f {
			return language.Thai
		}
	}
	return language.Latin
}

func (d *Document) faceOf(f *Font) *font.Face {
	if face := d.faces[f]; face != nil {
		return face
	}
	face := font.NewFace(f.face) // a face may serve one goroutine only
	d.faces[f] = face
	return face
}

// Shape shapes a piece of text that is not broken.
func (d *Document) Shape(s Style, text string) Run {
	glyphs, _ := d.shape(s, text)
	return newRun(s, text, glyphs)
}

func newRun(s Style, text string, glyphs []glyph) Run {
	r := Run{Text: text, style: s, glyphs: glyphs}
	for _, g := range glyphs {
		r.Width += g.advance * s.Size
	}
	return r
}

// Lines breaks a paragraph into lines: the first at most first wide, the others rest. A
// word that is wider than a line is broken where it must be.
func (d *Document) Lines(s Style, text string, words *thai.Breaker, first, rest float64) []Run {
	var out []Run
	for _, part := range strings.Split(text, "\n") {
		lines := d.lines(s, part, words, first, rest)
		out = append(out, lines...)
		first = rest
	}
	return out
}

func (d *Document) lines(s Style, text string, words *thai.Breaker, first, rest float64) []Run {
	glyphs, byteOf := d.shape(s, text)
	if len(glyphs) == 0 {
		return []Run{{style: s, last: true}}
	}
	breaks := map[int]bool{}
	for _, b := range words.Breaks(text) {
		breaks[b] = true
	}
	var out []Run
	from, good, width, limit := 0, 0, 0.0, first/s.Size
	for i := 0; i < len(glyphs); i++ {
		if i > from && glyphs[i].first && breaks[byteOf[i]] {
			good = i
		}
		width += glyphs[i].advance
		if width <= limit || isSpace(&glyphs[i]) || i == from {
			continue
		}
		end := good
		if end <= from { // nothing to break at: cut before this cluster
			for end = i; end > from+1 && !glyphs[end].first; end-- {
			}
		}
		out = append(out, slice(s, text, glyphs, byteOf, from, end))
		from, good, width, limit = end, end, 0, rest/s.Size
		i = from - 1
	}
	last := slice(s, text, glyphs, byteOf, from, len(glyphs))
	last.last = true
	return append(out, last)
}

func isSpace(g *glyph) bool { return g.simple && g.text == " " }

// slice makes a line of some of a paragraph's glyphs, without the spaces at its end.
func slice(s Style, text string, glyphs []glyph, byteOf []int, from, to int) Run {
	end := len(text)
	if to < len(glyphs) {
		end = byteOf[to]
	}
	line := text[byteOf[from]:end]
	for to > from && isSpace(&glyphs[to-1]) {
		to--
	}
	return newRun(s, strings.TrimRight(line, " \u200b"), glyphs[from:to])
}

// Justified stretches a line to a width: first its spaces, then, as is the custom of
// Thai typesetting, all its letters a little. The last line of a paragraph, and one that
// would have to be stretched too far, stay as they are.
func (r Run) Justified(width float64) Run {
	const perSpace, perLetter = 0.35, 0.045 // of an em, at most
	extra := (width - r.Width) / r.style.Size
	if r.last || extra <= 0 || len(r.glyphs) < 2 {
		return r
	}
	spaces, letters := 0, 0
	for i := 1; i < len(r.glyphs); i++ {
		if r.glyphs[i].first {
			letters++
		}
		if isSpace(&r.glyphs[i]) {
			spaces++
		}
	}
	if letters == 0 {
		return r
	}
	space := min(extra, perSpace*float64(spaces))
	letter := (extra - space) / float64(letters)
	if letter > perLetter {
		return r
	}
	wide := make([]glyph, len(r.glyphs))
	copy(wide, r.glyphs)
	for i := range wide {
		if isSpace(&wide[i]) {
			wide[i].advance += space / float64(spaces)
		}
		if next := i + 1; next < len(wide) && wide[next].first {
			wide[i].advance += letter
		}
	}
	last := r.last
	r = newRun(r.style, r.Text, wide)
	r.last = last
	return r
}
