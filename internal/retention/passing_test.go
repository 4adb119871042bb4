package retention_test

import (
	"context"
	"testing"
	"time"

	"prasan/internal/db/dbtest"
	"prasan/internal/housetest"
	"prasan/internal/policy"
	"prasan/internal/retention"
)

// What goes by itself is in the checks of its own activity, as often as its record says,
// and opens no round.
func TestWhatGoesByItselfIsCheckedByItsOwnRecord(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e, 2)
		usage := housetest.ContactUs()
		usage.Activity, usage.Monitoring = "usage-analytics", policy.Cycle{Years: 1}
		o.retention.Record = func(activity string) *policy.Snapshot {
			return map[string]*policy.Snapshot{usage.Activity: usage, o.record.Activity: o.record}[activity]
		}
		left := 0
		o.retention.Passing = []retention.Passing{{Activity: usage.Activity, Kind: "usage", Count: func(context.Context, time.Time) (map[string]int, error) { return map[string]int{"ops": left}, nil }}}
		o.to("2037-01-02")
		if made, err := o.retention.Monitor(ctx, usage.Activity); err != nil || !made {
			t.Fatalf("%v %v", made, err)
		}
		o.to("2037-02-02")
		if made, err := o.retention.Monitor(ctx, usage.Activity); err != nil || made {
			t.Errorf("a second check in a year: %v %v", made, err)
		}
		left = 3
		o.to("2038-01-02")
		if made, err := o.retention.Monitor(ctx, usage.Activity); err != nil || !made {
			t.Errorf("%v %v", made, err)
		}
		all, err := o.retention.Monitorings(ctx, usage.Activity, 9)
		must(t, err)
		if len(all) != 2 || all[0].Period != "2038" || all[0].Body.Due["usage"] != 3 || all[0].Body.Due["case"] != 0 || all[1].Body.Due["usage"] != 0 {
			t.Errorf("%+v", all)
		}
		if n, err := o.retention.OpenRounds(ctx, usage.Activity); err != nil || n != 0 {
			t.Errorf("%d rounds opened: %v", n, err)
		}
	})
}
