package letters_test

import (
	"testing"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/letters"
)

func TestAfterARestoreNoNumberIsGivenTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		if l := o.numbered(); l.Number != 1 {
			t.Fatalf("the first is %d", l.Number)
		}
		housetest.Must(t, o.DB.InTx(ctx, func(tx *db.Tx) error { return letters.HoldNumbers(tx) }))
		waiting := o.approved()
		if _, err := o.Number(ctx, registrar, waiting.ID, 0); kind(err) != errs.Conflict {
			t.Fatalf("a number while nobody knows which were given: %v", err)
		}
		series := letters.Last{Agency: "rayong", Direction: letters.Out, Kind: "ordinary"}
		if err := o.ResumeNumbers(ctx, "console", []letters.Last{series}); kind(err) != errs.Invalid {
			t.Errorf("a series was set back: %v", err)
		}
		series.Number = 4
		housetest.Must(t, o.ResumeNumbers(ctx, "console", []letters.Last{series}))
		l, err := o.Number(ctx, registrar, waiting.ID, 0)
		if err != nil || l.Number != 5 {
			t.Errorf("after 4 comes %d: %v", l.Number, err)
		}
		entries, err := o.RegisterOut(ctx, registrar, "rayong", "ordinary", letters.Year(dbtest.Start), 0, 10)
		housetest.Must(t, err)
		if len(entries) != 5 || entries[1].State != "cancelled" || entries[3].State != "cancelled" {
			t.Errorf("the register has a gap: %+v", entries)
		}
	})
}
