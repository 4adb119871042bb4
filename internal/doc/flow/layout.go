package flow

import (
	"fmt"
	"math"
	"slices"
)

// Sizes, in pixels.
const (
	laneWidth = 216.0
	nodeWidth = 172.0
	textSize  = 14.0
	noteSize  = 12.0
	lineStep  = 20.0
	noteStep  = 17.0
	pad       = 9.0
	rowGap    = 38.0
	margin    = 20.0
	titleSize = 17.0
	track     = 9.0 // between arrows that share a gutter
)

// Picture is a laid-out diagram: shapes with places in pixels.
type Picture struct {
	Width, Height      float64
	Title, Description string
	Shapes             []Shape
}

// Point is a place.
type Point struct{ X, Y float64 }

// Shape is a filled polygon, a path or a line of text.
type Shape struct {
	Points []Point
	Closed bool
	Fill   string
	Stroke string
	Width  float64
	Dash   []float64
	Arrow  bool // at the last point
	Text   string
	Size   float64
	Bold   bool
	Anchor string // start, middle, end
}

// box is a node with its place.
type box struct {
	Node
	row           int
	x, y, w, h    float64 // centre and size
	lines, noteLs []string
}

type layout struct {
	d       *Diagram
	pic     Picture
	boxes   []box
	byNo    map[int]int
	top     []float64 // of each row
	height  []float64
	used    map[string]int // arrows in a gutter or channel
	heading float64        // bottom of the lane heads
}

// Lay computes the picture of a diagram.
func Lay(d *Diagram) *Picture {
	l := &layout{d: d, byNo: map[int]int{}, used: map[string]int{}}
	l.pic.Title, l.pic.Description = d.Title, d.Description
	l.pic.Width = 2*margin + laneWidth*float64(max(1, len(d.Lanes)))
	l.rows()
	l.places()
	l.lanes()
	for i := range d.Edges {
		l.edge(&d.Edges[i])
	}
	for i := range l.boxes {
		l.node(&l.boxes[i])
	}
	l.legend()
	return &l.pic
}

// rows gives each step the row of its longest way from a beginning. Arrows backwards
// (to an earlier step of the list) do not count, so that there always is one.
func (l *layout) rows() {
	for i, n := range l.d.Nodes {
		l.byNo[n.No] = i
		n.Lane = min(max(n.Lane, 0), max(0, len(l.d.Lanes)-1))
		l.boxes = append(l.boxes, box{Node: n})
	}
	for i := range l.boxes {
		for _, e := range l.d.Edges {
			if from, ok := l.byNo[e.From]; ok && l.byNo[e.To] == i && from < i && e.To == l.boxes[i].No {
				l.boxes[i].row = max(l.boxes[i].row, l.boxes[from].row+1)
			}
		}
	}
	taken := map[[2]int]bool{}
	for i := range l.boxes { // no two steps on one place
		b := &l.boxes[i]
		for taken[[2]int{b.row, b.Lane}] {
			b.row++
		}
		taken[[2]int{b.row, b.Lane}] = true
	}
}

func (l *layout) places() {
	n := 0
	for i := range l.boxes {
		b := &l.boxes[i]
		b.measure()
		n = max(n, b.row+1)
	}
	l.height, l.top = make([]float64, n), make([]float64, n)
	for i := range l.boxes {
		l.height[l.boxes[i].row] = math.Max(l.height[l.boxes[i].row], l.boxes[i].h)
	}
	l.heading = margin + 14
	for range wrap(l.d.Title, titleSize, l.pic.Width-2*margin) {
		l.heading += 24
	}
	headLines := 1
	for _, name := range l.d.Lanes {
		headLines = max(headLines, len(wrap(name, textSize, laneWidth-16)))
	}
	l.heading += float64(headLines)*lineStep + 14
	y := l.heading + rowGap*.8
	for r := range n {
		l.top[r] = y
		y += l.height[r] + rowGap
	}
	for i := range l.boxes {
		b := &l.boxes[i]
		b.x = margin + laneWidth*(float64(b.Lane)+.5)
		b.y = l.top[b.row] + l.height[b.row]/2
	}
	l.pic.Height = y
}

func (b *box) measure() {
	text := fmt.Sprintf("%d. %s", b.No, b.Text)
	most := nodeWidth - 2*pad
	b.w = nodeWidth
	if b.Decision {
		b.w, most = laneWidth-18, nodeWidth*.66
	}
	b.lines, b.noteLs = wrap(text, textSize, most), wrap(b.Note, noteSize, most)
	b.h = float64(len(b.lines))*lineStep + float64(len(b.noteLs))*noteStep + 2*pad
	if b.Decision {
		b.h = b.h*1.35 + 34
	}
}

func (l *layout) add(s Shape) { l.pic.Shapes = append(l.pic.Shapes, s) }

func (l *layout) text(x, y, size float64, bold bool, colour, anchor, text string) {
	l.add(Shape{Points: []Point{{x, y}}, Text: text, Size: size, Bold: bold, Fill: colour, Anchor: anchor})
}

func rectangle(x, y, w, h float64) []Point {
	return []Point{{x, y}, {x + w, y}, {x + w, y + h}, {x, y + h}}
}

func (l *layout) lanes() {
	y := margin + 16
	for _, s := range wrap(l.d.Title, titleSize, l.pic.Width-2*margin) {
		l.text(l.pic.Width/2, y, titleSize, true, ink, "middle", s)
		y += 24
	}
	top := y - 10
	width := laneWidth * float64(len(l.d.Lanes))
	l.add(Shape{Points: rectangle(margin, top, width, l.heading-top), Closed: true, Fill: headBg})
	for i, name := range l.d.Lanes {
		lines := wrap(name, textSize, laneWidth-16)
		ty := top + (l.heading-top)/2 - float64(len(lines))*lineStep/2 + 15
		for _, s := range lines {
			l.text(margin+laneWidth*(float64(i)+.5), ty, textSize, true, ink, "middle", s)
			ty += lineStep
		}
		if i > 0 {
			x := margin + laneWidth*float64(i)
			l.add(Shape{Points: []Point{{x, top}, {x, l.pic.Height}}, Stroke: line, Width: 1})
		}
	}
	l.add(Shape{Points: []Point{{margin, l.heading}, {margin + width, l.heading}}, Stroke: line, Width: 1})
	l.add(Shape{Points: rectangle(margin, top, width, l.pic.Height-top), Closed: true, Stroke: line, Width: 1})
}

func (l *layout) node(b *box) {
	shape := Shape{Points: rectangle(b.x-b.w/2, b.y-b.h/2, b.w, b.h), Closed: true, Fill: nodeBg, Stroke: navy, Width: 1.4}
	if b.Decision {
		shape.Points = []Point{{b.x, b.y - b.h/2}, {b.x + b.w/2, b.y}, {b.x, b.y + b.h/2}, {b.x - b.w/2, b.y}}
		shape.Fill = askBg
	}
	l.add(shape)
	y := b.y - (float64(len(b.lines))*lineStep+float64(len(b.noteLs))*noteStep)/2 + 15
	for _, s := range b.lines {
		l.text(b.x, y, textSize, false, ink, "middle", s)
		y += lineStep
	}
	y -= 2
	for _, s := range b.noteLs {
		l.text(b.x, y, noteSize, false, noteInk, "middle", s)
		y += noteStep
	}
}

// track gives the next free track in a gutter or channel: 0, then to both sides.
func (l *layout) track(key string) float64 {
	n := l.used[key]
	l.used[key]++
	if n%2 == 1 {
		return track * float64(n/2+1)
	}
	return -track * float64(n/2)
}

// edge routes an arrow along the gutters between lanes and the channels between rows.
func (l *layout) edge(e *Edge) {
	i, ok := l.byNo[e.From]
	j, ok2 := l.byNo[e.To]
	if !ok || !ok2 || i == j {
		return
	}
	a, b := &l.boxes[i], &l.boxes[j]
	var way []Point
	switch {
	case a.row == b.row && math.Abs(float64(a.Lane-b.Lane)) == 1:
		way = []Point{{a.side(b.x), a.y}, {b.side(a.x), b.y}}
	case a.Lane == b.Lane && b.row > a.row && l.isFree(a.Lane, a.row, b.row):
		way = []Point{{a.x, a.bottom()}, {b.x, b.top()}}
	case a.Decision && b.Lane != a.Lane && b.row > a.row && l.isOpen(a, b):
		way = []Point{{a.side(b.x), a.y}, {b.x, a.y}, {b.x, b.top()}}
	case b.row == a.row+1:
		y := l.channel(b.row)
		way = []Point{{a.x, a.bottom()}, {a.x, y}, {b.x, y}, {b.x, b.top()}}
	default:
		way = l.around(a, b)
	}
	p := e.pen()
	w := 1.6
	if e.Count > 0 {
		w = 1.4 + 5*math.Min(1, math.Max(0, e.Share))
	}
	l.add(Shape{Points: way, Stroke: p.colour, Width: w, Dash: p.dash, Arrow: true})
	l.labels(e, a, way, p.colour)
}

func (b *box) side(towards float64) float64 {
	if towards > b.x {
		return b.x + b.w/2
	}
	return b.x - b.w/2
}

func (b *box) bottom() float64 { return b.y + b.h/2 }
func (b *box) top() float64    { return b.y - b.h/2 }

func (l *layout) channel(row int) float64 {
	return l.top[row] - rowGap/2 + l.track(fmt.Sprintf("row %d", row))/1.5
}

func (l *layout) isFree(lane, from, to int) bool {
	return !slices.ContainsFunc(l.boxes, func(b box) bool { return b.Lane == lane && b.row > from && b.row < to })
}

// isOpen tells whether a way sideways and then down meets no step.
func (l *layout) isOpen(a, b *box) bool {
	from, to := min(a.Lane, b.Lane), max(a.Lane, b.Lane)
	return !slices.ContainsFunc(l.boxes, func(x box) bool {
		return x.No != a.No && x.No != b.No && (x.row == a.row && x.Lane >= from && x.Lane <= to || x.Lane == b.Lane && x.row >= a.row && x.row < b.row)
	})
}

// around leaves a step by its side into the gutter, follows that to the channel over the
// target, and enters it from above.
func (l *layout) around(a, b *box) []Point {
	right := b.x > a.x || b.x == a.x && a.Lane < len(l.d.Lanes)-1
	gutter, x := a.Lane, margin+laneWidth*float64(a.Lane)
	if right {
		gutter, x = a.Lane+1, x+laneWidth
	}
	if gutter == 0 {
		x += 8
	} else if gutter == len(l.d.Lanes) {
		x -= 8
	}
	x += l.track(fmt.Sprintf("gutter %d", gutter))
	x = math.Min(math.Max(x, margin+3), l.pic.Width-margin-3)
	y := l.channel(b.row)
	return []Point{{a.side(x), a.y}, {x, a.y}, {x, y}, {b.x, y}, {b.x, b.top()}}
}

// labels writes the condition and the count of an arrow at its beginning.
func (l *layout) labels(e *Edge, a *box, way []Point, colour string) {
	text := e.Text
	if e.Count > 0 {
		if text != "" {
			text += " · "
		}
		text += fmt.Sprint(e.Count)
	}
	if text == "" {
		return
	}
	x, y, anchor := way[0].X+6, way[0].Y+15, "start"
	switch {
	case way[1].X < way[0].X:
		x, y, anchor = way[0].X-6, way[0].Y-6, "end"
	case way[1].X > way[0].X:
		y = way[0].Y - 6
	case len(way) > 2 && way[2].X < way[0].X:
		x, anchor = way[0].X-6, "end"
	}
	l.text(x, y, noteSize, true, colour, anchor, text)
}

// legend says under the picture what the arrows mean.
func (l *layout) legend() {
	y := l.pic.Height + 26
	x := margin + 4
	l.text(x, y, textSize, true, ink, "start", l.d.Legend.Heading)
	entries := []struct {
		medium Medium
		text   string
		always bool
	}{{Electronic, l.d.Legend.Electronic, true}, {Paper, l.d.Legend.Paper, true}, {Either, l.d.Legend.Either, false}, {Unknown, l.d.Legend.Unknown, false}}
	for _, e := range entries {
		used := slices.ContainsFunc(l.d.Edges, func(x Edge) bool { return x.Medium == e.medium })
		if e.text == "" || !e.always && !used {
			continue
		}
		y = l.legendLine(y, pens[e.medium], e.text)
	}
	if slices.ContainsFunc(l.d.Edges, func(x Edge) bool { return x.Undeclared }) && l.d.Legend.Undeclared != "" {
		y = l.legendLine(y, pen{red, nil}, l.d.Legend.Undeclared)
	}
	l.pic.Height = y + margin
}

func (l *layout) legendLine(y float64, p pen, text string) float64 {
	y += 24
	l.add(Shape{Points: []Point{{margin + 8, y - 5}, {margin + 78, y - 5}}, Stroke: p.colour, Width: 1.8, Dash: p.dash, Arrow: true})
	l.text(margin+92, y, textSize, false, ink, "start", text)
	return y
}
