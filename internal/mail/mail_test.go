package mail_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/mail"
)

func TestAnAcknowledgementInThaiArrivesSignedAndCarriesNothingOfTheMessage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		s := o.sink()
		m := o.letter("ack", "th", "somchai@example.com", mail.Body{Text: "กลิ่นเหม็นจากโรงงาน", Link: "https://rayong.industry.test/th/verify/abc"})
		o.queue(m)
		o.flush()
		o.wants(m.ID, mail.HandedOver, "")
		got := s.Messages(9, nil)
		if len(got) != 1 {
			t.Fatalf("%d mails", len(got))
		}
		g := got[0]
		if g.Subject != "ได้รับเรื่องของท่านแล้ว เลขที่เรื่อง RYG-7K2M-9" || g.DKIM != "pass" || g.To != "somchai@example.com" {
			t.Errorf("%q %q %q", g.Subject, g.DKIM, g.To)
		}
		if g.From != "สำนักงานอุตสาหกรรมจังหวัดระยอง <saraban@rayong.industry.test>" {
			t.Error(g.From)
		}
		for name, want := range map[string]string{"Auto-Submitted": "auto-generated", "Message-ID": "<" + m.ID + "@industry.test>", "Content-Language": "th", "Date": "Tue, 24 Nov 2026 10:00:00 +0700", "References": "<case.case1@industry.test>"} {
			if g.Headers[name] != want {
				t.Errorf("%s: %q", name, g.Headers[name])
			}
		}
		if !strings.HasPrefix(g.EnvelopeFrom, "bounce+") || !strings.HasSuffix(g.EnvelopeFrom, "@industry.test") {
			t.Error(g.EnvelopeFrom)
		}
		for _, form := range []string{g.Text, g.HTML} {
			for _, want := range []string{"RYG-7K2M-9", "24 พ.ย. 2569, 10.00 น.", "9 ธันวาคม 2569", "OTP", "โอนเงิน", "https://rayong.industry.test/th/verify/abc", "https://rayong.industry.test/th/track", "สำนักงานอุตสาหกรรมจังหวัดระยอง"} {
				if !strings.Contains(form, want) {
					t.Errorf("%q is missing in %s", want, form)
				}
			}
			if strings.Contains(form, "กลิ่น") || strings.Contains(form, "{") && form == g.Text {
				t.Errorf("carries what it must not: %s", form)
			}
		}
		if n := o.count(`SELECT COUNT(*) FROM processing_log WHERE act = 'send' AND purpose = 'communicate' AND subject = $1`, o.subject.ID); n != 1 {
			t.Errorf("%d lines in the processing log", n)
		}
		if n := o.count(`SELECT COUNT(*) FROM audit WHERE action = 'mail.handed_over'`); n != 1 {
			t.Errorf("%d lines in the audit", n)
		}
	})
}

func TestWhatAnOfficerWroteArrivesWordForWordAndIsOnlyText(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	s := o.sink()
	text := "เรียนท่าน\n\n.บรรทัดขึ้นต้นด้วยจุด\n<script>alert(1)</script> & \"x\"\n" + strings.Repeat("ยาวมาก", 500)
	for _, lang := range i18n.Langs {
		o.queue(o.letter("answer", lang, "a@example.com", mail.Body{Text: text, Link: "https://rayong.industry.test/" + lang + "/track"}))
	}
	o.flush()
	got := s.Messages(9, nil)
	if len(got) != 2 {
		t.Fatalf("%d mails", len(got))
	}
	for _, g := range got {
		for _, line := range strings.Split(text, "\n") {
			if !strings.Contains(g.Text, line) {
				t.Errorf("%.60q is missing", line)
			}
		}
		if strings.Contains(g.HTML, "<script") || !strings.Contains(g.HTML, "&lt;script&gt;") || g.DKIM != "pass" {
			t.Errorf("%s %s", g.DKIM, g.HTML)
		}
		if !strings.Contains(g.Text, "/track") {
			t.Error("no way to the tracking page")
		}
	}
}

func TestLinesKeepToTheLimitsOfMail(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	m := &moody{}
	o.relay(m.start(t))
	for _, kind := range mail.Kinds() {
		for _, lang := range i18n.Langs {
			if !mail.ForStaff(kind) {
				o.queue(o.letter(kind, lang, "a@example.com", mail.Body{Text: strings.Repeat("ข้อความ long ", 900), Link: "https://x.test/" + strings.Repeat("y", 200)}))
			}
		}
	}
	o.flush()
	letters, public := m.all(), 0
	for _, kind := range mail.Kinds() {
		if !mail.ForStaff(kind) {
			public++
		}
	}
	if len(letters) != 2*public {
		t.Fatalf("%d mails", len(letters))
	}
	for _, l := range letters {
		head, _, _ := strings.Cut(l, "\r\n\r\n")
		for _, line := range strings.Split(l, "\r\n") {
			if len(line) > 998 || strings.Contains(line, "\n") {
				t.Errorf("line of %d bytes: %.80q", len(line), line)
			}
		}
		for _, line := range strings.Split(head, "\r\n") {
			if strings.Contains(line, "=?utf-8?") && len(line) > 90 {
				t.Errorf("header is not folded: %q", line)
			}
		}
		for i := range len(l) {
			if l[i] >= 0x80 {
				t.Fatalf("not 7 bit: %.80q", l)
			}
		}
	}
}

func TestWithoutARelayEverythingStaysQueuedAndLeavesLater(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	m := o.letter("answer", "th", "a@example.com", mail.Body{Text: "x"})
	o.queue(m)
	o.flush()
	if s := o.state(m.ID); s.State != mail.Queued || s.Attempts != 0 {
		t.Errorf("%+v", s)
	}
	s := o.sink()
	o.post.Register()
	if err := o.post.Resume(ctx); err != nil {
		t.Fatal(err)
	}
	o.work()
	o.eventually("it leaves", func() bool { return len(s.Messages(9, nil)) == 1 })
}

// work runs the queue of jobs until the test ends.
func (o *office) work() {
	run, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); _ = o.deps.Jobs.Run(run) }()
	o.t.Cleanup(func() { stop(); <-done })
}

func (o *office) eventually(what string, ok func() bool) {
	o.t.Helper()
	for range 1000 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	o.t.Fatal("never happened: " + what)
}

func TestAMailLeavesAfterItsTransactionAndNotWithoutIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		s := o.sink()
		o.post.Register()
		o.work()
		refused := o.letter("answer", "th", "no@example.com", mail.Body{Text: "x"})
		_ = e.DB.InTx(ctx, func(tx *db.Tx) error { _ = o.post.Queue(tx, refused); return errors.New("refused") })
		o.queue(o.letter("answer", "th", "yes@example.com", mail.Body{Text: "x"}))
		o.eventually("it leaves", func() bool { return len(s.Messages(9, nil)) == 1 })
		if got := s.Messages(9, nil); got[0].To != "yes@example.com" {
			t.Error(got[0].To)
		}
	})
}

func TestWhatTheRelaySaysBecomesTheState(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		m := &moody{rcpt: func(to string) error {
			switch {
			case strings.HasPrefix(to, "grey"):
				return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "<" + to + "> greylisted, grey.person come back"}
			case strings.HasPrefix(to, "gone"):
				return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user: " + to}
			}
			return nil
		}}
		o.relay(m.start(t))
		grey, gone, good := o.letter("answer", "th", "grey.person@example.com", mail.Body{Text: "x"}), o.letter("answer", "th", "gone@example.com", mail.Body{Text: "x"}), o.letter("answer", "th", "good@example.com", mail.Body{Text: "x"})
		o.queue(grey, gone, good)
		o.flush()
		o.wants(good.ID, mail.HandedOver, "")
		o.wants(gone.ID, mail.Failed, "550 5.1.1 no such user: …")
		o.wants(grey.ID, mail.Queued, "451 4.7.1 <…> greylisted, … come back")
		o.flush() // not due yet
		if s := o.state(grey.ID); s.Attempts != 1 || !s.NextAt.After(e.Clock.Now()) {
			t.Errorf("%+v", s)
		}
		m.rcpt = nil
		e.Clock.Advance(time.Minute)
		o.flush()
		o.wants(grey.ID, mail.HandedOver, "")

		if err := o.post.Retry(ctx, "registrar-rayong", "another-case", gone.ID); errs.KindOf(err) != errs.Conflict {
			t.Errorf("retried through a case that it is not of: %v", err)
		}
		if err := o.post.Retry(ctx, "registrar-rayong", "case1", gone.ID); err != nil {
			t.Error(err)
		}
		o.flush()
		o.wants(gone.ID, mail.HandedOver, "")
		if err := o.post.Retry(ctx, "registrar-rayong", "case1", gone.ID); errs.KindOf(err) != errs.Conflict {
			t.Errorf("retried what was handed over: %v", err)
		}
	})
}

func TestAfterThreeDaysOfTryingItHasFailed(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	m := &moody{rcpt: func(string) error {
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 2, 2}, Message: "mailbox full"}
	}}
	o.relay(m.start(t))
	l := o.letter("answer", "th", "a@example.com", mail.Body{Text: "x"})
	o.queue(l)
	begin := o.e.Clock.Now()
	for range 100 {
		o.flush()
		s := o.state(l.ID)
		if s.State != mail.Queued {
			break
		}
		o.e.Clock.Set(s.NextAt)
	}
	o.wants(l.ID, mail.Failed, "452 4.2.2 mailbox full")
	if tried := o.e.Clock.Now().Sub(begin); tried < 60*time.Hour || tried > 84*time.Hour {
		t.Errorf("tried for %v", tried)
	}
}

func TestARelayThatCannotBeReachedOpensNothing(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := nobody.Addr().String()
	nobody.Close()
	hanging := listen(t, func(c net.Conn) { time.Sleep(2 * time.Second) })
	rude := listen(t, func(c net.Conn) { fmt.Fprint(c, "554 go away\r\n") })
	cut := listen(t, func(c net.Conn) { fmt.Fprint(c, "220 relay.test ESMTP\r\n") })
	for name, c := range map[string]struct {
		addr, reason string
		change       func(*mail.Relay)
	}{
		"nobody listens": {closed, "error.egress-unreachable", nil},
		"silence":        {hanging, "error.mail-connection", func(r *mail.Relay) { r.Timeout = 100 * time.Millisecond }},
		"refusal":        {rude, "554 go away", nil},
		"hangs up":       {cut, "error.mail-connection", nil},
		"no encryption":  {(&moody{}).start(t), "error.mail-no-tls", func(r *mail.Relay) { r.TLS = "required" }},
		"not on the list": {closed, "error.egress-refused", func(r *mail.Relay) {
			r.Addr = "127.0.0.1:1"
		}},
	} {
		o := newOffice(t, dbtest.SQLite(t))
		o.relay(c.addr)
		if c.change != nil {
			o.relay(c.addr, c.change)
		}
		a, b := o.letter("answer", "th", "a@example.com", mail.Body{Text: "x"}), o.letter("answer", "th", "b@example.com", mail.Body{Text: "x"})
		o.queue(a, b)
		o.flush()
		for _, l := range []mail.Message{a, b} {
			if s := o.state(l.ID); s.State != mail.Queued || s.LastError != c.reason || s.Attempts != 1 {
				t.Errorf("%s: %+v", name, s)
			}
		}
		if n := o.count(`SELECT COUNT(*) FROM processing_log`); n != 0 {
			t.Errorf("%s: personal data was opened for nothing", name)
		}
	}
}

func listen(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { defer c.Close(); f(c) }()
		}
	}()
	return l.Addr().String()
}

func TestAConnectionThatBreaksCostsOneMailADelayAndTheOthersNothing(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	first := true
	m := &moody{data: func(c *smtp.Conn) error {
		if first {
			first = false
			c.Conn().Close()
			return errDrop
		}
		return nil
	}}
	o.relay(m.start(t))
	var list []mail.Message
	for i := range 5 {
		list = append(list, o.letter("answer", "th", fmt.Sprintf("p%d@example.com", i), mail.Body{Text: "x"}))
	}
	o.queue(list...)
	o.flush()
	states := map[string]int{}
	for _, l := range list {
		s := o.state(l.ID)
		states[s.State+" "+s.LastError]++
	}
	if states["queued error.mail-connection"] != 1 || states["handed_over "] != 4 {
		t.Errorf("%v", states)
	}
	o.e.Clock.Advance(time.Hour)
	o.flush()
	if n := len(m.all()); n != 5 {
		t.Errorf("%d mails", n)
	}
}

func TestTwoNodesSendEachMailOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		m := &moody{}
		o.relay(m.start(t))
		other := mail.New(o.deps)
		for i := range 40 {
			o.queue(o.letter("answer", "th", fmt.Sprintf("p%d@example.com", i), mail.Body{Text: "x"}))
		}
		var wg sync.WaitGroup
		for _, node := range []*mail.Service{o.post, other, o.post, other} {
			wg.Go(func() {
				if err := node.Flush(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		seen := map[string]int{}
		for _, l := range m.all() {
			seen[messageID(l)]++
		}
		if len(seen) != 40 || len(m.all()) != 40 {
			t.Errorf("%d mails, %d different", len(m.all()), len(seen))
		}
	})
}

// A node that dies after the relay took a mail and before it noted so leaves a lease.
func TestAMailOfADeadNodeIsSentAgainUnderTheSameMessageID(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		m := &moody{}
		o.relay(m.start(t))
		l := o.letter("answer", "th", "a@example.com", mail.Body{Text: "x"})
		o.queue(l)
		o.flush()
		if err := e.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE outbox SET state = 'queued', lease_until = $1, changed_at = created_at`, db.Micros(tx.Now().Add(5*time.Minute)))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		o.flush()
		if n := len(m.all()); n != 1 {
			t.Fatalf("the lease of another node was not kept: %d mails", n)
		}
		if n := o.count(`SELECT COUNT(*) FROM jobs WHERE kind = 'mail.flush' AND run_at > $1`, db.Micros(e.Clock.Now())); n == 0 {
			t.Error("nobody looks when the lease ends")
		}
		e.Clock.Advance(6 * time.Minute)
		o.flush()
		sent := m.all()
		if len(sent) != 2 || messageID(sent[0]) != messageID(sent[1]) || messageID(sent[0]) == "" {
			t.Errorf("%d mails", len(sent))
		}
	})
}

func TestAcknowledgementsToOneAddressAreCapped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		m := &moody{}
		o.relay(m.start(t))
		sent := func(kind, to string) string {
			l := o.letter(kind, "th", to, mail.Body{Text: "x"})
			o.queue(l)
			o.flush()
			return o.state(l.ID).State
		}
		for i := range 3 {
			if s := sent("ack", "victim@example.com"); s != mail.HandedOver {
				t.Errorf("%d: %s", i, s)
			}
		}
		l := o.letter("ack", "th", "Victim@Example.com", mail.Body{})
		o.queue(l)
		o.flush()
		o.wants(l.ID, mail.Failed, "capped")
		if sent("ack", "other@example.com") != mail.HandedOver || sent("answer", "victim@example.com") != mail.HandedOver {
			t.Error("capped what must not be")
		}
		handed := 3
		for range 8 {
			e.Clock.Advance(61 * time.Minute)
			if sent("ack", "victim@example.com") == mail.HandedOver {
				handed++
			}
		}
		if handed != 10 {
			t.Errorf("%d acknowledgements in a day", handed)
		}
	})
}

func TestARetriedAcknowledgementCountsOnce(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	m := &moody{rcpt: func(string) error { return &smtp.SMTPError{Code: 451, Message: "later"} }}
	o.relay(m.start(t))
	l := o.letter("ack", "th", "a@example.com", mail.Body{})
	o.queue(l)
	for range 5 {
		o.flush()
		o.e.Clock.Advance(5 * time.Minute)
	}
	m.rcpt = nil
	o.flush()
	o.wants(l.ID, mail.HandedOver, "")
}

func TestTheRecordDecidesWhetherMailIsSent(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	m := &moody{}
	o.relay(m.start(t))
	effective := o.record
	a := o.letter("answer", "th", "a@example.com", mail.Body{Text: "x"})
	o.record = nil
	o.queue(a)
	o.flush()
	o.wants(a.ID, mail.Queued, "error.no-record")
	o.record = effective
	o.e.Clock.Advance(time.Minute)
	o.flush()
	o.wants(a.ID, mail.HandedOver, "")

	b := o.letter("verify", "th", "a@example.com", mail.Body{Link: "https://x.test"})
	o.record.Purposes = o.record.Purposes[:1] // verify_identity is no longer declared
	o.queue(b)
	o.flush()
	o.wants(b.ID, mail.Failed, "error.purpose-not-declared")

	c := o.letter("answer", "th", "a@example.com", mail.Body{Text: "x"})
	o.queue(c)
	if err := o.deps.Vault.Shred(ctx, o.subject.ID); err != nil {
		t.Fatal(err)
	}
	o.flush()
	o.wants(c.ID, mail.Failed, "error.key-destroyed")
	if n := len(m.all()); n != 1 {
		t.Errorf("%d mails left", n)
	}
}

func TestADigestGoesToStaffWithoutTouchingPersonalData(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	s := o.sink()
	id := db.NewID()
	o.queue(mail.Message{ID: id, Kind: "digest", Lang: "th", Agency: "rayong", Recipient: o.deps.Vault.SealSystem(mail.Place(id, "recipient"), []byte("officer@industry.test")), Meta: map[string]string{"overdue": "2", "week": "5", "open": "11"}})
	o.flush()
	got := s.Messages(9, nil)
	if len(got) != 1 || got[0].Subject != "มีเรื่องรอดำเนินการ 11 เรื่อง" || !strings.Contains(got[0].Text, "https://office.industry.test/") || !strings.Contains(got[0].Text, "เกินกำหนด") {
		t.Fatalf("%+v", got)
	}
	if n := o.count(`SELECT COUNT(*) FROM processing_log`); n != 0 {
		t.Errorf("%d processing lines", n)
	}
}

func TestAnAddressInThaiNeedsARelayThatTakesIt(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	l := o.letter("answer", "th", "สมชาย@xn--12cl1ca.xn--o3cw4h", mail.Body{Text: "x"})
	o.relay((&moody{}).start(t))
	o.queue(l)
	o.flush()
	o.wants(l.ID, mail.Failed, "error.mail-smtputf8")
	s := o.sink()
	if err := o.post.Retry(ctx, "x", "case1", l.ID); err != nil {
		t.Fatal(err)
	}
	o.flush()
	if got := s.Messages(9, nil); len(got) != 1 || got[0].EnvelopeTo[0] != "สมชาย@xn--12cl1ca.xn--o3cw4h" || got[0].DKIM != "pass" {
		t.Errorf("%+v", got)
	}
}

func TestAMailThatSaysNothingKnownIsNotQueued(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	for _, kind := range []string{"spam", "digest"} { // a digest is for staff only
		m := o.letter(kind, "th", "a@example.com", mail.Body{})
		if err := o.e.DB.InTx(ctx, func(tx *db.Tx) error { return o.post.Queue(tx, m) }); errs.KindOf(err) != errs.Internal {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestEveryTextOfEveryMailIsInTheCatalogue(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	m := &moody{}
	o.relay(m.start(t))
	for _, kind := range mail.Kinds() {
		for _, key := range []string{"mail.kind." + kind, "mail." + kind + ".subject"} {
			if !i18n.Has(key) {
				t.Error(key)
			}
		}
		l := o.letter(kind, "en", "a@example.com", mail.Body{Text: "x", Link: "https://x.test"})
		if mail.ForStaff(kind) {
			l.SubjectKey, l.Body, l.Recipient = "", nil, o.deps.Vault.SealSystem(mail.Place(l.ID, "recipient"), []byte("a@example.com"))
		}
		o.queue(l)
	}
	o.flush()
	for _, l := range m.all() {
		for _, kind := range mail.Kinds() {
			if strings.Contains(l, "mail."+kind+".") {
				t.Errorf("a text is missing: %s", l)
			}
		}
		if strings.Contains(l, "mail.greeting") || strings.Contains(l, "mail.closing") || strings.Contains(l, "mail.fact") || strings.Contains(l, "{agency}") || strings.Contains(l, "{record}") {
			t.Errorf("a text is missing: %s", l)
		}
	}
	if len(m.all()) != len(mail.Kinds()) {
		t.Errorf("%d mails", len(m.all()))
	}
}
