package ropa_test

import (
	"bytes"
	"math"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"prasan/internal/ropa"
)

// awkward is what people write into forms and what YAML might take for something else.
var awkward = []string{"NO", "YES", "no", "N/A", "-", "~", "null", "true", "1e3", "0x1f", "๑๐ ปี", "1. ก 2. ข", "1. ก\n2. ข", " ข้างหน้า", "ท้าย ", "# ไม่ใช่หมายเหตุ", "ก: ข", "ก #ข", "- ก",
	"{ก}", "[ก]", "'เดี่ยว'", `"คู่"`, `\n`, "&a", "*a", "!!str x", "<p>ก</p>", "%", "@x", "`", "|", ">", "น้ำ", "น\u0e4dา", "ก\u200bข", "\ufeffก", "a\tb", "2026-11-24", "12:30", "<<", "=", "?", ",", "a,b", "\u2028", "ก  ข"}

func texts() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		s := rapid.OneOf(rapid.SampledFrom(awkward), rapid.StringN(0, 12, 40), rapid.StringOfN(rapid.RuneFrom([]rune("กขคงจเแโ่้๊๋ำ์ 12.:-\n")), 0, 20, -1)).Draw(t, "text")
		return ropa.Clean(s)
	})
}

// fill draws a value for every field, so that a field that is added later is covered.
func fill(t *rapid.T, v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), name+"."+v.Type().Field(i).Name)
		}
	case reflect.Slice:
		n := rapid.IntRange(0, 2).Draw(t, name)
		for range n {
			item := reflect.New(v.Type().Elem()).Elem()
			fill(t, item, name)
			v.Set(reflect.Append(v, item))
		}
	case reflect.Map:
		form := ropa.Form{}
		for range rapid.IntRange(0, 3).Draw(t, name) {
			id := rapid.SampledFrom(ropa.Rows).Draw(t, name).ID
			form[id] = ropa.Row{State: rapid.SampledFrom(ropa.States).Draw(t, name), Text: texts().Draw(t, name)}
		}
		if len(form) > 0 {
			v.Set(reflect.ValueOf(form))
		}
	case reflect.String:
		if v.Type() == reflect.TypeFor[ropa.Answer]() {
			v.SetString(string(rapid.SampledFrom([]ropa.Answer{ropa.Yes, ropa.NoWay, ropa.Unsaid}).Draw(t, name)))
			return
		}
		v.SetString(texts().Draw(t, name))
	case reflect.Int:
		v.SetInt(int64(rapid.IntRange(0, math.MaxInt32).Draw(t, name)))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, name))
	default:
		t.Fatalf("no generator for %s %s", name, v.Kind())
	}
}

func TestTheCanonicalFormIsLosslessAndStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rev ropa.Revision
		fill(t, reflect.ValueOf(&rev).Elem(), "r")
		yaml, err := ropa.Marshal(&rev)
		if err != nil {
			t.Fatal(err)
		}
		json, err := ropa.MarshalJSON(&rev)
		if err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string][]byte{"yaml": yaml, "json": json} {
			back, err := ropa.Decode(text)
			if err != nil {
				t.Fatalf("%s is not read: %v\n%s", name, err, text)
			}
			if !reflect.DeepEqual(&rev, back) {
				t.Fatalf("%s reads as another record\n%s\nwas  %+v\nback %+v", name, text, &rev, back)
			}
			again, err := ropa.Marshal(back)
			if err != nil || !bytes.Equal(yaml, again) {
				t.Fatalf("%s: other bytes after reading: %v", name, err)
			}
		}
	})
}

func TestWhatIsNotUnderstoodIsRefused(t *testing.T) {
	head := "apiVersion: ropa/v1\nkind: Activity\ncode: x\n"
	for name, text := range map[string]string{
		"unknown key":        head + "colour: red\n",
		"doubled key":        head + "prepared_by: a\nprepared_by: b\n",
		"anchor":             head + "name: &a {th: ก}\n",
		"alias":              head + "name: &a {th: ก}\nprocess_group: {name: *a}\n",
		"merge":              head + "name: {<<: {th: ก}}\n",
		"tag":                head + "prepared_by: !!binary aGk=\n",
		"two documents":      head + "---\n" + head,
		"no document":        "",
		"list at the top":    "- a\n",
		"unknown row":        head + "form: {colour: {state: given}}\n",
		"unknown state":      head + "form: {volume: {state: perhaps}}\n",
		"unknown kind":       head + "elements: [{code: a, kind: secret}]\n",
		"no period":          head + "retention: [{period: ten years}]\n",
		"empty period":       head + "retention: [{period: P}]\n",
		"element twice":      head + "elements: [{code: a}, {code: a}]\n",
		"code with spaces":   head + "purposes: [{code: a b}]\n",
		"negative":           head + "volume: {declared: -1}\n",
		"number with text":   head + "revision: two\n",
		"other version":      strings.Replace(head, "v1", "v9", 1),
		"not UTF-8":          head + "prepared_by: \xff\n",
		"tower of brackets":  strings.Repeat("[", 100000),
		"tower of dashes":    head + "forms: [" + strings.Repeat("- ", 50000) + "]\n",
		"endless keys":       head + "name:\n" + strings.Repeat("  a: 1\n", 50000),
		"very large":         strings.Repeat("#", ropa.MaxBytes+1),
		"many items":         head + "forms: [" + strings.Repeat("a, ", 30000) + "a]\n",
		"mapping for text":   head + "prepared_by: {a: b}\n",
		"text for a mapping": head + "name: ก\n",
		"not YAML":           head + "name: {th: \"ก\n",
	} {
		if _, err := ropa.Parse([]byte(text)); err == nil {
			t.Errorf("%s was read", name)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: the message has more than one line: %v", name, err)
		}
	}
}

func TestAMistakeIsToldByItsLine(t *testing.T) {
	_, err := ropa.Parse([]byte("apiVersion: ropa/v1\nkind: Activity\ncode: x\ncontroller:\n  organisation: moi\n  colour: red\n"))
	if err == nil || !strings.HasPrefix(err.Error(), "line 6: controller.colour: unknown key; known here: organisation") {
		t.Fatalf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, code := range ropa.SeedCodes {
		f.Add(ropa.SeedText(code, 1))
	}
	for _, s := range awkward {
		f.Add([]byte("apiVersion: ropa/v1\nkind: Activity\ncode: x\nprepared_by: " + s + "\n"))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rev, err := ropa.Parse(text)
		if err != nil {
			return
		}
		one, err := ropa.Marshal(rev)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ropa.Parse(one)
		if err != nil {
			t.Fatalf("the canonical form is not read: %v\n%s", err, one)
		}
		two, _ := ropa.Marshal(back)
		if !bytes.Equal(one, two) {
			t.Fatalf("not stable:\n%s\n%s", one, two)
		}
	})
}
