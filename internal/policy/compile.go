package policy

import (
	"fmt"
	"slices"

	"prasan/internal/ropa"
)

// Compile turns a revision into what the program obeys. It is pure. A revision that
// lacks what a question needs to be answered does not compile, so that nothing is
// obeyed in part; what it merely contradicts is for the lint to say.
func Compile(r *ropa.Revision) (*Snapshot, error) {
	sum, err := ropa.SHA256(r)
	if err != nil {
		return nil, err
	}
	return CompileAs(r, sum)
}

// CompileAs is Compile for a revision whose digest is known, which spares writing it
// out in its canonical form: nearly all of the time.
func CompileAs(r *ropa.Revision, sum string) (*Snapshot, error) {
	c := compiler{r: r}
	s := &Snapshot{
		Activity: r.Code, Name: textOf(r.Name), Revision: r.Number, SHA256: sum,
		Access: c.principals("access", r.Access), Duties: map[Duty][]Principal{},
		Controller: Controller{Organisation: textOf(r.PartyName(r.Controller.Organisation)), Department: textOf(r.PartyName(r.Controller.Department))},
		Class:      Class{r.Class.Restricted == ropa.Yes, r.Class.Internal == ropa.Yes, r.Class.Public == ropa.Yes},
		Public:     r.Class.Public == ropa.Yes,
		Liaison:    c.principals("breach.pdpc_liaison", r.Breach.Liaison),
		Transfer:   TransferRule{textsOf(r.Transfer.PreChecks), textsOf(r.Transfer.DeliveryChecks), textOf(r.Transfer.AfterRule)},
		Review:     c.cycle("review.cycle", r.Review.Cycle),
		Monitoring: c.cycle("monitoring.cycle", r.Monitoring.Cycle),
	}
	for i, p := range c.principals("breach.responsible", r.Breach.Principals()) {
		s.Breaches = append(s.Breaches, Responsible{p, r.Breach.Responsible[i].RiskLevel})
	}
	for _, name := range ropa.DutyNames {
		s.Duties[Duty(name)] = c.principals("duties."+name, *r.Duties.List(name))
	}
	c.elements(s)
	c.purposes(s)
	c.retention(s)
	c.recipients(s)
	for _, n := range r.Notices {
		s.Notices = append(s.Notices, Notice{n.Kind, textOf(n.Title)})
	}
	for _, b := range r.LegalBases {
		s.Basis = append(s.Basis, basisOf(b.Code, b.Citation))
	}
	for i, l := range r.Collection {
		c.declared(fmt.Sprintf("collection[%d].elements", i), l.Elements)
		s.Levels = append(s.Levels, Level{l.Code, l.Basis, l.Elements, textOf(l.Text)})
	}
	s.Rights = rightsUnder(s.Basis)
	if c.err != nil {
		return nil, c.err
	}
	return s, nil
}

// compiler keeps the first thing that is wrong.
type compiler struct {
	r   *ropa.Revision
	err error
}

func (c *compiler) fail(field, reason, advice string) {
	if c.err == nil {
		c.err = &ropa.ParseError{Field: field, Reason: reason, Advice: advice}
	}
}

func (c *compiler) elements(s *Snapshot) {
	if len(c.r.Elements) == 0 {
		c.fail("elements", "the record declares no personal data", "list what is collected (s.39(1))")
	}
	for _, e := range c.r.Elements {
		s.Elements = append(s.Elements, Element{e.Code, textOf(e.Label), e.Kind, e.Class, e.Required, textOf(e.Why)})
	}
}

func (c *compiler) purposes(s *Snapshot) {
	if len(c.r.Purposes) == 0 {
		c.fail("purposes", "the record declares no purpose", "say why the data is collected (s.39(2))")
	}
	for i, p := range c.r.Purposes {
		c.declared(fmt.Sprintf("purposes[%d].elements", i), p.Elements)
		basis := p.Basis
		if basis == "" && len(c.r.LegalBases) == 1 {
			basis = c.r.LegalBases[0].Code
		}
		s.Purposes = append(s.Purposes, Purpose{p.Code, textOf(p.Text), basis, p.Elements})
	}
}

// declared refuses codes of elements that the record does not have.
func (c *compiler) declared(field string, codes []string) {
	for _, code := range codes {
		if !c.r.HasElement(code) {
			c.fail(field, fmt.Sprintf("%q is not among the elements", code), "declare it under elements or take it out here")
		}
	}
}

func (c *compiler) retention(s *Snapshot) {
	s.Kept = map[string]Retention{}
	for i, x := range c.r.Retention {
		p, ok := ropa.ParsePeriod(x.Period)
		if !ok {
			c.fail(fmt.Sprintf("retention[%d].period", i), "no period is given", "write it as ISO 8601, such as P10Y (s.39(4))")
		}
		kept := Retention{p.Years, p.Months, p.Days, x.Anchor, x.OrOnOrder, c.r.Destruction.Round}
		field := fmt.Sprintf("retention[%d].applies_to", i)
		if x.AppliesTo == "*" || x.AppliesTo == "" {
			if s.Retention != (Retention{}) {
				c.fail(field, "two periods apply to everything", "keep the one that is meant")
			}
			s.Retention = kept
			continue
		}
		if _, twice := s.Kept[x.AppliesTo]; twice {
			c.fail(field, fmt.Sprintf("two periods apply to %q", x.AppliesTo), "keep the one that is meant")
		}
		c.declared(field, []string{x.AppliesTo})
		s.Kept[x.AppliesTo] = kept
	}
	if s.Retention == (Retention{}) {
		c.fail("retention", "the record does not say how long data is kept", "give a period that applies to * (s.39(4))")
	}
}

func (c *compiler) recipients(s *Snapshot) {
	for i, x := range c.r.Recipients.Domestic {
		c.declared(fmt.Sprintf("recipients.domestic[%d].elements", i), x.Elements)
		members := []string{x.Org}
		if p, ok := c.r.Party(x.Org); ok && len(p.Members) > 0 {
			members = p.Members
		}
		s.Recipients = append(s.Recipients, Recipient{Org: x.Org, Members: members, Text: textOf(c.r.PartyName(x.Org)), Via: x.Via, Elements: x.Elements, LetterRequired: x.Letter == "required", SecrecyRequired: x.Secrecy == "required"})
	}
	for i, x := range c.r.Recipients.Transfers {
		c.declared(fmt.Sprintf("recipients.transfers[%d].elements", i), x.Elements)
		s.Transfers = append(s.Transfers, Transfer{Code: x.Recipient, Recipient: textOf(c.r.PartyName(x.Recipient)), Country: x.Country, Safeguard: x.Safeguard, Basis: x.Basis, Elements: x.Elements})
	}
}

func (c *compiler) cycle(field, text string) Cycle {
	if text == "" {
		return Cycle{}
	}
	p, ok := ropa.ParsePeriod(text)
	if !ok {
		c.fail(field, fmt.Sprintf("%q is no period", text), "write it as ISO 8601, such as P1Y")
	}
	return Cycle{p.Years, p.Months, p.Days}
}

// principals resolves the names of the record; one that could not be told apart
// admits nobody.
func (c *compiler) principals(field string, list []ropa.Principal) []Principal {
	var out []Principal
	for i, p := range list {
		var x Principal
		switch {
		case p.Role == "head-or-delegate":
			x = Principal{HeadOrDelegate, "", Text{"หัวหน้าส่วนราชการหรือผู้ที่ได้รับมอบหมาย", "Head of the agency, or delegate"}}
		case p.Role == "dpo":
			x = Principal{DPO, "", Text{"เจ้าหน้าที่คุ้มครองข้อมูลส่วนบุคคล (DPO) ของหน่วยงาน", "Data protection officer of the agency"}}
		case p.Role == "officer":
			x = Principal{Officer, "", Text{"เจ้าหน้าที่ผู้รับผิดชอบหรือผู้ที่ได้รับมอบหมายของหน่วยงาน", "Officer in charge, or delegate"}}
		case p.Person != "":
			x = c.named(Person, p.Person)
		case p.Position != "":
			x = c.named(Position, p.Position)
		case p.Org != "" && p.Within:
			x = c.named(Within, p.Org)
		case p.Org != "":
			x = c.named(Unit, p.Org)
		case p.Provider != "":
			x = c.named(Provider, p.Provider)
		case p.Other != "":
			x = Principal{"other", "", Text{TH: p.Other}}
		default:
			c.fail(fmt.Sprintf("%s[%d]", field, i), "names nobody", "give one of role, person, position, org, provider")
		}
		out = append(out, x)
	}
	return out
}

func (c *compiler) named(kind PrincipalKind, code string) Principal {
	return Principal{kind, code, textOf(c.r.PartyName(code))}
}

func textOf(t ropa.Text) Text { return Text{t.TH, t.EN} }

func textsOf(list []ropa.Text) []Text {
	out := make([]Text, len(list))
	for i, t := range list {
		out[i] = textOf(t)
	}
	return out
}

func basisOf(code, citation string) Basis {
	for _, b := range ropa.Bases {
		if b.Code == code {
			if citation == "" {
				citation = b.Citation
			}
			return Basis{code, citation, textOf(b.Text)}
		}
	}
	return Basis{code, citation, Text{TH: code}}
}

// Right is a right of the person whose data it is (PDPA ss.19, 30-36, 73).
type Right struct {
	Code, Section string
	Text          Text
}

// Rights are all of them, in the order of the Act.
var Rights = []Right{
	{"withdraw", "19", Text{"ถอนความยินยอม", "withdraw consent"}},
	{"access", "30", Text{"ขอเข้าถึงและขอรับสำเนาข้อมูล หรือขอให้เปิดเผยถึงการได้มาซึ่งข้อมูล", "access to the data and a copy of it, or to be told where it came from"}},
	{"portability", "31", Text{"ขอรับหรือขอให้โอนย้ายข้อมูล", "receive the data in a portable form"}},
	{"objection", "32", Text{"คัดค้านการเก็บรวบรวม ใช้ หรือเปิดเผยข้อมูล", "object to the processing"}},
	{"erasure", "33", Text{"ขอให้ลบ ทำลาย หรือทำให้ข้อมูลไม่สามารถระบุตัวบุคคลได้", "erasure"}},
	{"restriction", "34", Text{"ขอให้ระงับการใช้ข้อมูล", "restriction of use"}},
	{"rectification", "35", Text{"ขอให้แก้ไขข้อมูลให้ถูกต้อง เป็นปัจจุบัน และสมบูรณ์", "rectification"}},
	{"complaint", "73", Text{"ร้องเรียนต่อคณะกรรมการผู้เชี่ยวชาญ สำนักงานคณะกรรมการคุ้มครองข้อมูลส่วนบุคคล", "complain to the expert committee of the Personal Data Protection Committee"}},
}

// rightsUnder lists the rights that apply by the lawful bases: portability (s.31) needs
// consent or contract; objection (s.32) lies against a public task or legitimate
// interests; erasure (s.33) is excluded for a public task and legal duties.
func rightsUnder(bases []Basis) []string {
	has := func(codes ...string) bool {
		return slices.ContainsFunc(bases, func(b Basis) bool { return slices.Contains(codes, b.Code) })
	}
	var out []string
	for _, r := range Rights {
		switch r.Code {
		case "withdraw":
			if !has("consent") {
				continue
			}
		case "portability":
			if !has("consent", "contract") {
				continue
			}
		case "objection":
			if !has("public-task", "legitimate-interest", "official-duty") {
				continue
			}
		case "erasure":
			if !has("consent", "contract", "vital", "legitimate-interest") {
				continue
			}
		}
		out = append(out, r.Code)
	}
	return out
}
