package app

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"

	"prasan/internal/errs"
)

// ecmsCallers tells which organisation calls the own node: by its client certificate, by
// the network it calls from, or by its id (?org=) and the token of an account of its
// agency. One that could be several says which by ?org=.
type ecmsCallers struct {
	app   *App
	certs map[[32]byte][]string
	nets  []callerNet
}

type callerNet struct {
	network netip.Prefix
	org     string
}

func (a *App) ecmsCallers() (*ecmsCallers, error) {
	c := &ecmsCallers{app: a, certs: map[[32]byte][]string{}}
	pinned, err := certificatesOf(a.Config.ECMS.Client)
	if err != nil {
		return nil, err
	}
	for org, list := range pinned {
		for _, cert := range list {
			key := sha256.Sum256(cert.Raw)
			c.certs[key] = append(c.certs[key], org)
		}
	}
	for _, text := range a.Config.ECMS.From {
		org, cidr, ok := strings.Cut(text, "=")
		network, err := netip.ParsePrefix(cidr)
		if !ok || err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "error.ecms-private", "value", text)
		}
		c.nets = append(c.nets, callerNet{network.Masked(), org})
	}
	return c, nil
}

func (c *ecmsCallers) caller(r *http.Request) (string, bool) {
	org := strings.TrimSpace(r.URL.Query().Get("org"))
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		actor, _, err := c.app.Accounts.Authenticate(r.Context(), token)
		if err != nil {
			return "", false
		}
		return c.app.Saraban.Caller(org, actor.Agency)
	}
	known := c.known(r)
	switch {
	case org != "" && slices.Contains(known, org):
	case org == "" && len(known) == 1:
		org = known[0]
	default:
		return "", false
	}
	return org, c.app.Saraban.Organisation(org)
}

// known are the organisations that a request may be of, without a token.
func (c *ecmsCallers) known(r *http.Request) []string {
	var out []string
	if der := ClientCert(r); der != nil {
		out = append(out, c.certs[sha256.Sum256(der)]...)
	}
	if addr, err := netip.ParseAddr(ClientAddr(r)); err == nil {
		for _, n := range c.nets {
			if n.network.Contains(addr.Unmap()) {
				out = append(out, n.org)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// certificatesOf reads ORG=FILE settings: the certificates of each organisation.
func certificatesOf(list []string) (map[string][]*x509.Certificate, error) {
	out := map[string][]*x509.Certificate{}
	for _, text := range list {
		org, path, ok := strings.Cut(text, "=")
		if !ok || org == "" {
			return nil, errs.New(errs.Invalid, "error.ecms-pair", "value", org)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, errs.Wrap(err, errs.Invalid, "error.ecms-pin", "path", path)
		}
		for rest := bytes.TrimSpace(data); ; {
			var block *pem.Block
			if block, rest = pem.Decode(rest); block == nil {
				break
			}
			if block.Type != "CERTIFICATE" {
				continue
			}
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, errs.Wrap(err, errs.Invalid, "error.ecms-pin", "path", path)
			}
			out[org] = append(out[org], cert)
		}
		if len(out[org]) == 0 {
			return nil, errs.New(errs.Invalid, "error.ecms-pin", "path", path)
		}
	}
	return out, nil
}
