package office

import (
	"fmt"
	"strings"
	"time"

	"prasan/internal/cases"
	"prasan/internal/i18n"
	"prasan/internal/policy"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// count is a message about a number; English has a form of its own for one.
func (v *visit) count(key string, n int) string {
	if n == 1 && i18n.Has(key+"-1") {
		return v.t(key+"-1", "n", n)
	}
	return v.t(key, "n", kit.Thousands(n))
}

// days counts midnights in Bangkok between two moments.
func days(from, to time.Time) int {
	return int(thai.EndOfDay(to).Sub(thai.EndOfDay(from)) / (24 * time.Hour))
}

// soon is how many days before its end a term is worth a colour.
const soon = 3

// dueChip says how long there still is to answer; the clock stands while the sender is
// asked, and has run out of meaning once he was answered.
func (v *visit) dueChip(c *cases.Case) kit.Chip {
	now := v.f.Now()
	left := days(now, c.DueAt)
	switch {
	case c.State == cases.Closed:
		return kit.Chip{Tone: "quiet", Text: v.t("office.state-closed")}
	case c.State == cases.Answered:
		return kit.Chip{Tone: "good", Text: v.t("office.state-answered")}
	case c.State == cases.Quarantined:
		return kit.Chip{Tone: "wait", Text: v.t("office.state-quarantined")}
	case c.ClockLeft > 0:
		return kit.Chip{Tone: "wait", Text: v.t("office.due-stands")}
	case now.After(c.DueAt) && left == 0:
		return kit.Chip{Tone: "late", Text: v.t("office.due-late-today")}
	case now.After(c.DueAt):
		return kit.Chip{Tone: "late", Text: v.count("office.due-late", -left)}
	case left == 0:
		return kit.Chip{Tone: "wait", Text: v.t("office.due-today")}
	case left <= soon:
		return kit.Chip{Tone: "wait", Text: v.count("office.due-left", left)}
	}
	return kit.Chip{Tone: "quiet", Text: v.count("office.due-left", left)}
}

var stateTones = map[cases.State]string{cases.Quarantined: "wait", cases.Received: "busy", cases.Considering: "busy", cases.InProgress: "busy", cases.AwaitingSender: "wait", cases.Referred: "busy", cases.Answered: "good", cases.Closed: "quiet"}

func (v *visit) stateChip(s cases.State) kit.Chip {
	return kit.Chip{Tone: stateTones[s], Text: v.t("office.state-" + string(s))}
}

// flags are what must not be overlooked of a case.
func (v *visit) flags(c *cases.Case) []kit.Chip {
	var out []kit.Chip
	add := func(is bool, tone, key string) {
		if is {
			out = append(out, kit.Chip{Tone: tone, Text: v.t(key)})
		}
	}
	add(c.AboutStaff, "stop", "office.flag-staff")
	add(c.WithholdName, "quiet", "office.flag-withhold")
	add(c.Parked, "wait", "office.flag-parked")
	return out
}

func (v *visit) age(from time.Time) string {
	n := days(from, v.f.Now())
	if n <= 0 {
		return v.t("office.today")
	}
	return v.count("office.days", n)
}

// site is the short name of a site by its host.
func (v *visit) site(host string) string {
	if s, ok := v.f.Sites.Lookup(host); ok {
		return s.Short.In(v.lang)
	}
	return host
}

// people are names of accounts, looked up once a page.
type people struct {
	v     *visit
	names map[string]policy.Text
}

func (v *visit) people(accounts map[string]bool) (people, error) {
	var list []string
	for a := range accounts {
		if a != "" && a != "sender" && a != "system" {
			list = append(list, a)
		}
	}
	names, err := v.f.Accounts.Names(v.Context(), list)
	return people{v, names}, err
}

func (p people) name(account string) string {
	switch account {
	case "":
		return p.v.t("office.nobody")
	case "sender":
		return p.v.t("office.sender")
	case "system", "installation":
		return p.v.t("office.system")
	}
	if n, ok := p.names[account]; ok {
		return n.In(p.v.lang)
	}
	return account
}

// ground says on what a reading rests: the principal or order of the record.
func (v *visit) ground(g string) string {
	kind, ref, _ := strings.Cut(g, ":")
	switch kind {
	case "head", "officer":
		ref = v.agency(ref)
	}
	if key := "office.ground-" + kind; i18n.Has(key) {
		return v.t(key, "ref", ref)
	}
	return g
}

// purpose is the text of a purpose of the record.
func (v *visit) purpose(code string) string {
	if snap := v.f.Cases.Record(cases.Activity); snap != nil {
		for _, p := range snap.Purposes {
			if p.Code == code {
				return p.Text.In(v.lang)
			}
		}
	}
	if key := "office.purpose-" + code; i18n.Has(key) {
		return v.t(key)
	}
	return code
}

// element is the record's name of a personal datum.
func (v *visit) element(code string) string {
	if snap := v.f.Cases.Record(cases.Activity); snap != nil {
		for _, e := range snap.Elements {
			if e.Code == code {
				return e.Label.In(v.lang)
			}
		}
	}
	if key := "office.element-" + code; i18n.Has(key) {
		return v.t(key)
	}
	return code
}

func (v *visit) elements(codes []string) string {
	out := make([]string, len(codes))
	for i, c := range codes {
		out[i] = v.element(c)
	}
	return strings.Join(out, ", ")
}

// happened is what an event of the timeline says in its heading.
func (v *visit) happened(e *cases.Event, p people) string {
	key := "office.event-" + e.Kind
	switch e.Kind {
	case "endorse":
		key += "-" + e.Meta["kind"]
		if e.Meta["to"] != "" {
			return v.t("office.event-to", "what", v.t(key), "to", p.name(e.Meta["to"]))
		}
	case "assign":
		if e.Meta["to"] == "" {
			key += "-none"
		}
	case "answer":
		key += "-" + e.Meta["via"]
	}
	if !i18n.Has(key) {
		return e.Kind
	}
	return v.t(key, "to", p.name(e.Meta["to"]), "agency", v.agency(e.Meta["agency"]), "body", e.Meta["body"], "result", v.result(e.Meta["result"]))
}

func (v *visit) result(code string) string {
	if code == "" {
		return ""
	}
	return v.t("office.result-" + code)
}

// labelled are options whose labels are messages: prefix and value.
func (v *visit) labelled(prefix, selected string, values ...string) []kit.Option {
	out := make([]kit.Option, len(values))
	for i, x := range values {
		out[i] = kit.Option{Value: x, Label: v.t(prefix + x), Selected: x == selected}
	}
	return out
}

func plain[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = fmt.Sprint(x)
	}
	return out
}
