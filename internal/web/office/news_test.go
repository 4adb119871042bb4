package office_test

import (
	"strings"
	"testing"

	"prasan/internal/db/dbtest"
	"prasan/internal/webtest"
)

func TestAnAnnouncementIsWrittenSeenBeforeItIsShownAndTakenBack(t *testing.T) {
	h := newHouse(t, dbtest.SQLite(t))
	f := h.form(h.get("officer", "/th/office/news/new", 200), "/news")
	p := h.want(422)(f.Press("เผยแพร่"))
	h.has(p, "โปรดกรอกข้อมูลนี้")
	f = h.form(p, "/news")
	f.Set("title_th", "<b>รับฟังความคิดเห็น</b>").Set("text_th", "ย่อหน้าแรก\nย่อหน้าที่สอง").Set("title_en", "A hearing")
	p = h.want(200)(f.Press("ดูตัวอย่าง"))
	h.has(p, "ตัวอย่างที่ประชาชนเห็น", "<b>รับฟังความคิดเห็น</b>", "ย่อหน้าที่สอง", "A hearing")
	h.wellMade("th", p)
	h.lacks(h.get("officer", "/th/office/news", 200), "รับฟังความคิดเห็น")
	p = h.want(303)(h.form(p, "/news").Press("เก็บเป็นร่าง"))
	h.has(p, "รับฟังความคิดเห็น", "ร่าง")
	var edit string
	for _, part := range strings.Split(p.Body, `href="`) {
		if href, _, _ := strings.Cut(part, `"`); strings.HasPrefix(href, "/th/office/news/") && !strings.HasSuffix(href, "/new") {
			edit = href
		}
	}
	p = h.get("officer", edit, 200)
	stale := h.form(p, edit)
	p = h.want(303)(h.form(p, edit).Press("เผยแพร่"))
	h.has(p, "เผยแพร่อยู่")
	h.has(h.want(422)(stale.Press("เผยแพร่")), "มีผู้อื่นแก้ไขไปแล้ว")
	p = h.want(303)(h.form(h.get("officer", edit, 200), edit).Press("หยุดเผยแพร่"))
	h.has(p, "ร่าง")
	h.get("other", edit, 404)
	h.get("auditor", "/th/office/news", 403)
	f = h.form(h.get("ict", "/en/office/news/new", 200), "/news")
	f.Set("site", "*").Set("title_th", "ทุกจังหวัด")
	h.has(h.want(303)(f.Press("Publish")), "All sites")
	f = h.form(h.get("officer", "/th/office/news/new", 200), "/news")
	f.Values.Set("site", "*")
	f.Set("title_th", "ทุกจังหวัด")
	h.has(h.want(422)(f.Press("เผยแพร่")), "โปรดเลือกเว็บไซต์ของหน่วยงานท่าน")
	for _, lang := range []string{"th", "en"} {
		h.wellMade(lang, h.get("ict", "/"+lang+"/office/news", 200), h.get("ict", "/"+lang+"/office/news/new", 200), h.get("ict", "/"+lang+"/office/analytics/google", 200), h.get("ict", "/"+lang+"/office/analytics/google/"+rayong, 200))
	}
}

func TestFilesComeWithAMessageAtTheCounter(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		text := func(name string) webtest.File {
			return webtest.File{Field: "attachment", Name: name, Content: []byte("ข้อความในไฟล์ " + name)}
		}
		f := h.form(h.get("officer", "/th/office/cases/new", 200), "/new")
		f.Set("channel", "counter").Set("topic", "problem").Set("message", "น้ำเสีย")
		p := h.want(422)(f.Submit(text("หลักฐาน.txt"), text("เกินมา.txt"), webtest.File{Field: "attachment", Name: "virus.exe", Content: []byte("MZ\x90\x00")}))
		h.has(p, "หลักฐาน.txt", "กรุณากรอกชื่อ")
		f = h.form(p, "/new")
		f.Set("given_name", "ปิติ").Set("phone", "0812345678").Set("drop", "1") // the second is left out
		p = h.want(201)(f.Submit())
		p = h.get("officer", "/th/office/cases/"+p.TextOf("reference"), 200)
		h.has(p, "หลักฐาน.txt")
		h.lacks(p, "เกินมา.txt")
		h.lacks(p, "virus.exe")
		f = h.form(h.get("officer", "/th/office/cases/new", 200), "/new")
		f.Set("channel", "counter").Set("topic", "problem").Set("message", "น้ำเสีย").Set("given_name", "ปิติ").Set("phone", "0812345678")
		many := []webtest.File{}
		for range 11 {
			many = append(many, text("x.txt"))
		}
		p = h.want(422)(f.Submit(many...))
		h.has(p, "แนบ")
		f = h.form(p, "/new")
		f.Values.Set("files", "forged")
		h.want(201)(f.Submit())
	})
}
