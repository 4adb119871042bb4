package public

import (
	"bytes"
	"html/template"
	"slices"

	"prasan/internal/analytics"
	"prasan/internal/doc/svg"
	"prasan/internal/errs"
	"prasan/internal/web/kit"
)

// statisticsView is the page of a site's usage, for everybody.
type statisticsView struct {
	Sentence string
	Chart    template.HTML
	Tables   []kit.Table
	Days     kit.Table
}

// statistics shows what was counted, where the record lets it be published (row 18);
// elsewhere there is no such page.
func statistics(v *visit) error {
	if v.f.Usage == nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	figures, err := v.f.Usage.Figures(v.Context(), v.site.Host)
	if err != nil {
		return err
	}
	o := figures.Overview
	p := statisticsView{Sentence: analytics.Sentence(o, v.lang)}
	c := svg.Line{ID: "usage-chart", Title: v.t("analytics.chart-title"), Desc: p.Sentence}
	views := svg.Series{Name: v.t("analytics.column-views")}
	p.Days = kit.Table{Caption: v.t("analytics.chart-table"), Head: []string{v.t("analytics.column-day"), v.t("analytics.column-views"), v.t("analytics.column-visitors")}}
	for _, d := range o.Series {
		day := analytics.DateOf(d.Day, v.lang)
		c.Labels, views.Values = append(c.Labels, day), append(views.Values, float64(d.Views))
		p.Days.Rows = append(p.Days.Rows, numbersAfter(day, float64(d.Views), float64(d.Visitors)))
	}
	c.Series = []svg.Series{views}
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		return err
	}
	p.Chart = template.HTML(b.String()) //nolint:gosec // svg escapes all texts
	for _, t := range figures.Tables {
		p.Tables = append(p.Tables, v.publicTable(t))
	}
	return v.page(kit.Page{Title: v.t("public.statistics"), Path: "/statistics"}, "statistics", p)
}

// publicTable has the names and views of a table.
func (v *visit) publicTable(t analytics.Table) kit.Table {
	views := max(0, slices.Index(t.Columns, "views"))
	out := kit.Table{Caption: v.t("analytics.report-" + t.Widget), Head: []string{v.t("analytics.report-" + t.Widget), v.t("analytics.column-views")}}
	for _, l := range t.Lines {
		out.Rows = append(out.Rows, numbersAfter(analytics.Name(t.Widget, l, v.lang), l.Values[views]))
	}
	return out
}

func numbersAfter(name string, values ...float64) []kit.Cell {
	row := []kit.Cell{{Text: name}}
	for _, x := range values {
		row = append(row, kit.Cell{Text: kit.Thousands(int(x)), Number: true})
	}
	return row
}
