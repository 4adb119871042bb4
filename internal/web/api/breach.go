package api

import (
	"time"

	"prasan/internal/breach"
	"prasan/internal/policy"
)

// Breach is a breach of personal data.
type Breach struct {
	ID           string            `json:"id"`
	Agency       string            `json:"agency"`
	Activity     string            `json:"activity"`
	Drill        bool              `json:"drill"`
	State        string            `json:"state" enum:"reported,aware,assessed,notified,closed,dismissed"`
	Kinds        []string          `json:"kinds"`
	Channel      string            `json:"channel"`
	OccurredFrom time.Time         `json:"occurred_from"`
	OccurredTo   time.Time         `json:"occurred_to"`
	ReportedBy   string            `json:"reported_by"`
	ReportedAt   time.Time         `json:"reported_at"`
	AwareAt      *time.Time        `json:"aware_at,omitempty" doc:"When a person became aware; set once."`
	AwareBy      string            `json:"aware_by,omitempty"`
	Deadline     *time.Time        `json:"deadline,omitempty" doc:"72 hours after awareness (PDPA s.37(4))."`
	Assessment   breach.Assessment `json:"assessment"`
	Impact       breach.Impact     `json:"impact"`
	AssessedBy   string            `json:"assessed_by,omitempty"`
	ConfirmedBy  string            `json:"confirmed_by,omitempty"`
	NotifiedAt   *time.Time        `json:"notified_at,omitempty"`
	LateReason   string            `json:"late_reason,omitempty"`
	SubjectsAt   *time.Time        `json:"subjects_told_at,omitempty"`
	SubjectsN    int               `json:"subjects_told"`
	ClosedAt     *time.Time        `json:"closed_at,omitempty"`
	Lessons      string            `json:"lessons,omitempty"`
	Next         []string          `json:"next"`
}

type newBreach struct {
	Agency       string    `json:"agency"`
	Activity     string    `json:"activity"`
	Kinds        []string  `json:"kinds" doc:"confidentiality, integrity, availability."`
	Channel      string    `json:"channel" enum:"office,province,phone,mail,system"`
	Description  string    `json:"description"`
	OccurredFrom time.Time `json:"occurred_from"`
	OccurredTo   time.Time `json:"occurred_to"`
	Drill        bool      `json:"drill,omitempty"`
}

type breachText struct {
	Text string `json:"text"`
}

type breachAssessment struct {
	breach.Assessment
	From  *time.Time `json:"from,omitempty" doc:"Window of the logs; when it occurred, if absent."`
	To    *time.Time `json:"to,omitempty"`
	Actor string     `json:"actor,omitempty" doc:"Account whose acts are looked at."`
}

type breachLetter struct {
	LateReason string `json:"late_reason,omitempty" doc:"Why it comes after the 72 hours."`
	Text       string `json:"text,omitempty" doc:"Of a supplement: what was not known at first."`
}

type breachLate struct {
	LateReason string `json:"late_reason,omitempty"`
}

type breachMeasure struct {
	Measure string `json:"measure" enum:"sessions,keys,smtp,imap,ecms,analytics,sms,oidc"`
	Account string `json:"account,omitempty" doc:"Whose sessions end; everybody's if absent."`
	Reason  string `json:"reason"`
}

type gateReason struct {
	Reason string `json:"reason"`
}

// Gate is a way out of the program that a breach has closed.
type Gate struct {
	Name     string    `json:"name"`
	ClosedAt time.Time `json:"closed_at"`
	ClosedBy string    `json:"closed_by"`
	Reason   string    `json:"reason"`
	Breach   string    `json:"breach"`
}

// BreachNotice is the text of the letter to the Office of the PDPC.
type BreachNotice struct {
	Sections []breach.Section `json:"sections"`
}

// BreachHistory is a line of a breach's history.
type BreachHistory struct {
	At    time.Time         `json:"at"`
	Kind  string            `json:"kind"`
	Actor string            `json:"actor"`
	Body  map[string]string `json:"body"`
}

// BreachOperations: breaches, and how the contact of a notice and the labels of
// elements are found.
func BreachOperations(s *breach.Service, contact func(agency string) policy.Contact, labels func(activity string) map[string]string) []Operation {
	const tag, path = "breaches", "/breaches/{id}"
	show := func(b breach.Breach, err error) (Breach, error) { return breachOf(s, b), err }
	act := func(id, name, summary string) Operation {
		return post(Operation{ID: id, Path: path + "/" + name, Tag: tag, Summary: summary})
	}
	return []Operation{
		Get(Operation{ID: "listBreaches", Path: "/breaches", Tag: tag, Summary: "Breaches that the caller may know of, newest first."}, func(c *Call) (Page[Breach], error) {
			all, err := s.List(c.Request.Context(), c.Actor)
			return PageOf(all, len(all), func(b breach.Breach) Breach { return breachOf(s, b) }, nil), err
		}),
		Do(Operation{ID: "reportBreach", Path: "/breaches", Tag: tag, Summary: "Report a breach, or begin a drill.", Creates: true}, func(c *Call, in newBreach) (Breach, error) {
			b, err := s.Report(c.Request.Context(), c.Actor, breach.Report{Agency: in.Agency, Activity: in.Activity, Kinds: in.Kinds, Channel: in.Channel, Description: in.Description, OccurredFrom: in.OccurredFrom, OccurredTo: in.OccurredTo, Drill: in.Drill})
			c.Location = "/breaches/" + b.ID
			return show(b, err)
		}),
		Get(Operation{ID: "getBreach", Path: path, Tag: tag, Summary: "A breach."}, func(c *Call) (Breach, error) { return show(s.Get(c.Request.Context(), c.Actor, c.Path("id"))) }),
		Get(Operation{ID: "getBreachDescription", Path: path + "/description", Tag: tag, Summary: "What was reported; the reading is logged."}, func(c *Call) (breachText, error) {
			text, err := s.Describe(c.Request.Context(), c.Actor, c.Path("id"))
			return breachText{text}, err
		}),
		Get(Operation{ID: "getBreachHistory", Path: path + "/events", Tag: tag, Summary: "Its history, oldest first."}, func(c *Call) (Page[BreachHistory], error) {
			all, err := s.History(c.Request.Context(), c.Actor, c.Path("id"))
			return PageOf(all, len(all), func(e breach.Event) BreachHistory { return BreachHistory(e) }, nil), err
		}),
		Get(Operation{ID: "getBreachNotice", Path: path + "/notice", Tag: tag, Summary: "The text of the notice to the Office of the PDPC."}, func(c *Call) (BreachNotice, error) {
			b, err := s.Get(c.Request.Context(), c.Actor, c.Path("id"))
			if err != nil {
				return BreachNotice{}, err
			}
			return BreachNotice{breach.Notice(b, s.Terms, contact(b.Agency), labels(b.Activity))}, nil
		}),
		Get(act("awareOfBreach", "aware", "A person is aware of it now: the 72 hours begin."), func(c *Call) (Breach, error) {
			return show(s.BeAware(c.Request.Context(), c.Actor, c.Path("id")))
		}),
		Do(act("dismissBreach", "dismiss", "It was no breach; the reasons are kept."), func(c *Call, in breachText) (Breach, error) {
			return show(s.Dismiss(c.Request.Context(), c.Actor, c.Path("id"), in.Text))
		}),
		Do(act("containBreach", "contain", "Note what was done to contain it."), func(c *Call, in breachText) (Breach, error) {
			return show(s.Contain(c.Request.Context(), c.Actor, c.Path("id"), in.Text))
		}),
		Do(act("assessBreach", "assess", "Weigh the risk by the factors of the notification of B.E. 2565; who and what is affected is computed."), func(c *Call, in breachAssessment) (Breach, error) {
			w := breach.Window{Actor: in.Actor}
			if in.From != nil && in.To != nil {
				w.From, w.To = *in.From, *in.To
			}
			return show(s.Assess(c.Request.Context(), c.Actor, c.Path("id"), in.Assessment, w))
		}),
		Get(act("confirmBreach", "confirm", "The second signature on “no risk”."), func(c *Call) (Breach, error) {
			return show(s.Confirm(c.Request.Context(), c.Actor, c.Path("id")))
		}),
		Do(act("takeBreachMeasure", "take", "Take a measure that is at hand: end sessions, replace keys, close a way out. In a drill it is noted only."), func(c *Call, in breachMeasure) (Breach, error) {
			return show(s.Take(c.Request.Context(), c.Actor, c.Path("id"), breach.Measure{What: in.Measure, Account: in.Account, Reason: in.Reason}))
		}),
		Do(act("draftBreachLetter", "draft", "Draw up the notice to the Office of the PDPC as an official letter; after the first one, a supplement."), func(c *Call, in breachLetter) (rightsLetter, error) {
			l, err := s.Draft(c.Request.Context(), c.Actor, c.Path("id"), in.LateReason, in.Text)
			return rightsLetter{l.ID, l.Subject, string(l.State)}, err
		}),
		Do(act("notifyBreach", "notify", "The Office of the PDPC has been told by the letter that has its number; sending the letter notes it, too."), func(c *Call, in breachLate) (Breach, error) {
			return show(s.Notify(c.Request.Context(), c.Actor, c.Path("id"), in.LateReason))
		}),
		Get(act("supplementBreach", "supplement", "The supplement has gone, by the letter that has its number."), func(c *Call) (Breach, error) {
			return show(s.Supplement(c.Request.Context(), c.Actor, c.Path("id")))
		}),
		Get(Operation{ID: "listGates", Path: "/gates", Tag: tag, Summary: "Ways out of the program that a breach has closed.", Action: "breach.read"}, func(c *Call) (Page[Gate], error) {
			all, err := s.Closed(c.Request.Context())
			return PageOf(all, len(all), func(g breach.Gate) Gate { return Gate{g.Name, g.ClosedAt, g.ClosedBy, g.Reason, g.Breach} }, nil), err
		}),
		Do(post(Operation{ID: "openGate", Path: "/gates/{name}/open", Tag: tag, Summary: "Open a way out again."}), func(c *Call, in gateReason) (Nothing, error) {
			return Nothing{}, s.Open(c.Request.Context(), c.Actor, c.Path("name"), in.Reason)
		}),
		Do(act("notifyBreachSubjects", "notify-subjects", "Tell the persons concerned by mail; in a drill nobody is told."), func(c *Call, in breachText) (Breach, error) {
			return show(s.NotifySubjects(c.Request.Context(), c.Actor, c.Path("id"), in.Text))
		}),
		Do(act("closeBreach", "close", "End it, with what was learnt."), func(c *Call, in breachText) (Breach, error) {
			return show(s.Close(c.Request.Context(), c.Actor, c.Path("id"), in.Text))
		}),
	}
}

func breachOf(s *breach.Service, b breach.Breach) Breach {
	if b.Assessment.Factors == nil {
		b.Assessment.Factors = map[string]string{}
	}
	for _, m := range []*map[string]int{&b.Impact.Elements, &b.Impact.Actors, &b.Impact.Recipients} {
		if *m == nil {
			*m = map[string]int{}
		}
	}
	return Breach{b.ID, b.Agency, b.Activity, b.Drill, string(b.State), append([]string{}, b.Kinds...), b.Channel, b.OccurredFrom, b.OccurredTo, b.ReportedBy, b.ReportedAt, moment(b.AwareAt), b.AwareBy, moment(b.Deadline(s.Terms)),
		b.Assessment, b.Impact, b.AssessedBy, b.ConfirmedBy, moment(b.NotifiedAt), b.LateReason, moment(b.SubjectsAt), b.SubjectsN, moment(b.ClosedAt), b.Lessons, append([]string{}, breach.Next(&b)...)}
}
