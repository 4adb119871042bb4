package cases_test

import (
	"slices"
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
)

func TestThePassagesAreTheWaysThatCasesReallyWent(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		began := e.Clock.Now()
		answered, err := h.cases.Submit(ctx, h.whole())
		must(t, err)
		for _, act := range []func() (cases.Case, error){
			func() (cases.Case, error) {
				return h.cases.Triage(ctx, officer, answered.Reference, cases.Relevant, "รับ")
			},
			func() (cases.Case, error) {
				return h.cases.Note(ctx, officer, answered.Reference, "บันทึก")
			},
			func() (cases.Case, error) {
				return h.cases.Answer(ctx, officer, answered.Reference, "phone", "แจ้งแล้ว")
			},
		} {
			_, err := act()
			must(t, err)
		}
		must(t, h.cases.Reopen(ctx, h.line(answered.Reference).ID, "ยังไม่เรียบร้อย"))
		e.Clock.Advance(time.Hour)
		_, err = h.cases.Submit(ctx, h.whole()) // nothing has been done with this one
		must(t, err)
		got, total, err := h.cases.Passages(ctx, began, e.Clock.Now().Add(time.Hour))
		must(t, err)
		want := []cases.Passage{{1, 2, 2}, {2, 3, 2}, {3, 4, 1}, {4, 5, 1}, {5, 6, 1}, {6, 5, 1}}
		if total != 2 || !slices.Equal(got, want) {
			t.Errorf("%d cases: %v", total, got)
		}
		got, total, err = h.cases.Passages(ctx, began.AddDate(-1, 0, 0), began)
		if err != nil || total != 0 || len(got) != 0 {
			t.Errorf("before they came: %d, %v, %v", total, got, err)
		}
	})
}
