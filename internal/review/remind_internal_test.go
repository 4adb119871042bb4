package review

import (
	"slices"
	"testing"
	"time"

	"prasan/internal/thai"
)

func TestARoundIsCalledToMindAtItsOpeningBeforeItsEndAndEachWeekAfterIt(t *testing.T) {
	due := time.Date(2027, 11, 24, 3, 0, 0, 0, time.UTC)
	var got []string
	last := 0
	for d := due.AddDate(0, 0, -30); d.Before(due.AddDate(0, 0, 16)); d = d.Add(6 * time.Hour) {
		if n := call(due, d); n > last {
			got, last = append(got, d.In(thai.Bangkok).Format(time.DateOnly)), n
		} else if n < last {
			t.Fatalf("on %s call %d comes after %d", d, n, last)
		}
	}
	if want := []string{"2027-10-25", "2027-11-17", "2027-11-23", "2027-11-25", "2027-12-02", "2027-12-09"}; !slices.Equal(got, want) {
		t.Errorf("called on %v", got)
	}
}
