package cases

import (
	"time"

	"prasan/internal/policy"
)

// Activity is the code of the record that governs cases.
const Activity = "contact-us"

// State is where a case stands. Quarantined cases wait for a person's eye.
type State string

const (
	Quarantined    State = "quarantined"
	Received       State = "received"
	Considering    State = "considering"
	InProgress     State = "in_progress"
	AwaitingSender State = "awaiting_sender"
	Referred       State = "referred"
	Answered       State = "answered"
	Closed         State = "closed"
)

// States lists all states in the order of the flow.
var States = []State{Quarantined, Received, Considering, InProgress, AwaitingSender, Referred, Answered, Closed}

// Topics are what a message may be about: คำถาม, คำติชม, คำแนะนำ, ปัญหา.
var Topics = []string{"question", "feedback", "suggestion", "problem"}

// Channels are the ways a message may come.
var Channels = []string{"web", "phone", "counter", "mail", "letter"}

// Limits of what a person may send.
const (
	MaxMessage     = 5000 // runes
	MaxAttachments = 5
)

// Case is a case without anything personal: what lists and decisions need.
type Case struct {
	ID            string
	Reference     string
	Site          string // host
	Agency        string // who holds it
	OriginAgency  string
	Topic         string
	Channel       string
	OutsideRef    string // number given by Traffy Fondue, 1111 and others
	Lang          string
	State         State
	Parked        bool // step 7: waits for a referral
	WithholdName  bool // ขอปกปิดชื่อต่อผู้ถูกร้อง
	AboutStaff    bool // goes round the office's officers to its head
	AboutAccount  string
	RevisionID    string
	NoticeID      string
	SubjectKey    string
	EmailVerified time.Time
	Assignee      string
	Result        string
	Rating        int
	QuarantineWhy string
	ReceivedAt    time.Time
	DueAt         time.Time
	ClockLeft     time.Duration // what was left when the clock was stopped to ask the sender
	AnsweredAt    time.Time
	ClosedAt      time.Time
	DestroyAt     time.Time
	Version       int64

	events  int64
	sender  string
	message []byte
}

// Given lists the elements that the sender gave, by the keys of the sealed column.
func (c Case) Given() []string { return givenElements(c.sender) }

// Open tells whether work on the case is still due.
func (c Case) Open() bool { return c.State != Closed && c.State != Quarantined }

// Event is a line of a case's timeline. Body is sealed until it is read.
type Event struct {
	ID     string
	Seq    int64
	At     time.Time
	Kind   string // a transition's action, or note, endorse, message
	Actor  string // account; "sender" for the person
	From   State
	To     State
	Step   int
	Public bool
	Text   string
	Meta   map[string]string

	sealed []byte
}

// Submission is a message as it comes from a person or from an officer who takes it
// down. Sender maps element codes of the record to values.
type Submission struct {
	Site         string
	Topic        string
	Channel      string
	OutsideRef   string
	Lang         string
	Message      string
	Sender       map[string]string
	WithholdName bool
	AboutStaff   bool
	Attachments  []Staged
	NoticeID     string
	Nonce        []byte // at least 16 random bytes; the same nonce gives the same receipt
	Addr         string // of the client, for limits; never stored
	Decoy        bool   // the field that people do not see was filled in
	FormAge      time.Duration
	By           *policy.Actor // the officer who takes it down; nil for the person himself
}

// Staged is an attachment that was received before its message: stored encrypted,
// with the key in this handle and nowhere else.
type Staged struct {
	ID     string `json:"i"`
	Key    []byte `json:"k"`
	Name   string `json:"n"`
	Type   string `json:"t"`
	Size   int64  `json:"s"`
	SHA256 []byte `json:"h"`
}

// Receipt is what the sender keeps.
type Receipt struct {
	CaseID     string
	Reference  string
	Code       string // tracking code; stored only hashed
	ReceivedAt time.Time
	ReplyBy    time.Time // a working day
	Agency     string
	Holder     policy.Text
	EmailGiven bool
	Repeated   bool // the same message had been received before
}

// Attachment describes a stored attachment.
type Attachment struct {
	ID   string
	Name string
	Type string
	Size int64
}

// PublicEvent is a line of the timeline that the sender may see.
type PublicEvent struct {
	At          time.Time
	Kind        string
	Stage       State
	Text        string
	ByOffice    bool
	Meta        map[string]string
	Attachments []Attachment
}

// View is a case as its sender sees it.
type View struct {
	CaseID        string
	Reference     string
	State         State
	Topic         string
	Lang          string
	Agency        string
	Holder        policy.Text
	ReceivedAt    time.Time
	ReplyBy       time.Time
	ClockLeft     time.Duration // the clock stands while the sender is asked; what is left then
	AnsweredAt    time.Time
	Message       string
	Attachments   []Attachment
	Events        []PublicEvent // newest first
	WithholdName  bool
	HasEmail      bool
	EmailVerified bool
	Rating        int
	CanWrite      bool
	CanAccept     bool
	CanReopen     bool
	CanRate       bool
}
