package ecms

import (
	"bytes"
	"strings"
)

const declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// WriteLetter writes a letter as it stands in the messages of nodes, for machines that get
// it by another way.
func WriteLetter(l *Letter) ([]byte, error) {
	var out bytes.Buffer
	p := &printer{w: &out}
	p.raw(declaration)
	p.letter(l)
	return out.Bytes(), p.err
}

// WriteNotice writes a notice in the same way.
func WriteNotice(n *Notice) ([]byte, error) {
	var out bytes.Buffer
	p := &printer{w: &out}
	p.raw(declaration)
	p.notice(n)
	return out.Bytes(), p.err
}

// ReadDocument reads a letter or a notice that came by another way than a node, within the
// same limits.
func ReadDocument(b []byte) (*Letter, *Notice, error) {
	e, err := parseBytes(bytes.Clone(b))
	if err != nil {
		return nil, nil, err
	}
	if strings.EqualFold(e.name, DocumentKind) {
		l, err := readLetter(e)
		return l, nil, err
	}
	n, err := readNotice(e)
	return nil, n, err
}
