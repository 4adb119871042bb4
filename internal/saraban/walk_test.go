package saraban_test

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/letters"
	"prasan/internal/saraban"
	"prasan/internal/saraban/ecms"
)

// flaky is a node on a bad line: what is asked of it may not reach it, and what it answers
// may be lost.
type flaky struct {
	ecms.Exchange
	mu sync.Mutex
	r  *rand.Rand
	ok bool // the line is good
}

func (f *flaky) fails() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.ok && f.r.IntN(4) == 0
}

func (f *flaky) heal(ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ok = ok
}

func over[T any](f *flaky, do func() (T, error)) (T, error) {
	var none T
	lost := errs.New(errs.Unavailable, "error.ecms-unreachable")
	if f.fails() {
		return none, lost
	}
	out, err := do()
	if f.fails() {
		return none, lost
	}
	return out, err
}

func (f *flaky) Send(ctx context.Context, org string, l *ecms.Letter) (ecms.Receipt, error) {
	return over(f, func() (ecms.Receipt, error) { return f.Exchange.Send(ctx, org, l) })
}
func (f *flaky) Notify(ctx context.Context, org string, n ecms.Notice) (ecms.Receipt, error) {
	return over(f, func() (ecms.Receipt, error) { return f.Exchange.Notify(ctx, org, n) })
}
func (f *flaky) Head(ctx context.Context, org string) (*ecms.Item, error) {
	return over(f, func() (*ecms.Item, error) { return f.Exchange.Head(ctx, org) })
}
func (f *flaky) Remove(ctx context.Context, org, id string) (ecms.Receipt, error) {
	return over(f, func() (ecms.Receipt, error) { return f.Exchange.Remove(ctx, org, id) })
}
func (f *flaky) Delete(ctx context.Context, org string, r ecms.Ref) (ecms.Receipt, error) {
	return over(f, func() (ecms.Receipt, error) { return f.Exchange.Delete(ctx, org, r) })
}
func (f *flaky) Statuses(ctx context.Context, org, letter string) ([]ecms.Status, error) {
	return over(f, func() ([]ecms.Status, error) { return f.Exchange.Statuses(ctx, org, letter) })
}

// settle lets an hour pass, so that what failed is tried again, and fetches what waits.
func (r *registry) settle() {
	r.t.Helper()
	r.house.Engine.Clock.Advance(time.Hour)
	r.Jobs.Wake()
	r.work()
	_ = r.Poll(ctx) // the line may be bad
	r.work()
}

// Any walk of two installations over bad lines: each letter arrives exactly once, numbers
// have no gap, both sides say the same in the end, and only what is declared happens.
func TestAnyWalkOfTwoInstallationsOverABadLineKeepsItsPromises(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		from, to, _ := pair(t, e, dbtest.SQLite(t))
		r := rand.New(rand.NewPCG(11, 25))
		lines := []*flaky{{Exchange: from.Nodes[rayongECMS], r: rand.New(rand.NewPCG(1, 2))}, {Exchange: to.Node(), r: rand.New(rand.NewPCG(3, 4))}}
		from.Nodes[rayongECMS], to.Nodes = lines[0], map[string]ecms.Exchange{diwECMS: lines[1]}
		var sent []string
		for n := range 160 {
			pick := func(all []string) string { return all[r.IntN(len(all))] }
			in := to.ids(`SELECT id FROM letters_in`)
			switch k := r.IntN(9); {
			case n < 8 || k == 0:
				l := from.letter(letters.NoSecrecy)
				_, _, err := from.Dispatch(ctx, sender, l.ID, saraban.Sending{Channel: saraban.ECMS})
				housetest.Must(t, err)
				sent = append(sent, l.ID)
			case k == 1: // one that came back, or that was not taken, is sent again
				_, _, err := from.Dispatch(ctx, sender, pick(sent), saraban.Sending{Channel: saraban.ECMS})
				from.fair(err)
			case k == 2:
				_, err := from.WrongNumber(ctx, sender, pick(sent))
				from.fair(err)
			case k < 7 && len(in) > 0:
				act := []func(id string) error{
					func(id string) error { _, err := to.Receive(ctx, diw, id); return err },
					func(id string) error { _, err := to.Accept(ctx, diw, id); return err },
					func(id string) error { _, err := to.Refuse(ctx, diw, id, "reject", "ไม่ใช่"); return err },
					func(id string) error { _, err := to.Answer(ctx, diw, id, "", "ตรวจแล้ว"); return err },
				}[r.IntN(4)]
				to.fair(act(pick(in)))
			case k == 7:
				from.settle()
			default:
				to.settle()
			}
		}
		for _, l := range lines {
			l.heal(true)
		}
		for range 12 {
			from.settle()
			to.settle()
		}
		from.promises(to, sent)
	})
}

func (r *registry) fair(err error) {
	r.t.Helper()
	if k := errs.KindOf(err); err != nil && k != errs.Conflict && k != errs.Invalid && k != errs.NotFound {
		r.t.Fatal(err)
	}
}

func (r *registry) ids(query string, args ...any) (out []string) {
	r.t.Helper()
	housetest.Must(r.t, r.house.Engine.DB.Read(ctx, func(tx *db.Tx) error {
		out = nil
		return tx.Each(query, args, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			out = append(out, id)
			return err
		})
	}))
	return out
}

// promises are what must hold on both sides when the lines are good and all is quiet.
func (r *registry) promises(to *registry, sent []string) {
	r.t.Helper()
	came := map[string][]saraban.In{}
	all, err := to.ListIn(ctx, diw, saraban.FilterIn{Limit: 10000})
	housetest.Must(r.t, err)
	for _, i := range all {
		came[i.Number] = append(came[i.Number], i)
	}
	for _, id := range sent {
		l, err := r.letters.Get(ctx, sender, id)
		housetest.Must(r.t, err)
		tries, err := r.Dispatches(ctx, sender, id)
		housetest.Must(r.t, err)
		if got := came[l.NumberText]; len(got) != len(tries) {
			r.t.Errorf("%s was sent %d times and came %d times: %+v", l.NumberText, len(tries), len(got), tries)
			continue
		}
		slices.SortFunc(came[l.NumberText], func(a, b saraban.In) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
		for n, d := range tries {
			i := &came[l.NumberText][n]
			// Notices have no id: one that is repeated after its number was disputed cannot be
			// told from a new one. The receiver's register is right.
			events, err := to.HistoryIn(ctx, diw, i.ID)
			housetest.Must(r.t, err)
			if slices.ContainsFunc(events, func(e letters.Event) bool { return e.Kind == "dispute" }) && d.AcceptNumber == i.ReceiptText() {
				continue
			}
			r.agree(&d, i)
		}
	}
	for _, side := range []*registry{r, to} {
		if gaps := side.ids(`SELECT s.agency FROM letter_series s WHERE s.last <> (SELECT COUNT(*) FROM letter_numbers n WHERE n.agency = s.agency AND n.direction = s.direction AND n.kind = s.kind AND n.year = s.year)`); len(gaps) > 0 {
			r.t.Errorf("numbers with a gap: %v", gaps)
		}
		if queued := side.ids(`SELECT id FROM dispatches WHERE state = 'queued'`); len(queued) > 0 {
			r.t.Errorf("%d are still queued", len(queued))
		}
	}
	for _, i := range all {
		events, err := to.HistoryIn(ctx, diw, i.ID)
		housetest.Must(r.t, err)
		at := saraban.Arrived
		for _, e := range events[1:] {
			n := slices.IndexFunc(saraban.Steps, func(s saraban.Step) bool { return s.Action == e.Kind && slices.Contains(s.From, at) })
			if n < 0 {
				r.t.Errorf("%s from %s is not declared", e.Kind, at)
				break
			}
			if step := saraban.Steps[n].To; step != "" {
				at = step
			}
		}
	}
}

// agree: what the sender knows of a letter is what the receiver did with it.
func (r *registry) agree(d *saraban.Dispatch, i *saraban.In) {
	r.t.Helper()
	ok := false
	switch i.State {
	case saraban.Arrived, saraban.Registered:
		ok = d.State == saraban.Delivered
	case saraban.AcceptedIn:
		ok = d.State == saraban.Accepted && d.AcceptNumber == i.ReceiptText()
	case saraban.RejectedIn:
		ok = d.State == saraban.Rejected
	case saraban.AnsweredLetter: // an answer over e-CMS is a letter of its own
		ok = d.State == saraban.Delivered || d.State == saraban.Accepted
	}
	if !ok {
		r.t.Errorf("%s: the sender has %s %q, the receiver %s %q", i.Number, d.State, d.AcceptNumber, i.State, i.ReceiptText())
	}
}
