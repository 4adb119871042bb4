package api

import (
	"regexp"
	"strconv"
	"time"

	"prasan/internal/errs"
)

type advance struct {
	Advance string `json:"advance" doc:"ISO 8601 duration, such as PT70H or P3D."`
}

// Now is the moment the demo's clock shows.
type Now struct {
	Now time.Time `json:"now"`
}

// demoOperations exist only where the clock can be moved, which is never in serve.
func (a *API) demoOperations() []Operation {
	if a.Advance == nil {
		return nil
	}
	return []Operation{
		Do(Operation{ID: "advanceClock", Path: "/demo/clock", Tag: "demo", Summary: "Move the demo's clock forward."}, func(_ *Call, in advance) (Now, error) {
			d, ok := duration(in.Advance)
			if !ok {
				return Now{}, errs.InvalidField("advance", "error.duration")
			}
			return Now{a.Deps.Advance(d)}, nil
		}),
	}
}

// iso takes days and smaller: months have no fixed length.
var iso = regexp.MustCompile(`^P(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,8})M)?(?:(\d{1,9})S)?)?$`)

func duration(text string) (time.Duration, bool) {
	m := iso.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	var d time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		if m[i+1] != "" {
			n, err := strconv.Atoi(m[i+1])
			if err != nil {
				return 0, false
			}
			d += time.Duration(n) * unit
		}
	}
	return d, d > 0
}
