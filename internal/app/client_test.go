package app

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestForwardingHeadersAreBelievedOfTrustedProxiesOnly(t *testing.T) {
	p := parseProxies([]string{"10.0.0.0/8", "::1/128"})
	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.7:99", "", "203.0.113.7"},
		{"203.0.113.7:99", "198.51.100.1", "203.0.113.7"},
		{"10.1.1.1:99", "198.51.100.1", "198.51.100.1"},
		{"10.1.1.1:99", "1.2.3.4, 198.51.100.1, 10.2.2.2", "198.51.100.1"},
		{"10.1.1.1:99", "nonsense", "10.1.1.1"},
		{"[::1]:99", "2001:db8::5", "2001:db8::5"},
	} {
		var got string
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		p.withClient(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = ClientAddr(r) })).ServeHTTP(httptest.NewRecorder(), r)
		if got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}
