package inbox

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

// subjectKind marks the keys of mails in the keyring.
const subjectKind = "mail"

// Arrival is a mail as it lies in a mailbox.
type Arrival struct {
	Mailbox string
	Raw     []byte
	Size    int64 // in the mailbox; of a mail that is too large, Raw is its header alone
	// Mark notes, in the transaction in which the mail is kept, how far the mailbox was read.
	Mark func(tx *db.Tx) error
}

// Take keeps a mail, once, and has it sorted. When it returns without an error the mail is
// on the disk and may be taken from the mailbox.
func (s *Service) Take(ctx context.Context, a Arrival) error {
	if a.Mark == nil {
		a.Mark = func(*db.Tx) error { return nil }
	}
	m, _ := Parse(a.Raw) // what cannot be read is kept all the same
	digest := s.digest(a.Mailbox, m, a.Raw)
	var known bool
	err := s.DB.Read(ctx, func(tx *db.Tx) error {
		var n int
		err := tx.QueryRow(`SELECT COUNT(*) FROM inbound WHERE mailbox = $1 AND digest = $2`, []any{a.Mailbox, digest}, &n)
		known = n > 0
		return err
	})
	if err != nil {
		return err
	}
	if known { // it had come before: nothing is made for it
		return s.DB.InTx(ctx, a.Mark)
	}
	put, err := s.seal(ctx, &a, m, digest)
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := put(tx); err != nil {
			return err
		}
		return a.Mark(tx)
	})
}

// digest knows a mail again: by its Message-ID and by what it says, without the lines that
// servers add on the way. A mail that only borrows the Message-ID of another is another.
func (s *Service) digest(mailbox string, m *Mail, raw []byte) []byte {
	_, body, ok := strings.Cut(string(raw), "\r\n\r\n")
	if !ok {
		_, body, _ = strings.Cut(string(raw), "\n\n")
	}
	h := hmac.New(sha256.New, s.Vault.Derive("inbox-digest"))
	for _, part := range []string{mailbox, m.MessageID, m.From.Address, strings.Join(m.Field("To"), ","), m.Subject, m.Date.UTC().Format(time.RFC3339), body} {
		sum := sha256.Sum256([]byte(part))
		h.Write(sum[:])
	}
	return h.Sum(nil)
}

// seal prepares the row of a mail under a key of its own.
func (s *Service) seal(ctx context.Context, a *Arrival, m *Mail, digest []byte) (put func(tx *db.Tx) error, err error) {
	snap := s.Record(Activity)
	if snap == nil {
		return nil, errs.New(errs.Unavailable, "error.no-record")
	}
	subject, err := s.Vault.NewSubject(ctx, s.Now())
	if err != nil {
		return nil, err
	}
	subject.Kind = subjectKind
	i := Item{ID: db.NewID(), Mailbox: a.Mailbox, State: Unsorted, Size: a.Size, subjectKey: subject.ID}
	if err := s.Vault.Keep(ctx, subject); err != nil {
		return nil, err
	}
	head, err := json.Marshal(Head{From: m.From.Address, Name: m.From.Name, Subject: m.Subject, Date: m.Date, Authentic: s.Trust.Authentic(m, a.Raw), Files: len(m.Files)})
	if err != nil {
		return nil, err
	}
	i.head, i.raw = subject.Seal(place(i.ID, "head"), head), subject.Seal(place(i.ID, "raw"), a.Raw)
	return func(tx *db.Tx) error {
		boxes, err := s.Saraban.Mailboxes(tx)
		if err != nil {
			return err
		}
		i.Agency = s.addressed(m, boxes)
		n, err := tx.Exec(`INSERT INTO inbound (id, mailbox, digest, agency, state, subject_key, head, raw, size, destroy_at, received_at) VALUES ($1, $2, $3, $4, 'new', $5, $6, $7, $8, $9, $10) ON CONFLICT (mailbox, digest) DO NOTHING`,
			i.ID, i.Mailbox, digest, i.Agency, i.subjectKey, i.head, i.raw, i.Size, db.Micros(snap.DueAt(tx.Now())), db.Micros(tx.Now()))
		if err != nil || n == 0 {
			return err
		}
		if err := s.Processing.Record(tx, processing.Line{Activity: Activity, Revision: snap.RevisionID, Act: "collect", Actor: "system", Ground: "mailbox", Purpose: Purpose, Subjects: []string{i.subjectKey}, Elements: []string{processing.Content}, Detail: "mail"}); err != nil {
			return err
		}
		if err := s.note(tx, "", "take", &i); err != nil {
			return err
		}
		return s.Jobs.Enqueue(tx, JobSort, i.ID)
	}, nil
}

// addressed is the agency to whose mailbox a mail was sent, where that is one of this
// installation's; else the one that looks after the rest.
func (s *Service) addressed(m *Mail, boxes map[string]string) string {
	for _, to := range m.To {
		local, domain, _ := strings.Cut(to, "@")
		local, _, _ = strings.Cut(local, "+")
		code := boxes[local+"@"+domain]
		if a, ok := s.Agencies.Get(code); ok && a.SameController() {
			return code
		}
	}
	return s.Agency
}

// sweep takes keys whose mail never came, and mails whose key is gone with their case.
func (s *Service) sweep(ctx context.Context) error {
	if _, err := s.Vault.Sweep(ctx, subjectKind, s.Now().Add(-24*time.Hour), s.keysInUse); err != nil {
		return err
	}
	return s.bury(ctx)
}

func (s *Service) reseal(i *Item, subject *vault.Subject, head, raw []byte) {
	i.subjectKey = subject.ID
	i.head, i.raw = subject.Seal(place(i.ID, "head"), head), subject.Seal(place(i.ID, "raw"), raw)
}
