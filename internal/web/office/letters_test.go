package office_test

import (
	"bytes"
	"context"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"prasan/internal/audit"
	"prasan/internal/blob"
	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
	"prasan/internal/inbox"
	"prasan/internal/jobs"
	"prasan/internal/letters"
	"prasan/internal/limits"
	"prasan/internal/mail"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/referral"
	"prasan/internal/saraban"
	"prasan/internal/vault"
	"prasan/internal/web/office"
	"prasan/internal/webtest"
)

// correspond gives the house its registry.
func (h *house) correspond(d *office.Deps, v *vault.Vault, guard *processing.Service, log *audit.Log, queue *jobs.Queue) {
	post := mail.New(mail.Deps{DB: h.e.DB, Vault: v, Audit: log, Jobs: queue, Now: h.e.Clock.Now, Processing: guard, Config: mail.Config{Domain: "industry.test", SiteURL: func(string) string { return "" }, Sender: func(string, string) mail.Sender { return mail.Sender{} }}})
	d.Letters = letters.New(letters.Deps{DB: h.e.DB, Vault: v, Processing: guard, Audit: log, Jobs: queue, Agencies: d.Agencies, Record: h.record.Snapshot, Now: h.e.Clock.Now})
	d.Saraban = saraban.New(saraban.Deps{DB: h.e.DB, Vault: v, Processing: guard, Audit: log, Jobs: queue, Mail: post, Letters: d.Letters, Agencies: d.Agencies, Record: h.record.Snapshot, Now: h.e.Clock.Now})
	d.Referral = referral.New(referral.Deps{DB: h.e.DB, Vault: v, Processing: guard, Audit: log, Cases: h.cases, Letters: d.Letters, Saraban: d.Saraban, Agencies: d.Agencies, Record: h.record.Snapshot, Now: h.e.Clock.Now, ReplyWithin: 15 * 24 * time.Hour, FollowUpAfter: 180 * 24 * time.Hour})
	h.inbound = inbox.New(inbox.Deps{DB: h.e.DB, Vault: v, Processing: guard, Audit: log, Jobs: queue, Limits: limits.New(v.Derive("limits"), true), Mail: post, Cases: h.cases, Referral: d.Referral, Saraban: d.Saraban, Agencies: d.Agencies, Record: h.record.Snapshot, Now: h.e.Clock.Now, Agency: "rayong",
		Stage: func(ctx context.Context, name string, r io.Reader) (cases.Staged, error) {
			f, err := h.cases.Files.(*blob.Files).Stage(ctx, name, r)
			return cases.Staged(f), err
		}})
	d.Inbox = h.inbound
	if d.Labels == nil {
		d.Labels = func(activity, _ string) map[string]string {
			out := map[string]string{}
			for _, e := range h.record.Snapshot(activity).Elements {
				out[e.Code] = e.Label.TH
			}
			return out
		}
	}
}

// post sends values that a form can have several of.
func (h *house) post(name, from, path string, status int, values url.Values) *webtest.Page {
	h.t.Helper()
	f := h.form(h.get(name, from, 200), path)
	for k := range values {
		if !f.Names[k] {
			h.t.Fatalf("%s has no field %q", path, k)
		}
	}
	f.Values = values
	return h.want(status)(f.Submit())
}

func TestACaseIsReferredThroughThePages(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		ref := h.receive(func(s *cases.Submission) {
			s.Message = "โรงงานปล่อยกลิ่นเหม็น"
		})
		page := "/th/office/cases/" + ref
		if p := h.get("officer", page, 200); !strings.Contains(webtest.Text(p.Doc), "ส่งหน่วยงานที่เกี่ยวข้อง") {
			t.Error("the case offers no referral")
		}
		h.get("other", page+"/refer", 404)
		h.get("bare", page+"/refer", 200) // he may route, but the record opens nothing for him
		p := h.get("officer", page+"/refer", 200)
		h.has(p, "กรมโรงงานอุตสาหกรรม", "พบคำในเรื่อง", "ตรวจชื่อหน่วยงานปลายทางแล้ว")
		h.lacks(p, "กรมควบคุมมลพิษ")
		values := url.Values{"agency": {"diw"}, "reason": {"อยู่ในอำนาจหน้าที่"}, "fields": {"message", "mobile_phone"}, "checks": {"agency"}, "contact": {""}}
		p = h.post("officer", page+"/refer", "/refer", 422, values)
		h.has(p, "โปรดตรวจชื่อหน่วยงานและตรวจเนื้อหาก่อนส่ง", "อยู่ในอำนาจหน้าที่")
		values["checks"] = []string{"agency", "content"}
		p = h.post("officer", page+"/refer", "/refer", 303, values)
		h.has(p, "ร่างหนังสือแล้ว", "ร่างหนังสือ")
		at := p.URL.Path
		letter := letterOf(p)
		if letter == "" {
			t.Fatal("the referral leads to no letter")
		}
		h.act(h.get("registrar", letter, 200), "check", 303)
		h.act(h.get("head", letter, 200), "approve", 303)
		h.act(h.get("registrar", letter, 200), "number", 303)
		h.act(h.get("registrar", letter, 200), "dispatch", 303, "channel", "file")
		h.has(h.get("registrar", "/th/office/registers/out", 200), "รย 0033/1")
		h.get("registrar", "/th/office/registers/out/register.pdf", 200)
		h.has(h.get("officer", "/th/office/disclosures", 200), ref, "รย 0033/1", "กรอ.")
		h.has(h.get("dpo", "/th/office/disclosures", 200), ref)
		h.get("registrar", letter+"/letter.pdf", 200)
		p = h.act(h.get("officer", at, 200), "answer", 303, "text", "สั่งให้ปรับปรุงแล้ว", "to", "sender")
		h.has(p, "หน่วยงานแจ้งผลแล้ว")
		h.lacks(p, "สั่งให้ปรับปรุงแล้ว")
		h.has(h.want(200)(h.form(p, "/words").Submit()), "สั่งให้ปรับปรุงแล้ว", "อยู่ในอำนาจหน้าที่")
		p = h.act(h.get("officer", at, 200), "publish", 303, "text", "โรงงานปรับปรุงแล้ว")
		h.has(p, "แจ้งประชาชนแล้ว")
		h.has(h.get("officer", "/th/office/referrals", 200), ref, "แจ้งประชาชนแล้ว")
		if c, err := h.cases.Known(ctx, policy.Actor{Account: "head", Agency: "rayong", Roles: []string{"head"}}, ref); err != nil || c.State != cases.Answered {
			t.Errorf("the case is %s: %v", c.State, err)
		}
		h.has(h.get("officer", "/th/office/cases/"+ref, 200), "ส่งถึงกรอ.", "ติดตามข้อมูลหลังส่งมอบ")
		h.has(h.get("dpo", "/th/office/disclosures", 200), "หลังส่งมอบ", "รอกำหนด")
		follow := hrefOf(h.get("dpo", "/th/office/follow-ups", 200), "/office/follow-ups/")
		h.get("other", follow, 404)
		p = h.act(h.get("officer", follow, 200), "ask", 303)
		h.has(p, "หนังสือราชการ", "ร่างหนังสือแล้ว")
		p = h.act(p, "answer", 422, "outcome", "needed", "until", "พรุ่งนี้")
		p = h.act(p, "answer", 303, "outcome", "destroyed", "note", "ทำลายเมื่อวันที่ 2 ธันวาคม 2569")
		h.lacks(p, "2 ธันวาคม 2569")
		h.has(h.want(200)(h.form(p, "/note").Submit()), "2 ธันวาคม 2569")
		h.has(h.get("dpo", "/th/office/disclosures", 200), "ลบหรือทำลายแล้ว")
		h.get("other", at, 404)
		h.wellMade("th", h.get("officer", at, 200), h.get("officer", "/th/office/referrals", 200), h.get("officer", "/th/office/disclosures", 200), h.get("officer", "/th/office/follow-ups", 200), h.get("officer", follow, 200), h.get("officer", "/th/office/cases/"+h.receive()+"/refer", 200))
	})
}

// hrefOf is where a page's first link to something below a path leads.
func hrefOf(p *webtest.Page, below string) string {
	for n := range p.Doc.Descendants() {
		for _, a := range n.Attr {
			if at := strings.Index(a.Val, below); a.Key == "href" && at >= 0 && len(a.Val) > at+len(below) {
				return a.Val
			}
		}
	}
	return ""
}

// letterOf is where a page's link to a letter leads.
func letterOf(p *webtest.Page) string {
	for n := range p.Doc.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "href" && strings.Contains(a.Val, "/office/letters/") {
				return a.Val
			}
		}
	}
	return ""
}

// sendFile fills in the form of a page and posts it with a file.
func (h *house) sendFile(name, path string, status int, values map[string]string, files ...webtest.File) *webtest.Page {
	h.t.Helper()
	f := h.form(h.get(name, path, 200), strings.TrimPrefix(path, "/th/office"))
	for k, v := range values {
		f.Set(k, v)
	}
	return h.want(status)(f.Submit(files...))
}

// A letter on paper is registered with its scan on either side; a preview keeps nothing.
func TestPaperAndPreviewThroughThePages(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	png := append([]byte("\x89PNG\r\n\x1a\n"), bytes.Repeat([]byte{1}, 300)...)
	h.get("officer", "/th/office/letters/paper", 403)
	values := map[string]string{"kind": "external", "to": "diw", "subject": "ขอส่งเอกสาร", "dated": "2026-11-24", "signer": "นายสมมติ ตัวอย่าง", "position": "อุตสาหกรรมจังหวัดระยอง", "secrecy": "none", "urgency": "none"}
	scan := webtest.File{Field: "attachment", Name: "a.png", Content: png}
	h.has(h.sendFile("registrar", "/th/office/letters/paper", 422, values), "ไฟล์สแกน")
	p := h.sendFile("registrar", "/th/office/letters/paper", 303, values, scan)
	h.has(p, "รย 0033/1", "นายสมมติ ตัวอย่าง", "PNG")
	if f := h.get("registrar", p.URL.Path+"/letter.png", 200); f.Body != string(png) {
		t.Error("the scan is not as it was")
	}
	h.get("registrar", p.URL.Path+"/letter.docx", 404)
	in := map[string]string{"from_name": "บริษัท ตัวอย่าง จำกัด", "number": "ตย 1/2569", "dated": "2026-11-20", "subject": "ขอข้อมูล", "secrecy": "none", "urgency": "none"}
	h.has(h.sendFile("registrar", "/th/office/letters/scan", 303, in, scan), "ลงทะเบียนแล้ว", "1/2569")
	h.has(h.sendFile("registrar", "/th/office/letters/scan", 409, in, scan), "ลงทะเบียนรับแล้ว")
	form := h.form(h.get("registrar", "/th/office/letters/new", 200), "/letters/new")
	form.Set("subject", "ทดสอบ 123")
	form.Set("text", "ย่อหน้าแรก เลข 45")
	p = h.want(200)(form.Press("ดูตัวอย่างหนังสือ"))
	h.has(p, "ทดสอบ ๑๒๓", "ย่อหน้าแรก เลข ๔๕", "รย ๐๐๓๓/", "ขอแสดงความนับถือ")
	h.lacks(h.get("registrar", "/th/office/letters", 200), "ทดสอบ 123")
	// Who is in no directory is addressed as he was named.
	form.Set("to_name", "นายกสมาคมตัวอย่าง")
	h.has(h.want(200)(form.Press("ดูตัวอย่างหนังสือ")), "นายกสมาคมตัวอย่าง")
	h.has(h.want(303)(form.Submit()), "นายกสมาคมตัวอย่าง")
	h.has(h.get("registrar", "/th/office/seals", 200), "ใบรับรองของส่วนราชการ")
	h.wellMade("th", p, h.get("registrar", "/th/office/letters/paper", 200), h.get("registrar", "/th/office/letters/scan", 200), h.get("registrar", "/th/office/seals", 200), h.get("registrar", "/th/office/letters/new", 200))
}
