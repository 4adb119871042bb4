package office_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"prasan/internal/analytics"
	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/i18n"
	"prasan/internal/jobs"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/register"
	"prasan/internal/vault"
	"prasan/internal/web/office"
	"prasan/internal/webtest"
)

const trat = "trat.industry.test"

// count gives the house the counting of usage.
func (h *house) count(deps *office.Deps, v *vault.Vault, guard *processing.Service, log *audit.Log, queue *jobs.Queue, record *register.Store) {
	h.t.Helper()
	var err error
	h.usage, err = analytics.New(ctx, analytics.Deps{DB: h.e.DB, Audit: log, Jobs: queue, Processing: guard, Record: record.Snapshot, Key: v.Derive("usage"), Now: h.e.Clock.Now, NoLimits: true, Seal: v.SealSystem,
		Site:  func(host string) (string, bool) { s, ok := deps.Sites.Lookup(host); return s.Agency, ok },
		Sites: func() []string { return []string{rayong, trat} },
		Reader: func(_ context.Context, account string) (actor policy.Actor, address string, err error) {
			err = h.e.DB.Read(ctx, func(tx *db.Tx) error { actor, err = org.Actor(tx, account); return err })
			return actor, account + "@industry.test", err
		}})
	must(h.t, err)
	h.t.Cleanup(func() { h.usage.Close() })
	deps.Analytics = h.usage
}

func (h *house) hits(site, path string, n int) {
	h.t.Helper()
	for i := range n {
		must(h.t, h.usage.Collect(ctx, analytics.Hit{Site: site, URL: "https://" + site + path, Addr: fmt.Sprintf("203.0.113.%d", i), Agent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/131.0.0.0 Safari/537.36", Language: "th"}))
	}
}

func (h *house) usagePage(who, lang, path string, status int) *webtest.Page {
	h.t.Helper()
	p, err := h.tab(who).Get(h.url("/" + lang + "/office/analytics" + path))
	must(h.t, err)
	if p.Status != status {
		h.t.Fatalf("%s as %s: %d, not %d: %.400s", path, who, p.Status, status, p.Body)
	}
	return p
}

func (h *house) usagePost(who, path, body string, status int) *webtest.Page {
	h.t.Helper()
	p, err := h.tab(who).Do("POST", h.url("/th/office/analytics"+path), "application/x-www-form-urlencoded", strings.NewReader(body))
	must(h.t, err)
	if p.Status != status {
		h.t.Fatalf("%s as %s: %d, not %d: %.400s", path, who, p.Status, status, p.Body)
	}
	return p
}

func TestReportsOfUsageAreShownWithTheirTablesAndInert(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	h.hits(rayong, "/th/contact", 3)
	h.hits(rayong, `/th/search?q=<script>alert(1)</script>`, 1)
	h.hits(trat, "/th/secret-page", 2)
	for _, lang := range i18n.Langs {
		for _, path := range []string{"", "/sites", "/now", "/goals", "/formats", "/report/searches", "?site=" + rayong + "&dim1=browser&value1=Chrome&compare=year"} {
			p := h.usagePage("officer", lang, path, http.StatusOK)
			h.wellMade(lang, p)
			if strings.Contains(p.Body, "<script>alert") || strings.Contains(p.Body, "secret-page") || strings.Contains(webtest.Text(p.Doc), "analytics.") {
				t.Errorf("%s: a script, another office's pages, or a key of the catalogue: %.300s", path, webtest.Text(p.Doc))
			}
		}
	}
	p := h.usagePage("ict", "th", "", http.StatusOK)
	if !strings.Contains(p.Body, `class="chart"`) || !strings.Contains(p.Body, "/th/secret-page") || !strings.Contains(webtest.Text(p.Doc), "ผลรวมของผู้เข้าชมแต่ละวัน") {
		t.Error("the ministry's overview lacks its chart, its pages, or what its figures are")
	}
	h.usagePage("officer", "th", "?site="+trat, http.StatusNotFound)
	h.usagePage("officer", "th", "?from=x", http.StatusUnprocessableEntity)
	csv := h.usagePage("officer", "th", "/export?report=pages", http.StatusOK)
	if !strings.Contains(csv.Body, "/th/contact,") || !strings.HasPrefix(csv.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("csv: %s", csv.Body)
	}
	if paper := h.usagePage("ict", "th", "/yearly", http.StatusOK); !strings.HasPrefix(paper.Body, "%PDF-") {
		t.Error("no yearly report")
	}
	if book := h.usagePage("officer", "en", "/export?format=xlsx", http.StatusOK); !strings.HasPrefix(book.Body, "PK") {
		t.Error("no workbook")
	}
}

func TestTheCycleIsWalkedInTheBrowser(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	h.hits(rayong, "/th/contact", 3)
	h.usagePost("officer", "/goals", "name=x", http.StatusForbidden)
	h.usagePost("ict", "/goals", "name=&metric=views&target=abc", http.StatusUnprocessableEntity)
	goal := h.usagePost("ict", "/goals", "name=เพิ่มผู้เข้าชม&metric=page&argument=/th/contact&site="+rayong+"&target=2&from=2026-11-01&to=2026-11-30&why=x", http.StatusOK)
	path := strings.TrimPrefix(goal.URL.Path, "/th/office/analytics")
	if !strings.Contains(webtest.Text(goal.Doc), "ถึงเป้าหมาย") {
		t.Errorf("the goal does not show its result: %.400s", webtest.Text(goal.Doc))
	}
	h.usagePost("ict", path+"/evaluate", "findings=", http.StatusUnprocessableEntity)
	h.usagePost("ict", path+"/evaluate", "findings=ดีขึ้น", http.StatusOK)
	h.usagePost("ict", path+"/plan", "name=แผน&actions=แก้หน้าแรก\nแก้เมนู&due=2026-12-01", http.StatusOK)
	page := h.usagePage("head", "th", strings.TrimPrefix(path, ""), http.StatusOK)
	for _, act := range []string{"/sign/", "/act/"} {
		i := strings.Index(page.Body, path+act)
		if i < 0 {
			t.Fatalf("no button %s: %.600s", act, webtest.Text(page.Doc))
		}
		target := page.Body[i:]
		h.usagePost("head", target[:strings.IndexByte(target, '"')], "", http.StatusOK)
	}
	if text := webtest.Text(h.usagePage("officer", "th", path, http.StatusOK).Doc); !strings.Contains(text, "ลงนามแล้ว (head)") || !strings.Contains(text, "กำลังดำเนินการ") {
		t.Errorf("%.800s", text)
	}
	format := h.usagePost("ict", "/formats", "name=รายเดือน&span=month&widget-pages=yes&site="+rayong, http.StatusOK)
	formatPath := strings.TrimPrefix(format.URL.Path, "/th/office/analytics")
	if p := h.usagePost("ict", formatPath+"/schedule", "account=head&every=month", http.StatusOK); !strings.Contains(webtest.Text(p.Doc), "หยุดส่ง") {
		t.Error("the schedule is not shown")
	}
	h.usagePost("ict", "/notes", "day=2026-11-20&text=เปิดหน้าใหม่&site="+rayong, http.StatusOK)
	if !strings.Contains(h.usagePage("officer", "th", "", http.StatusOK).Body, "เปิดหน้าใหม่") {
		t.Error("the note is not on the chart")
	}
}
