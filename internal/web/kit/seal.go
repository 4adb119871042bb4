package kit

import (
	"bytes"
	"compress/flate"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"sync"
	"time"
)

// Errors of Open. ErrOld is a token that was ours and has expired.
var (
	ErrFalse = errors.New("kit: not a token of ours")
	ErrOld   = errors.New("kit: the token has expired")
)

// Sealer turns values into tokens that only this installation can read and nobody can
// change: answers of earlier steps of a form, addresses of pages that show a case.
type Sealer struct {
	aead cipher.AEAD
	now  func() time.Time
}

// NewSealer takes a key of 32 bytes, the same on all nodes.
func NewSealer(key []byte, now func() time.Time) (*Sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &Sealer{aead, now}, nil
}

const (
	sealHead    = 17      // flag, issued, expires
	packFrom    = 2 << 10 // bytes from which compression pays
	maxUnpacked = 1 << 20 // a token that unpacks to more is not ours
)

// Seal returns v as a token for one purpose, in the alphabet of URLs, good for ttl.
func (s *Sealer) Seal(purpose string, v any, ttl time.Duration) string {
	body, err := json.Marshal(v)
	if err != nil {
		panic("kit: a value that cannot be sealed: " + err.Error()) // a mistake of the program
	}
	now := s.now()
	plain := make([]byte, sealHead, sealHead+len(body))
	binary.BigEndian.PutUint64(plain[1:], uint64(now.UnixMicro()))
	binary.BigEndian.PutUint64(plain[9:], uint64(now.Add(ttl).UnixMicro()))
	if len(body) >= packFrom {
		plain[0], body = 1, pack(body)
	}
	plain = append(plain, body...)
	nonce := make([]byte, s.aead.NonceSize(), s.aead.NonceSize()+len(plain)+s.aead.Overhead())
	rand.Read(nonce) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, plain, []byte(purpose)))
}

// Open reads a token of a purpose into v and tells when it was issued.
func (s *Sealer) Open(purpose, token string, v any) (issued time.Time, err error) {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	n := s.aead.NonceSize()
	if err != nil || len(sealed) < n {
		return time.Time{}, ErrFalse
	}
	plain, err := s.aead.Open(nil, sealed[:n], sealed[n:], []byte(purpose))
	if err != nil || len(plain) < sealHead {
		return time.Time{}, ErrFalse
	}
	issued = time.UnixMicro(int64(binary.BigEndian.Uint64(plain[1:])))
	expires := time.UnixMicro(int64(binary.BigEndian.Uint64(plain[9:])))
	body := plain[sealHead:]
	if plain[0] == 1 {
		if body, err = io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(body)), maxUnpacked)); err != nil {
			return issued, ErrFalse
		}
	}
	if err := json.Unmarshal(body, v); err != nil {
		return issued, ErrFalse
	}
	// The value is read even when it is old: what a person typed is not thrown away.
	if !s.now().Before(expires) {
		return issued, ErrOld
	}
	return issued, nil
}

var packers = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err) // only for a level that is not one
	}
	return w
}}

func pack(body []byte) []byte {
	var out bytes.Buffer
	w := packers.Get().(*flate.Writer)
	defer packers.Put(w)
	w.Reset(&out)
	_, _ = w.Write(body) // to memory
	_ = w.Close()
	return out.Bytes()
}
