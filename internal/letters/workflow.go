package letters

import (
	"slices"

	"prasan/internal/errs"
)

// Transition is a declared change of a letter. What is not in the table does not happen.
type Transition struct {
	Action string
	From   []State
	To     State
	By     string // the action that policy.May asks for; "system" for the program
}

// Transitions is the whole way of a letter; docs/letters.md prints it.
var Transitions = []Transition{
	{"revise", []State{Draft}, Draft, "letter.draft"},
	{"classify", []State{Draft, Checked}, "", "letter.read"},
	{"check", []State{Draft}, Checked, "letter.check"},
	{"return", []State{Checked}, Draft, "letter.check"},
	{"approve", []State{Checked}, Approved, "letter.read"},
	{"number", []State{Approved}, Numbered, "letter.number"},
	{"seal", []State{Numbered}, Sealed, "system"},
	{"paper", nil, Sealed, "letter.number"},
	{"dispatch", []State{Sealed, Dispatched}, Dispatched, "letter.dispatch"},
	{"cancel", []State{Draft, Checked, Approved, Numbered, Sealed}, Cancelled, "letter.cancel"},
}

func transition(l *Letter, action string) (Transition, error) {
	for _, t := range Transitions {
		if t.Action == action && slices.Contains(t.From, l.State) {
			if t.To == "" {
				t.To = l.State
			}
			return t, nil
		}
	}
	return Transition{}, errs.New(errs.Conflict, "error.letter-transition", "action", action, "state", string(l.State))
}

// next are the transitions that the state of a letter allows. One that has its number can
// be dispatched: where the seal has not come yet, it is made on the way.
func next(l *Letter) []Transition {
	var out []Transition
	if !l.DestroyedAt.IsZero() {
		return nil
	}
	for _, t := range Transitions {
		if t.By != "system" && (slices.Contains(t.From, l.State) || t.Action == "dispatch" && l.State == Numbered) {
			out = append(out, t)
		}
	}
	return out
}
