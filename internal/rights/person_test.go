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

func (o *office) proof(way, value string) *rights.Proof {
	return &rights.Proof{Way: way, At: o.Engine.Clock.Now(), Digests: [][]byte{o.Cases.Digest(way, value)}}
}

func TestWhoProvesAnAddressAsksAboutEveryCaseInWhichItStands(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		first, other := o.Receive(1, "เรื่องแรกของมานี"), o.Receive(2, "เรื่องของผู้อื่น")
		again := o.again("เรื่องที่สองของมานี")
		got, err := o.rights.Submit(ctx, rights.Submission{Right: rights.Access, Channel: "web", Lang: "th", Proof: o.proof("email", "Manee1@example.com")})
		must(t, err)
		r, err := o.rights.Get(ctx, housetest.DPO, got.Reference)
		must(t, err)
		if list := r.Mine(); len(list) != 2 || list[0] != again || list[1] != first.Reference || r.Identity != "email" || r.Agency != housetest.Agency {
			t.Fatalf("%v %s %s", list, r.Identity, r.Agency)
		}
		o.decide(got.Reference, rights.Granted, "")
		pack := o.copy(got)
		text := unpack(t, pack, "data.json") + unpack(t, pack, "ข้อมูลของท่าน-your-data.html")
		for _, want := range []string{"เรื่องแรกของมานี", "เรื่องที่สองของมานี"} {
			if strings.Count(text, want) != 2 {
				t.Errorf("the copy lacks %q for people or machines", want)
			}
		}
		if strings.Contains(text, "เรื่องของผู้อื่น") || strings.Contains(text, other.Reference) {
			t.Error("the copy has somebody else's case")
		}
	})
}

// again sends another case of the first sender.
func (o *office) again(text string) string {
	o.T.Helper()
	r := o.Receive(3, text)
	must(o.T, o.Engine.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`INSERT INTO case_index (digest, case_id) SELECT $1, id FROM cases WHERE reference = $2`, o.Cases.Digest("email", "manee1@example.com"), r.Reference)
		return err
	}))
	return r.Reference
}

func TestWhoHasNothingIsToldSo(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	got, err := o.rights.Submit(ctx, rights.Submission{Right: rights.Access, Channel: "web", Lang: "th", Proof: o.proof("email", "nobody@example.com")})
	must(t, err)
	o.decide(got.Reference, rights.Granted, "")
	if text := unpack(t, o.copy(got), "data.json"); !strings.Contains(text, `"cases": null`) {
		t.Error(text)
	}
}

func TestAPersonTakesHisRequestBackAndOnlyWhatItRestrictedIsReleased(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		mine := o.Receive(1, "เรื่องที่หนึ่ง")
		first, second := o.ask(rights.Objection, mine), o.ask(rights.Objection, mine)
		_, err := o.rights.Withdraw(ctx, first.Reference, second.Code)
		wants(t, err, errs.NotFound)
		_, err = o.rights.Withdraw(ctx, first.Reference, first.Code)
		must(t, err)
		_, err = o.Cases.Sender(ctx, housetest.Head, mine.Reference, "communicate")
		if errs.KindOf(err) != errs.Forbidden {
			t.Errorf("the other objection no longer restricts: %v", err)
		}
		_, err = o.rights.Withdraw(ctx, first.Reference, first.Code)
		wants(t, err, errs.Conflict)
		_, err = o.rights.Withdraw(ctx, second.Reference, second.Code)
		must(t, err)
		if _, err = o.Cases.Sender(ctx, housetest.Head, mine.Reference, "communicate"); err != nil {
			t.Errorf("nothing restricts any more, but: %v", err)
		}
		_, err = o.rights.Decide(ctx, housetest.DPO, second.Reference, rights.Decision{Outcome: rights.Granted, Reasons: "x"})
		wants(t, err, errs.Conflict)
	})
}

func TestGuessingIsSlowedDownAlikeForWhatThereIsAndIsNot(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	r := o.ask(rights.Access, o.Receive(1, "เรื่องที่หนึ่ง"))
	for _, reference := range []string{r.Reference, "R-AAA-AAA-AAA"} {
		var last error
		n := 0
		for ; n < 40; n++ {
			if _, _, last = o.rights.Find(ctx, reference, "AAAA-AAAA-AAAA", "addr-"+reference); errs.KindOf(last) != errs.NotFound {
				break
			}
		}
		if errs.KindOf(last) != errs.TooMany || n != 20 {
			t.Errorf("%s: after %d attempts %v", reference, n, last)
		}
	}
	// The right code from elsewhere has to wait as well: the number of attempts is the request's.
	_, _, err := o.rights.Find(ctx, r.Reference, r.Code, "elsewhere")
	wants(t, err, errs.TooMany)
	o.Engine.Clock.Advance(61 * time.Minute)
	_, _, err = o.rights.Find(ctx, r.Reference, r.Code, "elsewhere")
	must(t, err)
}

func TestTheSameRequestTenTimesOver(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	mine := o.Receive(1, "บัตรประชาชน 1-2345-67890-12-1")
	for i := range 10 {
		r := o.ask(rights.Erasure, mine)
		o.decide(r.Reference, rights.Partly, "33")
		done, err := o.rights.Execute(ctx, housetest.DPO, r.Reference, rights.Order{})
		must(t, err)
		history, err := o.rights.History(ctx, housetest.DPO, done.Reference)
		must(t, err)
		want := "0"
		if i == 0 {
			want = "1"
		}
		if got := history[len(history)-1].Body["erased"]; got != want {
			t.Errorf("request %d erased %s", i, got)
		}
	}
}

func TestRecipientsAreToldByLetterWhatWasErased(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	o.passed = []string{"diw"}
	mine := o.Receive(1, "บัตรประชาชน 1-2345-67890-12-1")
	r := o.ask(rights.Erasure, mine)
	o.decide(r.Reference, rights.Partly, "33")
	_, err := o.rights.Execute(ctx, housetest.DPO, r.Reference, rights.Order{})
	must(t, err)
	must(t, o.Engine.DB.Read(ctx, func(tx *db.Tx) error {
		list, err := o.letters.About(tx, "rights-recipient:"+r.Reference)
		if err != nil || len(list) != 1 || list[0].To != "diw" {
			t.Errorf("%v %+v", err, list)
		}
		return err
	}))
}

func TestTheClocksOfTheLawCountDaysOfTheCalendar(t *testing.T) {
	for _, row := range []struct{ received, right, due string }{
		{"2028-02-28T23:59:59+07:00", rights.Access, "2028-03-29T23:59:59+07:00"}, // a leap year
		{"2027-02-28T23:59:59+07:00", rights.Access, "2027-03-30T23:59:59+07:00"},
		{"2026-12-31T23:59:59+07:00", rights.Access, "2027-01-30T23:59:59+07:00"}, // both eras turn at once
		{"2027-01-01T00:00:00+07:00", rights.Erasure, "2027-04-01T00:00:00+07:00"},
		{"2028-02-29T00:00:01+07:00", rights.Withdraw, "2028-03-01T00:00:01+07:00"},
	} {
		e := dbtest.SQLite(t)
		o := newOffice(t, e)
		at, err := time.Parse(time.RFC3339, row.received)
		must(t, err)
		mine := o.Receive(1, "เรื่องที่หนึ่ง")
		e.Clock.Set(at)
		if got := o.ask(row.right, mine).LawDueAt.Format(time.RFC3339); got != parse(t, row.due) {
			t.Errorf("%s at %s is due %s, want %s", row.right, row.received, got, row.due)
		}
	}
}

func parse(t *testing.T, text string) string {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	must(t, err)
	return at.UTC().Format(time.RFC3339)
}

func TestNothingIsErasedOfWhatAnOrderHolds(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	r := o.ask(rights.Erasure, o.Receive(1, "บัตรประชาชน 1-2345-67890-12-1"))
	o.decide(r.Reference, rights.Partly, "33")
	o.held = true
	_, err := o.rights.Execute(ctx, housetest.DPO, r.Reference, rights.Order{})
	wants(t, err, errs.Conflict)
	o.held = false
	_, err = o.rights.Execute(ctx, housetest.DPO, r.Reference, rights.Order{})
	must(t, err)
}
