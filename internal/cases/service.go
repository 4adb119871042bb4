package cases

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"io"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/limits"
	"prasan/internal/mail"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Config holds the numbers that a body may set; each has its source in docs/config.md.
type Config struct {
	ReplyWithin  time.Duration // first answer: 15 days (Good Governance Decree B.E. 2546 s.38)
	AskWithin    time.Duration // after so long without an answer of the sender the office goes on; 0: never
	Opens        time.Duration // after midnight in Bangkok: what comes outside working hours counts
	Closes       time.Duration // from the next ones (e-Government Act B.E. 2565); 0: from its receipt
	ReopenWithin time.Duration // an answer may be reopened for so long
	MinFormAge   time.Duration // a form filled in faster than this was not filled in by a person
	LinkLifetime time.Duration // of links sent by e-mail
	PerHour      int           // messages of one address and hour before the rest is quarantined
	SiteURL      func(host string) string
}

// Deps are the parts a Service works with.
type Deps struct {
	DB         *db.DB
	Vault      *vault.Vault
	Processing *processing.Service
	Audit      *audit.Log
	Jobs       *jobs.Queue
	Mail       *mail.Service
	Limits     *limits.Limiter
	Record     func(activity string) *policy.Snapshot
	Notice     func(agency string) (id string, err error) // the notice in force for an agency
	Site       func(host string) (agency string, ok bool)
	Agency     func(code string) (name policy.Text, parent string, ok bool)
	// SameController tells whether a case may be passed to an agency without a letter.
	SameController func(agency string) bool
	Files          Files
	Now            func() time.Time
	Texts          func(tx *db.Tx, field, text string) error // counts what is in a free text as it is stored; nil: nothing
	References     io.Reader                                 // what references are drawn from; nil: crypto/rand
	Config         Config
}

// Files is the part of the blob store that cases use.
type Files interface {
	// Adopt makes a staged file one of a case's; it fails when the file is not there.
	Adopt(ctx context.Context, id string) error
	// Delete removes a file for good.
	Delete(ctx context.Context, id string) error
	// Open decrypts a file.
	Open(ctx context.Context, id string, key []byte) (io.ReadCloser, error)
}

// Service is what can be done with cases.
type Service struct {
	Deps
	codeKey  []byte // derives tracking codes from nonces
	trackKey []byte // hashes tracking codes
	nonceKey []byte // hashes nonces
	linkKey  []byte // hashes links
}

// New returns the service.
func New(d Deps) *Service {
	if d.References == nil {
		d.References = rand.Reader
	}
	return &Service{Deps: d, codeKey: d.Vault.Derive("tracking-code"), trackKey: d.Vault.Derive("tracking-hash"), nonceKey: d.Vault.Derive("nonce-hash"), linkKey: d.Vault.Derive("link-hash")}
}

func (s *Service) snapshot() (*policy.Snapshot, error) {
	snap := s.Record(Activity)
	if snap == nil {
		return nil, errs.New(errs.Unavailable, "error.no-record")
	}
	return snap, nil
}

func place(table, row, column string) string { return table + ":" + row + ":" + column }

// caseHash covers what never changes of a case.
func caseHash(id, reference, revision, notice, sender string, message []byte) []byte {
	return rowHash([]byte(id), []byte(reference), []byte(revision), []byte(notice), []byte(sender), message)
}

// rowHash covers each part with its length before it.
func rowHash(parts ...[]byte) []byte {
	h := sha256.New()
	for _, p := range parts {
		h.Write([]byte{byte(len(p) >> 24), byte(len(p) >> 16), byte(len(p) >> 8), byte(len(p))})
		h.Write(p)
	}
	return h.Sum(nil)[:16]
}

// change is what an action does to a case beside its transition.
type change struct {
	action string
	actor  policy.Actor
	text   string            // sealed into the event
	meta   map[string]string // beside it, nothing personal
	files  []Staged
	// rule may refuse, and may set fields of the case that are stored with it.
	rule func(tx *db.Tx, c *Case) error
	// after runs once the case and its event are stored: what must leave is enqueued here.
	after func(tx *db.Tx, c *Case, e *Event) error
}

// apply is the one shape of a state change: rule, store, audit, jobs.
func (s *Service) apply(ctx context.Context, caseID string, ch change) (Case, error) {
	var subject *vault.Subject
	if ch.text != "" || len(ch.files) > 0 {
		c, err := s.byID(ctx, caseID)
		if err != nil {
			return Case{}, err
		}
		if subject, err = s.Vault.Subject(ctx, c.SubjectKey); err != nil {
			return Case{}, err
		}
	}
	var done Case
	err := s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		done, err = s.applyIn(tx, caseID, ch, subject)
		return err
	})
	return done, err
}

// applyIn is apply within a transaction; subject seals the text and the files.
func (s *Service) applyIn(tx *db.Tx, caseID string, ch change, subject *vault.Subject) (Case, error) {
	c, err := lockCase(tx, caseID)
	if err != nil {
		return Case{}, err
	}
	t, err := transition(&c, ch.action)
	if err != nil {
		return Case{}, err
	}
	if t.isOffices() && !s.mayAct(ch.actor, t.By, &c) {
		return Case{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	from := c.State
	c.State = t.To
	c.Parked = c.Parked && c.State == Considering // who is asked, or answered, waits for no referral
	if ch.rule != nil {
		if err := ch.rule(tx, &c); err != nil {
			return Case{}, err
		}
	}
	e := Event{ID: db.NewID(), At: tx.Now(), Kind: ch.action, Actor: actorName(ch.actor, t), From: from, To: c.State, Step: t.Step, Public: t.Public, Text: ch.text, Meta: ch.meta}
	if ch.text != "" {
		e.sealed = subject.Seal(place("case_events", e.ID, "body"), []byte(ch.text))
	}
	if err := s.record(tx, &c, &e, ch.files, subject); err != nil {
		return Case{}, err
	}
	if ch.after != nil {
		err = ch.after(tx, &c, &e)
	}
	return c, err
}

func actorName(a policy.Actor, t Transition) string {
	if t.By == "sender" {
		return "sender"
	}
	if a.Account == "" {
		return "system"
	}
	return a.Account
}

func (s *Service) counts(tx *db.Tx, field, text string) error {
	if s.Texts == nil || text == "" {
		return nil
	}
	return s.Texts(tx, field, text)
}

// record stores the case, its event, its files and the audit line.
func (s *Service) record(tx *db.Tx, c *Case, e *Event, files []Staged, subject *vault.Subject) error {
	if err := updateCase(tx, c); err != nil {
		return err
	}
	e.Seq = c.events
	if err := insertEvent(tx, c.ID, e); err != nil {
		return err
	}
	if err := s.counts(tx, e.Kind, e.Text); err != nil {
		return err
	}
	if err := insertAttachments(tx, c.ID, e.ID, files, subject); err != nil {
		return err
	}
	return s.Audit.Append(tx, audit.Event{Actor: e.Actor, Action: "case." + e.Kind, Object: "case:" + c.Reference, Body: map[string]any{
		"from": e.From, "to": e.To, "step": e.Step, "agency": c.Agency, "meta": audit.Bare(e.Meta),
	}})
}

// mayAct says whether the actor may do an act on this case: his role must reach the
// agency, and a complaint about staff is for the head and whom he gives it to. Nobody
// works on a complaint about himself. What goes round an office's head is for the head
// of the body above, as if it were his own office's.
func (s *Service) mayAct(a policy.Actor, action string, c *Case) bool {
	if !s.maySee(a, c) {
		return false
	}
	if c.AboutStaff && s.headsParent(a, c.Agency) {
		a.Agency = c.Agency
	}
	return policy.May(a, action, c.Agency)
}

func (s *Service) maySee(a policy.Actor, c *Case) bool {
	if c.AboutAccount != "" && c.AboutAccount == a.Account {
		return false
	}
	if !c.AboutStaff {
		return policy.May(a, "case.list", c.Agency)
	}
	return policy.May(a, "case.shielded", c.Agency) || c.Assignee == a.Account && policy.May(a, "case.list", c.Agency) || s.headsParent(a, c.Agency)
}

// headsParent: the actor heads the body above an office.
func (s *Service) headsParent(a policy.Actor, agency string) bool {
	_, parent, ok := s.Agency(agency)
	return ok && a.IsHead && a.Agency == parent
}

// dueAt is by when a message that came at a moment is answered: a working day, counted
// from the next working hours where it came outside them.
func (s *Service) dueAt(from time.Time) time.Time {
	return thai.OnWorkingDay(thai.NextWorkingTime(from, s.Config.Opens, s.Config.Closes).Add(s.Config.ReplyWithin))
}
