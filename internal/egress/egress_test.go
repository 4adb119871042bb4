package egress_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"prasan/internal/egress"
	"prasan/internal/errs"
)

func client(t *testing.T, c egress.Config) *egress.Client {
	t.Helper()
	e, err := egress.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

func serve(t *testing.T, h http.HandlerFunc) (addr string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestOnlyListedAddressesThatArePublicOrNamedAreDialled(t *testing.T) {
	addr := serve(t, func(w http.ResponseWriter, _ *http.Request) {})
	port := addr[strings.LastIndex(addr, ":"):]
	for name, c := range map[string]struct {
		config egress.Config
		dial   string
		kind   errs.Kind
		ok     bool
	}{
		"listed and named":      {egress.Config{Allow: []string{addr}, Networks: loopback}, addr, 0, true},
		"mapped spelling":       {egress.Config{Allow: []string{"[::ffff:127.0.0.1]" + port}, Networks: loopback}, addr, 0, true},
		"not listed":            {egress.Config{Networks: loopback}, addr, errs.Forbidden, false},
		"another port":          {egress.Config{Allow: []string{"127.0.0.1:1"}, Networks: loopback}, addr, errs.Forbidden, false},
		"listed, private":       {egress.Config{Allow: []string{addr}}, addr, errs.Forbidden, false},
		"name that is loopback": {egress.Config{Allow: []string{"localhost" + port}}, "localhost" + port, errs.Forbidden, false},
		"metadata service":      {egress.Config{Allow: []string{"169.254.169.254:80"}, Networks: loopback}, "169.254.169.254:80", errs.Forbidden, false},
		"NAT64 of loopback":     {egress.Config{Allow: []string{"[64:ff9b::7f00:1]:80"}, Networks: loopback}, "[64:ff9b::7f00:1]:80", errs.Forbidden, false},
		"nobody listens":        {egress.Config{Allow: []string{"127.0.0.1:1"}, Networks: loopback}, "127.0.0.1:1", errs.Unavailable, false},
	} {
		conn, err := client(t, c.config).Dial(context.Background(), "tcp", c.dial)
		if conn != nil {
			conn.Close()
		}
		if c.ok != (err == nil) || !c.ok && errs.KindOf(err) != c.kind {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAMistypedAddressIsRefusedAtOnce(t *testing.T) {
	for _, a := range []string{"smtp.example.go.th", ":25", "http://x:1", "x:"} {
		if _, err := egress.New(egress.Config{Allow: []string{a}}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%q: %v", a, err)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	reached := false
	other := serve(t, func(http.ResponseWriter, *http.Request) { reached = true })
	addr := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://"+other+"/", http.StatusFound)
	})
	res, err := client(t, egress.Config{Allow: []string{addr, other}, Networks: loopback}).HTTPClient().Get("http://" + addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusFound || reached {
		t.Errorf("status %d, reached %v", res.StatusCode, reached)
	}
}

func TestAnswersAreLimitedInSizeAndTime(t *testing.T) {
	big := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/announced" {
			w.Header().Set("Content-Length", "2000")
		}
		for range 20 {
			_, _ = w.Write(make([]byte, 100))
			w.(http.Flusher).Flush()
		}
	})
	c := client(t, egress.Config{Allow: []string{big}, Networks: loopback, MaxBody: 1000})
	res, err := c.HTTPClient().Get("http://" + big + "/")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	res.Body.Close()
	if errs.KindOf(err) != errs.TooLarge || len(body) != 1000 {
		t.Errorf("%d bytes, %v", len(body), err)
	}
	if _, err := c.HTTPClient().Get("http://" + big + "/announced"); errs.KindOf(err) != errs.TooLarge {
		t.Errorf("an announced size is read: %v", err)
	}
	done := make(chan struct{})
	slow := serve(t, func(http.ResponseWriter, *http.Request) { <-done })
	defer close(done)
	_, err = client(t, egress.Config{Allow: []string{slow}, Networks: loopback, Total: 50 * time.Millisecond}).HTTPClient().Get("http://" + slow + "/")
	var timeout interface{ Timeout() bool }
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("no time limit: %v", err)
	}
}
