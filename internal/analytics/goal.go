package analytics

import (
	"context"
	"slices"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
)

// Goal is what is to be reached (เป้าหมาย).
type Goal struct {
	Name    string   `json:"name"`
	Metric  Metric   `json:"metric"`
	Hosts   []string `json:"hosts,omitempty"`
	Filters []Filter `json:"filters,omitempty"`
	Target  float64  `json:"target"`
	AtMost  bool     `json:"at_most"` // the value is to stay below the target
	From    int64    `json:"from"`
	To      int64    `json:"to"`
	Owner   string   `json:"owner"` // account
	Why     string   `json:"why"`
}

func (g *Goal) query() Query {
	return Query{Hosts: g.Hosts, Filters: g.Filters, From: g.From, To: g.To}
}

// met tells whether a value reaches the target.
func (g *Goal) met(value float64) bool {
	if g.AtMost {
		return value <= g.Target
	}
	return value >= g.Target
}

func (s *Service) checkGoal(actor policy.Actor, g *Goal) (agency string, err error) {
	q := g.query()
	if err := named(&g.Name, q.check()); err != nil {
		return "", err
	}
	if err := g.Metric.check(g.Filters); err != nil {
		return "", err
	}
	if !(g.Target > 0) || g.Target > 1e12 {
		return "", errs.InvalidField("target", "analytics.error-target")
	}
	if g.Owner == "" {
		g.Owner = actor.Account
	}
	g.Why, g.Owner = line(g.Why, 2000), line(g.Owner, 60)
	return s.owner(actor, g.Hosts)
}

// SetGoal stores a goal.
func (s *Service) SetGoal(ctx context.Context, actor policy.Actor, g Goal) (out Of[Goal], err error) {
	agency, err := s.checkGoal(actor, &g)
	if err != nil {
		return out, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		out, err = create(tx, s, actor.Account, Thing{Kind: KindGoal, Agency: agency, State: "open"}, g)
		return err
	})
	return out, err
}

// ChangeGoal stores a new version of a goal; evaluations name the version they judged.
func (s *Service) ChangeGoal(ctx context.Context, actor policy.Actor, id string, g Goal) (out Of[Goal], err error) {
	if _, err := s.checkGoal(actor, &g); err != nil {
		return out, err
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if out, err = work[Goal](tx, s, actor, ActionWork, KindGoal, id); err != nil {
			return err
		}
		if out.State != "open" {
			return errs.New(errs.Conflict, "analytics.error-closed")
		}
		out.Body = g
		out, err = change(tx, s, actor.Account, out)
		return err
	})
	return out, err
}

// CloseGoal ends a goal; what was found stays.
func (s *Service) CloseGoal(ctx context.Context, actor policy.Actor, id string) error {
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		x, err := work[Goal](tx, s, actor, ActionWork, KindGoal, id)
		if err != nil || x.State == "closed" {
			return err
		}
		x.State = "closed"
		_, err = change(tx, s, actor.Account, x)
		return err
	})
}

// Goals lists them, the newest first.
func (s *Service) Goals(ctx context.Context, actor policy.Actor) ([]Of[Goal], error) {
	return list[Goal](ctx, s, actor, KindGoal, "")
}

// Progress is how far a goal has come.
type Progress struct {
	Goal     Of[Goal]
	Value    float64
	Met      bool
	Elapsed  float64 // share of the period that is over, in percent
	Expected float64 // what a count would be by now, were it to grow evenly; 0 for shares
	Daily    []float64
}

// Goal shows a goal and its progress.
func (s *Service) Goal(ctx context.Context, actor policy.Actor, id string) (p Progress, err error) {
	err = s.read(ctx, func(tx *db.Tx) error {
		g, err := work[Goal](tx, s, actor, ActionRead, KindGoal, id)
		if err != nil {
			return err
		}
		p, err = s.progress(tx, actor, g)
		return err
	})
	return p, err
}

func (s *Service) progress(tx *db.Tx, actor policy.Actor, g Of[Goal]) (p Progress, err error) {
	p.Goal = g
	q := g.Body.query()
	today := dayOf(db.Micros(s.Now()))
	length := q.To - q.From + 1
	over := min(max(today-q.From+1, 0), length)
	p.Elapsed = percent(over, length)
	if over == 0 {
		return p, nil
	}
	q.To = q.From + over - 1
	d, err := s.measure(tx, actor, g.Body.Metric, q)
	if err != nil {
		return p, err
	}
	p.Value = d.value(0, len(d.parts))
	p.Met = g.Body.met(p.Value)
	p.Daily = d.each(0, len(d.parts))
	if d.wholes == nil {
		p.Expected = g.Body.Target * float64(over) / float64(length)
	}
	return p, nil
}

// Evaluation compares a goal and its result (การประเมินผล). Signed, it does not change.
type Evaluation struct {
	GoalVersion int64   `json:"goal_version"`
	Goal        Goal    `json:"goal"` // as it was judged
	From        int64   `json:"from"`
	To          int64   `json:"to"`
	Value       float64 `json:"value"`
	Met         bool    `json:"met"`
	Findings    string  `json:"findings"`
	SignedBy    string  `json:"signed_by,omitempty"`
	SignedAt    string  `json:"signed_at,omitempty"` // RFC 3339
}

// Evaluate writes down the result of a goal for the part of its period that is over,
// with what the analyst finds.
func (s *Service) Evaluate(ctx context.Context, actor policy.Actor, goal, findings string) (out Of[Evaluation], err error) {
	if findings = text(findings, 8000); findings == "" {
		return out, errs.InvalidField("findings", "error.required")
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		g, err := work[Goal](tx, s, actor, ActionWork, KindGoal, goal)
		if err != nil {
			return err
		}
		p, err := s.progress(tx, actor, g)
		if err != nil {
			return err
		}
		if p.Elapsed == 0 {
			return errs.New(errs.Conflict, "analytics.error-not-begun")
		}
		e := Evaluation{GoalVersion: g.Version, Goal: g.Body, From: g.Body.From, To: min(g.Body.To, dayOf(db.Micros(tx.Now()))), Value: p.Value, Met: p.Met, Findings: findings}
		out, err = create(tx, s, actor.Account, Thing{Kind: KindEvaluation, Agency: g.Agency, Parent: g.ID, State: "draft"}, e)
		return err
	})
	return out, err
}

// Sign signs an evaluation off; not by him who wrote it.
func (s *Service) Sign(ctx context.Context, actor policy.Actor, id string) (out Of[Evaluation], err error) {
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if out, err = work[Evaluation](tx, s, actor, ActionSign, KindEvaluation, id); err != nil {
			return err
		}
		if out.State != "draft" {
			return errs.New(errs.Conflict, "analytics.error-signed")
		}
		if out.By == actor.Account {
			return errs.New(errs.Forbidden, "analytics.error-own")
		}
		out.State, out.Body.SignedBy, out.Body.SignedAt = "signed", actor.Account, tx.Now().Format(time.RFC3339)
		out, err = change(tx, s, actor.Account, out)
		return err
	})
	return out, err
}

// Evaluations lists those of a goal; of all goals when it is "".
func (s *Service) Evaluations(ctx context.Context, actor policy.Actor, goal string) ([]Of[Evaluation], error) {
	return list[Evaluation](ctx, s, actor, KindEvaluation, goal)
}

// States of an action of a plan.
const (
	ActionPlanned = "planned"
	ActionDoing   = "doing"
	ActionDone    = "done"
	ActionDropped = "dropped"
)

// ActionStates in their order.
var ActionStates = []string{ActionPlanned, ActionDoing, ActionDone, ActionDropped}

// Plan is what is done to reach a goal (แผนปรับปรุง).
type Plan struct {
	Name    string   `json:"name"`
	Hosts   []string `json:"hosts,omitempty"` // of the goal
	Actions []Action `json:"actions"`
}

// Action is a step of a plan.
type Action struct {
	Text   string `json:"text"`
	Owner  string `json:"owner"`
	Due    int64  `json:"due"`
	State  string `json:"state"`
	DoneOn int64  `json:"done_on,omitempty"`
}

// PlanFor stores a plan for a goal.
func (s *Service) PlanFor(ctx context.Context, actor policy.Actor, goal string, p Plan) (out Of[Plan], err error) {
	if err := named(&p.Name, nil); err != nil {
		return out, err
	}
	if len(p.Actions) == 0 || len(p.Actions) > 50 {
		return out, errs.InvalidField("actions", "analytics.error-actions")
	}
	for i := range p.Actions {
		a := &p.Actions[i]
		a.Text, a.Owner, a.State, a.DoneOn = line(a.Text, 500), line(a.Owner, 60), ActionPlanned, 0
		if a.Text == "" {
			return out, errs.InvalidField("actions", "error.required")
		}
		if a.Owner == "" {
			a.Owner = actor.Account
		}
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		g, err := work[Goal](tx, s, actor, ActionWork, KindGoal, goal)
		if err != nil {
			return err
		}
		p.Hosts = g.Body.Hosts
		out, err = create(tx, s, actor.Account, Thing{Kind: KindPlan, Agency: g.Agency, Parent: g.ID, State: "open"}, p)
		return err
	})
	return out, err
}

// Act sets the state of an action of a plan; when all are done or dropped, so is the plan.
func (s *Service) Act(ctx context.Context, actor policy.Actor, plan string, no int, state string) (out Of[Plan], err error) {
	if !slices.Contains(ActionStates, state) {
		return out, errs.InvalidField("state", "analytics.error-state")
	}
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		if out, err = work[Plan](tx, s, actor, ActionWork, KindPlan, plan); err != nil {
			return err
		}
		if no < 1 || no > len(out.Body.Actions) {
			return errs.InvalidField("no", "analytics.error-action")
		}
		a := &out.Body.Actions[no-1]
		a.State, a.DoneOn = state, 0
		if state == ActionDone {
			a.DoneOn = dayOf(db.Micros(tx.Now()))
		}
		out.State = "done"
		for _, a := range out.Body.Actions {
			if a.State != ActionDone && a.State != ActionDropped {
				out.State = "open"
			}
		}
		out, err = change(tx, s, actor.Account, out)
		return err
	})
	return out, err
}

// Plans lists those of a goal; of all goals when it is "".
func (s *Service) Plans(ctx context.Context, actor policy.Actor, goal string) ([]Of[Plan], error) {
	return list[Plan](ctx, s, actor, KindPlan, goal)
}

// effectDays is how many days before and after are compared at most: whole weeks,
// because Sundays are not Mondays.
const effectDays = 56

// Effect measures a plan by the goal that it serves: the days before its first finished
// action against those after its last one.
func (s *Service) Effect(ctx context.Context, actor policy.Actor, plan string) (e Effect, err error) {
	err = s.read(ctx, func(tx *db.Tx) error {
		p, err := work[Plan](tx, s, actor, ActionRead, KindPlan, plan)
		if err != nil {
			return err
		}
		g, err := thing[Goal](tx, KindGoal, p.Parent)
		if err != nil {
			return err
		}
		first, last := p.Body.finished()
		if first == 0 {
			return errs.New(errs.Conflict, "analytics.error-nothing-done")
		}
		e, err = s.effect(tx, actor, &g.Body, first, last)
		return err
	})
	return e, err
}

// finished are the days of the first and of the last finished action.
func (p *Plan) finished() (first, last int64) {
	for _, a := range p.Actions {
		if a.State != ActionDone {
			continue
		}
		if first == 0 || a.DoneOn < first {
			first = a.DoneOn
		}
		last = max(last, a.DoneOn)
	}
	return first, last
}

func (s *Service) effect(tx *db.Tx, actor policy.Actor, g *Goal, first, last int64) (Effect, error) {
	yesterday := dayOf(db.Micros(s.Now())) - 1
	weeks := min((yesterday-last)/7*7, effectDays)
	if weeks < 7 {
		return Effect{}, nil
	}
	q := g.query()
	q.From, q.To = first-weeks, first-1
	before, err := s.measure(tx, actor, g.Metric, q)
	if err != nil {
		return Effect{}, err
	}
	q.From, q.To = last+1, last+weeks
	after, err := s.measure(tx, actor, g.Metric, q)
	if err != nil {
		return Effect{}, err
	}
	return compareDays(before.each(0, len(before.parts)), after.each(0, len(after.parts))), nil
}

// text is what somebody of the office wrote, of several lines.
func text(s string, max int) string {
	var b []rune
	for _, r := range s {
		if r == '\n' || visible(string(r)) != "" {
			b = append(b, r)
		}
	}
	return string(b[:min(len(b), max)])
}
