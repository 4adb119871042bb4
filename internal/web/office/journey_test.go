package office_test

import (
	"slices"
	"strings"
	"testing"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/mail"
	"prasan/internal/webtest"
)

func TestACaseIsTakenFromTheInboxToItsEnd(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		ref := h.receive()
		inbox := h.get("officer", "/th/office/", 200)
		h.has(inbox, ref, "มีกลิ่นเหม็น", "เหลือ 15 วัน", "ยังไม่มอบหมาย", "ปิดไว้")
		h.lacks(inbox, "มานี", "0812345678", "08 1234 5678", "manee@")

		p := h.get("officer", "/th/office/cases/"+ref, 200)
		h.has(p, "มีกลิ่นเหม็นจากโรงงานทุกคืน", "คำสั่งมอบหมาย 12/2569")
		h.lacks(p, "มานี", "08 1234 5678", "manee@")
		p = h.act(p, "consider", 303)
		h.has(p, "รับไว้พิจารณาแล้ว", "อยู่ระหว่างพิจารณา", "คุณofficer")

		p = h.act(p, "triage", 422, "reason", "โรงงานจดทะเบียนในจังหวัด")
		h.has(p, "โปรดเลือกผลการพิจารณา")
		if f := h.form(p, "/triage"); f.Values.Get("reason") != "โรงงานจดทะเบียนในจังหวัด" || p.ByID("triage-verdict") == nil || !strings.Contains(p.Body, `href="#triage-verdict"`) {
			t.Error("what was typed is gone, or the summary leads nowhere")
		}
		p = h.act(p, "triage", 303, "verdict", "relevant")
		h.has(p, "อยู่ระหว่างดำเนินการ", "โรงงานจดทะเบียนในจังหวัด", "ภายใน")

		p = h.act(p, "assign", 303, "account", "colleague")
		h.has(p, "มอบหมายให้ คุณcolleague")
		h.has(h.get("colleague", "/th/office/cases?view=mine", 200), ref)

		p = h.act(p, "answer", 422, "via", "email")
		p = h.act(p, "answer", 303, "via", "email", "text", "ตรวจสอบแล้ว โรงงานแก้ไขภายใน 30 วัน")
		h.has(p, "แจ้งผลแล้ว", "ตรวจสอบแล้ว โรงงานแก้ไขภายใน 30 วัน", "แจ้งผลทางอีเมล", "รอส่ง")
		h.lacks(h.get("officer", "/th/office/cases", 200), ref)

		p = h.act(p, "close", 422)
		p = h.act(p, "close", 303, "result", "done")
		h.has(p, "ยุติเรื่อง: ดำเนินการแล้วเสร็จ", "ครบกำหนดเก็บรักษา")
		h.has(h.get("officer", "/th/office/cases?view=closed", 200), ref)
		p = h.act(p, "take-up", 303, "reason", "ยุติผิดเรื่อง")
		h.has(p, "นำเรื่องกลับมาดำเนินการ", "ยุติผิดเรื่อง")
	})
}

func TestTheSenderOpensForAPurposeAndTheReadingIsShown(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		p := h.get("officer", "/th/office/cases/"+h.receive(), 200)
		before := strings.Count(p.Body, "ข้อมูลผู้ส่ง)")
		if p = h.act(p, "sender", 422); p.ByID("purpose-error") == nil {
			t.Error("nothing says that a purpose is missing")
		}
		p = h.act(p, "sender", 200, "purpose", "communicate")
		h.has(p, "มานี", "08 1234 5678", "manee@example.com", "บันทึกการเปิดดูแล้ว", "เพื่อการติดต่อสื่อสาร")
		if got := strings.Count(p.Body, "ข้อมูลผู้ส่ง)"); got != before+1 {
			t.Errorf("%d readings of the sender are shown", got)
		}
		if p.Header.Get("Cache-Control") != "no-store" {
			t.Error("the page may be kept")
		}
		h.lacks(h.get("officer", strings.TrimSuffix(p.URL.Path, "/sender"), 200), "08 1234 5678")
		h.act(p, "sender", 403, "purpose", "marketing")
	})
}

func TestAnOfficerWithoutAnOrderSeesNothingOpen(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		ref := h.receive()
		for _, path := range []string{"/th/office/", "/th/office/cases/" + ref} {
			p := h.get("bare", path, 200)
			h.has(p, ref)
			h.lacks(p, "กลิ่นเหม็น", "มานี", "08 1234 5678", "manee@")
		}
		p := h.get("bare", "/th/office/cases/"+ref, 200)
		if hasForm(p, "/sender") || hasForm(p, "/reissue") {
			t.Error("what would be refused is offered")
		}
		h.has(p, "ยังไม่มีคำสั่งมอบหมายที่มีผล")
		for _, act := range []string{"sender", "reissue"} {
			h.refused("bare", "/th/office/cases/"+ref+"/"+act, "purpose=communicate", 403)
		}
		p = h.get("dpo", "/th/office/", 200)
		h.has(p, "คุณbare", "บันทึกรายการประมวลผลไม่ได้ระบุวัตถุประสงค์นี้ไว้สำหรับท่าน")
	})
}

// refused posts what no page offers.
func (h *house) refused(name, path, body string, status int) *webtest.Page {
	h.t.Helper()
	return h.want(status)(h.tab(name).Do("POST", h.url(path), "application/x-www-form-urlencoded", strings.NewReader(body)))
}

func TestAComplaintAboutAnOfficerGoesRoundHim(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		ref := h.receive(func(s *cases.Submission) { s.AboutStaff = true })
		for _, name := range []string{"officer", "colleague", "registrar"} {
			h.get(name, "/th/office/cases/"+ref, 404)
			h.lacks(h.get(name, "/th/office/cases?view=all", 200), ref)
		}
		p := h.act(h.get("head", "/th/office/cases/"+ref, 200), "shield", 303, "account", "officer")
		h.has(p, "ผู้ถูกร้อง", "คุณofficer", "ร้องเรียนเจ้าหน้าที่")
		f := h.form(p, "/assign")
		h.want(422)(f.Set("account", "officer").Submit())
		h.want(303)(f.Set("account", "colleague").Submit())
		h.get("colleague", "/th/office/cases/"+ref, 200)
		h.get("officer", "/th/office/cases/"+ref, 404)
	})
}

func TestACaseThatIsShieldedFromItsReaderLeadsHimToTheInbox(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	p := h.get("officer", "/th/office/cases/"+h.receive(), 200)
	p = h.act(p, "pass", 303, "agency", "trat", "reason", "โรงงานอยู่จังหวัดตราด")
	if p.URL.Path != "/th/office/cases" {
		t.Errorf("it leads to %s", p.URL)
	}
	h.has(p, "ส่งต่อเรื่องแล้ว")
}

func TestAPageThatIsBehindTheCaseSaysSoAndKeepsWhatWasTyped(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	ref := h.receive()
	old := h.get("officer", "/en/office/cases/"+ref, 200)
	p := h.act(h.get("colleague", "/en/office/cases/"+ref, 200), "triage", 303, "verdict", "relevant", "reason", "ours")
	h.act(p, "answer", 303, "via", "phone", "text", "told")
	p = h.act(old, "consider", 409)
	h.has(p, "Not done: Begin to consider", "Answered", "Mx colleague")
	p = h.act(old, "triage", 409, "verdict", "park", "reason", "a long reason, typed for nothing")
	h.has(p, "Not done", "a long reason, typed for nothing")
}

func TestAnAgencysChainComesBeforeTheDecision(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	chain := h.get("head", "/th/office/chain", 200)
	f := h.form(chain, "/chain")
	h.want(422)(f.Set("step-1", "propose").Set("step-2", "propose").Submit())
	h.want(303)(f.Set("step-1", "propose").Set("step-2", "").Submit())
	p := h.get("officer", "/th/office/cases/"+h.receive(), 200)
	p = h.act(p, "triage", 409, "verdict", "relevant", "reason", "ของเรา")
	h.has(p, "หน่วยงานกำหนดให้ดำเนินการตามลำดับก่อน: เสนอ")
	if h.form(p, "/triage").Values.Get("reason") != "ของเรา" {
		t.Error("what was typed is gone")
	}
	p = h.act(p, "endorse", 303, "kind", "propose", "to", "head", "text", "เห็นควรรับไว้")
	h.has(p, "เสนอ ถึง คุณhead", "เห็นควรรับไว้")
	h.act(p, "triage", 303, "verdict", "relevant", "reason", "ของเรา")
}

func TestEveryActIsOfferedSomewhereAndDone(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	done := map[string]bool{}
	step := func(p *webtest.Page, name string, fields ...string) *webtest.Page {
		t.Helper()
		done[name] = true
		return h.act(p, name, 303, fields...)
	}
	page := func(who, ref string) *webtest.Page { return h.get(who, "/th/office/cases/"+ref, 200) }

	p := page("officer", h.receive())
	p = step(p, "consider")
	p = step(p, "endorse", "kind", "remark", "text", "โปรดพิจารณา")
	p = step(p, "assign", "account", "officer")
	p = step(p, "triage", "verdict", "park", "reason", "ของกรมโรงงานอุตสาหกรรม")
	h.has(h.get("officer", "/th/office/cases?view=parked", 200), "รอส่งต่อ")
	p = step(p, "resume")
	p = step(p, "triage", "verdict", "relevant", "reason", "ของเรา")
	p = step(p, "note", "text", "โทรแล้วไม่มีผู้รับ")
	p = step(p, "inform", "text", "อยู่ระหว่างนัดตรวจ")
	p = step(p, "ask", "text", "โรงงานอยู่ที่ใด")
	h.has(p, "หยุดนับเวลา เหลือ")
	p = step(p, "hear", "text", "อยู่หน้าตลาด")
	p = step(p, "answer", "via", "phone", "text", "แจ้งแล้ว")
	p = step(p, "close", "result", "done", "text", "")
	step(p, "take-up", "reason", "ยังไม่เสร็จ")

	p = step(page("officer", h.receive()), "redirect", "body", "เทศบาลนครระยอง", "text", "โปรดติดต่อเทศบาล")
	h.has(p, "แจ้งหน่วยงานที่ควรติดต่อ: เทศบาลนครระยอง")
	step(page("officer", h.receive()), "pass", "agency", "trat", "reason", "จังหวัดตราด")
	step(page("head", h.receive()), "shield", "account", "")

	spam := func() string { return h.receive(func(s *cases.Submission) { s.Decoy = true }) }
	h.has(h.get("officer", "/th/office/cases?view=quarantined", 200), "รอคัดกรอง")
	step(page("officer", spam()), "release")
	step(page("officer", spam()), "discard")

	p = h.act(page("officer", h.receive()), "reissue", 200)
	done["reissue"] = p.TextOf("tracking-code") != ""
	for _, name := range actNames(p) {
		if !done[name] {
			t.Errorf("%s was not done", name)
		}
	}
	for _, tr := range cases.Transitions {
		if tr.By == "sender" || tr.By == "system" {
			continue
		}
		name, _, _ := strings.Cut(tr.Action, "-relevant")
		name, _, _ = strings.Cut(name, "-park")
		if !done[name] {
			t.Errorf("the workflow's %s cannot be done in the office", tr.Action)
		}
	}
}

// actNames are the acts that a case page offers.
func actNames(p *webtest.Page) []string {
	var out []string
	for _, f := range p.Forms() {
		parts := strings.Split(f.Action, "/")
		if len(parts) == 6 && parts[3] == "cases" && !slices.Contains([]string{"sender"}, parts[5]) {
			out = append(out, parts[5])
		}
	}
	return out
}

func TestAMessageIsTakenDownAtTheCounter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		f := h.form(h.get("officer", "/th/office/cases/new", 200), "/new")
		f.Set("channel", "phone").Set("topic", "problem").Set("message", "น้ำเสียลงคลอง").Set("outside_ref", "1111-69-0042")
		p := h.want(422)(f.Submit())
		h.has(p, "กรุณากรอกชื่อ", "โปรดกรอกหมายเลขโทรศัพท์มือถือหรืออีเมลอย่างน้อยหนึ่งอย่าง")
		f = h.form(p, "/new")
		if f.Values.Get("message") != "น้ำเสียลงคลอง" || f.Values.Get("outside_ref") != "1111-69-0042" || f.Values.Get("channel") != "phone" {
			t.Errorf("lost: %v", f.Values)
		}
		f.Set("given_name", "ปิติ").Set("phone", "๐๘๑๒๓๔๕๖๗๘")
		p = h.want(201)(f.Submit())
		ref, code := p.TextOf("reference"), p.TextOf("tracking-code")
		if ref == "" || code == "" {
			t.Fatal("no receipt")
		}
		if again := h.want(201)(f.Submit()); again.TextOf("reference") != ref || again.TextOf("tracking-code") != code {
			t.Error("the same form sent twice gave another receipt")
		}
		p = h.get("officer", "/th/office/cases/"+ref, 200)
		h.has(p, "น้ำเสียลงคลอง", "โทรศัพท์", "1111-69-0042", "คุณofficer")
		h.lacks(p, code)
		h.has(h.get("officer", "/th/office/cases?q=0812345678", 200), ref)
		h.has(h.get("officer", "/th/office/cases?q="+ref, 200), ref)
		h.lacks(h.get("officer", "/th/office/cases?q=0899999999", 200), ref)
		f.Values.Set("site", "trat.industry.test")
		h.want(403)(f.Submit())
	})
}

func TestAnOfficerWithoutAnOrderIsNotOfferedToWriteToTheSender(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	p := h.act(h.get("officer", "/th/office/cases/"+h.receive(), 200), "triage", 303, "verdict", "relevant", "reason", "ของเรา")
	p = h.get("bare", p.URL.Path, 200)
	if hasForm(p, "/ask") || hasForm(p, "/inform") || !hasForm(p, "/note") {
		t.Errorf("offered: %v", actNames(p))
	}
	if f := h.form(p, "/answer"); strings.Contains(p.Body, `value="email"`) || f.Values.Get("via") != "phone" {
		t.Error("an answer by e-mail is offered")
	}
	h.refused("bare", p.URL.Path+"/ask", "text=x", 403)
	h.refused("bare", p.URL.Path+"/answer", "via=email&text=x", 403)
}

func TestAMailThatFailedIsSentAgain(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	ref := h.receive()
	path := "/th/office/cases/" + ref
	if p := h.get("officer", path, 200); strings.Contains(p.Body, path+"/mail/") {
		t.Error("a mail that waits can be sent again")
	}
	must(t, h.e.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE outbox SET state = $1, last_error = $2`, mail.Failed, "550 no such user")
		return err
	}))
	p := h.get("officer", path, 200)
	h.has(p, "ส่งไม่สำเร็จ", "550 no such user")
	if strings.Contains(h.get("registrar", path, 200).Body, path+"/mail/") {
		t.Error("the registrar is offered what he may not do")
	}
	for _, f := range p.Forms() {
		if strings.HasPrefix(f.Action, path+"/mail/") {
			h.has(h.want(303)(f.Submit()), "จัดส่งอีเมลอีกครั้งแล้ว", "รอส่ง")
			return
		}
	}
	t.Error("no way to send it again")
}
