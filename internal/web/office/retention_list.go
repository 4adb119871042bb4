package office

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"prasan/internal/policy"
	"prasan/internal/retention"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// retentionRoutes: destruction rounds, legal holds, and the checks of what is due.
var retentionRoutes = []route{
	{"GET /{lang}/office/retention", full, "retention.read", listRounds},
	{"POST /{lang}/office/retention/monitoring/{id}", full, "retention.read", signMonitoring},
	{"POST /{lang}/office/retention/holds/{id}", full, "retention.hold", releaseHold},
	{"GET /{lang}/office/retention/rounds/{id}", full, "retention.read", showRound},
	{"GET /{lang}/office/retention/rounds/{id}/{file}", full, "retention.read", roundFile},
	{"POST /{lang}/office/retention/rounds/{id}/{act}", full, "retention.read", actOnRound},
}

var roundTones = map[retention.State]string{retention.Opened: "wait", retention.Surveyed: "busy", retention.Committee: "busy", retention.Reviewed: "busy", retention.Archives: "wait", retention.Ordered: "busy", retention.Executed: "busy", retention.Certified: "good"}

func listRounds(v *visit) error {
	s := sheet{Heading: v.t("round.office"), Lead: v.t("round.office-lead")}
	if done := v.URL.Query().Get("done"); done == "sign" || done == "release" {
		s.Note = &kit.Note{Tone: "good", Title: v.t("round.done-" + done)}
	}
	rounds, err := v.roundsTable()
	if err != nil {
		return err
	}
	checks, err := v.monitoringTable()
	if err != nil {
		return err
	}
	holds, err := v.holdsTable()
	if err != nil {
		return err
	}
	destroyed, err := v.destroyedTable()
	if err != nil {
		return err
	}
	s.Tables = []table{rounds, checks, holds, destroyed}
	return v.show(http.StatusOK, s)
}

func (v *visit) year(ce int) string {
	if v.lang == "th" {
		return strconv.Itoa(ce + 543)
	}
	return strconv.Itoa(ce)
}

func (v *visit) roundState(r retention.Round) *kit.Chip {
	return &kit.Chip{Tone: roundTones[r.State], Text: v.t("round.state-" + string(r.State))}
}

func (v *visit) roundsTable() (table, error) {
	all, err := v.f.Retention.Rounds(v.Context(), v.session.Actor)
	t := table{Title: v.t("round.rounds"), Head: []string{v.t("round.year"), v.t("office.agency"), v.t("round.activity"), v.t("round.path"), v.t("office.status"), v.t("round.next-limit")}, Empty: v.t("round.none")}
	for _, r := range all {
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: v.year(r.Year), Href: v.to(roundBase + r.ID)}, {Text: v.agency(r.Agency)}, {Text: v.roundMatter(r)}, {Text: v.pathName(r)}, {Chip: v.roundState(r)}, {Text: v.roundLimit(r)}}})
	}
	return t, err
}

// roundMatter is what a round is about: an activity, or letters of one kind.
func (v *visit) roundMatter(r retention.Round) string {
	if r.Matter == "" {
		return v.activity(r.Activity)
	}
	return v.t("round.matter-" + r.Matter)
}

// pathName is how the round goes on; before the survey nobody has said.
func (v *visit) pathName(r retention.Round) string {
	if r.State == retention.Opened {
		return v.t("round.path-open")
	}
	return v.t("round.path-" + r.Path)
}

// roundLimit is the time limit that the round waits for.
func (v *visit) roundLimit(r retention.Round) string {
	switch r.State {
	case retention.Opened:
		return v.t("round.survey-by", "date", thai.DateShort(r.SurveyBy, v.lang))
	case retention.Archives:
		if r.ArchivesAnswer == "" {
			return v.t("round.archives-until", "date", thai.DateShort(r.ArchivesUntil, v.lang))
		}
	}
	return "–"
}

// monitoringTable has the checks of all activities, with a button for inspectors.
func (v *visit) monitoringTable() (table, error) {
	t := table{Title: v.t("round.monitoring"), Head: []string{v.t("round.period"), v.t("round.activity"), v.t("round.checked-at"), v.t("round.due"), v.t("round.overdue"), v.t("round.held"), v.t("round.signed")}, Empty: v.t("round.monitoring-none")}
	for _, snap := range v.f.Activities() {
		all, err := v.f.Retention.Monitorings(v.Context(), snap.Activity, 60)
		if err != nil {
			return t, err
		}
		inspector := snap.MayDo(v.session.Actor, policy.DutyInspect).Allowed
		for _, m := range all {
			t.Rows = append(t.Rows, v.monitoringRow(m, inspector))
		}
	}
	return t, nil
}

func (v *visit) monitoringRow(m retention.Monitoring, inspector bool) row {
	signed := kit.Cell{Chip: &kit.Chip{Tone: "wait", Text: v.t("round.unsigned")}}
	if m.SignedBy != "" {
		signed = kit.Cell{Chip: &kit.Chip{Tone: "good", Text: v.t("round.signed-by", "who", m.SignedBy, "date", thai.DateShort(m.SignedAt, v.lang))}}
	}
	r := row{Cells: []kit.Cell{{Text: v.period(m.Period)}, {Text: v.activity(m.Activity)}, {Text: thai.DateTime(m.At, v.lang)}, {Text: kit.Thousands(sum(m.Body.Due))}, {Text: kit.Thousands(sum(m.Body.Overdue))}, {Text: kit.Thousands(m.Body.Held)}, signed}}
	if inspector && m.SignedBy == "" {
		r.Action, r.Button, r.Of = v.to("/office/retention/monitoring/"+m.ID), v.t("round.sign"), v.period(m.Period)
	}
	return r
}

func sum(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	return n
}

// period is a year, or a month in words.
func (v *visit) period(code string) string {
	if t, err := time.ParseInLocation("2006-01", code, thai.Bangkok); err == nil {
		_, month, _ := strings.Cut(thai.DateLong(t, v.lang), " ")
		return month
	}
	if year, err := strconv.Atoi(code); err == nil {
		return v.year(year)
	}
	return code
}

func (v *visit) holdsTable() (table, error) {
	all, err := v.f.Retention.Holds(v.Context(), v.session.Actor)
	t := table{Title: v.t("round.holds"), Head: []string{v.t("round.item"), v.t("office.agency"), v.t("round.hold-reason"), v.t("round.hold-order"), v.t("round.placed")}, Empty: v.t("round.holds-none")}
	for _, h := range all {
		r := row{Cells: []kit.Cell{{Text: h.Label}, {Text: v.agency(h.Agency)}, {Text: h.Reason}, {Text: h.OrderNumber}, {Text: thai.DateShort(h.PlacedAt, v.lang) + " · " + h.PlacedBy}}}
		if policy.May(v.session.Actor, "retention.hold", h.Agency) {
			r.Action, r.Button, r.Of = v.to("/office/retention/holds/"+h.ID), v.t("round.release"), h.Label
		}
		t.Rows = append(t.Rows, r)
	}
	return t, err
}

// destroyedTable has the numbers that are left of what was destroyed.
func (v *visit) destroyedTable() (table, error) {
	all, err := v.f.Retention.Destroyed(v.Context(), v.session.Actor)
	t := table{Title: v.t("round.destroyed-so-far"), Head: []string{v.t("round.year"), v.t("office.agency"), v.t("round.activity"), v.t("round.kind"), v.t("round.number")}, Empty: v.t("round.destroyed-none")}
	for _, d := range all {
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: v.year(d.Year)}, {Text: v.agency(d.Agency)}, {Text: v.activity(d.Activity)}, {Text: v.kindName(d.Kind)}, {Text: kit.Thousands(d.N), Number: true}}})
	}
	return t, err
}

func signMonitoring(v *visit) error {
	if err := v.f.Retention.Sign(v.Context(), v.session.Actor, v.PathValue("id")); err != nil {
		return err
	}
	return v.seeOther("/office/retention?done=sign")
}

func releaseHold(v *visit) error {
	if err := v.f.Retention.Release(v.Context(), v.session.Actor, v.PathValue("id")); err != nil {
		return err
	}
	return v.seeOther("/office/retention?done=release")
}
