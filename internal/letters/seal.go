package letters

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"sync"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/doc/cms"
	"prasan/internal/doc/pdf"
	"prasan/internal/errs"
	"prasan/internal/mail"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

// seal is the key of an agency with its certificate and those above it.
type seal struct {
	key   crypto.Signer
	chain []*x509.Certificate
}

// seals are the keys that this node has opened.
type seals struct {
	sync.Mutex
	byAgency map[string]seal
}

// Seal renders a numbered letter, signs it with the key of its agency and stores it. A
// letter that has been sealed already stays as it is.
func (s *Service) Seal(ctx context.Context, id string) error {
	var l Letter
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { l, err = one(tx, `id = $1`, id); return err })
	if err != nil || l.State != Numbered {
		return err
	}
	plain, err := s.Processing.Send(ctx, processing.Request{Activity: Activity, Purpose: Purpose, Items: []vault.Sealed{l.sealed()}, Detail: "seal"})
	if err != nil {
		return err
	}
	content, err := l.decode(plain[0])
	if err != nil {
		return err
	}
	file, err := s.sealed(ctx, &l, &content)
	if err != nil {
		return err
	}
	subject, err := s.Vault.Subject(ctx, l.subjectKey)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(file)
	stored := subject.Seal(place(l.ID, "file"), file)
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		now, err := lock(tx, id)
		if err != nil || now.State != Numbered {
			return err // another node was faster
		}
		if _, err := tx.Exec(`UPDATE letters SET file = $1 WHERE id = $2`, stored, id); err != nil {
			return err
		}
		_, err = s.ChangeIn(tx, policy.Actor{}, id, "seal", func(tx *db.Tx, l *Letter) (map[string]string, error) {
			l.SealedAt, l.FileHash = tx.Now(), hex.EncodeToString(sum[:])
			return map[string]string{"sha256": l.FileHash}, nil
		})
		return err
	})
}

// signatureRest is what a signature needs beside the certificate: the value, of RSA keys of
// 4096 bits at most, and what names its parts.
const signatureRest = 512 + 768

func (s *Service) sealed(ctx context.Context, l *Letter, c *Content) ([]byte, error) {
	k, err := s.sealOf(ctx, l.Agency)
	if err != nil {
		return nil, err
	}
	size := signatureRest
	for _, c := range k.chain {
		size += len(c.Raw)
	}
	return s.render(l, c, &pdf.Sealer{Size: size, Name: c.Office, Reason: "ผนึกหนังสือราชการ ที่ " + l.NumberText, At: c.Office, When: l.NumberedAt,
		Sign: func(b []byte) ([]byte, error) { return cms.Sign(b, k.key, k.chain...) }})
}

// sealOf is the seal of an agency: made when there is none, and anew when one of its own
// making is over. One of an authority is for people to replace.
func (s *Service) sealOf(ctx context.Context, agency string) (seal, error) {
	k, err := s.openSeal(ctx, agency)
	over := err == nil && s.Now().After(k.chain[0].NotAfter)
	if over && !own(k.chain[0]) {
		return seal{}, errs.New(errs.Unavailable, "error.letter-seal-over", "at", k.chain[0].NotAfter.Format(time.DateOnly))
	}
	if over || errs.KindOf(err) == errs.NotFound {
		if err = s.makeSeal(ctx, agency, over); err == nil {
			k, err = s.openSeal(ctx, agency) // of several nodes that make one, the first one's counts
		}
	}
	return k, err
}

func keyPlace(agency string) string { return "letter_keys:" + agency + ":key" }

// openSeal opens the stored seal, once on this node as long as it stays the same.
func (s *Service) openSeal(ctx context.Context, agency string) (seal, error) {
	var der, chain, sealed []byte
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT certificate, chain, key_sealed FROM letter_keys WHERE agency = $1`, []any{agency}, &der, &chain, &sealed)
	})
	if err != nil {
		return seal{}, err
	}
	s.seals.Lock()
	defer s.seals.Unlock()
	if k, ok := s.seals.byAgency[agency]; ok && bytes.Equal(k.chain[0].Raw, der) {
		return k, nil
	}
	plain, err := s.Vault.OpenSystem(keyPlace(agency), sealed)
	if err != nil {
		return seal{}, err
	}
	k, err := parseSeal(append(der, chain...), plain)
	if err != nil {
		return seal{}, err
	}
	if s.seals.byAgency == nil {
		s.seals.byAgency = map[string]seal{}
	}
	s.seals.byAgency[agency] = k
	return k, nil
}

func parseSeal(der, key []byte) (seal, error) {
	chain, err := x509.ParseCertificates(der)
	if err != nil {
		return seal{}, err
	}
	signer, err := signerOf(key)
	if err != nil {
		return seal{}, err
	}
	if len(chain) == 0 || !samePublic(signer, chain[0]) {
		return seal{}, errs.New(errs.Invalid, "error.letter-seal-key")
	}
	return seal{key: signer, chain: chain}, nil
}

// makeSeal makes a key with a certificate of its own, which proves that letters are
// unaltered; who issued it, a certificate of an authority proves (InstallSeal).
func (s *Service) makeSeal(ctx context.Context, code string, replace bool) error {
	agency, _ := s.Agencies.Get(code)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{Country: []string{"TH"}, Organization: []string{agency.Name.EN}, CommonName: agency.Name.TH},
		NotBefore: s.Now().Add(-24 * time.Hour), NotAfter: s.Now().AddDate(3, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	plain, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	return s.putSeal(ctx, "system", code, []*x509.Certificate{certificate}, plain, replace)
}

func (s *Service) putSeal(ctx context.Context, actor, agency string, chain []*x509.Certificate, key []byte, replace bool) error {
	sealed := s.Vault.SealSystem(keyPlace(agency), key)
	sum := sha256.Sum256(chain[0].Raw)
	var above []byte
	for _, c := range chain[1:] {
		above = append(above, c.Raw...)
	}
	query := `INSERT INTO letter_keys (agency, certificate, chain, key_sealed, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (agency) DO NOTHING`
	if replace {
		query = `INSERT INTO letter_keys (agency, certificate, chain, key_sealed, created_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (agency) DO UPDATE SET certificate = excluded.certificate, chain = excluded.chain, key_sealed = excluded.key_sealed, created_at = excluded.created_at`
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(query, agency, chain[0].Raw, above, sealed, db.Micros(tx.Now()))
		if err != nil || n == 0 {
			return err
		}
		if actor != "system" { // what was requested has been answered
			if _, err := tx.Exec(`DELETE FROM letter_key_requests WHERE agency = $1`, agency); err != nil {
				return err
			}
		}
		return s.Audit.Append(tx, audit.Event{Actor: actor, Action: "letter.seal-key", Object: "agency:" + agency, Body: map[string]any{"sha256": hex.EncodeToString(sum[:]), "issuer": chain[0].Issuer.String(), "until": chain[0].NotAfter.UTC()}})
	})
}

// File returns the sealed PDF of a letter in its own words, for its transport; the
// opening is logged as a sending.
func (s *Service) File(ctx context.Context, id, detail string) (Letter, []byte, error) {
	var l Letter
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if l, err = one(tx, `id = $1`, id); err != nil {
			return err
		}
		return tx.QueryRow(`SELECT file FROM letters WHERE id = $1`, []any{id}, &l.file)
	})
	if err == nil {
		err = l.gone()
	}
	if err != nil {
		return Letter{}, nil, err
	}
	if l.file == nil {
		return Letter{}, nil, errs.New(errs.Conflict, "error.letter-transition", "action", "dispatch", "state", string(l.State))
	}
	plain, err := s.Processing.Send(ctx, processing.Request{Activity: Activity, Purpose: Purpose, Items: []vault.Sealed{l.sealedFile()}, Detail: detail})
	if err != nil {
		return Letter{}, nil, err
	}
	return l, plain[0], l.intact(plain[0])
}

func (l *Letter) sealedFile() vault.Sealed {
	return vault.Sealed{Subject: l.subjectKey, Element: processing.Content, Place: place(l.ID, "file"), Data: l.file}
}

func (l *Letter) intact(file []byte) error {
	if sum := sha256.Sum256(file); hex.EncodeToString(sum[:]) != l.FileHash {
		return errs.New(errs.Internal, "error.letter-altered")
	}
	return nil
}

// Words returns what a letter says, for its transport to an agency of this installation
// and for machines beside the PDF.
func (s *Service) Words(ctx context.Context, id, detail string) (Letter, Content, error) {
	var l Letter
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { l, err = one(tx, `id = $1`, id); return err })
	if err == nil {
		err = l.gone()
	}
	if err != nil {
		return Letter{}, Content{}, err
	}
	plain, err := s.Processing.Send(ctx, processing.Request{Activity: Activity, Purpose: Purpose, Items: []vault.Sealed{l.sealed()}, Detail: detail})
	if err != nil {
		return Letter{}, Content{}, err
	}
	c, err := l.decode(plain[0])
	return l, c, err
}

// PDF returns a letter as it is: the sealed file, or what it would look like.
func (s *Service) PDF(ctx context.Context, a policy.Actor, id string) ([]byte, error) {
	l, err := s.Get(ctx, a, id)
	if err == nil {
		err = l.gone()
	}
	if err != nil {
		return nil, err
	}
	if l.SealedAt.IsZero() {
		_, c, err := s.Read(ctx, a, id)
		if err != nil {
			return nil, err
		}
		return s.render(&l, &c, nil)
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT file FROM letters WHERE id = $1`, []any{id}, &l.file)
	})
	if err != nil {
		return nil, err
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: Activity, Purpose: Purpose, Items: []vault.Sealed{l.sealedFile()}, Detail: "letter.pdf"})
	if err != nil {
		return nil, err
	}
	return plain[0], l.intact(plain[0])
}

// Proof is what the page behind the QR code confirms; nothing of the content is in it.
type Proof struct {
	Agency string
	Number string
	Date   time.Time
	State  State
	SHA256 string // of the sealed PDF
}

// Verify finds the letter of a code.
func (s *Service) Verify(ctx context.Context, code string) (Proof, error) {
	var l Letter
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		l, err = one(tx, `verify_code = $1 AND numbered_at > 0`, code)
		return err
	})
	if err != nil {
		return Proof{}, errs.New(errs.NotFound, "error.letter-not-found")
	}
	return Proof{l.Agency, l.NumberText, l.NumberedAt, l.State, l.FileHash}, nil
}

// SignerOf is the seal of an agency, for what is signed beside a letter in another form.
func (s *Service) SignerOf(ctx context.Context, agency string) (crypto.Signer, *x509.Certificate, error) {
	k, err := s.sealOf(ctx, agency)
	if err != nil {
		return nil, nil, err
	}
	return k.key, k.chain[0], nil
}

// Sign signs what goes beside a letter with the seal of an agency (detached CMS).
func (s *Service) Sign(ctx context.Context, agency string, content []byte) ([]byte, error) {
	k, err := s.sealOf(ctx, agency)
	if err != nil {
		return nil, err
	}
	return cms.Sign(content, k.key, k.chain...)
}

// Post makes a mail about a letter, such as the one that carries it: address and body are sealed with the
// letter's key, and opened by the post for the purpose for which the letter is sent.
func (s *Service) Post(ctx context.Context, kind string, l *Letter, address string, body []byte) (mail.Message, error) {
	subject, err := s.Vault.Subject(ctx, l.subjectKey)
	if err != nil {
		return mail.Message{}, err
	}
	id := db.NewID()
	return mail.Message{ID: id, Kind: kind, Lang: "th", Agency: l.Agency, SubjectKey: l.subjectKey, Recipient: subject.Seal(mail.Place(id, "recipient"), []byte(address)), Body: subject.Seal(mail.Place(id, "body"), body),
		Meta: map[string]string{"letter": l.NumberText, "sha256": l.FileHash}}, nil
}
