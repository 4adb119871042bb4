package office

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"prasan/internal/breach"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

const breachBase = "/office/breaches/"

// breachPage is the breach that is shown, and what just happened.
type breachPage struct {
	breach.Breach
	doing       string
	wrong       *errs.E
	description string // opened by a button, and that is logged
}

func (v *visit) theBreach() (breach.Breach, error) {
	return v.f.Breach.Get(v.Context(), v.session.Actor, v.PathValue("id"))
}

func showBreach(v *visit) error {
	b, err := v.theBreach()
	if err != nil {
		return err
	}
	return v.breachPage(breachPage{Breach: b})
}

// openDescription shows what was reported; the service logs the reading.
func openDescription(v *visit) error {
	b, err := v.theBreach()
	if err != nil {
		return err
	}
	text, err := v.f.Breach.Describe(v.Context(), v.session.Actor, b.ID)
	if err != nil {
		return err
	}
	return v.breachPage(breachPage{Breach: b, description: text})
}

func actOnBreach(v *visit) error {
	b, err := v.theBreach()
	if err != nil {
		return err
	}
	return v.perform(breachBase+b.ID, v.breachDeeds(b), func(doing string, e *errs.E) error {
		return v.breachPage(breachPage{Breach: b, doing: doing, wrong: perFactor(e)})
	})
}

// perFactor leads an error about a factor to the input of that factor.
func perFactor(e *errs.E) *errs.E {
	out := *e
	out.Fields = slices.Clone(e.Fields)
	for i, f := range out.Fields {
		if code, ok := factorOf(f); ok {
			out.Fields[i] = errs.Field{Name: "factor-" + code, Key: "breach.error-factor"}
		}
	}
	return &out
}

func factorOf(f errs.Field) (code string, ok bool) {
	if f.Name != "factors" || len(f.Args) < 2 {
		return "", false
	}
	code, ok = f.Args[1].(string)
	return code, ok
}

// breachDeeds are all deeds on a breach.
func (v *visit) breachDeeds(b breach.Breach) []deed {
	s, ctx, who := v.f.Breach, v.Context(), v.session.Actor
	text := func(name, key string, rows int) func(t *typed) []ask {
		return func(t *typed) []ask { return []ask{t.area(name, key, "", rows)} }
	}
	assess := func(in func(string) string) error {
		as := breach.Assessment{Risk: in("risk"), Factors: map[string]string{}, Reasons: in("reasons"), Effects: in("effects"), Measures: in("measures")}
		for _, f := range breach.Factors {
			as.Factors[f] = in("factor-" + f)
		}
		_, err := s.Assess(ctx, who, b.ID, as, breach.Window{From: timeOf(in("from")), To: timeOf(in("to")), Actor: strings.TrimSpace(in("actor"))})
		return err
	}
	return []deed{
		{"aware", nothing, func(func(string) string) error { _, err := s.BeAware(ctx, who, b.ID); return err }, true},
		{"contain", text("text", "breach.contained", 3), func(in func(string) string) error { _, err := s.Contain(ctx, who, b.ID, in("text")); return err }, false},
		{"assess", v.assessAsks(b), assess, false},
		{"reassess", v.assessAsks(b), assess, false},
		{"confirm", nothing, func(func(string) string) error { _, err := s.Confirm(ctx, who, b.ID); return err }, false},
		{"take", v.takeAsks, func(in func(string) string) error {
			_, err := s.Take(ctx, who, b.ID, breach.Measure{What: in("measure"), Account: in("account"), Reason: in("reason")})
			return err
		}, true},
		{"open-gate", v.openAsks, func(in func(string) string) error { return s.Open(ctx, who, in("gate"), in("reason")) }, false},
		{"draft", v.draftAsks(b), func(in func(string) string) error {
			_, err := s.Draft(ctx, who, b.ID, in("late_reason"), in("text"))
			return err
		}, false},
		{"notify", v.notifyAsks(b), func(in func(string) string) error {
			_, err := s.Notify(ctx, who, b.ID, in("late_reason"))
			return err
		}, true},
		{"supplement", nothing, func(func(string) string) error { _, err := s.Supplement(ctx, who, b.ID); return err }, false},
		{"notify-subjects", v.subjectsAsks(b), func(in func(string) string) error {
			_, err := s.NotifySubjects(ctx, who, b.ID, in("text"))
			return err
		}, true},
		{"close", text("lessons", "breach.lessons", 5), func(in func(string) string) error { _, err := s.Close(ctx, who, b.ID, in("lessons")); return err }, false},
		{"dismiss", text("reasons", "breach.dismiss-reasons", 3), func(in func(string) string) error { _, err := s.Dismiss(ctx, who, b.ID, in("reasons")); return err }, true},
	}
}

// assessAsks: the factors of the notification of B.E. 2565, and the window of the logs
// from which the persons are computed.
func (v *visit) assessAsks(b breach.Breach) func(t *typed) []ask {
	return func(t *typed) []ask {
		as := b.Assessment
		from := t.moment("from", "breach.from", b.OccurredFrom)
		from.Heading = v.t("breach.window")
		out := []ask{from, t.moment("to", "breach.to", b.OccurredTo), t.line("actor", "breach.actor", "").help(v.t("breach.actor-help")).optional(v)}
		for i, f := range breach.Factors {
			a := t.area("factor-"+f, "breach.factor-"+f, as.Factors[f], 2)
			if i == 0 {
				a.Heading = v.t("breach.factors")
			}
			out = append(out, a)
		}
		risk := t.radios("risk", "breach.risk", "breach.risk-", as.Risk, breach.NoRisk, breach.Risk, breach.HighRisk)
		risk.Heading = v.t("breach.result")
		return append(out, risk, t.area("reasons", "breach.reasons", as.Reasons, 3), t.area("effects", "breach.effects", as.Effects, 3), t.area("measures", "breach.measures", as.Measures, 3))
	}
}

// notifyAsks wants the reasons of a delay once the time is over.
func (v *visit) notifyAsks(b breach.Breach) func(t *typed) []ask {
	return func(t *typed) []ask {
		var out []ask
		if v.f.Now().After(b.Deadline(v.f.Breach.Terms)) && b.LateReason == "" {
			out = append(out, t.area("late_reason", "breach.late-reason", "", 3).help(v.t("breach.late-help")))
		}
		return out
	}
}

// draftAsks: the first letter says why it is late, a supplement what was not known.
func (v *visit) draftAsks(b breach.Breach) func(t *typed) []ask {
	return func(t *typed) []ask {
		if !b.NotifiedAt.IsZero() {
			return []ask{t.area("text", "breach.supplement-text", "", 4)}
		}
		return v.notifyAsks(b)(t)
	}
}

// takeAsks are the measures that are at hand.
func (v *visit) takeAsks(t *typed) []ask {
	return []ask{t.radios("measure", "breach.measure", "breach.measure-", "", append([]string{"sessions", "keys"}, breach.Gates...)...), t.line("account", "breach.measure-account", "").help(v.t("breach.measure-account-help")).optional(v), t.area("reason", "breach.measure-reason", "", 2)}
}

// openAsks are the ways out that are closed.
func (v *visit) openAsks(t *typed) []ask {
	closed, err := v.f.Breach.Closed(v.Context())
	if err != nil || len(closed) == 0 {
		return nil
	}
	var names []string
	for _, g := range closed {
		names = append(names, g.Name)
	}
	return []ask{t.radios("gate", "breach.gate", "breach.measure-", "", names...), t.area("reason", "breach.measure-reason", "", 2)}
}

func (v *visit) subjectsAsks(b breach.Breach) func(t *typed) []ask {
	return func(t *typed) []ask {
		help := v.t("breach.subjects-help", "n", b.Impact.Subjects)
		if b.Drill {
			help = v.t("breach.subjects-drill", "n", b.Impact.Subjects)
		}
		return []ask{t.area("text", "breach.subjects-text", "", 6).help(help)}
	}
}

func (v *visit) breachOffered(b breach.Breach) []string {
	var out []string
	for _, t := range breach.Transitions {
		if slices.Contains(t.From, b.State) && policy.May(v.session.Actor, t.By, b.Agency) {
			out = append(out, t.Action)
		}
	}
	if b.Assessment.Risk != breach.NoRisk || b.ConfirmedBy != "" || b.AssessedBy == v.session.Actor.Account {
		out = slices.DeleteFunc(out, func(name string) bool { return name == "confirm" })
	}
	if closed, err := v.f.Breach.Closed(v.Context()); err == nil && len(closed) > 0 && policy.May(v.session.Actor, "breach.decide", b.Agency) {
		out = append(out, "open-gate")
	}
	return out
}

// breachLetters are the notice to the Office of the PDPC and its supplement, as letters.
func (v *visit) breachLetters(d *dossier, b breach.Breach) error {
	for _, id := range []string{b.LetterID, b.SupplementID} {
		if id == "" {
			continue
		}
		l, err := v.f.Letters.Get(v.Context(), v.session.Actor, id)
		if errs.KindOf(err) == errs.NotFound {
			continue
		}
		if err != nil {
			return err
		}
		d.Parts = append(d.Parts, v.letterPart(l))
	}
	return nil
}

func (v *visit) breachPage(p breachPage) error {
	b := p.Breach
	deeds := v.breachDeeds(b)
	d := dossier{Back: kit.Link{Href: v.to("/office/breaches"), Text: v.t("breach.office")}, Step: v.t("breach.one"), Heading: v.words("breach.kind-", b.Kinds), Chips: []kit.Chip{*v.breachState(b)}, Clock: v.breachClock(b)}
	d.Way = v.way("breach.state-", string(b.State), "reported", "aware", "assessed", "notified", "closed")
	if b.State == breach.Dismissed {
		d.Way = nil
	}
	if b.Drill {
		d.Chips = append([]kit.Chip{{Tone: "wait", Text: v.t("breach.drill")}}, d.Chips...)
	}
	status := d.said(v, "breach", deeds, p.wrong)
	if d.Note == nil && b.Drill {
		d.Note = &kit.Note{Tone: "warn", Title: v.t("breach.drill-note")}
	}
	d.Deeds = v.deedForms("breach", breachBase+b.ID, deeds, v.breachOffered(b), p.doing, fieldsOf(p.wrong))
	names, err := v.breachHistory(&d, b)
	if err != nil {
		return err
	}
	v.breachParts(&d, p, names)
	if err := v.breachLetters(&d, b); err != nil {
		return err
	}
	return v.page(status, d.Heading, "office/dossier", d)
}

// breachClock shows the 72 hours that are left, to the minute.
func (v *visit) breachClock(b breach.Breach) *countdown {
	if !runs(b) {
		return nil
	}
	terms := v.f.Breach.Terms
	until := b.Deadline(terms)
	chip := v.breachDue(b)
	return &countdown{Text: chip.Text, Until: v.t("breach.until", "at", thai.DateTime(until, v.lang)), Left: max(0, int(until.Sub(v.f.Now())/time.Minute)), Of: int(terms.Notify / time.Minute), Late: chip.Tone == "late"}
}

func (v *visit) breachParts(d *dossier, p breachPage, names people) {
	b := p.Breach
	said := dossierPart{ID: "description", Title: v.t("breach.described"), Paper: p.description}
	if p.description == "" {
		said.Lead, said.Post, said.Button = v.t("breach.described-closed"), v.to(breachBase+b.ID+"/description"), v.t("breach.described-open")
	}
	d.Parts = append(d.Parts, said)
	if b.AssessedBy != "" {
		d.Parts = append(d.Parts, v.impactPart(b, names), v.assessmentPart(b))
	}
	if !b.AwareAt.IsZero() {
		d.Parts = append(d.Parts, dossierPart{ID: "notice", Title: v.t("breach.notice"), Lead: v.t("breach.notice-lead"), Links: []kit.Link{{Href: v.to(breachBase + b.ID + "/notice"), Text: v.t("breach.notice-open")}}})
	}
	if b.ClosedAt.IsZero() {
		d.Parts = append(d.Parts, v.containPart())
	}
	if b.Lessons != "" {
		d.Parts = append(d.Parts, dossierPart{ID: "lessons", Title: v.t("breach.lessons"), Paper: b.Lessons})
	}
}

// containPart leads to what can be stopped here: accounts and their sessions, and the
// log that shows who did what.
func (v *visit) containPart() dossierPart {
	p := dossierPart{ID: "contain", Title: v.t("breach.contain-title"), Lead: v.t("breach.contain-lead")}
	for _, x := range []struct{ action, path, key string }{{"account.admin", "/office/accounts", "breach.contain-accounts"}, {"log.read", "/office/audit?area=data", "breach.contain-log"}} {
		if v.reaches(x.action) {
			p.Links = append(p.Links, kit.Link{Href: v.to(x.path), Text: v.t(x.key)})
		}
	}
	return p
}

// impactRows is how many lines of a kind are shown; the rest is one line.
const impactRows = 10

// impactPart is what the logs say was touched.
func (v *visit) impactPart(b breach.Breach, names people) dossierPart {
	t := kit.Table{Caption: v.t("breach.impact"), Hidden: true, Head: []string{v.t("breach.impact-what"), v.t("breach.impact-which"), v.t("breach.impact-n")}}
	add := func(key string, counts map[string]int, name func(code string) string) {
		rest, more := 0, 0
		for i, code := range slices.SortedFunc(maps.Keys(counts), func(a, c string) int { return cmp.Or(counts[c]-counts[a], strings.Compare(a, c)) }) {
			if i >= impactRows {
				rest, more = rest+counts[code], more+1
				continue
			}
			t.Rows = append(t.Rows, []kit.Cell{{Text: v.t(key)}, {Text: name(code)}, {Text: kit.Thousands(counts[code]), Number: true}})
		}
		if more > 0 {
			t.Rows = append(t.Rows, []kit.Cell{{Text: v.t(key)}, {Text: v.t("breach.impact-more", "n", more)}, {Text: kit.Thousands(rest), Number: true}})
		}
	}
	add("breach.impact-element", b.Impact.Elements, func(code string) string { return v.elementOf(b.Activity, code) })
	add("breach.impact-actor", b.Impact.Actors, names.name)
	add("breach.impact-recipient", b.Impact.Recipients, v.recipientName)
	p := dossierPart{ID: "impact", Title: v.t("breach.impact"), Lead: v.t("breach.impact-lead", "n", kit.Thousands(b.Impact.Subjects), "acts", kit.Thousands(b.Impact.Acts))}
	if len(t.Rows) > 0 {
		p.Table = &t
	}
	return p
}

// elementOf is the record's name of an element.
func (v *visit) elementOf(activity, code string) string {
	if snap := v.f.Breach.Record(activity); snap != nil {
		for _, e := range snap.Elements {
			if e.Code == code && e.Label.In(v.lang) != "" {
				return e.Label.In(v.lang)
			}
		}
	}
	return v.elementName(code)
}

// elementName names what is no element of the form.
func (v *visit) elementName(code string) string {
	if slices.Contains([]string{processing.Content, "message", "attachment"}, code) {
		return v.t("breach.element-" + code)
	}
	return code
}

// recipientName is an agency, or the person himself to whom a mail went.
func (v *visit) recipientName(code string) string {
	if kind, ok := strings.CutPrefix(code, "mail:"); ok {
		return v.t("breach.recipient-mail", "kind", v.t("office.mail-"+kind))
	}
	return v.agency(code)
}

func (v *visit) assessmentPart(b breach.Breach) dossierPart {
	as := b.Assessment
	p := dossierPart{ID: "assessment", Title: v.t("breach.assessment"), Rows: []kit.Row{{Key: v.t("breach.risk"), Value: v.t("breach.risk-" + as.Risk)}, {Key: v.t("breach.reasons"), Lines: strings.Split(as.Reasons, "\n")}, {Key: v.t("breach.effects"), Lines: strings.Split(as.Effects, "\n")}, {Key: v.t("breach.measures"), Lines: strings.Split(as.Measures, "\n")}}}
	if as.Contained != "" {
		p.Rows = append(p.Rows, kit.Row{Key: v.t("breach.contained"), Lines: strings.Split(as.Contained, "\n")})
	}
	for _, f := range breach.Factors {
		p.Rows = append(p.Rows, kit.Row{Key: v.t("breach.factor-" + f), Lines: strings.Split(as.Factors[f], "\n")})
	}
	return p
}

// breachHistory fills in what has happened, and returns the names of all who acted.
func (v *visit) breachHistory(d *dossier, b breach.Breach) (people, error) {
	events, err := v.f.Breach.History(v.Context(), v.session.Actor, b.ID)
	if err != nil {
		return people{}, err
	}
	accounts := slices.AppendSeq([]string{b.ReportedBy, b.AwareBy, b.AssessedBy, b.ConfirmedBy}, maps.Keys(b.Impact.Actors))
	for _, e := range events {
		accounts = append(accounts, e.Actor)
	}
	names, err := v.namesOf(accounts...)
	if err != nil {
		return names, err
	}
	for i := len(events) - 1; i >= 0; i-- {
		e := events[i]
		m := kit.Moment{At: e.At, Title: v.t("breach.event-" + e.Kind), Who: names.name(e.Actor), Now: len(d.Moments) == 0, Text: e.Body["text"] + e.Body["reasons"]}
		if what := e.Body["measure"]; what != "" {
			m.Text = v.t("breach.measure-"+what) + " · " + m.Text
		}
		if len(e.Body) == 0 { // also what a round has left of it
			d.Moments = append(d.Moments, m)
			continue
		}
		switch e.Kind {
		case "alarm":
			m.Title = v.t("breach.event-alarm-n", "hours", e.Body["hours"], "people", e.Body["people"])
		case "assess", "reassess":
			if n := e.Body["people"]; n != "" {
				m.Text = v.t("breach.event-people", "people", n)
			}
		case "notify", "supplement":
			m.Text = strings.TrimSpace(v.t("breach.letter-n", "letter", e.Body["letter"]) + "\n" + e.Body["late_reason"] + e.Body["text"])
		}
		d.Moments = append(d.Moments, m)
	}
	d.Facts = v.breachFacts(b, names)
	return names, nil
}

func (v *visit) breachFacts(b breach.Breach, names people) []kit.Row {
	at := func(t time.Time) string { return thai.DateTime(t, v.lang) }
	out := []kit.Row{
		{Key: v.t("office.agency"), Value: v.agency(b.Agency)}, {Key: v.t("breach.activity"), Value: v.activity(b.Activity)},
		{Key: v.t("breach.occurred"), Lines: []string{at(b.OccurredFrom), at(b.OccurredTo)}},
		{Key: v.t("breach.channel"), Value: v.t("breach.channel-" + b.Channel)},
		{Key: v.t("breach.reported-at"), Lines: []string{at(b.ReportedAt), names.name(b.ReportedBy)}},
	}
	if !b.AwareAt.IsZero() {
		out = append(out, kit.Row{Key: v.t("breach.aware-at"), Lines: []string{at(b.AwareAt), names.name(b.AwareBy)}}, kit.Row{Key: v.t("breach.deadline"), Value: at(b.Deadline(v.f.Breach.Terms))})
	}
	if b.ConfirmedBy != "" {
		out = append(out, kit.Row{Key: v.t("breach.confirmed"), Value: names.name(b.ConfirmedBy)})
	}
	if !b.NotifiedAt.IsZero() {
		out = append(out, kit.Row{Key: v.t("breach.notified-at"), Value: at(b.NotifiedAt)})
	}
	if !b.SubjectsAt.IsZero() {
		key := "breach.subjects-told"
		if b.Drill {
			key = "breach.subjects-would"
		}
		out = append(out, kit.Row{Key: v.t("breach.subjects-at"), Lines: []string{at(b.SubjectsAt), v.t(key, "n", kit.Thousands(b.SubjectsN))}})
	}
	if !b.ClosedAt.IsZero() {
		out = append(out, kit.Row{Key: v.t("breach.closed-at"), Value: at(b.ClosedAt)})
	}
	return out
}

// noticePage is the text of the letter to the Office of the PDPC, for printing.
type noticePage struct {
	Back     kit.Link
	Drill    bool
	Agency   string
	Date     string
	Sections []breach.Section
}

func breachNotice(v *visit) error {
	b, err := v.theBreach()
	if err != nil {
		return err
	}
	if b.AwareAt.IsZero() {
		return errs.New(errs.NotFound, "error.not-found")
	}
	contact := v.f.Contact(b.Agency)
	p := noticePage{Back: kit.Link{Href: v.to(breachBase + b.ID), Text: v.t("breach.one")}, Drill: b.Drill, Agency: contact.Agency.In("th"), Date: thai.LetterDate(v.f.Now()), Sections: breach.Notice(b, v.f.Breach.Terms, contact, v.f.Labels(b.Activity, "th"))}
	return v.page(http.StatusOK, v.t("breach.notice"), "office/breach-notice", p)
}
