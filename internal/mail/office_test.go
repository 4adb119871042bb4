package mail_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/egress"
	"prasan/internal/jobs"
	"prasan/internal/limits"
	"prasan/internal/mail"
	"prasan/internal/mail/sink"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

var ctx = context.Background()

// office is a post office with everything real around it.
type office struct {
	t       *testing.T
	e       *dbtest.Engine
	deps    mail.Deps
	post    *mail.Service
	record  *policy.Snapshot
	subject *vault.Subject
	keys    map[string]string
}

func newOffice(t *testing.T, e *dbtest.Engine) *office {
	t.Helper()
	o := &office{t: t, e: e, record: &policy.Snapshot{Activity: mail.Activity, RevisionID: "r1", Purposes: []policy.Purpose{{Code: "communicate", Elements: []string{"email"}}, {Code: "verify_identity", Elements: []string{"email"}}}}}
	ring, err := db.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "keyring.db"), db.Options{Clock: e.Clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ring.Close() })
	master, err := vault.NewMaster(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	v, minter, err := vault.Open(ctx, ring, master)
	if err != nil {
		t.Fatal(err)
	}
	if o.subject, err = v.NewSubject(ctx, dbtest.Start); err == nil {
		err = v.Keep(ctx, o.subject)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	record, err := mail.DKIMRecord(key)
	if err != nil {
		t.Fatal(err)
	}
	o.keys = map[string]string{"prasan._domainkey.industry.test": record}
	log := audit.New("test")
	o.deps = mail.Deps{DB: e.DB, Vault: v, Audit: log, Jobs: jobs.New(e.DB, e.Clock.Now), Limits: limits.New(v.Derive("limits"), false), Now: e.Clock.Now,
		Processing: processing.New(e.DB, v, minter, log, func(string) *policy.Snapshot { return o.record }),
		Config: mail.Config{Domain: "industry.test", OfficeURL: "https://office.industry.test/", LinkHours: 72, SiteURL: func(host string) string { return "https://" + host }, DKIM: mail.DKIM{Selector: "prasan", Key: key}, Sender: func(agency, _ string) mail.Sender {
			return mail.Sender{Name: policy.Text{TH: "สำนักงานอุตสาหกรรมจังหวัดระยอง", EN: "Rayong Provincial Industry Office"}, Email: "saraban@" + agency + ".industry.test"}
		}}}
	o.relay("")
	return o
}

// relay has the office hand over to addr from now on.
func (o *office) relay(addr string, change ...func(*mail.Relay)) {
	o.t.Helper()
	allow := []string{}
	if addr != "" {
		allow = append(allow, addr)
	}
	way, err := egress.New(egress.Config{Allow: allow, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		o.t.Fatal(err)
	}
	o.deps.Config.Relay = mail.Relay{Addr: addr, TLS: "offered", Dial: way.Dial, Timeout: 5 * time.Second}
	for _, f := range change {
		f(&o.deps.Config.Relay)
	}
	o.post = mail.New(o.deps)
}

// sink starts a mail sink and makes it the relay.
func (o *office) sink() *sink.Sink {
	o.t.Helper()
	s, err := sink.Open(sink.Config{Dir: o.t.TempDir(), Keys: o.keys, Now: o.e.Clock.Now})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { s.Close() })
	o.relay(s.Addr())
	return s
}

// letter makes a message to the sender of a case.
func (o *office) letter(kind, lang, to string, body mail.Body) mail.Message {
	o.t.Helper()
	id := db.NewID()
	plain, err := json.Marshal(body)
	if err != nil {
		o.t.Fatal(err)
	}
	return mail.Message{ID: id, Kind: kind, CaseID: "case1", Lang: lang, Agency: "rayong", Site: "rayong.industry.test", SubjectKey: o.subject.ID,
		Recipient: o.subject.Seal(mail.Place(id, "recipient"), []byte(to)), Body: o.subject.Seal(mail.Place(id, "body"), plain),
		Meta: map[string]string{"reference": "RYG-7K2M-9", "received_at": "2026-11-24T03:00:00Z", "reply_by": "2026-12-09T03:00:00Z"}}
}

func (o *office) queue(list ...mail.Message) {
	o.t.Helper()
	if err := o.e.DB.InTx(ctx, func(tx *db.Tx) error {
		for _, m := range list {
			if err := o.post.Queue(tx, m); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) flush() {
	o.t.Helper()
	if err := o.post.Flush(ctx); err != nil {
		o.t.Fatal(err)
	}
}

// state is what the office knows of a message.
func (o *office) state(id string) (found mail.State) {
	o.t.Helper()
	err := o.e.DB.Read(ctx, func(tx *db.Tx) error {
		list, err := o.post.List(tx, "case1")
		for _, s := range list {
			if s.ID == id {
				found = s
			}
		}
		return err
	})
	if err != nil {
		o.t.Fatal(err)
	}
	return found
}

func (o *office) wants(id, state, reason string) {
	o.t.Helper()
	if s := o.state(id); s.State != state || s.LastError != reason {
		o.t.Errorf("%s %q after %d attempts, want %s %q", s.State, s.LastError, s.Attempts, state, reason)
	}
}

// count returns the number of rows of a query.
func (o *office) count(query string, args ...any) (n int) {
	o.t.Helper()
	if err := o.e.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, args, &n) }); err != nil {
		o.t.Fatal(err)
	}
	return n
}

// moody is an SMTP server that does to each command what a test wants.
type moody struct {
	mu    sync.Mutex
	rcpt  func(to string) error
	data  func(c *smtp.Conn) error
	taken []string
}

func (m *moody) start(t *testing.T, change ...func(*smtp.Server)) (addr string) {
	t.Helper()
	s := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &mood{m: m, c: c}, nil }))
	s.Domain, s.ErrorLog = "relay.test", silent{}
	for _, f := range change {
		f(s)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

func (m *moody) all() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string{}, m.taken...)
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

type mood struct {
	m *moody
	c *smtp.Conn
}

func (s *mood) Reset()                               {}
func (s *mood) Logout() error                        { return nil }
func (s *mood) Mail(string, *smtp.MailOptions) error { return nil }

func (s *mood) Rcpt(to string, _ *smtp.RcptOptions) error {
	if s.m.rcpt != nil {
		return s.m.rcpt(to)
	}
	return nil
}

func (s *mood) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if s.m.data != nil {
		if err := s.m.data(s.c); err != nil {
			return err
		}
	}
	s.m.mu.Lock()
	defer s.m.mu.Unlock()
	s.m.taken = append(s.m.taken, string(text))
	return nil
}

var errDrop = errors.New("dropped")

// messageID finds the Message-ID of a mail.
func messageID(letter string) string {
	for _, line := range strings.Split(letter, "\r\n") {
		if v, ok := strings.CutPrefix(line, "Message-ID: "); ok {
			return v
		}
	}
	return ""
}
