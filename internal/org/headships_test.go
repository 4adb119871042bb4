package org_test

import (
	"testing"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/org"
	"prasan/internal/policy"
)

func TestWhoActsForAHeadIsListedWhileTheOrderHolds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := newBody(t, e)
		if err := e.DB.InTx(ctx, func(tx *db.Tx) error {
			return org.PutHead(tx, org.Headship{Agency: "rayong", Account: "officer", Capacity: "acting", Order: "9/2569", From: dbtest.Start, To: dbtest.Start.AddDate(0, 0, 5)})
		}); err != nil {
			t.Fatal(err)
		}
		listed := func(by policy.Actor) int {
			t.Helper()
			list, err := s.Headships(ctx, by)
			if err != nil {
				t.Fatal(err)
			}
			for _, h := range list {
				if h.Order != "9/2569" || h.ID == "" {
					t.Errorf("%+v", h)
				}
			}
			return len(list)
		}
		stranger := policy.Actor{Account: "x", Agency: "trat", Roles: []string{"officer"}}
		if listed(actor(t, s, "dpo")) != 1 || listed(actor(t, s, "officer")) != 1 || listed(stranger) != 0 {
			t.Error("the order is not shown to those whom it concerns, or to others")
		}
		e.Clock.Advance(6 * 24 * 3600 * 1e9)
		if listed(actor(t, s, "dpo")) != 0 {
			t.Error("an order that is over is listed")
		}
	})
}
