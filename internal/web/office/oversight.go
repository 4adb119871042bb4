package office

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"prasan/internal/audit"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/i18n"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// oversightPage is where the work of those begins who watch over others': how much
// waits, who has read personal data and on what ground, and who was refused.
type oversightPage struct {
	Heading, Lead string
	Truth         *truthNumber // of the record, for who watches over it
	Numbers       []number
	Readings      kit.Table
	Refused       kit.Table
	Links         []kit.Link
}

type number struct{ Text, Value, Href string }

// shownReadings is how many lines of the log the page shows.
const shownReadings = 20

var oversightRoutes = []route{{"GET /{lang}/office/oversight", full, "log.read", oversight}}

func oversight(v *visit) error {
	n, err := v.f.Cases.Count(v.Context(), v.session.Actor)
	if err != nil {
		return err
	}
	p := oversightPage{Heading: v.t("office.oversight"), Lead: v.t("office.oversight-lead"), Links: []kit.Link{{Href: v.to("/office/audit?area=data"), Text: v.t("office.oversight-all")}, {Href: v.to("/office/audit"), Text: v.t("office.audit")}}}
	for _, x := range []struct {
		key, query string
		n          int
	}{{"open", "view=open", n.Open}, {"late", "view=open&overdue=yes", n.Overdue}, {"quarantined", "view=quarantined", n.Quarantined}, {"parked", "view=parked", n.Parked}} {
		p.Numbers = append(p.Numbers, number{v.t("office.view-" + x.key), kit.Thousands(x.n), v.to("/office/cases?" + x.query)})
	}
	waiting, err := v.reviewsWaiting()
	if err != nil {
		return err
	}
	p.Numbers = append(p.Numbers, waiting...)
	report, err := v.truthReport()
	if err != nil {
		return err
	}
	p.Truth = v.numberOf(report)
	lines, err := v.auditLines(audit.Filter{Area: "data", Limit: 200})
	if err != nil {
		return err
	}
	if p.Readings, p.Refused, err = v.readLines(lines); err != nil {
		return err
	}
	return v.page(http.StatusOK, p.Heading, "office/oversight", p)
}

func (v *visit) auditLines(f audit.Filter) (lines []audit.Line, err error) {
	err = v.f.DB.Read(v.Context(), func(tx *db.Tx) (err error) { lines, err = audit.List(tx, f); return err })
	return lines, err
}

// readLine is what the audit says about an act on personal data.
type readLine struct {
	Purpose  string   `json:"purpose"`
	Ground   string   `json:"ground"`
	Elements []string `json:"elements"`
	Subjects int      `json:"subjects"`
	Detail   string   `json:"detail"`
	Reason   string   `json:"reason"`
}

// readLines makes the tables of readings by people, and of refusals, the newest first.
func (v *visit) readLines(lines []audit.Line) (readings, refused kit.Table, err error) {
	accounts := map[string]bool{}
	for _, l := range lines {
		accounts[l.Actor] = true
	}
	names, err := v.people(accounts)
	if err != nil {
		return readings, refused, err
	}
	readings = kit.Table{Caption: v.t("office.oversight-readings"), Head: []string{v.t("office.at"), v.t("office.actor"), v.t("office.purpose"), v.t("office.ground"), v.t("office.data"), v.t("office.subjects")}, Empty: v.t("office.oversight-none")}
	refused = kit.Table{Caption: v.t("office.oversight-refused"), Head: []string{v.t("office.at"), v.t("office.actor"), v.t("office.purpose"), v.t("office.reason")}, Empty: v.t("office.oversight-none-refused")}
	for _, l := range lines {
		var r readLine
		if json.Unmarshal([]byte(l.Body), &r) != nil {
			continue // a line of another form is in the audit itself
		}
		at, who := kit.Cell{Text: thai.DateTime(l.At, v.lang)}, kit.Cell{Text: names.name(l.Actor)}
		switch {
		case l.Action == "data.read" && len(readings.Rows) < shownReadings:
			readings.Rows = append(readings.Rows, []kit.Cell{at, who, {Text: v.purpose(r.Purpose)}, {Text: v.ground(r.Ground)}, {Text: v.elements(r.Elements)}, {Text: kit.Thousands(r.Subjects), Number: true}})
		case l.Action == "data.refused" && len(refused.Rows) < shownReadings:
			refused.Rows = append(refused.Rows, []kit.Cell{at, who, {Text: v.purpose(r.Purpose)}, {Text: v.t(r.Reason)}})
		}
	}
	return readings, refused, nil
}

// areas are the parts of the audit that can be looked at alone.
var areas = []string{"case", "data", "account", "delegation", "record", "mail", "site"}

func (v *visit) areaOptions(selected string) []kit.Option {
	return append([]kit.Option{{Label: v.t("office.any")}}, v.labelled("office.area-", selected, areas...)...)
}

// object links an audit line to the case that it is about.
func (v *visit) object(of string) kit.Cell {
	if ref, ok := strings.CutPrefix(of, "case:"); ok {
		if _, ok := cases.Reference(ref); ok {
			return kit.Cell{Text: of, Href: v.to("/office/cases/" + ref)}
		}
	}
	return kit.Cell{Text: of}
}

// told is the body of an audit line as words: names and values, what is empty left out.
func (v *visit) told(body string) string {
	fields := map[string]any{}
	if json.Unmarshal([]byte(body), &fields) != nil {
		return body
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if text := v.value(fields[name]); text != "" {
			out = append(out, name+": "+text)
		}
	}
	return strings.Join(out, " · ")
}

func (v *visit) value(x any) string {
	switch x := x.(type) {
	case nil:
		return ""
	case string:
		if i18n.Has(x) {
			return v.t(x)
		}
		return x
	case []any:
		parts := make([]string, len(x))
		for i := range x {
			parts[i] = v.value(x[i])
		}
		return strings.Join(parts, ", ")
	case map[string]any:
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(x)) {
			if text := v.value(x[name]); text != "" {
				parts = append(parts, name+" "+text)
			}
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(x)
}
