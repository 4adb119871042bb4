package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/clock"
	"prasan/internal/config"
	"prasan/internal/egress"
	"prasan/internal/errs"
	"prasan/internal/saraban/ecms"
)

// pemFiles writes a certificate of its own authority and its key.
func pemFiles(t *testing.T, from, to time.Time) (cert, key string, parsed *x509.Certificate) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "node"}, NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, k.Public(), k)
	if err != nil {
		t.Fatal(err)
	}
	text, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	if parsed, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return pemFile(t, dir, "CERTIFICATE", der), pemFile(t, dir, "PRIVATE KEY", text), parsed
}

func pemFile(t *testing.T, dir, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(dir, kind+".pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// strict is a node that speaks to one certificate alone.
func strict(t *testing.T, own tls.Certificate, knows *x509.Certificate) *httptest.Server {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(knows)
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><CorrespondenceLetterInboundResponse/></e:Body></e:Envelope>`)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots}
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// A node that demands a certificate is spoken to by who shows it; what is wrong otherwise
// is told to who can mend it.
func TestANodeIsShownACertificate(t *testing.T) {
	now := time.Now()
	cert, key, known := pemFiles(t, now.Add(-time.Hour), now.Add(time.Hour))
	other, otherKey, _ := pemFiles(t, now.Add(-time.Hour), now.Add(time.Hour))
	over, overKey, _ := pemFiles(t, now.Add(-2*time.Hour), now.Add(-time.Hour))
	nodeCert, nodeKey, _ := pemFiles(t, now.Add(-time.Hour), now.Add(time.Hour))
	own, err := tls.LoadX509KeyPair(nodeCert, nodeKey)
	if err != nil {
		t.Fatal(err)
	}
	s := strict(t, own, known)
	for name, row := range map[string]struct {
		set  config.ECMS
		want string
	}{
		"its own":                   {config.ECMS{Cert: []string{"1=" + cert}, Key: []string{"1=" + key}, CA: []string{"1=" + nodeCert}}, ""},
		"none":                      {config.ECMS{CA: []string{"1=" + nodeCert}}, "error.ecms-demands"},
		"another":                   {config.ECMS{Cert: []string{"1=" + other}, Key: []string{"1=" + otherKey}, CA: []string{"1=" + nodeCert}}, "error.ecms-not-known"},
		"one that is over":          {config.ECMS{Cert: []string{"1=" + over}, Key: []string{"1=" + overKey}, CA: []string{"1=" + nodeCert}}, ecms.OwnCertificate},
		"to a node of nobody":       {config.ECMS{Cert: []string{"1=" + cert}, Key: []string{"1=" + key}}, "error.ecms-untrusted"},
		"to a node of another's CA": {config.ECMS{Cert: []string{"1=" + cert}, Key: []string{"1=" + key}, CA: []string{"1=" + other}}, "error.ecms-untrusted"},
	} {
		if err := askNode(t, row.set, s); row.want == "" && err != nil || row.want != "" && errs.As(err).Key != row.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A certificate that is replaced while the program runs is shown at the next connection.
func TestACertificateForANodeIsReplacedWhileServing(t *testing.T) {
	now := time.Now()
	over, overKey, _ := pemFiles(t, now.Add(-2*time.Hour), now.Add(-time.Hour))
	cert, key, known := pemFiles(t, now.Add(-time.Hour), now.Add(time.Hour))
	own, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	c := ecmsClient(t, config.ECMS{Cert: []string{"1=" + over}, Key: []string{"1=" + overKey}, CA: []string{"1=" + cert}}, strict(t, own, known))
	if _, err := c.Head(context.Background(), "1"); errs.As(err).Key != ecms.OwnCertificate {
		t.Errorf("%v", err)
	}
	for from, to := range map[string]string{cert: over, key: overKey} {
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.Head(context.Background(), "1"); err != nil {
		t.Errorf("the new one: %v", err)
	}
}

// The authority of a node is replaced while the program runs, too; where its file is gone,
// or the node bears another name, the node is not believed.
func TestTheAuthorityOfANodeIsReplacedWhileServing(t *testing.T) {
	now := time.Now()
	cert, key, known := pemFiles(t, now.Add(-time.Hour), now.Add(time.Hour))
	other, _, _ := pemFiles(t, now.Add(-time.Hour), now.Add(time.Hour))
	own, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		t.Fatal(err)
	}
	s := strict(t, own, known)
	set := config.ECMS{Cert: []string{"1=" + cert}, Key: []string{"1=" + key}, CA: []string{"1=" + other}}
	c := ecmsClient(t, set, s)
	if _, err := c.Head(context.Background(), "1"); errs.As(err).Key != "error.ecms-untrusted" {
		t.Errorf("of another authority: %v", err)
	}
	text, err := os.ReadFile(cert)
	if err == nil {
		err = os.WriteFile(other, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Head(context.Background(), "1"); err != nil {
		t.Errorf("of the new one: %v", err)
	}
	c = ecmsClient(t, set, s) // without a connection as yet
	s.URL = strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	if _, err := ecmsClient(t, set, s).Head(context.Background(), "1"); errs.As(err).Key != "error.ecms-untrusted" {
		t.Errorf("by another name: %v", err)
	}
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Head(context.Background(), "1"); errs.As(err).Key != "error.ecms-untrusted" {
		t.Errorf("without the file: %v", err)
	}
}

// A node that ends a connection says why by a number; what of it is about certificates is
// told apart from what is not.
func TestAlertsOfANodeAreToldApart(t *testing.T) {
	now := time.Now()
	cert, key, _ := pemFiles(t, now.Add(-time.Hour), now.Add(time.Hour))
	shown := config.ECMS{Cert: []string{"1=" + cert}, Key: []string{"1=" + key}}
	for alert, want := range map[byte]string{42: "error.ecms-not-known", 46: "error.ecms-not-known", 48: "error.ecms-not-known", 116: "error.ecms-not-known", 40: "error.ecms-handshake", 70: "error.ecms-handshake", 112: "error.ecms-handshake", 80: "error.ecms-unreachable", 51: "error.ecms-unreachable"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = c.Read(make([]byte, 4096))
				_, _ = c.Write([]byte{21, 3, 3, 0, 2, 2, alert})
				_, _ = io.Copy(io.Discard, c)
				c.Close()
			}
		}()
		s := &httptest.Server{URL: "https://" + l.Addr().String(), Listener: l}
		if err := askNode(t, shown, s); errs.As(err).Key != want {
			t.Errorf("%d: %v, not %s", alert, err, want)
		}
		l.Close()
	}
}

// Whichever way a node demands a certificate, and however large the letter is: who has none
// is told to get one.
func TestANodeThatDemandsACertificateSaysSo(t *testing.T) {
	now := time.Now()
	nodeCert, nodeKey, _ := pemFiles(t, now.Add(-time.Hour), now.Add(time.Hour))
	own, err := tls.LoadX509KeyPair(nodeCert, nodeKey)
	if err != nil {
		t.Fatal(err)
	}
	set := config.ECMS{CA: []string{"1=" + nodeCert}}
	for name, how := range map[string]struct {
		demand tls.ClientAuthType
		most   uint16
	}{
		"TLS 1.3":   {tls.RequireAnyClientCert, 0},
		"TLS 1.2":   {tls.RequireAnyClientCert, tls.VersionTLS12},
		"by a page": {tls.RequestClientCert, 0},
	} {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			http.Error(w, "<html><p>400 No required SSL certificate was sent<br></html>", http.StatusBadRequest)
		}))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.TLS = &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: how.demand, MaxVersion: how.most}
		s.StartTLS()
		c := ecmsClient(t, set, s)
		if _, err := c.Head(context.Background(), "1"); errs.As(err).Key != "error.ecms-demands" {
			t.Errorf("%s: %v", name, err)
		}
		for range 20 {
			l := &ecms.Letter{ID: "1", Main: ecms.File{Data: make([]byte, 4<<20)}}
			if _, err := c.Send(context.Background(), "1", l); errs.As(err).Key != "error.ecms-demands" {
				t.Errorf("%s, a large letter: %v", name, err)
				break
			}
		}
		s.Close()
	}
}

func askNode(t *testing.T, set config.ECMS, s *httptest.Server) error {
	t.Helper()
	_, err := ecmsClient(t, set, s).Head(context.Background(), "1")
	return err
}

func ecmsClient(t *testing.T, set config.ECMS, s *httptest.Server) *ecms.Client {
	t.Helper()
	files, err := readNodeTLS(set, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	secure, lacks, err := files.of("1", u)
	if err != nil {
		t.Fatal(err)
	}
	way, err := egress.New(egress.Config{Allow: []string{u.Host}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, TLS: secure})
	if err != nil {
		t.Fatal(err)
	}
	return &ecms.Client{URL: s.URL, HTTP: way.HTTPClient(), Now: time.Now, Lacks: lacks}
}

// Files that are not there or do not belong together, and settings for a node that there
// is not, keep the program from starting, and say which.
func TestFilesForANodeThatDoNotFitAreRefused(t *testing.T) {
	now := time.Now()
	cert, key, _ := pemFiles(t, now.Add(-time.Hour), now.Add(time.Hour))
	_, otherKey, _ := pemFiles(t, now.Add(-time.Hour), now.Add(time.Hour))
	node := []string{"1=https://node.example"}
	for name, row := range map[string]struct {
		set  config.ECMS
		want string
	}{
		"no such file":              {config.ECMS{Node: node, Cert: []string{"1=" + cert + ".no"}, Key: []string{"1=" + key}}, "error.ecms-cert-file"},
		"no such key":               {config.ECMS{Node: node, Cert: []string{"1=" + cert}, Key: []string{"1=" + key + ".no"}}, "error.ecms-cert-file"},
		"the key of another":        {config.ECMS{Node: node, Cert: []string{"1=" + cert}, Key: []string{"1=" + otherKey}}, "error.ecms-cert-pair"},
		"the files the wrong way":   {config.ECMS{Node: node, Cert: []string{"1=" + key}, Key: []string{"1=" + cert}}, "error.ecms-cert-pair"},
		"a certificate without key": {config.ECMS{Node: node, Cert: []string{"1=" + cert}}, "error.ecms-cert-lone"},
		"a key without certificate": {config.ECMS{Node: node, Key: []string{"1=" + key}}, "error.ecms-cert-lone"},
		"no such authorities":       {config.ECMS{Node: node, CA: []string{"1=" + key}}, "error.ecms-pin"},
		"another organisation":      {config.ECMS{Node: node, Cert: []string{"2=" + cert}, Key: []string{"2=" + key}}, "error.ecms-cert-node"},
		"a node without TLS":        {config.ECMS{Node: []string{"1=http://node.example"}, CA: []string{"1=" + cert}}, "error.ecms-cert-node"},
		"no pair":                   {config.ECMS{Node: node, Cert: []string{cert}}, "error.ecms-pair"},
	} {
		a := &App{Config: config.Server{ECMS: row.set}, Clock: clock.System{}}
		if _, err := a.nodes(); errs.As(err).Key != row.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	a := &App{Config: config.Server{ECMS: config.ECMS{Node: node, Cert: []string{"1=" + cert}, Key: []string{"1=" + key}}}, Clock: clock.System{}}
	if nodes, err := a.nodes(); err != nil || len(nodes) != 1 {
		t.Errorf("%v", err)
	}
}
