package app

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"prasan/internal/analytics"
	"prasan/internal/audit"
	"prasan/internal/library"
	"prasan/internal/ropa"
	"prasan/internal/ropa/lint"
	"prasan/internal/truth"
)

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
				return a.seeDescribed(s)
			}
		}
		out := truth.Seen{Known: true}
		for _, code := range list {
			out.Checked++
			if a.named(s, code) == "" {
				out.Wrong++
				out.Names = append(out.Names, code)
			}
		}
		return out, nil
	}
}

// auditLive is up to how many lines the chains are read in every report; beyond that all
// of them are read at night, and what was added since with each report.
const auditLive = 50000

// auditSeen is what the nightly reading of all lines found.
type auditSeen struct {
	Report audit.Report          `json:"report"`
	Heads  map[string]audit.Head `json:"heads"`
}

func (a *App) auditFrom(ctx context.Context, from map[string]audit.Head) (auditSeen, error) {
	public, err := a.auditPublicKey()
	if err != nil {
		return auditSeen{}, err
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		return auditSeen{}, err
	}
	r, heads, err := audit.VerifyFrom(ctx, a.DB, verifier, from)
	return auditSeen{r, heads}, err
}

// observeAudit reads every line of every chain and keeps what it found.
func (a *App) observeAudit(ctx context.Context) error {
	seen, err := a.auditFrom(ctx, nil)
	if err != nil {
		return err
	}
	return truth.Observe(ctx, a.DB, "audit", seen)
}

func (a *App) seeAudit(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	return truth.Once(s, "audit", func() (truth.Seen, error) {
		known, at, err := truth.Observed[auditSeen](ctx, a.DB, "audit")
		if err != nil {
			return truth.Seen{}, err
		}
		if known.Report.Lines <= auditLive {
			known, at = auditSeen{}, time.Time{}
		}
		fresh, err := a.auditFrom(ctx, known.Heads)
		out := truth.Seen{Known: true, Checked: known.Report.Lines + fresh.Report.Lines, At: at}
		for _, f := range append(known.Report.Faults, fresh.Report.Faults...) {
			out.Wrong++
			out.Names = append(out.Names, f.Chain)
		}
		return out, err
	})
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

// named is the code in the directory of a body that the record names; "" when it is not
// there.
func (a *App) named(s truth.Subject, code string) string {
	if _, known := a.Agencies.Get(code); known {
		return code
	}
	p, _ := s.Record.Party(code)
	for _, g := range a.Agencies.All() {
		if p.Name.TH != "" && g.Name.TH == p.Name.TH {
			return g.Code
		}
	}
	return ""
}

// seeDescribed: a group of bodies that is only described is those under the department.
func (a *App) seeDescribed(s truth.Subject) (truth.Seen, error) {
	above := a.named(s, s.Record.Controller.Department)
	out := truth.Seen{Known: above != ""}
	for _, g := range a.Agencies.All() {
		if g.Code != above && a.Agencies.Within(g.Code, above) {
			out.Checked++
		}
	}
	if out.Checked == 0 {
		out.Wrong = 1
	}
	return out, nil
}

func (a *App) shelf(ctx context.Context, s truth.Subject) (map[string]library.Document, error) {
	return truth.Once(s, "library", func() (map[string]library.Document, error) {
		all, err := a.Library.List(ctx, "")
		out := make(map[string]library.Document, len(all))
		for _, d := range all {
			out[d.Code] = d
		}
		return out, err
	})
}

// seeDocuments looks whether the documents that a row cites, or that were tied to it, are
// in the library with a version that holds now.
func (a *App) seeDocuments(row string) func(context.Context, truth.Subject) (truth.Seen, error) {
	return func(ctx context.Context, s truth.Subject) (truth.Seen, error) {
		shelf, err := a.shelf(ctx, s)
		var out truth.Seen
		for _, code := range library.Cites(s.Record)[row] {
			out.Known = true
			out.Checked++
			if d, ok := shelf[code]; !ok || d.InForce(s.Now) == nil {
				out.Wrong++
				out.Names = append(out.Names, code)
			}
		}
		return out, err
	}
}

// seeForms looks whether each form that the activity uses can be had: it is in the
// library, public and in force, and the sites that are read lead to it.
func (a *App) seeForms(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	out, err := a.seeDocuments("activity.forms")(ctx, s)
	if err != nil || !out.Known {
		return out, err
	}
	shelf, err := a.shelf(ctx, s)
	if err != nil {
		return out, err
	}
	for _, code := range library.Cites(s.Record)["activity.forms"] {
		if d, ok := shelf[code]; ok && !d.Public {
			out.Wrong++
			out.Names = append(out.Names, code)
		}
	}
	pages, err := a.pages(ctx, s)
	for _, p := range pages {
		if p.path != "/th/rights" {
			continue
		}
		if out.Checked++; p.status != http.StatusOK {
			out.Wrong++
			out.Names = append(out.Names, p.site)
		}
	}
	return out, err
}

// domainList is the code of the annex to which the record refers for where data lies.
const domainList = "domain-list"

// seePlaces looks whether the annex names every site that is served, and whether data
// lies on this machine as it should: each store is named as evidence.
func (a *App) seePlaces(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	shelf, err := a.shelf(ctx, s)
	if err != nil {
		return truth.Seen{}, err
	}
	out := truth.Seen{Known: len(s.Record.Stores) > 0}
	var text string
	if d, ok := shelf[domainList]; ok {
		if v := d.InForce(s.Now); v != nil && v.File != nil {
			_, body, err := a.Library.Read(ctx, domainList, v.N)
			if err != nil {
				return out, err
			}
			text, out.At = string(body), v.From
		}
	}
	for _, site := range a.Sites.All() {
		out.Checked++
		if !library.Lists(text, site.Host) {
			out.Wrong++
			out.Names = append(out.Names, site.Host)
		}
	}
	if text == "" {
		out.Names = []string{domainList} // all of them, then
	}
	return out, nil
}

// Stores are where this installation keeps data, for the evidence: the engine and the
// places, without passwords.
func (a *App) Stores() []string {
	place := func(url string) string {
		if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
			return "SQLite " + path
		}
		_, rest, _ := strings.Cut(url, "@")
		if rest == "" {
			_, rest, _ = strings.Cut(url, "//")
		}
		rest, _, _ = strings.Cut(rest, "?")
		return "PostgreSQL " + rest
	}
	return []string{place(a.Config.Database), "keys: " + place(a.Config.Keyring), "attachments: " + filepath.Join(a.Config.Data, "files"), "node: " + a.Config.Node}
}

// providerMonths is how long the provider of GA4 keeps data of single users at most in
// its free edition (2 or 14 months); what is promised for longer is not in its hands.
const providerMonths = 14

// doubtUsage looks in a record of usage for what cannot be, whoever says it: an account
// name that no site can see, and a promise for data that another keeps.
func (a *App) doubtUsage(ctx context.Context, s truth.Subject) ([]truth.Claim, error) {
	if s.Snapshot.Activity != analytics.Activity {
		return nil, nil
	}
	o, err := a.Processing.Observe(ctx, analytics.Activity, "", time.Time{})
	if err != nil {
		return nil, err
	}
	var out []truth.Claim
	for _, e := range s.Record.Elements {
		if e.Kind == "account" {
			out = append(out, truth.Claim{ID: "account", Field: "elements", Args: []any{"datum", e.Label.TH, "n", o.Lines, "times", o.Collected[e.Code], "kinds", len(o.Collected)}})
		}
	}
	seen, err := a.Analytics.Observe(ctx, s.Now.Add(-year))
	if err != nil || !a.keptByProvider(s.Record) {
		return out, err
	}
	for _, r := range s.Record.Retention {
		p, ok := ropa.ParsePeriod(r.Period)
		if !ok || r.AppliesTo != "*" || p.Years*12+p.Months <= providerMonths {
			continue
		}
		days := 0
		if !seen.Oldest.IsZero() {
			days = int(s.Now.Sub(seen.Oldest).Hours() / 24)
		}
		out = append(out, truth.Claim{ID: "provider", Field: "retention", Args: []any{"years", p.Years, "most", providerMonths, "views", seen.Views, "days", days}})
	}
	return out, nil
}

// keptByProvider tells whether a record leaves keeping to a provider abroad and has no
// counting of its own.
func (a *App) keptByProvider(r *ropa.Revision) bool {
	if len(r.Collection) > 0 {
		return false
	}
	if slices.ContainsFunc(r.Duties.Store, func(p ropa.Principal) bool { return p.Provider != "" }) {
		return true
	}
	return r.Form.Row("duty.store").State == ropa.DelegatedToProvider || r.Form.Row("stores.location").State == ropa.DelegatedToProvider
}
