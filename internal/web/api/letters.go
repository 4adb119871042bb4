package api

import (
	"context"
	"strconv"
	"time"

	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/saraban"
)

// Letter is an official letter of an agency, or, with direction "in", one that came.
type Letter struct {
	ID           string           `json:"id"`
	Direction    string           `json:"direction" enum:"out,in"`
	Agency       string           `json:"agency"`
	Kind         string           `json:"kind,omitempty" enum:"external,memo,stamped"`
	State        string           `json:"state"`
	Series       string           `json:"series,omitempty" enum:"ordinary,circular"`
	Secrecy      string           `json:"secrecy" enum:"none,confidential,secret,top-secret"`
	Urgency      string           `json:"urgency" enum:"none,urgent,very-urgent,most-urgent"`
	From         string           `json:"from,omitempty" doc:"Code of the agency it came from; absent for strangers."`
	FromName     string           `json:"from_name,omitempty"`
	To           string           `json:"to,omitempty" doc:"Code of the agency it goes to."`
	ToName       string           `json:"to_name,omitempty"`
	Subject      string           `json:"subject"`
	About        string           `json:"about,omitempty"`
	Number       string           `json:"number,omitempty"`
	Date         *time.Time       `json:"date,omitempty"`
	Signer       *letters.Signer  `json:"signer,omitempty"`
	DraftedBy    string           `json:"drafted_by,omitempty"`
	CheckedBy    string           `json:"checked_by,omitempty"`
	ApprovedBy   string           `json:"approved_by,omitempty"`
	SHA256       string           `json:"sha256,omitempty" doc:"Of the sealed PDF, or of the file that came."`
	Receipt      string           `json:"receipt,omitempty" doc:"Receive number (เลขรับ)."`
	FileType     string           `json:"file_type,omitempty" doc:"Media type of its file."`
	Signature    string           `json:"signature,omitempty" enum:"pinned,unknown,missing,foreign,broken" doc:"What was found of the signature under a letter that came through e-CMS."`
	Paper        bool             `json:"paper,omitempty" doc:"Signed by hand on paper; its file is the scan."`
	Channel      string           `json:"channel,omitempty" enum:"local,ecms,email,file,paper"`
	Reason       string           `json:"reason,omitempty"`
	CreatedAt    time.Time        `json:"created_at"`
	SealedAt     *time.Time       `json:"sealed_at,omitempty"`
	DispatchedAt *time.Time       `json:"dispatched_at,omitempty"`
	RegisteredAt *time.Time       `json:"registered_at,omitempty"`
	AnsweredAt   *time.Time       `json:"answered_at,omitempty"`
	Next         []string         `json:"next" doc:"What the caller may do with it now."`
	Content      *letters.Content `json:"content,omitempty" doc:"With content=true; the reading is on file."`
	Attachments  []string         `json:"attachments,omitempty" doc:"Names of the files that came with it, with content=true."`
	Dispatches   []Dispatch       `json:"dispatches,omitempty"`
}

// Dispatch is one sending of a letter.
type Dispatch struct {
	ID          string     `json:"id"`
	To          string     `json:"to"`
	Channel     string     `json:"channel" enum:"local,ecms,email,file,paper"`
	State       string     `json:"state" enum:"queued,sent,delivered,accepted,rejected,invalid,answered,failed"`
	ProcessID   string     `json:"process_id,omitempty"`
	Receipt     string     `json:"receipt,omitempty" doc:"Receive number of the other side (เลขรับ)."`
	Note        string     `json:"note,omitempty"`
	Error       string     `json:"error,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
	SentAt      *time.Time `json:"sent_at,omitempty"`
	DeliveredAt *time.Time `json:"delivered_at,omitempty"`
	AcceptedAt  *time.Time `json:"accepted_at,omitempty"`
}

// RegisterLine is a line of a register of letters (forms 13 and 14).
type RegisterLine struct {
	Number int64     `json:"number"`
	Kind   string    `json:"kind" enum:"ordinary,circular,secret"`
	State  string    `json:"state" enum:"used,reserved,cancelled"`
	At     time.Time `json:"at"`
	Note   string    `json:"note,omitempty"`
	Letter *Letter   `json:"letter,omitempty"`
}

type newLetter struct {
	Agency  string          `json:"agency,omitempty" doc:"Whose letter it is; the caller's own if absent."`
	Kind    string          `json:"kind" enum:"external,memo,stamped"`
	Series  string          `json:"series,omitempty" enum:"ordinary,circular"`
	Urgency string          `json:"urgency,omitempty" enum:"none,urgent,very-urgent,most-urgent"`
	To      string          `json:"to,omitempty" doc:"Code of the agency it goes to."`
	ToName  string          `json:"to_name,omitempty"`
	Subject string          `json:"subject"`
	About   string          `json:"about,omitempty"`
	Content letters.Content `json:"content"`
}

type (
	letterApproval struct {
		Position string `json:"position,omitempty" doc:"Of a signer who is not the head."`
	}
	letterNumber struct {
		Reserved int64 `json:"reserved,omitempty" doc:"A number that was set aside."`
	}
	letterClass struct {
		Secrecy string `json:"secrecy" enum:"none,confidential,secret,top-secret"`
	}
	letterReason struct {
		Reason string `json:"reason"`
	}
	letterSending struct {
		Channel string `json:"channel,omitempty" enum:"local,ecms,email,file,paper" doc:"The best one that is open if absent."`
		Note    string `json:"note,omitempty" doc:"Who carries it, where it goes by hand."`
	}
	letterAnswer struct {
		To   string `json:"to,omitempty" enum:"sender,citizen" doc:"Whom the agency has told."`
		Text string `json:"text"`
	}
	letterForward struct {
		Account string `json:"account"`
		Text    string `json:"text"`
	}
	letterReceipt struct {
		Number string `json:"number"`
	}
	letterReserve struct {
		Agency string `json:"agency,omitempty"`
		Series string `json:"series,omitempty" enum:"ordinary,circular"`
		Count  int    `json:"count"`
		Reason string `json:"reason"`
	}
	reservedNumbers struct {
		First int64 `json:"first"`
		Last  int64 `json:"last"`
	}
)

func letterOf(l letters.Letter) Letter {
	out := Letter{ID: l.ID, Direction: letters.Out, Agency: l.Agency, Kind: string(l.Kind), State: string(l.State), Series: l.Series, Secrecy: string(l.Secrecy), Urgency: string(l.Urgency), To: l.To, ToName: l.ToName, Subject: l.Subject, About: l.About,
		Number: l.NumberText, Date: moment(l.NumberedAt), DraftedBy: l.DraftedBy, CheckedBy: l.CheckedBy, ApprovedBy: l.ApprovedBy, SHA256: l.FileHash, FileType: l.FileType, Paper: l.Paper, Reason: l.CancelReason, CreatedAt: l.CreatedAt, SealedAt: moment(l.SealedAt), DispatchedAt: moment(l.DispatchedAt), Next: []string{}}
	if l.Signer.Name != "" {
		out.Signer = &l.Signer
		out.Signer.Lines = append([]string{}, l.Signer.Lines...)
	}
	return out
}

// letterFor is a letter with what the caller may do with it now.
func letterFor(c *Call, s *letters.Service, l letters.Letter, err error) (Letter, error) {
	if err != nil {
		return Letter{}, err
	}
	next, err := s.Offered(c.Request.Context(), c.Actor, l)
	if err != nil {
		return Letter{}, err
	}
	out := letterOf(l)
	out.Next = next[0]
	return out, nil
}

func letterIn(a policy.Actor, i saraban.In) Letter {
	out := Letter{ID: i.ID, Direction: letters.In, Agency: i.Agency, State: string(i.State), Secrecy: string(i.Secrecy), Urgency: string(i.Urgency), From: i.From, FromName: i.FromName, ToName: i.ToName, Subject: i.Subject, About: i.About, Number: i.Number,
		Date: moment(i.Dated), SHA256: i.FileHash, FileType: i.FileType, Signature: i.Signature, Channel: string(i.Channel), Reason: i.Reason, CreatedAt: i.ReceivedAt, RegisteredAt: moment(i.RegisteredAt), AnsweredAt: moment(i.AnsweredAt), Next: saraban.Offered(a, &i)}
	if i.Receipt != 0 {
		out.Receipt = i.ReceiptText()
	}
	return out
}

func dispatchOf(d saraban.Dispatch) Dispatch {
	return Dispatch{ID: d.ID, To: d.To, Channel: string(d.Channel), State: string(d.State), ProcessID: d.ProcessID, Receipt: d.AcceptNumber, Note: d.Note, Error: d.LastError, CreatedAt: d.CreatedAt, SentAt: moment(d.SentAt), DeliveredAt: moment(d.DeliveredAt), AcceptedAt: moment(d.AcceptedAt)}
}

// correspondence is the two sides of the registry: what leaves, and what comes.
type correspondence struct {
	out *letters.Service
	in  *saraban.Service
}

// LetterOperations: letters, their registers, their way.
func LetterOperations(l *letters.Service, s *saraban.Service) []Operation {
	const tag = "letters"
	x := correspondence{l, s}
	act := func(name, summary string) Operation {
		return Operation{ID: name + "Letter", Path: "/letters/{id}/" + name, Tag: tag, Summary: summary}
	}
	outward := func(name, summary string, f func(ctx context.Context, a policy.Actor, id string) (letters.Letter, error)) Operation {
		return Get(post(act(name, summary)), func(c *Call) (Letter, error) {
			got, err := f(c.Request.Context(), c.Actor, c.Path("id"))
			return letterFor(c, x.out, got, err)
		})
	}
	inward := func(name, summary string, f func(ctx context.Context, a policy.Actor, id string) (saraban.In, error)) Operation {
		return Get(post(act(name, summary)), func(c *Call) (Letter, error) {
			got, err := f(c.Request.Context(), c.Actor, c.Path("id"))
			return letterIn(c.Actor, got), err
		})
	}
	return []Operation{
		Get(Operation{ID: "listLetters", Path: "/letters", Tag: tag, Summary: "Letters that the caller may know of, newest first.", Action: "letter.read", Query: append([]Param{{Name: "direction", Summary: "Letters that leave, if absent.", Enum: []string{"out", "in"}}, {Name: "agency", Summary: "Code of an agency."}, {Name: "state", Summary: "State of the letter."}, {Name: "about", Summary: "What it was written for."}}, Paging...)}, x.list),
		Do(Operation{ID: "draftLetter", Path: "/letters", Tag: tag, Summary: "Draft a letter. What is left out of its content is filled in.", Creates: true}, x.draft),
		Get(Operation{ID: "getLetter", Path: "/letters/{id}", Tag: tag, Summary: "A letter with its sendings. Its files are at `/letters/{id}.pdf` and `/letters/{id}.docx`.", Query: []Param{{Name: "content", Summary: "true to read what it says; the reading is on file.", Enum: []string{"true"}}}}, x.get),
		Get(Operation{ID: "getLetterPDF", Path: "/letters/{id}/pdf", Tag: tag, Summary: "The sealed file, or what it would look like; of a letter that came, its file. Also `/letters/{id}.pdf`.", Types: []string{"application/pdf", "image/jpeg", "image/png"}}, x.pdf),
		Get(Operation{ID: "getLetterDOCX", Path: "/letters/{id}/docx", Tag: tag, Summary: "The letter for a word processor. Also `/letters/{id}.docx`.", Types: []string{docxType}}, func(c *Call) (Raw, error) {
			b, err := x.out.DOCX(c.Request.Context(), c.Actor, c.Path("id"))
			return Raw{docxType, b}, err
		}),
		Do(act("revise", "Replace what a draft says."), func(c *Call, in newLetter) (Letter, error) {
			got, err := x.out.Revise(c.Request.Context(), c.Actor, c.Path("id"), in.writing(c.Actor))
			return letterFor(c, x.out, got, err)
		}),
		Do(act("classify", "Give it its class of secrecy; for those whom the record names (row 26)."), func(c *Call, in letterClass) (Letter, error) {
			got, err := x.out.Classify(c.Request.Context(), c.Actor, c.Path("id"), letters.Secrecy(in.Secrecy))
			return letterFor(c, x.out, got, err)
		}),
		outward("check", "Mark a draft as checked.", x.out.Check),
		Do(act("return", "Give a checked letter back to be revised."), func(c *Call, in letterReason) (Letter, error) {
			got, err := x.out.Return(c.Request.Context(), c.Actor, c.Path("id"), in.Reason)
			return letterFor(c, x.out, got, err)
		}),
		Do(act("approve", "Sign it (ลงนาม): the head, who acts for him, or his delegate, never its drafter."), func(c *Call, in letterApproval) (Letter, error) {
			got, err := x.out.Approve(c.Request.Context(), c.Actor, c.Path("id"), in.Position)
			return letterFor(c, x.out, got, err)
		}),
		Do(act("number", "Give it number and date; the seal follows."), func(c *Call, in letterNumber) (Letter, error) {
			got, err := x.out.Number(c.Request.Context(), c.Actor, c.Path("id"), in.Reserved)
			return letterFor(c, x.out, got, err)
		}),
		Do(act("dispatch", "Send it by a channel that its class and the agency's entry allow."), x.dispatch),
		Do(act("cancel", "End a letter that has not left; its number is burnt."), func(c *Call, in letterReason) (Letter, error) {
			got, err := x.out.Cancel(c.Request.Context(), c.Actor, c.Path("id"), in.Reason)
			return letterFor(c, x.out, got, err)
		}),
		Do(act("confirm", "Note what the other side has said of a letter that went by file, mail or paper: its receive number."), func(c *Call, in letterReceipt) (Dispatch, error) {
			got, err := x.in.Confirm(c.Request.Context(), c.Actor, c.Path("id"), in.Number)
			return dispatchOf(got), err
		}),
		Get(post(act("wrong-number", "Tell the receiver that its receive number is wrong (แจ้งเลขรับผิด).")), func(c *Call) (Dispatch, error) {
			got, err := x.in.WrongNumber(c.Request.Context(), c.Actor, c.Path("id"))
			return dispatchOf(got), err
		}),
		inward("receive", "Register a letter that came (ลงทะเบียนรับ).", x.in.Receive),
		inward("accept", "Tell the sender the receive number; a letter that is not registered yet is first.", x.in.Accept),
		Do(act("reject", "Send a letter that came back."), x.refuse("reject")),
		Do(act("invalid", "Send a letter that came back because it is not right (แจ้งหนังสือผิด)."), x.refuse("invalid")),
		Do(act("forward", "Give it to somebody of the agency, with an endorsement (เกษียน)."), func(c *Call, in letterForward) (Letter, error) {
			got, err := x.in.Forward(c.Request.Context(), c.Actor, c.Path("id"), in.Account, in.Text)
			return letterIn(c.Actor, got), err
		}),
		Do(act("answer", "Answer a letter that came: to its sender, or that the citizen was told."), func(c *Call, in letterAnswer) (Letter, error) {
			got, err := x.in.Answer(c.Request.Context(), c.Actor, c.Path("id"), in.To, in.Text)
			return letterIn(c.Actor, got), err
		}),
		Do(Operation{ID: "reserveNumbers", Path: "/registers/out/reserve", Tag: tag, Summary: "Set numbers aside."}, func(c *Call, in letterReserve) (reservedNumbers, error) {
			first, last, err := x.out.Reserve(c.Request.Context(), c.Actor, or(in.Agency, c.Actor.Agency), or(in.Series, "ordinary"), in.Count, in.Reason)
			return reservedNumbers{first, last}, err
		}),
		Get(Operation{ID: "registerOut", Path: "/registers/out", Tag: tag, Summary: "The register of letters out (ทะเบียนหนังสือส่ง), last number first.", Query: registerQuery}, x.registerOut),
		Get(Operation{ID: "registerIn", Path: "/registers/in", Tag: tag, Summary: "The register of letters in (ทะเบียนหนังสือรับ), last number first.", Query: registerQuery}, x.registerIn),
	}
}

const docxType = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

var registerQuery = append([]Param{{Name: "agency", Summary: "Code of an agency; the caller's own if absent."}, {Name: "kind", Summary: "Register; ordinary if absent.", Enum: []string{"ordinary", "circular", "secret"}}, {Name: "year", Summary: "Year of the Buddhist era; this one if absent."}}, Paging...)

func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

func (n newLetter) writing(a policy.Actor) letters.Writing {
	return letters.Writing{Agency: or(n.Agency, a.Agency), Kind: letters.Kind(n.Kind), Series: or(n.Series, "ordinary"), Urgency: letters.Urgency(or(n.Urgency, "none")), To: n.To, ToName: n.ToName, Subject: n.Subject, About: n.About, Content: n.Content}
}

func (x correspondence) draft(c *Call, in newLetter) (Letter, error) {
	got, err := x.out.Draft(c.Request.Context(), c.Actor, in.writing(c.Actor))
	c.Location = "/letters/" + got.ID
	return letterFor(c, x.out, got, err)
}

// pageAt is how many a call wants, and the key after which the page begins.
func pageAt(c *Call) (limit int, after string, err error) {
	if limit, err = c.Limit(); err != nil {
		return 0, "", err
	}
	parts, err := c.Cursor(1)
	if err == nil && parts != nil {
		after = parts[0]
	}
	return limit, after, err
}

func (x correspondence) list(c *Call) (Page[Letter], error) {
	limit, before, err := pageAt(c)
	if err != nil {
		return Page[Letter]{}, err
	}
	if c.Query("direction") == letters.In {
		all, err := x.in.ListIn(c.Request.Context(), c.Actor, saraban.FilterIn{Agency: c.Query("agency"), State: c.Query("state"), Before: before, Limit: limit + 1})
		return PageOf(all, limit, func(i saraban.In) Letter { return letterIn(c.Actor, i) }, func(i saraban.In) string { return MakeCursor(i.ID) }), err
	}
	all, err := x.out.List(c.Request.Context(), c.Actor, letters.Filter{Agency: c.Query("agency"), State: c.Query("state"), About: c.Query("about"), Before: before, Limit: limit + 1})
	if err != nil {
		return Page[Letter]{}, err
	}
	next, err := x.out.Offered(c.Request.Context(), c.Actor, all...)
	if err != nil {
		return Page[Letter]{}, err
	}
	page := PageOf(all, limit, letterOf, func(l letters.Letter) string { return MakeCursor(l.ID) })
	for i := range page.Items {
		page.Items[i].Next = next[i]
	}
	return page, nil
}

// get finds a letter that leaves, else one that came.
func (x correspondence) get(c *Call) (Letter, error) {
	ctx, id, words := c.Request.Context(), c.Path("id"), c.Query("content") == "true"
	l, err := x.out.Get(ctx, c.Actor, id)
	if errs.KindOf(err) == errs.NotFound {
		return x.getIn(c, id, words)
	}
	if err != nil {
		return Letter{}, err
	}
	out, err := letterFor(c, x.out, l, err)
	if err != nil {
		return Letter{}, err
	}
	if words {
		_, content, err := x.out.Read(ctx, c.Actor, id)
		if err != nil {
			return Letter{}, err
		}
		out.Content = &content
	}
	sent, err := x.in.Dispatches(ctx, c.Actor, id)
	for _, d := range sent {
		out.Dispatches = append(out.Dispatches, dispatchOf(d))
	}
	return out, err
}

func (x correspondence) getIn(c *Call, id string, words bool) (Letter, error) {
	if words {
		i, content, _, err := x.in.ReadIn(c.Request.Context(), c.Actor, id)
		out := letterIn(c.Actor, i)
		out.Content, out.Attachments = &content, i.Attachments
		return out, err
	}
	i, err := x.in.GetIn(c.Request.Context(), c.Actor, id)
	return letterIn(c.Actor, i), err
}

func (x correspondence) pdf(c *Call) (Raw, error) {
	ctx, id := c.Request.Context(), c.Path("id")
	l, err := x.out.Get(ctx, c.Actor, id)
	if errs.KindOf(err) == errs.NotFound {
		i, err := x.in.GetIn(ctx, c.Actor, id)
		if err != nil {
			return Raw{}, err
		}
		b, err := x.in.FileIn(ctx, c.Actor, id)
		return Raw{i.FileType, b}, err
	}
	if err != nil {
		return Raw{}, err
	}
	b, err := x.out.PDF(ctx, c.Actor, id)
	return Raw{l.FileType, b}, err
}

func (x correspondence) dispatch(c *Call, in letterSending) (Letter, error) {
	l, d, err := x.in.Dispatch(c.Request.Context(), c.Actor, c.Path("id"), saraban.Sending{Channel: saraban.Channel(in.Channel), Note: in.Note})
	out, err := letterFor(c, x.out, l, err)
	out.Dispatches = []Dispatch{dispatchOf(d)}
	return out, err
}

func (x correspondence) refuse(action string) func(c *Call, in letterReason) (Letter, error) {
	return func(c *Call, in letterReason) (Letter, error) {
		got, err := x.in.Refuse(c.Request.Context(), c.Actor, c.Path("id"), action, in.Reason)
		return letterIn(c.Actor, got), err
	}
}

// registerAt is which register a call asks for.
func (x correspondence) registerAt(c *Call) (agency, kind string, year int, before int64, limit int, err error) {
	limit, cursor, err := pageAt(c)
	if err != nil {
		return "", "", 0, 0, 0, err
	}
	if cursor != "" {
		if before, err = strconv.ParseInt(cursor, 10, 64); err != nil {
			return "", "", 0, 0, 0, errs.InvalidField("cursor", "error.cursor")
		}
	}
	year = letters.Year(x.out.Now())
	if text := c.Query("year"); text != "" {
		if year, err = strconv.Atoi(text); err != nil {
			return "", "", 0, 0, 0, errs.InvalidField("year", "error.year")
		}
	}
	return or(c.Query("agency"), c.Actor.Agency), or(c.Query("kind"), "ordinary"), year, before, limit, nil
}

func (x correspondence) registerOut(c *Call) (Page[RegisterLine], error) {
	agency, kind, year, before, limit, err := x.registerAt(c)
	if err != nil {
		return Page[RegisterLine]{}, err
	}
	all, err := x.out.RegisterOut(c.Request.Context(), c.Actor, agency, kind, year, before, limit+1)
	if err != nil {
		return Page[RegisterLine]{}, err
	}
	var entered []letters.Letter
	for _, e := range all {
		if e.Letter != nil {
			entered = append(entered, *e.Letter)
		}
	}
	next, err := x.out.Offered(c.Request.Context(), c.Actor, entered...)
	if err != nil {
		return Page[RegisterLine]{}, err
	}
	return PageOf(all, limit, func(e letters.Entry) RegisterLine {
		line := RegisterLine{Number: e.Number, Kind: e.Kind, State: e.State, At: e.At, Note: e.Note}
		if e.Letter != nil {
			l := letterOf(*e.Letter)
			l.Next, next = next[0], next[1:]
			line.Letter = &l
		}
		return line
	}, func(e letters.Entry) string { return MakeCursor(strconv.FormatInt(e.Number, 10)) }), nil
}

func (x correspondence) registerIn(c *Call) (Page[RegisterLine], error) {
	agency, kind, year, before, limit, err := x.registerAt(c)
	if err != nil {
		return Page[RegisterLine]{}, err
	}
	all, err := x.in.RegisterIn(c.Request.Context(), c.Actor, agency, kind, year, before, limit+1)
	return PageOf(all, limit, func(e saraban.EntryIn) RegisterLine {
		l := letterIn(c.Actor, e.Letter)
		return RegisterLine{Number: e.Number, Kind: kind, State: "used", At: e.At, Letter: &l}
	}, func(e saraban.EntryIn) string { return MakeCursor(strconv.FormatInt(e.Number, 10)) }), err
}
