package referral

import (
	"slices"
	"time"

	"prasan/internal/policy"
)

// Activity and Purpose are what a referral rests on in the record.
const (
	Activity = "contact-us"
	Purpose  = "receive_and_forward"
)

// State is where a referral stands.
type State string

const (
	Drafted   State = "drafted"   // its letter is being written
	Sent      State = "sent"      // ส่งหนังสือรอตอบรับ
	Delivered State = "delivered" // ปลายทางได้รับหนังสือ
	Accepted  State = "accepted"  // ปลายทางส่งเลขรับ
	Rejected  State = "rejected"
	Invalid   State = "invalid"
	Answered  State = "answered"  // private until an officer publishes it
	Published State = "published" // the citizen has been told
	Recalled  State = "recalled"  // its letter was cancelled
)

// Pending are the states in which the referral is not at an end.
var Pending = []State{Drafted, Sent, Delivered, Accepted, Answered}

// Checks are the two things that are looked at before anything is sent (row 46): the name
// of the agency, and the content.
var Checks = []string{"agency", "content"}

// Referral is the sending of a case to a related agency (การส่งต่อ).
type Referral struct {
	ID            string
	CaseID        string
	CaseReference string
	Agency        string // who sends
	To            string // who is concerned
	State         State
	Elements      []string // what is disclosed
	Checks        []string
	Purpose       string
	Basis         string
	Suggestion    Suggestion // what the program had suggested
	Contact       string     // of the other side
	Letter        string
	Channel       string
	RevisionID    string
	AcceptNumber  string
	DueAt         time.Time // its own clock, beside the case's
	CreatedBy     string
	CreatedAt     time.Time
	SentAt        time.Time
	DeliveredAt   time.Time
	AcceptedAt    time.Time
	AnsweredAt    time.Time
	PublishedAt   time.Time
	InterimAt     time.Time // when the citizen was told how far it has come
	AnswerBy      string    // sender: through this office; citizen: the agency told the citizen itself
	Version       int64

	subjectKey     string
	reason, answer []byte
}

// Overdue tells whether the agency's time is over.
func (r *Referral) Overdue(now time.Time) bool {
	return slices.Contains([]State{Sent, Delivered, Accepted}, r.State) && now.After(r.DueAt)
}

// Suggestion is an agency that a case may belong to, and why the program thinks so. A
// person decides.
type Suggestion struct {
	Agency string   `json:"agency"`
	Words  []string `json:"words,omitempty"` // found in the message
	Before int      `json:"before,omitempty"`
	Score  int      `json:"score"`
}

// Disclosure is a line of the log of PDPA s.39(6).
type Disclosure struct {
	ID            string
	At            time.Time
	Referral      string
	CaseReference string
	Agency, To    string
	Channel       string
	Elements      []string
	Purpose       string
	Basis         string
	Letter        string
	LetterNumber  string
	RevisionID    string
	Actor         string

	caseID, subjectKey string
}

// allowed is what the record lets go to an agency by a channel; "" is any channel.
func allowed(snap *policy.Snapshot, to, via string, wanted []string) (policy.Decision, bool) {
	_, d := snap.MayDisclose(to, via)
	if !d.Allowed {
		return d, false
	}
	for _, e := range wanted {
		if !slices.Contains(d.Elements, e) {
			return policy.Decision{Reason: "error.element-not-declared"}, false
		}
	}
	return d, true
}

// basisOf is the lawful basis of the purpose, as its citation.
func basisOf(snap *policy.Snapshot) string {
	for _, p := range snap.Purposes {
		if p.Code != Purpose {
			continue
		}
		for _, b := range snap.Basis {
			if b.Code == p.Basis {
				return b.Citation
			}
		}
		return p.Basis
	}
	return ""
}
