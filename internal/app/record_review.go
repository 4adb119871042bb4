package app

import (
	"context"
	"maps"
	"slices"
	"time"

	"prasan/internal/db"
	"prasan/internal/jobs"
	"prasan/internal/mail"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/register"
	"prasan/internal/thai"
	"prasan/internal/web/api"
)

// wireRecordReview makes the review that the cycle of a record sets (row 37) a task
// with a day: on screen, by the API, and by mail to who holds the duty (row 31).
func wireRecordReview(_ context.Context, a *App) error {
	a.Operations = append(a.Operations, api.RecordReviewOperations(a.Register)...)
	a.Jobs.Every("record.review", jobs.Daily(thai.Bangkok, 8, 20), func(ctx context.Context, _ jobs.Job) error { return a.remindOfReviews(ctx) })
	return nil
}

// reviewNotice is on which days before its end a review is called to mind; when its day
// is over, each Monday.
var reviewNotice = []int{30, 7, 1}

func reviewIsCalled(t register.ReviewTask, now time.Time) bool {
	today, due := thai.EndOfDay(now), thai.EndOfDay(t.Due)
	if today.After(due) {
		return now.In(thai.Bangkok).Weekday() == time.Monday
	}
	for _, days := range reviewNotice {
		if today.In(thai.Bangkok).AddDate(0, 0, days).Equal(due) {
			return true
		}
	}
	return false
}

func (a *App) remindOfReviews(ctx context.Context) error {
	tasks, err := a.Register.ReviewTasks(ctx)
	if err != nil {
		return err
	}
	// All or none: a job that is tried again writes to nobody twice.
	return a.DB.InTx(ctx, func(tx *db.Tx) error {
		for _, t := range tasks {
			snap := a.Register.Snapshot(t.Activity)
			if snap == nil || !reviewIsCalled(t, a.Now()) {
				continue
			}
			people, err := reviewers(tx, snap)
			if err != nil {
				return err
			}
			for _, address := range people {
				if err := a.Mail.ToStaff(tx, address, mail.Message{Kind: "record-review", Lang: "th", Meta: map[string]string{"record": snap.Name.TH, "review_by": t.Due.Format(time.RFC3339)}}, mail.Body{}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// reviewers are the addresses of those whom the record names for its review (row 31).
// Where it names only heads and officers of no agency in particular, they are all who may.
func reviewers(tx *db.Tx, snap *policy.Snapshot) ([]string, error) {
	named, err := org.Named(tx, snap, snap.Duties[policy.DutyReview], "")
	if err != nil || len(named) > 0 {
		return slices.Sorted(maps.Values(named)), err
	}
	return org.Holders(tx, func(a policy.Actor) bool { return snap.MayDo(a, policy.DutyReview).Allowed })
}
