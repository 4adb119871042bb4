package lint

import (
	"fmt"
	"slices"
	"strings"

	"prasan/internal/ropa"
)

// rows makes a hit at rows of the form, with their titles.
func rows(ids ...string) hit {
	var p places
	for _, id := range ids {
		if d := ropa.RowByID(id); d != nil {
			p.add(d.Title.TH, d.Title.EN)
		}
	}
	return p.at(nil, ids)
}

func when(found bool, ids ...string) hit {
	if !found {
		return hit{}
	}
	return hit{fields: ids}
}

func (c *checker) elementsMissing() hit { return when(len(c.r.Elements) == 0, "elements") }

func (c *checker) purposesMissing() hit { return when(len(c.r.Purposes) == 0, "purposes") }

func (c *checker) basisMissing() hit { return when(len(c.r.LegalBases) == 0, "legal_bases") }

func (c *checker) noticeMissing() hit { return when(len(c.r.Notices) == 0, "notices") }

func (c *checker) volumeUnknown() hit {
	h := when(c.r.Volume.Declared == 0, "volume")
	if text := c.r.Form.Row("volume").Text; text != "" {
		h.detail = ropa.Text{TH: text, EN: text}
	}
	return h
}

func (c *checker) elementUnknown() hit {
	var p places
	var fields []string
	check := func(codes []string, format string, args ...any) {
		for _, code := range codes {
			if code != "*" && code != "" && !c.r.HasElement(code) {
				fields = append(fields, fmt.Sprintf(format, args...))
				p.add(code, code)
			}
		}
	}
	for i, x := range c.r.Purposes {
		check(x.Elements, "purposes[%d].elements", i)
	}
	for i, x := range c.r.Retention {
		check([]string{x.AppliesTo}, "retention[%d].applies_to", i)
	}
	for i, x := range c.r.Recipients.Domestic {
		check(x.Elements, "recipients.domestic[%d].elements", i)
	}
	for i, x := range c.r.Recipients.Transfers {
		check(x.Elements, "recipients.transfers[%d].elements", i)
	}
	for i, x := range c.r.Collection {
		check(x.Elements, "collection[%d].elements", i)
	}
	for i := range c.r.Flow.Steps {
		for _, op := range ropa.Operations {
			check(c.r.Flow.Steps[i].Cell(op).Elements, "flow.steps[%d].%s", i, op)
		}
	}
	for i, s := range c.r.Inventory.Systems {
		for j, x := range s.Exchanges {
			check(x.Elements, "inventory.systems[%d].exchange[%d].elements", i, j)
		}
	}
	return p.at([]string{"elements"}, fields)
}

func (c *checker) elementWithoutPurpose() hit {
	served := map[string]bool{}
	for _, x := range c.r.Purposes {
		for _, code := range x.Elements {
			served[code] = true
		}
	}
	if len(served) == 0 {
		return hit{} // the form does not tell the elements of each purpose apart
	}
	var p places
	var fields []string
	for i, e := range c.r.Elements {
		if !served[e.Code] {
			fields = append(fields, fmt.Sprintf("elements[%d]", i))
			p.add(e.Label.TH, e.Code)
		}
	}
	return p.at([]string{"purposes"}, fields)
}

func (c *checker) classNone() hit {
	k := c.r.Class
	if k.Restricted == ropa.Yes || k.Internal == ropa.Yes || k.Public == ropa.Yes {
		return hit{}
	}
	if k == (ropa.Class{}) && len(c.r.Form) == 0 && !slices.ContainsFunc(c.r.Elements, func(e ropa.Element) bool { return e.Class == "" }) {
		return hit{} // each element says its own
	}
	return when(true, "class.restricted", "class.internal", "class.public")
}

func (c *checker) classContradiction() hit {
	k := c.r.Class
	return when(k.Public == ropa.Yes && (k.Restricted == ropa.Yes || k.Internal == ropa.Yes), "class.restricted", "class.internal", "class.public")
}

func (c *checker) sensitiveUndeclared() hit {
	if c.r.Class.Restricted == ropa.Yes {
		return hit{}
	}
	texts := []string{c.r.Form.Row("elements").Text}
	for _, e := range c.r.Elements {
		texts = append(texts, e.Label.TH)
	}
	h := hit{}
	if found := firstOf(strings.Join(texts, "\n"), sensitive); found != "" {
		h = when(true, "elements", "class.restricted")
		h.detail = ropa.Text{TH: found, EN: found}
	}
	return h
}

// purposeUnused looks at the tags of the cells; in a form that has none, at the words.
func (c *checker) purposeUnused() hit {
	used, tagged := map[string]bool{}, false
	for i := range c.r.Flow.Steps {
		for _, op := range ropa.Operations {
			for _, code := range c.r.Flow.Steps[i].Cell(op).Purposes {
				used[code], tagged = true, true
			}
		}
	}
	if len(c.r.Flow.Steps) == 0 {
		return hit{}
	}
	text := ""
	if !tagged {
		text = squeeze(c.flowText())
	}
	var p places
	var fields []string
	for i, x := range c.r.Purposes {
		if tagged && used[x.Code] || !tagged && mentions(text, x.Text.TH) {
			continue
		}
		fields = append(fields, fmt.Sprintf("purposes[%d]", i))
		p.add(x.Text.TH, x.Code)
	}
	return p.at([]string{"purposes", "flow"}, fields)
}

// flowText is all that the cells of the flow say.
func (c *checker) flowText() string {
	var words strings.Builder
	for i := range c.r.Flow.Steps {
		s := &c.r.Flow.Steps[i]
		words.WriteString(s.Title + "\n")
		for _, op := range ropa.Operations {
			words.WriteString(s.Cell(op).Text + "\n")
		}
	}
	return words.String()
}

func (c *checker) consents() bool {
	for _, b := range c.r.LegalBases {
		if b.Code == "consent" {
			return true
		}
	}
	for _, x := range c.r.Purposes {
		if x.Basis == "consent" {
			return true
		}
	}
	return false
}

func (c *checker) consentExpected() hit {
	for _, n := range c.r.Notices {
		if (n.Kind == "cookie_policy" || n.Kind == "consent_form") && !c.consents() {
			h := when(true, "legal_bases", "notices")
			h.detail = n.Title
			if h.detail.EN == "" {
				h.detail.EN = n.Title.TH
			}
			return h
		}
	}
	return hit{}
}

func (c *checker) levelBasis() hit {
	var p places
	var fields []string
	for i, l := range c.r.Collection {
		if (l.Code == "L2" || l.Code == "L3") && l.Basis != "consent" {
			fields = append(fields, fmt.Sprintf("collection[%d].basis", i))
			p.add(l.Code, l.Code)
		}
	}
	return p.at([]string{"legal_bases"}, fields)
}
