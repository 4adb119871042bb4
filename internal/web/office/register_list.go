package office

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"prasan/internal/errs"
	"prasan/internal/register"
	"prasan/internal/ropa"
	papers "prasan/internal/ropa/form"
	"prasan/internal/ropa/lint"
	"prasan/internal/thai"
	"prasan/internal/truth"
	"prasan/internal/web/kit"
)

// registerRoutes: the record as people know it from paper, its life, and the truth
// beside it.
var registerRoutes = []route{
	{"GET /{lang}/office/records", full, "record.read", listActivities},
	{"GET /{lang}/office/records/new", full, "record.prepare", draftForm},
	{"POST /{lang}/office/records/new", full, "record.prepare", draftSave},
	{"POST /{lang}/office/records/begin", full, "record.prepare", beginActivity},
	{"GET /{lang}/office/records/{code}", full, "record.read", showLatest},
	{"GET /{lang}/office/records/{code}/draft", full, "record.prepare", draftForm},
	{"POST /{lang}/office/records/{code}/draft", full, "record.prepare", draftSave},
	{"GET /{lang}/office/records/{code}/edit", full, "record.prepare", editRecord},
	{"GET /{lang}/office/records/{code}/edit/part/{section}", full, "record.prepare", showSection},
	{"POST /{lang}/office/records/{code}/edit/part/{section}", full, "record.prepare", saveSection},
	{"GET /{lang}/office/records/{code}/{n}", full, "record.read", showRevision},
	{"GET /{lang}/office/records/{code}/{n}/changes", full, "record.read", showChanges},
	{"GET /{lang}/office/records/{code}/{n}/observed", full, "record.read", showObserved},
	{"GET /{lang}/office/records/{code}/{n}/observed/{kind}", full, "record.read", drawObserved},
	{"GET /{lang}/office/records/{code}/{n}/export/{format}", full, "record.read", exportRevision},
	{"POST /{lang}/office/records/{code}/{n}/{act}", full, "record.read", actOnRevision},
	{"GET /{lang}/office/truth", full, "record.read", showTruth},
	{"POST /{lang}/office/truth", full, "record.read", acceptDrift},
	{"POST /{lang}/office/truth/look", full, "record.read", lookAgain},
}

// maxFile bounds what the upload of a form may bring: the file, and the text beside it.
const maxFile = papers.MaxBytes + 4*ropa.MaxBytes

// maxBody is how much may be posted to a route.
func (rt route) maxBody() int64 {
	if strings.Contains(rt.pattern, "/office/records/") {
		return maxFile
	}
	if strings.Contains(rt.pattern, "/office/library") {
		return maxDocument
	}
	if strings.HasSuffix(rt.pattern, "/office/cases/new") {
		return newCaseBody
	}
	return max(maxForm, letterBody(rt.pattern))
}

// activitiesPage is the register: a line an activity.
type activitiesPage struct {
	Heading, Lead string
	Done          string
	Truth         *truthNumber
	Lists         []kit.Table // by main process
	New           string      // where an activity is added; none when empty
}

var statusTones = map[string]string{register.Effective: "good", register.Approved: "busy", register.Review: "wait", register.Draft: "quiet", register.Superseded: "quiet"}

func (v *visit) revisionChip(status string) *kit.Chip {
	return &kit.Chip{Tone: statusTones[status], Text: v.t("office.revision-" + status)}
}

// shelf is the register as it is read for a page: the revisions of an activity, newest
// first, and what each of them says.
type shelf struct {
	code      string
	revisions []register.Revision
}

// shelves are the activities of the register, in the order of their codes.
func (v *visit) shelves() (out []shelf, err error) {
	all, err := v.f.Register.Revisions(v.Context(), "")
	for _, r := range all {
		if len(out) == 0 || out[len(out)-1].code != r.Activity {
			out = append(out, shelf{code: r.Activity})
		}
		last := &out[len(out)-1]
		last.revisions = append(last.revisions, r)
	}
	return out, err
}

// inForce is the revision that the program obeys; without one, the newest.
func (s shelf) inForce() register.Revision {
	for _, r := range s.revisions {
		if r.Status == register.Effective {
			return r
		}
	}
	return s.revisions[0]
}

// onItsWay is a revision that is not in force yet.
func (s shelf) onItsWay() (register.Revision, bool) {
	r := s.revisions[0]
	return r, r.Status != register.Effective && r.Status != register.Superseded
}

func (v *visit) read(ctx context.Context, code string, n int) (body string, rev *ropa.Revision, err error) {
	if body, err = v.f.Register.Body(ctx, code, n); err != nil {
		return "", nil, err
	}
	rev, err = ropa.Parse([]byte(body))
	return body, rev, err
}

func listActivities(v *visit) error {
	shelves, err := v.shelves()
	if err != nil {
		return err
	}
	records := make([]*ropa.Revision, len(shelves))
	for i, s := range shelves {
		if _, records[i], err = v.read(v.Context(), s.code, s.inForce().N); err != nil {
			return err
		}
	}
	report, err := v.truthReport()
	if err != nil {
		return err
	}
	p := activitiesPage{Heading: v.t("registerpages.records"), Lead: v.t("office.records-lead"), Done: v.registerDone(), Truth: v.numberOf(report)}
	if v.reaches("record.prepare") {
		p.New = v.to("/office/records/new")
	}
	tasks, err := v.f.Register.ReviewTasks(v.Context())
	if err != nil {
		return err
	}
	list := map[string]int{}
	for i, found := range lint.Each(records) {
		group := records[i].ProcessGroup
		at, ok := list[group.Code]
		if !ok {
			at = len(p.Lists)
			list[group.Code] = at
			p.Lists = append(p.Lists, v.activitiesOf(v.phrase(group.Name)))
		}
		cells := v.activityCells(shelves[i], records[i], found, report)
		for _, t := range tasks {
			if t.Activity == shelves[i].code {
				cells[4] = kit.Cell{Text: " " + thai.DateShort(t.Due, v.lang), Href: v.to("/office/record-reviews"), Chip: v.reviewChip(t)}
			}
		}
		p.Lists[at].Rows = append(p.Lists[at].Rows, cells)
	}
	if len(p.Lists) == 0 {
		p.Lists = []kit.Table{v.activitiesOf(v.t("registerpages.activities"))}
	}
	return v.page(http.StatusOK, p.Heading, "office/register-list", p)
}

// activitiesOf is the table of the activities of one main process.
func (v *visit) activitiesOf(group string) kit.Table {
	return kit.Table{Caption: group, Hidden: true, Empty: v.t("registerpages.activities-none"),
		Head: []string{v.t("registerpages.activity"), v.t("registerpages.in-force"), v.t("registerpages.on-its-way"), v.t("registerpages.findings"), v.t("recordreview.due"), v.t("registerpages.share")}}
}

func (v *visit) activityCells(s shelf, rev *ropa.Revision, found []lint.Finding, report *truth.Report) []kit.Cell {
	cells := []kit.Cell{{Text: v.phrase(rev.Name), Href: v.to("/office/records/" + s.code)}, v.revisionCell(s.inForce()), {Text: v.t("registerpages.nothing-on-its-way")}, {Text: v.findingCount(found)}, {Text: "–"}, {Text: "–"}}
	if r, ok := s.onItsWay(); ok {
		cells[2] = v.revisionCell(r)
		cells[2].Href = v.revisionPath(r.Activity, r.N)
	}
	if a := activityOf(report, s.code); a != nil {
		cells[5] = kit.Cell{Text: v.t("registerpages.percent", "n", percentOf(a)), Href: v.to("/office/truth#" + s.code)}
	}
	return cells
}

func (v *visit) revisionCell(r register.Revision) kit.Cell {
	text := v.t("office.revision-n", "n", r.N)
	if !r.EffectiveAt.IsZero() {
		text += " · " + thai.DateShort(r.EffectiveAt, v.lang)
	}
	return kit.Cell{Text: " " + text, Chip: v.revisionChip(r.Status)}
}

func (v *visit) revisionPath(code string, n int) string {
	return v.to("/office/records/" + code + "/" + strconv.Itoa(n))
}

// findingCount says how many findings there are of each severity.
func (v *visit) findingCount(list []lint.Finding) string {
	out := ""
	for _, s := range lint.Severities {
		n := 0
		for _, f := range list {
			if f.Severity == s {
				n++
			}
		}
		if n > 0 {
			if out != "" {
				out += " · "
			}
			out += v.t("registerpages.count-"+string(s), "n", n)
		}
	}
	if out == "" {
		return v.t("registerpages.no-findings")
	}
	return out
}

// phrase is a text of the record in the visitor's language, in Thai where there is no other.
func (v *visit) phrase(t ropa.Text) string {
	if v.lang == "en" && t.EN != "" {
		return t.EN
	}
	return t.TH
}

// revisionOf reads what the address names.
func (v *visit) revisionOf() (shelf, register.Revision, error) {
	s := shelf{code: v.PathValue("code")}
	var err error
	if s.revisions, err = v.f.Register.Revisions(v.Context(), s.code); err != nil {
		return s, register.Revision{}, err
	}
	n, _ := strconv.Atoi(v.PathValue("n"))
	for _, r := range s.revisions {
		if r.N == n {
			return s, r, nil
		}
	}
	return s, register.Revision{}, errs.New(errs.NotFound, "error.not-found")
}

// signers are the names of who prepared and approved revisions.
func (v *visit) signers(all []register.Revision) (people, error) {
	accounts := map[string]bool{}
	for _, r := range all {
		accounts[r.PreparedBy] = true
		for _, a := range r.Approvals {
			accounts[a.Account] = true
		}
	}
	return v.people(accounts)
}
