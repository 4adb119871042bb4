package e2e

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// choose takes a value of a list, as a person who opens it does.
func (b *tab) choose(name, value string) {
	b.t.Helper()
	css := `select[name="` + name + `"]`
	b.do(chromedp.WaitReady(chromedp.CSS(css)))
	if !eval[bool](b, fmt.Sprintf("(s => { s.value = %q; s.dispatchEvent(new Event('input', {bubbles: true})); return s.value === %q })(document.querySelector(%q))", value, value, css)) {
		b.t.Fatalf("%s has no %q", name, value)
	}
}

// part opens a part of the record in the editor.
func (b *tab) part(code, section string) {
	b.t.Helper()
	if got := b.visit(running.url("office", "/th/office/records/"+code+"/edit/part/"+section)); got != 200 {
		b.t.Fatalf("%s: %d", section, got)
	}
}

// abroad is how the public is told of the recipient.
const abroad = "Google LLC"

const keep = `.edit-bar button[value="save"]`

// leave says yes to the question whether what is not saved may go.
func (b *tab) leave() {
	b.t.Helper()
	eval[bool](b, `document.querySelectorAll("form[data-guard]").forEach(f => f.dispatchEvent(new Event("submit"))) || true`)
}

// inForce has the draft approved by two people, and put into force by the second.
func (b *tab) inForce(second *tab) {
	b.t.Helper()
	b.press(`form[action$="/submit"] button`)
	b.press(`form[action$="/approve"] button`)
	page := eval[string](b, "location.href")
	second.visit(strings.SplitN(page, "?", 2)[0])
	second.press(`form[action$="/approve"] button`)
	second.press(`form[action$="/enact"] button`)
	second.wantText("main", "มีผลใช้บังคับ")
}

// record is the register as the public may see it.
func record(b *tab) string {
	b.visit(running.url("ops", "/th/record"))
	return b.text("main")
}

// The journey of the DPO: the record of the analysis of usage says that nothing goes
// abroad. It is made to say that Google is a recipient abroad on the basis of consent, is
// approved by two people, and the program obeys it; and then it is taken back.
func TestTheDPOMakesGoogleARecipientAbroadAndTheProgramObeys(t *testing.T) {
	for _, v := range []view{desktop, desktop.withoutScript()} {
		t.Run(v.name, func(t *testing.T) {
			dpo, second, public := open(t, v), open(t, v), open(t, v)
			dpo.signIn("dpo")
			second.signIn("ict")
			if strings.Contains(record(public), abroad) {
				t.Fatal("the record names a recipient abroad before it is told to")
			}
			dpo.visit(running.url("office", "/th/office/records/usage-analytics"))
			dpo.press(`a[href$="/usage-analytics/edit"]`)
			dpo.part("usage-analytics", "data")
			dpo.fill(`[id="form.transfers"]`, "Google LLC (สหรัฐอเมริกา) เมื่อเจ้าของข้อมูลยินยอม")
			dpo.press(`button[value="add:recipients.transfers"]`)
			dpo.wantText("main", "ยังไม่ได้บันทึก")
			if got := eval[string](dpo, `document.activeElement.name`); got != "recipients.transfers.0.recipient" {
				t.Errorf("the focus is at %q and not at the new line", got)
			}
			dpo.choose("recipients.transfers.0.recipient", "google")
			dpo.choose("recipients.transfers.0.basis", "consent")
			dpo.enter("recipients.transfers.0.country", "USA")
			dpo.enter("recipients.transfers.0.safeguard", "ความยินยอมโดยแจ้งมาตรฐานการคุ้มครองของประเทศปลายทาง")
			for _, element := range []string{"page_path", "referrer", "campaign", "event", "browser", "screen_width", "language"} {
				dpo.do(chromedp.Click(chromedp.CSS(`[name="recipients.transfers.0.elements"][value="` + element + `"]`)))
			}
			if res := dpo.press(keep); res.Status != 422 || !dpo.has(`.errors a[href="#recipients.transfers.0.country"]`) {
				t.Fatalf("a wrong country is taken: %d", res.Status)
			}
			dpo.enter("recipients.transfers.0.country", "US")
			dpo.press(keep)
			dpo.wantText("main", "บันทึกส่วนนี้ในฉบับร่างแล้ว")
			dpo.part("usage-analytics", "basis")
			dpo.fill(`[id="collection.3.text.th"]`, "ส่งข้อมูลไปยัง Google Analytics เมื่อท่านยินยอม")
			dpo.press(keep)
			picture(dpo, "record-edit-"+v.name)
			dpo.press(`.edit-bar a:first-of-type`)
			dpo.wantText(".register-plan", "โอนข้อมูลไปต่างประเทศได้ 1 ราย: google")
			if text := dpo.text("main"); strings.Contains(text, "ผิด ") {
				t.Error("the corrected record is found to be wrong")
			}
			dpo.inForce(second)
			if !strings.Contains(record(public), abroad) {
				t.Error("the public is not told of the recipient abroad")
			}
			var activity struct{ Revision int }
			running.api(t, "dpo", "GET", "/activities/usage-analytics", "", 200, &activity)

			// Two write the same part: the second is told, and loses nothing.
			second.part("usage-analytics", "data")
			dpo.part("usage-analytics", "data")
			dpo.press(`button[value="remove:recipients.transfers.0"]`)
			dpo.fill(`[id="form.transfers"]`, "NO")
			dpo.press(keep)
			second.fill(`[id="form.sources"]`, "ผู้เข้าชมเว็บไซต์")
			if res := second.press(keep); res.Status != 409 {
				t.Errorf("the second save is taken over the first: %d", res.Status)
			}
			second.wantText("main", "สิ่งที่ท่านพิมพ์")
			if got := eval[string](second, `document.getElementById("form.sources").value`); got != "ผู้เข้าชมเว็บไซต์" {
				t.Errorf("what was typed is gone: %q", got)
			}
			second.leave()
			dpo.visit(running.url("office", fmt.Sprintf("/th/office/records/usage-analytics/%d", activity.Revision+1)))
			dpo.wantText(".register-plan", "google")
			dpo.inForce(second)
			if strings.Contains(record(public), abroad) {
				t.Error("the recipient abroad is still told of")
			}
		})
	}
}

// Lines of the flow and the inventory come, move and go by buttons alone.
func TestTheTablesOfTheRecordGrowAndShrink(t *testing.T) {
	for _, v := range []view{desktop, phone.withoutScript()} {
		t.Run(v.name, func(t *testing.T) {
			dpo := open(t, v)
			dpo.signIn("dpo")
			dpo.part("contact-us", "flow")
			dpo.press(`button[value="add:flow.steps"]`)
			dpo.fill(`[id="flow.steps.10.title"]`, "สำรวจความพึงพอใจ")
			dpo.choose("flow.steps.10.lane", "agency")
			dpo.press(`button[value="up:flow.steps.10"]`)
			if got := eval[string](dpo, `document.getElementById("flow.steps.9.title").value`); got != "สำรวจความพึงพอใจ" {
				t.Errorf("the step has not moved, or lost its words: %q", got)
			}
			picture(dpo, "record-flow-"+v.name)
			dpo.leave()
			dpo.part("contact-us", "inventory")
			dpo.press(`button[value="add:inventory.systems.0.exchange"]`)
			if !dpo.has(`[name="inventory.systems.0.exchange.2.data"]`) {
				t.Error("the system has no further line of exchange")
			}
			picture(dpo, "record-inventory-"+v.name)
			dpo.leave()
			dpo.visit(running.url("office", "/th/office/records/contact-us/2/observed?"+url.Values{"from": {"2025-01-01"}, "to": {"2026-12-31"}}.Encode()))
			dpo.wantText("main", "อยู่ในบันทึก")
			picture(dpo, "record-observed-"+v.name)
		})
	}
}

// picture keeps what is on the screen where PRASAN_PICTURES says, for a person to look at.
func picture(b *tab, name string) {
	dir := os.Getenv("PRASAN_PICTURES")
	if dir == "" {
		return
	}
	shot, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), shot, 0o600)
	}
	if err != nil {
		b.t.Log(err)
	}
}
