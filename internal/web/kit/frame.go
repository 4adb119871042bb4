package kit

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Places of a frame that differ from page to page. A frame template writes them as
// text or inside an attribute; they are replaced by escaped text.
const (
	TitlePlace = "@@title@@"
	PathPlace  = "@@path@@" // after /{lang}
	ClassPlace = "@@class@@"
	BodyPlace  = "@@body@@"
	ExtraPlace = "@@extra@@" // what is there for one visitor and not for another
)

// Frame is all of a page but its body, rendered once: the parts between its places.
type Frame struct {
	lang  string
	parts []string // text and place by turns; text first
}

// Frame renders the frame template of a face.
func (s *Set) Frame(lang, name string, data any) (*Frame, error) {
	var b strings.Builder
	if err := s.Execute(&b, lang, name, data); err != nil {
		return nil, err
	}
	f := &Frame{lang: lang}
	rest := b.String()
	for {
		i, place := nextPlace(rest)
		if i < 0 {
			f.parts = append(f.parts, rest)
			break
		}
		f.parts = append(f.parts, rest[:i], place)
		rest = rest[i+len(place):]
	}
	if !strings.Contains(b.String(), BodyPlace) {
		return nil, fmt.Errorf("kit: frame %q has no place for a body", name)
	}
	return f, nil
}

func nextPlace(s string) (at int, place string) {
	at = -1
	for _, p := range []string{TitlePlace, PathPlace, ClassPlace, BodyPlace, ExtraPlace} {
		if i := strings.Index(s, p); i >= 0 && (at < 0 || i < at) {
			at, place = i, p
		}
	}
	return at, place
}

// Page is what a page says about itself.
type Page struct {
	Status int    // 200 when 0
	Title  string // without the site's name, which the frame adds
	Path   string // after /{lang}, for the link to the other language
	Class  string // of the body element
	Cache  string // Cache-Control; "no-cache, private" when empty
	Extra  []byte // HTML of ours
}

// CacheNone is for pages with personal data or a secret in their address.
const CacheNone = "no-store"

// Write sends a page: the frame around the template name executed with data.
func (f *Frame) Write(w http.ResponseWriter, r *http.Request, p Page, s *Set, name string, data any) error {
	body := buffers.Get().(*bytes.Buffer)
	defer release(body)
	if err := f.render(body, p, func(out io.Writer) error { return s.Execute(out, f.lang, name, data) }); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Language", f.lang)
	if p.Cache == "" {
		p.Cache = "private, no-cache"
	}
	h.Set("Cache-Control", p.Cache)
	return WriteHTML(w, r, p.Status, body.Bytes())
}

func (f *Frame) render(out *bytes.Buffer, p Page, body func(io.Writer) error) error {
	for i, part := range f.parts {
		if i%2 == 0 {
			out.WriteString(part)
			continue
		}
		switch part {
		case TitlePlace:
			out.WriteString(html.EscapeString(p.Title))
		case PathPlace:
			out.WriteString(html.EscapeString(p.Path))
		case ClassPlace:
			out.WriteString(html.EscapeString(p.Class))
		case ExtraPlace:
			out.Write(p.Extra)
		case BodyPlace:
			if err := body(out); err != nil {
				return err
			}
		}
	}
	return nil
}

var buffers = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, 32<<10)) }}

// release gives a buffer back; a very large one is left to the collector.
func release(b *bytes.Buffer) {
	if b.Cap() <= 256<<10 {
		b.Reset()
		buffers.Put(b)
	}
}

// WriteHTML sends a whole page, compressed where the client takes it and it pays.
func WriteHTML(w http.ResponseWriter, r *http.Request, status int, page []byte) error {
	if status == 0 {
		status = http.StatusOK
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Accept-Encoding")
	if len(page) > 1024 && AcceptsGzip(r) {
		small := buffers.Get().(*bytes.Buffer)
		defer release(small)
		if err := compress(small, page); err != nil {
			return err
		}
		h.Set("Content-Encoding", "gzip")
		page = small.Bytes()
	}
	h.Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(page) // a client that has gone is no error of ours
	}
	return nil
}
