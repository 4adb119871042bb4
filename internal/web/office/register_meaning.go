package office

import (
	"strconv"
	"strings"

	"prasan/internal/i18n"
	"prasan/internal/ropa"
	"prasan/internal/web/kit"
)

// meant says in words what the rows of a record mean: what the program obeys, beside
// what the form says.
type meant struct {
	v   *visit
	rev *ropa.Revision
}

// meanings are the rows whose meaning is more than their words.
var meanings = map[string]func(m meant) []string{
	"revision.prepared_by":       func(m meant) []string { return m.parties(m.rev.PreparedBy) },
	"controller.organisation":    func(m meant) []string { return m.parties(m.rev.Controller.Organisation) },
	"controller.department":      func(m meant) []string { return m.parties(m.rev.Controller.Department) },
	"process_group.name":         func(m meant) []string { return m.phrases(m.rev.ProcessGroup.Name) },
	"activity.name":              func(m meant) []string { return m.phrases(m.rev.Name) },
	"activity.owner_unit":        func(m meant) []string { return m.parties(m.rev.Controller.OwnerUnit) },
	"activity.stewards":          func(m meant) []string { return m.parties(m.rev.Controller.Stewards...) },
	"activity.forms":             func(m meant) []string { return m.documents(m.rev.Forms...) },
	"elements":                   meant.allElements,
	"purposes":                   meant.purposes,
	"notices":                    meant.notices,
	"sources":                    meant.sources,
	"access_principals":          func(m meant) []string { return m.principals(m.rev.Access) },
	"class.restricted":           func(m meant) []string { return m.answer(m.rev.Class.Restricted) },
	"class.internal":             func(m meant) []string { return m.answer(m.rev.Class.Internal) },
	"class.public":               func(m meant) []string { return m.answer(m.rev.Class.Public) },
	"recipients_domestic":        meant.recipients,
	"transfers":                  meant.transfers,
	"legal_bases":                meant.bases,
	"volume":                     meant.volume,
	"rights_csu.create":          func(m meant) []string { return m.answer(m.rev.CSU.Create) },
	"rights_csu.store":           func(m meant) []string { return m.answer(m.rev.CSU.Store) },
	"rights_csu.use":             func(m meant) []string { return m.answer(m.rev.CSU.Use) },
	"stores.medium":              meant.media,
	"stores.location":            meant.locations,
	"retention":                  meant.retention,
	"review.cycle":               func(m meant) []string { return m.cycle(m.rev.Review.Cycle) },
	"destruction.round":          func(m meant) []string { return m.codes(m.rev.Destruction.Round) },
	"destruction.method":         func(m meant) []string { return m.documents(m.rev.Destruction.Method) },
	"legal_refs":                 func(m meant) []string { return m.documents(m.rev.LegalRefs...) },
	"controls.access_policy_ref": func(m meant) []string { return m.documents(m.rev.Controls.AccessPolicy...) },
	"controls.access_matrix_ref": func(m meant) []string { return m.documents(m.rev.Controls.AccessMatrix...) },
	"controls.audit":             func(m meant) []string { return m.documents(m.rev.Controls.Audit...) },
	"controls.backup":            func(m meant) []string { return m.documents(m.rev.Controls.Backup...) },
	"controls.physical":          func(m meant) []string { return m.documents(m.rev.Controls.Physical...) },
	"transfer.pre_checks":        func(m meant) []string { return m.phrases(m.rev.Transfer.PreChecks...) },
	"transfer.delivery_checks":   func(m meant) []string { return m.phrases(m.rev.Transfer.DeliveryChecks...) },
	"transfer.record_rule":       func(m meant) []string { return m.documents(m.rev.Transfer.RecordRule) },
	"transfer.after_rule":        func(m meant) []string { return m.phrases(m.rev.Transfer.AfterRule) },
	"monitoring.cycle":           func(m meant) []string { return m.cycle(m.rev.Monitoring.Cycle) },
	"rights.erasure_procedure":   func(m meant) []string { return m.documents(m.rev.Rights.ErasureProcedure) },
	"breach.channels": func(m meant) []string {
		return append(m.phrases(m.rev.Breach.Channels...), m.responsible()...)
	},
	"breach.pdpc_liaison": func(m meant) []string { return m.principals(m.rev.Breach.Liaison) },
}

// of says what a row means; nothing where the record gives it no meaning.
func (m meant) of(row string) []string {
	if duty, ok := strings.CutPrefix(row, "duty."); ok {
		return m.principals(*m.rev.Duties.List(duty))
	}
	if f := meanings[row]; f != nil {
		return f(m)
	}
	return nil
}

func (m meant) phrases(list ...ropa.Text) (out []string) {
	for _, t := range list {
		if s := m.v.phrase(t); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// codes are values of closed lists in words; one without words stands as it is.
func (m meant) codes(list ...string) (out []string) {
	for _, c := range list {
		if key := "registerpages.code-" + strings.ReplaceAll(c, ".", "-"); c != "" && i18n.Has(key) {
			c = m.v.t(key)
		}
		if c != "" {
			out = append(out, c)
		}
	}
	return out
}

func (m meant) code(c string) string { return strings.Join(m.codes(c), "") }

func (m meant) answer(a ropa.Answer) []string { return m.codes(string(a)) }

// parties are names of bodies and people; of a group, its members beside it.
func (m meant) parties(codes ...string) (out []string) {
	for _, c := range codes {
		if c != "" {
			out = append(out, m.party(c))
		}
	}
	return out
}

func (m meant) party(code string) string {
	name := m.v.phrase(m.rev.PartyName(code))
	p, _ := m.rev.Party(code)
	if p.Kind != "group" || len(p.Members) == 0 {
		return name
	}
	members := make([]string, len(p.Members))
	for i, c := range p.Members {
		members[i] = m.v.phrase(m.rev.PartyName(c))
		if _, listed := m.rev.Party(c); !listed {
			members[i] = m.v.agency(c)
		}
	}
	return name + " (" + strings.Join(members, ", ") + ")"
}

func (m meant) documents(codes ...string) (out []string) {
	for _, c := range codes {
		if d, ok := m.rev.Document(c); ok {
			out = append(out, m.v.phrase(d.Title))
		} else {
			out = append(out, m.codes(c)...)
		}
	}
	return out
}

func (m meant) principals(list []ropa.Principal) (out []string) {
	for _, p := range list {
		switch {
		case p.Role != "":
			out = append(out, m.code(p.Role))
		case p.Org != "" && p.Within:
			out = append(out, m.v.t("registerpages.within", "org", m.party(p.Org)))
		case p.Org != "":
			out = append(out, m.v.t("registerpages.people-of", "org", m.party(p.Org)))
		default:
			out = append(out, m.parties(p.Person, p.Position, p.Provider)...)
			if p.Other != "" {
				out = append(out, p.Other)
			}
		}
	}
	return out
}

// responsible are those who act on a breach, each with the risk from which up he does.
func (m meant) responsible() (out []string) {
	for _, r := range m.rev.Breach.Responsible {
		out = append(out, parted(strings.Join(m.principals([]ropa.Principal{r.Principal()}), ""), m.risk(r.RiskLevel)))
	}
	return out
}

func (m meant) risk(level string) string {
	if level == "" {
		return ""
	}
	return m.code("risk-" + level)
}

// elements are the labels of data by code.
func (m meant) elements(codes []string) string {
	var out []string
	for _, c := range codes {
		label := c
		for _, e := range m.rev.Elements {
			if e.Code == c {
				label = m.v.phrase(e.Label)
			}
		}
		out = append(out, label)
	}
	return strings.Join(out, ", ")
}

// parted joins what is there.
func parted(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " · ")
}

func (m meant) allElements() (out []string) {
	for _, e := range m.rev.Elements {
		required := ""
		if e.Required {
			required = m.v.t("registerpages.required")
		}
		out = append(out, parted(m.v.phrase(e.Label), m.code(e.Kind), m.code(e.Class), required))
	}
	return out
}

func (m meant) purposes() (out []string) {
	for _, p := range m.rev.Purposes {
		out = append(out, parted(m.v.phrase(p.Text), m.cited(p.Basis), m.elements(p.Elements)))
	}
	return out
}

func (m meant) basis(code string) string {
	for _, b := range ropa.Bases {
		if b.Code != code {
			continue
		}
		if b.Citation == "" {
			return m.v.phrase(b.Text)
		}
		return m.v.t("registerpages.section", "text", m.v.phrase(b.Text), "n", b.Citation)
	}
	return code
}

// cited is a basis by its section of the Act; by its name where it has none.
func (m meant) cited(code string) string {
	for _, b := range ropa.Bases {
		if b.Code == code && b.Citation != "" {
			return m.v.t("registerpages.law", "n", b.Citation)
		}
	}
	return m.basis(code)
}

func (m meant) bases() (out []string) {
	for _, b := range m.rev.LegalBases {
		out = append(out, parted(m.basis(b.Code), m.v.phrase(b.Note)))
	}
	return out
}

func (m meant) notices() (out []string) {
	for _, n := range m.rev.Notices {
		out = append(out, parted(m.code(n.Kind), m.v.phrase(n.Title)))
	}
	return out
}

func (m meant) sources() (out []string) {
	for _, s := range m.rev.Sources {
		out = append(out, m.v.phrase(s.Text))
	}
	return out
}

func (m meant) recipients() (out []string) {
	for _, r := range m.rev.Recipients.Domestic {
		out = append(out, parted(m.party(r.Org), m.v.t("registerpages.via", "list", strings.Join(m.codes(r.Via...), ", ")), m.elements(r.Elements)))
	}
	return out
}

func (m meant) transfers() (out []string) {
	for _, t := range m.rev.Recipients.Transfers {
		out = append(out, parted(m.party(t.Recipient), t.Country, m.code(t.Safeguard), m.basis(t.Basis), m.elements(t.Elements)))
	}
	return out
}

func (m meant) volume() []string {
	w := m.rev.Volume
	if w == (ropa.Volume{}) {
		return nil
	}
	text := kit.Thousands(w.Declared) + " " + w.Unit
	if w.AsOf != "" {
		text = parted(text, m.v.t("registerpages.as-of", "day", w.AsOf))
	}
	return []string{text}
}

func (m meant) media() (out []string) {
	for _, s := range m.rev.Stores {
		out = append(out, m.code(s.Medium))
	}
	return out
}

func (m meant) locations() (out []string) {
	for _, s := range m.rev.Stores {
		out = append(out, parted(m.code(s.Medium), m.v.phrase(s.Location)))
	}
	return out
}

func (m meant) period(text string) string {
	if p, ok := ropa.ParsePeriod(text); ok {
		return p.In(m.v.lang)
	}
	return text
}

func (m meant) cycle(text string) []string {
	if text == "" {
		return nil
	}
	return []string{m.v.t("registerpages.every", "period", m.period(text))}
}

func (m meant) retention() (out []string) {
	for _, r := range m.rev.Retention {
		what := ""
		if r.AppliesTo != "*" {
			what = m.elements([]string{r.AppliesTo})
		}
		order := ""
		if r.OrOnOrder {
			order = m.v.t("registerpages.or-on-order")
		}
		out = append(out, parted(what, m.v.t("registerpages.kept", "period", m.period(r.Period), "anchor", m.code(r.Anchor)), order, strings.Join(m.documents(r.BasisRef), ", ")))
	}
	return out
}

func (v *visit) flowTable(rev *ropa.Revision) kit.Table {
	t := kit.Table{Caption: v.t("registerpages.flow-table"), Hidden: true, Empty: v.t("office.record-flow-none"),
		Head: []string{v.t("office.record-step"), v.t("registerpages.actor"), v.t("office.op-collect"), v.t("office.op-use"), v.t("office.op-disclose"), v.t("office.op-store"), v.t("registerpages.systems")}}
	for i := range rev.Flow.Steps {
		s := &rev.Flow.Steps[i]
		title := strconv.Itoa(s.No) + ". " + v.phrase(ropa.Text{TH: s.Title, EN: s.TitleEN})
		if s.Decision {
			title += " " + v.t("registerpages.decision")
		}
		cells := []kit.Cell{{Text: title}, {Text: s.Actor.Text}}
		for _, op := range ropa.Operations {
			cells = append(cells, kit.Cell{Text: s.Cell(op).Text})
		}
		var systems []string
		for _, x := range s.Systems {
			systems = append(systems, x.Text)
		}
		t.Rows = append(t.Rows, append(cells, kit.Cell{Text: strings.Join(systems, ", ")}))
	}
	return t
}

// inventoryTable has a line an exchange: a system with several has several lines.
func (v *visit) inventoryTable(rev *ropa.Revision) kit.Table {
	t := kit.Table{Caption: v.t("registerpages.inventory"), Hidden: true, Empty: v.t("registerpages.inventory-none")}
	for _, key := range []string{"system", "system-status", "scope", "owner", "applied", "data", "mode", "counterparty", "processing", "agreement", "hosting", "region", "remark"} {
		t.Head = append(t.Head, v.t("registerpages.col-"+key))
	}
	m := meant{v, rev}
	for _, s := range rev.Inventory.Systems {
		lines := s.Exchanges
		if len(lines) == 0 {
			lines = []ropa.Exchange{{}}
		}
		for i, x := range lines {
			name, remark := strconv.Itoa(s.No)+". "+s.Name, parted(x.Remark)
			if i > 0 {
				name = strconv.Itoa(s.No) + "." + strconv.Itoa(i+1)
			} else {
				remark = parted(s.Remark, x.Remark)
			}
			row := []kit.Cell{{Text: name}}
			for j, text := range []string{s.Status.Text, s.Scope, s.Owner.Text, x.Applied.Text, x.Data, x.Mode.Text, x.Counterparty.Text, parted(s.ProcessingBy.Text, s.Processor.Text), strings.Join(m.documents(s.Agreement), ", "), s.Hosting.Text, s.Region.Text} {
				if i > 0 && (j < 3 || j > 6) {
					text = "″"
				}
				row = append(row, kit.Cell{Text: text})
			}
			t.Rows = append(t.Rows, append(row, kit.Cell{Text: remark}))
		}
	}
	return t
}
