package ecms

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
)

// Canonical XML 1.0 and 1.1 and Exclusive XML Canonicalization 1.0, all without comments
// (W3C Recommendations of 2001, 2008 and 2002), of one element where it stands. It is
// written while the element is read, so that nothing of it need be held, and what is read
// is what was written.

const xmlNS = "http://www.w3.org/XML/1998/namespace"

const (
	inclusive10 = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
	inclusive11 = "http://www.w3.org/2006/12/xml-c14n11"
	exclusive   = "http://www.w3.org/2001/10/xml-exc-c14n#"
)

// canon writes the canonical form, and remembers the first error.
type canon struct {
	w         io.Writer
	algorithm string
	always    []string     // prefixes that the exclusive form has as the inclusive one would
	written   [][]xml.Attr // the declarations that are in force in what was written
	err       error
}

var (
	errNoForm    = errors.New("it has no canonical form")
	errNamespace = errors.New("its namespaces are not declared as they must be")
)

// canonicalise writes the canonical form of an element, and returns the element as it was
// read for it.
func canonicalise(w io.Writer, e *element, algorithm string, always []string) (*element, error) {
	root := &element{around: e.around}
	c := &canon{w: w, algorithm: algorithm, always: always, written: [][]xml.Attr{nil}}
	s := &scanner{document: e.document[:e.end], at: e.start, stack: []*element{root}, folds: e.folds(), out: c}
	for s.at < len(s.document) {
		if s.step() != nil {
			return nil, errNoForm
		}
		if c.err != nil {
			return nil, c.err
		}
	}
	if len(s.stack) != 1 || len(root.children) != 1 || s.mixed || len(s.folds) > 0 {
		return nil, errNoForm
	}
	return root.children[0], nil
}

func (c *canon) raw(parts ...string) {
	for _, p := range parts {
		if c.err == nil {
			_, c.err = io.WriteString(c.w, p)
		}
	}
}

// text writes a text, of which most is a large piece without a sign in it.
func (c *canon) text(text []byte) {
	for len(text) > 0 && c.err == nil {
		n := bytes.IndexAny(text, "&<>\r")
		if n < 0 {
			n = len(text)
		}
		if _, c.err = c.w.Write(text[:n]); n < len(text) {
			c.raw(textSigns.Replace(string(text[n : n+1])))
			n++
		}
		text = text[n:]
	}
}

func (c *canon) file(f *fold) {
	if c.err != nil {
		return
	}
	c.err = f.write(c.w, func(blank string) string {
		text, _ := plain([]byte(blank))
		return textSigns.Replace(string(text))
	})
}

func (c *canon) instruction(inner []byte) {
	n := bytes.IndexAny(inner, " \t\r\n")
	if n < 0 {
		n = len(inner)
	}
	target, data := string(inner[:n]), strings.TrimLeft(string(lines(inner[n:])), " \t\n")
	if strings.EqualFold(target, "xml") { // which only begins a document
		c.err = errNoForm
	}
	if data != "" {
		target += " "
	}
	c.raw("<?", target, data, "?>")
}

func (c *canon) close(e *element) {
	c.written = c.written[:len(c.written)-1]
	c.raw("</", e.qualified(), ">")
}

func (c *canon) open(e *element) {
	before := c.written[len(c.written)-1]
	scope := inherited(e)
	own, err := c.declarations(e, scope, before)
	if err == nil {
		var attrs []xml.Attr
		if attrs, err = c.attributes(e, scope); err == nil {
			c.tag(e, slices.Concat(own, attrs))
		}
	}
	c.err = cmp.Or(c.err, err)
	c.written = append(c.written, declare(own, before))
}

func (c *canon) tag(e *element, attrs []xml.Attr) {
	c.raw("<", e.qualified())
	for _, a := range attrs {
		c.raw(" ", qualified(a.Name), `="`, valueSigns.Replace(a.Value), `"`)
	}
	c.raw(">")
}

func declarationOf(prefix string) xml.Name {
	if prefix == "" {
		return xml.Name{Local: "xmlns"}
	}
	return xml.Name{Space: "xmlns", Local: prefix}
}

// declared is the namespace that a prefix stands for; "" where it stands for none.
func declared(scope []xml.Attr, prefix string) string {
	if prefix == "xml" {
		return xmlNS
	}
	name := declarationOf(prefix)
	for _, a := range scope {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// declarations are those that an element is written with, in their order: the ones that are
// in force, or, in the exclusive form, that it needs itself, and that were not written
// around it already.
func (c *canon) declarations(e *element, scope, before []xml.Attr) ([]xml.Attr, error) {
	var out []xml.Attr
	for _, prefix := range c.prefixes(e, scope) {
		uri := declared(scope, prefix)
		if prefix == "xml" || uri == declared(before, prefix) {
			continue
		}
		out = append(out, xml.Attr{Name: declarationOf(prefix), Value: uri})
	}
	for _, a := range e.attrs { // what cannot be declared at all
		if a.Name.Space == "xmlns" && (a.Value == "" || a.Name.Local == "xmlns" || (a.Name.Local == "xml") != (a.Value == xmlNS)) {
			return nil, errNamespace
		}
	}
	if e.prefix != "" && declared(scope, e.prefix) == "" {
		return nil, errNamespace
	}
	return out, nil
}

func (c *canon) prefixes(e *element, scope []xml.Attr) []string {
	var out []string
	if c.algorithm == exclusive {
		out = append(out, e.prefix)
		for _, a := range e.attrs {
			if a.Name.Space != "" && !isNamespace(a) {
				out = append(out, a.Name.Space)
			}
		}
		out = append(out, c.always...)
	} else {
		out = append(out, "")
		for _, a := range scope {
			if a.Name.Space == "xmlns" {
				out = append(out, a.Name.Local)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// sorted is an attribute with its namespace.
type sorted struct {
	xml.Attr
	uri string
}

// attributes are those of an element in their order: by namespace and name. Inside of what
// is written, nothing is inherited; at its top, the inclusive forms have what is of xml.
func (c *canon) attributes(e *element, scope []xml.Attr) ([]xml.Attr, error) {
	var all []sorted
	for _, a := range c.inheriting(e) {
		x := sorted{Attr: a}
		if a.Name.Space != "" {
			if x.uri = declared(scope, a.Name.Space); x.uri == "" {
				return nil, errNamespace
			}
		}
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b sorted) int {
		return cmp.Or(cmp.Compare(a.uri, b.uri), cmp.Compare(a.Name.Local, b.Name.Local))
	})
	var out []xml.Attr
	for i, a := range all {
		if i > 0 && a.uri == all[i-1].uri && a.Name.Local == all[i-1].Name.Local {
			return nil, errNamespace
		}
		out = append(out, a.Attr)
	}
	if c.algorithm == inclusive11 && len(c.written) == 1 && has(e.around, xml.Name{Space: "xml", Local: "base"}) {
		return nil, errNoForm // it would have to be made of several; nobody writes it
	}
	return out, nil
}

func (c *canon) inheriting(e *element) []xml.Attr {
	var out []xml.Attr
	for _, a := range e.attrs {
		if !isNamespace(a) {
			out = append(out, a)
		}
	}
	if len(c.written) > 1 || c.algorithm == exclusive {
		return out
	}
	for _, a := range e.around {
		if a.Name.Space == "xml" && !has(e.attrs, a.Name) && (c.algorithm == inclusive10 || a.Name.Local != "id") {
			out = append(out, a)
		}
	}
	return out
}
