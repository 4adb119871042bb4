package ecms

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"io"
	"os"
)

// What is large in a document that comes is not held in memory but put beside, into a file
// that has no name any more: nothing of it is left when it was read, or when the process
// ends. Its pieces are sealed with a key that is nowhere else.
type beside struct {
	file *os.File
	aead cipher.AEAD
	end  int64
	n    uint64 // pieces so far; a key is used for one file
	out  []byte
}

// newBeside makes such a file in a folder; nil where that is not possible, and what is large
// is in memory then.
func newBeside(folder string) *beside {
	if folder == "" {
		return nil
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // it does not fail
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil
	}
	file, err := os.CreateTemp(folder, ".letter-*")
	if err != nil {
		return nil
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil
	}
	return &beside{file: file, aead: aead}
}

// piece is a piece of a file: in memory, or beside.
type piece struct {
	data   []byte
	in     *beside
	number uint64
	at     int64
	size   int
}

func nonce(n uint64) []byte { return binary.BigEndian.AppendUint64(make([]byte, 4, 12), n) }

// put puts a piece beside, or, where there is no room, makes a copy of it.
func (b *beside) put(data []byte) piece {
	if b != nil {
		b.out = b.aead.Seal(b.out[:0], nonce(b.n), data, nil)
		p := piece{in: b, number: b.n, at: b.end, size: len(data)}
		b.n++ // also where writing fails: no number is used again
		if _, err := b.file.WriteAt(b.out, p.at); err == nil {
			b.end += int64(len(b.out))
			return p
		}
	}
	return piece{data: bytes.Clone(data), size: len(data)}
}

// read gives a piece, which may lie in the memory that is given.
func (p *piece) read(into []byte) (data, memory []byte, err error) {
	if p.in == nil {
		return p.data, into, nil
	}
	n := p.size + p.in.aead.Overhead()
	if cap(into) < n {
		into = make([]byte, n)
	}
	into = into[:n]
	if _, err := p.in.file.ReadAt(into, p.at); err != nil && err != io.EOF {
		return nil, into, err
	}
	data, err = p.in.aead.Open(into[:0], nonce(p.number), into, nil)
	return data, into, err
}

// close gives the room back, before the garbage is collected.
func (b *beside) close() {
	if b != nil {
		b.file.Close()
	}
}
