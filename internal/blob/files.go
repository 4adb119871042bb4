package blob

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"time"
	"unicode/utf8"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// Limits of what a person may attach.
const (
	MaxFile  = 10 << 20 // bytes of a file
	MaxFiles = 5
)

// MaxMB is MaxFile as it is said to people.
const MaxMB = MaxFile >> 20

// Staged is a file that was received before what it belongs to: stored encrypted, with
// the key in this handle and nowhere else.
type Staged struct {
	ID     string `json:"i"`
	Key    []byte `json:"k"`
	Name   string `json:"n"`
	Type   string `json:"t"`
	Size   int64  `json:"s"`
	SHA256 []byte `json:"h"`
}

// Files receives and opens files.
type Files struct {
	store Store
	now   func() time.Time
	// inspecting bounds how many zips are held in memory at once.
	inspecting chan struct{}
}

// New returns the service over a store.
func New(s Store, now func() time.Time) *Files {
	return &Files{store: s, now: now, inspecting: make(chan struct{}, 4)}
}

// Stage receives a file: cleans its name, tells its type from its content, and stores
// it encrypted. Faults are input errors of the field "attachment".
func (f *Files) Stage(ctx context.Context, name string, r io.Reader) (Staged, error) {
	st := Staged{ID: db.NewID(), Key: make([]byte, KeySize), Name: CleanName(name)}
	rand.Read(st.Key) // never fails since Go 1.24
	in := bufio.NewReaderSize(&limit{r: r, left: MaxFile, name: st.Name}, sniff)
	head, err := in.Peek(sniff)
	if err != nil && !errors.Is(err, io.EOF) {
		return Staged{}, received(err)
	}
	if len(head) == 0 {
		return Staged{}, errs.InvalidField("attachment", "error.file-empty", "name", st.Name)
	}
	t, body, release, err := f.identify(ctx, st.Name, head, in)
	if err != nil {
		return Staged{}, err
	}
	defer release()
	if st.Name, err = named(st.Name, t); err != nil {
		return Staged{}, err
	}
	st.Type = t.Media
	if t.Media == "text/plain" {
		body = &textOnly{r: body, name: st.Name}
	}
	return st, f.put(ctx, &st, body)
}

// identify tells the type and gives the reader from which the file is to be stored.
func (f *Files) identify(ctx context.Context, name string, head []byte, in io.Reader) (Type, io.Reader, func(), error) {
	nothing := func() {}
	switch {
	case isOLE(head):
		key := "error.file-type"
		if _, ext := split(name); ext == ".docx" || ext == ".xlsx" {
			key = "error.file-locked" // Office keeps a document with a password in the old container
		}
		return Type{}, nil, nothing, errs.InvalidField("attachment", key, "name", name)
	case isZip(head):
		select {
		case f.inspecting <- struct{}{}:
		case <-ctx.Done():
			return Type{}, nil, nothing, errs.Wrap(ctx.Err(), errs.Unavailable, "error.unavailable")
		}
		release := func() { <-f.inspecting }
		all, err := io.ReadAll(in)
		if err != nil {
			release()
			return Type{}, nil, nothing, received(err)
		}
		t, err := office(name, bytes.NewReader(all), int64(len(all)))
		if err != nil {
			release()
			return Type{}, nil, nothing, err
		}
		return t, bytes.NewReader(all), release, nil
	}
	if t, ok := byMark(head); ok {
		return t, in, nothing, nil
	}
	if !looksText(head) {
		return Type{}, nil, nothing, errs.InvalidField("attachment", "error.file-type", "name", name)
	}
	return byMedia("text/plain"), in, nothing, nil
}

func (f *Files) put(ctx context.Context, st *Staged, body io.Reader) error {
	sum := sha256.New()
	err := f.store.Put(ctx, st.ID, func(w io.Writer) error {
		seal, err := newSealer(w, st.Key, st.ID)
		if err != nil {
			return err
		}
		if st.Size, err = copyInto(seal, sum, body); err != nil {
			return err
		}
		return seal.Close()
	})
	st.SHA256 = sum.Sum(nil)
	return err
}

// copyInto tells a sender's fault from the disk's.
func copyInto(w io.Writer, sum hash.Hash, r io.Reader) (n int64, err error) {
	buf := make([]byte, chunkSize)
	for {
		k, err := r.Read(buf)
		sum.Write(buf[:k])
		n += int64(k)
		if _, err := w.Write(buf[:k]); err != nil {
			return n, err
		}
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, received(err)
		}
	}
}

// received is the error of a body that could not be read: ours, or the connection's.
func received(err error) error {
	var e *errs.E
	if errors.As(err, &e) {
		return err
	}
	return errs.Wrap(err, errs.Invalid, "error.file-broken")
}

// Adopt makes a staged file one that is used: it is there, and the sweep leaves it
// for a day more, in which the transaction that names it is committed.
func (f *Files) Adopt(ctx context.Context, id string) error {
	err := f.store.Touch(ctx, id, f.now())
	if errs.KindOf(err) == errs.NotFound {
		return errs.InvalidField("attachment", "error.file-gone")
	}
	return err
}

// Open opens a file with its key. Every byte that is read has been verified.
func (f *Files) Open(ctx context.Context, id string, key []byte) (io.ReadCloser, error) {
	file, err := f.store.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	plain, err := newOpener(file, key, id)
	if err != nil {
		file.Close()
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{plain, file}, nil
}

// Delete removes a file; one that is not there is no error.
func (f *Files) Delete(ctx context.Context, id string) error { return f.store.Delete(ctx, id) }

// Ready tells whether files can be received.
func (f *Files) Ready(ctx context.Context) error { return f.store.Ready(ctx) }

// KeepStaged is how long a file waits for what it belongs to.
const KeepStaged = 24 * time.Hour

// Sweep deletes files that were staged more than a day ago and belong to nothing; used
// tells which of a page of names are in use.
func (f *Files) Sweep(ctx context.Context, used func(ids []string) (map[string]bool, error)) (n int, err error) {
	err = f.store.List(ctx, f.now().Add(-KeepStaged), func(ids []string) error {
		inUse, err := used(ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if inUse[id] {
				continue
			}
			if err := f.store.Delete(ctx, id); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

// limit refuses a file that is larger than allowed, whatever was announced.
type limit struct {
	r    io.Reader
	left int64
	name string
}

func (l *limit) Read(p []byte) (int, error) {
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if l.left -= int64(n); l.left < 0 {
		return 0, errs.InvalidField("attachment", "error.file-large", "name", l.name, "max", MaxMB)
	}
	return n, err
}

// looksText tells whether a beginning may be that of a text file in UTF-8.
func looksText(head []byte) bool {
	t := textOnly{r: bytes.NewReader(nil)}
	return t.check(head)
}

// textOnly passes UTF-8 text without control characters on and refuses all else.
type textOnly struct {
	r    io.Reader
	name string
	tail []byte // the beginning of a character whose rest comes with the next read
}

func (t *textOnly) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	ok := t.check(p[:n])
	if !ok || errors.Is(err, io.EOF) && len(t.tail) > 0 {
		return 0, errs.InvalidField("attachment", "error.file-type", "name", t.name)
	}
	return n, err
}

func (t *textOnly) check(b []byte) bool {
	b = append(t.tail, b...)
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r == utf8.RuneError && size == 1 {
			if utf8.FullRune(b) {
				return false
			}
			break
		}
		if r < 0x20 && r != '\n' && r != '\r' && r != '\t' && r != '\f' || r == 0x7f {
			return false
		}
		b = b[size:]
	}
	t.tail = append([]byte(nil), b...)
	return true
}
