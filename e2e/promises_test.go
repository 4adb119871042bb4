package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// deed does one act on the page of a matter: it opens its form, fills it in by field and
// value, and sends it. A value of a radio button is chosen.
func (b *tab) deed(name string, fields ...string) {
	b.t.Helper()
	form := "#do-" + name
	b.do(chromedp.WaitReady(chromedp.CSS(form)))
	eval[bool](b, fmt.Sprintf("(document.querySelector(%q).open = true)", form))
	for i := 0; i < len(fields); i += 2 {
		radio := fmt.Sprintf(`%s input[type=radio][name=%q][value=%q]`, form, fields[i], fields[i+1])
		if b.has(radio) {
			eval[bool](b, fmt.Sprintf("(document.querySelector(%q).checked = true)", radio))
			continue
		}
		b.fill(fmt.Sprintf(`%s [name=%q]`, form, fields[i]), fields[i+1])
	}
	b.press(form + " .actions button")
}

// signed takes a letter to its number by the head of Rayong, and sends it on paper.
func (d *demo) signed(t *testing.T, letter string, send bool) {
	t.Helper()
	for _, act := range []string{"check", "approve", "number"} {
		d.api(t, "admin", "POST", "/letters/"+letter+"/"+act, `{}`, http.StatusOK, nil)
	}
	if send {
		d.api(t, "admin", "POST", "/letters/"+letter+"/dispatch", `{"channel":"paper","note":"ไปรษณีย์"}`, http.StatusOK, nil)
	}
}

// A citizen asks for his data, has what is too much of it erased, and is refused the rest
// with its ground, by a letter.
func TestACitizenUsesHisRights(t *testing.T) {
	citizen := open(t, phone)
	reference, code := citizen.submit("th", "rights@example.com")
	ask := func(right string) (number, secret string) {
		citizen.visit(running.url("rayong", "/th/rights"))
		eval[bool](citizen, fmt.Sprintf("(document.querySelector('input[name=right][value=%s]').checked = true)", right))
		citizen.enter("reference", reference)
		citizen.enter("code", code)
		citizen.press("#ask .actions button")
		return citizen.text("#reference"), citizen.text("#tracking-code")
	}
	see := func(number, secret string) {
		citizen.visit(running.url("rayong", "/th/rights/status"))
		citizen.enter("reference", number)
		citizen.enter("code", secret)
		citizen.press("main form .actions button")
	}
	dpo := open(t, desktop)
	dpo.signIn("dpo")

	number, secret := ask("access")
	dpo.visit(running.url("office", "/th/office/rights/"+number))
	dpo.wantText("main", "เหลือ 30 วัน")
	if !dpo.has("#manifest") {
		t.Error("the manifest is not shown")
	}
	dpo.deed("decide", "outcome", "granted", "reasons", "ได้ตามมาตรา 30")
	see(number, secret)
	if !citizen.has(`form[action$="/copy"]`) {
		t.Error("the copy is not offered")
	}

	number, secret = ask("erasure")
	dpo.visit(running.url("office", "/th/office/rights/"+number))
	dpo.wantText("main", "เหลือ 90 วัน")
	dpo.deed("decide", "outcome", "partly", "ground", "33", "reasons", "ส่วนที่เหลือจำเป็นต่อภารกิจเพื่อประโยชน์สาธารณะ")
	dpo.deed("execute")
	dpo.deed("draft")
	var r struct {
		Letter string `json:"letter"`
	}
	running.api(t, "dpo", "GET", "/rights-requests/"+number, "", http.StatusOK, &r)
	running.signed(t, r.Letter, true)
	see(number, secret)
	citizen.wantText("main", "มาตรา 33")
	citizen.wantText("main", "หนังสือที่ รย 0033/")
	if !citizen.has(`form[action$="/letter"]`) {
		t.Error("the letter cannot be read")
	}
	dpo.visit(running.url("office", "/th/office/rights/refusals"))
	dpo.wantText("main", number)
}

// The drill of a breach: clock, assessment, letter, end; nobody outside is told.
func TestADrillOfABreach(t *testing.T) {
	var b struct {
		ID    string `json:"id"`
		State string `json:"state"`
	}
	at := running.now(t)
	body := fmt.Sprintf(`{"agency":"rayong","activity":"contact-us","kinds":["confidentiality"],"channel":"office","description":"ซ้อม: ส่งอีเมลผิดคน","occurred_from":%q,"occurred_to":%q,"drill":true}`, at.AddDate(-1, 0, 0).Format(time.RFC3339), at.Format(time.RFC3339))
	running.api(t, "dpo", "POST", "/breaches", body, http.StatusCreated, &b)
	before := len(running.sink(t))
	dpo := open(t, desktop)
	dpo.signIn("dpo")
	dpo.visit(running.url("office", "/th/office/breaches/"+b.ID))
	dpo.deed("aware")
	dpo.wantText("main", "เหลือ 7")
	dpo.wantText("main", "เป็นการซ้อม")
	fields := []string{"risk", "high", "reasons", "ส่งผิดหนึ่งฉบับ", "effects", "อาจถูกรบกวน", "measures", "อบรม"}
	for _, f := range []string{"type", "data", "subjects", "severity", "measures", "breadth", "storage", "controller"} {
		fields = append(fields, "factor-"+f, "พิจารณาแล้ว")
	}
	dpo.deed("assess", fields...)
	dpo.deed("draft")
	dpo.wantText("main", "(การซ้อม) แจ้งเหตุการละเมิดข้อมูลส่วนบุคคล")
	link := eval[string](dpo, `document.querySelector('main a[href*="/office/letters/"]').href`)
	letter := link[strings.LastIndex(link, "/")+1:]
	for _, act := range []string{"check", "approve"} {
		running.api(t, "admin", "POST", "/letters/"+letter+"/"+act, `{}`, http.StatusOK, nil)
	}
	running.api(t, "admin", "POST", "/letters/"+letter+"/number", `{}`, http.StatusConflict, nil)
	dpo.visit(running.url("office", "/th/office/breaches/"+b.ID))
	dpo.deed("notify")
	dpo.deed("notify-subjects", "text", "เรียนท่านเจ้าของข้อมูล")
	dpo.wantText("main", "การซ้อม: จะแจ้ง")
	dpo.deed("close", "lessons", "ตรวจที่อยู่ก่อนส่ง")
	for _, m := range running.sink(t)[before:] {
		if !strings.Contains(m.To, "industry.localhost") {
			t.Errorf("a drill has mailed %v", m.To)
		}
	}
	running.api(t, "dpo", "GET", "/breaches/"+b.ID, "", http.StatusOK, &b)
	if b.State != "closed" {
		t.Errorf("the drill is %s", b.State)
	}
}

// Last year's round of Rayong waits for its order: the National Archives have not answered
// within their sixty days. The head gives it, and it ends in a certificate.
func TestLastYearsRoundGoesToItsCertificate(t *testing.T) {
	head := open(t, desktop)
	head.signIn("head-rayong")
	head.visit(running.url("office", "/th/office/retention"))
	head.press(`main a[href*="/office/retention/rounds/"]`)
	round := eval[string](head, "location.href")
	head.wantText("main", "ถือว่าหอจดหมายเหตุฯ เห็นชอบ")
	head.deed("order", "number", "รย 0033/คำสั่ง 1")
	for range 100 {
		head.visit(round)
		if head.has(`main a[href$="certificate.json"]`) {
			head.wantText("main", "ใบรับรองการทำลาย")
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
	t.Error("the round has not come to its certificate")
}
