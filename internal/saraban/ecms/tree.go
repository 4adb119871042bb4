package ecms

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
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
	// Where it stands in the document, and which namespaces are declared around it.
	document   *[]byte
	start, end int64
	around     []xml.Attr
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
	document := &[]byte{}
	kept := &keeper{r: limited, into: document}
	d := xml.NewDecoder(kept)
	d.Strict = true
	root := &element{}
	stack, nodes := []*element{root}, 0
	texts := []*strings.Builder{{}}
	for {
		from := d.InputOffset()
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
			top := stack[len(stack)-1]
			e := &element{prefix: t.Name.Space, name: t.Name.Local, attrs: t.Copy().Attr, document: document, start: from, around: namespaces(top)}
			top.children = append(top.children, e)
			stack, texts = append(stack, e), append(texts, &strings.Builder{})
		case xml.EndElement:
			if len(stack) < 2 || stack[len(stack)-1].name != t.Name.Local {
				return nil, errEmpty
			}
			stack[len(stack)-1].end = d.InputOffset()
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

// keeper keeps what is read, for what must be seen as it was written.
type keeper struct {
	r    io.Reader
	into *[]byte
}

func (k *keeper) Read(p []byte) (int, error) {
	n, err := k.r.Read(p)
	*k.into = append(*k.into, p[:n]...)
	return n, err
}

func isNamespace(a xml.Attr) bool {
	return a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns"
}

// namespaces are the declarations in force inside an element.
func namespaces(e *element) []xml.Attr {
	var own []xml.Attr
	for _, a := range e.attrs {
		if isNamespace(a) {
			own = append(own, a)
		}
	}
	if len(own) == 0 {
		return e.around
	}
	return declare(own, e.around)
}

// declare adds to own what is declared around it and not declared anew.
func declare(own, around []xml.Attr) []xml.Attr {
	out := slices.Clone(own)
	for _, a := range around {
		if !slices.ContainsFunc(own, func(b xml.Attr) bool { return a.Name == b.Name }) {
			out = append(out, a)
		}
	}
	return out
}

// raw is an element as it was written, standing alone: what is declared around it is
// declared in it.
func (e *element) raw() []byte {
	text := (*e.document)[e.start:e.end]
	head := 1 + len(e.name)
	if e.prefix != "" {
		head += len(e.prefix) + 1
	}
	var out bytes.Buffer
	out.Write(text[:head])
	for _, a := range e.around {
		if slices.ContainsFunc(e.attrs, func(b xml.Attr) bool { return a.Name == b.Name }) {
			continue
		}
		name := "xmlns"
		if a.Name.Space != "" {
			name += ":" + a.Name.Local
		}
		out.WriteString(" " + name + `="`)
		_ = xml.EscapeText(&out, []byte(a.Value)) // into memory
		out.WriteString(`"`)
	}
	out.Write(text[head:])
	return out.Bytes()
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
