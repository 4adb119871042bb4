package analytics

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// Table is one report: lines with their figures. What a column is stands in the
// catalogue under analytics.column-NAME, and what it means under analytics.about-NAME.
type Table struct {
	Widget  string
	Columns []string
	Lines   []Line
	More    int    // lines beyond the limit
	Off     string // why there is nothing: a word of the catalogue (analytics.off-WORD)
	Clipped bool   // filters reach back only as far as raw hits are kept
}

// Line is a line of a table.
type Line struct {
	Label  string
	Detail string
	Values []float64
	Before []float64 // of the period that is compared with; nil without one
}

// widget is how a report is made from the totals of a dimension.
type widget struct {
	dim     int64
	columns []string
	raw     string // column of the hits, for filters; "" cannot be filtered
	event   string // of the hits; "" is the page view
	label   func(term string) (label, detail string)
	values  func(x *sums) []float64
	by      int // the column that orders
}

func plain(term string) (string, string) { return term, "" }

// piece takes one part of a term, and none where it has it not.
func piece(i int) func(string) (string, string) {
	return func(term string) (string, string) {
		parts := strings.Split(term, separator)
		if i >= len(parts) {
			return "", ""
		}
		return parts[i], ""
	}
}

func pair(term string) (string, string) {
	a, b, _ := strings.Cut(term, separator)
	if b == "" {
		return a, ""
	}
	return b, a
}

func counts(x *sums) []float64 { return []float64{float64(x.n)} }

func audience(x *sums) []float64 {
	return []float64{float64(x.visitors), float64(x.visits), float64(x.n)}
}

func pageFigures(x *sums) []float64 {
	return []float64{float64(x.n), float64(x.visitors), float64(x.visits), float64(x.exits), percent(x.bounces, x.visits), ratio(x.total, x.n) / 1000}
}

var pageColumns = []string{"views", "visitors", "entries", "exits", "bounce-rate", "seconds"}

// widgets are all reports, by name. Widgets lists them in their order.
var widgets = map[string]widget{
	"pages":    {dimPage, pageColumns, "page", "", plain, pageFigures, 0},
	"entries":  {dimPage, pageColumns, "page", "", plain, pageFigures, 2},
	"exits":    {dimPage, pageColumns, "page", "", plain, pageFigures, 3},
	"channels": {dimSource, []string{"visitors", "visits", "views"}, "source", "", piece(0), audience, 1},
	"sources":  {dimSource, []string{"visitors", "visits", "views"}, "source", "", pair, audience, 1},
	"campaigns": {dimCampaign, []string{"visitors", "visits", "views"}, "campaign", "", func(t string) (string, string) {
		c := strings.Split(t+separator+separator, separator)
		if c[2] == "" {
			return c[0], c[1]
		}
		return c[2], strings.Trim(c[0]+" / "+c[1], " /")
	}, audience, 1},
	"devices":   {dimProfile, []string{"visitors", "visits", "views"}, "profile", "", piece(0), audience, 2},
	"browsers":  {dimProfile, []string{"visitors", "visits", "views"}, "profile", "", piece(1), audience, 2},
	"systems":   {dimProfile, []string{"visitors", "visits", "views"}, "profile", "", piece(2), audience, 2},
	"languages": {dimProfile, []string{"visitors", "visits", "views"}, "profile", "", piece(3), audience, 2},
	"widths":    {dimProfile, []string{"reports"}, "", "", piece(4), func(x *sums) []float64 { return []float64{float64(x.n + x.total)} }, 0},
	"places":    {dimPlace, []string{"visitors", "visits", "views"}, placeOfHit, "", plain, audience, 1},
	"events":    {dimEvent, []string{"times"}, "name", "*", plain, counts, 0},
	"searches":  {dimSearch, []string{"times"}, "label", "", plain, counts, 0},
	"not-found": {dimNotFound, []string{"times"}, "page", NotFound, plain, counts, 0},
	"outbound":  {dimOutbound, []string{"times"}, "label", Outbound, plain, counts, 0},
	"downloads": {dimDownload, []string{"times"}, "label", Download, plain, counts, 0},
	"starts":    {dimStart, []string{"times"}, "label", FormStart, plain, counts, 0},
	"submits":   {dimSubmit, []string{"times"}, "label", FormSubmit, plain, counts, 0},
	"vitals":    {dimVital, []string{"times", "mean"}, "label", Vitals, plain, func(x *sums) []float64 { return []float64{float64(x.n), ratio(x.total, x.n)} }, 0},
	"levels":    {dimLevel, []string{"visitors", "views"}, "", "", plain, func(x *sums) []float64 { return []float64{float64(x.visitors), float64(x.n)} }, 1},
	"bots":      {dimBot, []string{"times"}, "", "", plain, counts, 0},
	"hours":     {dimTotal, []string{"views"}, "", "", func(t string) (string, string) { return strings.TrimPrefix(t, "h") + ":00", "" }, counts, -1},
}

// Widgets are the names of the reports, in the order in which they are shown.
var Widgets = []string{"pages", "entries", "exits", "channels", "sources", "campaigns", "devices", "browsers", "systems", "languages", "places", "widths", "events", "searches", "not-found", "outbound", "downloads", "starts", "submits", "vitals", "levels", "hours", "bots"}

// Report makes one of the tables.
func (s *Service) Report(ctx context.Context, actor policy.Actor, name string, q Query) (out Table, err error) {
	w, ok := widgets[name]
	if !ok {
		return out, errs.InvalidField("report", "analytics.error-report", "known", strings.Join(Widgets, ", "))
	}
	if err := q.check(); err != nil {
		return out, err
	}
	if len(q.Filters) > 0 && w.raw == "" {
		return out, errs.InvalidField("filter", "analytics.error-unfiltered", "report", name)
	}
	err = s.read(ctx, func(tx *db.Tx) error {
		r, err := s.reach(tx, actor, q.Hosts)
		if err != nil {
			return err
		}
		now, clipped, err := s.grouped(tx, actor, r, &w, q)
		if err != nil {
			return err
		}
		var before map[[2]string]*sums
		if q.Compare != "" {
			if before, _, err = s.grouped(tx, actor, r, &w, q.earlier()); err != nil {
				return err
			}
		}
		out = tableOf(name, &w, now, before, q.Limit)
		out.Clipped = clipped
		if name == "places" && len(out.Lines) == 0 {
			out.Off = s.placesOff()
		}
		if len(q.Filters) > 0 {
			out.Columns, out.Lines = rawColumns(&w, out)
		}
		return nil
	})
	return out, err
}

// grouped sums a dimension by what is shown of its terms.
func (s *Service) grouped(tx *db.Tx, actor policy.Actor, r reach, w *widget, q Query) (map[[2]string]*sums, bool, error) {
	var c map[int64]*sums
	var err error
	clipped := false
	if len(q.Filters) > 0 {
		c, clipped, err = s.rawCells(tx, actor, r, w, q)
	} else {
		c, err = cells(tx, r.ids, w.dim, q.From, q.To)
	}
	if err == nil && w.dim == dimLevel {
		err = s.lowerLevels(tx, r, q, c)
	}
	if err != nil {
		return nil, clipped, err
	}
	ids := make([]int64, 0, len(c))
	for id := range c {
		ids = append(ids, id)
	}
	names, err := s.names.of(tx, ids)
	if err != nil {
		return nil, clipped, err
	}
	out := map[[2]string]*sums{}
	for id, x := range c {
		label, detail := w.label(names[id])
		key := [2]string{label, detail}
		if out[key] == nil {
			out[key] = &sums{}
		}
		out[key].add(*x)
	}
	return out, clipped, nil
}

// lowerLevels adds what is not counted by itself: L0 is part of the totals, and what is
// in none of the others is L1.
func (s *Service) lowerLevels(tx *db.Tx, r reach, q Query, c map[int64]*sums) error {
	total, err := cells(tx, r.ids, dimTotal, q.From, q.To)
	if err != nil {
		return err
	}
	var zero, one sums
	for _, x := range total {
		zero.n += x.exits
		one.n += x.n - x.exits
		one.visitors += x.visitors
	}
	for _, x := range c {
		one.n -= x.n
		one.visitors -= x.visitors
	}
	c[s.known.levels[L0]], c[s.known.levels[L1]] = &zero, &one
	return nil
}

func tableOf(name string, w *widget, now, before map[[2]string]*sums, limit int) Table {
	t := Table{Widget: name, Columns: w.columns}
	for key, x := range now {
		if *x == (sums{}) {
			continue
		}
		l := Line{Label: key[0], Detail: key[1], Values: w.values(x)}
		if before != nil {
			y := before[key]
			if y == nil {
				y = &sums{}
			}
			l.Before = w.values(y)
		}
		t.Lines = append(t.Lines, l)
	}
	slices.SortFunc(t.Lines, func(a, b Line) int {
		if w.by < 0 {
			return strings.Compare(a.Label, b.Label)
		}
		return cmp.Or(cmp.Compare(b.Values[w.by], a.Values[w.by]), strings.Compare(a.Label, b.Label), strings.Compare(a.Detail, b.Detail))
	})
	if len(t.Lines) > limit {
		t.More = len(t.Lines) - limit
		t.Lines = t.Lines[:limit]
	}
	return t
}

// rawColumns leaves out what single hits cannot tell: exits and times of pages.
func rawColumns(w *widget, t Table) ([]string, []Line) {
	if w.dim != dimPage {
		return t.Columns, t.Lines
	}
	for i := range t.Lines {
		t.Lines[i].Values = t.Lines[i].Values[:3]
		if t.Lines[i].Before != nil {
			t.Lines[i].Before = t.Lines[i].Before[:3]
		}
	}
	return t.Columns[:3], t.Lines
}
