package api

import (
	"strconv"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/sites"
)

// Text is a phrase in both languages.
type Text struct {
	TH string `json:"th"`
	EN string `json:"en"`
}

func textOf(t policy.Text) Text { return Text{t.TH, t.EN} }

// Site is a public site.
type Site struct {
	Host   string `json:"host"`
	Agency string `json:"agency" doc:"Code of the agency it speaks for."`
	Kind   string `json:"kind"`
	Name   Text   `json:"name"`
	Accent string `json:"accent"`
	Phone  string `json:"phone,omitempty"`
	Email  string `json:"email,omitempty"`
}

func siteOf(s sites.Site) Site {
	return Site{s.Host, s.Agency, s.Kind, textOf(s.Name), s.Accent, s.Phone, s.Email}
}

// Agency is a unit of the body or a related agency.
type Agency struct {
	Code      string `json:"code"`
	Parent    string `json:"parent,omitempty"`
	Kind      string `json:"kind" enum:"ministry,office,division,province,department"`
	Name      Text   `json:"name"`
	Short     Text   `json:"short"`
	Addressee Text   `json:"addressee" doc:"The position that letters address."`
	ECMS      string `json:"ecms,omitempty" doc:"Organisation id in the e-CMS directory."`
	Email     string `json:"email,omitempty"`
}

func agencyOf(a org.Agency) Agency {
	return Agency{a.Code, a.Parent, a.Kind, textOf(a.Name), textOf(a.Short), textOf(a.Addressee), a.ECMS, a.Email}
}

// Delegation is an order by which a person acts for another.
type Delegation struct {
	ID        string     `json:"id"`
	Number    string     `json:"number"`
	Agency    string     `json:"agency"`
	Account   string     `json:"account"`
	Activity  string     `json:"activity" doc:"Code of the record's activity."`
	Matter    string     `json:"matter"`
	SignedBy  string     `json:"signed_by"`
	From      time.Time  `json:"from"`
	To        time.Time  `json:"to"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

func delegationOf(d org.Delegation) Delegation {
	return Delegation{d.ID, d.Number, d.Agency, d.Account, d.Activity, d.Matter, d.SignedBy, d.From, d.To, moment(d.RevokedAt)}
}

// moment is nil for a time that has not come.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// AuditLine is a line of the audit chain.
type AuditLine struct {
	Chain  string    `json:"chain"`
	Seq    int64     `json:"seq"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Action string    `json:"action"`
	Object string    `json:"object"`
	Body   string    `json:"body" doc:"JSON, as it was hashed."`
}

type newSite struct {
	Host   string `json:"host"`
	Agency string `json:"agency"`
	Accent string `json:"accent,omitempty" enum:"indigo,teal,green,wine,brown,blue,violet,slate"`
}

type newDelegation struct {
	Number   string    `json:"number"`
	Agency   string    `json:"agency"`
	Account  string    `json:"account"`
	Activity string    `json:"activity"`
	Matter   string    `json:"matter"`
	SignedBy string    `json:"signed_by"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
}

// bodyOperations: agencies, sites, orders and the audit.
func (a *API) bodyOperations() []Operation {
	return []Operation{
		Get(Operation{ID: "listSites", Path: "/sites", Tag: "body", Summary: "The public sites."}, a.listSites),
		Get(Operation{ID: "getSite", Path: "/sites/{host}", Tag: "body", Summary: "A public site."}, a.getSite),
		Do(Operation{ID: "addSite", Path: "/sites", Tag: "body", Summary: "Add a site of an agency.", Action: "site.admin", Creates: true}, a.addSite),
		Get(Operation{ID: "listAgencies", Path: "/agencies", Tag: "body", Summary: "The agencies of the body and those related to it."}, a.listAgencies),
		Get(Operation{ID: "getAgency", Path: "/agencies/{code}", Tag: "body", Summary: "An agency."}, a.getAgency),
		Get(Operation{ID: "listDelegations", Path: "/delegations", Tag: "people", Summary: "Delegation orders, newest first.", Query: append([]Param{{Name: "agency", Summary: "Code of an agency."}, {Name: "account", Summary: "Who is delegated."}}, Paging...)}, a.listDelegations),
		Do(Operation{ID: "addDelegation", Path: "/delegations", Tag: "people", Summary: "Enter a delegation order; for whom the record names to grant access.", Creates: true}, a.addDelegation),
		Get(Operation{ID: "revokeDelegation", Method: "POST", Path: "/delegations/{id}/revoke", Tag: "people", Summary: "End an order now."}, a.revokeDelegation),
		Get(Operation{ID: "listAudit", Path: "/audit", Tag: "audit", Summary: "Lines of the audit, newest first.", Action: "log.read", Query: append([]Param{{Name: "actor", Summary: "Account that acted."}, {Name: "object", Summary: "What was acted on, such as case:REFERENCE or account:NAME."}}, Paging...)}, a.listAudit),
	}
}

func (a *API) listSites(*Call) (Page[Site], error) {
	all := a.Sites.All()
	return PageOf(all, len(all), siteOf, nil), nil
}

func (a *API) getSite(c *Call) (Site, error) {
	s, ok := a.Sites.Lookup(c.Path("host"))
	if !ok {
		return Site{}, errNotFound
	}
	return siteOf(s), nil
}

func (a *API) addSite(c *Call, in newSite) (Site, error) {
	agency, ok := a.Agencies.Get(in.Agency)
	if !ok {
		return Site{}, errs.InvalidField("agency", "error.agency-unknown")
	}
	s, err := a.Sites.Add(c.Request.Context(), c.Actor, in.Host, agency, in.Accent)
	c.Location = "/sites/" + s.Host
	return siteOf(s), err
}

func (a *API) listAgencies(*Call) (Page[Agency], error) {
	all := a.Agencies.All()
	return PageOf(all, len(all), agencyOf, nil), nil
}

func (a *API) getAgency(c *Call) (Agency, error) {
	x, ok := a.Agencies.Get(c.Path("code"))
	if !ok {
		return Agency{}, errNotFound
	}
	return agencyOf(x), nil
}

func (a *API) listDelegations(c *Call) (Page[Delegation], error) {
	limit, err := c.Limit()
	if err != nil {
		return Page[Delegation]{}, err
	}
	f := org.Filter{Agency: c.Query("agency"), Account: c.Query("account"), Limit: limit + 1}
	after, err := c.Cursor(1)
	if err != nil {
		return Page[Delegation]{}, err
	}
	if after != nil {
		f.Before = after[0]
	}
	list, err := a.Org.Orders(c.Request.Context(), c.Actor, f)
	return PageOf(list, limit, delegationOf, func(d org.Delegation) string { return MakeCursor(d.ID) }), err
}

func (a *API) addDelegation(c *Call, in newDelegation) (Delegation, error) {
	d, err := a.Org.Delegate(c.Request.Context(), c.Actor, org.Delegation{Number: in.Number, Agency: in.Agency, Account: in.Account, Activity: in.Activity, Matter: in.Matter, SignedBy: in.SignedBy, From: in.From, To: in.To})
	c.Location = "/delegations?account=" + d.Account
	return delegationOf(d), err
}

func (a *API) revokeDelegation(c *Call) (Nothing, error) {
	return Nothing{}, a.Org.Revoke(c.Request.Context(), c.Actor, c.Path("id"))
}

func (a *API) listAudit(c *Call) (Page[AuditLine], error) {
	limit, err := c.Limit()
	if err != nil {
		return Page[AuditLine]{}, err
	}
	f := audit.Filter{Actor: c.Query("actor"), Object: c.Query("object"), Limit: limit + 1}
	after, err := c.Cursor(3)
	if err != nil {
		return Page[AuditLine]{}, err
	}
	if after != nil {
		at, err1 := strconv.ParseInt(after[0], 10, 64)
		seq, err2 := strconv.ParseInt(after[2], 10, 64)
		if err1 != nil || err2 != nil {
			return Page[AuditLine]{}, errs.InvalidField("cursor", "error.cursor")
		}
		f.After = &audit.Line{At: db.Time(at), Chain: after[1], Seq: seq}
	}
	var lines []audit.Line
	err = a.DB.Read(c.Request.Context(), func(tx *db.Tx) (err error) { lines, err = audit.List(tx, f); return err })
	show := func(l audit.Line) AuditLine {
		return AuditLine{l.Chain, l.Seq, l.At, l.Actor, l.Action, l.Object, l.Body}
	}
	return PageOf(lines, limit, show, func(l audit.Line) string {
		return MakeCursor(strconv.FormatInt(db.Micros(l.At), 10), l.Chain, strconv.FormatInt(l.Seq, 10))
	}), err
}
