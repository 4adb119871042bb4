package form

import (
	"math"

	"prasan/internal/doc/pdf"
)

// grid is a table on paper. Cells of one group, in one column and in rows that follow
// each other, are one cell.
type grid struct {
	widths []float64
	size   float64
	head   [][]gridCell // repeated on every page
	rows   [][]gridCell
}

type gridCell struct {
	text  string
	bold  bool
	fill  *pdf.Color
	span  int
	group string

	x, w  float64
	lines []pdf.Run
}

const cellPad = 3.2

func (t *grid) leading() float64 { return t.size * 1.38 }

// set breaks the texts of a row into lines and gives the height that it needs alone.
func (p *paper) set(t *grid, row []gridCell) float64 {
	x, at, height := edgeX, 0, t.leading()
	for i := range row {
		c := &row[i]
		c.x, c.w = x, 0
		for range max(1, c.span) {
			if at < len(t.widths) {
				c.w += t.widths[at]
				at++
			}
		}
		x += c.w
		if c.text != "" {
			c.lines = p.d.Lines(style(t.size, c.bold), c.text, breaker(), c.w-2*cellPad, c.w-2*cellPad)
		}
		if c.group == "" {
			height = math.Max(height, float64(len(c.lines))*t.leading())
		}
	}
	return height + 2*cellPad
}

// band is a part of a row on one page.
type band struct {
	row      []gridCell
	y, h     float64
	from, to int // lines
}

// table draws a table over as many pages as it needs.
func (p *paper) table(t *grid) {
	heights := make([]float64, len(t.rows))
	for i := range t.rows {
		heights[i] = p.set(t, t.rows[i])
	}
	t.stretch(heights)
	for i := range t.head {
		p.set(t, t.head[i])
	}
	drawn := map[string]int{} // lines of a group that are on paper already
	bands := p.begin(t)
	for i := range t.rows {
		done, total := 0, int(math.Round((heights[i]-2*cellPad)/t.leading()))
		for done < total {
			room := int((p.page.Height - edgeBottom - p.y - 2*cellPad) / t.leading())
			rest := total - done
			full := int((p.page.Height - edgeBottom - edgeTop) / t.leading() * .6)
			if rest > room && (room < 3 || rest <= full) {
				p.rule(t, bands, drawn)
				p.newPage(p.page.Size)
				bands = p.begin(t)
				continue
			}
			n := min(rest, room)
			h := float64(n)*t.leading() + 2*cellPad
			bands = append(bands, band{t.rows[i], p.y, h, done, done + n})
			p.y += h
			done += n
		}
	}
	p.rule(t, bands, drawn)
}

// stretch makes the last row of a group higher where the group's text needs it.
func (t *grid) stretch(heights []float64) {
	for c := 0; c < 2; c++ {
		for i := 0; i < len(t.rows); {
			if c >= len(t.rows[i]) || t.rows[i][c].group == "" {
				i++
				continue
			}
			j, sum := i, 0.0
			for ; j < len(t.rows) && c < len(t.rows[j]) && t.rows[j][c].group == t.rows[i][c].group; j++ {
				sum += heights[j]
			}
			if need := float64(len(t.rows[i][c].lines))*t.leading() + 2*cellPad; need > sum {
				heights[j-1] += math.Ceil((need-sum)/t.leading()) * t.leading()
			}
			i = j
		}
	}
}

// begin draws nothing yet: it sets the head of the table at the top of the page.
func (p *paper) begin(t *grid) []band {
	var out []band
	for i := range t.head {
		h := t.leading()
		for _, c := range t.head[i] {
			n := float64(len(c.lines))
			if c.group != "" {
				n /= float64(len(t.head))
			}
			h = math.Max(h, math.Ceil(n)*t.leading())
		}
		h += 2 * cellPad
		out = append(out, band{t.head[i], p.y, h, 0, 1 << 20})
		p.y += h
	}
	return out
}

// rule draws the bands of a page: grounds, borders, texts.
func (p *paper) rule(t *grid, bands []band, drawn map[string]int) {
	for i := range bands {
		b := &bands[i]
		for c := range b.row {
			cell := &b.row[c]
			y, h := b.y, b.h
			if cell.group != "" {
				if i > 0 && sameGroup(bands[i-1].row, cell) {
					continue
				}
				for j := i + 1; j < len(bands) && sameGroup(bands[j].row, cell); j++ {
					h = bands[j].y + bands[j].h - y
				}
			}
			if cell.fill != nil {
				p.page.Fill(cell.x, y, cell.w, h, *cell.fill)
			}
			p.page.Rect(cell.x, y, cell.w, h, .5, lineColour)
			p.texts(t, cell, b, y, h, drawn)
		}
	}
}

func sameGroup(row []gridCell, cell *gridCell) bool {
	for i := range row {
		if row[i].group == cell.group && row[i].x == cell.x {
			return true
		}
	}
	return false
}

func (p *paper) texts(t *grid, cell *gridCell, b *band, y, h float64, drawn map[string]int) {
	lines := cell.lines
	if cell.group == "" {
		lines = lines[min(b.from, len(lines)):min(b.to, len(lines))]
	} else if b.to < 1<<20 {
		from := min(drawn[cell.group], len(lines))
		n := min(len(lines)-from, int((h-2*cellPad)/t.leading()+.01))
		drawn[cell.group] = from + n
		lines = lines[from : from+n]
	}
	for i, run := range lines {
		p.page.Draw(cell.x+cellPad, y+cellPad+t.leading()*(float64(i)+.78), run)
	}
}
