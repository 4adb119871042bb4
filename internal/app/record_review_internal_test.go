package app

import (
	"testing"
	"time"

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
