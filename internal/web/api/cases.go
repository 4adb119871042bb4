package api

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/mail"
	"prasan/internal/policy"
	"prasan/internal/processing"
)

// Case is a case as a list shows it: nothing personal in it.
type Case struct {
	Reference       string         `json:"reference"`
	Site            string         `json:"site" doc:"Host of the site it came by."`
	Topic           string         `json:"topic" enum:"question,feedback,suggestion,problem"`
	Channel         string         `json:"channel" enum:"web,phone,counter,mail,letter"`
	State           string         `json:"state" enum:"quarantined,received,considering,in_progress,awaiting_sender,referred,answered,closed"`
	Agency          string         `json:"agency" doc:"Who holds it."`
	OriginAgency    string         `json:"origin_agency"`
	OutsideRef      string         `json:"outside_ref,omitempty" doc:"Its number elsewhere, such as Traffy Fondue or 1111."`
	Lang            string         `json:"lang"`
	Parked          bool           `json:"parked" doc:"Waits for a referral."`
	WithholdName    bool           `json:"withhold_name" doc:"The sender's name is withheld from who is complained about."`
	AboutStaff      bool           `json:"about_staff"`
	Assignee        string         `json:"assignee,omitempty"`
	Result          string         `json:"result,omitempty"`
	Rating          int            `json:"rating,omitempty"`
	QuarantineWhy   string         `json:"quarantine_why,omitempty"`
	Revision        string         `json:"revision" doc:"Id of the revision of the record under which it was collected."`
	Notice          string         `json:"notice" doc:"Id of the privacy notice that was shown."`
	ReceivedAt      time.Time      `json:"received_at"`
	DueAt           time.Time      `json:"due_at"`
	ClockLeft       int64          `json:"clock_left,omitempty" doc:"Seconds that are left when the sender has answered; the clock stands."`
	AnsweredAt      *time.Time     `json:"answered_at,omitempty"`
	ClosedAt        *time.Time     `json:"closed_at,omitempty"`
	DestroyAt       *time.Time     `json:"destroy_at,omitempty"`
	EmailVerifiedAt *time.Time     `json:"email_verified_at,omitempty"`
	Given           []string       `json:"given" doc:"Which elements of the record the sender gave."`
	Sender          map[string]any `json:"sender" doc:"{\"masked\": true}, or the elements that the purpose opens, by the names of the form's fields."`
}

func caseOf(c cases.Case) Case {
	return Case{Reference: c.Reference, Site: c.Site, Topic: c.Topic, Channel: c.Channel, State: string(c.State), Agency: c.Agency, OriginAgency: c.OriginAgency, OutsideRef: c.OutsideRef, Lang: c.Lang,
		Parked: c.Parked, WithholdName: c.WithholdName, AboutStaff: c.AboutStaff, Assignee: c.Assignee, Result: c.Result, Rating: c.Rating, QuarantineWhy: c.QuarantineWhy, Revision: c.RevisionID, Notice: c.NoticeID,
		ReceivedAt: c.ReceivedAt, DueAt: c.DueAt, ClockLeft: int64(c.ClockLeft / time.Second), AnsweredAt: moment(c.AnsweredAt), ClosedAt: moment(c.ClosedAt), DestroyAt: moment(c.DestroyAt), EmailVerifiedAt: moment(c.EmailVerified),
		Given: append([]string{}, c.Given()...), Sender: map[string]any{"masked": true}}
}

// CaseLine is a case in a list.
type CaseLine struct {
	Case
	Excerpt string `json:"excerpt,omitempty" doc:"The first words, where they were asked for and the record admits the caller."`
}

// CaseDetail is a case with what was written.
type CaseDetail struct {
	Case
	Message string   `json:"message"`
	Masked  bool     `json:"masked" doc:"The record does not admit the caller to what was written."`
	Next    []string `json:"next" doc:"Actions open to the caller now."`
	Reads   []string `json:"purposes" doc:"Purposes for which the record lets the caller read the sender's data."`
}

// CaseEvent is a line of a case's timeline.
type CaseEvent struct {
	Seq         int64             `json:"seq"`
	At          time.Time         `json:"at"`
	Kind        string            `json:"kind" doc:"The action of the workflow."`
	Actor       string            `json:"actor" doc:"An account; \"sender\" or \"system\"."`
	From        string            `json:"from,omitempty"`
	To          string            `json:"to,omitempty"`
	Step        int               `json:"step" doc:"Of the flow that the record declares."`
	Public      bool              `json:"public" doc:"The sender sees it."`
	Text        string            `json:"text,omitempty"`
	Meta        map[string]string `json:"meta,omitempty"`
	Attachments []Attachment      `json:"attachments,omitempty"`
}

// Attachment is a file of a case; the link works for ten minutes and its opening is logged.
type Attachment struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
	Link string `json:"link"`
}

// Mail is a mail of a case and what became of it.
type Mail struct {
	ID        string     `json:"id"`
	Kind      string     `json:"kind"`
	State     string     `json:"state" enum:"queued,handed_over,failed,bounced"`
	Attempts  int        `json:"attempts"`
	LastError string     `json:"last_error,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	ChangedAt time.Time  `json:"changed_at"`
	NextAt    *time.Time `json:"next_at,omitempty"`
}

func mailOf(m mail.State) Mail {
	return Mail{m.ID, m.Kind, m.State, m.Attempts, m.LastError, m.CreatedAt, m.ChangedAt, moment(m.NextAt)}
}

// Reading is one act on the personal data of a case.
type Reading struct {
	At       time.Time `json:"at"`
	Act      string    `json:"act" enum:"collect,read,send,export,erase"`
	Actor    string    `json:"actor"`
	Purpose  string    `json:"purpose"`
	Ground   string    `json:"ground" doc:"Principal or order of the record that it rests on."`
	Elements []string  `json:"elements"`
	Revision string    `json:"revision"`
	Detail   string    `json:"detail,omitempty"`
}

func readingOf(r processing.Reading) Reading {
	return Reading{time.UnixMicro(r.At).UTC(), r.Act, r.Actor, r.Purpose, r.Ground, r.Elements, r.Revision, r.Detail}
}

// CaseCounts are the numbers beside the views of an inbox.
type CaseCounts struct {
	Open        int `json:"open"`
	Mine        int `json:"mine"`
	Overdue     int `json:"overdue"`
	Today       int `json:"today" doc:"Due today."`
	Quarantined int `json:"quarantined"`
	Parked      int `json:"parked"`
}

// CaseReceipt is what the sender is given.
type CaseReceipt struct {
	Reference    string    `json:"reference"`
	TrackingCode string    `json:"tracking_code" doc:"Told once; kept only hashed."`
	State        string    `json:"state"`
	Agency       string    `json:"agency"`
	ReceivedAt   time.Time `json:"received_at"`
	ReplyBy      time.Time `json:"reply_by"`
}

// NewCode is a tracking code that replaces the one before.
type NewCode struct {
	Reference    string `json:"reference"`
	TrackingCode string `json:"tracking_code" doc:"Told once; kept only hashed."`
}

// Chain is an endorsement chain: what a case goes through before its relevance is decided.
type Chain struct {
	Steps []string `json:"steps" enum:"propose,remark,order,delegate"`
}

type newCase struct {
	Site         string `json:"site" doc:"Host of a site."`
	Topic        string `json:"topic" enum:"question,feedback,suggestion,problem"`
	Message      string `json:"message"`
	GivenName    string `json:"given_name"`
	FamilyName   string `json:"family_name,omitempty"`
	Phone        string `json:"phone,omitempty"`
	Email        string `json:"email,omitempty"`
	Channel      string `json:"channel" enum:"web,phone,counter,mail,letter"`
	OutsideRef   string `json:"outside_ref,omitempty"`
	Lang         string `json:"lang,omitempty" enum:"th,en" doc:"In which the sender is written to; th if absent."`
	WithholdName bool   `json:"withhold_name,omitempty"`
	AboutStaff   bool   `json:"about_staff,omitempty"`

	Attachments []string `json:"attachments,omitempty" doc:"The files that were uploaded for it, as their uploads named them; at most five."`
}

// Uploaded is a file that waits for its case.
type Uploaded struct {
	File string `json:"file" doc:"What names it in a new case: to the same account, for a day."`
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
}

// sender is what was given, by elements of the record. One that the record does not
// declare is refused by the service, not here.
func (n newCase) sender() map[string]string {
	out := map[string]string{}
	for field, value := range map[string]string{"given_name": n.GivenName, "family_name": n.FamilyName, "phone": n.Phone, "email": n.Email} {
		if strings.TrimSpace(value) != "" {
			out[cases.ElementOf(field)] = value
		}
	}
	return out
}

var listParams = []Param{
	{Name: "view", Summary: "Which cases: all if absent.", Enum: []string{"open", "mine", "parked", "answered", "quarantined", "closed", "all"}},
	{Name: "state", Summary: "In a state.", Enum: names(cases.States)},
	{Name: "topic", Summary: "Of a topic.", Enum: cases.Topics},
	{Name: "channel", Summary: "Come by a channel.", Enum: cases.Channels},
	{Name: "site", Summary: "Host of the site it came by."},
	{Name: "agency", Summary: "Code of the agency that holds it."},
	{Name: "assignee", Summary: "Account it is assigned to."},
	{Name: "overdue", Summary: "Past its due time.", Enum: []string{"true", "false"}},
	{Name: "q", Summary: "A reference, a phone number, an e-mail address, or words of a name; whole values only."},
	{Name: "excerpts", Summary: "With the first words of each; one reading is logged for the page.", Enum: []string{"true", "false"}},
}

func names[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = string(x)
	}
	return out
}

const casePath = "/cases/{reference}"

// caseOperations: what the office does with cases, but for the actions.
func (a *API) caseOperations() []Operation {
	if a.Cases == nil {
		return nil
	}
	const tag = "cases"
	return append([]Operation{
		Get(Operation{ID: "getChain", Path: "/agencies/{code}/chain", Tag: tag, Summary: "The endorsement chain of an agency; without steps one person may do all."}, func(c *Call) (Chain, error) {
			steps, err := a.Cases.Chain(c.Request.Context(), c.Path("code"))
			return Chain{append([]string{}, steps...)}, err
		}),
		Do(Operation{ID: "setChain", Method: "PUT", Path: "/agencies/{code}/chain", Tag: tag, Summary: "Set the endorsement chain of an agency.", Action: "case.chain"}, func(c *Call, in Chain) (Chain, error) {
			return in, a.Cases.SetChain(c.Request.Context(), c.Actor, c.Path("code"), in.Steps)
		}),
		Get(Operation{ID: "listCases", Path: "/cases", Tag: tag, Summary: "Cases that the caller may see: open ones by due time, others by the time they came, newest first.", Query: append(listParams, Paging...)}, a.listCases),
		Get(Operation{ID: "countCases", Path: "/case-counts", Tag: tag, Summary: "How many cases wait, for the caller and his agency."}, a.countCases),
		Do(Operation{ID: "receiveCase", Path: "/cases", Tag: tag, Summary: "Take down a message that came by any channel.", Creates: true}, a.receiveCase),
		Get(post(Operation{ID: "uploadFile", Path: "/uploads", Tag: tag, Summary: "Upload a file for a new case; it is encrypted as it arrives.", Action: "case.receive", Upload: max(a.MaxFile, 1), Query: []Param{{Name: "name", Summary: "Name of the file."}}}), a.uploadFile),
		Get(Operation{ID: "getCase", Path: casePath, Tag: tag, Summary: "A case. What was written is opened where the record admits the caller, and logged. The sender stays masked unless a purpose is declared for him.",
			Query: []Param{{Name: "purpose", Summary: "Code of a purpose of the record for which the sender's data is read; the reading is logged."}}}, a.getCase),
		Get(Operation{ID: "listCaseEvents", Path: casePath + "/events", Tag: tag, Summary: "The timeline, oldest first."}, a.listCaseEvents),
		Get(Operation{ID: "listCaseAttachments", Path: casePath + "/attachments", Tag: tag, Summary: "The files of a case."}, a.listCaseAttachments),
		Get(Operation{ID: "listCaseMail", Path: casePath + "/mail", Tag: tag, Summary: "The mails of a case and what became of them, newest first."}, func(c *Call) (Page[Mail], error) {
			list, err := a.Cases.Post(c.Request.Context(), c.Actor, c.Path("reference"))
			return PageOf(list, len(list), mailOf, nil), err
		}),
		Get(post(Operation{ID: "retryCaseMail", Path: casePath + "/mail/{id}/retry", Tag: tag, Summary: "Send a mail again that failed or bounced."}), func(c *Call) (Nothing, error) {
			return Nothing{}, a.Cases.RetryMail(c.Request.Context(), c.Actor, c.Path("reference"), c.Path("id"))
		}),
		Get(Operation{ID: "listCaseReadings", Path: casePath + "/readings", Tag: tag, Summary: "What was done with the personal data of a case, newest first."}, func(c *Call) (Page[Reading], error) {
			list, err := a.Cases.Readings(c.Request.Context(), c.Actor, c.Path("reference"))
			return PageOf(list, len(list), readingOf, nil), err
		}),
		Get(post(Operation{ID: "reissueCode", Path: casePath + "/reissue", Tag: tag, Summary: "A new tracking code, for a person whom the officer has identified; the old one ends."}), func(c *Call) (NewCode, error) {
			code, err := a.Cases.Reissue(c.Request.Context(), c.Actor, c.Path("reference"))
			return NewCode{c.Path("reference"), code}, err
		}),
	}, a.caseActions()...)
}

func (a *API) listCases(c *Call) (Page[CaseLine], error) {
	limit, err := c.Limit()
	if err != nil {
		return Page[CaseLine]{}, err
	}
	f := cases.Filter{View: c.Query("view"), State: cases.State(c.Query("state")), Topic: c.Query("topic"), Channel: c.Query("channel"), Site: c.Query("site"), Agency: c.Query("agency"), Assignee: c.Query("assignee"),
		Overdue: c.Query("overdue") == "true", Search: c.Query("q"), Excerpts: c.Query("excerpts") == "true", Cursor: c.Query("cursor"), Limit: limit}
	if f.View == "" {
		f.View = "all"
	}
	list, err := a.Cases.List(c.Request.Context(), c.Actor, f)
	page := PageOf(list.Lines, limit, func(l cases.Line) CaseLine { return CaseLine{caseOf(l.Case), l.Excerpt} }, nil)
	page.Next = list.Next
	return page, err
}

func (a *API) countCases(c *Call) (CaseCounts, error) {
	n, err := a.Cases.Count(c.Request.Context(), c.Actor)
	return CaseCounts(n), err
}

func (a *API) receiveCase(c *Call, in newCase) (CaseReceipt, error) {
	if in.Lang == "" {
		in.Lang = "th"
	}
	nonce := c.Nonce
	if nonce == nil {
		nonce = make([]byte, 16)
		rand.Read(nonce)
	}
	files, err := a.staged(c, in.Attachments)
	if err != nil {
		return CaseReceipt{}, err
	}
	r, err := a.Cases.Submit(c.Request.Context(), cases.Submission{Attachments: files, Site: in.Site, Topic: in.Topic, Channel: in.Channel, OutsideRef: in.OutsideRef, Lang: in.Lang, Message: in.Message, Sender: in.sender(),
		WithholdName: in.WithholdName, AboutStaff: in.AboutStaff, Nonce: nonce, By: &c.Actor})
	if err != nil {
		return CaseReceipt{}, err
	}
	c.Location = "/cases/" + r.Reference
	return CaseReceipt{r.Reference, r.Code, string(cases.Received), r.Agency, r.ReceivedAt, r.ReplyBy}, nil
}

// uploadFile stages a file. Its key travels in the answer, sealed for the account, and
// is nowhere else before the case is stored.
func (a *API) uploadFile(c *Call) (Uploaded, error) {
	if a.Stage == nil {
		return Uploaded{}, errNotFound
	}
	f, err := a.Stage(c.Request.Context(), c.Query("name"), c.Request.Body)
	if err != nil {
		return Uploaded{}, err
	}
	plain, err := json.Marshal(f)
	if err != nil {
		return Uploaded{}, err
	}
	return Uploaded{base64.RawURLEncoding.EncodeToString(a.Vault.SealSystem(uploadPlace(c), plain)), f.Name, f.Type, f.Size}, nil
}

func uploadPlace(c *Call) string { return "upload:" + c.Account.Name }

func (a *API) staged(c *Call, names []string) ([]cases.Staged, error) {
	var out []cases.Staged
	for _, name := range names {
		var f cases.Staged
		sealed, err := base64.RawURLEncoding.DecodeString(name)
		if err == nil {
			sealed, err = a.Vault.OpenSystem(uploadPlace(c), sealed)
		}
		if err == nil {
			err = json.Unmarshal(sealed, &f)
		}
		if err != nil {
			return nil, errs.InvalidField("attachments", "error.upload")
		}
		out = append(out, f)
	}
	return out, nil
}

func (a *API) getCase(c *Call) (CaseDetail, error) {
	sender, err := a.senderFor(c)
	if err != nil {
		return CaseDetail{}, err
	}
	d, err := a.Cases.Get(c.Request.Context(), c.Actor, c.Path("reference"))
	if err != nil {
		return CaseDetail{}, err
	}
	out := CaseDetail{Case: caseOf(d.Case), Message: d.Message, Masked: d.Masked, Next: append([]string{}, d.Next...), Reads: []string{}}
	out.Sender = sender
	for _, p := range a.purposes() {
		if d.MayRead[p.Code] {
			out.Reads = append(out.Reads, p.Code)
		}
	}
	return out, nil
}

// senderFor opens the sender's data for the purpose that was named; without one it
// stays masked.
func (a *API) senderFor(c *Call) (map[string]any, error) {
	if !c.Request.URL.Query().Has("purpose") {
		return map[string]any{"masked": true}, nil
	}
	opened, err := a.Cases.Sender(c.Request.Context(), c.Actor, c.Path("reference"), c.Query("purpose"))
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	for element, value := range opened {
		out[cases.FieldOf(element)] = value
	}
	return out, nil
}

func (a *API) purposes() []policy.Purpose {
	if snap := a.Cases.Record(cases.Activity); snap != nil {
		return snap.Purposes
	}
	return nil
}

func (a *API) listCaseEvents(c *Call) (Page[CaseEvent], error) {
	d, err := a.Cases.Get(c.Request.Context(), c.Actor, c.Path("reference"))
	if err != nil {
		return Page[CaseEvent]{}, err
	}
	page := Page[CaseEvent]{Items: []CaseEvent{}}
	for i := len(d.Events) - 1; i >= 0; i-- { // the office reads the newest first
		e := d.Events[i]
		out := CaseEvent{Seq: e.Seq, At: e.At, Kind: e.Kind, Actor: e.Actor, From: string(e.From), To: string(e.To), Step: e.Step, Public: e.Public, Text: e.Text, Meta: e.Meta}
		for _, f := range d.FilesOf[e.ID] {
			out.Attachments = append(out.Attachments, a.attachment(c, f))
		}
		page.Items = append(page.Items, out)
	}
	return page, nil
}

func (a *API) listCaseAttachments(c *Call) (Page[Attachment], error) {
	d, err := a.Cases.Get(c.Request.Context(), c.Actor, c.Path("reference"))
	if err == nil && d.Masked {
		err = errs.New(errs.Forbidden, d.Reason)
	}
	return PageOf(d.Files, len(d.Files), func(f cases.Attachment) Attachment { return a.attachment(c, f) }, nil), err
}

func (a *API) attachment(c *Call, f cases.Attachment) Attachment {
	out := Attachment{ID: f.ID, Name: f.Name, Type: f.Type, Size: f.Size}
	if a.FileURL != nil {
		out.Link = a.FileURL(c.Account.Name, c.Path("reference"), f.ID)
	}
	return out
}
