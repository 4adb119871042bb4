package flow

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// SVG writes a diagram as an image with a title and a description, for the page and for
// files. Nothing in it is loaded from elsewhere. id makes the identifiers in it its own.
func SVG(d *Diagram, id string, w io.Writer) error { return Lay(d).SVG(id, w) }

// SVG writes a picture.
func (p *Picture) SVG(id string, out io.Writer) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" width="%[1]s" height="%[2]s" role="img" aria-labelledby="%[3]s-title %[3]s-desc" font-family="Sarabun, 'TH Sarabun New', 'Noto Sans Thai', Laksaman, Loma, sans-serif">`+"\n",
		num(p.Width), num(p.Height), esc(id))
	fmt.Fprintf(w, "<title id=\"%s-title\">%s</title>\n<desc id=\"%s-desc\">%s</desc>\n", esc(id), esc(p.Title), esc(id), esc(p.Description))
	fmt.Fprintf(w, "<rect width=\"%s\" height=\"%s\" fill=\"#ffffff\"/>\n", num(p.Width), num(p.Height))
	for i := range p.Shapes {
		p.Shapes[i].svg(w)
	}
	if _, err := w.WriteString("</svg>\n"); err != nil {
		return err
	}
	return w.Flush()
}

func (s *Shape) svg(w *bufio.Writer) {
	if s.Text != "" {
		weight := ""
		if s.Bold {
			weight = ` font-weight="700"`
		}
		fmt.Fprintf(w, "<text x=\"%s\" y=\"%s\" font-size=\"%s\"%s fill=\"%s\" text-anchor=\"%s\">%s</text>\n", num(s.Points[0].X), num(s.Points[0].Y), num(s.Size), weight, s.Fill, s.Anchor, esc(s.Text))
		return
	}
	path := "M"
	points := s.Points
	if s.Arrow {
		points = s.shaft()
	}
	for i, p := range points {
		if i > 0 {
			path += " L"
		}
		path += num(p.X) + " " + num(p.Y)
	}
	if s.Closed {
		path += " Z"
	}
	fill, stroke := "none", ""
	if s.Fill != "" {
		fill = s.Fill
	}
	if s.Stroke != "" {
		stroke = fmt.Sprintf(` stroke="%s" stroke-width="%s" stroke-linejoin="round"`, s.Stroke, num(s.Width))
	}
	if s.Dash != nil {
		stroke += ` stroke-dasharray="` + dashes(s.Dash) + `"`
		if s.Dash[0] < 3 {
			stroke += ` stroke-linecap="round"`
		}
	}
	fmt.Fprintf(w, "<path d=\"%s\" fill=\"%s\"%s/>\n", path, fill, stroke)
	if s.Arrow {
		h := s.Head()
		fmt.Fprintf(w, "<path d=\"M%s %s L%s %s L%s %s Z\" fill=\"%s\"/>\n", num(h[0].X), num(h[0].Y), num(h[1].X), num(h[1].Y), num(h[2].X), num(h[2].Y), s.Stroke)
	}
}

// Head is the triangle at the end of an arrow: its tip first.
func (s *Shape) Head() [3]Point {
	tip, from := s.Points[len(s.Points)-1], s.Points[len(s.Points)-2]
	angle := math.Atan2(tip.Y-from.Y, tip.X-from.X)
	size := 8 + s.Width
	at := func(turn float64) Point {
		return Point{tip.X - size*math.Cos(angle+turn), tip.Y - size*math.Sin(angle+turn)}
	}
	return [3]Point{tip, at(.42), at(-.42)}
}

// shaft is the way of an arrow up to its head.
func (s *Shape) shaft() []Point {
	out := append([]Point(nil), s.Points...)
	h := s.Head()
	out[len(out)-1] = Point{(h[1].X + h[2].X) / 2, (h[1].Y + h[2].Y) / 2}
	return out
}

// Shaft is the way of an arrow up to its head; of any other shape its points.
func (s *Shape) Shaft() []Point {
	if s.Arrow {
		return s.shaft()
	}
	return s.Points
}

func dashes(list []float64) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = num(v)
	}
	return strings.Join(parts, " ")
}

func num(f float64) string {
	return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64)
}

func esc(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}
