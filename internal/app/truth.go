package app

import (
	"bytes"
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"prasan/internal/analytics"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/retention"
	"prasan/internal/ropa"
	"prasan/internal/ropa/lint"
	"prasan/internal/truth"
	"prasan/internal/web/api"
)

// Ages after which something that should recur has not.
const (
	backupEvery = 2 * 24 * time.Hour
	drillEvery  = 366 * 24 * time.Hour
	year        = 365 * 24 * time.Hour
)

// only are the rows of an activity whose process this program runs.
var only = []string{cases.Activity}

// wireTruth says which rows the parts that are wired obey, and how the rest is looked at.
func wireTruth(_ context.Context, a *App) error {
	a.Truth = truth.New(truth.Deps{DB: a.DB, Audit: a.Audit, Jobs: a.Jobs, Now: a.Now, Record: a.Register.Snapshot, Body: func(ctx context.Context, activity string, n int) (*ropa.Revision, error) {
		text, err := a.Register.Body(ctx, activity, n)
		if err != nil {
			return nil, err
		}
		return ropa.Parse([]byte(text))
	}}, ropa.SeedCodes...)
	a.Truth.Enforces(
		truth.Enforcement{ID: "form", Activities: only, Rows: []string{"activity.name", "elements", "purposes", "notices", "sources", "access_principals"}},
		truth.Enforcement{ID: "register", Rows: []string{"revision.prepared_by", "duty.review"}},
		truth.Enforcement{ID: "retention", Activities: only, Rows: []string{"retention", "destruction.round", "destruction.method", "duty.terminate", "monitoring.cycle"}},
		truth.Enforcement{ID: "grants", Rows: []string{"duty.grant", "controls.access_matrix_ref"}},
		truth.Enforcement{ID: "audit", Rows: []string{"controls.audit"}},
		truth.Enforcement{ID: "publish", Activities: only, Rows: []string{"class.public"}},
		truth.Enforcement{ID: "rights", Activities: only, Rows: []string{"rights.erasure_procedure"}},
		truth.Enforcement{ID: "breach", Rows: []string{"breach.pdpc_liaison"}},
		lettersObey,
		truth.Enforcement{ID: "usage", Activities: []string{analytics.Activity}, Rows: []string{"activity.name", "elements", "retention", "transfers"}},
	)
	a.Truth.Add(
		truth.Probe{ID: "chain", Rows: []string{"revision.prepared_by"}, Class: "D13", Look: a.seeChain},
		truth.Probe{ID: "body", Rows: []string{"controller.organisation"}, Class: "D6", Look: a.seeBody(func(c ropa.Controller) string { return c.Organisation })},
		truth.Probe{ID: "body", Rows: []string{"controller.department"}, Class: "D6", Look: a.seeBody(func(c ropa.Controller) string { return c.Department })},
		truth.Probe{ID: "body", Rows: []string{"activity.owner_unit"}, Class: "D6", Look: a.seeBody(func(c ropa.Controller) string { return c.OwnerUnit })},
		truth.Probe{ID: "stewards", Rows: []string{"activity.stewards"}, Class: "D2", Look: a.seeStewards},
		truth.Probe{ID: "collected", Activities: only, Rows: []string{"elements"}, Class: "D4", Look: a.seeCollected},
		truth.Probe{ID: "purposes", Activities: only, Rows: []string{"purposes"}, Class: "D2", Look: a.seePurposes},
		truth.Probe{ID: "notices", Activities: only, Rows: []string{"notices"}, Class: "D10", Look: a.seeNotices},
		truth.Probe{ID: "access", Rows: []string{"access_principals"}, Class: "D2", Look: a.seeAccess},
		truth.Probe{ID: "roles", Rows: []string{"duty.grant"}, Class: "D2", Look: a.seeRoles},
		truth.Probe{ID: "volume", Activities: only, Rows: []string{"volume"}, Class: "D5", Look: a.seeVolume},
		truth.Probe{ID: "kept", Activities: only, Rows: []string{"rights_csu.create", "rights_csu.store", "rights_csu.use", "stores.medium"}, Class: "D13", Look: a.seeKept},
		truth.Probe{ID: "overdue", Activities: only, Rows: []string{"retention"}, Class: "D1", Look: a.seeOverdue},
		truth.Probe{ID: "review", Rows: []string{"review.cycle"}, Class: "D8", Look: a.seeReview},
		truth.Probe{ID: "monitoring", Activities: only, Rows: []string{"monitoring.cycle"}, Class: "D8", Look: a.seeMonitoring},
		truth.Probe{ID: "audit", Rows: []string{"controls.audit"}, Class: "D13", Look: a.seeAudit},
		truth.Probe{ID: "backup", Rows: []string{"controls.backup"}, Class: "D9", Look: a.seeBackup},
		truth.Probe{ID: "flow", Activities: only, Rows: []string{"process_group.name"}, Class: "D14", Look: a.seeFlow},
		truth.Probe{ID: "cookies", Activities: only, Rows: []string{"elements"}, Class: "D7", Look: a.seePages(true)},
		truth.Probe{ID: "abroad", Rows: []string{"transfers"}, Class: "D11", Look: a.seePages(false)},
		truth.Probe{ID: "disclosures", Activities: only, Rows: []string{"recipients_domestic"}, Class: "D3", Look: a.seeDisclosures},
		truth.Probe{ID: "liaison", Rows: []string{"breach.channels", "breach.pdpc_liaison"}, Class: "D2", Look: a.seeLiaison},
	)
	for _, name := range ropa.DutyNames {
		a.Truth.Add(truth.Probe{ID: "duty", Rows: []string{"duty." + name}, Class: "D2", Look: a.seeDuty(policy.Duty(name))})
	}
	for _, row := range ropa.Rows {
		a.Truth.Add(truth.Probe{ID: "lint", Rows: []string{row.ID}, Class: "D13", Look: seeLint(row.ID)})
	}
	a.Truth.Register()
	a.Operations = append(a.Operations, api.TruthOperations(a.Truth)...)
	return nil
}

func (a *App) seeChain(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	r, err := a.Register.Verify(ctx)
	out := truth.Seen{Known: true, Checked: int64(r.Revisions)}
	for _, f := range r.Faults {
		if f.Activity == s.Snapshot.Activity {
			out.Wrong++
			out.Names = append(out.Names, f.Problem)
		}
	}
	return out, err
}

// seeBody looks whether a body that the record names is in the directory; of a group,
// its members.
func (a *App) seeBody(of func(c ropa.Controller) string) func(context.Context, truth.Subject) (truth.Seen, error) {
	return func(_ context.Context, s truth.Subject) (truth.Seen, error) {
		code := of(s.Record.Controller)
		if code == "" {
			return truth.Seen{}, nil
		}
		list := []string{code}
		p, _ := s.Record.Party(code)
		if p.Kind == "group" {
			if list = p.Members; len(list) == 0 {
				return truth.Seen{}, nil // a group that is only described
			}
		}
		out := truth.Seen{Known: true}
		for _, code := range list {
			out.Checked++
			p, _ := s.Record.Party(code)
			_, known := a.Agencies.Get(code)
			if !known && !slices.ContainsFunc(a.Agencies.All(), func(g org.Agency) bool { return p.Name.TH != "" && g.Name.TH == p.Name.TH }) {
				out.Wrong++
				out.Names = append(out.Names, code)
			}
		}
		return out, nil
	}
}

func (a *App) seeStewards(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	all, err := a.everyone(ctx)
	out := truth.Seen{Known: len(s.Record.Controller.Stewards) > 0}
	for _, code := range s.Record.Controller.Stewards {
		out.Checked++
		if !slices.ContainsFunc(all, func(x policy.Actor) bool { return x.Person == code || slices.Contains(x.Positions, code) }) {
			out.Wrong++
			out.Names = append(out.Names, code)
		}
	}
	return out, err
}

func (a *App) seeCollected(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.Processing.Observe(ctx, s.Snapshot.Activity, s.Snapshot.RevisionID, time.Time{})
	out := truth.Seen{Known: len(o.Collected) > 0}
	for e, n := range o.Collected {
		out.Checked += n
		if e != contentElement && !slices.ContainsFunc(s.Snapshot.Elements, func(x policy.Element) bool { return x.Code == e }) {
			out.Wrong += n
			out.Names = append(out.Names, e)
		}
	}
	slices.Sort(out.Names)
	return out, err
}

const contentElement = "content"

// seePurposes looks at what data was opened for in the last year.
func (a *App) seePurposes(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.Processing.Observe(ctx, s.Snapshot.Activity, s.Snapshot.RevisionID, s.Now.Add(-year))
	out := truth.Seen{Known: len(o.Purposes) > 0}
	for p, n := range o.Purposes {
		out.Checked += n
		if !s.Snapshot.HasPurpose(p) {
			out.Wrong += n
			out.Names = append(out.Names, p)
		}
	}
	slices.Sort(out.Names)
	return out, err
}

// seeNotices looks whether each site shows the notice of the revision in force.
func (a *App) seeNotices(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	out := truth.Seen{Known: true}
	for _, site := range a.Sites.All() {
		out.Checked++
		n, err := a.Notices.Current(ctx, s.Snapshot.Activity, site.Agency)
		if err != nil || n.RevisionID != s.Snapshot.RevisionID {
			out.Wrong++
			out.Names = append(out.Names, site.Host)
		}
	}
	return out, nil
}

// seeAccess looks whether those whom the record names are somebody, and how many read.
func (a *App) seeAccess(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	all, err := a.everyone(ctx)
	out := truth.Seen{Known: len(s.Snapshot.Access) > 0}
	for _, x := range all {
		if slices.ContainsFunc(s.Snapshot.Purposes, func(p policy.Purpose) bool { return s.Snapshot.MayRead(x, p.Code).Allowed }) {
			out.Checked++
		}
	}
	if out.Checked == 0 {
		out.Wrong = 1 // nobody could do the work
	}
	return out, err
}

// seeRoles looks for accounts that both administer and do, or watch, the work.
func (a *App) seeRoles(ctx context.Context, _ truth.Subject) (truth.Seen, error) {
	all, err := a.everyone(ctx)
	out := truth.Seen{Known: true, Checked: int64(len(all))}
	for _, x := range all {
		apart := slices.Contains(x.Roles, "admin") && slices.ContainsFunc(x.Roles, func(r string) bool { return r == "dpo" || r == "auditor" })
		if apart || slices.Contains(x.Roles, "auditor") && slices.Contains(x.Roles, "officer") {
			out.Wrong++
			out.Names = append(out.Names, x.Account)
		}
	}
	return out, err
}

// seeVolume compares the declared volume with that of the last year: a half to double.
func (a *App) seeVolume(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.Cases.Observe(ctx, s.Now.Add(-year))
	out := truth.Seen{Known: s.Record.Volume.Declared > 0 && o.Volume > 0, Checked: o.Volume}
	if declared := int64(s.Record.Volume.Declared); o.Volume*2 < declared || o.Volume > declared*2 {
		out.Wrong = 1
	}
	return out, err
}

// seeKept: data of the activity is made, kept and used here.
func (a *App) seeKept(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.Cases.Observe(ctx, s.Now.Add(-year))
	out := truth.Seen{Known: o.Volume > 0, Checked: o.Volume}
	for _, yes := range []ropa.Answer{s.Record.CSU.Create, s.Record.CSU.Store, s.Record.CSU.Use} {
		if yes == ropa.NoWay {
			out.Wrong++
		}
	}
	return out, err
}

func (a *App) seeOverdue(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	out := truth.Seen{Known: true}
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		out.Checked, out.Wrong, out.Names = 0, 0, nil
		for _, h := range append([]retention.Holder{cases.EndOfLife{Service: a.Cases}}, a.Holders...) {
			// What is due waits for the round at the end of the year, and its survey.
			due, err := h.Count(tx, s.Now)
			if err != nil {
				return err
			}
			late, err := h.Count(tx, s.Now.Add(-year-time.Duration(a.Config.Terms.SurveyDays)*24*time.Hour))
			if err != nil {
				return err
			}
			for _, n := range due {
				out.Checked += int64(n)
			}
			for agency, n := range late {
				out.Wrong += int64(n)
				if n > 0 {
					out.Names = append(out.Names, agency)
				}
			}
		}
		slices.Sort(out.Names)
		return nil
	})
	return out, err
}

func (a *App) seeReview(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	if s.Snapshot.Review.IsZero() {
		return truth.Seen{}, nil
	}
	list, err := a.Register.Revisions(ctx, s.Snapshot.Activity)
	if err != nil {
		return truth.Seen{}, err
	}
	for _, r := range list {
		if r.ID == s.Snapshot.RevisionID {
			out := truth.Seen{Known: true, Checked: 1}
			if s.Snapshot.Review.Next(r.EffectiveAt).Before(s.Now) {
				out.Wrong = 1
			}
			return out, nil
		}
	}
	return truth.Seen{}, nil
}

func (a *App) seeMonitoring(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	if s.Snapshot.Monitoring.IsZero() {
		return truth.Seen{}, nil
	}
	list, err := a.Retention.Monitorings(ctx, s.Snapshot.Activity, 1)
	if err != nil || len(list) == 0 {
		return truth.Seen{}, err
	}
	out := truth.Seen{Known: true, Checked: 1, At: list[0].At}
	// A report is made when its period is over, so the next is due a period later.
	if s.Snapshot.Monitoring.Next(s.Snapshot.Monitoring.Next(list[0].At)).Before(s.Now) {
		out.Wrong = 1
	}
	return out, nil
}

func (a *App) seeAudit(ctx context.Context, _ truth.Subject) (truth.Seen, error) {
	r, err := a.VerifyAudit(ctx)
	out := truth.Seen{Known: true, Checked: r.Lines, Wrong: int64(len(r.Faults))}
	for _, f := range r.Faults {
		out.Names = append(out.Names, f.Chain)
	}
	return out, err
}

// seeBackup looks when the installation was copied last, and a copy restored.
func (a *App) seeBackup(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	out := truth.Seen{Known: true}
	for name, every := range map[string]time.Duration{"backup.last": backupEvery, "backup.drill": drillEvery} {
		out.Checked++
		text, err := a.Setting(ctx, name)
		if err != nil {
			return out, err
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || s.Now.Sub(at) > every {
			out.Wrong++
			out.Names = append(out.Names, name)
			continue
		}
		if at.After(out.At) {
			out.At = at
		}
	}
	slices.Sort(out.Names)
	return out, nil
}

// seeFlow looks whether each event of a case belongs to a step of the declared flow.
func (a *App) seeFlow(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	o, err := a.Cases.Observe(ctx, s.Now.Add(-year))
	out := truth.Seen{Known: o.Cases > 0 && len(s.Record.Flow.Steps) > 0}
	for step, n := range o.Steps {
		out.Checked += n
		if !slices.ContainsFunc(s.Record.Flow.Steps, func(x ropa.Step) bool { return int64(x.No) == step }) {
			out.Wrong += n
		}
	}
	return out, err
}

// seeDisclosures looks whether each disclosure went to a body that the record in force
// lists.
func (a *App) seeDisclosures(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	out := truth.Seen{}
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		out = truth.Seen{}
		return tx.Each(`SELECT to_agency, COUNT(*) FROM disclosures GROUP BY to_agency ORDER BY to_agency`, nil, func(rows *sql.Rows) error {
			var to string
			var n int64
			if err := rows.Scan(&to, &n); err != nil {
				return err
			}
			out.Known = true
			out.Checked += n
			if !slices.ContainsFunc(s.Snapshot.Recipients, func(r policy.Recipient) bool { return r.Org == to || slices.Contains(r.Members, to) }) {
				out.Wrong += n
				out.Names = append(out.Names, to)
			}
			return nil
		})
	})
	return out, err
}

func (a *App) seeDuty(d policy.Duty) func(context.Context, truth.Subject) (truth.Seen, error) {
	return func(ctx context.Context, s truth.Subject) (truth.Seen, error) {
		if len(s.Snapshot.Duties[d]) == 0 {
			return truth.Seen{}, nil
		}
		if !slices.ContainsFunc(s.Snapshot.Duties[d], func(p policy.Principal) bool { return p.Kind != policy.Provider }) {
			return truth.Seen{}, nil // another party's people have no accounts here
		}
		all, err := a.everyone(ctx)
		out := truth.Seen{Known: true}
		for _, x := range all {
			if s.Snapshot.MayDo(x, d).Allowed {
				out.Checked++
			}
		}
		if out.Checked == 0 {
			out.Wrong = 1
		}
		return out, err
	}
}

func (a *App) seeLiaison(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	out := truth.Seen{Known: len(s.Snapshot.Liaison) > 0}
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		named, err := org.Named(tx, s.Snapshot.Liaison)
		out.Checked, out.Wrong = int64(len(named)), 0
		if len(named) == 0 {
			out.Wrong = 1
		}
		return err
	})
	return out, err
}

// seeLint says where the record contradicts itself; where it does not, there is nothing
// to say.
func seeLint(row string) func(context.Context, truth.Subject) (truth.Seen, error) {
	return func(_ context.Context, s truth.Subject) (truth.Seen, error) {
		var out truth.Seen
		for _, f := range lint.Run(s.Record) {
			if f.Severity != lint.Error && f.Severity != lint.Warning || !slices.Contains(f.Fields, row) {
				continue
			}
			out.Known = true
			out.Checked++
			out.Wrong++
			out.Names = append(out.Names, f.Rule)
		}
		return out, nil
	}
}

// ownCookies are what the public pages set, each strictly necessary for what a person has
// asked for. They are no personal datum of the record.
var ownCookies = []string{"consent"}

// crawled are the pages that are looked at, on each site that is.
var crawled = []string{"/th/", "/th/contact", "/th/track", "/th/privacy", "/en/"}

// sitesCrawled bounds the crawl: all sites show the same templates.
const sitesCrawled = 5

// seePages reads the public pages as a visitor gets them: which cookies are set, or to
// which hosts of others the visitor's browser would be sent.
func (a *App) seePages(cookies bool) func(context.Context, truth.Subject) (truth.Seen, error) {
	return func(ctx context.Context, s truth.Subject) (truth.Seen, error) {
		out := truth.Seen{Known: true}
		for i, site := range a.Sites.All() {
			if i == sitesCrawled {
				break
			}
			for _, path := range crawled {
				r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://"+site.Host+path, nil)
				r.Header.Set("User-Agent", "prasan-truth (bot)")
				w := httptest.NewRecorder()
				a.Handler().ServeHTTP(w, r)
				out.Checked++
				var found []string
				if cookies {
					for _, c := range w.Result().Cookies() {
						if !slices.Contains(ownCookies, strings.TrimPrefix(c.Name, "__Host-")) {
							found = append(found, c.Name)
						}
					}
				} else {
					for _, host := range foreign(w.Body.Bytes(), site.Host) {
						if !slices.ContainsFunc(s.Snapshot.Transfers, func(t policy.Transfer) bool { return strings.Contains(host, t.Code) }) {
							found = append(found, host)
						}
					}
				}
				out.Wrong += int64(len(found))
				for _, f := range found {
					if !slices.Contains(out.Names, f) {
						out.Names = append(out.Names, f)
					}
				}
			}
		}
		return out, nil
	}
}

// foreign are the hosts of others from which a page loads something by itself.
func foreign(page []byte, own string) []string {
	var out []string
	z := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out
		case html.StartTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if !slices.Contains([]string{"script", "link", "img", "iframe", "source", "video", "audio", "object", "embed"}, t.Data) {
				continue
			}
			canonical := slices.ContainsFunc(t.Attr, func(x html.Attribute) bool {
				return x.Key == "rel" && (x.Val == "canonical" || x.Val == "alternate")
			})
			for _, x := range t.Attr {
				if canonical || x.Key != "src" && x.Key != "href" && x.Key != "data" {
					continue
				}
				if u, err := url.Parse(x.Val); err == nil && u.Host != "" && u.Hostname() != own {
					out = append(out, u.Hostname())
				}
			}
		}
	}
}

func (a *App) everyone(ctx context.Context) (all []policy.Actor, err error) {
	err = a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		all, err = org.Everyone(tx)
		return err
	})
	return all, err
}
