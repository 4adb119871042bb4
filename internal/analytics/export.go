package analytics

import (
	"encoding/csv"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"prasan/internal/i18n"
)

// heads are the names of a table's columns in a language.
func (t *Table) heads(lang string) []string {
	out := []string{i18n.T(lang, "analytics.report-"+t.Widget), i18n.T(lang, "analytics.column-detail")}
	for _, c := range t.Columns {
		out = append(out, i18n.T(lang, "analytics.column-"+c))
	}
	for _, c := range t.Columns {
		if t.compared() {
			out = append(out, i18n.T(lang, "analytics.column-before", "column", i18n.T(lang, "analytics.column-"+c)))
		}
	}
	return out
}

func (t *Table) compared() bool { return len(t.Lines) > 0 && t.Lines[0].Before != nil }

// inert keeps a spreadsheet from taking a text from outside for a formula.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// CSV writes a table (RFC 4180, UTF-8 with a mark at its head, for spreadsheets).
func CSV(w io.Writer, t Table, lang string) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	if err := c.Write(t.heads(lang)); err != nil {
		return err
	}
	for _, l := range t.Lines {
		row := []string{inert(Name(t.Widget, l, lang)), inert(l.Detail)}
		for _, v := range append(append([]float64{}, l.Values...), l.Before...) {
			row = append(row, plainNumber(v))
		}
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// XLSX writes tables as a workbook, a sheet each, after one that says what the figures
// are.
func XLSX(w io.Writer, o Overview, tables []Table, lang string) error {
	f := excelize.NewFile()
	defer f.Close()
	about := i18n.T(lang, "analytics.sheet-about")
	if err := f.SetSheetName("Sheet1", about); err != nil {
		return err
	}
	lines := [][]any{{Sentence(o, lang)}, {}, {i18n.T(lang, "analytics.about-visitors")}, {i18n.T(lang, "analytics.about-bots")}, {}, {i18n.T(lang, "analytics.column-day"), i18n.T(lang, "analytics.column-views"), i18n.T(lang, "analytics.column-visitors"), i18n.T(lang, "analytics.column-visits")}}
	for _, p := range o.Series {
		lines = append(lines, []any{ISO(p.Day), p.Views, p.Visitors, p.Visits})
	}
	if err := fillSheet(f, about, lines); err != nil {
		return err
	}
	for _, t := range tables {
		name := sheetName(i18n.T(lang, "analytics.report-"+t.Widget))
		if _, err := f.NewSheet(name); err != nil {
			return err
		}
		head := []any{}
		for _, h := range t.heads(lang) {
			head = append(head, h)
		}
		lines := [][]any{head}
		for _, l := range t.Lines {
			row := []any{inert(Name(t.Widget, l, lang)), inert(l.Detail)}
			for _, v := range append(append([]float64{}, l.Values...), l.Before...) {
				row = append(row, v)
			}
			lines = append(lines, row)
		}
		if err := fillSheet(f, name, lines); err != nil {
			return err
		}
	}
	return f.Write(w)
}

func fillSheet(f *excelize.File, name string, lines [][]any) error {
	for i, l := range lines {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			return err
		}
		if err := f.SetSheetRow(name, cell, &l); err != nil {
			return err
		}
	}
	return f.SetColWidth(name, "A", "A", 40)
}

// sheetName is a name that a workbook takes: at most 31 characters, without some.
func sheetName(s string) string {
	s = strings.NewReplacer(":", " ", "\\", " ", "/", " ", "?", " ", "*", " ", "[", " ", "]", " ").Replace(s)
	r := []rune(s)
	return string(r[:min(len(r), 31)])
}

func plainNumber(v float64) string {
	if v == float64(int64(v)) {
		return strings.ReplaceAll(commas(int64(v)), ",", "")
	}
	return trim(v)
}
