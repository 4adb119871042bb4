package office

import (
	"net/http"
	"strings"
	"time"

	"prasan/internal/breach"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// breachRoutes: breaches. Anyone of the office may report one; who may read them is
// another question.
var breachRoutes = []route{
	{"GET /{lang}/office/breaches", full, "breach.report", listBreaches},
	{"GET /{lang}/office/breaches/new", full, "breach.report", newBreach},
	{"POST /{lang}/office/breaches/new", full, "breach.report", reportBreach},
	{"GET /{lang}/office/breaches/{id}", full, "breach.read", showBreach},
	{"GET /{lang}/office/breaches/{id}/notice", full, "breach.read", breachNotice},
	{"POST /{lang}/office/breaches/{id}/description", full, "breach.read", openDescription},
	{"POST /{lang}/office/breaches/{id}/{act}", full, "breach.read", actOnBreach},
}

var breachTones = map[breach.State]string{breach.Reported: "wait", breach.Aware: "busy", breach.Assessed: "busy", breach.Notified: "good", breach.Closed: "quiet", breach.Dismissed: "quiet"}

func listBreaches(v *visit) error {
	s := sheet{Heading: v.t("breach.office"), Lead: v.t("breach.office-lead"), Links: []kit.Link{{Href: v.to("/office/breaches/new"), Text: v.t("breach.report")}}}
	if v.URL.Query().Get("done") == "report" {
		s.Note = &kit.Note{Tone: "good", Title: v.t("breach.reported"), Paragraphs: []string{v.t("breach.reported-next")}}
	}
	if !v.reaches("breach.read") {
		return v.show(http.StatusOK, s)
	}
	all, err := v.f.Breach.List(v.Context(), v.session.Actor)
	if err != nil {
		return err
	}
	t := table{Title: v.t("breach.list"), Head: []string{v.t("breach.reported-at"), v.t("breach.clock"), v.t("breach.kinds"), v.t("office.status"), v.t("office.agency"), v.t("breach.drill")}, Empty: v.t("breach.none")}
	for _, b := range all {
		drill := kit.Cell{Text: v.t("breach.real")}
		if b.Drill {
			drill = kit.Cell{Chip: &kit.Chip{Tone: "wait", Text: v.t("breach.drill")}}
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: thai.DateTime(b.ReportedAt, v.lang), Href: v.to("/office/breaches/" + b.ID)}, {Chip: v.breachDue(b)}, {Text: v.words("breach.kind-", b.Kinds)}, {Chip: v.breachState(b)}, {Text: v.agency(b.Agency)}, drill}})
	}
	s.Tables = []table{t}
	return v.show(http.StatusOK, s)
}

func (v *visit) words(prefix string, codes []string) string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = v.t(prefix + c)
	}
	return strings.Join(out, ", ")
}

func (v *visit) breachState(b breach.Breach) *kit.Chip {
	return &kit.Chip{Tone: breachTones[b.State], Text: v.t("breach.state-" + string(b.State))}
}

// runs tells whether the 72 hours still matter: somebody is aware, and neither has the
// Office been told nor is it settled that nothing is told.
func runs(b breach.Breach) bool {
	settled := b.Assessment.Risk == breach.NoRisk && b.ConfirmedBy != ""
	return !b.AwareAt.IsZero() && b.NotifiedAt.IsZero() && b.ClosedAt.IsZero() && !settled
}

func (v *visit) breachDue(b breach.Breach) *kit.Chip {
	switch {
	case b.State == breach.Reported:
		return &kit.Chip{Tone: "wait", Text: v.t("breach.clock-not-begun")}
	case !runs(b):
		return &kit.Chip{Tone: "quiet", Text: v.t("breach.clock-stopped")}
	}
	left := b.Deadline(v.f.Breach.Terms).Sub(v.f.Now())
	tone := "busy"
	switch {
	case left < 0:
		return &kit.Chip{Tone: "late", Text: v.t("breach.late", "h", int(-left/time.Hour), "m", int(-left%time.Hour/time.Minute))}
	case left < 24*time.Hour:
		tone = "wait"
	}
	return &kit.Chip{Tone: tone, Text: v.t("breach.left", "h", int(left/time.Hour), "m", int(left%time.Hour/time.Minute))}
}

func newBreach(v *visit) error { return v.breachForm(http.StatusOK, false, nil) }

func (v *visit) breachForm(status int, posted bool, fields []errs.Field) error {
	t := &typed{v: v, deed: "new", active: posted, fields: fields}
	now := v.f.Now()
	f := deedForm{Title: v.t("breach.report"), Help: v.t("breach.report-help"), Action: v.to("/office/breaches/new"), Button: v.t("breach.report-button"), Errors: summaryIn(v, t, fields), Asks: []ask{
		t.area("description", "breach.description", "", 5).help(v.t("breach.description-help")),
		t.checks("kinds", "breach.kinds-ask", "breach.kind-", breach.Kinds...),
		t.moment("occurred_from", "breach.from", now.Add(-time.Hour)), t.moment("occurred_to", "breach.to", now),
		t.radios("channel", "breach.channel", "breach.channel-", "office", breach.Channels...),
		v.breachAgency(t), v.breachActivity(t),
		{Checks: []kit.Checkbox{{Name: "drill", ID: t.id("drill"), Label: v.t("breach.drill-ask"), Help: v.t("breach.drill-help"), Checked: t.checked("drill", "yes")}}, Legend: v.t("breach.drill"), Name: t.id("drill")},
	}}
	return v.page(status, f.Title, "office/taking", taking{kit.Link{Href: v.to("/office/breaches"), Text: v.t("breach.office")}, f})
}

// breachAgency is the agency in which it happened: one's own, where one has no more.
func (v *visit) breachAgency(t *typed) ask {
	own := v.session.Actor.Agency
	may := func(code string) bool { return policy.May(v.session.Actor, "breach.report", code) }
	return ask{Field: &kit.Field{Name: "agency", ID: t.id("agency"), Label: v.t("office.agency"), Options: v.agencyOptions(t.value("agency", own), may), Error: t.wrong("agency")}}
}

func (v *visit) breachActivity(t *typed) ask {
	f := &kit.Field{Name: "activity", ID: t.id("activity"), Label: v.t("breach.activity"), Error: t.wrong("activity")}
	for _, s := range v.f.Activities() {
		f.Options = append(f.Options, kit.Option{Value: s.Activity, Label: s.Name.In(v.lang), Selected: t.value("activity", "contact-us") == s.Activity})
	}
	return ask{Field: f}
}

func reportBreach(v *visit) error {
	in := v.PostFormValue
	b, err := v.f.Breach.Report(v.Context(), v.session.Actor, breach.Report{Agency: in("agency"), Activity: in("activity"), Kinds: v.PostForm["kinds"], Channel: in("channel"), Description: in("description"), OccurredFrom: timeOf(in("occurred_from")), OccurredTo: timeOf(in("occurred_to")), Drill: in("drill") == "yes"})
	if x := errs.As(err); err != nil && x.Kind == errs.Invalid {
		return v.breachForm(http.StatusUnprocessableEntity, true, x.Fields)
	}
	if err != nil {
		return err
	}
	if policy.May(v.session.Actor, "breach.read", b.Agency) {
		return v.seeOther("/office/breaches/" + b.ID)
	}
	return v.seeOther("/office/breaches?done=report")
}
