package processing_test

import (
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/policy"
)

func TestLinesOfTheLogEndAtAYearsEndOnceTheirTimeIsOverAndTheDataIsGone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		d := newDesk(t, e)
		d.record.Retention = policy.Retention{Years: 10, Round: "calendar-year-end"}
		begun := e.Clock.Now() // in November
		put(t, e, 3*time.Hour, "collect", "receive", "email", 0, 2500)
		if err := e.DB.InTx(ctx, func(tx *db.Tx) error { // of one whose data is still kept
			_, err := tx.Exec(`UPDATE processing_log SET subject = $1 WHERE id = (SELECT MIN(id) FROM processing_log)`, d.email.Subject)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		e.Clock.Set(begun.AddDate(1, 0, 0))
		put(t, e, 2*time.Hour, "read", "communicate", "email", 0, 3)
		put(t, e, 0, "read", "communicate", "email", 0, 4) // not in the sums
		if err := d.RollUp(ctx); err != nil {
			t.Fatal(err)
		}
		for _, x := range []struct {
			at   time.Time
			left int
		}{
			{begun.AddDate(10, 0, 1), 2507}, // over, but the year is not
			{begun.AddDate(10, 2, 0), 8},
			{begun.AddDate(10, 2, 0), 8},
			{begun.AddDate(11, 2, 0), 5},
		} {
			if err := d.Expire(ctx, x.at); err != nil {
				t.Fatal(err)
			}
			if n := d.count(`SELECT COUNT(*) FROM processing_log`); n != x.left {
				t.Errorf("at %s %d lines are left, not %d", x.at.Format(time.DateOnly), n, x.left)
			}
		}
		if n := d.count(`SELECT SUM(n) FROM processing_totals`); n != 2503 {
			t.Errorf("the sums are of %d lines", n)
		}
		if n := d.count(`SELECT COUNT(*) FROM audit WHERE action = 'data.expire' AND object = 'log:contact-us'`); n != 3 {
			t.Errorf("%d events of the audit", n)
		}
		d.record = nil
		if err := d.Expire(ctx, begun.AddDate(100, 0, 0)); err != nil || d.count(`SELECT COUNT(*) FROM processing_log`) != 5 {
			t.Errorf("without a record something ends: %v", err)
		}
	})
}
