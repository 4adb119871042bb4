package mail_test

import (
	"path/filepath"
	"testing"

	"prasan/internal/config"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/mail"
)

func TestSettingsThatCannotBeAreRefusedAtTheStart(t *testing.T) {
	for name, c := range map[string]struct {
		config config.Mail
		want   string
	}{
		"nothing":      {config.Mail{}, ""},
		"no port":      {config.Mail{Relay: "smtp.example.go.th"}, "error.egress-address"},
		"no network":   {config.Mail{Relay: "10.0.0.1:25", AllowPrivate: "10.0.0.1"}, "error.cidr"},
		"no key there": {config.Mail{DKIMKeyFile: filepath.Join(t.TempDir(), "x.pem")}, "error.dkim-key"},
		"right":        {config.Mail{Relay: "10.0.0.1:25", AllowPrivate: "10.0.0.0/8"}, ""},
	} {
		_, _, err := mail.Setup(c.config)
		if got := keyOf(err); got != c.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func keyOf(err error) string {
	if err == nil {
		return ""
	}
	return errs.As(err).Key
}

func TestARelayInAPrivateNetworkIsReachedOnlyWhereTheNetworkIsNamed(t *testing.T) {
	m := &moody{}
	addr := m.start(t)
	for network, want := range map[string]string{"": mail.Queued, "127.0.0.0/8": mail.HandedOver} {
		o := newOffice(t, dbtest.SQLite(t))
		relay, _, err := mail.Setup(config.Mail{Relay: addr, TLS: "offered", AllowPrivate: network})
		if err != nil {
			t.Fatal(err)
		}
		o.relay(addr, func(r *mail.Relay) { r.Dial = relay.Dial })
		l := o.letter("answer", "th", "a@example.com", mail.Body{Text: "x"})
		o.queue(l)
		o.flush()
		if s := o.state(l.ID); s.State != want || want == mail.Queued && s.LastError != "error.egress-refused" {
			t.Errorf("%q: %+v", network, s)
		}
	}
}
