package register_test

import (
	"context"
	"testing"
	"time"

	"prasan/internal/db/dbtest"
	"prasan/internal/policy"
)

func TestTheCycleOfARecordSetsItsReview(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := begun(t, e)
		ctx := context.Background()
		due := func() time.Time {
			t.Helper()
			tasks, err := s.ReviewTasks(ctx)
			if err != nil || len(tasks) != 2 {
				t.Fatalf("%+v %v", tasks, err)
			}
			for _, x := range tasks {
				if x.Activity == "contact-us" {
					return x.Due
				}
			}
			return time.Time{}
		}
		if got, want := due(), dbtest.Start.AddDate(1, 0, 0); !got.Equal(want) {
			t.Errorf("the first review is due on %s, not %s", got, want)
		}
		sum := s.Snapshot("contact-us").SHA256
		e.Clock.Advance(200 * 24 * time.Hour)
		_, err := s.Confirm(ctx, officer, "contact-us", sum, "ตรวจแล้ว")
		refused(t, err, "error.not-approver")
		_, err = s.Confirm(ctx, dpo, "contact-us", "another", "ตรวจแล้ว")
		refused(t, err, "error.record-other-text")
		_, err = s.Confirm(ctx, dpo, "contact-us", sum, " \n")
		refused(t, err, "error.required")
		before := due()
		r, err := s.Confirm(ctx, dpo, "contact-us", sum, "ตรวจทุกข้อแล้ว ยังถูกต้อง")
		if err != nil || r.By != dpo.Account || r.Ground == "" {
			t.Fatalf("%+v %v", r, err)
		}
		if got := due(); !got.Equal(r.At.AddDate(1, 0, 0)) || !got.After(before) {
			t.Errorf("after the review the next is due on %s", got)
		}
		e.Clock.Advance(24 * time.Hour)
		if _, err := s.Apply(ctx, edited(t, "contact-us", fewerYears), "ict", []policy.Actor{head, dpo}); err != nil {
			t.Fatal(err)
		}
		if got := due(); !got.After(r.At.AddDate(1, 0, 0)) {
			t.Errorf("a new revision does not begin the cycle anew: %s", got)
		}
		if list, err := s.Reviews(ctx, "usage-analytics"); err != nil || len(list) != 0 {
			t.Errorf("%+v %v", list, err)
		}
	})
}
