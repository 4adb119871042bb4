package api

import (
	"context"
	"strings"

	"prasan/internal/cases"
	"prasan/internal/policy"
)

type triage struct {
	Relevant bool   `json:"relevant" doc:"false parks the case for referral to the agency whose matter it is."`
	Reason   string `json:"reason"`
}

type assign struct {
	Account string `json:"account" doc:"A colleague of the agency that holds the case; empty takes it back."`
}

type say struct {
	Text string `json:"text"`
}

type reason struct {
	Reason string `json:"reason"`
}

type reply struct {
	Via  string `json:"via" enum:"email,phone"`
	Text string `json:"text"`
}

type closing struct {
	Result string `json:"result" enum:"done,explained,duplicate,no-reply,withdrawn,elsewhere"`
	Text   string `json:"text,omitempty"`
}

type endorse struct {
	Kind string `json:"kind" enum:"propose,remark,order,delegate" doc:"เสนอ, เกษียน, สั่งการ, มอบหมาย."`
	To   string `json:"to,omitempty" doc:"Account to which it is addressed."`
	Text string `json:"text"`
}

type pass struct {
	Agency string `json:"agency" doc:"Another office of the same controller."`
	Reason string `json:"reason"`
}

type redirect struct {
	Body string `json:"body" doc:"The body outside the ministry to which the sender should turn."`
	Text string `json:"text"`
}

type shield struct {
	Account string `json:"account,omitempty" doc:"Whom the complaint is about; empty if about the office's staff in general."`
}

// acts is what an action does: to a case, for somebody.
type acts[In any] func(ctx context.Context, a policy.Actor, reference string, in In) (cases.Case, error)

// operationID of "take-up" is takeUpCase.
func operationID(action string) string {
	first, second, two := strings.Cut(action, "-")
	if two {
		first += strings.ToUpper(second[:1]) + second[1:]
	}
	return first + "Case"
}

// act makes the operation of an action with a body.
func act[In any](name, summary string, f acts[In]) Operation {
	return Do(Operation{ID: operationID(name), Path: casePath + "/" + name, Tag: "cases", Summary: summary}, func(c *Call, in In) (Case, error) {
		x, err := f(c.Request.Context(), c.Actor, c.Path("reference"), in)
		return caseOf(x), err
	})
}

// step makes the operation of an action that needs no word.
func step(name, summary string, f func(ctx context.Context, a policy.Actor, reference string) (cases.Case, error)) Operation {
	return Get(post(Operation{ID: operationID(name), Path: casePath + "/" + name, Tag: "cases", Summary: summary}), func(c *Call) (Case, error) {
		x, err := f(c.Request.Context(), c.Actor, c.Path("reference"))
		return caseOf(x), err
	})
}

// caseActions are the transitions that are the office's. What the state does not
// declare is a conflict (409).
func (a *API) caseActions() []Operation {
	s := a.Cases
	return []Operation{
		step("consider", "Begin to consider (step 4).", s.Consider),
		act("triage", "Decide whether the matter is this office's, and why (step 4).", func(ctx context.Context, by policy.Actor, ref string, in triage) (cases.Case, error) {
			verdict := cases.Park
			if in.Relevant {
				verdict = cases.Relevant
			}
			return s.Triage(ctx, by, ref, verdict, in.Reason)
		}),
		step("resume", "Take a parked case back.", s.Resume),
		act("redirect", "Tell the sender which body outside the ministry to turn to.", func(ctx context.Context, by policy.Actor, ref string, in redirect) (cases.Case, error) {
			return s.Redirect(ctx, by, ref, in.Body, in.Text)
		}),
		act("pass", "Hand the case to another office of the same controller.", func(ctx context.Context, by policy.Actor, ref string, in pass) (cases.Case, error) {
			return s.Pass(ctx, by, ref, in.Agency, in.Reason)
		}),
		act("endorse", "Add a step to the endorsement chain.", func(ctx context.Context, by policy.Actor, ref string, in endorse) (cases.Case, error) {
			return s.Endorse(ctx, by, ref, in.Kind, in.To, in.Text)
		}),
		act("assign", "Give the case to a colleague.", func(ctx context.Context, by policy.Actor, ref string, in assign) (cases.Case, error) {
			return s.Assign(ctx, by, ref, in.Account)
		}),
		act("note", "Keep a remark that the sender does not see.", func(ctx context.Context, by policy.Actor, ref string, in say) (cases.Case, error) {
			return s.Note(ctx, by, ref, in.Text)
		}),
		act("ask", "Ask the sender for more; the clock stands until he answers.", func(ctx context.Context, by policy.Actor, ref string, in say) (cases.Case, error) {
			return s.Ask(ctx, by, ref, in.Text)
		}),
		act("hear", "Take down what the sender answered by phone or at the counter; the clock goes on.", func(ctx context.Context, by policy.Actor, ref string, in say) (cases.Case, error) {
			return s.Hear(ctx, by, ref, in.Text)
		}),
		act("take-up", "Take a case up again that was answered, closed or discarded by mistake.", func(ctx context.Context, by policy.Actor, ref string, in reason) (cases.Case, error) {
			return s.TakeUp(ctx, by, ref, in.Reason)
		}),
		act("inform", "Tell the sender how the matter stands; the state does not change.", func(ctx context.Context, by policy.Actor, ref string, in say) (cases.Case, error) {
			return s.Inform(ctx, by, ref, in.Text)
		}),
		act("answer", "Tell the result (step 6): by e-mail, or as the record of a phone call.", func(ctx context.Context, by policy.Actor, ref string, in reply) (cases.Case, error) {
			return s.Answer(ctx, by, ref, in.Via, in.Text)
		}),
		act("close", "End the case with a result.", func(ctx context.Context, by policy.Actor, ref string, in closing) (cases.Case, error) {
			return s.Close(ctx, by, ref, in.Result, in.Text)
		}),
		step("release", "Let a quarantined message in.", s.Release),
		step("discard", "End a quarantined message as unwanted.", s.Discard),
		act("shield", "Have a complaint go round those whom it is about.", func(ctx context.Context, by policy.Actor, ref string, in shield) (cases.Case, error) {
			return s.Shield(ctx, by, ref, in.Account)
		}),
	}
}
