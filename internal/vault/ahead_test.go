package vault_test

import (
	"sync"
	"testing"
	"time"

	"prasan/internal/db/dbtest"
	"prasan/internal/vault/keyring"
)

func TestKeysThatAreMadeAheadAreDurableAndGivenOnce(t *testing.T) {
	dbtest.EachOf(t, keyring.Files, func(t *testing.T, e *dbtest.Engine) {
		v, _ := open(t, e, 1)
		var mu sync.Mutex
		var wg sync.WaitGroup
		seen := map[string]bool{}
		for range 8 {
			wg.Go(func() {
				for range 40 {
					s, err := v.NewKept(ctx, "case", dbtest.Start)
					if err != nil {
						t.Error(err)
						return
					}
					kept, err := v.Subject(ctx, s.ID)
					if err != nil || string(kept.Seal("a", []byte("x"))) == "" {
						t.Errorf("a key that was given is not in the keyring: %v", err)
					}
					mu.Lock()
					if seen[s.ID] {
						t.Errorf("%s was given twice", s.ID)
					}
					seen[s.ID] = true
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(seen) != 320 {
			t.Errorf("%d keys", len(seen))
		}
	})
}

func TestAKeyMadeAheadIsNotUsedLaterOrInAnotherYear(t *testing.T) {
	dbtest.EachOf(t, keyring.Files, func(t *testing.T, e *dbtest.Engine) {
		v, _ := open(t, e, 1)
		newYear := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
		stock := func(at time.Time) { // in haste, so that some are left
			for range 6 {
				if _, err := v.NewKept(ctx, "case", at); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, x := range []struct{ made, asked time.Time }{
			{newYear.Add(-time.Minute), newYear.Add(time.Minute)},
			{newYear.Add(time.Minute), newYear.Add(2 * time.Hour)},
			{newYear.Add(3 * time.Hour), newYear.Add(-time.Hour)}, // a clock that was put back
		} {
			stock(x.made)
			s, err := v.NewKept(ctx, "case", x.asked)
			if err != nil {
				t.Fatal(err)
			}
			old, err := v.Has(ctx, []string{s.ID})
			if err != nil || !old[s.ID] {
				t.Fatalf("%v, %v", old, err)
			}
			if made := madeAt(t, e, s.ID); !made.Equal(x.asked) {
				t.Errorf("asked for at %s, a key of %s was given", x.asked, made)
			}
		}
		// A kind has its own: the sweep of one must not find those of another.
		stock(newYear)
		s, err := v.NewKept(ctx, "mail", newYear)
		if err != nil || s.Kind != "mail" {
			t.Errorf("kind %q, %v", s.Kind, err)
		}
	})
}

func madeAt(t *testing.T, e *dbtest.Engine, id string) time.Time {
	t.Helper()
	var at int64
	if err := e.DB.Row(ctx, `SELECT created_at FROM subjects WHERE id = $1`, []any{id}, &at); err != nil {
		t.Fatal(err)
	}
	return time.UnixMicro(at).UTC()
}
