package rights_test

import (
	"strings"
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/rights"
)

func (o *office) due(e rights.EndOfLife, at time.Time) (ids []string) {
	o.T.Helper()
	must(o.T, o.Engine.DB.Read(ctx, func(tx *db.Tx) error {
		ids = nil
		counts, err := e.Count(tx, at)
		if err != nil {
			return err
		}
		// Page by page, one at a time.
		for after, due := "", (time.Time{}); ; {
			n := len(ids)
			if err := e.Due(tx, "rayong", at, due, after, 1, func(id, label string, _, d time.Time) {
				ids, after, due = append(ids, id), id, d
				if !strings.HasPrefix(label, "R-") {
					o.T.Errorf("in the list it is called %q", label)
				}
			}); err != nil {
				return err
			}
			if len(ids) == n {
				break
			}
		}
		if counts["rayong"] != len(ids) {
			o.T.Errorf("%v counted, %d listed", counts, len(ids))
		}
		return nil
	}))
	return ids
}

func TestRequestsComeToTheirEndAndTheRecordOfRefusalsStays(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		end := rights.EndOfLife{Service: o.rights}
		refused, open := o.ask(rights.Erasure, o.Receive(1, "เรื่องที่หนึ่ง")), o.ask(rights.Access, o.Receive(2, "เรื่องที่สอง"))
		taken := o.ask(rights.Access, o.Receive(3, "เรื่องที่สาม"))
		_, err := o.rights.Withdraw(ctx, taken.Reference, taken.Code)
		must(t, err)
		o.decide(refused.Reference, rights.Refused, "33")
		l, err := o.rights.Draft(ctx, housetest.DPO, refused.Reference)
		must(t, err)
		o.Sign(o.letters, l.ID, housetest.Head)
		_, err = o.rights.Answer(ctx, housetest.DPO, refused.Reference, "")
		must(t, err)
		must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE rights_requests SET consent_number = 'n' WHERE reference = $1`, refused.Reference)
			return err
		}))
		ten := e.Clock.Now().AddDate(10, 0, 0)
		if n := len(o.due(end, ten.Add(-time.Hour))); n != 0 {
			t.Errorf("%d are due before their time", n)
		}
		ids := o.due(end, ten)
		if len(ids) != 2 {
			t.Fatalf("%d are due; one is not answered yet", len(ids))
		}
		must(t, e.DB.InTx(ctx, func(tx *db.Tx) error { return end.Extend(tx, ids[0], ten.AddDate(1, 0, 0)) }))
		if got := o.due(end, ten); len(got) != 1 || got[0] != ids[1] {
			t.Errorf("%v are due after one was extended", got)
		}
		if n := len(o.due(end, ten.AddDate(1, 0, 0))); n != 2 {
			t.Errorf("%d are due a year later", n)
		}
		for range 2 {
			must(t, end.Erase(ctx, "round:1", ids))
		}
		for _, id := range ids {
			if gone, err := end.Gone(ctx, id); err != nil || !gone {
				t.Errorf("%s is not gone: %v", id, err)
			}
		}
		if n := len(o.due(end, ten.AddDate(50, 0, 0))); n != 0 {
			t.Errorf("%d are due once more", n)
		}
		// An older copy brings one back; a restore empties it again.
		must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
			var key string
			if err := tx.QueryRow(`SELECT subject_key FROM rights_requests WHERE id = $1`, []any{ids[0]}, &key); err != nil {
				return err
			}
			if _, err := tx.Exec(`UPDATE rights_requests SET statement = $1 WHERE id = $2`, []byte("old"), ids[0]); err != nil {
				return err
			}
			return rights.Bury(tx, []string{"another", key})
		}))
		if gone, err := end.Gone(ctx, ids[0]); err != nil || !gone {
			t.Errorf("an older copy brings it back: %v", err)
		}
		_, err = o.rights.Statement(ctx, housetest.DPO, refused.Reference)
		if err == nil {
			t.Error("what the person wrote is there")
		}
		_, _, err = o.rights.Find(ctx, refused.Reference, refused.Code, "1.2.3.4")
		wants(t, err, errs.NotFound)
		var told int
		must(t, e.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM audit WHERE body LIKE '%พิจารณาแล้ว%'`, nil, &told)
		}))
		if told != 0 {
			t.Errorf("%d lines of the audit still say why", told)
		}
		log, err := o.rights.Refusals(ctx, housetest.DPO)
		if err != nil || len(log) != 1 || log[0].Ground != "33" || len(log[0].Cases) != 0 {
			t.Errorf("the record of refusals: %v %+v", err, log)
		}
		if _, _, err := o.rights.Find(ctx, open.Reference, open.Code, "1.2.3.4"); err != nil {
			t.Errorf("one that is not over: %v", err)
		}
	})
}
