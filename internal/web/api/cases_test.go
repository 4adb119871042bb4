package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
	"prasan/internal/policy"
	"prasan/internal/ropa"
)

const message = `{"site":"rayong.industry.test","topic":"problem","message":"มีกลิ่นเหม็น","given_name":"มานี","family_name":"สมมติวงศ์","phone":"08 1234 5678","email":"manee@example.com","channel":"phone"}`

// delegate gives the officer the order by which the record admits him.
func (o *office) delegate() {
	o.t.Helper()
	from := o.e.Clock.Now().Add(-time.Hour)
	body := fmt.Sprintf(`{"number":"12/2569","agency":"rayong","account":"officer","activity":"contact-us","matter":"เรื่องจากเว็บไซต์","signed_by":"head","from":%q,"to":%q}`, from.Format(time.RFC3339), from.AddDate(1, 0, 0).Format(time.RFC3339))
	if r := o.send("dpo", "POST", "/delegations", body); r.status != http.StatusCreated {
		o.t.Fatalf("%d %s", r.status, r.body)
	}
}

// receive takes a message down and returns its path.
func (o *office) receive(header ...string) (path string, r reply) {
	o.t.Helper()
	r = o.send("officer", "POST", "/cases", message, header...)
	if r.status != http.StatusCreated {
		o.t.Fatalf("%d %s", r.status, r.body)
	}
	return "/cases/" + r.field("reference"), r
}

func (o *office) want(status int, who, method, path, body string) reply {
	o.t.Helper()
	r := o.send(who, method, path, body)
	if r.status != status {
		o.t.Errorf("%s %s by %s: %d, want %d: %s", method, path, who, r.status, status, r.body)
	}
	return r
}

func (r reply) sender() map[string]any {
	var x struct {
		Sender map[string]any `json:"sender"`
	}
	_ = json.Unmarshal([]byte(r.body), &x)
	return x.Sender
}

func TestACaseFromItsReceiptToItsEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		o.delegate()
		path, r := o.receive()
		o.wantShape("CaseReceipt", r)
		if r.field("tracking_code") == "" || r.header.Get("Location") != "/api/v1"+path {
			t.Errorf("%s %s", r.body, r.header.Get("Location"))
		}
		if _, err := o.cases.Find(ctx, r.field("reference"), r.field("tracking_code"), "192.0.2.1"); err != nil {
			t.Errorf("the code does not open the case: %v", err)
		}
		for _, row := range []struct{ action, body, state string }{
			{"consider", ``, "considering"},
			{"endorse", `{"kind":"propose","text":"เห็นควรรับ"}`, "considering"},
			{"triage", `{"relevant":false,"reason":"เป็นของกรมโรงงาน"}`, "considering"},
			{"resume", ``, "considering"},
			{"triage", `{"relevant":true,"reason":"อยู่ในอำนาจหน้าที่"}`, "in_progress"},
			{"assign", `{"account":"officer"}`, "in_progress"},
			{"note", `{"text":"โทรแล้วไม่รับสาย"}`, "in_progress"},
			{"inform", `{"text":"กำลังตรวจสอบ"}`, "in_progress"},
			{"ask", `{"text":"โรงงานใด"}`, "awaiting_sender"},
			{"answer", `{"via":"phone","text":"ตรวจสอบแล้ว"}`, "answered"},
			{"answer", `{"via":"email","text":"ตรวจสอบแล้ว"}`, "answered"},
			{"close", `{"result":"done"}`, "closed"},
		} {
			r := o.want(200, "officer", "POST", path+"/"+row.action, row.body)
			o.wantShape("Case", r)
			if r.field("state") != row.state || fmt.Sprint(r.sender()["masked"]) != "true" {
				t.Errorf("%s: %s", row.action, r.body)
			}
		}
		o.wantShape("CaseDetail", o.want(200, "officer", "GET", path, ""))
		events := o.want(200, "officer", "GET", path+"/events", "")
		o.wantShape("PageCaseEvent", events)
		if !strings.Contains(events.body, "โทรแล้วไม่รับสาย") || strings.Index(events.body, `"receive"`) > strings.Index(events.body, `"close"`) {
			t.Errorf("%s", events.body)
		}
		o.wantShape("PageMail", o.want(200, "officer", "GET", path+"/mail", ""))
		o.wantShape("PageReading", o.want(200, "officer", "GET", path+"/readings", ""))
		o.wantShape("NewCode", o.want(200, "officer", "POST", path+"/reissue", ""))
		o.wantShape("CaseCounts", o.want(200, "officer", "GET", "/case-counts", ""))
		o.wantShape("Me", o.want(200, "officer", "GET", "/me", ""))
	})
}

func TestTheSenderIsMaskedUnlessAPurposeIsDeclared(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		path, _ := o.receive()
		// Without an order the record does not name the officer.
		r := o.want(200, "officer", "GET", path, "")
		if r.field("masked") != "true" || r.field("message") != "" || r.sender()["masked"] != true {
			t.Errorf("%s", r.body)
		}
		refused := o.want(403, "officer", "GET", path+"?purpose=communicate", "")
		if refused.field("code") != "purpose-not-declared" || refused.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s", refused.body)
		}
		o.delegate()
		r = o.want(200, "officer", "GET", path, "")
		if r.field("masked") != "false" || r.field("message") != "มีกลิ่นเหม็น" || len(r.sender()) != 1 || r.sender()["masked"] != true || strings.Contains(r.body, "มานี") {
			t.Errorf("%s", r.body)
		}
		r = o.want(200, "officer", "GET", path+"?purpose=communicate", "")
		o.wantShape("CaseDetail", r)
		if s := r.sender(); s["given_name"] != "มานี" || s["family_name"] != "สมมติวงศ์" || s["phone"] != "08 1234 5678" || s["email"] != "manee@example.com" || s["masked"] != nil {
			t.Errorf("%s", r.body)
		}
		for _, purpose := range []string{"marketing", "", "keep-traffic-log"} {
			if r := o.want(403, "officer", "GET", path+"?purpose="+purpose, ""); r.field("code") != "purpose-not-declared" {
				t.Errorf("%s", r.body)
			}
		}
		readings := o.want(200, "officer", "GET", path+"/readings", "")
		if strings.Count(readings.body, `"communicate"`) != 1 || !strings.Contains(readings.body, `"order:12/2569"`) {
			t.Errorf("the reading is not logged: %s", readings.body)
		}
		if r := o.want(404, "other", "GET", path+"?purpose=communicate", ""); r.field("code") != "case-not-found" {
			t.Errorf("another agency learns of the case: %s", r.body)
		}
		if r := o.want(403, "auditor", "GET", path+"?purpose=communicate", ""); r.field("code") != "purpose-not-declared" {
			t.Errorf("%s", r.body)
		}
	})
}

func TestWhatIsNotDeclaredIsAConflictAndWhatIsWrongIsSaid(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		o.delegate()
		path, _ := o.receive()
		for _, row := range []struct {
			who, action, body string
			status            int
			code              string
		}{
			{"officer", "close", `{"result":"done"}`, 409, "transition"},
			{"officer", "release", ``, 409, "transition"},
			{"officer", "resume", ``, 409, "transition"},
			{"officer", "answer", `{"via":"phone","text":"ผล"}`, 409, "transition"},
			{"officer", "triage", `{"relevant":true}`, 422, "invalid"},
			{"officer", "close", `{"result":"bored"}`, 422, "invalid"},
			{"officer", "answer", `{"via":"fax","text":"ผล"}`, 422, "invalid"},
			{"officer", "assign", `{"account":"other"}`, 422, "invalid"},
			{"officer", "pass", `{"agency":"diw","reason":"เป็นของกรม"}`, 422, "invalid"},
			{"officer", "note", `{"words":"x"}`, 422, "invalid"},
			{"officer", "shield", `{}`, 403, "forbidden"},
			{"auditor", "note", `{"text":"x"}`, 403, "forbidden"},
			{"other", "note", `{"text":"x"}`, 404, "case-not-found"},
			{"officer", "nothing", `{}`, 404, "not-found"},
		} {
			if r := o.want(row.status, row.who, "POST", path+"/"+row.action, row.body); r.field("code") != row.code {
				t.Errorf("%s: %s", row.action, r.body)
			}
		}
		o.want(404, "officer", "GET", "/cases/nonsense", "")
		for name, body := range map[string]string{
			"site":       strings.Replace(message, "rayong.industry.test", "nowhere.test", 1),
			"topic":      strings.Replace(message, "problem", "rant", 1),
			"phone":      strings.Replace(message, "08 1234 5678", "123", 1),
			"given_name": strings.Replace(message, "มานี", "", 1),
			"channel":    strings.Replace(message, `"phone"}`, `"pigeon"}`, 1),
		} {
			if r := o.want(422, "officer", "POST", "/cases", body); !strings.Contains(r.body, `"field":"`+name+`"`) {
				t.Errorf("%s: %s", name, r.body)
			}
		}
		if r := o.want(403, "other", "POST", "/cases", message); r.field("code") != "forbidden" {
			t.Errorf("%s", r.body)
		}
	})
}

func TestTheSameKeyReceivesOneCase(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		_, first := o.receive("Idempotency-Key", "k")
		_, again := o.receive("Idempotency-Key", "k")
		if first.body != again.body || again.header.Get("Location") != first.header.Get("Location") {
			t.Errorf("%s\n%s", first.body, again.body)
		}
		o.receive()
		if r := o.want(200, "officer", "GET", "/cases", ""); strings.Count(r.body, `"reference"`) != 2 {
			t.Errorf("%s", r.body)
		}
	})
}

func TestCasesAreListedByWhatIsAskedForAndPageByPage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		path, _ := o.receive()
		for range 6 {
			o.receive()
		}
		o.want(200, "officer", "POST", path+"/triage", `{"relevant":true,"reason":"รับ"}`)
		for query, want := range map[string]int{
			"": 7, "state=in_progress": 1, "state=received": 6, "state=closed": 0, "topic=problem": 7, "topic=question": 0, "channel=phone": 7, "channel=web": 0, "site=rayong.industry.test": 7, "site=trat.industry.test": 0,
			"view=mine": 0, "view=open": 7, "q=" + strings.TrimPrefix(path, "/cases/"): 1, "q=manee@example.com": 7, "q=nobody@example.com": 0, "overdue=true": 0, "agency=trat": 0,
		} {
			r := o.want(200, "officer", "GET", "/cases?"+query, "")
			o.wantShape("PageCaseLine", r)
			if n := strings.Count(r.body, `"reference"`); n != want {
				t.Errorf("%s: %d, want %d", query, n, want)
			}
			if strings.Contains(r.body, "มานี") || strings.Contains(r.body, "กลิ่น") {
				t.Errorf("%s: the list opens what is sealed: %s", query, r.body)
			}
		}
		if r := o.want(200, "other", "GET", "/cases", ""); strings.Contains(r.body, "reference") {
			t.Errorf("another agency: %s", r.body)
		}
		o.want(422, "officer", "GET", "/cases?state=lost", "")
		o.want(422, "officer", "GET", "/cases?view=lost", "")
		o.want(422, "officer", "GET", "/cases?cursor=lost", "")
		seen, cursor := map[string]bool{}, ""
		for range 5 {
			var page struct {
				Items []struct{ Reference string }
				Next  string
			}
			must(t, json.Unmarshal([]byte(o.want(200, "officer", "GET", "/cases?limit=3&cursor="+cursor, "").body), &page))
			for _, x := range page.Items {
				if seen[x.Reference] {
					t.Errorf("%s comes twice", x.Reference)
				}
				seen[x.Reference] = true
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if len(seen) != 7 {
			t.Errorf("%d of 7", len(seen))
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestFilesAreListedWithLinksAndQuarantineIsSifted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		o.delegate()
		f, err := o.files.Stage(ctx, "ภาพ.txt", bytes.NewReader([]byte("หลักฐาน")))
		must(t, err)
		notice, err := o.cases.Notice("rayong")
		must(t, err)
		r, err := o.cases.Submit(ctx, cases.Submission{Site: "rayong.industry.test", Topic: "question", Channel: "web", Lang: "th", Message: "ถาม", NoticeID: notice, Nonce: make([]byte, 16), FormAge: time.Minute, Decoy: true,
			Sender: map[string]string{"given_name": "มานี", "email": "manee@example.com"}, Attachments: []cases.Staged{cases.Staged(f)}})
		must(t, err)
		path := "/cases/" + r.Reference
		list := o.want(200, "officer", "GET", path+"/attachments", "")
		o.wantShape("PageAttachment", list)
		if !strings.Contains(list.body, "ภาพ.txt") || !strings.Contains(list.body, "https://files.test/officer/"+r.Reference+"/"+f.ID) {
			t.Errorf("%s", list.body)
		}
		o.want(403, "auditor", "GET", path+"/attachments", "")
		if q := o.want(200, "officer", "GET", "/cases?state=quarantined", ""); !strings.Contains(q.body, `"quarantine_why":"decoy"`) {
			t.Errorf("%s", q.body)
		}
		if x := o.want(200, "officer", "POST", path+"/release", ""); x.field("state") != "received" {
			t.Errorf("%s", x.body)
		}
		o.want(409, "officer", "POST", path+"/discard", "")
		var mails struct {
			Items []struct{ ID, Kind, State string }
		}
		must(t, json.Unmarshal([]byte(o.want(200, "officer", "GET", path+"/mail", "").body), &mails))
		if len(mails.Items) != 1 || mails.Items[0].Kind != "ack" || mails.Items[0].State != "queued" {
			t.Fatalf("%+v", mails)
		}
		// Only what failed is sent again.
		o.want(409, "officer", "POST", path+"/mail/"+mails.Items[0].ID+"/retry", "")
		o.want(404, "other", "POST", path+"/mail/"+mails.Items[0].ID+"/retry", "")
		o.want(403, "auditor", "POST", path+"/mail/"+mails.Items[0].ID+"/retry", "")
	})
}

func TestTheChainOfAnAgency(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		o.wantShape("Chain", o.want(200, "officer", "GET", "/agencies/rayong/chain", ""))
		o.want(403, "officer", "PUT", "/agencies/rayong/chain", `{"steps":["propose"]}`)
		o.want(422, "ict", "PUT", "/agencies/rayong/chain", `{"steps":["stamp"]}`)
		o.want(200, "ict", "PUT", "/agencies/rayong/chain", `{"steps":["propose"]}`)
		path, _ := o.receive()
		if r := o.want(409, "officer", "POST", path+"/triage", `{"relevant":true,"reason":"รับ"}`); r.field("code") != "chain" {
			t.Errorf("%s", r.body)
		}
		o.want(200, "officer", "POST", path+"/endorse", `{"kind":"propose","text":"เห็นควร"}`)
		o.want(200, "officer", "POST", path+"/triage", `{"relevant":true,"reason":"รับ"}`)
	})
}

func TestTheRegisterIsReadAsItIsObeyed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		o.wantShape("PageActivity", o.want(200, "officer", "GET", "/activities", ""))
		a := o.want(200, "officer", "GET", "/activities/contact-us", "")
		o.wantShape("Activity", a)
		if a.field("revision") != "2" || a.field("retention") != "P10Y" || !strings.Contains(a.body, `"field":"phone"`) {
			t.Errorf("%s", a.body)
		}
		o.wantShape("PageRevision", o.want(200, "officer", "GET", "/activities/contact-us/revisions", ""))
		yaml := o.send("officer", "GET", "/activities/contact-us/revisions/2", "", "Accept", "application/yaml")
		if yaml.header.Get("Content-Type") != "application/yaml" || yaml.body != string(ropa.SeedText("contact-us", 2)) {
			t.Errorf("%s %.300s", yaml.header.Get("Content-Type"), yaml.body)
		}
		asJSON := o.want(200, "officer", "GET", "/activities/contact-us/revisions/1", "")
		if asJSON.header.Get("Content-Type") != "application/json" || asJSON.field("code") != "contact-us" || asJSON.field("revision") != "1" {
			t.Errorf("%.300s", asJSON.body)
		}
		for _, path := range []string{"/activities/none", "/activities/none/revisions", "/activities/contact-us/revisions/9", "/activities/contact-us/revisions/x", "/notices/none"} {
			o.want(404, "officer", "GET", path, "")
		}
		n := o.want(200, "officer", "GET", "/notices", "")
		o.wantShape("Notice", n)
		if old := o.want(200, "officer", "GET", "/notices/"+n.field("id"), ""); old.field("text") != n.field("text") {
			t.Errorf("%s", old.body)
		}
		o.want(422, "officer", "GET", "/notices?agency=none", "")
	})
}

func TestWhatIsTakenOutOfTheRecordIsNoLongerTaken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		o.delegate()
		path, _ := o.receive()
		before := o.want(200, "officer", "GET", path, "")
		rev := ropa.Seed(cases.Activity, 2)
		rev.Elements = keep(rev.Elements, func(x ropa.Element) bool { return x.Code != "email" })
		body, err := ropa.Marshal(rev)
		must(t, err)
		text := strings.ReplaceAll(strings.ReplaceAll(string(body), ", email, message", ", message"), ", email]", "]")
		head := policy.Actor{Account: "head", Agency: "rayong", Roles: []string{"head"}, IsHead: true}
		dpo := policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}
		if _, err := o.register.Apply(ctx, []byte(text), "ict", []policy.Actor{head, dpo}); err != nil {
			t.Fatal(err)
		}
		if r := o.want(200, "officer", "GET", "/activities/contact-us", ""); strings.Contains(r.body, `"email"`) {
			t.Errorf("%s", r.body)
		}
		if r := o.want(422, "officer", "POST", "/cases", message); !strings.Contains(r.body, `"field":"email","code":"field-not-collected"`) {
			t.Errorf("%s", r.body)
		}
		o.want(201, "officer", "POST", "/cases", strings.Replace(message, `"email":"manee@example.com",`, "", 1))
		after := o.want(200, "officer", "GET", path+"?purpose=communicate", "")
		if after.field("revision") != before.field("revision") || after.field("notice") != before.field("notice") || after.sender()["email"] != nil || after.sender()["phone"] == nil {
			t.Errorf("%s", after.body)
		}
	})
}

func keep[T any](list []T, f func(T) bool) (out []T) {
	for _, x := range list {
		if f(x) {
			out = append(out, x)
		}
	}
	return out
}

func TestAScannedLetterIsTakenDownWithItsFile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		o.delegate()
		up := o.send("officer", "POST", "/uploads?name=%E0%B8%AB%E0%B8%99%E0%B8%B1%E0%B8%87%E0%B8%AA%E0%B8%B7%E0%B8%AD.txt", "เรียน ท่านอุตสาหกรรมจังหวัด", "Content-Type", "application/octet-stream")
		if up.status != 200 {
			t.Fatalf("%d %s", up.status, up.body)
		}
		o.wantShape("Uploaded", up)
		with := func(file string) string {
			return strings.Replace(strings.Replace(message, `"phone"}`, `"letter"}`, 1), `"channel"`, `"attachments":["`+file+`"],"channel"`, 1)
		}
		for _, file := range []string{"nonsense", "", up.field("file") + "AA"} {
			if r := o.want(422, "officer", "POST", "/cases", with(file)); !strings.Contains(r.body, `"field":"attachments"`) {
				t.Errorf("%s", r.body)
			}
		}
		o.want(422, "ict", "POST", "/cases", with(up.field("file"))) // somebody else's upload
		r := o.want(201, "officer", "POST", "/cases", with(up.field("file")))
		if list := o.want(200, "officer", "GET", "/cases/"+r.field("reference")+"/attachments", ""); !strings.Contains(list.body, "หนังสือ.txt") {
			t.Errorf("%s", list.body)
		}
		o.want(403, "auditor", "POST", "/uploads?name=x.txt", "x")
		big := o.send("officer", "POST", "/uploads?name=x.txt", strings.Repeat("x", 1<<20+1), "Content-Type", "application/octet-stream")
		if big.status != 413 {
			t.Errorf("%d %s", big.status, big.body)
		}
	})
}
