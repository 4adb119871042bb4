package referral_test

import (
	"strings"
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/referral"
	"prasan/internal/saraban"
)

const day = 24 * time.Hour

func (w *world) followUps(a policy.Actor, q referral.FollowUpFilter) []referral.FollowUp {
	w.t.Helper()
	all, err := w.FollowUps(ctx, a, q)
	housetest.Must(w.t, err)
	return all
}

// What was disclosed is asked after: on the agency's own screen, again as long as it needs
// it, until it has destroyed it.
func TestAnAgencyIsAskedWhatBecameOfTheData(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		c := w.receive()
		r, l := w.refer(c.Reference)
		if len(w.followUps(dpo, referral.FollowUpFilter{})) != 0 {
			t.Error("planned before anything left")
		}
		w.sign(l.ID)
		w.dispatch(l.ID)
		planned := w.followUps(officer, referral.FollowUpFilter{})
		if len(planned) != 1 || planned[0].State != referral.Planned || planned[0].DueAt.Before(e.Clock.Now().Add(175*day)) {
			t.Fatalf("planned: %+v", planned)
		}
		in := w.arrived()
		_, err := w.exchange.Accept(ctx, diw, in.ID)
		housetest.Must(t, err)
		e.Clock.Advance(10 * day)
		_, err = w.exchange.Answer(ctx, diw, in.ID, "sender", "ตรวจแล้ว")
		housetest.Must(t, err)
		if after := w.followUps(officer, referral.FollowUpFilter{})[0]; !after.DueAt.After(planned[0].DueAt) {
			t.Errorf("the answer did not move the day: %v", after.DueAt)
		}
		housetest.Must(t, w.Due(ctx))
		if w.followUps(officer, referral.FollowUpFilter{})[0].State != referral.Planned || len(w.followUps(diw, referral.FollowUpFilter{Asked: true})) != 0 {
			t.Error("asked before it is due")
		}
		e.Clock.Advance(190 * day)
		housetest.Must(t, w.Due(ctx))
		housetest.Must(t, w.Due(ctx))
		asked := w.followUps(diw, referral.FollowUpFilter{Asked: true})
		if len(asked) != 1 || asked[0].State != referral.Asked || asked[0].Via != "local" || asked[0].Overdue(e.Clock.Now()) {
			t.Fatalf("the agency sees %+v", asked)
		}
		if _, err := w.AnswerFollowUp(ctx, trat, asked[0].ID, referral.FollowUpAnswer{Outcome: "destroyed"}); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a stranger answers: %v", err)
		}
		if _, err := w.AnswerFollowUp(ctx, diw, asked[0].ID, referral.FollowUpAnswer{Outcome: "perhaps"}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("neither: %v", err)
		}
		until := e.Clock.Now().Add(60 * day)
		f, err := w.AnswerFollowUp(ctx, diw, asked[0].ID, referral.FollowUpAnswer{Outcome: "needed", Note: "ใช้ในคดี", Until: until})
		if err != nil || f.Outcome != "needed" || f.AnsweredBy != diw.Account {
			t.Fatalf("needed: %+v %v", f, err)
		}
		if _, err := w.AnswerFollowUp(ctx, diw, f.ID, referral.FollowUpAnswer{Outcome: "destroyed"}); errs.KindOf(err) != errs.Conflict {
			t.Errorf("twice: %v", err)
		}
		if note, err := w.FollowUpNote(ctx, officer, f.ID); err != nil || note != "ใช้ในคดี" {
			t.Errorf("the note: %q %v", note, err)
		}
		e.Clock.Advance(63 * day)
		housetest.Must(t, w.Due(ctx))
		again := w.followUps(diw, referral.FollowUpFilter{Asked: true, State: "asked"})
		if len(again) != 1 || again[0].Round != 2 {
			t.Fatalf("asked again: %+v", again)
		}
		e.Clock.Advance(20 * day)
		if last, err := w.LastFollowUps(ctx, dpo, r.ID); err != nil || len(last) != 1 || last[r.ID].Round != 2 {
			t.Errorf("the last one: %+v %v", last, err)
		} else if f := last[r.ID]; !f.Overdue(e.Clock.Now()) {
			t.Error("the time for the answer is over, and it is not said")
		}
		_, err = w.AnswerFollowUp(ctx, officer, again[0].ID, referral.FollowUpAnswer{Outcome: "destroyed"})
		housetest.Must(t, err)
		e.Clock.Advance(1000 * day)
		housetest.Must(t, w.Due(ctx))
		if all := w.followUps(dpo, referral.FollowUpFilter{Case: c.Reference}); len(all) != 2 || all[0].Outcome != "destroyed" {
			t.Errorf("at the end: %+v", all)
		}
	})
}

// An agency elsewhere is asked by the way its letter went.
func TestAnAgencyElsewhereIsAskedByTheWayTheLetterWent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		for _, channel := range []saraban.Channel{saraban.Email, saraban.Paper} {
			r, l := w.refer(w.receive().Reference)
			w.sign(l.ID)
			_, _, err := w.exchange.Dispatch(ctx, registrar, l.ID, saraban.Sending{Channel: channel, Note: "นายตัวอย่าง"})
			housetest.Must(t, err)
			e.Clock.Advance(200 * day)
			housetest.Must(t, w.AskDue(ctx))
			f, err := w.LastFollowUps(ctx, officer, r.ID)
			housetest.Must(t, err)
			got := f[r.ID]
			switch {
			case channel == saraban.Email:
				if got.Via != "email" || got.State != referral.Asked || got.Message == "" || w.count(`SELECT COUNT(*) FROM outbox WHERE kind = 'followup'`) != 1 {
					t.Errorf("by mail: %+v", got)
				}
			case got.Via != "letter" || got.State != referral.Drawn || !got.AskedAt.IsZero():
				t.Errorf("by letter: %+v", got)
			default:
				w.followByLetter(got)
			}
		}
	})
}

func (w *world) followByLetter(f referral.FollowUp) {
	w.t.Helper()
	_, content, err := w.letters.Read(ctx, registrar, f.Letter)
	housetest.Must(w.t, err)
	if text := strings.Join(content.Paragraphs, " "); !strings.Contains(text, "ลบหรือทำลาย") || strings.Contains(text, "มานี") || strings.Contains(text, "0812345") {
		w.t.Errorf("the letter says %s", text)
	}
	_, err = w.letters.Cancel(ctx, registrar, f.Letter, "ร่างใหม่")
	housetest.Must(w.t, err)
	now, err := w.FollowUp(ctx, officer, f.ID)
	if err != nil || now.State != referral.Planned || now.Letter != "" {
		w.t.Fatalf("cancelled: %+v %v", now, err)
	}
	now, err = w.Ask(ctx, officer, f.ID)
	if err != nil || now.State != referral.Drawn {
		w.t.Fatalf("asked by hand: %+v %v", now, err)
	}
	w.sign(now.Letter)
	_, _, err = w.exchange.Dispatch(ctx, registrar, now.Letter, saraban.Sending{Channel: saraban.Paper, Note: "นายตัวอย่าง"})
	housetest.Must(w.t, err)
	if now, err = w.FollowUp(ctx, officer, f.ID); err != nil || now.State != referral.Asked || now.ReplyBy.IsZero() {
		w.t.Errorf("its letter has left: %+v %v", now, err)
	}
	if all, _ := w.Disclosures(ctx, dpo, referral.Filter{}); len(all) != 2 {
		w.t.Errorf("asking discloses nothing, yet %d lines", len(all))
	}
}

// What is due is drawn up by the program, once, and waits for a person to sign it.
func TestRemindersAndInterimRepliesAreDrawnUpWhenDue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		c := w.receive()
		r, l := w.refer(c.Reference)
		w.sign(l.ID)
		w.dispatch(l.ID)
		in := w.arrived()
		_, err := w.exchange.Accept(ctx, diw, in.ID)
		housetest.Must(t, err)
		drafts := func(agency, words string) (out []letters.Letter) {
			all, err := w.letters.List(ctx, policy.Actor{Account: "admin", Roles: []string{"admin"}}, letters.Filter{Agency: agency})
			housetest.Must(t, err)
			for _, l := range all {
				if strings.Contains(l.Subject, words) {
					out = append(out, l)
				}
			}
			return out
		}
		housetest.Must(t, w.Due(ctx))
		if n := len(drafts("rayong", "เตือน")) + len(drafts("diw", "เบื้องต้น")); n != 0 {
			t.Errorf("%d drafts before anything is due", n)
		}
		e.Clock.Advance(20 * day)
		housetest.Must(t, w.Due(ctx))
		housetest.Must(t, w.Due(ctx))
		first, interim := drafts("rayong", "เตือนครั้งที่ 1"), drafts("diw", "เบื้องต้น")
		if len(first) != 1 || len(interim) != 1 || interim[0].To != "rayong" || first[0].DraftedBy != "system" {
			t.Fatalf("drawn up: %+v, %+v", first, interim)
		}
		w.sign(first[0].ID)
		w.dispatch(first[0].ID)
		housetest.Must(t, w.Due(ctx))
		if len(drafts("rayong", "เตือนครั้งที่ 2")) != 0 {
			t.Error("the second before its time")
		}
		e.Clock.Advance(20 * day)
		housetest.Must(t, w.Due(ctx))
		if len(drafts("rayong", "เตือนครั้งที่ 2")) != 1 {
			t.Error("no second reminder")
		}
		r, err = w.Get(ctx, officer, r.ID)
		if err != nil || !r.OwesInterim(e.Clock.Now()) {
			t.Errorf("the citizen is owed nothing: %+v %v", r, err)
		}
		r, err = w.Inform(ctx, officer, r.ID, "")
		if err != nil || r.OwesInterim(e.Clock.Now()) {
			t.Errorf("told: %+v %v", r, err)
		}
		view, err := w.house.Cases.ViewPublic(ctx, c.CaseID)
		if err != nil || !strings.Contains(view.Events[0].Text, "ผลการดำเนินการเบื้องต้น") || !strings.Contains(view.Events[0].Text, "กรมโรงงานอุตสาหกรรม") {
			t.Errorf("the citizen reads %+v %v", view.Events[0], err)
		}
	})
}

// A follow-up is planned with each disclosure, in the same transaction.
func TestEachDisclosureHasItsFollowUp(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	_, l := w.refer(w.receive().Reference)
	w.sign(l.ID)
	w.dispatch(l.ID)
	var n int
	housetest.Must(t, w.house.Engine.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM disclosures d WHERE NOT EXISTS (SELECT 1 FROM followups f WHERE f.referral_id = d.referral_id)`, nil, &n)
	}))
	if n != 0 {
		t.Errorf("%d disclosures that nobody asks after", n)
	}
}
