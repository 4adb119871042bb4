package inbox_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"io"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"prasan/internal/blob"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/egress"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/inbox"
	"prasan/internal/letters"
	"prasan/internal/limits"
	"prasan/internal/mail"
	"prasan/internal/mail/sink"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/referral"
	"prasan/internal/saraban"
	"prasan/internal/saraban/ecms"
	"prasan/internal/thai"
)

var ctx = context.Background()

func person(account, agency string, roles ...string) policy.Actor {
	return policy.Actor{Account: account, Agency: agency, Roles: roles, IsHead: len(roles) == 1 && roles[0] == "head", Orders: []policy.Order{{Number: "1", Activity: letters.Activity, Agency: agency}}}
}

var (
	officer   = person("officer", "rayong", "officer")
	head      = person("head", "rayong", "head")
	registrar = person("registrar", "rayong", "registrar")
	trat      = person("trat", "trat", "officer", "registrar")
)

// world is an office in Rayong with a mailbox; DIW is elsewhere and has only mail.
type world struct {
	*inbox.Service
	t        *testing.T
	e        *dbtest.Engine
	house    *housetest.House
	sink     *sink.Sink
	exchange *saraban.Service
	letters  *letters.Service
	referral *referral.Service
	diwKey   ed25519.PrivateKey
	sent     int
}

const diwMailbox = "saraban@diw.industry.test"

func newWorld(t *testing.T, e *dbtest.Engine) *world {
	t.Helper()
	record := housetest.ContactUs()
	holders := []policy.Principal{{Kind: policy.HeadOrDelegate}}
	record.Duties[policy.DutyClassify], record.Duties[policy.DutyDisclose] = holders, holders
	record.Recipients = []policy.Recipient{{Org: "moi-departments", Members: []string{"diw"}, Via: []string{"email"}, Elements: []string{"given_name", "message"}}}
	h := housetest.New(t, e, record)
	housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := org.Put(tx, org.Bodies("industry.test")); err != nil {
			return err
		}
		for _, a := range []policy.Actor{officer, head, registrar} {
			if _, err := tx.Exec(`INSERT INTO accounts (name, display_th, display_en, person, email, agency, roles, password_hash, must_change, created_at) VALUES ($1, $2, $3, '', '', $4, $5, '', FALSE, 0)`, a.Account, "นายสมมติ "+a.Account, a.Account, a.Agency, `["`+strings.Join(a.Roles, `","`)+`"]`); err != nil {
				return err
			}
		}
		return org.PutHead(tx, org.Headship{Agency: "rayong", Account: "head", Capacity: "head", From: dbtest.Start.AddDate(-1, 0, 0), To: dbtest.Start.AddDate(5, 0, 0)})
	}))
	dir, err := org.NewDirectory(ctx, e.DB)
	housetest.Must(t, err)
	w := &world{t: t, e: e, house: h, diwKey: ed25519.NewKeyFromSeed(make([]byte, 32))}
	w.post(h.Mail)
	snapshot := func(string) *policy.Snapshot { return h.Record }
	w.letters = letters.New(letters.Deps{DB: e.DB, Vault: h.Vault, Processing: h.Processing, Audit: h.Audit, Jobs: h.Jobs, Agencies: dir, Record: snapshot, Now: e.Clock.Now})
	w.exchange = saraban.New(saraban.Deps{DB: e.DB, Vault: h.Vault, Processing: h.Processing, Audit: h.Audit, Jobs: h.Jobs, Mail: h.Mail, Letters: w.letters, Agencies: dir, Record: snapshot, Now: e.Clock.Now})
	w.referral = referral.New(referral.Deps{DB: e.DB, Vault: h.Vault, Processing: h.Processing, Audit: h.Audit, Cases: h.Cases, Letters: w.letters, Saraban: w.exchange, Agencies: dir, Record: snapshot, Now: e.Clock.Now, ReplyWithin: 15 * 24 * time.Hour, MaxRounds: 1})
	files := h.Cases.Files.(*blob.Files)
	w.Service = inbox.New(inbox.Deps{DB: e.DB, Vault: h.Vault, Processing: h.Processing, Audit: h.Audit, Jobs: h.Jobs, Limits: limits.New(h.Vault.Derive("limits"), false), Mail: h.Mail, Cases: h.Cases, Referral: w.referral, Saraban: w.exchange, Agencies: dir, Record: snapshot, Now: e.Clock.Now,
		Stage: func(ctx context.Context, name string, r io.Reader) (cases.Staged, error) {
			f, err := files.Stage(ctx, name, r)
			return cases.Staged(f), err
		},
		Agency: "rayong", Node: "n1", Trust: inbox.Trust{Keys: map[string]string{"s._domainkey.diw.industry.test": "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(w.diwKey.Public().(ed25519.PublicKey))}}})
	return w
}

// post has what is sent lie in a sink.
func (w *world) post(m *mail.Service) {
	w.t.Helper()
	s, err := sink.Open(sink.Config{Dir: w.t.TempDir(), Now: w.e.Clock.Now})
	housetest.Must(w.t, err)
	w.t.Cleanup(func() { s.Close() })
	way, err := egress.New(egress.Config{Allow: []string{s.Addr()}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	housetest.Must(w.t, err)
	m.Config.Relay = mail.Relay{Addr: s.Addr(), TLS: "none", Dial: way.Dial, Timeout: 5 * time.Second}
	m.Config.Mailbox = "post@industry.test"
	w.sink = s
}

// last is the newest mail that was sent.
func (w *world) last() sink.Message {
	w.t.Helper()
	housetest.Must(w.t, w.house.Mail.Flush(ctx))
	all := w.sink.Messages(1, nil)
	if len(all) == 0 {
		w.t.Fatal("nothing was sent")
	}
	return all[0]
}

// citizen has a case, and has shown that his address is his; it returns the case and the
// keyed address to which he replies.
func (w *world) citizen() (cases.Receipt, string) {
	w.t.Helper()
	w.sent++
	c := w.house.Receive(w.sent, "โรงงานปล่อยกลิ่นเหม็น")
	ack := w.last()
	link := regexp.MustCompile(`/verify/(\S+)`).FindStringSubmatch(ack.Text)
	_, err := w.house.Cases.ConfirmEmail(ctx, link[1])
	housetest.Must(w.t, err)
	return c, replyTo(ack)
}

func replyTo(m sink.Message) string {
	at := strings.LastIndex(m.Headers["Reply-To"], "<")
	return strings.Trim(m.Headers["Reply-To"][at:], "<> ")
}

// take has a mail come in, and sorts it.
func (w *world) take(raw string) inbox.Item {
	w.t.Helper()
	housetest.Must(w.t, w.Take(ctx, inbox.Arrival{Mailbox: "post", Raw: []byte(raw), Size: int64(len(raw))}))
	var id string
	housetest.Must(w.t, w.e.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT id FROM inbound ORDER BY id DESC LIMIT 1`, nil, &id)
	}))
	housetest.Must(w.t, w.Sort(ctx, id))
	i, err := w.Get(ctx, head, id)
	housetest.Must(w.t, err)
	return i
}

func (w *world) count(query string, args ...any) (n int) {
	w.t.Helper()
	housetest.Must(w.t, w.e.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, args, &n) }))
	return n
}

func write(from, to, text string, lines ...string) string {
	return strings.Join(append(append([]string{"From: " + from, "To: " + to, "Subject: =?utf-8?q?Re=3A?= x", "Message-ID: <" + db.NewID() + "@example.com>", "Date: Wed, 25 Nov 2026 10:00:00 +0700"}, lines...), "Content-Type: text/plain; charset=utf-8", "", text), "\r\n")
}

// sign is what DIW's mail server does.
func (w *world) sign(raw string) string {
	w.t.Helper()
	var out bytes.Buffer
	housetest.Must(w.t, dkim.Sign(&out, strings.NewReader(raw), &dkim.SignOptions{Domain: "diw.industry.test", Selector: "s", Signer: w.diwKey}))
	return out.String()
}

func TestACitizensReplyIsWrittenOnHisCaseOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		c, to := w.citizen()
		raw := write("Manee <manee1@example.com>", to, "ส่งรูปเพิ่มเติม\r\n\r\nOn Wed, 25 Nov 2026 Office wrote:\r\n> ความเดิม")
		i := w.take(raw)
		if i.State != inbox.OnCase || i.CaseReference != c.Reference || i.Why != "reply" {
			t.Fatalf("%s %s %s", i.State, i.Why, i.CaseReference)
		}
		view, err := w.house.Cases.ViewPublic(ctx, c.CaseID)
		housetest.Must(t, err)
		if view.Events[0].Kind != "write" || view.Events[0].Text != "ส่งรูปเพิ่มเติม" {
			t.Errorf("the case has %+v", view.Events[0])
		}
		again := "Received: by another.example.com\r\n" + raw
		housetest.Must(t, w.Take(ctx, inbox.Arrival{Mailbox: "post", Raw: []byte(again), Size: int64(len(again))}))
		housetest.Must(t, w.Sort(ctx, i.ID))
		if n := w.count(`SELECT COUNT(*) FROM case_events WHERE kind = 'write'`); n != 1 || w.count(`SELECT COUNT(*) FROM inbound`) != 1 {
			t.Errorf("written %d times", n)
		}
		if _, m, err := w.Read(ctx, officer, i.ID); err != nil || !strings.Contains(m.Text, "ความเดิม") {
			t.Errorf("the mail itself: %v", err)
		}
		housetest.Must(t, cases.EndOfLife{Service: w.house.Cases}.Erase(ctx, "head", []string{c.CaseID}))
		if _, _, err := w.Read(ctx, head, i.ID); errs.KindOf(err) != errs.NotFound {
			t.Errorf("the mail outlives its case: %v", err)
		}
	})
}

// The queue's job and whoever waits for a mail may sort it at the same moment.
func TestAMailThatIsSortedByTwoAtOnceIsSortedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		for range 5 {
			raw := write("Stranger <stranger@example.com>", "post@industry.test", "ขอสอบถาม")
			housetest.Must(t, w.Take(ctx, inbox.Arrival{Mailbox: "post", Raw: []byte(raw), Size: int64(len(raw))}))
			var id string
			housetest.Must(t, e.DB.Read(ctx, func(tx *db.Tx) error {
				return tx.QueryRow(`SELECT id FROM inbound ORDER BY id DESC LIMIT 1`, nil, &id)
			}))
			ended := make(chan error, 4)
			for range cap(ended) {
				go func() { ended <- w.Sort(ctx, id) }()
			}
			for range cap(ended) {
				if err := <-ended; err != nil {
					t.Error(err)
				}
			}
			if i, err := w.Get(ctx, head, id); err != nil || i.State != inbox.Held || i.Why != "stranger" {
				t.Errorf("%s %s %v", i.State, i.Why, err)
			}
		}
	})
}

func TestWhatIsNotTheSendersOwnWaitsForAPerson(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		c, to := w.citizen()
		for name, x := range map[string]struct{ raw, why string }{
			"another address":     {write("other@example.com", to, "ขอถอนเรื่อง"), "other-sender"},
			"a forged token":      {write("manee1@example.com", strings.Replace(to, "@", "a@", 1), "ขอถอนเรื่อง"), "stranger"},
			"no token":            {write("manee1@example.com", "post@industry.test", "ขอถอนเรื่อง"), "stranger"},
			"an agency":           {write("saraban@diw.industry.test", "post@industry.test", "แจ้งผล"), "agency-unproven"},
			"an agency, proven":   {w.sign(write("saraban@diw.industry.test", "post@industry.test", "แจ้งผล")), "agency"},
			"what cannot be read": {"\x00\x01", "unreadable"},
		} {
			if i := w.take(x.raw); i.State != inbox.Held || i.Why != x.why {
				t.Errorf("%s: %s %s, want held %s", name, i.State, i.Why, x.why)
			}
		}
		if i := w.take(write("manee1@example.com", to, "ฉันไม่อยู่", "Auto-Submitted: auto-replied")); i.State != inbox.Ignored {
			t.Errorf("an automatic answer: %s %s", i.State, i.Why)
		}
		if n := w.count(`SELECT COUNT(*) FROM case_events WHERE kind = 'write'`); n != 0 {
			t.Errorf("%d were written on the case", n)
		}
		w.house.Close(c.Reference)
		if i := w.take(write("manee1@example.com", to, "ยังไม่เรียบร้อย")); i.State != inbox.Held || i.Why != "closed" || i.CaseReference != c.Reference {
			t.Errorf("to a closed case: %s %s", i.State, i.Why)
		}
		if n, _ := w.Count(ctx, officer); n != 7 {
			t.Errorf("%d wait", n)
		}
		if all, err := w.List(ctx, trat, inbox.Filter{}); err != nil || len(all) != 0 {
			t.Errorf("another office sees %d %v", len(all), err)
		}
	})
}

// refer sends a case to DIW by mail; it returns the referral and the keyed address.
func (w *world) refer() (referral.Referral, sink.Message) {
	w.t.Helper()
	c, _ := w.citizen()
	r, l, err := w.referral.Refer(ctx, officer, c.Reference, referral.Request{To: "diw", Reason: "อยู่ในอำนาจหน้าที่", Fields: []string{"given_name", "message"}, Checks: []string{"agency", "content"}})
	housetest.Must(w.t, err)
	_, err = w.letters.Check(ctx, registrar, l.ID)
	housetest.Must(w.t, err)
	_, err = w.letters.Approve(ctx, head, l.ID, "")
	housetest.Must(w.t, err)
	_, err = w.letters.Number(ctx, registrar, l.ID, 0)
	housetest.Must(w.t, err)
	_, d, err := w.exchange.Dispatch(ctx, registrar, l.ID, saraban.Sending{Channel: saraban.Email})
	housetest.Must(w.t, err)
	housetest.Must(w.t, w.exchange.Deliver(ctx, d.ID))
	return r, w.last()
}

func TestAnAgencysAnswerByMailIsPrivateUntilItIsPublished(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		r, m := w.refer()
		if m.To != diwMailbox || m.Headers["Auto-Submitted"] != "" {
			t.Errorf("to %s %v", m.To, m.Headers)
		}
		if i := w.take(write(diwMailbox, replyTo(m), "ตรวจแล้ว")); i.State != inbox.Held || i.Why != "agency-unproven" || i.Referral != r.ID {
			t.Errorf("unsigned: %s %s", i.State, i.Why)
		}
		if i := w.take(w.sign(write("officer@diw.industry.test", replyTo(m), "ตรวจแล้ว"))); i.State != inbox.Held {
			t.Errorf("from another address of the agency: %s %s", i.State, i.Why)
		}
		i := w.take(w.sign(write(diwMailbox, replyTo(m), "สั่งให้โรงงานปรับปรุงแล้ว")))
		if i.State != inbox.Answer || i.Referral != r.ID {
			t.Fatalf("%s %s", i.State, i.Why)
		}
		r, _, answer, err := w.referral.Words(ctx, officer, r.ID)
		if err != nil || r.State != referral.Answered || answer != "สั่งให้โรงงานปรับปรุงแล้ว" {
			t.Errorf("%s %q %v", r.State, answer, err)
		}
		c, err := w.house.Cases.Known(ctx, officer, r.CaseReference)
		housetest.Must(t, err)
		view, err := w.house.Cases.ViewPublic(ctx, c.ID)
		housetest.Must(t, err)
		for _, ev := range view.Events {
			if strings.Contains(ev.Text, "ปรับปรุง") {
				t.Error("the answer is public")
			}
		}
		if d, err := w.exchange.Dispatches(ctx, registrar, r.Letter); err != nil || d[0].State != saraban.Answered {
			t.Errorf("the sending: %+v %v", d, err)
		}
		_, err = w.referral.Publish(ctx, officer, r.ID, "แก้ไขแล้ว")
		housetest.Must(t, err)
		if i := w.take(w.sign(write(diwMailbox, replyTo(m), "เพิ่มเติม"))); i.State != inbox.Held || i.Why != "closed" {
			t.Errorf("after the end: %s %s", i.State, i.Why)
		}
	})
}

func TestAReturnedLetterIsKnownOnItsReferralAndWaitsForAnOfficer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		r, m := w.refer()
		raw := strings.Replace(strings.Replace(report, "ACTION", "failed", 1), "bounce+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@industry.test", m.EnvelopeFrom, 1)
		i := w.take(raw)
		if i.State != inbox.Held || i.Why != "bounce" || i.Referral != r.ID || !strings.Contains(i.Note, "no such user") || strings.Contains(i.Note, "@") {
			t.Errorf("%+v", i)
		}
		if d, err := w.exchange.Dispatches(ctx, registrar, r.Letter); err != nil || d[0].State != saraban.Failed {
			t.Errorf("the sending: %+v %v", d, err)
		}
		if n := w.count(`SELECT COUNT(*) FROM audit WHERE action = 'inbox.alert.bounce'`); n != 1 {
			t.Errorf("%d alerts", n)
		}
		if i := w.take(raw + "\r\n"); i.State != inbox.Ignored || i.Why != "bounce-again" {
			t.Errorf("again: %s %s", i.State, i.Why)
		}
		if i := w.take(strings.Replace(report, "ACTION", "failed", 1)); i.Why != "bounce-unknown" {
			t.Errorf("of no message: %s", i.Why)
		}
		if _, _, err := w.exchange.Dispatch(ctx, registrar, r.Letter, saraban.Sending{Channel: saraban.Email}); err != nil {
			t.Errorf("it cannot be sent again: %v", err)
		}
	})
}

func TestAReturnedMailToACitizenIsKnownOnHisCase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		c := w.house.Receive(1, "โรงงานปล่อยกลิ่นเหม็น")
		m := w.last()
		i := w.take(strings.Replace(strings.Replace(report, "ACTION", "failed", 1), "bounce+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@industry.test", m.EnvelopeFrom, 1))
		if i.State != inbox.Held || i.Why != "bounce" || i.CaseReference != c.Reference || i.Agency != "rayong" {
			t.Errorf("%+v", i)
		}
		post, err := w.house.Cases.Post(ctx, head, c.Reference)
		if err != nil || post[0].State != mail.Bounced {
			t.Errorf("the case's mail: %+v %v", post, err)
		}
	})
}

func TestAPersonDecidesOnWhatIsHeld(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		c, _ := w.citizen()
		first := w.take(write("neighbour@example.com", "post@industry.test", "ดิฉันก็ได้กลิ่น"))
		if _, err := w.LinkCase(ctx, trat, first.ID, c.Reference); errs.KindOf(err) != errs.NotFound {
			t.Errorf("another office links it: %v", err)
		}
		if _, err := w.LinkCase(ctx, officer, first.ID, "RYG-0000-0"); errs.KindOf(err) != errs.Invalid {
			t.Errorf("to nothing: %v", err)
		}
		linked, err := w.LinkCase(ctx, officer, first.ID, strings.ToLower(c.Reference))
		if err != nil || linked.State != inbox.OnCase {
			t.Fatalf("%s %v", linked.State, err)
		}
		view, err := w.house.Cases.ViewPublic(ctx, c.CaseID)
		housetest.Must(t, err)
		for _, ev := range view.Events {
			if strings.Contains(ev.Text, "กลิ่น") {
				t.Error("a stranger's words are shown to the sender")
			}
		}
		second := w.take(write("Company <info@example.com>", "post@industry.test", "หนังสือ"))
		entered, err := w.Enter(ctx, registrar, second.ID, inbox.Entry{Number: "ทส 0100/7", Dated: "2026-11-20"})
		if err != nil || entered.LetterIn == "" {
			t.Fatal(err)
		}
		in, err := w.exchange.Receive(ctx, registrar, entered.LetterIn)
		if err != nil || in.ReceiptText() != "1/2569" || in.FromName != "Company" || in.Number != "ทส 0100/7" || in.Channel != saraban.Email {
			t.Errorf("%+v %v", in, err)
		}
		third := w.take(write("spam@example.com", "post@industry.test", "โฆษณา"))
		if _, err := w.Discard(ctx, officer, third.ID, " "); errs.KindOf(err) != errs.Invalid {
			t.Errorf("without a reason: %v", err)
		}
		if i, err := w.Discard(ctx, officer, third.ID, "โฆษณา"); err != nil || i.State != inbox.Discarded || i.HandledBy != "officer" || i.Note != "โฆษณา" {
			t.Errorf("%+v %v", i, err)
		}
		if _, err := w.LinkCase(ctx, officer, third.ID, c.Reference); errs.KindOf(err) != errs.Conflict {
			t.Errorf("a discarded one is linked: %v", err)
		}
		if i, err := w.TakeBack(ctx, officer, third.ID); err != nil || i.State != inbox.Held {
			t.Errorf("taken back: %+v %v", i, err)
		}
		due := dbtest.Start.AddDate(30, 0, 0)
		life := inbox.EndOfLife{Service: w.Service}
		var ids []string
		housetest.Must(t, e.DB.Read(ctx, func(tx *db.Tx) error {
			ids = nil
			return life.Due(tx, "rayong", due, time.Time{}, "", 9, func(id, _ string, _, _ time.Time) { ids = append(ids, id) })
		}))
		if len(ids) != 2 {
			t.Fatalf("%d are due", len(ids))
		}
		housetest.Must(t, life.Erase(ctx, "head", ids))
		if gone, err := life.Gone(ctx, third.ID); err != nil || !gone {
			t.Errorf("%v %v", gone, err)
		}
		undated := w.take(strings.Replace(write("info@example.com", "post@industry.test", "หนังสือ"), "Date: Wed, 25 Nov 2026 10:00:00 +0700\r\n", "", 1))
		entered, err = w.Enter(ctx, registrar, undated.ID, inbox.Entry{Number: "ทส 0100/8"})
		housetest.Must(t, err)
		if in, err = w.exchange.Receive(ctx, registrar, entered.LetterIn); err != nil || thai.DateLong(in.Dated, "th") != thai.DateLong(e.Clock.Now(), "th") {
			t.Errorf("a letter without a date is of %s: %v", in.Dated, err)
		}
	})
}

func TestOneNodeReadsAMailboxAtATime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		here, there := w.Mailbox("m"), inbox.New(w.Deps)
		there.Node = "n2"
		lease := func(b *inbox.Mailbox) bool {
			held, err := b.Lease(ctx)
			housetest.Must(t, err)
			return held
		}
		if !lease(here) || lease(there.Mailbox("m")) || !lease(here) {
			t.Error("two read at once")
		}
		e.Clock.Advance(time.Hour)
		if !lease(there.Mailbox("m")) || lease(here) {
			t.Error("a node that is gone keeps it")
		}
		housetest.Must(t, here.Keep(ctx, 7, 3, []byte(write("a@example.com", "b@example.com", "x")), 10))
		if last, fresh, err := here.Position(ctx, 7); last != 3 || fresh || err != nil {
			t.Errorf("%d %v %v", last, fresh, err)
		}
		if _, fresh, _ := here.Position(ctx, 8); !fresh {
			t.Error("numbers that began anew are believed")
		}
		housetest.Must(t, here.Failed(ctx, errors.New(strings.Repeat("ก", 500))))
		if p := w.posts(); len(p) != 1 || !strings.HasPrefix(p[0].Error, "ก") {
			t.Errorf("trouble: %+v", p)
		}
		e.Clock.Advance(time.Minute)
		housetest.Must(t, here.Pass(ctx, 7, 2))
		if p := w.posts(); p[0].Error != "" || !p[0].ReadAt.Equal(e.Clock.Now()) {
			t.Errorf("trouble that is over: %+v", p)
		}
		if last, _, _ := here.Position(ctx, 7); last != 3 {
			t.Errorf("it goes back to %d", last)
		}
	})
}

func (w *world) posts() (all []inbox.Post) {
	w.t.Helper()
	housetest.Must(w.t, w.e.DB.Read(ctx, func(tx *db.Tx) (err error) { all, err = w.Posts(tx); return err }))
	return all
}

// run works off the queue for as long as the test lasts.
func (w *world) run() {
	w.Register()
	c, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- w.house.Jobs.Run(c) }()
	w.t.Cleanup(func() { stop(); <-done })
}

// withFile is a mail of DIW with one file.
func withFile(to, text, name, data string) string {
	return strings.Join([]string{"From: " + diwMailbox, "To: " + to, "Subject: letter", "Message-ID: <" + db.NewID() + "@diw.test>", "Date: Wed, 25 Nov 2026 10:00:00 +0700", "Content-Type: multipart/mixed; boundary=b", "",
		"--b", "Content-Type: text/plain; charset=utf-8", "", text, "--b", "Content-Type: application/xml", "Content-Disposition: attachment; filename=" + name, "", data, "--b--", ""}, "\r\n")
}

func TestALetterThatMachinesReadIsRegisteredAndWhatBecomesOfItGoesBackByMail(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		l := &ecms.Letter{ID: "อก 0301/12", Date: "2026-11-20", Subject: "ขอข้อมูล", Secret: "001", Speed: "001", Sender: ecms.Party{Department: "0800300001"}, Receiver: ecms.Party{Department: "rayong"}, Main: ecms.File{Mime: "application/pdf", Data: []byte("%PDF-1.4 x")}}
		xml, err := ecms.WriteLetter(l)
		housetest.Must(t, err)
		if i := w.take(withFile("post@industry.test", "หนังสือ", "letter.xml", string(xml))); i.State != inbox.Held || i.Why != "agency-unproven" {
			t.Errorf("unsigned: %s %s", i.State, i.Why)
		}
		other := strings.Replace(string(xml), "0800300001", "0800600001", 1)
		if i := w.take(w.sign(withFile("post@industry.test", "หนังสือ", "letter.xml", other))); i.State != inbox.Held {
			t.Errorf("in another agency's name: %s %s", i.State, i.Why)
		}
		i := w.take(w.sign(withFile("post@industry.test", "หนังสือ", "letter.xml", string(xml))))
		if i.State != inbox.Letter || i.LetterIn == "" {
			t.Fatalf("%s %s", i.State, i.Why)
		}
		w.run()
		in, err := w.exchange.Accept(ctx, registrar, i.LetterIn)
		if err != nil || in.From != "diw" || in.Number != "อก 0301/12" || in.ReceiptText() != "1/2569" {
			t.Fatalf("%+v %v", in, err)
		}
		for range 1000 {
			if w.count(`SELECT COUNT(*) FROM outbox WHERE kind = 'letter-reply'`) > 0 {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		told := w.last()
		if told.To != diwMailbox || !strings.Contains(told.Text, "เลขรับ 1/2569") || told.Headers["In-Reply-To"] == "" {
			t.Errorf("told: %+v", told)
		}
		_, err = w.exchange.Answer(ctx, registrar, i.LetterIn, "sender", "ส่งข้อมูลแล้ว")
		housetest.Must(t, err)
		if told = w.last(); told.To != diwMailbox || !strings.Contains(told.Text, "ส่งข้อมูลแล้ว") {
			t.Errorf("answered: %+v", told)
		}
	})
}

func TestAReceiveNumberInAMailIsNoAnswer(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWorld(t, e)
		r, m := w.refer()
		if i := w.take(w.sign(write(diwMailbox, replyTo(m), "ลงทะเบียนรับแล้ว เลขรับ ๑๒๓/๒๕๖๙"))); i.Why != "receipt" || i.State != inbox.Answer {
			t.Fatalf("%s %s", i.State, i.Why)
		}
		r, err := w.referral.Get(ctx, officer, r.ID)
		if err != nil || r.State != referral.Accepted || r.AcceptNumber != "123/2569" {
			t.Errorf("%s %q %v", r.State, r.AcceptNumber, err)
		}
		notice, err := ecms.WriteNotice(&ecms.Notice{Kind: ecms.Reject, LetterID: "no such", Date: "2026-11-20", Subject: "x"})
		housetest.Must(t, err)
		if i := w.take(w.sign(withFile(replyTo(m), "คืน", "notice.xml", string(notice)))); i.State != inbox.Held {
			t.Errorf("about another letter: %s %s", i.State, i.Why)
		}
		if i := w.take(w.sign(write(diwMailbox, replyTo(m), "เลขรับ 123/2569 นั้น ได้ตรวจสอบแล้ว "+strings.Repeat("พบว่าโรงงานปรับปรุงแล้ว ", 20)))); i.Why != "answer" {
			t.Errorf("an answer that names it: %s %s", i.State, i.Why)
		}
	})
}
