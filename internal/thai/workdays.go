package thai

import (
	_ "embed"
	"strings"
	"sync"
	"time"
)

// holidays.txt is data, one date and its name a line: the Cabinet announces the days
// of each year, and the body that runs the program keeps them right.
//
//go:embed holidays.txt
var holidayText string

var holidays = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for _, line := range strings.Split(holidayText, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		day, name, _ := strings.Cut(line, " ")
		out[day] = name
	}
	return out
})

// Holiday returns the name of a public holiday, "" for none. Holidays with a fixed
// date are known for every year; the others for the years of the data.
func Holiday(t time.Time) string {
	day := t.In(Bangkok).Format(time.DateOnly)
	if name := holidays()[day]; name != "" {
		return name
	}
	return holidays()["*"+day[4:]]
}

// IsWorkingDay: Monday to Friday, no public holiday.
func IsWorkingDay(t time.Time) bool {
	d := t.In(Bangkok).Weekday()
	return d != time.Saturday && d != time.Sunday && Holiday(t) == ""
}

// OnWorkingDay keeps t if it is a working day, and else gives the same hour of the
// last working day before it, so that a promise is not late.
func OnWorkingDay(t time.Time) time.Time {
	for range 30 {
		if IsWorkingDay(t) {
			return t
		}
		t = t.AddDate(0, 0, -1)
	}
	return t
}

// NextWorkingTime keeps t if it lies in the working hours of a working day, given as
// what has passed since midnight in Bangkok; else it is when the next ones begin. With
// closes at 0 every moment is a working one.
func NextWorkingTime(t time.Time, opens, closes time.Duration) time.Time {
	if closes == 0 {
		return t
	}
	l := t.In(Bangkok)
	for day := range 30 {
		midnight := time.Date(l.Year(), l.Month(), l.Day()+day, 0, 0, 0, 0, Bangkok)
		if !IsWorkingDay(midnight) || !t.Before(midnight.Add(closes)) {
			continue
		}
		if opening := midnight.Add(opens); t.Before(opening) {
			return opening.UTC()
		}
		return t
	}
	return t
}

// EndOfDay is the midnight that ends t's day in Bangkok.
func EndOfDay(t time.Time) time.Time {
	l := t.In(Bangkok)
	return time.Date(l.Year(), l.Month(), l.Day()+1, 0, 0, 0, 0, Bangkok)
}
