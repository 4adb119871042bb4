package xlsx

import (
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/xuri/excelize/v2"
)

// Typeface is the one that Thai official documents are set in; a program that lacks it
// takes another.
const Typeface = "TH Sarabun New"

// Look is how a cell looks.
type Look int

// Looks of a form.
const (
	Plain Look = iota
	Title
	Head
	Ask
	Answer
	TableHead
	Number
)

// Page is how a sheet is laid out and printed.
type Page struct {
	Widths    []float64 // of columns, in characters
	Landscape bool
	Hidden    bool
	Footer    string
}

// Writer is a workbook under construction. The first error is kept and returned by Write.
type Writer struct {
	f      *excelize.File
	looks  map[Look]int
	err    error
	sheets []*SheetWriter
}

// SheetWriter is a sheet under construction. Rows and columns count from 1.
type SheetWriter struct {
	w       *Writer
	name    string
	page    Page
	heights map[int]float64
}

// New begins a workbook.
func New() *Writer {
	return &Writer{f: excelize.NewFile(), looks: map[Look]int{}}
}

func (w *Writer) keep(err error) {
	if w.err == nil {
		w.err = err
	}
}

// Sheet adds a sheet.
func (w *Writer) Sheet(name string, p Page) *SheetWriter {
	if len(w.sheets) == 0 {
		w.keep(w.f.SetSheetName("Sheet1", name))
	} else {
		_, err := w.f.NewSheet(name)
		w.keep(err)
	}
	s := &SheetWriter{w, name, p, map[int]float64{}}
	w.sheets = append(w.sheets, s)
	for i, width := range p.Widths {
		column, err := excelize.ColumnNumberToName(i + 1)
		w.keep(err)
		w.keep(w.f.SetColWidth(name, column, column, width))
	}
	if p.Hidden {
		w.keep(w.f.SetSheetVisible(name, false, true))
		return s
	}
	s.print()
	return s
}

func (s *SheetWriter) print() {
	f, paper, zero := s.w.f, 9, 0
	orientation, one, yes := "portrait", 1, true
	if s.page.Landscape {
		orientation = "landscape"
	}
	s.w.keep(f.SetPageLayout(s.name, &excelize.PageLayoutOptions{Size: &paper, Orientation: &orientation, FitToWidth: &one, FitToHeight: &zero}))
	s.w.keep(f.SetSheetProps(s.name, &excelize.SheetPropsOptions{FitToPage: &yes}))
	margin, small := .5, .3
	s.w.keep(f.SetPageMargins(s.name, &excelize.PageLayoutMarginsOptions{Left: &margin, Right: &margin, Top: &margin, Bottom: &margin, Header: &small, Footer: &small}))
	s.w.keep(f.SetHeaderFooter(s.name, &excelize.HeaderFooterOptions{OddFooter: "&L" + strings.ReplaceAll(s.page.Footer, "&", "&&") + "&Rหน้า &P จาก &N"}))
	grid := false
	s.w.keep(f.SetSheetView(s.name, 0, &excelize.ViewOptions{ShowGridLines: &grid}))
}

// style makes a look once.
func (w *Writer) style(l Look) int {
	if id, ok := w.looks[l]; ok {
		return id
	}
	st := &excelize.Style{Font: &excelize.Font{Family: Typeface, Size: 14}, Alignment: &excelize.Alignment{WrapText: true, Vertical: "top"}}
	if l != Plain && l != Title {
		for _, side := range []string{"left", "right", "top", "bottom"} {
			st.Border = append(st.Border, excelize.Border{Type: side, Color: "4A5568", Style: 1})
		}
	}
	switch l {
	case Title:
		st.Font.Bold, st.Font.Size = true, 18
		st.Alignment.Horizontal, st.Alignment.Vertical = "center", "center"
	case Head:
		st.Font.Bold = true
		st.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"E8EDF4"}}
	case Ask:
		st.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"F6F8FB"}}
	case TableHead:
		st.Font.Bold = true
		st.Alignment.Horizontal, st.Alignment.Vertical = "center", "center"
		st.Fill = excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"D9E2EF"}}
	case Number:
		st.Alignment.Horizontal = "center"
	}
	id, err := w.f.NewStyle(st)
	w.keep(err)
	w.looks[l] = id
	return id
}

func (s *SheetWriter) at(row, column int) string {
	name, err := excelize.CoordinatesToCellName(column, row)
	s.w.keep(err)
	return name
}

// Put writes a text without any look.
func (s *SheetWriter) Put(cell, text string) { s.w.keep(s.w.f.SetCellStr(s.name, cell, text)) }

// quoted is how a spreadsheet writes characters that XML cannot hold; a text that only
// looks so is escaped.
var quoted = regexp.MustCompile(`_(x[0-9A-Fa-f]{4}_)`)

// Cell writes a cell.
func (s *SheetWriter) Cell(row, column int, text string, look Look) {
	s.Span(row, column, row, column, text, look)
}

// Span writes a text into cells merged into one.
func (s *SheetWriter) Span(row, column, toRow, toColumn int, text string, look Look) {
	f, from, to := s.w.f, s.at(row, column), s.at(toRow, toColumn)
	if from != to {
		s.w.keep(f.MergeCell(s.name, from, to))
	}
	s.w.keep(f.SetCellStyle(s.name, from, to, s.w.style(look)))
	s.w.keep(f.SetCellStr(s.name, from, quoted.ReplaceAllString(Text(text), "_x005F_$1")))
	width := 0.0
	for c := column; c <= toColumn && c <= len(s.page.Widths); c++ {
		width += s.page.Widths[c-1]
	}
	need := lines(text, width, look) / float64(toRow-row+1)
	for r := row; r <= toRow; r++ {
		s.heights[r] = math.Max(s.heights[r], need)
	}
}

// Title writes the heading of a sheet over its columns.
func (s *SheetWriter) Title(row, columns int, text string) {
	s.Span(row, 1, row, columns, text, Title)
	s.w.keep(s.w.f.SetRowHeight(s.name, row, 34))
}

// Name gives a cell a defined name.
func (s *SheetWriter) Name(name string, row, column int) {
	cell, err := excelize.CoordinatesToCellName(column, row, true)
	s.w.keep(err)
	s.w.keep(s.w.f.SetDefinedName(&excelize.DefinedName{Name: name, RefersTo: fmt.Sprintf("'%s'!%s", s.name, cell)}))
}

// Fit makes a row as high as its longest text needs.
func (s *SheetWriter) Fit(row int) {
	s.w.keep(s.w.f.SetRowHeight(s.name, row, math.Min(400, math.Max(25, 24*s.heights[row]+5))))
}

// Repeat prints rows at the head of every page, and keeps them in sight.
func (s *SheetWriter) Repeat(from, to int) {
	s.w.keep(s.w.f.SetDefinedName(&excelize.DefinedName{Name: "_xlnm.Print_Titles", RefersTo: fmt.Sprintf("'%s'!$%d:$%d", s.name, from, to), Scope: s.name}))
	s.w.keep(s.w.f.SetPanes(s.name, &excelize.Panes{Freeze: true, YSplit: to, TopLeftCell: s.at(to+1, 1), ActivePane: "bottomLeft"}))
}

// lines estimates over how many lines a text runs in a column.
func lines(text string, width float64, look Look) float64 {
	per := 1.0
	if look == Head || look == TableHead {
		per = 1.08 // bold
	}
	n := 0.0
	for _, l := range strings.Split(text, "\n") {
		n += math.Max(1, math.Ceil(float64(runewidth.StringWidth(l))*per/math.Max(4, width*.86-1)))
	}
	return n
}

// Text is a text as a cell can hold it: without characters that XML does not know, and
// no longer than a cell.
func Text(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r >= ' ' && r != 0xfffe && r != 0xffff {
			return r
		}
		return -1
	}, s)
	if r := []rune(s); len(r) > 30000 {
		s = string(r[:30000])
	}
	return s
}

// Write writes the workbook. The same content gives the same bytes.
func (w *Writer) Write(out io.Writer) error {
	if w.err != nil {
		return w.err
	}
	w.f.SetActiveSheet(0)
	_, err := w.f.WriteTo(out)
	return err
}
