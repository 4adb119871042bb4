package app_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"prasan/internal/app"
	"prasan/internal/errs"
)

// call asks the API as the holder of a token.
func (r *running) call(token, method, path, body string, status int, into any) {
	r.t.Helper()
	req, err := http.NewRequest(method, r.URL("office")+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := r.visitor.HTTP.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != status {
		r.t.Fatalf("%s %s: status %d, not %d", method, path, res.StatusCode, status)
	}
	if into != nil {
		if err := json.NewDecoder(res.Body).Decode(into); err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestWhatTheDemoPrintsOpensItsDoors(t *testing.T) {
	c := settings(t, "")
	c.Record, c.RateLimits = "", "on"
	start1 := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	r := start(t, c, app.Options{Mode: app.Upgrade, Demo: &app.DemoOptions{Now: start1}})
	made, err := r.Scenario(context.Background(), func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, token := range made.Tokens {
		r.call(token, "GET", "/sites?limit=1", "", 200, nil)
	}
	r.signIn()
	var clock struct{ Now time.Time }
	r.call(made.Tokens[app.AdminToken], "POST", "/demo/clock", `{"advance": "PT70H"}`, 200, &clock)
	if ahead := clock.Now.Sub(start1); ahead < 70*time.Hour || ahead > 71*time.Hour {
		t.Errorf("the clock shows %s", clock.Now)
	}
	r.signIn() // by the code of the clock that was moved
	again, err := r.Scenario(context.Background(), func(int, int) {})
	if err != nil || len(again.Accounts) != len(made.Accounts) || again.Tokens["dpo"] != made.Tokens["dpo"] {
		t.Errorf("the second time it prints something else: %v", err)
	}
}

// signIn opens the office with what the guide shows.
func (r *running) signIn() {
	r.t.Helper()
	var people []struct{ Name, Password, Code string }
	if err := json.Unmarshal([]byte(r.get("demo.industry.localhost", "/accounts.json", 200).Body), &people); err != nil {
		r.t.Fatal(err)
	}
	for _, x := range people {
		if x.Name != "officer-rayong" {
			continue
		}
		p := r.want(200)(fill(r.get("office.industry.localhost", "/th/sign-in", 200), map[string]string{"account": x.Name, "password": x.Password, "code": x.Code}).Submit())
		if !strings.Contains(p.URL.Path, "/office/") {
			r.t.Errorf("signing in leads to %s", p.URL)
		}
		return
	}
	r.t.Error("the guide does not show officer-rayong")
}

func TestTheDemoIsNotMadeOverAnotherInstallation(t *testing.T) {
	c := settings(t, "")
	r := start(t, c, app.Options{Mode: app.Create})
	r.want(200)(r.toSend(sender).Submit())
	a, err := app.New(context.Background(), c, app.Options{Mode: app.Upgrade, Demo: &app.DemoOptions{}})
	if err == nil {
		a.Close()
	}
	if errs.As(err).Key != "error.demo-over-data" {
		t.Errorf("%v", err)
	}
}
