package imap_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	goimap "github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"prasan/internal/inbox/imap"
)

// box remembers what was kept.
type box struct {
	mu       sync.Mutex
	kept     []string
	last     uint32
	validity uint32
	broken   bool
	failed   int
	passed   int
}

func (b *box) Lease(context.Context) (bool, error) { return true, nil }
func (b *box) Release(context.Context) error       { return nil }
func (b *box) Failed(context.Context, error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.failed++
	return nil
}
func (b *box) count() int { b.mu.Lock(); defer b.mu.Unlock(); return len(b.kept) }
func (b *box) mend()      { b.mu.Lock(); defer b.mu.Unlock(); b.broken = false }
func (b *box) Pass(_ context.Context, v, uid uint32) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.validity, b.last = v, uid
	b.passed++
	return nil
}

func (b *box) Position(_ context.Context, v uint32) (uint32, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.last, v != b.validity, nil
}

func (b *box) Keep(_ context.Context, v, uid uint32, raw []byte, size int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken {
		return errors.New("the disk is full")
	}
	_, body, _ := strings.Cut(string(raw), "\r\n\r\n")
	b.kept = append(b.kept, body)
	if v != 0 {
		b.validity, b.last = v, uid
	}
	return nil
}

// server is a mailbox with TLS.
func server(t *testing.T) (*imapmemserver.User, imap.Config) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	must(t, err)
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	user := imapmemserver.NewUser("post", "secret")
	must(t, user.Create("INBOX", nil))
	must(t, user.Create("Done", nil))
	mem := imapmemserver.New()
	mem.AddUser(user)
	s := imapserver.New(&imapserver.Options{NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
		return mem.NewSession(), nil, nil
	}, Caps: goimap.CapSet{goimap.CapIMAP4rev1: {}, goimap.CapIMAP4rev2: {}}, InsecureAuth: true})
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: []string{"imap"}})
	must(t, err)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { s.Close() })
	return user, imap.Config{Addr: l.Addr().String(), User: "post", Password: "secret", Roots: roots, Dial: (&net.Dialer{}).DialContext, MaxSize: 1000, Renew: time.Second, Poll: time.Second}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type literal struct{ *strings.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

func put(t *testing.T, u *imapmemserver.User, body string, flags ...goimap.Flag) {
	t.Helper()
	_, err := u.Append("INBOX", literal{strings.NewReader("From: a@example.com\r\n\r\n" + body)}, &goimap.AppendOptions{Flags: flags})
	must(t, err)
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 1500 {
		if ok() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("never: " + what)
}

func run(t *testing.T, c imap.Config, b *box) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); imap.New(c, b).Run(ctx) }()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	t.Cleanup(stop)
	return stop
}

func TestANewMailboxBeginsWithWhatNobodyHasSeenAndGoesOnWithWhatComes(t *testing.T) {
	user, c := server(t)
	put(t, user, "of old", goimap.FlagSeen)
	put(t, user, "new")
	put(t, user, "seen by a colleague", goimap.FlagSeen)
	b := &box{}
	stop := run(t, c, b)
	await(t, "the unseen one", func() bool { return b.count() == 1 })
	put(t, user, "later")
	put(t, user, "read by a colleague already", goimap.FlagSeen)
	await(t, "what came later", func() bool { return b.count() == 3 })
	stop()
	if want := []string{"new", "later", "read by a colleague already"}; !slices.Equal(b.kept, want) {
		t.Errorf("kept %q", b.kept)
	}
	put(t, user, "while nobody looked")
	run(t, c, b)
	await(t, "what came meanwhile", func() bool { return b.count() == 4 })
}

func TestThatNothingIsNewIsNotedToo(t *testing.T) {
	user, c := server(t)
	put(t, user, "the only one")
	b := &box{}
	run(t, c, b)
	await(t, "a second look", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.passed > 1 })
	if b.count() != 1 {
		t.Errorf("kept %d times", b.count())
	}
}

func TestWhatCannotBeKeptStaysInTheMailbox(t *testing.T) {
	user, c := server(t)
	c.Done = "Done"
	b := &box{broken: true}
	put(t, user, "precious")
	stop := run(t, c, b)
	await(t, "a failure", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.failed > 0 })
	stop()
	if s, err := user.Status("INBOX", &goimap.StatusOptions{NumMessages: true}); err != nil || *s.NumMessages != 1 {
		t.Fatalf("%+v %v", s, err)
	}
	b.mend()
	run(t, c, b)
	await(t, "the mail", func() bool { return b.count() == 1 })
	await(t, "the move", func() bool {
		s, err := user.Status("Done", &goimap.StatusOptions{NumMessages: true})
		return err == nil && *s.NumMessages == 1
	})
}

func TestOfAMailThatIsTooLargeTheHeaderIsKept(t *testing.T) {
	user, c := server(t)
	put(t, user, strings.Repeat("x", 5000))
	b := &box{}
	run(t, c, b)
	await(t, "the header", func() bool { return b.count() == 1 })
	if b.kept[0] != "" {
		t.Errorf("%d bytes were fetched", len(b.kept[0]))
	}
}

func TestAStrangersCertificateIsRefused(t *testing.T) {
	_, c := server(t)
	c.Roots = x509.NewCertPool()
	b := &box{}
	run(t, c, b)
	await(t, "a refusal", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return b.failed > 0 })
}
