package retention_test

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"prasan/internal/blob"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/retention"
)

// ordered is a round by the head's order, about to be executed.
func (o *office) ordered(day string) (retention.Round, []retention.Item) {
	o.t.Helper()
	o.to(day)
	_, err := o.retention.OpenRounds(ctx, cases.Activity)
	must(o.t, err)
	r := o.theRound()
	_, err = o.retention.Survey(ctx, registrar, r.ID, retention.ByOrder)
	must(o.t, err)
	_, err = o.retention.Decide(ctx, registrar, r.ID, retention.Decision{Decision: "destroy"})
	must(o.t, err)
	r, err = o.retention.Order(ctx, head, r.ID, "1/2580")
	must(o.t, err)
	_, list, err := o.retention.Get(ctx, registrar, r.ID, 0, 0)
	must(o.t, err)
	return r, list
}

// dying is a holder whose process ends at the n-th erasure, after or before it is done.
type dying struct {
	retention.Holder
	left  *int
	after bool
}

var errDied = errors.New("killed")

func (d dying) Erase(ctx context.Context, actor string, ids []string) error {
	*d.left--
	if *d.left >= 0 {
		return d.Holder.Erase(ctx, actor, ids)
	}
	if d.after {
		if err := d.Holder.Erase(ctx, actor, ids); err != nil {
			return err
		}
	}
	return errDied
}

func TestWhereverARoundDiesItsCertificateIsTheSame(t *testing.T) {
	for name, after := range map[string]bool{"before the erasure": false, "after it, before it is noted": true} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, dbtest.SQLite(t), 4)
			r, _ := o.ordered("2037-01-02")
			holder, left := o.retention.Holders[0], 0
			o.retention.Holders[0] = dying{holder, &left, after}
			if err := o.retention.Execute(ctx, r.ID); !errors.Is(err, errDied) {
				t.Fatal(err)
			}
			if o.theRound().State != retention.Ordered {
				t.Error("a round that died is over")
			}
			o.retention.Holders[0] = holder
			must(t, o.retention.Execute(ctx, r.ID))
			c, err := retention.VerifyCertificate([]byte(o.theRound().Certificate))
			if err != nil || c.Counts["case"].Destroyed != 4 || c.Unreadable != 4 {
				t.Errorf("%v %+v", err, c)
			}
			var n int
			must(t, o.e.DB.Read(ctx, func(tx *db.Tx) error {
				return tx.QueryRow(`SELECT n FROM destroyed_counts WHERE year = 2036`, nil, &n)
			}))
			if n != 4 {
				t.Errorf("%d are counted", n)
			}
		})
	}
}

func TestAHoldComesInTimeOrIsRefused(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), 3)
	r, list := o.ordered("2037-01-02")
	hold := func(i int) error {
		_, err := o.retention.Place(ctx, head, retention.Hold{Kind: "case", ObjectID: list[i].ObjectID, Label: list[i].Label, Agency: "rayong", Reason: "คดี", OrderNumber: "2/2580"})
		return err
	}
	must(t, hold(0)) // after the order, before the destruction
	holder, left := o.retention.Holders[0], 0
	o.retention.Holders[0] = dying{holder, &left, true}
	_ = o.retention.Execute(ctx, r.ID)
	wantKind(t, hold(1), errs.Conflict) // it is being destroyed
	o.retention.Holders[0] = holder
	must(t, o.retention.Execute(ctx, r.ID))
	c, err := retention.VerifyCertificate([]byte(o.theRound().Certificate))
	if err != nil || c.Counts["case"] != (retention.Counts{Destroyed: 2, Held: 1}) {
		t.Errorf("%v %+v", err, c.Counts)
	}
	if _, err := o.cases.Get(ctx, head, o.refs[0]); err != nil {
		t.Errorf("what is held is gone: %v", err)
	}
}

// mute is a store whose process ends when it is asked what it has.
type mute struct{ retention.Holder }

func (mute) Due(*db.Tx, string, time.Time, time.Time, string, int, func(id, label string, closed, due time.Time)) error {
	return errDied
}

func TestASurveyThatDiesIsMadeAnew(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), 3)
	o.to("2037-01-02")
	_, err := o.retention.OpenRounds(ctx, cases.Activity)
	must(t, err)
	r := o.theRound()
	holder := o.retention.Holders[0]
	o.retention.Holders = []retention.Holder{holder, mute{holder}} // the second store dies
	if _, err = o.retention.Survey(ctx, registrar, r.ID, retention.ByOrder); !errors.Is(err, errDied) || o.theRound().State != retention.Opened {
		t.Fatalf("%v, %s", err, o.theRound().State)
	}
	o.retention.Holders = o.retention.Holders[:1]
	for range 2 { // and again
		_, err = o.retention.Survey(ctx, registrar, r.ID, retention.ByOrder)
		must(t, err)
	}
	if _, list, err := o.retention.Get(ctx, registrar, r.ID, 0, 0); err != nil || len(list) != 3 {
		t.Errorf("%d items: %v", len(list), err)
	}
}

func TestWhatWasDestroyedDoesNotComeBackByImport(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e, 0)
		old := cases.Old{Site: "rayong.industry.test", Topic: "problem", Channel: "web", Lang: "th", Number: "WEB-2559-0001", Message: "เรื่องจากระบบเดิม", Sender: map[string]string{"given_name": "มานี", "email": "manee@example.com"}, Result: "done",
			ReceivedAt: time.Date(2016, 3, 1, 3, 0, 0, 0, time.UTC), ClosedAt: time.Date(2016, 3, 20, 3, 0, 0, 0, time.UTC)}
		reference, err := o.cases.Import(ctx, head, old)
		must(t, err)
		d, err := o.cases.Get(ctx, head, reference)
		must(t, err)
		if d.State != cases.Closed || !d.DestroyAt.Equal(old.ClosedAt.AddDate(10, 0, 0)) || d.Message != old.Message {
			t.Errorf("%+v", d.Case)
		}
		if rep, err := o.cases.Verify(ctx); err != nil || len(rep.Faults) != 0 {
			t.Errorf("%v %+v", err, rep)
		}
		_, err = o.cases.Import(ctx, stranger, old)
		wantKind(t, err, errs.Forbidden)
		r, _ := o.ordered("2027-01-02")
		must(t, o.retention.Execute(ctx, r.ID))
		_, err = o.cases.Import(ctx, head, old)
		wantKind(t, err, errs.Conflict)
	})
}

func TestFormTwentyFiveIsPrintedOnItsSide(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), 2)
	r, _ := o.ordered("2037-01-02")
	var out bytes.Buffer
	must(t, o.retention.Form25(ctx, registrar, r.ID, &out))
	if !bytes.HasPrefix(out.Bytes(), []byte("%PDF")) || !bytes.Contains(out.Bytes(), []byte("/MediaBox [0 0 841")) {
		t.Error("it is no page of A4 on its side")
	}
	err := o.retention.Form25(ctx, stranger, r.ID, &out)
	wantKind(t, err, errs.NotFound)
}

func TestDatesOfDestructionAtTheEdgesOfTheCalendar(t *testing.T) {
	s := policy.Snapshot{Retention: policy.Retention{Years: 10, Anchor: "case.closed_at"}}
	bangkok := time.FixedZone("+07", 7*3600)
	for closed, due := range map[time.Time]time.Time{
		time.Date(2028, 2, 29, 12, 0, 0, 0, bangkok):   time.Date(2038, 2, 28, 12, 0, 0, 0, bangkok), // the last day of the month (Civil and Commercial Code s.193/5)
		time.Date(2026, 12, 31, 23, 59, 0, 0, bangkok): time.Date(2036, 12, 31, 23, 59, 0, 0, bangkok),
		time.Date(2027, 1, 1, 0, 0, 0, 0, bangkok):     time.Date(2037, 1, 1, 0, 0, 0, 0, bangkok),
	} {
		if got := s.DueAt(closed.UTC()); !got.Equal(due) {
			t.Errorf("closed %s, due %s, want %s", closed, got, due)
		}
	}
	// What was closed a minute before the year's end in Bangkok is of that year's round.
	o := newOffice(t, dbtest.SQLite(t), 0)
	o.e.Clock.Set(time.Date(2027, 1, 10, 3, 0, 0, 0, time.UTC))
	for i, at := range []time.Time{time.Date(2016, 12, 31, 23, 59, 0, 0, bangkok), time.Date(2017, 1, 1, 0, 1, 0, 0, bangkok)} {
		_, err := o.cases.Import(ctx, head, cases.Old{Site: "rayong.industry.test", Topic: "problem", Channel: "web", Lang: "th", Number: "N-" + string(rune('0'+i)), Message: "เรื่อง", Sender: map[string]string{"given_name": "มานี", "email": "manee@example.com"}, ReceivedAt: at.AddDate(0, -1, 0), ClosedAt: at})
		must(t, err)
	}
	_, err := o.retention.OpenRounds(ctx, cases.Activity)
	must(t, err)
	r := o.theRound()
	_, err = o.retention.Survey(ctx, registrar, r.ID, retention.ByOrder)
	must(t, err)
	if _, list, err := o.retention.Get(ctx, registrar, r.ID, 0, 0); err != nil || len(list) != 1 || r.Year != 2026 {
		t.Errorf("year %d, %d items: %v", r.Year, len(list), err)
	}
}

func TestAClockThatJumpsBackMakesNothingTwice(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), 1)
	for _, day := range []string{"2037-01-02", "2036-12-30", "2037-01-03"} {
		o.to(day)
		_, err := o.retention.OpenRounds(ctx, cases.Activity)
		must(t, err)
		_, err = o.retention.Monitor(ctx, cases.Activity)
		must(t, err)
	}
	o.theRound() // one
	if list, err := o.retention.Monitorings(ctx, cases.Activity, 10); err != nil || len(list) != 2 {
		t.Errorf("%d checks: %v", len(list), err)
	}
}

func TestAFullDiskStopsARoundAndItGoesOnWhenThereIsRoom(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), 3)
	r, _ := o.ordered("2037-01-02")
	pages := func(n int) {
		must(t, o.e.DB.InTx(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`PRAGMA max_page_count = `+strconv.Itoa(n), nil, &n)
		}))
	}
	pages(1) // as many as there are
	var err error
	for range 200 { // until the free pages are used up
		if err = o.e.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2)`, db.NewID(), strings.Repeat("x", 100_000))
			return err
		}); err != nil {
			break
		}
	}
	if err == nil {
		t.Fatal("the disk is not full")
	}
	failed := o.retention.Execute(ctx, r.ID)
	state := o.theRound().State
	pages(1 << 30)
	if failed != nil && state != retention.Ordered {
		t.Errorf("half done: %s after %v", state, failed)
	}
	must(t, o.retention.Execute(ctx, r.ID))
	c, err := retention.VerifyCertificate([]byte(o.theRound().Certificate))
	if err != nil || c.Counts["case"].Destroyed != 3 || c.Unreadable != 3 {
		t.Errorf("%v %+v", err, c)
	}
}

func TestAFileThatTwoCasesHaveStaysUntilTheLastOfThemGoes(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), 2)
	files := o.house.Cases.Files.(*blob.Files)
	staged, err := files.Stage(ctx, "plan.txt", strings.NewReader("แผนที่สังเขป"))
	must(t, err)
	must(t, files.Adopt(ctx, staged.ID))
	must(t, o.e.DB.InTx(ctx, func(tx *db.Tx) error {
		for i, reference := range o.refs {
			if _, err := tx.Exec(`INSERT INTO attachments (id, case_id, event_id, name, type, size, sha256, blob, key_sealed, created_at) SELECT $1, cases.id, case_events.id, $2, 'text/plain', 1, $3, $4, $5, 1 FROM cases JOIN case_events ON case_id = cases.id AND seq = 1 WHERE reference = $6`,
				strconv.Itoa(i), []byte("n"), []byte("h"), staged.ID, []byte("k"), reference); err != nil {
				return err
			}
		}
		return nil
	}))
	open := func() error {
		f, err := files.Open(ctx, staged.ID, staged.Key)
		if err == nil {
			f.Close()
		}
		return err
	}
	_, list := o.ordered("2037-01-02")
	end := cases.EndOfLife{Service: o.cases}
	must(t, end.Erase(ctx, "test", []string{list[0].ObjectID}))
	if err := open(); err != nil {
		t.Errorf("the other case has lost its file: %v", err)
	}
	must(t, end.Erase(ctx, "test", []string{list[1].ObjectID}))
	wantKind(t, open(), errs.NotFound)
}
