package analytics

import (
	"encoding/binary"
	"time"
)

// row is a hit as it is stored: every text is the number of a term.
type row struct {
	site, at, n, visitor, level, name, page, source, campaign, profile, label, value, bot, cookie, place int64
}

// Dimensions of the daily totals. Their numbers are stored; add at the end.
const (
	dimTotal    = iota // term is the hour of the day; exits are views without an id
	dimPage            // visits are entries, exits are the last pages
	dimSource          // channel and host
	dimCampaign        //
	dimProfile         // device, browser, system, language, width
	dimEvent           // name
	dimSearch          // what was looked for
	dimNotFound        // page
	dimOutbound        // host and path
	dimDownload        // path
	dimStart           // form
	dimSubmit          // form
	dimVital           // metric and class; total is the sum of values
	dimLevel           // L2, L3; L0 is in dimTotal, and L1 is the rest
	dimBot             // family
	dimPlace           // province or country
	dims               // how many there are
)

// everySite is the number of the ministry as a whole among the sites.
const everySite = 0

type cell struct{ site, dim, day, term int64 }

// sums are what is counted of a cell. All of them add up over days and sites.
type sums struct{ n, visitors, visits, bounces, exits, total int64 }

func (a *sums) add(b sums) {
	a.n += b.n
	a.visitors += b.visitors
	a.visits += b.visits
	a.bounces += b.bounces
	a.exits += b.exits
	a.total += b.total
}

// state is a visitor of a day on a site: what must be known to count his next hit.
type state struct {
	day, lastAt, views, entry, page, source int64
	seen                                    []byte // pages of the day, as varints
	changed                                 bool
}

const (
	visitGap = int64(30 * time.Minute / time.Microsecond)
	maxSeen  = 1 << 10 // bytes of seen; beyond, a page counts as seen
)

func (s *state) sees(page int64) (first bool) {
	rest := s.seen
	for len(rest) > 0 {
		p, n := binary.Uvarint(rest)
		if n <= 0 || int64(p) == page {
			return false
		}
		rest = rest[n:]
	}
	if len(s.seen) >= maxSeen {
		return false
	}
	s.seen = binary.AppendUvarint(s.seen, uint64(page))
	return true
}

// tally turns hits into changes of the totals. It is a function of the hits in their
// order and of the states before them, so that a recount gives the same.
type tally struct {
	known  *known // terms that have a meaning
	states map[int64]*state
	deltas map[cell]*sums
}

// known are the numbers of the terms that the counting itself looks at.
type known struct {
	kinds  map[int64]string // events by the number of their name
	levels [4]int64
	hours  [24]int64
}

func (t *tally) bump(site, dim, day, term int64, d sums) {
	for _, s := range [...]int64{site, everySite} {
		key := cell{s, dim, day, term}
		x := t.deltas[key]
		if x == nil {
			x = &sums{}
			t.deltas[key] = x
		}
		x.add(d)
	}
}

// count takes one hit, and writes into it what only its visit knows: the source by
// which it began, and, as the value of a page view, whether it began with it.
func (t *tally) count(r *row) {
	day := dayOf(r.at)
	add := func(dim, term int64, d sums) { t.bump(r.site, dim, day, term, d) }
	if r.bot != 0 {
		add(dimBot, r.bot, sums{n: 1})
		return
	}
	kind := t.known.kinds[r.name]
	if s := t.states[r.visitor]; kind != PageView && s != nil && s.day == day {
		r.source = s.source // of the visit
	}
	switch kind {
	case PageView:
		t.view(r, day, add)
	case NotFound:
		add(dimNotFound, r.page, sums{n: 1})
		add(dimEvent, r.name, sums{n: 1})
	case Engagement:
		add(dimTotal, t.known.hours[hourOf(r.at)], sums{total: r.value})
		add(dimPage, r.page, sums{total: r.value})
		add(dimProfile, r.profile, sums{total: 1})
	case Vitals:
		if r.label != 0 {
			add(dimVital, r.label, sums{n: 1, total: r.value})
		}
	default:
		add(dimEvent, r.name, sums{n: 1})
		if dim, ok := labelled[kind]; ok && r.label != 0 {
			add(dim, r.label, sums{n: 1})
		}
	}
}

// labelled are the events whose label has totals of its own.
var labelled = map[string]int64{SiteSearch: dimSearch, Outbound: dimOutbound, Download: dimDownload, FormStart: dimStart, FormSubmit: dimSubmit}

func (t *tally) view(r *row, day int64, add func(dim, term int64, d sums)) {
	visitor, visit := t.visit(r, day, add)
	r.value = visit
	if r.visitor != 0 {
		r.source = t.states[r.visitor].source // of the visit, not of the page
	}
	withoutID := int64(0)
	if r.level == int64(L0) {
		withoutID = 1
	}
	add(dimTotal, t.known.hours[hourOf(r.at)], sums{n: 1, visitors: visitor, visits: visit, bounces: visit, exits: withoutID})
	firstLook := int64(0)
	if r.visitor != 0 && t.states[r.visitor].sees(r.page) {
		firstLook = 1
	}
	add(dimPage, r.page, sums{n: 1, visitors: firstLook, visits: visit, bounces: visit, exits: visit})
	add(dimSource, r.source, sums{n: 1, visitors: visitor, visits: visit, bounces: visit})
	add(dimProfile, r.profile, sums{n: 1, visitors: visitor, visits: visit})
	if r.level >= int64(L2) {
		add(dimLevel, t.known.levels[r.level], sums{n: 1, visitors: visitor})
	}
	if r.place != 0 {
		add(dimPlace, r.place, sums{n: 1, visitors: visitor, visits: visit})
	}
	if r.campaign != 0 {
		add(dimCampaign, r.campaign, sums{n: 1, visitors: visitor, visits: visit})
	}
	if r.label != 0 {
		add(dimSearch, r.label, sums{n: 1})
	}
}

// visit follows a visitor: it tells whether he is new today and whether a visit begins,
// and takes back what the page before was thought to be, the last and the only one.
func (t *tally) visit(r *row, day int64, add func(dim, term int64, d sums)) (visitor, visit int64) {
	if r.visitor == 0 {
		return 0, 0
	}
	s := t.states[r.visitor]
	if s == nil || s.day != day {
		s = &state{day: day}
		t.states[r.visitor] = s
		visitor = 1
	}
	s.changed = true
	if visitor == 1 || r.at-s.lastAt > visitGap {
		s.views, s.entry, s.source, visit = 0, r.page, r.source, 1
	} else {
		if s.views == 1 {
			back := sums{bounces: -1}
			add(dimTotal, t.known.hours[hourOf(r.at)], back)
			add(dimSource, s.source, back)
			add(dimPage, s.entry, back)
		}
		if s.page != r.page {
			add(dimPage, s.page, sums{exits: -1})
			add(dimPage, r.page, sums{exits: 1})
		}
	}
	s.views++
	s.page, s.lastAt = r.page, r.at
	return visitor, visit
}

// bangkok is the offset of Bangkok in microseconds: it has had no other since 1920.
const bangkok = int64(7 * time.Hour / time.Microsecond)

const dayLength = int64(24 * time.Hour / time.Microsecond)

// dayOf is the number of the day of a moment in Bangkok's calendar, from 1970.
func dayOf(at int64) int64 { return (at + bangkok) / dayLength }

func hourOf(at int64) int64 {
	return (at + bangkok) % dayLength / int64(time.Hour/time.Microsecond)
}
