package office

import (
	"net/http"

	"prasan/internal/backup"
	"prasan/internal/errs"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// copyRoutes: copies of the installation, restore drills, and the keys.
var copyRoutes = []route{
	{"GET /{lang}/office/copies", full, "copies.read", showCopies},
	{"POST /{lang}/office/copies/drill", full, "copies.work", askDrill},
	{"POST /{lang}/office/copies/keys", full, backup.ActionKeys, askKeys},
}

// shownCopies is how many lines the tables show.
const shownCopies = 20

func showCopies(v *visit) error { return v.copiesPage(http.StatusOK, nil) }

func askDrill(v *visit) error {
	if err := v.f.Drills.Ask(v.Context(), v.session.Actor); err != nil {
		if errs.As(err).Key == "error.backup-drill" {
			return v.copiesPage(http.StatusUnprocessableEntity, errs.As(err))
		}
		return err
	}
	return v.seeOther("/office/copies?done=drill")
}

func askKeys(v *visit) error {
	_, err := v.f.Keys.AskAs(v.Context(), v.session.Actor, v.PostFormValue("reason"))
	if e := errs.As(err); err != nil && e.Kind == errs.Invalid {
		return v.copiesPage(http.StatusUnprocessableEntity, e)
	}
	if err != nil {
		return err
	}
	return v.seeOther("/office/copies?done=keys")
}

func (v *visit) copiesPage(status int, wrong *errs.E) error {
	s := sheet{Heading: v.t("copies.menu"), Lead: v.t("copies.lead")}
	if done := v.URL.Query().Get("done"); done == "drill" || done == "keys" {
		s.Note = &kit.Note{Tone: "good", Title: v.t("copies.done-" + done), Paragraphs: []string{v.t("copies.done-next")}}
	}
	state, err := v.f.Copies(v.Context())
	if err != nil {
		return err
	}
	rotation, err := v.f.Keys.State(v.Context())
	if err != nil {
		return err
	}
	drills, err := v.f.Drills.Drills(v.Context(), shownCopies)
	if err != nil {
		return err
	}
	s.Facts = v.copyFacts(state, rotation)
	s.Tables = []table{v.drillTable(drills), v.copyTable(state)}
	s.Forms = v.copyForms(wrong)
	return v.show(status, s)
}

func (v *visit) copyFacts(state backup.State, r backup.Rotation) []kit.Row {
	copied := v.t("copies.by-hand")
	switch {
	case state.Failing != "":
		copied = v.t("copies.failing") + " " + v.t(state.Failing)
	case state.AsOf != nil:
		copied = v.t("copies.as-of", "at", thai.DateTime(*state.AsOf, v.lang))
	case state.To:
		copied = v.t("copies.nightly")
	}
	keys := v.t("copies.keys-never")
	if r.ID != "" {
		keys = v.t("copies.keys-last", "at", thai.DateTime(r.Begun, v.lang))
		if r.Phase != "" {
			keys = v.t("copies.keys-" + r.Phase)
		}
		if r.OldKey {
			keys += " " + v.t("copies.keys-old")
		}
	}
	return []kit.Row{{Key: v.t("copies.state"), Value: copied}, {Key: v.t("copies.keys"), Value: keys}}
}

func (v *visit) drillTable(list []backup.Signed) table {
	t := table{Title: v.t("copies.drills"), Head: []string{v.t("office.at"), v.t("copies.outcome"), v.t("copies.as-of-head"), v.t("copies.rows"), v.t("copies.took"), v.t("office.actor")}, Empty: v.t("copies.no-drill")}
	for _, d := range list {
		outcome := &kit.Chip{Tone: "good", Text: v.t("copies.exact")}
		if !d.Good {
			outcome = &kit.Chip{Tone: "late", Text: v.t("copies.not-exact", "n", len(d.Problems))}
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: thai.DateTime(d.At, v.lang)}, {Chip: outcome}, {Text: thai.DateTime(d.AsOf, v.lang)}, {Text: kit.Thousands(int(d.Rows)), Number: true}, {Text: v.t("copies.seconds", "n", int(d.Seconds+.5)), Number: true}, {Text: d.By}}})
	}
	return t
}

func (v *visit) copyTable(state backup.State) table {
	t := table{Title: v.t("copies.wholes"), Head: []string{v.t("office.at"), v.t("copies.kind"), v.t("copies.name"), v.t("copies.bytes")}, Empty: v.t("copies.none")}
	for _, c := range state.Copies[:min(shownCopies, len(state.Copies))] {
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: thai.DateTime(c.Made, v.lang)}, {Text: v.t("copies.kind-" + c.Kind)}, {Text: c.Name}, {Text: v.t("copies.megabytes", "n", kit.Thousands(int(c.Bytes/1e6+1))), Number: true}}})
	}
	return t
}

func (v *visit) copyForms(wrong *errs.E) []form {
	var out []form
	if v.reaches("copies.work") {
		out = append(out, form{Title: v.t("copies.drill"), Help: v.t("copies.drill-help"), Action: v.to("/office/copies/drill"), Button: v.t("copies.drill-button")})
	}
	if v.reaches(backup.ActionKeys) {
		out = append(out, form{Title: v.t("copies.rotate"), Help: v.t("copies.rotate-help"), Action: v.to("/office/copies/keys"), Button: v.t("copies.rotate-button"), Stop: true,
			Fields: []kit.Field{{Name: "reason", ID: "reason", Label: v.t("copies.reason"), Value: v.PostFormValue("reason")}}})
	}
	if wrong != nil && len(out) > 0 {
		f := &out[0]
		if len(wrong.Fields) > 0 {
			f = &out[len(out)-1]
		}
		_, _ = v.refused(wrong, f) // it is one of those that are shown
	}
	return out
}
