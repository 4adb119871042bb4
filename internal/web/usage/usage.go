// Package usage is the face of the counting: the script, the place to which it reports,
// the counting of pages that are served, and the cookies that remember a choice.
package usage

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"prasan/internal/analytics"
	"prasan/internal/consent"
	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/web/kit"
)

// Names of the two cookies: the choice, and, after consent, a random number.
const (
	choiceCookie  = "prasan_choice"
	visitorCookie = "prasan_visitor"
)

// Deps is what the face needs.
type Deps struct {
	Analytics *analytics.Service
	Consent   *consent.Service
	Site      func(host string) (agency string, ok bool)
	Client    func(r *http.Request) (addr string, tls bool)
	Now       func() time.Time
}

// Face answers for /p.js and /p, and counts what is served beside them.
type Face struct {
	Deps
	edge kit.Edge
}

// New returns the face.
func New(d Deps) *Face {
	return &Face{Deps: d, edge: kit.Edge{Lang: func(r *http.Request) string { return i18n.Match(r.Header.Get("Accept-Language")) }}}
}

//go:embed p.js
var script []byte

var packed = pack(script)

// pack compresses a text once, when it is first asked for.
func pack(text []byte) func() []byte {
	return sync.OnceValue(func() []byte {
		var out bytes.Buffer
		z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
		if err != nil {
			panic(err) // only for a level that is not one
		}
		_, _ = z.Write(text) // to memory
		_ = z.Close()
		return out.Bytes()
	})
}

// Wrap stands before the pages of the sites.
func (f *Face) Wrap(next http.Handler) http.Handler {
	tracker, google, hit := f.edge.Handle(give(script, packed)), f.edge.Handle(give(googleScript, packedGoogle)), f.edge.Handle(f.collect)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := f.Site(hostOf(r)); !ok {
			next.ServeHTTP(w, r)
			return
		}
		switch r.URL.Path {
		case "/p.js":
			tracker.ServeHTTP(w, r)
		case googlePath:
			google.ServeHTTP(w, r)
		case "/p":
			hit.ServeHTTP(w, r)
		default:
			f.serve(next, w, r)
		}
	})
}

func hostOf(r *http.Request) string { return kit.HostName(r.Host) }

func method(w http.ResponseWriter, r *http.Request, allowed ...string) bool {
	for _, m := range allowed {
		if r.Method == m {
			return true
		}
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
	return false
}

// give answers with a script. Other sites that are registered embed the tracker from here.
func give(text []byte, packed func() []byte) kit.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if !method(w, r, http.MethodGet, http.MethodHead) {
			return nil
		}
		h, body := w.Header(), text
		h.Set("Content-Type", "text/javascript; charset=utf-8")
		h.Set("Cache-Control", "public, max-age=3600")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Vary", "Accept-Encoding")
		if kit.AcceptsGzip(r) {
			h.Set("Content-Encoding", "gzip")
			body = packed()
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(body) // a client that has gone is no error of ours
		}
		return nil
	}
}

// maxHit bounds what one hit may bring, in bytes.
const maxHit = 8 << 10

// wire is a hit as the script sends it.
type wire struct {
	Name     string                     `json:"n"`
	URL      string                     `json:"u"`
	Referrer string                     `json:"r"`
	Title    string                     `json:"t"` // not kept: the record does not list it
	Width    float64                    `json:"w"`
	Props    map[string]json.RawMessage `json:"p"`
}

// collect stores a hit: 204 says that it is durable.
func (f *Face) collect(w http.ResponseWriter, r *http.Request) error {
	if !method(w, r, http.MethodPost) {
		return nil
	}
	h, err := read(w, r)
	if err != nil {
		return err
	}
	f.sign(r, &h)
	if err := f.Analytics.Collect(r.Context(), h); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", kit.CacheNone)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func read(w http.ResponseWriter, r *http.Request) (analytics.Hit, error) {
	if !acceptable(r.Header.Get("Content-Type")) {
		return analytics.Hit{}, errs.New(errs.Invalid, "analytics.error-type")
	}
	body := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(body)
	body.Reset()
	_, err := body.ReadFrom(http.MaxBytesReader(w, r.Body, maxHit))
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return analytics.Hit{}, err
	}
	if err != nil { // a client that broke off
		return analytics.Hit{}, errs.Wrap(err, errs.Invalid, "analytics.error-json")
	}
	var x wire
	if !utf8.Valid(body.Bytes()) || !x.read(body.Bytes()) {
		return analytics.Hit{}, errs.New(errs.Invalid, "analytics.error-json")
	}
	if x.Width < 0 || x.Width > 1e6 {
		return analytics.Hit{}, errs.InvalidField("w", "analytics.error-width")
	}
	h := analytics.Hit{Name: x.Name, URL: x.URL, Referrer: x.Referrer, Width: int(x.Width)}
	if len(x.Props) > 0 {
		h.Props = make(map[string]any, len(x.Props))
	}
	for name, raw := range x.Props {
		var v any
		if json.Unmarshal(raw, &v) != nil || v == nil {
			continue
		}
		h.Props[name] = v
	}
	return h, nil
}

// bodies are used again: a hit is read, understood and gone.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// acceptable tells whether a body can be a hit: sendBeacon sends text/plain, which asks
// no other site for leave.
func acceptable(contentType string) bool {
	switch contentType {
	case "", "text/plain", "text/plain;charset=UTF-8", "application/json": // as browsers write them
		return true
	}
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || kind == "text/plain")
}

// sign adds who sends a hit; it goes no further than analytics.Collect.
func (f *Face) sign(r *http.Request, h *analytics.Hit) {
	h.Site = hostOf(r)
	h.Addr, _ = f.Client(r)
	h.Agent, h.Language = r.UserAgent(), r.Header.Get("Accept-Language")
	h.Signals = analytics.Signals{OptOut: f.OptOut(r), Choice: f.Chosen(r), Visitor: visitor(r)}
}

// serve has the page answered first, and counts it then.
func (f *Face) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost || r.Header.Get("Sec-Purpose") != "" || r.Header.Get("Purpose") == "prefetch" {
		next.ServeHTTP(w, r)
		return
	}
	c := &answered{ResponseWriter: w, status: http.StatusOK}
	next.ServeHTTP(c, r)
	h := analytics.Hit{URL: f.address(r), Referrer: r.Referer()}
	var ok bool
	if r.Method == http.MethodPost {
		h.Name, ok = posted(r.URL.Path, c.status, w.Header().Get("Location"))
		h.Props = map[string]any{"form_id": "contact"}
	} else {
		h.Name, ok = shown(c.status, w.Header().Get("Content-Type"))
	}
	if !ok {
		return
	}
	f.sign(r, &h)
	f.Analytics.Count(context.WithoutCancel(r.Context()), h) // the visitor may have gone; his visit was
}

// shown tells what a page that was served counts as.
func shown(status int, kind string) (name string, ok bool) {
	if !strings.HasPrefix(kind, "text/html") {
		return "", false
	}
	switch status {
	case http.StatusOK:
		return analytics.PageView, true
	case http.StatusNotFound, http.StatusGone:
		return analytics.NotFound, true
	}
	return "", false
}

// posted tells what an answer to the contact form counts as: it is begun when its first
// step is answered, and complete when the receipt follows. So contact is measured
// whether or not there are scripts.
func posted(path string, status int, location string) (name string, ok bool) {
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case rest == "contact/topic" && status == http.StatusOK:
		return analytics.FormStart, true
	case strings.HasPrefix(rest, "contact/") && status == http.StatusSeeOther && strings.Contains(location, "/contact/receipt/"):
		return analytics.FormSubmit, true
	}
	return "", false
}

func (f *Face) address(r *http.Request) string {
	scheme := "http"
	if _, tls := f.Client(r); tls {
		scheme = "https"
	}
	return scheme + "://" + r.Host + r.URL.RequestURI()
}

// answered remembers the status of a page.
type answered struct {
	http.ResponseWriter
	status int
}

func (a *answered) WriteHeader(status int) {
	a.status = status
	a.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Counted tells whether the record has usage counted.
func (f *Face) Counted() bool {
	_, ok := analytics.Decide(f.Analytics.Record(analytics.Activity), analytics.Signals{})
	return ok
}

// Published tells whether the record lets figures of usage be published.
func (f *Face) Published() bool { return f.Analytics.Published() }

// Figures are what everybody may see of a site's usage.
func (f *Face) Figures(ctx context.Context, host string) (analytics.Public, error) {
	return f.Analytics.Public(ctx, host)
}

// Text is what is asked; nil where nothing is.
func (f *Face) Text() *consent.Text { return f.Consent.Text() }

// OptOut tells whether a device asks not to be tracked (Global Privacy Control, DNT).
func (f *Face) OptOut(r *http.Request) bool {
	return r.Header.Get("Sec-GPC") == "1" || r.Header.Get("DNT") == "1"
}

// Chosen is the visitor's choice, as far as it is worth something under the text in force.
func (f *Face) Chosen(r *http.Request) consent.Choice {
	c, err := r.Cookie(choiceCookie)
	if err != nil {
		return consent.Choice{}
	}
	return f.Consent.Text().InForce(consent.ParseChoice(c.Value))
}

func visitor(r *http.Request) string {
	c, err := r.Cookie(visitorCookie)
	if err != nil || !consent.IsVisitor(c.Value) {
		return ""
	}
	return c.Value
}

// longest is how long browsers keep a cookie at most (400 days, RFC 6265bis).
const longest = 400 * 24 * time.Hour

// Choose stores a choice and sets the cookies that remember it; a withdrawal takes the
// visitor's away at once.
func (f *Face) Choose(w http.ResponseWriter, r *http.Request, site, lang, version string, allowed []string, erase bool) error {
	if f.OptOut(r) {
		allowed = nil
	}
	receipt, err := f.Consent.Decide(r.Context(), consent.Decision{Site: site, Lang: lang, Version: version, Allowed: allowed, Visitor: visitor(r), Erase: erase, Clients: googleClients(r)})
	if err != nil {
		return err
	}
	f.set(w, r, choiceCookie, receipt.Choice.String(), receipt.ChoiceEnds)
	f.set(w, r, visitorCookie, receipt.Visitor, receipt.CookieEnds)
	if !receipt.Choice.Allows(consent.Google) {
		f.DropGoogle(w, r)
	}
	return nil
}

func (f *Face) set(w http.ResponseWriter, r *http.Request, name, value string, ends time.Time) {
	age := int(min(longest, ends.Sub(f.Now())).Seconds())
	if value == "" {
		if _, err := r.Cookie(name); err != nil {
			return
		}
		age = -1
	}
	_, tls := f.Client(r)
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: tls, SameSite: http.SameSiteLaxMode})
}

// Proof is the consent of a receipt.
func (f *Face) Proof(ctx context.Context, number string) (consent.Proof, error) {
	return f.Consent.Find(ctx, number)
}
