package form

import (
	"math"

	"prasan/internal/doc/flow"
	"prasan/internal/doc/pdf"
	"prasan/internal/ropa"
)

// picture draws the data flow on a page of its own.
func (p *paper) picture(r *ropa.Revision) {
	if len(r.Flow.Steps) == 0 {
		return
	}
	pic := flow.Lay(Diagram(r, "th"))
	p.newPage(pdf.A4)
	scale := math.Min(1, math.Min((p.page.Width-2*edgeX)/pic.Width, (p.page.Height-edgeTop-edgeBottom)/pic.Height))
	left := (p.page.Width - pic.Width*scale) / 2
	for i := range pic.Shapes {
		p.shape(&pic.Shapes[i], func(q flow.Point) flow.Point { return flow.Point{X: left + q.X*scale, Y: edgeTop + q.Y*scale} }, scale)
	}
}

func (p *paper) shape(s *flow.Shape, at func(flow.Point) flow.Point, scale float64) {
	if s.Text != "" {
		st := style(s.Size*scale, s.Bold)
		st.Color = colour(s.Fill)
		q := at(s.Points[0])
		switch s.Anchor {
		case "middle":
			p.page.TextCenter(q.X, q.Y, st, s.Text)
		case "end":
			p.page.TextRight(q.X, q.Y, st, s.Text)
		default:
			p.page.Text(q.X, q.Y, st, s.Text)
		}
		return
	}
	points := make([]flow.Point, 0, len(s.Points)+1)
	for _, q := range s.Shaft() {
		points = append(points, at(q))
	}
	if s.Closed {
		points = append(points, points[0])
	}
	if s.Fill != "" && len(s.Points) == 4 && s.Points[0].Y == s.Points[1].Y {
		p.page.Fill(points[0].X, points[0].Y, points[1].X-points[0].X, points[2].Y-points[1].Y, colour(s.Fill))
	}
	if s.Stroke == "" {
		return
	}
	c, width := colour(s.Stroke), s.Width*scale
	pieces := [][2]flow.Point{}
	for i := 1; i < len(points); i++ {
		pieces = append(pieces, dashed(points[i-1], points[i], s.Dash, scale)...)
	}
	for _, q := range pieces {
		p.page.Line(q[0].X, q[0].Y, q[1].X, q[1].Y, width, c)
	}
	if s.Arrow {
		p.head(s, at, c)
	}
}

// head fills the head of an arrow with strokes from its tip to its base.
func (p *paper) head(s *flow.Shape, at func(flow.Point) flow.Point, c pdf.Color) {
	h := s.Head()
	const strokes = 12
	for i := 0; i <= strokes; i++ {
		f := float64(i) / strokes
		a, b := at(h[0]), at(flow.Point{X: h[1].X + (h[2].X-h[1].X)*f, Y: h[1].Y + (h[2].Y-h[1].Y)*f})
		p.page.Line(a.X, a.Y, b.X, b.Y, .6, c)
	}
}

// dashed cuts a line into its dashes.
func dashed(a, b flow.Point, dash []float64, scale float64) [][2]flow.Point {
	length := math.Hypot(b.X-a.X, b.Y-a.Y)
	if dash == nil || length == 0 {
		return [][2]flow.Point{{a, b}}
	}
	var out [][2]flow.Point
	on := func(d float64) flow.Point {
		f := math.Min(1, d/length)
		return flow.Point{X: a.X + (b.X-a.X)*f, Y: a.Y + (b.Y-a.Y)*f}
	}
	for i, d := 0, 0.0; d < length; i++ {
		n := dash[i%len(dash)] * scale
		if i%2 == 0 {
			out = append(out, [2]flow.Point{on(d), on(d + n)})
		}
		d += n
	}
	return out
}

// colour reads #rrggbb.
func colour(s string) pdf.Color {
	var c pdf.Color
	if len(s) != 7 {
		return c
	}
	for i := range c {
		n := 0
		for _, r := range s[1+2*i : 3+2*i] {
			switch {
			case r >= '0' && r <= '9':
				n = n*16 + int(r-'0')
			case r >= 'a' && r <= 'f':
				n = n*16 + int(r-'a') + 10
			}
		}
		c[i] = float64(n) / 255
	}
	return c
}
