package letters

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"slices"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// SealInfo is what is known of the seal of an agency, without its key.
type SealInfo struct {
	Agency    string    `json:"agency"`
	Own       bool      `json:"own"` // of its own making: it shows that a letter is unaltered, not who sent it
	Subject   string    `json:"subject,omitempty"`
	Issuer    string    `json:"issuer,omitempty"`
	NotBefore time.Time `json:"not_before,omitzero"`
	NotAfter  time.Time `json:"not_after,omitzero"`
	SHA256    string    `json:"sha256,omitempty"` // of the certificate, in hex
	Chain     int       `json:"chain"`            // certificates above it
	Requested bool      `json:"requested"`        // a key waits for its certificate
}

// Made tells whether there is a seal; the first letter makes one.
func (i *SealInfo) Made() bool { return i.SHA256 != "" }

// SealOf tells what is known of the seal of an agency.
func (s *Service) SealOf(ctx context.Context, a policy.Actor, agency string) (SealInfo, error) {
	if !policy.May(a, "letter.read", agency) && !policy.May(a, "site.admin", agency) {
		return SealInfo{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	if _, ok := s.Agencies.Get(agency); !ok {
		return SealInfo{}, errs.New(errs.NotFound, "error.agency-unknown")
	}
	out := SealInfo{Agency: agency}
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		n := 0
		if err := tx.QueryRow(`SELECT COUNT(*) FROM letter_key_requests WHERE agency = $1`, []any{agency}, &n); err != nil {
			return err
		}
		out.Requested = n > 0
		var der, chain []byte
		err := tx.QueryRow(`SELECT certificate, chain FROM letter_keys WHERE agency = $1`, []any{agency}, &der, &chain)
		if errs.KindOf(err) == errs.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		return out.fill(der, chain)
	})
	return out, err
}

func (i *SealInfo) fill(der, chain []byte) error {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	above, err := x509.ParseCertificates(chain)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(der)
	i.Own, i.Subject, i.Issuer, i.NotBefore, i.NotAfter, i.SHA256, i.Chain = own(c), c.Subject.String(), c.Issuer.String(), c.NotBefore.UTC(), c.NotAfter.UTC(), hex.EncodeToString(sum[:]), len(above)
	return nil
}

// own tells of a certificate that its own key has signed.
func own(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

func requestPlace(agency string) string { return "letter_key_requests:" + agency + ":key" }

// Kinds of keys that an authority is asked to certify.
const (
	RSA   = "rsa"   // 3072 bits: what every authority takes
	ECDSA = "ecdsa" // P-256
)

// RequestSeal makes a key for an agency and gives the request (PKCS #10, in PEM) with which
// an authority is asked for its certificate. The key does not leave; asked again, the same
// one is requested. Letters are sealed as before until the certificate is there.
func (s *Service) RequestSeal(ctx context.Context, a policy.Actor, agency, kind string) ([]byte, error) {
	if !policy.May(a, "site.admin", agency) {
		return nil, errs.New(errs.Forbidden, "error.forbidden")
	}
	body, ok := s.Agencies.Get(agency)
	if !ok {
		return nil, errs.New(errs.NotFound, "error.agency-unknown")
	}
	key, err := s.requested(ctx, agency)
	if errs.KindOf(err) == errs.NotFound {
		if err = s.makeRequest(ctx, a, agency, kind); err == nil {
			key, err = s.requested(ctx, agency) // of several nodes that make one, the first one's counts
		}
	}
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{Country: []string{"TH"}, Organization: []string{body.Name.EN}, CommonName: body.Name.TH}}, key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), nil
}

func (s *Service) requested(ctx context.Context, agency string) (crypto.Signer, error) {
	var sealed []byte
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT key_sealed FROM letter_key_requests WHERE agency = $1`, []any{agency}, &sealed)
	})
	if err != nil {
		return nil, err
	}
	plain, err := s.Vault.OpenSystem(requestPlace(agency), sealed)
	if err != nil {
		return nil, err
	}
	return signerOf(plain)
}

func (s *Service) makeRequest(ctx context.Context, a policy.Actor, agency, kind string) error {
	var key crypto.Signer
	var err error
	switch kind {
	case "", RSA:
		key, err = rsa.GenerateKey(rand.Reader, 3072)
	case ECDSA:
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		return errs.InvalidField("kind", "error.letter-seal-kind")
	}
	if err != nil {
		return err
	}
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	sealed := s.Vault.SealSystem(requestPlace(agency), plain)
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`INSERT INTO letter_key_requests (agency, key_sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT (agency) DO NOTHING`, agency, sealed, db.Micros(tx.Now()))
		if err != nil || n == 0 {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: a.Account, Action: "letter.seal-request", Object: "agency:" + agency, Body: map[string]any{"kind": kind}})
	})
}

// InstallSeal gives an agency the seal that an authority has certified: a PKCS #12 file
// with its password, or PEM with the certificate, those above it, and the key, unless the
// key is the one that was requested here.
func (s *Service) InstallSeal(ctx context.Context, a policy.Actor, agency string, material []byte, password string) (SealInfo, error) {
	if !policy.May(a, "site.admin", agency) {
		return SealInfo{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	if _, ok := s.Agencies.Get(agency); !ok {
		return SealInfo{}, errs.New(errs.NotFound, "error.agency-unknown")
	}
	key, certificates, err := readSeal(material, password)
	if err != nil {
		return SealInfo{}, err
	}
	if key == nil {
		if key, err = s.requested(ctx, agency); errs.KindOf(err) == errs.NotFound {
			err = errs.InvalidField("file", "error.letter-seal-nokey")
		}
		if err != nil {
			return SealInfo{}, err
		}
	}
	chain, err := orderChain(key, certificates)
	if err != nil {
		return SealInfo{}, err
	}
	if err := s.fit(key, chain); err != nil {
		return SealInfo{}, err
	}
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return SealInfo{}, errs.Wrap(err, errs.Invalid, "error.letter-seal-key")
	}
	if err := s.putSeal(ctx, a.Account, agency, chain, plain, true); err != nil {
		return SealInfo{}, err
	}
	return s.SealOf(ctx, a, agency)
}

// readSeal reads what an authority, or a token's program, has given.
func readSeal(material []byte, password string) (key crypto.Signer, certificates []*x509.Certificate, err error) {
	if !bytes.Contains(material, []byte("-----BEGIN ")) {
		private, certificate, above, err := pkcs12.DecodeChain(material, password)
		if err != nil {
			return nil, nil, errs.InvalidField("file", "error.letter-seal-p12")
		}
		key, ok := private.(crypto.Signer)
		if !ok {
			return nil, nil, errs.InvalidField("file", "error.letter-seal-key")
		}
		return key, append([]*x509.Certificate{certificate}, above...), nil
	}
	for rest := material; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		switch block.Type {
		case "CERTIFICATE":
			c, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, nil, errs.InvalidField("file", "error.letter-seal-pem")
			}
			certificates = append(certificates, c)
		case "PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY":
			if key, err = signerOf(block.Bytes); err != nil {
				return nil, nil, errs.InvalidField("file", "error.letter-seal-pem")
			}
		case "ENCRYPTED PRIVATE KEY":
			return nil, nil, errs.InvalidField("file", "error.letter-seal-locked")
		}
	}
	if len(certificates) == 0 {
		return nil, nil, errs.InvalidField("file", "error.letter-seal-pem")
	}
	return key, certificates, nil
}

// signerOf reads a private key as PKCS #8, PKCS #1 or SEC 1 has it.
func signerOf(der []byte) (crypto.Signer, error) {
	if k, err := x509.ParsePKCS8PrivateKey(der); err == nil {
		if signer, ok := k.(crypto.Signer); ok {
			return signer, nil
		}
	}
	if k, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return k, nil
	}
	if k, err := x509.ParseECPrivateKey(der); err == nil {
		return k, nil
	}
	return nil, errs.New(errs.Invalid, "error.letter-seal-key")
}

// maxChain is how many certificates may stand above that of an agency.
const maxChain = 5

// orderChain finds the certificate of the key and, step by step, those above it.
func orderChain(key crypto.Signer, all []*x509.Certificate) ([]*x509.Certificate, error) {
	at := slices.IndexFunc(all, func(c *x509.Certificate) bool { return samePublic(key, c) })
	if at < 0 {
		return nil, errs.InvalidField("file", "error.letter-seal-key")
	}
	chain := []*x509.Certificate{all[at]}
	for last := chain[0]; !own(last) && len(chain) <= maxChain; last = chain[len(chain)-1] {
		next := slices.IndexFunc(all, func(c *x509.Certificate) bool { return c.IsCA && last.CheckSignatureFrom(c) == nil })
		if next < 0 {
			break
		}
		chain = append(chain, all[next])
	}
	if len(chain) != len(all) { // what does not lead upwards does not belong here
		return nil, errs.InvalidField("file", "error.letter-seal-chain")
	}
	return chain, nil
}

func samePublic(key crypto.Signer, c *x509.Certificate) bool {
	public, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && public.Equal(c.PublicKey)
}

// forSigning are the uses of a key that fit documents (RFC 9336, and those in the field);
// a certificate that names uses must name one of them.
var forSigning = []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 36}, {1, 3, 6, 1, 4, 1, 311, 10, 3, 12}, {1, 2, 840, 113583, 1, 1, 5}}

// fit says why a certificate cannot seal letters: its dates, its uses, its key.
func (s *Service) fit(key crypto.Signer, chain []*x509.Certificate) error {
	c, now := chain[0], s.Now()
	for _, x := range chain {
		if now.Before(x.NotBefore) || now.After(x.NotAfter) {
			return errs.InvalidField("file", "error.letter-seal-dates", "from", x.NotBefore.Format(time.DateOnly), "to", x.NotAfter.Format(time.DateOnly))
		}
	}
	uses := c.ExtKeyUsage
	named := slices.Contains(uses, x509.ExtKeyUsageAny) || slices.Contains(uses, x509.ExtKeyUsageEmailProtection) || slices.ContainsFunc(c.UnknownExtKeyUsage, func(id asn1.ObjectIdentifier) bool { return slices.ContainsFunc(forSigning, id.Equal) })
	switch {
	case c.IsCA && !own(c), c.KeyUsage != 0 && c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0, len(uses)+len(c.UnknownExtKeyUsage) > 0 && !named:
		return errs.InvalidField("file", "error.letter-seal-usage")
	}
	switch k := key.Public().(type) {
	case *rsa.PublicKey:
		if k.N.BitLen() < 2048 {
			return errs.InvalidField("file", "error.letter-seal-weak")
		}
	case *ecdsa.PublicKey:
		if k.Curve.Params().BitSize < 256 {
			return errs.InvalidField("file", "error.letter-seal-weak")
		}
	default: // PAdES readers know no other
		return errs.InvalidField("file", "error.letter-seal-weak")
	}
	return nil
}
