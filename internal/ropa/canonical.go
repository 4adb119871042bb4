package ropa

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// pair is a key of an ordered mapping.
type pair struct {
	key   string
	value any
}

// mapping is a mapping in the order of the schema.
type mapping []pair

// Marshal writes the canonical YAML: keys in the order of the schema, rows in the
// order of the form, empty values left out, NFC, LF. Equal revisions give equal bytes.
func Marshal(r *Revision) ([]byte, error) {
	var b strings.Builder
	writeMapping(&b, treeOf(r), 0)
	return []byte(b.String()), nil
}

// MarshalJSON writes the same tree as JSON.
func MarshalJSON(r *Revision) ([]byte, error) {
	var b strings.Builder
	writeJSON(&b, treeOf(r), 0)
	b.WriteByte('\n')
	return []byte(b.String()), nil
}

// SHA256 is the digest of the canonical form, in hexadecimal.
func SHA256(r *Revision) (string, error) {
	text, err := Marshal(r)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

func treeOf(r *Revision) mapping {
	m, _ := tree(reflect.ValueOf(*r)).(mapping)
	return m
}

// tree turns a value into mappings, lists and scalars; nil for what is empty.
func tree(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Struct:
		return treeStruct(v)
	case reflect.Map:
		return treeForm(v)
	case reflect.Slice:
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			item := tree(v.Index(i))
			if item == nil {
				item = emptyItem(v.Type().Elem())
			}
			list = append(list, item)
		}
		if len(list) == 0 {
			return nil
		}
		return list
	case reflect.String:
		if v.Len() == 0 {
			return nil
		}
		return Clean(v.String())
	case reflect.Int:
		if v.Int() == 0 {
			return nil
		}
		return v.Int()
	case reflect.Bool:
		if !v.Bool() {
			return nil
		}
		return true
	}
	panic("ropa: no canonical form for " + v.Kind().String())
}

// emptyItem stands for an empty item of a list, which must not vanish.
func emptyItem(t reflect.Type) any {
	if t.Kind() == reflect.Struct {
		return mapping{}
	}
	return ""
}

func treeStruct(v reflect.Value) any {
	var m mapping
	for i := range v.NumField() {
		if x := tree(v.Field(i)); x != nil {
			m = append(m, pair{v.Type().Field(i).Tag.Get("yaml"), x})
		}
	}
	if m == nil {
		return nil
	}
	return m
}

// treeForm writes the rows in the order of the form, unknown ones after them.
func treeForm(v reflect.Value) any {
	form := v.Interface().(Form)
	ids := make([]string, 0, len(form))
	for id := range form {
		ids = append(ids, id)
	}
	sort.Slice(ids, func(i, j int) bool {
		a, b := rowOrder(ids[i]), rowOrder(ids[j])
		return a < b || a == b && ids[i] < ids[j]
	})
	var m mapping
	for _, id := range ids {
		if x := tree(reflect.ValueOf(form[id])); x != nil {
			m = append(m, pair{id, x})
		}
	}
	if m == nil {
		return nil
	}
	return m
}

func rowOrder(id string) int {
	if d := rowByID[id]; d != nil {
		return d.No
	}
	return len(Rows) + 1
}

// Clean brings text into its canonical form: NFC with line feeds.
func Clean(s string) string {
	if strings.Contains(s, "\r") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	return norm.NFC.String(s)
}

func writeMapping(b *strings.Builder, m mapping, depth int) {
	for i, p := range m {
		if i > 0 || depth >= 0 {
			b.WriteString(strings.Repeat("  ", max(depth, 0)))
		}
		writePair(b, p, max(depth, 0))
	}
}

func writePair(b *strings.Builder, p pair, depth int) {
	b.WriteString(p.key)
	b.WriteByte(':')
	writeValue(b, p.value, depth)
}

func writeValue(b *strings.Builder, v any, depth int) {
	switch x := v.(type) {
	case mapping:
		if len(x) == 0 {
			b.WriteString(" {}\n")
			return
		}
		b.WriteByte('\n')
		writeMapping(b, x, depth+1)
	case []any:
		if isShort(x) {
			b.WriteString(" [")
			for i, item := range x {
				if i > 0 {
					b.WriteString(", ")
				}
				b.WriteString(scalar(item))
			}
			b.WriteString("]\n")
			return
		}
		b.WriteByte('\n')
		for _, item := range x {
			writeItem(b, item, depth+1)
		}
	default:
		b.WriteByte(' ')
		b.WriteString(scalar(x))
		b.WriteByte('\n')
	}
}

func writeItem(b *strings.Builder, item any, depth int) {
	indent := strings.Repeat("  ", depth)
	b.WriteString(indent + "-")
	m, ok := item.(mapping)
	if !ok || len(m) == 0 {
		writeValue(b, item, depth)
		return
	}
	for i, p := range m {
		if i == 0 {
			b.WriteByte(' ')
		} else {
			b.WriteString(indent + "  ")
		}
		writePair(b, p, depth+1)
	}
}

var code = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*$`)

// isShort tells whether a list is written on one line: codes only.
func isShort(list []any) bool {
	size := 0
	for _, item := range list {
		s, ok := item.(string)
		if !ok || !code.MatchString(s) {
			return false
		}
		size += len(s) + 2
	}
	return size < 100
}

// plain is what needs no quotes anywhere in YAML, conservatively.
var plain = regexp.MustCompile(`^[\p{L}(][\p{L}\p{M}\p{N} _./()@+-]*$`)

var reserved = map[string]bool{"true": true, "false": true, "null": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true, "nan": true, "inf": true}

func scalar(v any) string {
	switch x := v.(type) {
	case bool:
		return strconv.FormatBool(x)
	case int64:
		return strconv.FormatInt(x, 10)
	}
	s := v.(string)
	if plain.MatchString(s) && !reserved[strings.ToLower(s)] && !strings.HasSuffix(s, " ") && !strings.Contains(s, "  ") {
		return s
	}
	return quote(s)
}

// quote writes a double-quoted scalar, which is JSON's string.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err) // a string always encodes
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func writeJSON(b *strings.Builder, v any, depth int) {
	indent := strings.Repeat("  ", depth+1)
	switch x := v.(type) {
	case mapping:
		b.WriteByte('{')
		for i, p := range x {
			b.WriteString(separator(i) + indent + quote(p.key) + ": ")
			writeJSON(b, p.value, depth+1)
		}
		closeJSON(b, len(x), depth, '}')
	case []any:
		b.WriteByte('[')
		for i, item := range x {
			b.WriteString(separator(i) + indent)
			writeJSON(b, item, depth+1)
		}
		closeJSON(b, len(x), depth, ']')
	case string:
		b.WriteString(quote(x))
	default:
		b.WriteString(scalar(x))
	}
}

func separator(i int) string {
	if i == 0 {
		return "\n"
	}
	return ",\n"
}

func closeJSON(b *strings.Builder, n, depth int, end byte) {
	if n > 0 {
		b.WriteString("\n" + strings.Repeat("  ", depth))
	}
	b.WriteByte(end)
}
