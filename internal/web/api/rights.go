package api

import (
	"time"

	"prasan/internal/rights"
)

// RightsRequest is a request of a person about his data.
type RightsRequest struct {
	Reference     string         `json:"reference"`
	Agency        string         `json:"agency"`
	Right         string         `json:"right" enum:"access,source,portability,objection,erasure,restriction,rectification,withdraw,complaint"`
	Channel       string         `json:"channel" enum:"web,counter,mail,letter"`
	State         string         `json:"state" enum:"received,identified,decided,executed,answered,closed,withdrawn"`
	CaseReference string         `json:"case_reference"`
	Cases         []string       `json:"cases" doc:"What it is about."`
	Identity      string         `json:"identity" doc:"How the person showed who he is; no copy is kept." enum:"tracking-code,email,phone,oidc,counter"`
	Issuer        string         `json:"issuer,omitempty" doc:"Who vouched for the identity."`
	Letter        string         `json:"letter,omitempty" doc:"Identifier of the letter of answer."`
	ConsentNumber string         `json:"consent_number,omitempty" doc:"Of a proof of consent to usage analysis, named with an erasure: what was passed on abroad under it is deleted there."`
	ReceivedAt    time.Time      `json:"received_at"`
	DueAt         time.Time      `json:"due_at" doc:"What is promised."`
	LawDueAt      time.Time      `json:"law_due_at" doc:"What the law allows."`
	Outcome       string         `json:"outcome,omitempty" enum:"granted,partly,refused"`
	Ground        string         `json:"ground,omitempty" doc:"The section on which a refusal rests."`
	Reasons       string         `json:"reasons,omitempty"`
	Manifest      []rights.Found `json:"manifest"`
	DecidedBy     string         `json:"decided_by,omitempty"`
	DecidedAt     *time.Time     `json:"decided_at,omitempty"`
	ExecutedAt    *time.Time     `json:"executed_at,omitempty"`
	AnsweredAt    *time.Time     `json:"answered_at,omitempty"`
	ClosedAt      *time.Time     `json:"closed_at,omitempty"`
	Next          []string       `json:"next"`
}

// RightsAssessment is whether the right applies, and what there is.
type RightsAssessment struct {
	Verdict  string           `json:"verdict" enum:"granted,partly,refused"`
	Findings []rights.Finding `json:"findings"`
	Manifest []rights.Found   `json:"manifest"`
	Excess   []string         `json:"excess" doc:"What lies beyond the record."`
}

// RightsReceipt is what the person keeps.
type RightsReceipt struct {
	Reference    string    `json:"reference"`
	TrackingCode string    `json:"tracking_code"`
	DueAt        time.Time `json:"due_at"`
	LawDueAt     time.Time `json:"law_due_at"`
}

// RightsEvent is a line of a request's history.
type RightsEvent struct {
	At     time.Time         `json:"at"`
	Kind   string            `json:"kind"`
	Actor  string            `json:"actor"`
	Public bool              `json:"public"`
	Body   map[string]string `json:"body"`
}

type newRightsRequest struct {
	Right     string `json:"right"`
	Case      string `json:"case" doc:"Reference of the case."`
	Statement string `json:"statement,omitempty"`
	Channel   string `json:"channel" enum:"counter,mail,letter"`

	ConsentNumber string `json:"consent_number,omitempty" doc:"Of the person's proof of consent to usage analysis, as the page on cookies shows it; for an erasure."`
}

type rightsDecision struct {
	Outcome string `json:"outcome" enum:"granted,partly,refused"`
	Ground  string `json:"ground,omitempty"`
	Reasons string `json:"reasons"`
}

type rightsOrder struct {
	Element string `json:"element,omitempty"`
	Value   string `json:"value,omitempty"`
}

type rightsAnswer struct {
	Text string `json:"text,omitempty" doc:"A word in plain language beside the letter."`
}

type rightsLetter struct {
	ID      string `json:"id"`
	Subject string `json:"subject"`
	State   string `json:"state"`
}

type rightsReason struct {
	Reason string `json:"reason"`
}

type rightsStatement struct {
	Statement string `json:"statement"`
}

func rightsOf(r rights.Request) RightsRequest {
	return RightsRequest{r.Reference, r.Agency, r.Right, r.Channel, string(r.State), r.CaseReference, append([]string{}, r.Mine()...), r.Identity, r.Issuer, r.LetterID, r.ConsentNumber, r.ReceivedAt, r.DueAt, r.LawDueAt, r.Outcome, r.Ground, r.Reasons, append([]rights.Found{}, r.Manifest...), r.DecidedBy,
		moment(r.DecidedAt), moment(r.ExecutedAt), moment(r.AnsweredAt), moment(r.ClosedAt), append([]string{}, rights.Next(&r)...)}
}

// RightsOperations: requests of people about their data, and the log of s.39(7).
func RightsOperations(s *rights.Service) []Operation {
	const tag, path = "rights", "/rights-requests/{reference}"
	show := func(r rights.Request, err error) (RightsRequest, error) { return rightsOf(r), err }
	act := func(id, name, summary string) Operation {
		return post(Operation{ID: id, Path: path + "/" + name, Tag: tag, Summary: summary})
	}
	list := func(f func(c *Call) ([]rights.Request, error)) func(c *Call) (Page[RightsRequest], error) {
		return func(c *Call) (Page[RightsRequest], error) {
			all, err := f(c)
			return PageOf(all, len(all), rightsOf, nil), err
		}
	}
	return []Operation{
		Get(Operation{ID: "listRightsRequests", Path: "/rights-requests", Tag: tag, Summary: "Requests that the caller may know of, those due first."}, list(func(c *Call) ([]rights.Request, error) { return s.List(c.Request.Context(), c.Actor) })),
		Get(Operation{ID: "listRefusals", Path: "/refusals", Tag: tag, Summary: "The log of refusals (PDPA s.39(7))."}, list(func(c *Call) ([]rights.Request, error) { return s.Refusals(c.Request.Context(), c.Actor) })),
		Do(Operation{ID: "takeRightsRequest", Path: "/rights-requests", Tag: tag, Summary: "Take a request down at the counter, of a person whose identity was seen.", Creates: true}, func(c *Call, in newRightsRequest) (RightsReceipt, error) {
			actor := c.Actor
			r, err := s.Submit(c.Request.Context(), rights.Submission{Right: in.Right, Statement: in.Statement, Channel: in.Channel, Lang: c.Lang, CaseReference: in.Case, ConsentNumber: in.ConsentNumber, By: &actor})
			c.Location = "/rights-requests/" + r.Reference
			return RightsReceipt{r.Reference, r.Code, r.DueAt, r.LawDueAt}, err
		}),
		Get(Operation{ID: "getRightsRequest", Path: path, Tag: tag, Summary: "A request."}, func(c *Call) (RightsRequest, error) {
			return show(s.Get(c.Request.Context(), c.Actor, c.Path("reference")))
		}),
		Get(Operation{ID: "getRightsStatement", Path: path + "/statement", Tag: tag, Summary: "What the person wrote; the reading is logged."}, func(c *Call) (rightsStatement, error) {
			text, err := s.Statement(c.Request.Context(), c.Actor, c.Path("reference"))
			return rightsStatement{text}, err
		}),
		Get(Operation{ID: "getRightsAssessment", Path: path + "/assessment", Tag: tag, Summary: "Whether the right applies by the lawful basis in the record, and what there is."}, func(c *Call) (RightsAssessment, error) {
			findings, manifest, excess, err := s.Assessment(c.Request.Context(), c.Actor, c.Path("reference"))
			return RightsAssessment{rights.Verdict(findings), append([]rights.Finding{}, findings...), append([]rights.Found{}, manifest...), append([]string{}, excess...)}, err
		}),
		Get(Operation{ID: "getRightsEvents", Path: path + "/events", Tag: tag, Summary: "Its history, oldest first."}, func(c *Call) (Page[RightsEvent], error) {
			all, err := s.History(c.Request.Context(), c.Actor, c.Path("reference"))
			return PageOf(all, len(all), func(e rights.Event) RightsEvent { return RightsEvent(e) }, nil), err
		}),
		Do(act("decideRightsRequest", "decide", "Decide it; a refusal names its section and is in the log of s.39(7) thereby."), func(c *Call, in rightsDecision) (RightsRequest, error) {
			return show(s.Decide(c.Request.Context(), c.Actor, c.Path("reference"), rights.Decision{Outcome: in.Outcome, Ground: in.Ground, Reasons: in.Reasons}))
		}),
		Do(act("executeRightsRequest", "execute", "Carry it out."), func(c *Call, in rightsOrder) (RightsRequest, error) {
			return show(s.Execute(c.Request.Context(), c.Actor, c.Path("reference"), rights.Order{Element: in.Element, Value: in.Value}))
		}),
		Get(act("draftRightsLetter", "draft", "Draw up the answer as an official letter, from what was decided and done."), func(c *Call) (rightsLetter, error) {
			l, err := s.Draft(c.Request.Context(), c.Actor, c.Path("reference"))
			return rightsLetter{l.ID, l.Subject, string(l.State)}, err
		}),
		Do(act("answerRightsRequest", "answer", "Answer the person with the letter that has its number; sending the letter does so too."), func(c *Call, in rightsAnswer) (RightsRequest, error) {
			return show(s.Answer(c.Request.Context(), c.Actor, c.Path("reference"), in.Text))
		}),
		Get(act("closeRightsRequest", "close", "End it."), func(c *Call) (RightsRequest, error) {
			return show(s.Close(c.Request.Context(), c.Actor, c.Path("reference")))
		}),
		Do(act("liftRestriction", "lift", "End a restriction of use."), func(c *Call, in rightsReason) (Nothing, error) {
			return Nothing{}, s.Lift(c.Request.Context(), c.Actor, c.Path("reference"), in.Reason)
		}),
	}
}
