package policy

import (
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"prasan/internal/ropa"
)

// FormElements are the fields of the contact form, in the order of the record.
func (s *Snapshot) FormElements() []Element {
	var out []Element
	for _, e := range s.Elements {
		if e.Kind == "form" {
			out = append(out, e)
		}
	}
	return out
}

// HasPurpose tells whether the record declares a purpose.
func (s *Snapshot) HasPurpose(code string) bool { return s.purpose(code) != nil }

// Declares tells whether the record declares an element for a purpose.
func (s *Snapshot) Declares(purpose, element string) bool {
	p := s.purpose(purpose)
	return p != nil && slices.Contains(p.Elements, element)
}

func (s *Snapshot) purpose(code string) *Purpose {
	for i := range s.Purposes {
		if s.Purposes[i].Code == code {
			return &s.Purposes[i]
		}
	}
	return nil
}

// DueAt is when what is anchored at a moment becomes due for destruction.
func (s *Snapshot) DueAt(anchor time.Time) time.Time { return s.Retention.DueAt(anchor) }

// MayRead decides whether an actor may read personal data for a purpose: the record
// declares the purpose, and names the actor among those who have access (row 13).
func (s *Snapshot) MayRead(a Actor, purpose string) Decision {
	p := s.purpose(purpose)
	if p == nil {
		return Decision{Reason: "error.purpose-not-declared"}
	}
	ground, ok := s.admits(s.Access, a)
	if !ok {
		return Decision{Reason: "error.purpose-not-declared"}
	}
	return Decision{Allowed: true, Elements: p.Elements, Ground: ground}
}

// MayDo decides whether the record names an actor for a duty (rows 24-33).
func (s *Snapshot) MayDo(a Actor, d Duty) Decision {
	ground, ok := s.admits(s.Duties[d], a)
	if !ok {
		return Decision{Reason: "error.forbidden"}
	}
	return Decision{Allowed: true, Ground: ground}
}

// ResponsibleAt are those who act on a breach of a risk: who is named for that level, or
// for one below it, or for none in particular (row 52).
func (s *Snapshot) ResponsibleAt(risk string) (out []Principal) {
	for _, r := range s.Breaches {
		if slices.Index(ropa.RiskLevels, r.RiskLevel) <= slices.Index(ropa.RiskLevels, risk) {
			out = append(out, r.Principal)
		}
	}
	return out
}

// MayDisclose decides whether elements may go to an agency by a channel (rows 16 and
// 17, s.27): the elements are those that the record declares for that recipient.
func (s *Snapshot) MayDisclose(agency, via string) (Recipient, Decision) {
	reason, known := "error.recipient-not-declared", Recipient{}
	for _, r := range s.Recipients {
		if !slices.Contains(r.Members, agency) {
			continue
		}
		if via == "" || slices.Contains(r.Via, via) {
			return r, Decision{Allowed: true, Elements: r.Elements, Ground: ground("recipient", r.Org)}
		}
		reason, known = "error.channel-not-declared", r
	}
	return known, Decision{Reason: reason}
}

// MayTransfer decides whether the record lists a recipient abroad, with the basis on
// which data may go there (row 17, ss.28-29).
func (s *Snapshot) MayTransfer(recipient string) (Transfer, Decision) {
	for _, t := range s.Transfers {
		if t.Code == recipient && t.Basis == "" {
			return Transfer{}, Decision{Reason: "error.transfer-without-basis"}
		}
		if t.Code == recipient {
			return t, Decision{Allowed: true, Elements: t.Elements, Ground: ground("transfer", t.Code)}
		}
	}
	return Transfer{}, Decision{Reason: "error.recipient-not-declared"}
}

// Level returns a level of usage collection that the record declares.
func (s *Snapshot) Level(code string) (Level, bool) {
	for _, l := range s.Levels {
		if l.Code == code {
			return l, true
		}
	}
	return Level{}, false
}

// KeptFor is how long an element is kept: by its own period, else by that of the record.
func (s *Snapshot) KeptFor(element string) Retention {
	if r, ok := s.Kept[element]; ok {
		return r
	}
	return s.Retention
}

// admits finds the principal that covers an actor and says it as the ground: what a
// log shows to have been the reason.
func (s *Snapshot) admits(list []Principal, a Actor) (reason string, ok bool) {
	if a.Account == "" {
		return "", false
	}
	for i := range list {
		if reason, ok = s.covers(&list[i], &a); ok {
			return reason, true
		}
	}
	return "", false
}

// Stands tells whether one of the principals stands for an actor.
func (s *Snapshot) Stands(list []Principal, a Actor) bool {
	_, ok := s.admits(list, a)
	return ok
}

func (s *Snapshot) covers(p *Principal, a *Actor) (reason string, ok bool) {
	switch p.Kind {
	case HeadOrDelegate:
		if a.IsHead {
			return ground("head", a.Agency), true
		}
		return s.order(a)
	case Officer:
		if slices.Contains(a.Roles, "officer") {
			return ground("officer", a.Agency), true
		}
		return s.order(a)
	case DPO:
		ok = slices.Contains(a.Roles, "dpo")
	case Person:
		ok = p.Ref != "" && a.Person == p.Ref
	case Position:
		ok = slices.Contains(a.Positions, p.Ref)
	case Unit:
		ok = a.Agency == p.Ref
	case Within:
		ok = a.Agency == p.Ref || slices.Contains(a.Above, p.Ref)
	}
	if !ok {
		return "", false
	}
	return ground(string(p.Kind), p.Ref), true
}

// order finds a delegation in force that covers the activity.
func (s *Snapshot) order(a *Actor) (reason string, ok bool) {
	for _, o := range a.Orders {
		if (o.Activity == s.Activity || o.Activity == "*") && o.Agency == a.Agency {
			return ground("order", o.Number), true
		}
	}
	return "", false
}

// grounds keeps the texts of grounds, which are few and said often, so that a decision
// allocates nothing.
var grounds atomic.Pointer[map[[2]string]string]

const maxGrounds = 10000

func ground(kind, ref string) string {
	if ref == "" {
		return kind
	}
	key := [2]string{kind, ref}
	known := grounds.Load()
	if known != nil {
		if text, ok := (*known)[key]; ok {
			return text
		}
	}
	text := kind + ":" + ref
	next := map[[2]string]string{key: text}
	if known != nil && len(*known) < maxGrounds {
		maps.Copy(next, *known)
	}
	grounds.Store(&next) // a text lost to another writer is made again
	return text
}
