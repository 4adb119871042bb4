package ropa

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Limits of what is read: a record of processing is a form, not a data set.
const (
	MaxBytes = 2 << 20
	maxLines = 10000
	maxDepth = 24
	maxItems = 20000
)

var tower = bytes.Repeat([]byte("- "), 64)

// ParseError says where a file is wrong and what to do about it.
type ParseError struct {
	Line   int
	Field  string
	Reason string
	Advice string
}

func (e *ParseError) Error() string {
	s := ""
	if e.Line > 0 {
		s = fmt.Sprintf("line %d: ", e.Line)
	}
	if e.Field != "" {
		s += e.Field + ": "
	}
	s += e.Reason
	if e.Advice != "" {
		s += "; " + e.Advice
	}
	return s
}

// Parse reads a revision from YAML or JSON. Unknown and doubled keys, anchors, aliases
// and tags are refused: what is not understood must not be obeyed in part.
func Parse(text []byte) (*Revision, error) {
	rev, err := Decode(text)
	if err != nil {
		return nil, err
	}
	if err := Validate(rev); err != nil {
		return nil, err
	}
	return rev, nil
}

// Decode reads a revision without checking what it says.
func Decode(text []byte) (*Revision, error) {
	root, err := document(text)
	if err != nil {
		return nil, err
	}
	rev := &Revision{}
	d := decoder{}
	if err := d.value(root, reflect.ValueOf(rev).Elem(), "", 0); err != nil {
		return nil, err
	}
	return rev, nil
}

func document(text []byte) (node ast.Node, err error) {
	switch {
	case len(text) > MaxBytes:
		return nil, &ParseError{Reason: fmt.Sprintf("the file is larger than %d bytes", MaxBytes), Advice: "give one activity in a file"}
	case !utf8.Valid(text):
		return nil, &ParseError{Reason: "the file is not UTF-8", Advice: "save it as UTF-8"}
	}
	if err := checkShape(text); err != nil {
		return nil, err
	}
	defer func() { // the parser is not ours; a panic in it is a syntax error to us
		if p := recover(); p != nil {
			node, err = nil, &ParseError{Reason: "not YAML", Advice: "check brackets, quotes and indentation"}
		}
	}()
	file, err := parser.ParseBytes(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")), 0)
	if err != nil {
		return nil, syntaxError(err)
	}
	if len(file.Docs) != 1 || file.Docs[0].Body == nil {
		return nil, &ParseError{Reason: fmt.Sprintf("%d documents in the file", len(file.Docs)), Advice: "give exactly one activity in a file"}
	}
	return file.Docs[0].Body, nil
}

// checkShape refuses towers of brackets and dashes, and endless lists, before the
// parser climbs them: its time grows with their square.
func checkShape(text []byte) error {
	if bytes.Contains(text, tower) {
		return &ParseError{Reason: "nested too deeply", Advice: "a record has no such depth"}
	}
	depth, line := 0, 1
	for _, c := range text {
		switch c {
		case '\n':
			if line++; line > maxLines {
				return &ParseError{Line: line, Reason: fmt.Sprintf("the file has more than %d lines", maxLines), Advice: "give one activity in a file"}
			}
		case '[', '{':
			if depth++; depth > 200 {
				return &ParseError{Line: line, Reason: "nested too deeply", Advice: "a record has no such depth"}
			}
		case ']', '}':
			depth = max(0, depth-1)
		}
	}
	return nil
}

func syntaxError(err error) error {
	var ye yaml.Error
	if errors.As(err, &ye) && ye.GetToken() != nil {
		return &ParseError{Line: ye.GetToken().Position.Line, Reason: ye.GetMessage(), Advice: "correct the YAML there"}
	}
	return &ParseError{Reason: "not YAML: " + firstLine(err.Error()), Advice: "check brackets, quotes and indentation"}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// decoder puts a tree of nodes into typed values.
type decoder struct{ items int }

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

func wrong(n ast.Node, field, reason, advice string) error {
	return &ParseError{Line: lineOf(n), Field: field, Reason: reason, Advice: advice}
}

func (d *decoder) value(n ast.Node, v reflect.Value, field string, depth int) error {
	d.items++
	if depth > maxDepth || d.items > maxItems {
		return wrong(n, field, "the file is too deep or too long", "a record has no such size")
	}
	switch n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode, *ast.TagNode:
		return wrong(n, field, "anchors, aliases and tags are not read", "write the value out")
	case *ast.NullNode:
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		return d.structure(n, v, field, depth)
	case reflect.Map:
		return d.form(n, v, field, depth)
	case reflect.Slice:
		return d.list(n, v, field, depth)
	}
	return d.scalar(n, v, field)
}

func entries(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch x := n.(type) {
	case *ast.MappingNode:
		return x.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{x}, true
	}
	return nil, false
}

func (d *decoder) keys(n ast.Node, field string, each func(key string, entry *ast.MappingValueNode) error) error {
	list, ok := entries(n)
	if !ok {
		return wrong(n, field, "a mapping is expected here", "write key: value lines")
	}
	seen := map[string]bool{}
	for _, e := range list {
		key, ok := text(e.Key)
		if !ok {
			return wrong(e, field, "this key is not a plain word", "anchors, aliases and merges are not read")
		}
		if seen[key] {
			return wrong(e, join(field, key), "the key stands twice", "remove one of the two")
		}
		seen[key] = true
		if err := each(key, e); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) structure(n ast.Node, v reflect.Value, field string, depth int) error {
	return d.keys(n, field, func(key string, e *ast.MappingValueNode) error {
		i, ok := fieldIndex(v.Type(), key)
		if !ok {
			return wrong(e, join(field, key), "unknown key", "known here: "+strings.Join(fieldNames(v.Type()), ", "))
		}
		return d.value(e.Value, v.Field(i), join(field, key), depth+1)
	})
}

func (d *decoder) form(n ast.Node, v reflect.Value, field string, depth int) error {
	form := Form{}
	err := d.keys(n, field, func(key string, e *ast.MappingValueNode) error {
		if RowByID(key) == nil {
			return wrong(e, join(field, key), "the form has no such row", "see the list of row identifiers")
		}
		var row Row
		if err := d.value(e.Value, reflect.ValueOf(&row).Elem(), join(field, key), depth+1); err != nil {
			return err
		}
		form[key] = row
		return nil
	})
	v.Set(reflect.ValueOf(form))
	return err
}

func (d *decoder) list(n ast.Node, v reflect.Value, field string, depth int) error {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		return wrong(n, field, "a list is expected here", "write - before each item")
	}
	out := reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values))
	for i, item := range seq.Values {
		if err := d.value(item, out.Index(i), fmt.Sprintf("%s[%d]", field, i), depth+1); err != nil {
			return err
		}
	}
	if out.Len() > 0 {
		v.Set(out)
	}
	return nil
}

// text is the text of a scalar of any type: NO stays NO.
func text(n any) (string, bool) {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value, true
	case *ast.LiteralNode:
		return x.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return x.(ast.Node).GetToken().Value, true
	case *ast.NullNode:
		return "", true
	}
	return "", false
}

var answerType = reflect.TypeFor[Answer]()

func (d *decoder) scalar(n ast.Node, v reflect.Value, field string) error {
	s, ok := text(n)
	if !ok {
		return wrong(n, field, "a single value is expected here", "")
	}
	switch v.Kind() {
	case reflect.String:
		s = Clean(s)
		if v.Type() == answerType {
			s = answerText(s)
		}
		v.SetString(s)
	case reflect.Int:
		i, err := strconv.ParseInt(s, 10, 64)
		if err != nil || i < 0 || i > math.MaxInt32 {
			return wrong(n, field, fmt.Sprintf("%q is no whole number", s), "write digits only")
		}
		v.SetInt(i)
	case reflect.Bool:
		if s != "true" && s != "false" {
			return wrong(n, field, fmt.Sprintf("%q is neither true nor false", s), "write true or false")
		}
		v.SetBool(s == "true")
	}
	return nil
}

func answerText(s string) string {
	switch strings.ToLower(s) {
	case "true", "yes":
		return string(Yes)
	case "false", "no":
		return string(NoWay)
	}
	return s
}

func join(field, key string) string {
	if field == "" {
		return key
	}
	return field + "." + key
}

func fieldIndex(t reflect.Type, key string) (int, bool) {
	for i := range t.NumField() {
		if t.Field(i).Tag.Get("yaml") == key {
			return i, true
		}
	}
	return 0, false
}

func fieldNames(t reflect.Type) []string {
	names := make([]string, t.NumField())
	for i := range names {
		names[i] = t.Field(i).Tag.Get("yaml")
	}
	return names
}
