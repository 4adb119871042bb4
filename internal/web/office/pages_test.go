package office_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"prasan/internal/accounts"
	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
	"prasan/internal/i18n"
	"prasan/internal/policy"
	"prasan/internal/webtest"
)

func TestWhoReachesWhat(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		ref := h.receive()
		people := []string{"officer", "registrar", "head", "other", "dpo", "auditor", "ict", "admin"}
		for _, row := range []struct {
			method, path string
			status       [8]int // of people, in their order
		}{
			{"GET", "", [8]int{200, 200, 200, 200, 200, 200, 200, 200}},
			{"GET", "cases", [8]int{200, 200, 200, 200, 200, 200, 200, 200}},
			{"GET", "cases/" + ref, [8]int{200, 200, 200, 404, 200, 200, 200, 200}},
			{"GET", "cases/new", [8]int{200, 200, 200, 200, 403, 403, 200, 200}},
			{"POST", "cases/" + ref + "/sender?purpose=communicate", [8]int{200, 200, 200, 404, 200, 403, 403, 200}},
			{"POST", "cases/" + ref + "/note?text=x", [8]int{200, 200, 200, 404, 403, 403, 200, 200}},
			{"POST", "cases/" + ref + "/assign?account=officer", [8]int{200, 200, 200, 404, 403, 403, 200, 200}},
			{"POST", "cases/" + ref + "/inform?text=x", [8]int{200, 403, 200, 404, 403, 403, 403, 200}},
			{"POST", "cases/" + ref + "/reissue", [8]int{200, 200, 200, 404, 403, 403, 403, 200}},
			{"POST", "cases/" + ref + "/nothing", [8]int{404, 404, 404, 404, 404, 404, 404, 404}},
			{"POST", "cases/" + ref + "/mail/x", [8]int{409, 403, 409, 404, 403, 403, 403, 409}},
			{"GET", "chain", [8]int{403, 403, 200, 403, 403, 403, 200, 200}},
			{"GET", "records", [8]int{200, 200, 200, 200, 200, 200, 200, 200}},
			{"GET", "records/contact-us/2", [8]int{200, 200, 200, 200, 200, 200, 200, 200}},
			{"GET", "records/contact-us/9", [8]int{404, 404, 404, 404, 404, 404, 404, 404}},
			{"GET", "oversight", [8]int{403, 403, 403, 403, 200, 200, 403, 200}},
			{"GET", "audit", [8]int{403, 403, 403, 403, 200, 200, 403, 200}},
			{"GET", "accounts", [8]int{403, 403, 403, 403, 403, 403, 200, 200}},
			{"GET", "delegations", [8]int{200, 200, 200, 200, 200, 200, 200, 200}},
			{"GET", "sites", [8]int{200, 200, 200, 200, 200, 200, 200, 200}},
			{"GET", "agencies", [8]int{200, 200, 200, 200, 200, 200, 200, 200}},
			{"GET", "account", [8]int{200, 200, 200, 200, 200, 200, 200, 200}},
		} {
			path, body, _ := strings.Cut(row.path, "?")
			if row.method == "GET" {
				path, body = row.path, ""
			}
			for i, who := range people {
				p, err := h.tab(who).Do(row.method, h.url("/th/office/"+path), "application/x-www-form-urlencoded", strings.NewReader(body))
				must(t, err)
				if p.Status != row.status[i] {
					t.Errorf("%s %s as %s: %d, not %d", row.method, row.path, who, p.Status, row.status[i])
				}
				if who == "other" && strings.Contains(p.Body, "กลิ่นเหม็น") {
					t.Errorf("%s %s shows the message to another office", row.method, row.path)
				}
			}
			p, err := webtest.New(h.addr).Do(row.method, h.url("/th/office/"+path), "application/x-www-form-urlencoded", strings.NewReader(body))
			must(t, err)
			if row.method == "GET" && p.Form("password") == nil || row.method == "POST" && p.Status != http.StatusUnauthorized {
				t.Errorf("%s %s without a session: %d", row.method, row.path, p.Status)
			}
		}
	})
}

func TestEveryPageIsWellMadeInBothLanguages(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	plain, english := h.receive(), h.receive(func(s *cases.Submission) { s.Lang, s.WithholdName, s.AboutStaff = "en", true, true })
	spam := h.receive(func(s *cases.Submission) { s.Decoy = true })
	p := h.act(h.get("officer", "/th/office/cases/"+plain, 200), "triage", 303, "verdict", "relevant", "reason", "ของเรา")
	h.act(p, "ask", 303, "text", "ที่ใด")
	for _, lang := range i18n.Langs {
		h.wellMade(lang, h.open("", "/"+lang+"/sign-in"), h.get("officer", "/"+lang+"/nowhere", 404))
		for _, row := range []struct {
			who   string
			paths []string
		}{
			{"officer", []string{"/", "/cases?view=mine", "/cases?view=all&q=x", "/cases?view=parked", "/cases?view=answered", "/cases?view=closed", "/cases?view=open&overdue=yes", "/cases/" + plain, "/cases/new", "/records", "/records/contact-us/1", "/records/contact-us/2", "/delegations", "/sites", "/agencies", "/account", "/password", "/authenticator"}},
			{"bare", []string{"/", "/cases/" + plain}},
			{"head", []string{"/cases/" + english, "/cases/" + spam, "/chain"}},
			{"dpo", []string{"/", "/cases", "/audit", "/audit?area=data", "/oversight"}},
			{"ict", []string{"/accounts", "/accounts/new", "/accounts/officer", "/sites"}},
		} {
			for _, path := range row.paths {
				h.wellMade(lang, h.get(row.who, "/"+lang+"/office"+path, 200))
			}
		}
		p := h.get("officer", "/"+lang+"/office/cases/"+plain, 200)
		h.wellMade(lang, h.act(p, "answer", 422), h.act(p, "sender", 422), h.act(p, "sender", 200, "purpose", "communicate"), h.act(p, "reissue", 200),
			h.want(422)(h.form(h.get("officer", "/"+lang+"/office/cases/new", 200), "/new").Submit()), h.get("officer", "/"+lang+"/office/cases?view=nothing", 422))
	}
}

func (h *house) wellMade(lang string, pages ...*webtest.Page) {
	h.t.Helper()
	for _, p := range pages {
		for _, fault := range p.Faults(lang) {
			h.t.Errorf("%s: %s", p.URL, fault)
		}
	}
}

func TestTheInboxIsReadPageByPage(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	seen := map[string]bool{}
	for i := range 60 {
		h.receive(func(s *cases.Submission) { s.Message = fmt.Sprintf("เรื่องที่ %d", i) })
		h.e.Clock.Advance(time.Minute)
	}
	count := func(p *webtest.Page) (n int) {
		for _, part := range strings.Split(p.Body, `href="/th/office/cases/`)[1:] {
			if ref, _, _ := strings.Cut(part, `"`); ref != "new" && !seen[ref] {
				seen[ref] = true
				n++
			}
		}
		return n
	}
	p := h.get("officer", "/th/office/cases", 200)
	first := count(p)
	_, next, ok := strings.Cut(p.Body, `href="/th/office/cases?after=`)
	if !ok {
		t.Fatal("no way to the next page")
	}
	next, _, _ = strings.Cut(next, `"`)
	p = h.get("officer", "/th/office/cases?after="+strings.ReplaceAll(next, "&amp;", "&"), 200)
	if second := count(p); first != 50 || second != 10 {
		t.Errorf("%d and %d", first, second)
	}
	h.get("officer", "/th/office/cases?after=false", 422)
}

func TestTheFirstSignInSetsAPasswordAndAnAuthenticator(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	_, oneTime, err := h.people.Add(ctx, accounts.Console, accounts.Account{Name: "fresh", Display: policy.Text{TH: "ใหม่"}, Agency: "rayong", Roles: []string{"officer"}})
	must(t, err)
	client := webtest.New(h.addr)
	enter := func(password, code string) *webtest.Page {
		t.Helper()
		p, err := client.Get(h.url("/th/sign-in?next=%2Fth%2Foffice%2Faccount"))
		must(t, err)
		p, err = p.Form("account").Set("account", "fresh").Set("password", password).Set("code", code).Submit()
		must(t, err)
		return p
	}
	if p := enter("wrong", ""); p.Status != 422 || p.ByID("errors") == nil || p.Form("account").Values.Get("account") != "fresh" || p.Form("account").Values.Get("password") != "" {
		t.Errorf("%d: %s", p.Status, webtest.Text(p.Doc))
	}
	p := enter(oneTime, "")
	if p.Form("password") == nil || p.Form("account") != nil {
		t.Fatal("not led to the password")
	}
	h.want(422)(p.Form("password").Set("password", "short").Submit())
	p = h.want(303)(p.Form("password").Set("password", password).Submit())
	if !strings.Contains(p.Body, "<path") {
		t.Error("no QR code")
	}
	secret := strings.ReplaceAll(codeOf(p, "secret"), " ", "")
	h.want(422)(p.Form("code").Set("code", "000000").Submit())
	code, err := totp.GenerateCode(secret, h.e.Clock.Now())
	must(t, err)
	p = h.want(200)(p.Form("code").Set("code", code).Submit())
	recovery := codeOf(p, "")
	if recovery == "" {
		t.Fatal("no recovery codes")
	}
	out, err := client.Get(h.url("/th/office/"))
	out = h.want(200)(out, err)
	out = h.want(303)(h.form(out, "/sign-out").Submit())
	if p, _ := client.Get(h.url("/th/office/")); p.Form("account") == nil {
		t.Error("still signed in")
	}
	if p := enter(password, recovery); p.URL.Path != "/th/office/account" {
		t.Errorf("a recovery code leads to %s: %s", p.URL, webtest.Text(out.Doc))
	}
}

// codeOf is the text of the first code element of a class.
func codeOf(p *webtest.Page, class string) string {
	mark := "<code>"
	if class != "" {
		mark = `<code class="` + class + `">`
	}
	_, rest, _ := strings.Cut(p.Body, mark)
	text, _, _ := strings.Cut(rest, "</code>")
	return text
}
