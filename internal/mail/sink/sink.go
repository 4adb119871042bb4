package sink

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// Limits of the sink.
const (
	// Keep is how many mails are kept; the oldest go first.
	Keep    = 2000
	maxMail = 4 << 20
)

// Config says where mails are kept and how signatures are checked.
type Config struct {
	Dir string
	// Keys stands for the DNS: "selector._domainkey.domain" to the TXT record there.
	Keys map[string]string
	Now  func() time.Time
}

// envelope is a mail as it is kept.
type envelope struct {
	At   time.Time `json:"at"`
	From string    `json:"from"`
	To   []string  `json:"to"`
	DKIM string    `json:"dkim"`
	Raw  []byte    `json:"raw"`
}

// Sink is the running server.
type Sink struct {
	config   Config
	server   *smtp.Server
	listener net.Listener

	mu  sync.Mutex
	ids []string // oldest first; they are time-ordered
}

// Open starts the server on a loopback port of the kernel's choice.
func Open(c Config) (*Sink, error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.database-dir", "path", c.Dir)
	}
	s := &Sink{config: c}
	if err := s.load(); err != nil {
		return nil, err
	}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.listen", "addr", "127.0.0.1:0")
	}
	s.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{sink: s}, nil }))
	s.server.Domain = "mail.localhost"
	s.server.MaxMessageBytes, s.server.MaxRecipients = maxMail, 20
	s.server.ReadTimeout, s.server.WriteTimeout = time.Minute, time.Minute
	s.server.EnableSMTPUTF8 = true
	go func() {
		if err := s.server.Serve(s.listener); err != nil && !errors.Is(err, smtp.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
			slog.Error("mail sink", "err", err)
		}
	}()
	return s, nil
}

// Addr is where it takes mail: the relay of the demo.
func (s *Sink) Addr() string { return s.listener.Addr().String() }

// Close ends the server; what it has acknowledged is kept.
func (s *Sink) Close() error { return s.server.Close() }

func (s *Sink) load() error {
	entries, err := os.ReadDir(s.config.Dir)
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.database-dir", "path", s.config.Dir)
	}
	for _, e := range entries {
		if id, ok := strings.CutSuffix(e.Name(), ".json"); ok {
			s.ids = append(s.ids, id)
		}
	}
	slices.Sort(s.ids)
	return s.trim()
}

// trim deletes the oldest mails beyond the limit; the lock is held.
func (s *Sink) trim() error {
	for len(s.ids) > Keep {
		if err := os.Remove(s.path(s.ids[0])); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		s.ids = s.ids[1:]
	}
	return nil
}

func (s *Sink) path(id string) string { return filepath.Join(s.config.Dir, id+".json") }

// keep stores a mail before it is acknowledged.
func (s *Sink) keep(e envelope) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	id := db.NewID()
	tmp := filepath.Join(s.config.Dir, id+".tmp")
	if err := os.WriteFile(tmp, text, 0o600); err != nil {
		return err
	}
	if err := os.Rename(tmp, s.path(id)); err != nil {
		return err
	}
	s.ids = append(s.ids, id)
	return s.trim()
}

// newest lists ids, the newest first.
func (s *Sink) newest() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.ids)
	slices.Reverse(out)
	return out
}

// Message returns a mail by its id.
func (s *Sink) Message(id string) (Message, error) {
	s.mu.Lock()
	known := slices.Contains(s.ids, id) // an id is never used as a path unseen
	s.mu.Unlock()
	if !known {
		return Message{}, errs.New(errs.NotFound, "error.not-found")
	}
	text, err := os.ReadFile(s.path(id))
	if err != nil {
		return Message{}, errs.Wrap(err, errs.NotFound, "error.not-found")
	}
	var e envelope
	if err := json.Unmarshal(text, &e); err != nil {
		return Message{}, err
	}
	return parse(id, e), nil
}

// Messages returns up to limit mails that pass, the newest first.
func (s *Sink) Messages(limit int, passes func(Message) bool) []Message {
	out := []Message{}
	for _, id := range s.newest() {
		if len(out) == limit {
			break
		}
		m, err := s.Message(id)
		if err == nil && (passes == nil || passes(m)) {
			out = append(out, m)
		}
	}
	return out
}

// session is one SMTP conversation.
type session struct {
	sink *Sink
	e    envelope
}

func (c *session) Reset()        { c.e = envelope{} }
func (c *session) Logout() error { return nil }

func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	c.e = envelope{From: from}
	return nil
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.e.To = append(c.e.To, to)
	return nil
}

func (c *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	c.e.Raw, c.e.At = raw, c.sink.config.Now().UTC()
	c.e.DKIM = c.sink.verify(raw)
	if err := c.sink.keep(c.e); err != nil {
		slog.Error("mail sink", "err", err)
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "cannot keep the mail now"}
	}
	return nil
}
