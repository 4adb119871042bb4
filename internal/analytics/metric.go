package analytics

import (
	"context"
	"math"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// Metric is what a goal measures: a name of Metrics, with an argument after a colon
// where it needs one ("page:/th/contact", "submits:contact").
type Metric string

// metricKind is how a metric is counted on a day: a part, and the whole of which it is
// a share; whole is nil for a plain count.
type metricKind struct {
	argument  bool
	unit      string // count, percent, seconds, pages
	filtered  bool   // can be narrowed by filters
	dim       int64  // of the argument's term
	part      func(f Figures, x sums) int64
	whole     func(f Figures) int64
	factor    float64
	otherDim  int64 // of the whole, where that is another dimension of the same term
	hasOther  bool
	otherPart func(x sums) int64
}

var metrics = map[string]metricKind{
	"views":             {unit: "count", filtered: true, part: func(f Figures, _ sums) int64 { return f.Views }},
	"visitors":          {unit: "count", filtered: true, part: func(f Figures, _ sums) int64 { return f.Visitors }},
	"visits":            {unit: "count", filtered: true, part: func(f Figures, _ sums) int64 { return f.Visits }},
	"not-found":         {unit: "count", part: func(f Figures, _ sums) int64 { return f.NotFound }},
	"bounce-rate":       {unit: "percent", factor: 100, part: func(f Figures, _ sums) int64 { return f.Bounces }, whole: func(f Figures) int64 { return f.Visits }},
	"pages-per-visit":   {unit: "pages", factor: 1, part: func(f Figures, _ sums) int64 { return f.Views - f.WithoutID }, whole: func(f Figures) int64 { return f.Visits }},
	"seconds-per-visit": {unit: "seconds", factor: .001, part: func(f Figures, _ sums) int64 { return f.EngagedMS }, whole: func(f Figures) int64 { return f.Visits }},
	"page":              {argument: true, unit: "count", dim: dimPage, part: func(_ Figures, x sums) int64 { return x.n }},
	"event":             {argument: true, unit: "count", dim: dimEvent, part: func(_ Figures, x sums) int64 { return x.n }},
	"submits":           {argument: true, unit: "count", dim: dimSubmit, part: func(_ Figures, x sums) int64 { return x.n }},
	"completion":        {argument: true, unit: "percent", factor: 100, dim: dimSubmit, part: func(_ Figures, x sums) int64 { return x.n }, hasOther: true, otherDim: dimStart, otherPart: func(x sums) int64 { return x.n }},
}

// Metrics are their names, in the order in which they are shown.
var Metrics = []string{"visitors", "visits", "views", "bounce-rate", "pages-per-visit", "seconds-per-visit", "page", "event", "submits", "completion", "not-found"}

func (m Metric) split() (name, argument string) {
	name, argument, _ = strings.Cut(string(m), ":")
	return name, argument
}

// Unit is of what its values are.
func (m Metric) Unit() string {
	name, _ := m.split()
	return metrics[name].unit
}

func (m Metric) check(filters []Filter) error {
	name, argument := m.split()
	k, ok := metrics[name]
	switch {
	case !ok || k.argument != (argument != "") || len(argument) > 400:
		return errs.InvalidField("metric", "analytics.error-metric", "known", strings.Join(Metrics, ", "))
	case len(filters) > 0 && !k.filtered:
		return errs.InvalidField("filters", "analytics.error-metric-filter")
	}
	return nil
}

// daily is a metric day by day: a part of a whole, or a count where wholes are nil.
type daily struct {
	parts, wholes []int64
	factor        float64
}

// value is the metric over some of the days.
func (d daily) value(from, to int) float64 {
	part, whole := int64(0), int64(0)
	for i := from; i < to; i++ {
		part += d.parts[i]
		if d.wholes != nil {
			whole += d.wholes[i]
		}
	}
	if d.wholes == nil {
		return float64(part)
	}
	return ratio(part, whole) * d.factor
}

// each are the values of the days on which there was anything to measure.
func (d daily) each(from, to int) (out []float64) {
	for i := from; i < to; i++ {
		if d.wholes == nil {
			out = append(out, float64(d.parts[i]))
		} else if d.wholes[i] > 0 {
			out = append(out, ratio(d.parts[i], d.wholes[i])*d.factor)
		}
	}
	return out
}

// measure reads a metric for each day of a query.
func (s *Service) measure(tx *db.Tx, actor policy.Actor, m Metric, q Query) (d daily, err error) {
	name, argument := m.split()
	k := metrics[name]
	r, err := s.reach(tx, actor, q.Hosts)
	if err != nil {
		return d, err
	}
	d.factor = k.factor
	if !k.argument {
		points, _, err := s.series(tx, actor, r, q)
		for _, p := range points {
			d.parts = append(d.parts, k.part(p.Figures, sums{}))
			if k.whole != nil {
				d.wholes = append(d.wholes, k.whole(p.Figures))
			}
		}
		return d, err
	}
	if name == "page" {
		argument = cleanPath(argument)
	}
	if d.parts, err = termSeries(tx, r, k.dim, argument, q, func(x sums) int64 { return k.part(Figures{}, x) }); err != nil {
		return d, err
	}
	if k.hasOther {
		d.wholes, err = termSeries(tx, r, k.otherDim, argument, q, k.otherPart)
	}
	return d, err
}

// termSeries is one term of a dimension, day by day.
func termSeries(tx *db.Tx, r reach, dim int64, text string, q Query, part func(sums) int64) ([]int64, error) {
	out := make([]int64, q.To-q.From+1)
	id, err := termID(tx, text)
	if errs.KindOf(err) == errs.NotFound && err != nil {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	for _, site := range r.ids {
		err := eachCell(tx, `SELECT day, part, body FROM usage_daily WHERE site = $1 AND dim = $2 AND day >= $3 AND day <= $4 AND part = $5`, []any{site, dim, q.From, q.To, id >> partBits}, func(day, term int64, x *sums) {
			if term == id {
				out[day-q.From] += part(*x)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Effect is a metric before and after something was done, with how sure one can be.
type Effect struct {
	Days   int     // that were compared on each side: whole weeks
	Before float64 // mean of a day
	After  float64
	Low    float64 // 95 % interval of the difference
	High   float64
	Sure   bool // nought is not in the interval
}

// Difference is by how much a day differs after.
func (e Effect) Difference() float64 { return e.After - e.Before }

// compareDays compares two samples by Welch's interval: the days need not scatter alike.
// Fewer than a week on either side says nothing.
func compareDays(before, after []float64) (e Effect) {
	if len(before) < 7 || len(after) < 7 {
		return e
	}
	mb, vb := meanVariance(before)
	ma, va := meanVariance(after)
	nb, na := float64(len(before)), float64(len(after))
	se2 := vb/nb + va/na
	margin := 0.0
	if se2 > 0 {
		freedom := se2 * se2 / (vb*vb/(nb*nb*(nb-1)) + va*va/(na*na*(na-1)))
		margin = student(freedom) * math.Sqrt(se2)
	}
	e = Effect{Days: len(after), Before: mb, After: ma, Low: ma - mb - margin, High: ma - mb + margin}
	e.Sure = e.Low > 0 || e.High < 0
	return e
}

func meanVariance(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v
	}
	mean /= float64(len(x))
	for _, v := range x {
		variance += (v - mean) * (v - mean)
	}
	return mean, variance / float64(len(x)-1)
}

// student is the 97.5 % point of Student's t with some degrees of freedom, by the
// expansion of Cornish and Fisher (Abramowitz and Stegun 26.7.5).
func student(freedom float64) float64 {
	const z = 1.959963984540054
	f := math.Max(freedom, 1)
	z3, z5, z7 := z*z*z, math.Pow(z, 5), math.Pow(z, 7)
	return z + (z3+z)/(4*f) + (5*z5+16*z3+3*z)/(96*f*f) + (3*z7+19*z5+17*z3-15*z)/(384*f*f*f)
}

// Measure gives a metric over a period, for those who may read it.
func (s *Service) Measure(ctx context.Context, actor policy.Actor, m Metric, q Query) (value float64, err error) {
	if err := m.check(q.Filters); err != nil {
		return 0, err
	}
	if err := q.check(); err != nil {
		return 0, err
	}
	err = s.read(ctx, func(tx *db.Tx) error {
		d, err := s.measure(tx, actor, m, q)
		value = d.value(0, len(d.parts))
		return err
	})
	return value, err
}
