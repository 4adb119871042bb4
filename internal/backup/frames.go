package backup

import (
	"bufio"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"io"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/vault"
)

const (
	magic     = "PRASAN-BACKUP 1\n"
	frameSize = 1 << 20
	maxHead   = 64 << 10
	lastFrame = 1 << 31 // bit of the length that marks the last frame
	keyLabel  = "backup"
)

// Kinds of backups.
const (
	Data = "data"
	Keys = "keys"
)

// Head says what a backup is; it stands in plain text in front of it.
type Head struct {
	Kind    string      `json:"kind"`   // data or keys
	Engine  string      `json:"engine"` // sqlite or postgres
	Schema  int         `json:"schema"` // number of the newest migration
	Node    string      `json:"node"`
	Made    time.Time   `json:"made"`
	Program string      `json:"program"`
	Master  string      `json:"master_key_file"` // where the master key lay on that machine; the key itself is in no backup
	At      db.Position `json:"at"`              // of a copy of a SQLite file: up to which moment of its log it goes
	Part    *Part       `json:"part,omitempty"`  // nil: a whole copy
	Wrapped []byte      `json:"key"`             // of the frames, wrapped by the master key
}

// Part says which changes an increment has: those of the log's frames after From, to To.
// An increment without frames has files.
type Part struct {
	Base  string `json:"base"` // name of the whole copy
	Log   int    `json:"log"`  // how many times the log has begun anew since that copy
	From  int    `json:"from"`
	To    int    `json:"to"`
	Ended int    `json:"ended"`           // length of the log before this one
	Files int    `json:"files,omitempty"` // the n-th file of attachments; it has no frames
}

// sealer writes frames.
type sealer struct {
	w      io.Writer
	aead   cipher.AEAD
	head   [32]byte
	number uint64
	buffer []byte
}

// newSealer writes the head and returns the writer of what follows.
func newSealer(w io.Writer, wrapper vault.KeyWrapper, h Head) (*sealer, error) {
	key := make([]byte, 32)
	rand.Read(key) // never fails since Go 1.24
	var err error
	if h.Wrapped, err = wrapper.Wrap(keyLabel, key); err != nil {
		return nil, err
	}
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	s := &sealer{w: w, head: sha256.Sum256(text), buffer: make([]byte, 0, frameSize)}
	if s.aead, err = frameCipher(key); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, magic); err != nil {
		return nil, err
	}
	if err := binary.Write(w, binary.BigEndian, uint32(len(text))); err != nil {
		return nil, err
	}
	_, err = w.Write(text)
	return s, err
}

func frameCipher(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func (s *sealer) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		take := min(frameSize-len(s.buffer), len(p))
		s.buffer = append(s.buffer, p[:take]...)
		p = p[take:]
		if len(s.buffer) == frameSize {
			if err := s.frame(false); err != nil {
				return 0, err
			}
		}
	}
	return n, nil
}

// Close writes the last frame; a file without one was cut off.
func (s *sealer) Close() error { return s.frame(true) }

func (s *sealer) frame(last bool) error {
	sealed := s.aead.Seal(nil, nonce(s.number), s.buffer, bound(s.head, s.number, last))
	length := uint32(len(sealed))
	if last {
		length |= lastFrame
	}
	s.number++
	s.buffer = s.buffer[:0]
	if err := binary.Write(s.w, binary.BigEndian, length); err != nil {
		return err
	}
	_, err := s.w.Write(sealed)
	return err
}

// nonce is the frame's number: the key is used for one file only.
func nonce(number uint64) []byte {
	n := make([]byte, 12)
	binary.BigEndian.PutUint64(n[4:], number)
	return n
}

// bound is what a frame is bound to, so that none can be moved, left out or put last.
func bound(head [32]byte, number uint64, last bool) []byte {
	b := append(head[:], make([]byte, 9)...)
	binary.BigEndian.PutUint64(b[32:], number)
	if last {
		b[40] = 1
	}
	return b
}

// opener reads frames; it gives out no byte that it has not checked.
type opener struct {
	r      *bufio.Reader
	aead   cipher.AEAD
	head   [32]byte
	number uint64
	plain  []byte
	done   bool
}

// readHead reads what a file says of itself.
func readHead(r *bufio.Reader) (Head, [32]byte, error) {
	start := make([]byte, len(magic)+4)
	if _, err := io.ReadFull(r, start); err != nil || string(start[:len(magic)]) != magic {
		return Head{}, [32]byte{}, errs.New(errs.Invalid, "error.backup-not")
	}
	n := binary.BigEndian.Uint32(start[len(magic):])
	if n > maxHead {
		return Head{}, [32]byte{}, errs.New(errs.Invalid, "error.backup-damaged")
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return Head{}, [32]byte{}, errs.New(errs.Invalid, "error.backup-damaged")
	}
	var h Head
	if err := json.Unmarshal(text, &h); err != nil {
		return Head{}, [32]byte{}, errs.New(errs.Invalid, "error.backup-damaged")
	}
	return h, sha256.Sum256(text), nil
}

func newOpener(r io.Reader, wrapper vault.KeyWrapper) (*opener, Head, error) {
	o := &opener{r: bufio.NewReaderSize(r, frameSize+64)}
	h, sum, err := readHead(o.r)
	if err != nil {
		return nil, h, err
	}
	o.head = sum
	key, err := wrapper.Unwrap(keyLabel, h.Wrapped)
	if err != nil {
		return nil, h, errs.Wrap(err, errs.Invalid, "error.backup-key")
	}
	o.aead, err = frameCipher(key)
	return o, h, err
}

func (o *opener) Read(p []byte) (int, error) {
	for len(o.plain) == 0 {
		if o.done {
			return 0, o.end()
		}
		if err := o.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, o.plain)
	o.plain = o.plain[n:]
	return n, nil
}

// end tells the end of the file from bytes that somebody has added.
func (o *opener) end() error {
	if _, err := o.r.ReadByte(); err != io.EOF {
		return errs.New(errs.Invalid, "error.backup-damaged")
	}
	return io.EOF
}

func (o *opener) next() error {
	damaged := errs.New(errs.Invalid, "error.backup-damaged")
	var length uint32
	if err := binary.Read(o.r, binary.BigEndian, &length); err != nil {
		return damaged
	}
	last := length&lastFrame != 0
	length &^= lastFrame
	if length > frameSize+16 || length < 16 {
		return damaged
	}
	sealed := make([]byte, length)
	if _, err := io.ReadFull(o.r, sealed); err != nil {
		return damaged
	}
	plain, err := o.aead.Open(sealed[:0], nonce(o.number), sealed, bound(o.head, o.number, last))
	if err != nil {
		return damaged
	}
	o.number++
	o.plain, o.done = plain, last
	return nil
}
