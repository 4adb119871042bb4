package form

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"io"
	"strings"

	"prasan/internal/ropa"
)

// A carrier is the canonical form inside a file that people see and edit: what the form
// does not show travels in it, and what was edited shows by comparing.
type carrier struct {
	schema, sha256 string
	body           string // zlib, base64: safe in any cell or attribute
}

func carrierOf(r *ropa.Revision) (carrier, error) {
	text, err := ropa.Marshal(r)
	if err != nil {
		return carrier{}, err
	}
	sum, err := ropa.SHA256(r)
	if err != nil {
		return carrier{}, err
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write(text); err != nil {
		return carrier{}, err
	}
	if err := z.Close(); err != nil {
		return carrier{}, err
	}
	return carrier{ropa.APIVersion, sum, base64.StdEncoding.EncodeToString(packed.Bytes())}, nil
}

var errCarrier = errors.New("the part of the file that holds the record was changed")

// open gives the record back, checked against its digest.
func (c carrier) open() (*ropa.Revision, error) {
	if c.schema != ropa.APIVersion {
		return nil, errCarrier
	}
	packed, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(c.body), ""))
	if err != nil {
		return nil, errCarrier
	}
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, errCarrier
	}
	text, err := io.ReadAll(io.LimitReader(z, ropa.MaxBytes+1))
	if err != nil || len(text) > ropa.MaxBytes {
		return nil, errCarrier
	}
	rev, err := ropa.Decode(text)
	if err != nil {
		return nil, errCarrier
	}
	if sum, err := ropa.SHA256(rev); err != nil || sum != c.sha256 {
		return nil, errCarrier
	}
	return rev, nil
}

// pieces cuts a text into parts of at most n bytes (it is base64: one byte a letter).
func pieces(s string, n int) []string {
	var out []string
	for len(s) > n {
		out, s = append(out, s[:n]), s[n:]
	}
	return append(out, s)
}
