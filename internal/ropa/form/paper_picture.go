package form

import (
	"math"
	"slices"

	"prasan/internal/doc/flow"
	"prasan/internal/doc/pdf"
	"prasan/internal/ropa"
)

// happened heads the picture of what really happened.
const happened = "เส้นทางที่เกิดขึ้นจริง"

// pictures draw the data flow as it is declared, and where it was asked for as it was
// observed, each on a page of its own.
func (p *paper) pictures(r *ropa.Revision, o PaperOptions) {
	if len(r.Flow.Steps) == 0 {
		return
	}
	p.picture(Diagram(r, "th"))
	if o.Period != "" {
		d := Observed(r, "th", o.Passages)
		d.Title += " : " + happened + " " + o.Period
		p.picture(d)
	}
}

func (p *paper) picture(d *flow.Diagram) {
	pic := flow.Lay(d)
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
	if s.Fill != "" && len(s.Points) == 4 && s.Points[0].Y == s.Points[1].Y {
		a, b := at(s.Points[0]), at(s.Points[2])
		p.page.Fill(a.X, a.Y, b.X-a.X, b.Y-a.Y, colour(s.Fill))
	}
	if s.Stroke == "" {
		return
	}
	points := slices.Clone(s.Shaft())
	if s.Closed {
		points = append(points, points[0])
	}
	c := colour(s.Stroke)
	for i := 1; i < len(points); i++ {
		for _, d := range flow.Dashes(points[i-1], points[i], s.Dash) {
			a, b := at(d[0]), at(d[1])
			p.page.Line(a.X, a.Y, b.X, b.Y, s.Width*scale, c)
		}
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
