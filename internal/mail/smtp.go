package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/smtp"
	"net/textproto"
	"regexp"
	"strings"
	"time"

	"prasan/internal/errs"
)

// permanent is a failure that trying again does not mend (5xx, RFC 5321 section 4.2.1).
type permanent struct{ reason string }

func (p *permanent) Error() string { return p.reason }

// temporary is one that it may.
type temporary struct {
	reason string
	lost   bool // the connection cannot be used further
}

func (t *temporary) Error() string { return t.reason }

// smtpSession is a greeted connection to the relay.
type smtpSession struct {
	client  *smtp.Client
	conn    net.Conn
	timeout time.Duration
}

func (s *smtpSession) close() {
	if s.client == nil {
		return
	}
	_ = s.conn.SetDeadline(time.Now().Add(2 * time.Second))
	if s.client.Quit() != nil {
		s.client.Close()
	}
	s.client = nil
}

// usable tells whether the connection outlived an error: it did when the relay answered.
func (s *smtpSession) usable(err error) bool {
	var t *temporary
	return s.client != nil && (!errors.As(err, &t) || !t.lost)
}

// patienceToGreet is how long a relay may take until it is ready for mail.
const patienceToGreet = 15 * time.Second

// connect dials and greets the relay, with transport security as configured.
func (s *Service) connect(ctx context.Context) (*smtpSession, error) {
	r := s.Config.Relay
	host, port, err := net.SplitHostPort(r.Addr)
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.egress-address", "value", r.Addr)
	}
	within := min(r.Timeout, patienceToGreet)
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	conn, err := r.Dial(ctx, "tcp", r.Addr)
	if err != nil {
		// That the relay is not on the list is a fault of the configuration, which may be mended: it stays queued.
		return nil, &temporary{reason: errs.As(err).Key, lost: true}
	}
	_ = conn.SetDeadline(time.Now().Add(within))
	settings := &tls.Config{ServerName: host, RootCAs: r.Roots, MinVersion: tls.VersionTLS12}
	if port == "465" { // RFC 8314 section 3.3
		conn = tls.Client(conn, settings)
	}
	client, err := smtp.NewClient(conn, host)
	if err == nil {
		if err = s.greet(client, settings, port == "465"); err != nil {
			client.Close()
		}
	}
	if err != nil {
		conn.Close()
		// A relay that refuses us refuses nobody's mail in particular: it is tried again.
		return nil, &temporary{reason: redact(classify(err), "").Error(), lost: true}
	}
	return &smtpSession{client: client, conn: conn, timeout: r.Timeout}, nil
}

func (s *Service) greet(client *smtp.Client, settings *tls.Config, secure bool) error {
	if err := client.Hello(s.hello); err != nil {
		return err
	}
	r := s.Config.Relay
	if !secure && r.TLS != "none" {
		if offered, _ := client.Extension("STARTTLS"); offered {
			if err := client.StartTLS(settings); err != nil {
				return err
			}
		} else if r.TLS != "offered" {
			return &temporary{reason: "error.mail-no-tls", lost: true}
		}
	}
	if r.User == "" {
		return nil
	}
	_, mechanisms := client.Extension("AUTH")
	return client.Auth(mechanism(mechanisms, r.User, r.Password, settings.ServerName))
}

// send hands over one message.
func (s *smtpSession) send(ctx context.Context, from, to string, letter []byte) error {
	deadline := time.Now().Add(s.timeout)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	_ = s.conn.SetDeadline(deadline)
	if utf8, _ := s.client.Extension("SMTPUTF8"); !utf8 && !ascii(to) {
		return &permanent{reason: "error.mail-smtputf8"}
	}
	err := s.transaction(from, to, letter)
	if err == nil {
		return nil
	}
	outcome := classify(err)
	var t *temporary
	if !errors.As(outcome, &t) || !t.lost {
		_ = s.client.Reset()
	}
	return outcome
}

func (s *smtpSession) transaction(from, to string, letter []byte) error {
	if err := s.client.Mail(from); err != nil {
		return err
	}
	if err := s.client.Rcpt(to); err != nil {
		return err
	}
	w, err := s.client.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(letter); err != nil {
		return err
	}
	return w.Close()
}

// classify tells the relay's refusals from the network's.
func classify(err error) error {
	var t *temporary
	if errors.As(err, &t) {
		return t
	}
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		var cert *tls.CertificateVerificationError
		if errors.As(err, &cert) {
			return &temporary{reason: "error.mail-certificate", lost: true}
		}
		return &temporary{reason: "error.mail-connection", lost: true}
	}
	reason := fmt.Sprintf("%d %s", answer.Code, answer.Msg)
	if answer.Code >= 500 {
		return &permanent{reason: reason}
	}
	return &temporary{reason: reason, lost: answer.Code == 421}
}

var anyAddress = regexp.MustCompile(`[^\s<>(),;:"]+@[^\s<>(),;:"]+`)

// redact takes addresses out of what a relay said: it is shown and logged unsealed.
func redact(err error, address string) error {
	clean := func(s string) string {
		s = anyAddress.ReplaceAllString(s, "…")
		local, _, _ := strings.Cut(address, "@")
		if len(local) > 2 {
			s = regexp.MustCompile(`(?i)`+regexp.QuoteMeta(local)).ReplaceAllString(s, "…")
		}
		s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "?")), " ")
		if r := []rune(s); len(r) > 300 {
			s = string(r[:300])
		}
		return s
	}
	var p *permanent
	var t *temporary
	switch {
	case errors.As(err, &p):
		return &permanent{clean(p.reason)}
	case errors.As(err, &t):
		return &temporary{clean(t.reason), t.lost}
	}
	return err
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// mechanism is PLAIN where the relay offers it, else LOGIN, which some only have. Both
// refuse to show a password to a connection that is not encrypted.
func mechanism(offered, user, password, host string) smtp.Auth {
	if strings.Contains(" "+offered+" ", " PLAIN ") || !strings.Contains(" "+offered+" ", " LOGIN ") {
		return smtp.PlainAuth("", user, password, host)
	}
	return &login{user, password}
}

type login struct{ user, password string }

func (l *login) Start(server *smtp.ServerInfo) (string, []byte, error) {
	if !server.TLS {
		return "", nil, &temporary{reason: "error.mail-no-tls", lost: true}
	}
	return "LOGIN", nil, nil
}

func (l *login) Next(prompt []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	if strings.HasPrefix(strings.ToLower(string(prompt)), "user") {
		return []byte(l.user), nil
	}
	return []byte(l.password), nil
}
