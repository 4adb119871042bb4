package inbox

import (
	"context"
	"io"
	"time"

	"prasan/internal/audit"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/jobs"
	"prasan/internal/limits"
	"prasan/internal/mail"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/referral"
	"prasan/internal/saraban"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// Activity and Purpose are what taking mail in rests on in the record.
const (
	Activity = "contact-us"
	Purpose  = "receive_and_forward"
)

// State is where a mail stands.
type State string

const (
	Unsorted  State = "new"      // kept, not sorted yet
	Held      State = "held"     // waits for a person
	OnCase    State = "case"     // written on a case
	Answer    State = "referral" // the answer to a referral
	Letter    State = "letter"   // in the register of letters that came
	Ignored   State = "ignored"  // of a program, or our own
	Discarded State = "discarded"
)

// States lists them in the order in which they are shown.
var States = []State{Held, OnCase, Answer, Letter, Ignored, Discarded, Unsorted}

// Step is a declared change of a mail.
type Step struct {
	Action string
	From   []State
	To     State
	By     string // "system", or what policy.May asks for
}

// Steps is the whole way of a mail. What is not in the table does not happen.
var Steps = []Step{
	{"hold", []State{Unsorted}, Held, "system"},
	{"ignore", []State{Unsorted}, Ignored, "system"},
	{"reply", []State{Unsorted}, OnCase, "system"},
	{"answer", []State{Unsorted}, Answer, "system"},
	{"arrive", []State{Unsorted}, Letter, "system"},
	{"link-case", []State{Held, Ignored}, OnCase, "mail.work"},
	{"link-referral", []State{Held, Ignored}, Answer, "mail.work"},
	{"register", []State{Held, Ignored}, Letter, "letter.receive"},
	{"discard", []State{Held}, Discarded, "mail.work"},
	{"take-back", []State{Discarded, Ignored}, Held, "mail.work"},
}

// Item is a mail that came, without its words.
type Item struct {
	ID            string
	Mailbox       string
	Agency        string // who looks after it
	State         State
	Why           string // word of the catalogue: inbox.why-
	Size          int64
	Message       string // of ours, that it answers or brings back
	Case          string
	CaseReference string
	Referral      string
	LetterIn      string
	Note          string // why it was discarded; what the other side said
	HandledBy     string
	HandledAt     time.Time
	ReceivedAt    time.Time
	Version       int64
	Head          *Head // opened, where it may be

	subjectKey string
	head, raw  []byte
}

// Head is what stands on the outside of a mail.
type Head struct {
	From      string    `json:"from"`
	Name      string    `json:"name,omitempty"`
	Subject   string    `json:"subject"`
	Date      time.Time `json:"date"`
	Authentic Authentic `json:"authentic,omitempty"`
	Files     int       `json:"files,omitempty"`
}

// Deps are the parts a Service works with.
type Deps struct {
	DB         *db.DB
	Vault      *vault.Vault
	Processing *processing.Service
	Audit      *audit.Log
	Jobs       *jobs.Queue
	Limits     *limits.Limiter
	Mail       *mail.Service
	Cases      *cases.Service
	Referral   *referral.Service
	Saraban    *saraban.Service
	Agencies   *org.Directory
	Record     func(activity string) *policy.Snapshot
	Now        func() time.Time
	// Stage takes a file in through the gate by which the files of the form come.
	Stage func(ctx context.Context, name string, r io.Reader) (cases.Staged, error)
	// Agency looks after mail that is to no agency's own mailbox.
	Agency string
	Trust  Trust
	Node   string
}

// Service is what can be done with mail that comes in.
type Service struct{ Deps }

// New returns the service, and has the exchange tell it what becomes of letters that came
// by mail.
func New(d Deps) *Service {
	s := &Service{d}
	d.Saraban.OnMailBack(s.onBack)
	d.Saraban.OnAnswer(s.onAnswer)
	return s
}

// JobSort is the kind of job that sorts one mail.
const JobSort = "inbox.sort"

// Register tells the queue what this package's jobs and tasks do.
func (s *Service) Register() {
	s.Jobs.Handle(JobSort, func(ctx context.Context, j jobs.Job) error { return s.sortJob(ctx, j) })
	s.Jobs.Handle(JobTell, s.tell)
	s.Jobs.Every("inbox.sweep", jobs.Daily(thai.Bangkok, 2, 50), func(ctx context.Context, _ jobs.Job) error { return s.sweep(ctx) })
}

func place(id, column string) string { return "inbound:" + id + ":" + column }

func (i *Item) sealedHead() vault.Sealed {
	return vault.Sealed{Subject: i.subjectKey, Element: processing.Content, Place: place(i.ID, "head"), Data: i.head}
}

func (i *Item) sealedRaw() vault.Sealed {
	return vault.Sealed{Subject: i.subjectKey, Element: processing.Content, Place: place(i.ID, "raw"), Data: i.raw}
}

func (s *Service) note(tx *db.Tx, actor, action string, i *Item) error {
	if actor == "" {
		actor = "system"
	}
	return s.Audit.Append(tx, audit.Event{Actor: actor, Action: "inbox." + action, Object: "mail-in:" + i.ID, Body: map[string]any{"agency": i.Agency, "state": i.State, "why": i.Why, "case": i.CaseReference, "referral": i.Referral, "letter": i.LetterIn, "message": i.Message}})
}
