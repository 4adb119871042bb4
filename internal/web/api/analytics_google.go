package api

import (
	"time"

	"prasan/internal/analytics"
)

// UsageGoogle is what a site has with Google Analytics, and how it goes. Secrets are
// never told.
type UsageGoogle struct {
	Site        string `json:"site"`
	Way         string `json:"way" enum:"off,gtag,server"`
	Measurement string `json:"measurement,omitempty"`
	Number      string `json:"number,omitempty" doc:"Of the property."`
	Account     string `json:"account,omitempty" doc:"Service account whose key is kept."`
	HasSecret   bool   `json:"has_secret"`
	Open        bool   `json:"open" doc:"Something may go now, of visitors who consented."`
	Why         string `json:"why,omitempty" enum:"no-way,off,record,level,elements" doc:"Why it is closed."`
}

// UsageGoogleTask is how something that goes to Google goes.
type UsageGoogleTask struct {
	Task     string     `json:"task" enum:"send,report,erase"`
	Done     int64      `json:"done"`
	Waiting  int64      `json:"waiting"`
	Dropped  int64      `json:"dropped" doc:"Events that were not passed on: older than 72 hours, or the bridge was closed."`
	Attempts int64      `json:"attempts" doc:"That failed, one after the other."`
	Trouble  string     `json:"trouble,omitempty" enum:"unreachable,slow,refused,rejected,limited,failing,broken,key"`
	Status   int64      `json:"status,omitempty" doc:"That Google answered with."`
	Since    *time.Time `json:"since,omitempty"`
	Next     *time.Time `json:"next,omitempty"`
	Last     *time.Time `json:"last,omitempty" doc:"That worked."`
}

// UsageGoogleState is a site with its tasks.
type UsageGoogleState struct {
	UsageGoogle
	Tasks []UsageGoogleTask `json:"tasks"`
}

// UsageGoogleSetting is a change of it.
type UsageGoogleSetting struct {
	Way         string `json:"way" enum:"off,gtag,server"`
	Measurement string `json:"measurement,omitempty"`
	Number      string `json:"number,omitempty"`
	Secret      string `json:"secret,omitempty" doc:"Of the Measurement Protocol; absent, the one that is kept stays."`
	Account     string `json:"account,omitempty" doc:"Key of a service account, as Google's JSON in a string; absent, the one that is kept stays."`
	Clear       bool   `json:"clear,omitempty" doc:"Take both away."`
}

// UsageErasure is a request for deletion at Google.
type UsageErasure struct {
	ID     string     `json:"id,omitempty"`
	Site   string     `json:"site"`
	By     string     `json:"by"`
	Reason string     `json:"reason"`
	At     time.Time  `json:"at"`
	Passed *time.Time `json:"passed,omitempty" doc:"When Google took it; absent while it waits."`
}

type usageErase struct {
	Receipt string `json:"receipt" doc:"Number of the proof of consent."`
	Reason  string `json:"reason" doc:"Reference of the rights request."`
}

// UsageTheirs are Google's own figures.
type UsageTheirs struct {
	Sites    int              `json:"sites" doc:"How many have any."`
	Views    int64            `json:"views"`
	Users    int64            `json:"users" doc:"Sum of the active users of each day."`
	Sessions int64            `json:"sessions"`
	Imported bool             `json:"imported" doc:"Some of it comes from an exported file."`
	Days     []UsageTheirsDay `json:"days"`
	Pages    []UsageLine      `json:"pages" doc:"Values: views, users, sessions."`
	Channels []UsageLine      `json:"channels"`
}

// UsageTheirsDay is a day of them.
type UsageTheirsDay struct {
	Day      string `json:"day"`
	Views    int64  `json:"views"`
	Users    int64  `json:"users"`
	Sessions int64  `json:"sessions"`
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (u usage) googleOf(g analytics.GoogleSite) UsageGoogle {
	why := u.GoogleWhy(g.Host)
	return UsageGoogle{g.Host, g.Way, g.Measurement, g.Number, g.Email, g.HasSecret, why == analytics.WhyOpen, why}
}

func erasureOf(e analytics.Erasure) UsageErasure {
	return UsageErasure{e.ID, e.Host, e.By, e.Reason, e.At, optional(e.PassedAt)}
}

func (u usage) googleState(c *Call) (out UsageGoogleState, err error) {
	g, err := u.GoogleOf(c.Actor, c.Path("site"))
	if err != nil {
		return out, err
	}
	states, err := u.GoogleStates(c.Request.Context(), c.Actor, g.Host)
	out.UsageGoogle = u.googleOf(g)
	for _, task := range []string{analytics.TaskSend, analytics.TaskReport, analytics.TaskErase} {
		x := states[task]
		out.Tasks = append(out.Tasks, UsageGoogleTask{task, x.Done, x.Waiting, x.Dropped, x.Attempts, x.Trouble, x.Status, optional(x.Since), optional(x.NextAt), optional(x.DoneAt)})
	}
	return out, err
}

func (u usage) theirs(c *Call) (out UsageTheirs, err error) {
	q, _, err := usageQueryOf(c, u.today())
	if err != nil {
		return out, err
	}
	g, _, err := u.GoogleReport(c.Request.Context(), c.Actor, q)
	out = UsageTheirs{Sites: g.Sites, Views: g.Views, Users: g.Users, Sessions: g.Sessions, Imported: g.Imported, Days: []UsageTheirsDay{}, Pages: linesOf(g.Pages), Channels: linesOf(g.Channels)}
	for _, d := range g.Days {
		out.Days = append(out.Days, UsageTheirsDay{analytics.ISO(d.Day), d.Views, d.Users, d.Sessions})
	}
	return out, err
}

// google are the operations about Google Analytics.
func (u usage) google() []Operation {
	op := func(id, path, summary, action string) Operation {
		return Operation{ID: id, Path: "/analytics/google" + path, Tag: "analytics", Summary: summary, Action: action}
	}
	figures := op("getUsageGoogleFigures", "/figures", "Google's own figures of a period.", analytics.ActionRead)
	figures.Query = paramsOf(usageQuery, "site", "from", "to", "limit")
	fetch := op("fetchUsageGoogle", "/sites/{site}/fetch", "Fetch Google's reports of a site now.", analytics.ActionAdmin)
	fetch.Method = "POST"
	erase := op("eraseUsageGoogle", "/erasures", "Have Google asked to delete a visitor's data, as a request of his says.", analytics.ActionErase)
	erase.Creates = true
	return []Operation{
		Get(op("listUsageGoogle", "/sites", "What each site has with Google Analytics.", analytics.ActionRead), func(c *Call) (Page[UsageGoogle], error) {
			return whole(u.GoogleSites(c.Actor), nil, u.googleOf)
		}),
		Get(op("getUsageGoogle", "/sites/{site}", "What a site has, and how it goes.", analytics.ActionRead), u.googleState),
		Do(op("setUsageGoogle", "/sites/{site}", "Set what a site has. It opens nothing: the record does.", analytics.ActionAdmin), func(c *Call, in UsageGoogleSetting) (UsageGoogle, error) {
			g, err := u.SetGoogle(c.Request.Context(), c.Actor, analytics.GoogleSetting{Host: c.Path("site"), Way: in.Way, Measurement: in.Measurement, Number: in.Number, Secret: in.Secret, Account: in.Account, Clear: in.Clear})
			return u.googleOf(g), err
		}),
		Get(fetch, func(c *Call) (Nothing, error) {
			return Nothing{}, u.AskGoogle(c.Request.Context(), c.Actor, c.Path("site"))
		}),
		Get(figures, u.theirs),
		Get(op("listUsageErasures", "/erasures", "Requests for deletion at Google, the newest first.", analytics.ActionRead), func(c *Call) (Page[UsageErasure], error) {
			list, err := u.Erasures(c.Request.Context(), c.Actor)
			return whole(list, err, erasureOf)
		}),
		Do(erase, func(c *Call, in usageErase) (UsageErasure, error) {
			e, err := u.AskErasure(c.Request.Context(), c.Actor, in.Receipt, in.Reason)
			c.Location = "/analytics/google/erasures"
			return erasureOf(e), err
		}),
	}
}

// paramsOf are the named ones of some parameters.
func paramsOf(all []Param, names ...string) (out []Param) {
	for _, n := range names {
		for _, p := range all {
			if p.Name == n {
				out = append(out, p)
			}
		}
	}
	return out
}
