package files

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"time"

	"prasan/internal/errs"
)

// Lifetime is how long a link works.
const Lifetime = 10 * time.Minute

// Link is one file for one person: an officer by his account, or, with no account, the
// sender of the case.
type Link struct {
	Attachment string `json:"a"`
	CaseID     string `json:"c,omitempty"` // for the sender
	Reference  string `json:"r,omitempty"` // for an officer
	Account    string `json:"w,omitempty"`
	Expires    int64  `json:"x"` // seconds since 1970
}

// Links makes and reads links.
type Links struct {
	aead cipher.AEAD
	now  func() time.Time
}

// NewLinks takes a key of 32 bytes, the same on all nodes.
func NewLinks(key []byte, now func() time.Time) (*Links, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	return &Links{aead, now}, err
}

var place = []byte("prasan/files-link")

// Path returns "/a/TOKEN" for a link that begins to run now.
func (l *Links) Path(link Link) string {
	link.Expires = l.now().Add(Lifetime).Unix()
	plain, err := json.Marshal(link)
	if err != nil {
		panic(err) // strings and a number
	}
	nonce := make([]byte, l.aead.NonceSize(), l.aead.NonceSize()+len(plain)+l.aead.Overhead())
	rand.Read(nonce)
	return "/a/" + base64.RawURLEncoding.EncodeToString(l.aead.Seal(nonce, nonce, plain, place))
}

// read opens a token; one that is false and one that is old give the same error.
func (l *Links) read(token string) (Link, error) {
	gone := errs.New(errs.NotFound, "error.file-link")
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(sealed) < l.aead.NonceSize() {
		return Link{}, gone
	}
	n := l.aead.NonceSize()
	plain, err := l.aead.Open(nil, sealed[:n], sealed[n:], place)
	if err != nil {
		return Link{}, gone
	}
	var link Link
	if err := json.Unmarshal(plain, &link); err != nil || l.now().Unix() >= link.Expires {
		return Link{}, gone
	}
	return link, nil
}
