package cases_test

import (
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
)

func TestVerifyFindsWhatTheEngineDoesNot(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		whole := h.live()
		altered, moved, cut, keyless := h.submit(), h.submit(), h.in(cases.Answered), h.submit()
		rep, err := h.cases.Verify(ctx)
		must(t, err)
		if len(rep.Faults) != 0 || rep.Cases != 5 {
			t.Fatalf("%+v", rep)
		}
		h.exec(`UPDATE cases SET message = $1 WHERE id = $2`, []byte("bits that flipped"), altered.CaseID)
		h.exec(`UPDATE cases SET revision_id = 'another' WHERE id = $1`, moved.CaseID)
		h.exec(`DELETE FROM case_events WHERE case_id = $1 AND kind = 'answer'`, cut.CaseID)
		must(t, h.vault.Shred(ctx, h.line(keyless.Reference).SubjectKey))
		rep, err = h.cases.Verify(ctx)
		must(t, err)
		found := map[string]string{}
		for _, f := range rep.Faults {
			found[f.Reference] += f.What
		}
		for ref, want := range map[string]string{whole.Reference: "", altered.Reference: "altered", moved.Reference: "altered", cut.Reference: "events", keyless.Reference: "key"} {
			if found[ref] != want {
				t.Errorf("%s: %q, want %q", ref, found[ref], want)
			}
		}
	})
}

func TestASweepTakesNoKeyThatACaseUses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.submit()
		orphan, err := h.vault.NewSubject(ctx, e.Clock.Now())
		must(t, err)
		orphan.Kind = "case"
		must(t, h.vault.Keep(ctx, orphan))
		e.Clock.Advance(25 * time.Hour)
		must(t, cases.Sweep(h.cases, ctx))
		if has, err := h.vault.Has(ctx, []string{orphan.ID, h.line(r.Reference).SubjectKey}); err != nil || has[orphan.ID] || len(has) != 2 {
			t.Errorf("%v %v", has, err)
		}
		if _, err := h.cases.Get(ctx, officer, r.Reference); err != nil {
			t.Error(err)
		}
	})
}
