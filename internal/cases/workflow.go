package cases

import (
	"slices"

	"prasan/internal/errs"
)

// Transition is a declared change of a case. What is not in the table does not happen.
type Transition struct {
	Action string
	From   []State
	To     State  // "" keeps the state
	Step   int    // of the declared flow of the record
	By     string // "sender", "system", or the action that policy.May asks for
	Public bool   // the sender sees it
}

// all and open are what several rows begin from.
var all = States

var open = []State{Received, Considering, InProgress, AwaitingSender, Referred, Answered}

// Transitions is the whole workflow of this package; docs/workflow.md prints it.
var Transitions = []Transition{
	{"receive", nil, Received, 3, "system", true},
	{"quarantine", nil, Quarantined, 3, "system", true},
	{"release", []State{Quarantined}, Received, 3, "case.sift", false},
	{"discard", []State{Quarantined}, Closed, 3, "case.sift", false},
	{"consider", []State{Received}, Considering, 4, "case.route", true},
	{"endorse", open, "", 4, "case.route", false},
	{"assign", open, "", 4, "case.route", false},
	{"triage-relevant", []State{Received, Considering}, InProgress, 4, "case.route", true},
	{"triage-park", []State{Received, Considering, InProgress}, Considering, 7, "case.route", false},
	{"resume", []State{Considering}, Considering, 4, "case.route", false},
	{"redirect", []State{Received, Considering, InProgress}, Answered, 6, "case.work", true},
	{"pass", []State{Received, Considering, InProgress}, Received, 4, "case.route", true},
	{"note", all, "", 5, "case.route", false},
	{"ask", []State{Considering, InProgress}, AwaitingSender, 5, "case.work", true},
	{"reply", []State{AwaitingSender}, InProgress, 5, "sender", true},
	{"hear", []State{AwaitingSender}, InProgress, 5, "case.work", true},
	{"lapse", []State{AwaitingSender}, InProgress, 5, "system", true},
	{"write", []State{Received, Considering, InProgress, Referred, Answered}, "", 5, "sender", true},
	{"inform", []State{Received, Considering, InProgress, Referred}, "", 5, "case.work", true},
	{"answer", []State{InProgress, AwaitingSender, Answered}, Answered, 6, "case.work", true},
	{"accept", []State{Answered}, Closed, 6, "sender", true},
	{"reopen", []State{Answered, Closed}, InProgress, 5, "sender", true},
	{"take-up", []State{Answered, Closed}, InProgress, 5, "case.work", true},
	{"rate", []State{Answered, Closed}, "", 6, "sender", false},
	{"close", []State{InProgress, AwaitingSender, Answered}, Closed, 6, "case.work", true},
	{"verify-email", all, "", 3, "sender", false},
	{"reissue", all, "", 3, "case.reissue", false},
	{"renew-code", all, "", 3, "sender", false},
	// What a referral does to a case (referral.go); who may is decided there.
	{"refer", []State{Received, Considering, InProgress, Referred}, Referred, 7, "system", false},
	{"refer-sent", []State{Referred}, Referred, 8, "system", true},
	{"refer-recall", []State{Referred}, InProgress, 7, "system", false},
	{"refer-return", []State{Referred}, Considering, 9, "system", false},
	{"refer-reply", []State{Considering, InProgress, Referred, Answered}, "", 9, "system", false},
	{"refer-result", []State{InProgress, Referred, Answered}, Answered, 10, "system", true},
	{"shield", open, "", 4, "case.shielded", false},
}

// isOffices tells whether a person of the office takes the step.
func (t Transition) isOffices() bool { return t.By != "sender" && t.By != "system" }

// transition finds the row of an action for a case; errs.Conflict when there is none.
func transition(c *Case, action string) (Transition, error) {
	for _, t := range Transitions {
		if t.Action != action {
			continue
		}
		if !slices.Contains(t.From, c.State) {
			break
		}
		if t.To == "" {
			t.To = c.State
		}
		return t, nil
	}
	return Transition{}, errs.New(errs.Conflict, "error.transition", "action", action, "state", string(c.State))
}

// Next lists the actions that the state of a case allows, in the table's order.
func Next(c *Case) []string {
	var out []string
	for _, t := range Transitions {
		if slices.Contains(t.From, c.State) && (t.Action != "resume" || c.Parked) {
			out = append(out, t.Action)
		}
	}
	return out
}
