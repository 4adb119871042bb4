package rights

import (
	"context"
	"io"
	"slices"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// State is where a request stands.
type State string

const (
	Received   State = "received"
	Identified State = "identified"
	Decided    State = "decided"
	Executed   State = "executed"
	Answered   State = "answered"
	Closed     State = "closed"
	Withdrawn  State = "withdrawn"
)

// Outcomes of a decision.
const (
	Granted = "granted"
	Partly  = "partly"
	Refused = "refused"
)

// Channels through which a request may come.
var Channels = []string{"web", "counter", "mail", "letter"}

// Identities are the ways in which a person has shown who he is. Only the way, who
// vouched, and the time are kept, never a copy of a card.
var Identities = []string{"tracking-code", "email", "phone", "oidc", "counter"}

// Proof is what a check of identity has come to: the way, who vouched and how surely, and
// the keyed digests of the addresses that are the person's. None of them is kept.
type Proof struct {
	Way     string    `json:"w"`
	Issuer  string    `json:"i,omitempty"`
	Level   string    `json:"l,omitempty"`
	At      time.Time `json:"a"`
	Digests [][]byte  `json:"d"`
}

// Case is one of the cases that a request is about.
type Case struct {
	Reference string

	id, subject string
}

// Found is what one store has of a person.
type Found struct {
	Store string `json:"store"`
	Count int    `json:"count"`
}

// Holder is a store that has data of people; a feature satisfies it. Its values are
// plain, so that a feature need not know this package.
type Holder interface {
	// Find counts what it has of the person of a case, by store.
	Find(tx *db.Tx, caseID string) (map[string]int, error)
	// Export returns it readable by a machine, for its owner.
	Export(ctx context.Context, caseID string) (any, error)
}

// Data is what requests have done with the data of a case; cases satisfy it.
type Data interface {
	Holder
	// ByCode finds a case by its reference and tracking code.
	ByCode(ctx context.Context, reference, code, addr string) (caseID, agency, subject string, err error)
	// ByReference finds a case for an officer who may see it.
	ByReference(ctx context.Context, a policy.Actor, reference string) (caseID, agency, subject string, err error)
	// Rectify puts one element right; the reason is kept (s.36).
	Rectify(ctx context.Context, actor, caseID, element, value, reason string) error
	// ByDigest finds the cases in which an address stands, newest first.
	ByDigest(ctx context.Context, digest []byte, each func(caseID, reference, agency, subject string)) error
	// Salute opens how the person of a case is addressed; the reading is logged.
	Salute(ctx context.Context, a policy.Actor, caseID string) (string, error)
	// Tell mails a notice to the persons whose data it is; it returns how many could be reached.
	Tell(ctx context.Context, a policy.Actor, subjects []string, text string) (int, error)
	// Files opens the attachments of a case that its owner may see.
	Files(ctx context.Context, caseID string, each func(name string, body io.Reader) error) error
	// Excess tells what lies in the case beyond what the record declares.
	Excess(ctx context.Context, actor, caseID string) ([]string, error)
	// EraseExcess removes it, and returns how much.
	EraseExcess(ctx context.Context, actor, caseID string) (int, error)
}

// Abroad is what a provider abroad has of visitors who consented to it. A visitor is found
// by the number of his proof of consent, which only he was shown; analytics satisfy it.
type Abroad interface {
	// PassedOn counts the visitors that the provider knows under a number.
	PassedOn(tx *db.Tx, number string) (int, error)
	// ForgetAbroad has the provider asked to delete them; it returns how many.
	ForgetAbroad(tx *db.Tx, number, by, request string) (int, error)
}

// Request is a request without its sealed text.
type Request struct {
	ID            string
	Reference     string
	Agency        string
	Activity      string
	Right         string
	Channel       string
	Lang          string
	State         State
	CaseReference string
	RevisionID    string
	Identity      string
	Issuer        string // who vouched for the identity, and how surely
	Level         string
	IdentityAt    time.Time
	ReceivedAt    time.Time
	DueAt         time.Time // what the installation promises
	LawDueAt      time.Time // what the law allows
	Outcome       string
	Ground        string
	Reasons       string
	Manifest      []Found
	DecidedBy     string
	DecidedAt     time.Time
	ExecutedAt    time.Time
	AnsweredAt    time.Time
	ClosedAt      time.Time
	LetterID      string // of the answer
	ConsentNumber string // of a proof of consent to usage analysis; of an erasure
	Cases         []Case
	Version       int64

	subjectKey string
	statement  []byte
}

// Overdue tells whether the law's time is over.
func (r Request) Overdue(now time.Time) bool {
	return now.After(r.LawDueAt) && r.State != Answered && r.State != Closed && r.State != Withdrawn
}

// mustExecute tells whether something is to be carried out before the answer: also of what
// was refused, what rests on consent alone.
func (r Request) mustExecute() bool { return r.Outcome != Refused || r.ConsentNumber != "" }

// Event is a line of a request's history.
type Event struct {
	At     time.Time
	Kind   string
	Actor  string
	Public bool
	Body   map[string]string
}

// Transition is a declared change; what is not in the table does not happen.
type Transition struct {
	Action string
	From   []State
	To     State  // "" keeps the state
	By     string // an action of policy's table; "person" is who asks
	Public bool
}

// Transitions is the whole workflow; docs/workflow.md prints it.
var Transitions = []Transition{
	{"receive", nil, Received, "person", true},
	{"identify", []State{Received}, Identified, "rights.work", true},
	{"decide", []State{Identified}, Decided, "rights.decide", true},
	{"execute", []State{Decided}, Executed, "rights.work", true},
	{"draft", []State{Decided, Executed}, "", "rights.work", false},
	{"answer", []State{Decided, Executed}, Answered, "rights.work", true},
	{"close", []State{Answered}, Closed, "rights.work", true},
	{"withdraw", []State{Received, Identified}, Withdrawn, "person", true},
}

func transition(r *Request, action string) (Transition, error) {
	for _, t := range Transitions {
		if t.Action == action && slices.Contains(t.From, r.State) {
			if t.To == "" {
				t.To = r.State
			}
			return t, nil
		}
	}
	return Transition{}, errs.New(errs.Conflict, "error.rights-transition", "action", action, "state", string(r.State))
}

// Next lists the actions that a request's state allows.
func Next(r *Request) []string {
	var out []string
	for _, t := range Transitions {
		if slices.Contains(t.From, r.State) {
			out = append(out, t.Action)
		}
	}
	return out
}
