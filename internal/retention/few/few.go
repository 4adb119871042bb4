// Package few is what those share whose matters are few beside cases: when one is due is not
// stored but worked out from the record whenever it is asked.
package few

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// Extended is the kind of event with which a round moves the date of a matter.
const Extended = "extend"

// Matter is something that is over and not destroyed.
type Matter struct {
	ID, Label, Agency string
	Over, Due         time.Time
}

// Until is the body of an event that moves a date.
func Until(at time.Time) map[string]string {
	return map[string]string{"until": at.UTC().Format(time.RFC3339)}
}

// Moved is the later of a date and the one that an event's body says; "{}" says none.
func Moved(due time.Time, body string) (time.Time, error) {
	var moved struct{ Until string }
	if err := json.Unmarshal([]byte(body), &moved); err != nil {
		return due, err
	}
	if until, err := time.Parse(time.RFC3339, moved.Until); err == nil && until.After(due) {
		return until, nil
	}
	return due, nil
}

// Count tells how many there are, by agency.
func Count(list []Matter) map[string]int {
	out := map[string]int{}
	for _, m := range list {
		out[m.Agency]++
	}
	return out
}

// Page calls each for those of an agency that come after a date and an identifier, in the
// order of both.
func Page(list []Matter, agency string, afterDue time.Time, after string, limit int, each func(id, label string, over, due time.Time)) {
	later := func(m Matter, due time.Time, id string) int {
		if c := m.Due.Compare(due); c != 0 {
			return c
		}
		return strings.Compare(m.ID, id)
	}
	slices.SortFunc(list, func(a, b Matter) int { return later(a, b.Due, b.ID) })
	for _, m := range list {
		if limit == 0 {
			break
		}
		if m.Agency == agency && later(m, afterDue, after) > 0 {
			each(m.ID, m.Label, m.Over, m.Due)
			limit--
		}
	}
}
