package office

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"prasan/internal/analytics"
	"prasan/internal/errs"
	"prasan/internal/web/kit"
)

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
