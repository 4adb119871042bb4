package api

import (
	"encoding/json"
	"io"
	"strconv"
	"time"

	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/referral"
	"prasan/internal/saraban"
)

// Referral is the sending of a case to a related agency by official letter.
type Referral struct {
	ID           string               `json:"id"`
	Case         string               `json:"case" doc:"Reference of the case."`
	Agency       string               `json:"agency" doc:"Who sends."`
	To           string               `json:"to" doc:"Whose the matter is."`
	State        string               `json:"state" enum:"drafted,sent,delivered,accepted,rejected,invalid,answered,published,recalled"`
	Fields       []string             `json:"fields" doc:"What is disclosed."`
	Checks       []string             `json:"checks"`
	Purpose      string               `json:"purpose"`
	Basis        string               `json:"basis" doc:"Section of the PDPA."`
	Suggestion   *referral.Suggestion `json:"suggestion,omitempty" doc:"What the program had suggested."`
	Contact      string               `json:"contact,omitempty"`
	Letter       string               `json:"letter" doc:"Id of its letter."`
	Channel      string               `json:"channel,omitempty" enum:"local,ecms,email,file,paper"`
	Revision     string               `json:"revision" doc:"Revision of the record it rests on."`
	Receipt      string               `json:"receipt,omitempty" doc:"Receive number of the agency (เลขรับ)."`
	DueAt        time.Time            `json:"due_at" doc:"By when the agency is to answer: its own clock."`
	Overdue      bool                 `json:"overdue"`
	CreatedBy    string               `json:"created_by"`
	CreatedAt    time.Time            `json:"created_at"`
	SentAt       *time.Time           `json:"sent_at,omitempty"`
	DeliveredAt  *time.Time           `json:"delivered_at,omitempty"`
	AcceptedAt   *time.Time           `json:"accepted_at,omitempty"`
	AnsweredAt   *time.Time           `json:"answered_at,omitempty"`
	PublishedAt  *time.Time           `json:"published_at,omitempty"`
	AnsweredWhom string               `json:"answered_whom,omitempty" enum:"sender,citizen" doc:"Whom the agency told: this office, or the citizen."`
	Reason       string               `json:"reason,omitempty" doc:"With content=true; the reading is on file."`
	InformedAt   *time.Time           `json:"informed_at,omitempty" doc:"When the citizen was told how far it has come."`
	OwesInterim  bool                 `json:"owes_interim" doc:"The time is over, there is no answer, and the citizen has not been told."`
	Answer       string               `json:"answer,omitempty" doc:"With content=true; private until it is published."`
}

// ReferredCase is a case with the referral that was just made.
type ReferredCase struct {
	Case
	Referral Referral `json:"referral"`
	Letter   Letter   `json:"letter" doc:"The draft of its letter."`
}

// Disclosure is a line of the log of disclosures (PDPA s.39(6)).
type Disclosure struct {
	ID           string    `json:"id"`
	At           time.Time `json:"at"`
	Referral     string    `json:"referral"`
	Case         string    `json:"case"`
	Agency       string    `json:"agency" doc:"Who disclosed."`
	To           string    `json:"to"`
	Channel      string    `json:"channel" enum:"local,ecms,email,file,paper"`
	Fields       []string  `json:"fields"`
	Purpose      string    `json:"purpose"`
	Basis        string    `json:"basis"`
	Letter       string    `json:"letter"`
	LetterNumber string    `json:"letter_number"`
	Revision     string    `json:"revision"`
	Actor        string    `json:"actor"`
	FollowUp     *FollowUp `json:"follow_up,omitempty" doc:"The last question to the agency about what became of the data."`
}

// referralChecks are the two looks before sending. They are given as names, or as an
// object of names and true.
type referralChecks []string

func (c *referralChecks) UnmarshalJSON(b []byte) error {
	var ticked map[string]bool
	if json.Unmarshal(b, &ticked) == nil {
		for name, yes := range ticked {
			if yes {
				*c = append(*c, name)
			}
		}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(c))
}

type newReferral struct {
	Agency  string         `json:"agency" doc:"Code of the agency whose the matter is."`
	Reason  string         `json:"reason"`
	Fields  []string       `json:"fields" doc:"What is disclosed: elements that the record declares for this recipient."`
	Checks  referralChecks `json:"checks" enum:"agency,content" doc:"Both are needed: the agency's name and the content were looked at (row 46)."`
	Contact string         `json:"contact,omitempty" doc:"Who to speak to at the agency."`
	Kind    string         `json:"kind,omitempty" enum:"external,memo,stamped"`
	Urgency string         `json:"urgency,omitempty" enum:"none,urgent,very-urgent,most-urgent"`
}

type (
	referralAnswer struct {
		Text   string `json:"text"`
		To     string `json:"to,omitempty" enum:"sender,citizen"`
		Letter string `json:"letter,omitempty" doc:"Id of the letter in which the answer came."`
	}
	referralText struct {
		Text string `json:"text"`
	}
)

func referralOf(r referral.Referral, now time.Time) Referral {
	out := Referral{ID: r.ID, Case: r.CaseReference, Agency: r.Agency, To: r.To, State: string(r.State), Fields: append([]string{}, r.Elements...), Checks: append([]string{}, r.Checks...), Purpose: r.Purpose, Basis: r.Basis, Contact: r.Contact, Letter: r.Letter, Channel: r.Channel, Revision: r.RevisionID, Receipt: r.AcceptNumber,
		DueAt: r.DueAt, Overdue: r.Overdue(now), CreatedBy: r.CreatedBy, CreatedAt: r.CreatedAt, SentAt: moment(r.SentAt), DeliveredAt: moment(r.DeliveredAt), AcceptedAt: moment(r.AcceptedAt), AnsweredAt: moment(r.AnsweredAt), PublishedAt: moment(r.PublishedAt), AnsweredWhom: r.AnswerBy, InformedAt: moment(r.InterimAt), OwesInterim: r.OwesInterim(now)}
	if r.Suggestion.Agency != "" {
		out.Suggestion = &r.Suggestion
	}
	return out
}

func disclosureOf(d referral.Disclosure) Disclosure {
	return Disclosure{d.ID, d.At, d.Referral, d.CaseReference, d.Agency, d.To, d.Channel, append([]string{}, d.Elements...), d.Purpose, d.Basis, d.Letter, d.LetterNumber, d.RevisionID, d.Actor, nil}
}

// ReferralOperations: referrals, what they disclosed, the directory of agencies.
func ReferralOperations(s *referral.Service, x *saraban.Service) []Operation {
	const tag, path = "referrals", "/referrals/{id}"
	show := func(r referral.Referral, err error) (Referral, error) { return referralOf(r, s.Now()), err }
	filter := func(c *Call) (referral.Filter, int, error) {
		limit, before, err := pageAt(c)
		return referral.Filter{Agency: c.Query("agency"), To: c.Query("to"), State: c.Query("state"), Case: c.Query("case"), Before: before, Limit: limit + 1}, limit, err
	}
	query := append([]Param{{Name: "agency", Summary: "Code of the agency that sent."}, {Name: "to", Summary: "Code of the agency it went to."}, {Name: "case", Summary: "Reference of a case."}}, Paging...)
	return []Operation{
		Do(Operation{ID: "referCase", Path: "/cases/{reference}/refer", Tag: tag, Summary: "Refer the case to the agency whose it is (steps 7 and 8): makes the draft of an official letter. What the record does not declare for the recipient is refused.", Creates: true}, func(c *Call, in newReferral) (ReferredCase, error) {
			r, l, err := s.Refer(c.Request.Context(), c.Actor, c.Path("reference"), referral.Request{To: in.Agency, Reason: in.Reason, Fields: in.Fields, Checks: in.Checks, Contact: in.Contact, Kind: letters.Kind(in.Kind), Urgency: letters.Urgency(in.Urgency)})
			if err != nil {
				return ReferredCase{}, err
			}
			c.Location = "/referrals/" + r.ID
			now, err := s.Cases.Known(c.Request.Context(), c.Actor, r.CaseReference)
			letter, err := letterFor(c, s.Letters, l, err)
			return ReferredCase{caseOf(now), referralOf(r, s.Now()), letter}, err
		}),
		Get(Operation{ID: "suggestAgencies", Path: "/cases/{reference}/suggestions", Tag: tag, Summary: "Agencies that the case may belong to, the likeliest first, and why. A person decides."}, func(c *Call) (Page[referral.Suggestion], error) {
			all, err := s.Suggest(c.Request.Context(), c.Actor, c.Path("reference"))
			return PageOf(all, len(all), func(g referral.Suggestion) referral.Suggestion { return g }, nil), err
		}),
		Get(Operation{ID: "listReferrals", Path: "/referrals", Tag: tag, Summary: "Referrals that the caller may know of, newest first.", Query: append([]Param{{Name: "state", Summary: "State of the referral."}}, query...)}, func(c *Call) (Page[Referral], error) {
			f, limit, err := filter(c)
			if err != nil {
				return Page[Referral]{}, err
			}
			all, err := s.List(c.Request.Context(), c.Actor, f)
			return PageOf(all, limit, func(r referral.Referral) Referral { return referralOf(r, s.Now()) }, func(r referral.Referral) string { return MakeCursor(r.ID) }), err
		}),
		Get(Operation{ID: "getReferral", Path: path, Tag: tag, Summary: "A referral.", Query: []Param{{Name: "content", Summary: "true to read reason and answer; the reading is on file.", Enum: []string{"true"}}}}, func(c *Call) (Referral, error) {
			if c.Query("content") != "true" {
				return show(s.Get(c.Request.Context(), c.Actor, c.Path("id")))
			}
			r, reason, answer, err := s.Words(c.Request.Context(), c.Actor, c.Path("id"))
			out := referralOf(r, s.Now())
			out.Reason, out.Answer = reason, answer
			return out, err
		}),
		Do(post(Operation{ID: "answerReferral", Path: path + "/answer", Tag: tag, Summary: "Take down the agency's answer that came outside this installation."}), func(c *Call, in referralAnswer) (Referral, error) {
			return show(s.Answer(c.Request.Context(), c.Actor, c.Path("id"), in.To, in.Text, in.Letter))
		}),
		Do(post(Operation{ID: "publishReferral", Path: path + "/publish", Tag: tag, Summary: "Tell the citizen the agency's answer, in the officer's words."}), func(c *Call, in referralText) (Referral, error) {
			return show(s.Publish(c.Request.Context(), c.Actor, c.Path("id"), in.Text))
		}),
		Get(post(Operation{ID: "remindReferral", Path: path + "/remind", Tag: tag, Summary: "Draft a reminder (เตือนครั้งที่ ๑, ๒) to an agency whose time is over."}), func(c *Call) (Letter, error) {
			l, err := s.Remind(c.Request.Context(), c.Actor, c.Path("id"))
			return letterFor(c, s.Letters, l, err)
		}),
		Do(post(Operation{ID: "informReferral", Path: path + "/inform", Tag: tag, Summary: "Tell the citizen how far the matter has come; without a text, what was drawn up."}), func(c *Call, in referralText) (Referral, error) {
			return show(s.Inform(c.Request.Context(), c.Actor, c.Path("id"), in.Text))
		}),
		Get(post(Operation{ID: "interimLetter", Path: "/letters/{id}/interim", Tag: "letters", Summary: "Draft an interim reply (แจ้งผลการดำเนินการเบื้องต้น) to a letter that came."}), func(c *Call) (Letter, error) {
			l, err := s.Interim(c.Request.Context(), c.Actor, c.Path("id"))
			return letterFor(c, s.Letters, l, err)
		}),
		Get(Operation{ID: "listDisclosures", Path: "/disclosures", Tag: tag, Summary: "The log of disclosures (PDPA ss.27 and 39(6)), newest first.", Query: query}, func(c *Call) (Page[Disclosure], error) {
			f, limit, err := filter(c)
			if err != nil {
				return Page[Disclosure]{}, err
			}
			all, err := s.Disclosures(c.Request.Context(), c.Actor, f)
			if err != nil {
				return Page[Disclosure]{}, err
			}
			var ids []string
			for _, d := range all {
				ids = append(ids, d.Referral)
			}
			after, err := s.LastFollowUps(c.Request.Context(), c.Actor, ids...)
			return PageOf(all, limit, func(d referral.Disclosure) Disclosure {
				out := disclosureOf(d)
				if f, ok := after[d.Referral]; ok {
					last := followUpOf(f, s.Now())
					out.FollowUp = &last
				}
				return out
			}, func(d referral.Disclosure) string { return MakeCursor(d.ID) }), err
		}),
		Get(Operation{ID: "listDirectory", Path: "/directory", Tag: tag, Summary: "How letters reach each agency, and what it is for.", Action: "letter.read"}, func(c *Call) (Page[saraban.Entry], error) {
			all, err := x.Directory(c.Request.Context())
			return PageOf(all, len(all), wholeEntry, nil), err
		}),
		Do(post(Operation{ID: "putDirectoryEntry", Path: "/directory", Tag: tag, Summary: "Change how letters reach an agency."}), func(c *Call, in saraban.Entry) (saraban.Entry, error) {
			return wholeEntry(in), x.PutEntry(c.Request.Context(), c.Actor, in)
		}),
		Get(Operation{ID: "getLetterPackage", Path: "/letters/{id}/package", Tag: "letters", Summary: "The signed package of a letter that was dispatched by file.", Types: []string{"application/zip"}}, func(c *Call) (Raw, error) {
			b, err := x.Package(c.Request.Context(), c.Actor, c.Path("id"))
			return Raw{"application/zip", b}, err
		}),
		Get(post(Operation{ID: "importLetter", Path: "/registers/in/import", Tag: "letters", Summary: "Take a package that was carried here into the letters that came. One that was altered is refused.", Upload: 64 << 20}), func(c *Call) (Letter, error) {
			data, err := io.ReadAll(c.Request.Body)
			if err != nil {
				return Letter{}, err
			}
			i, err := x.Import(c.Request.Context(), c.Actor, data)
			return letterIn(c.Actor, i), err
		}),
		Get(Operation{ID: "getLetterAttachment", Path: "/letters/{id}/attachments/{n}", Tag: "letters", Summary: "A file that came with a letter, counted from 1; the reading is on file.", Types: []string{"application/octet-stream"}}, func(c *Call) (Raw, error) {
			n, err := strconv.Atoi(c.Path("n"))
			if err != nil {
				return Raw{}, errNotFound
			}
			f, err := x.AttachmentIn(c.Request.Context(), c.Actor, c.Path("id"), n-1)
			return Raw{"application/octet-stream", f.Data}, err
		}),
		Get(Operation{ID: "getLetterHistory", Path: "/letters/{id}/events", Tag: "letters", Summary: "What happened to a letter, oldest first."}, func(c *Call) (Page[LetterEvent], error) {
			all, err := s.Letters.History(c.Request.Context(), c.Actor, c.Path("id"))
			if errs.KindOf(err) == errs.NotFound {
				all, err = x.HistoryIn(c.Request.Context(), c.Actor, c.Path("id"))
			}
			return PageOf(all, len(all), func(e letters.Event) LetterEvent { return LetterEvent(e) }, nil), err
		}),
	}
}

// LetterEvent is a line of a letter's history.
type LetterEvent struct {
	At    time.Time         `json:"at"`
	Kind  string            `json:"kind"`
	Actor string            `json:"actor"`
	Body  map[string]string `json:"body"`
}

func wholeEntry(e saraban.Entry) saraban.Entry {
	e.Subjects, e.Rules = append([]string{}, e.Subjects...), append([]saraban.Rule{}, e.Rules...)
	return e
}
