package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"prasan/internal/config"
)

// A caller of the node is known by its certificate or its network; a header that a
// stranger writes himself is not believed.
func TestACallerOfTheNodeIsKnownByCertificateOrNetwork(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "x"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "client.pem")
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &App{Config: config.Server{ECMS: config.ECMS{Client: []string{"0800300001=" + path}, From: []string{"0800200001=10.1.0.0/16", "0800300001=10.2.0.0/16", "0800400001=10.2.3.0/24"}}}}
	callers, err := a.ecmsCallers()
	if err != nil {
		t.Fatal(err)
	}
	header := ":" + base64.StdEncoding.EncodeToString(der) + ":"
	for name, row := range map[string]struct {
		peer, forwarded, cert string
		want                  []string
	}{
		"by its network":                    {"10.1.2.3:9", "", "", []string{"0800200001"}},
		"of two organisations":              {"10.2.3.4:9", "", "", []string{"0800300001", "0800400001"}},
		"by the certificate that it showed": {"127.0.0.1:9", "203.0.113.9", header, []string{"0800300001"}},
		"through the proxy":                 {"127.0.0.1:9", "10.1.9.9", "", []string{"0800200001"}},
		"a header of a stranger":            {"203.0.113.9:9", "", header, nil},
		"a forwarding of a stranger":        {"203.0.113.9:9", "10.1.2.3", "", nil},
		"another certificate":               {"127.0.0.1:9", "203.0.113.9", ":" + base64.StdEncoding.EncodeToString([]byte("x")) + ":", nil},
		"no certificate":                    {"127.0.0.1:9", "203.0.113.9", ":%:", nil},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.RemoteAddr = row.peer
		if row.forwarded != "" {
			r.Header.Set("X-Forwarded-For", row.forwarded)
		}
		if row.cert != "" {
			r.Header.Set("Client-Cert", row.cert)
		}
		var got []string
		parseProxies([]string{"127.0.0.1/32"}).withClient(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = callers.known(r) })).ServeHTTP(httptest.NewRecorder(), r)
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, not %v", name, got, row.want)
		}
	}
	if _, err := certificatesOf([]string{"0800300001=/nowhere"}); err == nil {
		t.Error("a file that is not there")
	}
}
