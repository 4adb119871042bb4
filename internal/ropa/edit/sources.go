package edit

import (
	"reflect"
	"slices"
	"strings"

	"prasan/internal/ropa"
)

// sources say where the codes of a field come from: by its whole key, or by its last part.
var sources = map[string]string{
	"prepared_by": "party", "controller.organisation": "party", "controller.department": "party", "controller.owner_unit": "party", "controller.stewards": "party", "controller.dpo": "party",
	"parties[].members": "body", "forms": "document", "legal_refs": "document",
	"controls.access_policy_ref": "document", "controls.access_matrix_ref": "document", "controls.audit": "document", "controls.backup": "document", "controls.physical": "document",
	"recipients.domestic[].org": "party", "recipients.transfers[].recipient": "party", "recipients.transfers[].basis": "basis",
	"retention[].applies_to": "kept", "retention[].anchor": "anchor", "retention[].basis_ref": "document",
	"destruction.method": "method", "destruction.approve": "party", "transfer.record_rule": "document", "rights.erasure_procedure": "document",
	"flow.steps[].actor.code": "party", "inventory.systems[].owner.code": "party", "inventory.systems[].processor_org.code": "party", "inventory.systems[].exchange[].counterparty.code": "party", "inventory.systems[].agreement": "document",
}

var lastSources = map[string]string{"elements": "element", "purposes": "purpose", "recipients": "party"}

// Anchors are the moments from which a period may run.
var Anchors = []string{"case.closed_at", "usage.collected_at", "consent.given_at", "request.at"}

// Methods are the ways of destruction that no document describes.
var Methods = []string{"secure-delete", "burn", "committee"}

// sourceOf is where the codes of a field come from; "" for a field of words.
func sourceOf(key string) string {
	if s, ok := sources[key]; ok {
		return s
	}
	if len(ropa.Allowed(key)) > 0 || len(ropa.Allowed(key+"[]")) > 0 {
		return "enum:" + key
	}
	if strings.Contains(key, "[]") || strings.Contains(key, ".") {
		return lastSources[last(key)]
	}
	return ""
}

// known are the codes of a source with their names.
func (b *builder) known(source string) (out []Option) {
	add := func(code string, label ropa.Text) { out = append(out, Option{Value: code, Label: label}) }
	if key, ok := strings.CutPrefix(source, "enum:"); ok {
		list := ropa.Allowed(key)
		if len(list) == 0 {
			list = ropa.Allowed(key + "[]")
		}
		for _, v := range list {
			add(v, baseText(key, v))
		}
		return out
	}
	switch source {
	case "party", "body":
		for _, p := range b.r.Parties {
			add(p.Code, p.Name)
		}
	case "method", "document":
		for _, d := range b.r.Documents {
			add(d.Code, d.Title)
		}
		if source == "method" {
			for _, m := range Methods {
				add(m, ropa.Text{})
			}
		}
	case "kept", "element":
		if source == "kept" {
			add("*", ropa.Text{TH: "ข้อมูลทุกรายการ", EN: "All data"})
		}
		for _, e := range b.r.Elements {
			add(e.Code, e.Label)
		}
	case "purpose":
		for _, p := range b.r.Purposes {
			add(p.Code, p.Text)
		}
	case "basis":
		for _, x := range ropa.Bases {
			add(x.Code, x.Text)
		}
	case "anchor":
		for _, a := range Anchors {
			add(a, ropa.Text{})
		}
	}
	for _, o := range b.extra[source] {
		if !slices.ContainsFunc(out, func(x Option) bool { return x.Value == o.Value }) {
			out = append(out, o)
		}
	}
	return out
}

// baseText words the lawful bases, which are long enough to have words of their own.
func baseText(key, value string) ropa.Text {
	if last(key) == "basis" || key == "legal_bases[].code" {
		for _, x := range ropa.Bases {
			if x.Code == value {
				return x.Text
			}
		}
	}
	return ropa.Text{}
}

// options are one choice: none, the known ones, and what stands there although nobody
// knows it.
func (b *builder) options(source, current string) []Option {
	out := append([]Option{{Value: ""}}, b.known(source)...)
	for i := range out {
		out[i].Selected = out[i].Value == current
	}
	if !slices.ContainsFunc(out, func(o Option) bool { return o.Selected }) {
		out = append(out, Option{Value: current, Label: ropa.Text{TH: current, EN: current}, Selected: true})
	}
	return out
}

// choices are any number: first what is chosen, in its order, then the others.
func (b *builder) choices(source string, v reflect.Value) []Option {
	known := b.known(source)
	var out []Option
	for i := range v.Len() {
		code := v.Index(i).String()
		o := Option{Value: code, Label: ropa.Text{TH: code, EN: code}, Selected: true}
		if j := slices.IndexFunc(known, func(x Option) bool { return x.Value == code }); j >= 0 {
			o.Label = known[j].Label
		}
		out = append(out, o)
	}
	for _, o := range known {
		if !slices.ContainsFunc(out, func(x Option) bool { return x.Value == o.Value }) {
			out = append(out, o)
		}
	}
	return out
}
