package register_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/register"
	"prasan/internal/ropa"
)

var (
	dpo      = policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}
	head     = policy.Actor{Account: "head-ops", Agency: "ops", Roles: []string{"head"}, IsHead: true}
	director = policy.Actor{Account: "ict", Agency: "ops-ict", Roles: []string{"ict"}, Positions: []string{"ict-director"}}
	officer  = policy.Actor{Account: "officer", Agency: "rayong", Roles: []string{"officer"}}
	delegate = policy.Actor{Account: "delegate", Agency: "rayong", Roles: []string{"officer"}, Orders: []policy.Order{{Number: "1/2569", Activity: "contact-us", Agency: "rayong"}}}
)

func opened(t *testing.T, e *dbtest.Engine) *register.Store {
	t.Helper()
	s, err := register.Open(context.Background(), e.DB, audit.New("test"))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// begun is a register with both records as they were filled in and corrected.
func begun(t *testing.T, e *dbtest.Engine) *register.Store {
	t.Helper()
	s := opened(t, e)
	for _, code := range ropa.SeedCodes {
		if err := s.Begin(context.Background(), [][]byte{ropa.SeedText(code, 1), ropa.SeedText(code, 2)}); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// edited is the corrected record with a change, as an editor would write it.
func edited(t *testing.T, code string, change func(*ropa.Revision)) []byte {
	t.Helper()
	rev := ropa.Seed(code, 2)
	change(rev)
	text, err := ropa.Marshal(rev)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func fewerYears(r *ropa.Revision) { r.Retention[0].Period = "P5Y" }

// refused holds that an act is refused with a key, and says nothing has changed.
func refused(t *testing.T, err error, key string) {
	t.Helper()
	var x *errs.E
	if !errors.As(err, &x) || x.Key != key && !(len(x.Fields) > 0 && x.Fields[0].Key == key) {
		t.Errorf("not refused with %s: %v", key, err)
	}
}

func TestTheSeedsBeginAndChain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx := context.Background()
		s := opened(t, e)
		if s.Snapshot("contact-us") != nil {
			t.Fatal("a snapshot of nothing")
		}
		calls := 0
		s.OnChange(func(context.Context) error { calls++; return nil })
		if err := s.Begin(ctx, [][]byte{ropa.SeedText("contact-us", 1), ropa.SeedText("contact-us", 2)}); err != nil {
			t.Fatal(err)
		}
		if err := s.Begin(ctx, [][]byte{ropa.SeedText("contact-us", 1)}); err != nil {
			t.Fatal(err)
		}
		all, err := s.Revisions(ctx, "contact-us")
		if err != nil || len(all) != 2 || all[0].Status != register.Effective || all[1].Status != register.Superseded || all[0].PrevSHA256 != all[1].SHA256 || calls == 0 {
			t.Fatalf("%v %+v", err, all)
		}
		snap := s.Snapshot("contact-us")
		if snap == nil || snap.Revision != 2 || snap.SHA256 != all[0].SHA256 || snap.RevisionID != all[0].ID {
			t.Errorf("%+v", snap)
		}
		if body, err := s.Body(ctx, "contact-us", 2); err != nil || body != string(ropa.SeedText("contact-us", 2)) {
			t.Errorf("the text is not the file's: %v", err)
		}
		if again := opened(t, e); again.Snapshot("contact-us") == nil {
			t.Error("nothing is in force after a restart")
		}
	})
}

func TestTheLifeOfARevision(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx := context.Background()
		s := begun(t, e)
		_, err := s.Draft(ctx, officer, edited(t, "contact-us", fewerYears))
		refused(t, err, "error.forbidden")
		draft, err := s.Draft(ctx, dpo, edited(t, "contact-us", func(r *ropa.Revision) { r.Purposes = nil }))
		if err != nil || draft.N != 3 || draft.Status != register.Draft {
			t.Fatalf("%v %+v", err, draft)
		}
		_, err = s.Submit(ctx, dpo, "contact-us", 3)
		refused(t, err, "error.record-incomplete")
		if draft, err = s.Draft(ctx, dpo, edited(t, "contact-us", fewerYears)); err != nil || draft.N != 3 {
			t.Fatalf("%v %+v", err, draft)
		}
		_, err = s.Approve(ctx, head, "contact-us", 3, draft.SHA256)
		refused(t, err, "error.record-transition")
		_, err = s.Enact(ctx, dpo, "contact-us", 3)
		refused(t, err, "error.record-transition")
		if _, err = s.Submit(ctx, dpo, "contact-us", 3); err != nil {
			t.Fatal(err)
		}
		_, err = s.Draft(ctx, dpo, edited(t, "contact-us", fewerYears))
		refused(t, err, "error.record-open")
		_, err = s.Approve(ctx, director, "contact-us", 3, draft.SHA256)
		refused(t, err, "error.not-approver")
		_, err = s.Approve(ctx, head, "contact-us", 3, "another")
		refused(t, err, "error.record-other-text")
		one, err := s.Approve(ctx, head, "contact-us", 3, draft.SHA256)
		if err != nil || one.Status != register.Review || one.Approvals[0].Ground != "head:ops" {
			t.Fatalf("%v %+v", err, one)
		}
		_, err = s.Approve(ctx, head, "contact-us", 3, draft.SHA256)
		refused(t, err, "error.four-eyes")
		two, err := s.Approve(ctx, dpo, "contact-us", 3, draft.SHA256)
		if err != nil || two.Status != register.Approved {
			t.Fatalf("%v %+v", err, two)
		}
		if s.Snapshot("contact-us").Retention.Years != 10 {
			t.Fatal("an approved revision is obeyed before it is in force")
		}
		_, err = s.Enact(ctx, officer, "contact-us", 3)
		refused(t, err, "error.forbidden")
		if _, err = s.Enact(ctx, dpo, "contact-us", 3); err != nil {
			t.Fatal(err)
		}
		if snap := s.Snapshot("contact-us"); snap.Retention.Years != 5 || snap.Revision != 3 {
			t.Errorf("the new revision is not obeyed: %+v", snap.Retention)
		}
		if got := statuses(t, s); got != "3 effective, 2 superseded, 1 superseded" {
			t.Error(got)
		}
		verified(t, s, 5)
		if n := audited(t, e, "record:contact-us"); n < 8 {
			t.Errorf("%d lines of audit", n)
		}
	})
}

func TestARevisionIsGivenBackAndWithdrawn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx := context.Background()
		s := begun(t, e)
		draft, err := s.Draft(ctx, dpo, edited(t, "contact-us", fewerYears))
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.Submit(ctx, dpo, "contact-us", 3); err != nil {
			t.Fatal(err)
		}
		if _, err = s.Approve(ctx, head, "contact-us", 3, draft.SHA256); err != nil {
			t.Fatal(err)
		}
		refused(t, s.Withdraw(ctx, dpo, "contact-us", 3), "error.record-transition")
		_, err = s.Return(ctx, head, "contact-us", 3, "")
		refused(t, err, "error.required")
		_, err = s.Return(ctx, officer, "contact-us", 3, "ยังไม่ครบ")
		refused(t, err, "error.forbidden")
		back, err := s.Return(ctx, delegate, "contact-us", 3, "ยังไม่ครบ")
		if err != nil || back.Status != register.Draft || len(back.Approvals) != 0 {
			t.Fatalf("%v %+v", err, back)
		}
		refused(t, s.Withdraw(ctx, officer, "contact-us", 3), "error.forbidden")
		if err := s.Withdraw(ctx, dpo, "contact-us", 3); err != nil {
			t.Fatal(err)
		}
		refused(t, s.Withdraw(ctx, dpo, "contact-us", 3), "error.record-unknown")
		if got := statuses(t, s); got != "2 effective, 1 superseded" {
			t.Error(got)
		}
		verified(t, s, 4)
	})
}

func TestApplyIsAllOrNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx := context.Background()
		s := begun(t, e)
		good := edited(t, "contact-us", fewerYears)
		for _, c := range []struct {
			key       string
			body      []byte
			approvers []policy.Actor
		}{
			{"error.record-unreadable", []byte("colour: red"), []policy.Actor{head, dpo}},
			{"error.four-eyes", good, []policy.Actor{head}},
			{"error.four-eyes", good, nil},
			{"error.four-eyes", good, []policy.Actor{head, head}},
			{"error.not-approver", good, []policy.Actor{head, officer}},
			{"error.record-incomplete", edited(t, "contact-us", func(r *ropa.Revision) { r.Elements = nil }), []policy.Actor{head, dpo}},
			{"error.record-no-holder", edited(t, "contact-us", func(r *ropa.Revision) { r.Duties.Review = nil }), []policy.Actor{head, dpo}},
			{"error.record-no-holder", edited(t, "contact-us", func(r *ropa.Revision) { r.Duties.Terminate = nil }), []policy.Actor{head, dpo}},
			{"error.record-no-reader", edited(t, "contact-us", func(r *ropa.Revision) { r.Access = nil }), []policy.Actor{head, dpo}},
			{"error.record-below-minimum", edited(t, "contact-us", func(r *ropa.Revision) { r.Retention[1].Period = "P30D" }), []policy.Actor{head, dpo}},
			{"error.record-stale", edited(t, "contact-us", func(r *ropa.Revision) { r.PrevSHA256 = strings.Repeat("a", 64) }), []policy.Actor{head, dpo}},
		} {
			_, err := s.Apply(ctx, c.body, "console", c.approvers)
			refused(t, err, c.key)
		}
		if got := statuses(t, s); got != "2 effective, 1 superseded" {
			t.Fatal(got)
		}
		rev, err := s.Apply(ctx, good, "console", []policy.Actor{head, dpo})
		if err != nil || rev.N != 3 || rev.Status != register.Effective || s.Snapshot("contact-us").Retention.Years != 5 {
			t.Fatalf("%v %+v", err, rev)
		}
		// A file that claims nothing before it is judged by what it says alone.
		if rev, err = s.Apply(ctx, ropa.SeedText("contact-us", 1), "console", []policy.Actor{head, dpo}); err != nil || rev.N != 4 {
			t.Errorf("%v %+v", err, rev)
		}
		if _, d := s.Snapshot("contact-us").MayDisclose("diw", ""); d.Allowed {
			t.Error("the recipients of the revision before are still let in")
		}
		verified(t, s, 6)
	})
}

func TestAStaleFileIsRefused(t *testing.T) {
	e := dbtest.SQLite(t)
	ctx := context.Background()
	s := begun(t, e)
	old := edited(t, "contact-us", func(r *ropa.Revision) { r.Volume.Declared = 400 }) // made from revision 2
	for _, years := range []string{"P5Y", "P6Y"} {
		text, err := s.Body(ctx, "contact-us", s.Snapshot("contact-us").Revision)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Apply(ctx, []byte(strings.Replace(text, "P10Y", years, 1)), "console", []policy.Actor{head, dpo}); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.Apply(ctx, old, "console", []policy.Actor{head, dpo})
	refused(t, err, "error.record-stale")
}

func TestTooFewPeopleToApproveAgainIsHeld(t *testing.T) {
	e := dbtest.SQLite(t)
	ctx := context.Background()
	s := begun(t, e)
	s.Observe = func(context.Context, string) (register.World, error) {
		return register.World{Known: true, Now: dbtest.Start, Actors: []policy.Actor{head, dpo, director, officer}}, nil
	}
	_, err := s.Apply(ctx, edited(t, "usage-analytics", func(r *ropa.Revision) { r.Duties.Review = r.Duties.Review[:1] }), "console", []policy.Actor{director, dpo})
	refused(t, err, "error.record-too-few-approvers")
	_, err = s.Apply(ctx, edited(t, "contact-us", func(r *ropa.Revision) { r.Access = []ropa.Principal{{Person: "thanu"}} }), "console", []policy.Actor{head, dpo})
	refused(t, err, "error.record-no-reader")
}

func TestTamperingIsFoundAndNotObeyed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		ctx := context.Background()
		s := begun(t, e)
		verified(t, s, 4)
		tamper := func(query string, args ...any) {
			t.Helper()
			if err := e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(query, args...); return err }); err != nil {
				t.Fatal(err)
			}
		}
		tamper(`UPDATE revisions SET body = REPLACE(body, 'P10Y', 'P1Y') WHERE activity = 'contact-us' AND n = 2`)
		rep, err := s.Verify(ctx)
		if err != nil || len(rep.Faults) == 0 || rep.Faults[0].Activity != "contact-us" || rep.Faults[0].N != 2 {
			t.Errorf("%v %+v", err, rep)
		}
		if _, err := register.Open(ctx, e.DB, audit.New("test")); err == nil {
			t.Error("an altered text is obeyed")
		}
		tamper(`UPDATE revisions SET body = $1 WHERE activity = 'contact-us' AND n = 2`, string(ropa.SeedText("contact-us", 2)))
		// A first revision made anew, with its digest: what follows does not follow from it.
		forged := strings.Replace(string(ropa.SeedText("usage-analytics", 1)), "รอข้อมูล", "ไม่มี", 1)
		sum := sha256.Sum256([]byte(forged))
		tamper(`UPDATE revisions SET body = $1, sha256 = $2 WHERE activity = 'usage-analytics' AND n = 1`, forged, hex.EncodeToString(sum[:]))
		rep, err = s.Verify(ctx)
		if err != nil || len(rep.Faults) != 1 || !strings.Contains(rep.Faults[0].Problem, "does not follow") {
			t.Errorf("%v %+v", err, rep)
		}
		tamper(`UPDATE revisions SET prev_sha256 = '' WHERE activity = 'usage-analytics' AND n = 2`)
		tamper(`DELETE FROM revisions WHERE activity = 'contact-us' AND n = 1`)
		rep, err = s.Verify(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, f := range rep.Faults {
			found = append(found, fmt.Sprintf("%s %d", f.Activity, f.N))
		}
		if !slices.Contains(found, "usage-analytics 2") || !slices.Contains(found, "contact-us 2") {
			t.Errorf("%v", found)
		}
	})
}

func statusesOf(t *testing.T, s *register.Store, activity string) []register.Revision {
	t.Helper()
	all, err := s.Revisions(context.Background(), activity)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func statuses(t *testing.T, s *register.Store) string {
	t.Helper()
	var out []string
	for _, r := range statusesOf(t, s, "contact-us") {
		out = append(out, fmt.Sprintf("%d %s", r.N, r.Status))
	}
	return strings.Join(out, ", ")
}

func verified(t *testing.T, s *register.Store, revisions int) {
	t.Helper()
	rep, err := s.Verify(context.Background())
	if err != nil || len(rep.Faults) > 0 || rep.Activities != 2 || rep.Revisions != revisions {
		t.Errorf("%v %+v", err, rep)
	}
}

func audited(t *testing.T, e *dbtest.Engine, object string) (n int) {
	t.Helper()
	err := e.DB.Read(context.Background(), func(tx *db.Tx) error {
		lines, err := audit.List(tx, audit.Filter{Object: object, Limit: 100})
		n = len(lines)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
