package analytics

import (
	"io"
	"time"

	"prasan/internal/doc/pdf"
	"prasan/internal/i18n"
)

// maxPaperLines bounds a table on paper; the workbook has all of it.
const maxPaperLines = 100

// PDF writes a report as PDF/A: what it says in words, what the figures are, and its tables.
func PDF(w io.Writer, o Overview, tables []Table, lang string, made time.Time) error {
	title := i18n.T(lang, "analytics.paper-title", "from", DateOf(o.Query.From, lang), "to", DateOf(o.Query.To, lang))
	p := newPaper(pdf.Info{Title: title, Created: made}, func(s string) string { return s })
	p.center(title, 18, true)
	p.y += 8
	p.text(Sentence(o, lang), 14, false)
	for _, key := range []string{"analytics.about-visitors", "analytics.about-bots"} {
		p.text(i18n.T(lang, key), 12, false)
	}
	for i := range tables {
		p.report(&tables[i], lang)
	}
	return p.end(w, i18n.T(lang, "analytics.paper-page")+" ")
}

// report puts one table on paper: the name of a line takes what its figures leave.
func (p *yearlyPaper) report(t *Table, lang string) {
	p.y += 8
	p.room(80) // no heading at the foot of a page
	p.text(i18n.T(lang, "analytics.report-"+t.Widget), 16, true)
	if len(t.Lines) == 0 {
		p.text(i18n.T(lang, "analytics.nothing"), 14, false)
		return
	}
	each := 60 / max(4, len(t.Columns))
	shares := []int{100 - each*len(t.Columns)}
	head := []string{i18n.T(lang, "analytics.report-"+t.Widget)}
	for _, c := range t.Columns {
		shares, head = append(shares, each), append(head, i18n.T(lang, "analytics.column-"+c))
	}
	p.row(head, shares, true)
	for _, l := range t.Lines[:min(len(t.Lines), maxPaperLines)] {
		name := Name(t.Widget, l, lang)
		if l.Detail != "" && l.Detail != l.Label {
			name += " (" + l.Detail + ")"
		}
		cells := []string{name}
		for i, v := range l.Values {
			cells = append(cells, Number(t.Columns[i], v))
		}
		p.row(cells, shares, false)
	}
	if more := len(t.Lines) - maxPaperLines + t.More; more > 0 {
		p.text(i18n.T(lang, "analytics.more", "n", commas(int64(more))), 12, false)
	}
}
