package ga

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Endpoints are where the interfaces are.
type Endpoints struct {
	Collect  string // Measurement Protocol
	Token    string // OAuth 2.0, for service accounts
	Data     string // Data API, without its path
	Deletion string // User Deletion API
	Script   string // of gtag, for browsers
}

// Google are its own.
var Google = Endpoints{
	Collect:  "https://www.google-analytics.com/mp/collect",
	Token:    "https://oauth2.googleapis.com/token",
	Data:     "https://analyticsdata.googleapis.com",
	Deletion: "https://www.googleapis.com/analytics/v3/userDeletion/userDeletionRequests:upsert",
	Script:   "https://www.googletagmanager.com/gtag/js",
}

// Through are the same interfaces at one place: a gateway of the operator's, or what
// stands in for them.
func Through(base string) Endpoints {
	base = strings.TrimSuffix(base, "/")
	return Endpoints{base + "/mp/collect", base + "/token", base, base + "/analytics/v3/userDeletion/userDeletionRequests:upsert", base + "/gtag/js"}
}

// Hosts are what must be reached from here, as host:port.
func (e Endpoints) Hosts() (out []string, err error) {
	for _, address := range []string{e.Collect, e.Token, e.Data, e.Deletion} {
		u, err := url.Parse(address)
		if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
			return nil, fmt.Errorf("%q is no address", address)
		}
		port := u.Port()
		if port == "" {
			port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
		}
		out = append(out, net.JoinHostPort(u.Hostname(), port))
	}
	return out, nil
}

// Property is a property with its stream, and what opens them.
type Property struct {
	Measurement string // id of the stream, G-...
	Secret      string // of the Measurement Protocol
	Number      string // of the property
	Key         []byte // of the service account, as Google's JSON; empty without one
}

// Event is one of a visitor's.
type Event struct {
	At     time.Time
	Name   string
	Params map[string]any
}

// Batch are events of one visitor: no address, no agent.
type Batch struct {
	Client string // of the form of the provider's own ids
	Events []Event
}

// Limits of the Measurement Protocol.
const (
	MaxEvents = 25             // of a batch
	MaxLate   = 72 * time.Hour // of an event
)

// What may be wrong, as a word of the catalogue (analytics.google-trouble-WORD).
const (
	Unreachable = "unreachable" // no connection
	Slow        = "slow"        // no answer in time
	Refused     = "refused"     // 401, 403: secret or key
	Rejected    = "rejected"    // any other 4xx: what is set is wrong
	Limited     = "limited"     // 429
	Failing     = "failing"     // 5xx
	Broken      = "broken"      // an answer that is none
	BadKey      = "key"         // the service account's key cannot be read
)

// Trouble is why something did not work. It holds no address: one bears a secret.
type Trouble struct {
	What   string
	Status int           // of the answer; 0 without one
	After  time.Duration // for which the provider asks to be left alone; 0 where it does not
}

func (t *Trouble) Error() string {
	if t.Status == 0 {
		return "google analytics: " + t.What
	}
	return fmt.Sprintf("google analytics: %s (%d)", t.What, t.Status)
}

// TroubleOf is what is wrong; any other error is the provider's not being reached.
func TroubleOf(err error) *Trouble {
	var t *Trouble
	if errors.As(err, &t) {
		return t
	}
	return &Trouble{What: Unreachable}
}

// Client is the way to all three.
type Client struct {
	http   *http.Client
	at     Endpoints
	now    func() time.Time
	mu     sync.Mutex
	tokens map[string]token
}

// New returns a client over the one way out.
func New(way *http.Client, at Endpoints, now func() time.Time) *Client {
	return &Client{http: way, at: at, now: now, tokens: map[string]token{}}
}

// Script is where a browser gets the script, and the hosts that its policy must let in.
func (c *Client) Script() (address string, sources []string) {
	if c.at.Script == Google.Script {
		return c.at.Script, []string{"https://www.googletagmanager.com", "https://*.google-analytics.com", "https://*.analytics.google.com"}
	}
	u, err := url.Parse(c.at.Script)
	if err != nil {
		return c.at.Script, nil
	}
	return c.at.Script, []string{u.Scheme + "://" + u.Host}
}

// payload is a request of the Measurement Protocol: no signal of advertising is ever granted.
type payload struct {
	Client  string            `json:"client_id"`
	Micros  int64             `json:"timestamp_micros"`
	Consent map[string]string `json:"consent"`
	Events  []payloadEvent    `json:"events"`
}

type payloadEvent struct {
	Name   string         `json:"name"`
	Params map[string]any `json:"params"`
	Micros int64          `json:"timestamp_micros"`
}

// Send passes a batch on. Google answers with success whatever it is sent; anything
// else is a failure on the way.
func (c *Client) Send(ctx context.Context, p Property, b Batch) error {
	x := payload{Client: b.Client, Micros: b.Events[0].At.UnixMicro(), Consent: map[string]string{"ad_user_data": "DENIED", "ad_personalization": "DENIED"}}
	for _, e := range b.Events {
		x.Events = append(x.Events, payloadEvent{e.Name, e.Params, e.At.UnixMicro()})
	}
	address := c.at.Collect + "?" + url.Values{"measurement_id": {p.Measurement}, "api_secret": {p.Secret}}.Encode()
	body, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return c.call(ctx, address, "application/json", body, "", nil)
}

// Erase asks that everything of a visitor be deleted.
func (c *Client) Erase(ctx context.Context, p Property, client string) error {
	request := map[string]any{"kind": "analytics#userDeletionRequest", "id": map[string]string{"type": "CLIENT_ID", "userId": client}, "propertyId": p.Number}
	var answer struct {
		Kind string `json:"kind"`
		Time string `json:"deletionRequestTime"`
	}
	if err := c.authorised(ctx, p, scopeDeletion, c.at.Deletion, request, &answer); err != nil {
		return err
	}
	if answer.Time == "" { // it says until when it deletes, or it has not understood
		return &Trouble{What: Broken, Status: http.StatusOK}
	}
	return nil
}

// authorised calls with a token of the service account. One that is refused was perhaps
// withdrawn: then there is one more try with a new one.
func (c *Client) authorised(ctx context.Context, p Property, scope, address string, request, into any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	for try := 0; ; try++ {
		bearer, err := c.token(ctx, p.Key, scope)
		if err != nil {
			return err
		}
		err = c.call(ctx, address, "application/json", body, bearer, into)
		if err == nil || try > 0 || TroubleOf(err).Status != http.StatusUnauthorized {
			return err
		}
		c.forget(p.Key, scope)
	}
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 8 << 20

// call posts, and reads a JSON answer where there is something to read it into.
func (c *Client) call(ctx context.Context, address, kind string, body []byte, bearer string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return &Trouble{What: Rejected} // the cause holds the address, with its secret
	}
	r.Header.Set("Content-Type", kind)
	r.Header.Set("User-Agent", "") // nobody's: not the visitor's, and not ours
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return onTheWay(err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		return refusal(res)
	}
	if into == nil {
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxAnswer)) // it has been accepted
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil && isSlow(err) {
		return &Trouble{What: Slow, Status: res.StatusCode}
	}
	if err != nil || len(text) > maxAnswer || json.Unmarshal(text, into) != nil {
		return &Trouble{What: Broken, Status: res.StatusCode}
	}
	return nil
}

func onTheWay(err error) error {
	if isSlow(err) {
		return &Trouble{What: Slow}
	}
	return &Trouble{What: Unreachable}
}

func isSlow(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, os.ErrDeadlineExceeded)
}

func refusal(res *http.Response) error {
	t := &Trouble{What: Rejected, Status: res.StatusCode, After: after(res.Header.Get("Retry-After"))}
	switch {
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		t.What = Refused
	case res.StatusCode == http.StatusTooManyRequests:
		t.What = Limited
	case res.StatusCode >= 500:
		t.What = Failing
	case res.StatusCode < 400:
		t.What = Broken
	}
	return t
}

// maxAfter is how long the provider is left alone at most, however long it asks for.
const maxAfter = 6 * time.Hour

func after(header string) time.Duration {
	n, err := strconv.Atoi(strings.TrimSpace(header))
	if err != nil || n < 0 {
		return 0
	}
	return min(time.Duration(min(n, 1<<20))*time.Second, maxAfter)
}
