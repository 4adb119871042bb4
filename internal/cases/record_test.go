package cases_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
	"prasan/internal/policy"
	"prasan/internal/ropa"
)

// without is a revision of the record in which an element is no more.
func without(t *testing.T, element string) []byte {
	t.Helper()
	text := string(ropa.SeedText(cases.Activity, 2))
	at := strings.Index(text, "\n  - code: "+element+"\n")
	end := strings.Index(text[at+5:], "\n  - code: ")
	if at < 0 || end < 0 {
		t.Fatalf("the record has no %s", element)
	}
	text = text[:at] + text[at+5+end:]
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.Contains(l, "elements: [") {
			l = strings.ReplaceAll(l, ", "+element, "")
			lines[i] = strings.ReplaceAll(l, "["+element+", ", "[")
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

// adopt puts a revision into force, as those whom the record names do.
func (h *house) adopt(body []byte) {
	h.t.Helper()
	_, err := h.register.Apply(ctx, body, "ict", []policy.Actor{head, dpo})
	must(h.t, err)
}

func TestWhatIsTakenOutOfTheRecordIsNoLongerCollected(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		before := h.in(cases.InProgress)
		old := h.line(before.Reference)
		waiting := h.whole() // filled in under the notice that is in force now
		h.adopt(without(t, "email"))
		snap := h.register.Snapshot(cases.Activity)
		if snap.RevisionID == old.RevisionID || slices.ContainsFunc(snap.FormElements(), func(e policy.Element) bool { return e.Code == "email" }) {
			t.Fatalf("the form has %+v", snap.FormElements())
		}
		// Who was typing is shown the new notice first.
		delete(waiting.Sender, "email")
		_, err := h.cases.Submit(ctx, waiting)
		wantKey(t, err, "error.notice-changed")
		sub := h.whole()
		_, err = h.cases.Submit(ctx, sub)
		wantKey(t, err, "error.field-not-collected")
		delete(sub.Sender, "email")
		sub.NoticeID = h.whole().NoticeID
		r, err := h.cases.Submit(ctx, sub)
		must(t, err)
		c := h.line(r.Reference)
		if c.RevisionID != snap.RevisionID || c.NoticeID == old.NoticeID || slices.Contains(c.Given(), "email") {
			t.Errorf("%+v", c)
		}
		// A phone alone is now what a person can be reached by, and is asked for.
		sub = h.whole()
		sub.Sender = map[string]string{"given_name": "มานี"}
		_, err = h.cases.Submit(ctx, sub)
		wantKey(t, err, "error.contact-empty")

		h.oldCase(before, old)
	})
}

// oldCase: a stored case keeps the revision under which it was collected; what it holds
// beyond the record in force is neither read nor sent.
func (h *house) oldCase(r cases.Receipt, old cases.Case) {
	h.t.Helper()
	c := h.line(r.Reference)
	if c.RevisionID != old.RevisionID || c.NoticeID != old.NoticeID || !slices.Contains(c.Given(), "email") {
		h.t.Errorf("%+v", c)
	}
	rep, err := h.cases.Verify(ctx)
	must(h.t, err)
	if len(rep.Faults) != 0 {
		h.t.Errorf("%+v", rep)
	}
	given, err := h.cases.Sender(ctx, officer, r.Reference, "communicate")
	must(h.t, err)
	if given["email"] != "" || given["mobile_phone"] == "" {
		h.t.Errorf("%v", given)
	}
	mails := h.count(`SELECT COUNT(*) FROM outbox WHERE kind <> 'ack'`)
	_, err = h.cases.Answer(ctx, officer, r.Reference, "email", "ผล")
	wantKey(h.t, err, "error.no-email")
	_, err = h.cases.Ask(ctx, officer, r.Reference, "โรงงานใด")
	must(h.t, err)
	if n := h.count(`SELECT COUNT(*) FROM outbox WHERE kind <> 'ack'`); n != mails {
		h.t.Errorf("%d mails to an address that the record no longer uses", n-mails)
	}
}

func TestWithoutARecordNothingPersonalIsTouched(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r := h.in(cases.InProgress)
		sub := h.whole()
		h.cases.Record = func(string) *policy.Snapshot { return nil }
		_, err := h.cases.Submit(ctx, sub)
		wantKey(t, err, "error.no-record")
		_, err = h.cases.Sender(ctx, officer, r.Reference, "communicate")
		wantKey(t, err, "error.no-record")
		_, err = h.cases.Close(ctx, officer, r.Reference, "done", "")
		wantKey(t, err, "error.no-record")
	})
}

func TestAnotherTimeInTheRecordIsTheTimeFromThenOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		before := h.in(cases.Closed)
		h.adopt([]byte(strings.Replace(string(ropa.SeedText(cases.Activity, 2)), "period: P10Y", "period: P5Y", 1)))
		e.Clock.Advance(time.Hour)
		after := h.in(cases.Closed)
		if x, y := h.line(before.Reference), h.line(after.Reference); x.DestroyAt.Year() != 2036 || y.DestroyAt.Year() != 2031 {
			t.Errorf("%s %s", x.DestroyAt, y.DestroyAt)
		}
	})
}
