package rights

import (
	"slices"

	"prasan/internal/policy"
)

// Rights that may be asked for, in plain words on the form.
const (
	Access        = "access"
	Source        = "source"
	Portability   = "portability"
	Objection     = "objection"
	Erasure       = "erasure"
	Restriction   = "restriction"
	Rectification = "rectification"
	Withdraw      = "withdraw"
	Complaint     = "complaint"
)

// Law is what the Act says of a right. Days are the statutory time from receipt; the
// installation may promise less, never more. No ground for a pause was found in it.
type Law struct {
	Right   string
	Section string
	Days    int
	Source  string
	Logged  bool // a refusal goes into the record (s.39(7))
}

// Laws are data: verify the numbers against the gazette.
var Laws = []Law{
	{Access, "30", 30, "PDPA s.30 paragraph 4", true},
	{Source, "30", 30, "PDPA s.30 paragraph 4", true},
	{Portability, "31", 30, "PDPA s.31: without delay; the time of s.30 is promised", true},
	{Objection, "32", 30, "PDPA s.32: the data is set apart at once", true},
	{Erasure, "33", 90, "PDPC notification in force 11 November 2024", false},
	{Restriction, "34", 30, "PDPA s.34: without delay", false},
	{Rectification, "35", 30, "PDPA ss.35 and 36: without delay", true},
	{Withdraw, "19", 1, "PDPA s.19 paragraph 5: at once", false},
	{Complaint, "73", 30, "PDPA s.73", false},
}

// LawOf returns the law of a right.
func LawOf(right string) (Law, bool) {
	i := slices.IndexFunc(Laws, func(l Law) bool { return l.Right == right })
	if i < 0 {
		return Law{}, false
	}
	return Laws[i], true
}

// Finding says whether a right applies to what is processed for one purpose.
type Finding struct {
	Purpose string `json:"purpose"`
	Basis   string `json:"basis"`
	Applies bool   `json:"applies"`
	Section string `json:"section"` // of the rule that decides
	Why     string `json:"why"`     // key of the catalogue
}

// rule says for which lawful bases a right applies, and by which rule not.
type rule struct {
	applies []string // bases; nil for every one
	refused string   // the section that excludes the others
	why     string
}

// rules: portability needs consent or contract (s.31); objection lies against a public
// task and legitimate interests (s.32); erasure is excluded for a public task, archives
// and legal duties (s.33 paragraph 2); withdrawal needs consent (s.19).
var rules = map[string]rule{
	Access:        {nil, "", "rights.why-always"},
	Source:        {nil, "", "rights.why-always"},
	Portability:   {[]string{"consent", "contract"}, "31", "rights.why-portability"},
	Objection:     {[]string{"public-task", "legitimate-interest", "official-duty"}, "32", "rights.why-objection"},
	Erasure:       {[]string{"consent", "contract", "vital", "legitimate-interest"}, "33", "rights.why-erasure"},
	Restriction:   {nil, "", "rights.why-always"},
	Rectification: {nil, "", "rights.why-always"},
	Withdraw:      {[]string{"consent"}, "19", "rights.why-withdraw"},
	Complaint:     {nil, "", "rights.why-always"},
}

// Assess works out, purpose by purpose, whether a right applies under a record.
func Assess(snap *policy.Snapshot, right string) []Finding {
	law, ok := LawOf(right)
	if !ok {
		return nil
	}
	r := rules[right]
	var out []Finding
	for _, p := range snap.Purposes {
		f := Finding{Purpose: p.Code, Basis: p.Basis, Applies: r.applies == nil || slices.Contains(r.applies, p.Basis), Section: law.Section, Why: "rights.why-always"}
		if r.applies != nil {
			f.Why = r.why
		}
		if !f.Applies {
			f.Section = r.refused
		}
		out = append(out, f)
	}
	return out
}

// Verdict is what the findings come to: granted, partly or refused.
func Verdict(list []Finding) string {
	yes := 0
	for _, f := range list {
		if f.Applies {
			yes++
		}
	}
	switch {
	case yes == 0:
		return Refused
	case yes < len(list):
		return Partly
	}
	return Granted
}
