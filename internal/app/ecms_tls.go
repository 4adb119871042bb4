package app

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/url"
	"os"
	"sync/atomic"
	"time"

	"prasan/internal/config"
	"prasan/internal/errs"
	"prasan/internal/saraban/ecms"
)

// nodeTLS is how organisations show themselves to their nodes, and by which certificates
// they recognise them: files, by organisation.
type nodeTLS struct {
	certs, keys, authorities map[string]string
	now                      func() time.Time
}

func readNodeTLS(c config.ECMS, now func() time.Time) (t nodeTLS, err error) {
	t.now = now
	for _, x := range []struct {
		into *map[string]string
		from []string
	}{{&t.certs, c.Cert}, {&t.keys, c.Key}, {&t.authorities, c.CA}} {
		if *x.into, err = pairs(x.from); err != nil {
			return t, err
		}
	}
	return t, nil
}

// fits: what is set is set for organisations that have a node which is reached by TLS; a
// mistyped id must not be found out from the log.
func (t nodeTLS) fits(nodes map[string]string) error {
	for _, files := range []map[string]string{t.certs, t.keys, t.authorities} {
		for org := range files {
			if u, err := url.Parse(nodes[org]); err != nil || u.Scheme != "https" {
				return errs.New(errs.Invalid, "error.ecms-cert-node", "org", org)
			}
		}
	}
	return nil
}

// of is the TLS of one organisation to its node, and tells whether the node has asked for a
// certificate where there is none; nil for a node without TLS. Files that are missing or
// do not belong together keep the program from starting. A certificate that is over does
// not: the rest of the office goes on, and what should leave through the node says why it
// does not. Files are read for each connection, so that they can be replaced while serving.
func (t nodeTLS) of(org string, node *url.URL) (*tls.Config, func() bool, error) {
	if node.Scheme != "https" {
		return nil, nil, nil
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if authority := t.authorities[org]; authority != "" {
		if err := recognise(out, authority, node.Hostname()); err != nil {
			return nil, nil, err
		}
	}
	asked, err := t.show(out, org)
	return out, asked, err
}

// show shows the certificate of an organisation to a node that asks for one.
func (t nodeTLS) show(out *tls.Config, org string) (asked func() bool, err error) {
	cert, key := t.certs[org], t.keys[org]
	if cert == "" && key == "" {
		var in atomic.Bool
		out.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			in.Store(true)
			return &tls.Certificate{}, nil
		}
		return in.Load, nil
	}
	if cert == "" || key == "" {
		return nil, errs.New(errs.Invalid, "error.ecms-cert-lone", "org", org)
	}
	own, err := pairOf(cert, key)
	if err != nil {
		return nil, err
	}
	if err := t.over(own); err != nil {
		slog.Warn("ecms", "org", org, "certificate", cert, "from", own.Leaf.NotBefore, "to", own.Leaf.NotAfter, "err", err)
	}
	out.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		own, err := pairOf(cert, key)
		if err == nil {
			err = t.over(own)
		}
		if err != nil {
			return nil, errs.Wrap(err, errs.Unavailable, ecms.OwnCertificate)
		}
		return own, nil
	}
	return nil, nil
}

// recognise has a node recognised by authorities that are in a file. The library's own
// check would know those that were there at the start; this one is the same in everything else.
func recognise(out *tls.Config, path, host string) error {
	if _, err := authoritiesIn(path, "error.ecms-pin"); err != nil {
		return err
	}
	out.InsecureSkipVerify = true // VerifyConnection verifies, in every handshake
	out.VerifyConnection = func(c tls.ConnectionState) error {
		roots, err := authoritiesIn(path, "error.ecms-pin")
		if err == nil {
			err = chains(c.PeerCertificates, host, roots)
		}
		if err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: c.PeerCertificates, Err: err}
		}
		return nil
	}
	return nil
}

func chains(shown []*x509.Certificate, host string, roots *x509.CertPool) error {
	o := x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: x509.NewCertPool()}
	for _, c := range shown[1:] { // there is one at least: without, there is no handshake
		o.Intermediates.AddCert(c)
	}
	_, err := shown[0].Verify(o)
	return err
}

// authoritiesIn reads certificates that others are checked by; refused is the key of the error.
func authoritiesIn(path, refused string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(text) {
		return nil, errs.Wrap(err, errs.Invalid, refused, "path", path)
	}
	return pool, nil
}

func pairOf(cert, key string) (*tls.Certificate, error) {
	var texts [2][]byte
	for i, path := range []string{cert, key} {
		var err error
		if texts[i], err = os.ReadFile(path); err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "error.ecms-cert-file", "path", path)
		}
	}
	own, err := tls.X509KeyPair(texts[0], texts[1])
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "error.ecms-cert-pair", "cert", cert, "key", key)
	}
	return &own, nil
}

func (t nodeTLS) over(own *tls.Certificate) error {
	if now := t.now(); now.Before(own.Leaf.NotBefore) || now.After(own.Leaf.NotAfter) {
		return errs.New(errs.Unavailable, ecms.OwnCertificate)
	}
	return nil
}
