package ropa

import (
	"encoding/json"
	"reflect"
	"strings"
)

// SchemaID names the JSON schema of the canonical form.
const SchemaID = "https://prasan.example/schema/ropa-v1.json"

// JSONSchema is the JSON schema (draft 2020-12) of the canonical form in YAML or JSON,
// written from the types and the lists of values that the reader itself goes by.
func JSONSchema() []byte {
	root := schemaOf(reflect.TypeFor[Revision](), "")
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["$id"] = SchemaID
	root["title"] = "Record of processing activities: one revision of one activity"
	root["required"] = []string{"apiVersion", "kind", "code"}
	text, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // maps and lists always encode
	}
	return append(text, '\n')
}

func schemaOf(t reflect.Type, path string) map[string]any {
	switch t.Kind() {
	case reflect.Struct:
		return schemaOfObject(t, path)
	case reflect.Map:
		return schemaOfForm(path)
	case reflect.Slice:
		return map[string]any{"type": "array", "items": schemaOf(t.Elem(), path+"[]")}
	case reflect.Int:
		return map[string]any{"type": "integer", "minimum": 0}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	}
	return schemaOfText(t, path)
}

func schemaOfObject(t reflect.Type, path string) map[string]any {
	properties := map[string]any{}
	for i := range t.NumField() {
		key := t.Field(i).Tag.Get("yaml")
		properties[key] = schemaOf(t.Field(i).Type, join(path, key))
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}
}

func schemaOfForm(path string) map[string]any {
	rows := map[string]any{}
	for _, d := range Rows {
		row := schemaOf(reflect.TypeFor[Row](), join(path, "*"))
		row["description"] = d.Title.EN + " (" + d.Title.TH + ")"
		rows[d.ID] = row
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": rows}
}

func schemaOfText(t reflect.Type, path string) map[string]any {
	switch {
	case path == "apiVersion":
		return map[string]any{"const": APIVersion}
	case path == "kind":
		return map[string]any{"const": Kind}
	case t == reflect.TypeFor[State]():
		return map[string]any{"enum": append([]State{}, States...)}
	}
	out := map[string]any{"type": "string"}
	if values, ok := enumValues[path]; ok {
		out["enum"] = values
	}
	switch {
	case path == "code" || isDeclaration(path):
		out["pattern"] = codePattern.String()
	case strings.HasSuffix(path, ".period") || strings.HasSuffix(path, ".cycle"):
		out["pattern"], out["minLength"] = periodPattern.String(), len("P1D")
	}
	return out
}

// isDeclaration tells whether a path is where a code is declared.
func isDeclaration(path string) bool {
	switch path {
	case "elements[].code", "purposes[].code", "parties[].code", "documents[].code":
		return true
	}
	return false
}

// enumValues are the allowed values by path: what the validator asks of a revision
// that has one of everything.
var enumValues = func() map[string][]string {
	var r Revision
	one(reflect.ValueOf(&r).Elem())
	out := map[string][]string{}
	for _, e := range enums(&r) {
		path := strings.ReplaceAll(e.field, "[0]", "[]")
		if rest, ok := strings.CutPrefix(path, "form."); ok && strings.HasSuffix(rest, ".state") {
			continue
		}
		out[path] = append([]string{}, e.values...)
	}
	return out
}()

// Allowed are the values that a field may have, by its path with [] for items of lists;
// nil where the field is free.
func Allowed(path string) []string {
	if strings.HasSuffix(path, ".state") {
		return stateNames
	}
	return enumValues[path]
}

var stateNames = func() (out []string) {
	for _, s := range States {
		out = append(out, string(s))
	}
	return out
}()

// one gives every list one item, so that each field that exists is there.
func one(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			one(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		one(v.Index(0))
	}
}
