package public

import (
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/web/kit"
)

// trackLifetime is how long a tracking page can be used before the code is asked again.
const trackLifetime = 2 * time.Hour

type trackToken struct {
	Case string `json:"c"`
}

type trackFormPage struct {
	Errors    *kit.Summary
	Reference kit.Field
	Code      kit.Field
	Email     kit.Field
	Sent      bool
	Old       bool // a page that was open for too long led here
}

func trackForm(v *visit) error {
	return v.trackForm(http.StatusOK, v.URL.Query().Get("reference"), "", nil)
}

func (v *visit) trackForm(status int, reference, code string, bad []errs.Field) error {
	p := trackFormPage{Errors: kit.Summarise(v.lang, bad), Old: len(bad) == 0 && v.URL.Query().Has("old")}
	p.Reference = kit.Field{Name: "reference", Label: v.t("public.reference"), Help: v.t("public.reference-help"), Value: reference, Width: "medium", Autocomplete: "off", Error: kit.FieldError(v.lang, bad, "reference")}
	p.Code = kit.Field{Name: "code", Label: v.t("public.code"), Help: v.t("public.code-help"), Value: code, Width: "medium", Autocomplete: "off", Error: kit.FieldError(v.lang, bad, "code")}
	return v.page(kit.Page{Status: status, Title: v.t("public.track"), Path: "/track"}, "track", p)
}

// trackFind checks reference and code. Which of the two was wrong is not told.
func trackFind(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	reference, code := v.PostForm.Get("reference"), v.PostForm.Get("code")
	var bad []errs.Field
	if reference == "" {
		bad = append(bad, errs.Field{Name: "reference", Key: "public.error-reference"})
	}
	if code == "" {
		bad = append(bad, errs.Field{Name: "code", Key: "public.error-code"})
	}
	if len(bad) > 0 {
		return v.trackForm(http.StatusUnprocessableEntity, reference, code, bad)
	}
	addr, _ := v.f.Client(v.Request)
	id, err := v.f.Cases.Find(v.Context(), reference, code, addr)
	if errs.KindOf(err) == errs.NotFound {
		return v.trackForm(http.StatusUnprocessableEntity, reference, code, []errs.Field{{Name: "reference", Key: "error.case-not-found"}})
	}
	if err != nil {
		return err
	}
	return v.seeOther("/track/" + v.trackToken(id))
}

func (v *visit) form() error {
	v.Body = http.MaxBytesReader(v.w, v.Body, maxFormBytes)
	if err := v.ParseForm(); err != nil {
		return kit.BadPost(err)
	}
	(&input{Values: v.PostForm}).clean()
	return nil
}

func (v *visit) trackToken(id string) string {
	return v.f.Seal.Seal("track:"+v.site.Host, trackToken{id}, trackLifetime)
}

// caseOf opens the token of a tracking page; one that is old leads back to the form.
func (v *visit) caseOf() (string, bool) {
	var t trackToken
	_, err := v.f.Seal.Open("track:"+v.site.Host, v.PathValue("token"), &t)
	return t.Case, err == nil && t.Case != ""
}

type trackPage struct {
	Attach kit.Field
	cases.View
	Path    string
	Chip    kit.Chip
	Topic   string
	Moments []kit.Moment
	Files   []kit.Link
	Errors  *kit.Summary
	Message kit.Field
	Why     kit.Field
	Stars   kit.Radios
	Opinion kit.Field
	Asked   bool // the office waits for the sender
	// Question is what the office asks him.
	Question string
	Done     string
	Said     string // the message as it was sent
}

func trackView(v *visit) error {
	id, ok := v.caseOf()
	if !ok {
		return v.seeOther("/track?old=1")
	}
	return v.trackPage(http.StatusOK, id, nil)
}

func (v *visit) trackPage(status int, id string, bad []errs.Field) error {
	c, err := v.f.Cases.ViewPublic(v.Context(), id)
	if err != nil {
		return err
	}
	p := trackPage{View: c, Path: v.to("/track/" + v.trackToken(id)), // of another two hours, for who writes slowly
		Topic: v.t("public.topic-" + c.Topic), Said: c.Message, Errors: kit.Summarise(v.lang, bad)}
	p.Chip = kit.Chip{Tone: tones[c.State], Text: v.t("public.state-" + string(c.State))}
	if p.Asked = c.State == cases.AwaitingSender; p.Asked {
		p.Question = question(c.Events)
	}
	p.Moments = v.moments(&c)
	p.Files = v.links(c.CaseID, c.Attachments)
	if done := v.URL.Query().Get("done"); done == "write" || done == "accept" || done == "reopen" || done == "rate" {
		p.Done = v.t("public.done-" + done)
	}
	v.trackFields(&p, bad)
	return v.page(kit.Page{Status: status, Title: v.t("public.case", "reference", c.Reference), Class: "tracking", Cache: kit.CacheNone}, "case", p)
}

// question is the text of the latest question of the office.
func question(newestFirst []cases.PublicEvent) string {
	for _, e := range newestFirst {
		if e.Kind == "ask" {
			return e.Text
		}
	}
	return ""
}

// trackFields are the forms below the timeline, with what was typed where it was wrong.
func (v *visit) trackFields(p *trackPage, bad []errs.Field) {
	act := v.PathValue("act")
	typed := func(of, name string) string {
		if act != of {
			return ""
		}
		return v.PostForm.Get(name)
	}
	wrong := func(of, name string) string {
		if act != of {
			return ""
		}
		return kit.FieldError(v.lang, bad, name)
	}
	p.Message = kit.Field{Name: "message", Label: v.t("public.write"), Rows: 5, Max: cases.MaxMessage, Counter: v.t("public.counter"), Value: typed("write", "message"), Error: wrong("write", "message")}
	if p.Asked {
		p.Message.Label = v.t("public.write-asked")
	}
	p.Attach = kit.Field{Name: "attachment", Label: v.t("public.attachment"), Optional: v.t("public.optional"), Help: v.t("files.hint", "files", cases.MaxAttachments, "max", v.f.MaxFile>>20), Type: "file", Multiple: true, Accept: accepted, Error: wrong("write", "attachment")}
	p.Why = kit.Field{Name: "reason", Label: v.t("public.reopen-why"), Rows: 4, Max: cases.MaxMessage, Counter: v.t("public.counter"), Value: typed("reopen", "reason"), Error: wrong("reopen", "reason")}
	p.Stars = kit.Radios{Name: "rating", Legend: v.t("public.rate"), Error: wrong("rate", "rating")}
	for n := 5; n >= 1; n-- {
		p.Stars.Options = append(p.Stars.Options, kit.Option{Value: strconv.Itoa(n), Label: v.t("public.rate-" + strconv.Itoa(n)), Selected: typed("rate", "rating") == strconv.Itoa(n)})
	}
	p.Opinion = kit.Field{Name: "rating_text", Label: v.t("public.rate-text"), Optional: v.t("public.optional"), Rows: 3, Max: 1000, Counter: v.t("public.counter"), Value: typed("rate", "rating_text"), Error: wrong("rate", "rating_text")}
}

// tones colour the states; the word is beside it.
var tones = map[cases.State]string{cases.Received: "busy", cases.Considering: "busy", cases.InProgress: "busy", cases.AwaitingSender: "wait", cases.Referred: "busy", cases.Answered: "good", cases.Closed: "good"}

// told are the events whose text is meant for the sender, or is his own; a reason that
// one officer gives another is neither.
var told = []string{"ask", "inform", "answer", "redirect", "close", "reply", "hear", "write", "reopen"}

func (v *visit) moments(c *cases.View) []kit.Moment {
	var out []kit.Moment
	for i, e := range c.Events {
		m := kit.Moment{At: e.At, Title: v.t("public.event-" + e.Kind), Now: i == 0, Letter: e.ByOffice && (e.Kind == "answer" || e.Kind == "redirect")}
		if slices.Contains(told, e.Kind) {
			m.Text = e.Text
		}
		if e.ByOffice && m.Text != "" {
			m.Who = c.Holder.In(v.lang)
		}
		if e.Kind == "answer" && e.Meta["via"] == "phone" {
			m.Title = v.t("public.event-answer-phone")
		}
		if e.Kind == "redirect" && e.Meta["body"] != "" {
			m.Title = v.t("public.event-redirect-to", "body", e.Meta["body"])
		}
		if e.Kind != "receive" {
			m.Files = v.links(c.CaseID, e.Attachments)
		}
		out = append(out, m)
	}
	return out
}

func (v *visit) links(caseID string, files []cases.Attachment) []kit.Link {
	var out []kit.Link
	for _, a := range files {
		out = append(out, kit.Link{Href: v.f.File(caseID, a.ID), Text: a.Name, Note: kit.FileSize(v.lang, a.Size)})
	}
	return out
}

// trackAct is what the sender does with his case.
func trackAct(v *visit) error {
	id, ok := v.caseOf()
	if !ok {
		return v.seeOther("/track?old=1")
	}
	act := v.PathValue("act")
	if act == "write" {
		return v.acted(id, v.write(id))
	}
	if err := v.form(); err != nil {
		return err
	}
	var err error
	switch act {
	case "accept":
		err = v.f.Cases.Accept(v.Context(), id)
	case "reopen":
		err = renamed(v.f.Cases.Reopen(v.Context(), id, v.PostForm.Get("reason")), "message", "reason")
	case "rate":
		stars, _ := strconv.Atoi(v.PostForm.Get("rating")) // none and nonsense are both refused as a rating
		err = v.f.Cases.Rate(v.Context(), id, stars, v.PostForm.Get("rating_text"))
	default:
		return errs.New(errs.NotFound, "error.not-found")
	}
	return v.acted(id, err)
}

// acted shows the case after an act, or what was wrong with it.
func (v *visit) acted(id string, err error) error {
	if err == nil {
		return v.seeOther("/track/" + v.PathValue("token") + "?done=" + v.PathValue("act"))
	}
	if x := errs.As(err); len(x.Fields) > 0 {
		return v.trackPage(http.StatusUnprocessableEntity, id, x.Fields)
	}
	return err
}

// write sends what the sender writes. Its files are stored encrypted as they arrive and
// are adopted with it; those of a message that is refused are swept away.
func (v *visit) write(caseID string) error {
	in := &input{Values: url.Values{}, state: &state{}}
	_, params, err := mime.ParseMediaType(v.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		if err := v.form(); err != nil {
			return err
		}
		in.Values = v.PostForm
	} else {
		limit := maxFormBytes + v.f.MaxFile*(cases.MaxAttachments+1)
		if err := v.readParts(in, multipart.NewReader(http.MaxBytesReader(v.w, v.Body, limit), params["boundary"])); err != nil {
			return err
		}
		v.PostForm = in.Values // what was typed, should the page be shown again
	}
	if strings.TrimSpace(in.Get("message")) == "" {
		in.problems = append([]errs.Field{{Name: "message", Key: "error.message-empty"}}, in.problems...)
	}
	if err := errs.InvalidFields(in.problems); err != nil {
		return err
	}
	return v.f.Cases.Write(v.Context(), caseID, in.Get("message"), in.state.Files)
}

// renamed gives an input error the name that the field has on this page.
func renamed(err error, from, to string) error {
	x := errs.As(err)
	if err == nil || len(x.Fields) == 0 {
		return err
	}
	for i := range x.Fields {
		if x.Fields[i].Name == from {
			x.Fields[i].Name = to
		}
	}
	return x
}
