package kit

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"prasan/internal/errs"
	"prasan/internal/i18n"
)

// Handler answers a request or says why it cannot.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Failure is an error as a page shows it.
type Failure struct {
	Status    int
	Title     string
	Text      string
	Reference string // of the request, which the log has too
	Kind      errs.Kind
}

// Edge is the one place where errors become answers: each is logged once, with the
// request's reference, and none shows its cause.
type Edge struct {
	Lang func(r *http.Request) string                                         // of an error page
	Page func(w http.ResponseWriter, r *http.Request, lang string, f Failure) // nil: problems only
}

// Reference makes the reference of a failed request: short enough to be read out over
// the telephone.
func Reference(*http.Request) string { return newReference() }

var refEncoding = base32.NewEncoding("ACDEFGHJKMNPQRTUVWXY2346789abcde").WithPadding(base32.NoPadding)

func newReference() string {
	var b [5]byte
	rand.Read(b[:])
	return strings.ToUpper(refEncoding.EncodeToString(b[:]))
}

// Handle turns h into a http.Handler.
func (e Edge) Handle(h Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				e.Fail(w, r, fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
			}
		}()
		if err := h(w, r); err != nil {
			e.Fail(w, r, err)
		}
	})
}

// Fail answers with an error.
func (e Edge) Fail(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		return // the client has gone
	}
	if isTooLarge(err) {
		err = BadPost(err)
	}
	x := errs.As(err)
	status := x.Kind.Status()
	ref := e.Log(w, r, err)
	lang := "th"
	if e.Lang != nil {
		lang = e.Lang(r)
	}
	f := Failure{Status: status, Title: i18n.T(lang, fmt.Sprintf("kit.error-%d", status)), Text: i18n.T(lang, x.Key, x.Args...), Reference: ref, Kind: x.Kind}
	if e.Page == nil || wantsJSON(r) {
		WriteProblem(w, r, lang, x, ref)
		return
	}
	w.Header().Set("Cache-Control", CacheNone)
	e.Page(w, r, lang, f)
}

// BadPost is a post that was larger than it may be, that broke off, or that is no form.
func BadPost(err error) error {
	if isTooLarge(err) {
		return errs.Wrap(err, errs.TooLarge, "error.too-large")
	}
	return errs.Wrap(err, errs.Invalid, "error.invalid")
}

func isTooLarge(err error) bool {
	var large *http.MaxBytesError
	return errors.As(err, &large)
}

// Log writes an error down and returns the request's reference. Fail does so itself; a
// handler that shows an error on a page of its own calls it.
func (e Edge) Log(w http.ResponseWriter, r *http.Request, err error) (reference string) {
	reference = Reference(r)
	status := errs.KindOf(err).Status()
	level := slog.LevelDebug
	if status >= 500 {
		level = slog.LevelError
	}
	slog.Log(r.Context(), level, "request failed", "ref", reference, "method", r.Method, "route", r.Pattern, "status", status, "err", err)
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "30")
	}
	return reference
}

func wantsJSON(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "json") && !strings.Contains(accept, "text/html")
}

// Problem is an RFC 9457 problem.
type Problem struct {
	Type      string         `json:"type"`
	Title     string         `json:"title"`
	Status    int            `json:"status"`
	Detail    string         `json:"detail,omitempty"`
	Code      string         `json:"code"`
	Reference string         `json:"reference"`
	Errors    []FieldProblem `json:"errors,omitempty"`
}

// FieldProblem is an input error of a problem.
type FieldProblem struct {
	Field  string `json:"field"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// ProblemOf makes a problem of an error. The code is stable: the error's key without
// its area.
func ProblemOf(lang string, x *errs.E, reference string) Problem {
	status := x.Kind.Status()
	code := strings.TrimPrefix(x.Key, "error.")
	p := Problem{Type: "urn:prasan:problem:" + code, Title: i18n.T(lang, fmt.Sprintf("kit.error-%d", status)), Status: status, Detail: i18n.T(lang, x.Key, x.Args...), Code: code, Reference: reference}
	for _, f := range x.Fields {
		p.Errors = append(p.Errors, FieldProblem{f.Name, strings.TrimPrefix(f.Key, "error."), i18n.T(lang, f.Key, f.Args...)})
	}
	return p
}

// WriteProblem sends an error as application/problem+json.
func WriteProblem(w http.ResponseWriter, r *http.Request, lang string, x *errs.E, reference string) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Content-Language", lang)
	h.Set("Cache-Control", CacheNone)
	w.WriteHeader(x.Kind.Status())
	if r.Method != http.MethodHead {
		_ = json.NewEncoder(w).Encode(ProblemOf(lang, x, reference))
	}
}
