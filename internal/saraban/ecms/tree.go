package ecms

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
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
	text     []byte // without the white space around it; mostly a piece of the document itself
	file     *fold  // the large file that it holds, where that was taken out of the document
	// Where it stands in the document, and what it inherits: namespaces, and attributes of xml.
	document   []byte
	start, end int
	around     []xml.Attr
	beside     *beside // of the root of a document with large files
}

var (
	errDoctype  = errors.New("document type declarations and entities are not accepted")
	errDeep     = errors.New("the XML is nested too deeply")
	errMany     = errors.New("the XML has too many elements")
	errEmpty    = errors.New("the XML is empty or ends too early")
	errEncoding = errors.New("the XML is not UTF-8")
	errSyntax   = errors.New("this is no well-formed XML")
	errFolds    = errors.New("a large text is not a file")
	errLost     = errors.New("a file of the letter is not where it is kept")
)

// parse reads a document, of which size is what is known of its length, or -1; folder is
// where what is large is put (beside). It takes no DTD, so there are no entities but the five
// of XML, and it stops where depth, number or size of what comes is more than a letter needs.
func parse(r io.Reader, size int64, folder string) (*element, error) {
	if size >= 0 && size <= whole {
		document, err := readAll(r, size)
		if err != nil {
			return nil, err
		}
		return parseBytes(document)
	}
	f, err := readFolded(r, folder)
	if err != nil {
		f.beside.close()
		return nil, err
	}
	root, err := parseFolded(f.out, f.folds)
	if errors.Is(err, errFolds) { // a large text that is no file is read like any other
		defer f.beside.close()
		document, err := unfold(f.out, f.folds)
		if err != nil {
			return nil, err
		}
		return parseBytes(document)
	}
	if err != nil {
		f.beside.close()
		return nil, err
	}
	root.beside = f.beside
	return root, nil
}

// readAll reads a document into one piece of memory, of its length where that is known.
func readAll(r io.Reader, size int64) ([]byte, error) {
	if size > MaxBytes {
		return nil, errLarge
	}
	out := bytes.NewBuffer(make([]byte, 0, max(size, 0)+bytes.MinRead))
	n, err := out.ReadFrom(io.LimitReader(r, MaxBytes+1))
	if n > MaxBytes {
		err = errLarge
	}
	return out.Bytes(), err
}

var errLarge = &Fault{"413", "the document is larger than 64 MB"}

// scanner goes through a document once. It is our own because letters carry megabytes of
// base64: texts are left where they are, not copied byte by byte.
type scanner struct {
	document []byte
	at       int
	stack    []*element
	nodes    int
	folds    []fold // that are still to come
	mixed    bool   // there is text beside a fold
	out      *canon // what is read is also written there; nil for nowhere
}

// parseBytes reads a document that is in memory; the tree points into it.
func parseBytes(document []byte) (*element, error) { return parseFolded(document, nil) }

// parseFolded reads a document from which files were taken out; errFolds tells that one
// of them is not all that is in its element.
func parseFolded(document []byte, folds []fold) (*element, error) {
	if !utf8.Valid(document) {
		return nil, errEncoding
	}
	if !allowed(document) {
		return nil, errSyntax
	}
	root := &element{}
	s := &scanner{document: document, stack: []*element{root}, folds: folds}
	if bytes.HasPrefix(document, []byte("\xef\xbb\xbf")) {
		s.at = 3
	}
	for s.at < len(document) {
		if err := s.step(); err != nil {
			return nil, err
		}
	}
	if len(s.stack) != 1 || len(root.children) != 1 {
		return nil, errEmpty
	}
	if s.mixed || len(s.folds) > 0 {
		return nil, errFolds
	}
	return root.children[0], nil
}

// claim gives the next fold to the element that is open, where it stood.
func (s *scanner) claim() error {
	if len(s.folds) == 0 || s.folds[0].at > s.at {
		return nil
	}
	e := s.top()
	if s.folds[0].at < s.at || len(s.stack) < 2 || len(e.text) > 0 || e.file != nil || len(e.children) > 0 {
		return errFolds
	}
	e.file, s.folds = &s.folds[0], s.folds[1:]
	if s.out != nil {
		s.out.file(e.file)
	}
	return nil
}

// allowed tells whether UTF-8 has only characters that may be in XML. Eight bytes are
// looked at at once, for most of a letter is base64.
func allowed(document []byte) bool {
	const ones = 0x0101010101010101
	for len(document) >= 8 {
		w := binary.LittleEndian.Uint64(document)
		if (w-ones*' ')&^w&(ones*0x80) == 0 && w&(ones*0x80) == 0 { // neither below a space nor above ASCII
			document = document[8:]
			continue
		}
		r, n := utf8.DecodeRune(document)
		if !isAllowed(r) {
			return false
		}
		document = document[n:]
	}
	return !bytes.ContainsFunc(document, func(r rune) bool { return !isAllowed(r) })
}

func spaced(r rune) rune {
	if r < ' ' {
		return ' '
	}
	return r
}

func isAllowed(r rune) bool {
	return (r >= ' ' || r == '\t' || r == '\n' || r == '\r') && r != 0xfffe && r != 0xffff
}

func (s *scanner) top() *element { return s.stack[len(s.stack)-1] }

func (s *scanner) rest() []byte { return s.document[s.at:] }

// step reads one text or one piece of markup.
func (s *scanner) step() error {
	if err := s.claim(); err != nil {
		return err
	}
	rest := s.rest()
	switch {
	case rest[0] != '<':
		n := bytes.IndexByte(rest, '<')
		if n < 0 {
			n = len(rest)
		}
		text, err := plain(rest[:n])
		if bytes.Contains(rest[:n], []byte("]]>")) { // which may stand in a value
			err = errSyntax
		}
		if err != nil {
			return err
		}
		s.say(text)
		s.at += n
		return nil
	case bytes.HasPrefix(rest, []byte("<!--")):
		return s.past(rest, 4, "--", ">", nil)
	case bytes.HasPrefix(rest, []byte("<![CDATA[")):
		return s.past(rest, 9, "]]>", "", s.say)
	case bytes.HasPrefix(rest, []byte("<!")):
		return errDoctype
	case bytes.HasPrefix(rest, []byte("<?")):
		return s.past(rest, 2, "?>", "", nil)
	case bytes.HasPrefix(rest, []byte("</")):
		return s.close()
	}
	return s.open()
}

// past goes past markup that ends with something, and gives what was in it.
func (s *scanner) past(rest []byte, head int, end, then string, say func([]byte)) error {
	n := bytes.Index(rest[head:], []byte(end))
	if n < 0 || !bytes.HasPrefix(rest[head+n+len(end):], []byte(then)) {
		return errEmpty
	}
	inner := rest[head : head+n]
	if end == "?>" {
		if err := instruction(inner); err != nil {
			return err
		}
		if s.out != nil {
			s.out.instruction(inner)
		}
	}
	if say != nil {
		say(lines(inner))
	}
	s.at += head + n + len(end) + len(then)
	return nil
}

// instruction looks at a processing instruction, of which the declaration of a document is
// one that must name an encoding that is read here.
func instruction(inner []byte) error {
	n := bytes.IndexFunc(inner, func(r rune) bool { return r < 0x80 && !isName(byte(r)) })
	if n < 0 {
		n = len(inner)
	}
	if n == 0 || strings.IndexByte("-.0123456789:", inner[0]) >= 0 || bytes.Count(inner[:n], []byte(":")) > 0 {
		return errSyntax
	}
	if string(inner[:n]) != "xml" {
		return nil
	}
	declared := string(bytes.ToLower(inner[n:]))
	if strings.Contains(declared, "encoding") && !strings.Contains(declared, `"utf-8"`) && !strings.Contains(declared, `'utf-8'`) {
		return errEncoding
	}
	if !strings.Contains(declared, `"1.0"`) && !strings.Contains(declared, `'1.0'`) {
		return errSyntax
	}
	return nil
}

// say adds a text to the element that is open. Mostly there is one, which stays where it is.
func (s *scanner) say(text []byte) {
	e := s.top()
	if s.out != nil {
		s.out.text(text)
	}
	s.mixed = s.mixed || e.file != nil && len(bytes.TrimSpace(text)) > 0
	switch {
	case len(text) == 0:
	case len(e.text) == 0:
		e.text = text[:len(text):len(text)]
	default: // capacities are what is its own: the document is not written into
		e.text = append(e.text, text...)
	}
}

func (s *scanner) close() error {
	n := bytes.IndexByte(s.rest(), '>')
	if n < 0 || len(s.stack) < 2 {
		return errEmpty
	}
	e := s.top()
	if name := bytes.TrimRight(s.rest()[2:n], " \t\r\n"); string(name) != e.qualified() {
		return errEmpty
	}
	s.at += n + 1
	s.end(e)
	return nil
}

func (s *scanner) end(e *element) {
	e.end, e.text = s.at, bytes.TrimSpace(e.text)
	if s.out != nil {
		s.out.close(e)
	}
	s.stack = s.stack[:len(s.stack)-1]
}

func (e *element) qualified() string {
	return qualified(xml.Name{Space: e.prefix, Local: e.name})
}

func (s *scanner) open() error {
	if s.nodes++; s.nodes > maxNodes {
		return errMany
	}
	if len(s.stack) > maxDepth {
		return errDeep
	}
	e := &element{document: s.document, start: s.at, around: inherited(s.top())}
	s.at++
	var ok bool
	if e.prefix, e.name, ok = s.name(); !ok {
		return errSyntax
	}
	for {
		spaced := s.space()
		switch rest := s.rest(); {
		case len(rest) == 0:
			return errEmpty
		case rest[0] == '>', bytes.HasPrefix(rest, []byte("/>")):
			s.at++
			s.top().children = append(s.top().children, e)
			s.stack = append(s.stack, e)
			if s.out != nil {
				s.out.open(e)
			}
			if rest[0] == '/' {
				s.at++
				s.end(e)
			}
			return nil
		case !spaced:
			return errSyntax
		}
		a, err := s.attribute()
		if err != nil {
			return err
		}
		if has(e.attrs, a.Name) {
			return errSyntax
		}
		e.attrs = append(e.attrs, a)
	}
}

func (s *scanner) space() bool {
	from := s.at
	for s.at < len(s.document) && strings.IndexByte(" \t\r\n", s.document[s.at]) >= 0 {
		s.at++
	}
	return s.at > from
}

// name reads a name with or without a prefix.
func (s *scanner) name() (prefix, local string, ok bool) {
	from := s.at
	for s.at < len(s.document) && isName(s.document[s.at]) {
		s.at++
	}
	whole := string(s.document[from:s.at])
	prefix, local, cut := strings.Cut(whole, ":")
	if !cut {
		prefix, local = "", whole
	}
	begins := func(p string) bool { return p != "" && strings.IndexByte("-.0123456789", p[0]) < 0 }
	return prefix, local, begins(local) && (!cut || begins(prefix)) && !strings.Contains(local, ":")
}

func isName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.' || c == ':' || c >= 0x80
}

func (s *scanner) attribute() (a xml.Attr, err error) {
	var ok bool
	if a.Name.Space, a.Name.Local, ok = s.name(); !ok {
		return a, errSyntax
	}
	s.space()
	if s.at >= len(s.document) || s.document[s.at] != '=' {
		return a, errSyntax
	}
	s.at++
	s.space()
	rest := s.rest()
	if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
		return a, errSyntax
	}
	n := bytes.IndexByte(rest[1:], rest[0])
	if n < 0 {
		return a, errEmpty
	}
	value := rest[1 : 1+n]
	if bytes.IndexByte(value, '<') >= 0 {
		return a, errSyntax
	}
	if bytes.ContainsAny(value, "\t\r\n") { // in a value they are spaces
		value = bytes.Map(spaced, lines(value))
	}
	text, err := plain(value)
	a.Value = string(text)
	s.at += n + 2
	return a, err
}

// plain gives the text that stands for what is written: with references and line ends
// resolved. What has neither is given as it is.
func plain(written []byte) ([]byte, error) {
	written = lines(written)
	if bytes.IndexByte(written, '&') < 0 {
		return written, nil
	}
	out := make([]byte, 0, len(written))
	for {
		n := bytes.IndexByte(written, '&')
		if n < 0 {
			return append(out, written...), nil
		}
		out = append(out, written[:n]...)
		end := bytes.IndexByte(written[n:], ';')
		if end < 0 || end > 12 {
			return nil, errDoctype
		}
		r, ok := referenced(string(written[n+1 : n+end]))
		if !ok {
			return nil, errDoctype
		}
		out = utf8.AppendRune(out, r)
		written = written[n+end+1:]
	}
}

func lines(text []byte) []byte {
	if bytes.IndexByte(text, '\r') < 0 {
		return text
	}
	return bytes.ReplaceAll(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
}

var five = map[string]rune{"lt": '<', "gt": '>', "amp": '&', "apos": '\'', "quot": '"'}

func referenced(name string) (rune, bool) {
	if r, ok := five[name]; ok {
		return r, true
	}
	digits, ok := strings.CutPrefix(name, "#")
	base := 10
	if hex, isHex := strings.CutPrefix(digits, "x"); isHex {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 31)
	if !ok || err != nil || strings.HasPrefix(digits, "+") {
		return 0, false
	}
	r := rune(n)
	return r, utf8.ValidRune(r) && isAllowed(r)
}

func isNamespace(a xml.Attr) bool {
	return a.Name.Space == "xmlns" || a.Name.Space == "" && a.Name.Local == "xmlns"
}

// inherited is what is in force inside an element: declarations, and attributes of xml.
func inherited(e *element) []xml.Attr {
	var own []xml.Attr
	for _, a := range e.attrs {
		if isNamespace(a) || a.Name.Space == "xml" {
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
		if !has(own, a.Name) {
			out = append(out, a)
		}
	}
	return out
}

func has(attrs []xml.Attr, name xml.Name) bool {
	return slices.ContainsFunc(attrs, func(a xml.Attr) bool { return a.Name == name })
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
	if e.file != nil {
		return string(e.file.text())
	}
	return string(e.text)
}

func (e *element) attr(name string) string {
	for _, a := range e.attrs {
		if strings.EqualFold(a.Name.Local, name) {
			return a.Value
		}
	}
	return ""
}
