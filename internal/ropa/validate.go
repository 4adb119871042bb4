package ropa

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	codePattern   = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,63}$`)
	periodPattern = regexp.MustCompile(`^P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?$`)
)

// Period is a length of time in the calendar (ISO 8601, without hours).
type Period struct{ Years, Months, Days int }

// ParsePeriod reads P10Y, P1Y6M, P90D.
func ParsePeriod(s string) (Period, bool) {
	m := periodPattern.FindStringSubmatch(s)
	if m == nil || s == "P" {
		return Period{}, false
	}
	var n [3]int
	for i := range n {
		n[i], _ = strconv.Atoi("0" + m[i+1])
	}
	p := Period{n[0], n[1], n[2]}
	return p, p != Period{}
}

// InMonths is the length in months, for comparing; a month counts as 30 days.
func (p Period) InMonths() float64 {
	return float64(p.Years*12+p.Months) + float64(p.Days)/30
}

// In says the period in words.
func (p Period) In(lang string) string {
	var parts []string
	for _, x := range []struct {
		n      int
		th, en string
	}{{p.Years, "ปี", "year"}, {p.Months, "เดือน", "month"}, {p.Days, "วัน", "day"}} {
		switch {
		case x.n == 0:
		case lang != "en":
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.th))
		case x.n == 1:
			parts = append(parts, "1 "+x.en)
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", x.n, x.en))
		}
	}
	return strings.Join(parts, " ")
}

// enum is a field with a closed list of values.
type enum struct {
	field  string
	value  string
	values []string
}

// Allowed values of the enumerated fields, for validation, the schema and the docs.
var (
	PartyKinds   = []string{"organisation", "group", "person", "position", "provider"}
	ElementKinds = []string{"form", "content", "technical", "account"}
	Classes      = []string{"restricted", "internal", "public"}
	NoticeKinds  = []string{"privacy_notice", "consent_form", "cookie_policy"}
	Vias         = []string{"e-saraban", "email", "file", "paper"}
	Lanes        = []string{"user", "website", "agency", "related-agency", "provider"}
	Media        = []string{"electronic", "paper", "either", "unknown"}
	Rounds       = []string{"calendar-year-end", "fiscal-year-end"}
	StoreMedia   = []string{"database", "file", "paper", "email", "log", "other"}
	Modes        = []string{"send_online_network", "send_offline_file", "receive_online_network", "receive_offline_file"}
	Statuses     = []string{"active", "developing", "retired"}
	Hostings     = []string{"cloud", "on-premise"}
	Regions      = []string{"domestic", "abroad"}
	Roles        = []string{"head-or-delegate", "dpo", "officer"}
	RiskLevels   = []string{"none", "risk", "high"} // of a breach, from the lowest
)

// Validate refuses what is no record at all: codes that are none, values outside the
// enumerations, periods that are none. What a record lacks or contradicts is not
// refused here; the lint says it, and the compiler fails closed.
func Validate(r *Revision) error {
	if r.APIVersion != APIVersion {
		return &ParseError{Field: "apiVersion", Reason: fmt.Sprintf("%q is not known", r.APIVersion), Advice: "write apiVersion: " + APIVersion}
	}
	if r.Kind != Kind {
		return &ParseError{Field: "kind", Reason: fmt.Sprintf("%q is not known", r.Kind), Advice: "write kind: " + Kind}
	}
	if err := checkCodes(r); err != nil {
		return err
	}
	for _, e := range enums(r) {
		if e.value != "" && !slices.Contains(e.values, e.value) {
			return &ParseError{Field: e.field, Reason: fmt.Sprintf("%q is not one of the values", e.value), Advice: "use one of " + strings.Join(e.values, ", ")}
		}
	}
	return checkPeriods(r)
}

func checkCodes(r *Revision) error {
	if !codePattern.MatchString(r.Code) {
		return &ParseError{Field: "code", Reason: fmt.Sprintf("%q is no code", r.Code), Advice: "use lower-case letters, digits and hyphens, such as contact-us"}
	}
	lists := map[string][]string{}
	for _, e := range r.Elements {
		lists["elements"] = append(lists["elements"], e.Code)
	}
	for _, p := range r.Purposes {
		lists["purposes"] = append(lists["purposes"], p.Code)
	}
	for _, p := range r.Parties {
		lists["parties"] = append(lists["parties"], p.Code)
	}
	for _, d := range r.Documents {
		lists["documents"] = append(lists["documents"], d.Code)
	}
	for _, name := range []string{"elements", "purposes", "parties", "documents"} {
		for i, c := range lists[name] {
			field := fmt.Sprintf("%s[%d].code", name, i)
			if !codePattern.MatchString(c) {
				return &ParseError{Field: field, Reason: fmt.Sprintf("%q is no code", c), Advice: "use lower-case letters, digits, - and _"}
			}
			if slices.Index(lists[name], c) != i {
				return &ParseError{Field: field, Reason: fmt.Sprintf("%q is declared twice", c), Advice: "give each its own code"}
			}
		}
	}
	return nil
}

func enums(r *Revision) []enum {
	var out []enum
	add := func(values []string, value, format string, args ...any) {
		out = append(out, enum{fmt.Sprintf(format, args...), value, values})
	}
	answers := []string{string(Yes), string(NoWay)}
	for _, s := range States {
		if !slices.Contains(answers, string(s)) {
			answers = append(answers, string(s))
		}
	}
	add(answers, string(r.Class.Restricted), "class.restricted")
	add(answers, string(r.Class.Internal), "class.internal")
	add(answers, string(r.Class.Public), "class.public")
	add(answers, string(r.CSU.Create), "rights_csu.create")
	add(answers, string(r.CSU.Store), "rights_csu.store")
	add(answers, string(r.CSU.Use), "rights_csu.use")
	add(Rounds, r.Destruction.Round, "destruction.round")
	for i, p := range r.Parties {
		add(PartyKinds, p.Kind, "parties[%d].kind", i)
	}
	for i, e := range r.Elements {
		add(ElementKinds, e.Kind, "elements[%d].kind", i)
		add(Classes, e.Class, "elements[%d].class", i)
	}
	for i, n := range r.Notices {
		add(NoticeKinds, n.Kind, "notices[%d].kind", i)
	}
	for i, s := range r.Stores {
		add(StoreMedia, s.Medium, "stores[%d].medium", i)
	}
	bases := make([]string, len(Bases))
	for i, b := range Bases {
		bases[i] = b.Code
	}
	for i, b := range r.LegalBases {
		add(bases, b.Code, "legal_bases[%d].code", i)
	}
	for i, p := range r.Purposes {
		add(bases, p.Basis, "purposes[%d].basis", i)
	}
	for i, l := range r.Collection {
		add([]string{"L0", "L1", "L2", "L3"}, l.Code, "collection[%d].code", i)
		add(bases, l.Basis, "collection[%d].basis", i)
	}
	for i, x := range r.Recipients.Domestic {
		add([]string{"required", "optional"}, x.Letter, "recipients.domestic[%d].letter", i)
		add([]string{"required", "optional"}, x.Secrecy, "recipients.domestic[%d].secrecy", i)
		for j, via := range x.Via {
			add(Vias, via, "recipients.domestic[%d].via[%d]", i, j)
		}
	}
	out = append(out, principalEnums(r)...)
	return append(out, tableEnums(r)...)
}

func principalEnums(r *Revision) []enum {
	var out []enum
	add := func(list []Principal, field string) {
		for i, p := range list {
			out = append(out, enum{fmt.Sprintf("%s[%d].role", field, i), p.Role, Roles})
		}
	}
	add(r.Access, "access")
	for _, name := range DutyNames {
		add(*r.Duties.List(name), "duties."+name)
	}
	add(r.Breach.Principals(), "breach.responsible")
	for i, p := range r.Breach.Responsible {
		out = append(out, enum{fmt.Sprintf("breach.responsible[%d].risk_level", i), p.RiskLevel, RiskLevels})
	}
	add(r.Breach.Liaison, "breach.pdpc_liaison")
	return out
}

func tableEnums(r *Revision) []enum {
	var out []enum
	add := func(values []string, value, format string, args ...any) {
		out = append(out, enum{fmt.Sprintf(format, args...), value, values})
	}
	states := make([]string, len(States))
	for i, s := range States {
		states[i] = string(s)
	}
	for _, def := range Rows {
		if row, ok := r.Form[def.ID]; ok {
			add(states, string(row.State), "form.%s.state", def.ID)
		}
	}
	for i := range r.Flow.Steps {
		s := &r.Flow.Steps[i]
		add(Lanes, s.Lane, "flow.steps[%d].lane", i)
		for _, op := range Operations {
			add(states, string(s.Cell(op).State), "flow.steps[%d].%s.state", i, op)
			for j, o := range s.Cell(op).Operations {
				add(Operations, o, "flow.steps[%d].%s.operations[%d]", i, op, j)
			}
		}
	}
	for i, e := range r.Flow.Edges {
		add(Media, e.Medium, "flow.edges[%d].medium", i)
	}
	for i, s := range r.Inventory.Systems {
		add(Statuses, s.Status.Code, "inventory.systems[%d].status.code", i)
		add([]string{"self", "other"}, s.ProcessingBy.Code, "inventory.systems[%d].processing_by.code", i)
		add(Hostings, s.Hosting.Code, "inventory.systems[%d].hosting.code", i)
		add(Regions, s.Region.Code, "inventory.systems[%d].cloud_region.code", i)
		for j, x := range s.Exchanges {
			add(Modes, x.Mode.Code, "inventory.systems[%d].exchange[%d].mode.code", i, j)
			add([]string{"yes", "no"}, x.Applied.Code, "inventory.systems[%d].exchange[%d].applied.code", i, j)
		}
	}
	return out
}

func checkPeriods(r *Revision) error {
	periods := []enum{{field: "review.cycle", value: r.Review.Cycle}, {field: "monitoring.cycle", value: r.Monitoring.Cycle}}
	for i, x := range r.Retention {
		periods = append(periods, enum{field: fmt.Sprintf("retention[%d].period", i), value: x.Period})
	}
	for _, p := range periods {
		if p.value == "" {
			continue
		}
		if _, ok := ParsePeriod(p.value); !ok {
			return &ParseError{Field: p.field, Reason: fmt.Sprintf("%q is no period", p.value), Advice: "write it as ISO 8601, such as P10Y or P90D"}
		}
	}
	return nil
}
