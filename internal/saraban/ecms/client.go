package ecms

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"time"

	"prasan/internal/errs"
)

// Path is where a node answers.
const Path = "/ecms-ws01/service2"

// Client is a node that is reached by HTTP, for one organisation.
type Client struct {
	URL   string
	Token string // sent as a bearer token, where the node wants one
	HTTP  *http.Client
	Now   func() time.Time
	// Folder is where large files are put while a letter is read; "" is memory.
	Folder string
	// Lacks tells whether the node has asked for a certificate and there is none to show.
	Lacks func() bool
}

var _ Exchange = (*Client)(nil)

// call sends an operation and returns the element of the answer.
func (c *Client) call(ctx context.Context, body func(p *printer)) (*element, error) {
	r, err := c.request(ctx, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "text/xml; charset=utf-8")
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	res, err := c.HTTP.Do(r)
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, c.whyNot(err))
	}
	defer res.Body.Close()
	root, err := parse(res.Body, res.ContentLength, c.Folder)
	if err != nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20))
		key := "error.ecms-answer"
		if slices.Contains(barred, res.StatusCode) && c.lacks() {
			key = demanded
		}
		return nil, errs.Wrap(fmt.Errorf("status %d: %w", res.StatusCode, err), errs.Unavailable, key)
	}
	answer, err := bodyOf(root)
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.ecms-answer")
	}
	return answer, faultOf(answer)
}

// OwnCertificate is the key of what is wrong with the certificate that is shown to a node.
const OwnCertificate = "error.ecms-own-certificate"

// demanded is the key of a node that demands a certificate where there is none.
const demanded = "error.ecms-demands"

const unreachable = "error.ecms-unreachable"

// barred are the answers of servers that demand a certificate and say so in a page of their
// own, after the handshake.
var barred = []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, 495, 496}

// Alerts of TLS by what they mean for who can mend it (RFC 8446, 6.2). Any other is of a
// node that is in trouble.
var (
	aboutCertificate = []uint64{41, 42, 43, 44, 45, 46, 48, 49, 116} // none, bad, unsupported, revoked, expired, unknown, of no known authority, access denied, required
	aboutHandshake   = []uint64{40, 47, 70, 71, 86, 109, 110, 112, 120}
)

// alertOf is the alert of TLS by which the other side ended a connection.
func alertOf(err error) (uint64, bool) {
	var said *net.OpError
	if !errors.As(err, &said) || said.Op != "remote error" {
		return 0, false
	}
	v := reflect.ValueOf(said.Err) // its type has no name outside of crypto/tls
	if v.Kind() != reflect.Uint8 {
		return 0, false
	}
	return v.Uint(), true
}

// brokenOff tells whether there was a connection, which the other side ended.
func brokenOff(err error) bool {
	for _, e := range []error{syscall.ECONNRESET, syscall.EPIPE, net.ErrClosed, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (c *Client) lacks() bool { return c.Lacks != nil && c.Lacks() }

// whyNot tells a person who can mend it what is wrong with a connection: the certificate on
// this side, the node's, or that the node does not take ours. Anything else is a node that
// cannot be reached.
func (c *Client) whyNot(err error) string {
	var theirs *tls.CertificateVerificationError
	alert, ended := alertOf(err)
	switch {
	case errs.As(err).Key == OwnCertificate:
		return OwnCertificate
	case errors.As(err, &theirs):
		return "error.ecms-untrusted"
	case ended && slices.Contains(aboutCertificate, alert):
		if c.lacks() {
			return demanded
		}
		return "error.ecms-not-known"
	case ended && slices.Contains(aboutHandshake, alert):
		if c.lacks() && alert == 40 { // what servers of TLS 1.2 say where none is shown
			return demanded
		}
		return "error.ecms-handshake"
	case c.lacks() && brokenOff(err): // the alert itself may be lost on its way
		return demanded
	}
	return unreachable
}

// whole is how long an envelope may be that is written before it is sent; a longer one is
// written into the connection.
const whole = 1 << 20

// request makes the envelope, of which the length is always told.
func (c *Client) request(ctx context.Context, body func(p *printer)) (*http.Request, error) {
	id := "urn:uuid:" + rand.Text()
	write := func(w io.Writer) error {
		p := &printer{w: w}
		p.envelope(id, c.URL, func() { body(p) })
		return p.err
	}
	var size counter
	if err := write(&size); err != nil {
		return nil, err
	}
	if size <= whole {
		out := bytes.NewBuffer(make([]byte, 0, size))
		if err := write(out); err != nil {
			return nil, err
		}
		return http.NewRequestWithContext(ctx, http.MethodPost, c.URL, out)
	}
	flow := func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() {
			out := bufio.NewWriterSize(w, 64<<10)
			err := write(out)
			w.CloseWithError(cmp.Or(err, out.Flush()))
		}()
		return r, nil
	}
	first, _ := flow() // there is no way for it to fail
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, first)
	if err != nil {
		first.Close()
		return nil, err
	}
	r.ContentLength, r.GetBody = int64(size), flow
	return r, nil
}

func (c *Client) receipt(ctx context.Context, body func(p *printer)) (Receipt, error) {
	e, err := c.call(ctx, body)
	if err != nil {
		return Receipt{}, err
	}
	r := Receipt{e.get("ProcessID"), at(e.get("ProcessTime"))}
	if r.ProcessTime.IsZero() {
		r.ProcessTime = c.Now()
	}
	if r.ProcessID == "" {
		return r, &Fault{"202", "ProcessID is missing in the answer"}
	}
	return r, nil
}

func (c *Client) Send(ctx context.Context, _ string, l *Letter) (Receipt, error) {
	r, err := c.receipt(ctx, func(p *printer) { p.in("CorrespondenceLetterOutboundRequest", func() { p.letter(l) }) })
	// Who is refused in TLS 1.3 is told so while he writes, and may lose the word for it. A
	// short question has it, mostly.
	for tries := 0; tries < 3 && err != nil && errs.As(err).Key == unreachable && brokenOff(err) && strings.HasPrefix(c.URL, "https:"); tries++ {
		if _, why := c.call(ctx, func(p *printer) { p.raw("<TimeCheckRequest/>") }); errs.As(why).Kind == errs.Unavailable {
			err = why
		}
	}
	return r, err
}

func (c *Client) Notify(ctx context.Context, _ string, n Notice) (Receipt, error) {
	return c.receipt(ctx, func(p *printer) { p.in("CorrespondenceLetterOutboundRequest", func() { p.notice(&n) }) })
}

func (c *Client) Head(ctx context.Context, _ string) (*Item, error) {
	e, err := c.call(ctx, func(p *printer) { p.raw("<CorrespondenceLetterInboundRequest/>") })
	if err != nil {
		return nil, err
	}
	return readItem(e)
}

func (c *Client) Remove(ctx context.Context, _, processID string) (Receipt, error) {
	return c.receipt(ctx, func(p *printer) {
		p.in("CorrespondenceLetterDeleteRequest", func() { p.tag("ProcessID", processID) })
	})
}

func (c *Client) Delete(ctx context.Context, _ string, r Ref) (Receipt, error) {
	return c.receipt(ctx, func(p *printer) { p.in("CorrespondenceDeleteGovernmentDocumentRequest", func() { p.ref(r) }) })
}

func (c *Client) Again(ctx context.Context, _, kind string, r Ref) (*Item, error) {
	e, err := c.call(ctx, func(p *printer) {
		p.in("CorrespondenceLetterInboundSpecialRequest", func() { p.in(kind, func() { p.ref(r) }) })
	})
	if err != nil {
		return nil, err
	}
	return readItem(e)
}

func (c *Client) Organizations(ctx context.Context) ([]Organization, error) {
	e, err := c.call(ctx, func(p *printer) { p.raw("<GetOrganizationList/>") })
	if err != nil {
		return nil, err
	}
	if inner := e.child("OrganizationList"); inner != nil {
		e = inner // some nodes wrap the list once more
	}
	var out []Organization
	for _, o := range e.all("OrganizationInfo") {
		out = append(out, Organization{ID: o.get("OrganizationID"), Thai: o.get("Th-Name"), English: o.get("En-Name"), URL: o.get("ECMS-URL")})
	}
	return out, nil
}

// Statuses names a letter in a way that only nodes of this program know; others tell of all.
func (c *Client) Statuses(ctx context.Context, _, letter string) ([]Status, error) {
	e, err := c.call(ctx, func(p *printer) {
		if letter == "" {
			p.raw("<OutboundStatusRequest/>")
			return
		}
		p.in("OutboundStatusRequest", func() { p.tag("LetterID", letter) })
	})
	if err != nil {
		return nil, err
	}
	var out []Status
	for _, o := range e.all("Outbound") {
		out = append(out, Status{o.get("ProcessID"), o.get("LetterID"), strings.TrimSpace(o.get("ProcessStatus"))})
	}
	return out, nil
}
