package slip

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"math"
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

// faces are parsed when the first picture is drawn.
var faces = sync.OnceValue(func() [2]*font.Font {
	var out [2]*font.Font
	for i, data := range [][]byte{fonts.SarabunRegular, fonts.SarabunBold} {
		face, err := font.ParseTTF(bytes.NewReader(data))
		if err != nil {
			panic("slip: embedded font: " + err.Error()) // a mistake of the build
		}
		out[i] = face.Font
	}
	return out
})

// style is how a piece of text looks. Size is in pixels.
type style struct {
	size  float64
	bold  bool
	color color.RGBA
}

// canvas is a picture under way. Positions are pixels from the upper left corner.
type canvas struct {
	img    *image.RGBA
	shaper shaping.HarfbuzzShaper
	faces  [2]*font.Face
}

func newCanvas(width, height int, paper color.RGBA) *canvas {
	c := &canvas{img: image.NewRGBA(image.Rect(0, 0, width, height))}
	for i, f := range faces() {
		c.faces[i] = font.NewFace(f) // a face may serve one goroutine only
	}
	c.rect(0, 0, float64(width), float64(height), paper)
	return c
}

func (c *canvas) shape(s style, text string) shaping.Output {
	face := c.faces[0]
	if s.bold {
		face = c.faces[1]
	}
	runes := []rune(text)
	script := language.Latin
	if strings.ContainsFunc(text, func(r rune) bool { return r >= 0x0e00 && r <= 0x0e7f }) {
		script = language.Thai
	}
	return c.shaper.Shape(shaping.Input{Text: runes, RunEnd: len(runes), Direction: di.DirectionLTR, Face: face, Size: fixed.Int26_6(s.size * 64), Script: script, Language: language.NewLanguage("th")})
}

func (c *canvas) width(s style, text string) float64 {
	return float64(c.shape(s, text).Advance) / 64
}

// text draws a line whose baseline begins at x, y.
func (c *canvas) text(s style, x, y float64, text string) {
	out := c.shape(s, text)
	p := c.pen()
	scale := s.size / float64(out.Face.Upem())
	for _, g := range out.Glyphs {
		if outline, ok := out.Face.GlyphDataOutline(g.GlyphID); ok {
			p.glyph(outline, x+float64(g.XOffset)/64, y-float64(g.YOffset)/64, scale)
		}
		x += float64(g.Advance) / 64
	}
	p.fill(s.color)
}

// lines breaks text at its spaces into lines of at most width; where one word alone is
// wider, all is set smaller.
func (c *canvas) lines(s style, width float64, text string) (style, []string) {
	words := strings.Fields(text)
	for _, w := range words {
		for s.size > 16 && c.width(s, w) > width {
			s.size *= .96
		}
	}
	var out []string
	for _, w := range words {
		if n := len(out); n > 0 && c.width(s, out[n-1]+" "+w) <= width {
			out[n-1] += " " + w
		} else {
			out = append(out, w)
		}
	}
	return s, out
}

// pen collects outlines that are filled together, in a picture no larger than they are.
type pen struct {
	c    *canvas
	path []opentype.Segment
	box  image.Rectangle
}

func (c *canvas) pen() *pen { return &pen{c: c} }

func (p *pen) add(op opentype.SegmentOp, points ...opentype.SegmentPoint) {
	seg := opentype.Segment{Op: op}
	for i, pt := range points {
		seg.Args[i] = pt
		x, y := int(math.Floor(float64(pt.X))), int(math.Floor(float64(pt.Y)))
		p.box = p.box.Union(image.Rect(x, y, x+2, y+2))
	}
	p.path = append(p.path, seg)
}

func (p *pen) glyph(o font.GlyphOutline, x, y, scale float64) {
	for _, seg := range o.Segments {
		var points []opentype.SegmentPoint
		for _, pt := range seg.ArgsSlice() {
			points = append(points, opentype.SegmentPoint{X: float32(x + float64(pt.X)*scale), Y: float32(y - float64(pt.Y)*scale)})
		}
		p.add(seg.Op, points...)
	}
}

func (p *pen) polygon(points ...[2]float64) {
	op := opentype.SegmentOpMoveTo
	for _, pt := range points {
		p.add(op, opentype.SegmentPoint{X: float32(pt[0]), Y: float32(pt[1])})
		op = opentype.SegmentOpLineTo
	}
}

func (p *pen) circle(x, y, radius float64) {
	const steps = 48
	var points [][2]float64
	for i := range steps {
		a := 2 * math.Pi * float64(i) / steps
		points = append(points, [2]float64{x + radius*math.Cos(a), y + radius*math.Sin(a)})
	}
	p.polygon(points...)
}

func (p *pen) fill(col color.RGBA) {
	r := vector.NewRasterizer(p.box.Dx(), p.box.Dy())
	dx, dy := float32(p.box.Min.X), float32(p.box.Min.Y)
	for _, seg := range p.path {
		a := seg.Args
		switch seg.Op {
		case opentype.SegmentOpMoveTo:
			r.ClosePath()
			r.MoveTo(a[0].X-dx, a[0].Y-dy)
		case opentype.SegmentOpLineTo:
			r.LineTo(a[0].X-dx, a[0].Y-dy)
		case opentype.SegmentOpQuadTo:
			r.QuadTo(a[0].X-dx, a[0].Y-dy, a[1].X-dx, a[1].Y-dy)
		case opentype.SegmentOpCubeTo:
			r.CubeTo(a[0].X-dx, a[0].Y-dy, a[1].X-dx, a[1].Y-dy, a[2].X-dx, a[2].Y-dy)
		}
	}
	r.ClosePath()
	r.Draw(p.c.img, p.box, image.NewUniform(col), image.Point{})
}

func (c *canvas) rect(x, y, w, h float64, col color.RGBA) {
	r := image.Rect(int(x), int(y), int(x+w), int(y+h))
	draw.Draw(c.img, r, image.NewUniform(col), image.Point{}, draw.Src)
}

func (c *canvas) disc(x, y, radius float64, col color.RGBA) {
	p := c.pen()
	p.circle(x, y, radius)
	p.fill(col)
}

// rounded fills a rectangle with round corners.
func (c *canvas) rounded(x, y, w, h, radius float64, col color.RGBA) {
	const steps = 12
	p := c.pen()
	var points [][2]float64
	for i, corner := range [][2]float64{{x + w - radius, y + radius}, {x + w - radius, y + h - radius}, {x + radius, y + h - radius}, {x + radius, y + radius}} {
		for k := range steps + 1 {
			a := math.Pi / 2 * (float64(i) - 1 + float64(k)/steps)
			points = append(points, [2]float64{corner[0] + radius*math.Cos(a), corner[1] + radius*math.Sin(a)})
		}
	}
	p.polygon(points...)
	p.fill(col)
}

// stroke draws a line through points with round ends and joins. Each piece is filled by
// itself: outlines that overlap in opposite senses would cancel out.
func (c *canvas) stroke(width float64, col color.RGBA, points ...[2]float64) {
	for i, a := range points {
		c.disc(a[0], a[1], width/2, col)
		if i == 0 {
			continue
		}
		b := points[i-1]
		dx, dy := a[0]-b[0], a[1]-b[1]
		n := width / 2 / math.Hypot(dx, dy)
		nx, ny := -dy*n, dx*n
		p := c.pen()
		p.polygon([2]float64{b[0] + nx, b[1] + ny}, [2]float64{a[0] + nx, a[1] + ny}, [2]float64{a[0] - nx, a[1] - ny}, [2]float64{b[0] - nx, b[1] - ny})
		p.fill(col)
	}
}
