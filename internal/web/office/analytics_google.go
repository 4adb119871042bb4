package office

import (
	"html/template"
	"net/http"
	"slices"
	"strconv"

	"prasan/internal/analytics"
	"prasan/internal/doc/svg"
	"prasan/internal/errs"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// usageGoogleRoutes: what each site has with Google Analytics, and how it goes.
var usageGoogleRoutes = []route{
	{"GET /{lang}/office/analytics/google", full, analytics.ActionRead, usageGoogle},
	{"GET /{lang}/office/analytics/google/{host}", full, analytics.ActionRead, usageGoogleSite},
	{"POST /{lang}/office/analytics/google/{host}", full, analytics.ActionAdmin, usageSetGoogle},
	{"POST /{lang}/office/analytics/google/{host}/fetch", full, analytics.ActionAdmin, usageFetchGoogle},
	{"POST /{lang}/office/analytics/google-erasures", full, analytics.ActionErase, usageEraseGoogle},
}

// bridgeChip says in a word whether anything may go from a site.
func (v *visit) bridgeChip(g analytics.GoogleSite) *kit.Chip {
	switch why := v.usage().GoogleWhy(g.Host); {
	case why == analytics.WhyOpen:
		return &kit.Chip{Tone: "good", Text: v.t("analytics.google-open")}
	case why == analytics.WhyOff:
		return &kit.Chip{Tone: "quiet", Text: v.t("analytics.google-closed")}
	}
	return &kit.Chip{Tone: "wait", Text: v.t("analytics.google-closed")}
}

func (v *visit) bridgeReason(host string) string {
	if why := v.usage().GoogleWhy(host); why != analytics.WhyOpen {
		return v.t("analytics.google-why-" + why)
	}
	return v.t("analytics.google-why-open")
}

func usageGoogle(v *visit) error { return v.googleList(http.StatusOK, nil) }

func (v *visit) googleList(status int, wrong error) error {
	s := sheet{Heading: v.t("analytics.google"), Lead: v.t("analytics.google-lead"), Note: &kit.Note{Tone: "info", Paragraphs: []string{v.t("analytics.google-rule")}}}
	t := table{Title: v.t("analytics.google"), Head: []string{v.t("analytics.column-site"), v.t("analytics.google-way"), v.t("analytics.google-measurement"), v.t("analytics.google-bridge"), v.t("analytics.google-account")}, Empty: v.t("analytics.nothing")}
	for _, g := range v.usage().GoogleSites(v.session.Actor) {
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: v.siteName(g.Host), Href: v.to("/office/analytics/google/" + g.Host)}, {Text: v.t("analytics.google-way-" + g.Way)}, {Text: orDash(g.Measurement)}, {Chip: v.bridgeChip(g)}, {Text: orDash(g.Email)}}})
	}
	erasures, err := v.usage().Erasures(v.Context(), v.session.Actor)
	if err != nil {
		return err
	}
	e := table{Title: v.t("analytics.google-erasures"), Head: []string{v.t("analytics.column-day"), v.t("analytics.column-site"), v.t("analytics.google-reason"), v.t("office.status")}, Empty: v.t("analytics.google-erasures-none")}
	for _, x := range erasures {
		chip := &kit.Chip{Tone: "wait", Text: v.t("analytics.google-erasure-waiting")}
		if !x.PassedAt.IsZero() {
			chip = &kit.Chip{Tone: "good", Text: v.t("analytics.google-erasure-passed", "at", thai.DateTime(x.PassedAt, v.lang))}
		}
		reason := x.Reason
		if x.By == "visitor" {
			reason = v.t("analytics.google-reason-withdrawal")
		}
		e.Rows = append(e.Rows, row{Cells: []kit.Cell{{Text: thai.DateShort(x.At, v.lang)}, {Text: v.siteName(x.Host)}, {Text: reason}, {Chip: chip}}})
	}
	s.Tables = []table{t, e}
	if v.reaches(analytics.ActionErase) {
		f := form{Title: v.t("analytics.google-erase"), Help: v.t("analytics.google-erase-help"), Action: v.to("/office/analytics/google-erasures"), Button: v.t("analytics.google-erase-save"), Fields: []kit.Field{
			{Name: "receipt", Label: v.t("analytics.google-receipt"), Help: v.t("analytics.google-receipt-help"), Value: v.PostFormValue("receipt"), Required: true, Autocomplete: "off"},
			{Name: "reason", Label: v.t("analytics.google-reason"), Help: v.t("analytics.google-reason-help"), Value: v.PostFormValue("reason"), Required: true, Autocomplete: "off"}}}
		if wrong != nil {
			if _, err := v.refused(wrong, &f); err != nil {
				return err
			}
		}
		s.Forms = []form{f}
	}
	return v.show(status, s)
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func usageEraseGoogle(v *visit) error {
	if _, err := v.usage().AskErasure(v.Context(), v.session.Actor, v.PostFormValue("receipt"), v.PostFormValue("reason")); err != nil {
		return v.googleList(http.StatusUnprocessableEntity, err)
	}
	return v.seeOther("/office/analytics/google")
}

func usageGoogleSite(v *visit) error { return v.googleSheet(http.StatusOK, nil) }

// googleSheet is the page of one site.
func (v *visit) googleSheet(status int, wrong error) error {
	g, err := v.usage().GoogleOf(v.session.Actor, v.PathValue("host"))
	if err != nil {
		return err
	}
	states, err := v.usage().GoogleStates(v.Context(), v.session.Actor, g.Host)
	if err != nil {
		return err
	}
	tone := "warn"
	if v.usage().GoogleWhy(g.Host) == analytics.WhyOpen {
		tone = "good"
	}
	s := sheet{Heading: v.t("analytics.google") + ": " + v.siteName(g.Host), Note: &kit.Note{Tone: tone, Paragraphs: []string{v.bridgeReason(g.Host)}}}
	for _, task := range []string{analytics.TaskSend, analytics.TaskReport, analytics.TaskErase} {
		s.Facts = append(s.Facts, kit.Row{Key: v.t("analytics.google-task-" + task), Lines: v.stateLines(states[task])})
	}
	s.Links = []kit.Link{{Href: v.to("/office/analytics/google"), Text: v.t("analytics.google-all")}, {Href: v.to("/office/analytics") + "?site=" + g.Host, Text: v.t("analytics.google-reports")}}
	if v.reaches(analytics.ActionAdmin) {
		f := v.googleForm(g)
		if wrong != nil {
			if _, err := v.refused(wrong, &f); err != nil {
				return err
			}
		}
		s.Forms = append(s.Forms, f)
		if g.Email != "" {
			s.Forms = append(s.Forms, form{Title: v.t("analytics.google-fetch"), Help: v.t("analytics.google-fetch-help"), Action: v.to("/office/analytics/google/" + g.Host + "/fetch"), Button: v.t("analytics.google-fetch-save")})
		}
	}
	return v.show(status, s)
}

// stateLines say how a task goes: what was done, what waits, what was not passed on, and
// what is wrong since when.
func (v *visit) stateLines(x analytics.GoogleState) []string {
	lines := []string{v.t("analytics.google-done-"+x.Task, "n", x.Done)}
	if !x.DoneAt.IsZero() {
		lines[0] += " " + v.t("analytics.google-last", "at", thai.DateTime(x.DoneAt, v.lang))
	}
	if x.Waiting > 0 {
		lines = append(lines, v.t("analytics.google-waiting", "n", x.Waiting))
	}
	if x.Dropped > 0 {
		lines = append(lines, v.t("analytics.google-dropped", "n", x.Dropped))
	}
	if x.Trouble != "" {
		text := v.t("analytics.google-trouble-" + x.Trouble)
		if x.Status != 0 {
			text += " (HTTP " + strconv.FormatInt(x.Status, 10) + ")"
		}
		lines = append(lines, v.t("analytics.google-failing", "trouble", text, "since", thai.DateTime(x.Since, v.lang), "next", thai.DateTime(x.NextAt, v.lang)))
	}
	return lines
}

func (v *visit) googleForm(g analytics.GoogleSite) form {
	value := func(name, otherwise string) string {
		if v.Method == http.MethodPost {
			return v.PostFormValue(name)
		}
		return otherwise
	}
	var ways []kit.Option
	for _, w := range analytics.Ways {
		ways = append(ways, kit.Option{Value: w, Label: v.t("analytics.google-way-" + w), Selected: w == value("way", g.Way)})
	}
	kept := func(has bool) string {
		if has {
			return v.t("analytics.google-kept")
		}
		return v.t("analytics.google-not-kept")
	}
	f := form{Title: v.t("analytics.google-set"), Help: v.t("analytics.google-set-help"), Action: v.to("/office/analytics/google/" + g.Host), Button: v.t("analytics.google-save"), Fields: []kit.Field{
		{Name: "way", Label: v.t("analytics.google-way"), Help: v.t("analytics.google-way-help"), Options: ways},
		{Name: "measurement", Label: v.t("analytics.google-measurement"), Help: v.t("analytics.google-measurement-help"), Width: "medium", Value: value("measurement", g.Measurement), Autocomplete: "off"},
		{Name: "secret", Label: v.t("analytics.google-secret"), Help: kept(g.HasSecret), Type: "password", Width: "medium", Autocomplete: "off"},
		{Name: "number", Label: v.t("analytics.google-number"), Help: v.t("analytics.google-number-help"), Width: "medium", Value: value("number", g.Number), InputMode: "numeric", Autocomplete: "off"},
		{Name: "account", Label: v.t("analytics.google-key"), Help: v.t("analytics.google-key-help") + " " + kept(g.Email != ""), Rows: 4, Autocomplete: "off"},
	}}
	if g.HasSecret && g.ChangedBy != "" || g.Email != "" {
		f.ChecksTitle, f.Checks = v.t("analytics.google-secrets"), []kit.Checkbox{{Name: "clear", Value: "yes", Label: v.t("analytics.google-clear")}}
	}
	return f
}

func usageSetGoogle(v *visit) error {
	value := v.PostFormValue
	x := analytics.GoogleSetting{Host: v.PathValue("host"), Way: value("way"), Measurement: value("measurement"), Number: value("number"), Secret: value("secret"), Account: value("account"), Clear: value("clear") != ""}
	if _, err := v.usage().SetGoogle(v.Context(), v.session.Actor, x); err != nil {
		if errs.KindOf(err) == errs.Invalid {
			return v.googleSheet(http.StatusUnprocessableEntity, err)
		}
		return err
	}
	return v.seeOther("/office/analytics/google/" + x.Host)
}

func usageFetchGoogle(v *visit) error {
	if err := v.usage().AskGoogle(v.Context(), v.session.Actor, v.PathValue("host")); err != nil {
		return err
	}
	return v.seeOther("/office/analytics/google/" + v.PathValue("host"))
}

// usageTheirs are Google's figures beside ours; nil where there are none.
type usageTheirs struct {
	Heading, Lead string
	Notes         []string
	Days          kit.Table
	Tables        []usageTable
}

// usageTheirs makes the panel of the overview.
func (v *visit) usageTheirs(q analytics.Query, o analytics.Overview) (*usageTheirs, error) {
	q.Limit = 50
	g, ok, err := v.usage().GoogleReport(v.Context(), v.session.Actor, q)
	if err != nil || !ok {
		return nil, err
	}
	number := func(n int64) kit.Cell { return kit.Cell{Text: kit.Thousands(int(n)), Number: true} }
	p := &usageTheirs{Heading: v.t("analytics.theirs"), Lead: v.t("analytics.theirs-lead", "n", g.Sites, "from", analytics.DateOf(g.First, v.lang), "to", analytics.DateOf(g.Last, v.lang)), Notes: []string{v.t("analytics.theirs-note")}}
	if g.Imported {
		p.Notes = append(p.Notes, v.t("analytics.theirs-imported"))
	}
	ours := map[int64]analytics.Figures{}
	for _, d := range o.Series {
		ours[d.Day] = d.Figures
	}
	p.Days = kit.Table{Caption: v.t("analytics.theirs"), Hidden: true, Head: []string{v.t("analytics.column-day"), v.t("analytics.theirs-views"), v.t("analytics.ours-views"), v.t("analytics.theirs-users"), v.t("analytics.ours-visitors"), v.t("analytics.theirs-sessions"), v.t("analytics.ours-visits")}}
	p.Days.Rows = append(p.Days.Rows, []kit.Cell{{Text: v.t("analytics.theirs-sum"), Strong: true}, number(g.Views), number(o.Now.Views), number(g.Users), number(o.Now.Visitors), number(g.Sessions), number(o.Now.Visits)})
	for _, d := range slices.Backward(g.Days) {
		x := ours[d.Day]
		p.Days.Rows = append(p.Days.Rows, []kit.Cell{{Text: analytics.DateOf(d.Day, v.lang)}, number(d.Views), number(x.Views), number(d.Users), number(x.Visitors), number(d.Sessions), number(x.Visits)})
	}
	for _, x := range []struct {
		key   string
		lines []analytics.Line
	}{{"analytics.theirs-pages", g.Pages}, {"analytics.theirs-channels", g.Channels}} {
		if len(x.lines) == 0 {
			continue
		}
		t := usageTable{Title: v.t(x.key), Head: []string{v.t(x.key), v.t("analytics.theirs-views"), v.t("analytics.theirs-users"), v.t("analytics.theirs-sessions")}}
		for i, l := range x.lines {
			if i == 10 {
				break
			}
			r := usageRow{Name: l.Label}
			if whole := x.lines[0].Values[0]; whole > 0 {
				r.Bar = template.HTML(svg.Bar(l.Values[0] / whole)) //nolint:gosec // numbers only
			}
			for _, n := range l.Values {
				r.Cells = append(r.Cells, analytics.Number("views", n))
			}
			t.Rows = append(t.Rows, r)
		}
		p.Tables = append(p.Tables, t)
	}
	return p, nil
}
