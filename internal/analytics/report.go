package analytics

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// Query is what a report is about.
type Query struct {
	Hosts   []string // sites; none is all that the reader may see
	From    int64    // day, included
	To      int64    // day, included
	Compare string   // "", "previous" or "year"
	Filters []Filter // all of them hold
	Limit   int
}

// Filter narrows a report to hits with a value.
type Filter struct {
	Dim   string `json:"dim"`   // one of FilterDims
	Value string `json:"value"` // a trailing * stands for any ending
}

// Figures are the sums of a period.
type Figures struct {
	Views     int64 // pages opened
	Visitors  int64 // sum of the visitors of each day and site
	Visits    int64 // pages of one visitor with less than 30 minutes between them
	Bounces   int64 // visits of one page
	EngagedMS int64 // time that pages were looked at, as far as scripts report it
	WithoutID int64 // views of those who are counted without any id
	NotFound  int64 // pages that were asked for and are not there
	Bots      int64 // hits of programs, in none of the other figures
}

func (f Figures) add(o Figures) Figures {
	return Figures{f.Views + o.Views, f.Visitors + o.Visitors, f.Visits + o.Visits, f.Bounces + o.Bounces, f.EngagedMS + o.EngagedMS, f.WithoutID + o.WithoutID, f.NotFound + o.NotFound, f.Bots + o.Bots}
}

// BounceRate is the share of visits of one page, in percent.
func (f Figures) BounceRate() float64 { return percent(f.Bounces, f.Visits) }

// PagesPerVisit is how many pages a visit has.
func (f Figures) PagesPerVisit() float64 { return ratio(f.Views-f.WithoutID, f.Visits) }

// SecondsPerVisit is how long a visit looked at pages.
func (f Figures) SecondsPerVisit() float64 { return ratio(f.EngagedMS, f.Visits) / 1000 }

func percent(part, whole int64) float64 { return 100 * ratio(part, whole) }

func ratio(a, b int64) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// Change is by how much a figure grew, in percent; ok is false where it was nought.
func Change(now, before int64) (percentage float64, ok bool) {
	if before == 0 {
		return 0, false
	}
	return 100 * (float64(now) - float64(before)) / float64(before), true
}

// Point is a day of a series.
type Point struct {
	Day int64
	Figures
}

// Overview is the first page of a report.
type Overview struct {
	Query   Query
	Now     Figures
	Before  *Figures // of the period that is compared with
	Series  []Point
	Earlier []Point // of the period that is compared with
	Clipped bool    // filters reach back only as far as raw hits are kept
}

// reach is what a reader may see: the numbers of the sites, everySite for all.
type reach struct {
	ids   []int64
	hosts map[int64]string
}

// may checks that an actor may read reports of an agency: his role reaches it, and the
// record names him among those who use the data (row 27).
func (s *Service) may(actor policy.Actor, action, agency string) bool {
	record := s.Record(Activity)
	if record == nil || !policy.May(actor, action, agency) {
		return false
	}
	return action != ActionRead || record.MayDo(actor, policy.DutyUse).Allowed
}

func (s *Service) agencyOf(host string) (string, bool) {
	if a, ok := s.Site(host); ok {
		return a, true
	}
	return s.hosts.agency(host)
}

// Readable lists the hosts whose reports an actor may see.
func (s *Service) Readable(actor policy.Actor) []string {
	var out []string
	for _, h := range s.allHosts() {
		if a, ok := s.agencyOf(h); ok && s.may(actor, ActionRead, a) {
			out = append(out, h)
		}
	}
	return out
}

// reach resolves the sites of a query. A site that the actor may not see is as one that
// is not there.
func (s *Service) reach(tx *db.Tx, actor policy.Actor, hosts []string) (reach, error) {
	readable := s.Readable(actor)
	if len(readable) == 0 {
		return reach{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	for _, h := range hosts {
		if !slices.Contains(readable, h) {
			return reach{}, errs.New(errs.NotFound, "error.not-found")
		}
	}
	r := reach{hosts: map[int64]string{}}
	all, _ := policy.Reach(actor, ActionRead)
	if len(hosts) == 0 && all {
		r.ids = []int64{everySite}
		return r, nil
	}
	if len(hosts) == 0 {
		hosts = readable
	}
	for _, h := range hosts {
		id, ok := s.terms.remembered(h)
		if !ok {
			var err error
			if id, err = termID(tx, h); errs.KindOf(err) == errs.NotFound {
				continue // nothing was counted yet
			} else if err != nil {
				return r, err
			}
		}
		r.ids, r.hosts[id] = append(r.ids, id), h
	}
	return r, nil
}

// every are the sites one by one, where the query is about all of them.
func (s *Service) every(tx *db.Tx, actor policy.Actor, hosts []string) (reach, error) {
	if len(hosts) == 0 {
		hosts = s.Readable(actor)
	}
	return s.reach(tx, actor, hosts)
}

// maxDays bounds a period: ten years.
const maxDays = 3660

func (q *Query) check() error {
	if q.To < q.From || q.To-q.From > maxDays {
		return errs.InvalidField("to", "analytics.error-period")
	}
	if q.Compare != "" && q.Compare != "previous" && q.Compare != "year" {
		return errs.InvalidField("compare", "analytics.error-compare")
	}
	if len(q.Filters) > 8 {
		return errs.InvalidField("filter", "analytics.error-filters")
	}
	for _, f := range q.Filters {
		if _, ok := filterDims[f.Dim]; !ok || f.Value == "" || len(f.Value) > 400 {
			return errs.InvalidField("filter", "analytics.error-filter", "dim", f.Dim)
		}
	}
	if q.Limit <= 0 || q.Limit > 5000 {
		q.Limit = 100
	}
	return nil
}

// earlier is the period that is compared with.
func (q Query) earlier() Query {
	length := q.To - q.From + 1
	if q.Compare == "year" {
		q.From = dayTime(q.From).AddDate(-1, 0, 0).Unix() / 86400
		q.To = q.From + length - 1
		return q
	}
	q.From, q.To = q.From-length, q.From-1
	return q
}

// Overview sums a period up, day by day.
func (s *Service) Overview(ctx context.Context, actor policy.Actor, q Query) (out Overview, err error) {
	if err := q.check(); err != nil {
		return out, err
	}
	err = s.read(ctx, func(tx *db.Tx) error {
		out = Overview{Query: q}
		r, err := s.reach(tx, actor, q.Hosts)
		if err != nil {
			return err
		}
		if out.Series, out.Clipped, err = s.series(tx, actor, r, q); err != nil {
			return err
		}
		out.Now = sumPoints(out.Series)
		if q.Compare == "" {
			return nil
		}
		if out.Earlier, _, err = s.series(tx, actor, r, q.earlier()); err != nil {
			return err
		}
		before := sumPoints(out.Earlier)
		out.Before = &before
		return nil
	})
	return out, err
}

func sumPoints(list []Point) (f Figures) {
	for _, p := range list {
		f = f.add(p.Figures)
	}
	return f
}

// series are the figures of each day of a period, also of those on which nothing was.
func (s *Service) series(tx *db.Tx, actor policy.Actor, r reach, q Query) (out []Point, clipped bool, err error) {
	days := map[int64]*Figures{}
	at := func(day int64) *Figures {
		if days[day] == nil {
			days[day] = &Figures{}
		}
		return days[day]
	}
	if len(q.Filters) > 0 {
		clipped, err = s.rawSeries(tx, actor, r, q, at)
	} else {
		err = s.storedSeries(tx, r, q, at)
	}
	for day := q.From; day <= q.To; day++ {
		out = append(out, Point{day, *at(day)})
	}
	return out, clipped, err
}

func (s *Service) storedSeries(tx *db.Tx, r reach, q Query, at func(int64) *Figures) error {
	for _, site := range r.ids {
		for dim, take := range map[int64]func(f *Figures, x *sums){
			dimTotal: func(f *Figures, x *sums) {
				*f = f.add(Figures{Views: x.n, Visitors: x.visitors, Visits: x.visits, Bounces: x.bounces, EngagedMS: x.total, WithoutID: x.exits})
			},
			dimNotFound: func(f *Figures, x *sums) { f.NotFound += x.n },
			dimBot:      func(f *Figures, x *sums) { f.Bots += x.n },
		} {
			err := eachCell(tx, dayQuery, []any{site, dim, q.From, q.To}, func(day, _ int64, x *sums) { take(at(day), x) })
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// spans are the parts of a period: days before and after the whole months that are
// added up already.
type spans struct{ from1, to1, from2, to2, month1, month2 int64 }

func spansOf(tx *db.Tx, from, to int64) (spans, error) {
	whole := spans{from1: from, to1: to, from2: 1, to2: 0, month1: 1, month2: 0}
	first, last := monthOf(from), monthOf(to)
	if monthStart(first) < from {
		first++
	}
	if monthStart(last+1)-1 > to {
		last--
	}
	if first > last {
		return whole, nil
	}
	var n, lowest int64
	if err := tx.QueryRow(`SELECT COUNT(*), COALESCE(MIN(month), 0) FROM usage_closed WHERE month >= $1 AND month <= $2`, []any{first, last}, &n, &lowest); err != nil {
		return whole, err
	}
	if n == 0 {
		return whole, nil
	}
	// Months are closed in their order: those after the last closed one are days.
	first = lowest
	last = first + n - 1
	return spans{from, monthStart(first) - 1, monthStart(last + 1), to, first, last}, nil
}

const dayQuery = `SELECT day, part, body FROM usage_daily WHERE site = $1 AND dim = $2 AND day >= $3 AND day <= $4`

// cells are the sums of a dimension over a period, by term.
func cells(tx *db.Tx, sites []int64, dim, from, to int64) (map[int64]*sums, error) {
	p, err := spansOf(tx, from, to)
	if err != nil {
		return nil, err
	}
	out := map[int64]*sums{}
	for _, part := range p.parts("site, part, body", fmt.Sprintf("site IN (%s) AND dim = %d", numbers(sites), dim)) {
		err := eachCell(tx, part.query, []any{part.from, part.to}, func(_, term int64, x *sums) {
			if sum := out[term]; sum != nil {
				sum.add(*x)
				return
			}
			first := *x
			out[term] = &first
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// stretch is one of the parts of a period, and the statement that reads it.
type stretch struct {
	query    string
	from, to int64
}

// parts are those that are not empty. Columns and condition are texts of this package.
func (p spans) parts(columns, where string) (out []stretch) {
	for _, x := range []struct {
		table, period string
		from, to      int64
	}{{"usage_daily", "day", p.from1, p.to1}, {"usage_monthly", "month", p.month1, p.month2}, {"usage_daily", "day", p.from2, p.to2}} {
		if x.from <= x.to {
			out = append(out, stretch{"SELECT " + columns + " FROM " + x.table + " WHERE " + where + " AND " + x.period + " >= $1 AND " + x.period + " <= $2", x.from, x.to})
		}
	}
	return out
}

// SiteFigures is a line of the table of all sites.
type SiteFigures struct {
	Host        string
	Now, Before Figures
}

// SitesTable compares the sites that an actor may see, the most visited first.
func (s *Service) SitesTable(ctx context.Context, actor policy.Actor, q Query) (out []SiteFigures, err error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	if q.Compare == "" {
		q.Compare = "previous"
	}
	err = s.read(ctx, func(tx *db.Tx) error {
		out = nil
		r, err := s.every(tx, actor, q.Hosts)
		if err != nil {
			return err
		}
		now, err := totals(tx, r, q)
		if err != nil {
			return err
		}
		before, err := totals(tx, r, q.earlier())
		for id, host := range r.hosts {
			out = append(out, SiteFigures{host, now[id], before[id]})
		}
		return err
	})
	slices.SortFunc(out, func(a, b SiteFigures) int {
		return cmp.Or(cmp.Compare(b.Now.Views, a.Now.Views), strings.Compare(a.Host, b.Host))
	})
	return out, err
}

func totals(tx *db.Tx, r reach, q Query) (map[int64]Figures, error) {
	p, err := spansOf(tx, q.From, q.To)
	if err != nil {
		return nil, err
	}
	out := map[int64]Figures{}
	for _, part := range p.parts("site, part, body", "site IN ("+numbers(r.ids)+") AND dim = 0") {
		err := eachCell(tx, part.query, []any{part.from, part.to}, func(site, _ int64, x *sums) {
			out[site] = out[site].add(Figures{Views: x.n, Visitors: x.visitors, Visits: x.visits, Bounces: x.bounces, EngagedMS: x.total, WithoutID: x.exits})
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
