package lint

import (
	"fmt"
	"strings"

	"prasan/internal/ropa"
)

// places gathers where something was found, for the message.
type places struct{ th, en []string }

func (p *places) add(th, en string) { p.th, p.en = append(p.th, th), append(p.en, en) }

func (p *places) system(s *ropa.System) {
	p.add(fmt.Sprintf("ระบบลำดับ %d %s", s.No, brief(s.Name)), fmt.Sprintf("system %d %s", s.No, brief(s.Name)))
}

// brief is a name short enough for a message: what stands in its brackets says most.
func brief(name string) string {
	if len([]rune(name)) <= 60 {
		return name
	}
	if m := bracket.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return string([]rune(name)[:59]) + "…"
}

func (p *places) step(s *ropa.Step) {
	en := s.TitleEN
	if en == "" {
		en = s.Title
	}
	p.add(fmt.Sprintf("ขั้นตอนที่ %d %s", s.No, s.Title), fmt.Sprintf("step %d %s", s.No, en))
}

func (p *places) text() ropa.Text {
	return ropa.Text{TH: strings.Join(p.th, "; "), EN: strings.Join(p.en, "; ")}
}

// at makes a hit whose first fields are rows and the rest the places found.
func (p *places) at(rows []string, fields []string) hit {
	if len(fields) == 0 {
		return hit{}
	}
	return hit{fields: append(append([]string{}, rows...), fields...), detail: p.text()}
}

func systemField(i int, name string) string {
	return fmt.Sprintf("inventory.systems[%d].%s", i, name)
}

func stepField(i int, name string) string { return fmt.Sprintf("flow.steps[%d].%s", i, name) }

func (c *checker) transferUndeclared() hit {
	var p places
	var fields []string
	for i := range c.r.Inventory.Systems {
		s := &c.r.Inventory.Systems[i]
		isAbroad := s.Region.Code == "abroad" || strings.Contains(s.Region.Text, "ต่างประเทศ")
		who := s.Processor
		if who.State.IsNothing() {
			who = s.Owner
		}
		found := isAbroad && len(c.r.Recipients.Transfers) == 0 || (isAbroad || c.isAbroad(s.Processor)) && !c.listed(who, c.transfers(), "transfers")
		for j, x := range s.Exchanges {
			if applied(x) && c.isAbroad(x.Counterparty) && !c.listed(x.Counterparty, c.transfers(), "transfers") {
				fields = append(fields, fmt.Sprintf("%s[%d].counterparty", systemField(i, "exchange"), j))
				found = true
			}
		}
		if found {
			fields = append(fields, systemField(i, "cloud_region"))
			p.system(s)
		}
	}
	return p.at([]string{"transfers"}, fields)
}

func (c *checker) recipientsUndeclared() hit {
	var p places
	var fields []string
	for i := range c.r.Inventory.Systems {
		s, found := &c.r.Inventory.Systems[i], false
		for j, x := range s.Exchanges {
			if c.isElsewhere(x) && !c.listed(x.Counterparty, c.domestic(), "recipients_domestic") && (len(c.r.Recipients.Domestic) == 0 || !isCollective(x.Counterparty)) {
				fields = append(fields, fmt.Sprintf("%s[%d].counterparty", systemField(i, "exchange"), j))
				found = true
			}
		}
		if found {
			p.system(s)
		}
	}
	if len(fields) > 0 && len(c.r.Recipients.Domestic) == 0 {
		for i := range c.r.Flow.Steps {
			if s := &c.r.Flow.Steps[i]; sendsOn(&s.Use) && !c.toProvider(s) {
				fields = append(fields, stepField(i, "use"))
				p.step(s)
			}
		}
	}
	return p.at([]string{"recipients_domestic"}, fields)
}

// isElsewhere tells whether an exchange is with another body inside the Kingdom.
func (c *checker) isElsewhere(x ropa.Exchange) bool {
	return applied(x) && !x.Counterparty.State.IsNothing() && !c.ours(x.Counterparty) && !c.isAbroad(x.Counterparty)
}

// toProvider tells whether what a step sends goes to a provider abroad.
func (c *checker) toProvider(s *ropa.Step) bool {
	for _, op := range ropa.Operations {
		for _, code := range s.Cell(op).Recipients {
			if p, ok := c.r.Party(code); ok && p.Kind == "provider" {
				return true
			}
		}
		if sendsOn(s.Cell(op)) && foreign(s.Cell(op).Text) {
			return true
		}
	}
	return false
}

func (c *checker) columnIsEmpty() bool {
	for i := range c.r.Flow.Steps {
		if isGiven(&c.r.Flow.Steps[i].Disclose) {
			return false
		}
	}
	return len(c.r.Flow.Steps) > 0
}

func (c *checker) disclosureColumnEmpty() hit {
	if !c.columnIsEmpty() {
		return hit{}
	}
	var p places
	var fields []string
	for i := range c.r.Flow.Steps {
		if s := &c.r.Flow.Steps[i]; sendsOn(&s.Use) || sendsOn(&s.Collect) || sendsOn(&s.Store) {
			fields = append(fields, stepField(i, "disclose"))
			p.step(s)
		}
	}
	for i := range c.r.Inventory.Systems {
		s := &c.r.Inventory.Systems[i]
		for _, x := range s.Exchanges {
			if c.isElsewhere(x) || applied(x) && c.isAbroad(x.Counterparty) {
				fields = append(fields, systemField(i, "exchange"))
				p.system(s)
				break
			}
		}
	}
	return p.at([]string{"flow"}, fields)
}

func (c *checker) disclosureUnlisted() hit {
	if c.columnIsEmpty() {
		return hit{} // said of the column as a whole
	}
	var p places
	var fields []string
	for i := range c.r.Flow.Steps {
		s := &c.r.Flow.Steps[i]
		if isGiven(&s.Disclose) || !c.isOwnStep(s) {
			continue
		}
		for _, op := range []string{"collect", "use", "store"} {
			if sendsOn(s.Cell(op)) {
				fields = append(fields, stepField(i, op), stepField(i, "disclose"))
				p.step(s)
			}
		}
	}
	return p.at([]string{"recipients_domestic", "transfers"}, fields)
}

func (c *checker) transferIncomplete() hit {
	var p places
	var fields []string
	for i, t := range c.r.Recipients.Transfers {
		for _, f := range []struct{ name, value, th, en string }{{"country", t.Country, "ประเทศ", "country"}, {"safeguard", t.Safeguard, "มาตรการคุ้มครอง", "safeguard"}, {"basis", t.Basis, "ฐานกฎหมาย", "basis"}} {
			if f.value == "" {
				fields = append(fields, fmt.Sprintf("recipients.transfers[%d].%s", i, f.name))
				p.add(f.th, f.en)
			}
		}
	}
	return p.at([]string{"transfers"}, fields)
}

func (c *checker) wordsDiffer() hit {
	var p places
	var fields []string
	for _, row := range []struct {
		id    string
		count int
	}{{"recipients_domestic", len(c.r.Recipients.Domestic)}, {"transfers", len(c.r.Recipients.Transfers)}} {
		if s := c.r.Form.Row(row.id).State; row.count > 0 && (s == ropa.No || s == ropa.None || s == ropa.NotApplicable) {
			d := ropa.RowByID(row.id)
			fields = append(fields, row.id)
			p.add(d.Title.TH, d.Title.EN)
		}
	}
	return p.at(nil, fields)
}
