package retention

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
)

// CertificateKind heads every certificate.
const CertificateKind = "prasan/destruction-certificate/v1"

// Certificate says what was destroyed, by whose order, and that it cannot be read any
// more. It names no person whose data it was: the root of a hash tree over keyed hashes
// of the objects' ids stands for them.
type Certificate struct {
	Kind          string            `json:"kind"`
	Round         string            `json:"round"`
	Agency        string            `json:"agency"`
	Activity      string            `json:"activity"`
	Revision      string            `json:"revision"`
	Year          int               `json:"year"`
	Matter        string            `json:"matter,omitempty"`
	Path          string            `json:"path"`
	Law           string            `json:"law"`
	OrderNumber   string            `json:"order_number"`
	OrderedBy     string            `json:"ordered_by"`
	OrderGround   string            `json:"order_ground"`
	OrderedAt     time.Time         `json:"ordered_at"`
	ExecutedAt    time.Time         `json:"executed_at"`
	Method        string            `json:"method"`
	Stores        []string          `json:"stores"`
	Counts        map[string]Counts `json:"counts"` // by kind of object
	Root          string            `json:"merkle_root"`
	Sampled       int               `json:"sampled"`
	Unreadable    int               `json:"unreadable"`
	KeyWindowEnds time.Time         `json:"key_window_ends"` // until then a copy of the keyring may still open old backups
	PublicKey     string            `json:"public_key"`
	Signature     string            `json:"signature,omitempty"`
}

// Counts are the decisions on objects of one kind.
type Counts struct {
	Destroyed int `json:"destroyed"`
	Extended  int `json:"extended"`
	Archived  int `json:"archived"`
	Held      int `json:"held"`
}

const (
	method = "data keys destroyed (AES-256-GCM), rows and files deleted with secure_delete"
	sample = 100 // objects that are looked at after a round
)

// certify looks at what was destroyed, signs what it finds and closes the round.
func (s *Service) certify(ctx context.Context, id string) error {
	var r Round
	var all []Item
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		if r, err = oneRound(tx, `id = $1`, id); err != nil {
			return err
		}
		all, err = items(tx, id, `1 = 1`, 0, 0)
		return err
	})
	if err != nil {
		return err
	}
	c := s.describe(&r, all)
	if c.Sampled, c.Unreadable, err = s.look(ctx, all); err != nil {
		return err
	}
	if c.Sampled != c.Unreadable {
		return errs.New(errs.Internal, "error.round-readable")
	}
	text, err := s.sign(c)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := lockRound(tx, id)
		if err != nil {
			return err
		}
		if _, err := transition(&r, "certify"); err != nil {
			return err
		}
		r.State, r.Certificate = Certified, text
		if err := updateRound(tx, &r); err != nil {
			return err
		}
		return s.Audit.Append(tx, audit.Event{Actor: "system", Action: "round.certify", Object: "round:" + id, Body: map[string]any{"root": c.Root, "counts": c.Counts}})
	})
}

func (s *Service) describe(r *Round, all []Item) Certificate {
	c := Certificate{Kind: CertificateKind, Round: r.ID, Agency: r.Agency, Activity: r.Activity, Revision: r.RevisionID, Year: r.Year, Matter: r.Matter, Path: r.Path, Law: laws[r.Matter], OrderNumber: r.OrderNumber, OrderedBy: r.OrderedBy, OrderGround: r.OrderGround,
		OrderedAt: r.OrderedAt, ExecutedAt: r.ExecutedAt, Method: method, Stores: []string{"database", "keyring", "attachments", "outbox", "blind index"}, Counts: map[string]Counts{}, KeyWindowEnds: r.ExecutedAt.AddDate(0, 0, s.Terms.KeyDays)}
	var leaves [][]byte
	key := s.Vault.Derive("certificate-objects")
	for _, i := range all {
		n := c.Counts[i.Kind]
		switch i.Decision {
		case "destroy":
			n.Destroyed++
			mac := hmac.New(sha256.New, key)
			mac.Write([]byte(i.Kind + "\x00" + i.ObjectID))
			leaves = append(leaves, mac.Sum(nil))
		case "extend":
			n.Extended++
		case "archive":
			n.Archived++
		case "hold":
			n.Held++
		}
		c.Counts[i.Kind] = n
	}
	c.Root = hex.EncodeToString(root(leaves))
	return c
}

// root is the root of the hash tree over leaves (RFC 9162 section 2.1.1).
func root(leaves [][]byte) []byte {
	switch len(leaves) {
	case 0:
		sum := sha256.Sum256(nil)
		return sum[:]
	case 1:
		sum := sha256.Sum256(append([]byte{0}, leaves[0]...))
		return sum[:]
	}
	k := 1
	for k*2 < len(leaves) {
		k *= 2
	}
	sum := sha256.Sum256(append(append([]byte{1}, root(leaves[:k])...), root(leaves[k:])...))
	return sum[:]
}

// look asks the holders whether what was destroyed is gone: a sample spread evenly.
func (s *Service) look(ctx context.Context, all []Item) (looked, gone int, err error) {
	var destroyed []Item
	for _, i := range all {
		if i.Decision == "destroy" {
			destroyed = append(destroyed, i)
		}
	}
	n := min(sample, len(destroyed))
	for k := range n {
		i := destroyed[k*len(destroyed)/n]
		h, ok := s.holder(i.Kind)
		if !ok {
			return looked, gone, errs.New(errs.Internal, "error.internal")
		}
		is, err := h.Gone(ctx, i.ObjectID)
		if err != nil {
			return looked, gone, err
		}
		looked++
		if is {
			gone++
		}
	}
	return looked, gone, nil
}

func (s *Service) key() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(s.Vault.Derive("certificate-signing"))
}

func (s *Service) sign(c Certificate) (string, error) {
	key := s.key()
	c.PublicKey = hex.EncodeToString(key.Public().(ed25519.PublicKey))
	text, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	c.Signature = hex.EncodeToString(ed25519.Sign(key, text))
	signed, err := json.MarshalIndent(c, "", "  ")
	return string(signed) + "\n", err
}

// VerifyCertificate checks a certificate without the installation. The public key in it
// should be compared with the one the agency has published.
func VerifyCertificate(text []byte) (Certificate, error) {
	var c Certificate
	in := json.NewDecoder(bytes.NewReader(text))
	in.DisallowUnknownFields()
	if err := in.Decode(&c); err != nil || c.Kind != CertificateKind {
		return c, errs.New(errs.Invalid, "error.certificate-not")
	}
	signature, err1 := hex.DecodeString(c.Signature)
	public, err2 := hex.DecodeString(c.PublicKey)
	if err1 != nil || err2 != nil || len(public) != ed25519.PublicKeySize {
		return c, errs.New(errs.Invalid, "error.certificate-false")
	}
	bare := c
	bare.Signature = ""
	signed, err := json.Marshal(bare)
	if err != nil || !ed25519.Verify(public, signed, signature) {
		return c, errs.New(errs.Invalid, "error.certificate-false")
	}
	return c, nil
}
