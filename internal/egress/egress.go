package egress

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/idna"

	"prasan/internal/errs"
)

// Config says what may be reached. The zero value reaches nothing.
type Config struct {
	Allow    []string       // host:port, as configured
	Networks []netip.Prefix // networks that are not public and may be reached nevertheless
	Connect  time.Duration  // until a connection stands; 0: 10 s
	Total    time.Duration  // of an HTTP exchange with its body; 0: 60 s
	MaxBody  int64          // bytes of an HTTP answer; 0: 10 MiB
	TLS      *tls.Config    // of HTTP; nil: the system's authorities, and no certificate is shown
	// Open is asked before each connection and each HTTP exchange: an error means that the
	// way is closed for now. nil: it is always open.
	Open func(ctx context.Context) error
}

// Client dials what its configuration names and nothing else.
type Client struct {
	allow    map[string]bool
	networks []netip.Prefix
	dialer   net.Dialer
	total    time.Duration
	maxBody  int64
	http     *http.Client
	open     func(ctx context.Context) error
}

// New returns the client. An entry of Allow that is no host:port is an error: an
// operator who mistypes a port must not find out from the log.
func New(c Config) (*Client, error) {
	e := &Client{allow: map[string]bool{}, networks: c.Networks, total: or(c.Total, time.Minute), maxBody: or(c.MaxBody, 10<<20), open: c.Open}
	if e.open == nil {
		e.open = func(context.Context) error { return nil }
	}
	for _, a := range c.Allow {
		key, ok := canonical(a)
		if !ok {
			return nil, errs.New(errs.Invalid, "error.egress-address", "value", a)
		}
		e.allow[key] = true
	}
	e.dialer = net.Dialer{Timeout: or(c.Connect, 10*time.Second), Control: e.control}
	e.http = &http.Client{
		Timeout: e.total,
		// What answers with a redirect is told to the caller: following it would leave the list.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &limited{max: e.maxBody, open: e.open, next: &http.Transport{
			DialContext: e.Dial, TLSClientConfig: c.TLS, Proxy: nil, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 4, MaxResponseHeaderBytes: 64 << 10,
			IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: e.total,
		}},
	}
	return e, nil
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// canonical brings host:port into the form in which two spellings of it are equal.
func canonical(addr string) (string, bool) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil || host == "" || port == "" {
		return "", false
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return net.JoinHostPort(ip.Unmap().String(), port), true
	}
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil {
		return "", false
	}
	return net.JoinHostPort(strings.ToLower(ascii), port), true
}

// Dial connects to an address of the list.
func (c *Client) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	key, ok := canonical(addr)
	if !ok || !c.allow[key] || !strings.HasPrefix(network, "tcp") {
		return nil, refused(addr)
	}
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	conn, err := c.dialer.DialContext(ctx, network, key)
	if err != nil && errs.KindOf(err) != errs.Forbidden {
		return nil, errs.Wrap(err, errs.Unavailable, "error.egress-unreachable", "addr", addr)
	}
	return conn, err
}

// control sees the resolved address before the socket connects to it.
func (c *Client) control(_, address string, _ syscall.RawConn) error {
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return refused(address)
	}
	ip := ap.Addr().Unmap().WithZone("")
	if isPublic(ip) || within(ip, c.networks) {
		return nil
	}
	return refused(address)
}

func refused(addr string) error {
	return errs.New(errs.Forbidden, "error.egress-refused", "addr", addr)
}

// HTTPClient returns the client for HTTP: no redirects, no proxy of the environment,
// limits on time and size.
func (c *Client) HTTPClient() *http.Client { return c.http }

// limited ends answers that are larger than max with an error, not in silence.
type limited struct {
	max  int64
	open func(ctx context.Context) error
	next http.RoundTripper
}

func (l *limited) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := l.open(r.Context()); err != nil { // a connection may have been kept
		return nil, err
	}
	res, err := l.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if res.ContentLength > l.max {
		res.Body.Close()
		return nil, errs.New(errs.TooLarge, "error.egress-too-large")
	}
	res.Body = &cappedBody{ReadCloser: res.Body, left: l.max}
	return res, nil
}

type cappedBody struct {
	io.ReadCloser
	left int64
}

func (b *cappedBody) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	if b.left < 0 {
		return n + int(b.left), errs.New(errs.TooLarge, "error.egress-too-large")
	}
	return n, err
}
