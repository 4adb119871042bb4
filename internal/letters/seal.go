package letters

import (
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

// seal is the key of an agency with its certificate.
type seal struct {
	key         crypto.Signer
	certificate *x509.Certificate
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
	return s.render(l, c, &pdf.Sealer{Size: len(k.certificate.Raw) + signatureRest, Name: c.Office, Reason: "ผนึกหนังสือราชการ ที่ " + l.NumberText, At: c.Office, When: l.NumberedAt,
		Sign: func(b []byte) ([]byte, error) { return cms.Sign(b, k.key, k.certificate) }})
}

func (s *Service) sealOf(ctx context.Context, agency string) (seal, error) {
	s.seals.Lock()
	defer s.seals.Unlock()
	if k, ok := s.seals.byAgency[agency]; ok {
		return k, nil
	}
	k, err := s.loadSeal(ctx, agency)
	if errs.KindOf(err) == errs.NotFound {
		if err = s.makeSeal(ctx, agency); err == nil {
			k, err = s.loadSeal(ctx, agency) // of several nodes that make one, the first one's counts
		}
	}
	if err != nil {
		return seal{}, err
	}
	if s.seals.byAgency == nil {
		s.seals.byAgency = map[string]seal{}
	}
	s.seals.byAgency[agency] = k
	return k, nil
}

func keyPlace(agency string) string { return "letter_keys:" + agency + ":key" }

func (s *Service) loadSeal(ctx context.Context, agency string) (seal, error) {
	var der, sealed []byte
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT certificate, key_sealed FROM letter_keys WHERE agency = $1`, []any{agency}, &der, &sealed)
	})
	if err != nil {
		return seal{}, err
	}
	plain, err := s.Vault.OpenSystem(keyPlace(agency), sealed)
	if err != nil {
		return seal{}, err
	}
	return parseSeal(der, plain)
}

func parseSeal(der, key []byte) (seal, error) {
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return seal{}, err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(key)
	if err != nil {
		return seal{}, err
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return seal{}, errs.New(errs.Invalid, "error.letter-seal-key")
	}
	public, comparable := signer.Public().(interface{ Equal(crypto.PublicKey) bool })
	if !comparable || !public.Equal(certificate.PublicKey) {
		return seal{}, errs.New(errs.Invalid, "error.letter-seal-key")
	}
	return seal{signer, certificate}, nil
}

// makeSeal makes a key with a certificate of its own, which proves that letters are
// unaltered; who issued it, a certificate of an authority proves (SetSeal).
func (s *Service) makeSeal(ctx context.Context, code string) error {
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
	return s.putSeal(ctx, "system", code, der, plain, false)
}

// SetSeal gives an agency a key (PKCS #8) with a certificate of an authority.
func (s *Service) SetSeal(ctx context.Context, a policy.Actor, agency string, certificate, key []byte) error {
	if !policy.May(a, "site.admin", agency) {
		return errs.New(errs.Forbidden, "error.forbidden")
	}
	if _, err := parseSeal(certificate, key); err != nil {
		return errs.Wrap(err, errs.Invalid, "error.letter-seal-key")
	}
	return s.putSeal(ctx, a.Account, agency, certificate, key, true)
}

func (s *Service) putSeal(ctx context.Context, actor, agency string, certificate, key []byte, replace bool) error {
	sealed := s.Vault.SealSystem(keyPlace(agency), key)
	sum := sha256.Sum256(certificate)
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		query := `INSERT INTO letter_keys (agency, certificate, key_sealed, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (agency) DO NOTHING`
		if replace {
			query = `INSERT INTO letter_keys (agency, certificate, key_sealed, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (agency) DO UPDATE SET certificate = excluded.certificate, key_sealed = excluded.key_sealed, created_at = excluded.created_at`
		}
		n, err := tx.Exec(query, agency, certificate, sealed, db.Micros(tx.Now()))
		if err != nil || n == 0 {
			return err
		}
		tx.AfterCommit(func() {
			if replace {
				s.seals.Lock()
				delete(s.seals.byAgency, agency)
				s.seals.Unlock()
			}
		})
		return s.Audit.Append(tx, audit.Event{Actor: actor, Action: "letter.seal-key", Object: "agency:" + agency, Body: map[string]any{"sha256": hex.EncodeToString(sum[:])}})
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

// Sign signs what goes beside a letter with the seal of an agency (detached CMS).
func (s *Service) Sign(ctx context.Context, agency string, content []byte) ([]byte, error) {
	k, err := s.sealOf(ctx, agency)
	if err != nil {
		return nil, err
	}
	return cms.Sign(content, k.key, k.certificate)
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
