package public

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/web/kit"
)

// steps of the form, in order. The last one is the post that sends.
var steps = []string{"topic", "message", "sender", "check"}

// mainField is where an error that is about a whole step leads.
var mainField = map[string]string{"topic": "topic", "message": "message", "sender": "given_name", "check": "send"}

// contactBegin is the first page. The privacy notice is on it, before any datum is
// given (PDPA s.23).
func contactBegin(v *visit) error {
	s := v.begin()
	if topic := v.URL.Query().Get("topic"); slices.Contains(cases.Topics, topic) {
		s.Topic = topic
	}
	return v.show("topic", s, nil)
}

// contactLost leads who opens the address of a step to the beginning.
func contactLost(v *visit) error {
	if !slices.Contains(steps, v.PathValue("step")) {
		return errs.New(errs.NotFound, "error.not-found")
	}
	return v.seeOther("/contact")
}

// contactStep takes the answers of a step and shows the next one. A button named "go"
// shows another step instead, with nothing checked and nothing lost: back, change, and
// the other language are such buttons.
func contactStep(v *visit) error {
	step := v.PathValue("step")
	if !slices.Contains(steps, step) {
		return errs.New(errs.NotFound, "error.not-found")
	}
	in, err := v.read(step)
	if err != nil {
		return err
	}
	s := in.state
	v.take(step, in)
	if step != "check" {
		s.Nonce = nil // the check page to come is a new one
	}
	switch to := in.Get("go"); {
	case slices.Contains(steps, to):
		s.Checked = s.Checked || step == "check"
		return v.show(to, s, nil)
	case in.Get("remove") != "":
		s.Files = slices.DeleteFunc(s.Files, func(f cases.Staged) bool { return f.ID == in.Get("remove") })
		return v.show(step, s, in.problems)
	}
	if in.old != nil {
		return v.show(step, s, []errs.Field{{Name: mainField[step], Key: "error.form-old"}})
	}
	if step == "check" {
		return v.send(s)
	}
	if bad := append(v.check(step, s), in.problems...); len(bad) > 0 {
		return v.show(step, s, bad)
	}
	next := steps[slices.Index(steps, step)+1]
	if s.Checked {
		next = v.firstUnanswered(s)
	}
	return v.show(next, s, nil)
}

// take puts the answers of a step into the state.
func (v *visit) take(step string, in *input) {
	s := in.state
	s.Decoy = s.Decoy || in.Get("website") != ""
	switch step {
	case "topic":
		s.Topic = in.Get("topic")
	case "message":
		s.Message = in.Get("message")
		s.Staff = in.Get("about_staff") != ""
	case "sender":
		s.Sender = map[string]string{}
		// Only what the record declares is read, whatever was posted.
		for _, e := range v.elements() {
			if value := strings.TrimSpace(in.Get(cases.FieldOf(e.Code))); value != "" {
				s.Sender[e.Code] = value
			}
		}
		s.Withhold = in.Get("withhold_name") != ""
	}
}

// check finds what is wrong with the answers of a step.
func (v *visit) check(step string, s *state) []errs.Field {
	probe := cases.Submission{Topic: s.Topic, Channel: "web", Message: s.Message, Sender: s.Sender, Attachments: s.Files, Nonce: make([]byte, 16)}
	if probe.Sender == nil {
		probe.Sender = map[string]string{}
	}
	snap := v.f.Policy(cases.Activity)
	if snap == nil {
		return []errs.Field{{Name: step, Key: "error.no-record"}}
	}
	var bad []errs.Field
	for _, f := range errs.As(cases.Validate(snap, &probe)).Fields {
		if stepOf(f.Name) == step {
			bad = append(bad, f)
		}
	}
	if step == "message" {
		if !hasProblem(bad, "message") {
			s.Message = probe.Message
		}
	}
	return bad
}

func hasProblem(bad []errs.Field, name string) bool {
	return slices.ContainsFunc(bad, func(f errs.Field) bool { return f.Name == name })
}

// stepOf is the step that asks for a field.
func stepOf(field string) string {
	switch field {
	case "topic":
		return "topic"
	case "message", "attachment":
		return "message"
	}
	return "sender"
}

func (v *visit) firstUnanswered(s *state) string {
	for _, step := range steps[:3] {
		if len(v.check(step, s)) > 0 {
			return step
		}
	}
	return "check"
}

// send submits the message and leads to the receipt.
func (v *visit) send(s *state) error {
	if step := v.firstUnanswered(s); step != "check" {
		return v.show(step, s, v.check(step, s))
	}
	addr, _ := v.f.Client(v.Request)
	sub := cases.Submission{Site: v.site.Host, Topic: s.Topic, Channel: "web", Lang: v.lang, Message: s.Message, Sender: s.Sender, WithholdName: s.Withhold, AboutStaff: s.Staff,
		Attachments: s.Files, NoticeID: s.Notice, Nonce: s.Nonce, Addr: addr, Decoy: s.Decoy, FormAge: v.f.Now().Sub(time.Unix(s.Started, 0))}
	_, err := v.f.Cases.Submit(v.Context(), sub)
	if err == nil {
		return v.seeOther("/contact/receipt/" + v.f.Seal.Seal("receipt:"+v.site.Host, receiptToken{s.Nonce}, receiptLifetime))
	}
	x := errs.As(err)
	switch {
	case x.Kind == errs.Invalid && len(x.Fields) > 0:
		return v.show(stepOf(x.Fields[0].Name), s, x.Fields)
	case x.Key == "error.notice-changed":
		return v.show("sender", s, []errs.Field{{Name: "notice", Key: x.Key}})
	case x.Kind != errs.Forbidden && x.Kind != errs.Conflict:
		// Nothing was received; what was typed is on the page, ready to be sent again.
		v.f.edge.Log(v.w, v.Request, err)
		return v.showAs(x.Kind.Status(), "check", s, []errs.Field{{Name: "send", Key: x.Key, Args: x.Args}})
	}
	return err
}

// show sends a step's page: 422 when something is wrong with the answers.
func (v *visit) show(step string, s *state, bad []errs.Field) error {
	status := http.StatusOK
	if len(bad) > 0 {
		status = http.StatusUnprocessableEntity
	}
	return v.showAs(status, step, s, bad)
}

func (v *visit) showAs(status int, step string, s *state, bad []errs.Field) error {
	data, err := v.stepView(step, s, bad)
	if err != nil {
		return err
	}
	title := data.Heading
	if len(bad) > 0 {
		title = v.t("public.error-title", "title", title)
	}
	return v.page(kit.Page{Status: status, Title: title, Path: "/contact", Class: stepsPage}, "step-"+step, data)
}
