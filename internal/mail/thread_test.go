package mail_test

import (
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"prasan/internal/db/dbtest"
	"prasan/internal/mail"
)

func TestAnAnswerFindsItsMessageByAKeyedAddressUntilItIsOld(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		o.deps.Config.Mailbox = "post@industry.test"
		s := o.sink()
		l := o.letter("answer", "th", "somsri@example.test", mail.Body{Text: "ดำเนินการแล้ว"})
		o.queue(l)
		id := l.ID
		o.flush()
		sent := s.Messages(9, nil)[0]
		to, err := netmail.ParseAddress(sent.Headers["Reply-To"])
		if err != nil {
			t.Fatal(err)
		}
		got, ok := o.post.Answered(to.Address)
		if !ok || got != id {
			t.Fatalf("%s answers %q, want %q", to.Address, got, id)
		}
		if got, ok := o.post.Named(sent.Headers["Message-ID"]); !ok || got != id {
			t.Errorf("the Message-ID names %q, want %q", got, id)
		}
		local, domain, _ := strings.Cut(to.Address, "@")
		forged := local[:len(local)-2] + "aa@" + domain
		for _, address := range []string{forged, local + "@example.test", "post@industry.test", "other" + strings.TrimPrefix(to.Address, "post"), ""} {
			if got, ok := o.post.Answered(address); ok && address != to.Address {
				t.Errorf("%q answers %q", address, got)
			}
		}
		e.Clock.Advance(10 * 365 * 24 * time.Hour)
		if _, ok := o.post.Answered(to.Address); ok {
			t.Error("an address works for ever")
		}
	})
}
