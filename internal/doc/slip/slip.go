// Package slip draws the receipt of a message as a picture, which can be saved with a
// long press where a page cannot: in the browsers inside chat programs.
package slip

import (
	"image/color"
	"image/png"
	"io"
	"time"

	"prasan/internal/i18n"
	"prasan/internal/thai"
)

// Slip is what the receipt says. Reference and Code are grouped already.
type Slip struct {
	Lang, Agency, Reference, Code, Holder string
	ReceivedAt, ReplyBy                   time.Time
	URL                                   string // where the case is followed
}

// The colours of the face, by day.
var (
	paper  = color.RGBA{0xfd, 0xfc, 0xf9, 255}
	around = color.RGBA{0xe9, 0xe8, 0xe3, 255}
	ink    = color.RGBA{0x1b, 0x1d, 0x2a, 255}
	soft   = color.RGBA{0x4a, 0x4e, 0x62, 255}
	rule   = color.RGBA{0xd9, 0xd7, 0xcf, 255}
	indigo = color.RGBA{0x1f, 0x2a, 0x6b, 255}
	gold   = color.RGBA{0xb8, 0x90, 0x2f, 255}
	bright = color.RGBA{0xd9, 0xb2, 0x4c, 255}
	pale   = color.RGBA{0xc9, 0xce, 0xea, 255}
	white  = color.RGBA{255, 255, 255, 255}
	tint   = color.RGBA{0xf8, 0xf1, 0xdf, 255}
)

// Measures in pixels: a phone shows it whole, and its letters can still be read when it
// is sent on, made smaller.
const (
	width  = 1080
	height = 1660
	edge   = 36  // of the sheet
	left   = 104 // of the text
	column = width - 2*left
	head   = 232 // height of the band
	tear   = 860 // where the perforation runs
)

// drawing bounds how many pictures are made at once: each takes some megabytes.
var drawing = make(chan struct{}, 2)

// Draw writes the picture as PNG.
func Draw(w io.Writer, s Slip) error {
	drawing <- struct{}{}
	defer func() { <-drawing }()
	c := newCanvas(width, height, around)
	c.sheet()
	c.top(s)
	c.numbers(s)
	c.facts(s)
	c.warning(s)
	return (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(w, c.img)
}

// sheet is the paper, its band, and the perforation under what must be kept.
func (c *canvas) sheet() {
	c.rounded(edge, edge, width-2*edge, height-2*edge, 28, paper)
	c.rounded(edge, edge, width-2*edge, head, 28, indigo)
	c.rect(edge, edge+head-30, width-2*edge, 30, indigo)
	c.rect(edge, edge+head, width-2*edge, 5, bright)
	for x := float64(edge + 48); x < width-edge-48; x += 28 {
		c.stroke(4, rule, [2]float64{x, tear}, [2]float64{x + 12, tear})
	}
	c.disc(edge, tear, 26, around)
	c.disc(width-edge, tear, 26, around)
}

func (c *canvas) top(s Slip) {
	c.emblem(left, edge+62, 108)
	x := float64(left + 144)
	name, list := c.lines(style{44, true, white}, width-left-x+24, s.Agency)
	y := float64(edge + 112)
	if len(list) > 1 {
		name.size, y = name.size*.84, edge+84
		name, list = c.lines(name, width-left-x+24, s.Agency)
	}
	for _, line := range list {
		c.text(name, x, y, line)
		y += name.size * 1.35
	}
	c.text(style{36, false, pale}, x, y+8, i18n.T(s.Lang, "slip.title"))
}

// emblem is the mark of the product: a roof line of workshops over a line of gold.
func (c *canvas) emblem(x, y, size float64) {
	k := size / 48
	at := func(points ...[2]float64) [][2]float64 {
		for i, p := range points {
			points[i] = [2]float64{x + p[0]*k, y + p[1]*k}
		}
		return points
	}
	const pen = 2.6
	c.stroke(pen*k, white, at([2]float64{12, 33}, [2]float64{12, 21.5}, [2]float64{20, 27}, [2]float64{20, 21.5}, [2]float64{28, 27}, [2]float64{28, 21.5}, [2]float64{36, 27}, [2]float64{36, 33}, [2]float64{12, 33})...)
	c.stroke(pen*k, white, at([2]float64{24, 9.5}, [2]float64{24, 15})...)
	c.stroke(pen*k, white, at([2]float64{17.5, 12}, [2]float64{20, 16})...)
	c.stroke(pen*k, white, at([2]float64{30.5, 12}, [2]float64{28, 16})...)
	c.stroke(pen*k, bright, at([2]float64{10, 38.2}, [2]float64{38, 38.2})...)
}

// numbers are what the sender must have to come back.
func (c *canvas) numbers(s Slip) {
	c.text(style{36, false, soft}, left, 372, i18n.T(s.Lang, "slip.reference"))
	c.one(style{124, true, indigo}, left, 500, column, s.Reference)
	c.rect(left, 556, column, 2, rule)
	c.text(style{36, false, soft}, left, 628, i18n.T(s.Lang, "slip.code"))
	c.one(style{92, true, ink}, left, 732, column, s.Code)
	c.text(style{32, false, soft}, left, 800, i18n.T(s.Lang, "slip.keep"))
}

// one draws a line that is made as small as it must be to fit.
func (c *canvas) one(s style, x, y, room float64, text string) {
	for s.size > 20 && c.width(s, text) > room {
		s.size *= .97
	}
	c.text(s, x, y, text)
}

// facts are each a label with its value under it, so that a long name or address has
// the whole width.
func (c *canvas) facts(s Slip) {
	y := float64(tear + 84)
	c.fact(left, y, column/2, "slip.received", thai.DateTime(s.ReceivedAt, s.Lang), s)
	c.fact(left+column/2+24, y, column/2-24, "slip.reply", thai.DateLong(s.ReplyBy, s.Lang), s)
	y += 128
	y = c.fact(left, y, column, "slip.holder", s.Holder, s) + 84
	c.fact(left, y, column, "slip.track", s.URL, s)
}

// fact returns the baseline of its last line.
func (c *canvas) fact(x, y, room float64, label, value string, s Slip) float64 {
	c.text(style{30, false, soft}, x, y, i18n.T(s.Lang, label))
	look, list := c.lines(style{38, true, ink}, room, value)
	for _, line := range list {
		y += look.size * 1.3
		c.text(look, x, y, line)
	}
	return y
}

// warning: fraudsters call in the name of offices.
func (c *canvas) warning(s Slip) {
	text, list := c.lines(style{33, false, ink}, column, i18n.T(s.Lang, "slip.warning"))
	h := 112 + float64(len(list))*46
	y := height - edge - 44 - h
	c.rounded(left-24, y, column+48, h, 16, tint)
	c.rect(left-24, y+16, 8, h-32, gold)
	c.text(style{34, true, ink}, left+12, y+62, i18n.T(s.Lang, "slip.warning-title"))
	for i, line := range list {
		c.text(text, left+12, y+114+float64(i)*46, line)
	}
}
