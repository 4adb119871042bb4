package office_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"prasan/internal/audit"
	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
	"prasan/internal/i18n"
	"prasan/internal/jobs"
	"prasan/internal/register"
	"prasan/internal/ropa"
	"prasan/internal/ropa/edit"
	"prasan/internal/truth"
	"prasan/internal/webtest"
)

// watch is the truth of a register of which one part obeys, one is as it should be, and
// one is not.
func watch(e *dbtest.Engine, log *audit.Log, queue *jobs.Queue, record *register.Store) *truth.Service {
	s := truth.New(truth.Deps{DB: e.DB, Audit: log, Jobs: queue, Now: e.Clock.Now, Record: record.Snapshot, Body: func(ctx context.Context, activity string, n int) (*ropa.Revision, error) {
		text, err := record.Body(ctx, activity, n)
		if err != nil {
			return nil, err
		}
		return ropa.Parse([]byte(text))
	}}, ropa.SeedCodes...)
	see := func(seen truth.Seen) func(context.Context, truth.Subject) (truth.Seen, error) {
		return func(context.Context, truth.Subject) (truth.Seen, error) { return seen, nil }
	}
	s.Enforces(truth.Enforcement{ID: "form", Rows: []string{"elements"}})
	s.Add(truth.Probe{ID: "volume", Rows: []string{"volume"}, Class: "D5", Look: see(truth.Seen{Known: true, Checked: 12})},
		truth.Probe{ID: "overdue", Activities: []string{cases.Activity}, Rows: []string{"retention"}, Class: "D1", Look: see(truth.Seen{Known: true, Checked: 7, Wrong: 2})})
	return s
}

// changed is the corrected record of an activity with a change.
func changed(t *testing.T, code string, change func(*ropa.Revision)) string {
	t.Helper()
	rev := ropa.Seed(code, 2)
	change(rev)
	text, err := ropa.Marshal(rev)
	must(t, err)
	return string(text)
}

// further takes a body into the recipients.
func further(r *ropa.Revision) {
	r.Parties = append(r.Parties, ropa.Party{Code: "bma", Kind: "organisation", Name: ropa.Text{TH: "หน่วยทดสอบมาตรฐาน", EN: "Body of standards"}})
	r.Recipients.Domestic = append(r.Recipients.Domestic, ropa.Recipient{Org: "bma", Via: []string{"email"}, Letter: "required", Secrecy: "required", Elements: []string{"given_name", "email"}})
}

func TestTheRegisterIsShownAsTheFormWithItsFindingsAndItsTruth(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		p := h.get("dpo", "/th/office/records", 200)
		h.has(p, "ติดต่อเรา", "การวิเคราะห์และประเมินผลการใช้งาน", "ฉบับที่ 2", "ไม่ตรงกับบันทึก")
		for _, code := range ropa.SeedCodes {
			p := h.get("dpo", "/th/office/records/"+code, 200)
			for _, row := range ropa.Rows {
				h.has(p, row.Title.TH, row.Ask)
				for _, line := range strings.Split(ropa.Seed(code, 2).Form.Row(row.ID).Text, "\n") {
					h.has(p, strings.Join(strings.Fields(line), " "))
				}
			}
			if strings.Count(p.Body, `class="paper-row"`) != len(ropa.Rows) || strings.Count(p.Body, `class="paper-truth"><details`) != len(ropa.Rows) {
				t.Errorf("%s: not every row has its status", code)
			}
			h.has(p, "ระบบบังคับใช้", "ผู้รับผิดชอบรับรอง", "รับเรื่องจริงใน 12 เดือน 12 เรื่อง")
		}
		p = h.get("dpo", "/th/office/records/contact-us/1", 200)
		h.has(p, "ถูกแทนที่แล้ว", "ควรแก้", "ระบบตรวจเทียบกับความจริงเฉพาะฉบับที่มีผลใช้บังคับ")
		if strings.Contains(p.Body, `class="paper-truth"><details`) {
			t.Error("the truth of one revision is shown at another")
		}
		p = h.want(200)(p.Form("from").Set("from", "2").Submit())
		h.has(p, "ข้อแตกต่าง", "เดิม", "ใหม่")
		h.get("dpo", "/th/office/records/contact-us/2/changes?from=9", 404)
		h.get("dpo", "/th/office/records/nothing", 404)
	})
}

func TestAChangeOfTheRecordGoesThroughItsLifeAndIsObeyed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		p := h.want(200)(h.get("dpo", "/th/office/records/contact-us/draft", 200).Form("body").Set("body", changed(t, cases.Activity, further)).Press("ตรวจผล"))
		h.has(p, "ส่งข้อมูลได้เพิ่ม 1 เส้นทาง: bma email", "เทียบกับฉบับที่ 2")
		if body := p.Form("body").Values.Get("body"); !strings.Contains(body, "หน่วยทดสอบมาตรฐาน") {
			t.Fatal("the text is gone")
		}
		h.get("dpo", "/th/office/records/contact-us/3", 404) // looking saves nothing
		p = h.want(303)(p.Form("body").Press("บันทึกฉบับร่าง"))
		h.has(p, "บันทึกฉบับร่างแล้ว", "ฉบับที่ 3", "ร่าง", "ส่งข้อมูลได้เพิ่ม 1 เส้นทาง")
		if hasForm(p, "/approve") || hasForm(p, "/enact") || !hasForm(p, "/withdraw") {
			t.Error("a draft is offered other acts than its own")
		}
		if officer := h.get("bare", "/th/office/records/contact-us/3", 200); hasForm(officer, "/submit") || hasForm(officer, "/withdraw") {
			t.Error("an officer is offered what he may not do")
		}
		h.refused("bare", "/th/office/records/contact-us/3/submit", "", 403)
		p = h.act(p, "submit", 303)
		h.has(p, "เสนอขออนุมัติแล้ว")
		sum := h.form(p, "/approve").Values.Get("sum")
		h.refused("bare", "/th/office/records/contact-us/3/approve", "sum="+sum, 403)
		h.has(h.refused("dpo", "/th/office/records/contact-us/3/approve", "sum=another", 409), "ข้อความของฉบับนี้ไม่ใช่ข้อความที่ท่านตรวจ")
		p = h.act(p, "approve", 303)
		if hasForm(p, "/approve") {
			t.Error("one person may approve twice")
		}
		h.refused("dpo", "/th/office/records/contact-us/3/approve", "sum="+sum, 403)
		p = h.get("head-ops", "/th/office/records/contact-us/3", 200)
		if f := h.act(p, "return", 422); f.ByID("reason-error") == nil {
			t.Error("nothing says that a reason is missing")
		}
		p = h.act(p, "approve", 303)
		h.has(p, "อนุมัติแล้ว", "คุณdpo", "คุณhead-ops")
		if snap := h.record.Snapshot(cases.Activity); snap.Revision != 2 {
			t.Error("an approved revision is obeyed before it is in force")
		}
		p = h.act(p, "enact", 303)
		h.has(p, "มีผลใช้บังคับ", "ยังไม่ได้ตรวจสอบฉบับนี้")
		if _, d := h.record.Snapshot(cases.Activity).MayDisclose("bma", "email"); !d.Allowed {
			t.Error("the new recipient is not in the snapshot in force")
		}
		h.has(h.get("dpo", "/th/office/records/contact-us/2", 200), "ถูกแทนที่แล้ว")
	})
}

func TestADraftIsGivenBackAndWithdrawn(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	p := h.want(303)(h.get("dpo", "/th/office/records/contact-us/draft", 200).Form("body").Set("body", changed(t, cases.Activity, further)).Press("บันทึกฉบับร่าง"))
	p = h.act(p, "submit", 303)
	h.want(409)(h.get("dpo", "/th/office/records/contact-us/draft", 200).Form("body").Press("บันทึกฉบับร่าง"))
	p = h.act(p, "return", 303, "reason", "ขาดข้อตกลง")
	h.has(p, "ส่งกลับให้แก้ไขแล้ว", "ร่าง")
	p = h.act(p, "withdraw", 303)
	h.has(p, "ยกเลิกร่างแล้ว")
	h.get("dpo", "/th/office/records/contact-us/3", 404)
}

func TestNothingTypedIsLostWhenTheTextIsNoRecord(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	other := changed(t, "usage-analytics", func(*ropa.Revision) {})
	for name, row := range map[string]struct{ body, says string }{
		"no YAML":          {"code: [ contact-us\n<b>", "อ่านบันทึกรายการไม่ได้"},
		"an unknown key":   {"apiVersion: ropa/v1\nkind: Activity\ncode: contact-us\nwhat: 1\n", "อ่านบันทึกรายการไม่ได้"},
		"nothing":          {"  ", "โปรดกรอกข้อความ"},
		"another activity": {other, "ข้อความนี้เป็นของกิจกรรม usage-analytics"},
	} {
		for _, button := range []string{"ตรวจผล", "บันทึกฉบับร่าง"} {
			p := h.want(422)(h.get("dpo", "/th/office/records/contact-us/draft", 200).Form("body").Set("body", row.body).Press(button))
			h.has(p, row.says)
			if got := p.Form("body").Values.Get("body"); got != row.body || p.ByID("body-error") == nil || !strings.Contains(p.Body, `href="#body"`) {
				t.Errorf("%s: %q is kept", name, got)
			}
			h.wellMade("th", p)
		}
	}
	h.refused("officer", "/th/office/records/contact-us/draft", "body=x", 403)
	h.get("officer", "/th/office/records/contact-us/draft", 403)
}

func TestAFormThatWasFilledInIsReadIntoTheTextAndNotKept(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	p := h.get("dpo", "/th/office/records/contact-us/2/export/xlsx", 200)
	if p.Header.Get("Content-Disposition") != `attachment; filename="contact-us.2.xlsx"` {
		t.Error(p.Header)
	}
	sheet := webtest.File{Field: "file", Name: "แบบฟอร์ม.xlsx", Content: []byte(p.Body)}
	p = h.want(200)(h.get("dpo", "/th/office/records/contact-us/draft", 200).Form("body").Set("body", "อื่น").Press("บันทึกฉบับร่าง", sheet))
	h.has(p, "อ่านไฟล์ แบบฟอร์ม.xlsx แล้ว", "ยังไม่ได้บันทึก")
	if got := p.Form("body").Values.Get("body"); got != string(ropa.SeedText(cases.Activity, 2)) {
		t.Errorf("the form comes back as another text of %d bytes", len(got))
	}
	h.get("dpo", "/th/office/records/contact-us/3", 404)
	p = h.want(422)(h.get("dpo", "/th/office/records/contact-us/draft", 200).Form("body").Set("body", "ของเดิม").Press("ตรวจผล", webtest.File{Field: "file", Name: "x.xlsx", Content: []byte("PK\x03\x04broken")}))
	h.has(p, "โปรดเปิดไฟล์ด้วยโปรแกรมเดิมแล้วบันทึกใหม่เป็น .xlsx หรือ .docx") // what to do, in the reader's language
	if p.ByID("file-error") == nil || p.Form("body").Values.Get("body") != "ของเดิม" {
		t.Error("a broken file is not told at its field, or takes the text with it")
	}
	for format, kind := range map[string]string{"yaml": "application/yaml", "pdf": "application/pdf", "svg": "image/svg+xml", "jsonld": "application/ld+json"} {
		if p := h.get("officer", "/en/office/records/usage-analytics/2/export/"+format, 200); p.Header.Get("Content-Type") != kind || len(p.Body) < 1000 {
			t.Errorf("%s: %v", format, p.Header)
		}
	}
	h.get("officer", "/en/office/records/usage-analytics/2/export/exe", 404)
	if p := h.get("dpo", "/th/office/records/contact-us/2/export/pdf?truth=yes", 200); !strings.HasPrefix(p.Body, "%PDF") || len(p.Body) == len(h.get("dpo", "/th/office/records/contact-us/2/export/pdf", 200).Body) {
		t.Error("the printed form bears no truth")
	}
	h.get("dpo", "/th/office/records/contact-us/1/export/pdf?truth=yes", 404)
}

func TestADriftIsAcceptedForATimeByWhoHoldsTheDuty(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		p := h.get("dpo", "/th/office/", 200)
		h.has(p, "ความตรงกับความจริงของบันทึก", "ระบบบังคับใช้")
		p = h.get("dpo", "/th/office/truth", 200)
		h.has(p, "D1", "ข้อมูลพ้นกำหนดเก็บแล้วยังไม่ได้ทำลาย", "36. ระยะเวลาจัดเก็บ", "ครบกำหนดแล้ว 7 รายการ พ้นรอบการทำลาย 2 รายการ", "32. ผู้อนุมัติการทำลาย: หัวหน้าส่วนราชการ")
		if f := h.get("bare", "/th/office/truth", 200); f.Form("until") != nil {
			t.Error("an officer is offered to accept a drift")
		}
		h.refused("bare", "/th/office/truth", "activity=contact-us&field=retention&class=D1&reason=x&until=2027-01-31", 403)
		if p := h.want(422)(p.Form("until").Set("reason", "รอรอบปีนี้").Submit()); p.Form("until").Values.Get("reason") != "รอรอบปีนี้" || !strings.Contains(p.Body, "-until-error") {
			t.Error("a missing day is not told at its field, or what was typed is gone")
		} else {
			h.wellMade("th", p)
		}
		until := h.e.Clock.Now().AddDate(0, 2, 0).Format(time.DateOnly)
		p = h.want(303)(p.Form("until").Set("reason", "รอรอบปีนี้").Set("until", until).Submit())
		h.has(p, "บันทึกการยอมรับชั่วคราวแล้ว", "ยอมรับถึง", "รอรอบปีนี้", "คุณdpo")
		if p.Form("until") != nil {
			t.Error("what is accepted is offered again")
		}
		e.Clock.Advance(80 * 24 * time.Hour)
		h.tabs = map[string]*webtest.Client{} // sessions have ended
		p = h.want(303)(h.form(h.get("dpo", "/th/office/truth", 200), "/look").Submit())
		if p.Form("until") == nil {
			t.Error("an exception outlives its day")
		}
	})
}

func TestThePagesOfTheRegisterAreWellMadeInBothLanguages(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	p := h.want(303)(h.get("dpo", "/th/office/records/contact-us/draft", 200).Form("body").Set("body", changed(t, cases.Activity, further)).Press("บันทึกฉบับร่าง"))
	for _, lang := range i18n.Langs {
		for _, path := range []string{"/records", "/records/new", "/records/contact-us", "/records/usage-analytics/1", "/records/contact-us/3", "/records/contact-us/3/changes?from=1", "/records/contact-us/draft", "/truth", "/"} {
			page := h.get("dpo", "/"+lang+"/office"+path, 200)
			h.wellMade(lang, page)
			if strings.Contains(webtest.Text(page.Doc), "registerpages.") {
				t.Errorf("%s: a text is missing", path)
			}
		}
	}
	h.act(p, "submit", 303)
	h.wellMade("th", h.refused("dpo", "/th/office/records/contact-us/3/return", "", http.StatusUnprocessableEntity))
}

// click sends a form by the button of a value.
func click(f *webtest.Form, value string) (*webtest.Page, error) {
	for _, b := range f.Buttons {
		if b.Value == value {
			f.Buttons = f.Buttons[:0]
			f.Buttons = append(f.Buttons, b)
			return f.Submit()
		}
	}
	return nil, errors.New("no button " + value)
}

// section is a part of the record in the editor.
func (h *house) section(who, code, section string) *webtest.Page {
	h.t.Helper()
	return h.get(who, "/th/office/records/"+code+"/edit/part/"+section, 200)
}

func TestTheFormIsWrittenFieldByFieldAndAnUntouchedPartStaysByteForByte(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	for _, code := range ropa.SeedCodes {
		rows := 0
		for _, s := range edit.Sections {
			p := h.section("dpo", code, s.ID)
			h.wellMade("th", p)
			for _, def := range s.Rows {
				h.has(p, def.Ask, def.Title.TH)
			}
			rows += strings.Count(p.Body, `class="paper-row edit-row"`)
			if text := webtest.Text(p.Doc); strings.Contains(text, "editor.") || strings.Contains(text, "flow.") {
				t.Errorf("%s: a text is missing: %s", s.ID, text)
			}
			p = h.want(303)(p.Form("base").Press("บันทึกส่วนนี้"))
		}
		if rows != len(ropa.Rows) {
			t.Errorf("%s: %d rows are asked", code, rows)
		}
		body, err := h.record.Body(context.Background(), code, 3)
		must(t, err)
		want := ropa.Seed(code, 2)
		got, err := ropa.Parse([]byte(body))
		must(t, err)
		got.Number, got.PrevSHA256 = want.Number, want.PrevSHA256
		text, _ := ropa.Marshal(got)
		if string(text) != string(ropa.SeedText(code, 2)) {
			t.Errorf("%s: %+v", code, ropa.Diff(want, got))
		}
	}
}

func TestALineIsAddedMovedAndTakenAwayWithoutJavaScriptAndNothingTypedIsLost(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	p := h.section("dpo", "usage-analytics", "data")
	f := p.Form("base").Set("form.transfers.text", "Google LLC (สหรัฐอเมริกา)")
	p = h.want(200)(click(f, "add:recipients.transfers"))
	h.wellMade("th", p)
	h.has(p, "ยังไม่ได้บันทึก")
	if p.Form("base").Values.Get("form.transfers.text") != "Google LLC (สหรัฐอเมริกา)" || !strings.Contains(p.Body, `data-dirty`) {
		t.Fatal("what was typed is gone")
	}
	h.get("dpo", "/th/office/records/usage-analytics/3", 404)
	f = p.Form("base").Set("recipients.transfers.0.recipient", "google").Set("recipients.transfers.0.country", "us").Set("recipients.transfers.0.basis", "consent").Set("recipients.transfers.0.safeguard", "สัญญามาตรฐาน")
	f.Values["recipients.transfers.0.elements"] = []string{"page_path", "referrer"}
	p = h.want(422)(f.Press("บันทึกส่วนนี้"))
	h.wellMade("th", p)
	if p.ByID("recipients.transfers.0.country-error") == nil || !strings.Contains(p.Body, `href="#recipients.transfers.0.country"`) || p.Form("base").Values.Get("recipients.transfers.0.safeguard") != "สัญญามาตรฐาน" {
		t.Error("the wrong country is not told at its field, or what was typed is gone")
	}
	p = h.want(303)(p.Form("base").Set("recipients.transfers.0.country", "US").Press("บันทึกส่วนนี้"))
	h.has(p, "บันทึกส่วนนี้ในฉบับร่างแล้ว", "แก้ไขฉบับที่ 3")
	body, err := h.record.Body(ctx, "usage-analytics", 3)
	must(t, err)
	rev, err := ropa.Parse([]byte(body))
	must(t, err)
	if len(rev.Recipients.Transfers) != 1 || rev.Recipients.Transfers[0].Country != "US" || len(rev.Recipients.Transfers[0].Elements) != 2 || rev.Form.Row("transfers").State != ropa.Given {
		t.Errorf("%+v %+v", rev.Recipients, rev.Form.Row("transfers"))
	}
	changes := ropa.Diff(ropa.Seed("usage-analytics", 2), rev)
	for _, c := range changes {
		if c.Row != "transfers" {
			t.Errorf("something else has changed: %+v", c)
		}
	}
	h.has(h.get("dpo", "/th/office/records/usage-analytics/3", 200), "โอนข้อมูลไปต่างประเทศได้ 1 ราย: google")
	// Take the line away again: the draft is as the record in force.
	f = h.section("dpo", "usage-analytics", "data").Form("base")
	p = h.want(200)(click(f, "remove:recipients.transfers.0"))
	if strings.Contains(p.Body, "recipients.transfers.0") {
		t.Error("the line is still there")
	}
	h.want(303)(h.section("dpo", "usage-analytics", "data").Form("base").Press("บันทึกส่วนนี้"))
}

func TestOfTwoWhoWriteTheSamePartTheSecondIsToldAndLosesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		first, second, other := h.section("dpo", "contact-us", "remarks"), h.section("dpo", "contact-us", "remarks"), h.section("dpo", "contact-us", "basis")
		add := func(p *webtest.Page, text string) *webtest.Form {
			f := p.Form("base")
			p = h.want(200)(click(f, "add:remarks"))
			return p.Form("base").Set("remarks."+strconv.Itoa(strings.Count(p.Body, `<textarea id="remarks.`)-1), text)
		}
		a, b := add(first, "หมายเหตุของคนแรก"), add(second, "หมายเหตุของคนที่สอง")
		h.want(303)(a.Press("บันทึกส่วนนี้"))
		// Another part, opened before the first saved, is not in the way.
		h.want(303)(other.Form("base").Set("volume.declared", "400").Press("บันทึกส่วนนี้"))
		p := h.want(409)(b.Press("บันทึกส่วนนี้"))
		h.wellMade("th", p)
		h.has(p, "คุณdpo บันทึกส่วนนี้ระหว่างที่ท่านแก้ไข", "หมายเหตุของคนแรก", "หมายเหตุของคนที่สอง")
		p = h.want(303)(p.Form("base").Press("บันทึกตามที่ท่านแก้ไข"))
		h.has(p, "หมายเหตุของคนที่สอง")
		body, err := h.record.Body(ctx, "contact-us", 3)
		must(t, err)
		if !strings.Contains(body, "หมายเหตุของคนที่สอง") || !strings.Contains(body, "declared: 400") {
			t.Error("a save is lost")
		}
	})
}

func TestOnlyWhoPreparesTheRecordWritesItAndNotWhileItIsApproved(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	for _, who := range []string{"officer", "auditor", "registrar"} {
		h.get(who, "/th/office/records/contact-us/edit/part/data", 403)
		h.refused(who, "/th/office/records/contact-us/edit/part/data", "base=x&go=save", 403)
	}
	if !strings.Contains(h.get("dpo", "/th/office/records/contact-us", 200).Body, `href="/th/office/records/contact-us/edit/part/data#row-17"`) || strings.Contains(h.get("officer", "/th/office/records/contact-us", 200).Body, "/edit/part/") {
		t.Error("a row does not lead to where it is written, or leads there who may not write")
	}
	h.get("dpo", "/th/office/records/contact-us/edit/part/nothing", 404)
	h.get("dpo", "/th/office/records/nothing/edit/part/data", 404)
	h.refused("dpo", "/th/office/records/contact-us/edit/part/data", "base=x&go=add:prev_sha256", 409)
	p := h.want(303)(h.section("dpo", "contact-us", "basis").Form("base").Set("volume.declared", "400").Press("บันทึกส่วนนี้"))
	open := p.Form("base").Set("volume.declared", "500")
	h.act(h.get("dpo", "/th/office/records/contact-us/3", 200), "submit", 303)
	if p := h.want(409)(open.Press("บันทึกส่วนนี้")); p.Form("base").Values.Get("volume.declared") != "500" {
		t.Error("what was typed is gone when the revision is under approval")
	} else {
		h.wellMade("th", p)
	}
	p = h.get("dpo", "/th/office/records/contact-us/edit", 303)
	h.has(p, "ฉบับที่ 3", "อนุมัติ")
}

func TestWhatReallyHappenedIsShownBesideTheRecord(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	p := h.get("dpo", "/th/office/records/contact-us/2/observed", 200)
	h.wellMade("th", p)
	h.has(p, "เรื่องที่รับระหว่าง", "ยังไม่มีเรื่องผ่าน", "3. ")
	if p := h.get("dpo", "/en/office/records/contact-us/2/observed/svg?from=2026-01-01&to=2026-12-31", 200); p.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(p.Body, "<title") {
		t.Error("no picture")
	}
	if p := h.get("dpo", "/th/office/records/contact-us/2/observed/pdf", 200); !strings.HasPrefix(p.Body, "%PDF") {
		t.Error("no paper")
	}
	if p := h.get("dpo", "/th/office/records/contact-us/2/observed/docx", 200); !strings.HasPrefix(p.Body, "PK") || !strings.Contains(p.Header.Get("Content-Disposition"), "observed.docx") {
		t.Error("no document")
	}
	p = h.get("dpo", "/th/office/records/contact-us/2/observed?from=2026-02-31&to=x", 422)
	h.wellMade("th", p)
	if p.ByID("from-error") == nil || p.ByID("to-error") == nil {
		t.Error("a wrong day is not told at its field")
	}
	h.get("dpo", "/th/office/records/contact-us/2/observed/exe", 404)
	h.get("dpo", "/th/office/records/usage-analytics/2/observed", 404)
}

func TestANewActivityIsBegunFieldByFieldInItsMainProcess(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	p := h.want(422)(h.get("dpo", "/th/office/records/new", 200).Form("name_th").Set("code", "contact-us").Submit())
	h.wellMade("th", p)
	if p.ByID("name_th-error") == nil || p.ByID("code-error") == nil || p.ByID("group_name-error") == nil || p.Form("code").Values.Get("code") != "contact-us" {
		t.Error("what is wrong is not told at its field, or what was typed is gone")
	}
	p = h.want(303)(p.Form("name_th").Set("name_th", "ที่จอดรถผู้มาติดต่อ").Set("name_en", "Visitor parking").Set("code", "visitor-parking").Set("group_name", "งานอาคารสถานที่").Submit())
	h.has(p, "บันทึกฉบับร่างแล้ว", "ที่จอดรถผู้มาติดต่อ", "แก้ไขฉบับที่ 1")
	p = h.get("dpo", "/th/office/records", 200)
	h.has(p, "งานอาคารสถานที่", "ที่จอดรถผู้มาติดต่อ", "ติดต่อเรา")
	h.wellMade("th", p)
	if n := strings.Count(p.Body, `class="tight register-list"`); n != 2 {
		t.Errorf("%d main processes", n)
	}
	f := h.section("dpo", "visitor-parking", "data").Form("base").Set("form.elements.text", "ทะเบียนรถ")
	p = h.want(200)(click(f, "add:elements"))
	p = h.want(303)(p.Form("base").Set("elements.0.label.th", "ทะเบียนรถ").Set("elements.0.label.en", "Licence plate").Set("elements.0.kind", "content").Press("บันทึกส่วนนี้"))
	if got := p.Form("base").Values.Get("elements.0.code"); got != "licence-plate" {
		t.Errorf("the element is called %q", got)
	}
	h.has(h.get("dpo", "/th/office/records/visitor-parking/1", 200), "ทะเบียนรถ", "ไม่ระบุวัตถุประสงค์")
	h.refused("officer", "/th/office/records/begin", "code=x", 403)
}
