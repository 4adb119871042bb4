package mail

import (
	"encoding/json"
	"maps"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
)

// Activity is the code of the record under which mail to the public is sent.
const Activity = "contact-us"

// JobFlush is the kind of job that empties the outbox.
const JobFlush = "mail.flush"

// Message is a mail to be sent. Recipient and Body are sealed by the caller for their
// places (Place), with the key of SubjectKey as elements "email" and
// processing.Content; where SubjectKey is "", by the vault's SealSystem.
type Message struct {
	ID         string // of the row; db.NewID()
	Kind       string // one of Kinds
	CaseID     string
	Lang       string // th, en
	Agency     string // code of the agency in whose name it is sent
	Site       string // host of the site it came from; "" for mail to staff
	SubjectKey string // vault subject; "" when the recipient is staff
	Recipient  []byte // sealed address
	Body       []byte // sealed JSON of Body; may be nil
	// Meta is what the texts mention: reference, received_at, reply_by (RFC 3339),
	// counts. Never personal data.
	Meta map[string]string
}

// Body is the sealed part of a message.
type Body struct {
	Text string `json:"text,omitempty"` // what an officer wrote
	Link string `json:"link,omitempty"` // an address of the site, possibly with a secret in it

	Files []File `json:"files,omitempty"` // of an official letter
}

// File is a file that goes with a message. Name is of ASCII.
type File struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Data []byte `json:"data"`
}

// Place is where a column ("recipient", "body") of a message is sealed for.
func Place(id, column string) string { return "outbox:" + id + ":" + column }

// States of a message.
const (
	Queued     = "queued"
	HandedOver = "handed_over" // the relay has taken it
	Failed     = "failed"
	Bounced    = "bounced" // a delivery report came back (RFC 3464)
)

// State is what is known of a message, for showing.
type State struct {
	ID        string
	CaseID    string
	Kind      string
	State     string
	Attempts  int
	LastError string // what the relay said, without addresses, or a key of the catalogue
	CreatedAt time.Time
	ChangedAt time.Time
	NextAt    time.Time // of a queued one: when it is tried next
}

// Queue puts a message into the outbox of the caller's transaction; it leaves after
// the commit.
func (s *Service) Queue(tx *db.Tx, m Message) error {
	k, known := kinds[m.Kind]
	if !known || m.ID == "" || len(m.Recipient) == 0 || k.purpose == "" && m.SubjectKey != "" {
		return errs.New(errs.Internal, "error.internal")
	}
	meta := maps.Clone(m.Meta)
	if meta == nil {
		meta = map[string]string{}
	}
	if m.Site != "" {
		meta["site"] = m.Site
	}
	text, err := json.Marshal(meta)
	if err != nil {
		return err
	}
	now := db.Micros(tx.Now())
	if _, err := tx.Exec(`INSERT INTO outbox (id, case_id, kind, lang, agency, subject_key, recipient, body, meta, state, message_id, run_at, created_at, changed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', $10, $11, $12, $13)`,
		m.ID, m.CaseID, m.Kind, m.Lang, m.Agency, m.SubjectKey, m.Recipient, m.Body, string(text), s.messageID(m.ID), now, now, now); err != nil {
		return err
	}
	return s.wake(tx)
}

// ToStaff queues a message to an address of the office's own; nothing in it is a person's.
func (s *Service) ToStaff(tx *db.Tx, address string, m Message, body Body) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	m.ID = db.NewID()
	m.Recipient, m.Body = s.Vault.SealSystem(Place(m.ID, "recipient"), []byte(address)), s.Vault.SealSystem(Place(m.ID, "body"), text)
	return s.Queue(tx, m)
}

type wokenKey struct{}

// wake enqueues one flush for all who share the commit. Each writer has a key of its
// own: a common one would have the writers of PostgreSQL wait for each other.
func (s *Service) wake(tx *db.Tx) error {
	if _, done := tx.Memo(wokenKey{}); done {
		return nil
	}
	tx.SetMemo(wokenKey{}, true)
	return s.Jobs.Enqueue(tx, JobFlush, nil, jobs.Unique(JobFlush+"."+string(rune('a'+tx.Lane()))))
}

// State returns what is known of one message.
func (s *Service) State(tx *db.Tx, id string) (State, error) {
	all, err := states(tx, `id = $1`, id)
	if err == nil && len(all) == 0 {
		err = errs.New(errs.NotFound, "error.not-found")
	}
	if err != nil {
		return State{}, err
	}
	return all[0], nil
}

// List returns the messages of a case, newest first.
func (s *Service) List(tx *db.Tx, caseID string) ([]State, error) {
	return states(tx, `case_id = $1 ORDER BY id DESC`, caseID)
}
