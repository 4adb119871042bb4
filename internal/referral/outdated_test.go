package referral_test

import (
	"strings"
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/referral"
	"prasan/internal/saraban"
)

// An erasure in the midst of a referral: the letter that still says it does not leave.
func TestWhatWasErasedMeanwhileDoesNotLeaveInALetter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		w.sent++
		c := w.house.Receive(w.sent, "โรงงานปล่อยน้ำเสีย ผมบัตรประชาชน 1-2345-67890-12-1")
		_, l := w.refer(c.Reference)
		w.sign(l.ID)
		e.Clock.Advance(time.Hour)
		person := cases.OfPerson{Service: w.house.Cases}
		id, _, _, err := person.ByReference(ctx, head, c.Reference)
		housetest.Must(t, err)
		for _, want := range []int{1, 0} { // the second time there is nothing to erase
			if n, err := person.EraseExcess(ctx, "dpo", id); err != nil || n != want {
				t.Fatalf("%d erased: %v", n, err)
			}
		}
		_, _, err = w.exchange.Dispatch(ctx, registrar, l.ID, saraban.Sending{Channel: saraban.Local})
		if errs.As(err) == nil || errs.As(err).Key != "error.referral-outdated" {
			t.Fatalf("it left: %v", err)
		}
		l, err = w.letters.Get(ctx, registrar, l.ID)
		housetest.Must(t, err)
		if offered, err := w.letters.Offered(ctx, registrar, l); err != nil || strings.Contains(strings.Join(offered[0], " "), "dispatch") {
			t.Errorf("it is offered: %v %v", offered, err)
		}
		if all, _ := w.Disclosures(ctx, dpo, referral.Filter{}); len(all) != 0 {
			t.Errorf("logged: %+v", all)
		}
		_, err = w.letters.Cancel(ctx, registrar, l.ID, "ข้อมูลถูกลบตามคำร้อง")
		housetest.Must(t, err)
		e.Clock.Advance(time.Hour)
		_, again := w.refer(c.Reference)
		_, content, err := w.letters.Read(ctx, head, again.ID)
		housetest.Must(t, err)
		if words := strings.Join(content.Paragraphs, "\n"); strings.Contains(words, "67890") || !strings.Contains(words, "น้ำเสีย") {
			t.Errorf("%s", words)
		}
		w.sign(again.ID)
		w.dispatch(again.ID)
	})
}
