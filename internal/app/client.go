package app

import (
	"context"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// proxies are the peers whose forwarding headers are believed.
type proxies []netip.Prefix

func parseProxies(cidrs []string) proxies {
	out := make(proxies, 0, len(cidrs))
	for _, c := range cidrs {
		if p, err := netip.ParsePrefix(c); err == nil {
			out = append(out, p)
		}
	}
	return out
}

func (p proxies) trusts(addr netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}

type clientKey struct{}

// client is who is at the other end of a request.
type client struct {
	addr string
	tls  bool
	cert []byte // that it has shown, in DER; nil for none
}

// withClient works out the address of the client: of the connection, or, where the
// peer is a trusted proxy, the last address of X-Forwarded-For that is not one.
func (p proxies) withClient(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := client{tls: r.TLS != nil}
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			host = r.RemoteAddr
		}
		c.addr = host
		if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			c.cert = r.TLS.PeerCertificates[0].Raw
		}
		if addr, err := netip.ParseAddr(host); err == nil && p.trusts(addr) {
			c.cert = clientCert(r.Header.Get("Client-Cert"))
			c.tls = c.tls || r.Header.Get("X-Forwarded-Proto") == "https"
			c.addr = p.forwarded(r.Header.Values("X-Forwarded-For"), host)
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), clientKey{}, c)))
	})
}

// clientCert reads what a proxy says of the client's certificate (RFC 9440): its DER in
// base64 between colons.
func clientCert(header string) []byte {
	text, ok := strings.CutPrefix(strings.TrimSpace(header), ":")
	if text, ok = strings.CutSuffix(text, ":"); !ok {
		return nil
	}
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return der
}

func (p proxies) forwarded(headers []string, peer string) string {
	hops := strings.Split(strings.Join(headers, ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		addr, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return peer
		}
		if !p.trusts(addr) {
			return addr.Unmap().String()
		}
	}
	return peer
}

// ClientAddr is the address of the client of a request.
func ClientAddr(r *http.Request) string {
	c, _ := r.Context().Value(clientKey{}).(client)
	return c.addr
}

// ClientCert is the certificate that the client of a request has shown, in DER; nil for
// none.
func ClientCert(r *http.Request) []byte {
	c, _ := r.Context().Value(clientKey{}).(client)
	return c.cert
}

// IsTLS tells whether the client speaks TLS, to us or to a trusted proxy.
func IsTLS(r *http.Request) bool {
	c, _ := r.Context().Value(clientKey{}).(client)
	return c.tls
}
