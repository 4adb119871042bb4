package lint

import (
	"slices"
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
// by name, or in the words of the form's row.
func (c *checker) listed(v ropa.Value, codes []string, row string) bool {
	if len(codes) == 0 {
		return false
	}
	for _, code := range codes {
		p, _ := c.r.Party(code)
		if code == v.Code && code != "" || within(p.Name.TH, v.Text) || within(p.Name.EN, v.Text) || slices.Contains(p.Members, v.Code) && v.Code != "" {
			return true
		}
	}
	words := c.r.Form.Row(row).Text
	if within(words, v.Text) {
		return true
	}
	for word := range strings.FieldsSeq(v.Text) {
		if foreign(word) && strings.Contains(strings.ToLower(words), strings.ToLower(strings.Trim(word, ".,()"))) {
			return true // Google, whatever its form of company is said to be
		}
	}
	return false
}

// isCollective tells whether a cell names no body of its own but all of a kind; which
// of them are recipients is for the list of recipients to say.
func isCollective(v ropa.Value) bool {
	return strings.HasPrefix(v.Text, "หน่วยงาน") || strings.HasPrefix(v.Text, "ส่วนราชการ")
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

// asked marks a question that the form itself has no place to answer.
func (c *checker) asked(h hit) hit {
	h.standing = true
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
