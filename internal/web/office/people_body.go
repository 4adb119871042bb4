package office

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/sites"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// bodyRoutes: orders, agencies, sites and the audit.
var bodyRoutes = []route{
	{"GET /{lang}/office/delegations", full, "", listOrders},
	{"POST /{lang}/office/delegations", full, "", addOrder},
	{"POST /{lang}/office/delegations/{id}/revoke", full, "", revokeOrder},
	{"GET /{lang}/office/agencies", full, "", listAgencies},
	{"GET /{lang}/office/sites", full, "", listSites},
	{"POST /{lang}/office/sites", full, "site.admin", addSite},
	{"GET /{lang}/office/audit", full, "log.read", listAudit},
}

// mayGrant tells whether the record names the person to grant access under any activity
// in force; the form is offered to nobody else.
func (v *visit) mayGrant() bool {
	for _, s := range v.f.Activities() {
		if s.MayDo(v.session.Actor, policy.DutyGrant).Allowed {
			return true
		}
	}
	return false
}

func (v *visit) orderSheet() (sheet, error) {
	list, err := v.f.Org.Orders(v.Context(), v.session.Actor, org.Filter{Before: v.FormValue("before"), Limit: pageSize + 1})
	if err != nil {
		return sheet{}, err
	}
	s := sheet{Heading: v.t("office.delegations"), Lead: v.t("office.delegations-lead")}
	if len(list) > pageSize {
		list = list[:pageSize]
		s.Pager.Next = v.to("/office/delegations?before=" + list[pageSize-1].ID)
	}
	grants := v.mayGrant()
	t := table{Title: v.t("office.delegations"), Head: []string{v.t("office.number"), v.t("office.delegate"), v.t("office.agency"), v.t("office.matter"), v.t("office.period"), v.t("office.status"), v.t("library.scan")}, Empty: v.t("office.delegations-none")}
	now := v.f.Now()
	scans, err := v.orderDocuments()
	if err != nil {
		return sheet{}, err
	}
	for _, d := range list {
		r := row{Cells: []kit.Cell{{Text: d.Number}, {Text: d.Account}, {Text: v.agency(d.Agency)}, {Text: v.activity(d.Activity) + ": " + d.Matter}, {Text: thai.DateShort(d.From, v.lang) + " – " + thai.DateShort(d.To, v.lang)}, {Chip: v.orderChip(d, now)}, v.scanCell(d, scans)}}
		if grants && d.RevokedAt.IsZero() && now.Before(d.To) {
			r.Action, r.Button, r.Of = v.to("/office/delegations/"+d.ID+"/revoke"), v.t("office.revoke"), d.Number
		}
		t.Rows = append(t.Rows, r)
	}
	heads, err := v.headTable()
	if err != nil {
		return sheet{}, err
	}
	s.Tables = []table{t, heads}
	if grants {
		s.Forms = []form{v.orderForm()}
	}
	return s, nil
}

func (v *visit) orderChip(d org.Delegation, now time.Time) *kit.Chip {
	switch {
	case !d.RevokedAt.IsZero():
		return &kit.Chip{Tone: "stop", Text: v.t("office.order-revoked")}
	case d.Active(now):
		return &kit.Chip{Tone: "good", Text: v.t("office.order-active")}
	case now.Before(d.From):
		return &kit.Chip{Tone: "wait", Text: v.t("office.order-waiting")}
	}
	return &kit.Chip{Tone: "quiet", Text: v.t("office.order-over")}
}

func (v *visit) orderForm() form {
	value := v.PostFormValue
	var activities []kit.Option
	for _, s := range v.f.Activities() {
		activities = append(activities, kit.Option{Value: s.Activity, Label: s.Name.In(v.lang), Selected: s.Activity == value("activity")})
	}
	agency := value("agency")
	if agency == "" {
		agency = v.session.Account.Agency
	}
	return form{Title: v.t("office.delegation-add"), Action: v.to("/office/delegations"), Button: v.t("office.delegation-save"), Fields: []kit.Field{
		{Name: "number", Label: v.t("office.number"), Help: v.t("office.number-help"), Width: "medium", Value: value("number"), Required: true, Autocomplete: "off"},
		{Name: "agency", Label: v.t("office.agency"), Options: v.agencyOptions(agency, nil)},
		{Name: "account", Label: v.t("office.delegate"), Help: v.t("office.delegate-help"), Width: "medium", Value: value("account"), Required: true, Autocomplete: "off"},
		{Name: "activity", Label: v.t("office.activity"), Options: activities},
		{Name: "matter", Label: v.t("office.matter"), Value: value("matter"), Required: true, Autocomplete: "off"},
		{Name: "signed_by", Label: v.t("office.signed-by"), Value: value("signed_by"), Required: true, Autocomplete: "off"},
		{Name: "from", Label: v.t("office.from"), Type: "date", Width: "medium", Value: value("from"), Required: true},
		{Name: "to", Label: v.t("office.to"), Help: v.t("office.to-help"), Type: "date", Width: "medium", Value: value("to"), Required: true},
	}}
}

func listOrders(v *visit) error {
	s, err := v.orderSheet()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, s)
}

// day reads a date of a form as the beginning of that day in Bangkok; the zero time
// when it is none.
func day(text string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, text, thai.Bangkok)
	if err != nil {
		return time.Time{}
	}
	return t
}

func addOrder(v *visit) error {
	value := v.PostFormValue
	d := org.Delegation{Number: value("number"), Agency: value("agency"), Account: value("account"), Activity: value("activity"), Matter: value("matter"), SignedBy: value("signed_by"), From: day(value("from"))}
	if to := day(value("to")); !to.IsZero() {
		d.To = to.AddDate(0, 0, 1) // the last day belongs to the order
	}
	if _, err := v.f.Org.Delegate(v.Context(), v.session.Actor, d); err != nil {
		s, bad := v.orderSheet()
		if bad != nil || len(s.Forms) == 0 {
			return err
		}
		return v.again(err, s)
	}
	return v.seeOther("/office/delegations")
}

func revokeOrder(v *visit) error {
	if err := v.f.Org.Revoke(v.Context(), v.session.Actor, v.PathValue("id")); err != nil {
		return err
	}
	return v.seeOther("/office/delegations")
}

func listAgencies(v *visit) error {
	t := table{Title: v.t("office.agencies"), Head: []string{v.t("office.code-of"), v.t("office.name"), v.t("office.kind"), v.t("office.addressee"), v.t("office.email")}}
	for _, a := range v.f.Agencies.All() {
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: a.Code}, {Text: a.Name.In(v.lang)}, {Text: v.t("agency-kind." + a.Kind)}, {Text: a.Addressee.In(v.lang)}, {Text: a.Email}}})
	}
	return v.show(http.StatusOK, sheet{Heading: v.t("office.agencies"), Tables: []table{t}})
}

func (v *visit) siteSheet() sheet {
	t := table{Title: v.t("office.sites"), Head: []string{v.t("office.host"), v.t("office.name"), v.t("office.agency")}}
	for _, s := range v.f.Sites.All() {
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: s.Host}, {Text: s.Name.In(v.lang)}, {Text: v.agency(s.Agency)}}})
	}
	s := sheet{Heading: v.t("office.sites"), Tables: []table{t}}
	if v.reaches("site.admin") {
		var accents []kit.Option
		for _, a := range sites.Accents {
			accents = append(accents, kit.Option{Value: a, Label: v.t("accent." + a), Selected: a == v.PostFormValue("accent")})
		}
		own := func(code string) bool { a, ok := v.f.Agencies.Get(code); return ok && a.SameController() }
		s.Forms = []form{{Title: v.t("office.site-add"), Action: v.to("/office/sites"), Button: v.t("office.site-save"), Fields: []kit.Field{
			{Name: "host", Label: v.t("office.host"), Help: v.t("office.host-help"), Value: v.PostFormValue("host"), Required: true, Autocomplete: "off"},
			{Name: "agency", Label: v.t("office.agency"), Options: v.agencyOptions(v.PostFormValue("agency"), own)},
			{Name: "accent", Label: v.t("office.accent"), Options: accents},
		}}}
	}
	return s
}

func listSites(v *visit) error { return v.show(http.StatusOK, v.siteSheet()) }

func addSite(v *visit) error {
	a, ok := v.f.Agencies.Get(v.PostFormValue("agency"))
	err := errs.InvalidField("agency", "error.agency-unknown")
	if ok {
		_, err = v.f.Sites.Add(v.Context(), v.session.Actor, v.PostFormValue("host"), a, v.PostFormValue("accent"))
	}
	if errs.KindOf(err) == errs.Conflict && err != nil {
		e := errs.As(err)
		err = errs.InvalidField("host", e.Key, e.Args...)
	}
	if err != nil {
		return v.again(err, v.siteSheet())
	}
	return v.seeOther("/office/sites")
}

func listAudit(v *visit) error {
	f := audit.Filter{Actor: v.FormValue("actor"), Object: v.FormValue("object"), Area: v.FormValue("area"), Limit: pageSize + 1, After: position(v.FormValue("at"), v.FormValue("chain"), v.FormValue("seq"))}
	lines, err := v.auditLines(f)
	if err != nil {
		return err
	}
	s := sheet{Heading: v.t("office.audit"), Lead: v.t("office.audit-lead")}
	if len(lines) > pageSize {
		lines = lines[:pageSize]
		last := lines[pageSize-1]
		s.Pager.Next = v.to("/office/audit?" + url.Values{"actor": {f.Actor}, "object": {f.Object}, "area": {f.Area}, "at": {strconv.FormatInt(db.Micros(last.At), 10)}, "chain": {last.Chain}, "seq": {strconv.FormatInt(last.Seq, 10)}}.Encode())
	}
	t := table{Title: v.t("office.audit"), Head: []string{v.t("office.at"), v.t("office.actor"), v.t("office.act"), v.t("office.object"), v.t("office.detail")}, Empty: v.t("office.audit-none")}
	for _, l := range lines {
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: thai.DateTime(l.At, v.lang)}, {Text: l.Actor}, {Text: l.Action}, v.object(l.Object), {Text: v.told(l.Body)}}})
	}
	s.Tables = []table{t}
	s.Forms = []form{{Title: v.t("office.filter"), Method: "get", Action: v.to("/office/audit"), Button: v.t("office.show"), Fields: []kit.Field{
		{Name: "area", Label: v.t("office.area"), Options: v.areaOptions(f.Area)},
		{Name: "actor", Label: v.t("office.actor"), Width: "medium", Value: f.Actor, Autocomplete: "off"},
		{Name: "object", Label: v.t("office.object"), Help: v.t("office.object-help"), Width: "medium", Value: f.Object, Autocomplete: "off"},
	}}}
	return v.show(http.StatusOK, s)
}

func position(at, chain, seq string) *audit.Line {
	us, err1 := strconv.ParseInt(at, 10, 64)
	n, err2 := strconv.ParseInt(seq, 10, 64)
	if err1 != nil || err2 != nil {
		return nil
	}
	return &audit.Line{At: db.Time(us), Chain: chain, Seq: n}
}
