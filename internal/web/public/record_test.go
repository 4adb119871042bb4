package public_test

import (
	"context"
	"strings"
	"testing"

	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/sites"
	"prasan/internal/web/public"
	"prasan/internal/webtest"
)

// first is a notice that the site showed once.
var first = public.NoticeVersion{NoticeView: public.NoticeView{ID: "n0", Version: "1", PublishedAt: dbtest.Start.AddDate(-1, 0, 0)}, Kind: "privacy_notice"}

var shown = public.Notices{
	All: func(context.Context, sites.Site) ([]public.NoticeVersion, error) {
		return []public.NoticeVersion{first}, nil
	},
	One: func(_ context.Context, _ sites.Site, id, lang string) (public.NoticeText, error) {
		if id != first.ID {
			return public.NoticeText{}, errs.New(errs.NotFound, "error.not-found")
		}
		text := policy.NoticeText{Title: "คำประกาศฉบับเดิม", Sections: []policy.NoticeSection{{Heading: "ข้อมูลที่เก็บ", Paragraphs: []string{"เก็บเท่าที่จำเป็น"}, Items: []string{"ชื่อ", "อีเมล"}}, {Heading: "สิทธิ", Paragraphs: []string{"ขอสำเนาได้"}}}}
		return public.NoticeText{NoticeVersion: first, Text: text.Text()}, nil
	},
}

func TestTheRegisterShowsPositionsAndNoNamesAndEveryNotice(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	s.record.Access = []policy.Principal{{Kind: policy.HeadOrDelegate, Text: policy.Text{TH: "หัวหน้าส่วนราชการ", EN: "Head"}}, {Kind: policy.Person, Text: policy.Text{TH: "นายสมมติ เอกสาร", EN: "Mr Made-up"}}}
	s.record.Retention = policy.Retention{Days: 90, Anchor: "usage.collected_at"}
	s.record.Rights = []string{"access", "complaint"}
	for lang, wants := range map[string][]string{"th": {"หัวหน้าส่วนราชการ", "เก็บ 90 วัน นับแต่วันที่เก็บข้อมูลการใช้งาน", "เจ้าหน้าที่ที่บันทึกระบุชื่อไว้", "ขอเข้าถึงและขอรับสำเนาข้อมูล", "คำประกาศเกี่ยวกับความเป็นส่วนตัว"}, "en": {"Head", "Officials named in the record", "access to the data", "Privacy notice"}} {
		p := s.get("/"+lang+"/record", 200)
		for _, want := range wants {
			if !strings.Contains(webtest.Text(p.Doc), want) {
				t.Errorf("%s: %q is not shown", lang, want)
			}
		}
		if strings.Contains(p.Body, "สมมติ เอกสาร") || strings.Contains(p.Body, "Made-up") {
			t.Error("a person is shown by name")
		}
		if !strings.Contains(p.Body, `href="/`+lang+`/record/notices/n0"`) {
			t.Error("the first notice cannot be read")
		}
		old := s.get("/"+lang+"/record/notices/n0", 200)
		for _, fault := range append(p.Faults(lang), old.Faults(lang)...) {
			t.Error(fault)
		}
		if !strings.Contains(old.Body, "<h2>ข้อมูลที่เก็บ</h2><p>เก็บเท่าที่จำเป็น</p><ul><li>ชื่อ</li><li>อีเมล</li></ul>") {
			t.Error("a former notice is not as it was")
		}
	}
	s.get("/th/record/notices/n9", 404)
}
