package office

import (
	"bytes"
	"html/template"
	"math"
	"slices"
	"strconv"

	"prasan/internal/analytics"
	"prasan/internal/doc/svg"
	"prasan/internal/web/kit"
)

// usageTile is a figure with its change.
type usageTile struct {
	Label, Value, About string
	Chip                *kit.Chip
}

// usageTable is a table whose lines have bars, with a link to all of it.
type usageTable struct {
	Title, Href string
	Head        []string
	Rows        []usageRow
	Empty       string
	More        string
}

type usageRow struct {
	Name, Detail, Href string
	Bar                template.HTML
	Cells              []string
	Chip               *kit.Chip
}

// changeChip says by how much a figure grew. Whether that is good is not for the
// program to say, so its tone is quiet.
func (v *visit) changeChip(now, before float64) *kit.Chip {
	switch {
	case before == 0 && now == 0:
		return nil
	case before == 0:
		return &kit.Chip{Tone: "quiet", Text: v.t("analytics.change-new")}
	}
	change := 100 * (now - before) / before
	text := strconv.FormatFloat(math.Abs(change), 'f', 0, 64) + "%"
	switch {
	case change >= .5:
		return &kit.Chip{Tone: "busy", Text: v.t("analytics.change-up", "percent", text)}
	case change <= -.5:
		return &kit.Chip{Tone: "wait", Text: v.t("analytics.change-down", "percent", text)}
	}
	return &kit.Chip{Tone: "quiet", Text: v.t("analytics.change-none")}
}

func (v *visit) usageTiles(o analytics.Overview) []usageTile {
	tile := func(column string, value func(f analytics.Figures) float64) usageTile {
		t := usageTile{Label: v.t("analytics.column-" + column), Value: analytics.Number(column, value(o.Now)), About: v.t("analytics.about-" + column)}
		if o.Before != nil {
			t.Chip = v.changeChip(value(o.Now), value(*o.Before))
		}
		return t
	}
	return []usageTile{
		tile("views", func(f analytics.Figures) float64 { return float64(f.Views) }),
		tile("visitors", func(f analytics.Figures) float64 { return float64(f.Visitors) }),
		tile("visits", func(f analytics.Figures) float64 { return float64(f.Visits) }),
		tile("bounce-rate", analytics.Figures.BounceRate),
		tile("seconds-per-visit", analytics.Figures.SecondsPerVisit),
		tile("without-id", func(f analytics.Figures) float64 { return float64(f.WithoutID) }),
	}
}

// usageChart draws the views of each day, with the period before under it.
func (v *visit) usageChart(o analytics.Overview, notes []analytics.Annotation) (template.HTML, []string, error) {
	c := svg.Line{ID: "usage-chart", Title: v.t("analytics.chart-title"), Desc: analytics.Sentence(o, v.lang)}
	now := svg.Series{Name: v.t("analytics.column-views")}
	for _, p := range o.Series {
		c.Labels = append(c.Labels, analytics.DateOf(p.Day, v.lang))
		now.Values = append(now.Values, float64(p.Views))
	}
	c.Series = []svg.Series{now}
	if len(o.Earlier) > 0 {
		then := svg.Series{}
		for _, p := range o.Earlier {
			then.Values = append(then.Values, float64(p.Views))
		}
		c.Series = append(c.Series, then)
	}
	var marks []string
	for _, n := range notes {
		c.Marks = append(c.Marks, svg.Mark{At: int(n.Day - o.Query.From), Text: n.Text})
		marks = append(marks, analytics.DateOf(n.Day, v.lang)+": "+n.Text)
	}
	var b bytes.Buffer
	err := c.Write(&b)
	return template.HTML(b.String()), marks, err //nolint:gosec // svg escapes all texts
}

// onPanel is how many columns a table has that stands beside another one.
const onPanel = 3

func (v *visit) usageTable(t analytics.Table, q analytics.Query, rows, columns int) usageTable {
	columns = min(columns, len(t.Columns))
	empty := v.t("analytics.nothing")
	if t.Off != "" {
		empty = v.t("analytics.off-" + t.Off)
	}
	out := usageTable{Title: v.t("analytics.report-" + t.Widget), Href: v.usageLink("/report/"+t.Widget, q), Empty: empty}
	out.Head = append(out.Head, v.t("analytics.report-"+t.Widget))
	for _, c := range t.Columns[:columns] {
		out.Head = append(out.Head, v.t("analytics.column-"+c))
	}
	whole := 0.0
	for _, l := range t.Lines {
		whole = math.Max(whole, l.Values[0])
	}
	for i, l := range t.Lines {
		if i == rows {
			break
		}
		r := usageRow{Name: analytics.Name(t.Widget, l, v.lang), Detail: v.usageDetail(t.Widget, l)}
		if whole > 0 {
			r.Bar = template.HTML(svg.Bar(l.Values[0] / whole)) //nolint:gosec // numbers only
		}
		for k, x := range l.Values[:columns] {
			r.Cells = append(r.Cells, analytics.Number(t.Columns[k], x))
		}
		if l.Before != nil {
			r.Chip = v.changeChip(l.Values[0], l.Before[0])
		}
		out.Rows = append(out.Rows, r)
	}
	if more := len(t.Lines) - rows + t.More; more > 0 {
		out.More = v.t("analytics.more", "n", more)
	}
	return out
}

// usageDetail is the second line of a name; channels and classes are translated.
func (v *visit) usageDetail(widget string, l analytics.Line) string {
	switch {
	case l.Detail == "" || l.Detail == l.Label:
		return ""
	case widget == "sources":
		return analytics.Name("channels", analytics.Line{Label: l.Detail}, v.lang)
	case widget == "vitals":
		return l.Detail
	}
	return l.Detail
}

// usageDays is the table that the chart shows, the newest first.
func (v *visit) usageDays(o analytics.Overview) kit.Table {
	t := kit.Table{Caption: v.t("analytics.chart-title"), Head: []string{v.t("analytics.column-day"), v.t("analytics.column-views"), v.t("analytics.column-visitors"), v.t("analytics.column-visits")}}
	for _, p := range slices.Backward(o.Series) {
		t.Rows = append(t.Rows, []kit.Cell{{Text: analytics.DateOf(p.Day, v.lang)}, {Text: kit.Thousands(int(p.Views)), Number: true}, {Text: kit.Thousands(int(p.Visitors)), Number: true}, {Text: kit.Thousands(int(p.Visits)), Number: true}})
	}
	return t
}
