package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// page is one to look at: an address, and who looks; "" is the public. Where there is a
// link, it is the page behind the first link of that form on the page at the address.
type page struct {
	name, site, path string
	account          string
	status           int64
	link             string
}

// public pages, without their language.
var publicPages = []page{
	{name: "home", site: "rayong", path: "/"},
	{name: "home-ministry", site: "", path: "/"},
	{name: "contact", site: "rayong", path: "/contact"},
	{name: "track", site: "rayong", path: "/track"},
	{name: "track-lost", site: "rayong", path: "/track/lost"},
	{name: "privacy", site: "rayong", path: "/privacy"},
	{name: "cookies", site: "rayong", path: "/cookies"},
	{name: "rights", site: "rayong", path: "/rights"},
	{name: "rights-identity", site: "rayong", path: "/rights/identity"},
	{name: "rights-status", site: "rayong", path: "/rights/status"},
	{name: "record", site: "rayong", path: "/record"},
	{name: "record-notice", site: "rayong", path: "/record", link: `/record/notices/[^/]+`},
	{name: "letter-unknown", site: "rayong", path: "/letter/34A-CDE-FGK", status: 404},
	{name: "news", site: "rayong", path: "/news"},
	{name: "search", site: "rayong", path: "/search?q=%E0%B9%82%E0%B8%A3%E0%B8%87%E0%B8%87%E0%B8%B2%E0%B8%99"},
	{name: "accessibility", site: "rayong", path: "/accessibility"},
	{name: "not-found", site: "rayong", path: "/nowhere", status: 404},
	{name: "sign-in", site: "office", path: "/sign-in"},
}

// officePages, by who may see them.
var officePages = []page{
	{name: "inbox", path: "/office/", account: "officer-rayong"},
	{name: "new", path: "/office/cases/new", account: "officer-rayong"},
	{name: "chain", path: "/office/chain", account: "head-ops"},
	{name: "disclosures", path: "/office/disclosures", account: "officer-rayong"},
	{name: "referrals", path: "/office/referrals", account: "registrar-ops"},
	{name: "account", path: "/office/account", account: "officer-rayong"},
	{name: "password", path: "/office/password", account: "officer-rayong"},
	{name: "authenticator", path: "/office/authenticator", account: "officer-rayong"},
	{name: "letters", path: "/office/letters", account: "registrar-ops"},
	{name: "letters-in", path: "/office/letters/in", account: "registrar-diw"},
	{name: "letter", path: "/office/letters", account: "registrar-ops", link: `/office/letters/[0-9a-f-]{36}`},
	{name: "letter-received", path: "/office/letters/in", account: "registrar-diw", link: `/office/letters/[0-9a-f-]{36}`},
	{name: "letter-new", path: "/office/letters/new", account: "registrar-ops"},
	{name: "letter-paper", path: "/office/letters/paper", account: "registrar-ops"},
	{name: "letter-scan", path: "/office/letters/scan", account: "registrar-ops"},
	{name: "seals", path: "/office/seals", account: "ict"},
	{name: "register-out", path: "/office/registers/out", account: "registrar-ops"},
	{name: "register-in", path: "/office/registers/in", account: "registrar-diw"},
	{name: "mail-in", path: "/office/mail", account: "registrar-ops"},
	{name: "mail-item", path: "/office/mail", account: "registrar-ops", link: `/office/mail/[0-9a-f-]{36}`},
	{name: "follow-ups", path: "/office/follow-ups", account: "officer-rayong"},
	{name: "follow-up", path: "/office/follow-ups", account: "officer-rayong", link: `/office/follow-ups/[^/]+`},
	{name: "inspections", path: "/office/inspections", account: "dpo"},
	{name: "rights-requests", path: "/office/rights", account: "dpo"},
	{name: "rights-request", path: "/office/rights", account: "dpo", link: `/office/rights/R-[^/]+`},
	{name: "rights-refusals", path: "/office/rights/refusals", account: "dpo"},
	{name: "rights-new", path: "/office/rights/new", account: "head-ops"},
	{name: "breaches", path: "/office/breaches", account: "dpo"},
	{name: "breach-new", path: "/office/breaches/new", account: "dpo"},
	{name: "retention", path: "/office/retention", account: "head-ops"},
	{name: "oversight", path: "/office/oversight", account: "dpo"},
	{name: "records", path: "/office/records", account: "dpo"},
	{name: "record-reviews", path: "/office/record-reviews", account: "dpo"},
	{name: "record-contact", path: "/office/records/contact-us", account: "dpo"},
	{name: "record-revision", path: "/office/records/contact-us/2", account: "dpo"},
	{name: "record-changes", path: "/office/records/contact-us/2/changes?from=1", account: "dpo"},
	{name: "record-draft", path: "/office/records/contact-us/draft", account: "dpo"},
	{name: "record-new", path: "/office/records/new", account: "dpo"},
	{name: "record-edit-all", path: "/office/records/usage-analytics/edit", account: "dpo"},
	{name: "record-edit", path: "/office/records/usage-analytics/edit/part/data", account: "dpo"},
	{name: "record-edit-flow", path: "/office/records/usage-analytics/edit/part/flow", account: "dpo"},
	{name: "record-edit-inventory", path: "/office/records/contact-us/edit/part/inventory", account: "dpo"},
	{name: "record-observed", path: "/office/records/contact-us/2/observed", account: "dpo"},
	{name: "truth", path: "/office/truth", account: "dpo"},
	{name: "library", path: "/office/library", account: "dpo"},
	{name: "library-document", path: "/office/library/domain-list", account: "dpo"},
	{name: "access", path: "/office/access", account: "dpo"},
	{name: "access-matrix", path: "/office/access/contact-us?only=reads&role=head", account: "dpo"},
	{name: "evidence", path: "/office/evidence", account: "auditor"},
	{name: "usage", path: "/office/analytics", account: "ict"},
	{name: "usage-report", path: "/office/analytics", account: "ict", link: `/office/analytics/report/[^/]+`},
	{name: "usage-now", path: "/office/analytics/now", account: "ict"},
	{name: "usage-sites", path: "/office/analytics/sites", account: "ict"},
	{name: "usage-goals", path: "/office/analytics/goals", account: "ict"},
	{name: "usage-goal", path: "/office/analytics/goals", account: "ict", link: `/office/analytics/goals/[^/]+`},
	{name: "usage-formats", path: "/office/analytics/formats", account: "ict"},
	{name: "usage-format", path: "/office/analytics/formats", account: "ict", link: `/office/analytics/formats/[0-9a-f-]{36}`},
	{name: "usage-google", path: "/office/analytics/google", account: "ict"},
	{name: "usage-google-site", path: "/office/analytics/google/rayong.industry.localhost", account: "ict"},
	{name: "news-office", path: "/office/news", account: "officer-rayong"},
	{name: "news-new", path: "/office/news/new", account: "ict"},
	{name: "news-item", path: "/office/news", account: "ict", link: `/office/news/[0-9a-f-]{36}`},
	{name: "delegations", path: "/office/delegations", account: "head-ops"},
	{name: "agencies", path: "/office/agencies", account: "ict"},
	{name: "sites", path: "/office/sites", account: "ict"},
	{name: "accounts", path: "/office/accounts", account: "ict"},
	{name: "account-new", path: "/office/accounts/new", account: "ict"},
	{name: "account-of", path: "/office/accounts", account: "ict", link: `/office/accounts/(?!new$)[^/]+`},
	{name: "audit", path: "/office/audit", account: "dpo"},
	{name: "copies", path: "/office/copies", account: "ict"},
}

// seen calls f for every page in every language, signed in where that is needed, and
// with the pages that a journey leads to.
func seen(t *testing.T, v view, f func(b *tab, name, lang string)) {
	t.Helper()
	citizen := open(t, v)
	for _, lang := range []string{"th", "en"} {
		for _, p := range publicPages {
			if citizen.shown(lang, p) {
				f(citizen, p.name, lang)
			}
		}
		citizen.steps(lang, func(name string) { f(citizen, name, lang) })
	}
	people := map[string]*tab{}
	for _, p := range officePages {
		b := people[p.account]
		if b == nil {
			b = open(t, v)
			b.signIn(p.account)
			people[p.account] = b
		}
		for _, lang := range []string{"th", "en"} {
			p.site = "office"
			if b.shown(lang, p) {
				f(b, p.name, lang)
			}
		}
	}
	look := func(account, name, lang, path string) {
		if people[account].shown(lang, page{name: name, site: "office", path: path, account: account}) {
			f(people[account], name, lang)
		}
	}
	reference := running.aCase(t, "officer-rayong", "in_progress")
	referral := running.first(t, "officer-rayong", "/referrals")
	drill, round := running.first(t, "dpo", "/breaches"), running.first(t, "dpo", "/destruction-rounds")
	for _, lang := range []string{"th", "en"} {
		look("officer-rayong", "case", lang, "/office/cases/"+reference)
		look("officer-rayong", "refer", lang, "/office/cases/"+reference+"/refer")
		look("officer-rayong", "referral", lang, "/office/referrals/"+referral)
		look("dpo", "breach-drill", lang, "/office/breaches/"+drill)
		look("dpo", "breach-notice", lang, "/office/breaches/"+drill+"/notice")
		look("dpo", "round", lang, "/office/retention/rounds/"+round)
		people["registrar-ops"].preview(lang)
		f(people["registrar-ops"], "letter-preview", lang)
	}
}

// shown opens a page; what is not as it should be is said.
func (b *tab) shown(lang string, p page) bool {
	b.t.Helper()
	want := p.status
	if want == 0 {
		want = 200
	}
	got := b.visit(running.url(p.site, "/"+lang+p.path))
	if got == want && p.link != "" {
		to := eval[string](b, fmt.Sprintf("([...document.querySelectorAll('main a[href]')].find(a => new RegExp(%q).test(a.pathname)) || {href: ''}).href", "^/"+lang+p.link+"$"))
		if to == "" {
			b.t.Errorf("%s %s: no link to it", lang, p.name)
			return false
		}
		got = b.visit(to)
	}
	if got != want {
		b.t.Errorf("%s %s as %s: %d", lang, p.name, p.account, got)
	}
	return got == want
}

// preview writes a letter up to where it is looked at.
func (b *tab) preview(lang string) {
	b.t.Helper()
	b.visit(running.url("office", "/"+lang+"/office/letters/new"))
	b.enter("to_name", "อธิบดีกรมโรงงานอุตสาหกรรม")
	b.enter("subject", "ขอความอนุเคราะห์ตรวจสอบเรื่องร้องเรียน")
	b.enter("text", "ด้วยมีประชาชนแจ้งเรื่องกลิ่นเหม็นจากโรงงาน\nจึงเรียนมาเพื่อโปรดพิจารณา")
	const button = `button[formaction$="/preview"]`
	eval[bool](b, "(document.querySelector('"+button+"').formTarget = '_self') === '_self'") // it opens a tab of its own
	if res := b.press(button); res.Status != 200 {
		b.t.Errorf("the preview gave %d", res.Status)
	}
}

// first is the identifier of the first of a list of the scenario.
func (d *demo) first(t *testing.T, who, list string) string {
	t.Helper()
	var got struct {
		Items []struct{ ID string }
	}
	d.api(t, who, "GET", list, "", 200, &got)
	if len(got.Items) == 0 {
		t.Fatalf("the scenario has nothing in %s", list)
	}
	return got.Items[0].ID
}

// steps walks the contact form and stops at each page, wrong and right, to the receipt
// and the tracking page.
func (b *tab) steps(lang string, stop func(name string)) {
	b.t.Helper()
	b.visit(running.url("rayong", "/"+lang+"/contact"))
	b.press(proceed)
	stop("contact-error")
	b.do(chromedp.Click(chromedp.CSS(`input[name="topic"][value="problem"]`)))
	b.press(proceed)
	stop("contact-message")
	b.enter("message", message[lang])
	b.press(proceed)
	stop("contact-sender")
	b.enter("given_name", "สมหญิง")
	b.enter("phone", "12")
	b.press(proceed)
	stop("contact-sender-error")
	b.enter("phone", "0812345678")
	b.press(proceed)
	stop("contact-check")
	b.press(proceed)
	reference, code := b.text("#reference"), b.text("#tracking-code")
	stop("receipt")
	b.track(lang, reference, code)
	stop("tracked")
	b.visit(running.url("rayong", "/"+lang+"/rights"))
	b.do(chromedp.Click(chromedp.CSS(`input[name="right"][value="access"]`)))
	b.enter("reference", reference)
	b.enter("code", code)
	b.press("#ask .actions button")
	reference, code = b.text("#reference"), b.text("#tracking-code")
	stop("rights-receipt")
	b.visit(running.url("rayong", "/"+lang+"/rights/status"))
	b.enter("reference", reference)
	b.enter("code", code)
	b.press("main form .actions button")
	stop("rights-told")
}

// aCase is a case of the scenario in some state that a person may see.
func (d *demo) aCase(t *testing.T, who, state string) string {
	t.Helper()
	var list struct {
		Items []struct{ Reference string }
	}
	d.api(t, who, "GET", "/cases?view=all&state="+state+"&limit=1", "", 200, &list)
	if len(list.Items) == 0 {
		t.Fatalf("the scenario has no case %s for %s", state, who)
	}
	return list.Items[0].Reference
}

// violation is what axe finds.
type violation struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

func (b *tab) axe(script string) []violation {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Evaluate[any](script+"\n;0")(ctx, t)
		return err
	}))
	text := eval[string](b, `axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']}).then(r => JSON.stringify(r.violations))`, chromedp.EvalAwaitPromise)
	var found []violation
	if err := json.Unmarshal([]byte(text), &found); err != nil {
		b.t.Fatal(err)
	}
	return found
}

func TestNoPageViolatesTheAccessibilityRules(t *testing.T) {
	script, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("%v (make setup brings it)", err)
	}
	for _, v := range []view{phone, desktop.inTheDark()} {
		t.Run(v.name, func(t *testing.T) {
			seen(t, v, func(b *tab, name, lang string) {
				for _, x := range b.axe(string(script)) {
					for _, n := range x.Nodes {
						t.Errorf("%s %s: %s (%s) %.160s %.200s", lang, name, x.ID, x.Help, n.HTML, strings.ReplaceAll(n.Summary, "\n", " "))
					}
				}
			})
		})
	}
}

func TestNoPageIsWiderThanTheNarrowestScreen(t *testing.T) {
	seen(t, narrow, func(b *tab, name, lang string) {
		if width := eval[int](b, `document.documentElement.scrollWidth`); width > int(narrow.width) {
			widest := eval[string](b, `[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest('.table')).map(e => e.outerHTML.slice(0, 120)).slice(0, 3).join(' | ')`)
			t.Errorf("%s %s is %d wide on a screen of %d: %s", lang, name, width, narrow.width, widest)
		}
		if got := eval[string](b, `document.documentElement.lang`); got != lang {
			t.Errorf("%s %s says it is in %q", lang, name, got)
		}
	})
}

// TestScreenshots takes the pictures of `make shots`.
func TestScreenshots(t *testing.T) {
	if os.Getenv("PRASAN_SHOTS") == "" {
		t.Skip("pictures are taken by make shots")
	}
	if err := os.MkdirAll("shots", 0o755); err != nil {
		t.Fatal(err)
	}
	for _, v := range []view{phone, phone.inTheDark(), desktop, desktop.inTheDark()} {
		seen(t, v, func(b *tab, name, lang string) {
			picture, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("shots", fmt.Sprintf("%s-%s-%s.png", name, v.name, lang))
			if err := os.WriteFile(file, picture, 0o644); err != nil {
				t.Fatal(err)
			}
		})
	}
}
