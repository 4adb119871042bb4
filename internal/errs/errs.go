// Package errs has the one error type that crosses package borders: a kind that
// the edge maps to a status, a message key that the catalogue translates, and the
// cause, which is logged and never shown.
package errs

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure it is; the edge maps it to an HTTP status or exit code.
type Kind int

const (
	Internal Kind = iota
	Invalid
	NotFound
	Forbidden
	Unauthorized
	Conflict
	TooMany
	Unavailable
	Misdirected // a host nobody knows (RFC 9110, 421)
	TooLarge
)

var names = [...]string{"internal", "invalid", "not-found", "forbidden", "unauthorized", "conflict", "too-many", "unavailable", "misdirected", "too-large"}

func (k Kind) String() string { return names[k] }

// Status returns the HTTP status of the kind (RFC 9110).
func (k Kind) Status() int {
	return [...]int{500, 422, 404, 403, 401, 409, 429, 503, 421, 413}[k]
}

// Field is one input error: which field, and the message for it.
type Field struct {
	Name string
	Key  string
	Args []any
}

// E is an error with a kind and a message for the person. Args are name, value pairs
// for the message's placeholders.
type E struct {
	Kind   Kind
	Key    string
	Args   []any
	Fields []Field
	Err    error
}

func (e *E) Error() string {
	s := e.Kind.String() + ": " + e.Key
	for _, f := range e.Fields {
		s += fmt.Sprintf(" [%s: %s]", f.Name, f.Key)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *E) Unwrap() error { return e.Err }

// New makes an error of a kind with a message key.
func New(k Kind, key string, args ...any) *E { return &E{Kind: k, Key: key, Args: args} }

// Wrap makes an error of a kind with a message key and a cause.
func Wrap(err error, k Kind, key string, args ...any) *E {
	return &E{Kind: k, Key: key, Args: args, Err: err}
}

// InvalidFields makes an input error; it is nil when there are no fields.
func InvalidFields(fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &E{Kind: Invalid, Key: "error.invalid", Fields: fields}
}

// InvalidField makes an input error about a single field.
func InvalidField(name, key string, args ...any) error {
	return InvalidFields([]Field{{Name: name, Key: key, Args: args}})
}

// KindOf returns the kind of err; Internal for an error that is not ours.
func KindOf(err error) Kind {
	var e *E
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// As returns the E in err's chain; an unknown error becomes Internal.
func As(err error) *E {
	var e *E
	if errors.As(err, &e) {
		return e
	}
	return &E{Kind: Internal, Key: "error.internal", Err: err}
}
