package identity

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/big"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/limits"
	"prasan/internal/mail"
	"prasan/internal/processing"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Ways in which a code is sent.
const (
	Email = "email"
	Phone = "phone"
)

// Activity and Purpose under which an address is used for this.
const (
	Activity = "contact-us"
	Purpose  = "verify_identity"
)

// The measures of a code (as NIST SP 800-63B has them for out-of-band secrets: at least six
// digits, at most ten minutes).
const (
	Digits   = 8
	Lifetime = 10 * time.Minute
	attempts = 5
)

// Owner is whose address it is, newest first: which key seals what is sent to him.
type Owner struct {
	Subject, Agency string
}

// Deps are the parts a Service works with.
type Deps struct {
	DB         *db.DB
	Vault      *vault.Vault
	Audit      *audit.Log
	Jobs       *jobs.Queue
	Limits     *limits.Limiter
	Mail       *mail.Service
	Processing *processing.Service
	Now        func() time.Time
	// Digest is the keyed digest under which an address is found.
	Digest func(way, value string) []byte
	// Owner tells whose address it is; false for nobody's.
	Owner func(ctx context.Context, digest []byte) (Owner, bool, error)
	// SMS sends a short text; nil where no gateway is set, and then no code goes to telephones.
	SMS func(ctx context.Context, to, text string) error
}

// Service sends codes and checks them.
type Service struct {
	Deps
	key []byte
}

// New returns the service.
func New(d Deps) *Service { return &Service{d, d.Vault.Derive("identity-code")} }

// Ways lists the ways that are offered.
func (s *Service) Ways() []string {
	if s.SMS == nil {
		return []string{Email}
	}
	return []string{Email, Phone}
}

// jobSend is the kind of job that looks for the owner of an address and sends him a code.
const jobSend = "identity.send"

// Register tells the queue what this package's jobs do.
func (s *Service) Register() {
	s.Jobs.Handle(jobSend, func(ctx context.Context, j jobs.Job) error {
		var id string
		if err := json.Unmarshal(j.Payload, &id); err != nil {
			return err
		}
		return s.send(ctx, id)
	})
}

// Asking is somebody who wants a code.
type Asking struct {
	Way, Contact     string
	Lang, Site, Addr string
}

// Ask begins a check and returns its id. Whether the address is on file is looked up by a
// job afterwards, so that neither the answer nor its time can tell.
func (s *Service) Ask(ctx context.Context, a Asking) (id string, err error) {
	contact, err := s.clean(&a)
	if err != nil {
		return "", err
	}
	id = rand.Text()
	digest := s.Digest(a.Way, contact)
	sealed := s.Vault.SealSystem(place(id), []byte(contact))
	tooMany := false
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		within, err := s.Limits.Allow(tx, "identity-addr", a.Addr, 10, time.Hour)
		if tooMany = !within; err != nil || tooMany {
			return err
		}
		// An address gets a few codes an hour; who asks for more is told the same.
		quiet, err := s.Limits.Allow(tx, "identity-contact", fmt.Sprintf("%x", digest), 4, time.Hour)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(`INSERT INTO identity_codes (id, way, digest, contact, lang, site, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			id, a.Way, digest, sealed, a.Lang, a.Site, db.Micros(tx.Now()), db.Micros(tx.Now().Add(Lifetime))); err != nil {
			return err
		}
		if err := s.Audit.Append(tx, audit.Event{Actor: "person", Action: "identity.ask", Object: "identity:" + id, Body: map[string]any{"way": a.Way}}); err != nil || !quiet {
			return err
		}
		return s.Jobs.Enqueue(tx, jobSend, id)
	})
	if err == nil && tooMany {
		err = errs.New(errs.TooMany, "error.too-many")
	}
	return id, err
}

func place(id string) string { return "identity_codes:" + id + ":contact" }

func (s *Service) clean(a *Asking) (string, error) {
	if a.Way == Email {
		clean, err := thai.CleanEmail(a.Contact)
		if err != nil {
			return "", errs.InvalidField("contact", "error.email")
		}
		return clean, nil
	}
	if a.Way != Phone || s.SMS == nil {
		return "", errs.InvalidField("contact", "error.identity-way")
	}
	p, err := thai.ParsePhone(a.Contact)
	if err != nil {
		return "", errs.InvalidField("contact", "error.phone")
	}
	return p.E164, nil
}

// challenge is a check that was begun.
type challenge struct {
	id, way, lang, site string
	digest, contact     []byte
	hash                []byte
	attempts            int
	expires             time.Time
	used                bool
}

func load(tx *db.Tx, id, lock string) (challenge, error) {
	c := challenge{id: id}
	var expires, used int64
	err := tx.QueryRow(`SELECT way, lang, site, digest, contact, code_hash, attempts, expires_at, used_at FROM identity_codes WHERE id = $1`+lock, []any{id}, &c.way, &c.lang, &c.site, &c.digest, &c.contact, &c.hash, &c.attempts, &expires, &used)
	c.expires, c.used = db.Time(expires), used > 0
	return c, err
}

// send makes the code of a check and sends it to the owner of the address, if there is one.
func (s *Service) send(ctx context.Context, id string) error {
	var c challenge
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) {
		c, err = load(tx, id, "")
		return err
	})
	if errs.KindOf(err) == errs.NotFound || err == nil && (c.hash != nil || s.Now().After(c.expires)) {
		return nil
	}
	if err != nil {
		return err
	}
	owner, is, err := s.Owner(ctx, c.digest)
	if err != nil || !is {
		return err
	}
	contact, err := s.Vault.OpenSystem(place(id), c.contact)
	if err != nil {
		return err
	}
	code := newCode()
	if c.way == Phone {
		return s.text(ctx, &c, owner, string(contact), code)
	}
	return s.mail(ctx, &c, owner, string(contact), code)
}

// keep stores the hash of a code, once.
func (s *Service) keep(tx *db.Tx, c *challenge, code string) error {
	n, err := tx.Exec(`UPDATE identity_codes SET code_hash = $1 WHERE id = $2 AND code_hash IS NULL`, s.hash(c.id, code), c.id)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "error.conflict")
	}
	return err
}

func (s *Service) mail(ctx context.Context, c *challenge, owner Owner, address, code string) error {
	subject, err := s.Vault.Subject(ctx, owner.Subject)
	if err != nil {
		return err
	}
	body, err := json.Marshal(mail.Body{Text: grouped(code)})
	if err != nil {
		return err
	}
	m := mail.Message{ID: db.NewID(), Kind: "identity-code", Lang: c.lang, Agency: owner.Agency, Site: c.site, SubjectKey: owner.Subject}
	m.Recipient, m.Body = subject.Seal(mail.Place(m.ID, "recipient"), []byte(address)), subject.Seal(mail.Place(m.ID, "body"), body)
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := s.keep(tx, c, code); err != nil {
			return err
		}
		return s.Mail.Queue(tx, m)
	})
}

// text sends the code by the gateway for short messages: a recipient like any other, so
// that the sending is a line of the log before it leaves.
func (s *Service) text(ctx context.Context, c *challenge, owner Owner, number, code string) error {
	subject, err := s.Vault.Subject(ctx, owner.Subject)
	if err != nil {
		return err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error { return s.keep(tx, c, code) })
	if err != nil {
		return err
	}
	item := vault.Sealed{Subject: owner.Subject, Element: "mobile_phone", Place: place(c.id), Data: subject.Seal(place(c.id), []byte(number))}
	plain, err := s.Processing.Send(ctx, processing.Request{Activity: Activity, Purpose: Purpose, Items: []vault.Sealed{item}, Detail: "sms"})
	if err != nil {
		return err
	}
	words := map[string]string{"th": "รหัสยืนยันตัวตนของท่าน %s ใช้ได้ 10 นาที เจ้าหน้าที่จะไม่ขอรหัสนี้", "en": "Your code is %s, good for 10 minutes. No officer will ask you for it."}[c.lang]
	if words == "" {
		words = "%s"
	}
	return s.SMS(ctx, string(plain[0]), fmt.Sprintf(words, grouped(code)))
}

func newCode() string {
	most := big.NewInt(1)
	for range Digits {
		most.Mul(most, big.NewInt(10))
	}
	n, err := rand.Int(rand.Reader, most)
	if err != nil {
		panic(err) // the system has no randomness: nothing may go on
	}
	return fmt.Sprintf("%0*d", Digits, n)
}

func grouped(code string) string { return code[:Digits/2] + " " + code[Digits/2:] }

func (s *Service) hash(id, code string) []byte {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte(id + "\x00" + code))
	return m.Sum(nil)
}

// Checked is the result of a check.
type Checked struct {
	Way    string
	Digest []byte
	At     time.Time
}

// Check compares a code, once. A code that is wrong, over, used, or was never sent gets
// the same answer after the same work.
func (s *Service) Check(ctx context.Context, id, typed string) (Checked, error) {
	typed = digitsOf(typed)
	var out Checked
	right := false
	err := s.DB.InTx(ctx, func(tx *db.Tx) error {
		right = false
		c, err := load(tx, id, tx.ForUpdate())
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		want := c.hash
		if want == nil {
			want = make([]byte, sha256.Size)
		}
		same := hmac.Equal(want, s.hash(id, typed))
		if err != nil { // never begun
			return nil
		}
		if _, err := tx.Exec(`UPDATE identity_codes SET attempts = attempts + 1 WHERE id = $1`, id); err != nil {
			return err
		}
		right = same && !c.used && c.attempts < attempts && tx.Now().Before(c.expires)
		action := "identity.wrong"
		if right {
			action, out = "identity.right", Checked{c.way, c.digest, tx.Now()}
			if _, err := tx.Exec(`UPDATE identity_codes SET used_at = $1 WHERE id = $2`, db.Micros(tx.Now()), id); err != nil {
				return err
			}
		}
		return s.Audit.Append(tx, audit.Event{Actor: "person", Action: action, Object: "identity:" + id, Body: map[string]any{"way": c.way}})
	})
	if err == nil && !right {
		err = errs.InvalidField("otp", "error.identity-code")
	}
	return out, err
}

func digitsOf(text string) string {
	var out []byte
	for _, r := range thai.ArabicDigits(text) {
		if r >= '0' && r <= '9' {
			out = append(out, byte(r))
		}
	}
	return string(out)
}

// Sweep removes checks that are over: what was typed in is not kept.
func Sweep(tx *db.Tx) error {
	_, err := tx.Exec(`DELETE FROM identity_codes WHERE expires_at <= $1`, db.Micros(tx.Now()))
	return err
}
