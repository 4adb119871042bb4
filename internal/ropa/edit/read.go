package edit

import (
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"prasan/internal/errs"
	"prasan/internal/ropa"
)

// maxItems bounds a list: more lines are no form that people fill in.
const maxItems = 500

// Read puts what was sent for a section into a record, and nothing else. What cannot be
// read is told field by field; the record then holds the rest.
func (s Section) Read(r *ropa.Revision, values url.Values) []errs.Field {
	d := reader{values: values}
	for _, def := range s.Rows {
		d.row(r, def.ID)
	}
	for _, p := range s.Parts() {
		d.read(at(r, p), p, p)
	}
	return d.faults
}

type reader struct {
	values url.Values
	faults []errs.Field
}

// has tells whether a field was on the page at all. A page that left one out does not
// empty it.
func (d *reader) has(name string) bool { _, ok := d.values[name]; return ok }

func (d *reader) text(name string) string { return ropa.Clean(d.values.Get(name)) }

func (d *reader) row(r *ropa.Revision, id string) {
	name := "form." + id
	if !d.has(name + ".text") {
		return
	}
	row := ropa.Row{Text: d.text(name + ".text")}
	row.State = stateFrom(d.values.Get(name+".state"), row.Text, "")
	was, there := r.Form[id]
	if !there && row.State == ropa.RowAbsent && row.Text == "" {
		return
	}
	if row != was && row.Text == "" {
		row.Text = row.State.Phrase()
	}
	if row != was && row.State == ropa.Given && strings.TrimSpace(row.Text) == "" {
		d.fault(name, "editor.error-given")
	}
	if r.Form == nil {
		r.Form = ropa.Form{}
	}
	r.Form[id] = row
}

// stateFrom reads the chooser: what the words say, what was chosen, or what stays forced.
func stateFrom(sent, text, code string) ropa.State {
	state, isForced := strings.CutPrefix(sent, forced)
	switch {
	case isForced:
		return ropa.State(state)
	case sent == Auto && text == "" && code == "":
		return ""
	case sent == Auto, text != "" && (state == string(ropa.Blank) || state == string(ropa.RowAbsent)):
		return ropa.StateOf(text)
	}
	return ropa.State(state)
}

func (d *reader) fault(name, key string, args ...any) {
	d.faults = append(d.faults, errs.Field{Name: name, Key: key, Args: args})
}

func (d *reader) read(v reflect.Value, name, key string) {
	switch t := v.Type(); {
	case t == whoType:
		d.who(v, name)
	case t == actsType:
		was := v.Interface().(ropa.Responsible)
		p := was.Principal()
		d.who(reflect.ValueOf(&p).Elem(), name)
		v.Set(reflect.ValueOf(ropa.ResponsibleFrom(p, was.RiskLevel)))
		d.read(v.FieldByName("RiskLevel"), name+".risk_level", key+".risk_level")
	case hasWords(t):
		d.words(v, name, key)
	case t.Kind() == reflect.Struct:
		for i := range v.NumField() {
			k := t.Field(i).Tag.Get("yaml")
			d.read(v.Field(i), name+"."+k, key+"."+k)
		}
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String && sourceOf(key) != "":
		d.choices(v, name)
	case t.Kind() == reflect.Slice:
		d.list(v, name, key)
	default:
		d.scalar(v, name, key)
	}
}

// choices are the boxes that were ticked, in the order of the page. A hidden field tells
// that the boxes were there: none ticked is an answer too.
func (d *reader) choices(v reflect.Value, name string) {
	if !d.has(name + ".n") {
		return
	}
	var out []string
	for _, s := range d.values[name] {
		out = append(out, ropa.Clean(s))
	}
	v.Set(reflect.ValueOf(out))
}

func (d *reader) list(v reflect.Value, name, key string) {
	if !d.has(name + ".n") {
		return
	}
	n, err := strconv.Atoi(d.values.Get(name + ".n"))
	if err != nil || n < 0 || n > maxItems {
		d.fault(name, "editor.error-list", "max", maxItems)
		return
	}
	out := reflect.MakeSlice(v.Type(), n, n)
	for i := range n {
		if i < v.Len() {
			out.Index(i).Set(v.Index(i))
		}
		d.read(out.Index(i), name+"."+strconv.Itoa(i), key+"[]")
	}
	if n == 0 {
		out = reflect.Zero(v.Type())
	}
	v.Set(out)
}

func (d *reader) scalar(v reflect.Value, name, key string) {
	if v.Kind() == reflect.Bool {
		if d.has(name + ".n") {
			v.SetBool(d.has(name))
		}
		return
	}
	if !d.has(name) {
		return
	}
	text := d.text(name)
	if v.Kind() != reflect.Int {
		v.SetString(text)
		return
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(strings.TrimSpace(text), ",", ""), 10, 32)
	switch {
	case strings.TrimSpace(text) == "":
		v.SetInt(0)
	case err != nil || n < 0:
		d.fault(name, "editor.error-number")
	default:
		v.SetInt(n)
	}
}

func (d *reader) words(v reflect.Value, name, key string) {
	if !d.has(name + ".text") {
		return
	}
	var state, text reflect.Value
	code := ""
	for i := range v.NumField() {
		switch k := v.Type().Field(i).Tag.Get("yaml"); k {
		case "state":
			state = v.Field(i)
		case "text":
			text = v.Field(i)
		default:
			d.read(v.Field(i), name+"."+k, key+"."+k)
			if k == "code" {
				code = v.Field(i).String()
			}
		}
	}
	text.SetString(d.text(name + ".text"))
	state.SetString(string(stateFrom(d.values.Get(name+".state"), text.String(), code)))
}

func (d *reader) who(v reflect.Value, name string) {
	if !d.has(name + ".who") {
		return
	}
	var p ropa.Principal
	set := reflect.ValueOf(&p).Elem()
	q, err := url.ParseQuery(d.values.Get(name + ".who"))
	if err != nil {
		d.fault(name+".who", "editor.error-choice")
		return
	}
	for key, list := range q {
		i, ok := fieldOf(whoType, key)
		switch {
		case !ok:
			d.fault(name+".who", "editor.error-choice")
			return
		case set.Field(i).Kind() == reflect.Bool:
			set.Field(i).SetBool(list[0] == "true")
		default:
			set.Field(i).SetString(ropa.Clean(list[0]))
		}
	}
	p.Other = d.text(name + ".other")
	v.Set(reflect.ValueOf(p))
}
