package lint_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
	"prasan/internal/ropa/lint"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func seeds(n int) []*ropa.Revision {
	return []*ropa.Revision{ropa.Seed("contact-us", n), ropa.Seed("usage-analytics", n)}
}

func lines(list []lint.Finding) string {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintf(&b, "%s %s %s %s\n  %s\n  %s\n", f.Activity, f.Severity, f.Rule, strings.Join(f.Fields, ", "), f.Message.TH, f.Message.EN)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s (go test -update, and read the difference):\n%s", path, got)
	}
}

// of the forms alone: what reading the two of them side by side shows.
var formOnly = map[string][]string{
	"usage-analytics": {"transfer-undeclared", "disclosure-unlisted", "csu-contradicts-flow", "consent-expected", "volume-unknown", "monitoring-differs", "row-missing", "inventory-heading", "class-none", "document-outdated", "use-without-access", "processor-agreement"},
	"contact-us":      {"recipients-undeclared", "disclosure-column-empty", "system-owner-name", "processing-self-elsewhere", "exchange-with-itself", "purpose-unused", "duties-not-separated"},
}

// further are what the law and practice add, as something to ask or to know.
var further = map[string][]string{
	"usage-analytics": {"duties-not-separated", "controller-of-provinces", "traffic-log", "provider-name", "breach-addressee"},
	"contact-us":      {"dpo-approves", "delegation-unnamed", "controller-of-provinces", "traffic-log", "breach-addressee"},
}

func TestTheTwoFormsAsFilledIn(t *testing.T) {
	found := lint.Run(seeds(1)...)
	golden(t, "seeds.txt", lines(found))
	got, more := map[string][]string{}, map[string][]string{}
	for _, f := range found {
		if slices.Contains(formOnly[f.Activity], f.Rule) {
			got[f.Activity] = append(got[f.Activity], f.Rule)
			continue
		}
		more[f.Activity] = append(more[f.Activity], f.Rule)
		if f.Severity != lint.Question && f.Severity != lint.Info {
			t.Errorf("%s: %s is %s", f.Activity, f.Rule, f.Severity)
		}
	}
	n := 0
	for _, code := range ropa.SeedCodes {
		n += len(got[code])
		same(t, code, got[code], formOnly[code])
		same(t, code+", further", more[code], further[code])
	}
	if n != 19 {
		t.Errorf("%d findings of the forms alone", n)
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	got, want = slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n%v, not\n%v", what, got, want)
	}
}

func TestACorrectedFormHasNothingAboveInfo(t *testing.T) {
	found := lint.Run(seeds(2)...)
	if !lint.Passes(found) {
		t.Errorf("%s", lines(found))
	}
	for _, r := range seeds(2) {
		if alone := lint.Run(r); !lint.Passes(alone) {
			t.Errorf("alone:\n%s", lines(alone))
		}
	}
}

func TestStandingQuestionsAreInfoOnceNothingElseStandsAgainstTheRecord(t *testing.T) {
	severity := func(r *ropa.Revision) lint.Severity {
		for _, f := range lint.Run(r) {
			if f.Rule == "controller-of-provinces" {
				return f.Severity
			}
		}
		return ""
	}
	r := ropa.Seed("contact-us", 2)
	if s := severity(r); s != lint.Info {
		t.Errorf("corrected: %s", s)
	}
	r.Volume.Declared = 0
	if s := severity(r); s != lint.Question {
		t.Errorf("with a warning: %s", s)
	}
}

// untag takes away what an importer of plain text does not know.
func untag(r *ropa.Revision) {
	for i := range r.Flow.Steps {
		s := &r.Flow.Steps[i]
		for _, op := range ropa.Operations {
			c := s.Cell(op)
			c.Operations, c.Purposes, c.Recipients = nil, nil, nil
		}
	}
}

// uncode takes away the codes of who is meant, too, so that only names are left.
func uncode(r *ropa.Revision) {
	untag(r)
	for i := range r.Flow.Steps {
		s := &r.Flow.Steps[i]
		s.Actor.Code, s.Systems = "", nil
		if s.Lane != "user" {
			s.Lane = ""
		}
	}
	for i := range r.Inventory.Systems {
		s := &r.Inventory.Systems[i]
		s.Owner.Code, s.Processor.Code, s.Region.Code = "", "", ""
		for j := range s.Exchanges {
			s.Exchanges[j].Counterparty.Code, s.Exchanges[j].Applied.Code = "", ""
		}
	}
}

func TestWithoutTagsTheWordsAreRead(t *testing.T) {
	records := seeds(1)
	rules := func(list []lint.Finding) (out []string) {
		for _, f := range list {
			out = append(out, f.Activity+" "+f.Rule)
		}
		return out
	}
	want := rules(lint.Run(records...))
	for name, strip := range map[string]func(*ropa.Revision){"tags": untag, "codes": uncode} {
		records, corrected := seeds(1), seeds(2)
		for i := range records {
			strip(records[i])
			strip(corrected[i])
		}
		if got := rules(lint.Run(records...)); !slices.Equal(got, want) {
			t.Errorf("without %s:\n%v, not\n%v", name, got, want)
		}
		if found := lint.Run(corrected...); !lint.Passes(found) {
			t.Errorf("corrected, without %s:\n%s", name, lines(found))
		}
	}
}

// Each row breaks a corrected record in one way, and that rule and no other reports it.
func TestEachRuleFindsItsFault(t *testing.T) {
	none := ropa.Cell{State: ropa.None, Text: "-"}
	abroad := ropa.Value{State: ropa.Given, Code: "abroad", Text: "ผู้ให้บริการคลาวด์อยู่ต่างประเทศ"}
	for _, c := range []struct {
		rule   string
		change func(contact, usage *ropa.Revision)
	}{
		{"transfer-undeclared", func(r, _ *ropa.Revision) { r.Inventory.Systems[0].Region = abroad }},
		{"recipients-undeclared", func(r, _ *ropa.Revision) {
			r.Inventory.Systems[0].Exchanges[0].Counterparty = ropa.Value{State: ropa.Given, Text: "กรมการปกครอง"}
		}},
		{"disclosure-column-empty", func(r, _ *ropa.Revision) { r.Flow.Steps[7].Disclose = none }},
		{"disclosure-unlisted", func(_, r *ropa.Revision) {
			r.Flow.Steps[1].Use.Operations = []string{"disclose"}
			r.Flow.Steps[2].Disclose = ropa.Cell{State: ropa.DelegatedToProvider}
		}},
		{"transfer-incomplete", func(_, r *ropa.Revision) {
			r.Recipients.Transfers = []ropa.Offshore{{Recipient: "google", Country: "US"}}
			r.Form["transfers"] = ropa.Row{State: ropa.Given, Text: "Google LLC"}
		}},
		{"words-differ", func(r, _ *ropa.Revision) { r.Form["recipients_domestic"] = ropa.Row{State: ropa.No, Text: "NO"} }},
		{"elements-missing", func(_, r *ropa.Revision) {
			r.Elements, r.Collection, r.Purposes[0].Elements, r.Retention = nil, nil, nil, r.Retention[:1]
			untagElements(r)
		}},
		{"element-unknown", func(r, _ *ropa.Revision) { r.Flow.Steps[2].Collect.Elements = []string{"shoe_size"} }},
		{"element-without-purpose", func(_, r *ropa.Revision) { r.Purposes[0].Elements = r.Purposes[0].Elements[1:] }},
		{"class-none", func(r, _ *ropa.Revision) { r.Class.Internal = ropa.NoWay }},
		{"class-contradiction", func(r, _ *ropa.Revision) { r.Class.Public = ropa.Yes }},
		{"sensitive-undeclared", func(r, _ *ropa.Revision) { r.Elements[5].Label.TH = "ใบรับรองสุขภาพ" }},
		{"volume-unknown", func(r, _ *ropa.Revision) { r.Volume.Declared = 0 }},
		{"purposes-missing", func(_, r *ropa.Revision) { r.Purposes = nil }},
		{"purpose-unused", func(r, _ *ropa.Revision) {
			r.Purposes = append(r.Purposes, ropa.Purpose{Code: "research", Text: ropa.Text{TH: "เพื่อการวิจัย"}})
		}},
		{"basis-missing", func(r, _ *ropa.Revision) { r.LegalBases = nil }},
		{"consent-expected", func(_, r *ropa.Revision) { r.LegalBases = r.LegalBases[:1] }},
		{"level-basis", func(_, r *ropa.Revision) { r.Collection[2].Basis = "public-task" }},
		{"notice-missing", func(r, _ *ropa.Revision) { r.Notices = nil }},
		{"csu-contradicts-flow", func(r, _ *ropa.Revision) { r.CSU.Use = ropa.NoWay }},
		{"use-without-access", func(_, r *ropa.Revision) {
			r.Inventory.Systems[1].Remark = "หน่วยงานไม่สามารถเข้าถึงข้อมูลส่วนบุคคลได้"
		}},
		{"duty-empty", func(r, _ *ropa.Revision) { r.Duties.Terminate = nil }},
		{"duties-not-separated", func(r, _ *ropa.Revision) { r.Duties.Inspect = r.Access }},
		{"dpo-approves", func(_, r *ropa.Revision) { r.Duties.Grant = append(r.Duties.Grant, ropa.Principal{Role: "dpo"}) }},
		{"delegation-unnamed", func(r, _ *ropa.Revision) {
			r.Documents = slices.DeleteFunc(r.Documents, func(d ropa.Document) bool { return d.Code == "delegations" })
			r.LegalRefs = r.LegalRefs[:3]
			r.Form["access_principals"] = ropa.Row{State: ropa.Given, Text: "หัวหน้าส่วนราชการหรือผู้ที่ได้รับมอบหมาย"}
		}},
		{"code-unknown", func(r, _ *ropa.Revision) { r.Access = append(r.Access, ropa.Principal{Person: "somsri"}) }},
		{"retention-missing", func(_, r *ropa.Revision) { r.Retention = r.Retention[1:] }},
		{"traffic-log-short", func(r, _ *ropa.Revision) { r.Retention[1].Period = "P30D" }},
		{"cycle-missing", func(r, _ *ropa.Revision) { r.Review.Cycle = "P5Y" }},
		{"monitoring-differs", func(_, r *ropa.Revision) { r.Monitoring.Cycle = "P1Y" }},
		{"row-missing", func(r, _ *ropa.Revision) { delete(r.Form, "stores.medium") }},
		{"flow-broken", func(r, _ *ropa.Revision) { r.Flow.Edges[0].To = 99 }},
		{"inventory-heading", func(r, _ *ropa.Revision) {
			r.Inventory.MainSystem = "ระบบกล้องวงจรปิด (CCTV)"
		}},
		{"system-owner-name", func(r, _ *ropa.Revision) {
			r.Inventory.Systems[4].Name = "ระบบไปรษณีย์อิเล็กทรอนิกส์ (สปอ.)"
		}},
		{"processing-self-elsewhere", func(r, _ *ropa.Revision) { r.Inventory.Systems[4].ProcessingBy.Code = "self" }},
		{"processor-agreement", func(_, r *ropa.Revision) {
			r.Inventory.Systems[1].ProcessingBy.Code = "other"
			r.Inventory.Systems[1].Processor = ropa.Value{State: ropa.Given, Text: "บริษัท ก จำกัด"}
		}},
		{"exchange-with-itself", func(r, _ *ropa.Revision) {
			r.Inventory.Systems[0].Exchanges[0].Counterparty = ropa.Value{State: ropa.Given, Code: "ops", Text: "สำนักงานปลัดกระทรวงอุตสาหกรรม"}
		}},
		{"document-outdated", func(_, r *ropa.Revision) { r.Flow.Note = "ดู https://example.org/archive/2017/terms" }},
		{"traffic-log", func(r, _ *ropa.Revision) { dropTrafficLog(r) }},
		{"provider-name", func(_, r *ropa.Revision) { r.Parties[6].Name.TH = "Google Inc." }},
	} {
		before := lint.Run(seeds(2)...)
		records := seeds(2)
		c.change(records[0], records[1])
		var added []string
		for _, f := range lint.Run(records...) {
			isOld := slices.ContainsFunc(before, func(o lint.Finding) bool {
				return o.Rule == f.Rule && o.Activity == f.Activity && slices.Equal(o.Fields, f.Fields)
			})
			if !isOld {
				added = append(added, f.Rule)
			}
		}
		if !slices.Equal(slices.Compact(added), []string{c.rule}) { // of both records, where both are concerned
			t.Errorf("%s: reported %v", c.rule, added)
		}
	}
}

func untagElements(r *ropa.Revision) {
	for i := range r.Flow.Steps {
		for _, op := range ropa.Operations {
			r.Flow.Steps[i].Cell(op).Elements = nil
		}
	}
}

func dropTrafficLog(r *ropa.Revision) {
	isLog := func(s string) bool { return s == "traffic_log" }
	r.Elements = slices.DeleteFunc(r.Elements, func(e ropa.Element) bool { return isLog(e.Code) })
	r.Purposes, r.Retention = r.Purposes[:4], r.Retention[:1]
	r.Form["elements"] = ropa.Row{State: ropa.Given, Text: "ชื่อ นามสกุล"}
	for i := range r.Flow.Steps {
		for _, op := range ropa.Operations {
			c := r.Flow.Steps[i].Cell(op)
			c.Elements = slices.DeleteFunc(slices.Clone(c.Elements), isLog)
		}
	}
}

func TestTheTableIsWhole(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range lint.Rules {
		if r.ID == "" || seen[r.ID] || r.Text.TH == "" || r.Text.EN == "" || !slices.Contains(lint.Severities, r.Severity) {
			t.Errorf("%+v", r)
		}
		seen[r.ID] = true
	}
	docs, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "ropa-lint.md"))
	if *update {
		err = os.WriteFile(filepath.Join("..", "..", "..", "docs", "ropa-lint.md"), []byte(lint.Markdown()), 0o644)
		docs = []byte(lint.Markdown())
	}
	if err != nil || string(docs) != lint.Markdown() {
		t.Errorf("docs/ropa-lint.md is not what the table says (go test -update): %v", err)
	}
}

func TestAnEmptyRecordIsLintedToo(t *testing.T) {
	if found := lint.Run(&ropa.Revision{Code: "x"}); lint.Worst(found) != lint.Error {
		t.Errorf("%s", lines(found))
	}
	if lint.Run() != nil || !lint.Passes(nil) {
		t.Error("no record, and yet a finding")
	}
}

func BenchmarkRun(b *testing.B) {
	records := seeds(1)
	for b.Loop() {
		lint.Run(records...)
	}
}

// correct makes in the words of a form what a person would who had read the findings.
func correct(t *testing.T, text string, pairs ...string) []byte {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the form does not say %q", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return []byte(text)
}

func TestAFormCorrectedInItsOwnWordsPasses(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "testdata", "usage-analytics.txt"))
	if err != nil {
		t.Fatal(err)
	}
	after := "\n\t\tหลังส่งมอบข้อมูล (โปรดระบุการติดตาม)\tเป็นไปตามข้อกำหนดและนโยบายของผู้ให้บริการ\n\tระบบการตรวจสอบเพื่อดำเนินการ"
	text := correct(t, string(raw),
		"(Offshore 3rd parties) (ระบุ NO หากไม่มี / ระบุชื่อหน่วยงาน หากมี)\t\tNO", "(Offshore 3rd parties) (ระบุ NO หากไม่มี / ระบุชื่อหน่วยงาน หากมี)\t\tGoogle LLC",
		"(Internal data)\t\tNO", "(Internal data)\t\tYES",
		"เพื่อปฏิบัติหน้าที่ตามกฎหมาย", "ได้รับความยินยอมจากเจ้าของข้อมูลส่วนบุคคล",
		"รอข้อมูล", "12,000 รายการ", "\tทุกปี", "\tทุกเดือน",
		"หากเป็นผู้สร้างข้อมูล)\tNO", "หากเป็นผู้สร้างข้อมูล)\tYES", "จัดเก็บข้อมูลข้อมูล)\tNO", "จัดเก็บข้อมูลข้อมูล)\tYES",
		"\n\tระบบการตรวจสอบเพื่อดำเนินการ", after,
		"ระบบทะเบียนลูกค้ากระทรวงอุตสาหกรรม (i-industry)", "รายชื่อระบบเทคโนโลยีสารสนเทศที่เกี่ยวข้องกับข้อมูลส่วนบุคคล",
		"/archive/20170301/", "/", "Google Inc.", "Google LLC",
		"สำนักงานปลัดกระทรวงอุตสาหกรรมไม่สามารถเข้าถึงข้อมูลส่วนบุคคลได้", "มีข้อตกลงการประมวลผลข้อมูลส่วนบุคคลกับผู้ให้บริการ",
		"ไปยังระบบ Google Analytics ของผู้ให้บริการ\t-", "ไปยังระบบ Google Analytics ของผู้ให้บริการ\tเปิดเผยแก่ Google LLC เมื่อได้รับความยินยอม")
	read, err := form.Import("usage.txt", text)
	if err != nil {
		t.Fatal(err)
	}
	if found := lint.Run(read.Revision); !lint.Passes(found) {
		t.Errorf("%s", lines(found))
	}
}
