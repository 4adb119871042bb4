package edit

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"prasan/internal/errs"
	"prasan/internal/ropa"
)

// Kind is how a field is asked.
type Kind string

const (
	Line    Kind = "line"    // a line of text
	Area    Kind = "area"    // text of several lines
	Number  Kind = "number"  // a whole number
	Flag    Kind = "flag"    // yes or no
	Choice  Kind = "choice"  // one of a list
	Choices Kind = "choices" // any of a list
	Words   Kind = "words"   // a cell of the form: what is written, and which kind of nothing
	Group   Kind = "group"   // fields that belong together
	List    Kind = "list"    // any number of items
)

// Option is a value of a list. A label without text is a code of a closed list, which the
// face words.
type Option struct {
	Value    string
	Label    ropa.Text
	Selected bool
}

// Field is a part of the record as it is asked. Name is unique in a section; Key is the
// same for every item of a list, and what labels and help go by.
type Field struct {
	Name, Key string
	Kind      Kind
	Value     string
	Checked   bool
	Options   []Option
	Fields    []Field // of a group; of a list, its items, each a group or a field
	New       bool    // an item that has just been added
	Error     *errs.Field
}

// RowFields are a row of the form: its words, and what they mean.
type RowFields struct {
	Def     ropa.RowDef
	Words   Field
	Meaning []Field
}

// Form is a section as it is asked.
type Form struct {
	Section Section
	Rows    []RowFields
	Tables  []Field
}

// Extra are options that the record itself does not hold, by the source of codes.
type Extra map[string][]Option

// typed is what was sent and could not be read: it is shown again as it was typed.
type typed struct {
	values url.Values
	faults []errs.Field
}

// Fields are the fields of a section over a record. Faults are shown at their fields,
// with what was typed there.
func (s Section) Fields(r *ropa.Revision, extra Extra, values url.Values, faults []errs.Field) Form {
	b := builder{r: r, extra: extra, typed: typed{values, faults}}
	out := Form{Section: s}
	for _, def := range s.Rows {
		row := RowFields{Def: def, Words: b.row(def.ID)}
		for _, p := range rowPaths[def.ID] {
			row.Meaning = append(row.Meaning, b.field(at(r, p), p, p))
		}
		out.Rows = append(out.Rows, row)
	}
	for _, p := range s.Paths {
		out.Tables = append(out.Tables, b.field(at(r, p), p, p))
	}
	return out
}

type builder struct {
	r     *ropa.Revision
	extra Extra
	typed typed
}

var (
	stateType  = reflect.TypeFor[ropa.State]()
	answerType = reflect.TypeFor[ropa.Answer]()
	whoType    = reflect.TypeFor[ropa.Principal]()
	actsType   = reflect.TypeFor[ropa.Responsible]()
)

// hasWords tells whether a type is a cell: a text with the kind of nothing it may be.
func hasWords(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	_, state := fieldOf(t, "state")
	_, text := fieldOf(t, "text")
	return state && text
}

func (b *builder) field(v reflect.Value, name, key string) Field {
	f := Field{Name: name, Key: key, Error: b.fault(name)}
	switch t := v.Type(); {
	case t == whoType:
		b.who(&f, v.Interface().(ropa.Principal))
	case t == actsType:
		b.who(&f, v.Interface().(ropa.Responsible).Principal())
		f.Fields = append(f.Fields, b.field(v.FieldByName("RiskLevel"), name+".risk_level", key+".risk_level"))
	case hasWords(t):
		b.words(&f, v)
	case t.Kind() == reflect.Struct:
		f.Kind = Group
		f.Fields = b.members(v, name, key)
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String && sourceOf(key) != "":
		f.Kind = Choices
		f.Options = b.choices(sourceOf(key), v)
	case t.Kind() == reflect.Slice:
		b.list(&f, v)
	default:
		b.scalar(&f, v)
	}
	return f
}

func (b *builder) members(v reflect.Value, name, key string) (out []Field) {
	for i := range v.NumField() {
		k := v.Type().Field(i).Tag.Get("yaml")
		if key == "parties[]" && k == "members" && v.FieldByName("Kind").String() != "group" && v.Field(i).Len() == 0 {
			continue // only a group has members
		}
		out = append(out, b.field(v.Field(i), name+"."+k, key+"."+k))
	}
	return out
}

func (b *builder) list(f *Field, v reflect.Value) {
	f.Kind, f.Value = List, strconv.Itoa(v.Len())
	for i := range v.Len() {
		item := b.field(v.Index(i), f.Name+"."+strconv.Itoa(i), f.Key+"[]")
		f.Fields = append(f.Fields, item)
	}
}

func (b *builder) scalar(f *Field, v reflect.Value) {
	switch v.Kind() {
	case reflect.Bool:
		f.Kind, f.Checked = Flag, v.Bool()
		return
	case reflect.Int:
		f.Kind = Number
		if v.Int() != 0 {
			f.Value = strconv.FormatInt(v.Int(), 10)
		}
		if f.Error != nil && b.typed.values != nil {
			f.Value = b.typed.values.Get(f.Name)
		}
		return
	}
	f.Kind, f.Value = Line, v.String()
	if source := sourceOf(f.Key); source != "" {
		f.Kind, f.Options = Choice, b.options(source, f.Value)
		return
	}
	f.Kind = lineFor(f.Key, f.Value)
}

// lineFor is a line where one will do: a line of text loses its line breaks.
func lineFor(key, value string) Kind {
	if isLong[last(key)] || strings.ContainsAny(value, "\n\r") || len([]rune(value)) > 90 {
		return Area
	}
	return Line
}

// isLong are the texts that are rarely a line.
var isLong = map[string]bool{"scope": true, "note": true, "remarks": true, "remarks[]": true, "data": true}

func last(key string) string { return key[strings.LastIndexByte(key, '.')+1:] }

func (b *builder) fault(name string) *errs.Field {
	for i := range b.typed.faults {
		if b.typed.faults[i].Name == name {
			return &b.typed.faults[i]
		}
	}
	return nil
}

// row is the answer cell of a row of the form.
func (b *builder) row(id string) Field {
	row, ok := b.r.Form[id]
	if !ok {
		row.State = ropa.RowAbsent
	}
	name := "form." + id
	f := Field{Name: name, Key: "form", Kind: Words, Error: b.fault(name)}
	f.Fields = []Field{{Name: name + ".text", Key: "form.text", Kind: Area, Value: row.Text}, b.state(name, "form", row.State, row.Text, "")}
	return f
}

// words is a cell of a table: its text, its kind of nothing, and what else it holds.
func (b *builder) words(f *Field, v reflect.Value) {
	f.Kind = Words
	get := func(key string) string {
		if i, ok := fieldOf(v.Type(), key); ok {
			return v.Field(i).String()
		}
		return ""
	}
	text := Field{Name: f.Name + ".text", Key: f.Key + ".text", Kind: Area, Value: get("text")}
	f.Fields = []Field{text, b.state(f.Name, f.Key, ropa.State(get("state")), get("text"), get("code"))}
	for i := range v.NumField() {
		if k := v.Type().Field(i).Tag.Get("yaml"); k != "state" && k != "text" {
			f.Fields = append(f.Fields, b.field(v.Field(i), f.Name+"."+k, f.Key+"."+k))
		}
	}
}

// Auto is the kind of nothing that the words themselves say.
const Auto = "auto"

// forced marks a state that contradicts the words beside it: it is kept as it is until
// somebody chooses another.
const forced = "="

// state is the chooser of the kind of nothing. What the words say by themselves is the
// first choice, so that writing a value is enough to give one.
func (b *builder) state(name, key string, state ropa.State, text, code string) Field {
	f := Field{Name: name + ".state", Key: key + ".state", Kind: Choice}
	selected := string(state)
	switch {
	case state == "" && text == "" && code == "", text != "" && state == ropa.StateOf(text):
		selected = Auto
	case state == "", text != "" && (state == ropa.Blank || state == ropa.RowAbsent):
		selected = forced + string(state)
		f.Options = append(f.Options, Option{Value: selected, Label: ropa.Text{TH: string(state), EN: string(state)}, Selected: true})
	}
	says := ropa.StateOf(text)
	f.Options = append(f.Options, Option{Value: Auto, Selected: selected == Auto})
	for _, s := range ropa.States {
		if s != ropa.RowAbsent || key == "form" {
			f.Options = append(f.Options, Option{Value: string(s), Selected: selected == string(s)})
		}
	}
	f.Value = string(says)
	if !slices.ContainsFunc(f.Options, func(o Option) bool { return o.Selected }) {
		f.Options = append(f.Options, Option{Value: selected, Selected: true})
	}
	return f
}

// who is one whom the record names: one choice over every way of naming, and a name that
// is none of them.
func (b *builder) who(f *Field, p ropa.Principal) {
	f.Kind = Group
	other := p.Other
	p.Other = ""
	current := principalCode(p)
	choice := Field{Name: f.Name + ".who", Key: "who", Kind: Choice, Options: []Option{{Value: "", Selected: current == ""}}}
	add := func(x ropa.Principal, label ropa.Text) {
		c := principalCode(x)
		choice.Options = append(choice.Options, Option{Value: c, Label: label, Selected: c == current})
	}
	for _, role := range ropa.Roles {
		add(ropa.Principal{Role: role}, ropa.Text{})
	}
	for _, x := range b.r.Parties {
		switch x.Kind {
		case "person":
			add(ropa.Principal{Person: x.Code}, x.Name)
		case "position":
			add(ropa.Principal{Position: x.Code}, x.Name)
		case "provider":
			add(ropa.Principal{Provider: x.Code}, x.Name)
		default:
			add(ropa.Principal{Org: x.Code}, x.Name)
			add(ropa.Principal{Org: x.Code, Within: true}, x.Name)
		}
	}
	if !slices.ContainsFunc(choice.Options, func(o Option) bool { return o.Selected }) {
		choice.Options = append(choice.Options, Option{Value: current, Label: ropa.Text{TH: current, EN: current}, Selected: true})
	}
	f.Fields = []Field{choice, {Name: f.Name + ".other", Key: "who.other", Kind: lineFor("who.other", other), Value: other}}
}

// principalCode writes every key that is set, so that nothing is lost of a principal that
// the choices do not foresee.
func principalCode(p ropa.Principal) string {
	q := url.Values{}
	v := reflect.ValueOf(p)
	for i := range v.NumField() {
		switch x := v.Field(i); x.Kind() {
		case reflect.Bool:
			if x.Bool() {
				q.Set(v.Type().Field(i).Tag.Get("yaml"), "true")
			}
		default:
			if x.Len() > 0 {
				q.Set(v.Type().Field(i).Tag.Get("yaml"), x.String())
			}
		}
	}
	return q.Encode()
}
