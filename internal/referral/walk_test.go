package referral_test

import (
	"database/sql"
	"math/rand/v2"
	"slices"
	"testing"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/saraban"
)

// Any walk over both sides: what is not declared is refused and changes nothing, and what
// must always hold does.
func TestAnyWalkOverBothSidesKeepsItsPromises(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		r := rand.New(rand.NewPCG(25, 69))
		people := []policy.Actor{officer, head, registrar, diw, trat}
		for range 700 {
			w.stride(r, people[r.IntN(len(people))])
		}
		for range 400 { // what was enqueued is done
			if w.count(`SELECT COUNT(*) FROM dispatches WHERE state = 'queued'`) == 0 {
				break
			}
			w.pause()
		}
		w.sound()
		if w.count(`SELECT COUNT(*) FROM referrals WHERE state = 'published'`) == 0 || w.count(`SELECT COUNT(*) FROM letters_in`) < 5 {
			t.Errorf("the walk went nowhere: referrals %v, in %v, sent %v", w.ids(`SELECT state || ' ' || COUNT(*) FROM referrals GROUP BY state`), w.ids(`SELECT state || ' ' || COUNT(*) FROM letters_in GROUP BY state`), w.ids(`SELECT channel || ' ' || state || ' ' || COUNT(*) FROM dispatches GROUP BY channel, state`))
		}
	})
}

func (w *world) ids(query string) (out []string) {
	w.t.Helper()
	housetest.Must(w.t, w.house.Engine.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(query, nil, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			out = append(out, id)
			return err
		})
	}))
	return out
}

func (w *world) count(query string) (n int) {
	w.t.Helper()
	housetest.Must(w.t, w.house.Engine.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, nil, &n) }))
	return n
}

// stride does something that somebody might.
func (w *world) stride(r *rand.Rand, who policy.Actor) {
	w.t.Helper()
	one := func(query string) string {
		if all := w.ids(query); len(all) > 0 {
			return all[r.IntN(len(all))]
		}
		return "none"
	}
	letter, in, ref := one(`SELECT id FROM letters`), one(`SELECT id FROM letters_in`), one(`SELECT id FROM referrals`)
	acts := []struct {
		name string
		do   func() error
	}{
		{"refer", func() error {
			reference := one(`SELECT reference FROM cases`)
			if reference == "none" || r.IntN(3) == 0 {
				reference = w.receive().Reference
			}
			q := ask("message", "given_name")
			q.To = []string{"diw", "tisi", "oie"}[r.IntN(3)]
			_, _, err := w.Refer(ctx, who, reference, q)
			return err
		}},
		{"check", func() error { _, err := w.letters.Check(ctx, who, letter); return err }},
		{"approve", func() error { _, err := w.letters.Approve(ctx, who, letter, ""); return err }},
		{"classify", func() error { _, err := w.letters.Classify(ctx, who, letter, letters.Secrecies[r.IntN(4)]); return err }},
		{"number", func() error { _, err := w.letters.Number(ctx, who, letter, 0); return err }},
		{"cancel", func() error { _, err := w.letters.Cancel(ctx, who, letter, "ยกเลิก"); return err }},
		{"dispatch", func() error {
			_, _, err := w.exchange.Dispatch(ctx, who, letter, saraban.Sending{Channel: append([]saraban.Channel{""}, saraban.Channels...)[r.IntN(6)], Note: "ผู้เดินสาร"})
			return err
		}},
		{"confirm", func() error { _, err := w.exchange.Confirm(ctx, who, letter, "9/2569"); return err }},
		{"wrong", func() error { _, err := w.exchange.WrongNumber(ctx, who, letter); return err }},
		{"receive", func() error { _, err := w.exchange.Receive(ctx, who, in); return err }},
		{"accept", func() error { _, err := w.exchange.Accept(ctx, who, in); return err }},
		{"refuse", func() error {
			_, err := w.exchange.Refuse(ctx, who, in, []string{"reject", "invalid"}[r.IntN(2)], "ไม่ใช่")
			return err
		}},
		{"answer", func() error { _, err := w.exchange.Answer(ctx, who, in, "", "ตรวจแล้ว"); return err }},
		{"take down", func() error {
			_, err := w.Service.Answer(ctx, who, ref, "", "แจ้งทางโทรศัพท์", "")
			return err
		}},
		{"publish", func() error { _, err := w.Publish(ctx, who, ref, "แจ้งผล"); return err }},
		{"remind", func() error { _, err := w.Remind(ctx, who, ref); return err }},
	}
	a := acts[r.IntN(len(acts))]
	if r.IntN(6) == 0 {
		who, a = officer, acts[0]
	}
	if a.name == "cancel" && r.IntN(3) > 0 {
		a = acts[1]
	}
	if r.IntN(5) == 0 { // or at DIW, with what has come
		if in = one(`SELECT id FROM letters_in WHERE state IN ('arrived','registered','accepted')`); in != "none" {
			who, a = diw, acts[9+r.IntN(4)]
		}
	}
	if r.IntN(6) == 0 {
		if ref = one(`SELECT id FROM referrals WHERE state = 'answered'`); ref != "none" {
			who, a = officer, acts[14]
		}
	}
	if r.IntN(2) == 0 && letter != "none" { // go on with a letter the way people do
		for _, step := range []func() error{
			func() error { _, err := w.letters.Check(ctx, registrar, letter); return err },
			func() error { _, err := w.letters.Approve(ctx, head, letter, ""); return err },
			func() error { _, err := w.letters.Number(ctx, registrar, letter, 0); return err },
			func() error {
				_, _, err := w.exchange.Dispatch(ctx, registrar, letter, saraban.Sending{Note: "ผู้เดินสาร"})
				return err
			},
		} {
			w.fair("going on", step())
		}
	}
	w.fair(a.name, a.do())
}

// fair: an act is done or refused; it never fails.
func (w *world) fair(name string, err error) {
	w.t.Helper()
	if k := errs.KindOf(err); err != nil && !slices.Contains([]errs.Kind{errs.Conflict, errs.Invalid, errs.Forbidden, errs.NotFound}, k) {
		w.t.Fatalf("%s: %v", name, err)
	}
}

// sound is what always holds.
func (w *world) sound() {
	w.t.Helper()
	for what, query := range map[string]string{
		"numbers with a gap":                          `SELECT COUNT(*) FROM letter_series s WHERE s.last <> (SELECT COUNT(*) FROM letter_numbers n WHERE n.agency = s.agency AND n.direction = s.direction AND n.kind = s.kind AND n.year = s.year)`,
		"numbers of no letter":                        `SELECT COUNT(*) FROM letter_numbers n WHERE n.state = 'used' AND n.direction = 'out' AND NOT EXISTS (SELECT 1 FROM letters l WHERE l.id = n.letter_id AND l.number = n.number)`,
		"cancelled letters whose number is not burnt": `SELECT COUNT(*) FROM letters l JOIN letter_numbers n ON n.letter_id = l.id WHERE l.state = 'cancelled' AND n.state <> 'cancelled'`,
		"letters signed by who drafted them":          `SELECT COUNT(*) FROM letters WHERE approved_by = drafted_by`,
		"letters with a number and no hash":           `SELECT COUNT(*) FROM letters WHERE number > 0 AND content_hash IS NULL`,
		"sendings of referrals that are not logged":   `SELECT COUNT(*) FROM referrals r WHERE (SELECT COUNT(*) FROM dispatches d WHERE d.letter_id = r.letter_id) <> (SELECT COUNT(*) FROM disclosures x WHERE x.referral_id = r.id)`,
		"referrals sent whose letter has not left":    `SELECT COUNT(*) FROM referrals r JOIN letters l ON l.id = r.letter_id WHERE r.sent_at > 0 AND l.dispatched_at = 0`,
		"drafted referrals whose letter has left":     `SELECT COUNT(*) FROM referrals r JOIN letters l ON l.id = r.letter_id WHERE r.state IN ('drafted','recalled') AND l.dispatched_at > 0`,
		"answers that are not there":                  `SELECT COUNT(*) FROM referrals WHERE (answered_at > 0) <> (answer IS NOT NULL)`,
		"the same sending twice in an inbox":          `SELECT COUNT(*) FROM (SELECT dispatch_id FROM letters_in WHERE dispatch_id <> '' GROUP BY dispatch_id HAVING COUNT(*) > 1) x`,
		"local sendings that came nowhere":            `SELECT COUNT(*) FROM dispatches d WHERE d.channel = 'local' AND d.state <> 'queued' AND NOT EXISTS (SELECT 1 FROM letters_in i WHERE i.dispatch_id = d.id)`,
		"letters of the highest class not on paper":   `SELECT COUNT(*) FROM letters l JOIN dispatches d ON d.letter_id = l.id WHERE l.secrecy = 'top-secret' AND d.channel <> 'paper'`,
		"registered letters without their number":     `SELECT COUNT(*) FROM letters_in WHERE state IN ('registered','accepted','answered') AND number = 0`,
	} {
		if n := w.count(query); n != 0 {
			w.t.Errorf("%s: %d", what, n)
		}
	}
	for _, id := range w.ids(`SELECT id FROM letters`) {
		events, err := w.letters.History(ctx, head, id)
		housetest.Must(w.t, err)
		at := letters.Draft
		for _, e := range events[1:] {
			i := slices.IndexFunc(letters.Transitions, func(x letters.Transition) bool { return x.Action == e.Kind && slices.Contains(x.From, at) })
			if i < 0 {
				w.t.Errorf("letter %s: %s from %s is not declared", id, e.Kind, at)
				break
			}
			if to := letters.Transitions[i].To; to != "" {
				at = to
			}
		}
	}
	if rep, err := audit.Verify(ctx, w.house.Engine.DB, nil); err != nil || len(rep.Faults) > 0 {
		w.t.Errorf("audit: %+v %v", rep, err)
	}
}
