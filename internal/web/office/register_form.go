package office

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"prasan/internal/errs"
	"prasan/internal/register"
	"prasan/internal/ropa"
	"prasan/internal/ropa/edit"
	"prasan/internal/ropa/lint"
	"prasan/internal/web/kit"
)

// sectionPage is a part of the record as the form that people know, to be written in. It
// is saved by itself.
type sectionPage struct {
	Heading, Lead, Back string
	Chip                *kit.Chip
	Done                string
	Note                *kit.Note
	Errors              *kit.Summary
	Differs             *kit.Table // what somebody else saved, beside what was typed
	Action, Base        string
	Parts               []formPart
	Here                formPart
	Rows                []formRow
	Tables              []formField
	Findings            []finding // of the section, for its tables
	Next                *kit.Link
	Again               bool // saving would overwrite what somebody else saved
	Dirty               bool // not everything on the page is saved
	Text                string
}

// formPart is an entry of the list of sections.
type formPart struct {
	Href, Title string
	Here        bool
	Chip        *kit.Chip // of its gravest finding
}

// formRow is a row of the form: what it asks, the law, what the program does with it, and
// its fields.
type formRow struct {
	No              int
	ID              string
	Title, Ask, Law string
	Group           string
	Status          *kit.Chip
	By              []string // the parts of the program that obey it
	Words           formField
	Meaning         []formField
	Findings        []finding
}

// editing is the record that a section is written over.
func (v *visit) editing() (edit.Section, register.Revision, *ropa.Revision, error) {
	s, ok := edit.SectionOf(v.PathValue("section"))
	if !ok {
		return s, register.Revision{}, nil, errs.New(errs.NotFound, "error.not-found")
	}
	rev, record, err := v.f.Register.Editable(v.Context(), v.PathValue("code"))
	return s, rev, record, err
}

// editRecord leads to the first section, or to the revision that is under approval and
// must be given back first.
func editRecord(v *visit) error {
	rev, _, err := v.f.Register.Editable(v.Context(), v.PathValue("code"))
	if errs.As(err) != nil && errs.As(err).Kind == errs.Conflict {
		return v.seeOther("/office/records/" + rev.Activity + "/" + strconv.Itoa(rev.N))
	}
	if err != nil {
		return err
	}
	return v.seeOther(sectionPath(rev.Activity, edit.Sections[0].ID))
}

func sectionPath(code, section string) string {
	return "/office/records/" + code + "/edit/part/" + section
}

func showSection(v *visit) error {
	s, rev, record, err := v.editing()
	if err != nil {
		return err
	}
	p, err := v.sectionPage(s, rev, record, nil, nil)
	if err != nil {
		return err
	}
	p.Done = v.registerDone()
	return v.page(http.StatusOK, p.Here.Title+" · "+p.Heading, "office/register-form", p)
}

// saveSection takes one section: a line is added, taken away or moved and everything
// typed stays; or the section is kept in the draft.
func saveSection(v *visit) error {
	s, rev, record, err := v.editing()
	if e := errs.As(err); err != nil && e.Kind == errs.Conflict {
		return v.underApproval(s, rev, e)
	}
	if err != nil {
		return err
	}
	mine, err := again(record)
	if err != nil {
		return err
	}
	values, press := v.PostForm, v.PostForm.Get("go")
	faults := s.Read(mine, values)
	if strings.Contains(press, ":") {
		at, ok := s.Act(mine, press)
		if !ok {
			return errs.New(errs.Conflict, "error.conflict")
		}
		return v.unsaved(s, rev, mine, values, faults, at)
	}
	if faults = append(faults, s.Finish(mine, record)...); len(faults) > 0 {
		p, err := v.sectionPage(s, rev, mine, values, faults)
		if err != nil {
			return err
		}
		p.Errors, p.Dirty, p.Base = kit.Summarise(v.lang, faults), true, values.Get("base")
		return v.page(http.StatusUnprocessableEntity, p.Here.Title+" · "+p.Heading, "office/register-form", p)
	}
	to := sectionPath(rev.Activity, s.ID)
	if next := v.nextSection(s); press == "next" && next != "" {
		to = sectionPath(rev.Activity, next)
	}
	if rev.Status == register.Draft && s.Digest(mine) == s.Digest(record) {
		return v.seeOther(to + "?done=same")
	}
	_, err = v.f.Register.Edit(v.Context(), v.session.Actor, rev.Activity, func(current *ropa.Revision) error {
		if s.Digest(current) != values.Get("base") {
			return errs.New(errs.Conflict, "editor.conflict")
		}
		before, err := again(current)
		if err != nil {
			return err
		}
		if faults := append(s.Read(current, values), s.Finish(current, before)...); len(faults) > 0 {
			return errs.InvalidFields(faults)
		}
		return nil
	})
	if e := errs.As(err); err != nil && e.Kind == errs.Conflict && e.Key == "editor.conflict" {
		return v.overtaken(s, values)
	}
	if err != nil {
		return err
	}
	return v.seeOther(to + "?done=section")
}

// again is a record of its own with the same text.
func again(r *ropa.Revision) (*ropa.Revision, error) {
	text, err := ropa.Marshal(r)
	if err != nil {
		return nil, err
	}
	return ropa.Parse(text)
}

// unsaved shows what was typed with a line more or less.
func (v *visit) unsaved(s edit.Section, rev register.Revision, mine *ropa.Revision, values url.Values, faults []errs.Field, at string) error {
	base := values.Get("base")
	p, err := v.sectionPage(s, rev, mine, values, faults)
	if err != nil {
		return err
	}
	p.Note, p.Dirty, p.Base = &kit.Note{Tone: "info", Paragraphs: []string{v.t("editor.unsaved")}}, true, base
	p.focus(at)
	return v.page(http.StatusOK, p.Here.Title+" · "+p.Heading, "office/register-form", p)
}

// overtaken tells that somebody else has saved the section meanwhile. Everything typed
// stands in the fields; beside it stands what differs.
func (v *visit) overtaken(s edit.Section, values url.Values) error {
	rev, theirs, err := v.f.Register.Editable(v.Context(), v.PathValue("code"))
	if err != nil {
		return err
	}
	mine, err := again(theirs)
	if err != nil {
		return err
	}
	faults := s.Read(mine, values)
	p, err := v.sectionPage(s, rev, mine, values, faults)
	if err != nil {
		return err
	}
	names, err := v.signers([]register.Revision{rev})
	if err != nil {
		return err
	}
	differs := v.changes(ropa.Diff(theirs, mine))
	differs.Head = []string{v.t("registerpages.row"), v.t("registerpages.change"), v.t("editor.theirs"), v.t("editor.yours")}
	p.Errors, p.Differs, p.Again, p.Dirty = &kit.Summary{Title: v.t("editor.conflict-by", "name", names.name(rev.PreparedBy))}, &differs, true, true
	p.Base = s.Digest(theirs)
	return v.page(http.StatusConflict, p.Here.Title+" · "+p.Heading, "office/register-form", p)
}

// underApproval tells that the revision was given to its approvers meanwhile: it cannot be
// changed, and everything typed stands in the fields, to be taken along.
func (v *visit) underApproval(s edit.Section, rev register.Revision, why *errs.E) error {
	_, record, err := v.read(v.Context(), rev.Activity, rev.N)
	if err != nil {
		return err
	}
	faults := s.Read(record, v.PostForm)
	p, err := v.sectionPage(s, rev, record, v.PostForm, faults)
	if err != nil {
		return err
	}
	p.Errors, p.Dirty, p.Base = &kit.Summary{Title: v.t(why.Key, why.Args...)}, true, v.PostForm.Get("base")
	return v.page(http.StatusConflict, p.Here.Title+" · "+p.Heading, "office/register-form", p)
}

func (v *visit) nextSection(s edit.Section) string {
	i := slices.IndexFunc(edit.Sections, func(x edit.Section) bool { return x.ID == s.ID })
	if i+1 < len(edit.Sections) {
		return edit.Sections[i+1].ID
	}
	return ""
}

func (v *visit) sectionPage(s edit.Section, rev register.Revision, record *ropa.Revision, values url.Values, faults []errs.Field) (*sectionPage, error) {
	found, err := v.findingsOf(record, record.Code)
	if err != nil {
		return nil, err
	}
	p := &sectionPage{Heading: v.phrase(record.Name), Back: v.revisionPath(rev.Activity, rev.N), Action: v.to(sectionPath(rev.Activity, s.ID)), Base: s.Digest(record), Chip: v.revisionChip(rev.Status), Text: v.to("/office/records/" + rev.Activity + "/draft")}
	p.Lead = v.t("editor.lead-draft", "n", rev.N)
	if rev.Status != register.Draft {
		p.Lead = v.t("editor.lead-new", "n", rev.N, "next", rev.N+1)
	}
	for _, x := range edit.Sections {
		entry := formPart{Href: v.to(sectionPath(rev.Activity, x.ID)), Title: v.phrase(x.Title), Here: x.ID == s.ID, Chip: v.gravest(x, found)}
		if p.Parts = append(p.Parts, entry); entry.Here {
			p.Here = entry
		}
	}
	if next, ok := edit.SectionOf(v.nextSection(s)); ok {
		p.Next = &kit.Link{Text: v.phrase(next.Title)}
	}
	w := formWords{v: v, m: meant{v, record}, faults: faults}
	form := s.Fields(record, v.bodies(), values, faults)
	for _, r := range form.Rows {
		p.Rows = append(p.Rows, v.formRow(w, r, found))
	}
	for _, f := range form.Tables {
		p.Tables = append(p.Tables, w.field(f, ""))
	}
	for _, f := range found {
		if len(s.Rows) == 0 && concernsSection(f, s) {
			x := v.finding(f)
			x.Rows = nil
			p.Findings = append(p.Findings, x)
		}
	}
	return p, nil
}

// tableFields are the fields of findings that are about a table and not about a row.
var tableFields = map[string]string{"flow": "flow", "inventory": "inventory", "parties": "cited", "documents": "cited", "remarks": "remarks"}

func concernsSection(f lint.Finding, s edit.Section) bool {
	return slices.ContainsFunc(f.Fields, func(field string) bool {
		first, _, _ := strings.Cut(field, ".")
		first, _, _ = strings.Cut(first, "[")
		return edit.Home(field) == s.ID || tableFields[first] == s.ID
	})
}

// gravest is the mark of a section in the list: how many findings of the gravest kind.
func (v *visit) gravest(s edit.Section, found []lint.Finding) *kit.Chip {
	for _, severity := range lint.Severities {
		n := 0
		for _, f := range found {
			if f.Severity == severity && concernsSection(f, s) {
				n++
			}
		}
		if n > 0 {
			return &kit.Chip{Tone: severityTones[severity], Text: v.t("registerpages.count-"+string(severity), "n", n)}
		}
	}
	return nil
}

// bodies are the agencies of the directory, which a group of the record may have as members.
func (v *visit) bodies() edit.Extra {
	var out []edit.Option
	for _, a := range v.f.Agencies.All() {
		out = append(out, edit.Option{Value: a.Code, Label: ropa.Text{TH: a.Name.In("th"), EN: a.Name.In("en")}})
	}
	return edit.Extra{"body": out}
}

func (v *visit) formRow(w formWords, r edit.RowFields, found []lint.Finding) formRow {
	def := r.Def
	out := formRow{No: def.No, ID: "row-" + strconv.Itoa(def.No), Title: v.phrase(def.Title), Ask: def.Ask, Law: def.Law, Group: def.Group, Words: w.field(r.Words, v.phrase(def.Title))}
	out.Words.Fields[0].Ask = out.ID + "-ask"
	out.Status = &kit.Chip{Tone: truthTones[targetStatus[def.Target]], Text: v.t("truth.status-" + string(def.Target))}
	if v.f.Truth != nil {
		for _, e := range v.f.Truth.Enforcements() {
			if slices.Contains(e.Rows, def.ID) && (len(e.Activities) == 0 || slices.Contains(e.Activities, v.PathValue("code"))) {
				out.By = append(out.By, v.t("truth.by-"+e.ID))
			}
		}
	}
	if len(out.By) == 0 {
		out.By = []string{v.t("registerpages.means-" + string(def.Target))}
	}
	for _, f := range r.Meaning {
		out.Meaning = append(out.Meaning, w.field(f, v.phrase(def.Title)))
	}
	for _, f := range found {
		if slices.Contains(f.Fields, def.ID) {
			x := v.finding(f)
			x.Rows = nil
			out.Findings = append(out.Findings, x)
		}
	}
	return out
}
