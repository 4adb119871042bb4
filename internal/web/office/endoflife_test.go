package office_test

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"prasan/internal/accounts"
	"prasan/internal/audit"
	"prasan/internal/breach"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/doc/xlsx"
	"prasan/internal/inspection"
	"prasan/internal/jobs"
	"prasan/internal/limits"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/referral"
	"prasan/internal/register"
	"prasan/internal/retention"
	"prasan/internal/rights"
	"prasan/internal/vault"
	"prasan/internal/web/office"
	"prasan/internal/webtest"
)

// endOfLife is what keeps the promises of the record in the house of the tests.
type endOfLife struct {
	rights    *rights.Service
	breach    *breach.Service
	retention *retention.Service
	told      int // persons to whom a notice was queued
}

// promise wires it and gives it to the face.
func (h *house) promise(d *office.Deps, v *vault.Vault, guard *processing.Service, log *audit.Log, queue *jobs.Queue, record *register.Store, agencies *org.Directory) {
	x := &endOfLife{}
	x.rights = rights.New(rights.Deps{DB: h.e.DB, Vault: v, Processing: guard, Audit: log, Record: record.Snapshot, Data: cases.OfPerson{Service: h.cases}, NewReference: cases.NewReference, NewCode: cases.NewCode, CleanCode: cases.CleanCode, Now: h.e.Clock.Now, TargetDays: 30,
		Limits: limits.New(v.Derive("limits"), true), Letters: d.Letters, Agencies: agencies, Central: "ops", Recipients: referral.Recipients, Held: retention.Held})
	x.breach = breach.New(breach.Deps{DB: h.e.DB, Vault: v, Processing: guard, Audit: log, Jobs: queue, Record: record.Snapshot, Now: h.e.Clock.Now, Terms: breach.DefaultTerms, Letters: d.Letters,
		Contact: func(code string) policy.Contact {
			a, _ := agencies.Get(code)
			return policy.Contact{Agency: a.Name, DPO: "เจ้าหน้าที่คุ้มครองข้อมูลส่วนบุคคล"}
		},
		Labels:   func(string) map[string]string { return map[string]string{"email": "อีเมล"} },
		Measures: breach.Measures{EndSessions: accounts.EndSessions, RotateKeys: func(*db.Tx, string, string) error { return nil }},
		Named:    func(*db.Tx, *policy.Snapshot, []policy.Principal, string) (map[string]string, error) { return nil, nil },
		Tell: func(_ context.Context, _ policy.Actor, subjects []string, _ string) (int, error) {
			x.told += len(subjects)
			return len(subjects), nil
		}})
	x.retention = retention.New(retention.Deps{DB: h.e.DB, Vault: v, Audit: log, Jobs: queue, Record: record.Snapshot, Within: agencies.Within, Now: h.e.Clock.Now, Letters: d.Letters, Agencies: agencies, Holders: []retention.Holder{cases.EndOfLife{Service: h.cases}}, Terms: retention.Terms{SurveyDays: 60, ArchivesDays: 60, ExtendYears: 1, KeyDays: 14}})
	d.Rights, d.Breach, d.Retention = x.rights, x.breach, x.retention
	d.Inspection = inspection.New(inspection.Deps{DB: h.e.DB, Vault: v, Audit: log, Record: record.Snapshot, Now: h.e.Clock.Now, Failed: func(context.Context, string) ([]inspection.Failed, error) { return nil, nil }})
	d.Contact = func(code string) policy.Contact {
		a, _ := agencies.Get(code)
		return policy.Contact{Agency: a.Name, DPO: "เจ้าหน้าที่คุ้มครองข้อมูลส่วนบุคคล"}
	}
	d.Labels = func(string, string) map[string]string { return map[string]string{"email": "อีเมล"} }
	h.life = x
}

// asked makes a request by the tracking code of a case of Rayong.
func (h *house) asked(right, message string) (rights.Receipt, string) {
	h.t.Helper()
	c, err := h.cases.Submit(ctx, cases.Submission{Site: rayong, Topic: "problem", Channel: "web", Lang: "th", Message: message, NoticeID: "n1", Nonce: []byte(db.NewID()), FormAge: time.Minute, Sender: map[string]string{"given_name": "มานี", "email": "manee@example.com"}})
	must(h.t, err)
	r, err := h.life.rights.Submit(ctx, rights.Submission{Right: right, Statement: "ขอให้ลบเลขบัตร", Channel: "web", Lang: "th", CaseReference: c.Reference, Code: c.Code, Addr: "192.0.2.1"})
	must(h.t, err)
	return r, c.Reference
}

func TestARequestIsDecidedCarriedOutAndAnswered(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		r, of := h.asked(rights.Erasure, "บัตรประชาชน 1-2345-67890-12-1 ของผม")
		h.has(h.get("dpo", "/th/office/rights", 200), r.Reference, "เหลือ 90 วัน", "ขอให้ลบหรือทำลายข้อมูล")
		p := h.get("dpo", "/th/office/rights/"+r.Reference, 200)
		h.has(p, of, "รหัสติดตามถูกต้อง", "ไม่เก็บสำเนาบัตร", "ใช้ไม่ได้", "มาตรา 33", "บันทึกการประมวลผล", "national-id")
		h.lacks(p, "ขอให้ลบเลขบัตร", "1-2345-67890-12-1")
		p = h.act(p, "statement", 200)
		h.has(p, "ขอให้ลบเลขบัตร")

		p = h.act(p, "decide", 422, "outcome", "refused", "reasons", "จำเป็นต่อภารกิจ")
		h.has(p, "โปรดระบุมาตรา")
		if f := h.form(p, "/decide"); f.Values.Get("reasons") != "จำเป็นต่อภารกิจ" || f.Values.Get("outcome") != "refused" || p.ByID("decide-ground") == nil || !strings.Contains(p.Body, `href="#decide-ground"`) {
			t.Error("what was typed is gone, or the summary leads nowhere")
		}
		p = h.act(p, "decide", 303, "outcome", "partly", "ground", "มาตรา ๓๓", "reasons", "จำเป็นต่อภารกิจ")
		h.has(p, "บันทึกแล้ว: พิจารณาคำร้อง")
		p = h.act(p, "execute", 303)
		h.has(p, "ลบข้อมูลที่เกินจากบันทึกรายการประมวลผลแล้ว 1 รายการ")
		p = h.act(p, "answer", 409, "text", "ลบเลขบัตรแล้ว")
		h.has(p, "ออกเลขจากทะเบียน")
		h.act(p, "draft", 303)
		number := h.lettered(r.Reference)
		p = h.get("dpo", "/th/office/rights/"+r.Reference, 200)
		h.has(p, number, "ประทับรับรองแล้ว")
		p = h.act(p, "answer", 303, "text", "ลบเลขบัตรแล้ว")
		p = h.act(p, "close", 303)
		if hasForm(p, "/decide") || hasForm(p, "/close") {
			t.Error("something is still offered")
		}
		h.has(h.get("dpo", "/th/office/rights/refusals", 200), r.Reference, "มาตรา 33", "จำเป็นต่อภารกิจ")
	})
}

// lettered takes the letter of a request to its seal, by the head of its agency.
func (h *house) lettered(reference string) (number string) {
	h.t.Helper()
	var id string
	must(h.t, h.e.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT letter_id FROM rights_requests WHERE reference = $1`, []any{reference}, &id)
	}))
	return h.signed(id)
}

func (h *house) signed(id string) (number string) {
	h.t.Helper()
	p := h.get("head", "/th/office/letters/"+id, 200)
	for _, act := range []string{"check", "approve", "number"} {
		p = h.act(p, act, 303)
	}
	must(h.t, h.life.rights.Letters.Seal(ctx, id))
	l, err := h.life.rights.Letters.Get(ctx, policy.Actor{Account: "head", Agency: "rayong", Roles: []string{"head"}, IsHead: true}, id)
	must(h.t, err)
	return l.NumberText
}

func TestTheCopyIsHandedOutToWhoHasTheCode(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	r, _ := h.asked(rights.Access, "ขอทราบผล")
	p := h.get("head", "/th/office/rights/"+r.Reference, 200)
	p = h.act(p, "decide", 303, "outcome", "granted", "reasons", "ได้ตามมาตรา 30")
	p = h.act(p, "copy", 422, "code", "AAAA-AAAA")
	h.has(p, "รหัสคำร้องไม่ถูกต้อง")
	got := h.act(p, "copy", 200, "code", r.Code)
	if got.Header.Get("Content-Type") != "application/zip" || !strings.HasPrefix(got.Body, "PK") {
		t.Errorf("%v", got.Header)
	}
}

func TestARequestIsTakenDownAtTheCounter(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	of := h.receive()
	p := h.get("officer", "/th/office/rights/new", 200)
	f := h.form(p, "/rights/new").Set("reference", cases.NewReference()).Set("right", rights.Access).Set("statement", "ขอสำเนา").Set("consent_number", "")
	p = h.want(422)(f.Submit())
	h.has(p, "ไม่พบเรื่องเลขที่นี้")
	f = h.form(p, "/rights/new")
	if f.Values.Get("statement") != "ขอสำเนา" || f.Values.Get("right") != rights.Access {
		t.Errorf("%v", f.Values)
	}
	p = h.want(422)(f.Set("reference", strings.ToLower(of)).Set("right", rights.Erasure).Set("consent_number", "GA1.1").Submit())
	h.has(p, "เลขที่หลักฐานความยินยอมไม่ถูกต้อง")
	number := db.NewID()
	p = h.want(200)(h.form(p, "/rights/new").Set("consent_number", number).Submit())
	h.has(p, "R-", "รับคำร้องแล้ว")
	all, err := h.life.rights.List(ctx, policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}})
	must(t, err)
	if len(all) != 1 || all[0].Identity != "counter" || all[0].CaseReference != of {
		t.Fatalf("%+v", all)
	}
	h.has(h.get("dpo", "/th/office/rights/"+all[0].Reference, 200), number)
}

func TestWhoHasNoRightSeesNothing(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	r, _ := h.asked(rights.Access, "ขอทราบผล")
	h.lacks(h.get("other", "/th/office/rights", 200), r.Reference)
	h.get("other", "/th/office/rights/"+r.Reference, 404)
	h.get("ict", "/th/office/rights", 403)
	h.get("auditor", "/th/office/rights/new", 403)
	if p := h.get("registrar", "/th/office/rights/"+r.Reference, 200); hasForm(p, "/decide") {
		t.Error("who may not decide is offered to")
	}
	b, err := h.life.breach.Report(ctx, policy.Actor{Account: "head", Agency: "rayong", Roles: []string{"head"}}, breach.Report{Agency: "rayong", Activity: cases.Activity, Kinds: breach.Kinds[:1], Channel: "office", Description: "ส่งผิดคน", OccurredFrom: dbtest.Start, OccurredTo: dbtest.Start})
	must(t, err)
	h.get("officer", "/th/office/breaches/"+b.ID, 403)
	h.lacks(h.get("officer", "/th/office/breaches", 200), b.ID, "ความลับ")
	h.get("registrar", "/th/office/breaches/"+b.ID, 403)
}

func TestADPORunsABreachDrillThroughThePages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		ref := h.receive()
		_, err := h.cases.Sender(ctx, policy.Actor{Account: "head", Agency: "rayong", Roles: []string{"head"}, IsHead: true}, ref, "communicate")
		must(t, err)
		f := h.form(h.get("officer", "/th/office/breaches/new", 200), "/breaches/new")
		p := h.want(422)(f.Set("drill", "yes").Submit())
		h.has(p, "โปรดเลือกประเภทของการละเมิด")
		if p.ByID("new-kinds") == nil || p.ByID("new-description") == nil || h.form(p, "/breaches/new").Values.Get("drill") != "yes" {
			t.Error("the summary leads nowhere, or the drill is forgotten")
		}
		p = h.want(303)(h.form(p, "/breaches/new").Set("kinds", "confidentiality").Set("description", "ซ้อม: ส่งอีเมลผิดคน").Submit())
		h.has(p, "แจ้งเหตุแล้ว")
		all, err := h.life.breach.List(ctx, policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}})
		must(t, err)
		path := "/th/office/breaches/" + all[0].ID
		h.has(h.get("dpo", "/th/office/breaches", 200), "การซ้อม", "รอผู้รับผิดชอบรับทราบ")
		p = h.act(h.get("dpo", path, 200), "aware", 303)
		h.has(p, "เหลือ 7", "เป็นการซ้อม")
		e.Clock.Advance(10*time.Hour + 30*time.Minute)
		delete(h.tabs, "dpo")
		p = h.get("dpo", path, 200)
		h.has(p, "เหลือ 61 ชม.")
		p = h.act(p, "contain", 303, "text", "เรียกอีเมลคืน")
		p = h.act(p, "assess", 422, "reasons", "ส่งผิดหนึ่งฉบับ", "factor-type", "ความลับ")
		h.has(p, "โปรดประเมินปัจจัยนี้", "โปรดเลือกระดับความเสี่ยง")
		if f := h.form(p, "/assess"); f.Values.Get("factor-type") != "ความลับ" || p.ByID("assess-factor-data") == nil || !strings.Contains(p.Body, `href="#assess-factor-data"`) {
			t.Error("what was typed is gone, or the summary leads nowhere")
		}
		fields := []string{"risk", "high", "effects", "อาจถูกรบกวน", "measures", "อบรม", "from", "2026-11-01T00:00", "to", "2026-12-31T00:00"}
		for _, x := range breach.Factors {
			fields = append(fields, "factor-"+x, "พิจารณาแล้ว")
		}
		p = h.act(p, "assess", 303, fields...)
		h.has(p, "เจ้าของข้อมูล 1 ราย", "ส่งผิดหนึ่งฉบับ", "เรียกอีเมลคืน", "อีเมล")
		h.has(h.get("dpo", path+"/notice", 200), "การซ้อม", "เลขาธิการคณะกรรมการคุ้มครองข้อมูลส่วนบุคคล", "อาจถูกรบกวน", "1 ราย")
		p = h.act(p, "take", 303, "measure", "sessions", "reason", "ซ้อมยุติการเข้าใช้งาน")
		h.has(p, "ยุติการเข้าใช้งาน · ซ้อมยุติการเข้าใช้งาน")
		p = h.act(p, "notify", 409)
		h.has(p, "ต้องมีหนังสือถึง สคส.")
		p = h.act(p, "draft", 303)
		h.has(p, "(การซ้อม) แจ้งเหตุการละเมิดข้อมูลส่วนบุคคล")
		b, err := h.life.breach.Get(ctx, policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}, all[0].ID)
		must(t, err)
		signing := h.get("head", "/th/office/letters/"+b.LetterID, 200)
		for _, act := range []string{"check", "approve"} {
			signing = h.act(signing, act, 303)
		}
		h.has(h.act(signing, "number", 409), "เป็นหนังสือของการซ้อม")
		p = h.act(h.get("dpo", path, 200), "notify", 303)
		p = h.act(p, "close", 409, "lessons", "ตรวจที่อยู่ก่อนส่ง")
		h.has(p, "ยังไม่ได้แจ้งเจ้าของข้อมูลส่วนบุคคล")
		if h.form(p, "/close").Values.Get("lessons") != "ตรวจที่อยู่ก่อนส่ง" {
			t.Error("what was typed is gone")
		}
		p = h.act(p, "notify-subjects", 303, "text", "เรียน เจ้าของข้อมูล")
		h.has(p, "การซ้อม: จะแจ้ง 1 ราย")
		p = h.act(p, "close", 303, "lessons", "ตรวจที่อยู่ก่อนส่ง")
		h.has(p, "ปิดเหตุ", "ตรวจที่อยู่ก่อนส่ง")
		if h.life.told != 0 {
			t.Errorf("%d persons were told in a drill", h.life.told)
		}
	})
}

func TestALateNoticeWantsItsReasons(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	dpo := policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}
	b, err := h.life.breach.Report(ctx, dpo, breach.Report{Agency: "rayong", Activity: cases.Activity, Kinds: breach.Kinds[:1], Channel: "office", Description: "ส่งผิดคน", OccurredFrom: dbtest.Start, OccurredTo: dbtest.Start})
	must(t, err)
	_, err = h.life.breach.BeAware(ctx, dpo, b.ID)
	must(t, err)
	h.e.Clock.Advance(73 * time.Hour)
	p := h.get("dpo", "/th/office/breaches/"+b.ID, 200)
	h.has(p, "เกินกำหนด 1 ชม.")
	p = h.act(p, "draft", 422)
	p = h.act(p, "draft", 303, "late_reason", "ระบบสื่อสารล่ม")
	b, err = h.life.breach.Get(ctx, dpo, b.ID)
	must(t, err)
	number := h.signed(b.LetterID)
	p = h.act(h.get("dpo", "/th/office/breaches/"+b.ID, 200), "notify", 303)
	h.has(p, number)
}

func TestARoundGoesFromSurveyToCertificateThroughThePages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		head := policy.Actor{Account: "head", Agency: "rayong", Roles: []string{"head"}, IsHead: true}
		var refs []string
		for range 4 {
			ref := h.receive()
			_, err := h.cases.Triage(ctx, head, ref, cases.Relevant, "อยู่ในอำนาจหน้าที่")
			must(t, err)
			_, err = h.cases.Close(ctx, head, ref, "done", "เสร็จสิ้น")
			must(t, err)
			refs = append(refs, ref)
		}
		e.Clock.Set(time.Date(2037, 1, 2, 3, 0, 0, 0, time.UTC))
		_, err := h.life.retention.OpenRounds(ctx, cases.Activity)
		must(t, err)
		rounds, err := h.life.retention.Rounds(ctx, head)
		must(t, err)
		id := rounds[0].ID
		path := "/th/office/retention/rounds/" + id
		h.has(h.get("bare", "/th/office/retention", 200), "2579", "เปิดรอบ", "สำรวจภายใน")
		h.get("other", path, 404)
		p := h.get("bare", path, 200)
		h.has(p, "สำหรับการสำรวจ", "ยังไม่ได้สำรวจ")
		h.get("bare", path+"/list.csv", 404)
		p = h.act(p, "survey", 303, "path", retention.ByCommittee)
		h.has(p, refs[0], refs[3], "ยังไม่พิจารณา")
		if hasForm(p, "/name-committee") || hasForm(p, "/order") {
			t.Error("what is the duty holder's is offered to others")
		}
		p = h.get("head", path, 200)
		p = h.act(p, "name-committee", 422, "name-1", "ก", "position-1", "นักวิชาการ")
		h.has(p, "คณะกรรมการต้องมีประธานหนึ่งคน")
		if p.ByID("name-committee-name-1") == nil || h.form(p, "/name-committee").Values.Get("name-1") != "ก" {
			t.Error("what was typed is gone, or the summary leads nowhere")
		}
		p = h.act(p, "name-committee", 303, "name-2", "ข", "position-2", "เจ้าพนักงาน", "name-3", "ค", "position-3", "เจ้าพนักงาน", "chair", "2")
		h.has(p, "ประธานกรรมการ")
		p = h.act(h.get("bare", path, 200), "decide", 422, "decision", "extend", "items", "1-x")
		h.has(p, "โปรดกรอกลำดับที่เป็นตัวเลข")
		p = h.act(p, "decide", 303, "items", "๑", "dissent", "ควรทำลาย")
		p = h.act(p, "review", 409)
		h.has(p, "ยังมี 3 รายการ")
		p = h.act(p, "decide", 303, "decision", "destroy")
		h.has(p, "ขยายเวลาการเก็บ", "ความเห็นแย้ง: ควรทำลาย")
		p = h.act(p, "review", 303)
		p = h.act(p, "draft", 303)
		h.has(p, "ขอส่งบัญชีหนังสือขอทำลาย ประจำปี 2579")
		r, _, err := h.life.retention.Get(ctx, head, id, 0, 1)
		must(t, err)
		number := h.signed(r.ArchivesLetterID)
		must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := h.life.rights.Letters.DispatchIn(tx, head, r.ArchivesLetterID, map[string]string{})
			return err
		}))
		p = h.get("bare", path, 200)
		h.has(p, number, "เหลือ 60 วันที่หอจดหมายเหตุฯ")
		p = h.act(p, "answer", 303, "text", "เห็นชอบ", "claimed", "4")
		p = h.act(h.get("head", path, 200), "order", 303, "number", "1/2580")
		h.has(p, "1/2580", "มีคำสั่งทำลาย")
		must(t, h.life.retention.Execute(ctx, id))
		p = h.get("bare", path, 200)
		h.has(p, "ใบรับรองการทำลาย", "ทำลาย 2 · ขยายเวลา 1 · หอจดหมายเหตุฯ 1 · ระงับ 0", "ทำลายแล้ว")
		h.has(h.get("bare", "/th/office/retention", 200), "จำนวนที่ทำลายแล้ว")
		got := h.get("bare", path+"/certificate.json", 200)
		if c, err := retention.VerifyCertificate([]byte(got.Body)); err != nil || c.OrderNumber != "1/2580" {
			t.Errorf("%+v %v", c, err)
		}
		h.lists(path, refs)
	})
}

// lists checks the list as a spreadsheet and as text.
func (h *house) lists(path string, refs []string) {
	h.t.Helper()
	csv := h.get("registrar", path+"/list.csv", 200)
	book, err := xlsx.Read([]byte(h.get("registrar", path+"/list.xlsx", 200).Body))
	must(h.t, err)
	var all bytes.Buffer
	for _, line := range book.Sheets[0].Rows {
		all.WriteString(strings.Join(line, "|") + "\n")
	}
	for _, want := range append([]string{"ลำดับที่", "การพิจารณา", "ความเห็นแย้ง: ควรทำลาย"}, refs...) {
		if !strings.Contains(csv.Body, want) || !strings.Contains(all.String(), want) {
			h.t.Errorf("the lists lack %q", want)
		}
	}
	if pdf := h.get("registrar", path+"/list.pdf", 200); pdf.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(pdf.Body, "%PDF") {
		h.t.Errorf("%v", pdf.Header)
	}
	if !strings.HasPrefix(csv.Body, "\ufeff") {
		h.t.Error("spreadsheets will not know that it is UTF-8")
	}
}

func TestAHoldKeepsAnItemAndAnInspectorSignsTheCheck(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	head := policy.Actor{Account: "head", Agency: "rayong", Roles: []string{"head"}, IsHead: true}
	ref := h.receive()
	_, err := h.cases.Triage(ctx, head, ref, cases.Relevant, "อยู่ในอำนาจหน้าที่")
	must(t, err)
	_, err = h.cases.Close(ctx, head, ref, "done", "เสร็จสิ้น")
	must(t, err)
	h.e.Clock.Set(time.Date(2037, 1, 2, 3, 0, 0, 0, time.UTC))
	_, err = h.life.retention.OpenRounds(ctx, cases.Activity)
	must(t, err)
	_, err = h.life.retention.Monitor(ctx, cases.Activity)
	must(t, err)
	rounds, err := h.life.retention.Rounds(ctx, head)
	must(t, err)
	path := "/th/office/retention/rounds/" + rounds[0].ID
	p := h.act(h.get("head", path, 200), "survey", 303, "path", retention.ByOrder)
	h.has(p, "ผู้ขอทำลายอนุมัติเองไม่ได้")
	p = h.act(p, "hold", 422, "item", "7", "reason", "มีคดี", "order", "คดี 1/2580")
	h.has(p, "ไม่มีรายการที่ 7")
	h.act(p, "hold", 303, "item", "1")
	list := h.get("head", "/th/office/retention", 200)
	h.has(list, "มีคดี", "คดี 1/2580", "รอลงนาม", "มกราคม 2580")
	var sign, release *webtest.Form
	for _, f := range list.Forms() {
		switch {
		case strings.Contains(f.Action, "/monitoring/"):
			sign = f
		case strings.Contains(f.Action, "/holds/"):
			release = f
		}
	}
	if sign == nil || release == nil {
		t.Fatal("nothing to sign, or nothing to release")
	}
	h.has(h.want(303)(sign.Submit()), "ลงนามผลการตรวจสอบแล้ว")
	h.has(h.want(303)(release.Submit()), "ไม่มีรายการที่ระงับการทำลาย")
}

var rawKey = regexp.MustCompile(`\b(rights|breach|round)\.[a-z][a-z-]+`)

// sound checks how a page is made, in both languages.
func (h *house) sound(who, path string) {
	h.t.Helper()
	for _, lang := range []string{"th", "en"} {
		p := h.get(who, "/"+lang+path, 200)
		for _, fault := range p.Faults(lang) {
			h.t.Errorf("%s: %s", p.URL, fault)
		}
		if key := rawKey.FindString(webtest.Text(p.Doc)); key != "" {
			h.t.Errorf("%s: %q is not translated", p.URL, key)
		}
	}
}

func TestEachPageOfTheEndOfLifeIsSoundInBothLanguages(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	var refs []string
	for _, l := range rights.Laws {
		r, _ := h.asked(l.Right, "ขอใช้สิทธิ")
		h.sound("dpo", "/office/rights/"+r.Reference)
		refs = append(refs, r.Reference)
	}
	p := h.get("dpo", "/th/office/rights/"+refs[len(refs)-3], 200) // rectification
	p = h.act(p, "decide", 303, "outcome", "granted", "reasons", "ได้")
	h.sound("dpo", "/office/rights/"+refs[len(refs)-3])
	p = h.act(p, "execute", 422, "element", "given_name", "value", "")
	p = h.act(p, "execute", 303, "element", "given_name", "value", "มาลี")
	h.act(p, "draft", 303)
	h.lettered(refs[len(refs)-3])
	h.act(h.get("dpo", "/th/office/rights/"+refs[len(refs)-3], 200), "answer", 303, "text", "แก้ไขแล้ว")
	h.sound("dpo", "/office/rights/"+refs[len(refs)-3])
	for _, path := range []string{"/office/rights", "/office/rights/new", "/office/rights/refusals", "/office/breaches", "/office/breaches/new", "/office/retention"} {
		h.sound("head", path)
	}
	dpo := policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}
	b, err := h.life.breach.Report(ctx, dpo, breach.Report{Agency: "rayong", Activity: cases.Activity, Kinds: breach.Kinds, Channel: "system", Description: "ข้อมูลหาย", OccurredFrom: dbtest.Start, OccurredTo: dbtest.Start})
	must(t, err)
	path := "/office/breaches/" + b.ID
	h.sound("dpo", path)
	p = h.act(h.get("dpo", "/th"+path, 200), "aware", 303)
	h.sound("dpo", path)
	fields := []string{"risk", "none", "effects", "ไม่มี", "measures", "กู้คืนแล้ว", "reasons", "กู้คืนได้ครบ"}
	for _, x := range breach.Factors {
		fields = append(fields, "factor-"+x, "น้อย")
	}
	p = h.act(p, "assess", 303, fields...)
	if hasForm(p, "/confirm") {
		t.Error("who assessed is offered to confirm")
	}
	h.act(h.get("head", "/th"+path, 200), "confirm", 303)
	h.sound("head", path)
	h.sound("head", path+"/notice")
	h.act(h.get("dpo", "/th"+path, 200), "close", 303, "lessons", "สำรองข้อมูลถี่ขึ้น")
	h.sound("dpo", path)
}

func TestAnInspectorReportsAndHasItFollowedUp(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	if hasForm(h.get("bare", "/th/office/inspections", 200), "/begin") {
		t.Error("an inspection is offered to somebody whom the record does not name")
	}
	p := h.get("dpo", "/th/office/inspections", 200)
	p = h.act(p, "begin", 303, "activity", cases.Activity)
	h.has(p, "รายการที่ควรดู", "กำลังตรวจ")
	p = h.act(p, "report", 422, "looked", "บัญชีผู้ใช้")
	h.has(p, "โปรดเลือกผลการตรวจ")
	p = h.act(p, "report", 303, "found", "มีบัญชีที่ไม่ใช้", "conclusion", "minor", "point-1", "ปิดบัญชีที่ไม่ใช้", "owner-1", "head", "due-1", "2027-01-31T16:00")
	h.has(p, "ปิดบัญชีที่ไม่ใช้", "มีข้อสังเกต")
	p = h.act(p, "sign", 303)
	h.has(p, "รายงานตรงกับที่ลงนาม")
	h.has(h.get("head", "/th/office/inspections", 200), "มีข้อสังเกต")
	p = h.act(p, "settle", 303, "no", "๑", "done", "ปิดแล้ว")
	h.has(p, "แก้ไขแล้ว")
}
