package public_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/policy"
	"prasan/internal/webtest"
)

func TestAMessageIsSentAnsweredAndReadByItsSender(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := newSite(t, e)
		check := s.toCheck("th")
		for _, want := range []string{"มีกลิ่นเหม็นจากโรงงาน", "08 1234 5678", "มานี", "บันทึก.txt", "ไม่ได้ระบุ"} {
			if want != "08 1234 5678" && !strings.Contains(check.Body, want) {
				t.Errorf("the check page lacks %q", want)
			}
		}
		receipt := s.send(check, 200, nil)
		reference, code := receipt.TextOf("reference"), receipt.TextOf("tracking-code")
		if reference == "" || code == "" || receipt.Header.Get("Cache-Control") != "no-store" || len(receipt.Header.Values("Set-Cookie")) > 0 {
			t.Fatalf("%q %q %v", reference, code, receipt.Header)
		}
		if again := s.send(check, 200, nil); again.TextOf("reference") != reference || again.TextOf("tracking-code") != code {
			t.Error("the same page sent twice gave another receipt")
		}
		s.answer(reference)
		tracked := s.send2(s.get("/th/track", 200).Form("reference"), 200, map[string]string{"reference": strings.ToLower(reference), "code": strings.ReplaceAll(code, "-", "")})
		for _, want := range []string{"ตรวจสอบโรงงานแล้ว", "แจ้งผลแล้ว", "สำนักงานอุตสาหกรรมจังหวัดระยอง"} {
			if !strings.Contains(tracked.Body, want) {
				t.Errorf("the tracking page lacks %q", want)
			}
		}
		s.send2(tracked.Form("rating"), 422, nil)
		rated := s.send2(tracked.Form("rating"), 200, map[string]string{"rating": "5"})
		if rated.Form("rating") != nil || rated.Form("message") == nil {
			t.Error("rating twice, or no way to write")
		}
		wrote, err := rated.Form("message").Set("message", "ขอบคุณ").Submit(webtest.File{Field: "attachment", Name: "photo.txt", Content: []byte("ภาพ")})
		if wrote = s.page(wrote, err, 200); !strings.Contains(wrote.Body, "ขอบคุณ") || !strings.Contains(wrote.Body, "photo.txt") {
			t.Error("what the sender wrote is not shown")
		}
	})
}

func TestAQuestionOfTheOfficeStandsBesideItsAnswer(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	receipt := s.send(s.toCheck("th"), 200, nil)
	officer := policy.Actor{Account: "officer", Agency: "rayong", Roles: []string{"officer"}, IsHead: true}
	reference := receipt.TextOf("reference")
	_, err := s.cases.Triage(context.Background(), officer, reference, "relevant", "อยู่ในอำนาจหน้าที่")
	must(t, err)
	_, err = s.cases.Ask(context.Background(), officer, reference, "ได้กลิ่นที่จุดใด")
	must(t, err)
	track := map[string]string{"reference": reference, "code": receipt.TextOf("tracking-code")}
	asked := s.send2(s.get("/th/track", 200).Form("reference"), 200, track)
	question, form, stages := strings.Index(asked.Body, "ได้กลิ่นที่จุดใด"), strings.Index(asked.Body, `name="message"`), strings.Index(asked.Body, `id="stages"`)
	if question < 0 || question > form || form > stages {
		t.Errorf("question at %d, its answer at %d, what has happened at %d", question, form, stages)
	}
	replied := s.send2(asked.Form("message"), 200, map[string]string{"message": "ข้างศาลาประชาคม"})
	if !strings.Contains(replied.Body, "อยู่ระหว่างดำเนินการ") || strings.Contains(replied.Body, `id="asked"`) {
		t.Error("the office goes on waiting for what it has")
	}
}

// answer has an officer deal with the case.
func (s *site) answer(reference string) {
	s.t.Helper()
	ctx := context.Background()
	officer := policy.Actor{Account: "officer", Agency: "rayong", Roles: []string{"officer"}, IsHead: true}
	_, err := s.cases.Triage(ctx, officer, reference, "relevant", "อยู่ในอำนาจหน้าที่")
	must(s.t, err)
	_, err = s.cases.Answer(ctx, officer, reference, "phone", "เรียน คุณมานี\n\nสำนักงานตรวจสอบโรงงานแล้ว พบว่าระบบบำบัดกลิ่นชำรุด จึงสั่งให้ปรับปรุงแก้ไขภายใน 30 วัน ตามมาตรา 37 แห่งพระราชบัญญัติโรงงาน พ.ศ. 2535\n\nหากท่านยังได้รับความเดือดร้อน โปรดแจ้งให้สำนักงานทราบ")
	must(s.t, err)
}

func (s *site) send2(f *webtest.Form, status int, fields map[string]string) *webtest.Page {
	s.t.Helper()
	if f == nil {
		s.t.Fatal("no such form")
	}
	for name, value := range fields {
		f.Set(name, value)
	}
	p, err := f.Submit()
	return s.page(p, err, status)
}

func TestNothingTypedIsLost(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	p := s.send(s.get("/th/contact", 200), 422, nil)
	if p.ByID("errors") == nil || p.ByID("topic") == nil {
		t.Error("no summary that leads to the question")
	}
	p = s.send(p, 200, map[string]string{"topic": "question"})
	long := strings.Repeat("ยาว", 3000)
	p = s.send(p, 422, map[string]string{"message": long})
	if got := p.Form("message").Values.Get("message"); got != long {
		t.Errorf("of %d bytes %d came back", len(long), len(got))
	}
	p, err := p.Form("message").Set("message", "สั้น").Press("English")
	p = s.page(p, err, 200)
	if p.Form("message").Values.Get("message") != "สั้น" || !strings.Contains(p.Body, `lang="en"`) {
		t.Error("lost in the other language")
	}
	p = s.send(p, 200, nil)
	p = s.send(p, 422, map[string]string{"given_name": "A\u200bB", "phone": "12", "family_name": "สมมติ"})
	f := p.Form("phone")
	if f.Values.Get("phone") != "12" || f.Values.Get("family_name") != "สมมติ" || f.Values.Get("given_name") == "" {
		t.Errorf("%v", f.Values)
	}
	back, err := f.Press("Back")
	back = s.page(back, err, 200)
	if back.Form("message").Values.Get("message") != "สั้น" {
		t.Error("lost on the way back")
	}
	forth := s.send(back, 200, nil)
	if forth.Form("phone").Values.Get("phone") != "12" {
		t.Error("lost on the way forth")
	}
}

func TestAFieldThatTheRecordDoesNotDeclareIsNeitherShownNorRead(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	old := s.send(s.send(s.get("/th/contact", 200), 200, map[string]string{"topic": "problem"}), 200, map[string]string{"message": "x"})
	s.record.Elements = s.record.Elements[:3] // without e-mail
	form := old.Form("email").Set("given_name", "มานี").Set("phone", "0812345678").Set("email", "manee@example.com")
	check, err := form.Submit()
	check = s.page(check, err, 200)
	if strings.Contains(check.Body, "manee@") || strings.Contains(check.Body, "อีเมล</dt>") {
		t.Error("the e-mail is still collected")
	}
	s.send(check, 200, nil)
	back, err := check.Form("state").Press("ย้อนกลับ")
	if s.page(back, err, 200).Form("state").Names["email"] {
		t.Error("the e-mail is still asked for")
	}
}

func TestWrongFilesAreNamedAndGoodOnesKept(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	p := s.send(s.get("/th/contact", 200), 200, map[string]string{"topic": "problem"})
	p = s.send(p, 422, map[string]string{"message": "x"}, webtest.File{Field: "attachment", Name: "a.txt", Content: []byte("ดี")}, webtest.File{Field: "attachment", Name: "b.pdf", Content: []byte("MZ\x90\x00")})
	if !strings.Contains(p.Body, "a.txt") || !strings.Contains(p.TextOf("attachment-error"), "b.pdf") {
		t.Error(excerpt(p))
	}
	gone, err := p.Form("message").Press("นำออก")
	if gone = s.page(gone, err, 200); strings.Contains(gone.Body, "a.txt") {
		t.Error("a removed file is still there")
	}
	var many []webtest.File
	for range cases.MaxAttachments + 1 {
		many = append(many, webtest.File{Field: "attachment", Name: "c.txt", Content: []byte("ค")})
	}
	if p = s.send(gone, 422, nil, many...); strings.Count(p.Body, `name="remove"`) != cases.MaxAttachments {
		t.Error("not five are kept")
	}
}

func TestAnUnknownReferenceAndAWrongCodeLookTheSame(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	receipt := s.send(s.toCheck("th"), 200, nil)
	wrong := func(reference, code string) string {
		p := s.send2(s.get("/th/track", 200).Form("reference"), 422, map[string]string{"reference": reference, "code": code})
		return strings.ReplaceAll(p.TextOf("errors"), reference, "")
	}
	if a, b := wrong(receipt.TextOf("reference"), "3333-3333-3333"), wrong("AAA-AAA-AAA", receipt.TextOf("tracking-code")); a != b || a == "" {
		t.Errorf("%q and %q", a, b)
	}
}

func TestWhenTheDatabaseFailsNothingIsAcknowledgedAndNothingLost(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	check := s.toCheck("th")
	must(t, s.e.DB.Close())
	p, err := check.Form("state").Submit()
	must(t, err)
	if p.Status < 500 || strings.Contains(p.Body, `id="reference"`) {
		t.Fatalf("status %d", p.Status)
	}
	if p.Status == 503 && (p.Form("state") == nil || !strings.Contains(p.Body, "มีกลิ่นเหม็น")) {
		t.Error("what was typed is gone")
	}
}

func TestAFormThatLayTooLongKeepsWhatItHolds(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	p := s.send(s.send(s.get("/th/contact", 200), 200, map[string]string{"topic": "problem"}), 200, map[string]string{"message": "เก็บไว้"})
	s.e.Clock.Advance(13 * time.Hour)
	p = s.send(p, 422, map[string]string{"given_name": "มานี", "phone": "0812345678"})
	p = s.send(p, 200, nil)
	if !strings.Contains(p.Body, "เก็บไว้") || !strings.Contains(p.Body, "มานี") {
		t.Error(excerpt(p))
	}
}

func TestATrackingPageEndsAfterTwoHoursAndSaysSo(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	receipt := s.send(s.toCheck("th"), 200, nil)
	tracked := s.send2(s.get("/th/track", 200).Form("reference"), 200, map[string]string{"reference": receipt.TextOf("reference"), "code": receipt.TextOf("tracking-code")})
	s.e.Clock.Advance(119 * time.Minute)
	again := s.get(tracked.URL.Path, 200)
	s.e.Clock.Advance(2 * time.Minute)
	if old := s.get(tracked.URL.Path, 200); old.Form("code") == nil || !strings.Contains(old.Body, "เปิดไว้นานเกินกำหนด") {
		t.Error("a page of two hours ago is still open, or nobody is told why not")
	}
	if wrote := s.send2(again.Form("message"), 200, map[string]string{"message": "เขียนช้า"}); !strings.Contains(wrote.Body, "เขียนช้า") {
		t.Error("what was written on a page that was opened two minutes ago is lost")
	}
}

func TestAForgedStateSendsNothing(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	check := s.toCheck("th")
	p := s.send(check, 422, map[string]string{"state": "x" + check.Form("state").Values.Get("state")})
	if strings.Contains(p.Body, "มีกลิ่นเหม็น") {
		t.Error("a state that is not ours was read")
	}
}

func TestWhoFillsInTheHiddenFieldGetsAReceiptAndIsHeldBack(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	p := s.send(s.get("/th/contact", 200), 200, map[string]string{"topic": "problem", "website": "http://spam.example"})
	p = s.send(p, 200, map[string]string{"message": "ซื้อของ"})
	p = s.send(p, 200, map[string]string{"given_name": "ก", "phone": "0812345678"})
	if s.send(p, 200, nil).TextOf("reference") == "" {
		t.Fatal("no receipt")
	}
	n := 0
	must(t, s.e.DB.Read(context.Background(), func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM cases WHERE state = $1`, []any{"quarantined"}, &n)
	}))
	if n != 1 {
		t.Errorf("%d are held back", n)
	}
}
