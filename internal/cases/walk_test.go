package cases_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"prasan/internal/audit"
	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// walks is how many walks are enough for a run that nobody watches; -rapid.checks
// makes it another number.
const walks = "40"

func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		_ = f.Value.Set(walks)
	}
	os.Exit(m.Run())
}

// TestAnyWalkThroughTheWorkflowKeepsItsPromises does whatever comes, in any order, by
// anybody, and looks after each step whether the case is still one that can be.
func TestAnyWalkThroughTheWorkflowKeepsItsPromises(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		runs := h.runs()
		var names []string
		for name := range runs {
			names = append(names, name)
		}
		slices.Sort(names)
		everybody := []policy.Actor{officer, colleague, registrar, head, inTrat, ict, auditor, permanent}
		rapid.Check(t, func(rt *rapid.T) {
			r := h.in(rapid.SampledFrom([]cases.State{cases.Received, cases.Quarantined, cases.Answered}).Draw(rt, "begin"))
			for range rapid.IntRange(1, 12).Draw(rt, "steps") {
				name := rapid.SampledFrom(names).Draw(rt, "action")
				who := rapid.SampledFrom(everybody).Draw(rt, "who")
				e.Clock.Advance(time.Duration(rapid.IntRange(0, 20*24).Draw(rt, "hours")) * time.Hour)
				before := h.byID(r.CaseID)
				err := runs[name](who, r)
				after := h.byID(r.CaseID)
				if problem := step(before, after, name, who, err); problem != "" {
					rt.Fatalf("%s by %s in %s: %s (%v)", name, who.Account, before.State, problem, err)
				}
				if problem := h.sound(after); problem != "" {
					rt.Fatalf("after %s by %s: %s", name, who.Account, problem)
				}
			}
		})
		rep, err := h.cases.Verify(ctx)
		if err != nil || len(rep.Faults) != 0 {
			t.Errorf("%+v %v", rep, err)
		}
		if rep, err := audit.Verify(ctx, e.DB, nil); err != nil || len(rep.Faults) != 0 {
			t.Errorf("%+v %v", rep, err)
		}
	})
}

// byID reads a case past who may see it.
func (h *house) byID(id string) cases.Case {
	h.t.Helper()
	c, err := cases.ByID(h.cases, ctx, id)
	must(h.t, err)
	return c
}

// step tells what is wrong with a change.
func step(before, after cases.Case, name string, who policy.Actor, err error) string {
	if err != nil {
		switch errs.KindOf(err) {
		case errs.Conflict, errs.Forbidden, errs.NotFound, errs.Invalid:
		default:
			return "it failed"
		}
		if after.Version != before.Version || after.State != before.State {
			return "it was refused and changed the case"
		}
		return ""
	}
	if after.Version != before.Version+1 {
		return fmt.Sprintf("version %d after %d", after.Version, before.Version)
	}
	if name == "write" || name == "reply" { // one call is both
		name = "write"
		if before.State == cases.AwaitingSender {
			name = "reply"
		}
	}
	i := slices.IndexFunc(cases.Transitions, func(t cases.Transition) bool { return t.Action == name })
	row := cases.Transitions[i]
	if !slices.Contains(row.From, before.State) {
		return "it is not declared"
	}
	if row.By != "sender" && before.AboutAccount != "" && before.AboutAccount == who.Account {
		return "he acts on a complaint about himself"
	}
	to := row.To
	if to == "" || name == "endorse" && before.State == cases.Received {
		to = after.State
	}
	if after.State != to {
		return fmt.Sprintf("it led to %s", after.State)
	}
	return ""
}

// sound tells what is wrong with a case.
func (h *house) sound(c cases.Case) string {
	switch {
	case (c.State == cases.Closed) != !c.ClosedAt.IsZero():
		return "closed without its time"
	case (c.State == cases.Closed) != !c.DestroyAt.IsZero():
		return "only what is closed has an end, and all of it"
	case c.State == cases.Closed && c.Result == "":
		return "closed without a result"
	case (c.ClockLeft > 0) != (c.State == cases.AwaitingSender):
		return fmt.Sprintf("the clock stands in %s with %s left", c.State, c.ClockLeft)
	case c.Parked && c.State != cases.Considering:
		return "parked in " + string(c.State)
	case c.State == cases.Answered && c.AnsweredAt.IsZero():
		return "answered without its time"
	case c.Assignee != "" && c.Assignee == c.AboutAccount:
		return "with him whom it is about"
	case c.Rating < 0 || c.Rating > 5:
		return "rated out of range"
	}
	if n := h.count(`SELECT COUNT(*) FROM case_events WHERE case_id = $1`, c.ID); int64(n) != c.Version {
		return fmt.Sprintf("%d events of %d changes", n, c.Version)
	}
	if n := h.count(`SELECT COUNT(*) FROM case_events e WHERE e.case_id = $1 AND e.seq > 1 AND e.from_state <> (SELECT p.to_state FROM case_events p WHERE p.case_id = e.case_id AND p.seq = e.seq - 1)`, c.ID); n != 0 {
		return "the timeline has a gap between states"
	}
	return ""
}
