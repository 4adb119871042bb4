package breach

import (
	"slices"
	"time"

	"prasan/internal/errs"
)

// State is where a breach stands.
type State string

const (
	Reported  State = "reported"
	Aware     State = "aware" // the 72 hours run
	Assessed  State = "assessed"
	Notified  State = "notified" // to the Office of the PDPC
	Closed    State = "closed"
	Dismissed State = "dismissed" // it was none; with reasons
)

// Risks to the rights and freedoms of people: none need not be notified, high is told
// to the persons as well.
const (
	NoRisk   = "none"
	Risk     = "risk"
	HighRisk = "high"
)

// Kinds of breaches: of confidentiality, integrity, availability.
var Kinds = []string{"confidentiality", "integrity", "availability"}

// Channels through which one may be reported, as the record has them (row 52).
var Channels = []string{"office", "province", "phone", "mail", "system"}

// Factors are what the notification of B.E. 2565 has weighed.
var Factors = []string{"type", "data", "subjects", "severity", "measures", "breadth", "storage", "controller"}

// Terms are the clocks of the law, each a setting: verify against the gazette.
type Terms struct {
	Notify time.Duration   // s.37(4): 72 hours from awareness
	Late   time.Duration   // the latest with reasons: 15 days
	Alarms []time.Duration // after awareness, to the liaison persons of row 53
}

// DefaultTerms are those of the Act and the notification of B.E. 2565.
var DefaultTerms = Terms{Notify: 72 * time.Hour, Late: 15 * 24 * time.Hour, Alarms: []time.Duration{24 * time.Hour, 48 * time.Hour, 60 * time.Hour, 70 * time.Hour}}

// Assessment is the weighing of risk; reasons are kept also when nothing is notified.
type Assessment struct {
	Risk      string            `json:"risk"`
	Factors   map[string]string `json:"factors"`
	Reasons   string            `json:"reasons"`
	Effects   string            `json:"effects"`   // likely consequences
	Measures  string            `json:"measures"`  // taken or to be taken
	Contained string            `json:"contained"` // what was done to contain it
}

// Impact is what the logs say was touched in a window.
type Impact struct {
	Subjects   int            `json:"subjects"`
	Acts       int            `json:"acts"`
	Elements   map[string]int `json:"elements"`   // subjects by element
	Actors     map[string]int `json:"actors"`     // acts by account
	Recipients map[string]int `json:"recipients"` // subjects by recipient
	Keys       []string       `json:"-"`          // of the subjects
}

// Breach is one breach without its sealed text.
type Breach struct {
	ID           string
	Agency       string
	Activity     string
	Drill        bool
	State        State
	Kinds        []string
	Channel      string
	OccurredFrom time.Time
	OccurredTo   time.Time
	ReportedBy   string
	ReportedAt   time.Time
	AwareBy      string
	AwareAt      time.Time
	Assessment   Assessment
	Impact       Impact
	AssessedBy   string
	ConfirmedBy  string // the second signature on "no risk"
	NotifiedAt   time.Time
	LateReason   string
	LetterID     string // of the notice to the Office of the PDPC
	SupplementID string // of the last supplement
	SubjectsAt   time.Time
	SubjectsN    int
	ClosedAt     time.Time
	Lessons      string
	Version      int64

	subjectKey  string
	description []byte
}

// Deadline is when the 72 hours end; the zero time before anyone is aware.
func (b Breach) Deadline(t Terms) time.Time {
	if b.AwareAt.IsZero() {
		return time.Time{}
	}
	return b.AwareAt.Add(t.Notify)
}

// MustNotify tells whether the Office of the PDPC is to be told.
func (b Breach) MustNotify() bool {
	return b.Assessment.Risk == Risk || b.Assessment.Risk == HighRisk
}

// Event is a line of a breach's history.
type Event struct {
	At    time.Time
	Kind  string
	Actor string
	Body  map[string]string
}

// Transition is a declared change; what is not in the table does not happen.
type Transition struct {
	Action string
	From   []State
	To     State // "" keeps the state
	By     string
}

// Transitions is the whole workflow; docs/workflow.md prints it.
var Transitions = []Transition{
	{"report", nil, Reported, "breach.report"},
	{"aware", []State{Reported}, Aware, "breach.work"},
	{"dismiss", []State{Reported, Aware}, Dismissed, "breach.decide"},
	{"contain", []State{Reported, Aware, Assessed, Notified}, "", "breach.work"},
	{"take", []State{Reported, Aware, Assessed, Notified}, "", "breach.decide"},
	{"assess", []State{Aware, Assessed}, Assessed, "breach.work"},
	{"confirm", []State{Assessed}, "", "breach.decide"},
	{"draft", []State{Aware, Assessed, Notified}, "", "breach.decide"},
	{"notify", []State{Aware, Assessed}, Notified, "breach.decide"},
	{"supplement", []State{Notified}, "", "breach.decide"},
	{"reassess", []State{Notified}, "", "breach.work"},
	{"notify-subjects", []State{Assessed, Notified}, "", "breach.decide"},
	{"close", []State{Assessed, Notified}, Closed, "breach.decide"},
}

func transition(b *Breach, action string) (Transition, error) {
	for _, t := range Transitions {
		if t.Action != action {
			continue
		}
		if !slices.Contains(t.From, b.State) {
			break
		}
		if t.To == "" {
			t.To = b.State
		}
		return t, nil
	}
	return Transition{}, errs.New(errs.Conflict, "error.breach-transition", "action", action, "state", string(b.State))
}

// Next lists the actions that a breach's state allows.
func Next(b *Breach) []string {
	var out []string
	for _, t := range Transitions {
		if slices.Contains(t.From, b.State) {
			out = append(out, t.Action)
		}
	}
	return out
}
