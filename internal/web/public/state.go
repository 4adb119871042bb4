package public

import (
	"crypto/rand"
	"errors"
	"time"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/web/kit"
)

// state is what a person has answered so far. It travels sealed in the form.
type state struct {
	Topic    string            `json:"t,omitempty"`
	Message  string            `json:"m,omitempty"`
	Files    []cases.Staged    `json:"f,omitempty"`
	Sender   map[string]string `json:"s,omitempty"` // by element
	Withhold bool              `json:"w,omitempty"`
	Staff    bool              `json:"a,omitempty"`
	Notice   string            `json:"n,omitempty"`
	Nonce    []byte            `json:"x,omitempty"`
	Started  int64             `json:"b,omitempty"` // seconds; when the form was opened
	Decoy    bool              `json:"d,omitempty"`
	Checked  bool              `json:"c,omitempty"` // has seen the check page: changes lead back to it
}

// formLifetime is how long a form may lie open; what was typed is kept beyond it.
const formLifetime = 12 * time.Hour

func (v *visit) seal(s *state) string {
	return v.f.Seal.Seal("contact:"+v.site.Host, s, formLifetime)
}

// open reads the state of a form. One that is old is read, and begins anew; one that
// is not ours gives an empty state and an error of the form.
func (v *visit) open(token string) (*state, error) {
	s := &state{}
	_, err := v.f.Seal.Open("contact:"+v.site.Host, token, s)
	switch {
	case err == nil:
		return s, nil
	case errors.Is(err, kit.ErrOld):
		s.Started = v.f.Now().Unix()
		return s, errs.New(errs.Invalid, "error.form-old")
	}
	return v.begin(), errs.New(errs.Invalid, "error.form-old")
}

func (v *visit) begin() *state { return &state{Started: v.f.Now().Unix()} }

// newNonce is made for each check page: posting that page twice gives one case.
func newNonce() []byte {
	n := make([]byte, 16)
	rand.Read(n) // never fails since Go 1.24
	return n
}

func (s *state) sender(element string) string { return s.Sender[element] }
