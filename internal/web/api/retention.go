package api

import (
	"strconv"
	"time"

	"prasan/internal/errs"
	"prasan/internal/retention"
)

// Round is a destruction round.
type Round struct {
	ID             string             `json:"id"`
	Agency         string             `json:"agency"`
	Activity       string             `json:"activity"`
	Year           int                `json:"year" doc:"Common Era; the year at whose end it opened."`
	Matter         string             `json:"matter,omitempty" enum:"letter,letter-paper,letter-secret" doc:"Which letters it is about; absent for what people have written."`
	Path           string             `json:"path" enum:"committee,order"`
	State          string             `json:"state" enum:"opened,surveyed,committee,reviewed,archives,ordered,executed,certified"`
	OpenedAt       time.Time          `json:"opened_at"`
	SurveyBy       time.Time          `json:"survey_by"`
	RequestedBy    string             `json:"requested_by,omitempty"`
	Committee      []retention.Member `json:"committee"`
	ArchivesLetter string             `json:"archives_letter,omitempty" doc:"Number of the letter to the National Archives."`
	LetterID       string             `json:"letter_id,omitempty" doc:"Identifier of that letter."`
	ArchivesUntil  *time.Time         `json:"archives_until,omitempty" doc:"Without an answer of the National Archives the order may be given from then."`
	ArchivesAnswer string             `json:"archives_answer,omitempty"`
	OrderNumber    string             `json:"order_number,omitempty"`
	OrderedBy      string             `json:"ordered_by,omitempty"`
	Next           []string           `json:"next" doc:"Actions that the state allows."`
	Items          []RoundItem        `json:"items,omitempty"`
}

// RoundItem is a line of the list (form 25).
type RoundItem struct {
	No       int        `json:"no"`
	Kind     string     `json:"kind"`
	Label    string     `json:"label"`
	ClosedAt time.Time  `json:"closed_at"`
	DueAt    time.Time  `json:"due_at"`
	Decision string     `json:"decision,omitempty" enum:"destroy,extend,archive,hold"`
	Dissent  string     `json:"dissent,omitempty"`
	DoneAt   *time.Time `json:"done_at,omitempty"`
}

// MonitoringReport is one check of what is past its time.
type MonitoringReport struct {
	ID       string             `json:"id"`
	Activity string             `json:"activity"`
	Period   string             `json:"period"`
	Findings retention.Findings `json:"findings"`
	SignedBy string             `json:"signed_by,omitempty"`
	SignedAt *time.Time         `json:"signed_at,omitempty"`
}

// DestroyedCount is what is left to know of what was destroyed.
type DestroyedCount struct {
	Agency   string `json:"agency"`
	Activity string `json:"activity"`
	Year     int    `json:"year" doc:"Common Era; the year of the round."`
	Kind     string `json:"kind"`
	Count    int    `json:"count"`
}

// LegalHold keeps an object from destruction.
type LegalHold struct {
	ID       string    `json:"id"`
	Kind     string    `json:"kind"`
	Object   string    `json:"object" doc:"Identifier of what is held."`
	Label    string    `json:"label"`
	Agency   string    `json:"agency"`
	Reason   string    `json:"reason"`
	Order    string    `json:"order"`
	PlacedBy string    `json:"placed_by"`
	PlacedAt time.Time `json:"placed_at"`
}

func roundOf(r retention.Round) Round {
	return Round{ID: r.ID, Agency: r.Agency, Activity: r.Activity, Year: r.Year, Matter: r.Matter, Path: r.Path, State: string(r.State), OpenedAt: r.OpenedAt, SurveyBy: r.SurveyBy, RequestedBy: r.RequestedBy, Committee: append([]retention.Member{}, r.Committee...),
		ArchivesLetter: r.ArchivesLetter, LetterID: r.ArchivesLetterID, ArchivesUntil: moment(r.ArchivesUntil), ArchivesAnswer: r.ArchivesAnswer, OrderNumber: r.OrderNumber, OrderedBy: r.OrderedBy, Next: append([]string{}, retention.Next(&r)...)}
}

type roundSurvey struct {
	Path string `json:"path" enum:"committee,order"`
}
type roundCommittee struct {
	Members []retention.Member `json:"members"`
}
type roundAnswer struct {
	Text    string `json:"text"`
	Claimed []int  `json:"claimed,omitempty" doc:"Items that the National Archives take."`
}
type roundOrder struct {
	Number string `json:"number"`
}
type newHold struct {
	Round  string `json:"round" doc:"Round in whose list the object stands."`
	Item   int    `json:"item"`
	Reason string `json:"reason"`
	Order  string `json:"order"`
}

// RetentionOperations: monitoring, holds and destruction rounds.
func RetentionOperations(s *retention.Service) []Operation {
	const tag = "retention"
	path := "/destruction-rounds/{id}"
	act := func(name, summary string) Operation {
		return Operation{ID: name + "Round", Path: path + "/" + name, Tag: tag, Summary: summary}
	}
	show := func(r retention.Round, err error) (Round, error) { return roundOf(r), err }
	return []Operation{
		Get(Operation{ID: "listRounds", Path: "/destruction-rounds", Tag: tag, Summary: "Destruction rounds that the caller may see, newest first."}, func(c *Call) (Page[Round], error) {
			all, err := s.Rounds(c.Request.Context(), c.Actor)
			return PageOf(all, len(all), roundOf, nil), err
		}),
		Get(Operation{ID: "getRound", Path: path, Tag: tag, Summary: "A round with its list.", Query: []Param{{Name: "after", Summary: "Number of the item after which the list begins."}}}, func(c *Call) (Round, error) { return getRound(s, c) }),
		Do(act("survey", "Make the list of what is due (form 25)."), func(c *Call, in roundSurvey) (Round, error) {
			return show(s.Survey(c.Request.Context(), c.Actor, c.Path("id"), in.Path))
		}),
		Do(act("committee", "Name a chair and at least two members."), func(c *Call, in roundCommittee) (Round, error) {
			return show(s.NameCommittee(c.Request.Context(), c.Actor, c.Path("id"), in.Members))
		}),
		Do(act("decide", "Decide items: destroy, extend, archive or hold."), func(c *Call, in retention.Decision) (Round, error) {
			return show(s.Decide(c.Request.Context(), c.Actor, c.Path("id"), in))
		}),
		Get(post(act("review", "Close the committee's work.")), func(c *Call) (Round, error) { return show(s.Review(c.Request.Context(), c.Actor, c.Path("id"))) }),
		Get(post(act("draft", "Draw up the letter with which the list goes to the National Archives; the round follows when it is sent.")), func(c *Call) (Round, error) {
			return show(s.Draft(c.Request.Context(), c.Actor, c.Path("id")))
		}),
		Do(act("answer", "Note the answer of the National Archives."), func(c *Call, in roundAnswer) (Round, error) {
			return show(s.Answer(c.Request.Context(), c.Actor, c.Path("id"), in.Text, in.Claimed))
		}),
		Do(act("order", "Order the destruction; for the holder of the duty, never who asked for it."), func(c *Call, in roundOrder) (Round, error) {
			return show(s.Order(c.Request.Context(), c.Actor, c.Path("id"), in.Number))
		}),
		Get(Operation{ID: "getRoundCertificate", Path: path + "/certificate", Tag: tag, Summary: "The signed certificate of a round that is over."}, func(c *Call) (retention.Certificate, error) {
			r, _, err := s.Get(c.Request.Context(), c.Actor, c.Path("id"), 0, 1)
			if err == nil && r.Certificate == "" {
				err = errNotFound
			}
			if err != nil {
				return retention.Certificate{}, err
			}
			return retention.VerifyCertificate([]byte(r.Certificate))
		}),
		Get(Operation{ID: "listDestroyed", Path: "/destroyed", Tag: tag, Summary: "How much rounds have destroyed, by year, agency and kind."}, func(c *Call) (Page[DestroyedCount], error) {
			list, err := s.Destroyed(c.Request.Context(), c.Actor)
			out := []DestroyedCount{}
			for _, d := range list {
				out = append(out, DestroyedCount{d.Agency, d.Activity, d.Year, d.Kind, d.N})
			}
			return Page[DestroyedCount]{Items: out}, err
		}),
		Get(Operation{ID: "listHolds", Path: "/holds", Tag: tag, Summary: "Legal holds in force."}, func(c *Call) (Page[LegalHold], error) {
			all, err := s.Holds(c.Request.Context(), c.Actor)
			return PageOf(all, len(all), holdOf, nil), err
		}),
		Do(Operation{ID: "placeHold", Path: "/holds", Tag: tag, Summary: "Hold an item of a round's list, by an order.", Creates: true}, func(c *Call, in newHold) (LegalHold, error) { return placeHold(s, c, in) }),
		Get(post(Operation{ID: "releaseHold", Path: "/holds/{id}/release", Tag: tag, Summary: "End a hold."}), func(c *Call) (Nothing, error) {
			return Nothing{}, s.Release(c.Request.Context(), c.Actor, c.Path("id"))
		}),
		Get(Operation{ID: "listMonitoring", Path: "/monitoring", Tag: tag, Summary: "Checks of what is past its time, newest first.", Action: "retention.read", Query: []Param{{Name: "activity", Summary: "Code of the activity; contact-us if absent."}}}, func(c *Call) (Page[MonitoringReport], error) {
			activity := c.Query("activity")
			if activity == "" {
				activity = "contact-us"
			}
			all, err := s.Monitorings(c.Request.Context(), activity, 200)
			return PageOf(all, len(all), monitoringOf, nil), err
		}),
		Get(post(Operation{ID: "signMonitoring", Path: "/monitoring/{id}/sign", Tag: tag, Summary: "Sign a check; for the inspectors that the record names."}), func(c *Call) (Nothing, error) {
			return Nothing{}, s.Sign(c.Request.Context(), c.Actor, c.Path("id"))
		}),
	}
}

// post is an action without a body.
func post(o Operation) Operation { o.Method = "POST"; return o }

// listPage is how many items of a round's list are given at a time.
const listPage = 500

func getRound(s *retention.Service, c *Call) (Round, error) {
	after := 0
	if text := c.Query("after"); text != "" {
		var err error
		if after, err = strconv.Atoi(text); err != nil {
			return Round{}, errs.InvalidField("after", "error.cursor")
		}
	}
	r, items, err := s.Get(c.Request.Context(), c.Actor, c.Path("id"), after, listPage)
	out := roundOf(r)
	for _, i := range items {
		out.Items = append(out.Items, RoundItem{i.No, i.Kind, i.Label, i.ClosedAt, i.DueAt, i.Decision, i.Dissent, moment(i.DoneAt)})
	}
	return out, err
}

func holdOf(h retention.Hold) LegalHold {
	return LegalHold{h.ID, h.Kind, h.ObjectID, h.Label, h.Agency, h.Reason, h.OrderNumber, h.PlacedBy, h.PlacedAt}
}

func monitoringOf(m retention.Monitoring) MonitoringReport {
	return MonitoringReport{m.ID, m.Activity, m.Period, m.Body, m.SignedBy, moment(m.SignedAt)}
}

func placeHold(s *retention.Service, c *Call, in newHold) (LegalHold, error) {
	r, items, err := s.Get(c.Request.Context(), c.Actor, in.Round, in.Item-1, 1)
	if err != nil {
		return LegalHold{}, err
	}
	if len(items) == 0 || items[0].No != in.Item {
		return LegalHold{}, errs.InvalidField("item", "error.round-item", "no", in.Item)
	}
	h, err := s.Place(c.Request.Context(), c.Actor, retention.Hold{Kind: items[0].Kind, ObjectID: items[0].ObjectID, Label: items[0].Label, Agency: r.Agency, Reason: in.Reason, OrderNumber: in.Order})
	c.Location = "/holds"
	return holdOf(h), err
}
