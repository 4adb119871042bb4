package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"

	"prasan/internal/accounts"
	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/policy"
	"prasan/internal/web/kit"
)

var errNotFound = errs.New(errs.NotFound, "error.not-found")

// maxBody bounds what an operation reads: 1 MiB of JSON.
const maxBody = 1 << 20

// Operation is a row of the table. Make it with Get, Do or Act.
type Operation struct {
	ID      string // operationId
	Method  string
	Path    string // after Base, with {name} for what varies
	Tag     string
	Summary string
	Action  string   // of policy's table of roles; "" where the service alone decides
	Query   []Param  // parameters of the query
	Status  int      // of success
	Creates bool     // takes an Idempotency-Key
	Types   []string // of an answer that is Raw
	Upload  int64    // the body is a file of at most so many bytes, which the handler reads

	in, out reflect.Type
	handle  func(c *Call) (any, error)
}

// Param is a parameter of the query.
type Param struct {
	Name, Summary string
	Enum          []string
}

// Paging are the parameters of every list.
var Paging = []Param{{Name: "cursor", Summary: "Where the page before ended: its `next`."}, {Name: "limit", Summary: "How many, at most 200; 50 if absent."}}

// Nothing is the answer of an operation that has none.
type Nothing struct{}

// Raw is an answer that is sent as it is.
type Raw struct {
	Type string
	Body []byte
}

// Get makes an operation without a body.
func Get[Out any](o Operation, f func(c *Call) (Out, error)) Operation {
	o.out = reflect.TypeFor[Out]()
	o.handle = func(c *Call) (any, error) { return f(c) }
	return o.complete("GET")
}

// Do makes an operation with a JSON body.
func Do[In, Out any](o Operation, f func(c *Call, in In) (Out, error)) Operation {
	o.in, o.out = reflect.TypeFor[In](), reflect.TypeFor[Out]()
	o.handle = func(c *Call) (any, error) {
		var in In
		if err := decode(c.Request, c.body, &in); err != nil {
			return nil, err
		}
		return f(c, in)
	}
	return o.complete("POST")
}

func (o Operation) complete(method string) Operation {
	if o.Method == "" {
		o.Method = method
	}
	if o.Status == 0 {
		o.Status = http.StatusOK
		if o.Creates {
			o.Status = http.StatusCreated
		}
		if o.out == reflect.TypeFor[Nothing]() {
			o.Status = http.StatusNoContent
		}
	}
	return o
}

// Call is one request of somebody who has shown a token.
type Call struct {
	Request  *http.Request
	Actor    policy.Actor
	Account  accounts.Account
	Lang     string
	Location string // of what was created, after Base
	Nonce    []byte // follows from account and Idempotency-Key; nil without one

	body []byte
}

// Path returns what stands for {name} in the path.
func (c *Call) Path(name string) string { return c.Request.PathValue(name) }

// Query returns a parameter of the query.
func (c *Call) Query(name string) string { return c.Request.URL.Query().Get(name) }

func (a *API) serve(o Operation) kit.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		actor, account, err := a.Accounts.Authenticate(r.Context(), bearer(r))
		if err != nil {
			if errs.KindOf(err) == errs.Unauthorized {
				w.Header().Set("WWW-Authenticate", `Bearer realm="prasan"`) // RFC 6750 section 3
			}
			return err
		}
		if o.Action != "" {
			if all, agency := policy.Reach(actor, o.Action); !all && agency == "" {
				return errs.New(errs.Forbidden, "error.forbidden")
			}
		}
		c := &Call{Request: r, Actor: actor, Account: account, Lang: language(r)}
		if o.Upload > 0 {
			c.Request.Body = http.MaxBytesReader(w, r.Body, o.Upload)
		} else if c.body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody)); err != nil {
			return err
		}
		if o.Creates {
			return a.idempotent(w, o, c)
		}
		res, err := a.run(o, c)
		if err != nil {
			return err
		}
		return res.write(w)
	}
}

func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// answer is what is sent, and what is kept under an Idempotency-Key.
type answer struct {
	Status   int
	Location string
	Body     []byte
	kind     string // media type; "" is JSON
}

func (a *API) run(o Operation, c *Call) (answer, error) {
	out, err := o.handle(c)
	if err != nil {
		return answer{}, err
	}
	res := answer{Status: o.Status}
	if c.Location != "" {
		res.Location = Base + c.Location
	}
	if raw, ok := out.(Raw); ok {
		res.Body, res.kind = raw.Body, raw.Type
		return res, nil
	}
	if o.Status != http.StatusNoContent {
		res.Body, err = json.Marshal(out)
	}
	return res, err
}

func (x answer) write(w http.ResponseWriter) error {
	h := w.Header()
	h.Set("Cache-Control", kit.CacheNone)
	if x.Location != "" {
		h.Set("Location", x.Location)
	}
	if x.Body == nil {
		w.WriteHeader(x.Status)
		return nil
	}
	if x.kind != "" {
		h.Set("Content-Type", x.kind)
		w.WriteHeader(x.Status)
		_, _ = w.Write(x.Body)
		return nil
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(x.Status)
	_, _ = w.Write(append(x.Body, '\n')) // a client that has gone is no error of ours
	return nil
}

// decode reads one JSON value and refuses what the operation does not know, so that a
// mistyped field is not lost in silence.
func decode(r *http.Request, body []byte, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); r.Header.Get("Content-Type") != "" && (err != nil || kind != "application/json") {
		return errs.New(errs.Invalid, "error.json-type")
	}
	if len(bytes.TrimSpace(body)) == 0 {
		body = []byte("{}")
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil && d.More() {
		err = errors.New("more than one value")
	}
	if err == nil {
		return nil
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) && kind.Field != "" {
		return errs.InvalidField(kind.Field, "error.json-field-type", "type", kind.Type.String())
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return errs.InvalidField(strings.Trim(name, `"`), "error.json-field-unknown")
	}
	return errs.Wrap(err, errs.Invalid, "error.json")
}

// notAllowed answers a method that a path does not have (RFC 9110 section 15.5.6).
func notAllowed(methods []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lang := language(r)
		h := w.Header()
		h.Set("Allow", strings.Join(methods, ", "))
		h.Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusMethodNotAllowed)
		_ = json.NewEncoder(w).Encode(kit.Problem{Type: "urn:prasan:problem:method", Title: i18n.T(lang, "error.method"), Status: http.StatusMethodNotAllowed, Code: "method", Reference: kit.Reference(r)})
	})
}
