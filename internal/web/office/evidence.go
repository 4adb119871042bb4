package office

import (
	"net/http"
	"time"

	inspection "prasan/internal/evidence"
	"prasan/internal/policy"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// evidenceRoutes: what is handed to an inspector.
var evidenceRoutes = []route{
	{"GET /{lang}/office/evidence", full, inspection.Action, showEvidence},
	{"POST /{lang}/office/evidence", full, inspection.Action, makeEvidence},
}

func (v *visit) evidenceSheet() (sheet, error) {
	list, err := v.f.Evidence.List(v.Context(), v.session.Actor)
	if err != nil {
		return sheet{}, err
	}
	accounts := map[string]bool{}
	for _, p := range list {
		accounts[p.MadeBy] = true
	}
	names, err := v.people(accounts)
	if err != nil {
		return sheet{}, err
	}
	t := table{Title: v.t("evidence.made"), Head: []string{v.t("office.at"), v.t("office.actor"), v.t("office.agency"), v.t("office.period"), v.t("evidence.size"), "SHA-256"}, Empty: v.t("evidence.none")}
	for _, p := range list {
		agency := v.t("evidence.all-agencies")
		if p.Agency != "" {
			agency = v.agency(p.Agency)
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: thai.DateTime(p.MadeAt, v.lang)}, {Text: names.name(p.MadeBy)}, {Text: agency}, {Text: thai.DateShort(p.From, v.lang) + " – " + thai.DateShort(p.To.Add(-time.Second), v.lang)}, {Text: kit.Thousands(int(p.Size)), Number: true}, {Text: p.SHA256[:16] + "…"}}})
	}
	return sheet{Heading: v.t("evidence.heading"), Lead: v.t("evidence.lead"), Facts: []kit.Row{{Key: v.t("evidence.key"), Lines: []string{v.f.Evidence.PublicKey(), v.t("evidence.key-help")}}}, Tables: []table{t}, Forms: []form{v.evidenceForm()}}, nil
}

// evidenceForm begins with the year that is over today.
func (v *visit) evidenceForm() form {
	from, to := v.PostFormValue("from"), v.PostFormValue("to")
	if today := v.f.Now().In(thai.Bangkok); to == "" {
		from, to = today.AddDate(-1, 0, 0).Format(time.DateOnly), today.Format(time.DateOnly)
	}
	all, _ := policy.Reach(v.session.Actor, inspection.Action)
	options := v.agencyOptions(v.PostFormValue("agency"), func(code string) bool { return policy.May(v.session.Actor, inspection.Action, code) })
	if all {
		options = append([]kit.Option{{Label: v.t("evidence.all-agencies")}}, options...)
	}
	return form{Title: v.t("evidence.make-title"), Help: v.t("evidence.make-help"), Action: v.to("/office/evidence"), Button: v.t("evidence.make"), Fields: []kit.Field{
		{Name: "agency", Label: v.t("office.agency"), Options: options},
		{Name: "from", Label: v.t("office.from"), Type: "date", Width: "medium", Value: from, Required: true},
		{Name: "to", Label: v.t("office.to"), Help: v.t("evidence.to-help"), Type: "date", Width: "medium", Value: to, Required: true},
	}}
}

func showEvidence(v *visit) error {
	s, err := v.evidenceSheet()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, s)
}

func makeEvidence(v *visit) error {
	scope := inspection.Scope{Agency: v.PostFormValue("agency"), From: day(v.PostFormValue("from"))}
	if to := day(v.PostFormValue("to")); !to.IsZero() {
		scope.To = to.AddDate(0, 0, 1) // the last day belongs to it
	}
	p, file, err := v.f.Evidence.Make(v.Context(), v.session.Actor, scope)
	if err != nil {
		s, bad := v.evidenceSheet()
		if bad != nil {
			return bad
		}
		return v.again(err, s)
	}
	return v.download("application/zip", p.FileName(), file)
}
