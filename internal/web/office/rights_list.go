package office

import (
	"net/http"
	"time"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/rights"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// rightsRoutes: requests of people about their data.
var rightsRoutes = []route{
	{"GET /{lang}/office/rights", full, "rights.read", listRights},
	{"GET /{lang}/office/rights/refusals", full, "rights.read", listRefusals},
	{"GET /{lang}/office/rights/new", full, "rights.work", newRights},
	{"POST /{lang}/office/rights/new", full, "rights.work", takeRights},
	{"GET /{lang}/office/rights/{reference}", full, "rights.read", showRights},
	{"POST /{lang}/office/rights/{reference}/statement", full, "rights.read", openStatement},
	{"POST /{lang}/office/rights/{reference}/copy", full, "rights.read", copyAtCounter},
	{"POST /{lang}/office/rights/{reference}/{act}", full, "rights.read", actOnRights},
}

var rightsTones = map[rights.State]string{rights.Received: "busy", rights.Identified: "wait", rights.Decided: "busy", rights.Executed: "busy", rights.Answered: "good", rights.Closed: "quiet", rights.Withdrawn: "quiet"}

func listRights(v *visit) error {
	all, err := v.f.Rights.List(v.Context(), v.session.Actor)
	if err != nil {
		return err
	}
	s := sheet{Heading: v.t("rights.office"), Lead: v.t("rights.office-lead"), Links: []kit.Link{{Href: v.to("/office/rights/refusals"), Text: v.t("rights.refusals")}}}
	if v.reaches("rights.work") {
		s.Links = append([]kit.Link{{Href: v.to("/office/rights/new"), Text: v.t("rights.new")}}, s.Links...)
	}
	t := table{Title: v.t("rights.requests"), Head: []string{v.t("rights.reference"), v.t("office.col-due"), v.t("rights.right"), v.t("office.status"), v.t("office.agency"), v.t("rights.received")}, Empty: v.t("rights.office-none")}
	for _, r := range all {
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: r.Reference, Href: v.to("/office/rights/" + r.Reference)}, {Chip: v.rightsDue(r)}, {Text: v.t("rights.name-" + r.Right)}, {Chip: v.rightsState(r)}, {Text: v.agency(r.Agency)}, {Text: thai.DateShort(r.ReceivedAt, v.lang)}}})
	}
	s.Tables = []table{t}
	return v.show(http.StatusOK, s)
}

func (v *visit) rightsState(r rights.Request) *kit.Chip {
	return &kit.Chip{Tone: rightsTones[r.State], Text: v.t("rights.short-" + string(r.State))}
}

// rightsDue is the law's clock as a chip: it stops when the person is answered.
func (v *visit) rightsDue(r rights.Request) *kit.Chip {
	if !r.AnsweredAt.IsZero() || r.State == rights.Closed || r.State == rights.Withdrawn {
		return &kit.Chip{Tone: "quiet", Text: v.t("rights.clock-stopped")}
	}
	left := daysLeft(v.f.Now(), r.LawDueAt)
	switch {
	case r.Overdue(v.f.Now()):
		return &kit.Chip{Tone: "late", Text: v.t("rights.overdue")}
	case left <= 7:
		return &kit.Chip{Tone: "wait", Text: v.t("rights.left", "n", left)}
	}
	return &kit.Chip{Tone: "busy", Text: v.t("rights.left", "n", left)}
}

// daysLeft counts a day that has begun as a whole one.
func daysLeft(now, due time.Time) int {
	return int((due.Sub(now) + 24*time.Hour - 1) / (24 * time.Hour))
}

// listRefusals is the record of refusals (s.39(7)).
func listRefusals(v *visit) error {
	all, err := v.f.Rights.Refusals(v.Context(), v.session.Actor)
	if err != nil {
		return err
	}
	s := sheet{Heading: v.t("rights.refusals"), Lead: v.t("rights.refusals-lead"), Links: []kit.Link{{Href: v.to("/office/rights"), Text: v.t("rights.office")}}}
	t := table{Title: v.t("rights.refusals"), Head: []string{v.t("rights.reference"), v.t("rights.right"), v.t("rights.outcome"), v.t("rights.ground"), v.t("rights.reasons"), v.t("rights.decided-at")}, Empty: v.t("rights.refusals-none")}
	for _, r := range all {
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: r.Reference, Href: v.to("/office/rights/" + r.Reference)}, {Text: v.t("rights.name-" + r.Right)}, {Text: v.t("rights.outcome-" + r.Outcome)}, {Text: v.t("rights.section", "n", r.Ground)}, {Text: r.Reasons}, {Text: thai.DateShort(r.DecidedAt, v.lang)}}})
	}
	s.Tables = []table{t}
	return v.show(http.StatusOK, s)
}

// taking is a page with one form.
type taking struct {
	Back kit.Link
	Form deedForm
}

func newRights(v *visit) error { return v.takingRights(http.StatusOK, false, nil) }

func (v *visit) takingRights(status int, posted bool, fields []errs.Field) error {
	t := &typed{v: v, deed: "new", active: posted, fields: fields}
	var names []string
	for _, l := range rights.Laws {
		names = append(names, l.Right)
	}
	f := deedForm{Title: v.t("rights.new"), Help: v.t("rights.new-help"), Action: v.to("/office/rights/new"), Button: v.t("rights.take"), Asks: []ask{
		t.line("reference", "office.reference", v.URL.Query().Get("reference")),
		t.radios("right", "rights.which", "rights.name-", "", names...),
		t.radios("channel", "rights.channel", "rights.channel-", "counter", rights.Channels[1:]...),
		t.area("statement", "rights.statement", "", 4).optional(v),
		t.line("consent_number", "rights.consent-number", "").help(v.t("rights.consent-number-help")).optional(v),
	}}
	f.Errors = summaryIn(v, t, fields)
	return v.page(status, f.Title, "office/taking", taking{kit.Link{Href: v.to("/office/rights"), Text: v.t("rights.office")}, f})
}

// summaryIn is the summary of errors whose inputs have ids of their form.
func summaryIn(v *visit, t *typed, fields []errs.Field) *kit.Summary {
	s := kit.Summarise(v.lang, fields)
	for i, f := range fields {
		s.Items[i].Href = "#" + t.id(f.Name)
	}
	return s
}

// takeRights takes down what a person asks for who has come himself. The code is shown
// once, in the answer: it is kept only hashed.
func takeRights(v *visit) error {
	actor := v.session.Actor
	reference, known := cases.Reference(v.PostFormValue("reference"))
	if !known {
		reference = v.PostFormValue("reference")
	}
	r, err := v.f.Rights.Submit(v.Context(), rights.Submission{Right: v.PostFormValue("right"), Statement: v.PostFormValue("statement"), Channel: v.PostFormValue("channel"), Lang: "th", CaseReference: reference, ConsentNumber: v.PostFormValue("consent_number"), By: &actor})
	switch x := errs.As(err); {
	case err == nil:
	case x.Kind == errs.NotFound:
		return v.takingRights(http.StatusUnprocessableEntity, true, []errs.Field{{Name: "reference", Key: "rights.error-no-case"}})
	case x.Kind == errs.Invalid:
		return v.takingRights(http.StatusUnprocessableEntity, true, x.Fields)
	default:
		return err
	}
	return v.show(http.StatusOK, sheet{Heading: v.t("rights.taken"), Lead: v.t("rights.taken-lead"), Codes: []string{r.Reference, r.Code},
		Facts: []kit.Row{{Key: v.t("rights.due"), Value: thai.DateLong(r.DueAt, v.lang)}, {Key: v.t("rights.law-due"), Value: thai.DateLong(r.LawDueAt, v.lang)}},
		Links: []kit.Link{{Href: v.to("/office/rights/" + r.Reference), Text: v.t("rights.open")}, {Href: v.to("/office/rights"), Text: v.t("rights.office")}}})
}
