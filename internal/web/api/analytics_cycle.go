package api

import (
	"time"

	"prasan/internal/analytics"
)

// UsageThing is what goals, evaluations, plans, formats and the like have in common.
type UsageThing struct {
	ID        string    `json:"id"`
	Agency    string    `json:"agency"`
	State     string    `json:"state"`
	Version   int64     `json:"version"`
	By        string    `json:"by"`
	ChangedAt time.Time `json:"changed_at"`
}

func thingOf(t analytics.Thing) UsageThing {
	return UsageThing{t.ID, t.Agency, t.State, t.Version, t.By, t.ChangedAt}
}

// UsageGoalBody is a goal as it is set.
type UsageGoalBody struct {
	Name    string             `json:"name"`
	Metric  string             `json:"metric" doc:"A name of the list in docs/analytics.md, with an argument after a colon where it needs one."`
	Sites   []string           `json:"sites,omitempty"`
	Filters []analytics.Filter `json:"filters,omitempty"`
	Target  float64            `json:"target"`
	AtMost  bool               `json:"at_most,omitempty" doc:"The value is to stay below the target."`
	From    string             `json:"from"`
	To      string             `json:"to"`
	Owner   string             `json:"owner,omitempty" doc:"Account; the caller's if absent."`
	Why     string             `json:"why,omitempty"`
}

// UsageGoal is a goal with how far it has come.
type UsageGoal struct {
	UsageThing
	UsageGoalBody
	Progress *UsageProgress `json:"progress,omitempty" doc:"Only of a single goal."`
}

// UsageProgress is how far a goal has come.
type UsageProgress struct {
	Value   float64 `json:"value"`
	Met     bool    `json:"met"`
	Elapsed float64 `json:"elapsed" doc:"Percent of the period that is over."`
}

// UsageEvaluation compares a goal and its result.
type UsageEvaluation struct {
	UsageThing
	Goal     string  `json:"goal"`
	From     string  `json:"from"`
	To       string  `json:"to"`
	Target   float64 `json:"target"`
	Value    float64 `json:"value"`
	Met      bool    `json:"met"`
	Findings string  `json:"findings"`
	SignedBy string  `json:"signed_by,omitempty"`
	SignedAt string  `json:"signed_at,omitempty"`
}

// UsagePlan is what is done to reach a goal.
type UsagePlan struct {
	UsageThing
	Goal    string        `json:"goal"`
	Name    string        `json:"name"`
	Actions []UsageAction `json:"actions"`
}

// UsageAction is a step of a plan.
type UsageAction struct {
	Text   string `json:"text"`
	Owner  string `json:"owner,omitempty"`
	Due    string `json:"due,omitempty"`
	State  string `json:"state,omitempty" enum:"planned,doing,done,dropped"`
	DoneOn string `json:"done_on,omitempty"`
}

// UsageEffect is a goal's metric before and after a plan.
type UsageEffect struct {
	Days       int     `json:"days" doc:"Compared on each side, whole weeks; 0: too early to say."`
	Before     float64 `json:"before" doc:"Mean of a day."`
	After      float64 `json:"after"`
	Difference float64 `json:"difference"`
	Low        float64 `json:"low" doc:"95 % interval of the difference."`
	High       float64 `json:"high"`
	Sure       bool    `json:"sure" doc:"Nought is not in the interval."`
}

// UsageFormat is the form of a report.
type UsageFormat struct {
	UsageThing
	analytics.Format
}

// UsageSchedule has a report mailed.
type UsageSchedule struct {
	UsageThing
	Format  string `json:"format"`
	Every   string `json:"every" enum:"day,week,month,alert"`
	Account string `json:"account"`
	Lang    string `json:"lang" enum:"th,en"`
	Next    string `json:"next"`
}

// UsageSegment is a set of filters with a name.
type UsageSegment struct {
	UsageThing
	analytics.Segment
}

// UsageAnnotation is a note at a day.
type UsageAnnotation struct {
	Day   string   `json:"day"`
	Text  string   `json:"text"`
	Sites []string `json:"sites,omitempty"`
}

// UsageAlert is something unusual.
type UsageAlert struct {
	UsageThing
	What     string  `json:"what" enum:"spike,fall,broken"`
	Site     string  `json:"site"`
	Day      string  `json:"day"`
	Page     string  `json:"page,omitempty"`
	Value    float64 `json:"value"`
	Expected float64 `json:"expected"`
}

// UsageHost is a website that embeds the script.
type UsageHost struct {
	Host   string `json:"host"`
	Agency string `json:"agency"`
	Name   string `json:"name,omitempty"`
}

type usageFindings struct {
	Findings string `json:"findings"`
}

type usagePlanBody struct {
	Name    string        `json:"name"`
	Actions []UsageAction `json:"actions"`
}

type usageAct struct {
	No    int    `json:"no" doc:"Of the action, from 1."`
	State string `json:"state" enum:"planned,doing,done,dropped"`
}

type usageScheduleBody struct {
	Every   string `json:"every" enum:"day,week,month,alert"`
	Account string `json:"account,omitempty"`
	Lang    string `json:"lang,omitempty" enum:"th,en"`
}

func goalOf(g analytics.Of[analytics.Goal]) UsageGoal {
	b := g.Body
	return UsageGoal{UsageThing: thingOf(g.Thing), UsageGoalBody: UsageGoalBody{b.Name, string(b.Metric), b.Hosts, b.Filters, b.Target, b.AtMost, analytics.ISO(b.From), analytics.ISO(b.To), b.Owner, b.Why}}
}

func (b UsageGoalBody) goal() (g analytics.Goal, err error) {
	g = analytics.Goal{Name: b.Name, Metric: analytics.Metric(b.Metric), Hosts: b.Sites, Filters: b.Filters, Target: b.Target, AtMost: b.AtMost, Owner: b.Owner, Why: b.Why}
	if g.From, err = dayOf("from", b.From, 0); err == nil {
		g.To, err = dayOf("to", b.To, 0)
	}
	return g, err
}

func evaluationOf(e analytics.Of[analytics.Evaluation]) UsageEvaluation {
	b := e.Body
	return UsageEvaluation{thingOf(e.Thing), e.Parent, analytics.ISO(b.From), analytics.ISO(b.To), b.Goal.Target, b.Value, b.Met, b.Findings, b.SignedBy, b.SignedAt}
}

func planOf(p analytics.Of[analytics.Plan]) UsagePlan {
	out := UsagePlan{UsageThing: thingOf(p.Thing), Goal: p.Parent, Name: p.Body.Name, Actions: []UsageAction{}}
	for _, a := range p.Body.Actions {
		out.Actions = append(out.Actions, UsageAction{a.Text, a.Owner, isoOrNone(a.Due), a.State, isoOrNone(a.DoneOn)})
	}
	return out
}

func isoOrNone(day int64) string {
	if day == 0 {
		return ""
	}
	return analytics.ISO(day)
}

func scheduleOf(x analytics.Of[analytics.Schedule]) UsageSchedule {
	return UsageSchedule{thingOf(x.Thing), x.Parent, x.Body.Every, x.Body.Account, x.Body.Lang, isoOrNone(x.Body.Next)}
}

func alertOf(x analytics.Of[analytics.Alert]) UsageAlert {
	b := x.Body
	return UsageAlert{thingOf(x.Thing), b.What, b.Host, analytics.ISO(b.Day), b.Page, b.Value, b.Expected}
}

func formatOf(x analytics.Of[analytics.Format]) UsageFormat {
	return UsageFormat{thingOf(x.Thing), x.Body}
}

func segmentOf(x analytics.Of[analytics.Segment]) UsageSegment {
	return UsageSegment{thingOf(x.Thing), x.Body}
}

// whole is a list that is given at once.
func whole[T, U any](list []T, err error, show func(T) U) (Page[U], error) {
	return PageOf(list, len(list), show, nil), err
}

func (u usage) cycle() []Operation {
	op := func(id, path, summary string) Operation {
		return Operation{ID: id, Path: "/analytics" + path, Tag: "analytics", Summary: summary, Action: analytics.ActionRead}
	}
	made := func(o Operation) Operation { o.Creates, o.Action = true, analytics.ActionWork; return o }
	act := func(o Operation) Operation { o.Method, o.Action = "POST", analytics.ActionWork; return o }
	ofGoal := func(o Operation) Operation {
		o.Query = []Param{{Name: "goal", Summary: "Identifier of the goal; all if absent."}}
		return o
	}
	return []Operation{
		Get(op("listUsageGoals", "/goals", "Goals, the newest first."), func(c *Call) (Page[UsageGoal], error) {
			list, err := u.Goals(c.Request.Context(), c.Actor)
			return whole(list, err, goalOf)
		}),
		Do(made(op("setUsageGoal", "/goals", "Set a goal: metric, target, period, owner.")), u.setGoal),
		Get(op("getUsageGoal", "/goals/{id}", "A goal with how far it has come."), func(c *Call) (UsageGoal, error) {
			p, err := u.Goal(c.Request.Context(), c.Actor, c.Path("id"))
			out := goalOf(p.Goal)
			out.Progress = &UsageProgress{p.Value, p.Met, p.Elapsed}
			return out, err
		}),
		Do(act(op("changeUsageGoal", "/goals/{id}", "Store a new version of a goal.")), func(c *Call, in UsageGoalBody) (UsageGoal, error) {
			g, err := in.goal()
			if err != nil {
				return UsageGoal{}, err
			}
			out, err := u.ChangeGoal(c.Request.Context(), c.Actor, c.Path("id"), g)
			return goalOf(out), err
		}),
		Get(act(op("closeUsageGoal", "/goals/{id}/close", "End a goal.")), func(c *Call) (Nothing, error) {
			return Nothing{}, u.CloseGoal(c.Request.Context(), c.Actor, c.Path("id"))
		}),
		Do(made(op("evaluateUsageGoal", "/goals/{id}/evaluate", "Write down the result so far, with findings.")), func(c *Call, in usageFindings) (UsageEvaluation, error) {
			e, err := u.Evaluate(c.Request.Context(), c.Actor, c.Path("id"), in.Findings)
			c.Location = "/analytics/evaluations"
			return evaluationOf(e), err
		}),
		Do(made(op("planForUsageGoal", "/goals/{id}/plan", "Plan improvements that serve the goal.")), u.plan),
		Get(ofGoal(op("listUsageEvaluations", "/evaluations", "Evaluations, the newest first.")), func(c *Call) (Page[UsageEvaluation], error) {
			list, err := u.Evaluations(c.Request.Context(), c.Actor, c.Query("goal"))
			return whole(list, err, evaluationOf)
		}),
		Get(act(op("signUsageEvaluation", "/evaluations/{id}/sign", "Sign an evaluation off; not by who wrote it.")), func(c *Call) (UsageEvaluation, error) {
			e, err := u.Sign(c.Request.Context(), c.Actor, c.Path("id"))
			return evaluationOf(e), err
		}),
		Get(ofGoal(op("listUsagePlans", "/plans", "Improvement plans, the newest first.")), func(c *Call) (Page[UsagePlan], error) {
			list, err := u.Plans(c.Request.Context(), c.Actor, c.Query("goal"))
			return whole(list, err, planOf)
		}),
		Do(act(op("actOnUsagePlan", "/plans/{id}/act", "Set the state of an action.")), func(c *Call, in usageAct) (UsagePlan, error) {
			p, err := u.Act(c.Request.Context(), c.Actor, c.Path("id"), in.No, in.State)
			return planOf(p), err
		}),
		Get(op("getUsagePlanEffect", "/plans/{id}/effect", "The goal's metric before and after, with its uncertainty."), func(c *Call) (UsageEffect, error) {
			e, err := u.Effect(c.Request.Context(), c.Actor, c.Path("id"))
			return UsageEffect{e.Days, e.Before, e.After, e.Difference(), e.Low, e.High, e.Sure}, err
		}),
		Get(op("listUsageFormats", "/formats", "Forms of reports."), func(c *Call) (Page[UsageFormat], error) {
			list, err := u.Formats(c.Request.Context(), c.Actor)
			return whole(list, err, formatOf)
		}),
		Do(made(op("saveUsageFormat", "/formats", "Save the form of a report.")), func(c *Call, in analytics.Format) (UsageFormat, error) {
			x, err := u.SaveFormat(c.Request.Context(), c.Actor, "", in)
			c.Location = "/analytics/formats/" + x.ID + "/report"
			return formatOf(x), err
		}),
		Do(act(op("changeUsageFormat", "/formats/{id}", "Store a new version.")), func(c *Call, in analytics.Format) (UsageFormat, error) {
			x, err := u.SaveFormat(c.Request.Context(), c.Actor, c.Path("id"), in)
			return formatOf(x), err
		}),
		Get(op("makeUsageReport", "/formats/{id}/report", "The report of the last whole span."), func(c *Call) (UsageReport, error) {
			m, err := u.Make(c.Request.Context(), c.Actor, c.Path("id"))
			return reportOf(m.Overview, m.Tables), err
		}),
		Do(made(op("scheduleUsageReport", "/formats/{id}/schedule", "Have the report, or alerts, mailed to an account.")), func(c *Call, in usageScheduleBody) (UsageSchedule, error) {
			x, err := u.Schedule(c.Request.Context(), c.Actor, c.Path("id"), analytics.Schedule{Every: in.Every, Account: in.Account, Lang: in.Lang})
			c.Location = "/analytics/schedules"
			return scheduleOf(x), err
		}),
		Get(op("listUsageSchedules", "/schedules", "Schedules."), func(c *Call) (Page[UsageSchedule], error) {
			list, err := u.Schedules(c.Request.Context(), c.Actor, "")
			return whole(list, err, scheduleOf)
		}),
		Get(act(op("stopUsageSchedule", "/schedules/{id}/stop", "End a schedule.")), func(c *Call) (Nothing, error) {
			return Nothing{}, u.Unschedule(c.Request.Context(), c.Actor, c.Path("id"))
		}),
		Get(op("listUsageSegments", "/segments", "Saved sets of filters."), func(c *Call) (Page[UsageSegment], error) {
			list, err := u.Segments(c.Request.Context(), c.Actor)
			return whole(list, err, segmentOf)
		}),
		Do(made(op("saveUsageSegment", "/segments", "Save a set of filters.")), func(c *Call, in analytics.Segment) (UsageSegment, error) {
			x, err := u.SaveSegment(c.Request.Context(), c.Actor, in)
			c.Location = "/analytics/segments"
			return segmentOf(x), err
		}),
		Get(Operation{ID: "listUsageAnnotations", Path: "/analytics/annotations", Tag: "analytics", Summary: "Notes of a period, finished actions of plans among them.", Action: analytics.ActionRead, Query: usageQuery[:3]}, u.annotations),
		Do(made(op("annotateUsage", "/annotations", "Note something at a day.")), u.annotate),
		Get(op("listUsageAlerts", "/alerts", "Alerts that nobody has closed."), func(c *Call) (Page[UsageAlert], error) {
			list, err := u.Alerts(c.Request.Context(), c.Actor)
			return whole(list, err, alertOf)
		}),
		Get(act(op("closeUsageAlert", "/alerts/{id}/close", "Close an alert.")), func(c *Call) (Nothing, error) {
			return Nothing{}, u.CloseAlert(c.Request.Context(), c.Actor, c.Path("id"))
		}),
		Get(op("listUsageHosts", "/hosts", "Websites elsewhere that embed the script."), func(c *Call) (Page[UsageHost], error) {
			return whole(u.Hosts(c.Actor), nil, func(h analytics.Host) UsageHost { return UsageHost{h.Host, h.Agency, h.Name} })
		}),
		Do(made(op("addUsageHost", "/hosts", "Register a website elsewhere.")), func(c *Call, in UsageHost) (UsageHost, error) {
			c.Location = "/analytics/hosts"
			return in, u.AddHost(c.Request.Context(), c.Actor, analytics.Host{Host: in.Host, Agency: in.Agency, Name: in.Name})
		}),
	}
}

func (u usage) setGoal(c *Call, in UsageGoalBody) (UsageGoal, error) {
	g, err := in.goal()
	if err != nil {
		return UsageGoal{}, err
	}
	out, err := u.SetGoal(c.Request.Context(), c.Actor, g)
	c.Location = "/analytics/goals/" + out.ID
	return goalOf(out), err
}

func (u usage) plan(c *Call, in usagePlanBody) (UsagePlan, error) {
	p := analytics.Plan{Name: in.Name}
	for _, a := range in.Actions {
		due, err := dayOf("actions", a.Due, 0)
		if err != nil {
			return UsagePlan{}, err
		}
		p.Actions = append(p.Actions, analytics.Action{Text: a.Text, Owner: a.Owner, Due: due})
	}
	out, err := u.PlanFor(c.Request.Context(), c.Actor, c.Path("id"), p)
	c.Location = "/analytics/plans"
	return planOf(out), err
}

func (u usage) annotations(c *Call) (Page[UsageAnnotation], error) {
	q, _, err := usageQueryOf(c, u.today())
	if err != nil {
		return Page[UsageAnnotation]{}, err
	}
	list, err := u.Annotations(c.Request.Context(), c.Actor, q)
	return whole(list, err, func(a analytics.Annotation) UsageAnnotation {
		return UsageAnnotation{analytics.ISO(a.Day), a.Text, a.Hosts}
	})
}

func (u usage) annotate(c *Call, in UsageAnnotation) (UsageAnnotation, error) {
	day, err := dayOf("day", in.Day, u.today())
	if err != nil {
		return in, err
	}
	x, err := u.Annotate(c.Request.Context(), c.Actor, analytics.Annotation{Day: day, Text: in.Text, Hosts: in.Sites})
	c.Location = "/analytics/annotations"
	return UsageAnnotation{analytics.ISO(x.Body.Day), x.Body.Text, x.Body.Hosts}, err
}
