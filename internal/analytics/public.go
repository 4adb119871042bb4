package analytics

import (
	"context"
	"sync"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// Public is what everybody may see of a site's usage: its days, and its pages, channels
// and devices. Only counts; what fewer than a handful looked at is not shown.
type Public struct {
	Overview Overview
	Tables   []Table
}

const (
	publicDays   = 30
	publicLines  = 10
	publicFewest = 10              // views that a line must have to be shown to everybody
	publicFor    = 5 * time.Minute // how long figures are shown before they are read again
)

// publics are the figures of sites as they were last read.
type publics struct {
	mu    sync.Mutex
	table map[string]publicFigures
}

type publicFigures struct {
	at time.Time
	Public
}

// Published tells whether the record lets its data be published (row 18).
func (s *Service) Published() bool {
	record := s.Record(Activity)
	return record != nil && record.Public
}

// Public is the last thirty whole days of a site. Without the record's leave there is
// nothing.
func (s *Service) Public(ctx context.Context, host string) (Public, error) {
	if _, ok := s.Site(host); !ok || !s.Published() {
		return Public{}, errs.New(errs.NotFound, "error.not-found")
	}
	s.publics.mu.Lock()
	defer s.publics.mu.Unlock()
	if x, ok := s.publics.table[host]; ok && s.Now().Sub(x.at).Abs() < publicFor {
		return x.Public, nil
	}
	p, err := s.public(ctx, host)
	if err != nil {
		return Public{}, err
	}
	if s.publics.table == nil {
		s.publics.table = map[string]publicFigures{}
	}
	s.publics.table[host] = publicFigures{s.Now(), p}
	return p, nil
}

func (s *Service) public(ctx context.Context, host string) (out Public, err error) {
	yesterday := dayOf(db.Micros(s.Now())) - 1
	q := Query{Hosts: []string{host}, From: yesterday - publicDays + 1, To: yesterday, Limit: 5000}
	err = s.read(ctx, func(tx *db.Tx) error {
		out = Public{Overview: Overview{Query: q}}
		r := reach{ids: []int64{-1}} // nothing was counted yet
		id, err := termID(tx, host)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		if err == nil {
			r.ids = []int64{id}
		}
		if out.Overview.Series, _, err = s.series(tx, policy.Actor{}, r, q); err != nil {
			return err
		}
		out.Overview.Now = sumPoints(out.Overview.Series)
		for _, name := range []string{"pages", "channels", "devices"} {
			w := widgets[name]
			found, _, err := s.grouped(tx, policy.Actor{}, r, &w, q)
			if err != nil {
				return err
			}
			for key, x := range found {
				if x.n < publicFewest {
					delete(found, key)
				}
			}
			out.Tables = append(out.Tables, tableOf(name, &w, found, nil, publicLines))
		}
		return nil
	})
	return out, err
}
