// Package svg draws charts: values in, an SVG out that can stand in a page, in print and
// alone. Every chart has a title and a description; the table beside it is the page's.
// Colours are classes of the style sheet, with fixed ones for where there is none.
package svg

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
)

// Line is a chart of values over time.
type Line struct {
	ID     string // of the element; unique in its page
	Title  string
	Desc   string
	Labels []string // one for each place on the axis
	Series []Series // the first one is drawn last, on top, with the area under it
	Marks  []Mark
}

// Series are values in their order; NaN is a gap.
type Series struct {
	Name   string
	Values []float64
}

// Mark is a note at a place of the axis.
type Mark struct {
	At   int
	Text string
}

const (
	width, height            = 720.0, 220.0
	left, right, top, bottom = 56.0, 12.0, 14.0, 28.0
	plotWidth, plotHeight    = width - left - right, height - top - bottom
	ticks                    = 4
	maxLabels                = 6
	ink, quiet, rule         = "#1f2a6b", "#8a6d1f", "#d9d7cf"
	textColour, textSize     = "#4a4e62", 12
)

// Write draws the chart.
func (c Line) Write(w io.Writer) error {
	var b bytes.Buffer
	head(&b, c.ID, c.Title, c.Desc, width, height)
	high := c.top()
	grid(&b, high)
	c.axis(&b)
	for i := len(c.Series) - 1; i >= 0; i-- {
		c.draw(&b, i, high)
	}
	c.marks(&b)
	b.WriteString("</svg>")
	_, err := w.Write(b.Bytes())
	return err
}

func head(b *bytes.Buffer, id, title, desc string, width, height float64) {
	fmt.Fprintf(b, `<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" aria-labelledby="%s-t %s-d"><title id="%s-t">%s</title><desc id="%s-d">%s</desc>`,
		width, height, html.EscapeString(id), html.EscapeString(id), html.EscapeString(id), html.EscapeString(title), html.EscapeString(id), html.EscapeString(desc))
}

// top is the highest tick: a round number that no value exceeds.
func (c Line) top() float64 {
	high := 0.0
	for _, s := range c.Series {
		for _, v := range s.Values {
			if !math.IsNaN(v) {
				high = math.Max(high, v)
			}
		}
	}
	return Ceil(high)
}

// Ceil is the next number that divides by four into round ones.
func Ceil(v float64) float64 {
	if v <= ticks {
		return ticks
	}
	unit := math.Pow(10, math.Floor(math.Log10(v/ticks)))
	for _, m := range []float64{1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10} {
		if step := m * unit; step*ticks >= v && (step == math.Trunc(step)) {
			return step * ticks
		}
	}
	return 20 * unit * ticks
}

func y(v, high float64) float64 { return top + plotHeight*(1-v/high) }

func x(i, n int) float64 {
	if n < 2 {
		return left + plotWidth/2
	}
	return left + plotWidth*float64(i)/float64(n-1)
}

func grid(b *bytes.Buffer, high float64) {
	for i := range ticks + 1 {
		v := high * float64(i) / ticks
		fmt.Fprintf(b, `<line class="rule" x1="%g" x2="%g" y1="%.1f" y2="%.1f" stroke="%s"/>`, left, width-right, y(v, high), y(v, high), rule)
		label(b, left-8, y(v, high)+4, "end", Short(v))
	}
}

func label(b *bytes.Buffer, x, y float64, anchor, text string) {
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s" font-size="%d" fill="%s">%s</text>`, x, y, anchor, textSize, textColour, html.EscapeString(text))
}

// axis writes as many of the labels as there is room for, the first and the last among
// them.
func (c Line) axis(b *bytes.Buffer) {
	n := len(c.Labels)
	shown := min(n, maxLabels)
	for k := range shown {
		i := 0
		if shown > 1 {
			i = k * (n - 1) / (shown - 1)
		}
		anchor := "middle"
		if k == 0 && shown > 1 {
			anchor = "start"
		} else if k == shown-1 && shown > 1 {
			anchor = "end"
		}
		label(b, x(i, n), height-8, anchor, c.Labels[i])
	}
}

func (c Line) draw(b *bytes.Buffer, i int, high float64) {
	class, colour, dash := "now", ink, ""
	if i > 0 {
		class, colour, dash = "then", quiet, ` stroke-dasharray="5 4"`
	}
	path, begin, open := "", -1, false
	n := len(c.Series[i].Values)
	for k, v := range c.Series[i].Values {
		if math.IsNaN(v) {
			open = false
			continue
		}
		command := "L"
		if !open {
			command, open = "M", true
			if begin < 0 {
				begin = k
			}
		}
		path += fmt.Sprintf("%s%.1f %.1f", command, x(k, n), y(v, high))
	}
	if path == "" {
		return
	}
	if i == 0 && n > 1 {
		fmt.Fprintf(b, `<path class="area" d="%sL%.1f %.1fL%.1f %.1fZ" fill="%s" fill-opacity=".1"/>`, path, x(n-1, n), y(0, high), x(begin, n), y(0, high), colour)
	}
	fmt.Fprintf(b, `<path class="%s" d="%s" fill="none" stroke="%s" stroke-width="2" stroke-linejoin="round"%s/>`, class, path, colour, dash)
	if n == 1 {
		fmt.Fprintf(b, `<circle class="dot" cx="%.1f" cy="%.1f" r="4" fill="%s"/>`, x(0, 1), y(c.Series[i].Values[0], high), colour)
	}
}

// marks are numbered on the chart; what they say stands in the page.
func (c Line) marks(b *bytes.Buffer) {
	n := len(c.Labels)
	for i, m := range c.Marks {
		if m.At < 0 || m.At >= n {
			continue
		}
		at := x(m.At, n)
		fmt.Fprintf(b, `<g class="mark"><title>%s</title><line x1="%.1f" x2="%.1f" y1="%g" y2="%g" stroke="%s" stroke-dasharray="2 3"/><circle cx="%.1f" cy="%g" r="9" fill="%s"/><text x="%.1f" y="%g" text-anchor="middle" font-size="11" font-weight="700" fill="#fff">%d</text></g>`,
			html.EscapeString(m.Text), at, at, top, height-bottom, quiet, at, top, quiet, at, top+4, i+1)
	}
}

// Columns is a chart of a few values side by side.
type Columns struct {
	ID, Title, Desc string
	Labels          []string
	Values          []float64
}

// Write draws the chart.
func (c Columns) Write(w io.Writer) error {
	var b bytes.Buffer
	head(&b, c.ID, c.Title, c.Desc, width, height)
	high := Line{Series: []Series{{Values: c.Values}}}.top()
	grid(&b, high)
	n := float64(max(len(c.Values), 1))
	step := plotWidth / n
	for i, v := range c.Values {
		fmt.Fprintf(&b, `<rect class="bar" x="%.1f" y="%.1f" width="%.1f" height="%.1f" fill="%s"/>`, left+step*float64(i)+step*.15, y(v, high), step*.7, plotHeight*v/high, ink)
		every := max(1, len(c.Values)/8)
		if i%every == 0 && i < len(c.Labels) {
			label(&b, left+step*(float64(i)+.5), height-8, "middle", c.Labels[i])
		}
	}
	b.WriteString("</svg>")
	_, err := w.Write(b.Bytes())
	return err
}

// Bar is a share of a whole as a bar, for a cell of a table.
func Bar(share float64) string {
	share = math.Max(0, math.Min(1, share))
	return fmt.Sprintf(`<svg class="share" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect class="rest" width="100" height="8" fill="%s"/><rect class="bar" width="%.1f" height="8" fill="%s"/></svg>`, rule, share*100, ink)
}

// Short writes a number of an axis: 1,200, 45k, 3.5M.
func Short(v float64) string {
	switch {
	case v >= 1e6:
		return trim(v/1e6) + "M"
	case v >= 1e4:
		return trim(v/1e3) + "k"
	case v >= 1000:
		return strconv.Itoa(int(v)/1000) + "," + fmt.Sprintf("%03d", int(v)%1000)
	}
	return trim(v)
}

func trim(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
