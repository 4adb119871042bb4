package mail_test

import (
	"crypto/tls"
	"crypto/x509"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/mail"
)

// certificate is one for 127.0.0.1 and the pool that trusts it.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return s.TLS.Certificates[0], pool
}

// guarded is a relay that wants a password.
type guarded struct {
	mood
	user, password string
	in             bool
}

func (g *guarded) AuthMechanisms() []string { return []string{sasl.Plain} }

func (g *guarded) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if g.in = user == g.user && password == g.password; !g.in {
			return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "wrong"}
		}
		return nil
	}), nil
}

func (g *guarded) Mail(string, *smtp.MailOptions) error {
	if !g.in {
		return smtp.ErrAuthRequired
	}
	return nil
}

func TestTheRelayIsSpokenToInSecret(t *testing.T) {
	cert, roots := certificate(t)
	for name, c := range map[string]struct {
		change        func(*mail.Relay)
		state, reason string
	}{
		"trusted, password":      {func(r *mail.Relay) { r.Roots, r.Password = roots, "secret" }, mail.HandedOver, ""},
		"wrong password":         {func(r *mail.Relay) { r.Roots, r.Password = roots, "guess" }, mail.Queued, "535 5.7.8 wrong"},
		"not trusted":            {func(r *mail.Relay) { r.Password = "secret" }, mail.Queued, "error.mail-certificate"},
		"no TLS, so no password": {func(r *mail.Relay) { r.TLS, r.Password = "none", "secret" }, mail.Queued, ""},
	} {
		o := newOffice(t, dbtest.SQLite(t))
		m := &moody{}
		addr := m.start(t, func(s *smtp.Server) {
			s.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}}
			s.Backend = smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
				return &guarded{mood: mood{m: m, c: c}, user: "prasan", password: "secret"}, nil
			})
		})
		o.relay(addr, func(r *mail.Relay) { r.TLS, r.User = "required", "prasan" }, c.change)
		l := o.letter("answer", "th", "a@example.com", mail.Body{Text: "x"})
		o.queue(l)
		o.flush()
		if s := o.state(l.ID); s.State != c.state || c.reason != "" && s.LastError != c.reason || c.state == mail.Queued && s.LastError == "" {
			t.Errorf("%s: %+v", name, s)
		}
		if (len(m.all()) == 1) != (c.state == mail.HandedOver) {
			t.Errorf("%s: %d mails", name, len(m.all()))
		}
	}
}

func TestADKIMKeyIsMadeOnceAndReadAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dkim", "key.pem")
	if _, err := mail.ReadDKIM(path, false); errs.As(err).Key != "error.dkim-key" {
		t.Errorf("%v", err)
	}
	first, err := mail.ReadDKIM(path, true)
	if err != nil {
		t.Fatal(err)
	}
	again, err := mail.ReadDKIM(path, true)
	if err != nil {
		t.Fatal(err)
	}
	a, _ := mail.DKIMRecord(first)
	b, _ := mail.DKIMRecord(again)
	if a != b || a == "" {
		t.Error("another key")
	}
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := mail.ReadDKIM(path, true); errs.As(err).Key != "error.dkim-key" {
		t.Errorf("%v", err)
	}
}
