package thai

import (
	"testing"
	"time"
)

func TestWhatComesOutsideWorkingHoursCountsFromTheNextOnes(t *testing.T) {
	const opens, closes = 8*time.Hour + 30*time.Minute, 16*time.Hour + 30*time.Minute
	for in, want := range map[string]string{
		"2026-11-24 10:00": "2026-11-24 10:00", // a Tuesday
		"2026-11-24 08:30": "2026-11-24 08:30",
		"2026-11-24 03:00": "2026-11-24 08:30",
		"2026-11-24 16:30": "2026-11-25 08:30",
		"2026-11-27 20:00": "2026-11-30 08:30", // over a weekend
		"2026-11-28 12:00": "2026-11-30 08:30",
		"2026-12-04 18:00": "2026-12-08 08:30", // Saturday the 5th is a holiday, Monday is its substitute
		"2026-12-31 09:00": "2027-01-04 08:30",
	} {
		at, err := time.ParseInLocation("2006-01-02 15:04", in, Bangkok)
		if err != nil {
			t.Fatal(err)
		}
		if got := NextWorkingTime(at, opens, closes).In(Bangkok).Format("2006-01-02 15:04"); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
		if got := NextWorkingTime(at, 0, 0); !got.Equal(at) {
			t.Errorf("%s without hours: %s", in, got)
		}
	}
}
