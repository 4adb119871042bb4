package office

import (
	"bytes"
	"cmp"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"prasan/internal/analytics"
	"prasan/internal/doc/svg"
	"prasan/internal/errs"
	"prasan/internal/web/kit"
)

// analyticsRoutes: reports of usage, and what is made of them.
var analyticsRoutes = append([]route{
	{"GET /{lang}/office/analytics", full, analytics.ActionRead, usageOverview},
	{"GET /{lang}/office/analytics/report/{name}", full, analytics.ActionRead, usageReport},
	{"GET /{lang}/office/analytics/sites", full, analytics.ActionRead, usageSites},
	{"GET /{lang}/office/analytics/now", full, analytics.ActionRead, usageNow},
	{"GET /{lang}/office/analytics/yearly", full, analytics.ActionRead, usageYearly},
	{"GET /{lang}/office/analytics/export", full, analytics.ActionRead, usageExport},
	{"POST /{lang}/office/analytics/notes", full, analytics.ActionWork, usageAnnotate},
	{"POST /{lang}/office/analytics/segments", full, analytics.ActionWork, usageSaveSegment},
	{"POST /{lang}/office/analytics/alerts/{id}", full, analytics.ActionWork, usageCloseAlert},
}, append(usageCycleRoutes, usageGoogleRoutes...)...)

// usagePage is a page of reports.
type usagePage struct {
	Heading, Lead string
	Filter        usageFilter
	Tabs          []link
	Alerts        []usageAlert
	Tiles         []usageTile
	Sentence      string
	Chart         template.HTML // of svg, which escapes what it draws
	Legend        []string
	Marks         []string
	Days          kit.Table
	Tables        []usageTable
	Theirs        *usageTheirs
	Notes         []string
	Exports       []kit.Link
	Forms         []form
	May           bool // work on goals and notes
}

// usageFilter is the form on top, with what it holds.
type usageFilter struct {
	Action   string
	Sites    []kit.Option
	From, To string
	Compare  []kit.Option
	Rows     []usageFilterRow
	Segments []kit.Link
}

type usageFilterRow struct {
	N     int
	Dims  []kit.Option
	Value string
}

type usageAlert struct{ ID, Text string }

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

func (v *visit) usage() *analytics.Service { return v.f.Analytics }

// usageQuery reads the period and the filters of the page's address.
func (v *visit) usageQuery() (q analytics.Query, err error) {
	get := v.URL.Query()
	today := analytics.DayOf(v.f.Now())
	q = analytics.Query{From: today - 29, To: today, Compare: "previous"}
	if site := get.Get("site"); site != "" {
		q.Hosts = []string{site}
	}
	for _, x := range []struct {
		name string
		into *int64
	}{{"to", &q.To}, {"from", &q.From}} {
		if text := get.Get(x.name); text != "" {
			day, ok := analytics.ParseDay(text)
			if !ok {
				return q, errs.InvalidField(x.name, "analytics.error-day")
			}
			*x.into = day
		}
	}
	if get.Has("compare") {
		q.Compare = get.Get("compare")
	}
	for i := range usageFilterRows {
		n := strconv.Itoa(i + 1)
		if dim, value := get.Get("dim"+n), strings.TrimSpace(get.Get("value"+n)); dim != "" && value != "" {
			q.Filters = append(q.Filters, analytics.Filter{Dim: dim, Value: value})
		}
	}
	return q, nil
}

// usageFilterRows is how many filters the form offers; addresses may not have more.
const usageFilterRows = 3

// usageAddress is the query of an address for the same period and filters.
func usageAddress(q analytics.Query) url.Values {
	out := url.Values{"from": {analytics.ISO(q.From)}, "to": {analytics.ISO(q.To)}, "compare": {q.Compare}}
	if len(q.Hosts) == 1 {
		out.Set("site", q.Hosts[0])
	}
	for i, f := range q.Filters {
		n := strconv.Itoa(i + 1)
		out.Set("dim"+n, f.Dim)
		out.Set("value"+n, f.Value)
	}
	return out
}

func (v *visit) usageLink(path string, q analytics.Query) string {
	return v.to("/office/analytics"+path) + "?" + usageAddress(q).Encode()
}

// siteName is how a site is called in tables: short, or its host.
func (v *visit) siteName(host string) string {
	if s, ok := v.f.Sites.Lookup(host); ok {
		return s.Short.In(v.lang) + " (" + host + ")"
	}
	return host
}

func (v *visit) usageFilter(path string, q analytics.Query) (usageFilter, error) {
	f := usageFilter{Action: v.to("/office/analytics" + path), From: analytics.ISO(q.From), To: analytics.ISO(q.To)}
	chosen := ""
	if len(q.Hosts) == 1 {
		chosen = q.Hosts[0]
	}
	f.Sites = []kit.Option{{Value: "", Label: v.t("analytics.all-sites"), Selected: chosen == ""}}
	for _, h := range v.usage().Readable(v.session.Actor) {
		f.Sites = append(f.Sites, kit.Option{Value: h, Label: v.siteName(h), Selected: h == chosen})
	}
	for _, c := range []string{"", "previous", "year"} {
		f.Compare = append(f.Compare, kit.Option{Value: c, Label: v.t("analytics.compare-" + cmp.Or(c, "none")), Selected: c == q.Compare})
	}
	for i := range usageFilterRows {
		row := usageFilterRow{N: i + 1, Dims: []kit.Option{{Value: "", Label: v.t("analytics.filter-none")}}}
		dim := ""
		if i < len(q.Filters) {
			dim, row.Value = q.Filters[i].Dim, q.Filters[i].Value
		}
		for _, d := range analytics.FilterDims {
			row.Dims = append(row.Dims, kit.Option{Value: d, Label: v.t("analytics.filter-" + d), Selected: d == dim})
		}
		f.Rows = append(f.Rows, row)
	}
	segments, err := v.usage().Segments(v.Context(), v.session.Actor)
	for _, s := range segments {
		next := q
		next.Filters = s.Body.Filters
		f.Segments = append(f.Segments, kit.Link{Href: v.usageLink(path, next), Text: s.Body.Name})
	}
	return f, err
}

// usageTabs leads between the pages.
func (v *visit) usageTabs(q analytics.Query) []link {
	path := strings.TrimPrefix(v.URL.Path, "/"+v.lang+"/office/analytics")
	var out []link
	for _, t := range []struct{ path, key string }{{"", "analytics.tab-overview"}, {"/sites", "analytics.tab-sites"}, {"/now", "analytics.tab-now"}, {"/goals", "analytics.tab-goals"}, {"/formats", "analytics.tab-formats"}, {"/google", "analytics.google"}} {
		out = append(out, link{v.usageLink(t.path, q), v.t(t.key), path == t.path || t.path != "" && strings.HasPrefix(path, t.path)})
	}
	return out
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

// overviewTables are on the first page, in their order.
var overviewTables = []string{"pages", "channels", "sources", "devices", "browsers", "places", "searches", "not-found", "downloads", "events"}

func usageOverview(v *visit) error {
	q, err := v.usageQuery()
	if err != nil {
		return err
	}
	p, o, err := v.usageBasics("", q)
	if err != nil {
		return err
	}
	p.Heading, p.Lead = v.t("analytics.heading"), v.t("analytics.lead")
	q.Limit = 50
	for _, name := range overviewTables {
		t, err := v.usage().Report(v.Context(), v.session.Actor, name, q)
		if err != nil {
			return err
		}
		p.Tables = append(p.Tables, v.usageTable(t, q, 6, onPanel))
	}
	alerts, err := v.usage().Alerts(v.Context(), v.session.Actor)
	if err != nil {
		return err
	}
	for i, a := range alerts {
		if i == 5 {
			break
		}
		p.Alerts = append(p.Alerts, usageAlert{a.ID, analytics.AlertLine(a.Body, v.lang)})
	}
	p.Exports = []kit.Link{{Href: v.usageLink("/export", q) + "&format=xlsx", Text: "XLSX"}, {Href: v.usageLink("/export", q) + "&format=pdf", Text: "PDF"}}
	if p.Theirs, err = v.usageTheirs(q, o); err != nil {
		return err
	}
	p.Forms = v.usageForms(o.Query)
	return v.page(http.StatusOK, p.Heading, "office/usage", p)
}

// usageBasics is what the overview and the single reports have in common.
func (v *visit) usageBasics(path string, q analytics.Query) (p usagePage, o analytics.Overview, err error) {
	if p.Filter, err = v.usageFilter(path, q); err != nil {
		return p, o, err
	}
	if o, err = v.usage().Overview(v.Context(), v.session.Actor, q); err != nil {
		return p, o, err
	}
	notes, err := v.usage().Annotations(v.Context(), v.session.Actor, q)
	if err != nil {
		return p, o, err
	}
	p.Tabs, p.Tiles, p.Sentence = v.usageTabs(q), v.usageTiles(o), analytics.Sentence(o, v.lang)
	p.May = v.reaches(analytics.ActionWork)
	if p.Chart, p.Marks, err = v.usageChart(o, notes); err != nil {
		return p, o, err
	}
	p.Legend = []string{v.t("analytics.legend-now")}
	if o.Before != nil {
		p.Legend = append(p.Legend, v.t("analytics.legend-before"))
	}
	p.Days = v.usageDays(o)
	p.Notes = []string{v.t("analytics.about-visitors"), v.t("analytics.about-without-id"), v.t("analytics.about-bots") + " (" + analytics.Number("views", float64(o.Now.Bots)) + ")"}
	if o.Clipped {
		p.Notes = append([]string{v.t("analytics.about-clipped")}, p.Notes...)
	}
	return p, o, nil
}

// usageDays is the table that the chart shows, the newest first.
func (v *visit) usageDays(o analytics.Overview) kit.Table {
	t := kit.Table{Caption: v.t("analytics.chart-title"), Head: []string{v.t("analytics.column-day"), v.t("analytics.column-views"), v.t("analytics.column-visitors"), v.t("analytics.column-visits")}}
	for _, p := range slices.Backward(o.Series) {
		t.Rows = append(t.Rows, []kit.Cell{{Text: analytics.DateOf(p.Day, v.lang)}, {Text: kit.Thousands(int(p.Views)), Number: true}, {Text: kit.Thousands(int(p.Visitors)), Number: true}, {Text: kit.Thousands(int(p.Visits)), Number: true}})
	}
	return t
}

func usageReport(v *visit) error {
	q, err := v.usageQuery()
	if err != nil {
		return err
	}
	name := v.PathValue("name")
	if !slices.Contains(analytics.Widgets, name) {
		return errs.New(errs.NotFound, "error.not-found")
	}
	path := "/report/" + name
	p := usagePage{Tabs: v.usageTabs(q)}
	if p.Filter, err = v.usageFilter(path, q); err != nil {
		return err
	}
	q.Limit = 500
	t, err := v.usage().Report(v.Context(), v.session.Actor, name, q)
	if err != nil {
		return err
	}
	p.Heading = v.t("analytics.report-" + name)
	table := v.usageTable(t, q, q.Limit, 99)
	table.Href = ""
	p.Tables = []usageTable{table}
	p.Notes = []string{v.t("analytics.about-visitors")}
	if t.Clipped {
		p.Notes = append([]string{v.t("analytics.about-clipped")}, p.Notes...)
	}
	for _, format := range []string{"csv", "xlsx", "pdf"} {
		p.Exports = append(p.Exports, kit.Link{Href: v.usageLink("/export", q) + "&report=" + name + "&format=" + format, Text: strings.ToUpper(format)})
	}
	return v.page(http.StatusOK, p.Heading, "office/usage", p)
}

func usageSites(v *visit) error {
	q, err := v.usageQuery()
	if err != nil {
		return err
	}
	q.Hosts, q.Filters = nil, nil
	list, err := v.usage().SitesTable(v.Context(), v.session.Actor, q)
	if err != nil {
		return err
	}
	p := usagePage{Heading: v.t("analytics.report-sites"), Tabs: v.usageTabs(q), Notes: []string{v.t("analytics.about-visitors")}}
	if p.Filter, err = v.usageFilter("/sites", q); err != nil {
		return err
	}
	p.Filter.Rows = nil
	t := usageTable{Title: p.Heading, Head: []string{v.t("analytics.column-site"), v.t("analytics.column-views"), v.t("analytics.column-visitors"), v.t("analytics.column-visits"), v.t("analytics.column-bounce-rate")}, Empty: v.t("analytics.nothing")}
	for _, s := range list {
		own := q
		own.Hosts = []string{s.Host}
		r := usageRow{Name: v.siteName(s.Host), Href: v.usageLink("", own), Chip: v.changeChip(float64(s.Now.Views), float64(s.Before.Views)),
			Cells: []string{kit.Thousands(int(s.Now.Views)), kit.Thousands(int(s.Now.Visitors)), kit.Thousands(int(s.Now.Visits)), analytics.Number("bounce-rate", s.Now.BounceRate())}}
		if first := list[0].Now.Views; first > 0 {
			r.Bar = template.HTML(svg.Bar(float64(s.Now.Views) / float64(first))) //nolint:gosec // numbers only
		}
		t.Rows = append(t.Rows, r)
	}
	p.Tables = []usageTable{t}
	return v.page(http.StatusOK, p.Heading, "office/usage", p)
}

func usageNow(v *visit) error {
	q, err := v.usageQuery()
	if err != nil {
		return err
	}
	now, err := v.usage().Realtime(v.Context(), v.session.Actor, q.Hosts)
	if err != nil {
		return err
	}
	p := usagePage{Heading: v.t("analytics.tab-now"), Lead: v.t("analytics.now-lead"), Tabs: v.usageTabs(q)}
	c := svg.Columns{ID: "usage-now", Title: v.t("analytics.now-chart"), Desc: v.t("analytics.now-active", "n", now.Active)}
	total := 0.0
	for i, n := range now.Minutes {
		c.Labels = append(c.Labels, "-"+strconv.Itoa(30-i))
		c.Values = append(c.Values, float64(n))
		total += float64(n)
	}
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		return err
	}
	p.Chart = template.HTML(b.String()) //nolint:gosec // svg escapes all texts
	p.Tiles = []usageTile{{Label: v.t("analytics.now-visitors"), Value: kit.Thousands(int(now.Active))}, {Label: v.t("analytics.now-views"), Value: kit.Thousands(int(total))}}
	p.Tables = []usageTable{v.usageTable(analytics.Table{Widget: "pages", Columns: []string{"views"}, Lines: now.Pages}, q, 20, 99)}
	p.Tables[0].Href = ""
	return v.page(http.StatusOK, p.Heading, "office/usage", p)
}

func usageExport(v *visit) error {
	q, err := v.usageQuery()
	if err != nil {
		return err
	}
	q.Limit = 5000
	names := overviewTables
	if name := v.URL.Query().Get("report"); name != "" {
		names = []string{name}
	}
	var tables []analytics.Table
	for _, name := range names {
		t, err := v.usage().Report(v.Context(), v.session.Actor, name, q)
		if err != nil {
			return err
		}
		tables = append(tables, t)
	}
	var out bytes.Buffer
	kind, ending := "text/csv; charset=utf-8", v.URL.Query().Get("format")
	switch ending {
	case "xlsx", "pdf":
		o, err := v.usage().Overview(v.Context(), v.session.Actor, q)
		if err != nil {
			return err
		}
		if kind = "application/pdf"; ending == "pdf" {
			err = analytics.PDF(&out, o, tables, v.lang, v.f.Now())
		} else {
			kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
			err = analytics.XLSX(&out, o, tables, v.lang)
		}
		if err != nil {
			return err
		}
	default:
		ending = "csv"
		if err := analytics.CSV(&out, tables[0], v.lang); err != nil {
			return err
		}
	}
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="usage-`+analytics.ISO(q.From)+"-"+analytics.ISO(q.To)+"."+ending+`"`)
	h.Set("Cache-Control", kit.CacheNone)
	_, _ = v.w.Write(out.Bytes()) // a client that has gone is no error of ours
	return nil
}

// usageYearly is the report of the last fiscal year, as a document.
func usageYearly(v *visit) error {
	year, err := strconv.Atoi(cmp.Or(v.URL.Query().Get("year"), strconv.Itoa(analytics.LastFiscalYear(v.f.Now()))))
	if err != nil {
		return errs.InvalidField("year", "analytics.error-period")
	}
	y, err := v.usage().Yearly(v.Context(), v.session.Actor, year, "")
	if err != nil {
		return err
	}
	write, kind, ending := y.PDF, "application/pdf", "pdf"
	if v.URL.Query().Get("format") == "docx" {
		write, kind, ending = y.DOCX, "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"
	}
	var out bytes.Buffer
	if err := write(&out); err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Content-Disposition", `attachment; filename="usage-`+strconv.Itoa(year)+"."+ending+`"`)
	h.Set("Cache-Control", kit.CacheNone)
	_, _ = v.w.Write(out.Bytes()) // a client that has gone is no error of ours
	return nil
}

// usageForms are what can be added at the overview.
func (v *visit) usageForms(q analytics.Query) []form {
	if !v.reaches(analytics.ActionWork) {
		return nil
	}
	site := ""
	if len(q.Hosts) == 1 {
		site = q.Hosts[0]
	}
	forms := []form{{Title: v.t("analytics.note-add"), Action: v.to("/office/analytics/notes"), Button: v.t("analytics.note-save"), Hidden: [][2]string{{"site", site}},
		Fields: []kit.Field{{Name: "day", Label: v.t("analytics.column-day"), Type: "date", Value: analytics.ISO(q.To), Width: "medium"}, {Name: "text", Label: v.t("analytics.note-text"), Required: true}}}}
	if len(q.Filters) > 0 {
		f := form{Title: v.t("analytics.segment-add"), Action: v.to("/office/analytics/segments"), Button: v.t("analytics.segment-save"), Fields: []kit.Field{{Name: "name", Label: v.t("analytics.name"), Required: true}}}
		for _, x := range q.Filters {
			f.Hidden = append(f.Hidden, [2]string{"filter", x.Dim + ":" + x.Value})
		}
		forms = append(forms, f)
	}
	return forms
}

func sitesOf(v *visit) []string {
	if s := v.PostFormValue("site"); s != "" {
		return []string{s}
	}
	return nil
}

func usageAnnotate(v *visit) error {
	day, ok := analytics.ParseDay(v.PostFormValue("day"))
	if !ok {
		return errs.InvalidField("day", "analytics.error-day")
	}
	if _, err := v.usage().Annotate(v.Context(), v.session.Actor, analytics.Annotation{Day: day, Text: v.PostFormValue("text"), Hosts: sitesOf(v)}); err != nil {
		return err
	}
	return v.seeOther("/office/analytics")
}

func usageSaveSegment(v *visit) error {
	s := analytics.Segment{Name: v.PostFormValue("name")}
	for _, f := range v.PostForm["filter"] {
		dim, value, _ := strings.Cut(f, ":")
		s.Filters = append(s.Filters, analytics.Filter{Dim: dim, Value: value})
	}
	if _, err := v.usage().SaveSegment(v.Context(), v.session.Actor, s); err != nil {
		return err
	}
	return v.seeOther("/office/analytics")
}

func usageCloseAlert(v *visit) error {
	if err := v.usage().CloseAlert(v.Context(), v.session.Actor, v.PathValue("id")); err != nil {
		return err
	}
	return v.seeOther("/office/analytics")
}
