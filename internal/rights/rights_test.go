package rights_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
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
	"prasan/internal/rights"
)

var ctx = context.Background()

type office struct {
	*housetest.House
	rights  *rights.Service
	letters *letters.Service
	held    bool     // every case, by an order
	passed  []string // agencies to which every case was disclosed
}

func newOffice(t *testing.T, e *dbtest.Engine) *office {
	t.Helper()
	h := housetest.New(t, e, housetest.ContactUs())
	o := &office{House: h}
	dir := (*org.Directory)(nil)
	o.letters, dir = h.Correspond()
	o.keepsPromises(dir)
	return o
}

func (o *office) keepsPromises(dir *org.Directory) {
	h, e := o.House, o.Engine
	o.rights = rights.New(rights.Deps{DB: e.DB, Vault: h.Vault, Processing: h.Processing, Audit: h.Audit, Record: func(string) *policy.Snapshot { return h.Record }, Data: cases.OfPerson{Service: h.Cases},
		NewReference: cases.NewReference, NewCode: cases.NewCode, CleanCode: cases.CleanCode, Now: e.Clock.Now, TargetDays: 30,
		Limits: h.Limiter(), Letters: o.letters, Agencies: dir, Central: "ops", Recipients: func(*db.Tx, string) ([]string, error) { return o.passed, nil }, Held: func(*db.Tx, string) (bool, error) { return o.held, nil }})
}

func wants(t *testing.T, err error, kind errs.Kind) {
	t.Helper()
	if err == nil || errs.KindOf(err) != kind {
		t.Errorf("want %s, got %v", kind, err)
	}
}

var must = housetest.Must

// ask makes a request by the tracking code of a case.
func (o *office) ask(right string, r cases.Receipt) rights.Receipt {
	o.T.Helper()
	got, err := o.rights.Submit(ctx, rights.Submission{Right: right, Statement: "ขอใช้สิทธิ", Channel: "web", Lang: "th", CaseReference: r.Reference, Code: r.Code, Addr: "1.2.3.4"})
	must(o.T, err)
	return got
}

func (o *office) decide(reference, outcome, ground string) {
	o.T.Helper()
	_, err := o.rights.Decide(ctx, housetest.DPO, reference, rights.Decision{Outcome: outcome, Ground: ground, Reasons: "พิจารณาแล้ว"})
	must(o.T, err)
}

func TestAPersonGetsACopyOfHisData(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		mine, other := o.Receive(1, "โรงงานส่งกลิ่น"), o.Receive(2, "เรื่องของผู้อื่น")
		_, err := o.Cases.Note(ctx, housetest.Head, mine.Reference, "บันทึกภายในของเจ้าหน้าที่")
		must(t, err)
		r := o.ask(rights.Access, mine)
		if got := r.LawDueAt.Sub(e.Clock.Now()); got != 30*24*time.Hour {
			t.Errorf("the law gives %s", got)
		}
		_, err = o.rights.Bundle(ctx, r.Reference, r.Code)
		wants(t, err, errs.Conflict)
		_, err = o.rights.Get(ctx, housetest.Stranger, r.Reference)
		wants(t, err, errs.NotFound)
		o.decide(r.Reference, rights.Granted, "")
		_, _, err = o.rights.Find(ctx, r.Reference, other.Code, "1.2.3.4")
		wants(t, err, errs.NotFound)
		text := unpack(t, o.copy(r), "data.json")
		for _, want := range []string{"โรงงานส่งกลิ่น", "มานี", "manee1@example.com", "08 1234 5601", "receive_and_forward"} {
			if !strings.Contains(text, want) {
				t.Errorf("the copy lacks %q", want)
			}
		}
		for _, not := range []string{"เรื่องของผู้อื่น", "manee2", "บันทึกภายใน"} {
			if strings.Contains(text, not) {
				t.Errorf("the copy has %q", not)
			}
		}
	})
}

// copy is the copy that a person takes.
func (o *office) copy(r rights.Receipt) []byte {
	o.T.Helper()
	copied, err := o.rights.Bundle(ctx, r.Reference, r.Code)
	must(o.T, err)
	var out bytes.Buffer
	must(o.T, copied.Write(ctx, &out))
	return out.Bytes()
}

func unpack(t *testing.T, pack []byte, name string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(pack), int64(len(pack)))
	must(t, err)
	f, err := z.Open(name)
	must(t, err)
	text, err := io.ReadAll(f)
	must(t, err)
	return string(text)
}

func TestErasureIsRefusedByItsSectionAndTheExcessGoes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		mine := o.Receive(1, "ผมชื่อมานี บัตรประชาชน 1-2345-67890-12-1 ถูกโรงงานรบกวน")
		r := o.ask(rights.Erasure, mine)
		findings, manifest, excess, err := o.rights.Assessment(ctx, housetest.DPO, r.Reference)
		must(t, err)
		if rights.Verdict(findings) != rights.Refused || findings[0].Section != "33" || len(excess) != 1 || excess[0] != "message: national-id" || len(manifest) < 5 {
			t.Errorf("%+v %+v %v", findings, manifest, excess)
		}
		_, err = o.rights.Decide(ctx, housetest.DPO, r.Reference, rights.Decision{Outcome: rights.Refused, Reasons: "ข้อมูลที่เหลือจำเป็นต่อภารกิจ"})
		wants(t, err, errs.Invalid) // a refusal names its section
		o.decide(r.Reference, rights.Partly, "33")
		_, err = o.rights.Execute(ctx, housetest.DPO, r.Reference, rights.Order{})
		must(t, err)
		d, err := o.Cases.Get(ctx, housetest.Head, mine.Reference)
		must(t, err)
		if strings.Contains(d.Message, "67890") || !strings.Contains(d.Message, "ถูกโรงงานรบกวน") {
			t.Errorf("%q", d.Message)
		}
		rep, err := o.Cases.Verify(ctx)
		if err != nil || len(rep.Faults) != 0 {
			t.Errorf("after the erasure the case does not verify: %v %+v", err, rep)
		}
		log, err := o.rights.Refusals(ctx, housetest.DPO)
		if err != nil || len(log) != 1 || log[0].Ground != "33" {
			t.Errorf("%v %+v", err, log)
		}
		_, err = o.rights.Answer(ctx, housetest.DPO, r.Reference, "ลบข้อมูลส่วนเกินแล้ว")
		wants(t, err, errs.Conflict) // not without a letter from the register
		l, err := o.rights.Draft(ctx, housetest.DPO, r.Reference)
		must(t, err)
		_, c, err := o.letters.Read(ctx, housetest.DPO, l.ID)
		must(t, err)
		words := strings.Join(c.Paragraphs, "\n")
		for _, want := range []string{"มาตรา 33", "พิจารณาแล้ว", "จำนวน 1 รายการ", "มาตรา 73", r.Reference} {
			if !strings.Contains(words, want) {
				t.Errorf("the letter lacks %q: %s", want, words)
			}
		}
		if c.Addressee != "คุณมานี" || strings.Contains(l.Subject+l.ToName, "มานี") {
			t.Errorf("the letter is to %q; the register says %q, %q", c.Addressee, l.ToName, l.Subject)
		}
		_, err = o.rights.Draft(ctx, housetest.DPO, r.Reference)
		wants(t, err, errs.Conflict)
		_, _, err = o.rights.AnswerLetter(ctx, r.Reference, r.Code)
		wants(t, err, errs.NotFound) // he reads it once it is sent
		l = o.Sign(o.letters, l.ID, housetest.Head)
		done, err := o.rights.Answer(ctx, housetest.DPO, r.Reference, "ลบข้อมูลส่วนเกินแล้ว")
		must(t, err)
		_, file, err := o.rights.AnswerLetter(ctx, r.Reference, r.Code)
		if err != nil || !bytes.HasPrefix(file, []byte("%PDF")) || done.AnsweredAt.IsZero() {
			t.Errorf("%v %q", err, file[:min(len(file), 8)])
		}
		_, history, err := o.rights.Find(ctx, r.Reference, r.Code, "1.2.3.4")
		if last := history[len(history)-1]; err != nil || last.Kind != "answer" || last.Body["letter"] != l.NumberText || l.NumberText == "" {
			t.Errorf("%v %+v", err, last)
		}
		_, err = o.rights.Close(ctx, housetest.DPO, r.Reference)
		must(t, err)
	})
}

func TestRestrictionReallyStopsUse(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		mine, other := o.Receive(1, "เรื่องที่หนึ่ง"), o.Receive(2, "เรื่องที่สอง")
		r := o.ask(rights.Objection, mine) // set apart at once
		_, err := o.Cases.Sender(ctx, housetest.Head, mine.Reference, "communicate")
		if errs.KindOf(err) != errs.Forbidden || errs.As(err).Key != "error.restricted" {
			t.Errorf("%v", err)
		}
		if _, err := o.Cases.Sender(ctx, housetest.Head, other.Reference, "communicate"); err != nil {
			t.Error(err)
		}
		page, err := o.Cases.List(ctx, housetest.Head, cases.Filter{Excerpts: true})
		must(t, err)
		shown := 0
		for _, l := range page.Lines {
			if l.Excerpt != "" {
				shown++
			}
		}
		if len(page.Lines) != 2 || shown != 1 {
			t.Errorf("%d of %d excerpts are shown", shown, len(page.Lines))
		}
		o.decide(r.Reference, rights.Refused, "32")
		if _, err := o.Cases.Sender(ctx, housetest.Head, mine.Reference, "communicate"); err != nil {
			t.Errorf("an objection that failed still restricts: %v", err)
		}
	})
}

func TestADatumIsPutRightAndFound(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	mine := o.Receive(1, "เรื่องที่หนึ่ง")
	r := o.ask(rights.Rectification, mine)
	o.decide(r.Reference, rights.Granted, "")
	_, err := o.rights.Execute(ctx, housetest.DPO, r.Reference, rights.Order{Element: "email", Value: "not an address"})
	wants(t, err, errs.Invalid)
	_, err = o.rights.Execute(ctx, housetest.DPO, r.Reference, rights.Order{Element: "email", Value: "right@example.com"})
	must(t, err)
	told := 0
	must(t, o.Engine.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM audit WHERE body LIKE '%พิจารณาแล้ว%'`, nil, &told)
	}))
	if told != 0 {
		t.Errorf("%d lines of the audit say why", told)
	}
	sender, err := o.Cases.Sender(ctx, housetest.Head, mine.Reference, "communicate")
	if err != nil || sender["email"] != "right@example.com" || sender["given_name"] != "มานี" {
		t.Errorf("%v %v", sender, err)
	}
	for search, want := range map[string]int{"right@example.com": 1, "manee1@example.com": 0} {
		page, err := o.Cases.List(ctx, housetest.Head, cases.Filter{Search: search})
		if err != nil || len(page.Lines) != want {
			t.Errorf("%s: %d found, %v", search, len(page.Lines), err)
		}
	}
}

func TestImpostorsLearnNothing(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	mine := o.Receive(1, "เรื่องที่หนึ่ง")
	for _, sub := range []rights.Submission{
		{Right: rights.Access, Channel: "web", Lang: "th", CaseReference: mine.Reference, Code: "AAAA-AAAA-AAAA"},
		{Right: rights.Access, Channel: "web", Lang: "th", CaseReference: "AAA-AAA-AAA", Code: mine.Code},
	} {
		_, err := o.rights.Submit(ctx, sub)
		if errs.KindOf(err) != errs.NotFound || errs.As(err).Key != "error.case-not-found" {
			t.Errorf("%v", err)
		}
	}
	actor := housetest.Stranger
	_, err := o.rights.Submit(ctx, rights.Submission{Right: rights.Access, Channel: "counter", Lang: "th", CaseReference: mine.Reference, By: &actor})
	wants(t, err, errs.NotFound)
}

func TestWhichRightsApplyFollowsFromTheBasis(t *testing.T) {
	record := func(bases ...string) *policy.Snapshot {
		s := &policy.Snapshot{}
		for _, b := range bases {
			s.Purposes = append(s.Purposes, policy.Purpose{Code: b, Basis: b})
		}
		return s
	}
	for _, row := range []struct {
		right   string
		record  *policy.Snapshot
		verdict string
	}{
		{rights.Access, record("public-task"), rights.Granted},
		{rights.Erasure, record("public-task"), rights.Refused},
		{rights.Erasure, record("legal-obligation"), rights.Refused},
		{rights.Erasure, record("consent"), rights.Granted},
		{rights.Erasure, record("public-task", "consent"), rights.Partly},
		{rights.Objection, record("public-task"), rights.Granted},
		{rights.Objection, record("legal-obligation"), rights.Refused},
		{rights.Portability, record("public-task"), rights.Refused},
		{rights.Portability, record("contract"), rights.Granted},
		{rights.Withdraw, record("public-task"), rights.Refused},
		{rights.Withdraw, record("consent"), rights.Granted},
		{rights.Rectification, record("legal-obligation"), rights.Granted},
	} {
		if got := rights.Verdict(rights.Assess(row.record, row.right)); got != row.verdict {
			t.Errorf("%s under %v: %s, want %s", row.right, row.record.Purposes, got, row.verdict)
		}
	}
}
