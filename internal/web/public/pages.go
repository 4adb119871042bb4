package public

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"prasan/internal/cases"
	"prasan/internal/org"
	"prasan/internal/sites"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// own is the content of a site that its search finds.
var own = []struct{ path, key string }{
	{"/contact", "contact"}, {"/track", "track"}, {"/rights", "rights"}, {"/privacy", "privacy"}, {"/record", "record"}, {"/cookies", "cookies"}, {"/news", "news"}, {"/accessibility", "accessibility"},
}

type homePage struct {
	News   []newsItem
	Places []kit.Link // other sites, on the sites of the centre
	Query  string
	Found  []kit.Link
}

func home(v *visit) error {
	p := homePage{News: v.news(3)}
	if v.site.Kind != org.Provincial {
		p.Places = v.places("", v.site.Host)
	}
	return v.page(kit.Page{Title: v.t("public.home"), Path: "/", Class: "home"}, "home", p)
}

// newsItem is an announcement in one language.
type newsItem struct {
	At          time.Time
	Title, Text string
}

func (v *visit) news(max int) []newsItem {
	if v.f.News == nil {
		return nil
	}
	var out []newsItem
	for _, n := range v.f.News(v.site.Host) {
		if len(out) == max {
			break
		}
		out = append(out, newsItem{n.At, n.Title.In(v.lang), n.Text.In(v.lang)})
	}
	return out
}

func news(v *visit) error {
	return v.page(kit.Page{Title: v.t("public.news")}, "news", homePage{News: v.news(50)})
}

// places are the sites but one whose name has the query, in Thai or in English.
func (v *visit) places(query, but string) []kit.Link {
	var central, provinces []kit.Link
	for _, s := range v.f.Sites() {
		link := kit.Link{Href: v.f.URL(s.Host) + "/" + v.lang + "/", Text: placeName(s, v.lang)}
		switch {
		case s.Host == but || !matches(query, s.Name.TH, s.Name.EN, s.Short.TH, s.Short.EN):
		case s.Kind == org.Provincial:
			provinces = append(provinces, link)
		default:
			central = append(central, link)
		}
	}
	slices.SortStableFunc(provinces, func(a, b kit.Link) int { return strings.Compare(thai.SortKey(a.Text), thai.SortKey(b.Text)) })
	return append(central, provinces...)
}

// placeName is short enough for a list: the province of a provincial office.
func placeName(s sites.Site, lang string) string {
	if name := s.Short.In(lang); name != "" && lang == "en" && s.Kind == org.Provincial {
		return name
	}
	return strings.TrimPrefix(s.Name.In(lang), "สำนักงานอุตสาหกรรมจังหวัด")
}

func matches(query string, texts ...string) bool {
	all := strings.ToLower(strings.Join(texts, " "))
	for _, word := range strings.Fields(strings.ToLower(query)) {
		if !strings.Contains(all, word) {
			return false
		}
	}
	return true
}

// search looks through the site's own pages, its news and the names of all sites.
func search(v *visit) error {
	p := homePage{Query: strings.ToValidUTF8(strings.TrimSpace(v.URL.Query().Get("q")), "")}
	if runes := []rune(p.Query); len(runes) > 100 {
		p.Query = string(runes[:100])
	}
	if p.Query != "" {
		for _, o := range own {
			title, text := v.t("public."+o.key), v.t("public.about-"+o.key)
			if matches(p.Query, title, text) {
				p.Found = append(p.Found, kit.Link{Href: v.to(o.path), Text: title, Note: text})
			}
		}
		for _, n := range v.news(50) {
			if matches(p.Query, n.Title, n.Text) {
				p.Found = append(p.Found, kit.Link{Href: v.to("/news"), Text: n.Title, Note: n.Text})
			}
		}
		p.Found = append(p.Found, v.places(p.Query, "")...)
	}
	return v.page(kit.Page{Title: v.t("public.search")}, "search", p)
}

func plainPage(name string) func(v *visit) error {
	return func(v *visit) error {
		return v.page(kit.Page{Title: v.t("public." + name)}, name, nil)
	}
}

func privacy(v *visit) error {
	n, err := v.f.Notice(v.Context(), v.site, cases.Activity, v.lang)
	if err != nil {
		return err
	}
	return v.page(kit.Page{Title: v.t("public.privacy")}, "privacy", n)
}

func (f *Face) robots(w http.ResponseWriter, r *http.Request) error {
	return text(w, r, "text/plain", "User-agent: *\nDisallow: /th/track/\nDisallow: /en/track/\nDisallow: /th/contact/\nDisallow: /en/contact/\nDisallow: /th/verify/\nDisallow: /en/verify/\nDisallow: /th/rights/\nDisallow: /en/rights/\nDisallow: /th/search\nDisallow: /en/search\nSitemap: "+f.URL(hostOf(r))+"/sitemap.xml\n")
}

func (f *Face) sitemap(w http.ResponseWriter, r *http.Request) error {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">` + "\n")
	paths := []string{"/"}
	for _, o := range own {
		paths = append(paths, o.path)
	}
	base := f.URL(hostOf(r)) // of a known host: its letters need no escaping
	for _, p := range paths {
		for _, lang := range []string{"th", "en"} {
			fmt.Fprintf(&b, `<url><loc>%s/%s%s</loc><xhtml:link rel="alternate" hreflang="th" href="%s/th%s"/><xhtml:link rel="alternate" hreflang="en" href="%s/en%s"/></url>`+"\n", base, lang, p, base, p, base, p)
		}
	}
	b.WriteString("</urlset>\n")
	return text(w, r, "application/xml", b.String())
}

// securityText tells those who found a weakness where to say it (RFC 9116).
func (f *Face) securityText(w http.ResponseWriter, r *http.Request) error {
	host := hostOf(r)
	site, _ := f.Site(host)
	contact := f.URL(host) + "/th/contact"
	if site.Email != "" {
		contact = "mailto:" + site.Email
	}
	expires := f.Now().UTC().AddDate(0, 6, 0).Truncate(24 * time.Hour).Format(time.RFC3339)
	return text(w, r, "text/plain", "Contact: "+contact+"\nExpires: "+expires+"\nPreferred-Languages: th, en\nCanonical: "+f.URL(host)+"/.well-known/security.txt\n")
}

func text(w http.ResponseWriter, r *http.Request, kind, body string) error {
	h := w.Header()
	h.Set("Content-Type", kind+"; charset=utf-8")
	h.Set("Cache-Control", "public, max-age=3600")
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(body))
	}
	return nil
}
