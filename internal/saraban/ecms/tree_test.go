package ecms

import (
	"bytes"
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

// outline is a tree in one line, by our own scanner or by the library's.
func (e *element) outline(b *strings.Builder) {
	b.WriteString("<" + e.qualified())
	for _, a := range e.attrs {
		value := strings.Map(spaced, a.Value) // which the library leaves to others
		b.WriteString(" " + a.Name.Space + ":" + a.Name.Local + "=" + value)
	}
	b.WriteString(">" + string(e.text))
	for _, c := range e.children {
		c.outline(b)
	}
	b.WriteString("</>")
}

func library(document []byte) (*element, error) {
	d := xml.NewDecoder(bytes.NewReader(document))
	root := &element{}
	stack := []*element{root}
	for {
		token, err := d.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			e := &element{prefix: t.Name.Space, name: t.Name.Local, attrs: t.Copy().Attr}
			top.children, stack = append(top.children, e), append(stack, e)
		case xml.EndElement:
			if len(stack) < 2 {
				return nil, errEmpty
			}
			top.text = bytes.TrimSpace(top.text)
			stack = stack[:len(stack)-1]
		case xml.CharData:
			top.text = append(top.text, t...)
		}
	}
	if len(stack) != 1 || len(root.children) != 1 {
		return nil, errEmpty
	}
	return root.children[0], nil
}

func same(t *testing.T, document string) {
	t.Helper()
	ours, err := parseBytes([]byte(document))
	if err != nil {
		return
	}
	theirs, err := library([]byte(document))
	if err != nil {
		t.Fatalf("%q is taken here, and refused by the library: %v", document, err)
	}
	var a, b strings.Builder
	ours.outline(&a)
	theirs.outline(&b)
	if a.String() != b.String() {
		t.Fatalf("%q is read as\n%s, not\n%s", document, &a, &b)
	}
}

var documents = []string{
	`<a/>`, `<a></a >`, `<a b="]]>">]]&gt;</a>`, `<?xml version="1.0" encoding="UTF-8"?><a>x</a>`, `<a b='1' c:d="2&lt;3"><c:e xmlns:c="u"/> y </a>`, "<a>1\r\n2\r3</a>", `<a><![CDATA[<b>&amp;]]>z</a>`, `<a><!-- x -->1<!-- y -->2</a>`, `<a>&#65;&#x0e01;&quot;</a>`, `<ก ข="ค">ง</ก>`,
}

func TestDocumentsAreReadAsTheLibraryReadsThem(t *testing.T) {
	for _, d := range documents {
		if _, err := parseBytes([]byte(d)); err != nil {
			t.Errorf("%q: %v", d, err)
		}
		same(t, d)
	}
	for _, d := range []string{"", "x", "<", "<a", "<a>", "<a></b>", "<a/><b/>", `<a b=1/>`, `<a b="1/>`, `<a b="<"/>`, `<a b="1" b="2"/>`, `<a b="1"c="2"/>`, "<a>&nbsp;</a>", "<a>&#0;</a>", "<a>&#xD800;</a>", "<a>]]></a>", "<a>\x01</a>", "<a>\xff</a>", "<1/>", "<a:/>", "<a:b:c/>", "<a><!-- -- --></a>", `<?xml version="1.0" encoding="TIS-620"?><a/>`, "<!DOCTYPE a><a/>", "<a><!ELEMENT b></a>"} {
		if _, err := parseBytes([]byte(d)); err == nil {
			t.Errorf("%q is taken", d)
		}
	}
}

func FuzzDocuments(f *testing.F) {
	for _, d := range documents {
		f.Add(d)
	}
	f.Fuzz(same)
}
