package org_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/org"
	"prasan/internal/policy"
)

// Whom the record names is written to where he has an account here. A provider, a body
// outside and a name that is none are nobody: an alarm, and a drill's, stays in the house.
func TestWhomTheRecordNamesIsWrittenToInTheHouseAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := newBody(t, e)
		change := func(query string) {
			t.Helper()
			if err := e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(query); return err }); err != nil {
				t.Fatal(err)
			}
		}
		record := &policy.Snapshot{Activity: "contact-us"}
		change(`UPDATE accounts SET email = name || '@industry.test' WHERE name <> 'dpo'`)
		for _, x := range []struct {
			of     policy.Principal
			agency string
			want   string
		}{
			{policy.Principal{Kind: policy.HeadOrDelegate}, "rayong", "head"},
			{policy.Principal{Kind: policy.HeadOrDelegate}, "trat", ""},
			{policy.Principal{Kind: policy.Officer}, "rayong", "officer"},
			{policy.Principal{Kind: policy.Unit, Ref: "rayong"}, "", "head officer"},
			{policy.Principal{Kind: policy.Within, Ref: "ops"}, "", "head officer"},
			{policy.Principal{Kind: policy.Unit, Ref: "google"}, "rayong", ""},
			{policy.Principal{Kind: policy.Provider, Ref: "google"}, "rayong", ""},
			{policy.Principal{Kind: "other", Text: policy.Text{TH: "someone@elsewhere.test"}}, "rayong", ""},
			{policy.Principal{Kind: policy.DPO}, "rayong", ""}, // no address
		} {
			named := map[string]string{}
			err := e.DB.Read(ctx, func(tx *db.Tx) (err error) {
				named, err = org.Named(tx, record, []policy.Principal{x.of}, x.agency)
				return err
			})
			if got := strings.Join(slices.Sorted(maps.Keys(named)), " "); err != nil || got != x.want {
				t.Errorf("%v at %q: %q, not %q (%v)", x.of, x.agency, got, x.want, err)
			}
		}
		e.Clock.Advance(11 * 24 * time.Hour) // his time as head is over
		if _, err := s.Delegate(ctx, actor(t, s, "dpo"), order("officer", "rayong", e.Clock.Now().Add(-time.Hour))); err != nil {
			t.Fatal(err)
		}
		err := e.DB.Read(ctx, func(tx *db.Tx) error {
			named, err := org.Named(tx, record, []policy.Principal{{Kind: policy.HeadOrDelegate}}, "rayong")
			if len(named) != 1 || named["officer"] == "" {
				t.Errorf("by order: %v are told", named)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		change(`UPDATE accounts SET disabled = TRUE WHERE name = 'officer'`)
		err = e.DB.Read(ctx, func(tx *db.Tx) error {
			named, err := org.Named(tx, record, []policy.Principal{{Kind: policy.HeadOrDelegate}, {Kind: policy.Officer}}, "rayong")
			if len(named) != 0 {
				t.Errorf("%v are told", named)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
