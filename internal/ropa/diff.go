package ropa

import (
	"fmt"
	"strings"
)

// Change is one difference between two revisions.
type Change struct {
	Field  string `json:"field"` // path into the canonical form; items of lists by their code or number
	Row    string `json:"row,omitempty"`
	Title  Text   `json:"title"`
	Kind   string `json:"kind"` // added | removed | changed
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Diff lists what differs, in the order of the canonical form. An item that only one
// of the two has is one change, said by its name.
func Diff(before, after *Revision) []Change {
	d := differ{}
	d.mapping("", treeOf(before), treeOf(after))
	return d.out
}

type differ struct{ out []Change }

// unsaid are the fields that differ between any two revisions.
var unsaid = map[string]bool{"revision": true, "prev_sha256": true}

func (d *differ) mapping(path string, a, b mapping) {
	for _, key := range keysOf(a, b) {
		p := join(path, key)
		if unsaid[p] {
			continue
		}
		d.value(p, valueOf(a, key), valueOf(b, key))
	}
}

// keysOf are the keys of both in the order of the schema, which both keep.
func keysOf(a, b mapping) []string {
	var out []string
	i := 0
	for _, p := range a {
		for ; i < len(b) && valueOf(a, b[i].key) == nil; i++ {
			out = append(out, b[i].key)
		}
		out = append(out, p.key)
		if i < len(b) && b[i].key == p.key {
			i++
		}
	}
	for ; i < len(b); i++ {
		if valueOf(a, b[i].key) == nil {
			out = append(out, b[i].key)
		}
	}
	return out
}

func valueOf(m mapping, key string) any {
	for _, p := range m {
		if p.key == key {
			return p.value
		}
	}
	return nil
}

func (d *differ) value(path string, a, b any) {
	switch {
	case a == nil && b == nil:
		return
	case isList(a) || isList(b):
		d.list(path, listOf(a), listOf(b))
		return
	}
	x, okA := a.(mapping)
	y, okB := b.(mapping)
	if okA && okB || okA && b == nil && !isText(x) || okB && a == nil && !isText(y) {
		d.mapping(path, x, y)
		return
	}
	d.say(path, a, b)
}

func isList(v any) bool { _, ok := v.([]any); return ok }

func listOf(v any) []any { list, _ := v.([]any); return list }

// isText tells whether a mapping is a phrase, which is said as a whole.
func isText(m mapping) bool {
	for _, p := range m {
		if p.key != "th" && p.key != "en" {
			return false
		}
	}
	return true
}

func (d *differ) list(path string, a, b []any) {
	other := map[string]any{}
	keysB := itemKeys(b)
	for i, key := range keysB {
		other[key] = b[i]
	}
	seen := map[string]bool{}
	for i, key := range itemKeys(a) {
		seen[key] = true
		d.item(path, key, a[i], other[key])
	}
	for i, key := range keysB {
		if !seen[key] {
			d.item(path, key, nil, b[i])
		}
	}
}

// itemKeys names the items of a list, each by its own name.
func itemKeys(list []any) []string {
	out, times := make([]string, len(list)), map[string]int{}
	for i, item := range list {
		key := itemKey(item, i)
		if times[key]++; times[key] > 1 {
			key = fmt.Sprintf("%s #%d", key, times[key])
		}
		out[i] = key
	}
	return out
}

func (d *differ) item(path, key string, a, b any) {
	p := path + "[" + key + "]"
	x, okA := a.(mapping)
	y, okB := b.(mapping)
	if okA && okB {
		d.mapping(p, x, y)
		return
	}
	d.say(p, a, b)
}

// itemKey tells an item of a list by what names it: its code, its number, or itself.
func itemKey(item any, i int) string {
	m, ok := item.(mapping)
	if !ok {
		return fmt.Sprint(item)
	}
	for _, key := range []string{"code", "no", "org", "recipient", "applies_to", "role", "person", "position", "provider", "other"} {
		if v := valueOf(m, key); v != nil {
			return fmt.Sprint(v)
		}
	}
	if from, to := valueOf(m, "from"), valueOf(m, "to"); from != nil && to != nil {
		return fmt.Sprintf("%v-%v", from, to)
	}
	return fmt.Sprint(i)
}

func (d *differ) say(path string, a, b any) {
	x, y := brief(a), brief(b)
	if x == y {
		return
	}
	c := Change{Field: path, Kind: "changed", Before: x, After: y}
	switch {
	case a == nil:
		c.Kind = "added"
	case b == nil:
		c.Kind = "removed"
	}
	c.Row, c.Title = titleOf(path)
	d.out = append(d.out, c)
}

// brief says a value in one line: an item by its name and code.
func brief(v any) string {
	m, ok := v.(mapping)
	if !ok {
		if v == nil {
			return ""
		}
		return strings.ReplaceAll(fmt.Sprint(v), "\n", " ")
	}
	if isText(m) {
		return brief(valueOf(m, "th"))
	}
	var parts []string
	for _, p := range m {
		switch x := p.value.(type) {
		case mapping:
			if isText(x) || valueOf(x, "text") != nil {
				parts = append(parts, brief(x))
			}
		case []any:
			list := make([]string, len(x))
			for i := range x {
				list[i] = brief(x[i])
			}
			parts = append(parts, p.key+" "+strings.Join(list, ", "))
		case bool:
			parts = append(parts, p.key)
		default:
			parts = append(parts, brief(x))
		}
	}
	return strings.Join(parts, "; ")
}

// rowOf maps the beginning of a path to the row of the form that it means.
var rowOf = map[string]string{
	"prepared_by": "revision.prepared_by", "controller.stewards": "activity.stewards", "controller.owner_unit": "activity.owner_unit", "process_group": "process_group.name", "name": "activity.name",
	"forms": "activity.forms", "access": "access_principals", "recipients.domestic": "recipients_domestic", "recipients.transfers": "transfers", "stores": "stores.medium", "review": "review.cycle",
	"monitoring": "monitoring.cycle", "breach.responsible": "breach.channels",
}

// titles are of what is no row.
var titles = map[string]Text{
	"code": {"รหัสกิจกรรม", "Code"}, "controller": {"ผู้ควบคุมข้อมูลส่วนบุคคล", "Controller"}, "parties": {"หน่วยงานและบุคคลที่อ้างถึง", "Bodies and people"}, "documents": {"เอกสารอ้างอิง", "Documents"}, "collection": {"ระดับการเก็บข้อมูลการใช้งาน", "Levels of usage collection"},
	"flow": {"แผนภาพการไหลของข้อมูล", "Data flow"}, "inventory": {"รายชื่อระบบ", "Systems"}, "remarks": {"หมายเหตุ", "Remarks"}, "destruction": {"การทำลาย", "Destruction"},
}

// titleOf names a path: by the row it is or means, else by its part of the form.
func titleOf(path string) (row string, title Text) {
	p := strings.TrimPrefix(path, "form.")
	if i := strings.IndexByte(p, '['); i >= 0 {
		p = p[:i]
	}
	p = strings.Replace(p, "duties.", "duty.", 1)
	for ; p != ""; p = p[:max(0, strings.LastIndexByte(p, '.'))] {
		if id, ok := rowOf[p]; ok {
			p = id
		}
		if d := RowByID(p); d != nil {
			return d.ID, d.Title
		}
		if t, ok := titles[p]; ok {
			return "", t
		}
		if !strings.Contains(p, ".") {
			break
		}
	}
	return "", Text{path, path}
}
