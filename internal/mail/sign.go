package mail

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/emersion/go-msgauth/dkim"

	"prasan/internal/errs"
)

// signed are the header fields that the signature covers (RFC 6376 section 5.4.1).
// From, Subject and To are named twice: another one cannot be added unseen.
var signed = []string{"From", "From", "To", "To", "Subject", "Subject", "Date", "Message-ID", "Reply-To", "References", "MIME-Version", "Content-Type", "Content-Language", "Auto-Submitted"}

func (s *Service) sign(letter []byte) ([]byte, error) {
	if s.Config.DKIM.Key == nil {
		return letter, nil
	}
	var out bytes.Buffer
	err := dkim.Sign(&out, bytes.NewReader(letter), &dkim.SignOptions{
		Domain: s.Config.Domain, Selector: s.Config.DKIM.Selector, Signer: s.Config.DKIM.Key, HeaderKeys: signed,
		HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
	})
	return out.Bytes(), err
}

// ReadDKIM reads a private key (PEM; PKCS #8, or PKCS #1 for RSA). With create, a
// missing file is made with an Ed25519 key (RFC 8463), as the demo has it; towards the
// Internet an RSA key with 2048 bits is the one that every receiver verifies.
func ReadDKIM(path string, create bool) (crypto.Signer, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) && create {
		text, err = createDKIM(path)
	}
	if err != nil {
		return nil, errs.Wrap(err, errs.Unavailable, "error.dkim-key", "path", path)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errs.New(errs.Unavailable, "error.dkim-key", "path", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		if key, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			return nil, errs.Wrap(err, errs.Unavailable, "error.dkim-key", "path", path)
		}
	}
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return k, nil
	case ed25519.PrivateKey:
		return k, nil
	}
	return nil, errs.New(errs.Unavailable, "error.dkim-key", "path", path)
}

func createDKIM(path string) ([]byte, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return text, os.WriteFile(path, text, 0o600)
}

// DKIMRecord is the TXT record that belongs at SELECTOR._domainkey.DOMAIN (RFC 6376
// section 3.6.1).
func DKIMRecord(key crypto.Signer) (string, error) {
	if k, ok := key.Public().(ed25519.PublicKey); ok { // RFC 8463: the key itself
		return "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(k), nil
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return "", err
	}
	return "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(der), nil
}
