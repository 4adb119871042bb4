package form

import (
	"regexp"
	"slices"
	"strings"

	"prasan/internal/ropa"
)

// rowLabels are the wordings by which a row of the form is known.
type rowLabels struct {
	def     *ropa.RowDef
	asks    []label // the question, and its head without the instructions
	group   []label // the second column, where only this row stands under it
	parents []label // what may stand before the question
	long    bool
}

var known = func() []rowLabels {
	count := map[string]int{}
	for i := range ropa.Rows {
		count[ropa.Rows[i].Group]++
		count[ropa.Rows[i].Section]++
	}
	out := make([]rowLabels, len(ropa.Rows))
	for i := range ropa.Rows {
		d := &ropa.Rows[i]
		head, _, _ := strings.Cut(d.Ask, "(")
		if len([]rune(squeeze(head))) < 4 {
			head = ""
		}
		own := d.Group
		if own == "" {
			own = d.Section
		}
		if count[own] > 1 {
			own = ""
		}
		out[i] = rowLabels{def: d, asks: labelsOf(.95, d.Ask, head), group: labelsOf(1, own), parents: labelsOf(1, d.Section, d.Group), long: len([]rune(d.Ask)) > 40}
	}
	return out
}()

// match is how well a line is a row, and where in the line label and answer stand.
type match struct {
	score float64
	label int // cell of the label
	whole bool
}

// signs are the cells of a line made ready for comparing.
func (l *line) signs() []sign {
	out := make([]sign, len(l.cells))
	for i, c := range l.cells {
		if strings.TrimSpace(c) != "" && i < 12 {
			out[i] = signOf(c)
		}
	}
	return out
}

// likeRow compares a line with a row. The label may stand in any cell; an answer after
// it, or the label must be beyond doubt.
func likeRow(l *line, signs []sign, r *rowLabels) match {
	filled := l.filled()
	var m match
	for n, i := range filled {
		s := ask(signs[i], r)
		if n == len(filled)-1 && s < .8 {
			continue
		}
		if s > m.score {
			m = match{s, i, s > .96}
		}
	}
	if m.score < .75 && len(r.group) > 0 {
		for n, i := range filled {
			if s := .85 * best(signs[i], r.group); s > max(.6, m.score) && n < len(filled)-1 {
				m = match{score: s, label: i}
				if n+2 < len(filled) { // a question that nobody can read stands between
					m.label = filled[n+1]
				} else if next := signs[filled[n+1]]; begins(next, r.asks[0].sign) || likeness(next, r.asks[0].sign) > .45 {
					m = match{} // the question, broken off: no answer
				}
			}
		}
	}
	for i := range min(m.label, len(signs)) {
		if m.score > 0 && best(signs[i], r.parents) > .7 {
			m.score = min(1, m.score+.05)
			break
		}
	}
	return m
}

func ask(s sign, r *rowLabels) float64 {
	top := best(s, r.asks)
	if full := r.asks[0]; r.long && top < .85 && len(s.runes) > len(full.runes) { // with more examples than usual
		same := shared(full.pairs, s.pairs) * float64(len(full.pairs)+len(s.pairs)) / 2
		top = max(top, .93*same/float64(len(full.pairs)))
	}
	return top
}

// begins tells whether a text is the beginning of another, give or take damage.
func begins(s, whole sign) bool {
	n := len(s.runes)
	if n < 6 || n > len(whole.runes)*9/10 {
		return false
	}
	return 1-float64(edits(s.runes, whole.runes[:n]))/float64(n) > .6
}

// span is a row of the form on one or more lines.
type span struct {
	from, to int // lines, to exclusive
	row      int // of known
	line     line
	match
	other float64 // the likeness to any other row
	tail  string  // the last of several lines
}

const (
	threshold = .5 // of likeness, below which a line is no row
	skip      = .1 // what it costs to leave a line that says something
	longest   = 3  // lines over which a row may be broken
)

// align finds the rows among lines: the order-keeping assignment of the greatest
// likeness together. Rows may be missing and lines may be anything.
func align(lines []line) []span {
	n, m := len(lines), len(known)
	width := usualWidth(lines)
	type step struct {
		span *span
		from [2]int
	}
	score := make([][]float64, n+1)
	came := make([][]step, n+1)
	for i := range score {
		score[i], came[i] = make([]float64, m+1), make([]step, m+1)
	}
	alone := make([][]match, n) // of each line with each row
	for i := range lines {
		alone[i] = likeRows(&lines[i])
	}
	options := make([][]*span, n) // spans that begin at a line
	for i := range lines {
		options[i] = spansAt(lines, i, width, alone)
	}
	for i := n; i >= 0; i-- {
		for j := m; j >= 0; j-- {
			if i == n {
				continue
			}
			top, at := score[i+1][j], step{nil, [2]int{i + 1, j}}
			if !lines[i].isBlank() {
				top -= skip
			}
			if j < m && score[i][j+1] > top {
				top, at = score[i][j+1], step{nil, [2]int{i, j + 1}}
			}
			for _, s := range options[i] {
				if s.row != j {
					continue
				}
				if g := s.score - threshold - .03*float64(s.to-s.from-1) + score[s.to][j+1]; g > top {
					top, at = g, step{s, [2]int{s.to, j + 1}}
				}
			}
			score[i][j], came[i][j] = top, at
		}
	}
	var out []span
	for i, j := 0, 0; i < n; {
		c := came[i][j]
		if c.span != nil {
			out = append(out, *c.span)
		}
		i, j = c.from[0], c.from[1]
	}
	return out
}

// usualWidth is the number of cells that most rows have; 0 where they differ.
func usualWidth(lines []line) int {
	count, total := map[int]int{}, 0
	for i := range lines {
		if len(lines[i].cells) > 2 && lines[i].breaks {
			count[len(lines[i].cells)]++
			total++
		}
	}
	for n, c := range count {
		if c*10 >= total*6 && c > 4 {
			return n
		}
	}
	return 0
}

// spansAt are the rows that may begin at a line. A row goes on in the next line only
// with evidence: its label continues there, or only together the lines have the cells
// that a row has, or a numbered list goes on.
func spansAt(lines []line, i, width int, alone [][]match) []*span {
	first := &lines[i]
	if first.isBlank() {
		return nil
	}
	var out []*span
	top := make([]float64, len(known)) // the best that fewer lines give
	for k, m := range alone[i] {
		top[k] = m.score
		if m.score > threshold {
			out = append(out, &span{from: i, to: i + 1, row: k, line: *first, match: m})
		}
	}
	rivals(out)
	joined := *first
	for to := i + 1; first.breaks && to < min(len(lines), i+longest) && lines[to].breaks && !lines[to].isBlank() && !isFurniture(lines[to].text()); to++ {
		if slices.ContainsFunc(alone[to], func(m match) bool { return m.score > .92 }) {
			break // the next line is a row itself
		}
		joint := len(joined.cells) - 1
		next := joined.join(&lines[to])
		if width > 0 && len(next.cells) > width {
			break
		}
		completes := width > 0 && joint+1 < width && len(next.cells) == width
		continues := goesOn(joined.text(), lines[to].cell(0))
		joined = next
		s := joined.signs()
		var more []*span
		for k, m := range likeRows(&joined) {
			better := m.score > max(top[k], alone[to][k].score)+.08 && m.score > .7
			whole := (completes || continues && top[k] > threshold) && m.score > max(top[k], alone[to][k].score)-.02 &&
				(m.label <= joint || m.score > alone[to][k].score) // the first line must add to the row
			if m.score > threshold && (better || whole) && onlyParents(&joined, s, m.label-1, &known[k]) {
				more = append(more, &span{from: i, to: to + 1, row: k, line: joined, match: m, tail: lines[to].text()})
			}
			top[k] = max(top[k], m.score)
		}
		rivals(more)
		out = append(out, more...)
	}
	return out
}

// likeRows compares a line with every row.
func likeRows(l *line) []match {
	if l.isBlank() {
		return nil
	}
	out := make([]match, len(known))
	signs := l.signs()
	for k := range known {
		out[k] = likeRow(l, signs, &known[k])
	}
	return out
}

// rivals notes for each of the rows that the same lines may be how like another they are.
func rivals(list []*span) {
	for _, a := range list {
		for _, b := range list {
			if a != b {
				a.other = max(a.other, b.score)
			}
		}
	}
}

// onlyParents tells whether the cells up to one hold nothing but the headings that may
// stand before a question: anything else is an answer, or no part of the row.
func onlyParents(l *line, signs []sign, last int, r *rowLabels) bool {
	for i := 0; i <= last && i < len(signs); i++ {
		if l.cell(i) != "" && best(signs[i], r.parents) < .6 {
			return false
		}
	}
	return true
}

var (
	lastNumber  = regexp.MustCompile(`(?:^|\s)([0-9]{1,2})[.)]\s*\S[^\t]*$`)
	firstNumber = regexp.MustCompile(`^\s*([0-9]{1,2})[.)]`)
)

// goesOn tells whether a numbered list of one line goes on in the next.
func goesOn(text, next string) bool {
	f := firstNumber.FindStringSubmatch(arabic(next))
	if f == nil {
		return false
	}
	tail := arabic(text[strings.LastIndex(text, "\t")+1:])
	items := listItems(tail)
	return len(items) > 0 && startsList.MatchString(tail) && number(f[1]) == len(items)+1 || lastNumber.MatchString(tail) && number(lastNumber.FindStringSubmatch(tail)[1])+1 == number(f[1])
}

// answer is what stands after the label: one cell, or cells in doubt.
func (s *span) answer() (text string, cell int, several bool) {
	var found []string
	cell = -1
	for i := s.label + 1; i < len(s.line.cells); i++ {
		if t := s.line.cell(i); t != "" {
			found = append(found, t)
			if cell < 0 {
				cell = i
			}
		}
	}
	if cell < 0 {
		return "", s.label, false
	}
	return strings.Join(found, "\n"), cell, len(found) > 1
}

// readRows reads the rows of the form from lines; what it leaves is given back.
func (rd *reader) readRows(lines []line) []line {
	spans := align(lines)
	used := make([]bool, len(lines))
	taken := make([]bool, len(known))
	for n := range spans {
		s := &spans[n]
		for i := s.from; i < s.to; i++ {
			used[i] = true
		}
		taken[s.row] = true
		rd.row(s, supported(spans, n), rd.near(spans, n, lines))
	}
	rd.strays(lines, used, taken)
	var left []line
	for i := range lines {
		if !used[i] && !lines[i].isBlank() {
			left = append(left, lines[i])
		}
	}
	return left
}

// supported tells whether the rows before and after stand where they should: position
// speaks for a match, where likeness alone is not enough.
func supported(spans []span, n int) bool {
	before := n == 0 || spans[n-1].row == spans[n].row-1
	after := n == len(spans)-1 || spans[n+1].row == spans[n].row+1
	return before && after
}

// near tells whether unplaced text follows a row at once, which may be its end.
func (rd *reader) near(spans []span, n int, lines []line) bool {
	to := spans[n].to
	if to >= len(lines) || !lines[to].breaks || lines[to].isBlank() || n+1 < len(spans) && spans[n+1].from == to {
		return false
	}
	return !isFurniture(lines[to].text())
}

// row records one row with its confidence.
func (rd *reader) row(s *span, supported, near bool) {
	d := known[s.row].def
	text, cell, several := s.answer()
	text = clean(text)
	confidence := min(1, s.score)
	switch {
	case s.other > s.score+.05 || s.other > s.score-.03 && !supported:
		confidence = min(confidence, .6) // it is as like another row
	case supported && s.score > .72:
		confidence = 1 - (1-confidence)*.5
	case s.score <= .72:
		confidence = min(confidence, .7)
	}
	f := Field{ID: d.ID, Ordinal: d.No, Value: text, State: stateOf(text), Place: s.line.place(cell)}
	switch {
	case several:
		confidence = min(confidence, .6)
		rd.ask(d.ID, f.Place, text, "มีข้อความมากกว่าหนึ่งช่องหลังหัวข้อนี้ ข้อความใดคือคำตอบ", "more than one cell stands after this label: which is the answer?")
	case near:
		confidence = min(confidence, .65)
		rd.ask(d.ID, f.Place, text, "บรรทัดถัดไปเป็นส่วนหนึ่งของคำตอบนี้หรือไม่", "is the next line a part of this answer?")
	case s.tail != "" && text == clean(s.tail):
		confidence = min(confidence, .65)
		rd.ask(d.ID, f.Place, text, "คำตอบอยู่ในบรรทัดถัดจากหัวข้อ ใช่คำตอบของหัวข้อนี้หรือไม่", "the answer stands in the line after its label: does it belong there?")
	case s.line.formula:
		confidence = min(confidence, .6)
		rd.ask(d.ID, f.Place, text, "ช่องนี้เป็นสูตร โปรดยืนยันค่า", "this cell holds a formula: confirm its value")
	case strings.Contains(text, broken):
		confidence = min(confidence, .6)
		rd.ask(d.ID, f.Place, text, "คำตอบมีอักขระเสียหาย โปรดเทียบกับต้นฉบับ", "characters of this answer are damaged: compare it with the original")
	case f.State == ropa.Blank && !s.whole:
		confidence = min(confidence, .6)
	}
	if sign := signOf(text); begins(sign, known[s.row].asks[0].sign) || known[s.row].long && likeness(sign, known[s.row].asks[0].sign) > .45 || strings.HasPrefix(text, "(โปร") {
		confidence = min(confidence, .5) // the question itself, or what is left of it
	}
	f.Confidence = round(confidence * plausible(d.ID, text, f.State))
	rd.before(s)
	rd.fields[d.ID] = f
}

// before lists what stands before the label and is neither a heading of the form nor the
// number of the row.
func (rd *reader) before(s *span) {
	signs := s.line.signs()
	for i := range min(s.label, len(signs)) {
		if s.line.cell(i) != "" && !ordinal.MatchString(clean(s.line.cell(i))) && best(signs[i], headings) < .55 {
			rd.Unplaced = append(rd.Unplaced, Piece{clean(s.line.cell(i)), s.line.place(i), known[s.row].def.ID})
		}
	}
}

// headings are the texts of the first two columns, and the questions.
var headings = func() []label {
	var out []label
	for i := range known {
		out = append(append(out, known[i].parents...), known[i].asks...)
	}
	return out
}()

// strays are rows away from their place: a label beyond doubt of a row not yet found,
// or a row that stands twice.
func (rd *reader) strays(lines []line, used, taken []bool) {
	for i := range lines {
		if used[i] || lines[i].isBlank() || isFurniture(lines[i].text()) {
			continue
		}
		signs := lines[i].signs()
		top, second := span{row: -1}, 0.0
		for k := range known {
			m := likeRow(&lines[i], signs, &known[k])
			if m.score > top.score {
				top, second = span{from: i, to: i + 1, row: k, line: lines[i], match: m}, top.score
			} else {
				second = max(second, m.score)
			}
		}
		switch {
		case top.score < .85:
			rd.inline(&lines[i], used, taken, i)
		case !taken[top.row]:
			used[i], taken[top.row] = true, true
			top.score = min(top.score, .5+max(0, top.score-second)*2)
			rd.row(&top, false, false)
		default:
			rd.twice(&top)
		}
	}
}

// twice records that a row is said again: the same is nothing new, another is a
// contradiction that a person must resolve. The line stays unplaced.
func (rd *reader) twice(s *span) {
	id := known[s.row].def.ID
	text, cell, _ := s.answer()
	f := rd.fields[id]
	if squeeze(text) == squeeze(f.Value) {
		return
	}
	f.Confidence = min(f.Confidence, .5)
	rd.fields[id] = f
	rd.ask(id, s.line.place(cell), text, "หัวข้อนี้ปรากฏสองครั้งและมีคำตอบต่างกัน", "this row stands twice, with different answers")
}

var colon = regexp.MustCompile(`^([^:：]{3,90}?)\s*[:：]\s*(.+)$`)

// inline reads "label : answer" in one cell.
func (rd *reader) inline(l *line, used, taken []bool, i int) {
	filled := l.filled()
	if len(filled) != 1 {
		return
	}
	m := colon.FindStringSubmatch(l.cell(filled[0]))
	if m == nil {
		return
	}
	s := signOf(m[1])
	for k := range known {
		if score := best(s, known[k].asks); !taken[k] && score > .85 {
			used[i], taken[k] = true, true
			two := *l
			two.cells = []string{m[1], m[2]}
			two.place = func(int) string { return l.place(filled[0]) }
			rd.row(&span{from: i, to: i + 1, row: k, line: two, match: match{score: min(score, .9)}}, false, false)
			return
		}
	}
}

// plausible lowers the confidence of an answer that does not fit its question.
func plausible(id, text string, state ropa.State) float64 {
	switch {
	case yesOrNo[id] && ropa.AnswerOf(text) == ropa.Unsaid && state == ropa.Given:
		return .6
	case !yesOrNo[id] && state == ropa.Given && ropa.AnswerOf(text) == ropa.Yes:
		return .6
	case id == "retention" && state == ropa.Given && !anyOf(text, "ปี", "เดือน", "วัน", "ตลอด", "สิ้นสุด", "year", "month", "day"):
		return .7
	case state == ropa.Given && looksLikeLabel(text):
		return .6
	}
	return 1
}

var yesOrNo = map[string]bool{"class.restricted": true, "class.internal": true, "class.public": true, "rights_csu.create": true, "rights_csu.store": true, "rights_csu.use": true}

// looksLikeLabel: an answer that is itself a question has slipped into the wrong cell.
func looksLikeLabel(text string) bool {
	s := signOf(text)
	if len(s.runes) < 8 {
		return false
	}
	return best(s, headings) > .8
}

func anyOf(text string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(strings.ToLower(text), w) })
}
