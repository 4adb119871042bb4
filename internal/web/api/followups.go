package api

import (
	"time"

	"prasan/internal/errs"
	"prasan/internal/referral"
	"prasan/internal/thai"
)

// FollowUp is a question to an agency that was given personal data (row 49 of the record).
type FollowUp struct {
	ID          string     `json:"id"`
	Referral    string     `json:"referral"`
	Case        string     `json:"case" doc:"Reference of the case."`
	Agency      string     `json:"agency" doc:"Who asks."`
	To          string     `json:"to" doc:"Who is asked."`
	Round       int64      `json:"round"`
	State       string     `json:"state" enum:"planned,drafted,asked,answered"`
	Via         string     `json:"via,omitempty" enum:"local,email,letter"`
	Letter      string     `json:"letter,omitempty" doc:"Id of the letter that asks."`
	DueAt       time.Time  `json:"due_at"`
	AskedAt     *time.Time `json:"asked_at,omitempty"`
	ReplyBy     *time.Time `json:"reply_by,omitempty"`
	Overdue     bool       `json:"overdue" doc:"No answer in time."`
	Outcome     string     `json:"outcome,omitempty" enum:"needed,destroyed"`
	NeededUntil *time.Time `json:"needed_until,omitempty"`
	AnsweredAt  *time.Time `json:"answered_at,omitempty"`
	AnsweredBy  string     `json:"answered_by,omitempty"`
	Note        string     `json:"note,omitempty" doc:"With content=true; the reading is on file."`
}

type followUpAnswer struct {
	Outcome string `json:"outcome" enum:"needed,destroyed"`
	Until   string `json:"until,omitempty" doc:"YYYY-MM-DD: how long the data are needed; then it is asked again."`
	Note    string `json:"note,omitempty"`
}

func followUpOf(f referral.FollowUp, now time.Time) FollowUp {
	return FollowUp{ID: f.ID, Referral: f.Referral, Case: f.CaseReference, Agency: f.Agency, To: f.To, Round: f.Round, State: string(f.State), Via: f.Via, Letter: f.Letter, DueAt: f.DueAt, AskedAt: moment(f.AskedAt), ReplyBy: moment(f.ReplyBy), Overdue: f.Overdue(now),
		Outcome: f.Outcome, NeededUntil: moment(f.NeededUntil), AnsweredAt: moment(f.AnsweredAt), AnsweredBy: f.AnsweredBy}
}

// FollowUpOperations: what became of data that were disclosed.
func FollowUpOperations(s *referral.Service) []Operation {
	const tag, path = "referrals", "/follow-ups/{id}"
	show := func(f referral.FollowUp, err error) (FollowUp, error) { return followUpOf(f, s.Now()), err }
	return []Operation{
		Get(Operation{ID: "listFollowUps", Path: "/follow-ups", Tag: tag, Summary: "Questions to agencies about what became of data that were disclosed to them, newest first.", Query: append([]Param{{Name: "asked", Summary: "true: those that the caller's own agency is asked.", Enum: []string{"true"}}, {Name: "agency", Summary: "Code of the agency that asks."}, {Name: "state", Summary: "State of the follow-up."}, {Name: "case", Summary: "Reference of a case."}}, Paging...)}, func(c *Call) (Page[FollowUp], error) {
			limit, before, err := pageAt(c)
			if err != nil {
				return Page[FollowUp]{}, err
			}
			all, err := s.FollowUps(c.Request.Context(), c.Actor, referral.FollowUpFilter{Asked: c.Query("asked") == "true", Agency: c.Query("agency"), State: c.Query("state"), Case: c.Query("case"), Before: before, Limit: limit + 1})
			return PageOf(all, limit, func(f referral.FollowUp) FollowUp { return followUpOf(f, s.Now()) }, func(f referral.FollowUp) string { return MakeCursor(f.ID) }), err
		}),
		Get(Operation{ID: "getFollowUp", Path: path, Tag: tag, Summary: "A follow-up.", Query: []Param{{Name: "content", Summary: "true to read the note; the reading is on file.", Enum: []string{"true"}}}}, func(c *Call) (FollowUp, error) {
			out, err := show(s.FollowUp(c.Request.Context(), c.Actor, c.Path("id")))
			if err == nil && c.Query("content") == "true" {
				out.Note, err = s.FollowUpNote(c.Request.Context(), c.Actor, out.ID)
			}
			return out, err
		}),
		Get(post(Operation{ID: "askFollowUp", Path: path + "/ask", Tag: tag, Summary: "Ask now, by the way the letter went."}), func(c *Call) (FollowUp, error) {
			return show(s.Ask(c.Request.Context(), c.Actor, c.Path("id")))
		}),
		Do(post(Operation{ID: "answerFollowUp", Path: path + "/answer", Tag: tag, Summary: "Record the agency's answer: the agency itself where it is of this installation, or who takes it down."}), func(c *Call, in followUpAnswer) (FollowUp, error) {
			q := referral.FollowUpAnswer{Outcome: in.Outcome, Note: in.Note}
			if in.Until != "" {
				var err error
				if q.Until, err = time.ParseInLocation(time.DateOnly, in.Until, thai.Bangkok); err != nil {
					return FollowUp{}, errs.InvalidField("until", "error.date")
				}
			}
			return show(s.AnswerFollowUp(c.Request.Context(), c.Actor, c.Path("id"), q))
		}),
	}
}
