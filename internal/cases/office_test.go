package cases_test

import (
	"encoding/json"
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// sees tells whether an actor can open a case and whether his list shows it; the two
// must agree.
func (h *house) sees(a policy.Actor, ref string) bool {
	h.t.Helper()
	_, err := h.cases.Get(ctx, a, ref)
	if err != nil {
		wantKind(h.t, err, errs.NotFound)
	}
	p, lerr := h.cases.List(ctx, a, cases.Filter{View: "all", Search: ref})
	must(h.t, lerr)
	if (len(p.Lines) == 1) != (err == nil) {
		h.t.Errorf("%s: the page says %v, the list has %d", a.Account, err, len(p.Lines))
	}
	return err == nil
}

func TestAComplaintAboutStaffGoesRoundThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		sub := h.whole()
		sub.AboutStaff = true
		r, err := h.cases.Submit(ctx, sub)
		must(t, err)
		for _, row := range []struct {
			who  policy.Actor
			sees bool
		}{{officer, false}, {colleague, false}, {registrar, false}, {head, true}, {permanent, true}, {dpo, true}, {auditor, true}, {ict, false}, {inTrat, false}} {
			if got := h.sees(row.who, r.Reference); got != row.sees {
				t.Errorf("%s sees it: %v", row.who.Account, got)
			}
		}
		// It turns out to be about one officer; the head gives it to another one.
		_, err = h.cases.Shield(ctx, head, r.Reference, officer.Account)
		must(t, err)
		_, err = h.cases.Assign(ctx, head, r.Reference, officer.Account)
		wantKey(t, err, "error.assignee")
		_, err = h.cases.Assign(ctx, head, r.Reference, colleague.Account)
		must(t, err)
		if !h.sees(colleague, r.Reference) || h.sees(officer, r.Reference) {
			t.Error("the wrong one sees it")
		}
		_, err = h.cases.Triage(ctx, colleague, r.Reference, cases.Relevant, "รับ")
		must(t, err)
		// It is about the head himself: the head of the body above takes it over.
		_, err = h.cases.Shield(ctx, permanent, r.Reference, head.Account)
		must(t, err)
		if h.sees(head, r.Reference) || !h.sees(permanent, r.Reference) {
			t.Error("a complaint about the head is with the head")
		}
		_, err = h.cases.Answer(ctx, permanent, r.Reference, "phone", "แจ้งแล้ว")
		must(t, err)
		_, err = h.cases.Answer(ctx, head, r.Reference, "phone", "แจ้งแล้ว")
		wantKind(t, err, errs.NotFound)
	})
}

func TestWhoHeadsTheBodyAboveHasNoHandInOtherCases(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.submit()
		if h.sees(permanent, r.Reference) {
			t.Error("an ordinary case of another office is seen")
		}
		_, err := h.cases.Note(ctx, permanent, r.Reference, "x")
		wantKind(t, err, errs.NotFound)
	})
}

func TestACaseIsPassedWithinTheControllerAndNotToAndFro(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.submit()
		for _, agency := range []string{"diw", "rayong", "nowhere", ""} {
			_, err := h.cases.Pass(ctx, officer, r.Reference, agency, "เหตุเกิดที่อื่น")
			wantKey(t, err, "error.pass-agency")
		}
		_, err := h.cases.Assign(ctx, officer, r.Reference, colleague.Account)
		must(t, err)
		c, err := h.cases.Pass(ctx, officer, r.Reference, "trat", "เหตุเกิดที่ตราด")
		must(t, err)
		if c.Agency != "trat" || c.Assignee != "" || c.OriginAgency != "rayong" || c.State != cases.Received {
			t.Errorf("%+v", c)
		}
		if h.sees(officer, r.Reference) || !h.sees(inTrat, r.Reference) {
			t.Error("the wrong office sees it")
		}
		_, err = h.cases.Pass(ctx, inTrat, r.Reference, "rayong", "ไม่ใช่ของตราด")
		wantKey(t, err, "error.pass-loop")
		if _, err = h.cases.Pass(ctx, ict, r.Reference, "rayong", "ให้ระยองดำเนินการ"); err != nil {
			t.Errorf("who works across offices settles it: %v", err)
		}
		if !h.sees(officer, r.Reference) {
			t.Error("it did not come back")
		}
	})
}

func TestAChainComesBeforeTheDecisionWhereTheAgencyHasOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		wantKind(t, h.cases.SetChain(ctx, officer, "rayong", []string{"propose"}), errs.Forbidden)
		wantKind(t, h.cases.SetChain(ctx, inTrat, "rayong", []string{"propose"}), errs.Forbidden)
		wantKind(t, h.cases.SetChain(ctx, head, "rayong", []string{"stamp"}), errs.Invalid)
		wantKind(t, h.cases.SetChain(ctx, head, "rayong", []string{"propose", "propose"}), errs.Invalid)
		must(t, h.cases.SetChain(ctx, head, "rayong", []string{"propose", "order", "delegate"}))
		r := h.submit()
		triage := func() error {
			_, err := h.cases.Triage(ctx, officer, r.Reference, cases.Relevant, "รับ")
			return err
		}
		endorse := func(by policy.Actor, kind string) error {
			_, err := h.cases.Endorse(ctx, by, r.Reference, kind, "", "เห็นควร")
			return err
		}
		wantKey(t, triage(), "error.chain")
		must(t, endorse(head, "order")) // out of turn: it counts for nothing
		must(t, endorse(officer, "propose"))
		wantKey(t, triage(), "error.chain")
		wantKey(t, endorse(registrar, "order"), "error.chain-order")
		must(t, endorse(head, "order"))
		_, err := h.cases.Redirect(ctx, officer, r.Reference, "กรมควบคุมมลพิษ", "โปรดติดต่อ")
		wantKey(t, err, "error.chain")
		_, err = h.cases.Assign(ctx, head, r.Reference, officer.Account) // which is to delegate
		must(t, err)
		must(t, triage())
		steps, err := h.cases.Chain(ctx, "rayong")
		if err != nil || len(steps) != 3 {
			t.Errorf("%v %v", steps, err)
		}
		must(t, h.cases.SetChain(ctx, ict, "rayong", nil))
		r = h.submit()
		must(t, triage())
	})
}

func TestACaseIsGivenToAColleagueOfTheOfficeThatHoldsIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.submit()
		for _, account := range []string{"trat", "nobody", "ict"} {
			_, err := h.cases.Assign(ctx, officer, r.Reference, account)
			wantKey(t, err, "error.assignee")
			_, err = h.cases.Endorse(ctx, officer, r.Reference, "propose", account, "เห็นควร")
			wantKey(t, err, "error.assignee")
		}
		h.exec(`UPDATE accounts SET disabled = TRUE WHERE name = 'suda'`)
		_, err := h.cases.Assign(ctx, officer, r.Reference, "suda")
		wantKey(t, err, "error.assignee")
		_, err = h.cases.Assign(ctx, officer, r.Reference, "somchai")
		must(t, err)
		p, err := h.cases.List(ctx, officer, cases.Filter{View: "mine"})
		if err != nil || len(p.Lines) != 1 {
			t.Errorf("%v", err)
		}
		c, err := h.cases.Assign(ctx, officer, r.Reference, "")
		if err != nil || c.Assignee != "" {
			t.Errorf("%v", err)
		}
	})
}

func TestWhyItIsOursIsKeptWithWhoSaidSo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.submit()
		_, err := h.cases.Triage(ctx, officer, r.Reference, cases.Relevant, " ")
		wantKind(t, err, errs.Invalid)
		_, err = h.cases.Triage(ctx, officer, r.Reference, "perhaps", "x")
		wantKey(t, err, "error.verdict")
		_, err = h.cases.Triage(ctx, officer, r.Reference, cases.Park, "เป็นของกรมโรงงาน")
		must(t, err)
		if c := h.wantState(r.Reference, cases.Considering); !c.Parked {
			t.Error("it is not parked")
		}
		_, err = h.cases.Resume(ctx, colleague, r.Reference)
		must(t, err)
		_, err = h.cases.Resume(ctx, colleague, r.Reference)
		wantKind(t, err, errs.Conflict)
		d, err := h.cases.Get(ctx, officer, r.Reference)
		must(t, err)
		x := d.Events[1]
		if x.Kind != "triage-park" || x.Actor != "somchai" || x.Text != "เป็นของกรมโรงงาน" || x.Step != 7 || x.Meta["verdict"] != "park" {
			t.Errorf("%+v", x)
		}
	})
}

func TestTheSenderIsToldWhereToTurnOutsideTheMinistry(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.submit()
		_, err := h.cases.Redirect(ctx, officer, r.Reference, " ", "โปรดติดต่อ")
		wantKind(t, err, errs.Invalid)
		_, err = h.cases.Redirect(ctx, officer, r.Reference, "กรมควบคุมมลพิษ", "โปรดติดต่อ โทร. 1650")
		must(t, err)
		h.wantState(r.Reference, cases.Answered)
		v, err := h.cases.ViewPublic(ctx, r.CaseID)
		must(t, err)
		if v.Events[0].Meta["body"] != "กรมควบคุมมลพิษ" || v.Events[0].Text != "โปรดติดต่อ โทร. 1650" {
			t.Errorf("%+v", v.Events[0])
		}
	})
}

func TestTheDigestCountsWhatWaitsForEachOnWorkingDays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		h.submit()
		mine := h.submit()
		_, err := h.cases.Assign(ctx, officer, mine.Reference, "somchai")
		must(t, err)
		sub := h.whole()
		sub.AboutStaff = true
		_, err = h.cases.Submit(ctx, sub)
		must(t, err)
		h.in(cases.Answered)
		h.in(cases.Quarantined)
		e.Clock.Advance(16 * 24 * time.Hour) // past the time, a Thursday, the 10th of December: a holiday
		digests := func() int { return h.count(`SELECT COUNT(*) FROM outbox WHERE kind = 'digest'`) }
		must(t, h.cases.SendDigests(ctx))
		if digests() != 0 {
			t.Error("a digest on a holiday")
		}
		e.Clock.Advance(24 * time.Hour)
		must(t, h.cases.SendDigests(ctx))
		open := map[string]int{}
		for _, row := range h.digests() {
			open[row["open"]+"/"+row["overdue"]]++
		}
		// somchai: both; suda, novice: the one that is nobody's; the head: that and the complaint.
		if digests() != 4 || open["2/2"] != 2 || open["1/1"] != 2 {
			t.Errorf("%d: %v", digests(), open)
		}
	})
}

// digests are what the digests in the outbox count.
func (h *house) digests() (out []map[string]string) {
	h.t.Helper()
	for i := range h.count(`SELECT COUNT(*) FROM outbox WHERE kind = 'digest'`) {
		m := map[string]string{}
		must(h.t, json.Unmarshal([]byte(one[string](h, `SELECT meta FROM outbox WHERE kind = 'digest' ORDER BY id LIMIT 1 OFFSET $1`, i)), &m))
		out = append(out, m)
	}
	return out
}

func TestTheCountsOfAnInbox(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		h.in(cases.Closed)
		h.in(cases.Quarantined)
		parked := h.submit()
		_, err := h.cases.Triage(ctx, officer, parked.Reference, cases.Park, "x")
		must(t, err)
		mine := h.in(cases.InProgress)
		_, err = h.cases.Assign(ctx, officer, mine.Reference, "somchai")
		must(t, err)
		e.Clock.Advance(16 * 24 * time.Hour)
		h.submit()
		n, err := h.cases.Count(ctx, officer)
		must(t, err)
		if n != (cases.Counts{Open: 3, Mine: 1, Overdue: 2, Quarantined: 1, Parked: 1}) {
			t.Errorf("%+v", n)
		}
		if n, err = h.cases.Count(ctx, inTrat); err != nil || n != (cases.Counts{}) {
			t.Errorf("%+v %v", n, err)
		}
	})
}
