package e2e

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"prasan/internal/analytics/ga"
	"prasan/internal/analytics/ga/gatest"
	"prasan/internal/ropa"
)

// withGoogle is the next revision of the record of usage: Google is a recipient abroad,
// by consent, of what a browser tells whomever it calls.
func withGoogle(t *testing.T) []byte {
	t.Helper()
	text := string(ropa.SeedText("usage-analytics", 2))
	for old, fresh := range map[string]string{
		"\nclass:\n": "\nrecipients:\n  transfers:\n    - recipient: google\n      country: US\n      safeguard: s28-consent\n      basis: consent\n      elements: [page_path, referrer, event, language, ip_address, browser]\nclass:\n",
		"elements: [page_path, referrer, campaign, event, browser, screen_width, language]\n    text:\n      th: ส่งข้อมูลไปยัง": "elements: [page_path, referrer, event, language, ip_address, browser]\n    text:\n      th: ส่งข้อมูลไปยัง",
		"  transfers:\n    state: \"no\"\n    text: \"NO\"": "  transfers:\n    state: given\n    text: Google LLC (US) เมื่อได้รับความยินยอม",
	} {
		if strings.Count(text, old) != 1 {
			t.Fatalf("the seed has changed: %q", old)
		}
		text = strings.Replace(text, old, fresh, 1)
	}
	return []byte(text)
}

// policyOf opens a page and returns the content security policy that it came with.
func (b *tab) policyOf(url string) string {
	b.t.Helper()
	res, err := chromedp.Run(b.ctx, chromedp.NavigateResponse(url))
	if err != nil {
		b.t.Fatalf("%s: %v", url, err)
	}
	for name, value := range res.Headers {
		if strings.EqualFold(name, "Content-Security-Policy") {
			text, _ := value.(string)
			return text
		}
	}
	b.t.Fatalf("%s has no policy", url)
	return ""
}

func (b *tab) decide(d *demo, site, choice string) {
	b.t.Helper()
	b.visit(d.url(site, "/th/cookies"))
	b.press(`button[name="choice"][value="` + choice + `"]`)
}

func cookies(b *tab) string { return eval[string](b, `document.cookie`) }

// eventually waits for what happens behind the pages.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !is(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

// The whole way to Google: closed by the record, opened by it for those who consented,
// closed by them at once, and asked to forget.
func TestGoogleIsToldOnlyWhatRecordAndVisitorAllow(t *testing.T) {
	google := gatest.New()
	defer google.Close()
	work := t.TempDir()
	start := func() *demo {
		d, err := startDemo(work, "google", "--ga-endpoint", google.URL, "--ga-allow-private", "127.0.0.0/8")
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := start()
	defer func() { d.stop() }()
	host := strings.TrimPrefix(google.URL, "http://")
	const rayong = "rayong.industry.localhost"
	set := func(way string) {
		body := `{"way":"` + way + `","measurement":"` + gatest.Measurement + `","number":"` + gatest.Number + `","secret":"` + gatest.Secret + `","account":` + quoted(google.Key()) + `}`
		d.api(t, "ict", "POST", "/analytics/google/sites/"+rayong, body, http.StatusOK, nil)
	}
	var state struct {
		Open  bool
		Why   string
		Tasks []struct {
			Task, Trouble string
			Done          int64
		}
	}
	set("gtag")

	// Under a record that lists nobody abroad, a visitor who accepts everything tells Google nothing.
	early := open(t, phone)
	early.decide(d, "rayong", "accept")
	if csp := early.policyOf(d.url("rayong", "/th/")); strings.Contains(csp, host) || early.has(`script[src*="ga.js"]`) {
		t.Errorf("the page is open to Google without the record: %s", csp)
	}
	if d.api(t, "ict", "GET", "/analytics/google/sites/"+rayong, "", http.StatusOK, &state); state.Open || state.Why != "record" {
		t.Errorf("the bridge says %+v", state)
	}
	d.stop()
	file := filepath.Join(work, "r3.yaml")
	if err := os.WriteFile(file, withGoogle(t), 0o600); err != nil {
		t.Fatal(err)
	}
	apply := exec.Command(binary, "ropa", "apply", file, "--approve", "ict", "--approve", "dpo", "--data", filepath.Join(work, "google"))
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if n := google.Requests(""); n != 0 {
		t.Fatalf("%d requests to Google before the record let any", n)
	}
	d = start()

	// The text has changed, so that an old consent is none; who refuses, and who does not choose, is not passed on.
	if csp := early.policyOf(d.url("rayong", "/th/")); strings.Contains(csp, host) {
		t.Errorf("a consent to other words opens the page: %s", csp)
	}
	refuser := open(t, phone)
	refuser.decide(d, "rayong", "refuse")
	for _, path := range []string{"/th/", "/th/contact", "/th/news"} {
		if csp := refuser.policyOf(d.url("rayong", path)); strings.Contains(csp, host) || refuser.has(`script[src*="ga.js"]`) || strings.Contains(cookies(refuser), "_ga") {
			t.Errorf("%s is open to Google for somebody who refused: %s", path, csp)
		}
	}
	if n := google.Requests(""); n != 0 {
		t.Fatalf("%d requests to Google of people who did not consent", n)
	}

	if d.api(t, "ict", "GET", "/analytics/google/sites/"+rayong, "", http.StatusOK, &state); !state.Open {
		t.Fatalf("the bridge says %+v", state)
	}

	// Who accepts has the script, on the pages of this site on which nothing is typed.
	visitor := open(t, phone)
	visitor.decide(d, "rayong", "accept")
	if csp := visitor.policyOf(d.url("rayong", "/th/news?q=secret")); !strings.Contains(csp, "script-src 'self' "+google.URL) {
		t.Errorf("the policy lets no script in: %s", csp)
	}
	eventually(t, "the script reports the page", func() bool { return len(google.Browser()) == 1 })
	if got := google.Browser()[0]; !strings.Contains(got, "/th/news ") || strings.Contains(got, "secret") {
		t.Errorf("the browser says %q", got)
	}
	if !strings.Contains(cookies(visitor), "_ga=GA1.1.") {
		t.Errorf("cookies: %s", cookies(visitor))
	}
	if csp := visitor.policyOf(d.url("rayong", "/th/contact")); strings.Contains(csp, host) {
		t.Errorf("a page on which something is typed is open to Google: %s", csp)
	}
	if csp := visitor.policyOf(d.url("trat", "/th/")); strings.Contains(csp, host) {
		t.Errorf("another site is open to Google: %s", csp)
	}

	// A withdrawal takes effect at once, and Google is asked to delete.
	client := strings.Fields(google.Browser()[0])[1]
	visitor.visit(d.url("rayong", "/th/cookies"))
	visitor.do(chromedp.Click(chromedp.CSS(`#erase`)))
	visitor.press(`button[name="choice"][value="refuse"]`)
	if left := cookies(visitor); strings.Contains(left, "_ga") {
		t.Errorf("cookies after the withdrawal: %s", left)
	}
	if csp := visitor.policyOf(d.url("rayong", "/th/news")); strings.Contains(csp, host) || visitor.has(`script[src*="ga.js"]`) {
		t.Errorf("the page is open after the withdrawal: %s", csp)
	}
	eventually(t, "the deletion is passed on", func() bool { return len(google.Erased()) == 1 })
	if google.Erased()[0] != client || len(google.Browser()) != 1 {
		t.Errorf("erased %v, not %s; %d reports", google.Erased(), client, len(google.Browser()))
	}

	// The other way: from the server, without scripts, and with nothing of the browser's.
	set("server")
	quiet := open(t, phone.withoutScript())
	quiet.must(chromedp.Call(quiet.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"})) // a headless browser counts as a program
	quiet.decide(d, "rayong", "accept")
	if csp := quiet.policyOf(d.url("rayong", "/th/")); strings.Contains(csp, host) {
		t.Errorf("the page is open although the server sends: %s", csp)
	}
	google.Fail(gatest.Collect, gatest.Fault{Status: http.StatusInternalServerError})
	d.api(t, "admin", "POST", "/demo/clock", `{"advance":"PT1M"}`, http.StatusOK, nil)
	eventually(t, "the events are tried", func() bool { return google.Requests(gatest.Collect) > 0 })
	d.api(t, "admin", "POST", "/demo/clock", `{"advance":"PT5M"}`, http.StatusOK, nil)
	eventually(t, "the events are passed on after a failure", func() bool { return google.Events() > 0 })

	// Google's figures stand beside ours, as Google's.
	yesterday := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	google.Reports(ga.ByDay, ga.Row{Day: yesterday, Views: 4321, Users: 7, Sessions: 8})
	d.api(t, "ict", "POST", "/analytics/google/sites/"+rayong+"/fetch", "", http.StatusNoContent, nil)
	eventually(t, "the reports are fetched", func() bool {
		d.api(t, "ict", "GET", "/analytics/google/sites/"+rayong, "", http.StatusOK, &state)
		return len(state.Tasks) == 3 && state.Tasks[1].Done > 0
	})
	ict := open(t, desktop)
	ict.signInTo(d, "ict")
	ict.visit(d.url("office", "/th/office/analytics?site="+rayong))
	ict.wantText("main", "ตัวเลขของ Google Analytics")
	ict.wantText("main", "4,321")
	ict.visit(d.url("office", "/th/office/analytics/google/"+rayong))
	ict.wantText("main", "เปิดสำหรับผู้เข้าชมที่ยินยอมเท่านั้น")
	for _, w := range google.Wrong() {
		t.Error(w)
	}
}

func quoted(b []byte) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(string(b)) + `"`
}
