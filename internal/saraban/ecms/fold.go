package ecms

import (
	"bufio"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"slices"
)

// A large file in a document is decoded while it is read, so that it is in memory once, in
// pieces, and its base64 is not at all. What is left of the document is parsed as it is.
// Only what can be written again byte by byte is folded: a text between two tags that is
// base64 and nothing else, with neither white space nor anything unusual at its end.
const (
	foldFrom  = 64 << 10  // of base64; what is smaller stays
	foldPiece = 240 << 10 // of what it decodes to, five times over
)

// fold is a text that was taken out of a document.
type fold struct {
	at     int // where it stood in what is left
	size   int // of what it decodes to
	pieces [][]byte
}

func (f *fold) each(give func([]byte) error) error {
	for _, p := range f.pieces {
		if err := give(p); err != nil {
			return err
		}
	}
	return nil
}

// text is what was written.
func (f *fold) text() []byte {
	return base64.StdEncoding.AppendEncode(nil, slices.Concat(f.pieces...))
}

// folding reads a document.
type folding struct {
	in    *bufio.Reader
	left  int // that may still be read
	out   []byte
	folds []fold
}

// readFolded reads a document of at most MaxBytes and takes the large files out of it.
func readFolded(r io.Reader) ([]byte, []fold, error) {
	f := &folding{in: bufio.NewReaderSize(r, 2*foldFrom), left: MaxBytes}
	for {
		if err := f.markup(); err != nil {
			return f.end(err)
		}
		if err := f.file(); err != nil {
			return f.end(err)
		}
	}
}

func (f *folding) end(err error) ([]byte, []fold, error) {
	var beyond *http.MaxBytesError
	switch {
	case errors.Is(err, io.EOF):
		err = nil
	case errors.As(err, &beyond):
		err = errLarge
	}
	return f.out, f.folds, err
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
	if err != nil || base64In(head) < len(head) {
		if errors.Is(err, io.EOF) { // it is less than a large file
			err = nil
		}
		return err
	}
	x := fold{at: len(f.out)}
	for {
		head, err := f.in.Peek(foldFrom)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		n := base64In(head)
		last := n < foldFrom
		decoded, ok := x.take(head[:n])
		if f.left -= decoded; f.left < 0 {
			return errLarge
		}
		_, _ = f.in.Discard(decoded) // it was peeked
		switch {
		case ok && !last:
			continue
		case ok && n < len(head) && head[n] == '<':
			f.folds = append(f.folds, x)
		default:
			f.out = append(f.out, x.text()...)
		}
		return nil
	}
}

// take decodes a piece of base64, and tells how much of it; ok is false where something is
// left that cannot be.
func (x *fold) take(text []byte) (n int, ok bool) {
	n = len(text) / 4 * 4
	padded := n >= 4 && text[n-1] == '='
	if len(x.pieces) == 0 || cap(x.pieces[len(x.pieces)-1])-len(x.pieces[len(x.pieces)-1]) < n/4*3 {
		x.pieces = append(x.pieces, make([]byte, 0, foldPiece))
	}
	p := &x.pieces[len(x.pieces)-1]
	out, err := base64.StdEncoding.Strict().AppendDecode(*p, text[:n])
	if err != nil {
		return 0, false
	}
	x.size += len(out) - len(*p)
	*p = out
	return n, n == len(text) && !(padded && n == foldFrom)
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

// unfold puts back what was taken out.
func unfold(document []byte, folds []fold) []byte {
	var out []byte
	from := 0
	for _, f := range folds {
		out = append(append(out, document[from:f.at]...), f.text()...)
		from = f.at
	}
	return append(out, document[from:]...)
}
