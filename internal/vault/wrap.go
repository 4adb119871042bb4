package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"prasan/internal/durable"
	"prasan/internal/errs"
)

// KeyWrapper wraps the keys of the keyring with a key that is kept elsewhere: a file
// here, or a key management service.
type KeyWrapper interface {
	Wrap(label string, key []byte) ([]byte, error)
	Unwrap(label string, wrapped []byte) ([]byte, error)
}

// Master is the KeyWrapper over a key of 32 bytes.
type Master struct{ aead cipher.AEAD }

// NewMaster returns the wrapper for key, which has 32 bytes.
func NewMaster(key []byte) (*Master, error) {
	aead, err := newAEAD(key)
	return &Master{aead}, err
}

func (m *Master) Wrap(label string, key []byte) ([]byte, error) {
	return seal(m.aead, label, key), nil
}

func (m *Master) Unwrap(label string, wrapped []byte) ([]byte, error) {
	return open(m.aead, label, wrapped)
}

// ReadMaster reads a master key file: 64 hexadecimal digits. With create, a missing
// file is made, readable by its owner only, and flushed to the disk before it is used.
func ReadMaster(path string, create bool) (*Master, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		text, err = createMaster(path)
	}
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.master-key-missing", "path", path)
	}
	key, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != 32 {
		return nil, errs.New(errs.Unavailable, "error.master-key-format", "path", path)
	}
	return NewMaster(key)
}

// ReadMasters reads a master key file for opening copies: what was made before the key was
// changed opens with the one that is kept beside it until there is a new copy.
func ReadMasters(path string) (KeyWrapper, error) {
	master, err := ReadMaster(path, false)
	if err != nil {
		return nil, err
	}
	if old, err := ReadMaster(path+oldEnding, false); err == nil {
		return masters{master, old}, nil
	}
	return master, nil
}

// masters are the present master key and those before it.
type masters []*Master

func (m masters) Wrap(label string, key []byte) ([]byte, error) { return m[0].Wrap(label, key) }

func (m masters) Unwrap(label string, wrapped []byte) (key []byte, err error) {
	for _, x := range m {
		if key, err = x.Unwrap(label, wrapped); err == nil {
			return key, nil
		}
	}
	return nil, err
}

func createMaster(path string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	text := []byte(hex.EncodeToString(random(32)) + "\n")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Write(text); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	return text, durable.SyncDir(filepath.Dir(path))
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails since Go 1.24
	return b
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// seal is AES-256-GCM with a random nonce in front (NIST SP 800-38D).
func seal(aead cipher.AEAD, aad string, plain []byte) []byte {
	return sealInto(make([]byte, 0, len(plain)+Overhead), aead, aad, plain)
}

// Overhead is how much longer what is sealed is than what was.
const Overhead = 12 + 16

// sealInto seals into memory that is there, from its beginning.
func sealInto(into []byte, aead cipher.AEAD, aad string, plain []byte) []byte {
	out := append(into[:0], make([]byte, aead.NonceSize())...)
	rand.Read(out)
	return aead.Seal(out, out, plain, []byte(aad))
}

func open(aead cipher.AEAD, aad string, sealed []byte) ([]byte, error) {
	return openInto(nil, aead, aad, sealed)
}

func openInto(into []byte, aead cipher.AEAD, aad string, sealed []byte) ([]byte, error) {
	n := aead.NonceSize()
	if len(sealed) < n {
		return nil, errs.New(errs.Internal, "error.sealed-damaged")
	}
	plain, err := aead.Open(into, sealed[:n], sealed[n:], []byte(aad))
	if err != nil {
		return nil, errs.Wrap(err, errs.Internal, "error.sealed-damaged")
	}
	return plain, nil
}
