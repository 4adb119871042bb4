package office

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"prasan/internal/cases"
	"prasan/internal/doc/flow"
	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/register"
	"prasan/internal/ropa"
	papers "prasan/internal/ropa/form"
	"prasan/internal/ropa/lint"
	"prasan/internal/thai"
	"prasan/internal/truth"
	"prasan/internal/web/kit"
)

// revisionPage is a revision as the form that people know from paper: each row with its
// answer, what it means, and what the program can say of its truth.
type revisionPage struct {
	Heading, Lead string
	Chip          *kit.Chip
	Done          string
	Errors        *kit.Summary
	Back          string
	Facts         []kit.Row
	Acts          []revisionAct
	Return        *oneField
	Edit          string // where the draft is changed as text
	EditForm      string // where it is changed field by field
	Findings      []finding
	Counted       string // the findings by severity
	Plan          *planView
	Truth         *rowsTruth
	Sections      []paperSection
	Picture       string // of the flow
	PictureOf     string
	Observed      string // where the flow is shown that really was; none when empty
	Flow          kit.Table
	Inventory     kit.Table
	Remarks       []string
	Revisions     kit.Table
	Compare       *kit.Field
	ComparePath   string
	Exports       []kit.Link
}

// oneField is the form of one act with one field.
type oneField struct {
	Action, Button string
	Field          kit.Field
}

// revisionAct is a button. Sum is the digest of what its presser has read.
type revisionAct struct {
	Action, Button, Help, Sum string
	Second, Stop              bool
}

// rowsTruth says of which moment the statuses of the rows are.
type rowsTruth struct {
	Text   string
	Counts []kit.Chip
	Look   string // where a new look is asked for; none when empty
}

type paperSection struct {
	ID, Title string
	Rows      []paperRow
}

type paperRow struct {
	No         int
	ID         string
	Title, Ask string
	Group, Law string
	Answer     []string
	Nothing    string // which kind of nothing the cell holds
	Meaning    []string
	Status     *kit.Chip
	Drift      *kit.Chip
	Evidence   []evidence
	Findings   []finding
	Documents  []kit.Link // of the library, which the row cites
	Edit       string     // where the row is written; none when empty
}

type evidence struct{ Text, At string }

// finding is one of the lint, with the rows that it is about.
type finding struct {
	Chip kit.Chip
	Text string
	Law  string
	Rule string
	Rows []kit.Link
}

var severityTones = map[lint.Severity]string{lint.Error: "late", lint.Warning: "wait", lint.Question: "busy", lint.Info: "quiet"}

var truthTones = map[truth.Status]string{truth.Enforced: "good", truth.Verified: "busy", truth.Attested: "wait", truth.External: "quiet", truth.Unknown: "quiet"}

func showLatest(v *visit) error {
	revisions, err := v.f.Register.Revisions(v.Context(), v.PathValue("code"))
	if err != nil {
		return err
	}
	if len(revisions) == 0 {
		return errs.New(errs.NotFound, "error.not-found")
	}
	s := shelf{v.PathValue("code"), revisions}
	return v.revision(http.StatusOK, s, s.inForce(), nil)
}

func showRevision(v *visit) error {
	s, r, err := v.revisionOf()
	if err != nil {
		return err
	}
	return v.revision(http.StatusOK, s, r, nil)
}

// revision sends the page of a revision; refused is why an act on it was not done.
func (v *visit) revision(status int, s shelf, r register.Revision, refused *errs.E) error {
	body, rev, err := v.read(v.Context(), r.Activity, r.N)
	if err != nil {
		return err
	}
	names, err := v.signers(s.revisions)
	if err != nil {
		return err
	}
	p := revisionPage{Heading: v.phrase(rev.Name), Lead: v.t("office.revision-n", "n", r.N), Chip: v.revisionChip(r.Status), Done: v.registerDone(), Back: v.to("/office/records"), Facts: v.revisionFacts(r, names),
		Picture: v.revisionPath(r.Activity, r.N) + "/export/svg", PictureOf: v.t("registerpages.picture-of", "name", v.phrase(rev.Name), "n", len(rev.Flow.Steps)),
		Flow: v.flowTable(rev), Inventory: v.inventoryTable(rev), Remarks: rev.Remarks, Revisions: v.revisionsTable(s, names), Exports: v.exports(r)}
	if r.Activity == cases.Activity && len(rev.Flow.Steps) > 0 {
		p.Observed = v.revisionPath(r.Activity, r.N) + "/observed"
	}
	found, err := v.findings(s, r, rev)
	if err != nil {
		return err
	}
	for _, f := range found {
		p.Findings = append(p.Findings, v.finding(f))
	}
	p.Counted = v.findingCount(found)
	report, err := v.truthReport()
	if err != nil {
		return err
	}
	p.Truth = v.rowsTruth(report, r)
	if activityOfRevision(report, r) != nil {
		p.Exports = append(p.Exports, kit.Link{Href: v.revisionPath(r.Activity, r.N) + "/export/pdf?truth=yes", Text: v.t("registerpages.format-truth")})
	}
	p.Sections = v.paper(rev, found, activityOfRevision(report, r))
	if err := v.cite(p.Sections, rev); err != nil {
		return err
	}
	if err := v.actsOn(&p, r, body, refused); err != nil {
		return err
	}
	v.comparison(&p, s, r)
	return v.page(status, p.Heading+" · "+p.Lead, "office/register-page", p)
}

func (v *visit) revisionFacts(r register.Revision, names people) []kit.Row {
	out := []kit.Row{{Key: v.t("office.prepared-by"), Value: names.name(r.PreparedBy) + " · " + thai.DateTime(r.CreatedAt, v.lang)}}
	if !r.EffectiveAt.IsZero() {
		out = append(out, kit.Row{Key: v.t("office.effective-at"), Value: thai.DateTime(r.EffectiveAt, v.lang)})
	}
	if len(r.Approvals) > 0 {
		row := kit.Row{Key: v.t("office.approved-by")}
		for _, a := range r.Approvals {
			row.Lines = append(row.Lines, names.name(a.Account)+" · "+v.ground(a.Ground)+" · "+thai.DateTime(a.At, v.lang))
		}
		out = append(out, row)
	}
	return append(out, kit.Row{Key: v.t("office.sha256"), Value: r.SHA256})
}

// findings of a revision, beside the others that are in force: some rules compare them.
func (v *visit) findings(s shelf, r register.Revision, rev *ropa.Revision) ([]lint.Finding, error) {
	return v.findingsOf(rev, r.Activity)
}

func (v *visit) findingsOf(rev *ropa.Revision, code string) ([]lint.Finding, error) {
	records := []*ropa.Revision{rev}
	shelves, err := v.shelves()
	if err != nil {
		return nil, err
	}
	for _, s := range shelves {
		if s.code == code {
			continue
		}
		_, other, err := v.read(v.Context(), s.code, s.inForce().N)
		if err != nil {
			return nil, err
		}
		records = append(records, other)
	}
	return lint.Each(records)[0], nil
}

func (v *visit) finding(f lint.Finding) finding {
	out := finding{Chip: kit.Chip{Tone: severityTones[f.Severity], Text: v.t("registerpages.severity-" + string(f.Severity))}, Text: v.phrase(f.Message), Law: f.Law, Rule: f.Rule}
	for _, field := range f.Fields {
		if d := ropa.RowByID(field); d != nil {
			out.Rows = append(out.Rows, kit.Link{Href: "#row-" + strconv.Itoa(d.No), Text: v.t("registerpages.row-n", "n", d.No)})
		}
	}
	return out
}

// paper are the rows of the form in their order, under the headings of its first column.
func (v *visit) paper(rev *ropa.Revision, found []lint.Finding, seen *truth.Activity) []paperSection {
	m := meant{v, rev}
	var out []paperSection
	title := "-"
	for _, def := range ropa.Rows {
		if def.Section != title {
			title = def.Section
			s := paperSection{ID: "section-" + strconv.Itoa(len(out)+1), Title: title}
			if title == "" {
				s.Title = v.t("registerpages.general-" + strconv.Itoa(min(len(out), 1)))
			}
			out = append(out, s)
		}
		last := &out[len(out)-1]
		last.Rows = append(last.Rows, v.paperRow(m, def, found, seen))
	}
	return out
}

func (v *visit) paperRow(m meant, def ropa.RowDef, found []lint.Finding, seen *truth.Activity) paperRow {
	cell := m.rev.Form.Row(def.ID)
	r := paperRow{No: def.No, ID: "row-" + strconv.Itoa(def.No), Title: v.phrase(def.Title), Ask: def.Ask, Group: def.Group, Law: def.Law, Meaning: m.of(def.ID)}
	if cell.Text != "" {
		r.Answer = strings.Split(cell.Text, "\n")
	}
	if cell.State.IsNothing() {
		r.Nothing = v.t("office.nothing-" + string(cell.State))
	}
	if len(r.Meaning) == 1 && r.Meaning[0] == cell.Text || slices.Equal(r.Meaning, m.answer(ropa.AnswerOf(cell.Text))) {
		r.Meaning = nil // it means what it says
	}
	for _, f := range found {
		if slices.Contains(f.Fields, def.ID) {
			x := v.finding(f)
			x.Rows = nil // it stands at its row
			r.Findings = append(r.Findings, x)
		}
	}
	if seen != nil {
		v.rowTruth(&r, def, seen)
	}
	return r
}

func (v *visit) rowTruth(r *paperRow, def ropa.RowDef, seen *truth.Activity) {
	for _, x := range seen.Rows {
		if x.Field != def.ID {
			continue
		}
		r.Status = v.statusChip(x.Status)
		if x.Drifting {
			r.Drift = &kit.Chip{Tone: "late", Text: v.t("registerpages.drifting")}
		}
		if x.Status == truth.Unknown || len(x.Evidence) == 0 {
			r.Evidence = []evidence{{Text: v.because(x)}}
		}
		for _, e := range x.Evidence {
			r.Evidence = append(r.Evidence, evidence{v.evidence(e), thai.DateTime(e.At, v.lang)})
		}
	}
}

func (v *visit) statusChip(s truth.Status) *kit.Chip {
	return &kit.Chip{Tone: truthTones[s], Text: v.t("truth.status-" + string(s))}
}

// evidence is what a status rests on, with what was found wrong.
func (v *visit) evidence(e truth.Evidence) string {
	if text := e.Say(v.lang); len(e.Names) > 0 {
		return text + ": " + strings.Join(e.Names, ", ")
	}
	return e.Say(v.lang)
}

// rowsTruth tells of which moment the statuses are, or that nobody has looked yet.
func (v *visit) rowsTruth(report *truth.Report, r register.Revision) *rowsTruth {
	switch a := activityOfRevision(report, r); {
	case r.Status != register.Effective || v.f.Truth == nil:
		return &rowsTruth{Text: v.t("registerpages.truth-not-in-force")}
	case a == nil:
		return &rowsTruth{Text: v.t("registerpages.truth-not-yet"), Look: v.to("/office/truth/look")}
	default:
		out := &rowsTruth{Text: v.t("registerpages.truth-at", "n", percentOf(a), "at", thai.DateTime(report.At, v.lang))}
		for _, s := range truth.Statuses {
			if n := a.Counts[s]; n > 0 {
				out.Counts = append(out.Counts, kit.Chip{Tone: truthTones[s], Text: v.t("truth.status-"+string(s)) + " " + strconv.Itoa(n)})
			}
		}
		if a.Drifting > 0 {
			out.Counts = append(out.Counts, kit.Chip{Tone: "late", Text: v.t("registerpages.drifting") + " " + strconv.Itoa(a.Drifting)})
		}
		return out
	}
}

func (v *visit) revisionsTable(s shelf, names people) kit.Table {
	t := kit.Table{Caption: v.t("registerpages.revisions"), Hidden: true, Head: []string{v.t("office.revision"), v.t("office.status"), v.t("office.effective-at"), v.t("office.prepared-by"), v.t("office.approved-by")}}
	for _, r := range s.revisions {
		from := "–"
		if !r.EffectiveAt.IsZero() {
			from = thai.DateTime(r.EffectiveAt, v.lang)
		}
		var by []string
		for _, a := range r.Approvals {
			by = append(by, names.name(a.Account))
		}
		if len(by) == 0 {
			by = []string{"–"}
		}
		t.Rows = append(t.Rows, []kit.Cell{{Text: v.t("office.revision-n", "n", r.N), Href: v.revisionPath(r.Activity, r.N)}, {Chip: v.revisionChip(r.Status)}, {Text: from}, {Text: names.name(r.PreparedBy)}, {Text: strings.Join(by, ", ")}})
	}
	return t
}

// comparison is the choice of another revision to be read against this one; the one
// before is chosen already.
func (v *visit) comparison(p *revisionPage, s shelf, r register.Revision) {
	f := kit.Field{Name: "from", Label: v.t("registerpages.compare-with")}
	chosen := false
	for _, x := range s.revisions {
		if x.N != r.N {
			before := x.N < r.N && !chosen
			chosen = chosen || before
			f.Options = append(f.Options, kit.Option{Value: strconv.Itoa(x.N), Label: v.t("office.revision-n", "n", x.N) + " · " + v.t("office.revision-"+x.Status), Selected: before})
		}
	}
	if len(f.Options) > 0 {
		p.Compare, p.ComparePath = &f, v.revisionPath(r.Activity, r.N)+"/changes"
	}
}

func (v *visit) exports(r register.Revision) (out []kit.Link) {
	for _, format := range papers.Formats {
		out = append(out, kit.Link{Href: v.revisionPath(r.Activity, r.N) + "/export/" + format, Text: v.t("registerpages.format-" + format)})
	}
	return out
}

// mediaTypes of the formats; those without one are text.
var mediaTypes = map[string]string{
	"json": "application/json", "jsonld": "application/ld+json", "pdf": "application/pdf", "svg": "image/svg+xml", "csv": "text/csv; charset=utf-8", "yaml": "application/yaml",
	"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}

func exportRevision(v *visit) error {
	_, r, err := v.revisionOf()
	if err != nil {
		return err
	}
	format := v.PathValue("format")
	_, rev, err := v.read(v.Context(), r.Activity, r.N)
	if err != nil {
		return err
	}
	var out bytes.Buffer
	switch {
	case format == "svg": // in the language of the page that it stands on
		err = flow.SVG(papers.Diagram(rev, v.lang), "flow-"+r.Activity, &out)
	case format == "pdf" && v.FormValue("truth") != "":
		err = v.paperWithTruth(r, rev, &out)
	case !slices.Contains(papers.Formats, format):
		err = errs.New(errs.NotFound, "error.not-found")
	default:
		err = papers.Export(rev, format, &out)
	}
	if err != nil {
		return err
	}
	h := v.w.Header()
	kind := mediaTypes[format]
	if kind == "" {
		kind = "text/plain; charset=utf-8"
	}
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", kit.CacheNone)
	if format != "svg" {
		ending := map[string]string{"text": "txt"}[format]
		if ending == "" {
			ending = format
		}
		h.Set("Content-Disposition", `attachment; filename="`+r.Activity+"."+strconv.Itoa(r.N)+"."+ending+`"`)
	}
	_, _ = v.w.Write(out.Bytes()) // a client that has gone is no error of ours
	return nil
}

// paperWithTruth prints what the program can say of each row beside it. Only the revision
// that was looked at has such a column.
func (v *visit) paperWithTruth(r register.Revision, rev *ropa.Revision, out *bytes.Buffer) error {
	report, err := v.truthReport()
	if err != nil {
		return err
	}
	seen := activityOfRevision(report, r)
	if seen == nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	words := map[string]string{}
	for _, row := range seen.Rows {
		words[row.Field] = i18n.T("th", "truth.status-"+string(row.Status)) // the paper is Thai
		if row.Status == truth.Attested {
			words[row.Field] += " (" + i18n.T("th", "registerpages.not-verified") + ")"
		}
		if row.Drifting {
			words[row.Field] += " · " + i18n.T("th", "registerpages.drifting")
		}
	}
	return papers.Paper(rev, papers.PaperOptions{At: report.At, Truth: words}, out)
}

// changesPage is the readable difference of two revisions.
type changesPage struct {
	Heading, Lead, Back string
	Changes             kit.Table
}

func showChanges(v *visit) error {
	s, r, err := v.revisionOf()
	if err != nil {
		return err
	}
	from, _ := strconv.Atoi(v.FormValue("from"))
	if !slices.ContainsFunc(s.revisions, func(x register.Revision) bool { return x.N == from }) {
		return errs.New(errs.NotFound, "error.not-found")
	}
	_, before, err := v.read(v.Context(), r.Activity, from)
	if err != nil {
		return err
	}
	_, after, err := v.read(v.Context(), r.Activity, r.N)
	if err != nil {
		return err
	}
	p := changesPage{Heading: v.t("registerpages.changes-of", "name", v.phrase(after.Name)), Lead: v.t("registerpages.changes-lead", "from", from, "to", r.N), Back: v.revisionPath(r.Activity, r.N), Changes: v.changes(ropa.Diff(before, after))}
	return v.page(http.StatusOK, p.Heading, "office/register-changes", p)
}

var changeTones = map[string]string{"added": "good", "removed": "late", "changed": "busy"}

// changes is a difference as a table: the row of the form, what happened, before, after.
func (v *visit) changes(list []ropa.Change) kit.Table {
	t := kit.Table{Caption: v.t("registerpages.changes"), Hidden: true, Empty: v.t("ropa.plan-same"), Head: []string{v.t("registerpages.row"), v.t("registerpages.change"), v.t("registerpages.before"), v.t("registerpages.after")}}
	for _, c := range list {
		title := v.phrase(c.Title)
		if d := ropa.RowByID(c.Row); d != nil {
			title = strconv.Itoa(d.No) + ". " + title
		}
		if _, item, ok := strings.Cut(c.Field, "["); ok {
			title += " · " + strings.TrimSuffix(strings.ReplaceAll(item, "].", " · "), "]")
		}
		t.Rows = append(t.Rows, []kit.Cell{{Text: title}, {Chip: &kit.Chip{Tone: changeTones[c.Kind], Text: v.t("registerpages.change-" + c.Kind)}}, {Text: c.Before}, {Text: c.After}})
	}
	return t
}
