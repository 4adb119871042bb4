package cases_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
	"prasan/internal/ropa"
)

func TestAnotherPeriodMovesTheDatesOfClosedCases(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		h.register.OnEnact(h.cases.RecordChanged)
		closed, extended, open := h.in(cases.Closed).Reference, h.in(cases.Closed).Reference, h.in(cases.InProgress).Reference
		until := e.Clock.Now().AddDate(12, 0, 0).Truncate(time.Microsecond)
		h.exec(`UPDATE cases SET destroy_at = $1 WHERE reference = $2`, until.UnixMicro(), extended)
		if n, err := h.cases.Begun(ctx, time.Time{}); err != nil || n != 2 {
			t.Errorf("%d closed cases, %v", n, err)
		}
		if n, err := h.cases.Begun(ctx, e.Clock.Now().AddDate(-1, 0, 0)); err != nil || n != 0 {
			t.Errorf("%d closed a year ago, %v", n, err)
		}
		h.adopt([]byte(strings.Replace(string(ropa.SeedText(cases.Activity, 2)), "period: P10Y", "period: P5Y", 1)))
		h.redated()
		c := h.line(closed)
		if want := h.register.Snapshot(cases.Activity).DueAt(c.ClosedAt); !c.DestroyAt.Equal(want) || c.DestroyAt.Year() != 2031 {
			t.Errorf("due %s, not %s", c.DestroyAt, want)
		}
		if c := h.line(extended); !c.DestroyAt.Equal(until) {
			t.Errorf("what a round has extended was moved to %s", c.DestroyAt)
		}
		if c := h.line(open); !c.DestroyAt.IsZero() {
			t.Errorf("an open case is due %s", c.DestroyAt)
		}
		rep, err := h.cases.Verify(ctx)
		must(t, err)
		if len(rep.Faults) != 0 {
			t.Errorf("%+v", rep)
		}
	})
}

// redated has the queue work until the dates are moved.
func (h *house) redated() {
	h.t.Helper()
	c, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- h.queue.Run(c) }()
	for i := 0; h.count(`SELECT COUNT(*) FROM audit WHERE action = 'case.redated'`) == 0; i++ {
		if i > 1000 {
			h.t.Error("the dates are not moved")
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	<-ended
}
