package register_test

import (
	"context"
	"testing"

	"prasan/internal/db/dbtest"
	"prasan/internal/policy"
	"prasan/internal/register"
	"prasan/internal/ropa"
)

// dangerous are changes that would lock people out, leave nobody to approve, keep data for
// less than a law demands, or take away what is in use.
var dangerous = map[string]struct {
	change func(*ropa.Revision)
	key    string
}{
	"nobody may read":                  {func(r *ropa.Revision) { r.Access = nil }, "error.record-no-reader"},
	"who may read has no account":      {func(r *ropa.Revision) { r.Access = []ropa.Principal{{Person: "thanu"}} }, "error.record-no-reader"},
	"no approver is left":              {func(r *ropa.Revision) { r.Duties.Review = nil }, "error.record-no-holder"},
	"one approver is left":             {func(r *ropa.Revision) { r.Duties.Review = []ropa.Principal{{Role: "dpo"}} }, "error.record-too-few-approvers"},
	"nobody approves destruction":      {func(r *ropa.Revision) { r.Duties.Terminate = nil }, "error.record-no-holder"},
	"nobody grants access":             {func(r *ropa.Revision) { r.Duties.Grant = nil }, "error.record-no-holder"},
	"the traffic log for 30 days":      {func(r *ropa.Revision) { r.Retention[1].Period = "P30D" }, "error.record-below-minimum"},
	"the traffic log for two months":   {func(r *ropa.Revision) { r.Retention[1].Period = "P2M" }, "error.record-below-minimum"},
	"no retention at all":              {func(r *ropa.Revision) { r.Retention = nil }, "error.record-incomplete"},
	"an element that purposes use":     {func(r *ropa.Revision) { r.Elements = r.Elements[1:] }, "error.record-incomplete"},
	"no element":                       {func(r *ropa.Revision) { r.Elements = nil }, "error.record-incomplete"},
	"no purpose":                       {func(r *ropa.Revision) { r.Purposes = nil }, "error.record-incomplete"},
	"two periods for the same element": {func(r *ropa.Revision) { r.Retention = append(r.Retention, r.Retention[1]) }, "error.record-incomplete"},
}

// Each is said by the plan, refused when it is submitted and when it is applied, and
// leaves nothing behind.
func TestWhatWouldLockOutOrBreakTheLawIsRefusedAndNothingIsHalfDone(t *testing.T) {
	e := dbtest.SQLite(t)
	ctx := context.Background()
	s := begun(t, e)
	s.Observe = func(context.Context, string) (register.World, error) { return world(), nil }
	before := s.Snapshot("contact-us")
	for name, d := range dangerous {
		body := edited(t, "contact-us", d.change)
		p, err := s.Plan(ctx, body)
		if err != nil || len(p.Holds) == 0 || p.Holds[0].Key != d.key || p.Holds[0].In("th") == d.key {
			t.Errorf("%s: the plan holds %+v (%v)", name, p.Holds, err)
		}
		_, err = s.Apply(ctx, body, "console", []policy.Actor{head, dpo})
		refused(t, err, d.key)
		r, err := s.Draft(ctx, dpo, body) // it may be written, for a draft has no effect
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_, err = s.Submit(ctx, dpo, "contact-us", r.N)
		refused(t, err, d.key)
		if all, err := s.Revisions(ctx, "contact-us"); err != nil || len(all) != 3 || all[0].Status != register.Draft || all[1].Status != register.Effective {
			t.Errorf("%s: %+v %v", name, all, err)
		}
		if err := s.Withdraw(ctx, dpo, "contact-us", r.N); err != nil {
			t.Fatal(err)
		}
		if s.Snapshot("contact-us") != before {
			t.Errorf("%s: something else is obeyed", name)
		}
	}
}

// Between approval and force the last but one approver leaves.
func TestWhoIsLeftIsAskedAgainBeforeARevisionIsInForce(t *testing.T) {
	e := dbtest.SQLite(t)
	ctx := context.Background()
	s := begun(t, e)
	people := []policy.Actor{head, dpo, director, delegate}
	s.Observe = func(context.Context, string) (register.World, error) {
		return register.World{Now: dbtest.Start, Known: true, Actors: people}, nil
	}
	r, err := s.Draft(ctx, dpo, edited(t, "contact-us", func(r *ropa.Revision) { r.Review.Cycle = "P6M" }))
	if err != nil {
		t.Fatal(err)
	}
	for _, act := range []func() (register.Revision, error){
		func() (register.Revision, error) { return s.Submit(ctx, dpo, r.Activity, r.N) },
		func() (register.Revision, error) { return s.Approve(ctx, dpo, r.Activity, r.N, r.SHA256) },
		func() (register.Revision, error) { return s.Approve(ctx, head, r.Activity, r.N, r.SHA256) },
	} {
		if _, err := act(); err != nil {
			t.Fatal(err)
		}
	}
	people = []policy.Actor{dpo, officer}
	_, err = s.Enact(ctx, dpo, r.Activity, r.N)
	refused(t, err, "error.record-too-few-approvers")
	people = []policy.Actor{head, dpo}
	if _, err := s.Enact(ctx, dpo, r.Activity, r.N); err != nil {
		t.Error(err)
	}
}

// An element in use is dropped whole: collection stops, stored cases keep their revision,
// and the plan says so.
func TestAnElementInUseIsDroppedWithItsEffectSaid(t *testing.T) {
	drop := func(r *ropa.Revision) {
		var kept []ropa.Element
		for _, x := range r.Elements {
			if x.Code != "email" {
				kept = append(kept, x)
			}
		}
		r.Elements = kept
		for i := range r.Purposes {
			r.Purposes[i].Elements = without(r.Purposes[i].Elements, "email")
		}
		for i := range r.Recipients.Domestic {
			r.Recipients.Domestic[i].Elements = without(r.Recipients.Domestic[i].Elements, "email")
		}
	}
	p := plan(t, "contact-us", world(), drop)
	if len(p.Holds) > 0 || len(p.Effects) == 0 || p.Effects[0].Kind != "field-removed" {
		t.Errorf("%+v %+v", p.Holds, p.Effects)
	}
	s := begun(t, dbtest.SQLite(t))
	if _, err := s.Apply(context.Background(), edited(t, "contact-us", drop), "console", []policy.Actor{head, dpo}); err != nil {
		t.Fatal(err)
	}
	for _, x := range s.Snapshot("contact-us").FormElements() {
		if x.Code == "email" {
			t.Error("it is still collected")
		}
	}
}

func without(list []string, code string) (out []string) {
	for _, x := range list {
		if x != code {
			out = append(out, x)
		}
	}
	return out
}

// What is written field by field obeys the same rules: the change sees what is there, and
// an activity that somebody else is having approved is left alone.
func TestAnEditBeginsFromWhatIsThereAndIsRefusedWholeOrDoneWhole(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx := context.Background()
		s := begun(t, e)
		cycle := func(to string) func(*ropa.Revision) error {
			return func(r *ropa.Revision) error { r.Review.Cycle = to; return nil }
		}
		_, err := s.Edit(ctx, officer, "contact-us", cycle("P6M"))
		refused(t, err, "error.forbidden")
		_, err = s.Edit(ctx, dpo, "nothing", cycle("P6M"))
		refused(t, err, "error.not-found")
		_, err = s.Edit(ctx, dpo, "contact-us", cycle("often"))
		refused(t, err, "error.record-unreadable")
		_, err = s.Edit(ctx, dpo, "contact-us", func(r *ropa.Revision) error { r.Code = "other"; return nil })
		refused(t, err, "error.record-unreadable")
		if all, _ := s.Revisions(ctx, "contact-us"); len(all) != 2 {
			t.Fatalf("a refused edit leaves %+v", all)
		}
		first, err := s.Edit(ctx, dpo, "contact-us", cycle("P6M"))
		if err != nil || first.N != 3 || first.Status != register.Draft {
			t.Fatalf("%+v %v", first, err)
		}
		second, err := s.Edit(ctx, dpo, "contact-us", func(r *ropa.Revision) error {
			if r.Review.Cycle != "P6M" {
				t.Errorf("the edit does not see the one before: %s", r.Review.Cycle)
			}
			r.Monitoring.Cycle = "P2M"
			return nil
		})
		if err != nil || second.N != 3 || second.ID != first.ID {
			t.Fatalf("%+v %v", second, err)
		}
		if _, err := s.Submit(ctx, dpo, "contact-us", 3); err != nil {
			t.Fatal(err)
		}
		_, err = s.Edit(ctx, dpo, "contact-us", cycle("P1Y"))
		refused(t, err, "error.record-open")
	})
}
