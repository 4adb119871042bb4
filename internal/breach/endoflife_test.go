package breach_test

import (
	"strings"
	"testing"
	"time"

	"prasan/internal/breach"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/policy"
	"prasan/internal/retention"
)

// over reports a breach, assesses it as no risk, and closes it.
func (h *house) over() breach.Breach {
	h.t.Helper()
	b := h.report(false)
	_, err := h.s.BeAware(ctx, dpo, b.ID)
	must(h.t, err)
	_, err = h.s.Assess(ctx, head, b.ID, weighed(breach.NoRisk), breach.Window{})
	must(h.t, err)
	_, err = h.s.Confirm(ctx, dpo, b.ID)
	must(h.t, err)
	b, err = h.s.Close(ctx, dpo, b.ID, "บทเรียนจากนางสาวมานี")
	must(h.t, err)
	return b
}

// destroyed runs the round of the year to its certificate.
func (h *house) destroyed(end breach.EndOfLife) retention.Certificate {
	h.t.Helper()
	o := h.office
	rounds := retention.New(retention.Deps{DB: h.e.DB, Vault: o.Vault, Audit: o.Audit, Jobs: o.Jobs, Record: func(string) *policy.Snapshot { return o.Record }, Within: func(a, b string) bool { return a == b || b == "ops" }, Now: h.e.Clock.Now, Letters: h.letters,
		Holders: []retention.Holder{end}, Terms: retention.Terms{SurveyDays: 60, ArchivesDays: 60, ExtendYears: 1, KeyDays: 14}})
	if n, err := rounds.OpenRounds(ctx, cases.Activity); err != nil || n != 1 {
		h.t.Fatalf("%d rounds opened: %v", n, err)
	}
	list, err := rounds.Rounds(ctx, housetest.Registrar)
	must(h.t, err)
	id := list[0].ID
	_, err = rounds.Survey(ctx, housetest.Registrar, id, retention.ByOrder)
	must(h.t, err)
	_, err = rounds.Decide(ctx, housetest.Registrar, id, retention.Decision{Decision: "destroy"})
	must(h.t, err)
	_, err = rounds.Order(ctx, housetest.Head, id, "9/2580")
	must(h.t, err)
	must(h.t, rounds.Execute(ctx, id))
	r, _, err := rounds.Get(ctx, housetest.Registrar, id, 0, 0)
	must(h.t, err)
	c, err := retention.VerifyCertificate([]byte(r.Certificate))
	must(h.t, err)
	return c
}

func TestReportsOfBreachesComeToTheirEndAndThatTheLawWasKeptStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		h.read()
		end := breach.EndOfLife{Service: h.s}
		b, open := h.over(), h.report(false)
		due := func(at time.Time) (n int) {
			must(t, e.DB.Read(ctx, func(tx *db.Tx) error {
				counts, err := end.Count(tx, at)
				n = counts["rayong"]
				return err
			}))
			return n
		}
		ten := b.ClosedAt.AddDate(10, 0, 0)
		if due(ten.Add(-time.Hour)) != 0 || due(ten) != 1 {
			t.Errorf("%d are due an hour before the time, %d at it", due(ten.Add(-time.Hour)), due(ten))
		}
		must(t, e.DB.InTx(ctx, func(tx *db.Tx) error { return end.Extend(tx, b.ID, ten.AddDate(1, 0, 0)) }))
		if due(ten) != 0 || due(ten.AddDate(1, 0, 0)) != 1 {
			t.Error("what is kept longer is due, or what is over is not")
		}
		e.Clock.Set(ten.AddDate(2, 0, 0))
		if c := h.destroyed(end); c.Counts["breach"] != (retention.Counts{Destroyed: 1}) || c.Unreadable != 1 {
			t.Errorf("the certificate says %+v, %d unreadable", c.Counts, c.Unreadable)
		}
		must(t, end.Erase(ctx, "round:2", []string{b.ID})) // once more
		_, err := h.s.Describe(ctx, dpo, b.ID)
		wants(t, err, errs.NotFound)
		left, err := h.s.Get(ctx, dpo, b.ID)
		must(t, err)
		if left.Assessment.Risk != breach.NoRisk || !left.AwareAt.Equal(b.AwareAt) || left.Impact.Subjects != b.Impact.Subjects || left.Assessment.Reasons+left.Lessons != "" || len(left.Impact.Actors) != 0 {
			t.Errorf("what is left: %+v", left)
		}
		if n := h.count(`SELECT COUNT(*) FROM breach_events WHERE body LIKE '%มานี%' OR body LIKE '%เหตุผล%'`); n != 0 {
			t.Errorf("%d lines of the history still tell", n)
		}
		if n := h.count(`SELECT COUNT(*) FROM processing_log WHERE act = 'erase' AND detail = 'destruction'`); n != 1 {
			t.Errorf("%d lines of the log", n)
		}
		// An older copy brings it back; a restore empties it again.
		must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
			var key string
			if err := tx.QueryRow(`SELECT subject_key FROM breaches WHERE id = $1`, []any{b.ID}, &key); err != nil {
				return err
			}
			if _, err := tx.Exec(`UPDATE breaches SET description = $1, lessons = 'old' WHERE id = $2`, []byte("old"), b.ID); err != nil {
				return err
			}
			return breach.Bury(tx, []string{"another", key})
		}))
		if gone, err := end.Gone(ctx, b.ID); err != nil || !gone {
			t.Errorf("an older copy brings it back: %v", err)
		}
		if text, err := h.s.Describe(ctx, dpo, open.ID); err != nil || !strings.Contains(text, "มานี") {
			t.Errorf("one that is not over: %v", err)
		}
	})
}
