package api

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"prasan/internal/web/kit"
)

// object is a JSON object of the document.
type object = map[string]any

// document writes the OpenAPI 3.1 document of the table.
func (a *API) document() ([]byte, error) {
	s := schemas{}
	problem := object{"description": "What is wrong (RFC 9457).", "content": object{"application/problem+json": object{"schema": s.of(reflect.TypeFor[kit.Problem]())}}}
	paths := object{}
	for _, o := range a.table {
		item, ok := paths[o.Path].(object)
		if !ok {
			item = object{}
			paths[o.Path] = item
		}
		item[strings.ToLower(o.Method)] = s.operation(o)
	}
	version := a.Version
	if version == "" {
		version = "1"
	}
	return json.MarshalIndent(object{
		"openapi": "3.1.0",
		"info":    object{"title": "Prasan", "version": version, "description": "What the office can do in the browser can be done here, and the other way round.", "license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"}},
		"servers": []object{{"url": Base}},
		"paths":   paths,
		"components": object{
			"schemas":         s,
			"responses":       object{"Problem": problem},
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer"}},
		},
		"security": []object{{"token": []string{}}},
	}, "", "  ")
}

var braces = regexp.MustCompile(`\{(\w+)\}`)

func (s schemas) operation(o Operation) object {
	params := []object{}
	for _, m := range braces.FindAllStringSubmatch(o.Path, -1) {
		params = append(params, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
	}
	for _, p := range o.Query {
		schema := object{"type": "string"}
		if p.Enum != nil {
			schema["enum"] = p.Enum
		}
		params = append(params, object{"name": p.Name, "in": "query", "description": p.Summary, "schema": schema})
	}
	success := object{"description": "Done."}
	if o.Creates {
		params = append(params, object{"name": "Idempotency-Key", "in": "header", "description": "The same key and request again give the same answer, for 24 hours.", "schema": object{"type": "string", "maxLength": 200}})
		success["headers"] = object{"Location": object{"description": "Where what was created is.", "schema": object{"type": "string"}}}
	}
	switch o.out {
	case reflect.TypeFor[Nothing]():
	case reflect.TypeFor[Raw]():
		content := object{}
		for _, kind := range o.Types {
			content[kind] = object{"schema": object{}}
		}
		success["content"] = content
	default:
		success["content"] = object{"application/json": object{"schema": s.of(o.out)}}
	}
	out := object{
		"operationId": o.ID, "summary": o.Summary, "tags": []string{o.Tag}, "parameters": params,
		"responses": object{strconv.Itoa(o.Status): success, "default": object{"$ref": "#/components/responses/Problem"}},
	}
	if o.Upload > 0 {
		out["requestBody"] = object{"required": true, "content": object{"application/octet-stream": object{"schema": object{"type": "string", "format": "binary", "maxLength": o.Upload}}}}
	}
	if o.in != nil {
		out["requestBody"] = object{"required": true, "content": object{"application/json": object{"schema": s.of(o.in)}}}
	}
	return out
}

// schemas are the named types met so far.
type schemas map[string]any

// notName is what a generic type's name has and a component's may not.
var notName = regexp.MustCompile(`[^A-Za-z0-9]+`)

// of describes a type as encoding/json writes it. Tags: doc is its description, enum
// its values.
func (s schemas) of(t reflect.Type) object {
	switch {
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case t == reflect.TypeFor[json.RawMessage]():
		return object{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float64, reflect.Float32:
		return object{"type": "number"}
	case reflect.Slice, reflect.Array:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.structure(t)
	case reflect.Interface:
		return object{}
	}
	return object{"type": "integer"}
}

func (s schemas) structure(t reflect.Type) object {
	name := componentName(t)
	if name == "" {
		return s.fields(t)
	}
	if _, ok := s[name]; !ok {
		s[name] = object{} // stands while the type is described, which may hold itself
		s[name] = s.fields(t)
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// componentName of Page[prasan/internal/web/api.Site] is PageSite.
func componentName(t reflect.Type) string {
	outer, inner, generic := strings.Cut(t.Name(), "[")
	if generic {
		inner = inner[strings.LastIndexAny(inner, "./")+1:]
	}
	name := notName.ReplaceAllString(outer+strings.Title(strings.TrimSuffix(inner, "]")), "") //nolint:staticcheck // ASCII names of Go types
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

func (s schemas) fields(t reflect.Type) object {
	properties, required := object{}, []string{}
	for i := range t.NumField() {
		f := t.Field(i)
		name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || name == "-" {
			continue
		}
		if f.Anonymous && name == "" {
			inner := s.fields(f.Type)
			for k, v := range inner["properties"].(object) {
				properties[k] = v
			}
			required = append(required, inner["required"].([]string)...)
			continue
		}
		if name == "" {
			name = f.Name
		}
		p := s.of(f.Type)
		if text := f.Tag.Get("doc"); text != "" {
			p["description"] = text
		}
		if values := f.Tag.Get("enum"); values != "" {
			target := p
			if items, ok := p["items"].(object); ok {
				target = items
			}
			target["enum"] = strings.Split(values, ",")
		}
		properties[name] = p
		if !strings.Contains(rest, "omit") {
			required = append(required, name)
		}
	}
	return object{"type": "object", "properties": properties, "required": required}
}
