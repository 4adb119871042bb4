package usage_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"prasan/internal/analytics"
	"prasan/internal/consent"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/housetest"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/sites"
	"prasan/internal/web/kit"
	"prasan/internal/web/public"
	"prasan/internal/web/usage"
	"prasan/internal/webtest"
)

const (
	host   = "rayong.industry.test"
	chrome = "Mozilla/5.0 (Linux; Android 14; SM-A156E) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
)

// web is a site with real counting behind it.
type web struct {
	t       *testing.T
	h       *housetest.House
	service *analytics.Service
	face    *usage.Face
	visitor *webtest.Client
	headers map[string]string
	sent    []*http.Response
	next    http.RoundTripper
}

func record() *policy.Snapshot {
	text := policy.Text{TH: "ข้อความ", EN: "Text"}
	common := []string{"page_path", "referrer", "campaign", "event", "browser", "screen_width", "language"}
	return &policy.Snapshot{Activity: analytics.Activity, RevisionID: "r2", Revision: 2, Duties: map[policy.Duty][]policy.Principal{policy.DutyUse: {{Kind: policy.Within, Ref: "ops"}}}, Retention: policy.Retention{Years: 10}, Kept: map[string]policy.Retention{"consent_choice": {Years: 2}, "visitor_cookie": {Days: 180}},
		Elements: []policy.Element{{Code: "page_path", Label: policy.Text{TH: "หน้าที่เปิดดู", EN: "Page opened"}}},
		Levels: []policy.Level{{Code: "L0", Basis: "public-task", Elements: common, Text: text}, {Code: "L1", Basis: "public-task", Elements: append([]string{"ip_address", "visitor_day_id"}, common...), Text: text},
			{Code: "L2", Basis: "consent", Elements: append([]string{"visitor_cookie"}, common...), Text: text}}}
}

// RoundTrip adds the headers of the visitor's browser and remembers the answers.
func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("User-Agent", chrome)
	r.Header.Set("Accept-Language", "th")
	for k, v := range w.headers {
		r.Header.Set(k, v)
	}
	res, err := w.next.RoundTrip(r)
	if err == nil {
		w.sent = append(w.sent, res)
	}
	return res, err
}

func newWeb(t *testing.T, e *dbtest.Engine) *web {
	t.Helper()
	w := &web{t: t, h: housetest.New(t, e, record()), headers: map[string]string{}}
	known := func(h string) (string, bool) { return "rayong", h == host }
	record := func(string) *policy.Snapshot { return w.h.Record }
	var err error
	w.service, err = analytics.New(context.Background(), analytics.Deps{DB: e.DB, Audit: w.h.Audit, Jobs: w.h.Jobs, Processing: w.h.Processing, Record: record, Site: known, Sites: func() []string { return []string{host} }, Key: w.h.Vault.Derive("usage"), Now: e.Clock.Now})
	housetest.Must(t, err)
	t.Cleanup(func() { w.service.Close() })
	asked := consent.New(consent.Deps{DB: e.DB, Audit: w.h.Audit, Processing: w.h.Processing, Record: record, Digest: func(v string) []byte { return w.h.Vault.Digest("consent", v) }, Note: func(context.Context, string) error { return nil }, Forget: w.service.Forget, Abroad: w.service.Abroad})
	client := func(r *http.Request) (string, bool) { return "203.0.113.9", false }
	face := usage.New(usage.Deps{Analytics: w.service, Consent: asked, Site: known, Client: client, Now: e.Clock.Now})
	w.face = face
	rayong := sites.Site{Host: host, Kind: org.Provincial, Agency: "rayong", Accent: "green", Name: policy.Text{TH: "สำนักงานอุตสาหกรรมจังหวัดระยอง", EN: "Rayong"}}
	sealer, err := kit.NewSealer(w.h.Vault.Derive("form"), e.Clock.Now)
	housetest.Must(t, err)
	pages, err := public.New(public.Services{Site: func(h string) (sites.Site, bool) { return rayong, h == host }, Sites: func() []sites.Site { return []sites.Site{rayong} }, Policy: record, URL: func(h string) string { return "http://" + h }, Client: client, Now: e.Clock.Now, Usage: face,
		Seal: sealer,
		Notice: func(context.Context, sites.Site, string, string) (public.NoticeView, error) {
			return public.NoticeView{ID: "n1"}, nil
		}})
	housetest.Must(t, err)
	server := httptest.NewServer(face.Wrap(pages.Handler()))
	t.Cleanup(server.Close)
	w.visitor = webtest.New(server.Listener.Addr().String())
	w.next, w.visitor.HTTP.Transport = w.visitor.HTTP.Transport, w
	return w
}

func (w *web) get(path string, status int) *webtest.Page {
	w.t.Helper()
	p, err := w.visitor.Get("http://" + host + path)
	housetest.Must(w.t, err)
	if p.Status != status {
		w.t.Fatalf("%s: status %d, not %d: %.500s", path, p.Status, status, p.Body)
	}
	return p
}

func (w *web) post(kind, body string) *webtest.Page {
	w.t.Helper()
	p, err := w.visitor.Do("POST", "http://"+host+"/p", kind, strings.NewReader(body))
	housetest.Must(w.t, err)
	return p
}

// count waits for what is counted beside the pages, too.
func (w *web) count(query string, want int64) {
	w.t.Helper()
	var n int64
	for range 200 {
		housetest.Must(w.t, w.h.Engine.DB.Read(context.Background(), func(tx *db.Tx) error { return tx.QueryRow(query, nil, &n) }))
		if n == want {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	w.t.Errorf("%s: %d, not %d", query, n, want)
}

// reported waits until a report says so; pages are counted after they are served.
func (w *web) reported(widget, label string, want float64) {
	w.t.Helper()
	today := consent.Day(w.h.Engine.Clock.Now())
	reader := policy.Actor{Account: "ict", Agency: "ops", Roles: []string{"ict"}}
	var got float64
	for range 200 {
		table, err := w.service.Report(context.Background(), reader, widget, analytics.Query{From: today, To: today})
		housetest.Must(w.t, err)
		got = 0
		for _, l := range table.Lines {
			if l.Label == label {
				got = l.Values[0]
			}
		}
		if got == want {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	w.t.Errorf("%s of %s: %v, not %v", widget, label, got, want)
}

func (w *web) cookies() map[string]string {
	u, _ := url.Parse("http://" + host)
	out := map[string]string{}
	for _, c := range w.visitor.HTTP.Jar.Cookies(u) {
		out[c.Name] = c.Value
	}
	return out
}

func (w *web) press(p *webtest.Page, value string) *webtest.Page {
	w.t.Helper()
	f := p.Form("version")
	if f == nil {
		w.t.Fatalf("no question at %s", p.URL)
	}
	form := url.Values{"choice": {value}, "version": {attr(p, "version")}, "back": {attr(p, "back")}}
	next, err := w.visitor.Do("POST", "http://"+host+"/th/cookies", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
	housetest.Must(w.t, err)
	if next.Status != 200 {
		w.t.Fatalf("status %d: %.500s", next.Status, next.Body)
	}
	return next
}

func attr(p *webtest.Page, name string) (value string) {
	webtest.Walk(p.Doc, func(n *html.Node) bool {
		if v, _ := webtest.Attr(n, "name"); v == name && n.Data == "input" {
			value, _ = webtest.Attr(n, "value")
		}
		return true
	})
	return value
}

func TestTheScriptIsSmallAndOfTheSameOrigin(t *testing.T) {
	w := newWeb(t, dbtest.SQLite(t))
	w.headers["Accept-Encoding"] = "gzip"
	res, err := w.visitor.HTTP.Get("http://" + host + "/p.js")
	housetest.Must(t, err)
	defer res.Body.Close()
	packed, err := io.ReadAll(res.Body)
	housetest.Must(t, err)
	if len(packed) > 1228 || res.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%d bytes", len(packed))
	}
	z, err := gzip.NewReader(strings.NewReader(string(packed)))
	housetest.Must(t, err)
	text, err := io.ReadAll(z)
	if err != nil || strings.Contains(string(text), "cookie") || strings.Contains(string(text), "localStorage") || strings.Contains(string(text), "//") {
		t.Errorf("the script keeps something in the browser, or names another host: %v", err)
	}
}

func TestAHitIsAnsweredWhenItIsStored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWeb(t, e)
		for _, kind := range []string{"application/json", "text/plain;charset=UTF-8", ""} {
			p := w.post(kind, `{"u":"http://`+host+`/th/","r":"https://www.google.com/","t":"หน้าแรก","w":390,"p":{"a":"b"}}`)
			if p.Status != 204 || len(p.Header.Values("Set-Cookie")) > 0 {
				t.Errorf("%s: %d %v", kind, p.Status, p.Header)
			}
		}
		w.reported("pages", "/th", 3)
	})
}

func TestBadInputIsRefusedAndNeverAnErrorOfOurs(t *testing.T) {
	w := newWeb(t, dbtest.SQLite(t))
	page := `"u":"http://` + host + `/"`
	for _, x := range []struct {
		name, kind, body string
		status           int
	}{
		{"empty", "application/json", "", 422}, {"no JSON", "application/json", "{", 422}, {"a list", "application/json", "[]", 422}, {"not UTF-8", "text/plain", "{\"u\":\"\xff\"}", 422},
		{"form", "application/x-www-form-urlencoded", "u=1", 422}, {"huge", "application/json", `{` + page + `,"t":"` + strings.Repeat("x", 9000) + `"}`, 413},
		{"nested", "application/json", `{` + page + `,"p":{"a":{"b":[1]}}}`, 422}, {"deep", "application/json", `{` + page + `,"p":` + strings.Repeat(`{"a":`, 1000) + "1" + strings.Repeat("}", 1000) + `}`, 422},
		{"negative", "application/json", `{` + page + `,"w":-5}`, 422}, {"vast", "application/json", `{` + page + `,"w":1e300}`, 422}, {"text for a number", "application/json", `{` + page + `,"w":"x"}`, 422},
		{"foreign host", "application/json", `{"u":"http://evil.example/"}`, 403}, {"name", "application/json", `{` + page + `,"n":"<script>"}`, 422}, {"null", "application/json", `null`, 422},
	} {
		if p := w.post(x.kind, x.body); p.Status != x.status {
			t.Errorf("%s: %d, not %d: %.200s", x.name, p.Status, x.status, p.Body)
		}
	}
	p, err := w.visitor.Do("GET", "http://"+host+"/p", "", nil)
	if err != nil || p.Status != 405 {
		t.Errorf("GET: %d %v", p.Status, err)
	}
	w.h.Record = nil
	if p := w.post("application/json", `{`+page+`}`); p.Status != 403 {
		t.Errorf("without a record: %d", p.Status)
	}
	w.count(`SELECT COUNT(*) FROM usage_hits`, 0)
}

func TestServedPagesAreCountedWithoutAScript(t *testing.T) {
	w := newWeb(t, dbtest.SQLite(t))
	w.get("/th/", 200)
	w.get("/th/search?q=โรงงาน", 200)
	w.get("/th/nowhere", 404)
	w.get("/robots.txt", 200)
	w.headers["Sec-Purpose"] = "prefetch"
	w.get("/th/news", 200)
	w.count(`SELECT COUNT(*) FROM usage_hits`, 3)
	w.reported("searches", "โรงงาน", 1)
	w.reported("not-found", "/th/nowhere", 1)
}

func TestTheContactFormIsMeasuredWithoutAScript(t *testing.T) {
	w := newWeb(t, dbtest.SQLite(t))
	host := "http://" + host
	pages := http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/th/contact/check" {
			http.Redirect(out, r, "/th/contact/receipt/abc", http.StatusSeeOther)
		}
	})
	server := httptest.NewServer(w.face.Wrap(pages))
	defer server.Close()
	w.visitor = webtest.New(server.Listener.Addr().String())
	w.next, w.visitor.HTTP.Transport = w.visitor.HTTP.Transport, w
	for _, path := range []string{"/th/contact/topic", "/th/contact/message", "/th/contact/check"} {
		if _, err := w.visitor.Do("POST", host+path, "application/x-www-form-urlencoded", strings.NewReader("")); err != nil {
			t.Fatal(err)
		}
	}
	w.reported("starts", "contact", 1)
	w.reported("submits", "contact", 1)
	w.count(`SELECT COUNT(*) FROM usage_hits`, 3) // the receipt is a page
}

func TestRefusingIsAsEasyAsAcceptingAndNothingIsTicked(t *testing.T) {
	w := newWeb(t, dbtest.SQLite(t))
	for _, path := range []string{"/th/", "/en/cookies"} {
		p := w.get(path, 200)
		classes := map[string]string{}
		webtest.Walk(p.Doc, func(n *html.Node) bool {
			if v, _ := webtest.Attr(n, "name"); v == "choice" {
				value, _ := webtest.Attr(n, "value")
				classes[value], _ = webtest.Attr(n, "class")
			}
			if _, checked := webtest.Attr(n, "checked"); checked {
				t.Errorf("%s: something is ticked", path)
			}
			return true
		})
		if accept, ok := classes["accept"]; !ok || classes["refuse"] != accept {
			t.Errorf("%s: %v", path, classes)
		}
	}
	for _, res := range w.sent {
		if len(res.Header.Values("Set-Cookie")) > 0 {
			t.Errorf("%s sets a cookie before a choice", res.Request.URL)
		}
	}
}

func TestAcceptingChangingAndWithdrawingTakeEffectAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		w := newWeb(t, e)
		back := w.press(w.get("/th/news", 200), "accept")
		if back.URL.Path != "/th/news" || strings.Contains(back.Body, `class="consent"`) {
			t.Errorf("after accepting: %s", back.URL)
		}
		c := w.cookies()
		if len(c) != 2 || !consent.ParseChoice(c["prasan_choice"]).Allows(consent.Analytics) || !consent.IsVisitor(c["prasan_visitor"]) {
			t.Fatalf("cookies: %v", c)
		}
		page := w.get("/th/cookies", 200)
		number := consent.ParseChoice(c["prasan_choice"]).Receipt
		if number == "" || !strings.Contains(page.Body, number) || !strings.Contains(page.Body, consent.TextOf(w.h.Record).Version) {
			t.Error("the receipt does not show its number and the text's version")
		}
		w.count(`SELECT COUNT(*) FROM usage_hits WHERE cookie <> 0`, 2)
		w.press(w.get("/th/cookies", 200), "refuse")
		if c := w.cookies(); len(c) != 1 || !consent.ParseChoice(c["prasan_choice"]).Refused() {
			t.Errorf("cookies after the withdrawal: %v", c)
		}
		w.get("/th/", 200)
		w.count(`SELECT COUNT(*) FROM usage_hits h JOIN usage_terms t ON t.id = h.page WHERE t.text = '/th' AND h.level = 0 AND h.visitor = 0`, 1)
		w.count(`SELECT COUNT(*) FROM consent_counts WHERE choice = 'withdraw' AND n = 1`, 1)
	})
}

func TestNobodyIsAskedWhereHeTypesAndNoTrackerIsWhereASecretIs(t *testing.T) {
	w := newWeb(t, dbtest.SQLite(t))
	if home := w.get("/th/", 200).Body; !strings.Contains(home, "/p.js") || !strings.Contains(home, `name="choice"`) {
		t.Error("the home page is not counted, or nobody is asked")
	}
	if form := w.get("/th/contact", 200).Body; !strings.Contains(form, "/p.js") || strings.Contains(form, `name="choice"`) {
		t.Error("the question would lead away from what is typed")
	}
	if link := w.get("/th/verify/a-secret-of-one-person", 200).Body; strings.Contains(link, "/p.js") {
		t.Error("a page with a secret in its address has the tracker")
	}
}

func TestWhoAsksNotToBeTrackedIsNotAskedAndHasNoCookie(t *testing.T) {
	for _, header := range []string{"Sec-GPC", "DNT"} {
		w := newWeb(t, dbtest.SQLite(t))
		w.headers[header] = "1"
		p := w.get("/th/", 200)
		if strings.Contains(p.Body, `class="consent"`) {
			t.Errorf("%s: asked all the same", header)
		}
		w.press(w.get("/th/cookies", 200), "accept")
		if c := w.cookies(); c["prasan_visitor"] != "" {
			t.Errorf("%s: cookies %v", header, c)
		}
		w.count(`SELECT COUNT(*) FROM usage_hits WHERE level <> 0 OR visitor <> 0`, 0)
	}
}

func TestFiguresAreForEverybodyOnlyWhereTheRecordLetsThemBe(t *testing.T) {
	w := newWeb(t, dbtest.SQLite(t))
	for range 12 {
		w.get("/th/", 200)
	}
	w.get("/th/search?q=secret", 200)
	w.reported("pages", "/th", 12)
	w.h.Engine.Clock.Advance(24 * time.Hour)
	w.get("/th/statistics", 404)
	if strings.Contains(w.get("/th/cookies", 200).Body, "/th/statistics") {
		t.Error("the page that is not there is offered")
	}
	w.h.Record.Public = true
	page := w.get("/th/statistics", 200).Body
	if !strings.Contains(page, "<svg") || !strings.Contains(page, ">12<") {
		t.Errorf("figures are missing: %.600s", page)
	}
	if strings.Contains(page, "/th/search") || strings.Contains(page, "secret") {
		t.Error("what hardly anybody looked at is shown")
	}
	if !strings.Contains(w.get("/th/cookies", 200).Body, "/th/statistics") {
		t.Error("nobody can find it")
	}
}

func TestWithoutAnythingToConsentToNothingIsAsked(t *testing.T) {
	w := newWeb(t, dbtest.SQLite(t))
	w.h.Record = &policy.Snapshot{}
	p := w.get("/th/", 200)
	if strings.Contains(p.Body, "p.js") || strings.Contains(p.Body, `class="consent"`) {
		t.Error("the page has a script or a question that the record does not have")
	}
	w.get("/th/cookies", 200)
}
