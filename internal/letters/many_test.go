package letters_test

import (
	"sync"
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/housetest"
	"prasan/internal/letters"
)

// Sixty-four registrars at once: no number twice, none left out.
func TestManyRegistrarsNumberAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		const registrars, each = 64, 8
		began := time.Now()
		var wg sync.WaitGroup
		for range registrars {
			wg.Go(func() {
				for range each {
					if err := e.DB.InTx(ctx, func(tx *db.Tx) error {
						_, err := letters.Take(tx, "rayong", letters.Out, "ordinary", "x", "registrar")
						return err
					}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		t.Logf("%.0f numbers a second", registrars*each/time.Since(began).Seconds())
		var n, last int
		housetest.Must(t, o.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(DISTINCT number), MAX(number) FROM letter_numbers WHERE agency = 'rayong' AND direction = 'out'`, nil, &n, &last)
		}))
		if n != registrars*each || last != n {
			t.Errorf("%d numbers, the last is %d", n, last)
		}
	})
}
