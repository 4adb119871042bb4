package api

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/errs"
)

// UsageFigures are the sums of a period.
type UsageFigures struct {
	Views           int64   `json:"views"`
	Visitors        int64   `json:"visitors" doc:"Sum of the visitors of each day and each site: no id outlives its day."`
	Visits          int64   `json:"visits"`
	BounceRate      float64 `json:"bounce_rate" doc:"Percent of visits with one page."`
	PagesPerVisit   float64 `json:"pages_per_visit"`
	SecondsPerVisit float64 `json:"seconds_per_visit" doc:"Time in view, as far as scripts report it."`
	WithoutID       int64   `json:"without_id" doc:"Views of those who are counted without any id; they are in views, not in visitors."`
	NotFound        int64   `json:"not_found"`
	Bots            int64   `json:"bots" doc:"Hits of programs, in none of the other figures."`
}

// UsageDay is a day of a report.
type UsageDay struct {
	Day      string `json:"day"`
	Views    int64  `json:"views"`
	Visitors int64  `json:"visitors"`
	Visits   int64  `json:"visits"`
}

// UsageTable is one table of a report.
type UsageTable struct {
	Report  string      `json:"report"`
	Columns []string    `json:"columns"`
	Lines   []UsageLine `json:"lines"`
	More    int         `json:"more" doc:"Lines beyond the limit."`
	Off     string      `json:"off,omitempty" enum:"database,record" doc:"Of places: why they are not counted."`
}

// UsageLine is a line of a table; values stand in the order of the columns.
type UsageLine struct {
	Label  string    `json:"label"`
	Detail string    `json:"detail,omitempty"`
	Values []float64 `json:"values"`
	Before []float64 `json:"before,omitempty"`
}

// UsageReport is a report.
type UsageReport struct {
	Sites   []string      `json:"sites" doc:"Hosts; empty is all that the caller may see."`
	From    string        `json:"from"`
	To      string        `json:"to"`
	Figures UsageFigures  `json:"figures"`
	Before  *UsageFigures `json:"before,omitempty"`
	Days    []UsageDay    `json:"days"`
	Tables  []UsageTable  `json:"tables"`
	Clipped bool          `json:"clipped" doc:"Filters reach back only as far as the record has single hits kept."`
}

// UsageSite is a line of the table of all sites.
type UsageSite struct {
	Site    string       `json:"site"`
	Figures UsageFigures `json:"figures"`
	Before  UsageFigures `json:"before"`
}

// UsageNow is the last half hour.
type UsageNow struct {
	At      time.Time   `json:"at"`
	Active  int64       `json:"active" doc:"Visitors of the last five minutes."`
	Minutes []int64     `json:"minutes" doc:"Views of each of the last 30 minutes, the oldest first."`
	Pages   []UsageLine `json:"pages"`
}

func figuresOf(f analytics.Figures) UsageFigures {
	return UsageFigures{f.Views, f.Visitors, f.Visits, f.BounceRate(), f.PagesPerVisit(), f.SecondsPerVisit(), f.WithoutID, f.NotFound, f.Bots}
}

func linesOf(list []analytics.Line) []UsageLine {
	out := []UsageLine{}
	for _, l := range list {
		out = append(out, UsageLine(l))
	}
	return out
}

func reportOf(o analytics.Overview, tables []analytics.Table) UsageReport {
	r := UsageReport{Sites: append([]string{}, o.Query.Hosts...), From: analytics.ISO(o.Query.From), To: analytics.ISO(o.Query.To), Figures: figuresOf(o.Now), Days: []UsageDay{}, Tables: []UsageTable{}, Clipped: o.Clipped}
	if o.Before != nil {
		before := figuresOf(*o.Before)
		r.Before = &before
	}
	for _, p := range o.Series {
		r.Days = append(r.Days, UsageDay{analytics.ISO(p.Day), p.Views, p.Visitors, p.Visits})
	}
	for _, t := range tables {
		r.Tables = append(r.Tables, UsageTable{t.Widget, t.Columns, linesOf(t.Lines), t.More, t.Off})
	}
	return r
}

var usageQuery = []Param{
	{Name: "site", Summary: "Host, or several with commas; all that the caller may see if absent."}, {Name: "from", Summary: "First day (ISO 8601); 30 days before `to` if absent."}, {Name: "to", Summary: "Last day; today if absent."},
	{Name: "compare", Summary: "With the period before, or with the same days of last year.", Enum: []string{"previous", "year"}}, {Name: "report", Summary: "Tables, with commas: " + strings.Join(analytics.Widgets, ", ") + "; pages and channels if absent."},
	{Name: "filter", Summary: "DIMENSION:VALUE, may be repeated, all hold; a trailing * stands for any ending. Dimensions: " + strings.Join(analytics.FilterDims, ", ") + "."}, {Name: "limit", Summary: "Lines of a table; 100 if absent."},
}

// usageQueryOf reads the parameters of a report.
func usageQueryOf(c *Call, today int64) (q analytics.Query, reports []string, err error) {
	q = analytics.Query{Hosts: listed(c.Query("site")), Compare: c.Query("compare"), To: today}
	if q.To, err = dayParam(c, "to", today); err != nil {
		return q, nil, err
	}
	if q.From, err = dayParam(c, "from", q.To-29); err != nil {
		return q, nil, err
	}
	for _, f := range c.Request.URL.Query()["filter"] {
		dim, value, _ := strings.Cut(f, ":")
		q.Filters = append(q.Filters, analytics.Filter{Dim: dim, Value: value})
	}
	if text := c.Query("limit"); text != "" {
		if q.Limit, err = strconv.Atoi(text); err != nil || q.Limit < 1 || q.Limit > 5000 {
			return q, nil, errs.InvalidField("limit", "error.limit", "max", 5000)
		}
	}
	reports = listed(c.Query("report"))
	if len(reports) == 0 {
		reports = []string{"pages", "channels"}
	}
	if len(reports) > len(analytics.Widgets) {
		return q, nil, errs.InvalidField("report", "analytics.error-filters")
	}
	return q, reports, nil
}

func listed(s string) (out []string) {
	for _, x := range strings.Split(s, ",") {
		if x = strings.TrimSpace(x); x != "" {
			out = append(out, x)
		}
	}
	return out
}

func dayParam(c *Call, name string, otherwise int64) (int64, error) {
	return dayOf(name, c.Query(name), otherwise)
}

func dayOf(name, text string, otherwise int64) (int64, error) {
	if text == "" {
		return otherwise, nil
	}
	day, ok := analytics.ParseDay(text)
	if !ok {
		return 0, errs.InvalidField(name, "analytics.error-day")
	}
	return day, nil
}

// usage are the operations over one service.
type usage struct{ *analytics.Service }

func (u usage) today() int64 { return analytics.DayOf(u.Now()) }

func (u usage) report(c *Call) (o analytics.Overview, tables []analytics.Table, err error) {
	q, names, err := usageQueryOf(c, u.today())
	if err != nil {
		return o, nil, err
	}
	ctx := c.Request.Context()
	if o, err = u.Overview(ctx, c.Actor, q); err != nil {
		return o, nil, err
	}
	for _, name := range names {
		t, err := u.Report(ctx, c.Actor, name, q)
		if err != nil {
			return o, nil, err
		}
		tables = append(tables, t)
	}
	return o, tables, nil
}

func (u usage) csv(c *Call) (Raw, error) {
	_, tables, err := u.report(c)
	if err != nil {
		return Raw{}, err
	}
	if len(tables) != 1 && c.Query("report") != "" {
		return Raw{}, errs.InvalidField("report", "analytics.error-one")
	}
	var out bytes.Buffer
	err = analytics.CSV(&out, tables[0], c.Lang)
	return Raw{Type: "text/csv; charset=utf-8", Body: out.Bytes()}, err
}

func (u usage) xlsx(c *Call) (Raw, error) {
	o, tables, err := u.report(c)
	if err != nil {
		return Raw{}, err
	}
	var out bytes.Buffer
	err = analytics.XLSX(&out, o, tables, c.Lang)
	return Raw{Type: xlsxType, Body: out.Bytes()}, err
}

func (u usage) pdf(c *Call) (Raw, error) {
	o, tables, err := u.report(c)
	if err != nil {
		return Raw{}, err
	}
	var out bytes.Buffer
	err = analytics.PDF(&out, o, tables, c.Lang, u.Now())
	return Raw{Type: "application/pdf", Body: out.Bytes()}, err
}

// yearly makes the report of a fiscal year: of the last one that is over, if none is asked for.
func (u usage) yearly(c *Call, write func(y *analytics.Yearly, w io.Writer) error, kind string) (Raw, error) {
	year := analytics.LastFiscalYear(u.Now())
	if text := c.Query("year"); text != "" {
		var err error
		if year, err = strconv.Atoi(text); err != nil {
			return Raw{}, errs.InvalidField("year", "analytics.error-period")
		}
	}
	y, err := u.Yearly(c.Request.Context(), c.Actor, year, "")
	if err != nil {
		return Raw{}, err
	}
	var out bytes.Buffer
	err = write(&y, &out)
	return Raw{Type: kind, Body: out.Bytes()}, err
}

func yearly(o Operation, kind string) Operation {
	o.Types, o.Query = []string{kind}, []Param{{Name: "year", Summary: "Fiscal year of the Buddhist era; the last one that is over if absent."}}
	return o
}

const xlsxType = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

// AnalyticsOperations: reports of usage, and goals, evaluations and plans over them.
func AnalyticsOperations(s *analytics.Service) []Operation {
	u := usage{s}
	op := func(id, path, summary string) Operation {
		return Operation{ID: id, Path: "/analytics" + path, Tag: "analytics", Summary: summary, Action: analytics.ActionRead}
	}
	asked := func(o Operation) Operation { o.Query = usageQuery; return o }
	raw := func(o Operation, kind string) Operation { o.Types = []string{kind}; return asked(o) }
	return append([]Operation{
		Get(asked(op("getUsageReport", "/reports", "Figures of a period, day by day, with tables.")), func(c *Call) (UsageReport, error) {
			o, tables, err := u.report(c)
			return reportOf(o, tables), err
		}),
		Get(raw(op("getUsageReportCSV", "/reports.csv", "One table as CSV."), "text/csv"), u.csv),
		Get(raw(op("getUsageReportXLSX", "/reports.xlsx", "Figures and tables as a workbook."), xlsxType), u.xlsx),
		Get(raw(op("getUsageReportPDF", "/reports.pdf", "Figures and tables on paper."), "application/pdf"), u.pdf),
		Get(yearly(op("getUsageYearlyPDF", "/yearly.pdf", "The report of a fiscal year as PDF, in Thai."), "application/pdf"), func(c *Call) (Raw, error) { return u.yearly(c, (*analytics.Yearly).PDF, "application/pdf") }),
		Get(yearly(op("getUsageYearlyDOCX", "/yearly.docx", "The report of a fiscal year as a word processor's document, in Thai."), docxType), func(c *Call) (Raw, error) { return u.yearly(c, (*analytics.Yearly).DOCX, docxType) }),
		Get(asked(op("listUsageSites", "/sites", "The sites side by side, the most visited first.")), func(c *Call) (Page[UsageSite], error) {
			q, _, err := usageQueryOf(c, u.today())
			if err != nil {
				return Page[UsageSite]{}, err
			}
			list, err := u.SitesTable(c.Request.Context(), c.Actor, q)
			return PageOf(list, len(list), func(x analytics.SiteFigures) UsageSite {
				return UsageSite{x.Host, figuresOf(x.Now), figuresOf(x.Before)}
			}, nil), err
		}),
		Get(Operation{ID: "getUsageNow", Path: "/analytics/realtime", Tag: "analytics", Summary: "The last half hour.", Action: analytics.ActionRead, Query: usageQuery[:1]}, func(c *Call) (UsageNow, error) {
			r, err := u.Realtime(c.Request.Context(), c.Actor, listed(c.Query("site")))
			return UsageNow{r.At, r.Active, r.Minutes[:], linesOf(r.Pages)}, err
		}),
	}, append(u.cycle(), u.google()...)...)
}
