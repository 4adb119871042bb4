package e2e

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// wire is what a tab sends and what cookies it sends with it, as the browser's own
// network log has it.
type wire struct {
	mu       sync.Mutex
	requests []*network.Request
	sent     []string // Cookie headers
}

func (b *tab) wire() *wire {
	b.t.Helper()
	w := &wire{}
	err := chromedp.Listen(b.ctx, func(ev any) {
		w.mu.Lock()
		defer w.mu.Unlock()
		switch e := ev.(type) {
		case *network.EventRequestWillBeSent:
			w.requests = append(w.requests, e.Request)
		case *network.EventRequestWillBeSentExtraInfo:
			for name, value := range e.Headers {
				if strings.EqualFold(name, "cookie") {
					text, _ := value.(string)
					w.sent = append(w.sent, text)
				}
			}
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return w
}

// hits are the paths that were sent to the counting, and what each was.
func (w *wire) hits() (names []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.requests {
		u, err := url.Parse(r.URL)
		if err != nil || u.Path != "/p" {
			continue
		}
		names = append(names, r.Method)
	}
	return names
}

// forget begins anew.
func (w *wire) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests, w.sent = nil, nil
}

// bore tells whether a cookie was sent with any request.
func (w *wire) bore(name string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.sent, func(s string) bool { return strings.Contains(s, name+"=") })
}

// cookies are the names of those that the browser has for a page.
func (b *tab) cookies() []string {
	b.t.Helper()
	out, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{})
	if err != nil {
		b.t.Fatal(err)
	}
	names := map[string]bool{}
	for _, c := range out.Cookies {
		if !c.HTTPOnly {
			b.t.Errorf("%s can be read by scripts", c.Name)
		}
		names[c.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

func (b *tab) wantCookies(when string, want ...string) {
	b.t.Helper()
	if got := b.cookies(); !slices.Equal(got, want) {
		b.t.Errorf("%s: cookies %v, not %v", when, got, want)
	}
}

// What a visitor chooses is so on the wire: nothing before he answers, the answer alone
// after a refusal, a number after a consent, and none of it after the withdrawal.
func TestAVisitorRefusesAcceptsAndWithdraws(t *testing.T) {
	for name, v := range map[string]view{"with scripts": phone, "without scripts": phone.withoutScript()} {
		t.Run(name, func(t *testing.T) {
			b := open(t, v)
			w := b.wire()
			home := running.url("trat", "/th/")
			b.visit(home)
			b.wantCookies("before an answer")
			if !b.has(`.consent button[value="refuse"]`) || !b.has(`.consent button[value="accept"]`) {
				t.Fatal("he is not asked, or refusing is not as easy")
			}
			if w.bore("prasan_") {
				t.Error("a cookie was sent before an answer")
			}

			b.press(`.consent button[value="refuse"]`)
			b.wantCookies("after a refusal", "prasan_choice")
			if b.has(".consent") {
				t.Error("he is asked again")
			}
			w.forget()
			b.visit(running.url("trat", "/th/news"))
			if w.bore("prasan_visitor") {
				t.Error("who refused is told apart")
			}

			b.visit(running.url("trat", "/th/cookies"))
			if b.has(`input[name="allow"]:checked`) {
				t.Error("something is ticked that he refused")
			}
			b.press(`main form button[value="accept"]`)
			b.wantCookies("after a consent", "prasan_choice", "prasan_visitor")
			b.visit(running.url("trat", "/th/cookies"))
			if b.text("main .summary code") == "" {
				t.Error("no receipt of the consent")
			}
			w.forget()
			b.visit(home)
			if !w.bore("prasan_visitor") {
				t.Error("a consent has no effect")
			}

			b.visit(running.url("trat", "/th/cookies"))
			b.press(`main form button[value="refuse"]`)
			b.wantCookies("after the withdrawal", "prasan_choice")
			w.forget()
			b.visit(home)
			if w.bore("prasan_visitor") {
				t.Error("a withdrawal has no effect")
			}
		})
	}
}

// The script reports by itself, to its own site alone, and what it sends names nobody.
func TestWhatTheScriptSendsIsSeen(t *testing.T) {
	b := open(t, desktop)
	w := b.wire()
	b.visit(running.url("trat", "/th/"))
	b.do(chromedp.Sleep(1200 * time.Millisecond))
	// As a page does that changes without loading another.
	eval[bool](b, `history.pushState({}, '', '/th/news') === undefined`)
	for range 100 {
		if len(w.hits()) >= 2 { // how long the page was looked at, and the new one
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	found := false
	for _, r := range w.requests {
		u, err := url.Parse(r.URL)
		if err != nil || u.Path != "/p" {
			continue
		}
		found = true
		if u.Hostname() != "trat.industry.localhost" || r.Method != "POST" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		for _, part := range r.PostDataEntries {
			var body map[string]any
			if err := json.Unmarshal(part.Bytes, &body); err != nil {
				continue
			}
			for name := range body {
				if !slices.Contains([]string{"n", "u", "r", "t", "w", "p"}, name) {
					t.Errorf("it sends %s", name)
				}
			}
		}
	}
	if !found {
		t.Error("time on the page was not reported")
	}
}

// No page of the sites, in any language, sets a cookie before an answer, runs a script
// that is not ours, or asks another host for anything.
func TestNoCookieAndNoScriptBeyondTheDeclaredOnes(t *testing.T) {
	b := open(t, desktop)
	w := b.wire()
	crawled := 0
	for _, lang := range []string{"th", "en"} {
		for _, p := range publicPages {
			if p.site == "office" {
				continue
			}
			w.forget()
			b.visit(running.url(p.site, "/"+lang+p.path))
			b.wantCookies(lang + " " + p.name)
			crawled++
			scripts := eval[[]string](b, `Array.from(document.scripts, s => s.src || s.type + ':' + s.textContent.slice(0, 40))`)
			for _, s := range scripts {
				u, err := url.Parse(s)
				if err != nil || !strings.HasSuffix(u.Hostname(), "industry.localhost") || u.Path != "/p.js" && !strings.HasPrefix(u.Path, "/assets/") {
					t.Errorf("%s %s: the script %s", lang, p.name, s)
				}
			}
			w.mu.Lock()
			for _, r := range w.requests {
				u, err := url.Parse(r.URL)
				if err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "ws") && !strings.HasSuffix(u.Hostname(), "industry.localhost") {
					t.Errorf("%s %s asks %s", lang, p.name, r.URL)
				}
			}
			w.mu.Unlock()
			if n := eval[int](b, `localStorage.length + sessionStorage.length`); n > 0 {
				t.Errorf("%s %s keeps something in the browser's storage", lang, p.name)
			}
		}
	}
	if crawled < 2*len(publicPages)-2 {
		t.Errorf("only %d pages were seen", crawled)
	}
}

// The cycle as the ICT centre goes through it: a report is saved and sent by a schedule, a
// goal is set, evaluated, a plan made and worked; with scripts and without.
func TestTheCycleOfUsageIsWalked(t *testing.T) {
	for name, v := range map[string]view{"with scripts": desktop, "without scripts": desktop.withoutScript()} {
		t.Run(name, func(t *testing.T) {
			b := open(t, v)
			b.signIn("ict")
			at := func(path string) string { return running.url("office", "/th/office/analytics"+path) }
			b.visit(at(""))
			b.wantText("main", "ผู้เข้าชม")
			if !b.has("main svg.chart") || !b.has(`main a[href*="format=pdf"]`) || !b.has(`main a[href*="format=xlsx"]`) {
				t.Error("a chart or an export is missing")
			}
			clips := eval[[]string](b, `Array.from(document.querySelectorAll('.panels .table')).filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.getAttribute('aria-label') + ' ' + e.scrollWidth + '>' + e.clientWidth)`)
			if len(clips) > 0 {
				t.Errorf("tables wider than their cards: %v", clips)
			}

			b.visit(at("/formats"))
			b.fill(`form[action$="/formats"] [name="name"]`, "รายงานประจำเดือน "+name)
			b.do(chromedp.Click(chromedp.CSS(`[name="widget-pages"]`)), chromedp.Click(chromedp.CSS(`[name="widget-channels"]`)))
			b.press(`form[action$="/formats"] .actions button`)
			b.wantText("main h1", "รายงานประจำเดือน "+name)
			b.press(`form[action$="/schedule"] .actions button`)
			if !b.has(`form[action*="/stop/"]`) {
				t.Error("the report is not sent by a schedule")
			}

			b.visit(at("/goals"))
			b.fill(`form[action$="/goals"] [name="name"]`, "ผู้เข้าชมมากขึ้น "+name)
			b.fill(`form[action$="/goals"] [name="target"]`, "1000")
			b.press(`form[action$="/goals"] .actions button`)
			b.wantText("main h1", "ผู้เข้าชมมากขึ้น "+name)
			b.fill(`form[action$="/evaluate"] [name="findings"]`, "ผู้เข้าชมมาจากการค้นหาเป็นหลัก")
			b.press(`form[action$="/evaluate"] .actions button`)
			b.wantText("main", "ผู้เข้าชมมาจากการค้นหาเป็นหลัก")
			b.wantText("main", "รอลงนาม")
			b.fill(`form[action$="/plan"] [name="name"]`, "ปรับหน้าแรก")
			b.fill(`form[action$="/plan"] [name="actions"]`, "ย้ายเมนูติดต่อไว้บนสุด")
			b.press(`form[action$="/plan"] .actions button`)
			b.wantText("main", "แผนปรับปรุง: ปรับหน้าแรก")
			for _, word := range []string{"กำลังดำเนินการ", "แล้วเสร็จ"} {
				b.press(`form[action*="/act/"] button`)
				b.wantText("main", word)
			}
			b.wantText("main", "อย่างน้อยหนึ่งสัปดาห์") // its effect is not known yet

			// The scenario has a plan that is older: what it did is said, with how sure that is.
			b.visit(at("/goals"))
			older := eval[string](b, `(Array.from(document.querySelectorAll('main table a')).find(a => !a.textContent.includes('ผู้เข้าชมมากขึ้น')) || {}).href || ''`)
			if older == "" {
				t.Fatal("the scenario has no goal")
			}
			b.visit(older)
			b.wantText("main", "เฉลี่ยต่อวัน")
		})
	}
}
