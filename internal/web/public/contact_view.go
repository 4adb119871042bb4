package public

import (
	"slices"
	"strconv"
	"strings"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// stepPage is what the page of a step shows.
type stepPage struct {
	Step, Action, State string
	Heading             string
	Line                string // "step 2 of 4 · details"
	Done                []bool
	Back                string // the step before, "" on the first
	Errors              *kit.Summary
	Notice              NoticeView
	Topics              kit.Radios
	Message             kit.Field
	Attach              kit.Field
	Files               []cases.Staged
	Staff               kit.Checkbox
	Fields              []kit.Field
	Withhold            *kit.Checkbox
	Rows                []kit.Row
	Site                string
	Warning             string // what happened on sending
}

func (v *visit) stepView(step string, s *state, bad []errs.Field) (*stepPage, error) {
	notice, err := v.f.Notice(v.Context(), v.site, cases.Activity, v.lang)
	if err != nil {
		return nil, err
	}
	i := slices.Index(steps, step)
	p := &stepPage{Step: step, Action: v.to("/contact/" + step), Heading: v.t("public.step-" + step), Notice: notice, Site: v.site.Name.In(v.lang)}
	p.Line = v.t("public.step-line", "n", i+1, "of", len(steps), "name", v.t("public.step-name-"+step))
	for n := range steps {
		p.Done = append(p.Done, n <= i)
	}
	if i > 0 {
		p.Back = steps[i-1]
	}
	p.Errors = kit.Summarise(v.lang, bad)
	switch step {
	case "topic":
		v.viewTopic(p, s, bad)
	case "message":
		v.viewMessage(p, s, bad)
	case "sender":
		// What is shown here is what the person is told before he gives his data.
		s.Notice = notice.ID
		v.viewSender(p, s, bad)
	case "check":
		if s.Nonce == nil {
			s.Nonce = newNonce()
		}
		v.viewCheck(p, s)
	}
	p.State = v.seal(s)
	return p, nil
}

func (v *visit) viewTopic(p *stepPage, s *state, bad []errs.Field) {
	p.Topics = kit.Radios{Name: "topic", Legend: p.Heading, Heading: true, Error: kit.FieldError(v.lang, bad, "topic")}
	for _, t := range cases.Topics {
		p.Topics.Options = append(p.Topics.Options, kit.Option{Value: t, Label: v.t("public.topic-" + t), Help: v.t("public.topic-" + t + "-help"), Selected: s.Topic == t})
	}
}

func (v *visit) viewMessage(p *stepPage, s *state, bad []errs.Field) {
	p.Message = kit.Field{Name: "message", Label: v.t("public.message"), Help: v.t("public.message-help"), Value: s.Message, Rows: 9, Max: cases.MaxMessage, Counter: v.t("public.counter"), Required: true, Error: kit.FieldError(v.lang, bad, "message")}
	p.Attach = kit.Field{Name: "attachment", Label: v.t("public.attachment"), Optional: v.t("public.optional"), Help: v.t("files.hint", "files", cases.MaxAttachments, "max", v.f.MaxFile>>20), Type: "file", Multiple: true, Accept: accepted, Error: v.allErrors(bad, "attachment")}
	p.Files = s.Files
	p.Staff = kit.Checkbox{Name: "about_staff", Label: v.t("public.about-staff"), Help: v.t("public.about-staff-help"), Checked: s.Staff}
}

// accepted narrows the file dialogue; what a file really is the service decides.
const accepted = ".pdf,.jpg,.jpeg,.png,.gif,.webp,.heic,.docx,.xlsx,.odt,.txt,image/*"

// allErrors joins the errors of a field that can have several: each file its own.
func (v *visit) allErrors(bad []errs.Field, name string) string {
	var texts []string
	for _, f := range bad {
		if f.Name == name {
			texts = append(texts, kit.FieldError(v.lang, []errs.Field{f}, name))
		}
	}
	return strings.Join(texts, " · ")
}

// elements are the personal fields that the record in force declares for the form.
func (v *visit) elements() []policy.Element {
	snap := v.f.Policy(cases.Activity)
	if snap == nil {
		return nil
	}
	return snap.FormElements()
}

// inputs say how each element is typed in; what is asked, the record says.
var inputs = map[string]kit.Field{
	"given_name":   {Autocomplete: "given-name", Width: "medium"},
	"family_name":  {Autocomplete: "family-name", Width: "medium"},
	"mobile_phone": {Autocomplete: "tel", Type: "tel", InputMode: "tel", Width: "medium"},
	"email":        {Autocomplete: "email", Type: "email", InputMode: "email"},
}

func (v *visit) viewSender(p *stepPage, s *state, bad []errs.Field) {
	keep := ""
	if snap := v.f.Policy(cases.Activity); snap != nil {
		keep = v.keeps(snap.Retention)
	}
	for _, e := range v.elements() {
		f := inputs[e.Code]
		f.Name, f.Label, f.Why, f.Keep, f.Value = cases.FieldOf(e.Code), v.label(e), e.Why.In(v.lang), keep, shown(e.Code, s.sender(e.Code))
		f.Error = kit.FieldError(v.lang, bad, f.Name)
		f.Required = e.Code == "given_name"
		if !f.Required {
			f.Optional = v.t("public.optional")
		}
		switch e.Code {
		case "given_name":
			f.Help = v.t("public.given-name-help")
		case "mobile_phone", "email":
			f.Optional = v.t("public.one-of-two")
			f.Help = v.t("public." + f.Name + "-help")
		}
		p.Fields = append(p.Fields, f)
	}
	if len(p.Fields) > 0 {
		p.Withhold = &kit.Checkbox{Name: "withhold_name", Label: v.t("public.withhold"), Help: v.t("public.withhold-help"), Checked: s.Withhold}
	}
	if i := slices.IndexFunc(bad, func(f errs.Field) bool { return f.Name == "notice" }); i >= 0 {
		p.Warning = kit.FieldError(v.lang, bad, "notice")
	}
}

// label is the record's word for a datum, or ours where the record has none in this
// language.
func (v *visit) label(e policy.Element) string {
	if _, ours := inputs[e.Code]; ours {
		return v.t("public.field-" + cases.FieldOf(e.Code))
	}
	return e.Label.In(v.lang)
}

// keeps says how long data is kept, in words.
func (v *visit) keeps(r policy.Retention) string {
	var parts []string
	for _, u := range []struct {
		n   int
		key string
	}{{r.Years, "years"}, {r.Months, "months"}, {r.Days, "days"}} {
		if u.n == 1 {
			parts = append(parts, v.t("public.keep-1-"+u.key))
		} else if u.n > 1 {
			parts = append(parts, v.t("public.keep-"+u.key, "n", strconv.Itoa(u.n)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	key := "public.keep"
	if r.OrOnOrder {
		key = "public.keep-or-order"
	}
	return v.t(key, "period", strings.Join(parts, " "))
}

// shown is a value as the person wrote it; it is kept in the form in which it is used.
func shown(element, value string) string {
	if element == "email" {
		return thai.ShowEmail(value)
	}
	return value
}

func (v *visit) viewCheck(p *stepPage, s *state) {
	row := func(step, key, value string, lines ...string) {
		p.Rows = append(p.Rows, kit.Row{Key: key, Value: value, Lines: lines, Change: step, Action: v.to("/contact/check"), ChangeOf: key})
	}
	row("topic", v.t("public.step-name-topic"), v.t("public.topic-"+s.Topic))
	row("message", v.t("public.message"), s.Message)
	if len(s.Files) > 0 {
		var names []string
		for _, f := range s.Files {
			names = append(names, f.Name+" ("+kit.FileSize(v.lang, f.Size)+")")
		}
		row("message", v.t("public.attached"), "", names...)
	}
	if s.Staff {
		row("message", v.t("public.about-staff-row"), v.t("public.yes"))
	}
	for _, e := range v.elements() {
		value := shown(e.Code, s.sender(e.Code))
		if value == "" {
			value = v.t("public.not-given")
		}
		row("sender", v.label(e), value)
	}
	if s.Withhold {
		row("sender", v.t("public.withhold-row"), v.t("public.yes"))
	}
}
