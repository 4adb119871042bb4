// Package thaidict holds the words of ICU's Thai dictionary, by which lines of Thai text
// are broken. Licence and origin lie beside them.
package thaidict

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"io"
)

//go:embed thaidict.txt.gz
var packed []byte

// Words unpacks the list: one word a line, in UTF-8, sorted by bytes.
func Words() (string, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(r)
	return string(text), err
}
