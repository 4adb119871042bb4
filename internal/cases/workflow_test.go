package cases_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// in brings a new case into a state the way people do.
func (h *house) in(state cases.State) cases.Receipt {
	h.t.Helper()
	if state == cases.Quarantined {
		sub := h.whole()
		sub.Decoy = true
		r, err := h.cases.Submit(ctx, sub)
		must(h.t, err)
		return r
	}
	r := h.submit()
	do := func(_ cases.Case, err error) { h.t.Helper(); must(h.t, err) }
	switch state {
	case cases.Considering:
		do(h.cases.Consider(ctx, officer, r.Reference))
	case cases.InProgress, cases.AwaitingSender, cases.Answered, cases.Closed:
		do(h.cases.Triage(ctx, officer, r.Reference, cases.Relevant, "อยู่ในอำนาจหน้าที่"))
	}
	switch state {
	case cases.AwaitingSender:
		do(h.cases.Ask(ctx, officer, r.Reference, "โรงงานใด"))
	case cases.Answered:
		do(h.cases.Answer(ctx, officer, r.Reference, "email", "ตรวจสอบแล้ว"))
	case cases.Closed:
		do(h.cases.Answer(ctx, officer, r.Reference, "email", "ตรวจสอบแล้ว"))
		do(h.cases.Close(ctx, officer, r.Reference, "done", ""))
	case cases.Referred:
		// What refers a case is no part of this package.
		h.exec(`UPDATE cases SET state = 'referred' WHERE id = $1`, r.CaseID)
	}
	h.wantState(r.Reference, state)
	return r
}

// runs is how each action of the table is done; by is ignored for the sender's own.
func (h *house) runs() map[string]func(by policy.Actor, r cases.Receipt) error {
	office := func(f func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error)) func(policy.Actor, cases.Receipt) error {
		return func(by policy.Actor, r cases.Receipt) error { _, err := f(ctx, by, r.Reference); return err }
	}
	c := h.cases
	return map[string]func(by policy.Actor, r cases.Receipt) error{
		"release":  office(c.Release),
		"discard":  office(c.Discard),
		"consider": office(c.Consider),
		"resume":   office(c.Resume),
		"endorse": office(func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error) {
			return c.Endorse(ctx, a, ref, "remark", "", "เห็นควร")
		}),
		"assign": office(func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error) {
			return c.Assign(ctx, a, ref, "suda")
		}),
		"triage-relevant": office(func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error) {
			return c.Triage(ctx, a, ref, cases.Relevant, "อยู่ในอำนาจหน้าที่")
		}),
		"triage-park": office(func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error) {
			return c.Triage(ctx, a, ref, cases.Park, "เป็นของกรมโรงงาน")
		}),
		"redirect": office(func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error) {
			return c.Redirect(ctx, a, ref, "กรมควบคุมมลพิษ", "โปรดติดต่อกรมควบคุมมลพิษ")
		}),
		"pass": office(func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error) {
			return c.Pass(ctx, a, ref, "trat", "เหตุเกิดที่ตราด")
		}),
		"note": office(func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error) {
			return c.Note(ctx, a, ref, "โทรแล้วไม่รับสาย")
		}),
		"ask": office(func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error) {
			return c.Ask(ctx, a, ref, "โรงงานใด")
		}),
		"hear": office(func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error) {
			return c.Hear(ctx, a, ref, "โรงงาน ก (แจ้งทางโทรศัพท์)")
		}),
		"take-up": office(func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error) {
			return c.TakeUp(ctx, a, ref, "ยุติเรื่องผิดพลาด")
		}),
		"inform": office(func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error) {
			return c.Inform(ctx, a, ref, "กำลังตรวจสอบ")
		}),
		"answer": office(func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error) {
			return c.Answer(ctx, a, ref, "phone", "แจ้งผลแล้ว")
		}),
		"close": office(func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error) {
			return c.Close(ctx, a, ref, "done", "")
		}),
		"shield": office(func(ctx context.Context, a policy.Actor, ref string) (cases.Case, error) {
			return c.Shield(ctx, a, ref, "")
		}),
		"reissue": func(by policy.Actor, r cases.Receipt) error { _, err := c.Reissue(ctx, by, r.Reference); return err },
		"reply": func(_ policy.Actor, r cases.Receipt) error {
			return c.Write(ctx, r.CaseID, "โรงงาน ก", nil)
		},
		"write": func(_ policy.Actor, r cases.Receipt) error {
			return c.Write(ctx, r.CaseID, "ขอเพิ่มเติม", nil)
		},
		"accept": func(_ policy.Actor, r cases.Receipt) error { return c.Accept(ctx, r.CaseID) },
		"reopen": func(_ policy.Actor, r cases.Receipt) error {
			return c.Reopen(ctx, r.CaseID, "ยังไม่เรียบร้อย")
		},
		"rate": func(_ policy.Actor, r cases.Receipt) error { return c.Rate(ctx, r.CaseID, 4, "") },
	}
}

// elsewhere are rows that are no act of one caller on a case; their tests stand apart.
var elsewhere = []string{"receive", "quarantine", "lapse", "verify-email", "renew-code", "refer", "refer-sent", "refer-recall", "refer-return", "refer-reply", "refer-result"}

// mayDo is an actor whose role does the act, and mayNot those whose role does not.
func mayDo(by string) (who policy.Actor, others []policy.Actor) {
	switch by {
	case "case.work", "case.reissue":
		return officer, []policy.Actor{auditor, dpo, ict, inTrat}
	case "case.shielded":
		return head, []policy.Actor{officer, registrar, ict, inTrat}
	}
	return officer, []policy.Actor{auditor, dpo, inTrat}
}

func TestEachActionIsDoneFromTheDeclaredStatesAndNoOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		runs := h.runs()
		for _, row := range cases.Transitions {
			if slices.Contains(elsewhere, row.Action) {
				continue
			}
			run := runs[row.Action]
			if run == nil {
				t.Errorf("nobody tests %s", row.Action)
				continue
			}
			who, _ := mayDo(row.By)
			for _, state := range cases.States {
				h.tryFrom(row, state, who, run)
			}
		}
	})
}

// tryFrom does an action in a state and looks whether the table foresaw what came.
func (h *house) tryFrom(row cases.Transition, state cases.State, who policy.Actor, run func(policy.Actor, cases.Receipt) error) {
	h.t.Helper()
	r := h.in(state)
	if row.Action == "resume" && state == cases.Considering {
		_, err := h.cases.Triage(ctx, officer, r.Reference, cases.Park, "เป็นของกรมโรงงาน")
		must(h.t, err)
	}
	before := h.line(r.Reference)
	err := run(who, r)
	declared := slices.Contains(row.From, state)
	// The sender's writing is "reply" where he was asked and "write" elsewhere.
	if row.Action == "write" && state == cases.AwaitingSender || row.Action == "reply" && state != cases.AwaitingSender {
		return
	}
	if !declared {
		if errs.KindOf(err) != errs.Conflict {
			h.t.Errorf("%s from %s: %v, want a conflict", row.Action, state, err)
		}
		if after := h.line(r.Reference); after.Version != before.Version {
			h.t.Errorf("%s from %s was refused and changed the case", row.Action, state)
		}
		return
	}
	if err != nil {
		h.t.Errorf("%s from %s: %v", row.Action, state, err)
		return
	}
	to := row.To
	if to == "" {
		to = state
	}
	if row.Action == "endorse" && state == cases.Received {
		to = cases.Considering // what is endorsed is being considered
	}
	after := h.wantState(r.Reference, to)
	if after.Version != before.Version+1 {
		h.t.Errorf("%s from %s: version %d after %d", row.Action, state, after.Version, before.Version)
	}
	kind := one[string](h, `SELECT kind FROM case_events WHERE case_id = $1 ORDER BY seq DESC LIMIT 1`, r.CaseID)
	if kind != row.Action {
		h.t.Errorf("%s from %s left the event %s", row.Action, state, kind)
	}
	if n := h.count(`SELECT COUNT(*) FROM audit WHERE object = $1 AND action = $2`, "case:"+r.Reference, "case."+row.Action); n == 0 {
		h.t.Errorf("%s left no line in the audit", row.Action)
	}
}

func TestAnActIsRefusedToAnotherRoleAndToAnotherAgency(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		runs := h.runs()
		for _, row := range cases.Transitions {
			if slices.Contains(elsewhere, row.Action) || row.By == "sender" {
				continue
			}
			r := h.in(row.From[0])
			_, others := mayDo(row.By)
			for _, who := range others {
				err := runs[row.Action](who, r)
				if kind := errs.KindOf(err); err == nil || kind != errs.Forbidden && kind != errs.NotFound {
					t.Errorf("%s by %s: %v", row.Action, who.Account, err)
				}
			}
			if h.line(r.Reference).State != row.From[0] {
				t.Errorf("%s: a refused act changed the state", row.Action)
			}
		}
		// Who may not know of a case is told what he would be told if there were none.
		r := h.submit()
		_, here := h.cases.Get(ctx, inTrat, r.Reference)
		_, nowhere := h.cases.Get(ctx, inTrat, "34A-CDE-FGK")
		if here == nil || nowhere == nil || errs.As(here).Key != errs.As(nowhere).Key {
			t.Errorf("%v differs from %v", here, nowhere)
		}
	})
}

func TestTheClockStandsWhileTheSenderIsAsked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.in(cases.InProgress)
		due := h.line(r.Reference).DueAt
		e.Clock.Advance(3 * 24 * time.Hour)
		_, err := h.cases.Ask(ctx, officer, r.Reference, "โรงงานใด")
		must(t, err)
		left := due.Sub(e.Clock.Now())
		if c := h.line(r.Reference); c.ClockLeft != left {
			t.Errorf("left %s, want %s", c.ClockLeft, left)
		}
		v, err := h.cases.ViewPublic(ctx, r.CaseID)
		must(t, err)
		if v.ClockLeft != left || v.State != cases.AwaitingSender {
			t.Errorf("the sender is shown %s in %s", v.ClockLeft, v.State)
		}
		e.Clock.Advance(10 * 24 * time.Hour)
		if page, err := h.cases.List(ctx, officer, cases.Filter{Overdue: true}); err != nil || len(page.Lines) != 0 {
			t.Errorf("a case whose clock stands is overdue: %v", err)
		}
		must(t, h.cases.Write(ctx, r.CaseID, "โรงงาน ก", nil))
		if c := h.wantState(r.Reference, cases.InProgress); !c.DueAt.Equal(e.Clock.Now().Add(left)) || c.ClockLeft != 0 {
			t.Errorf("due %s, left %s", c.DueAt, c.ClockLeft)
		}
	})
}

func TestAQuestionThatIsNotAnsweredLapses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r, other := h.in(cases.AwaitingSender), h.in(cases.InProgress)
		e.Clock.Advance(config.AskWithin - time.Hour)
		must(t, h.cases.Lapse(ctx))
		h.wantState(r.Reference, cases.AwaitingSender)
		e.Clock.Advance(time.Hour)
		must(t, h.cases.Lapse(ctx))
		if c := h.wantState(r.Reference, cases.InProgress); c.ClockLeft != 0 || !c.DueAt.After(e.Clock.Now()) {
			t.Errorf("the clock does not run: left %s, due %s", c.ClockLeft, c.DueAt)
		}
		h.wantState(other.Reference, cases.InProgress)
		must(t, h.cases.Lapse(ctx))
		if n := h.count(`SELECT COUNT(*) FROM case_events WHERE kind = 'lapse' AND actor = 'system'`); n != 1 {
			t.Errorf("%d lapses", n)
		}
	})
}

func TestAnAnswerMayBeReopenedForAWhileAndNotLonger(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		early, late := h.in(cases.Closed), h.in(cases.Closed)
		e.Clock.Advance(config.ReopenWithin - time.Minute)
		must(t, h.cases.Reopen(ctx, early.CaseID, "ยังมีกลิ่น"))
		if c := h.wantState(early.Reference, cases.InProgress); !c.DestroyAt.IsZero() || !c.ClosedAt.IsZero() || !c.DueAt.After(e.Clock.Now()) {
			t.Errorf("%+v", c)
		}
		e.Clock.Advance(time.Minute)
		wantKey(t, h.cases.Reopen(ctx, late.CaseID, "ยังมีกลิ่น"), "error.reopen-late")
		v, err := h.cases.ViewPublic(ctx, late.CaseID)
		must(t, err)
		if v.CanReopen || v.CanWrite {
			t.Errorf("the page offers what is over: %+v", v)
		}
		discarded := h.in(cases.Quarantined)
		_, err = h.cases.Discard(ctx, officer, discarded.Reference)
		must(t, err)
		wantKind(t, h.cases.Reopen(ctx, discarded.CaseID, "ไม่ใช่โฆษณา"), errs.Conflict)
	})
}

func TestWhatWasDiscardedByMistakeIsTakenUpAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.in(cases.Quarantined)
		_, err := h.cases.Discard(ctx, officer, r.Reference)
		must(t, err)
		_, err = h.cases.TakeUp(ctx, officer, r.Reference, "ไม่ใช่โฆษณา")
		must(t, err)
		c := h.wantState(r.Reference, cases.InProgress)
		if c.QuarantineWhy != "" || c.Result != "" || !c.DestroyAt.IsZero() || !c.ClosedAt.IsZero() {
			t.Errorf("%+v", c)
		}
		v, err := h.cases.ViewPublic(ctx, r.CaseID)
		must(t, err)
		if v.Events[0].Kind != "take-up" || v.Events[0].Text != "" {
			t.Errorf("the sender reads what officers tell each other: %+v", v.Events[0])
		}
	})
}

func TestAResultIsRatedOnceAndAcceptedByItsSender(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.in(cases.Answered)
		for _, stars := range []int{0, 6, -1} {
			wantKind(t, h.cases.Rate(ctx, r.CaseID, stars, ""), errs.Invalid)
		}
		must(t, h.cases.Rate(ctx, r.CaseID, 5, "รวดเร็วดี"))
		wantKey(t, h.cases.Rate(ctx, r.CaseID, 1, ""), "error.rated")
		must(t, h.cases.Accept(ctx, r.CaseID))
		c := h.wantState(r.Reference, cases.Closed)
		if c.Rating != 5 || c.Result != "accepted" {
			t.Errorf("%+v", c)
		}
	})
}

func TestTheEndOfACaseBeginsTheTimeThatTheRecordSays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		snap := h.register.Snapshot(cases.Activity)
		want := snap.DueAt(e.Clock.Now())
		closed, accepted, discarded := h.in(cases.Closed), h.in(cases.Answered), h.in(cases.Quarantined)
		must(t, h.cases.Accept(ctx, accepted.CaseID))
		_, err := h.cases.Discard(ctx, officer, discarded.Reference)
		must(t, err)
		for _, r := range []cases.Receipt{closed, accepted, discarded} {
			if c := h.wantState(r.Reference, cases.Closed); !c.DestroyAt.Equal(want) || c.DestroyAt.Year() != 2036 || !c.ClosedAt.Equal(e.Clock.Now()) {
				t.Errorf("%s: to be destroyed %s, want %s", c.Result, c.DestroyAt, want)
			}
		}
		if c := h.line(h.in(cases.Answered).Reference); !c.DestroyAt.IsZero() {
			t.Error("the time runs before the end")
		}
	})
}
