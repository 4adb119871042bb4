package audit_test

import (
	"context"
	"strconv"
	"testing"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
)

var ctx = context.Background()

func TestAVerificationGoesOnFromWhereOneHasBeen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		log := audit.New("further")
		add := func(n int) {
			t.Helper()
			if err := e.DB.InTx(ctx, func(tx *db.Tx) error {
				for range n {
					if err := log.Append(tx, audit.Event{Actor: "a", Action: "x.y", Object: "o"}); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		from := func(heads map[string]audit.Head) (audit.Report, map[string]audit.Head) {
			t.Helper()
			r, came, err := audit.VerifyFrom(ctx, e.DB, nil, heads)
			if err != nil {
				t.Fatal(err)
			}
			return r, came
		}
		harm := func(text string) {
			t.Helper()
			if err := e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(text); return err }); err != nil {
				t.Fatal(err)
			}
		}
		add(5)
		_, heads := from(nil)
		add(3)
		r, came := from(heads)
		if r.Lines != 3 || len(r.Faults) != 0 || len(came) == 0 {
			t.Errorf("%+v", r)
		}
		grown, known := "", ""
		for chain, h := range came {
			if h.Seq > heads[chain].Seq {
				grown = chain
			}
			if heads[chain].Seq > 0 {
				known = chain
			}
		}
		harm(`UPDATE audit SET actor = 'b' WHERE chain = '` + grown + `' AND seq = ` + strconv.FormatInt(came[grown].Seq, 10))
		if r, _ := from(heads); len(r.Faults) != 1 || r.Faults[0].What != "altered" {
			t.Errorf("a line that was added since: %+v", r.Faults)
		}
		if r, _ := from(came); len(r.Faults) != 0 {
			t.Errorf("what lies before the head is not read again: %+v", r.Faults)
		}
		harm(`DELETE FROM audit WHERE chain = '` + known + `' AND seq >= ` + strconv.FormatInt(heads[known].Seq, 10))
		if r, _ := from(heads); len(r.Faults) == 0 {
			t.Error("a head that is gone is not missed")
		}
		harm(`DELETE FROM audit`)
		if r, _ := from(heads); len(r.Faults) == 0 {
			t.Error("a chain that is gone is not missed")
		}
	})
}
