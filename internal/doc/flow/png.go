package flow

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"prasan/third_party/fonts"
)

// parsed are the typefaces of the picture, read when the first is drawn.
var parsed = sync.OnceValue(func() [2]*font.Font {
	var out [2]*font.Font
	for i, data := range [][]byte{fonts.SarabunRegular, fonts.SarabunBold} {
		face, err := font.ParseTTF(bytes.NewReader(data))
		if err != nil {
			panic("flow: embedded font: " + err.Error()) // a mistake of the build
		}
		out[i] = face.Font
	}
	return out
})

// An image has few colours: grounds, and inks over each ground in steps of their
// coverage. With one byte a point it is written several times faster than with four.
var (
	grounds = []string{nodeBg, headBg, askBg}
	inks    = []string{ink, navy, ochre, teal, grey, red, line, noteInk}
)

const steps = 10 // of coverage

var palette = func() color.Palette {
	var out color.Palette
	for _, g := range grounds {
		out = append(out, hex(g))
	}
	for _, i := range inks {
		for _, g := range grounds {
			for n := 1; n <= steps; n++ {
				out = append(out, mix(hex(g), hex(i), n))
			}
		}
	}
	return out
}()

func mix(ground, ink color.RGBA, n int) color.RGBA {
	blend := func(a, b uint8) uint8 { return uint8((int(a)*(steps-n) + int(b)*n) / steps) }
	return color.RGBA{blend(ground.R, ink.R), blend(ground.G, ink.G), blend(ground.B, ink.B), 255}
}

// PNG writes the picture as an image for programs that cannot draw SVG. scale is pixels
// of the image for one of the picture.
func (p *Picture) PNG(scale float64, w io.Writer) error {
	c := canvas{img: image.NewPaletted(image.Rect(0, 0, int(math.Ceil(p.Width*scale)), int(math.Ceil(p.Height*scale))), palette), scale: scale}
	for i, f := range parsed() {
		c.faces[i] = font.NewFace(f) // a face may serve one goroutine only
	}
	for i := range p.Shapes {
		c.shape(&p.Shapes[i])
	}
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	return e.Encode(w, c.img)
}

type canvas struct {
	img    *image.Paletted
	scale  float64
	shaper shaping.HarfbuzzShaper
	faces  [2]*font.Face
}

func (c *canvas) shape(s *Shape) {
	if s.Text != "" {
		c.text(s)
		return
	}
	if s.Fill != "" {
		c.fill(s.Points, s.Fill)
	}
	if s.Stroke == "" {
		return
	}
	points := append([]Point(nil), s.Shaft()...)
	if s.Closed {
		points = append(points, points[0])
	}
	for i := 1; i < len(points); i++ {
		for _, d := range Dashes(points[i-1], points[i], s.Dash) {
			c.fill(stroke(d[0], d[1], s.Width), s.Stroke)
		}
	}
	if s.Arrow {
		h := s.Head()
		c.fill(h[:], s.Stroke)
	}
}

// stroke is the outline of a line with square ends, so that corners are whole.
func stroke(a, b Point, width float64) []Point {
	length := math.Hypot(b.X-a.X, b.Y-a.Y)
	if length == 0 {
		return nil
	}
	dx, dy := (b.X-a.X)/length*width/2, (b.Y-a.Y)/length*width/2
	a, b = Point{a.X - dx, a.Y - dy}, Point{b.X + dx, b.Y + dy}
	return []Point{{a.X - dy, a.Y + dx}, {b.X - dy, b.Y + dx}, {b.X + dy, b.Y - dx}, {a.X + dy, a.Y - dx}}
}

// Dashes cuts a line into its dashes; nil is a solid line.
func Dashes(a, b Point, dash []float64) [][2]Point {
	length := math.Hypot(b.X-a.X, b.Y-a.Y)
	if dash == nil || length == 0 {
		return [][2]Point{{a, b}}
	}
	on := func(d float64) Point {
		f := math.Min(1, d/length)
		return Point{a.X + (b.X-a.X)*f, a.Y + (b.Y-a.Y)*f}
	}
	var out [][2]Point
	for i, d := 0, 0.0; d < length; i++ {
		n := dash[i%len(dash)]
		if i%2 == 0 {
			out = append(out, [2]Point{on(d), on(d + n)})
		}
		d += n
	}
	return out
}

// fill fills a polygon, in a raster no larger than it is.
func (c *canvas) fill(points []Point, colour string) {
	if len(points) < 3 {
		return
	}
	r := c.raster(bounds(points, c.scale))
	for i, p := range points {
		x, y := float32(p.X*c.scale)-r.x, float32(p.Y*c.scale)-r.y
		if i == 0 {
			r.MoveTo(x, y)
		} else {
			r.LineTo(x, y)
		}
	}
	r.ClosePath()
	r.draw(colour)
}

type raster struct {
	*vector.Rasterizer
	c    *canvas
	box  image.Rectangle
	x, y float32
}

func (c *canvas) raster(box image.Rectangle) raster {
	box = box.Intersect(c.img.Bounds())
	return raster{vector.NewRasterizer(max(1, box.Dx()), max(1, box.Dy())), c, box, float32(box.Min.X), float32(box.Min.Y)}
}

// draw lays what was rastered over the image: a ground as it is, an ink by its coverage
// over the ground that is there.
func (r raster) draw(colour string) {
	if r.box.Empty() {
		return
	}
	mask := image.NewAlpha(image.Rect(0, 0, r.box.Dx(), r.box.Dy()))
	r.DrawOp = draw.Src
	r.Draw(mask, mask.Bounds(), image.Opaque, image.Point{})
	ground, over := slices.Index(grounds, colour), slices.Index(inks, colour)
	for y := range r.box.Dy() {
		row := r.c.img.Pix[(r.box.Min.Y+y)*r.c.img.Stride+r.box.Min.X:]
		for x, a := range mask.Pix[y*mask.Stride : y*mask.Stride+r.box.Dx()] {
			switch n := (int(a)*steps + 127) / 255; {
			case n == 0:
			case ground >= 0:
				if n > steps/2 {
					row[x] = uint8(ground)
				}
			case over >= 0:
				row[x] = ink8(row[x], over, n)
			}
		}
	}
}

// ink8 is the palette's entry for an ink over what is there.
func ink8(under uint8, over, n int) uint8 {
	ground, there := int(under), 0
	if i := int(under) - len(grounds); i >= 0 {
		ground, there = i/steps%len(grounds), i%steps+1
		if i/steps/len(grounds) == over {
			n = max(n, there)
		}
	}
	return uint8(len(grounds) + (over*len(grounds)+ground)*steps + n - 1)
}

func bounds(points []Point, scale float64) image.Rectangle {
	x0, y0, x1, y1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, p := range points {
		x0, y0, x1, y1 = math.Min(x0, p.X), math.Min(y0, p.Y), math.Max(x1, p.X), math.Max(y1, p.Y)
	}
	return image.Rect(int(x0*scale)-1, int(y0*scale)-1, int(x1*scale)+2, int(y1*scale)+2)
}

func (c *canvas) text(s *Shape) {
	face := c.faces[0]
	if s.Bold {
		face = c.faces[1]
	}
	script := language.Latin
	if strings.ContainsFunc(s.Text, func(r rune) bool { return r >= 0x0e00 && r <= 0x0e7f }) {
		script = language.Thai
	}
	size := s.Size * c.scale
	runes := []rune(s.Text)
	out := c.shaper.Shape(shaping.Input{Text: runes, RunEnd: len(runes), Direction: di.DirectionLTR, Face: face, Size: fixed.Int26_6(size * 64), Script: script, Language: language.NewLanguage("th")})
	width := float64(out.Advance) / 64
	x, y := s.Points[0].X*c.scale, s.Points[0].Y*c.scale
	switch s.Anchor {
	case "middle":
		x -= width / 2
	case "end":
		x -= width
	}
	r := c.raster(image.Rect(int(x)-4, int(y-size*1.5), int(x+width)+5, int(y+size*.8)))
	unit := size / float64(out.Face.Upem())
	for _, g := range out.Glyphs {
		if o, ok := out.Face.GlyphDataOutline(g.GlyphID); ok {
			r.glyph(o, x+float64(g.XOffset)/64, y-float64(g.YOffset)/64, unit)
		}
		x += float64(g.Advance) / 64
	}
	r.draw(s.Fill)
}

func (r raster) glyph(o font.GlyphOutline, x, y, unit float64) {
	for _, s := range o.Segments {
		var p [3][2]float32
		for i, a := range s.ArgsSlice() {
			p[i] = [2]float32{float32(x+float64(a.X)*unit) - r.x, float32(y-float64(a.Y)*unit) - r.y}
		}
		switch s.Op {
		case opentype.SegmentOpMoveTo:
			r.ClosePath()
			r.MoveTo(p[0][0], p[0][1])
		case opentype.SegmentOpLineTo:
			r.LineTo(p[0][0], p[0][1])
		case opentype.SegmentOpQuadTo:
			r.QuadTo(p[0][0], p[0][1], p[1][0], p[1][1])
		case opentype.SegmentOpCubeTo:
			r.CubeTo(p[0][0], p[0][1], p[1][0], p[1][1], p[2][0], p[2][1])
		}
	}
	r.ClosePath()
}

// hex reads #rrggbb.
func hex(s string) color.RGBA {
	c := color.RGBA{A: 255}
	if len(s) != 7 {
		return c
	}
	var v [3]uint8
	for i := range v {
		for _, r := range s[1+2*i : 3+2*i] {
			n := uint8(0)
			switch {
			case r >= '0' && r <= '9':
				n = uint8(r - '0')
			case r >= 'a' && r <= 'f':
				n = uint8(r-'a') + 10
			}
			v[i] = v[i]*16 + n
		}
	}
	c.R, c.G, c.B = v[0], v[1], v[2]
	return c
}
