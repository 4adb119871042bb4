package analytics

import (
	"context"
	"crypto/rand"
	"net/url"
	"slices"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// Past is a hit that happened before: from an access log, or from the demo's past.
type Past struct {
	At time.Time
	Hit
}

// Backfill stores hits of one day, in one transaction. Their visitors are told apart by
// a salt that nobody keeps, so they are never those of a live day. Hits that are older
// than raw hits are kept for are counted in the totals only. Hits that no record would
// let in are left out; Backfill tells how many it stored.
func (s *Service) Backfill(ctx context.Context, day int64, past []Past) (stored int, err error) {
	record := s.Record(Activity)
	scope, ok := Decide(record, Signals{})
	if !ok {
		return 0, errs.New(errs.Forbidden, "analytics.error-not-collected")
	}
	salt := make([]byte, 32)
	rand.Read(salt) // never fails since Go 1.24
	ids := newKeyed(salt)
	batch := make([]*pending, 0, len(past))
	slices.SortStableFunc(past, func(a, b Past) int { return a.At.Compare(b.At) })
	last := int64(0)
	for i := range past {
		p := s.prepared(&past[i].Hit, scope, ids)
		if p == nil || dayOf(db.Micros(past[i].At)) != day {
			continue
		}
		last = max(last+1, db.Micros(past[i].At))
		p.at = last
		batch = append(batch, p)
	}
	keep := db.Micros(Window(record).Before(s.Now()))
	err = s.DB.InTx(ctx, func(tx *db.Tx) error { return s.storePast(tx, day, batch, keep) })
	return len(batch), err
}

// prepared cleans a hit of the past; nil where it cannot be counted.
func (s *Service) prepared(h *Hit, scope Scope, ids *keyed) *pending {
	u, err := h.check()
	if err != nil || !s.acceptsPast(h.Site, u) {
		return nil
	}
	c := h.clean(u, scope, s.isOurs)
	if c.name == "" {
		return nil
	}
	s.locate(h, &c)
	if c.bot == "" && scope.Level >= L1 && scope.Has("visitor_day_id") {
		c.visitor = ids.sum(c.site, h.Addr, h.Agent)
	}
	return &pending{cleaned: c}
}

func (s *Service) acceptsPast(site string, u *url.URL) bool {
	return hostOf(u) == site && s.isOurs(site)
}

// storePast is store for a day that is over: all its states are in memory and die there.
func (s *Service) storePast(tx *db.Tx, day int64, batch []*pending, keep int64) error {
	u := s.terms.within(tx, day)
	t := &tally{known: s.known, states: map[int64]*state{}, deltas: map[cell]*sums{}}
	rows := make([]row, 0, len(batch))
	for _, p := range batch {
		r, err := resolve(u, &p.cleaned)
		if err != nil {
			return err
		}
		t.count(&r)
		if r.at >= keep {
			rows = append(rows, r)
		}
	}
	if err := keepPast(tx, s.node, db.Micros(s.Now().Add(-sheetAfter)), rows); err != nil {
		return err
	}
	if err := addDeltas(tx, t.deltas); err != nil {
		return err
	}
	if err := reopen(tx, monthOf(day)); err != nil {
		return err
	}
	return s.log(tx, batch)
}
