package analytics

import (
	"cmp"
	"database/sql"

	"prasan/internal/db"
)

// test is a condition on a column of a sheet: its value is one of some terms.
type test struct {
	column int
	terms  termSet
}

// termSet is a set of the numbers of terms, which are small: a bit for each.
type termSet []uint64

func termSetOf(ids ...int64) (t termSet) {
	for _, id := range ids {
		for int(id>>6) >= len(t) {
			t = append(t, 0)
		}
		t[id>>6] |= 1 << (id & 63)
	}
	return t
}

func (t termSet) has(id int64) bool {
	return id >= 0 && int(id>>6) < len(t) && t[id>>6]&(1<<(id&63)) != 0
}

type siteDay struct{ site, day int64 }

func (a siteDay) compare(b siteDay) int {
	return cmp.Or(cmp.Compare(a.site, b.site), cmp.Compare(a.day, b.day))
}

// freshHit is a hit that still is a row, and passes the filters.
type freshHit struct{ visitor, value, term int64 }

// scan sums hits that pass filters by day and by the term of a column. Who came is told
// day by day and site by site, since no id outlives its day and its site.
type scan struct {
	tests []test
	by    int // column; -1 for none: all are of term 0
	f     func(day, term int64, x *sums)

	list, values []int64 // used again from sheet to sheet
	match        []bool
	keep         []int
	counts       []sums
	seen         []uint64
}

// eachSum calls f with the sums of hits that pass the filters, for each day, site and
// term; a term may come several times, and 0 is that of hits without a value. Hits are
// read where they are: in sheets, and what is of this hour in rows.
func eachSum(tx *db.Tx, c conditions, by string, f func(day, term int64, x *sums)) error {
	g := &scan{tests: c.tests, by: -1, f: f}
	if by != "" {
		g.by = sheetColumns[by]
	}
	fresh, err := freshHits(tx, c, by)
	if err != nil {
		return err
	}
	ids, err := visitorsOf(tx, fresh)
	if err != nil {
		return err
	}
	err = tx.Each(`SELECT site, day, body FROM usage_sheets WHERE site IN (`+c.sites+`) AND part = 0 AND day >= $1 AND day <= $2`, []any{c.days, c.last}, func(rows rowScanner) error {
		var at siteDay
		var body sql.RawBytes // read before the next row comes
		if err := rows.Scan(&at.site, &at.day, &body); err != nil {
			return err
		}
		hits := fresh[at]
		delete(fresh, at)
		return g.sheet(at.day, body, hits, ids[at])
	})
	if err != nil {
		return err
	}
	for at, hits := range fresh { // days without a sheet
		m := mixture{}
		m.fresh(hits)
		m.tell(at.day, f)
	}
	return nil
}

// freshHits are the hits that are rows and pass the filters.
func freshHits(tx *db.Tx, c conditions, by string) (map[siteDay][]freshHit, error) {
	if by == "" {
		by = "0"
	}
	out := map[siteDay][]freshHit{}
	err := tx.Each(`SELECT site, at, visitor, value, `+by+` FROM usage_hits WHERE `+c.where, []any{c.from, c.to}, func(rows rowScanner) error {
		var site, at int64
		var h freshHit
		err := rows.Scan(&site, &at, &h.visitor, &h.value, &h.term)
		key := siteDay{site, dayOf(at)}
		out[key] = append(out[key], h)
		return err
	})
	return out, err
}

// visitorsOf are the ids of the visitors of the sheets of some days: who is in a sheet
// and in rows is one.
func visitorsOf(tx *db.Tx, days map[siteDay][]freshHit) (map[siteDay][]int64, error) {
	out := map[siteDay][]int64{}
	for at := range days {
		err := tx.Each(`SELECT body FROM usage_sheets WHERE site = $1 AND part = $2 AND day = $3`, []any{at.site, partMoments, at.day}, func(rows rowScanner) error {
			var body sql.RawBytes
			if err := rows.Scan(&body); err != nil {
				return err
			}
			_, r, err := sheetHits(body)
			for range momentColumns {
				r.long()
			}
			if r.bad {
				err = errPacked
			}
			out[at] = idsOf(r.rest)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// sheet sums the hits of a sheet that pass, and those of its day that are still rows.
func (g *scan) sheet(day int64, body []byte, fresh []freshHit, ids []int64) error {
	n, r, err := sheetHits(body)
	if err != nil {
		return err
	}
	var columns [sheetFigures][]byte
	for c := range columns {
		columns[c] = r.long()
	}
	passed, err := g.pass(columns, n)
	if err != nil {
		return err
	}
	h := hits{by: column{list: []int64{0}}}
	if len(passed) > 0 {
		if g.by >= 0 {
			h.by, err = readColumn(columns[g.by], n, g.list)
			g.list = h.by.list
		}
		if err == nil {
			h.value, err = readColumn(columns[colValue], n, g.values)
			g.values = h.value.list
		}
		if err == nil {
			h.visitor, h.visitors, err = readVisitors(r.long(), n)
		}
		if err != nil {
			return err
		}
	}
	if len(fresh) == 0 {
		g.sum(day, &h, passed)
		return nil
	}
	if h.visitors > len(ids) {
		return errPacked
	}
	m := mixture{}
	m.put(&h, passed, ids)
	m.fresh(fresh)
	m.tell(day, g.f)
	return nil
}

// hits are the columns of a sheet that are summed.
type hits struct {
	by, value, visitor column
	visitors           int // how many there are
}

// pass are the places of the hits that pass all tests.
func (g *scan) pass(columns [sheetFigures][]byte, n int) ([]int, error) {
	for len(g.keep) < n {
		g.keep = append(g.keep, 0)
	}
	keep := g.keep[:n]
	for i := range keep {
		keep[i] = i
	}
	for _, t := range g.tests {
		c, err := readColumn(columns[t.column], n, g.list)
		if err != nil {
			return nil, err
		}
		g.list, g.match = c.list, g.match[:0]
		some, all := false, true
		for _, term := range c.list {
			ok := t.terms.has(term)
			some, all = some || ok, all && ok
			g.match = append(g.match, ok)
		}
		if !some {
			return nil, nil
		}
		if !all {
			keep = c.keep(keep, g.match)
		}
	}
	return keep, nil
}

// keep are those of some hits whose value matches; it overwrites what it is given.
func (c *column) keep(all []int, match []bool) []int {
	out := all[:0]
	if c.width == 1 { // nearly always
		for _, i := range all {
			if match[c.codes[i]] {
				out = append(out, i)
			}
		}
		return out
	}
	for _, i := range all {
		if match[c.at(i)] {
			out = append(out, i)
		}
	}
	return out
}

// maxBits is up to how many bits a sheet's table of who saw what may have; beyond it is
// a map.
const maxBits = 1 << 23

// sum adds up the hits of a sheet that stands for the whole of its day.
func (g *scan) sum(day int64, h *hits, passed []int) {
	if len(passed) == 0 {
		return
	}
	n, width := len(h.by.list), h.visitors+1
	g.counts = zeroed(g.counts, n)
	first := g.firsts(n, width)
	for _, i := range passed {
		term, visitor := h.by.at(i), h.visitor.at(i)
		x := &g.counts[term]
		x.n++
		x.visits += h.value.list[h.value.at(i)]
		switch {
		case visitor == 0:
			x.exits++
		case first(term*width + visitor):
			x.visitors++
		}
	}
	for term := range n {
		if x := &g.counts[term]; x.n > 0 {
			g.f(day, h.by.list[term], x)
		}
	}
}

// firsts tells of each pair whether it comes for the first time.
func (g *scan) firsts(n, width int) func(int) bool {
	if n > maxBits/width {
		seen := map[int]bool{}
		return func(pair int) bool {
			again := seen[pair]
			seen[pair] = true
			return !again
		}
	}
	g.seen = zeroed(g.seen, n*width/64+1)
	return func(pair int) bool {
		word, bit := &g.seen[pair>>6], uint64(1)<<(pair&63)
		again := *word&bit != 0
		*word |= bit
		return !again
	}
}

// zeroed is a list of n noughts, in the place of another where that is long enough.
func zeroed[T any](list []T, n int) []T {
	if cap(list) < n {
		return make([]T, n)
	}
	list = list[:n]
	clear(list)
	return list
}

// mixture sums hits of one site and day that are partly in a sheet and partly in rows:
// visitors are told apart by their ids.
type mixture struct {
	seen map[[2]int64]bool
	sums map[int64]*sums
}

func (m *mixture) add(term, visitor, value int64) {
	if m.seen == nil {
		m.seen, m.sums = map[[2]int64]bool{}, map[int64]*sums{}
	}
	x := m.sums[term]
	if x == nil {
		x = &sums{}
		m.sums[term] = x
	}
	x.n++
	x.visits += value
	key := [2]int64{term, visitor}
	switch {
	case visitor == 0:
		x.exits++
	case !m.seen[key]:
		m.seen[key] = true
		x.visitors++
	}
}

func (m *mixture) put(h *hits, passed []int, ids []int64) {
	for _, i := range passed {
		visitor := int64(0)
		if code := h.visitor.at(i); code > 0 {
			visitor = ids[code-1]
		}
		m.add(h.by.list[h.by.at(i)], visitor, h.value.list[h.value.at(i)])
	}
}

func (m *mixture) fresh(list []freshHit) {
	for _, h := range list {
		m.add(h.term, h.visitor, h.value)
	}
}

func (m *mixture) tell(day int64, f func(day, term int64, x *sums)) {
	for term, x := range m.sums {
		f(day, term, x)
	}
}
