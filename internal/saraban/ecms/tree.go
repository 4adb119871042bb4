package ecms

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// Limits of what is read: a letter with attachments of 20 MB fits.
const (
	MaxBytes = 64 << 20
	maxDepth = 32
	maxNodes = 20000
)

// element is a piece of XML; names are compared without their namespaces, since the
// systems in the field do not agree on them.
type element struct {
	prefix   string
	name     string
	attrs    []xml.Attr
	children []*element
	text     string
}

var (
	errDoctype = errors.New("document type declarations and entities are not accepted")
	errDeep    = errors.New("the XML is nested too deeply")
	errMany    = errors.New("the XML has too many elements")
	errEmpty   = errors.New("the XML is empty or ends too early")
)

// parse reads a document. It takes no DTD, so there are no entities but the five of XML,
// and it stops where depth, number or size of what comes is more than a letter needs.
func parse(r io.Reader) (*element, error) {
	limited := &io.LimitedReader{R: r, N: MaxBytes + 1}
	d := xml.NewDecoder(limited)
	d.Strict = true
	root := &element{}
	stack, nodes := []*element{root}, 0
	texts := []*strings.Builder{{}}
	for {
		token, err := d.RawToken()
		if limited.N <= 0 {
			return nil, &Fault{"413", "the document is larger than 64 MB"}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := token.(type) {
		case xml.Directive:
			return nil, errDoctype
		case xml.StartElement:
			if nodes++; nodes > maxNodes {
				return nil, errMany
			}
			if len(stack) > maxDepth {
				return nil, errDeep
			}
			e := &element{prefix: t.Name.Space, name: t.Name.Local, attrs: t.Copy().Attr}
			top := stack[len(stack)-1]
			top.children = append(top.children, e)
			stack, texts = append(stack, e), append(texts, &strings.Builder{})
		case xml.EndElement:
			if len(stack) < 2 || stack[len(stack)-1].name != t.Name.Local {
				return nil, errEmpty
			}
			stack[len(stack)-1].text = strings.TrimSpace(texts[len(texts)-1].String())
			stack, texts = stack[:len(stack)-1], texts[:len(texts)-1]
		case xml.CharData:
			texts[len(texts)-1].Write(t)
		}
	}
	if len(stack) != 1 || len(root.children) != 1 {
		return nil, errEmpty
	}
	return root.children[0], nil
}

// child finds a child by its name, in whatever case it is written.
func (e *element) child(name string) *element {
	if e == nil {
		return nil
	}
	for _, c := range e.children {
		if strings.EqualFold(c.name, name) {
			return c
		}
	}
	return nil
}

func (e *element) all(name string) []*element {
	var out []*element
	for _, c := range e.children {
		if strings.EqualFold(c.name, name) {
			out = append(out, c)
		}
	}
	return out
}

// get is the text at a path of children; "" where there is none.
func (e *element) get(path ...string) string {
	for _, p := range path {
		e = e.child(p)
	}
	if e == nil {
		return ""
	}
	return e.text
}

func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if strings.EqualFold(a.Name.Local, name) {
			return a.Value
		}
	}
	return ""
}
