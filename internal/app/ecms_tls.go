package app

import (
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/url"
	"os"
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

// of is the TLS of one organisation; nil where nothing is set. Files that are missing or
// do not belong together keep the program from starting. A certificate that is over does
// not: the rest of the office goes on, and what should leave through the node says why it
// does not. Files are read for each connection, so that they can be replaced while serving.
func (t nodeTLS) of(org string) (*tls.Config, error) {
	cert, key, authority := t.certs[org], t.keys[org], t.authorities[org]
	if cert == "" && key == "" && authority == "" {
		return nil, nil
	}
	if (cert == "") != (key == "") {
		return nil, errs.New(errs.Invalid, "error.ecms-cert-lone", "org", org)
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if authority != "" {
		text, err := os.ReadFile(authority)
		out.RootCAs = x509.NewCertPool()
		if err != nil || !out.RootCAs.AppendCertsFromPEM(text) {
			return nil, errs.Wrap(err, errs.Invalid, "error.ecms-pin", "path", authority)
		}
	}
	if cert == "" {
		return out, nil
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
	return out, nil
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
