package processing_test

import (
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/processing"
)

// put writes lines whose ids are of an age, as if they had been written then.
func put(t *testing.T, e *dbtest.Engine, age time.Duration, act, purpose, elements string, from, to int) {
	t.Helper()
	err := e.DB.InTx(ctx, func(tx *db.Tx) error {
		for i := from; i < to; i++ {
			id := db.IDAt(time.Now().Add(-age).Add(time.Duration(i) * time.Millisecond))
			if _, err := tx.Exec(`INSERT INTO processing_log (id, at, activity, revision_id, act, actor, ground, purpose, subject, elements, detail) VALUES ($1, $2, 'contact-us', 'r2', $3, 'officer', '', $4, 's', $5, '')`, id, db.Micros(tx.Now()), act, purpose, elements); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestSumsAndWhatIsNotInThemYetGiveTheSameAsTheLog(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := processing.New(e.DB, nil, nil, nil, nil)
		observe := func() processing.Observed {
			o, err := s.Observe(ctx, "contact-us", "r2", dbtest.Start.AddDate(0, 0, -1))
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		same := func(when string) {
			t.Helper()
			if o := observe(); o.Lines != 30 || o.Collected["email"] != 30 || o.Collected["given_name"] != 20 || o.Purposes["communicate"] != 5 || o.For["communicate"] != 15 {
				t.Errorf("%s: %+v", when, o)
			}
		}
		put(t, e, time.Hour, "collect", "receive", "given_name,email", 0, 20)
		put(t, e, 50*time.Minute, "read", "communicate", "email", 0, 5)
		put(t, e, 0, "collect", "communicate", "email", 0, 10) // too young for the sums
		same("from the log")
		for range 2 { // again adds nothing
			if err := s.RollUp(ctx); err != nil {
				t.Fatal(err)
			}
			same("from the sums")
		}
		var rolled int
		if err := e.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT SUM(n) FROM processing_totals`, nil, &rolled)
		}); err != nil || rolled != 25 {
			t.Errorf("%d lines are in the sums: %v", rolled, err)
		}
	})
}
