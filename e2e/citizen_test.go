package e2e

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

const proceed = "#send .actions button"

// message is what a citizen of these tests writes; plainly fictitious.
var message = map[string]string{
	"th": "มีกลิ่นเหม็นจากโรงงานใกล้บ้านทุกคืน ขอให้ตรวจสอบ",
	"en": "There is a strong smell from the factory near my house every night.",
}

// submit sends a message on the Rayong site and returns what the receipt shows.
func (b *tab) submit(lang, mail string) (reference, code string) {
	b.t.Helper()
	b.visit(running.url("rayong", "/"+lang+"/contact"))
	b.do(chromedp.Click(chromedp.CSS(`input[name="topic"][value="problem"]`)))
	b.press(proceed)
	b.enter("message", message[lang])
	b.press(proceed)
	b.enter("given_name", "สมหญิง")
	b.enter("family_name", "ตัวอย่าง")
	b.enter("phone", "๐๘ ๑๒๓๔ ๕๖๗๘")
	b.enter("email", mail)
	b.press(proceed)
	b.wantText("main", "08 1234 5678")
	b.wantText("main", message[lang])
	b.press(proceed)
	return b.text("#reference"), b.text("#tracking-code")
}

func (b *tab) track(lang, reference, code string) {
	b.t.Helper()
	b.visit(running.url("rayong", "/"+lang+"/track"))
	b.enter("reference", reference)
	b.enter("code", code)
	b.press("main form .actions button")
}

// The main job: a message is sent, answered by an officer, and the answer is read by
// its sender on the tracking page and in his mail; with scripts and without.
func TestAMessageIsAnswered(t *testing.T) {
	for name, row := range map[string]struct {
		lang string
		view view
	}{
		"th with scripts":    {"th", phone},
		"th without scripts": {"th", phone.withoutScript()},
		"en without scripts": {"en", desktop.withoutScript()},
	} {
		t.Run(name, func(t *testing.T) {
			mail := "somying." + strings.ReplaceAll(name, " ", "-") + "@example.com"
			citizen := open(t, row.view)
			reference, code := citizen.submit(row.lang, mail)
			if reference == "" || code == "" {
				t.Fatalf("receipt %q %q", reference, code)
			}
			officer := open(t, desktop)
			if row.view.noScript {
				officer = open(t, desktop.withoutScript())
			}
			officer.signIn("officer-rayong")
			answer := "สำนักงานตรวจสอบโรงงานแล้ว และสั่งให้แก้ไขภายใน 30 วัน"
			officer.answer(reference, answer)

			citizen.track(row.lang, reference, code)
			citizen.wantText("main", answer)
			mails := running.mails(t, mail)
			if len(mails) < 2 || !strings.Contains(mails[len(mails)-1], answer) {
				t.Errorf("%d mails to %s, the answer not the last of them: %.200q", len(mails), mail, mails)
			}
			for _, m := range mails {
				if strings.Contains(m, code) {
					t.Error("a mail carries the tracking code")
				}
			}
		})
	}
}

// Nothing but the keyboard: tab, space, letters, enter.
func TestAMessageIsSentByKeyboardAlone(t *testing.T) {
	b := open(t, desktop)
	b.visit(running.url("rayong", "/th/contact"))
	b.tabTo(`input[name="topic"]`)
	b.do(chromedp.KeyEvent(" "))
	b.enterOn(proceed)
	b.tabTo(`[name="message"]`)
	b.do(chromedp.KeyEvent("ขอคำแนะนำเรื่องการขอใบอนุญาต"))
	b.enterOn(proceed)
	for _, f := range [][2]string{{"given_name", "มานะ"}, {"phone", "0812345678"}} {
		b.tabTo(`[name="` + f[0] + `"]`)
		b.do(chromedp.KeyEvent(f[1]))
	}
	b.enterOn(proceed)
	b.enterOn(proceed)
	if b.text("#reference") == "" {
		t.Error("no receipt")
	}
}

// tabTo presses the tabulator until an element has the focus.
func (b *tab) tabTo(css string) {
	b.t.Helper()
	for range 60 {
		b.do(chromedp.KeyEvent(kb.Tab))
		if eval[bool](b, `document.activeElement.matches('`+strings.ReplaceAll(css, `'`, `\'`)+`')`) {
			return
		}
	}
	b.t.Fatalf("the tabulator does not reach %s", css)
}

// enterOn reaches a button and presses enter on it.
func (b *tab) enterOn(css string) {
	b.t.Helper()
	b.tabTo(css)
	if _, err := chromedp.RunResponse(b.ctx, chromedp.KeyEvent(kb.Enter)); err != nil {
		b.t.Fatalf("enter on %s: %v", css, err)
	}
}

func TestAnswersSurviveErrorsLanguageAndTheBackButton(t *testing.T) {
	b := open(t, phone)
	b.visit(running.url("rayong", "/th/contact"))
	if res := b.press(proceed); res.Status != 422 {
		t.Errorf("an empty page is answered %d", res.Status)
	}
	if !eval[bool](b, `document.activeElement.id === 'errors'`) {
		t.Error("the summary of errors has not the focus")
	}
	b.do(chromedp.Click(chromedp.CSS(`input[name="topic"][value="question"]`)))
	b.press(proceed)
	b.enter("message", "ข้อความที่ต้องไม่หาย")
	b.press(`.way button[lang="en"]`)
	if got := eval[string](b, `document.querySelector('[name=message]').value`); got != "ข้อความที่ต้องไม่หาย" {
		t.Errorf("in the other language: %q", got)
	}
	b.press(proceed)
	b.enter("phone", "12")
	if res := b.press(proceed); res.Status != 422 {
		t.Errorf("a wrong phone is answered %d", res.Status)
	}
	if got := eval[string](b, `document.querySelector('[name=phone]').value`); got != "12" {
		t.Errorf("what was typed is gone: %q", got)
	}
	b.do(chromedp.NavigateBack())
	if got := eval[string](b, `(document.querySelector('[name=message]')||{}).value || document.querySelector('[name=phone]').value`); got == "" {
		t.Error("the browser's back button loses what was typed")
	}
}

func TestTheReceiptCanBeSavedAsAPicture(t *testing.T) {
	b := open(t, phone)
	b.submit("th", "slip@example.com")
	href := eval[string](b, `document.querySelector('a[download]').href`)
	if !eval[bool](b, `new Promise(ok => { const i = new Image(); i.onload = () => ok(i.naturalWidth > 300 && i.naturalHeight > 300); i.onerror = () => ok(false); i.src = '`+href+`' })`, chromedp.EvalAwaitPromise) {
		t.Errorf("%s is no picture", href)
	}
	if width := eval[int](b, `document.documentElement.scrollWidth`); width > int(phone.width) {
		t.Errorf("the page is %d wide on a screen of %d", width, phone.width)
	}
}
