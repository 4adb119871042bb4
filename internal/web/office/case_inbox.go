package office

import (
	"net/http"
	"net/url"
	"strings"

	"prasan/internal/cases"
	"prasan/internal/i18n"
	"prasan/internal/policy"
	"prasan/internal/web/kit"
)

// view is an entry of the inbox's list of views.
type view struct {
	Href, Text, Count string
	Late, Here        bool
}

// line is a case in the inbox.
type line struct {
	Href, Reference string
	Due             kit.Chip
	Flags           []kit.Chip
	Topic, Excerpt  string
	Given           string // by what the sender can be reached
	Site, Agency    string
	Holder          string
	Unheld          bool
	State, Age      string
}

// inboxPage is the list of an agency's cases: what is due first, first.
type inboxPage struct {
	Heading, Lead string
	Done          string
	Errors        *kit.Summary
	Views         []view
	View          string
	Search        kit.Field
	Fields        []kit.Field
	Overdue       kit.Checkbox
	Filtered      bool
	Clear         string
	Lines         []line
	ShowSite      bool
	ShowAgency    bool
	Empty         string
	EmptyNext     *kit.Link
	MayReceive    bool
	Pager         kit.Pager
}

func filterOf(v *visit) cases.Filter {
	f := cases.Filter{View: v.FormValue("view"), State: cases.State(v.FormValue("state")), Topic: v.FormValue("topic"), Site: v.FormValue("site"), Agency: v.FormValue("agency"),
		Overdue: v.FormValue("overdue") != "", Search: v.FormValue("q"), Cursor: v.FormValue("after"), Limit: pageSize, Excerpts: true}
	if f.View == "" {
		f.View = "open"
		if f.Search != "" {
			f.View = "all" // who looks for a case does not know how far it has come
		}
	}
	return f
}

func inbox(v *visit) error {
	ctx, actor, f := v.Context(), v.session.Actor, filterOf(v)
	p := inboxPage{Heading: v.t("office.inbox-of", "agency", v.agency(actor.Agency)), View: f.View, MayReceive: v.reaches("case.receive")}
	if all, _ := policy.Reach(actor, "case.list"); all {
		p.Heading, p.ShowAgency = v.t("office.inbox-all"), true
	}
	n, err := v.f.Cases.Count(ctx, actor)
	if err != nil {
		return err
	}
	status := http.StatusOK
	list, err := v.f.Cases.List(ctx, actor, f)
	if err != nil {
		var bad form
		if _, err := v.refused(err, &bad); err != nil {
			return err
		}
		status, p.Errors = http.StatusUnprocessableEntity, bad.Errors
		for i := range p.Errors.Items {
			p.Errors.Items[i].Href = "#q" // an address that was typed has no field of its own
		}
	}
	v.describe(&p, f, n)
	if err := v.fill(&p, list.Lines); err != nil {
		return err
	}
	if list.Next != "" {
		p.Pager.Next = v.to("/office/cases?" + query(f, "after", list.Next))
	}
	if f.Cursor != "" {
		p.Pager.Previous = v.to("/office/cases?" + query(f, "", ""))
	}
	p.Done = v.done()
	return v.page(status, p.Heading, "office/inbox", p)
}

// query is the address of a filter with one value changed.
func query(f cases.Filter, name, value string) string {
	q := url.Values{"view": {f.View}, "state": {string(f.State)}, "topic": {f.Topic}, "site": {f.Site}, "agency": {f.Agency}, "q": {f.Search}}
	if f.Overdue {
		q.Set("overdue", "yes")
	}
	q.Set(name, value)
	for k, x := range q {
		if x[0] == "" {
			delete(q, k)
		}
	}
	return q.Encode()
}

// describe fills in all of the page but its lines.
func (v *visit) describe(p *inboxPage, f cases.Filter, n cases.Counts) {
	late := f.View == "open" && f.Overdue
	add := func(key, q string, count int, isLate, here bool) {
		x := view{Href: v.to("/office/cases?" + q), Text: v.t("office.view-" + key), Late: isLate && count > 0, Here: here}
		if count >= 0 {
			x.Count = kit.Thousands(count)
		}
		p.Views = append(p.Views, x)
	}
	add("open", "view=open", n.Open, false, f.View == "open" && !late)
	add("mine", "view=mine", n.Mine, false, f.View == "mine")
	add("late", "view=open&overdue=yes", n.Overdue, true, late)
	if v.reaches("case.sift") || n.Quarantined > 0 {
		add("quarantined", "view=quarantined", n.Quarantined, false, f.View == "quarantined")
	}
	add("parked", "view=parked", n.Parked, false, f.View == "parked")
	add("answered", "view=answered", -1, false, f.View == "answered")
	add("closed", "view=closed", -1, false, f.View == "closed")
	add("all", "view=all", -1, false, f.View == "all")
	p.Lead = v.waiting(n)
	p.Search = kit.Field{Name: "q", Label: v.t("office.search"), Help: v.t("office.search-help"), Type: "search", Value: f.Search, Autocomplete: "off"}
	any := kit.Option{Label: v.t("office.any")}
	p.Fields = []kit.Field{
		{Name: "topic", Label: v.t("office.topic"), Options: append([]kit.Option{any}, v.labelled("office.topic-", f.Topic, cases.Topics...)...)},
		{Name: "state", Label: v.t("office.status"), Options: append([]kit.Option{any}, v.labelled("office.state-", string(f.State), plain(cases.States)...)...)},
	}
	if p.ShowAgency {
		p.Fields = append(p.Fields, kit.Field{Name: "agency", Label: v.t("office.agency"), Options: append([]kit.Option{any}, v.agencyOptions(f.Agency, nil)...)})
	}
	if options := v.siteOptions("case.list", f.Site); len(options) > 1 {
		p.ShowSite = !p.ShowAgency // who works across agencies is told who holds a case
		p.Fields = append(p.Fields, kit.Field{Name: "site", Label: v.t("office.site"), Options: append([]kit.Option{any}, options...)})
	}
	p.Overdue = kit.Checkbox{Name: "overdue", Label: v.t("office.overdue-only"), Checked: f.Overdue}
	p.Filtered = f.Topic+string(f.State)+f.Site+f.Agency+f.Search != ""
	p.Clear = v.to("/office/cases?view=" + url.QueryEscape(f.View))
	if p.Empty = v.t("office.empty-all"); i18n.Has("office.empty-" + f.View) {
		p.Empty = v.t("office.empty-" + f.View)
	}
	switch {
	case p.Filtered:
		p.Empty, p.EmptyNext = v.t("office.empty-filtered"), &kit.Link{Href: p.Clear, Text: v.t("office.filter-clear")}
	case late:
		p.Empty = v.t("office.empty-late")
	case f.View == "mine":
		p.EmptyNext = &kit.Link{Href: v.to("/office/cases"), Text: v.t("office.view-open")}
	}
}

// waiting is the sentence over the list: how much waits, and how urgent it is.
func (v *visit) waiting(n cases.Counts) string {
	parts := []string{v.count("office.lead-open", n.Open)}
	if n.Overdue > 0 {
		parts = append(parts, v.count("office.lead-late", n.Overdue))
	}
	if n.Today > 0 {
		parts = append(parts, v.count("office.lead-today", n.Today))
	}
	return strings.Join(parts, " · ")
}

// siteOptions are the sites that an action reaches.
func (v *visit) siteOptions(action, selected string) []kit.Option {
	all, agency := policy.Reach(v.session.Actor, action)
	var out []kit.Option
	for _, s := range v.f.Sites.All() {
		if all || s.Agency == agency {
			out = append(out, kit.Option{Value: s.Host, Label: s.Name.In(v.lang), Selected: s.Host == selected})
		}
	}
	return out
}

func (v *visit) fill(p *inboxPage, lines []cases.Line) error {
	holders := map[string]bool{}
	for i := range lines {
		holders[lines[i].Assignee] = true
	}
	names, err := v.people(holders)
	if err != nil {
		return err
	}
	for i := range lines {
		c := &lines[i].Case
		p.Lines = append(p.Lines, line{Href: v.to("/office/cases/" + c.Reference), Reference: c.Reference, Due: v.dueChip(c), Flags: v.flags(c), Topic: v.t("office.topic-" + c.Topic), Excerpt: lines[i].Excerpt,
			Given: v.reachable(c), Site: v.site(c.Site), Agency: v.agency(c.Agency), Holder: names.name(c.Assignee), Unheld: c.Assignee == "", State: v.t("office.state-" + string(c.State)), Age: v.age(c.ReceivedAt)})
	}
	return nil
}

// reachable names the ways to the sender, without saying anything of him.
func (v *visit) reachable(c *cases.Case) string {
	var out []string
	for _, element := range c.Given() {
		switch element {
		case "mobile_phone", "email":
			out = append(out, v.t("office.reach-"+element))
		}
	}
	return strings.Join(out, ", ")
}
