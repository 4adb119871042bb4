package office

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"prasan/internal/errs"
	"prasan/internal/inspection"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// inspectionRoutes: the looking over of those whom the record names for it (row 30). Who
// may do what is the record's to say, and the service asks it.
var inspectionRoutes = []route{
	{"GET /{lang}/office/inspections", full, "record.read", listInspections},
	{"POST /{lang}/office/inspections/begin", full, "record.read", beginInspection},
	{"GET /{lang}/office/inspections/{id}", full, "record.read", showInspection},
	{"POST /{lang}/office/inspections/{id}/{act}", full, "record.read", actOnInspection},
}

const inspectionBase = "/office/inspections/"

var inspectionTones = map[inspection.State]string{inspection.Open: "busy", inspection.Reported: "wait", inspection.Signed: "good"}

func listInspections(v *visit) error {
	all, err := v.f.Inspection.List(v.Context(), v.session.Actor)
	if err != nil {
		return err
	}
	var accounts []string
	for _, i := range all {
		accounts = append(accounts, i.Inspector)
	}
	names, err := v.namesOf(accounts...)
	if err != nil {
		return err
	}
	d := dossier{Heading: v.t("inspection.office"), Back: kit.Link{Href: v.to("/office/oversight"), Text: v.t("office.oversight")}}
	t := kit.Table{Caption: v.t("inspection.office"), Hidden: true, Head: []string{v.t("inspection.period"), v.t("office.activity"), v.t("office.status"), v.t("inspection.inspector"), v.t("inspection.conclusion"), v.t("inspection.left")}, Empty: v.t("inspection.none")}
	for _, i := range all {
		left, word := 0, "–"
		for _, p := range i.Points {
			if p.DoneAt.IsZero() {
				left++
			}
		}
		if i.Report.Conclusion != "" {
			word = v.t("inspection.conclusion-" + i.Report.Conclusion)
		}
		t.Rows = append(t.Rows, []kit.Cell{{Text: thai.DateShort(i.From, v.lang) + " – " + thai.DateShort(i.To, v.lang), Href: v.to(inspectionBase + i.ID)}, {Text: v.activity(i.Activity)}, {Chip: v.inspectionState(i)}, {Text: names.name(i.Inspector)}, {Text: word}, {Text: strconv.Itoa(left), Number: true}})
	}
	d.Parts = []dossierPart{{ID: "inspections", Title: v.t("inspection.list"), Lead: v.t("inspection.lead"), Table: &t}}
	var may []string
	for _, snap := range v.f.Activities() {
		if snap != nil && v.f.Inspection.MayInspect(v.session.Actor, snap.Activity) {
			may = append(may, snap.Activity)
		}
	}
	if len(may) > 0 {
		begin := deed{name: "begin", asks: func(t *typed) []ask {
			a := t.radios("activity", "office.activity", "", may[0])
			for _, code := range may {
				a.Radios.Options = append(a.Radios.Options, kit.Option{Value: code, Label: v.activity(code), Selected: code == may[0]})
			}
			return []ask{a}
		}}
		d.Deeds = v.deedForms("inspection", "/office/inspections", []deed{begin}, []string{"begin"}, "", nil)
	}
	return v.page(http.StatusOK, d.Heading, "office/dossier", d)
}

func (v *visit) inspectionState(i inspection.Inspection) *kit.Chip {
	return &kit.Chip{Tone: inspectionTones[i.State], Text: v.t("inspection.state-" + string(i.State))}
}

func beginInspection(v *visit) error {
	i, err := v.f.Inspection.Begin(v.Context(), v.session.Actor, v.PostFormValue("activity"))
	if err != nil {
		return err
	}
	return v.seeOther(inspectionBase + i.ID)
}

func showInspection(v *visit) error { return v.inspectionPage("", nil) }

func (v *visit) theInspection() (inspection.Inspection, error) {
	return v.f.Inspection.Get(v.Context(), v.session.Actor, v.PathValue("id"))
}

func actOnInspection(v *visit) error {
	i, err := v.theInspection()
	if err != nil {
		return err
	}
	return v.perform(inspectionBase+i.ID, v.inspectionDeeds(i), func(doing string, e *errs.E) error { return v.inspectionPage(doing, e) })
}

// inspectionPoints is how many points the form of a report has room for.
const inspectionPoints = 5

func (v *visit) inspectionDeeds(i inspection.Inspection) []deed {
	s, ctx, who := v.f.Inspection, v.Context(), v.session.Actor
	return []deed{
		{"report", v.reportAsks(i), func(in func(string) string) error {
			_, err := s.Write(ctx, who, i.ID, inspection.Report{Looked: in("looked"), Found: in("found"), Conclusion: in("conclusion")}, pointsOf(in))
			return err
		}, false},
		{"sign", nothing, func(func(string) string) error { _, err := s.Sign(ctx, who, i.ID); return err }, true},
		{"settle", func(t *typed) []ask {
			return []ask{t.line("no", "inspection.no", ""), t.area("done", "inspection.done-text", "", 3)}
		}, func(in func(string) string) error {
			no, err := strconv.Atoi(thai.ArabicDigits(strings.TrimSpace(in("no"))))
			if err != nil || no < 1 || no > len(i.Points) {
				return errs.InvalidField("no", "inspection.error-no")
			}
			return s.Settle(ctx, who, i.ID, no, in("done"))
		}, false},
	}
}

func (v *visit) reportAsks(i inspection.Inspection) func(t *typed) []ask {
	return func(t *typed) []ask {
		out := []ask{t.area("looked", "inspection.looked", i.Report.Looked, 4), t.area("found", "inspection.found", i.Report.Found, 6), t.radios("conclusion", "inspection.conclusion", "inspection.conclusion-", i.Report.Conclusion, inspection.Conclusions...)}
		for n := range inspectionPoints {
			no := strconv.Itoa(n + 1)
			p := inspection.Point{}
			if n < len(i.Points) {
				p = i.Points[n]
			}
			text := t.area("point-"+no, "inspection.point-text", p.Text, 2).optional(v)
			text.Heading = v.t("inspection.point", "n", no)
			out = append(out, text, t.line("owner-"+no, "inspection.owner", p.Owner).optional(v), t.moment("due-"+no, "inspection.due", p.DueAt).optional(v))
		}
		return out
	}
}

// pointsOf are the rows that somebody has filled in.
func pointsOf(in func(string) string) []inspection.Point {
	var out []inspection.Point
	for n := range inspectionPoints {
		no := strconv.Itoa(n + 1)
		if p := (inspection.Point{Text: in("point-" + no), Owner: strings.TrimSpace(in("owner-" + no)), DueAt: timeOf(in("due-" + no))}); strings.TrimSpace(p.Text) != "" {
			out = append(out, p)
		}
	}
	return out
}

func (v *visit) inspectionOffered(i inspection.Inspection) []string {
	var out []string
	is := v.f.Inspection.MayInspect(v.session.Actor, i.Activity)
	if is && i.State != inspection.Signed {
		out = append(out, "report")
	}
	if is && i.State == inspection.Reported && i.Inspector == v.session.Actor.Account {
		out = append(out, "sign")
	}
	for _, p := range i.Points {
		if i.State == inspection.Signed && p.DoneAt.IsZero() && (is || p.Owner == v.session.Actor.Account) {
			return append(out, "settle")
		}
	}
	return out
}

func (v *visit) inspectionPage(doing string, wrong *errs.E) error {
	i, err := v.theInspection()
	if err != nil {
		return err
	}
	deeds := v.inspectionDeeds(i)
	d := dossier{Back: kit.Link{Href: v.to("/office/inspections"), Text: v.t("inspection.office")}, Step: v.activity(i.Activity), Heading: v.t("inspection.one", "from", thai.DateShort(i.From, v.lang), "to", thai.DateShort(i.To, v.lang)), Chips: []kit.Chip{*v.inspectionState(i)}, Way: v.way("inspection.state-", string(i.State), "open", "reported", "signed")}
	status := d.said(v, "inspection", deeds, wrong)
	d.Deeds = v.deedForms("inspection", inspectionBase+i.ID, deeds, v.inspectionOffered(i), doing, fieldsOf(wrong))
	names, err := v.namesOf(v.inspectionAccounts(i)...)
	if err != nil {
		return err
	}
	d.Parts = []dossierPart{v.workListPart(i, names), v.reportPart(i), v.pointsPart(i, names)}
	d.Facts = []kit.Row{{Key: v.t("inspection.inspector"), Value: names.name(i.Inspector)}, {Key: v.t("office.ground"), Value: v.ground(i.Ground)}, {Key: v.t("inspection.accounts"), Value: strconv.Itoa(i.WorkList.Accounts)}, {Key: v.t("inspection.readings"), Value: kit.Thousands(int(i.WorkList.Readings))}}
	if i.State == inspection.Signed {
		word := "inspection.verifies"
		if !v.f.Inspection.Verify(i) {
			word = "inspection.altered"
		}
		d.Facts = append(d.Facts, kit.Row{Key: v.t("inspection.signed-at"), Lines: []string{thai.DateTime(i.SignedAt, v.lang), v.t(word)}})
	}
	return v.page(status, d.Heading, "office/dossier", d)
}

func (v *visit) inspectionAccounts(i inspection.Inspection) []string {
	out := []string{i.Inspector}
	for _, l := range i.WorkList.Looks {
		out = append(out, l.Who)
	}
	for _, p := range i.Points {
		out = append(out, p.Owner, p.DoneBy)
	}
	return out
}

func (v *visit) workListPart(i inspection.Inspection, names people) dossierPart {
	t := kit.Table{Caption: v.t("inspection.worklist"), Hidden: true, Head: []string{v.t("inspection.kind"), v.t("inspection.who"), v.t("inspection.why"), v.t("rights.count")}, Empty: v.t("inspection.worklist-none")}
	for _, l := range i.WorkList.Looks {
		who := names.name(l.Who)
		if l.Kind == "check" {
			who = l.Who + " (" + l.Detail + ")"
		}
		if l.Who == "person" {
			who = v.t("rights.person")
		}
		t.Rows = append(t.Rows, []kit.Cell{{Text: v.t("inspection.kind-" + l.Kind)}, {Text: who}, {Text: v.t("inspection.why-"+l.Why, "middle", l.Detail)}, {Text: kit.Thousands(int(l.Count)), Number: true}})
	}
	return dossierPart{ID: "worklist", Title: v.t("inspection.worklist"), Lead: v.t("inspection.worklist-lead"), Table: &t, Links: []kit.Link{{Href: v.to("/office/audit"), Text: v.t("office.audit")}}}
}

func (v *visit) reportPart(i inspection.Inspection) dossierPart {
	p := dossierPart{ID: "report", Title: v.t("inspection.report")}
	if i.ReportedAt.IsZero() {
		p.Lead = v.t("inspection.report-none")
		return p
	}
	p.Rows = []kit.Row{{Key: v.t("inspection.looked"), Value: i.Report.Looked}, {Key: v.t("inspection.found"), Value: i.Report.Found}, {Key: v.t("inspection.conclusion"), Value: v.t("inspection.conclusion-" + i.Report.Conclusion)}}
	return p
}

func (v *visit) pointsPart(i inspection.Inspection, names people) dossierPart {
	t := kit.Table{Caption: v.t("inspection.points"), Hidden: true, Head: []string{v.t("round.no"), v.t("inspection.point-text"), v.t("inspection.owner"), v.t("inspection.due"), v.t("office.status")}, Empty: v.t("inspection.points-none")}
	for _, p := range i.Points {
		t.Rows = append(t.Rows, []kit.Cell{{Text: strconv.Itoa(p.No)}, {Text: p.Text}, {Text: names.name(p.Owner)}, {Text: thai.DateShort(p.DueAt, v.lang)}, v.pointState(p, v.f.Now())})
	}
	return dossierPart{ID: "points", Title: v.t("inspection.points"), Table: &t}
}

func (v *visit) pointState(p inspection.Point, now time.Time) kit.Cell {
	switch {
	case !p.DoneAt.IsZero():
		return kit.Cell{Text: p.Done, Chip: &kit.Chip{Tone: "good", Text: v.t("inspection.point-done")}}
	case p.DueAt.Before(now):
		return kit.Cell{Chip: &kit.Chip{Tone: "late", Text: v.t("inspection.point-late")}}
	}
	return kit.Cell{Chip: &kit.Chip{Tone: "wait", Text: v.t("inspection.point-open")}}
}
