package office_test

import (
	"strings"
	"testing"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/inbox"
)

// mailed has a mail come in.
func (h *house) mailed(lines ...string) string {
	h.t.Helper()
	raw := strings.Join(lines, "\r\n")
	must(h.t, h.inbound.Take(ctx, inbox.Arrival{Mailbox: "m", Raw: []byte(raw), Size: int64(len(raw))}))
	var id string
	must(h.t, h.e.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT id FROM inbound ORDER BY id DESC LIMIT 1`, nil, &id)
	}))
	must(h.t, h.inbound.Sort(ctx, id))
	return "/th/office/mail/" + id
}

func TestMailWaitsInThePenUntilAPersonDecides(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		ref := h.receive(func(s *cases.Submission) {
			s.Message = "โรงงานปล่อยกลิ่นเหม็น"
		})
		at := h.mailed("From: Somebody <somebody@example.com>", "To: post@industry.test", "Subject: about <b>smell</b>", "Message-ID: <1@example.com>", "Content-Type: multipart/mixed; boundary=b", "",
			"--b", "Content-Type: text/html", "", "<p>I smell it <script>alert(1)</script>too</p>", "--b", "Content-Type: application/pdf; name=letter.pdf", "Content-Disposition: attachment; filename=letter.pdf", "", "%PDF-1.4 x", "--b--", "")
		h.get("other", at, 404)
		h.get("ict", "/th/office/mail", 403)
		h.has(h.get("head", "/th/office/cases", 200), "อีเมลเข้า (1)")
		h.has(h.get("officer", "/th/office/mail", 200), "about <b>smell</b>", "somebody@example.com", "ไม่ทราบผู้ส่ง")
		h.lacks(h.get("bare", "/th/office/mail", 200), "somebody@example.com") // the record does not admit him
		p := h.get("officer", at, 200)
		h.lacks(p, "I smell it")
		p = h.want(200)(h.form(p, "/open").Submit())
		h.has(p, "I smell it", "letter.pdf", "ยังไม่มีการยืนยัน")
		if strings.Contains(p.Body, "alert(1)") || strings.Contains(p.Body, "<b>smell") {
			t.Error("a stranger's page is not plain text")
		}
		h.get("officer", at+"/attachment-1", 200)
		h.get("officer", at+"/attachment-2", 404)
		p = h.act(h.get("officer", at, 200), "link-case", 422, "case", "RYG-0000-0")
		if !strings.Contains(p.Body, "RYG-0000-0") {
			t.Error("what was typed is lost")
		}
		h.act(h.get("officer", at, 200), "link-case", 303, "case", ref)
		h.has(h.get("officer", "/th/office/mail?state=case", 200), ref)
		h.lacks(h.get("officer", "/th/office/mail", 200), "somebody@example.com")

		second := h.mailed("From: Company <info@example.com>", "To: post@industry.test", "Subject: letter", "", "text")
		h.get("officer", second+"/nothing", 404)
		p = h.act(h.get("registrar", second, 200), "register", 303, "number", "ทส 0100/7", "dated", "2026-11-20")
		h.has(h.get("registrar", "/th/office/letters/in", 200), "ทส 0100/7")
		h.has(h.get("registrar", hrefOf(h.get("registrar", second, 200), "/office/letters/0"), 200), "ทส 0100/7")

		third := h.mailed("From: spam@example.com", "To: post@industry.test", "Subject: offer", "", "text")
		h.has(h.act(h.get("officer", third, 200), "discard", 422, "reason", ""), "โปรดกรอกข้อมูลนี้")
		h.act(h.get("officer", third, 200), "discard", 303, "reason", "โฆษณา")
		h.has(h.act(h.get("officer", third, 200), "take-back", 303), "รอพิจารณา")
	})
}
