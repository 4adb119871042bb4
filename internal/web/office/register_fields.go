package office

import (
	"strconv"
	"strings"

	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/ropa"
	"prasan/internal/ropa/edit"
	"prasan/internal/truth"
)

// targetStatus is what the form's map says that the program can make of a row.
var targetStatus = map[ropa.Status]truth.Status{ropa.Enforced: truth.Enforced, ropa.Verified: truth.Verified, ropa.Attested: truth.Attested, ropa.External: truth.External}

// formField is a field of the record as the page draws it.
type formField struct {
	ID, Name, Class string
	Kind            edit.Kind
	Label, Help     string
	Of              string // what it belongs to, for those who hear the label
	Ask             string // the id of the question that it answers
	Value           string
	Rows            int
	Checked         bool
	Options         []formOption
	Fields          []formField
	More            []formField // what a cell means, folded away
	Open            bool
	Error           string
	Focus           bool
	// An item of a list: where it stands, and what can be done with it.
	Item                string
	Add, Up, Down, Drop string
}

type formOption struct {
	ID, Value, Label string
	Selected         bool
}

// formWords words the fields of a record: labels and help by their keys, codes by the
// names that the record gives them.
type formWords struct {
	v      *visit
	m      meant
	faults []errs.Field
}

// label is the name of a field: of its whole key, or of as much of its end as has words.
func (w formWords) label(key string) string {
	key = strings.ReplaceAll(key, "[]", "")
	if text, ok := strings.CutSuffix(key, ".th"); ok {
		return w.v.t("editor.in-thai", "what", w.label(text))
	}
	if text, ok := strings.CutSuffix(key, ".en"); ok {
		return w.v.t("editor.in-english", "what", w.label(text))
	}
	for _, same := range []string{"duties", "class", "rights_csu", "controls"} {
		if strings.HasPrefix(key, same+".") && strings.Count(key, ".") == 1 {
			return w.v.t("editor.f-" + same)
		}
	}
	return w.said("editor.f-", key, key)
}

// help is what a field asks for, where its label does not say it.
func (w formWords) help(key string) string {
	return w.said("editor.h-", strings.ReplaceAll(key, "[]", ""), "")
}

func (w formWords) said(prefix, key, otherwise string) string {
	for k, ok := key, true; ok; _, k, ok = strings.Cut(k, ".") {
		if id := prefix + strings.ReplaceAll(k, ".", "-"); i18n.Has(id) {
			return w.v.t(id)
		}
	}
	return otherwise
}

func (w formWords) field(f edit.Field, of string) formField {
	out := formField{ID: f.Name, Name: f.Name, Class: "f-" + strings.NewReplacer("[]", "", ".", "-").Replace(f.Key), Kind: f.Kind, Label: w.label(f.Key), Help: w.help(f.Key), Of: of, Value: f.Value, Checked: f.Checked}
	if f.Error != nil {
		out.Error = w.v.t(f.Error.Key, f.Error.Args...)
	}
	for i, o := range f.Options {
		out.Options = append(out.Options, formOption{ID: f.Name + "." + strconv.Itoa(i), Value: o.Value, Label: w.option(f, o), Selected: o.Selected})
	}
	switch f.Kind {
	case edit.Area:
		out.Rows = min(max(2, strings.Count(f.Value, "\n")+len([]rune(f.Value))/60+1), 14)
	case edit.Words:
		w.words(&out, f, of)
	case edit.List:
		w.list(&out, f)
	default:
		for _, x := range f.Fields {
			out.Fields = append(out.Fields, w.field(x, of))
		}
	}
	return out
}

// words are a cell: its text with the question of the cell itself, the chooser of its
// kind of nothing, and what it means folded away.
func (w formWords) words(out *formField, f edit.Field, of string) {
	text, state := w.field(f.Fields[0], of), w.field(f.Fields[1], of)
	text.ID, text.Label, text.Help, text.Error = f.Name, out.Label, out.Help, out.Error
	out.ID += ".cell"
	state.Of = out.Label + " " + of
	out.Fields = []formField{text, state}
	for _, x := range f.Fields[2:] {
		m := w.field(x, out.Label+" "+of)
		out.More = append(out.More, m)
		out.Open = out.Open || hasError(m)
	}
}

func hasError(f formField) bool {
	for _, x := range append(f.Fields, f.More...) {
		if hasError(x) {
			return true
		}
	}
	return f.Error != ""
}

func (w formWords) list(out *formField, f edit.Field) {
	out.Add = edit.Add + ":" + f.Name
	for i, x := range f.Fields {
		title := w.v.t("editor.item", "what", w.label(f.Key+".item"), "n", i+1)
		if name := w.itemName(x); name != "" {
			title += ": " + name
		}
		item := w.field(x, title)
		item.Item, item.ID = title, x.Name
		item.Drop = edit.Remove + ":" + x.Name
		if i > 0 {
			item.Up = edit.Up + ":" + x.Name
		}
		if i+1 < len(f.Fields) {
			item.Down = edit.Down + ":" + x.Name
		}
		if x.Kind != edit.Group && x.Kind != edit.Words {
			item.Label = title // an item that is a field itself
			item.ID += ".field"
		}
		out.Fields = append(out.Fields, item)
	}
}

// itemName is what an item is called by: its first words.
func (w formWords) itemName(f edit.Field) string {
	for _, x := range f.Fields {
		switch {
		case x.Kind == edit.Group && len(x.Fields) == 2 && strings.HasSuffix(x.Fields[0].Key, ".th") && x.Fields[0].Value != "":
			return shortened(w.v.phrase(ropa.Text{TH: x.Fields[0].Value, EN: x.Fields[1].Value}))
		case x.Kind == edit.Choice && x.Key == "who":
			for _, o := range x.Options {
				if o.Selected && o.Value != "" {
					return w.option(x, o)
				}
			}
		case strings.HasSuffix(x.Key, ".title") || strings.HasSuffix(x.Key, "systems[].name"):
			return shortened(x.Value)
		case (strings.HasSuffix(x.Key, ".org") || strings.HasSuffix(x.Key, ".recipient")) && x.Value != "":
			return w.m.party(x.Value)
		}
	}
	return ""
}

func shortened(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// option words a choice.
func (w formWords) option(f edit.Field, o edit.Option) string {
	switch {
	case strings.HasSuffix(f.Key, ".state"):
		return w.state(f, o)
	case f.Key == "who" && o.Value != "":
		return w.who(o)
	case o.Value == "":
		return w.v.t("editor.none")
	case strings.HasSuffix(f.Key, ".risk_level"):
		return w.m.risk(o.Value)
	case o.Label.TH != "":
		return w.v.phrase(o.Label)
	case strings.HasSuffix(f.Key, "operations"):
		return w.v.t("office.op-" + o.Value)
	case i18n.Has("editor.o-" + o.Value):
		return w.v.t("editor.o-" + o.Value)
	case i18n.Has("office.nothing-" + o.Value):
		return w.v.t("office.nothing-" + o.Value)
	}
	return strings.Join(w.m.codes(o.Value), "")
}

// state words the kinds of nothing; the first says what the words themselves say.
func (w formWords) state(f edit.Field, o edit.Option) string {
	say := func(s string) string {
		if s == string(ropa.Given) {
			return w.v.t("editor.given")
		}
		return w.v.t("office.nothing-" + s)
	}
	switch {
	case o.Value == edit.Auto:
		return w.v.t("editor.auto", "what", say(f.Value))
	case strings.HasPrefix(o.Value, "="):
		return w.v.t("editor.forced", "what", strings.TrimPrefix(o.Value, "="))
	}
	return say(o.Value)
}

func (w formWords) who(o edit.Option) string {
	name := w.v.phrase(o.Label)
	switch kind, rest, _ := strings.Cut(o.Value, "="); {
	case kind == "role" && o.Label.TH == "":
		return strings.Join(w.m.codes(rest), "")
	case kind == "org" && strings.HasSuffix(rest, "within=true"):
		return w.v.t("registerpages.within", "org", name)
	case kind == "org":
		return w.v.t("registerpages.people-of", "org", name)
	}
	return name
}

// focus leads to an item that has just been added or moved.
func (p *sectionPage) focus(name string) {
	var walk func(list []formField) bool
	walk = func(list []formField) bool {
		for i := range list {
			f := &list[i]
			if f.Name == name {
				return first(f)
			}
			if strings.HasPrefix(name, f.Name+".") && (walk(f.Fields) || walk(f.More)) {
				return true
			}
		}
		return false
	}
	if walk(p.Tables) {
		return
	}
	for i := range p.Rows {
		if walk(p.Rows[i].Meaning) {
			return
		}
	}
}

// first marks the first input of a field.
func first(f *formField) bool {
	switch f.Kind {
	case edit.Group, edit.Words, edit.List:
		for i := range f.Fields {
			if first(&f.Fields[i]) {
				return true
			}
		}
		return false
	case edit.Choices:
		return false
	}
	f.Focus = true
	return true
}
