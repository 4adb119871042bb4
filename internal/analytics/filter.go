package analytics

import (
	"fmt"
	"strings"

	"prasan/internal/db"
	"prasan/internal/geo"
	"prasan/internal/policy"
)

// filterDims are what reports can be narrowed by: the column of the hits, and how a
// value is looked for among the terms. part is which piece of the term it is; -1 is the
// whole of it.
var filterDims = map[string]struct {
	column string
	part   int
}{
	"page": {"page", -1}, "event": {"name", -1}, "search": {"label", -1}, "label": {"label", -1},
	"channel": {"source", 0}, "source": {"source", 1}, "campaign": {"campaign", 2}, "medium": {"campaign", 1},
	"place": {placeOfHit, -1}, "device": {"profile", 0}, "browser": {"profile", 1}, "system": {"profile", 2}, "language": {"profile", 3}, "width": {"profile", 4},
}

// FilterDims are their names, in the order in which they are shown.
var FilterDims = []string{"page", "channel", "source", "campaign", "medium", "place", "device", "browser", "system", "language", "width", "event", "search", "label"}

// maxMatches is how many terms a filter with * may stand for.
const maxMatches = 5000

// termsOf are the numbers of the terms that a filter means.
func termsOf(tx *db.Tx, f Filter) (ids []int64, err error) {
	d := filterDims[f.Dim]
	value, open := strings.CutSuffix(f.Value, "*")
	if f.Dim == "page" && !open {
		value = cleanPath(value)
	}
	if f.Dim == "place" {
		value = geo.Code(value)
	}
	pattern := like(value)
	if d.part >= 0 {
		pattern = "%" + pattern + "%"
	} else if open {
		pattern += "%"
	}
	err = tx.Each(`SELECT id, text FROM usage_terms WHERE text LIKE $1 ESCAPE '!' ORDER BY id LIMIT $2`, []any{pattern, maxMatches}, func(rows rowScanner) error {
		var id int64
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return err
		}
		if d.part >= 0 {
			parts := strings.Split(text, separator)
			if d.part >= len(parts) {
				return nil
			}
			text = parts[d.part]
		}
		if text == value || open && strings.HasPrefix(text, value) {
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

func like(s string) string { return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s) }

// conditions are the filters: as SQL over the rows of hits, and as tests of the columns
// of sheets. The texts hold numbers and names of this package only.
type conditions struct {
	sites string // as a list
	where string
	tests []test
	from  int64 // microseconds
	to    int64
	days  int64 // first day that is covered
	last  int64 // day
	none  bool  // nothing can match
}

// only adds the condition that a column is one of some terms.
func (c *conditions) only(column string, ids ...int64) {
	c.where += fmt.Sprintf(" AND %s IN (%s)", column, numbers(ids))
	c.tests = append(c.tests, test{sheetColumns[column], termSetOf(ids...)})
}

func (s *Service) conditions(tx *db.Tx, r reach, q Query, event string) (c conditions, clipped bool, err error) {
	c.days, c.last = q.From, q.To
	if record := s.Record(Activity); record != nil {
		if first := dayOf(db.Micros(Window(record).Before(s.Now()))) + 1; first > c.days {
			c.days, clipped = first, true
		}
	}
	c.from, c.to = dayStart(c.days), dayStart(q.To+1)
	c.sites = numbers(r.ids)
	c.where = "site IN (" + c.sites + ") AND at >= $1 AND at < $2"
	c.only("bot", 0)
	named := false
	for _, f := range q.Filters {
		ids, err := termsOf(tx, f)
		if err != nil {
			return c, clipped, err
		}
		if len(ids) == 0 {
			c.none = true
			return c, clipped, nil
		}
		named = named || f.Dim == "event"
		c.only(filterDims[f.Dim].column, ids...)
	}
	if event == "" && !named {
		event = PageView
	}
	if event != "" && event != "*" {
		id, err := termID(tx, event)
		if err != nil {
			return c, clipped, err
		}
		c.only("name", id)
	}
	return c, clipped, nil
}

func numbers(ids []int64) string {
	var b strings.Builder
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprint(&b, id)
	}
	if b.Len() == 0 {
		return "-1"
	}
	return b.String()
}

// sitesOf are the numbers of sites for the hits, which know no ministry.
func (s *Service) sitesOf(tx *db.Tx, actor policy.Actor, r reach) (reach, error) {
	if len(r.ids) == 1 && r.ids[0] == everySite {
		return s.every(tx, actor, nil)
	}
	return r, nil
}

// rawCells sums hits that pass the filters by the column of a widget.
func (s *Service) rawCells(tx *db.Tx, actor policy.Actor, r reach, w *widget, q Query) (map[int64]*sums, bool, error) {
	r, err := s.sitesOf(tx, actor, r)
	if err != nil {
		return nil, false, err
	}
	c, clipped, err := s.conditions(tx, r, q, w.event)
	if err != nil || c.none {
		return nil, clipped, err
	}
	out := map[int64]*sums{}
	err = eachSum(tx, c, w.raw, func(_, term int64, x *sums) {
		if term == 0 {
			return
		}
		y := sums{n: x.n, visitors: x.visitors, visits: x.visits}
		if w.dim == dimVital {
			y.total, y.visits = x.visits, 0
		}
		if sum := out[term]; sum != nil {
			sum.add(y)
		} else {
			out[term] = &y
		}
	})
	return out, clipped, err
}

func (s *Service) rawSeries(tx *db.Tx, actor policy.Actor, r reach, q Query, at func(int64) *Figures) (bool, error) {
	r, err := s.sitesOf(tx, actor, r)
	if err != nil {
		return false, err
	}
	c, clipped, err := s.conditions(tx, r, q, "")
	if err != nil || c.none {
		return clipped, err
	}
	err = eachSum(tx, c, "", func(day, _ int64, x *sums) {
		f := at(day)
		*f = f.add(Figures{Views: x.n, Visitors: x.visitors, Visits: x.visits, WithoutID: x.exits})
	})
	return clipped, err
}
