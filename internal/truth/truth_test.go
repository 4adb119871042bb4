package truth_test

import (
	"context"
	"testing"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/policy"
	"prasan/internal/ropa"
	"prasan/internal/truth"
)

var now = time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)

func service(t *testing.T, e *dbtest.Engine) (*truth.Service, *ropa.Revision) {
	t.Helper()
	rev, err := ropa.Parse(ropa.SeedText("contact-us", 2))
	if err != nil {
		t.Fatal(err)
	}
	snap, err := policy.Compile(rev)
	if err != nil {
		t.Fatal(err)
	}
	s := truth.New(truth.Deps{DB: e.DB, Audit: audit.New("test"), Jobs: jobs.New(e.DB, e.Clock.Now), Now: e.Clock.Now,
		Record: func(activity string) *policy.Snapshot {
			if activity == "contact-us" {
				return snap
			}
			return nil
		},
		Body: func(context.Context, string, int) (*ropa.Revision, error) { return rev, nil }}, "contact-us", "usage-analytics")
	return s, rev
}

func row(r truth.Report, field string) truth.Row {
	for _, x := range r.Activities[0].Rows {
		if x.Field == field {
			return x
		}
	}
	return truth.Row{}
}

func TestARowIsOnlyWhatSomethingShowsItToBe(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		e.Clock.Set(now)
		ctx := context.Background()
		s, _ := service(t, e)
		r, err := s.Report(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Activities) != 1 || len(r.Activities[0].Rows) != len(ropa.Rows) {
			t.Fatalf("%d activities", len(r.Activities))
		}
		// Nothing enforces and nothing looks: then nothing is said to be enforced or verified.
		if r.Counts[truth.Enforced]+r.Counts[truth.Verified] != 0 || r.Percent != 0 {
			t.Errorf("without any evidence: %v, %d %%", r.Counts, r.Percent)
		}
		if got := row(r, "legal_bases").Status; got != truth.Attested {
			t.Errorf("what only a person can say is %s", got)
		}

		wrong := int64(0)
		s.Enforces(truth.Enforcement{ID: "form", Rows: []string{"elements"}})
		s.Add(truth.Probe{ID: "volume", Rows: []string{"volume"}, Class: "D5", Look: func(context.Context, truth.Subject) (truth.Seen, error) {
			return truth.Seen{Known: true, Checked: 366, Wrong: wrong}, nil
		}}, truth.Probe{ID: "flow", Rows: []string{"process_group.name"}, Class: "D14", Look: func(context.Context, truth.Subject) (truth.Seen, error) { return truth.Seen{}, nil }})
		if r, err = s.Report(ctx); err != nil {
			t.Fatal(err)
		}
		if got := row(r, "elements").Status; got != truth.Enforced {
			t.Errorf("elements: %s", got)
		}
		if got := row(r, "volume"); got.Status != truth.Verified || got.Drifting || got.Evidence[0].Checked != 366 {
			t.Errorf("volume: %+v", got)
		}
		if got := row(r, "process_group.name").Status; got != truth.Unknown {
			t.Errorf("a probe that could not look made it %s", got)
		}
		good := r.Percent

		wrong = 1
		if r, err = s.Report(ctx); err != nil {
			t.Fatal(err)
		}
		if got := row(r, "volume"); got.Status == truth.Verified || !got.Drifting || r.Percent >= good || len(r.Drift) != 1 || r.Drift[0].Owner != "review" {
			t.Errorf("a volume that is not so: %+v, %d %%, %+v", got, r.Percent, r.Drift)
		}
	})
}

func TestADriftIsAcceptedByTheDutyHolderForATimeOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		e.Clock.Set(now)
		ctx := context.Background()
		s, _ := service(t, e)
		s.Add(truth.Probe{ID: "volume", Rows: []string{"volume"}, Class: "D5", Look: func(context.Context, truth.Subject) (truth.Seen, error) {
			return truth.Seen{Known: true, Checked: 10, Wrong: 1}, nil
		}})
		x := truth.Exception{Activity: "contact-us", Field: "volume", Class: "D5", Reason: "ปีแรกของระบบ", Until: now.AddDate(0, 1, 0)}
		if _, err := s.Except(ctx, policy.Actor{Account: "officer", Agency: "rayong", Roles: []string{"officer"}}, x); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("an officer accepted a drift: %v", err)
		}
		dpo := policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}
		bad := x
		bad.Until, bad.Reason = now.AddDate(2, 0, 0), " "
		if _, err := s.Except(ctx, dpo, bad); errs.KindOf(err) != errs.Invalid || len(errs.As(err).Fields) != 2 {
			t.Errorf("two years without a reason: %v", err)
		}
		if _, err := s.Except(ctx, dpo, x); err != nil {
			t.Fatal(err)
		}
		r, err := s.Keep(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if got := row(r, "volume"); got.Drifting || got.Status == truth.Verified || r.Drift[0].Exception == nil {
			t.Errorf("accepted: %+v", got)
		}
		last, err := s.Last(ctx)
		if err != nil || last == nil || last.Percent != r.Percent {
			t.Errorf("the report that was kept: %+v, %v", last, err)
		}
		e.Clock.Set(now.AddDate(0, 1, 1))
		if r, err = s.Report(ctx); err != nil || !row(r, "volume").Drifting {
			t.Errorf("after its day the drift is excused still: %v", err)
		}
		var n int
		_ = e.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM audit WHERE action = 'truth.except'`, nil, &n)
		})
		if n != 1 {
			t.Errorf("%d audit lines of the exception", n)
		}
	})
}
