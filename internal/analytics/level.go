package analytics

import (
	"slices"

	"prasan/internal/consent"
	"prasan/internal/policy"
)

// Activity is the code of the record under which usage is counted.
const Activity = "usage-analytics"

// Level is how much is collected of a visit.
type Level int

const (
	L0 Level = iota // a count, no id
	L1              // an id of the day
	L2              // the site's own cookie, by consent
	L3              // L2, and to the provider abroad
)

var levelNames = [...]string{"L0", "L1", "L2", "L3"}

func (l Level) String() string { return levelNames[l] }

// Provider is the recipient abroad that level 3 is about.
const Provider = "google"

// Signals are what a visitor says about being counted.
type Signals struct {
	OptOut  bool // Sec-GPC or DNT
	Choice  consent.Choice
	Visitor string // of the cookie that consent allowed; "" without one
}

// Scope is what may be collected of one hit, decided from the record and the visitor.
type Scope struct {
	Level    Level
	Elements []string
	Abroad   []string // what may be passed on at level 3
	Revision string   // id of the revision it rests on
}

// Has tells whether an element may be collected.
func (s *Scope) Has(element string) bool { return slices.Contains(s.Elements, element) }

// Decide picks the highest level that both the record and the visitor allow. Without a
// record, or without a level in it, nothing is collected.
func Decide(s *policy.Snapshot, v Signals) (Scope, bool) {
	if s == nil {
		return Scope{}, false
	}
	for l := highest(s, v); l >= L0; l-- {
		declared, ok := s.Level(l.String())
		if !ok || l >= L2 && declared.Basis != "consent" {
			continue
		}
		scope := Scope{Level: l, Elements: declared.Elements, Revision: s.RevisionID}
		if l == L3 { // what is kept here is as at level 2
			own, ok := s.Level(L2.String())
			if !ok {
				continue
			}
			scope.Abroad, scope.Elements = abroadOf(s, declared.Elements), own.Elements
		}
		return scope, true
	}
	return Scope{}, false
}

// highest is what the visitor allows. Who refuses, or whose device asks not to be
// tracked, is counted without an id at all.
func highest(s *policy.Snapshot, v Signals) Level {
	_, abroad := s.MayTransfer(Provider)
	switch {
	case v.OptOut || v.Choice.Refused():
		return L0
	case v.Visitor == "" || !v.Choice.Allows(consent.Analytics):
		return L1
	case v.Choice.Allows(consent.Google) && abroad.Allowed:
		return L3
	}
	return L2
}
