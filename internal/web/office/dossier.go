package office

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// dossier is the page of a matter that goes its own way: a request of a person about
// his data, a breach, a destruction round. Each part is left out when it is empty.
type dossier struct {
	Back          kit.Link
	Step, Heading string
	Chips         []kit.Chip
	Done          string
	Note          *kit.Note
	Clock         *countdown
	Way           []milestone
	Parts         []dossierPart
	Deeds         []deedForm
	Facts         []kit.Row
	Moments       []kit.Moment
	Pager         kit.Pager
}

// countdown is a time limit: how much is left of how much.
type countdown struct {
	Text, Until string
	Left, Of    int
	Late        bool
}

// milestone is a stage on the way, in words: passed, present or to come.
type milestone struct {
	Text      string
	Past, Now bool
}

// dossierPart is a section of the page.
type dossierPart struct {
	ID, Title, Lead string
	Lines           []string // paragraphs
	Paper           string   // what a person wrote
	Table           *kit.Table
	Rows            []kit.Row
	Links           []kit.Link
	Post, Button    string // a button that opens what is sealed
}

// ask is an input of a deed's form.
type ask struct {
	Heading string
	Field   *kit.Field
	Radios  *kit.Radios
	Checks  []kit.Checkbox
	Legend  string // of the checks
	Name    string // of the checks
	Error   string
}

// deed is something that may be done. Its texts are AREA.act-NAME, help-NAME,
// button-NAME and done-NAME.
type deed struct {
	name string
	asks func(t *typed) []ask
	do   func(in func(string) string) error
	stop bool // it cannot be undone
}

// deedForm is a deed as the page shows it.
type deedForm struct {
	Name, Title, Help, Action, Button string
	Errors                            *kit.Summary
	Asks                              []ask
	Stop, Open                        bool
}

// typed is what was typed into the deed that was posted, and what was wrong with it.
type typed struct {
	v      *visit
	deed   string
	active bool
	fields []errs.Field
}

func (t *typed) value(name, fallback string) string {
	if t.active {
		return t.v.PostFormValue(name)
	}
	return fallback
}

func (t *typed) checked(name, value string) bool {
	return t.active && slices.Contains(t.v.PostForm[name], value)
}

func (t *typed) wrong(name string) string {
	if !t.active {
		return ""
	}
	return kit.FieldError(t.v.lang, t.fields, name)
}

func (t *typed) id(name string) string { return t.deed + "-" + name }

// line is an input of one line, area one of several; key is the label's message.
func (t *typed) line(name, key, fallback string) ask {
	return ask{Field: &kit.Field{Name: name, ID: t.id(name), Label: t.v.t(key), Value: t.value(name, fallback), Width: "medium", Autocomplete: "off", Error: t.wrong(name)}}
}

func (t *typed) area(name, key, fallback string, rows int) ask {
	return ask{Field: &kit.Field{Name: name, ID: t.id(name), Label: t.v.t(key), Value: t.value(name, fallback), Rows: rows, Error: t.wrong(name)}}
}

// moment is an input of a moment in Thailand's time.
func (t *typed) moment(name, key string, fallback time.Time) ask {
	a := t.line(name, key, "")
	a.Field.Type, a.Field.Value = "datetime-local", t.value(name, localTime(fallback))
	return a
}

func (t *typed) radios(name, legend, prefix string, chosen string, values ...string) ask {
	r := &kit.Radios{Name: name, ID: t.id(name), Legend: t.v.t(legend), Error: t.wrong(name)}
	chosen = t.value(name, chosen)
	for _, x := range values {
		r.Options = append(r.Options, kit.Option{Value: x, Label: t.v.t(prefix + x), Selected: x == chosen})
	}
	return ask{Radios: r}
}

func (t *typed) checks(name, legend, prefix string, values ...string) ask {
	a := ask{Legend: t.v.t(legend), Name: t.id(name), Error: t.wrong(name)}
	for i, x := range values {
		c := kit.Checkbox{Name: name, ID: t.id(name), Value: x, Label: t.v.t(prefix + x), Checked: t.checked(name, x)}
		if i > 0 {
			c.ID += "-" + x
		}
		a.Checks = append(a.Checks, c)
	}
	return a
}

// optional marks an input that may stay empty.
func (a ask) optional(v *visit) ask { a.Field.Optional = v.t("office.optional"); return a }

func (a ask) help(text string) ask { a.Field.Help = text; return a }

func nothing(*typed) []ask { return nil }

// Low is from where a time limit is near: a third of it.
func (c countdown) Low() int { return c.Of / 3 }

const localForm = "2006-01-02T15:04"

func localTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(thai.Bangkok).Format(localForm)
}

// timeOf reads a moment that a person chose; the zero time when there is none.
func timeOf(text string) time.Time {
	t, err := time.ParseInLocation(localForm, text, thai.Bangkok)
	if err != nil {
		return time.Time{}
	}
	return t
}

// deedForms are the forms of the deeds that are offered, the one that was posted open.
func (v *visit) deedForms(area, base string, deeds []deed, offered []string, doing string, fields []errs.Field) []deedForm {
	var out []deedForm
	for _, d := range deeds {
		if !slices.Contains(offered, d.name) {
			continue
		}
		t := &typed{v: v, deed: d.name, active: doing == d.name, fields: fields}
		f := deedForm{Name: d.name, Title: v.t(area + ".act-" + d.name), Help: v.t(area + ".help-" + d.name), Action: v.to(base + "/" + d.name), Button: v.t(area + ".act-" + d.name), Stop: d.stop, Open: t.active, Asks: d.asks(t)}
		if t.active && len(fields) > 0 {
			f.Errors = kit.Summarise(v.lang, fields)
			for i, x := range fields {
				f.Errors.Items[i].Href = "#" + t.id(x.Name)
			}
		}
		out = append(out, f)
	}
	return out
}

// perform does the deed that was posted and leads back to the page, so that reloading
// repeats nothing. What is wrong is shown in its form, with what was typed.
func (v *visit) perform(base string, deeds []deed, again func(doing string, e *errs.E) error) error {
	name := v.PathValue("act")
	i := slices.IndexFunc(deeds, func(d deed) bool { return d.name == name })
	if i < 0 {
		return errs.New(errs.NotFound, "error.not-found")
	}
	err := deeds[i].do(v.PostFormValue)
	switch kind := errs.KindOf(err); {
	case err == nil:
		return v.seeOther(base + "?done=" + name)
	case kind == errs.Invalid, kind == errs.Conflict, kind == errs.Forbidden && strings.HasPrefix(errs.As(err).Key, "error.four-eyes"):
		return again(name, errs.As(err))
	}
	return err
}

// said fills in what has just been done, or why it was not.
func (d *dossier) said(v *visit, area string, deeds []deed, e *errs.E) int {
	if done := v.URL.Query().Get("done"); e == nil && slices.ContainsFunc(deeds, func(x deed) bool { return x.name == done }) {
		d.Done = v.t(area+".done", "act", v.t(area+".act-"+done))
	}
	if e == nil {
		return http.StatusOK
	}
	if len(e.Fields) == 0 {
		d.Note = &kit.Note{Tone: "stop", Title: i18n.T(v.lang, e.Key, e.Args...)}
	}
	return e.Kind.Status()
}

// way marks the stages of a matter up to where it stands.
func (v *visit) way(prefix, at string, stages ...string) []milestone {
	now := slices.Index(stages, at)
	var out []milestone
	for i, s := range stages {
		out = append(out, milestone{v.t(prefix + s), i < now, i == now})
	}
	return out
}

// namesOf are the names of accounts that stand on a page.
func (v *visit) namesOf(accounts ...string) (people, error) {
	set := map[string]bool{}
	for _, a := range accounts {
		set[a] = true
	}
	return v.people(set)
}

// download sends a file that is kept nowhere.
func (v *visit) download(kind, name string, body []byte) error {
	h := v.w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", kit.CacheNone)
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	if v.Method != http.MethodHead {
		_, _ = v.w.Write(body)
	}
	return nil
}
