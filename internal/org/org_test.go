package org_test

import (
	"context"
	"testing"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/org"
	"prasan/internal/policy"
)

var ctx = context.Background()

// newBody has the agencies and three people: the head of Rayong, an officer there, the DPO.
func newBody(t *testing.T, e *dbtest.Engine) *org.Service {
	t.Helper()
	err := e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := org.Put(tx, org.Bodies("industry.test")); err != nil {
			return err
		}
		for name, row := range map[string][2]string{"head": {"rayong", `["head"]`}, "officer": {"rayong", `["officer"]`}, "dpo": {"ops", `["dpo"]`}} {
			if _, err := tx.Exec(`INSERT INTO accounts (name, display_th, display_en, person, email, agency, roles, password_hash, must_change, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
				name, name, name, "", "", row[0], row[1], "", false, 0); err != nil {
				return err
			}
		}
		return org.PutHead(tx, org.Headship{Agency: "rayong", Account: "head", Capacity: "head", From: dbtest.Start.AddDate(-1, 0, 0), To: dbtest.Start.AddDate(0, 0, 10)})
	})
	if err != nil {
		t.Fatal(err)
	}
	dir, err := org.NewDirectory(ctx, e.DB)
	if err != nil {
		t.Fatal(err)
	}
	snap := &policy.Snapshot{Activity: "contact-us", Duties: map[policy.Duty][]policy.Principal{policy.DutyGrant: {{Kind: policy.HeadOrDelegate}, {Kind: policy.DPO}}}}
	return &org.Service{DB: e.DB, Audit: audit.New("test"), Agencies: dir, Record: func(code string) *policy.Snapshot {
		if code == snap.Activity {
			return snap
		}
		return nil
	}}
}

func actor(t *testing.T, s *org.Service, name string) (a policy.Actor) {
	t.Helper()
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { a, err = org.Actor(tx, name); return err })
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func order(account, agency string, from time.Time) org.Delegation {
	return org.Delegation{Number: "อก 0201/12", Agency: agency, Account: account, Activity: "contact-us", Matter: "รับเรื่อง", SignedBy: "head", From: from, To: from.AddDate(0, 1, 0)}
}

func TestAnOrderIsInForceBetweenItsDatesUntilItIsRevoked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := newBody(t, e)
		d, err := s.Delegate(ctx, actor(t, s, "head"), order("officer", "rayong", dbtest.Start.Add(time.Hour)))
		if err != nil {
			t.Fatal(err)
		}
		if n := len(actor(t, s, "officer").Orders); n != 0 {
			t.Errorf("before its date: %d orders in force", n)
		}
		e.Clock.Advance(2 * time.Hour)
		if o := actor(t, s, "officer").Orders; len(o) != 1 || o[0].Number != d.Number || o[0].Agency != "rayong" {
			t.Errorf("in force: %+v", o)
		}
		if err := s.Revoke(ctx, actor(t, s, "dpo"), d.ID); err != nil {
			t.Fatal(err)
		}
		if n := len(actor(t, s, "officer").Orders); n != 0 {
			t.Errorf("revoked: %d orders in force", n)
		}
		if err := s.Revoke(ctx, actor(t, s, "dpo"), d.ID); errs.KindOf(err) != errs.Conflict {
			t.Errorf("revoked twice: %v", err)
		}
	})
}

func TestWhoMayDelegateIsTheRecordsToSay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := newBody(t, e)
		activity := func(code string) org.Delegation {
			d := order("officer", "rayong", dbtest.Start)
			d.Activity = code
			return d
		}
		elsewhere := order("officer", "rayong", dbtest.Start)
		elsewhere.Agency = "chonburi"
		for name, row := range map[string]struct {
			by   string
			d    org.Delegation
			want errs.Kind
		}{
			"an officer has no such duty":        {"officer", activity("contact-us"), errs.Forbidden},
			"a head stays in his own agency":     {"head", elsewhere, errs.Forbidden},
			"no record, no order":                {"dpo", activity("unknown"), errs.Invalid},
			"the person is not of the agency":    {"dpo", elsewhere, errs.Invalid},
			"an order needs number and contents": {"dpo", org.Delegation{Activity: "contact-us"}, errs.Invalid},
		} {
			if _, err := s.Delegate(ctx, actor(t, s, row.by), row.d); errs.KindOf(err) != row.want || err == nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestAHeadIsOneUntilHisTimeEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := newBody(t, e)
		if !actor(t, s, "head").IsHead || actor(t, s, "officer").IsHead {
			t.Error("who heads Rayong is not who was put")
		}
		e.Clock.Advance(11 * 24 * time.Hour)
		if actor(t, s, "head").IsHead {
			t.Error("the head's time is over and he still is one")
		}
	})
}

func TestAgenciesOfTheBody(t *testing.T) {
	s := newBody(t, dbtest.SQLite(t))
	provinces := 0
	for _, a := range s.Agencies.All() {
		if a.Kind == org.Provincial {
			provinces++
		}
		if a.Name.TH == "" || a.Name.EN == "" || a.Addressee.TH == "" {
			t.Errorf("%s has no name or addressee", a.Code)
		}
	}
	if provinces != 76 {
		t.Errorf("%d provincial offices", provinces)
	}
	for _, row := range []struct {
		agency, ancestor string
		want             bool
	}{{"rayong", "rayong", true}, {"rayong", "ops", true}, {"rayong", "moi", true}, {"ops", "rayong", false}, {"diw", "ops", false}, {"", "", false}, {"nobody", "moi", false}} {
		if got := s.Agencies.Within(row.agency, row.ancestor); got != row.want {
			t.Errorf("Within(%q, %q) = %v", row.agency, row.ancestor, got)
		}
	}
}
