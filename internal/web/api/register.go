package api

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"

	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/register"
	"prasan/internal/ropa"
	papers "prasan/internal/ropa/form"
	"prasan/internal/ropa/lint"
)

type draftText struct {
	Text string `json:"text" doc:"The canonical text of the record, in YAML or JSON."`
}

type draftField struct {
	Field  string          `json:"field" doc:"Path by the keys of the canonical form; items of lists by number or code: retention.0.period, elements.email.required, form.transfers."`
	Value  json.RawMessage `json:"value" doc:"The new value; null empties it."`
	SHA256 string          `json:"sha256,omitempty" doc:"Of the revision that the caller has read; another one is refused."`
}

type signature struct {
	SHA256 string `json:"sha256" doc:"Of the text that the approver has read."`
}

type giveBack struct {
	Reason string `json:"reason"`
}

// RecordEffect is one consequence of a revision.
type RecordEffect struct {
	Kind  string   `json:"kind"`
	N     int      `json:"n" doc:"How much it concerns; -1 where that is not known."`
	Names []string `json:"names"`
	Text  string   `json:"text"`
}

// RecordPlan is what a revision would change, and do.
type RecordPlan struct {
	Activity string         `json:"activity"`
	From     int            `json:"from" doc:"Revision in force; 0 for none."`
	Changes  []RecordChange `json:"changes"`
	Effects  []RecordEffect `json:"effects"`
	Holds    []RecordEffect `json:"holds" doc:"Why it would be refused."`
}

// RecordChange is one difference between two revisions.
type RecordChange struct {
	Field  string `json:"field"`
	Row    string `json:"row,omitempty"`
	Kind   string `json:"kind" enum:"added,removed,changed"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// RecordFinding is one of the lint.
type RecordFinding struct {
	Rule     string   `json:"rule"`
	Severity string   `json:"severity" enum:"error,warning,question,info"`
	Law      string   `json:"law,omitempty"`
	Fields   []string `json:"fields"`
	Message  string   `json:"message"`
}

// ReadForm is a filled-in form as it was read: the text, and what is left to a person.
type ReadForm struct {
	Text      string      `json:"text" doc:"Canonical YAML; nothing is kept of it."`
	Questions []FormDoubt `json:"questions"`
	Unplaced  []FormDoubt `json:"unplaced"`
}

// FormDoubt is what the reading of a form asks, or could not place.
type FormDoubt struct {
	Field string `json:"field" doc:"Row of the form, or the nearest."`
	Text  string `json:"text,omitempty"`
	Found string `json:"found"`
}

// registerOperations: a revision from draft to force, as the pages of the office have it.
func (a *API) registerOperations() []Operation {
	if a.Register == nil {
		return nil
	}
	const tag, draft, one = "record", "/activities/{code}/draft", "/activities/{code}/revisions/{n}"
	prepare := func(o Operation) Operation { o.Tag, o.Action = tag, "record.prepare"; return o }
	read := func(o Operation) Operation { o.Tag, o.Action = tag, "record.read"; return o }
	act := func(name, summary string) Operation {
		return Operation{ID: name + "Revision", Path: one + "/" + name, Tag: tag, Summary: summary, Method: "POST"}
	}
	return []Operation{
		Do(prepare(Operation{ID: "putDraft", Method: "PUT", Path: draft, Summary: "Store a draft of an activity, or replace the one that there is."}), a.putDraft),
		Do(prepare(Operation{ID: "patchDraft", Method: "PATCH", Path: draft, Summary: "Change one field of the draft, which is begun from the revision in force where there is none."}), a.patchDraft),
		Do(prepare(Operation{ID: "planDraft", Path: "/activities/{code}/plan", Summary: "What a text would change and do. Nothing is stored."}), a.planText),
		Get(prepare(Operation{ID: "readForm", Method: "POST", Path: "/record/read", Summary: "Read a filled-in form: the body is its file (text, XLSX, DOCX, CSV, YAML or JSON). Nothing is stored.", Upload: papers.MaxBytes, Query: []Param{{Name: "name", Summary: "Name of the file."}}}), readForm),
		Get(read(Operation{ID: "listFindings", Path: one + "/findings", Summary: "What the lint finds in a revision, beside the other records."}), a.findings),
		Get(read(Operation{ID: "listChanges", Path: one + "/changes", Summary: "The difference from another revision.", Query: []Param{{Name: "from", Summary: "Number of the other revision."}}}), a.changes),
		Get(read(Operation{ID: "exportRevision", Path: one + "/export", Summary: "A revision as the form.", Query: []Param{{Name: "format", Summary: "Of the file.", Enum: papers.Formats}}, Types: []string{"application/octet-stream"}}), a.exportRevision),
		Get(act("submit", "Give a draft to its approvers. A record that would lock everybody out is refused."), func(c *Call) (Revision, error) {
			return a.moved(c, func(n int) (register.Revision, error) {
				return a.Register.Submit(c.Request.Context(), c.Actor, c.Path("code"), n)
			})
		}),
		Do(act("approve", "Approve a revision as it stands; for those whom the record names (row 31). The second of two people completes it."), func(c *Call, in signature) (Revision, error) {
			return a.moved(c, func(n int) (register.Revision, error) {
				return a.Register.Approve(c.Request.Context(), c.Actor, c.Path("code"), n, in.SHA256)
			})
		}),
		Do(act("return", "Give a revision back to be changed; its approvals are void."), func(c *Call, in giveBack) (Revision, error) {
			return a.moved(c, func(n int) (register.Revision, error) {
				return a.Register.Return(c.Request.Context(), c.Actor, c.Path("code"), n, in.Reason)
			})
		}),
		Get(act("enact", "Put an approved revision into force; from then on the program obeys it."), func(c *Call) (Revision, error) {
			return a.moved(c, func(n int) (register.Revision, error) {
				return a.Register.Enact(c.Request.Context(), c.Actor, c.Path("code"), n)
			})
		}),
		Get(act("withdraw", "Take a draft away."), func(c *Call) (Nothing, error) {
			n, err := strconv.Atoi(c.Path("n"))
			if err != nil {
				return Nothing{}, errNotFound
			}
			return Nothing{}, a.Register.Withdraw(c.Request.Context(), c.Actor, c.Path("code"), n)
		}),
	}
}

func (a *API) moved(c *Call, act func(n int) (register.Revision, error)) (Revision, error) {
	n, err := strconv.Atoi(c.Path("n"))
	if err != nil {
		return Revision{}, errNotFound
	}
	r, err := act(n)
	return revisionOf(r), err
}

func (a *API) putDraft(c *Call, in draftText) (Revision, error) {
	rev, err := ofActivity(c, in.Text)
	if err != nil {
		return Revision{}, err
	}
	text, err := ropa.Marshal(rev)
	if err != nil {
		return Revision{}, err
	}
	r, err := a.Register.Draft(c.Request.Context(), c.Actor, text)
	return revisionOf(r), err
}

// ofActivity reads a text, which must be of the activity that the path names.
func ofActivity(c *Call, text string) (*ropa.Revision, error) {
	rev, err := ropa.Parse([]byte(text))
	if err != nil {
		return nil, errs.InvalidField("text", "error.record-unreadable", "reason", err.Error())
	}
	if rev.Code != c.Path("code") {
		return nil, errs.InvalidField("text", "registerpages.error-code", "code", rev.Code, "want", c.Path("code"))
	}
	return rev, nil
}

func (a *API) patchDraft(c *Call, in draftField) (Revision, error) {
	if len(in.Value) == 0 {
		return Revision{}, errs.InvalidField("value", "error.required")
	}
	r, err := a.Register.Edit(c.Request.Context(), c.Actor, c.Path("code"), func(record *ropa.Revision) error {
		if in.SHA256 != "" {
			// The text that was read may have been replaced since: it is compared where
			// nobody can come between.
			if sum, err := ropa.SHA256(record); err != nil || sum != in.SHA256 {
				return errs.New(errs.Conflict, "error.record-other-text")
			}
		}
		if err := ropa.Set(record, in.Field, in.Value); err != nil {
			return errs.InvalidField("field", "error.record-unreadable", "reason", err.Error())
		}
		if err := ropa.Validate(record); err != nil {
			return errs.InvalidField("value", "error.record-unreadable", "reason", err.Error())
		}
		return nil
	})
	return revisionOf(r), err
}

func effectsOf(list []register.Effect, lang string) []RecordEffect {
	out := []RecordEffect{}
	for _, e := range list {
		out = append(out, RecordEffect{e.Kind, e.N, append([]string{}, e.Names...), e.In(lang)})
	}
	return out
}

func changesOf(list []ropa.Change) []RecordChange {
	out := []RecordChange{}
	for _, x := range list {
		out = append(out, RecordChange{x.Field, x.Row, x.Kind, x.Before, x.After})
	}
	return out
}

func (a *API) planText(c *Call, in draftText) (RecordPlan, error) {
	if _, err := ofActivity(c, in.Text); err != nil {
		return RecordPlan{}, err
	}
	p, err := a.Register.Plan(c.Request.Context(), []byte(in.Text))
	return RecordPlan{p.Activity, p.From, changesOf(p.Changes), effectsOf(p.Effects, c.Lang), effectsOf(p.Holds, c.Lang)}, err
}

func readForm(c *Call) (ReadForm, error) {
	data, err := io.ReadAll(c.Request.Body)
	if err != nil {
		return ReadForm{}, errs.Wrap(err, errs.Invalid, "error.invalid")
	}
	r, err := papers.Import(c.Query("name"), data)
	if err != nil {
		return ReadForm{}, errs.InvalidField("file", "error.record-unreadable", "reason", papers.Why(err, c.Lang))
	}
	text, err := ropa.Marshal(r.Revision)
	out := ReadForm{Text: string(text), Questions: []FormDoubt{}, Unplaced: []FormDoubt{}}
	for _, q := range r.Questions {
		out.Questions = append(out.Questions, FormDoubt{q.Field, said(c.Lang, q.Text), q.Found})
	}
	for _, p := range r.Unplaced {
		out.Unplaced = append(out.Unplaced, FormDoubt{Field: p.Near, Found: p.Text})
	}
	return out, err
}

func said(lang string, t ropa.Text) string {
	if lang == i18n.Langs[0] || t.EN == "" {
		return t.TH
	}
	return t.EN
}

// record reads the revision that the path names.
func (a *API) record(c *Call, number string) (*ropa.Revision, error) {
	n, err := strconv.Atoi(number)
	if err != nil {
		return nil, errNotFound
	}
	text, err := a.Register.Body(c.Request.Context(), c.Path("code"), n)
	if err != nil {
		return nil, err
	}
	return ropa.Parse([]byte(text))
}

func (a *API) findings(c *Call) (Page[RecordFinding], error) {
	page := Page[RecordFinding]{Items: []RecordFinding{}}
	rev, err := a.record(c, c.Path("n"))
	if err != nil {
		return page, err
	}
	records := []*ropa.Revision{rev}
	all, err := a.Register.Revisions(c.Request.Context(), "")
	if err != nil {
		return page, err
	}
	for _, r := range all {
		if r.Activity == rev.Code || r.Status != register.Effective {
			continue
		}
		text, err := a.Register.Body(c.Request.Context(), r.Activity, r.N)
		if err != nil {
			return page, err
		}
		other, err := ropa.Parse([]byte(text))
		if err != nil {
			return page, err
		}
		records = append(records, other)
	}
	for _, f := range lint.Each(records)[0] {
		page.Items = append(page.Items, RecordFinding{f.Rule, string(f.Severity), f.Law, append([]string{}, f.Fields...), said(c.Lang, f.Message)})
	}
	return page, nil
}

func (a *API) changes(c *Call) (Page[RecordChange], error) {
	after, err := a.record(c, c.Path("n"))
	if err != nil {
		return Page[RecordChange]{}, err
	}
	before, err := a.record(c, c.Query("from"))
	if err != nil {
		return Page[RecordChange]{}, err
	}
	return Page[RecordChange]{Items: changesOf(ropa.Diff(before, after))}, nil
}

func (a *API) exportRevision(c *Call) (Raw, error) {
	rev, err := a.record(c, c.Path("n"))
	if err != nil {
		return Raw{}, err
	}
	var out bytes.Buffer
	if err := papers.Export(rev, c.Query("format"), &out); err != nil {
		return Raw{}, errs.InvalidField("format", "error.record-unreadable", "reason", err.Error())
	}
	return Raw{"application/octet-stream", out.Bytes()}, nil
}
