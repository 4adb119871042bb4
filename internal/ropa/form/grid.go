package form

import (
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// line is a row of cells as it stood in the file.
type line struct {
	cells   []string
	place   func(cell int) string
	breaks  bool // plain text: a row may go on in the next line
	heads   bool // it stands over the inventory: its heading, whatever it says
	formula bool // a cell holds a formula, not what someone wrote
}

func (l *line) isBlank() bool {
	return !slices.ContainsFunc(l.cells, func(c string) bool { return strings.TrimSpace(c) != "" })
}

// filled are the cells that say something.
func (l *line) filled() []int {
	var out []int
	for i, c := range l.cells {
		if strings.TrimSpace(c) != "" {
			out = append(out, i)
		}
	}
	return out
}

func (l *line) cell(i int) string {
	if i < 0 || i >= len(l.cells) {
		return ""
	}
	return strings.TrimSpace(l.cells[i])
}

func (l *line) text() string {
	var out []string
	for _, i := range l.filled() {
		out = append(out, l.cell(i))
	}
	return strings.Join(out, "\t")
}

// join puts a broken row together again: the last cell of one line and the first of
// the next are one cell.
func (l *line) join(next *line) line {
	out := *l
	n := len(l.cells)
	out.cells = slices.Clone(l.cells[:n-1])
	last, first := strings.TrimRight(l.cells[n-1], " "), strings.TrimLeft(next.cells[0], " ")
	if last != "" && first != "" {
		last += "\n"
	}
	out.cells = append(append(out.cells, last+first), next.cells[1:]...)
	return out
}

var (
	tag        = regexp.MustCompile(`(?i)</?(p|div|span|b|i|u|strong|em|td|th|tr|table|tbody|thead)(\s[^<>]*)?>`)
	lineBreak  = regexp.MustCompile(`(?i)<br\s*/?>`)
	paragraph  = regexp.MustCompile(`(?is)<p(?:\s[^<>]*)?>(.*?)</p>`)
	wideGap    = regexp.MustCompile(` {3,}|\x{00a0}{2,}`)
	rule       = regexp.MustCompile(`^\s*\|?[\s:|+=-]*-[\s:|+=-]*\|?\s*$`)
	startsList = regexp.MustCompile(`^\s*[1๑]\s*[.)]`)
)

// clean takes the marks of a web page off a cell.
func clean(s string) string {
	if strings.Contains(s, "<") {
		s = tag.ReplaceAllString(lineBreak.ReplaceAllString(s, "\n"), "")
	}
	return strings.TrimSpace(s)
}

// textLines cuts plain text into rows: by tabs; where there are none at all, by bars,
// or by wide gaps.
func textLines(text string) []line {
	lines := strings.Split(text, "\n")
	cut := splitter(text, lines)
	var out []line
	for i, s := range lines {
		no := i + 1
		place := func(cell int) string { return fmt.Sprintf("line %d, cell %d", no, cell+1) }
		if cells := cut(s); len(cells) > 0 {
			out = append(out, expand(line{cells: cells, place: place, breaks: true})...)
		}
	}
	return out
}

func splitter(text string, lines []string) func(string) []string {
	if strings.Contains(text, "\t") {
		return func(s string) []string { return strings.Split(s, "\t") }
	}
	bars := 0
	for _, s := range lines {
		if strings.Count(s, "|") >= 2 {
			bars++
		}
	}
	if bars >= 5 {
		return func(s string) []string {
			if rule.MatchString(s) {
				return []string{""}
			}
			return strings.Split(strings.Trim(strings.TrimSpace(s), "|"), "|")
		}
	}
	return func(s string) []string { return wideGap.Split(s, -1) }
}

// expand takes tags off, and makes of a line whose cells hold several paragraphs as
// many rows, where labels and answers pair.
func expand(l line) []line {
	if !strings.Contains(strings.Join(l.cells, ""), "<") {
		return []line{l}
	}
	labels, answers, at := pairParagraphs(l.cells)
	if len(labels) < 2 || len(labels) != len(answers) {
		for i, c := range l.cells {
			l.cells[i] = flatten(c)
		}
		return []line{l}
	}
	var out []line
	for i := range labels {
		row := l
		row.breaks = false
		row.cells = make([]string, len(l.cells))
		if i == 0 {
			for j := range at[0] {
				row.cells[j] = flatten(l.cells[j])
			}
		}
		row.cells[at[0]], row.cells[at[1]] = labels[i], answers[i]
		out = append(out, row)
	}
	return out
}

// flatten keeps the paragraphs of a cell as lines.
func flatten(c string) string {
	if p := paragraphs(c); len(p) > 1 {
		return strings.Join(p, "\n")
	}
	return clean(c)
}

func paragraphs(c string) []string {
	var out []string
	for _, m := range paragraph.FindAllStringSubmatch(c, -1) {
		if s := clean(m[1]); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// pairParagraphs finds the cell of several labels and the cell of their answers. A list
// that begins again at 1 is the next answer; where that does not give as many answers
// as labels, each paragraph is one.
func pairParagraphs(cells []string) (labels, answers []string, at [2]int) {
	var with []int
	for i, c := range cells {
		if len(paragraphs(c)) > 1 {
			with = append(with, i)
		}
	}
	if len(with) != 2 {
		return nil, nil, at
	}
	at = [2]int{with[0], with[1]}
	labels, parts := paragraphs(cells[at[0]]), paragraphs(cells[at[1]])
	if len(parts) == len(labels) {
		return labels, parts, at
	}
	for _, p := range parts {
		if n := len(answers); n > 0 && isListItem(p) && !startsList.MatchString(p) {
			answers[n-1] += "\n" + p
		} else {
			answers = append(answers, p)
		}
	}
	return labels, answers, at
}

var listItem = regexp.MustCompile(`^\s*([0-9๐-๙]{1,2})\s*[.)]|^\s*[-•]`)

func isListItem(s string) bool { return listItem.MatchString(s) }

// commaRows reads comma- or semicolon-separated rows, if the text is that.
func commaRows(text string) ([]line, bool) {
	if strings.Contains(text, "\t") {
		return nil, false
	}
	for _, comma := range []rune{',', ';'} {
		if rows, ok := separated(text, comma); ok {
			return rows, true
		}
	}
	return nil, false
}

func separated(text string, comma rune) ([]line, bool) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = comma, -1, true
	var out []line
	widths := map[int]int{}
	for {
		cells, err := r.Read()
		if err != nil {
			break
		}
		at, _ := r.FieldPos(0)
		widths[len(cells)]++
		for i := range cells {
			cells[i] = unescape(cells[i])
		}
		place := func(cell int) string { return fmt.Sprintf("line %d, cell %d", at, cell+1) }
		out = append(out, expand(line{cells: cells, place: place})...)
	}
	wide := 0
	for n, count := range widths {
		if n >= 3 {
			wide = max(wide, count)
		}
	}
	return out, wide*2 > len(out) && wide >= 5
}
