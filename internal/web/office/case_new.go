package office

import (
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"slices"
	"time"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/web/kit"
)

// newPage is the form by which an officer takes a message down.
type newPage struct {
	Heading string
	Action  string
	Nonce   string
	Errors  *kit.Summary
	Channel kit.Radios
	Outside kit.Field
	Site    kit.Field
	Topic   kit.Radios
	Message kit.Field
	Sender  []kit.Field
	Lang    kit.Field
	Checks  []kit.Checkbox
	Notice  string
	Attach  kit.Field
	Drop    []kit.Checkbox // files that wait in the form
	Files   string         // those, sealed
}

// receiptPage is what the officer hands over: the code is shown once.
type receiptPage struct {
	Reference, Code, Holder string
	ReplyBy                 time.Time
	Case                    string
}

// byHand are the channels by which a message reaches an officer.
var byHand = []string{"phone", "counter", "letter", "mail"}

func (v *visit) newCase(bad []errs.Field, files []cases.Staged) newPage {
	value := v.PostFormValue
	wrong := func(name string) string { return kit.FieldError(v.lang, bad, name) }
	p := newPage{Heading: v.t("office.new"), Action: v.to("/office/cases/new"), Nonce: value("nonce"), Errors: kit.Summarise(v.lang, bad), Notice: v.t("office.new-notice")}
	if p.Nonce == "" {
		var b [18]byte
		rand.Read(b[:])
		p.Nonce = base64.RawURLEncoding.EncodeToString(b[:])
	}
	p.Channel = kit.Radios{Name: "channel", Legend: v.t("office.channel"), Error: wrong("channel"), Options: v.labelled("office.channel-", value("channel"), byHand...)}
	p.Outside = kit.Field{Name: "outside_ref", Label: v.t("office.outside-ref"), Optional: v.t("office.optional"), Help: v.t("office.outside-help"), Width: "medium", Value: value("outside_ref"), Error: wrong("outside_ref"), Autocomplete: "off"}
	site := value("site")
	if site == "" {
		site = v.ownSite()
	}
	p.Site = kit.Field{Name: "site", Label: v.t("office.new-site"), Options: v.siteOptions("case.receive", site), Error: wrong("site")}
	p.Topic = kit.Radios{Name: "topic", Legend: v.t("office.topic"), Error: wrong("topic"), Options: v.labelled("office.topic-", value("topic"), cases.Topics...)}
	p.Message = kit.Field{Name: "message", Label: v.t("office.new-message"), Help: v.t("office.new-message-help"), Rows: 8, Max: cases.MaxMessage, Counter: v.t("office.counter"), Value: value("message"), Error: wrong("message"), Required: true}
	p.Attach = v.attachField(bad)
	p.Drop, p.Files = v.staged(files)
	p.Sender = v.senderFields(wrong)
	p.Lang = kit.Field{Name: "lang", Label: v.t("office.new-lang"), Width: "medium", Options: v.labelled("office.lang-", value("lang"), "th", "en")}
	p.Checks = []kit.Checkbox{
		{Name: "about_staff", Label: v.t("office.new-staff"), Help: v.t("office.new-staff-help"), Checked: value("about_staff") != ""},
		{Name: "withhold", Label: v.t("office.new-withhold"), Checked: value("withhold") != ""},
	}
	return p
}

// senderFields are what the record in force asks of the sender, and nothing else.
func (v *visit) senderFields(wrong func(string) string) []kit.Field {
	snap := v.f.Cases.Record(cases.Activity)
	if snap == nil {
		return nil
	}
	var out []kit.Field
	for _, e := range snap.FormElements() {
		f := kit.Field{Name: cases.FieldOf(e.Code), Label: e.Label.In(v.lang), Autocomplete: "off", Width: "medium", Required: e.Required}
		f.Value, f.Error = v.PostFormValue(f.Name), wrong(f.Name)
		switch {
		case e.Code == "mobile_phone":
			f.Type, f.Optional = "tel", v.t("office.one-of-two")
		case e.Code == "email":
			f.Type, f.Optional = "email", v.t("office.one-of-two")
		case !e.Required:
			f.Optional = v.t("office.optional")
		}
		out = append(out, f)
	}
	return out
}

// ownSite is the site of the officer's own agency.
func (v *visit) ownSite() string {
	for _, s := range v.f.Sites.All() {
		if s.Agency == v.session.Account.Agency {
			return s.Host
		}
	}
	return ""
}

func newCaseForm(v *visit) error {
	p := v.newCase(nil, nil)
	return v.page(http.StatusOK, p.Heading, "office/new", p)
}

func (v *visit) submission(files []cases.Staged) cases.Submission {
	value := v.PostFormValue
	nonce, err := base64.RawURLEncoding.DecodeString(value("nonce"))
	if err != nil {
		nonce = nil // refused below as too short
	}
	s := cases.Submission{Site: value("site"), Topic: value("topic"), Channel: value("channel"), OutsideRef: value("outside_ref"), Lang: "th", Message: value("message"), Sender: map[string]string{},
		WithholdName: value("withhold") != "", AboutStaff: value("about_staff") != "", Nonce: nonce, By: &v.session.Actor, Attachments: files}
	if value("lang") == "en" {
		s.Lang = "en"
	}
	if !slices.Contains(byHand, s.Channel) {
		s.Channel = ""
	}
	if snap := v.f.Cases.Record(cases.Activity); snap != nil {
		for _, e := range snap.FormElements() {
			if x := value(cases.FieldOf(e.Code)); x != "" {
				s.Sender[e.Code] = x
			}
		}
	}
	return s
}

// newOrder is the order of the form, which the summary of errors follows.
var newOrder = []string{"channel", "site", "outside_ref", "topic", "message", "attachment", "given_name", "family_name", "phone", "email"}

func inOrder(bad []errs.Field) []errs.Field {
	for i := range bad {
		if bad[i].Name == "channel" {
			bad[i].Key = "office.channel-missing"
		}
	}
	slices.SortStableFunc(bad, func(a, b errs.Field) int { return slices.Index(newOrder, a.Name) - slices.Index(newOrder, b.Name) })
	return bad
}

// alsoWrong is what is wrong with a form beside its files, so that all of it is said at once.
func (v *visit) alsoWrong(sub cases.Submission, bad []errs.Field) error {
	if snap := v.f.Cases.Record(cases.Activity); snap != nil {
		bad = append(slices.Clone(bad), errs.As(cases.Validate(snap, &sub)).Fields...)
	}
	return errs.InvalidFields(bad)
}

// takeDown receives the message and shows what the sender is to be given.
func takeDown(v *visit) error {
	u, err := v.readUploads()
	if err != nil {
		return err
	}
	sub := v.submission(u.files)
	var r cases.Receipt
	if len(u.bad) == 0 {
		r, err = v.f.Cases.Submit(v.Context(), sub)
	} else {
		err = v.alsoWrong(sub, u.bad)
	}
	if errs.KindOf(err) == errs.Invalid && err != nil {
		e := errs.As(err)
		p := v.newCase(inOrder(e.Fields), u.files)
		if len(e.Fields) == 0 {
			p.Errors = &kit.Summary{Title: v.t(e.Key, e.Args...)}
		}
		return v.page(http.StatusUnprocessableEntity, p.Heading, "office/new", p)
	}
	if err != nil {
		return err
	}
	p := receiptPage{Reference: r.Reference, Code: r.Code, Holder: r.Holder.In(v.lang), ReplyBy: r.ReplyBy}
	if policy.May(v.session.Actor, "case.list", r.Agency) {
		p.Case = v.to("/office/cases/" + r.Reference)
	}
	return v.page(http.StatusCreated, v.t("office.new-done"), "office/receipt", p)
}
