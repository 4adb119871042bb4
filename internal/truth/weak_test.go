package truth_test

import (
	"context"
	"testing"

	"prasan/internal/db/dbtest"
	"prasan/internal/i18n"
	"prasan/internal/policy"
	"prasan/internal/truth"
)

var ctx = context.Background()

func TestEvidenceThatProvesNothingVerifiesNothing(t *testing.T) {
	e := dbtest.SQLite(t)
	s, _ := service(t, e)
	wrong := int64(0)
	s.Add(truth.Probe{ID: "documents", Rows: []string{"controls.physical", "legal_refs"}, Class: "D15", Weak: true, Look: func(context.Context, truth.Subject) (truth.Seen, error) {
		return truth.Seen{Known: true, Checked: 1, Wrong: wrong, Names: []string{"cloud-plan"}}, nil
	}})
	r, err := s.Report(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if x := row(r, "controls.physical"); x.Status != truth.Attested || len(x.Evidence) != 1 {
		t.Errorf("that a document is there does not verify what it says: %+v", x)
	}
	if x := row(r, "legal_refs"); x.Status != truth.Unknown || x.Reason != "no-probe" {
		t.Errorf("%+v", x)
	}
	wrong = 1
	if r, err = s.Report(ctx); err != nil {
		t.Fatal(err)
	}
	if x := row(r, "controls.physical"); !x.Drifting || len(r.Drift) != 2 || r.Drift[0].Class != "D15" {
		t.Errorf("a document that is missing is drift: %+v", x)
	}
}

func TestWhatARecordSaysAndCannotBeIsShownWithItsEvidence(t *testing.T) {
	e := dbtest.SQLite(t)
	s, _ := service(t, e)
	s.Doubts(func(_ context.Context, sub truth.Subject) ([]truth.Claim, error) {
		return []truth.Claim{{ID: "account", Field: "elements", Args: []any{"datum", "ชื่อบัญชี", "n", 12, "times", 0, "kinds", 9}}}, nil
	})
	r, err := s.Report(ctx)
	if err != nil || len(r.Claims) != 0 {
		t.Fatalf("without a register: %v %+v", err, r.Claims)
	}
	c := truth.Claim{ID: "account", Args: []any{"datum", "ชื่อบัญชี", "n", float64(12), "times", float64(0), "kinds", float64(9)}} // as it is read from the store
	if got, want := c.Evidence("en"), i18n.T("en", "truth.claim-account-evidence", "datum", "ชื่อบัญชี", "n", 12, "times", 0, "kinds", 9); got != want {
		t.Errorf("%q", got)
	}
}

func TestWhatIsObeyedOnlyWhileTheRecordForbidsItIsNotCalledEnforcedWhenItAllowsIt(t *testing.T) {
	e := dbtest.SQLite(t)
	s, _ := service(t, e)
	snap := s.Record("contact-us")
	s.Enforces(truth.Enforcement{ID: "publish", Rows: []string{"class.public"}, When: func(s *policy.Snapshot) bool { return !s.Class.Public }})
	s.Add(truth.Probe{ID: "public", Rows: []string{"class.public"}, Class: "D13", Look: func(_ context.Context, sub truth.Subject) (truth.Seen, error) {
		if sub.Snapshot.Class.Public {
			return truth.Seen{Why: "judged"}, nil
		}
		return truth.Seen{}, nil
	}}, truth.Probe{ID: "public-data", Rows: []string{"class.public"}, Class: "D13", Weak: true, Look: func(context.Context, truth.Subject) (truth.Seen, error) {
		return truth.Seen{Known: true, Checked: 7}, nil
	}})
	for public, want := range map[bool]truth.Status{false: truth.Enforced, true: truth.Unknown} {
		snap.Class.Public = public
		r, err := s.Report(ctx)
		if err != nil {
			t.Fatal(err)
		}
		x := row(r, "class.public")
		if x.Status != want || (x.Reason == "judged") != public {
			t.Errorf("public %t: %+v", public, x)
		}
	}
}
