package office

import (
	"net/http"
	"slices"
	"strings"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/web/kit"
)

// step is a button of the action bar: it opens a panel, or acts at once.
type step struct {
	Act, Text string
	Href      string // of the panel
	Post      string // where an act without a word posts to
}

// panel is the form of an act, shown when it is chosen.
type panel struct {
	Act, Title, Help, Action string
	Errors                   *kit.Summary
	Parts                    []part
	Button                   string
	Stop, Open               bool
}

// part is an input of a panel, in its order.
type part struct {
	Field  *kit.Field
	Radios *kit.Radios
}

// act is something that an officer may do with a case. Its texts are office.act-NAME,
// office.help-NAME and office.done-NAME.
type act struct {
	name  string
	needs []string // actions of the workflow; one that is open offers the act
	parts func(k *desk, act string) []part
	do    func(v *visit, ref string, in func(string) string) error
	stop  bool // it cannot be undone: the panel asks
}

// acts are all of them, in the order in which they are offered after the first.
var acts = []act{
	{"consider", []string{"consider"}, nil, func(v *visit, ref string, _ func(string) string) error {
		_, err := v.f.Cases.Consider(v.Context(), v.session.Actor, ref)
		return err
	}, false},
	{"triage", []string{"triage-relevant", "triage-park"}, triageParts, func(v *visit, ref string, in func(string) string) error {
		_, err := v.f.Cases.Triage(v.Context(), v.session.Actor, ref, cases.Verdict(in("verdict")), in("reason"))
		return err
	}, false},
	{"resume", []string{"resume"}, nil, func(v *visit, ref string, _ func(string) string) error {
		_, err := v.f.Cases.Resume(v.Context(), v.session.Actor, ref)
		return err
	}, false},
	{"answer", []string{"answer"}, answerParts, func(v *visit, ref string, in func(string) string) error {
		_, err := v.f.Cases.Answer(v.Context(), v.session.Actor, ref, in("via"), in("text"))
		return err
	}, false},
	{"ask", []string{"ask"}, textPart, func(v *visit, ref string, in func(string) string) error {
		_, err := v.f.Cases.Ask(v.Context(), v.session.Actor, ref, in("text"))
		return err
	}, false},
	{"hear", []string{"hear"}, textPart, func(v *visit, ref string, in func(string) string) error {
		_, err := v.f.Cases.Hear(v.Context(), v.session.Actor, ref, in("text"))
		return err
	}, false},
	{"inform", []string{"inform"}, textPart, func(v *visit, ref string, in func(string) string) error {
		_, err := v.f.Cases.Inform(v.Context(), v.session.Actor, ref, in("text"))
		return err
	}, false},
	{"close", []string{"close"}, closeParts, func(v *visit, ref string, in func(string) string) error {
		_, err := v.f.Cases.Close(v.Context(), v.session.Actor, ref, in("result"), in("text"))
		return err
	}, false},
	{"assign", []string{"assign"}, assignParts, func(v *visit, ref string, in func(string) string) error {
		_, err := v.f.Cases.Assign(v.Context(), v.session.Actor, ref, in("account"))
		return err
	}, false},
	{"endorse", []string{"endorse"}, endorseParts, func(v *visit, ref string, in func(string) string) error {
		_, err := v.f.Cases.Endorse(v.Context(), v.session.Actor, ref, in("kind"), in("to"), in("text"))
		return err
	}, false},
	{"note", []string{"note"}, textPart, func(v *visit, ref string, in func(string) string) error {
		_, err := v.f.Cases.Note(v.Context(), v.session.Actor, ref, in("text"))
		return err
	}, false},
	{"pass", []string{"pass"}, passParts, func(v *visit, ref string, in func(string) string) error {
		_, err := v.f.Cases.Pass(v.Context(), v.session.Actor, ref, in("agency"), in("reason"))
		return err
	}, false},
	{"redirect", []string{"redirect"}, redirectParts, func(v *visit, ref string, in func(string) string) error {
		_, err := v.f.Cases.Redirect(v.Context(), v.session.Actor, ref, in("body"), in("text"))
		return err
	}, false},
	{"take-up", []string{"take-up"}, reasonPart, func(v *visit, ref string, in func(string) string) error {
		_, err := v.f.Cases.TakeUp(v.Context(), v.session.Actor, ref, in("reason"))
		return err
	}, false},
	{"release", []string{"release"}, nil, func(v *visit, ref string, _ func(string) string) error {
		_, err := v.f.Cases.Release(v.Context(), v.session.Actor, ref)
		return err
	}, false},
	{"discard", []string{"discard"}, none, func(v *visit, ref string, _ func(string) string) error {
		_, err := v.f.Cases.Discard(v.Context(), v.session.Actor, ref)
		return err
	}, true},
	{"shield", []string{"shield"}, shieldParts, func(v *visit, ref string, in func(string) string) error {
		_, err := v.f.Cases.Shield(v.Context(), v.session.Actor, ref, in("account"))
		return err
	}, true},
	{"reissue", []string{"reissue"}, none, nil, true},
}

// firstSteps is which acts come first in a state: the next right step, then what else
// is near.
var firstSteps = map[cases.State][]string{
	cases.Quarantined:    {"release", "discard"},
	cases.Received:       {"consider", "assign", "triage"},
	cases.Considering:    {"resume", "triage", "endorse", "assign"},
	cases.InProgress:     {"answer", "ask", "assign"},
	cases.AwaitingSender: {"hear", "answer", "note"},
	cases.Referred:       {"inform", "note"},
	cases.Answered:       {"close", "answer"},
	cases.Closed:         {"note"},
}

// maxFirst is how many buttons the bar shows; the rest is under "more".
const maxFirst = 3

func actNamed(name string) (act, bool) {
	i := slices.IndexFunc(acts, func(a act) bool { return a.name == name })
	if i < 0 {
		return act{}, false
	}
	return acts[i], true
}

// offered tells whether the workflow and the record let this person do it now.
func (k *desk) offered(a act) bool {
	switch a.name {
	case "reissue":
		if !k.d.MayRead["verify_identity"] {
			return false
		}
	case "ask", "inform", "redirect":
		if !k.mayWrite() {
			return false
		}
	case "answer":
		if len(k.ways("")) == 0 {
			return false
		}
	}
	return slices.ContainsFunc(a.needs, func(n string) bool { return slices.Contains(k.d.Next, n) })
}

// mayWrite tells whether what is said reaches the sender: his address is opened for the
// mail, and the record must let the officer.
func (k *desk) mayWrite() bool {
	return k.d.MayRead["communicate"] || !slices.Contains(k.d.Given(), "email")
}

// offer fills in the action bar and the panels behind it.
func (k *desk) offer(p *casePage) {
	first := firstSteps[k.d.State]
	for _, name := range first {
		if a, _ := actNamed(name); k.offered(a) && len(p.First) < maxFirst {
			p.First = append(p.First, k.step(p, a))
		}
	}
	for _, a := range acts {
		shown := slices.ContainsFunc(p.First, func(s step) bool { return s.Act == a.name })
		if k.offered(a) && !shown {
			p.More = append(p.More, k.step(p, a))
		}
	}
	if k.v.mayRefer(&k.d.Case) {
		refer := step{Act: "refer", Text: k.v.t("referral.refer"), Href: p.Path + "/refer"}
		if k.d.Parked && k.d.State == cases.Considering { // that is what it waits for
			p.First = append([]step{refer}, p.First...)
			return
		}
		p.More = append(p.More, refer)
	}
}

func (k *desk) step(p *casePage, a act) step {
	s := step{Act: a.name, Text: k.v.t("office.act-" + a.name)}
	if a.parts == nil {
		s.Post = p.Path + "/" + a.name
		return s
	}
	s.Href = "#do-" + a.name
	p.Panels = append(p.Panels, k.panel(p, a))
	return s
}

func (k *desk) panel(p *casePage, a act) panel {
	v := k.v
	x := panel{Act: a.name, Title: v.t("office.act-" + a.name), Help: v.t("office.help-" + a.name), Action: p.Path + "/" + a.name, Button: v.t("office.button-" + a.name), Stop: a.stop, Open: k.doing == a.name}
	if (a.name == "triage" || a.name == "endorse") && len(k.chain) > 0 {
		x.Help += " " + v.t("office.chain-is", "steps", v.chainText(k.chain))
	}
	x.Parts = a.parts(k, a.name)
	for i := range x.Parts {
		k.name(a.name, &x.Parts[i])
	}
	if x.Open && len(k.fields) > 0 {
		x.Errors = kit.Summarise(v.lang, k.fields)
		for i, f := range k.fields {
			x.Errors.Items[i].Href = "#" + a.name + "-" + f.Name
		}
	}
	return x
}

// name gives an input an id of its own, what was typed, and what is wrong with it.
func (k *desk) name(act string, p *part) {
	wrong := func(name string) string {
		if k.doing == act {
			return kit.FieldError(k.v.lang, k.fields, name)
		}
		return ""
	}
	if f := p.Field; f != nil {
		f.ID, f.Error = act+"-"+f.Name, wrong(f.Name)
	}
	if r := p.Radios; r != nil {
		r.ID, r.Error = act+"-"+r.Name, wrong(r.Name)
	}
}

// typed is what was typed into an input of the act that was posted, else fallback.
func (k *desk) typed(act, name, fallback string) string {
	if k.doing == act {
		return k.v.PostFormValue(name)
	}
	return fallback
}

func none(*desk, string) []part { return nil }

// area is the text area of an act.
func (k *desk) area(act, name string, rows int) part {
	v := k.v
	return part{Field: &kit.Field{Name: name, Label: v.t("office." + name + "-" + act), Rows: rows, Max: cases.MaxMessage, Counter: v.t("office.counter"), Value: k.typed(act, name, ""), Required: true}}
}

// textPart is for acts that need a text and nothing else.
func textPart(k *desk, act string) []part { return []part{k.area(act, "text", 6)} }

func reasonPart(k *desk, act string) []part { return []part{k.area(act, "reason", 4)} }

func triageParts(k *desk, act string) []part {
	v, at := k.v, k.typed(act, "verdict", "")
	r := kit.Radios{Name: "verdict", Legend: v.t("office.verdict")}
	for _, x := range []struct{ verdict, action string }{{"relevant", "triage-relevant"}, {"park", "triage-park"}} {
		if slices.Contains(k.d.Next, x.action) {
			r.Options = append(r.Options, kit.Option{Value: x.verdict, Label: v.t("office.verdict-" + x.verdict), Help: v.t("office.verdict-" + x.verdict + "-help"), Selected: at == x.verdict})
		}
	}
	return []part{{Radios: &r}, k.area(act, "reason", 4)}
}

// ways are how the sender can be told the result.
func (k *desk) ways(selected string) []kit.Option {
	var out []kit.Option
	for _, x := range []struct{ via, element string }{{"email", "email"}, {"phone", "mobile_phone"}} {
		if !slices.Contains(k.d.Given(), x.element) || x.via == "email" && !k.mayWrite() {
			continue
		}
		o := kit.Option{Value: x.via, Label: k.v.t("office.via-" + x.via), Help: k.v.t("office.via-" + x.via + "-help"), Selected: selected == x.via}
		if x.via == "email" && k.d.EmailVerified.IsZero() {
			o.Help = k.v.t("office.via-email-unverified")
		}
		out = append(out, o)
	}
	return out
}

func answerParts(k *desk, act string) []part {
	r := kit.Radios{Name: "via", Legend: k.v.t("office.via"), Options: k.ways(k.typed(act, "via", ""))}
	if len(r.Options) == 1 {
		r.Options[0].Selected = true
	}
	return []part{{Radios: &r}, k.area(act, "text", 10)}
}

func closeParts(k *desk, act string) []part {
	v := k.v
	text := k.area(act, "text", 4)
	text.Field.Required, text.Field.Optional = false, v.t("office.optional")
	options := append([]kit.Option{{Label: v.t("office.choose")}}, v.labelled("office.result-", k.typed(act, "result", ""), cases.Results...)...)
	return []part{{Field: &kit.Field{Name: "result", Label: v.t("office.result"), Options: options}}, text}
}

// person is the choice of a colleague; where they are not known, an account is typed.
func (k *desk) person(act, name, label, nobody, selected string) part {
	f := &kit.Field{Name: name, Label: k.v.t(label), Width: "medium", Value: selected, Autocomplete: "off"}
	if k.colleagues != nil {
		f.Options = []kit.Option{{Label: k.v.t(nobody)}}
		for _, a := range k.colleagues {
			if a.Name != k.d.AboutAccount || act == "shield" {
				f.Options = append(f.Options, kit.Option{Value: a.Name, Label: a.Display.In(k.v.lang) + " · " + k.v.roles(a), Selected: a.Name == selected})
			}
		}
	}
	return part{Field: f}
}

func assignParts(k *desk, act string) []part {
	holder := k.d.Assignee
	if holder == "" {
		holder = k.v.session.Account.Name
	}
	return []part{k.person(act, "account", "office.assign-to", "office.assign-none", k.typed(act, "account", holder))}
}

func endorseParts(k *desk, act string) []part {
	v, at := k.v, k.typed(act, "kind", "")
	r := kit.Radios{Name: "kind", Legend: v.t("office.endorse-kind")}
	for _, kind := range cases.Endorsements {
		r.Options = append(r.Options, kit.Option{Value: kind, Label: v.t("office.endorse-" + kind), Help: v.t("office.endorse-" + kind + "-help"), Selected: kind == at})
	}
	return []part{{Radios: &r}, k.person(act, "to", "office.endorse-to", "office.endorse-nobody", k.typed(act, "to", "")), k.area(act, "text", 4)}
}

func passParts(k *desk, act string) []part {
	v := k.v
	own := func(code string) bool {
		a, ok := v.f.Agencies.Get(code)
		return ok && a.SameController() && code != k.d.Agency && v.f.Cases.SameController(code)
	}
	options := append([]kit.Option{{Label: v.t("office.choose")}}, v.agencyOptions(k.typed(act, "agency", ""), own)...)
	return []part{{Field: &kit.Field{Name: "agency", Label: v.t("office.pass-to"), Options: options}}, k.area(act, "reason", 4)}
}

func redirectParts(k *desk, act string) []part {
	v := k.v
	return []part{{Field: &kit.Field{Name: "body", Label: v.t("office.body"), Help: v.t("office.body-help"), Value: k.typed(act, "body", ""), Required: true, Autocomplete: "off"}}, k.area(act, "text", 6)}
}

func shieldParts(k *desk, act string) []part {
	return []part{k.person(act, "account", "office.shield-whom", "office.shield-general", k.typed(act, "account", ""))}
}

// actOnCase does what was posted and leads back to the case, so that reloading repeats
// nothing. What is wrong is shown in the panel, with what was typed.
func actOnCase(v *visit) error {
	a, ok := actNamed(v.PathValue("act"))
	if !ok {
		return errs.New(errs.NotFound, "error.not-found")
	}
	ref := v.PathValue("reference")
	if a.name == "reissue" {
		return reissue(v, ref)
	}
	err := a.do(v, ref, v.PostFormValue)
	switch kind := errs.KindOf(err); {
	case err == nil:
		return v.afterAct(ref, a.name)
	case kind == errs.Invalid, kind == errs.Conflict:
		return v.actAgain(ref, a, errs.As(err))
	}
	return err
}

// afterAct leads to the case, or to the inbox when it is the actor's no longer.
func (v *visit) afterAct(ref, name string) error {
	_, err := v.f.Cases.Post(v.Context(), v.session.Actor, ref)
	if errs.KindOf(err) == errs.NotFound {
		return v.seeOther("/office/cases?done=" + name)
	}
	return v.seeOther("/office/cases/" + ref + "?done=" + name)
}

// actAgain shows the case with the panel open. A conflict says what has happened: the
// case is further than the page from which the act came.
func (v *visit) actAgain(ref string, a act, e *errs.E) error {
	k, err := v.desk(ref)
	if err != nil {
		return err
	}
	k.doing, k.fields = a.name, e.Fields
	p, err := k.page()
	if err != nil {
		return err
	}
	open := slices.ContainsFunc(p.Panels, func(x panel) bool { return x.Open })
	if e.Kind == errs.Conflict || len(e.Fields) == 0 || !open {
		p.Note = k.conflict(a, e)
	}
	if !open {
		p.Kept = strings.TrimSpace(v.PostFormValue("text") + "\n" + v.PostFormValue("reason"))
	}
	return v.page(e.Kind.Status(), p.Heading, "office/case", p)
}

func (k *desk) conflict(a act, e *errs.E) *kit.Note {
	v := k.v
	n := &kit.Note{Tone: "stop", Title: v.t("office.conflict", "act", v.t("office.act-"+a.name))}
	switch {
	case e.Key == "error.transition", len(e.Fields) > 0:
		n.Paragraphs = []string{v.t("office.conflict-state", "state", v.t("office.state-"+string(k.d.State))), v.t("office.conflict-look")}
	case e.Key == "error.chain":
		n.Paragraphs = []string{v.t("office.conflict-chain", "steps", v.chainText(k.chain))}
	default:
		n.Paragraphs = []string{i18n.T(v.lang, e.Key, e.Args...)}
	}
	return n
}

// reissue shows the new code in the answer itself: it is nowhere to be read again.
func reissue(v *visit, ref string) error {
	code, err := v.f.Cases.Reissue(v.Context(), v.session.Actor, ref)
	if err != nil {
		return err
	}
	k, err := v.desk(ref)
	if err != nil {
		return err
	}
	p, err := k.page()
	if err != nil {
		return err
	}
	p.Code = code
	return v.page(http.StatusOK, p.Heading, "office/case", p)
}
