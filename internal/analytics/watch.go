package analytics

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"prasan/internal/db"
	"prasan/internal/policy"
)

// Alert is something unusual of a day (การแจ้งเตือน).
type Alert struct {
	What     string  `json:"what"` // spike, fall, broken
	Host     string  `json:"host"`
	Day      int64   `json:"day"`
	Page     string  `json:"page,omitempty"` // of a broken one
	Value    float64 `json:"value"`
	Expected float64 `json:"expected"` // median of the same weekday before
}

// What is unusual: against the same weekday of the weeks before, by so many
// deviations and by so much, and not where there is hardly any traffic.
const (
	watchWeeks  = 8
	deviations  = 3
	spikeFactor = 2.0
	fallFactor  = 0.4
	fewest      = 50 // views of a usual day below which nothing is said
	brokenTimes = 20 // a page that was asked for so often and is not there
)

// unusual judges a day by those before it: by their median and by how far they lie from
// it, which one odd day among them does not move.
func unusual(value float64, before []float64) (what string, usual float64) {
	if len(before) < 4 {
		return "", 0
	}
	usual = median(before)
	off := make([]float64, len(before))
	for i, v := range before {
		off[i] = math.Abs(v - usual)
	}
	band := deviations * 1.4826 * median(off) // a standard deviation, were the days normal
	switch {
	case value > usual+band && value > spikeFactor*usual && value >= fewest:
		return "spike", usual
	case value < usual-band && value < fallFactor*usual && usual >= fewest:
		return "fall", usual
	}
	return "", usual
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// Watch looks at yesterday, site by site, and writes down what is unusual; who asked for
// it is told by mail. A day is looked at once.
func (s *Service) Watch(ctx context.Context) error {
	day := dayOf(db.Micros(s.Now())) - 1
	ids, err := s.siteIDs(ctx)
	if err != nil {
		return err
	}
	var fresh []Of[Alert]
	for host, id := range ids {
		agency, ok := s.agencyOf(host)
		if !ok {
			continue
		}
		var found []Of[Alert]
		err := s.DB.InTx(ctx, func(tx *db.Tx) error {
			found = nil
			alerts, err := s.look(tx, host, id, day)
			if err != nil {
				return err
			}
			for _, a := range alerts {
				x, err := create(tx, s, "system", Thing{Kind: KindAlert, Agency: agency, Parent: watched(host, day), State: "open"}, a)
				if err != nil {
					return err
				}
				found = append(found, x)
			}
			return nil
		})
		if err != nil {
			return err
		}
		fresh = append(fresh, found...)
	}
	return s.tell(ctx, fresh)
}

// watched names a site's day, so that nothing is said of it twice.
func watched(host string, day int64) string { return fmt.Sprintf("%s/%d", host, day) }

func (s *Service) look(tx *db.Tx, host string, id, day int64) (out []Alert, err error) {
	var said int64
	if err := tx.QueryRow(`SELECT COUNT(*) FROM usage_things WHERE parent = $1 AND kind = $2`, []any{watched(host, day), KindAlert}, &said); err != nil || said > 0 {
		return nil, err
	}
	views := map[int64]float64{}
	for d := day - 7*watchWeeks; d <= day; d += 7 {
		err := eachCell(tx, `SELECT day, part, body FROM usage_daily WHERE site = $1 AND dim = $2 AND day = $3`, []any{id, int64(dimTotal), d}, func(_, _ int64, x *sums) { views[d] += float64(x.n) })
		if err != nil {
			return nil, err
		}
	}
	var before []float64
	for d, v := range views {
		if d != day {
			before = append(before, v)
		}
	}
	if what, usual := unusual(views[day], before); what != "" {
		out = append(out, Alert{What: what, Host: host, Day: day, Value: views[day], Expected: usual})
	}
	broken, err := s.broken(tx, host, id, day)
	return append(out, broken...), err
}

// broken are pages that many asked for yesterday and that are not there, but were not
// missed as often in the week before.
func (s *Service) broken(tx *db.Tx, host string, id, day int64) (out []Alert, err error) {
	now, err := cells(tx, []int64{id}, dimNotFound, day, day)
	if err != nil {
		return nil, err
	}
	week, err := cells(tx, []int64{id}, dimNotFound, day-7, day-1)
	if err != nil {
		return nil, err
	}
	var ids []int64
	for term, x := range now {
		usual := int64(0)
		if w := week[term]; w != nil {
			usual = w.n / 7
		}
		if x.n >= brokenTimes && x.n > 3*usual {
			ids = append(ids, term)
		}
	}
	names, err := texts(tx, ids)
	for _, term := range ids {
		usual := 0.0
		if w := week[term]; w != nil {
			usual = float64(w.n) / 7
		}
		out = append(out, Alert{What: "broken", Host: host, Day: day, Page: names[term], Value: float64(now[term].n), Expected: usual})
	}
	return out, err
}

// tell mails alerts to those who asked for them and may see the sites.
func (s *Service) tell(ctx context.Context, fresh []Of[Alert]) error {
	if len(fresh) == 0 || s.Mail == nil {
		return nil
	}
	all, err := running(ctx, s.DB)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.Body.Every != "alert" {
			continue
		}
		actor, address, err := s.Reader(ctx, x.Body.Account)
		if err != nil || address == "" {
			continue
		}
		var lines []string
		for _, a := range fresh {
			if s.may(actor, ActionRead, a.Agency) {
				lines = append(lines, AlertLine(a.Body, x.Body.Lang))
			}
		}
		if len(lines) == 0 {
			continue
		}
		if err := s.DB.InTx(ctx, func(tx *db.Tx) error { return s.post(tx, "usage-alarm", x, address, strings.Join(lines, "\n")) }); err != nil {
			return err
		}
	}
	return nil
}

// Alerts lists those that nobody has closed.
func (s *Service) Alerts(ctx context.Context, actor policy.Actor) (out []Of[Alert], err error) {
	all, err := list[Alert](ctx, s, actor, KindAlert, "")
	for _, a := range all {
		if a.State == "open" {
			out = append(out, a)
		}
	}
	return out, err
}

// CloseAlert says that an alert was seen.
func (s *Service) CloseAlert(ctx context.Context, actor policy.Actor, id string) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		x, err := work[Alert](tx, s, actor, ActionWork, KindAlert, id)
		if err != nil || x.State == "closed" {
			return err
		}
		x.State = "closed"
		_, err = change(tx, s, actor.Account, x)
		return err
	})
}
