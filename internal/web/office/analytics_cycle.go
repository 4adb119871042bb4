package office

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"prasan/internal/analytics"
	"prasan/internal/errs"
	"prasan/internal/web/kit"
)

// usageCycleRoutes: goals, evaluations and plans; forms of reports and their schedules.
var usageCycleRoutes = []route{
	{"GET /{lang}/office/analytics/goals", full, analytics.ActionRead, usageGoals},
	{"POST /{lang}/office/analytics/goals", full, analytics.ActionWork, usageSetGoal},
	{"GET /{lang}/office/analytics/goals/{id}", full, analytics.ActionRead, usageGoal},
	{"POST /{lang}/office/analytics/goals/{id}/close", full, analytics.ActionWork, usageCloseGoal},
	{"POST /{lang}/office/analytics/goals/{id}/evaluate", full, analytics.ActionWork, usageEvaluate},
	{"POST /{lang}/office/analytics/goals/{id}/plan", full, analytics.ActionWork, usagePlan},
	{"POST /{lang}/office/analytics/goals/{id}/sign/{evaluation}", full, analytics.ActionSign, usageSign},
	{"POST /{lang}/office/analytics/goals/{id}/act/{plan}/{no}", full, analytics.ActionWork, usageAct},
	{"GET /{lang}/office/analytics/formats", full, analytics.ActionRead, usageFormats},
	{"POST /{lang}/office/analytics/formats", full, analytics.ActionWork, usageSaveFormat},
	{"GET /{lang}/office/analytics/formats/{id}", full, analytics.ActionRead, usageFormat},
	{"POST /{lang}/office/analytics/formats/{id}/schedule", full, analytics.ActionWork, usageSchedule},
	{"POST /{lang}/office/analytics/formats/{id}/stop/{schedule}", full, analytics.ActionWork, usageStop},
}

const usageGoalsPath = "/office/analytics/goals"

// usageWay leads back to the reports, from sheets.
func (v *visit) usageWay() []kit.Link {
	return []kit.Link{{Href: v.to("/office/analytics"), Text: v.t("analytics.tab-overview")}, {Href: v.to(usageGoalsPath), Text: v.t("analytics.tab-goals")}, {Href: v.to("/office/analytics/formats"), Text: v.t("analytics.tab-formats")}}
}

// metricName says a metric with its argument in words.
func (v *visit) metricName(m analytics.Metric) string {
	name, argument, _ := strings.Cut(string(m), ":")
	text := v.t("analytics.metric-" + name)
	if argument != "" {
		text += ": " + argument
	}
	return text
}

func (v *visit) goalSheet() (sheet, error) {
	list, err := v.usage().Goals(v.Context(), v.session.Actor)
	if err != nil {
		return sheet{}, err
	}
	s := sheet{Heading: v.t("analytics.goals"), Lead: v.t("analytics.goals-lead"), Links: v.usageWay()}
	t := table{Title: v.t("analytics.goals"), Head: []string{v.t("analytics.name"), v.t("analytics.metric"), v.t("analytics.target"), v.t("analytics.period"), v.t("office.status")}, Empty: v.t("analytics.goals-none")}
	for _, g := range list {
		chip := &kit.Chip{Tone: "busy", Text: v.t("analytics.goal-open")}
		if g.State != "open" {
			chip = &kit.Chip{Tone: "quiet", Text: v.t("analytics.goal-closed")}
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: g.Body.Name, Href: v.to(usageGoalsPath + "/" + g.ID)}, {Text: v.metricName(g.Body.Metric)}, {Text: v.target(&g.Body)}, {Text: analytics.DateOf(g.Body.From, v.lang) + " – " + analytics.DateOf(g.Body.To, v.lang)}, {Chip: chip}}})
	}
	s.Tables = []table{t}
	if v.reaches(analytics.ActionWork) {
		s.Forms = []form{v.goalForm()}
	}
	return s, nil
}

func (v *visit) target(g *analytics.Goal) string {
	key := "analytics.at-least"
	if g.AtMost {
		key = "analytics.at-most"
	}
	return v.t(key, "value", analytics.Number(g.Metric.Unit(), g.Target))
}

func (v *visit) goalForm() form {
	value := v.PostFormValue
	today := analytics.DayOf(v.f.Now())
	var metrics, sites []kit.Option
	for _, m := range analytics.Metrics {
		metrics = append(metrics, kit.Option{Value: m, Label: v.t("analytics.metric-" + m), Selected: m == value("metric")})
	}
	sites = append(sites, kit.Option{Value: "", Label: v.t("analytics.all-sites")})
	for _, h := range v.usage().Readable(v.session.Actor) {
		sites = append(sites, kit.Option{Value: h, Label: v.siteName(h), Selected: h == value("site")})
	}
	return form{Title: v.t("analytics.goal-add"), Help: v.t("analytics.goal-help"), Action: v.to(usageGoalsPath), Button: v.t("analytics.goal-save"), Fields: []kit.Field{
		{Name: "name", Label: v.t("analytics.name"), Value: value("name"), Required: true},
		{Name: "metric", Label: v.t("analytics.metric"), Options: metrics},
		{Name: "argument", Label: v.t("analytics.argument"), Help: v.t("analytics.argument-help"), Value: value("argument")},
		{Name: "site", Label: v.t("analytics.column-site"), Options: sites},
		{Name: "direction", Label: v.t("analytics.direction"), Options: []kit.Option{{Value: "least", Label: v.t("analytics.direction-least")}, {Value: "most", Label: v.t("analytics.direction-most"), Selected: value("direction") == "most"}}},
		{Name: "target", Label: v.t("analytics.target"), Value: value("target"), InputMode: "decimal", Width: "short", Required: true},
		{Name: "from", Label: v.t("analytics.from"), Type: "date", Value: cmp.Or(value("from"), analytics.ISO(today)), Width: "medium"},
		{Name: "to", Label: v.t("analytics.to"), Type: "date", Value: cmp.Or(value("to"), analytics.ISO(today+89)), Width: "medium"},
		{Name: "why", Label: v.t("analytics.why"), Value: value("why"), Rows: 3},
	}}
}

func usageGoals(v *visit) error {
	s, err := v.goalSheet()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, s)
}

func usageSetGoal(v *visit) error {
	value := v.PostFormValue
	g := analytics.Goal{Name: value("name"), Metric: analytics.Metric(value("metric")), Hosts: sitesOf(v), AtMost: value("direction") == "most", Why: value("why")}
	if argument := strings.TrimSpace(value("argument")); argument != "" {
		g.Metric += analytics.Metric(":" + argument)
	}
	g.Target, _ = strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(value("target")), ",", ""), 64) // what is no number is 0, which is refused
	g.From, _ = analytics.ParseDay(value("from"))
	g.To, _ = analytics.ParseDay(value("to"))
	out, err := v.usage().SetGoal(v.Context(), v.session.Actor, g)
	if err != nil {
		return v.goalAgain(err)
	}
	return v.seeOther(usageGoalsPath + "/" + out.ID)
}

func (v *visit) goalAgain(err error) error {
	if errs.KindOf(err) != errs.Invalid {
		return err
	}
	s, bad := v.goalSheet()
	if bad != nil {
		return bad
	}
	return v.again(err, s)
}

// usageGoal is a goal with its progress, evaluations and plans: the whole of the cycle
// on one page.
func usageGoal(v *visit) error {
	s, err := v.oneGoal(v.PathValue("id"))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, s)
}

func (v *visit) oneGoal(id string) (sheet, error) {
	ctx, actor := v.Context(), v.session.Actor
	p, err := v.usage().Goal(ctx, actor, id)
	if err != nil {
		return sheet{}, err
	}
	g := p.Goal.Body
	unit := g.Metric.Unit()
	s := sheet{Heading: g.Name, Lead: g.Why, Links: v.usageWay()}
	sites := v.t("analytics.all-sites")
	if len(g.Hosts) > 0 {
		sites = strings.Join(g.Hosts, ", ")
	}
	met := v.t("analytics.not-met")
	if p.Met {
		met = v.t("analytics.met")
	}
	s.Facts = []kit.Row{
		{Key: v.t("analytics.metric"), Value: v.metricName(g.Metric)}, {Key: v.t("analytics.column-site"), Value: sites}, {Key: v.t("analytics.target"), Value: v.target(&g)},
		{Key: v.t("analytics.value"), Value: analytics.Number(unit, p.Value) + " · " + met},
		{Key: v.t("analytics.period"), Value: analytics.DateOf(g.From, v.lang) + " – " + analytics.DateOf(g.To, v.lang) + " · " + v.t("analytics.elapsed", "percent", strconv.FormatFloat(p.Elapsed, 'f', 0, 64))},
		{Key: v.t("analytics.owner"), Value: g.Owner}, {Key: v.t("analytics.version"), Value: strconv.FormatInt(p.Goal.Version, 10)},
	}
	if p.Expected > 0 {
		s.Facts = append(s.Facts, kit.Row{Key: v.t("analytics.expected"), Value: analytics.Number(unit, p.Expected)})
	}
	evaluations, err := v.evaluationTable(id, unit)
	if err != nil {
		return s, err
	}
	plans, err := v.planTables(id)
	if err != nil {
		return s, err
	}
	s.Tables = append([]table{evaluations}, plans...)
	if v.reaches(analytics.ActionWork) && p.Goal.State == "open" {
		base := v.to(usageGoalsPath + "/" + id)
		s.Forms = []form{
			{Title: v.t("analytics.evaluate"), Help: v.t("analytics.evaluate-help"), Action: base + "/evaluate", Button: v.t("analytics.evaluate-save"), Fields: []kit.Field{{Name: "findings", Label: v.t("analytics.findings"), Rows: 5, Required: true}}},
			{Title: v.t("analytics.plan-add"), Help: v.t("analytics.plan-help"), Action: base + "/plan", Button: v.t("analytics.plan-save"), Fields: []kit.Field{{Name: "name", Label: v.t("analytics.name"), Required: true}, {Name: "actions", Label: v.t("analytics.actions"), Help: v.t("analytics.actions-help"), Rows: 4, Required: true}, {Name: "due", Label: v.t("analytics.due"), Type: "date", Width: "medium"}}},
			{Action: base + "/close", Button: v.t("analytics.goal-close"), Stop: true},
		}
	}
	return s, nil
}

func (v *visit) evaluationTable(goal, unit string) (table, error) {
	list, err := v.usage().Evaluations(v.Context(), v.session.Actor, goal)
	t := table{Title: v.t("analytics.evaluations"), Head: []string{v.t("analytics.period"), v.t("analytics.value"), v.t("analytics.findings"), v.t("office.status")}, Empty: v.t("analytics.evaluations-none")}
	for _, e := range list {
		r := row{Cells: []kit.Cell{{Text: analytics.DateOf(e.Body.From, v.lang) + " – " + analytics.DateOf(e.Body.To, v.lang)}, {Text: analytics.Number(unit, e.Body.Value)}, {Text: e.Body.Findings}, {Chip: v.evaluationChip(e)}}}
		if e.State == "draft" && e.By != v.session.Account.Name && v.reaches(analytics.ActionSign) {
			r.Action, r.Button, r.Of = v.to(usageGoalsPath+"/"+goal+"/sign/"+e.ID), v.t("analytics.sign"), e.Body.Findings
		}
		t.Rows = append(t.Rows, r)
	}
	return t, err
}

func (v *visit) evaluationChip(e analytics.Of[analytics.Evaluation]) *kit.Chip {
	if e.State == "signed" {
		return &kit.Chip{Tone: "good", Text: v.t("analytics.signed", "who", e.Body.SignedBy)}
	}
	return &kit.Chip{Tone: "wait", Text: v.t("analytics.draft", "who", e.By)}
}

var actionTones = map[string]string{analytics.ActionPlanned: "quiet", analytics.ActionDoing: "busy", analytics.ActionDone: "good", analytics.ActionDropped: "stop"}

// nextState is what the button of an action does.
var nextState = map[string]string{analytics.ActionPlanned: analytics.ActionDoing, analytics.ActionDoing: analytics.ActionDone}

func (v *visit) planTables(goal string) ([]table, error) {
	plans, err := v.usage().Plans(v.Context(), v.session.Actor, goal)
	if err != nil {
		return nil, err
	}
	var out []table
	for _, p := range plans {
		t := table{Title: v.t("analytics.plan") + ": " + p.Body.Name, Head: []string{v.t("analytics.actions"), v.t("analytics.owner"), v.t("analytics.due"), v.t("office.status")}}
		for i, a := range p.Body.Actions {
			due := ""
			if a.Due > 0 {
				due = analytics.DateOf(a.Due, v.lang)
			}
			r := row{Cells: []kit.Cell{{Text: a.Text}, {Text: a.Owner}, {Text: due}, {Chip: &kit.Chip{Tone: actionTones[a.State], Text: v.t("analytics.action-" + a.State)}}}}
			if next, ok := nextState[a.State]; ok && v.reaches(analytics.ActionWork) {
				r.Action, r.Button, r.Of = v.to(usageGoalsPath+"/"+goal+"/act/"+p.ID+"/"+strconv.Itoa(i+1)), v.t("analytics.act-"+next), a.Text
			}
			t.Rows = append(t.Rows, r)
		}
		effect, err := v.usage().Effect(v.Context(), v.session.Actor, p.ID)
		if err != nil && errs.KindOf(err) != errs.Conflict {
			return nil, err
		}
		if err == nil {
			t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: v.t("analytics.effect"), Strong: true}, {Text: v.effect(effect)}, {}, {}}})
		}
		out = append(out, t)
	}
	return out, nil
}

// effect says what a plan did, and how sure that is.
func (v *visit) effect(e analytics.Effect) string {
	if e.Days == 0 {
		return v.t("analytics.effect-early")
	}
	n := func(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }
	key := "analytics.effect-unsure"
	if e.Sure {
		key = "analytics.effect-sure"
	}
	return v.t(key, "before", n(e.Before), "after", n(e.After), "low", n(e.Low), "high", n(e.High), "days", e.Days)
}

func usageCloseGoal(v *visit) error {
	id := v.PathValue("id")
	if err := v.usage().CloseGoal(v.Context(), v.session.Actor, id); err != nil {
		return err
	}
	return v.seeOther(usageGoalsPath + "/" + id)
}

// backToGoal shows the goal again with what is wrong in its nth form.
func (v *visit) backToGoal(err error, nth int) error {
	if errs.KindOf(err) != errs.Invalid {
		return err
	}
	s, bad := v.oneGoal(v.PathValue("id"))
	if bad != nil {
		return bad
	}
	for i := range s.Forms[nth].Fields {
		f := &s.Forms[nth].Fields[i]
		f.Value = v.PostFormValue(f.Name)
	}
	s.Forms[0], s.Forms[nth] = s.Forms[nth], s.Forms[0]
	return v.again(err, s)
}

func usageEvaluate(v *visit) error {
	id := v.PathValue("id")
	if _, err := v.usage().Evaluate(v.Context(), v.session.Actor, id, v.PostFormValue("findings")); err != nil {
		return v.backToGoal(err, 0)
	}
	return v.seeOther(usageGoalsPath + "/" + id)
}

func usagePlan(v *visit) error {
	id := v.PathValue("id")
	due, _ := analytics.ParseDay(v.PostFormValue("due")) // a plan may be without a date
	p := analytics.Plan{Name: v.PostFormValue("name")}
	for _, text := range strings.Split(v.PostFormValue("actions"), "\n") {
		if text = strings.TrimSpace(text); text != "" {
			p.Actions = append(p.Actions, analytics.Action{Text: text, Due: max(due, 0)})
		}
	}
	if _, err := v.usage().PlanFor(v.Context(), v.session.Actor, id, p); err != nil {
		return v.backToGoal(err, 1)
	}
	return v.seeOther(usageGoalsPath + "/" + id)
}

func usageSign(v *visit) error {
	if _, err := v.usage().Sign(v.Context(), v.session.Actor, v.PathValue("evaluation")); err != nil {
		return err
	}
	return v.seeOther(usageGoalsPath + "/" + v.PathValue("id"))
}

func usageAct(v *visit) error {
	no, err := strconv.Atoi(v.PathValue("no"))
	if err != nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	plans, err := v.usage().Plans(v.Context(), v.session.Actor, v.PathValue("id"))
	if err != nil {
		return err
	}
	for _, p := range plans {
		if p.ID != v.PathValue("plan") || no < 1 || no > len(p.Body.Actions) {
			continue
		}
		next, ok := nextState[p.Body.Actions[no-1].State]
		if !ok {
			break // somebody was quicker
		}
		if _, err := v.usage().Act(v.Context(), v.session.Actor, p.ID, no, next); err != nil {
			return err
		}
	}
	return v.seeOther(usageGoalsPath + "/" + v.PathValue("id"))
}

const usageFormatsPath = "/office/analytics/formats"

func (v *visit) formatSheet() (sheet, error) {
	list, err := v.usage().Formats(v.Context(), v.session.Actor)
	if err != nil {
		return sheet{}, err
	}
	s := sheet{Heading: v.t("analytics.formats"), Lead: v.t("analytics.formats-lead"), Links: v.usageWay()}
	for _, format := range []string{"pdf", "docx"} {
		s.Links = append(s.Links, kit.Link{Href: v.to("/office/analytics/yearly") + "?format=" + format, Text: v.t("analytics.yearly", "year", analytics.LastFiscalYear(v.f.Now())) + " " + strings.ToUpper(format)})
	}
	t := table{Title: v.t("analytics.formats"), Head: []string{v.t("analytics.name"), v.t("analytics.span"), v.t("analytics.contents"), v.t("analytics.version")}, Empty: v.t("analytics.formats-none")}
	for _, f := range list {
		var names []string
		for _, w := range f.Body.Widgets {
			names = append(names, v.t("analytics.report-"+w))
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: f.Body.Name, Href: v.to(usageFormatsPath + "/" + f.ID)}, {Text: v.t("analytics.span-" + f.Body.Span)}, {Text: strings.Join(names, ", ")}, {Text: strconv.FormatInt(f.Version, 10), Number: true}}})
	}
	s.Tables = []table{t}
	if v.reaches(analytics.ActionWork) {
		s.Forms = []form{v.formatForm()}
	}
	return s, nil
}

func (v *visit) formatForm() form {
	value := v.PostFormValue
	f := form{Title: v.t("analytics.format-add"), Action: v.to(usageFormatsPath), Button: v.t("analytics.format-save"), ChecksTitle: v.t("analytics.contents")}
	sites := []kit.Option{{Value: "", Label: v.t("analytics.all-sites")}}
	for _, h := range v.usage().Readable(v.session.Actor) {
		sites = append(sites, kit.Option{Value: h, Label: v.siteName(h), Selected: h == value("site")})
	}
	var spans []kit.Option
	for _, x := range analytics.Spans {
		spans = append(spans, kit.Option{Value: x, Label: v.t("analytics.span-" + x), Selected: x == cmp.Or(value("span"), "month")})
	}
	f.Fields = []kit.Field{{Name: "name", Label: v.t("analytics.name"), Value: value("name"), Required: true}, {Name: "site", Label: v.t("analytics.column-site"), Options: sites}, {Name: "span", Label: v.t("analytics.span"), Options: spans}}
	for _, w := range analytics.Widgets {
		f.Checks = append(f.Checks, kit.Checkbox{Name: "widget-" + w, Value: "yes", Label: v.t("analytics.report-" + w), Checked: value("widget-"+w) != ""})
	}
	return f
}

func usageFormats(v *visit) error {
	s, err := v.formatSheet()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, s)
}

func usageSaveFormat(v *visit) error {
	f := analytics.Format{Name: v.PostFormValue("name"), Hosts: sitesOf(v), Span: v.PostFormValue("span"), Compare: "previous"}
	for _, w := range analytics.Widgets {
		if v.PostFormValue("widget-"+w) != "" {
			f.Widgets = append(f.Widgets, w)
		}
	}
	out, err := v.usage().SaveFormat(v.Context(), v.session.Actor, "", f)
	if err == nil {
		return v.seeOther(usageFormatsPath + "/" + out.ID)
	}
	if errs.KindOf(err) != errs.Invalid {
		return err
	}
	s, bad := v.formatSheet()
	if bad != nil {
		return bad
	}
	return v.again(err, s)
}

// usageFormat shows the report of the last whole span, and who gets it.
func usageFormat(v *visit) error {
	m, err := v.usage().Make(v.Context(), v.session.Actor, v.PathValue("id"))
	if err != nil {
		return err
	}
	q := m.Overview.Query
	p := usagePage{Heading: m.Format.Body.Name, Lead: v.t("analytics.span-" + m.Format.Body.Span), Tabs: v.usageTabs(q), Tiles: v.usageTiles(m.Overview), Sentence: analytics.Sentence(m.Overview, v.lang), Notes: []string{v.t("analytics.about-visitors"), v.t("analytics.about-bots")}}
	if p.Chart, _, err = v.usageChart(m.Overview, nil); err != nil {
		return err
	}
	p.Days = v.usageDays(m.Overview)
	for _, t := range m.Tables {
		p.Tables = append(p.Tables, v.usageTable(t, q, 20, onPanel))
	}
	schedules, err := v.usage().Schedules(v.Context(), v.session.Actor, m.Format.ID)
	if err != nil {
		return err
	}
	base := v.to(usageFormatsPath + "/" + m.Format.ID)
	if v.reaches(analytics.ActionWork) {
		var every []kit.Option
		for _, x := range analytics.Frequencies {
			every = append(every, kit.Option{Value: x, Label: v.t("analytics.every-" + x), Selected: x == "month"})
		}
		p.Forms = append(p.Forms, form{Title: v.t("analytics.schedule-add"), Action: base + "/schedule", Button: v.t("analytics.schedule-save"), Fields: []kit.Field{{Name: "account", Label: v.t("analytics.recipient"), Value: v.session.Account.Name, Width: "medium"}, {Name: "every", Label: v.t("analytics.every"), Options: every}}})
		for _, x := range schedules {
			if x.State == "on" {
				p.Forms = append(p.Forms, form{Help: x.Body.Account + " · " + v.t("analytics.every-"+x.Body.Every), Action: base + "/stop/" + x.ID, Button: v.t("analytics.schedule-stop"), Stop: true})
			}
		}
	}
	return v.page(http.StatusOK, p.Heading, "office/usage", p)
}

func usageSchedule(v *visit) error {
	id := v.PathValue("id")
	if _, err := v.usage().Schedule(v.Context(), v.session.Actor, id, analytics.Schedule{Every: v.PostFormValue("every"), Account: strings.TrimSpace(v.PostFormValue("account")), Lang: v.lang}); err != nil {
		return err
	}
	return v.seeOther(usageFormatsPath + "/" + id)
}

func usageStop(v *visit) error {
	if err := v.usage().Unschedule(v.Context(), v.session.Actor, v.PathValue("schedule")); err != nil {
		return err
	}
	return v.seeOther(usageFormatsPath + "/" + v.PathValue("id"))
}
