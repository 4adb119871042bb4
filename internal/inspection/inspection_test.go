package inspection_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/inspection"
	"prasan/internal/policy"
	"prasan/internal/processing"
)

var ctx = context.Background()

func newHouse(t *testing.T, e *dbtest.Engine) (*housetest.House, *inspection.Service) {
	t.Helper()
	h := housetest.New(t, e, housetest.ContactUs())
	h.Correspond() // accounts
	return h, inspection.New(inspection.Deps{DB: e.DB, Vault: h.Vault, Audit: h.Audit, Now: e.Clock.Now, Record: func(string) *policy.Snapshot { return h.Record },
		Failed: func(context.Context, string) ([]inspection.Failed, error) {
			return []inspection.Failed{{Row: "retention", Wrong: 2, Detail: "overdue"}}, nil
		}})
}

func wants(t *testing.T, err error, kind errs.Kind) {
	t.Helper()
	if err == nil || errs.KindOf(err) != kind {
		t.Errorf("want %s, got %v", kind, err)
	}
}

func TestAnInspectionGoesFromItsWorkListToItsFollowUps(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h, s := newHouse(t, e)
		// One reads by day like everybody, one reads very much, at night.
		read := func(actor string, n int) {
			housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
				for range n {
					if err := h.Processing.Record(tx, processing.Line{Activity: cases.Activity, Act: "read", Actor: actor, Purpose: "communicate", Subjects: []string{"s"}, Elements: []string{"email"}}); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		e.Clock.Set(time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC))
		read("officer", 2)
		read("registrar", 3)
		e.Clock.Set(time.Date(2026, 11, 24, 16, 0, 0, 0, time.UTC)) // 23:00 in Bangkok
		read("thief", 40)
		e.Clock.Set(time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC))
		_, err := s.Begin(ctx, housetest.Registrar, cases.Activity)
		wants(t, err, errs.Forbidden)
		i, err := s.Begin(ctx, housetest.Head, cases.Activity)
		housetest.Must(t, err)
		for _, want := range []inspection.Look{{Kind: "reading", Who: "thief", Why: "many", Count: 40, Detail: "3"}, {Kind: "reading", Who: "thief", Why: "night", Count: 40}, {Kind: "check", Who: "retention", Why: "check", Count: 2, Detail: "overdue"}} {
			if !slices.Contains(i.WorkList.Looks, want) {
				t.Errorf("the work-list lacks %+v: %+v", want, i.WorkList.Looks)
			}
		}
		if i.WorkList.Readings != 45 || i.WorkList.Accounts == 0 {
			t.Errorf("%+v", i.WorkList)
		}
		_, err = s.Sign(ctx, housetest.Head, i.ID)
		wants(t, err, errs.Conflict) // there is no report
		report := inspection.Report{Looked: "บัญชีและการอ่าน", Found: "มีการอ่านผิดปกติ", Conclusion: "major"}
		_, err = s.Write(ctx, housetest.Head, i.ID, report, nil)
		wants(t, err, errs.Invalid) // what is bad is followed up
		due := e.Clock.Now().AddDate(0, 0, 14)
		_, err = s.Write(ctx, housetest.Head, i.ID, report, []inspection.Point{{Text: "ทบทวนสิทธิ", Owner: "nobody", DueAt: due}})
		wants(t, err, errs.Invalid)
		_, err = s.Write(ctx, housetest.Head, i.ID, report, []inspection.Point{{Text: "ทบทวนสิทธิ", Owner: "registrar", DueAt: due}})
		housetest.Must(t, err)
		other := policy.Actor{Account: "acting", Agency: "rayong", Roles: []string{"head"}, IsHead: true}
		_, err = s.Sign(ctx, other, i.ID)
		wants(t, err, errs.Forbidden)
		_, err = s.Sign(ctx, housetest.Head, i.ID)
		housetest.Must(t, err)
		_, err = s.Write(ctx, housetest.Head, i.ID, report, []inspection.Point{{Text: "อื่น", Owner: "registrar", DueAt: due}})
		wants(t, err, errs.Conflict)
		i, err = s.Get(ctx, housetest.Registrar, i.ID) // he has something to do
		if err != nil || !s.Verify(i) {
			t.Fatalf("%v, verifies: %v", err, s.Verify(i))
		}
		altered := i
		altered.Report.Found = "ไม่พบสิ่งผิดปกติ"
		if s.Verify(altered) {
			t.Error("an altered report passes")
		}
		_, err = s.Get(ctx, housetest.Officer, i.ID)
		wants(t, err, errs.NotFound)
		e.Clock.Advance(15 * 24 * time.Hour)
		if n, err := s.Late(ctx, cases.Activity, e.Clock.Now()); err != nil || n != 1 {
			t.Errorf("%d late: %v", n, err)
		}
		wants(t, s.Settle(ctx, housetest.Officer, i.ID, 1, "ทำแล้ว"), errs.Forbidden)
		housetest.Must(t, s.Settle(ctx, housetest.Registrar, i.ID, 1, "ยกเลิกบัญชีแล้ว"))
		wants(t, s.Settle(ctx, housetest.Registrar, i.ID, 1, "อีกครั้ง"), errs.Conflict)
		if i, err = s.Get(ctx, housetest.Head, i.ID); err != nil || !s.Verify(i) || i.Points[0].Done == "" {
			t.Errorf("%v %+v", err, i.Points)
		}
		next, err := s.Begin(ctx, housetest.Head, cases.Activity)
		if err != nil || !next.From.Equal(i.To) {
			t.Errorf("the next one looks from %s: %v", next.From, err)
		}
	})
}
