package office

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"prasan/internal/errs"
	"prasan/internal/register"
	"prasan/internal/ropa"
	"prasan/internal/ropa/edit"
	papers "prasan/internal/ropa/form"
	"prasan/internal/web/kit"
)

// draftPage is where a draft is written: as its canonical text, or from a file. What it
// would do is shown before it is kept.
type draftPage struct {
	Heading, Lead, Back string
	Action              string
	Note                *kit.Note
	Errors              *kit.Summary
	Begin               *form // of a new activity, field by field
	Body, File          kit.Field
	Asked               []question // by the reading of a file
	Checked             bool
	Findings            []finding
	Counted             string
	Plan                *planView
}

// question is what the reading of a file leaves to a person.
type question struct{ Row, Text, Found string }

// planView is what a revision would change, and do.
type planView struct {
	Lead    string
	Holds   []string
	Effects []string
	Changes kit.Table
}

func draftForm(v *visit) error {
	p, err := v.draftPage()
	if err != nil {
		return err
	}
	if p.Body.Value, err = v.draftBody(); err != nil {
		return err
	}
	return v.page(http.StatusOK, p.Heading, "office/register-draft", p)
}

func (v *visit) draftPage() (*draftPage, error) {
	code := v.PathValue("code")
	p := &draftPage{Heading: v.t("registerpages.draft-new"), Lead: v.t("registerpages.draft-lead"), Back: v.to("/office/records"), Action: v.to("/office/records/new"),
		Body: kit.Field{Name: "body", Label: v.t("registerpages.body"), Help: v.t("registerpages.body-help"), Rows: 30, Lang: v.lang},
		File: kit.Field{Name: "file", Label: v.t("registerpages.file"), Help: v.t("registerpages.file-help"), Type: "file", Optional: v.t("registerpages.optional")}}
	if code == "" {
		begin, err := v.beginForm()
		if err != nil {
			return nil, err
		}
		p.Begin = begin
	} else {
		revisions, err := v.f.Register.Revisions(v.Context(), code)
		if err != nil {
			return nil, err
		}
		if len(revisions) == 0 {
			return nil, errs.New(errs.NotFound, "error.not-found")
		}
		p.Heading, p.Back, p.Action = v.t("registerpages.draft-of", "name", v.activity(code)), v.to("/office/records/"+code), v.to("/office/records/"+code+"/draft")
	}
	return p, nil
}

// draftBody is the text to begin from: the draft that there is, else what is in force.
func (v *visit) draftBody() (string, error) {
	code := v.PathValue("code")
	if code == "" {
		return "", nil
	}
	revisions, err := v.f.Register.Revisions(v.Context(), code)
	if err != nil {
		return "", err
	}
	s := shelf{code, revisions}
	n := s.inForce().N
	if r, ok := s.onItsWay(); ok {
		n = r.N
	}
	return v.f.Register.Body(v.Context(), code, n)
}

// draftSave keeps a draft, or only says what it would do. A file is always shown first:
// how a form was read is for a person to look over.
func draftSave(v *visit) error {
	p, err := v.draftPage()
	if err != nil {
		return err
	}
	if err := v.ParseMultipartForm(maxForm); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return errs.Wrap(err, errs.Invalid, "error.invalid")
	}
	p.Body.Value = strings.ReplaceAll(v.FormValue("body"), "\r\n", "\n")
	read, err := v.readFile(p)
	if err != nil {
		return v.draftAgain(p, err)
	}
	if read || v.FormValue("go") == "check" {
		if err := v.foresee(p); err != nil {
			return v.draftAgain(p, err)
		}
		return v.page(http.StatusOK, p.Heading, "office/register-draft", p)
	}
	if err := v.isOf(p.Body.Value); err != nil {
		return v.draftAgain(p, err)
	}
	r, err := v.f.Register.Draft(v.Context(), v.session.Actor, []byte(p.Body.Value))
	if err != nil {
		return v.draftAgain(p, err)
	}
	return v.seeOther("/office/records/" + r.Activity + "/" + strconv.Itoa(r.N) + "?done=draft")
}

// readFile puts an uploaded form into the text, with what its reading asks.
func (v *visit) readFile(p *draftPage) (bool, error) {
	file, header, err := v.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) || err == nil && header.Filename == "" {
		return false, nil
	}
	if err != nil {
		return false, errs.Wrap(err, errs.Invalid, "error.invalid")
	}
	defer file.Close()
	r, err := v.importFile(file, header)
	if err != nil {
		return false, err
	}
	text, err := ropa.Marshal(r.Revision)
	if err != nil {
		return false, err
	}
	p.Body.Value = string(text)
	p.Note = &kit.Note{Tone: "info", Title: v.t("registerpages.file-read", "name", header.Filename), Paragraphs: []string{v.t("registerpages.file-not-kept")}}
	for _, q := range r.Questions {
		p.Asked = append(p.Asked, question{v.rowTitle(q.Field), v.phrase(q.Text), q.Found})
	}
	for _, piece := range r.Unplaced {
		p.Asked = append(p.Asked, question{v.rowTitle(piece.Near), v.t("registerpages.not-placed"), piece.Text})
	}
	return true, nil
}

func (v *visit) importFile(file multipart.File, header *multipart.FileHeader) (papers.Result, error) {
	data, err := io.ReadAll(io.LimitReader(file, papers.MaxBytes+1))
	if err != nil {
		return papers.Result{}, errs.Wrap(err, errs.Invalid, "error.invalid")
	}
	r, err := papers.Import(header.Filename, data)
	if err != nil {
		return r, errs.InvalidField("file", "error.record-unreadable", "reason", papers.Why(err, v.lang))
	}
	return r, nil
}

func (v *visit) rowTitle(field string) string {
	if d := ropa.RowByID(field); d != nil {
		return strconv.Itoa(d.No) + ". " + v.phrase(d.Title)
	}
	return field
}

// isOf refuses a text that is of another activity than the page.
func (v *visit) isOf(body string) error {
	if strings.TrimSpace(body) == "" {
		return errs.InvalidField("body", "registerpages.error-empty")
	}
	rev, err := ropa.Parse([]byte(body))
	if err != nil {
		return errs.InvalidField("body", "error.record-unreadable", "reason", err.Error())
	}
	if code := v.PathValue("code"); code != "" && rev.Code != code {
		return errs.InvalidField("body", "registerpages.error-code", "code", rev.Code, "want", code)
	}
	return nil
}

// foresee says what is found in a text and what it would do.
func (v *visit) foresee(p *draftPage) error {
	if err := v.isOf(p.Body.Value); err != nil {
		return err
	}
	rev, err := ropa.Parse([]byte(p.Body.Value))
	if err != nil {
		return err
	}
	found, err := v.findingsOf(rev, rev.Code)
	if err != nil {
		return err
	}
	for _, f := range found {
		x := v.finding(f)
		x.Rows = nil // there is no form on this page to lead to
		p.Findings = append(p.Findings, x)
	}
	p.Checked, p.Counted = true, v.findingCount(found)
	p.Plan, err = v.plan(p.Body.Value)
	return err
}

func (v *visit) plan(body string) (*planView, error) {
	plan, err := v.f.Register.Plan(v.Context(), []byte(body))
	if err != nil {
		return nil, err
	}
	out := &planView{Lead: v.t("registerpages.plan-lead", "from", plan.From, "n", len(plan.Changes)), Changes: v.changes(plan.Changes)}
	for _, e := range plan.Effects {
		out.Effects = append(out.Effects, e.In(v.lang))
	}
	for _, e := range plan.Holds {
		out.Holds = append(out.Holds, e.In(v.lang))
	}
	return out, nil
}

// draftAgain shows what was typed with what is wrong; nothing of it is lost.
func (v *visit) draftAgain(p *draftPage, err error) error {
	e := errs.As(err)
	if e.Kind != errs.Invalid && e.Kind != errs.Conflict {
		return err
	}
	fields := e.Fields
	if len(fields) == 0 {
		fields = []errs.Field{{Name: "body", Key: e.Key, Args: e.Args}}
	}
	p.Errors = kit.Summarise(v.lang, fields)
	p.Body.Error, p.File.Error = kit.FieldError(v.lang, fields, "body"), kit.FieldError(v.lang, fields, "file")
	return v.page(e.Kind.Status(), p.Heading, "office/register-draft", p)
}

// lifeActs are those of a revision's life that are buttons, in the order of the bar.
var lifeActs = []struct{ name, tone string }{{"submit", ""}, {"approve", ""}, {"enact", ""}, {"withdraw", "stop"}}

// actsOn puts what a person may do on a page, what the revision would do, and what was
// wrong with what he has just tried.
func (v *visit) actsOn(p *revisionPage, r register.Revision, body string, refused *errs.E) error {
	may := v.f.Register.May(v.session.Actor, r, body)
	path := v.revisionPath(r.Activity, r.N)
	for _, a := range lifeActs {
		if slices.Contains(may, a.name) {
			p.Acts = append(p.Acts, revisionAct{Action: path + "/" + a.name, Button: v.t("registerpages.act-" + a.name), Help: v.t("registerpages.help-" + a.name), Sum: r.SHA256, Stop: a.tone == "stop"})
		}
	}
	if slices.Contains(may, "return") {
		p.Return = &oneField{path + "/return", v.t("registerpages.act-return"), kit.Field{Name: "reason", Label: v.t("registerpages.return-reason"), Help: v.t("registerpages.help-return"), Rows: 3, Value: v.FormValue("reason")}}
	}
	closed := r.Status == register.Effective || r.Status == register.Superseded
	if v.reaches("record.prepare") && (closed && r.Status == register.Effective || slices.Contains(may, "draft")) {
		p.Edit, p.EditForm = v.to("/office/records/"+r.Activity+"/draft"), v.to("/office/records/"+r.Activity+"/edit")
		for i := range p.Sections {
			for j := range p.Sections[i].Rows {
				row := &p.Sections[i].Rows[j]
				row.Edit = v.to(sectionPath(r.Activity, edit.Home(ropa.Rows[row.No-1].ID))) + "#" + row.ID
			}
		}
	}
	if refused != nil {
		v.sayRefused(p, refused)
	}
	if closed {
		return nil
	}
	plan, err := v.plan(body)
	p.Plan = plan
	return err
}

func (v *visit) sayRefused(p *revisionPage, e *errs.E) {
	if len(e.Fields) == 0 {
		p.Errors = &kit.Summary{Title: v.t(e.Key, e.Args...)}
		return
	}
	p.Errors = kit.Summarise(v.lang, e.Fields)
	if p.Return != nil {
		p.Return.Field.Error = kit.FieldError(v.lang, e.Fields, "reason")
	}
}

func actOnRevision(v *visit) error {
	s, r, err := v.revisionOf()
	if err != nil {
		return err
	}
	ctx, by, act := v.Context(), v.session.Actor, v.PathValue("act")
	to := "/office/records/" + r.Activity + "/" + strconv.Itoa(r.N)
	switch act {
	case "submit":
		_, err = v.f.Register.Submit(ctx, by, r.Activity, r.N)
	case "approve":
		_, err = v.f.Register.Approve(ctx, by, r.Activity, r.N, v.FormValue("sum"))
	case "return":
		_, err = v.f.Register.Return(ctx, by, r.Activity, r.N, strings.TrimSpace(v.FormValue("reason")))
	case "enact":
		_, err = v.f.Register.Enact(ctx, by, r.Activity, r.N)
	case "withdraw":
		err = v.f.Register.Withdraw(ctx, by, r.Activity, r.N)
		to = "/office/records"
	default:
		return errs.New(errs.NotFound, "error.not-found")
	}
	if e := errs.As(err); err != nil && (e.Kind == errs.Invalid || e.Kind == errs.Conflict) {
		return v.revision(e.Kind.Status(), s, r, e)
	}
	if err != nil {
		return err
	}
	return v.seeOther(to + "?done=" + act)
}
