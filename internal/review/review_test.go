package review_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/review"
	"prasan/internal/ropa"
)

var ctx = context.Background()

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newReview(t *testing.T, e *dbtest.Engine) *review.Service {
	t.Helper()
	must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
		must(t, org.Put(tx, org.Bodies("industry.test")))
		old := db.Micros(dbtest.Start.AddDate(-1, 0, 0))
		for _, x := range []struct{ name, agency, roles string }{{"dpo", "ops", `["dpo"]`}, {"head", "rayong", `["head"]`}, {"officer", "rayong", `["officer"]`}, {"gone", "rayong", `["officer"]`}} {
			_, err := tx.Exec(`INSERT INTO accounts (name, display_th, display_en, person, email, agency, roles, password_hash, must_change, created_at) VALUES ($1, $2, $3, '', '', $4, $5, '', FALSE, $6)`, x.name, x.name, x.name, x.agency, x.roles, old)
			must(t, err)
			if x.name != "gone" {
				_, err = tx.Exec(`INSERT INTO audit (chain, seq, at, actor, action, object, body, hash) VALUES ($1, 1, $2, $3, 'account.signin', '', '{}', $4)`, "x."+x.name, db.Micros(dbtest.Start.AddDate(0, 0, -3)), x.name, []byte{1})
				must(t, err)
			}
		}
		_, err := tx.Exec(`INSERT INTO tokens (hash, id, account, label, created_at) VALUES ($1, 't1', 'dpo', 'old script', $2)`, []byte{1}, old)
		must(t, err)
		must(t, org.PutHead(tx, org.Headship{Agency: "rayong", Account: "head", Capacity: "head", From: dbtest.Start.AddDate(-1, 0, 0), To: org.Forever}))
		must(t, org.PutDelegation(tx, org.Delegation{ID: db.NewID(), Number: "1/2569", Agency: "rayong", Account: "officer", Activity: "contact-us", Matter: "m", SignedBy: "head", From: dbtest.Start.AddDate(0, -1, 0), To: dbtest.Start.AddDate(0, 1, 0)}))
		must(t, org.PutPosition(tx, "clerk", "gone", dbtest.Start.AddDate(-1, 0, 0), dbtest.Start.AddDate(0, 0, -10)))
		return nil
	}))
	snap, err := policy.Compile(ropa.Seed("contact-us", 2))
	must(t, err)
	dir, err := org.NewDirectory(ctx, e.DB)
	must(t, err)
	return review.New(review.Deps{DB: e.DB, Audit: audit.New("test"), Jobs: jobs.New(e.DB, e.Clock.Now), Record: func(code string) *policy.Snapshot {
		if code == "contact-us" {
			return snap
		}
		return nil
	}, Activities: []string{"contact-us"}, Within: dir.Within, Key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32)), Now: e.Clock.Now})
}

func of(list []review.Grant, account string) review.Grant {
	i := slices.IndexFunc(list, func(g review.Grant) bool { return g.Account == account })
	return list[i]
}

func TestAccessIsComputedFromTheRecordAndTheOrders(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := newReview(t, e)
		list, err := s.Matrix(ctx, "contact-us", "rayong")
		must(t, err)
		if len(list) != 3 {
			t.Fatalf("%d accounts of Rayong", len(list))
		}
		if g := of(list, "officer"); g.Ground != "order:1/2569" || len(g.Elements) == 0 || g.Secrecy != "ordinary" || g.Cases != "own" {
			t.Errorf("officer: %+v", g)
		}
		if g := of(list, "gone"); len(g.Purposes) > 0 {
			t.Errorf("without an order: %+v", g)
		}
		if g := of(list, "head"); !slices.Contains(g.Duties, "grant") || g.Secrecy != "secret" {
			t.Errorf("head: %+v", g)
		}
		e.Clock.Advance(40 * 24 * time.Hour) // the order is over
		list, err = s.Matrix(ctx, "contact-us", "")
		must(t, err)
		if of(list, "officer").Ground != "" {
			t.Error("an order that is over still admits")
		}
	})
}

func TestLeaversAreFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := newReview(t, e)
		list, err := s.Leavers(ctx)
		must(t, err)
		var got []string
		for _, l := range list {
			got = append(got, l.Account+" "+l.Why)
		}
		if !slices.Equal(got, []string{"dpo token-unused", "gone idle", "gone post-ended"}) {
			t.Errorf("%v", got)
		}
	})
}

func TestTheHolderOfTheDutyAttestsWhatHeSaw(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := newReview(t, e)
		must(t, s.OpenDue(ctx))
		must(t, s.OpenDue(ctx)) // once a period
		all, err := s.List(ctx)
		must(t, err)
		if len(all) != 1 || !all[0].AttestedAt.IsZero() || !all[0].DueAt.After(dbtest.Start) {
			t.Fatalf("%+v", all)
		}
		seen := func() string {
			grants, err := s.Matrix(ctx, "contact-us", "")
			must(t, err)
			leavers, err := s.Leavers(ctx)
			must(t, err)
			return review.Digest(grants, leavers)
		}
		dpo := policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}
		before := seen()
		if _, err := s.Attest(ctx, policy.Actor{Account: "officer", Agency: "rayong", Roles: []string{"officer"}}, all[0].ID, "right", "", before); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("an officer attests: %v", err)
		}
		must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE accounts SET disabled = TRUE WHERE name = 'gone'`)
			return err
		}))
		if _, err := s.Attest(ctx, dpo, all[0].ID, "right", "", before); errs.As(err).Key != "review.error-changed" {
			t.Errorf("what has changed since is attested: %v", err)
		}
		if _, err := s.Attest(ctx, dpo, all[0].ID, "changes", "", seen()); errs.KindOf(err) != errs.Invalid {
			t.Errorf("changes without saying which: %v", err)
		}
		r, err := s.Attest(ctx, dpo, all[0].ID, "right", "", seen())
		must(t, err)
		if !s.Verify(r) {
			t.Error("the signature is false")
		}
		all, err = s.List(ctx)
		must(t, err)
		if all[0].AttestedBy != "dpo" || !s.Verify(all[0]) {
			t.Errorf("%+v", all[0])
		}
		all[0].Body = all[0].Body[:len(all[0].Body)-1] + " }"
		if s.Verify(all[0]) {
			t.Error("an altered statement passes")
		}
		if _, err := s.Attest(ctx, dpo, r.ID, "right", "", seen()); errs.KindOf(err) != errs.Conflict {
			t.Errorf("attested twice: %v", err)
		}
	})
}

func TestWhoHasToAttestIsToldOfARoundAndNotTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := newReview(t, e)
		mails := map[string]int{}
		broken := errors.New("broken")
		var fail error
		s.Tell = func(_ *db.Tx, r review.Review, address string) error {
			if fail == nil {
				mails[address]++ // nothing here runs again: it is the only writer
			}
			return fail
		}
		remind := func(want map[string]int) {
			t.Helper()
			clear(mails)
			must(t, s.Remind(ctx))
			must(t, s.Remind(ctx)) // the task runs again
			if !maps.Equal(mails, want) {
				t.Errorf("told %v, not %v", mails, want)
			}
		}
		address := func(account, email string) {
			must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(`UPDATE accounts SET email = $1 WHERE name = $2`, email, account)
				return err
			}))
		}
		remind(map[string]int{}) // no round is open
		must(t, s.OpenDue(ctx))
		remind(map[string]int{}) // nobody has an address
		address("officer", "officer@moi.test")
		address("head", "head@moi.test")
		remind(map[string]int{"head@moi.test": 1}) // who sees a part, where nobody sees all
		address("dpo", "dpo@moi.test")
		remind(map[string]int{})
		e.Clock.Advance(22 * 24 * time.Hour)
		remind(map[string]int{})
		e.Clock.Advance(24 * time.Hour) // seven days before its end
		fail = broken
		if err := s.Remind(ctx); !errors.Is(err, broken) {
			t.Errorf("%v", err)
		}
		fail = nil
		remind(map[string]int{"dpo@moi.test": 1}) // what failed is made up for
		e.Clock.Advance(25 * 24 * time.Hour)      // several calls were missed
		remind(map[string]int{"dpo@moi.test": 1})
		e.Clock.Advance(7 * 24 * time.Hour)
		remind(map[string]int{"dpo@moi.test": 1})
		all, err := s.List(ctx)
		must(t, err)
		grants, err := s.Matrix(ctx, "contact-us", "")
		must(t, err)
		leavers, err := s.Leavers(ctx)
		must(t, err)
		_, err = s.Attest(ctx, policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}, all[0].ID, "right", "", review.Digest(grants, leavers))
		must(t, err)
		e.Clock.Advance(30 * 24 * time.Hour)
		remind(map[string]int{})
	})
}
