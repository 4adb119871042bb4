// Package lint finds what a record says against itself, leaves out, or leaves open. Its
// rules are a table; none of them reads anything but the record. What can only be found
// by looking at the running program is for its probes, not for the lint.
package lint

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"prasan/internal/ropa"
)

// Severity orders findings.
type Severity string

const (
	Error    Severity = "error"    // the record contradicts itself, or lacks what the law asks
	Warning  Severity = "warning"  // very likely wrong
	Question Severity = "question" // for a person to answer, often a lawyer
	Info     Severity = "info"     // worth knowing; nothing has to be done
)

// Severities lists them, gravest first.
var Severities = []Severity{Error, Warning, Question, Info}

// Finding is one thing found in one record. Fields are identifiers of rows of the form
// and paths into the canonical form.
type Finding struct {
	Rule     string    `json:"rule"`
	Severity Severity  `json:"severity"`
	Activity string    `json:"activity"`
	Law      string    `json:"law,omitempty"`
	Fields   []string  `json:"fields"`
	Message  ropa.Text `json:"-"`
}

// Rule is one of the table.
type Rule struct {
	ID       string
	Severity Severity // the gravest that it reports
	Law      string   // section of the PDPA, or another source
	Text     ropa.Text
	check    func(c *checker) hit
}

// hit is what a rule found; the zero value is nothing.
type hit struct {
	fields []string
	detail ropa.Text // what it found where, added to the rule's text
	lesser Severity  // where the case is lighter than the rule's own severity

	// standing marks a question that the form has no place to answer. It is asked
	// while the record is being corrected, and kept in sight as info once nothing else
	// stands against it.
	standing bool
}

// checker is a record under examination, among the others of the same run.
type checker struct {
	r *ropa.Revision
	*run
}

// run is the records that are examined together, and what is asked of all of them: once,
// not for each.
type run struct {
	all     []*ropa.Revision
	traffic func() bool     // one declares computer traffic data
	cycles  func() []cycled // of all, in their order
}

func newRun(all []*ropa.Revision) *run {
	return &run{all, sync.OnceValue(func() bool { return slices.ContainsFunc(all, declaresTraffic) }), sync.OnceValue(func() []cycled { return cyclesOf(all) })}
}

// Run examines records together: some rules compare them. Findings come in the order
// of the records, and for each in the order of the table.
func Run(records ...*ropa.Revision) []Finding {
	var out []Finding
	for _, list := range Each(records) {
		out = append(out, list...)
	}
	return out
}

// Each is Run with the findings of each record by themselves.
func Each(records []*ropa.Revision) [][]Finding {
	out, together := make([][]Finding, len(records)), newRun(records)
	var next atomic.Int64
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (len(records)+15)/16) { // a few are not worth company
		all.Go(func() {
			for n := next.Add(1) - 1; n < int64(len(records)); n = next.Add(1) - 1 {
				out[n] = examine(&checker{records[n], together})
			}
		})
	}
	all.Wait()
	return out
}

func examine(c *checker) []Finding {
	var out []Finding
	var standing []int
	graver := false
	for i := range Rules {
		h := Rules[i].check(c)
		if len(h.fields) == 0 {
			continue
		}
		f := Rules[i].finding(c.r, h)
		if h.standing {
			standing = append(standing, len(out))
		} else {
			graver = graver || f.Severity != Info
		}
		out = append(out, f)
	}
	for _, i := range standing {
		if !graver {
			out[i].Severity = Info
		}
	}
	return out
}

func (rule *Rule) finding(r *ropa.Revision, h hit) Finding {
	f := Finding{Rule: rule.ID, Severity: rule.Severity, Activity: r.Code, Law: rule.Law, Message: rule.Text}
	if h.lesser != "" {
		f.Severity = h.lesser
	}
	for _, x := range h.fields {
		if !slices.Contains(f.Fields, x) {
			f.Fields = append(f.Fields, x)
		}
	}
	if h.detail.TH != "" {
		f.Message = ropa.Text{TH: f.Message.TH + ": " + h.detail.TH, EN: f.Message.EN + ": " + h.detail.EN}
	}
	return f
}

// Worst is the gravest severity among findings; "" for none.
func Worst(list []Finding) Severity {
	for _, s := range Severities {
		if slices.ContainsFunc(list, func(f Finding) bool { return f.Severity == s }) {
			return s
		}
	}
	return ""
}

// Passes tells whether a record has nothing that must be corrected or answered.
func Passes(list []Finding) bool { w := Worst(list); return w == "" || w == Info }

// Markdown is the table of rules for the docs.
func Markdown() string {
	var b strings.Builder
	b.WriteString("# Lint rules\n\nWritten by the program from its own table. `prasan ropa lint FILE...` applies the rules; several files are compared with each other.\n\n| Rule | Severity | Law | What it finds | สิ่งที่ตรวจพบ |\n|---|---|---|---|---|\n")
	for _, r := range Rules {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", r.ID, r.Severity, r.Law, r.Text.EN, r.Text.TH)
	}
	b.WriteString("\nSeverities: error (the record contradicts itself, or lacks what the law asks), warning (very likely wrong), question (for a person to answer), info (worth knowing).\nA rule may report less than its severity where the case is lighter. Questions about who answers for what, which the form has no place to answer, are asked while a record is being corrected and stay as info once nothing else stands against it.\n")
	return b.String()
}
