// Package ropatest makes records for tests.
package ropatest

import (
	"bytes"
	"reflect"
	"slices"

	"pgregory.net/rapid"

	"prasan/internal/ropa"
)

// scraps are what texts are made of: marks that pile up, lists, lines, formulas, what
// XML and spreadsheets treat as their own, and what looks like something else.
var scraps = []string{"กระทรวง", "ผู้ที่ได้รับมอบหมาย", "น้ำ", "ก็", "ป์", "ญ", "ฐู", "ที่", "เเ", "\u0e4d\u0e32", "1. ", " 2. ", "3) ", "\n", "\n\n", "  ", " ", "\t", "-", "- ", "=1+2", "+66", "@ก", "'", "''", "\"", "<p>", "</p>", "<b>",
	"&amp;", "&", "_x0041_", "]]>", "NO", "N/A", "รอข้อมูล", "ไม่มี", "é", "e\u0301", "🙂", "ๆ", "ฯ", "(ฉบับที่ 2) พ.ศ. 2548", ",", ";", ":", "{}", "[]", "#", "%", "|", "~", "/", "0 2430 6967", "10 ปี", "true", "null", "\u200b", "Ａ"}

// isCode are the strings that are codes or closed lists and stay as they are.
var isCode = map[string]bool{"apiVersion": true, "kind": true, "code": true, "prev_sha256": true, "prepared_by": true, "organisation": true, "department": true, "owner_unit": true, "dpo": true, "class": true, "subject": true, "basis": true, "role": true,
	"person": true, "position": true, "org": true, "provider": true, "restricted": true, "internal": true, "public": true, "letter": true, "secrecy": true, "recipient": true, "country": true, "create": true, "store": true, "use": true, "medium": true,
	"applies_to": true, "period": true, "anchor": true, "basis_ref": true, "cycle": true, "round": true, "method": true, "approve": true, "record_rule": true, "erasure_procedure": true, "state": true, "lane": true, "agreement": true, "as_of": true, "risk_level": true}

func words(t *rapid.T) string {
	var b bytes.Buffer
	for _, s := range rapid.SliceOfN(rapid.SampledFrom(scraps), 0, 7).Draw(t, "words") {
		b.WriteString(s)
	}
	return b.String()
}

// disturb writes random texts into a record, and makes its lists shorter and longer.
func disturb(t *rapid.T, v reflect.Value, key string) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			disturb(t, v.Field(i), v.Type().Field(i).Tag.Get("yaml"))
		}
	case reflect.Slice:
		disturbList(t, v, key)
	case reflect.String:
		if !isCode[key] && v.Type().Kind() == reflect.String && rapid.IntRange(0, 2).Draw(t, "change") == 0 {
			v.SetString(words(t))
		}
	}
}

func disturbList(t *rapid.T, v reflect.Value, key string) {
	if v.Type().Elem().Kind() == reflect.String && key != "remarks" {
		return
	}
	if slices.Contains([]string{"steps", "systems", "exchange", "edges", "remarks", "channels"}, key) {
		n := rapid.IntRange(0, v.Len()+1).Draw(t, "length")
		if n > v.Len() && v.Len() > 0 {
			v.Set(reflect.Append(v, v.Index(v.Len()-1)))
		} else if n < v.Len() {
			v.Set(reflect.AppendSlice(reflect.MakeSlice(v.Type(), 0, n), v.Slice(0, n)))
		}
	}
	for i := range v.Len() {
		if v.Index(i).Kind() == reflect.String {
			v.Index(i).SetString(words(t))
			continue
		}
		disturb(t, v.Index(i), key)
	}
}

// Generate makes a record from a seed: other texts, longer and shorter lists, missing and
// doubtful rows. It is always a record that can be read.
func Generate(t *rapid.T) *ropa.Revision {
	rev := ropa.Seed(rapid.SampledFrom(ropa.SeedCodes).Draw(t, "seed"), rapid.IntRange(1, 2).Draw(t, "revision"))
	disturb(t, reflect.ValueOf(rev).Elem(), "")
	for i := range rev.Breach.Responsible {
		rev.Breach.Responsible[i].RiskLevel = rapid.SampledFrom(append([]string{""}, ropa.RiskLevels...)).Draw(t, "risk")
	}
	for i := range ropa.Rows {
		id := ropa.Rows[i].ID
		switch rapid.IntRange(0, 5).Draw(t, "row") {
		case 0:
			delete(rev.Form, id)
		case 1:
			rev.Form[id] = ropa.Row{State: rapid.SampledFrom(ropa.States).Draw(t, "state"), Text: words(t)}
		case 2:
			rev.Form[id] = ropa.Row{State: ropa.StateOf(""), Text: ""}
		case 3:
			text := words(t)
			rev.Form[id] = ropa.Row{State: ropa.StateOf(text), Text: text}
		}
	}
	return rev
}
