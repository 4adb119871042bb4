package blob

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"io"

	"prasan/internal/errs"
)

// A file is a version byte and chunks of 64 KiB, each sealed with AES-256-GCM under
// the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015): the nonce is the
// chunk's number and a flag that marks the last. Chunks that are missing, moved or cut
// off are found. A key is used for one file only, so numbers may begin at zero.
const (
	version   = 1
	chunkSize = 64 << 10
	overhead  = 16
	// KeySize is the length of a file's key in bytes.
	KeySize = 32
)

type stream struct {
	aead  cipher.AEAD
	aad   []byte // binds the chunks to their file
	nonce [12]byte
}

func newStream(key []byte, id string) (*stream, error) {
	if len(key) != KeySize {
		return nil, errs.New(errs.Internal, "error.internal")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &stream{aead: aead, aad: []byte("prasan/blob/1:" + id)}, err
}

// next gives the nonce of a chunk and counts on.
func (s *stream) next(number uint64, last bool) []byte {
	binary.BigEndian.PutUint64(s.nonce[3:11], number)
	s.nonce[11] = 0
	if last {
		s.nonce[11] = 1
	}
	return s.nonce[:]
}

// sealer encrypts what is written to it; Close writes the last chunk.
type sealer struct {
	*stream
	w      io.Writer
	buf    []byte
	out    []byte
	number uint64
}

func newSealer(w io.Writer, key []byte, id string) (*sealer, error) {
	s, err := newStream(key, id)
	if err != nil {
		return nil, err
	}
	_, err = w.Write([]byte{version})
	return &sealer{stream: s, w: w, buf: make([]byte, 0, chunkSize), out: make([]byte, 0, chunkSize+overhead)}, err
}

func (s *sealer) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		if len(s.buf) == chunkSize { // only now is it known that another chunk follows
			if err := s.flush(false); err != nil {
				return 0, err
			}
		}
		k := min(chunkSize-len(s.buf), len(p))
		s.buf, p = append(s.buf, p[:k]...), p[k:]
	}
	return n, nil
}

func (s *sealer) flush(last bool) error {
	s.out = s.aead.Seal(s.out[:0], s.next(s.number, last), s.buf, s.aad)
	s.number++
	s.buf = s.buf[:0]
	_, err := s.w.Write(s.out)
	return err
}

func (s *sealer) Close() error { return s.flush(true) }

// opener decrypts. Nothing of a chunk is given out before it is authentic.
type opener struct {
	*stream
	r      *bufio.Reader
	chunk  []byte
	plain  []byte
	number uint64
	done   bool
}

func newOpener(r io.Reader, key []byte, id string) (*opener, error) {
	s, err := newStream(key, id)
	if err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(r, chunkSize+overhead+1)
	if v, err := in.ReadByte(); err != nil || v != version {
		return nil, damaged(err)
	}
	return &opener{stream: s, r: in, chunk: make([]byte, chunkSize+overhead)}, nil
}

func (o *opener) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.done {
			return 0, io.EOF
		}
		if err := o.load(); err != nil {
			return 0, err
		}
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

func (o *opener) load() error {
	n, err := io.ReadFull(o.r, o.chunk)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return damaged(err)
	}
	_, peek := o.r.Peek(1)
	if peek != nil && !errors.Is(peek, io.EOF) {
		return damaged(peek)
	}
	o.done = peek != nil
	o.plain, err = o.aead.Open(o.chunk[:0], o.next(o.number, o.done), o.chunk[:n], o.aad)
	o.number++
	if err != nil {
		o.plain, o.done = nil, false
		return damaged(err)
	}
	return nil
}

func damaged(err error) error { return errs.Wrap(err, errs.Internal, "error.file-damaged") }
