package referral_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"prasan/internal/blob"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/letters"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/referral"
	"prasan/internal/saraban"
)

var ctx = context.Background()

func person(account, agency string, roles ...string) policy.Actor {
	return policy.Actor{Account: account, Agency: agency, Roles: roles, IsHead: len(roles) == 1 && roles[0] == "head", Orders: []policy.Order{{Number: "1", Activity: letters.Activity, Agency: agency}}}
}

var (
	officer   = person("officer", "rayong", "officer")
	head      = person("head", "rayong", "head")
	registrar = person("registrar", "rayong", "registrar")
	diw       = person("registrar-diw", "diw", "registrar")
	dpo       = policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}
	trat      = person("trat", "trat", "officer", "registrar")
)

// world is Rayong and DIW on one installation.
type world struct {
	house    *housetest.House
	letters  *letters.Service
	exchange *saraban.Service
	*referral.Service
	t    *testing.T
	sent int
}

func newWorld(t *testing.T, e *dbtest.Engine) *world {
	t.Helper()
	record := housetest.ContactUs()
	holders := []policy.Principal{{Kind: policy.HeadOrDelegate}}
	record.Duties[policy.DutyClassify], record.Duties[policy.DutyDisclose] = holders, holders
	record.Recipients = []policy.Recipient{{Org: "moi-departments", Members: []string{"diw", "tisi"}, Via: []string{"e-saraban", "email", "file", "paper"}, Elements: []string{"given_name", "mobile_phone", "message"}}}
	h := housetest.New(t, e, record)
	housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := org.Put(tx, org.Bodies("industry.test")); err != nil {
			return err
		}
		for _, a := range []policy.Actor{officer, head, registrar, diw} {
			if _, err := tx.Exec(`INSERT INTO accounts (name, display_th, display_en, person, email, agency, roles, password_hash, must_change, created_at) VALUES ($1, $2, $3, '', '', $4, $5, '', FALSE, 0)`, a.Account, "นายสมมติ "+a.Account, a.Account, a.Agency, `["`+strings.Join(a.Roles, `","`)+`"]`); err != nil {
				return err
			}
		}
		return org.PutHead(tx, org.Headship{Agency: "rayong", Account: "head", Capacity: "head", From: dbtest.Start.AddDate(-1, 0, 0), To: dbtest.Start.AddDate(5, 0, 0)})
	}))
	dir, err := org.NewDirectory(ctx, e.DB)
	housetest.Must(t, err)
	snapshot := func(string) *policy.Snapshot { return h.Record }
	w := &world{house: h, t: t}
	w.letters = letters.New(letters.Deps{DB: e.DB, Vault: h.Vault, Processing: h.Processing, Audit: h.Audit, Jobs: h.Jobs, Agencies: dir, Record: snapshot, Now: e.Clock.Now})
	w.letters.Register()
	w.exchange = saraban.New(saraban.Deps{DB: e.DB, Vault: h.Vault, Processing: h.Processing, Audit: h.Audit, Jobs: h.Jobs, Mail: h.Mail, Letters: w.letters, Agencies: dir, Record: snapshot, Now: e.Clock.Now})
	w.exchange.Register()
	w.Service = referral.New(referral.Deps{DB: e.DB, Vault: h.Vault, Processing: h.Processing, Audit: h.Audit, Cases: h.Cases, Letters: w.letters, Saraban: w.exchange, Agencies: dir, Record: snapshot, Now: e.Clock.Now, ReplyWithin: 15 * 24 * time.Hour, FollowUpAfter: 180 * 24 * time.Hour, MaxRounds: 1})
	c, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- h.Jobs.Run(c) }()
	t.Cleanup(func() { stop(); <-done })
	return w
}

func (w *world) receive() cases.Receipt {
	w.sent++
	return w.house.Receive(w.sent, "โรงงานปล่อยกลิ่นเหม็นและน้ำเสียลงคลอง")
}

func ask(fields ...string) referral.Request {
	return referral.Request{To: "diw", Reason: "อยู่ในอำนาจหน้าที่ของกรมโรงงานอุตสาหกรรม", Fields: fields, Checks: []string{"agency", "content"}}
}

func (w *world) refer(reference string) (referral.Referral, letters.Letter) {
	w.t.Helper()
	r, l, err := w.Refer(ctx, officer, reference, ask("given_name", "mobile_phone", "message"))
	housetest.Must(w.t, err)
	return r, l
}

// sign brings a draft to its number.
func (w *world) sign(id string) {
	w.t.Helper()
	_, err := w.letters.Check(ctx, registrar, id)
	housetest.Must(w.t, err)
	_, err = w.letters.Approve(ctx, head, id, "")
	housetest.Must(w.t, err)
	_, err = w.letters.Number(ctx, registrar, id, 0)
	housetest.Must(w.t, err)
}

func (w *world) dispatch(id string) {
	w.t.Helper()
	_, _, err := w.exchange.Dispatch(ctx, registrar, id, saraban.Sending{Channel: saraban.Local})
	housetest.Must(w.t, err)
}

// arrived waits for the letter at DIW.
func (w *world) arrived() saraban.In {
	w.t.Helper()
	for range 1000 {
		all, err := w.exchange.ListIn(ctx, diw, saraban.FilterIn{State: "arrived"})
		housetest.Must(w.t, err)
		if len(all) > 0 {
			return all[0]
		}
		time.Sleep(5 * time.Millisecond)
	}
	w.t.Fatal("no letter came")
	return saraban.In{}
}

func (w *world) state(reference string) cases.State {
	w.t.Helper()
	c, err := w.house.Cases.Known(ctx, officer, reference)
	housetest.Must(w.t, err)
	return c.State
}

func TestACaseIsReferredAnsweredAndItsResultPublished(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		c := w.receive()
		r, l := w.refer(c.Reference)
		if w.state(c.Reference) != cases.Referred || r.State != referral.Drafted || r.Suggestion.Agency != "diw" || len(r.Suggestion.Words) < 2 {
			t.Errorf("referred: %s %+v", w.state(c.Reference), r)
		}
		view, err := w.house.Cases.ViewPublic(ctx, c.CaseID)
		housetest.Must(t, err)
		if view.State != cases.Considering || view.Agency != "rayong" {
			t.Errorf("before the letter leaves the sender sees %s", view.State)
		}
		_, content, err := w.letters.Read(ctx, registrar, l.ID)
		housetest.Must(t, err)
		text := strings.Join(content.Paragraphs, "\n")
		for _, want := range []string{"มานี", "หมายเลขโทรศัพท์ ", "โรงงานปล่อยกลิ่นเหม็น", c.Reference, "กรมโรงงานอุตสาหกรรม", "มาตรา 27"} {
			if !strings.Contains(text, want) {
				t.Errorf("the letter does not say %q:\n%s", want, text)
			}
		}
		if digits := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return r
			}
			return -1
		}, text); !strings.Contains(digits, "812345601") {
			t.Errorf("the letter does not say the number:\n%s", text)
		}
		if strings.Contains(text, "@") {
			t.Error("an address is told that was not ticked")
		}
		w.sign(l.ID)
		if all, _ := w.Disclosures(ctx, dpo, referral.Filter{}); len(all) != 0 {
			t.Errorf("logged before anything left: %+v", all)
		}
		w.dispatch(l.ID)
		all, err := w.Disclosures(ctx, dpo, referral.Filter{})
		if err != nil || len(all) != 1 || all[0].To != "diw" || all[0].LetterNumber != "รย 0033/1" || all[0].Basis != "24(4)" || all[0].RevisionID != "r2" || strings.Join(all[0].Elements, ",") != "given_name,message,mobile_phone" {
			t.Errorf("the log says %+v %v", all, err)
		}
		if view, err = w.house.Cases.ViewPublic(ctx, c.CaseID); err != nil || view.State != cases.Referred || view.Events[0].Kind != "refer-sent" || view.Events[0].Meta["agency"] != "diw" {
			t.Errorf("the sender sees %s %+v", view.State, view.Events)
		}
		in := w.arrived()
		_, err = w.exchange.Accept(ctx, diw, in.ID)
		housetest.Must(t, err)
		if r, err = w.Get(ctx, officer, r.ID); err != nil || r.State != referral.Accepted || r.AcceptNumber != "1/2569" {
			t.Errorf("accepted: %+v %v", r, err)
		}
		_, err = w.exchange.Answer(ctx, diw, in.ID, "sender", "สั่งให้โรงงานปรับปรุงแล้ว")
		housetest.Must(t, err)
		if r, err = w.Get(ctx, officer, r.ID); err != nil || r.State != referral.Answered || w.state(c.Reference) != cases.Referred {
			t.Errorf("answered: %+v %v", r, err)
		}
		if view, _ = w.house.Cases.ViewPublic(ctx, c.CaseID); strings.Contains(view.Events[0].Text, "ปรับปรุง") || view.Events[0].Kind == "refer-reply" {
			t.Error("the answer is public before an officer made it so")
		}
		if _, _, answer, err := w.Words(ctx, officer, r.ID); err != nil || answer != "สั่งให้โรงงานปรับปรุงแล้ว" {
			t.Errorf("the officer reads %q %v", answer, err)
		}
		_, err = w.Publish(ctx, officer, r.ID, "กรมโรงงานอุตสาหกรรมสั่งให้โรงงานปรับปรุงแล้ว")
		housetest.Must(t, err)
		if view, _ = w.house.Cases.ViewPublic(ctx, c.CaseID); view.State != cases.Answered || view.Events[0].Text != "กรมโรงงานอุตสาหกรรมสั่งให้โรงงานปรับปรุงแล้ว" {
			t.Errorf("published: %s %+v", view.State, view.Events[0])
		}
		if _, err := w.Publish(ctx, officer, r.ID, "อีกครั้ง"); errs.KindOf(err) != errs.Conflict {
			t.Errorf("twice: %v", err)
		}
	})
}

// Revision 1 of the record declares no recipient, so nothing goes anywhere.
func TestARecordWithoutRecipientsRefusesEveryReferral(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	c := w.receive()
	w.house.Record.Recipients = nil
	for _, a := range []policy.Actor{officer, head, registrar} {
		if _, _, err := w.Refer(ctx, a, c.Reference, ask("given_name")); errs.KindOf(err) != errs.Forbidden || errs.As(err).Key != "error.recipient-not-declared" {
			t.Errorf("%s: %v", a.Account, err)
		}
	}
	if w.state(c.Reference) != cases.Received {
		t.Errorf("the case is %s", w.state(c.Reference))
	}
}

func TestOnlyWhatTheRecordDeclaresCanBeTicked(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	c := w.receive()
	undeclared := ask("given_name", "email")
	for name, row := range map[string]struct {
		by   policy.Actor
		q    referral.Request
		kind errs.Kind
	}{
		"an element that is not declared":  {officer, undeclared, errs.Forbidden},
		"an agency that is not declared":   {officer, func() referral.Request { q := ask("given_name"); q.To = "oie"; return q }(), errs.Forbidden},
		"one look is missing":              {officer, func() referral.Request { q := ask("given_name"); q.Checks = []string{"agency"}; return q }(), errs.Invalid},
		"no reason":                        {officer, func() referral.Request { q := ask("given_name"); q.Reason = " "; return q }(), errs.Invalid},
		"to oneself":                       {officer, func() referral.Request { q := ask("given_name"); q.To = "rayong"; return q }(), errs.Invalid},
		"another office's case":            {trat, ask("given_name"), errs.NotFound},
		"one whom the record admits not":   {policy.Actor{Account: "x", Agency: "rayong", Roles: []string{"officer"}}, ask("given_name"), errs.Forbidden},
		"one who has no part in the cases": {dpo, ask("given_name"), errs.Forbidden},
	} {
		if _, _, err := w.Refer(ctx, row.by, c.Reference, row.q); errs.KindOf(err) != row.kind || err == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if all, _ := w.List(ctx, officer, referral.Filter{}); len(all) != 0 {
		t.Errorf("something was made: %+v", all)
	}
}

// A record that changes between drafting and sending is obeyed at the sending.
func TestWhatIsNoLongerDeclaredDoesNotLeave(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		c := w.receive()
		_, l := w.refer(c.Reference)
		w.sign(l.ID)
		w.house.Record.Recipients[0].Elements = []string{"message"}
		if _, _, err := w.exchange.Dispatch(ctx, registrar, l.ID, saraban.Sending{Channel: saraban.Local}); errs.KindOf(err) != errs.Forbidden {
			t.Fatalf("it left: %v", err)
		}
		if l, err := w.letters.Get(ctx, registrar, l.ID); err != nil || !l.DispatchedAt.IsZero() {
			t.Errorf("half done: %+v %v", l, err)
		}
		if all, _ := w.Disclosures(ctx, dpo, referral.Filter{}); len(all) != 0 {
			t.Errorf("logged: %+v", all)
		}
		w.house.Record.Recipients[0].Elements = []string{"given_name", "mobile_phone", "message"}
		w.house.Record.Recipients[0].Via = []string{"paper"}
		if _, _, err := w.exchange.Dispatch(ctx, registrar, l.ID, saraban.Sending{Channel: saraban.Local}); errs.KindOf(err) != errs.Forbidden {
			t.Errorf("by a channel that is not declared: %v", err)
		}
	})
}

func TestACaseThatComesBackIsConsideredAndDoesNotGoRound(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	c := w.receive()
	r, l := w.refer(c.Reference)
	w.sign(l.ID)
	w.dispatch(l.ID)
	_, err := w.exchange.Refuse(ctx, diw, w.arrived().ID, "reject", "อยู่ในอำนาจของจังหวัด")
	housetest.Must(t, err)
	if r, _ = w.Get(ctx, officer, r.ID); r.State != referral.Rejected || w.state(c.Reference) != cases.Considering {
		t.Errorf("returned: %s, case %s", r.State, w.state(c.Reference))
	}
	if _, _, err := w.Refer(ctx, officer, c.Reference, ask("message")); errs.KindOf(err) != errs.Conflict || errs.As(err).Key != "error.referral-loop" {
		t.Errorf("sent there again: %v", err)
	}
	tisi := ask("message")
	tisi.To = "tisi"
	if _, _, err := w.Refer(ctx, officer, c.Reference, tisi); err != nil {
		t.Errorf("to another one: %v", err)
	}
}

func TestACancelledLetterTakesTheCaseBack(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	c := w.receive()
	r, l := w.refer(c.Reference)
	two := ask("message")
	two.To = "tisi"
	_, second, err := w.Refer(ctx, officer, c.Reference, two)
	housetest.Must(t, err)
	_, err = w.letters.Cancel(ctx, registrar, l.ID, "ผู้ร้องถอนเรื่อง")
	housetest.Must(t, err)
	if r, _ = w.Get(ctx, officer, r.ID); r.State != referral.Recalled || w.state(c.Reference) != cases.Referred {
		t.Errorf("one of two: %s, case %s", r.State, w.state(c.Reference))
	}
	_, err = w.letters.Cancel(ctx, registrar, second.ID, "ผู้ร้องถอนเรื่อง")
	housetest.Must(t, err)
	if w.state(c.Reference) != cases.InProgress {
		t.Errorf("both: case %s", w.state(c.Reference))
	}
}

func TestWhoMaySignADisclosureIsTheRecordsToSay(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	c := w.receive()
	_, l := w.refer(c.Reference)
	_, err := w.letters.Check(ctx, registrar, l.ID)
	housetest.Must(t, err)
	w.house.Record.Duties[policy.DutyDisclose] = nil
	if _, err := w.letters.Approve(ctx, head, l.ID, ""); errs.KindOf(err) != errs.Forbidden || errs.As(err).Key != "error.referral-approver" {
		t.Errorf("%v", err)
	}
}

func TestAnAgencyWhoseTimeIsOverIsRemindedTwice(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		c := w.receive()
		r, l := w.refer(c.Reference)
		w.sign(l.ID)
		w.dispatch(l.ID)
		if _, err := w.Remind(ctx, officer, r.ID); errs.KindOf(err) != errs.Conflict {
			t.Errorf("before its time: %v", err)
		}
		e.Clock.Advance(20 * 24 * time.Hour)
		var last letters.Letter
		for n := range 2 {
			m, err := w.Remind(ctx, officer, r.ID)
			housetest.Must(t, err)
			if m.ID == last.ID || !strings.Contains(m.Subject, "เตือนครั้งที่ "+string(rune('1'+n))) {
				t.Errorf("reminder %d: %q", n+1, m.Subject)
			}
			if again, err := w.Remind(ctx, officer, r.ID); err != nil || again.ID != m.ID {
				t.Errorf("a second draft of the same reminder: %v", err)
			}
			w.sign(m.ID)
			w.dispatch(m.ID)
			last = m
		}
		if _, err := w.Remind(ctx, officer, r.ID); errs.KindOf(err) != errs.Conflict {
			t.Errorf("a third time: %v", err)
		}
		if all, err := w.Disclosures(ctx, dpo, referral.Filter{}); err != nil || len(all) != 1 {
			t.Errorf("reminders disclose nothing, yet %d lines: %v", len(all), err)
		}
	})
}

func TestFilesOfACaseGoWithItsLetterWhereTheyAreDisclosed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		files := w.house.Cases.Files.(*blob.Files)
		w.Open = files.Open
		w.house.Record.Recipients[0].Elements = append(w.house.Record.Recipients[0].Elements, "attachments")
		picture := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 2000)...)
		st, err := files.Stage(ctx, "โรงงาน.png", bytes.NewReader(picture))
		housetest.Must(t, err)
		c, err := w.house.Cases.Submit(ctx, cases.Submission{Site: housetest.Site, Topic: "problem", Channel: "web", Lang: "th", Message: "กลิ่นเหม็น", NoticeID: "n1", Nonce: []byte("nonce-of-16-bytes-with-a-file"), FormAge: time.Minute, Sender: map[string]string{"given_name": "มานี", "mobile_phone": "0812345699"}, Attachments: []cases.Staged{cases.Staged(st)}})
		housetest.Must(t, err)
		r, l, err := w.Refer(ctx, officer, c.Reference, ask("message", "attachments"))
		housetest.Must(t, err)
		w.sign(l.ID)
		w.dispatch(l.ID)
		in := w.arrived()
		in, content, _, err := w.exchange.ReadIn(ctx, diw, in.ID)
		if err != nil || len(in.Attachments) != 1 || in.Attachments[0] != "โรงงาน.png" || len(content.Enclosures) != 1 {
			t.Fatalf("came with %v, %v: %v", in.Attachments, content.Enclosures, err)
		}
		if f, err := w.exchange.AttachmentIn(ctx, diw, in.ID, 0); err != nil || !bytes.Equal(f.Data, picture) || f.Type != "image/png" {
			t.Errorf("the file: %s %d bytes %v", f.Type, len(f.Data), err)
		}
		if _, err := w.exchange.AttachmentIn(ctx, trat, in.ID, 0); errs.KindOf(err) != errs.NotFound {
			t.Errorf("opened by a stranger: %v", err)
		}
		if strings.Join(r.Elements, ",") != "attachments,message" {
			t.Errorf("disclosed: %v", r.Elements)
		}
		// What was ticked and is not there is not said to have been disclosed.
		r, _, err = w.Refer(ctx, officer, w.receive().Reference, ask("message", "attachments"))
		if err != nil || strings.Join(r.Elements, ",") != "message" {
			t.Errorf("without files: %v %v", r.Elements, err)
		}
	})
}

func (w *world) pause() { time.Sleep(5 * time.Millisecond) }
