package mail_test

import (
	"strings"
	"testing"

	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/mail"
)

// report is what a mail server sends to the return path (RFC 3464 appendix E).
func report(to, action, status, original string) string {
	return strings.ReplaceAll(`From: Mail Delivery System <MAILER-DAEMON@relay.test>
To: `+to+`
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I could not deliver your mail to <somchai@example.com>.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.test
Arrival-Date: Tue, 24 Nov 2026 10:00:00 +0700

Final-Recipient: rfc822; somchai@example.com
Action: `+action+`
Status: `+status+`
Diagnostic-Code: smtp; 550 5.1.1 <somchai@example.com>:
 user unknown

--b
Content-Type: text/rfc822-headers

Return-Path: <`+original+`>
Subject: x

--b--
`, "\n", "\r\n")
}

func TestAReportAboutAMailOfOursMakesItBounced(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		s := o.sink()
		sent := func() (id, path string) {
			l := o.letter("answer", "th", "somchai@example.com", mail.Body{Text: "x"})
			o.queue(l)
			o.flush()
			return l.ID, s.Messages(1, nil)[0].EnvelopeFrom
		}
		id, path := sent()
		if _, err := o.post.TakeReport(ctx, "", strings.NewReader(report(path, "delayed", "4.2.0", ""))); err != nil {
			t.Error(err)
		}
		o.wants(id, mail.HandedOver, "")
		got, err := o.post.TakeReport(ctx, "", strings.NewReader(report("<"+strings.ToUpper(path)+">", "failed", "5.1.1", "")))
		if err != nil || got.Status != "5.1.1" || !got.Failed {
			t.Errorf("%+v %v", got, err)
		}
		o.wants(id, mail.Bounced, "5.1.1 550 5.1.1 <…>: user unknown")
		if _, err := o.post.TakeReport(ctx, "", strings.NewReader(report(path, "failed", "5.9.9", ""))); err != nil {
			t.Error("a second report:", err)
		}
		o.wants(id, mail.Bounced, "5.1.1 550 5.1.1 <…>: user unknown")

		id, path = sent() // the address is only in the returned header
		if _, err := o.post.TakeReport(ctx, "", strings.NewReader(report("postmaster@industry.test", "failed", "5.1.1", path))); err != nil {
			t.Error(err)
		}
		o.wants(id, mail.Bounced, "5.1.1 550 5.1.1 <…>: user unknown")

		id, path = sent() // a token that was changed is nobody's
		token := []byte(strings.TrimSuffix(strings.TrimPrefix(path, "bounce+"), "@industry.test"))
		if token[30]++; token[30] > 'z' || token[30] < 'a' {
			token[30] = 'a'
		}
		if err := o.post.Bounced(ctx, string(token), "x"); errs.KindOf(err) != errs.NotFound {
			t.Errorf("a forged token: %v", err)
		}
		o.wants(id, mail.HandedOver, "")
	})
}

func TestWhatIsNoReportIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":     "",
		"no mail":     "hello",
		"vacation":    "From: x@example.com\r\nSubject: out of office\r\n\r\nI am away.\r\n",
		"no boundary": "Content-Type: multipart/report\r\n\r\n",
		"empty":       "Content-Type: multipart/report; boundary=b\r\n\r\n--b--\r\n",
		"endless":     "Content-Type: multipart/report; boundary=b\r\n\r\n" + strings.Repeat("--b\r\nContent-Type: message/delivery-status\r\n\r\nX: y\r\n", 50_000),
	} {
		if r, err := mail.ParseDSN(strings.NewReader(text)); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %+v %v", name, r, err)
		}
	}
}

func FuzzParseDSN(f *testing.F) {
	f.Add(report("bounce+"+strings.Repeat("a", 39)+"@x.test", "failed", "5.1.1", "x"))
	f.Fuzz(func(t *testing.T, text string) {
		r, err := mail.ParseDSN(strings.NewReader(text))
		if err == nil && r.Status == "" && !r.Failed {
			t.Errorf("%+v", r)
		}
	})
}
