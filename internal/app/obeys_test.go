package app_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"prasan/internal/app"
	"prasan/internal/i18n"
	"prasan/internal/policy"
	"prasan/internal/ropa"
	"prasan/internal/webtest"
)

// obeying is the scenario while its record is changed: each account with its token and
// a browser of its own.
type obeying struct {
	*running
	made app.Scenario
	tabs map[string]*webtest.Client
}

// tab is the browser of an account that has signed in.
func (o *obeying) tab(account string) *webtest.Client {
	o.t.Helper()
	if c := o.tabs[account]; c != nil {
		return c
	}
	var people []struct{ Name, Password, Code string }
	if err := json.Unmarshal([]byte(o.get("demo.industry.localhost", "/accounts.json", 200).Body), &people); err != nil {
		o.t.Fatal(err)
	}
	c := webtest.New(o.Config.Listen)
	for _, x := range people {
		if x.Name == account {
			p := o.want(200)(c.Get(o.URL("office") + "/th/sign-in"))
			o.want(200)(fill(p, map[string]string{"account": x.Name, "password": x.Password, "code": x.Code}).Submit())
			o.tabs[account] = c
		}
	}
	return o.tabs[account]
}

func (o *obeying) page(account, path string, status int) *webtest.Page {
	o.t.Helper()
	return o.want(status)(o.tab(account).Get(o.URL("office") + path))
}

// ask asks the API as an account and returns status and body.
func (o *obeying) ask(account, method, path, body string) (int, string) {
	o.t.Helper()
	req, err := http.NewRequest(method, o.URL("office")+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	if account == "" {
		account = app.AdminToken
	}
	req.Header.Set("Authorization", "Bearer "+o.made.Tokens[account])
	res, err := o.visitor.HTTP.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// expects holds that the API answers with a status.
func (o *obeying) expects(status int, account, method, path, body string) string {
	o.t.Helper()
	got, text := o.ask(account, method, path, body)
	if got != status {
		o.t.Errorf("%s %s by %s: %d, not %d: %.300s", method, path, account, got, status, text)
	}
	return text
}

func (o *obeying) field(text, name string) string {
	o.t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		o.t.Fatalf("%v: %.300s", err, text)
	}
	s, _ := all[name].(string)
	return s
}

// shows holds that a page has a text, or has it no more.
func (o *obeying) shows(p *webtest.Page, is bool, text string) {
	o.t.Helper()
	if strings.Contains(p.Body, text) != is {
		o.t.Errorf("%s shows %q: %v, not %v", p.URL, text, !is, is)
	}
}

func (o *obeying) offers(p *webtest.Page, is bool, field string) {
	o.t.Helper()
	if (p.Form(field) != nil) != is {
		o.t.Errorf("%s has a form with %q: %v, not %v", p.URL, field, !is, is)
	}
}

// enact puts a change of the record into force, with the two approvals, and returns the
// text that was in force before.
func (o *obeying) enact(activity string, change func(r *ropa.Revision)) string {
	o.t.Helper()
	ctx := context.Background()
	snap := o.Register.Snapshot(activity)
	text, err := o.Register.Body(ctx, activity, snap.Revision)
	if err != nil {
		o.t.Fatal(err)
	}
	rev, err := ropa.Parse([]byte(text))
	if err != nil {
		o.t.Fatal(err)
	}
	rev.Number, rev.PrevSHA256 = snap.Revision+1, snap.SHA256
	change(rev)
	body, err := ropa.Marshal(rev)
	if err != nil {
		o.t.Fatal(err)
	}
	var two []policy.Actor
	for _, name := range []string{"dpo", "head-ops"} {
		a, err := o.Actor(ctx, name)
		if err != nil {
			o.t.Fatal(err)
		}
		two = append(two, a)
	}
	if _, err := o.Register.Apply(ctx, body, "dpo", two); err != nil {
		o.t.Fatal(err)
	}
	return text
}

// received is a new case of Rayong.
func (o *obeying) received() string {
	o.t.Helper()
	return o.field(o.expects(201, "officer-rayong", "POST", "/cases", `{"site":"rayong.industry.localhost","topic":"problem","message":"มีกลิ่นเหม็นจากโรงงาน","given_name":"มานี","phone":"0812345678","channel":"counter"}`), "reference")
}

func drop(list []string, code string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(x string) bool { return x == code })
}

func notHead(list []ropa.Principal) []ropa.Principal {
	return slices.DeleteFunc(slices.Clone(list), func(p ropa.Principal) bool { return p.Role == "head-or-delegate" })
}

// changesOfTheRecord are what the program is seen to follow, in the browser and by the
// API: see is called before the change and after it.
var changesOfTheRecord = []struct {
	row, activity string
	change        func(r *ropa.Revision)
	see           func(o *obeying, changed bool)
}{
	{"what a purpose opens", "contact-us", func(r *ropa.Revision) {
		for i := range r.Purposes {
			if r.Purposes[i].Code == "communicate" {
				r.Purposes[i].Elements = drop(r.Purposes[i].Elements, "mobile_phone")
			}
		}
	}, func(o *obeying, changed bool) {
		ref := o.received()
		text := o.expects(200, "officer-rayong", "GET", "/cases/"+ref+"?purpose=communicate", "")
		if strings.Contains(text, "1234 5678") == changed {
			o.t.Errorf("the API: %.600s", text)
		}
		p := o.page("officer-rayong", "/th/office/cases/"+ref, 200)
		p = o.want(200)(p.Form("purpose").Set("purpose", "communicate").Submit())
		o.shows(p, !changed, "1234 5678")
		o.shows(p, true, "มานี")
	}},
	{"who may read", "contact-us", func(r *ropa.Revision) { r.Access = notHead(r.Access) }, func(o *obeying, changed bool) {
		ref := o.received()
		status := 200
		if changed {
			status = 403
		}
		o.expects(status, "officer-rayong", "GET", "/cases/"+ref+"?purpose=communicate", "")
		o.expects(200, "officer-rayong", "GET", "/cases/"+ref, "")
		o.offers(o.page("officer-rayong", "/th/office/cases/"+ref, 200), !changed, "purpose")
	}},
	{"what is collected", "contact-us", func(r *ropa.Revision) {
		r.Elements = slices.DeleteFunc(r.Elements, func(e ropa.Element) bool { return e.Code == "family_name" })
		for i := range r.Purposes {
			r.Purposes[i].Elements = drop(r.Purposes[i].Elements, "family_name")
		}
		for i := range r.Recipients.Domestic {
			r.Recipients.Domestic[i].Elements = drop(r.Recipients.Domestic[i].Elements, "family_name")
		}
		for i := range r.Flow.Steps {
			for _, cell := range []*ropa.Cell{&r.Flow.Steps[i].Collect, &r.Flow.Steps[i].Use, &r.Flow.Steps[i].Disclose, &r.Flow.Steps[i].Store} {
				cell.Elements = drop(cell.Elements, "family_name")
			}
		}
		for i := range r.Inventory.Systems {
			for j := range r.Inventory.Systems[i].Exchanges {
				r.Inventory.Systems[i].Exchanges[j].Elements = drop(r.Inventory.Systems[i].Exchanges[j].Elements, "family_name")
			}
		}
	}, func(o *obeying, changed bool) {
		status := 201
		if changed {
			status = 422
		}
		o.expects(status, "officer-rayong", "POST", "/cases", `{"site":"rayong.industry.localhost","topic":"problem","message":"ทดสอบ","given_name":"มานี","family_name":"ใจดี","phone":"0812345678","channel":"counter"}`)
		p := o.want(200)(fill(o.get(rayong, "/th/contact", 200), map[string]string{"topic": "problem"}).Submit())
		p = o.want(200)(fill(p, map[string]string{"message": "ทดสอบ"}).Submit())
		o.offers(p, !changed, "family_name")
		o.offers(p, true, "given_name")
		o.shows(o.get(rayong, "/th/privacy", 200), !changed, "นามสกุล")
	}},
	{"to whom it goes", "contact-us", func(r *ropa.Revision) { r.Recipients.Domestic = nil }, func(o *obeying, changed bool) {
		ref := o.received()
		o.expects(200, "officer-rayong", "POST", "/cases/"+ref+"/triage", `{"relevant":false,"reason":"เป็นเรื่องของกรมโรงงานอุตสาหกรรม"}`)
		p := o.page("head-rayong", "/th/office/cases/"+ref+"/refer", 200)
		o.shows(p, !changed, `name="fields"`)
		body := `{"agency":"diw","reason":"เป็นหน้าที่ของกรม","fields":["message"],"checks":["agency","content"]}`
		if changed {
			o.expects(403, "", "POST", "/cases/"+ref+"/refer", body)
		} else if status, text := o.ask("", "POST", "/cases/"+ref+"/refer", body); status != 200 && status != 201 {
			o.t.Errorf("the API: %d %.300s", status, text)
		}
	}},
	{"who classifies", "contact-us", func(r *ropa.Revision) { r.Duties.Classify = notHead(r.Duties.Classify) }, func(o *obeying, changed bool) {
		id := o.field(o.expects(201, "registrar-ops", "POST", "/letters", `{"kind":"external","to":"diw","subject":"ขอส่งเรื่อง","content":{"paragraphs":["ด้วยได้รับเรื่อง"]}}`), "id")
		p := o.page("head-ops", "/th/office/letters/"+id, 200)
		o.offers(p, !changed, "secrecy")
		status := 200
		if changed {
			status = 403
		}
		o.expects(status, "head-ops", "POST", "/letters/"+id+"/classify", `{"secrecy":"confidential"}`)
	}},
	{"how long it is kept", "contact-us", func(r *ropa.Revision) { r.Retention[0].Period = "P12Y" }, func(o *obeying, changed bool) {
		years := 10
		if changed {
			years = 12
		}
		ref := o.closed()
		for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			var c struct {
				ClosedAt  time.Time `json:"closed_at"`
				DestroyAt time.Time `json:"destroy_at"`
			}
			if err := json.Unmarshal([]byte(o.expects(200, "officer-rayong", "GET", "/cases/"+ref, "")), &c); err != nil {
				o.t.Fatal(err)
			}
			if want := c.ClosedAt.AddDate(years, 0, 0); c.DestroyAt.Sub(want).Abs() < 48*time.Hour {
				break
			} else if time.Now().After(end) {
				o.t.Errorf("closed on %s it is kept until %s", c.ClosedAt, c.DestroyAt)
				break
			}
		}
		o.shows(o.get(rayong, "/th/privacy", 200), changed, "12 ปี")
	}},
	{"whether it is public", "contact-us", func(r *ropa.Revision) {
		r.Class = ropa.Class{Restricted: ropa.NoWay, Internal: ropa.NoWay, Public: ropa.Yes}
	}, func(o *obeying, changed bool) {
		o.received()
		row := o.truthOf("contact-us", "class.public")
		want := "enforced"
		if changed {
			want = "unknown judged" // the program publishes nothing from which it could be seen
		}
		// None of what is collected is classed public: a record that says it is contradicts itself.
		if got := strings.TrimSpace(row.Status + " " + row.Reason); got != want || row.Drifting != changed || changed && !i18n.Has("truth.reason-"+row.Reason) {
			o.t.Errorf("%s, drifting %t, not %s", got, row.Drifting, want)
		}
	}},
	{"how often it is reviewed", "contact-us", func(r *ropa.Revision) { r.Review.Cycle = "P6M" }, func(o *obeying, changed bool) {
		var list struct {
			Items []struct {
				Activity  string
				From, Due time.Time
			}
		}
		if err := json.Unmarshal([]byte(o.expects(200, "dpo", "GET", "/record-review-tasks", "")), &list); err != nil {
			o.t.Fatal(err)
		}
		months := 12
		if changed {
			months = 6
		}
		seen := false
		for _, x := range list.Items {
			seen = seen || x.Activity == "contact-us"
			if x.Activity == "contact-us" && x.Due.Sub(x.From.AddDate(0, months, 0)).Abs() > 48*time.Hour {
				o.t.Errorf("from %s the review is due on %s", x.From, x.Due)
			}
		}
		if !seen {
			o.t.Error("the review of the record is no task")
		}
		o.offers(o.page("dpo", "/th/office/record-reviews", 200), true, "note")
	}},
}

type truthRow struct {
	Field, Status, Reason string
	Drifting              bool
}

// truthOf is what the program says of a row of a record.
func (o *obeying) truthOf(activity, field string) truthRow {
	o.t.Helper()
	var report struct {
		Activities []struct {
			Activity string
			Rows     []truthRow
		}
	}
	if err := json.Unmarshal([]byte(o.expects(200, "dpo", "GET", "/truth", "")), &report); err != nil {
		o.t.Fatal(err)
	}
	for _, a := range report.Activities {
		for _, r := range a.Rows {
			if a.Activity == activity && r.Field == field {
				return r
			}
		}
	}
	o.t.Fatalf("nothing is said of row %s of %s", field, activity)
	return truthRow{}
}

// closed is a case of Rayong that was closed.
func (o *obeying) closed() string {
	o.t.Helper()
	var list struct{ Items []struct{ Reference string } }
	if err := json.Unmarshal([]byte(o.expects(200, "officer-rayong", "GET", "/cases?state=closed&limit=1", "")), &list); err != nil || len(list.Items) == 0 {
		o.t.Fatalf("no case of Rayong is closed: %v", err)
	}
	return list.Items[0].Reference
}

func TestTheProgramFollowsItsRecord(t *testing.T) {
	c := settings(t, "")
	c.Record = ""
	r := start(t, c, app.Options{Mode: app.Upgrade, Demo: &app.DemoOptions{Now: time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)}})
	made, err := r.Scenario(context.Background(), func(int, int) {})
	if err != nil {
		t.Fatal(err)
	}
	o := &obeying{running: r, made: made, tabs: map[string]*webtest.Client{}}
	for _, x := range changesOfTheRecord {
		t.Run(x.row, func(t *testing.T) {
			o.t = t
			x.see(o, false)
			before := o.enact(x.activity, x.change)
			x.see(o, true)
			o.enact(x.activity, func(r *ropa.Revision) {
				back, err := ropa.Parse([]byte(before))
				if err != nil {
					t.Fatal(err)
				}
				back.Number, back.PrevSHA256 = r.Number, r.PrevSHA256
				*r = *back
			})
		})
	}
}

// Nobody's data is collected under a notice that is no longer the current one: who had
// the form open is shown the new notice, and what was typed stays.
func TestAFormThatWasOpenIsNotSentUnderAnOldNotice(t *testing.T) {
	c := settings(t, "")
	c.Record = ""
	r := start(t, c, demo())
	f := r.toSend(map[string]string{"given_name": "มานี", "phone": "0812345678"})
	ctx := context.Background()
	text, err := r.Register.Body(ctx, "contact-us", 2)
	if err != nil {
		t.Fatal(err)
	}
	rev, err := ropa.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	rev.Number, rev.PrevSHA256 = 3, r.Register.Snapshot("contact-us").SHA256
	rev.Purposes[0].Text.TH = "เพื่อยืนยันตัวตนของผู้ติดต่อ"
	body, err := ropa.Marshal(rev)
	if err != nil {
		t.Fatal(err)
	}
	holders := []policy.Actor{{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}, {Account: "head-ops", Agency: "ops", Roles: []string{"head"}, IsHead: true}}
	if _, err := r.Register.Apply(ctx, body, "dpo", holders); err != nil {
		t.Fatal(err)
	}
	p := r.want(422)(f.Submit())
	if p.ByID("reference") != nil || !strings.Contains(p.Body, "คำประกาศเกี่ยวกับความเป็นส่วนตัวมีการปรับปรุง") {
		t.Fatalf("it was taken in under the old notice: %.3000s", p.Body)
	}
	sent := p.Form("given_name")
	if sent.Values.Get("given_name") != "มานี" {
		t.Error("what was typed is gone")
	}
	p = r.want(200)(sent.Submit())
	if !strings.Contains(p.Body, "มีกลิ่นเหม็นจากโรงงานทุกคืน") {
		t.Error("the message is gone")
	}
	if p = r.want(200)(p.Form("state").Submit()); p.ByID("reference") == nil {
		t.Errorf("under the new notice it is not taken in: %.3000s", p.Body)
	}
}
