package public_test

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"prasan/internal/db/dbtest"
	"prasan/internal/i18n"
	"prasan/internal/webtest"
)

var openPages = []string{"/", "/search?q=x", "/news", "/contact", "/track", "/track/lost", "/track/code/abc", "/verify/abc", "/privacy", "/cookies", "/rights", "/record", "/accessibility"}

func TestEveryPageIsWellMadeInBothLanguages(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	for _, lang := range i18n.Langs {
		pages := []*webtest.Page{s.get("/"+lang+"/nowhere", 404)}
		for _, path := range openPages {
			pages = append(pages, s.get("/"+lang+path, 200))
		}
		p := s.send(s.get("/"+lang+"/contact", 200), 200, map[string]string{"topic": "problem"})
		pages = append(pages, p)
		p = s.send(p, 200, map[string]string{"message": "x"})
		pages = append(pages, p, s.send(p, 422, nil))
		check := s.toCheck(lang)
		pages = append(pages, check, s.send(check, 200, nil))
		for _, p := range pages {
			wellMade(t, p, lang)
		}
	}
}

var untranslated = regexp.MustCompile(`(public|kit|error|files)\.[a-z][a-z_-]+[a-z]`)

func wellMade(t *testing.T, p *webtest.Page, lang string) {
	t.Helper()
	headings, ids, labels := 0, map[string]bool{}, map[string]bool{}
	var inputs []string
	webtest.Walk(p.Doc, func(n *html.Node) bool {
		id, ok := webtest.Attr(n, "id")
		if ok && ids[id] {
			t.Errorf("%s: id %q twice", p.URL, id)
		}
		ids[id] = true
		kind, _ := webtest.Attr(n, "type")
		switch n.Data {
		case "html":
			if l, _ := webtest.Attr(n, "lang"); l != lang {
				t.Errorf("%s: lang %q", p.URL, l)
			}
		case "h1":
			headings++
		case "label":
			to, _ := webtest.Attr(n, "for")
			labels[to] = true
		case "input", "textarea", "select":
			if kind != "hidden" {
				inputs = append(inputs, id)
			}
		case "style":
			t.Errorf("%s: a style inline", p.URL)
		case "script":
			if src, _ := webtest.Attr(n, "src"); src == "" {
				t.Errorf("%s: a script inline", p.URL)
			}
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s: %s inline", p.URL, a.Key)
			}
		}
		return true
	})
	if headings != 1 {
		t.Errorf("%s: %d h1", p.URL, headings)
	}
	for _, id := range inputs {
		if id == "" || !labels[id] {
			t.Errorf("%s: the input %q has no label", p.URL, id)
		}
	}
	for to := range labels {
		if !ids[to] {
			t.Errorf("%s: a label for %q, which is not there", p.URL, to)
		}
	}
	if key := untranslated.FindString(webtest.Text(p.Doc)); key != "" {
		t.Errorf("%s: %q is not translated", p.URL, key)
	}
	if strings.Contains(p.Body, "@@") || strings.Contains(p.Body, "ZgotmplZ") {
		t.Errorf("%s: a place was not filled", p.URL)
	}
}

func TestAddressesThatAreNobodys(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	for _, c := range []struct {
		method, host, path, origin string
		status                     int
	}{
		{"GET", "other.example", "/th/", "", 421},
		{"GET", host, "/de/", "", 404},
		{"GET", host, "/th/contact/nowhere", "", 404},
		{"GET", host, "/th/contact/check", "", 303},
		{"GET", host, "/th/contact/receipt/false", "", 404},
		{"GET", host, "/th/track/false", "", 303},
		{"HEAD", host, "/th/contact", "", 200},
		{"GET", host, "/", "", 302},
		{"POST", host, "/th/track", "https://evil.example", 403},
		{"GET", host, "/robots.txt", "", 200},
		{"GET", host, "/sitemap.xml", "", 200},
		{"GET", host, "/.well-known/security.txt", "", 200},
		{"GET", host, "/assets/site.css", "", 404},
	} {
		req, err := http.NewRequest(c.method, "http://"+s.addr+c.path, nil)
		must(t, err)
		req.Host = c.host
		if c.origin != "" {
			req.Header.Set("Origin", c.origin)
			req.Header.Set("Sec-Fetch-Site", "cross-site")
		}
		res, err := http.DefaultTransport.RoundTrip(req)
		must(t, err)
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != c.status || strings.Contains(string(body), "other.example") {
			t.Errorf("%s %s%s: %d, not %d", c.method, c.host, c.path, res.StatusCode, c.status)
		}
		if res.Header.Get("Content-Security-Policy") == "" || res.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers are missing", c.path)
		}
	}
}

func TestTheContactPageIsLight(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	total, requests := 0, 0
	queue := []string{"/th/contact"}
	for len(queue) > 0 {
		req, err := http.NewRequest("GET", "http://"+s.addr+queue[0], nil)
		must(t, err)
		req.Host = host
		req.Header.Set("Accept-Encoding", "gzip")
		res, err := http.DefaultTransport.RoundTrip(req)
		must(t, err)
		body, _ := io.ReadAll(res.Body)
		res.Body.Close()
		total, requests = total+len(body), requests+1
		if requests == 1 {
			page := s.get("/th/contact", 200)
			for _, m := range regexp.MustCompile(`(?:src|href)="(/assets/[^"]+)"`).FindAllStringSubmatch(page.Body, -1) {
				if !strings.Contains(strings.Join(queue, " "), m[1]) {
					queue = append(queue, m[1])
				}
			}
		}
		queue = queue[1:]
	}
	t.Logf("%d bytes in %d requests", total, requests)
	if total > 40<<10 || requests > 5 {
		t.Errorf("%d bytes in %d requests", total, requests)
	}
}
