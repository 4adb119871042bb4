package flow

// Diagram is what is drawn. Lanes are the parties, from left to right.
type Diagram struct {
	Title, Description string
	Lanes              []string
	Nodes              []Node
	Edges              []Edge
	Legend             Legend
}

// Node is a step. No is what arrows refer to.
type Node struct {
	No       int
	Lane     int
	Text     string
	Note     string // smaller, under the text
	Decision bool
}

// Medium says how an arrow is drawn.
type Medium string

// Media: solid, dashed, long dashes, dotted.
const (
	Electronic Medium = "electronic"
	Paper      Medium = "paper"
	Either     Medium = "either"
	Unknown    Medium = "unknown"
)

// Edge is an arrow. Count, where it is more than zero, is how often the way was gone:
// it is written at the arrow, which is as much wider as Share of the greatest says.
// Undeclared ways are those that the record does not know.
type Edge struct {
	From, To   int
	Medium     Medium
	Text       string
	Count      int
	Share      float64
	Undeclared bool
}

// Legend are the words under the picture.
type Legend struct {
	Heading, Electronic, Paper, Either, Unknown, Undeclared string
}

// Colours of the picture.
const (
	ink     = "#1a2233"
	navy    = "#1f3a6e"
	ochre   = "#a8650f"
	teal    = "#0f6b66"
	grey    = "#5b6472"
	red     = "#b3261e"
	line    = "#c3cbd8"
	headBg  = "#e8edf4"
	nodeBg  = "#ffffff"
	askBg   = "#fff6e3"
	noteInk = "#4a5568"
)

type pen struct {
	colour string
	dash   []float64
}

var pens = map[Medium]pen{
	Electronic: {navy, nil},
	Paper:      {ochre, []float64{7, 4}},
	Either:     {teal, []float64{14, 4, 3, 4}},
	Unknown:    {grey, []float64{1.5, 4}},
}

func (e *Edge) pen() pen {
	p, ok := pens[e.Medium]
	if !ok {
		p = pens[Unknown]
	}
	if e.Undeclared {
		p.colour = red
	}
	return p
}
