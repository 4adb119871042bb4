package retention_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/retention"
)

var ctx = context.Background()

func must(t *testing.T, err error) {
	t.Helper()
	housetest.Must(t, err)
}

// office is an agency with closed cases, and its destruction rounds.
type office struct {
	t         *testing.T
	e         *dbtest.Engine
	cases     *cases.Service
	retention *retention.Service
	record    *policy.Snapshot
	refs      []string
	house     *housetest.House
	letters   *letters.Service
}

var registrar, head, stranger = housetest.Registrar, housetest.Head, housetest.Stranger

func newOffice(t *testing.T, e *dbtest.Engine, n int) *office {
	t.Helper()
	h := housetest.New(t, e, housetest.ContactUs())
	o := &office{t: t, e: e, cases: h.Cases, record: h.Record, house: h}
	var agencies *org.Directory
	o.letters, agencies = h.Correspond()
	o.keepsRounds(agencies)
	for i := range n {
		r := h.Receive(i, fmt.Sprintf("เรื่องลับที่ %d", i))
		h.Close(r.Reference)
		o.refs = append(o.refs, r.Reference)
	}
	return o
}

func (o *office) keepsRounds(agencies *org.Directory) {
	h := o.house
	o.retention = retention.New(retention.Deps{DB: o.e.DB, Vault: h.Vault, Audit: h.Audit, Jobs: h.Jobs, Record: func(string) *policy.Snapshot { return h.Record }, Within: func(a, b string) bool { return a == b || b == "ops" }, Now: o.e.Clock.Now, Letters: o.letters, Agencies: agencies,
		Holders: []retention.Holder{cases.EndOfLife{Service: h.Cases}}, Terms: retention.Terms{SurveyDays: 60, ArchivesDays: 60, ExtendYears: 1, KeyDays: 14}})
}

// to moves the clock to a day.
func (o *office) to(day string) {
	o.t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	must(o.t, err)
	o.e.Clock.Set(at)
}

func (o *office) theRound() retention.Round {
	o.t.Helper()
	list, err := o.retention.Rounds(ctx, registrar)
	must(o.t, err)
	if len(list) != 1 {
		o.t.Fatalf("%d rounds", len(list))
	}
	return list[0]
}

func wantKind(t *testing.T, err error, kind errs.Kind) {
	t.Helper()
	if err == nil || errs.KindOf(err) != kind {
		t.Errorf("want %s, got %v", kind, err)
	}
}

var three = []retention.Member{{Name: "ก", Position: "นักวิชาการ", Chair: true}, {Name: "ข", Position: "เจ้าพนักงาน"}, {Name: "ค", Position: "เจ้าพนักงาน"}}

func TestARoundGoesFromSurveyToCertificate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e, 5) // closed on 24 November 2026, due on 24 November 2036
		o.to("2036-12-31")
		if n, err := o.retention.OpenRounds(ctx, cases.Activity); err != nil || n != 0 {
			t.Fatalf("a round opened before the year's end: %d %v", n, err)
		}
		o.to("2037-01-02")
		for _, want := range []int{1, 0} { // once
			if n, err := o.retention.OpenRounds(ctx, cases.Activity); err != nil || n != want {
				t.Fatalf("%d rounds opened, want %d: %v", n, want, err)
			}
		}
		r := o.theRound()
		if r.Year != 2036 || r.SurveyBy.Sub(o.e.Clock.Now()) > 60*24*time.Hour {
			t.Errorf("%+v", r)
		}
		_, err := o.retention.Survey(ctx, stranger, r.ID, retention.ByCommittee)
		wantKind(t, err, errs.NotFound)
		_, err = o.retention.Order(ctx, head, r.ID, "1/2580")
		wantKind(t, err, errs.Conflict)
		_, err = o.retention.Survey(ctx, registrar, r.ID, retention.ByCommittee)
		must(t, err)
		_, list, err := o.retention.Get(ctx, registrar, r.ID, 0, 0)
		must(t, err)
		if len(list) != 5 {
			t.Fatalf("%d items in the list", len(list))
		}
		_, err = o.retention.NameCommittee(ctx, registrar, r.ID, three)
		wantKind(t, err, errs.Forbidden)
		_, err = o.retention.NameCommittee(ctx, head, r.ID, three[:2])
		wantKind(t, err, errs.Invalid)
		_, err = o.retention.NameCommittee(ctx, head, r.ID, three)
		must(t, err)
		_, err = o.retention.Decide(ctx, registrar, r.ID, retention.Decision{Items: []int{1}, Decision: "extend", Dissent: "กรรมการ ข เห็นควรทำลาย"})
		must(t, err)
		_, err = o.retention.Review(ctx, registrar, r.ID)
		wantKind(t, err, errs.Conflict)
		_, err = o.retention.Decide(ctx, registrar, r.ID, retention.Decision{Decision: "destroy"})
		must(t, err)
		_, err = o.retention.Review(ctx, registrar, r.ID)
		must(t, err)
		r, err = o.retention.Draft(ctx, registrar, r.ID)
		must(t, err)
		_, err = o.retention.Draft(ctx, registrar, r.ID)
		wantKind(t, err, errs.Conflict)
		l := o.house.Sign(o.letters, r.ArchivesLetterID, head)
		if o.theRound().State != retention.Reviewed {
			t.Error("the National Archives have the list before the letter has left")
		}
		must(t, e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := o.letters.DispatchIn(tx, registrar, l.ID, nil); return err }))
		if r = o.theRound(); r.State != retention.Archives || r.ArchivesLetter != l.NumberText || l.NumberText == "" {
			t.Errorf("%+v", r)
		}
		if name, file, err := o.retention.Enclosure(ctx, &l); err != nil || name != "form25-2579.pdf" || !bytes.HasPrefix(file, []byte("%PDF")) {
			t.Errorf("%v %s", err, name)
		}
		_, err = o.retention.Order(ctx, head, r.ID, "1/2580")
		wantKind(t, err, errs.Conflict) // the National Archives have 60 days
		_, err = o.retention.Place(ctx, head, retention.Hold{Kind: "case", ObjectID: list[4].ObjectID, Label: list[4].Label, Agency: "rayong", Reason: "คดีปกครอง", OrderNumber: "2/2580"})
		must(t, err)
		e.Clock.Advance(61 * 24 * time.Hour)
		_, err = o.retention.Order(ctx, head, r.ID, "1/2580")
		must(t, err)
		must(t, o.retention.Execute(ctx, r.ID))
		o.certified(r.ID, list)
	})
}

// certified looks at what a round has left.
func (o *office) certified(id string, list []retention.Item) {
	t := o.t
	t.Helper()
	r := o.theRound()
	c, err := retention.VerifyCertificate([]byte(r.Certificate))
	must(t, err)
	if n := c.Counts["case"]; n != (retention.Counts{Destroyed: 3, Extended: 1, Held: 1}) || c.OrderNumber != "1/2580" || c.Sampled != 3 || c.Unreadable != 3 {
		t.Errorf("%+v", c)
	}
	for _, name := range []string{"มานี", "0812345", "manee", o.refs[1]} {
		if strings.Contains(r.Certificate, name) {
			t.Errorf("the certificate names %s", name)
		}
	}
	if _, err := retention.VerifyCertificate([]byte(strings.Replace(r.Certificate, `"destroyed": 3`, `"destroyed": 2`, 1))); err == nil {
		t.Error("an altered certificate passes")
	}
	for i, ref := range o.refs {
		_, err := o.cases.Get(ctx, head, ref)
		kept := i == 0 || i == 4
		if kept != (err == nil) {
			t.Errorf("case %d: %v", i, err)
		}
	}
	// Once more does nothing more.
	must(t, o.retention.Execute(ctx, id))
	if again := o.theRound(); again.Certificate != r.Certificate {
		t.Error("the certificate has changed")
	}
	var n int
	must(t, o.e.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT n FROM destroyed_counts WHERE agency = 'rayong' AND year = 2036`, nil, &n)
	}))
	if n != 3 {
		t.Errorf("%d are counted as destroyed", n)
	}
}

func TestWhoAskedDoesNotOrder(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), 1)
	o.to("2037-01-02")
	_, err := o.retention.OpenRounds(ctx, cases.Activity)
	must(t, err)
	r := o.theRound()
	_, err = o.retention.Survey(ctx, head, r.ID, retention.ByOrder)
	must(t, err)
	_, err = o.retention.Decide(ctx, head, r.ID, retention.Decision{Decision: "destroy"})
	must(t, err)
	_, err = o.retention.Order(ctx, head, r.ID, "1/2580")
	wantKind(t, err, errs.Forbidden)
	_, err = o.retention.Order(ctx, registrar, r.ID, "1/2580")
	wantKind(t, err, errs.Forbidden)
	acting := policy.Actor{Account: "acting", Agency: "rayong", Roles: []string{"head"}, IsHead: true}
	_, err = o.retention.Order(ctx, acting, r.ID, "1/2580")
	must(t, err)
}

func TestARoundThatIsInterruptedGoesOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e, 6)
		o.to("2037-01-02")
		_, err := o.retention.OpenRounds(ctx, cases.Activity)
		must(t, err)
		r := o.theRound()
		_, err = o.retention.Survey(ctx, registrar, r.ID, retention.ByOrder)
		must(t, err)
		_, err = o.retention.Decide(ctx, registrar, r.ID, retention.Decision{Decision: "destroy"})
		must(t, err)
		_, err = o.retention.Order(ctx, head, r.ID, "1/2580")
		must(t, err)
		_, list, err := o.retention.Get(ctx, registrar, r.ID, 0, 0)
		must(t, err)
		// As after a crash between the destruction and its note: two are gone, one key is.
		must(t, cases.EndOfLife{Service: o.cases}.Erase(ctx, "round:"+r.ID, []string{list[0].ObjectID, list[1].ObjectID}))
		must(t, o.retention.Execute(ctx, r.ID))
		c, err := retention.VerifyCertificate([]byte(o.theRound().Certificate))
		if err != nil || c.Counts["case"].Destroyed != 6 {
			t.Errorf("%v %+v", err, c)
		}
	})
}

func TestTheCheckIsMadeAlsoWhenNothingIsDue(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e, 2)
		for day, made := range map[string]bool{"2026-12-01": true} {
			o.to(day)
			if got, err := o.retention.Monitor(ctx, cases.Activity); err != nil || got != made {
				t.Errorf("%s: %v %v", day, got, err)
			}
		}
		if again, err := o.retention.Monitor(ctx, cases.Activity); err != nil || again {
			t.Errorf("twice in a month: %v", err)
		}
		o.to("2038-02-01")
		_, err := o.retention.Monitor(ctx, cases.Activity)
		must(t, err)
		list, err := o.retention.Monitorings(ctx, cases.Activity, 10)
		must(t, err)
		if len(list) != 2 || list[1].Body.Due["case"] != 0 || list[0].Body.Due["case"] != 2 || list[0].Body.Overdue["case"] != 2 {
			t.Fatalf("%+v", list)
		}
		wantKind(t, o.retention.Sign(ctx, registrar, list[0].ID), errs.Forbidden)
		must(t, o.retention.Sign(ctx, head, list[0].ID))
		wantKind(t, o.retention.Sign(ctx, head, list[0].ID), errs.Conflict)
	})
}

func TestYearsEndAsTheRecordSays(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t), 1)
	o.record.Retention.Round = "fiscal-year-end"
	o.to("2037-09-29")
	if n, err := o.retention.OpenRounds(ctx, cases.Activity); err != nil || n != 0 {
		t.Errorf("the budget year 2036 ended before the case was due: %d %v", n, err)
	}
	o.e.Clock.Set(time.Date(2037, 9, 30, 17, 0, 0, 0, time.UTC)) // midnight of 1 October in Bangkok
	if n, err := o.retention.OpenRounds(ctx, cases.Activity); err != nil || n != 1 || o.theRound().Year != 2037 {
		t.Errorf("%d %v", n, err)
	}
}
