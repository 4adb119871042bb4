package webtest

import (
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// untranslated are keys of the catalogue that were shown instead of their messages.
var untranslated = regexp.MustCompile(`\b(public|office|kit|error|files|mail)\.[a-z][a-z_-]+[a-z]`)

// Faults lists what is wrong with how a page is made: its language, headings, ids,
// labels, anything inline, and messages that are missing.
func (p *Page) Faults(lang string) []string {
	f := faults{ids: map[string]bool{}, labels: map[string]bool{}}
	Walk(p.Doc, func(n *html.Node) bool { f.node(n, lang); return true })
	if f.headings != 1 {
		f.add("%d h1", f.headings)
	}
	for _, id := range f.inputs {
		if id == "" || !f.labels[id] {
			f.add("the input %q has no label", id)
		}
	}
	for _, to := range f.named {
		if !f.ids[to] {
			f.add("%q is named but not there", to)
		}
	}
	if key := untranslated.FindString(Text(p.Doc)); key != "" {
		f.add("%q is not translated", key)
	}
	if strings.Contains(p.Body, "@@") || strings.Contains(p.Body, "ZgotmplZ") {
		f.add("a place was not filled")
	}
	return f.found
}

type faults struct {
	found         []string
	headings      int
	ids, labels   map[string]bool
	inputs, named []string
}

func (f *faults) add(format string, args ...any) {
	f.found = append(f.found, fmt.Sprintf(format, args...))
}

func (f *faults) node(n *html.Node, lang string) {
	id, ok := Attr(n, "id")
	if ok && f.ids[id] {
		f.add("id %q twice", id)
	}
	f.ids[id] = true
	switch n.Data {
	case "html":
		if l, _ := Attr(n, "lang"); l != lang {
			f.add("lang %q", l)
		}
	case "h1":
		f.headings++
	case "label":
		to, _ := Attr(n, "for")
		f.labels[to] = true
		f.named = append(f.named, to)
	case "input", "textarea", "select":
		if kind, _ := Attr(n, "type"); kind != "hidden" {
			f.inputs = append(f.inputs, id)
		}
	case "style":
		f.add("a style inline")
	case "script":
		if src, _ := Attr(n, "src"); src == "" {
			f.add("a script inline")
		}
	}
	for _, a := range n.Attr {
		switch {
		case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
			f.add("%s inline", a.Key)
		case a.Key == "aria-describedby" || a.Key == "aria-labelledby":
			f.named = append(f.named, strings.Fields(a.Val)...)
		case a.Key == "href" && len(a.Val) > 1 && a.Val[0] == '#':
			f.named = append(f.named, a.Val[1:])
		}
	}
}
