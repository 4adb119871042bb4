package edit

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"prasan/internal/ropa"
)

// Acts are what can be done to a list: "add:elements", "remove:elements.2",
// "up:flow.steps.3", "down:flow.steps.3".
const (
	Add    = "add"
	Remove = "remove"
	Up     = "up"
	Down   = "down"
)

// Act changes a list of the section and returns the name of the item to go to. False: it
// is no act of this section, or cannot be done.
func (s Section) Act(r *ropa.Revision, act string) (string, bool) {
	verb, path, ok := strings.Cut(act, ":")
	if !ok || !slices.ContainsFunc(s.Parts(), func(p string) bool { return path == p || strings.HasPrefix(path, p+".") }) {
		return "", false
	}
	if verb == Add {
		return add(r, path)
	}
	dot := strings.LastIndexByte(path, '.')
	if dot < 0 {
		return "", false
	}
	list, i := path[:dot], 0
	v, ok := find(reflect.ValueOf(r).Elem(), list)
	i, err := strconv.Atoi(path[dot+1:])
	if !ok || err != nil || v.Kind() != reflect.Slice || i < 0 || i >= v.Len() {
		return "", false
	}
	to, ok := moved(v, verb, i)
	if ok {
		renumber(r, list)
	}
	if v.Len() == 0 {
		return list, ok
	}
	return list + "." + strconv.Itoa(min(to, v.Len()-1)), ok
}

func add(r *ropa.Revision, path string) (string, bool) {
	v, ok := find(reflect.ValueOf(r).Elem(), path)
	if !ok || v.Kind() != reflect.Slice || v.Len() >= maxItems {
		return "", false
	}
	v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
	item := v.Index(v.Len() - 1)
	if i, ok := numberOf(item); ok {
		item.Field(i).SetInt(int64(highest(v, i) + 1))
	}
	if e, ok := item.Addr().Interface().(*ropa.Edge); ok {
		begin(r, e)
	}
	return path + "." + strconv.Itoa(v.Len()-1), true
}

// begin leads a new arrow from the last step that has one to the step after it.
func begin(r *ropa.Revision, e *ropa.Edge) {
	for _, x := range r.Flow.Edges[:len(r.Flow.Edges)-1] {
		e.From = max(e.From, x.To)
	}
	if e.From > 0 {
		e.To = e.From + 1
	}
	e.Medium = "unknown"
}

func moved(v reflect.Value, verb string, i int) (int, bool) {
	switch verb {
	case Remove:
		out := reflect.MakeSlice(v.Type(), 0, v.Len()-1)
		out = reflect.AppendSlice(out, v.Slice(0, i))
		out = reflect.AppendSlice(out, v.Slice(i+1, v.Len()))
		if out.Len() == 0 {
			out = reflect.Zero(v.Type())
		}
		v.Set(out)
		return i, true
	case Up, Down:
		to := i - 1
		if verb == Down {
			to = i + 1
		}
		if to < 0 || to >= v.Len() {
			return i, false
		}
		reflect.Swapper(v.Interface())(i, to)
		return to, true
	}
	return i, false
}

// numberOf finds the number of an item that the form numbers.
func numberOf(item reflect.Value) (int, bool) {
	if item.Kind() != reflect.Struct {
		return 0, false
	}
	return fieldOf(item.Type(), "no")
}

func highest(v reflect.Value, field int) (n int) {
	for i := range v.Len() {
		n = max(n, int(v.Index(i).Field(field).Int()))
	}
	return n
}

// renumber keeps the numbers of a table in step with its lines, where they were 1, 2, 3;
// numbers that somebody has given otherwise stay. Arrows follow their steps.
func renumber(r *ropa.Revision, list string) {
	v, _ := find(reflect.ValueOf(r).Elem(), list)
	if v.Len() == 0 {
		if list == "flow.steps" {
			r.Flow.Edges = nil
		}
		return
	}
	field, ok := numberOf(v.Index(0))
	if !ok || !isDense(v, field) {
		return
	}
	to := map[int]int{}
	for i := range v.Len() {
		to[int(v.Index(i).Field(field).Int())] = i + 1
		v.Index(i).Field(field).SetInt(int64(i + 1))
	}
	if list != "flow.steps" {
		return
	}
	var edges []ropa.Edge
	for _, e := range r.Flow.Edges {
		if e.From, e.To = to[e.From], to[e.To]; e.From > 0 && e.To > 0 {
			edges = append(edges, e)
		}
	}
	r.Flow.Edges = edges
}

// isDense tells whether the numbers are 1 to n in any order, or were before one was
// taken away.
func isDense(v reflect.Value, field int) bool {
	var list []int
	for i := range v.Len() {
		list = append(list, int(v.Index(i).Field(field).Int()))
	}
	slices.Sort(list)
	missing := 0
	for i, n := range list {
		if n == i+1+missing {
			continue
		}
		if missing++; n != i+1+missing || missing > 1 {
			return false
		}
	}
	return true
}
