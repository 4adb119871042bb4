package lint

import (
	"strings"

	"prasan/internal/ropa"
)

// ours tells whether a cell names the department itself, one of its units or systems.
func (c *checker) ours(v ropa.Value) bool {
	if v.Code != "" {
		for _, own := range []string{c.r.Controller.Department, c.r.Controller.OwnerUnit} {
			if v.Code == own {
				return true
			}
		}
		if p, ok := c.r.Party(v.Code); ok && (p.Kind == "provider" || p.Kind == "group") {
			return false
		}
	}
	if strings.HasPrefix(strings.TrimSpace(v.Text), "ระบบ") {
		return true
	}
	department := c.r.PartyName(c.r.Controller.Department).TH
	return department != "" && strings.Contains(squeeze(v.Text), squeeze(department))
}

// isAbroad tells whether a cell names a body outside the Kingdom.
func (c *checker) isAbroad(v ropa.Value) bool {
	if v.State.IsNothing() {
		return false
	}
	return foreign(v.Text) || v.Code != "" && c.r.PartyName(v.Code).EN != "" && foreign(c.r.PartyName(v.Code).EN)
}

// foreign looks for the Latin words by which companies that are not Thai are known.
func foreign(text string) bool {
	isOther := func(r rune) bool { return (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') }
	for word := range strings.FieldsFuncSeq(text, isOther) {
		if abroad[strings.ToLower(word)] {
			return true
		}
	}
	return false
}

// listed tells whether a cell names one of the parties: by code, as member of a group,
// or by name.
func (c *checker) listed(v ropa.Value, codes []string) bool {
	for _, code := range codes {
		p, _ := c.r.Party(code)
		if code == v.Code && code != "" || within(p.Name.TH, v.Text) || within(p.Name.EN, v.Text) {
			return true
		}
		for _, m := range p.Members {
			if m == v.Code && m != "" {
				return true
			}
		}
	}
	return false
}

func (c *checker) domestic() (codes []string) {
	for _, x := range c.r.Recipients.Domestic {
		codes = append(codes, x.Org)
	}
	return codes
}

func (c *checker) transfers() (codes []string) {
	for _, x := range c.r.Recipients.Transfers {
		codes = append(codes, x.Recipient)
	}
	return codes
}

// isOwnStep tells whether the department does a step, not the public, a provider or
// another agency.
func (c *checker) isOwnStep(s *ropa.Step) bool {
	switch s.Lane {
	case "user", "provider", "related-agency":
		return false
	}
	return !s.Actor.State.IsNothing() && !c.isAbroad(s.Actor)
}

// applied tells whether an exchange takes place.
func applied(x ropa.Exchange) bool {
	return x.Applied.Code == "yes" || x.Applied.Code == "" && ropa.AnswerOf(x.Applied.Text) == ropa.Yes
}

// unresolved tells whether a lawful basis of the record is none of the Act's: nobody
// who knows the law has looked at it yet.
func (c *checker) unresolved() bool {
	for _, b := range c.r.LegalBases {
		if b.Citation == "" && (b.Code == "official-duty" || b.Code == "") {
			return true
		}
	}
	return len(c.r.LegalBases) == 0
}

// asked makes a finding a question while the record has not been before a lawyer, and
// something to keep in sight after.
func (c *checker) asked(h hit) hit {
	if !c.unresolved() {
		h.lesser = Info
	}
	return h
}

// settled tells whether a row was answered with a kind of nothing that settles it.
func (c *checker) settled(row string) bool {
	switch c.r.Form.Row(row).State {
	case ropa.No, ropa.None, ropa.NotApplicable, ropa.DelegatedToProvider, ropa.RecipientConditions:
		return true
	}
	return false
}
