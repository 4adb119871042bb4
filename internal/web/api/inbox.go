package api

import (
	"strconv"
	"time"

	"prasan/internal/errs"
	"prasan/internal/inbox"
	"prasan/internal/policy"
)

// InboundMail is a mail that came in.
type InboundMail struct {
	ID         string     `json:"id"`
	Agency     string     `json:"agency"`
	State      string     `json:"state" enum:"new,held,case,referral,letter,ignored,discarded"`
	Why        string     `json:"why,omitempty" doc:"The filter's word for why it is where it is."`
	Masked     bool       `json:"masked,omitempty" doc:"The record does not admit the caller to what stands on it."`
	From       string     `json:"from,omitempty" doc:"What the mail says; no proof of who wrote it."`
	FromName   string     `json:"from_name,omitempty"`
	Subject    string     `json:"subject,omitempty"`
	Date       *time.Time `json:"date,omitempty"`
	Authentic  string     `json:"authentic,omitempty" enum:"pass,fail" doc:"Whether the domain of the sender's address vouches for it."`
	Size       int64      `json:"size"`
	Case       string     `json:"case,omitempty" doc:"Reference of the case that it is on, or seems to be about."`
	Referral   string     `json:"referral,omitempty"`
	Letter     string     `json:"letter,omitempty" doc:"Id in the register of letters that came."`
	Note       string     `json:"note,omitempty"`
	HandledBy  string     `json:"handled_by,omitempty"`
	HandledAt  *time.Time `json:"handled_at,omitempty"`
	ReceivedAt time.Time  `json:"received_at"`
	Next       []string   `json:"next" doc:"What the caller may do with it."`
	Text       string     `json:"text,omitempty" doc:"With content=true; the reading is on file."`
	Files      []string   `json:"files,omitempty" doc:"Names of its files, with content=true."`
}

type (
	mailLink struct {
		Case     string `json:"case,omitempty" doc:"Reference of a case; the mail becomes a note of the office on it."`
		Referral string `json:"referral,omitempty" doc:"Id of a referral; the mail becomes the agency's answer."`
	}
	mailLetter struct {
		From     string `json:"from,omitempty" doc:"Code of an agency."`
		FromName string `json:"from_name,omitempty"`
		Number   string `json:"number,omitempty"`
		Dated    string `json:"dated,omitempty" doc:"2006-01-02; the date of the mail if absent."`
		Subject  string `json:"subject,omitempty"`
	}
	mailReason struct {
		Reason string `json:"reason"`
	}
)

func inboundOf(a policy.Actor) func(i inbox.Item) InboundMail {
	return func(i inbox.Item) InboundMail {
		out := InboundMail{ID: i.ID, Agency: i.Agency, State: string(i.State), Why: i.Why, Masked: i.Head == nil, Size: i.Size, Case: i.CaseReference, Referral: i.Referral, Letter: i.LetterIn, Note: i.Note, HandledBy: i.HandledBy, HandledAt: moment(i.HandledAt), ReceivedAt: i.ReceivedAt,
			Next: append([]string{}, inbox.Next(a, &i)...)}
		if h := i.Head; h != nil {
			out.From, out.FromName, out.Subject, out.Date, out.Authentic = h.From, h.Name, h.Subject, moment(h.Date), string(h.Authentic)
		}
		return out
	}
}

var mailStates = func() []string {
	var out []string
	for _, s := range inbox.States {
		out = append(out, string(s))
	}
	return out
}()

// InboxOperations: mail that came in, and the pen in which it waits.
func InboxOperations(s *inbox.Service) []Operation {
	const tag = "mail"
	act := func(id, path, summary string) Operation {
		return Operation{ID: id, Path: "/mail/{id}/" + path, Tag: tag, Summary: summary, Action: "mail.work"}
	}
	return []Operation{
		Get(Operation{ID: "listMail", Path: "/mail", Tag: tag, Summary: "Mail that came in, newest first; what waits, if no state is named.", Action: "mail.read", Query: append([]Param{{Name: "state", Summary: "Where it stands; held if absent.", Enum: mailStates}, {Name: "agency", Summary: "Code of an agency."}, {Name: "case", Summary: "Reference of a case."}, {Name: "referral", Summary: "Id of a referral."}}, Paging...)}, func(c *Call) (Page[InboundMail], error) {
			limit, before, err := pageAt(c)
			if err != nil {
				return Page[InboundMail]{}, err
			}
			f := inbox.Filter{State: inbox.State(c.Query("state")), Agency: c.Query("agency"), Case: c.Query("case"), Referral: c.Query("referral"), Before: before, Limit: limit + 1}
			if f.State == "" && f.Case == "" && f.Referral == "" {
				f.State = inbox.Held
			}
			all, err := s.List(c.Request.Context(), c.Actor, f)
			return PageOf(all, limit, inboundOf(c.Actor), func(i inbox.Item) string { return MakeCursor(i.ID) }), err
		}),
		Get(Operation{ID: "getMail", Path: "/mail/{id}", Tag: tag, Summary: "One mail.", Action: "mail.read", Query: []Param{{Name: "content", Summary: "true to read what it says; the reading is on file.", Enum: []string{"true"}}}}, func(c *Call) (InboundMail, error) {
			if c.Query("content") != "true" {
				i, err := s.Get(c.Request.Context(), c.Actor, c.Path("id"))
				return inboundOf(c.Actor)(i), err
			}
			i, m, err := s.Read(c.Request.Context(), c.Actor, c.Path("id"))
			if err != nil {
				return InboundMail{}, err
			}
			out := inboundOf(c.Actor)(i)
			out.Text = m.Text
			for _, f := range m.Files {
				out.Files = append(out.Files, f.Name)
			}
			return out, nil
		}),
		Get(Operation{ID: "getMailFile", Path: "/mail/{id}/files/{n}", Tag: tag, Summary: "A file of a mail, counted from 1, as it came.", Action: "mail.read", Types: []string{"application/octet-stream"}}, func(c *Call) (Raw, error) {
			n, err := strconv.Atoi(c.Path("n"))
			if err != nil {
				return Raw{}, errs.New(errs.NotFound, "error.not-found")
			}
			f, err := s.File(c.Request.Context(), c.Actor, c.Path("id"), n-1)
			return Raw{"application/octet-stream", f.Data}, err
		}),
		Do(act("linkMail", "link", "Put it on a case or a referral."), func(c *Call, in mailLink) (InboundMail, error) {
			link := s.LinkCase
			target := in.Case
			if in.Referral != "" {
				link, target = s.LinkReferral, in.Referral
			}
			i, err := link(c.Request.Context(), c.Actor, c.Path("id"), target)
			return inboundOf(c.Actor)(i), err
		}),
		Do(act("registerMail", "register", "Enter it as a letter that came; it gets its receive number there."), func(c *Call, in mailLetter) (InboundMail, error) {
			i, err := s.Enter(c.Request.Context(), c.Actor, c.Path("id"), inbox.Entry(in))
			return inboundOf(c.Actor)(i), err
		}),
		Do(act("discardMail", "discard", "End it; the reason is kept."), func(c *Call, in mailReason) (InboundMail, error) {
			i, err := s.Discard(c.Request.Context(), c.Actor, c.Path("id"), in.Reason)
			return inboundOf(c.Actor)(i), err
		}),
		Get(post(act("takeBackMail", "take-back", "Have it wait again.")), func(c *Call) (InboundMail, error) {
			i, err := s.TakeBack(c.Request.Context(), c.Actor, c.Path("id"))
			return inboundOf(c.Actor)(i), err
		}),
	}
}
