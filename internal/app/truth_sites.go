package app

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/html"

	"prasan/internal/crawl"
	"prasan/internal/db"
	"prasan/internal/policy"
	"prasan/internal/truth"
)

// ownCookies are what the public pages set, each strictly necessary for what a person has
// asked for, or by his consent. They are no personal datum of the record.
var ownCookies = []string{"consent", "prasan_choice", "prasan_visitor"}

// crawled are the pages that are looked at, on each site that is.
var crawled = []string{"/th/", "/th/contact", "/th/track", "/th/privacy", "/th/rights", "/en/"}

// sitesCrawled bounds the crawl: all sites show the same templates.
const sitesCrawled = 5

// pageSeen is a public page as a visitor gets it.
type pageSeen struct {
	site, path string
	status     int
	cookies    []string
	hosts      []string // of others, to which his browser is sent
}

// pages reads some public pages, once a report.
func (a *App) pages(ctx context.Context, s truth.Subject) ([]pageSeen, error) {
	return truth.Once(s, "pages", func() ([]pageSeen, error) {
		var out []pageSeen
		for i, site := range a.Sites.All() {
			if i == sitesCrawled {
				break
			}
			for _, path := range crawled {
				r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://"+site.Host+path, nil)
				r.Header.Set("User-Agent", "prasan-truth (bot)")
				w := httptest.NewRecorder()
				a.Handler().ServeHTTP(w, r)
				p := pageSeen{site: site.Host, path: path, status: w.Code, hosts: foreign(w.Body.Bytes(), site.Host)}
				for _, c := range w.Result().Cookies() {
					p.cookies = append(p.cookies, c.Name)
				}
				out = append(out, p)
			}
		}
		return out, nil
	})
}

// seePages looks which cookies public pages set, or to which hosts of others they send
// the visitor's browser.
func (a *App) seePages(cookies bool) func(context.Context, truth.Subject) (truth.Seen, error) {
	return func(ctx context.Context, s truth.Subject) (truth.Seen, error) {
		list, err := a.pages(ctx, s)
		out := truth.Seen{Known: true, Checked: int64(len(list))}
		for _, p := range list {
			found := p.hosts
			if cookies {
				found = p.cookies
			}
			for _, f := range found {
				if expected(s, cookies, f) {
					continue
				}
				out.Wrong++
				if !slices.Contains(out.Names, f) {
					out.Names = append(out.Names, f)
				}
			}
		}
		return out, err
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

// seeNotices looks whether each site shows the notice of the revision in force.
func (a *App) seeNotices(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	published, err := truth.Once(s, "notices", func() (map[string]int, error) {
		all, err := a.Notices.Versions(ctx, "")
		newest := map[string]int{}
		for _, n := range all {
			if key := n.Activity + " " + n.Agency; newest[key] == 0 {
				newest[key] = n.Revision
			}
		}
		return newest, err
	})
	out := truth.Seen{Known: true}
	for _, site := range a.Sites.All() {
		out.Checked++
		if published[s.Snapshot.Activity+" "+site.Agency] == s.Snapshot.Revision {
			continue
		}
		// It is published when it is first shown; one that cannot be written is not.
		n, err := a.Notices.Current(ctx, s.Snapshot.Activity, site.Agency)
		if err != nil || n.RevisionID != s.Snapshot.RevisionID {
			out.Wrong++
			out.Names = append(out.Names, site.Host)
		}
	}
	return out, err
}

// seeGroup looks whether each site that is served is of the body that the record names.
func (a *App) seeGroup(_ context.Context, s truth.Subject) (truth.Seen, error) {
	above := a.named(s, s.Record.Controller.Organisation)
	out := truth.Seen{Known: above != ""}
	for _, site := range a.Sites.All() {
		out.Checked++
		if !a.Agencies.Within(site.Agency, above) {
			out.Wrong++
			out.Names = append(out.Names, site.Host)
		}
	}
	return out, nil
}

// crawlName is under what the result of a crawl with a real browser is kept.
const crawlName = "crawl"

// seeCrawl is what a real browser found, when it was last sent over the sites.
func (a *App) seeCrawl(cookies bool) func(context.Context, truth.Subject) (truth.Seen, error) {
	return func(ctx context.Context, s truth.Subject) (truth.Seen, error) {
		r, at, err := truth.Observed[crawl.Report](ctx, a.DB, crawlName)
		if err != nil || at.IsZero() || s.Now.Sub(at) > crawlEvery {
			return truth.Seen{}, err // what is too old says nothing of today
		}
		out := truth.Seen{Known: true, Checked: int64(len(r.Pages)), At: at}
		found := r.Hosts()
		if cookies {
			found = r.Stored()
		}
		for _, name := range found {
			if expected(s, cookies, name) {
				continue
			}
			out.Wrong++
			out.Names = append(out.Names, name)
		}
		return out, nil
	}
}

// expected tells whether a cookie is one of our own, or a host one that the record lists.
func expected(s truth.Subject, cookie bool, name string) bool {
	if cookie {
		return slices.Contains(ownCookies, strings.TrimPrefix(name, "__Host-"))
	}
	return slices.ContainsFunc(s.Snapshot.Transfers, func(t policy.Transfer) bool { return strings.Contains(name, t.Code) })
}

const (
	cspWindow = 30 * 24 * time.Hour
	cspEnough = 10 // fewer reports of an origin are a visitor's own doing
)

// seeRefusals counts what browsers reported to have refused on our pages. Anybody can
// send such a report: few of them mean nothing.
func (a *App) seeRefusals(ctx context.Context, s truth.Subject) (truth.Seen, error) {
	out := truth.Seen{Known: true}
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		list, err := truth.Refusals(tx, s.Now.Add(-cspWindow))
		out.Checked, out.Wrong, out.Names = 0, 0, nil
		for _, r := range list {
			out.Checked += r.N
			if r.N >= cspEnough && r.Origin != "extension" {
				out.Wrong++
				out.Names = append(out.Names, r.Directive+" "+r.Origin)
			}
		}
		return err
	})
	return out, err
}
