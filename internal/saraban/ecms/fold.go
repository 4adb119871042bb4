package ecms

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strings"
)

// A large file in a document is decoded while it is read and put beside it, in pieces, so
// that neither it nor its base64 is in memory. What is left of the document is parsed as it is.
// Only what can be written again byte by byte is folded, since it may be signed: base64 that
// is all of a text, in one piece or in lines of one length.
const (
	foldFrom  = 64 << 10  // of base64; what is smaller stays
	foldPiece = 240 << 10 // of what it decodes to, five times over
	foldBlank = 64        // of white space around it and between its lines
)

// fold is a text that was taken out of a document.
type fold struct {
	at int // where it stood in what is left
	*held
}

// held is a file and how its base64 was written.
type held struct {
	form
	size   int // of the file
	pieces []piece
	from   func(give func([]byte) error) error // where it is kept, if not in pieces here
}

// form is how base64 is broken into lines. What is around them is white space, as it was
// written.
type form struct {
	Lead, Between, Tail string `json:",omitempty"`
	Line                int    // how long each is, but for the last
}

func (h *held) each(give func([]byte) error) error {
	if h.from != nil {
		return h.from(give)
	}
	var data, memory []byte
	var err error
	for _, p := range h.pieces {
		if data, memory, err = p.read(memory); err != nil {
			return err
		}
		if err := give(data); err != nil {
			return err
		}
	}
	return nil
}

// length is how long it was written.
func (h *held) length() int {
	n := base64.StdEncoding.EncodedLen(h.size)
	return len(h.Lead) + n + max(n-1, 0)/h.Line*len(h.Between) + len(h.Tail)
}

// write writes its base64 as it was written; blank says what stands for its white space.
func (h *held) write(w io.Writer, blank func(string) string) error {
	if _, err := io.WriteString(w, blank(h.Lead)); err != nil {
		return err
	}
	out := bufio.NewWriterSize(w, 64<<10)
	into := io.Writer(out)
	if h.Between != "" {
		into = &breaking{w: out, line: h.Line, between: blank(h.Between)}
	}
	e := base64.NewEncoder(base64.StdEncoding, into)
	if err := h.each(func(b []byte) error { _, err := e.Write(b); return err }); err != nil {
		return err
	}
	if err := e.Close(); err != nil {
		return err
	}
	_, _ = out.WriteString(blank(h.Tail)) // Flush says it
	return out.Flush()
}

// breaking breaks what is written to it into lines.
type breaking struct {
	w       io.Writer
	line    int
	between string
	at      int // in the line
}

func (b *breaking) Write(text []byte) (n int, err error) {
	for n < len(text) && err == nil {
		if b.at == b.line {
			b.at = 0
			if _, err = io.WriteString(b.w, b.between); err != nil {
				return n, err
			}
		}
		k := min(b.line-b.at, len(text)-n)
		_, err = b.w.Write(text[n : n+k])
		n, b.at = n+k, b.at+k
	}
	return n, err
}

func asItIs(s string) string { return s }

// written is its base64 as it was written.
func (h *held) written() ([]byte, error) {
	var out bytes.Buffer
	out.Grow(h.length())
	err := h.write(&out, asItIs)
	return out.Bytes(), err
}

// text is what its base64 says, without the white space around it; nothing where it cannot
// be read.
func (h *held) text() []byte {
	written, err := h.written()
	if err != nil {
		return nil
	}
	text, _ := plain(written)
	return bytes.TrimSpace(text)
}

// folding reads a document.
type folding struct {
	in    *bufio.Reader
	left  int // that may still be read
	out   []byte
	folds []fold

	folder string // where large files are put; "" for memory
	beside *beside
	next   []byte // the piece that is being read
}

// readFolded reads a document of at most MaxBytes and takes the large files out of it.
func readFolded(r io.Reader, folder string) (*folding, error) {
	f := &folding{in: bufio.NewReaderSize(r, 2*foldFrom), left: MaxBytes, folder: folder}
	for {
		if err := f.markup(); err != nil {
			return f, f.end(err)
		}
		if err := f.file(); err != nil {
			return f, f.end(err)
		}
	}
}

func (f *folding) end(err error) error {
	var beyond *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF):
		err = nil
	case errors.As(err, &beyond):
		err = errLarge
	}
	f.in, f.next = nil, nil
	return err
}

// markup keeps what comes up to the end of a tag.
func (f *folding) markup() error {
	for {
		b, err := f.in.ReadSlice('>')
		if f.left -= len(b); f.left < 0 {
			return errLarge
		}
		f.out = append(f.out, b...)
		if err == nil || !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// file folds what comes next if it is a large file, and leaves it otherwise. What is no
// file after all, though it began like one, is put back as it was written.
func (f *folding) file() error {
	head, err := f.in.Peek(foldFrom)
	if errors.Is(err, io.EOF) { // it is less than a large file
		err = nil
	} else if err == nil {
		if shape, ok := formOf(head); ok {
			return f.fold(&held{form: shape})
		}
	}
	return err
}

func (f *folding) fold(x *held) error {
	if err := f.pass(len(x.Lead)); err != nil {
		return err
	}
	for over := false; ; { // over: there was padding, which ends it
		next, err := f.in.Peek(x.Line + len(x.Between))
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		line := next[:base64In(next[:min(x.Line, len(next))])]
		more := len(line) == x.Line && string(next[len(line):]) == x.Between
		if over && len(line) > 0 || !f.take(x, line) {
			break
		}
		n := len(line)
		over = over || n > 0 && line[n-1] == '='
		if more {
			n += len(x.Between)
		}
		if err := f.pass(n); err != nil {
			return err
		}
		if !more {
			return f.last(x, len(line) == 0)
		}
	}
	f.flush(x)
	if x.size > 0 { // each of the lines so far was followed by another
		x.Tail = x.Between
	}
	return f.back(x)
}

// back puts back what is no file after all.
func (f *folding) back(x *held) error {
	text, err := x.written()
	f.out = append(f.out, text...)
	return err
}

// last ends a file: after its base64 comes white space at most, and a tag. bare tells that
// its last line was followed by what is between lines.
func (f *folding) last(x *held, bare bool) error {
	f.flush(x)
	next, err := f.in.Peek(foldBlank + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if bare {
		x.Tail = x.Between
	}
	if n := blankIn(next); n <= foldBlank && n < len(next) && next[n] == '<' {
		x.Tail += string(next[:n])
		f.folds = append(f.folds, fold{len(f.out), x})
		return f.pass(n)
	}
	return f.back(x)
}

// pass goes past what was looked at.
func (f *folding) pass(n int) error {
	if f.left -= n; f.left < 0 {
		return errLarge
	}
	_, err := f.in.Discard(n)
	return err
}

// formOf tells how the base64 is broken with which a text begins that is a large file.
func formOf(head []byte) (form, bool) {
	lead := blankIn(head)
	if lead > foldBlank {
		return form{}, false
	}
	text := head[lead:]
	out := form{Lead: string(head[:lead])}
	line := base64In(text)
	if line == len(text) {
		out.Line = foldFrom
		return out, true
	}
	between := blankIn(text[line:])
	if line == 0 || line%4 != 0 || between == 0 || between > foldBlank || len(text) < 2*(line+between) {
		return form{}, false
	}
	out.Line, out.Between = line, string(text[line:line+between])
	for ; len(text) >= line+between; text = text[line+between:] {
		if base64In(text[:line]) < line || string(text[line:line+between]) != out.Between {
			return form{}, false
		}
	}
	return out, true
}

var strict = base64.StdEncoding.Strict()

// take decodes a line; it is false for one that could not be written again as it was.
func (f *folding) take(x *held, line []byte) bool {
	if len(line)%4 != 0 {
		return false
	}
	if f.next == nil {
		f.next = make([]byte, 0, foldPiece)
	}
	if cap(f.next)-len(f.next) < len(line)/4*3 {
		f.flush(x)
	}
	out, err := strict.AppendDecode(f.next, line)
	if err != nil {
		return false
	}
	f.next = out
	return true
}

// flush puts a piece beside.
func (f *folding) flush(x *held) {
	if len(f.next) == 0 {
		return
	}
	if f.beside == nil {
		f.beside = newBeside(f.folder)
	}
	x.size += len(f.next)
	x.pieces = append(x.pieces, f.beside.put(f.next))
	f.next = f.next[:0]
}

var alphabet = func() (out [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") {
		out[c] = true
	}
	return out
}()

// base64In is how much of a text, from its beginning, may be base64.
func base64In(text []byte) int {
	for i, c := range text {
		if !alphabet[c] {
			return i
		}
	}
	return len(text)
}

// blankIn is how much of a text, from its beginning, is white space, of which a carriage
// return may be written as a reference.
func blankIn(text []byte) int {
	n := 0
	for n < len(text) {
		switch {
		case strings.IndexByte(" \t\r\n", text[n]) >= 0:
			n++
		case bytes.HasPrefix(text[n:], []byte("&#13;")), bytes.HasPrefix(text[n:], []byte("&#xD;")), bytes.HasPrefix(text[n:], []byte("&#xd;")):
			n += 5
		default:
			return n
		}
	}
	return n
}

// unfold puts back what was taken out.
func unfold(document []byte, folds []fold) ([]byte, error) {
	var out bytes.Buffer
	d := &Document{text: document, files: folds}
	out.Grow(d.length())
	err := d.write(&out, 0)
	return out.Bytes(), err
}
