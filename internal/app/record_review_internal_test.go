package app

import (
	"context"
	"slices"
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/register"
)

func TestAReviewIsCalledToMindBeforeItsDayAndEachMondayAfterIt(t *testing.T) {
	due := register.ReviewTask{Due: time.Date(2027, 11, 24, 3, 0, 0, 0, time.UTC)} // a Wednesday
	called := map[string]bool{}
	for d := due.Due.AddDate(0, 0, -40); d.Before(due.Due.AddDate(0, 0, 15)); d = d.AddDate(0, 0, 1) {
		if reviewIsCalled(due, d) {
			called[d.Format(time.DateOnly)] = true
		}
	}
	want := []string{"2027-10-25", "2027-11-17", "2027-11-23", "2027-11-29", "2027-12-06"}
	for _, d := range want {
		if !called[d] {
			t.Errorf("not on %s", d)
		}
	}
	if len(called) != len(want) {
		t.Errorf("called on %v", called)
	}
}

func TestARecordThatNamesOnlyHeadsForItsReviewIsNotForgotten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx := context.Background()
		snap := &policy.Snapshot{Activity: "contact-us", Duties: map[policy.Duty][]policy.Principal{policy.DutyReview: {{Kind: policy.HeadOrDelegate}}}}
		told := func() (list []string) {
			t.Helper()
			if err := e.DB.Read(ctx, func(tx *db.Tx) (err error) { list, err = reviewers(tx, snap); return err }); err != nil {
				t.Fatal(err)
			}
			return list
		}
		if err := e.DB.InTx(ctx, func(tx *db.Tx) error {
			if err := org.Put(tx, org.Bodies("industry.test")); err != nil {
				return err
			}
			for _, x := range []struct{ name, role string }{{"head", "head"}, {"dpo", "dpo"}, {"officer", "officer"}} {
				if _, err := tx.Exec(`INSERT INTO accounts (name, display_th, display_en, person, email, agency, roles, password_hash, must_change, created_at) VALUES ($1, $2, $3, '', $4, 'rayong', $5, '', FALSE, 0)`, x.name, x.name, x.name, x.name+"@moi.test", `["`+x.role+`"]`); err != nil {
					return err
				}
			}
			return org.PutHead(tx, org.Headship{Agency: "rayong", Account: "head", Capacity: "head", From: dbtest.Start.AddDate(-1, 0, 0), To: org.Forever})
		}); err != nil {
			t.Fatal(err)
		}
		if got := told(); !slices.Equal(got, []string{"head@moi.test"}) {
			t.Errorf("heads alone: %v", got)
		}
		snap.Duties[policy.DutyReview] = append(snap.Duties[policy.DutyReview], policy.Principal{Kind: policy.DPO})
		if got := told(); !slices.Equal(got, []string{"dpo@moi.test"}) {
			t.Errorf("a DPO beside them: %v", got)
		}
	})
}
