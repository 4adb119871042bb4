package office

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/policy"
	"prasan/internal/register"
	"prasan/internal/ropa"
	"prasan/internal/thai"
	"prasan/internal/truth"
	"prasan/internal/web/kit"
)

// truthNumber is the one number with its parts.
type truthNumber struct {
	Percent  int
	Text     string
	At       string
	Href     string
	Parts    []truthPart
	Drifting int
}

type truthPart struct {
	Chip kit.Chip
	N    int
	Help string
}

// truthPage is the record beside what is observed.
type truthPage struct {
	Heading, Lead string
	Done          string
	Errors        *kit.Summary
	Number        *truthNumber
	Look          string
	Activities    kit.Table
	Severities    []driftGroup
	None          string
	Exceptions    kit.Table
	Claims        kit.Table
}

type driftGroup struct {
	Title string
	Chip  kit.Chip
	Items []driftItem
}

// driftItem is a difference, with the form to accept it for a time.
type driftItem struct {
	ID, Title, Row, Href string
	Activity, Owner      string
	Evidence, At         string
	Accepted             string
	Accept               *acceptForm
}

type acceptForm struct {
	Action        string
	Open          bool
	Hidden        [][2]string
	Reason, Until kit.Field
}

// truthReport is the report that was kept last; before the first night one is made, so
// that there is something to see. It is nil where nothing watches.
func (v *visit) truthReport() (*truth.Report, error) {
	if v.f.Truth == nil {
		return nil, nil
	}
	r, err := v.f.Truth.Last(v.Context())
	if err != nil || r != nil {
		return r, err
	}
	kept, err := v.f.Truth.Keep(v.Context())
	return &kept, err
}

// numberOf is nil where there is no report.
func (v *visit) numberOf(r *truth.Report) *truthNumber {
	if r == nil {
		return nil
	}
	out := &truthNumber{Percent: r.Percent, Text: v.t("registerpages.truth-number", "n", r.Percent), At: v.t("registerpages.looked-at", "at", thai.DateTime(r.At, v.lang)), Href: v.to("/office/truth"), Drifting: r.Drifting}
	for _, s := range truth.Statuses {
		out.Parts = append(out.Parts, truthPart{*v.statusChip(s), r.Counts[s], v.t("registerpages.means-" + string(s))})
	}
	out.Parts = append(out.Parts, truthPart{kit.Chip{Tone: "late", Text: v.t("registerpages.drifting")}, r.Drifting, v.t("registerpages.means-drifting")})
	return out
}

func activityOf(r *truth.Report, code string) *truth.Activity {
	if r == nil {
		return nil
	}
	for i := range r.Activities {
		if r.Activities[i].Code == code {
			return &r.Activities[i]
		}
	}
	return nil
}

// activityOfRevision is what a report says of one revision; nil where it looked at another.
func activityOfRevision(r *truth.Report, rev register.Revision) *truth.Activity {
	if a := activityOf(r, rev.Activity); a != nil && a.SHA256 == rev.SHA256 {
		return a
	}
	return nil
}

// percentOf is the share of an activity's rows that hold, of those of which the program
// can speak: as the report counts for all.
func percentOf(a *truth.Activity) int {
	good, of := 0, 0
	for _, r := range a.Rows {
		if r.Status == truth.External || r.Status == truth.Attested {
			continue
		}
		of++
		if !r.Drifting && r.Status != truth.Unknown {
			good++
		}
	}
	if of == 0 {
		return 0
	}
	return good * 100 / of
}

func showTruth(v *visit) error { return v.truth(http.StatusOK, nil) }

// truth sends the page; refused is why a drift was not accepted.
func (v *visit) truth(status int, refused []errs.Field) error {
	report, err := v.truthReport()
	if err != nil {
		return err
	}
	if report == nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	p := truthPage{Heading: v.t("registerpages.truth"), Lead: v.t("registerpages.truth-lead"), Done: v.registerDone(), Number: v.numberOf(report), Look: v.to("/office/truth/look"), Activities: v.truthTable(report), None: v.t("registerpages.no-drift"), Claims: v.claims(report)}
	exceptions, err := v.f.Truth.Exceptions(v.Context())
	if err != nil {
		return err
	}
	if p.Exceptions, err = v.exceptions(exceptions); err != nil {
		return err
	}
	p.Severities = v.driftGroups(report, exceptions, refused)
	p.Errors = kit.Summarise(v.lang, refused) // after the forms, whose fields it leads to
	return v.page(status, p.Heading, "office/register-truth", p)
}

func (v *visit) truthTable(r *truth.Report) kit.Table {
	t := kit.Table{Caption: v.t("registerpages.by-activity"), Hidden: true, Head: []string{v.t("registerpages.activity"), v.t("registerpages.share")}}
	for _, s := range truth.Statuses {
		t.Head = append(t.Head, v.t("truth.status-"+string(s)))
	}
	t.Head = append(t.Head, v.t("registerpages.drifting"))
	for i := range r.Activities {
		a := &r.Activities[i]
		cells := []kit.Cell{{Text: v.activity(a.Code) + " · " + v.t("office.revision-n", "n", a.Revision), Href: v.revisionPath(a.Code, a.Revision)}, {Text: v.t("registerpages.percent", "n", percentOf(a)), Number: true}}
		for _, s := range truth.Statuses {
			cells = append(cells, kit.Cell{Text: strconv.Itoa(a.Counts[s]), Number: true})
		}
		t.Rows = append(t.Rows, append(cells, kit.Cell{Text: strconv.Itoa(a.Drifting), Number: true}))
	}
	return t
}

// driftGroups are the differences, the gravest first; those accepted stand last.
func (v *visit) driftGroups(r *truth.Report, exceptions []truth.Exception, refused []errs.Field) (out []driftGroup) {
	for _, severity := range []string{"error", "warning"} {
		g := driftGroup{Title: v.t("registerpages.drift-" + severity), Chip: kit.Chip{Tone: map[string]string{"error": "late", "warning": "wait"}[severity], Text: v.t("registerpages.severity-" + severity)}}
		for i, d := range r.Drift {
			if d.Severity == severity {
				g.Items = append(g.Items, v.driftItem(i, d, r, exceptions, refused))
			}
		}
		slices.SortStableFunc(g.Items, func(a, b driftItem) int { return strings.Compare(a.Accepted, b.Accepted) })
		if len(g.Items) > 0 {
			out = append(out, g)
		}
	}
	return out
}

func (v *visit) driftItem(i int, d truth.Drift, r *truth.Report, exceptions []truth.Exception, refused []errs.Field) driftItem {
	class, _ := truth.ClassOf(d.Class)
	def := ropa.RowByID(d.Field)
	a := activityOf(r, d.Activity)
	item := driftItem{ID: "drift-" + strconv.Itoa(i), Title: d.Class + " · " + v.phrase(class.Text), Activity: v.activity(d.Activity), Owner: v.owner(d), At: v.t("registerpages.looked-at", "at", thai.DateTime(r.At, v.lang))}
	if def != nil && a != nil {
		item.Row, item.Href = v.rowTitle(d.Field), v.revisionPath(d.Activity, a.Revision)+"#row-"+strconv.Itoa(def.No)
		for _, row := range a.Rows {
			for _, e := range row.Evidence {
				if row.Field == d.Field && e.ID == d.Probe {
					item.Evidence, item.At = v.evidence(e), v.seenAt(e.At)
				}
			}
		}
	}
	for _, e := range exceptions {
		if e.Activity == d.Activity && e.Field == d.Field && e.Class == d.Class {
			item.Accepted = v.t("registerpages.accepted-until", "day", thai.DateShort(e.Until, v.lang))
			return item
		}
	}
	if snap := v.f.Register.Snapshot(d.Activity); snap != nil && snap.MayDo(v.session.Actor, policy.DutyReview).Allowed {
		item.Accept = v.acceptForm(item.ID, d, refused)
	}
	return item
}

// owner is the row of the form that owns the mending, and whom it names.
func (v *visit) owner(d truth.Drift) string {
	text := v.rowTitle("duty." + d.Owner)
	snap := v.f.Register.Snapshot(d.Activity)
	if snap == nil {
		return text
	}
	var who []string
	for _, p := range snap.Duties[policy.Duty(d.Owner)] {
		who = append(who, p.Text.In(v.lang))
	}
	if len(who) > 0 {
		text += ": " + strings.Join(who, ", ")
	}
	return text
}

func (v *visit) seenAt(at time.Time) string {
	return v.t("registerpages.seen-at", "at", thai.DateTime(at, v.lang), "age", v.age(at))
}

// isRefused tells whether the form of a drift is the one that was posted.
func (v *visit) isRefused(d truth.Drift, refused []errs.Field) bool {
	return len(refused) > 0 && v.FormValue("activity") == d.Activity && v.FormValue("field") == d.Field && v.FormValue("class") == d.Class
}

func (v *visit) acceptForm(id string, d truth.Drift, refused []errs.Field) *acceptForm {
	f := &acceptForm{Action: v.to("/office/truth"), Hidden: [][2]string{{"activity", d.Activity}, {"field", d.Field}, {"class", d.Class}},
		Reason: kit.Field{Name: "reason", ID: id + "-reason", Label: v.t("registerpages.accept-reason"), Rows: 2},
		Until:  kit.Field{Name: "until", ID: id + "-until", Label: v.t("registerpages.accept-until"), Help: v.t("registerpages.accept-until-help"), Type: "date", Width: "medium"}}
	if v.isRefused(d, refused) {
		f.Open, f.Reason.Value, f.Until.Value = true, v.FormValue("reason"), v.FormValue("until")
		f.Reason.Error, f.Until.Error = kit.FieldError(v.lang, refused, "reason"), kit.FieldError(v.lang, refused, "until")
		for i := range refused {
			// The summary leads to the field of this form.
			if refused[i].Name == "reason" || refused[i].Name == "until" {
				refused[i].Name = id + "-" + refused[i].Name
			}
		}
	}
	return f
}

func (v *visit) exceptions(list []truth.Exception) (kit.Table, error) {
	t := kit.Table{Caption: v.t("registerpages.exceptions"), Hidden: true, Empty: v.t("registerpages.exceptions-none"), Head: []string{v.t("registerpages.row"), v.t("registerpages.activity"), v.t("registerpages.drift-class"), v.t("office.reason"), v.t("registerpages.until"), v.t("registerpages.granted-by")}}
	accounts := map[string]bool{}
	for _, e := range list {
		accounts[e.GrantedBy] = true
	}
	names, err := v.people(accounts)
	for _, e := range list {
		class, _ := truth.ClassOf(e.Class)
		t.Rows = append(t.Rows, []kit.Cell{{Text: v.rowTitle(e.Field)}, {Text: v.activity(e.Activity)}, {Text: e.Class + " · " + v.phrase(class.Text)}, {Text: e.Reason}, {Text: thai.DateShort(e.Until, v.lang)}, {Text: names.name(e.GrantedBy)}})
	}
	return t, err
}

// endOfDay is the last moment of a day in Thailand; the zero time where it is none.
func endOfDay(day string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, day, thai.Bangkok)
	if err != nil {
		return time.Time{}
	}
	return t.AddDate(0, 0, 1).Add(-time.Second)
}

func acceptDrift(v *visit) error {
	if v.f.Truth == nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	_, err := v.f.Truth.Except(v.Context(), v.session.Actor, truth.Exception{Activity: v.FormValue("activity"), Field: v.FormValue("field"), Class: v.FormValue("class"), Reason: v.FormValue("reason"), Until: endOfDay(v.FormValue("until"))})
	if e := errs.As(err); err != nil && e.Kind == errs.Invalid && len(e.Fields) > 0 {
		return v.truth(http.StatusUnprocessableEntity, e.Fields)
	}
	if err != nil {
		return err
	}
	if _, err := v.f.Truth.Keep(v.Context()); err != nil { // the number follows at once
		return err
	}
	return v.seeOther("/office/truth?done=accept")
}

func lookAgain(v *visit) error {
	if v.f.Truth == nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	if _, err := v.f.Truth.Keep(v.Context()); err != nil {
		return err
	}
	return v.seeOther("/office/truth?done=look")
}

// registerDone is what was just done, as the address says after a post.
func (v *visit) registerDone() string {
	if key := "registerpages.done-" + v.URL.Query().Get("done"); i18n.Has(key) {
		return v.t(key)
	}
	return ""
}
