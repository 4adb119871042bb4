package ropa

import (
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Set changes one part of a record: path leads to it by the keys of the canonical form,
// items of lists by their number or their code ("retention.0.period",
// "elements.email.required", "form.transfers"); value is JSON or YAML, and null empties
// the part. Nothing is changed when the value does not fit. Whether the record still is
// one, Validate says.
func Set(r *Revision, path string, value []byte) error {
	if slices.Contains([]string{"apiVersion", "kind", "code", "revision", "prev_sha256"}, path) {
		return &ParseError{Field: path, Reason: "this part is not written by hand"}
	}
	node, err := document(value)
	if err != nil {
		return err
	}
	d := decoder{}
	if id, ok := strings.CutPrefix(path, "form."); ok {
		if RowByID(id) == nil {
			return &ParseError{Field: path, Reason: "the form has no such row", Advice: "see the list of row identifiers"}
		}
		var row Row
		if err := d.value(node, reflect.ValueOf(&row).Elem(), path, 0); err != nil {
			return err
		}
		if r.Form == nil {
			r.Form = Form{}
		}
		r.Form[id] = row
		return nil
	}
	v, err := part(reflect.ValueOf(r).Elem(), path)
	if err != nil {
		return err
	}
	fresh := reflect.New(v.Type()).Elem()
	if err := d.value(node, fresh, path, 0); err != nil {
		return err
	}
	v.Set(fresh)
	return nil
}

// part walks to a part of a record.
func part(v reflect.Value, path string) (reflect.Value, error) {
	for _, key := range strings.Split(path, ".") {
		switch v.Kind() {
		case reflect.Struct:
			i, ok := fieldIndex(v.Type(), key)
			if !ok {
				return v, &ParseError{Field: path, Reason: "the record has no " + key, Advice: "known here: " + strings.Join(fieldNames(v.Type()), ", ")}
			}
			v = v.Field(i)
		case reflect.Slice:
			i := itemIndex(v, key)
			if i < 0 {
				return v, &ParseError{Field: path, Reason: "the list has no item " + key, Advice: "give its number, from 0, or its code"}
			}
			v = v.Index(i)
		default:
			return v, &ParseError{Field: path, Reason: "there is nothing under a single value"}
		}
	}
	return v, nil
}

func itemIndex(list reflect.Value, key string) int {
	if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < list.Len() {
		return i
	}
	for i := range list.Len() {
		if item := list.Index(i); item.Kind() == reflect.Struct && item.FieldByName("Code").IsValid() && item.FieldByName("Code").String() == key {
			return i
		}
	}
	return -1
}
