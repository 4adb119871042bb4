package office

import (
	"bytes"
	"html/template"
	"net/http"
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

type usageAlert struct{ ID, Text string }

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
