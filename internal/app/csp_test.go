package app_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"prasan/internal/app"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/truth"
)

func TestBrowsersReportWhatTheyRefusedAndNothingOfThemIsKept(t *testing.T) {
	r := start(t, settings(t, ""), app.Options{Mode: app.Create})
	post := func(host, kind, body string) int {
		t.Helper()
		req, err := http.NewRequest(http.MethodPost, "http://"+r.Config.Listen+"/csp-report", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		req.Header.Set("Content-Type", kind)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		_, _ = io.Copy(io.Discard, res.Body)
		return res.StatusCode
	}
	old := `{"csp-report":{"document-uri":"http://rayong.industry.localhost/th/track/SECRET","violated-directive":"script-src 'self'","effective-directive":"script-src-elem","blocked-uri":"https://evil.example/a.js?SECRET"}}`
	for _, x := range []struct {
		host, kind, body string
		want             int
	}{
		{rayong, "application/csp-report", old, 204},
		{"office.industry.localhost", "application/reports+json", `[{"type":"csp-violation","body":{"documentURL":"SECRET","effectiveDirective":"img-src","blockedURL":"https://evil.example/p.png"}},{"type":"deprecation","body":{}}]`, 204},
		{rayong, "application/csp-report", `nonsense`, 204},
		{rayong, "application/csp-report", `{"csp-report":{"effective-directive":"` + strings.Repeat("x", 20<<10) + `"}}`, 204},
		{"nobody.example", "application/csp-report", old, 421},
	} {
		if got := post(x.host, x.kind, x.body); got != x.want {
			t.Errorf("%s %.40s: %d", x.host, x.body, got)
		}
	}
	var list []truth.Refusal
	err := r.DB.Read(t.Context(), func(tx *db.Tx) (err error) {
		list, err = truth.Refusals(tx, dbtest.Start.AddDate(-10, 0, 0))
		return err
	})
	if err != nil || len(list) != 2 || list[0].Origin != "https://evil.example" {
		t.Errorf("%v %+v", err, list)
	}
	if page := r.get(rayong, "/th/contact", 200); !strings.Contains(page.Header.Get("Content-Security-Policy"), "report-uri /csp-report") {
		t.Error("the policy of a page names no place for reports")
	}
}
