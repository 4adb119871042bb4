package lint

import (
	"fmt"
	"strings"

	"prasan/internal/ropa"
)

func (c *checker) retentionMissing() hit {
	for _, x := range c.r.Retention {
		if _, ok := ropa.ParsePeriod(x.Period); ok && (x.AppliesTo == "*" || x.AppliesTo == "") {
			return hit{}
		}
	}
	return when(true, "retention")
}

// trafficLog is the code by which records declare computer traffic data.
const trafficLog = "traffic_log"

func (c *checker) trafficLogShort() hit {
	for i, x := range c.r.Retention {
		if p, ok := ropa.ParsePeriod(x.Period); x.AppliesTo == trafficLog && ok && p.InMonths() < 3 {
			return hit{fields: []string{fmt.Sprintf("retention[%d]", i)}, detail: ropa.Text{TH: x.Period, EN: x.Period}}
		}
	}
	return hit{}
}

func (c *checker) trafficLog() hit {
	website := false
	for i := range c.r.Flow.Steps {
		website = website || c.r.Flow.Steps[i].Lane == "website"
	}
	for _, s := range c.r.Inventory.Systems {
		website = website || strings.Contains(strings.ToLower(s.Name), "website") || strings.Contains(s.Name, "เว็บไซต์")
	}
	return when(website && !c.traffic(), "elements", "retention")
}

func declaresTraffic(r *ropa.Revision) bool {
	return r.HasElement(trafficLog) || strings.Contains(r.Form.Row("elements").Text, "จราจรทางคอมพิวเตอร์")
}

func (c *checker) cycleMissing() hit {
	var ids []string
	if p, ok := ropa.ParsePeriod(c.r.Review.Cycle); (!ok || p.InMonths() > 12.2) && !c.settled("review.cycle") {
		ids = append(ids, "review.cycle")
	}
	if _, ok := ropa.ParsePeriod(c.r.Monitoring.Cycle); !ok && !c.settled("monitoring.cycle") {
		ids = append(ids, "monitoring.cycle")
	}
	return rows(ids...)
}

// monitoringDiffers is a warning where a record of the same run with the same period is
// monitored more often; by itself a rare cycle is only worth knowing.
func (c *checker) monitoringDiffers() hit {
	mine, ok := ropa.ParsePeriod(c.r.Monitoring.Cycle)
	if !ok || mine.InMonths() <= 1.1 {
		return hit{}
	}
	h := when(true, "monitoring.cycle", "retention")
	kept := general(c.r)
	for i, other := range c.cycles() {
		if r := c.all[i]; other.ok && r != c.r && other.every.InMonths() < mine.InMonths() && other.kept == kept {
			h.detail = ropa.Text{TH: fmt.Sprintf("%s ทุก %s แต่ %s ซึ่งจัดเก็บนานเท่ากัน ทุก %s", c.r.Name.TH, mine.In("th"), r.Name.TH, other.every.In("th")),
				EN: fmt.Sprintf("%s every %s, but %s, which is kept as long, every %s", c.r.Code, mine.In("en"), r.Code, other.every.In("en"))}
			return h
		}
	}
	h.lesser = Info
	return h
}

// cycled is how often a record is monitored and how long what it is about is kept.
type cycled struct {
	every ropa.Period
	ok    bool
	kept  string
}

func cyclesOf(all []*ropa.Revision) []cycled {
	out := make([]cycled, len(all))
	for i, r := range all {
		out[i].every, out[i].ok = ropa.ParsePeriod(r.Monitoring.Cycle)
		out[i].kept = general(r)
	}
	return out
}

// general is the period that applies to everything.
func general(r *ropa.Revision) string {
	for _, x := range r.Retention {
		if x.AppliesTo == "*" || x.AppliesTo == "" {
			return x.Period
		}
	}
	return ""
}

func (c *checker) rowMissing() hit {
	if len(c.r.Form) == 0 {
		return hit{} // a record that was never a form
	}
	var p places
	var fields []string
	for _, d := range ropa.Rows {
		if s := c.r.Form.Row(d.ID).State; s == ropa.RowAbsent || s == ropa.Blank {
			fields = append(fields, d.ID)
			p.add(fmt.Sprintf("แถวที่ %d %s", d.No, d.Title.TH), fmt.Sprintf("row %d %s", d.No, d.Title.EN))
		}
	}
	return p.at(nil, fields)
}

func (c *checker) flowBroken() hit {
	var p places
	var fields []string
	known := map[int]bool{}
	for i, s := range c.r.Flow.Steps {
		if known[s.No] {
			fields = append(fields, stepField(i, "no"))
			p.add(fmt.Sprintf("ขั้นตอนที่ %d ซ้ำ", s.No), fmt.Sprintf("step %d stands twice", s.No))
		}
		known[s.No] = true
	}
	for i, e := range c.r.Flow.Edges {
		if !known[e.From] || !known[e.To] {
			fields = append(fields, fmt.Sprintf("flow.edges[%d]", i))
			p.add(fmt.Sprintf("ลูกศร %d ไป %d ไม่มีขั้นตอน", e.From, e.To), fmt.Sprintf("the arrow %d to %d has no step", e.From, e.To))
		}
	}
	return p.at(nil, fields)
}

// inventoryHeading compares the headings of the list of systems with the names of the
// process and the activity; the form's own heading says neither.
func (c *checker) inventoryHeading() hit {
	v := c.r.Inventory
	var p places
	var fields []string
	for _, x := range []struct{ field, text string }{{"inventory.heading", v.Heading}, {"inventory.main_system", v.MainSystem}, {"inventory.sub_system", v.SubSystem}} {
		if x.text == "" || strings.HasPrefix(x.text, "รายชื่อระบบ") {
			continue
		}
		best := 0.0
		for _, name := range []string{c.r.ProcessGroup.Name.TH, c.r.Name.TH, c.r.Form.Row("process_group.name").Text, c.r.Form.Row("activity.name").Text} {
			if name == x.text {
				best = 1
				break
			}
			best = max(best, alike(x.text, name))
		}
		if best < 0.6 {
			fields = append(fields, x.field)
			p.add(x.text, x.text)
		}
	}
	return p.at(nil, fields)
}

func (c *checker) systemOwnerName() hit {
	var p places
	var fields []string
	for i := range c.r.Inventory.Systems {
		s := &c.r.Inventory.Systems[i]
		m := bracket.FindStringSubmatch(s.Name)
		if m == nil || s.Owner.State.IsNothing() || s.Owner.Text == "" {
			continue
		}
		name := shorts.Replace(m[1])
		if body.MatchString(name) && !within(name, s.Owner.Text) {
			fields = append(fields, systemField(i, "name"), systemField(i, "owner"))
			p.system(s)
		}
	}
	return p.at(nil, fields)
}

func (c *checker) processingSelfElsewhere() hit {
	var p places
	var fields []string
	for i := range c.r.Inventory.Systems {
		s := &c.r.Inventory.Systems[i]
		if s.ProcessingBy.Code == "self" && !s.Owner.State.IsNothing() && !c.ours(s.Owner) {
			fields = append(fields, systemField(i, "processing_by"), systemField(i, "owner"))
			if s.Hosting.State == ropa.Blank || s.Hosting.State == "" {
				fields = append(fields, systemField(i, "hosting"))
			}
			p.system(s)
		}
	}
	return p.at(nil, fields)
}

func (c *checker) processorAgreement() hit {
	var p places
	var fields []string
	for i := range c.r.Inventory.Systems {
		s := &c.r.Inventory.Systems[i]
		if s.ProcessingBy.Code != "self" && !s.Processor.State.IsNothing() && s.Processor.Text+s.Processor.Code != "" && !c.isOwnMaster(s) && !c.citesAgreement(s) {
			fields = append(fields, systemField(i, "processor_org"), systemField(i, "owner"), systemField(i, "agreement"))
			p.system(s)
		}
	}
	return p.at(nil, fields)
}

// isOwnMaster tells whether a system is another agency's, which processes for itself
// and not for the Office.
func (c *checker) isOwnMaster(s *ropa.System) bool {
	return within(s.Owner.Text, s.Processor.Text) && body.MatchString(s.Owner.Text) && !c.isAbroad(s.Owner)
}

// citesAgreement tells whether an agreement is named for a system, or in its remarks.
func (c *checker) citesAgreement(s *ropa.System) bool {
	remarks := s.Remark
	for _, x := range s.Exchanges {
		remarks += "\n" + x.Remark
	}
	return s.Agreement != "" || agreement.MatchString(remarks)
}

func (c *checker) exchangeWithItself() hit {
	department := c.r.PartyName(c.r.Controller.Department).TH
	var p places
	var fields []string
	for i := range c.r.Inventory.Systems {
		s := &c.r.Inventory.Systems[i]
		for j, x := range s.Exchanges {
			if applied(x) && squeeze(x.Counterparty.Text) != "" && squeeze(x.Counterparty.Text) == squeeze(department) {
				fields = append(fields, fmt.Sprintf("%s[%d].counterparty", systemField(i, "exchange"), j))
				p.system(s)
			}
		}
	}
	return p.at(nil, fields)
}

func (c *checker) documentOutdated() hit {
	var p places
	var fields []string
	look := func(field, text string) {
		if found := archived.FindString(text); found != "" {
			fields = append(fields, field)
			p.add(strings.TrimRight(found, "<>"), strings.TrimRight(found, "<>"))
		}
	}
	look("flow.note", c.r.Flow.Note)
	if len(fields) == 0 {
		for i, d := range c.r.Documents {
			look(fmt.Sprintf("documents[%d].url", i), d.URL)
		}
	}
	return p.at([]string{"legal_refs"}, fields)
}

func (c *checker) providerName() hit {
	for i, x := range c.r.Parties {
		if strings.Contains(x.Name.TH, "Google Inc") {
			return when(true, fmt.Sprintf("parties[%d].name", i))
		}
	}
	for i, s := range c.r.Inventory.Systems {
		if strings.Contains(s.Owner.Text+s.Processor.Text, "Google Inc") {
			return when(true, systemField(i, "owner"))
		}
	}
	return hit{}
}

func (c *checker) breachAddressee() hit {
	_, ok := c.r.Form["breach.pdpc_liaison"]
	return when(ok, "breach.pdpc_liaison")
}
