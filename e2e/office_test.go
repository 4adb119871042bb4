package e2e

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// signIn signs in at the office with password and code.
func (b *tab) signIn(account string) {
	b.t.Helper()
	b.signInTo(running, account)
}

func (b *tab) signInTo(d *demo, account string) {
	b.t.Helper()
	password, secret := d.account(b.t, account)
	b.visit(d.url("office", "/th/sign-in"))
	b.enter("account", account)
	b.enter("password", password)
	b.enter("code", d.code(b.t, secret))
	b.press("main form button:not(.link)")
	if b.has(`[name="password"]`) {
		b.t.Fatalf("%s is not signed in: %s", account, b.text("main"))
	}
}

// mails are the bodies of what the demo's sink received for an address, oldest first.
func (d *demo) mails(t *testing.T, to string) []string {
	t.Helper()
	var out []string
	for range 100 { // the outbox is durable work of its own: it may take a moment
		out = nil
		for _, m := range d.sink(t) {
			if strings.Contains(m.To, to) {
				out = append(out, m.Text)
			}
		}
		if len(out) >= 2 {
			return out
		}
		time.Sleep(100 * time.Millisecond)
	}
	return out
}

type mailed struct {
	To   string `json:"to"`
	Text string `json:"text"`
}

// sink is what the demo's mail server has taken, oldest first.
func (d *demo) sink(t *testing.T) []mailed {
	t.Helper()
	req, err := http.NewRequest("GET", "http://"+d.addr+"/messages.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = strings.TrimPrefix(d.url("mail", ""), "http://")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var list []mailed
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(list) // the page shows the newest first
	return list
}

// answer has the officer find the case, decide that it is the office's, and answer by
// e-mail.
func (b *tab) answer(reference, text string) {
	b.t.Helper()
	b.visit(running.url("office", "/th/office/cases/"+reference))
	b.do(chromedp.Click(chromedp.CSS(`a[href="#do-triage"]`)), chromedp.Click(chromedp.CSS(`#do-triage [name="verdict"][value="relevant"]`)))
	b.fill("#triage-reason", "เป็นหน้าที่ของสำนักงาน")
	b.press("#do-triage .actions button")
	b.do(chromedp.Click(chromedp.CSS(`a[href="#do-answer"]`)), chromedp.Click(chromedp.CSS(`#do-answer [name="via"][value="email"]`)))
	b.fill("#answer-text", text)
	b.press("#do-answer .actions button")
	b.wantText("main", text)
}
