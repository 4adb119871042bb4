package form_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unicode"

	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
)

// damaged is a form as another office filled it in and another scanner read it, with
// what it must be read as.
type damaged struct {
	text  string
	rows  map[string]string // answers by row; missing where the row was dropped
	steps [][]string
	split map[string]bool // rows broken over lines
	junk  []string
	log   []string
}

// other answers that such forms have.
var others = map[string][]string{
	"revision.prepared_by":    {"นางสาวตัวอย่าง สมมุติ", "นายทดสอบ ระบบงาน"},
	"controller.organisation": {"กระทรวงอุตสาหกรรม", "กระทรวงตัวอย่าง"},
	"controller.department":   {"กรมโรงงานอุตสาหกรรม", "สำนักงานมาตรฐานผลิตภัณฑ์อุตสาหกรรม"},
	"activity.name":           {"ลงทะเบียนอบรม", "ร้องเรียนโรงงาน", "สมัครสมาชิก"},
	"activity.owner_unit":     {"กองกฎหมาย", "กลุ่มประชาสัมพันธ์"},
	"elements":                {"ชื่อ นามสกุล เลขประจำตัวประชาชน", "ชื่อ, นามสกุล, วันเกิด, ที่อยู่"},
	"purposes":                {"เพื่อรับสมัครเข้าอบรม", "1. เพื่อพิจารณาคำขอ 2. เพื่อออกใบอนุญาต"},
	"notices":                 {"N/A", "หนังสือให้ความยินยอม (Consent Form)"},
	"class.restricted":        {"YES", "NO"}, "class.internal": {"YES", "NO"}, "class.public": {"NO"},
	"recipients_domestic": {"NO", "กรมส่งเสริมอุตสาหกรรม"}, "transfers": {"NO"},
	"volume": {"1,200 ราย", "รอข้อมูล", "-"}, "rights_csu.store": {"NO", "YES"},
	"duty.collect": {"ไม่มี", "กรมการปกครอง"}, "duty.grant": {"ผู้อำนวยการกองกฎหมาย"},
	"stores.medium": {"File (Excel)", "กระดาษ"}, "stores.location": {"ตู้เอกสาร ชั้น 3"}, "retention": {"5 ปี", "1 ปี นับจากวันสิ้นสุดโครงการ"},
	"review.cycle": {"ปีละ 2 ครั้ง"}, "destruction.round": {"วันสิ้นปีงบประมาณ"}, "monitoring.cycle": {"ทุก 6 เดือน", "ทุกสัปดาห์"},
	"transfer.after_rule": {"ไม่เกี่ยวข้อง"}, "breach.pdpc_liaison": {"DPO ของหน่วยงาน"},
}

// scars are letters that scanners take for others.
var scars = strings.NewReplacer("โปรดระบุ", "โปรตระกูล", "ำ", "ํา", "แ", "เเ", "ด", "ต", "ข้อมูล", "ขอมูล", "ส่วนบุคคล", "สวนบุคคล", "การ", "การ", "ผู้", "ผู", "ให้", "ไห้", "ที่", "ที", "ช", "ซ", "ถ", "ก")

type maker struct {
	r *rand.Rand
	d damaged
}

func (m *maker) chance(percent int) bool { return m.r.IntN(100) < percent }

func (m *maker) did(format string, args ...any) {
	m.d.log = append(m.d.log, fmt.Sprintf(format, args...))
}

// scar damages a label: letters changed, dropped, marks lost.
func (m *maker) scar(label string, percent int) string {
	var b strings.Builder
	for _, r := range label {
		switch {
		case !m.chance(percent):
			b.WriteRune(r)
		case unicode.IsMark(r) || r == ' ':
		case m.chance(50):
			b.WriteString(scars.Replace(string(r)))
		default:
			b.WriteRune([]rune("กดตถภมนยรลว")[m.r.IntN(11)])
		}
	}
	if m.chance(40) {
		return scars.Replace(b.String())
	}
	return b.String()
}

func makeDamaged(seed uint64, code string, scar int) damaged {
	m := &maker{r: rand.New(rand.NewPCG(seed, 7)), d: damaged{rows: map[string]string{}, split: map[string]bool{}}}
	rev := ropa.Seed(code, 1)
	var lines []string
	section, group := "", ""
	for i := range ropa.Rows {
		d := &ropa.Rows[i]
		row, ok := rev.Form[d.ID]
		if !ok {
			continue
		}
		if m.chance(6) {
			m.did("dropped %s", d.ID)
			continue
		}
		value := strings.ReplaceAll(row.Text, "\n", " ")
		if list := others[d.ID]; list != nil && m.chance(50) {
			value = list[m.r.IntN(len(list))]
		}
		if m.chance(4) {
			value = ""
		}
		m.d.rows[d.ID] = value
		cells := m.cells(d, value, d.Section != section, d.Group != group || d.Section != section, scar)
		section, group = d.Section, d.Group
		lines = append(lines, m.broken(d.ID, strings.Join(cells, "\t"))...)
		if m.chance(4) {
			junk := []string{"สำเนาถูกต้อง", "- 3 -", "หน้า 2 จาก 7", "เอกสารลับเฉพาะหน่วยงาน", "(ลงชื่อ) ผู้จัดทำ"}[m.r.IntN(5)]
			lines = append(lines, junk)
			m.d.junk = append(m.d.junk, junk)
			m.did("junk %q after %s", junk, d.ID)
		}
		if m.chance(8) {
			lines = append(lines, "")
		}
	}
	lines = append(lines, "", "Data Flow Diagram : "+rev.ProcessGroup.Name.TH, "กระบวนการ : อื่น", "")
	lines = append(lines, m.flow(rev, scar)...)
	m.d.text = strings.Join(lines, "\n") + "\n"
	return m.d
}

// cells lays a row out in one of the ways that the forms show.
func (m *maker) cells(d *ropa.RowDef, value string, newSection, newGroup bool, scar int) []string {
	label := m.scar(d.Ask, scar)
	if d.Section == "" && d.No <= 8 {
		return []string{label, "", value, ""}
	}
	cells := []string{"", "", label, value}
	if newSection {
		cells[0] = m.scar(d.Section, scar)
	}
	if newGroup {
		cells[1] = m.scar(d.Group, scar)
	}
	switch m.r.IntN(10) {
	case 0: // shifted left
		m.did("%s shifted left", d.ID)
		return append(slices.DeleteFunc(cells[:2], func(s string) bool { return s == "" }), label, value)
	case 1:
		m.did("%s shifted right", d.ID)
		return append([]string{""}, cells...)
	case 2:
		return append(cells[:3], "", value)
	case 3:
		if value != "" {
			return append(cells[:2], "<p>"+label+"</p>", "<p>"+value+"</p>")
		}
	}
	return cells
}

// broken breaks a row over two lines, in the middle of a text or beside a tab.
func (m *maker) broken(id, row string) []string {
	runes := []rune(row)
	if !m.chance(7) || len(runes) < 8 || strings.Contains(row, "<p>") {
		return []string{row}
	}
	at := 2 + m.r.IntN(len(runes)-4)
	for unicode.IsMark(runes[at]) {
		at--
	}
	a, b := string(runes[:at]), string(runes[at:])
	if strings.TrimSpace(a) == "" || strings.TrimSpace(b) == "" {
		return []string{row}
	}
	m.d.split[id] = true
	m.did("%s broken: %q | %q", id, a, b)
	return []string{a, b}
}

func (m *maker) flow(rev *ropa.Revision, scar int) []string {
	heads := []string{"ขั้นตอน", "หน่วยงาน", "การเก็บรวบรวมข้อมูล", "การใช้ข้อมูล", "การเปิดเผยข้อมูล", "การจัดเก็บข้อมูล", "ระบบเทคโนโลยีสารสนเทศที่เกี่ยวข้อง"}
	for i := range heads {
		heads[i] = m.scar(heads[i], scar/2)
	}
	lines := []string{strings.Join(heads, "\t")}
	n := 1 + m.r.IntN(14)
	for i := range n {
		s := &rev.Flow.Steps[m.r.IntN(len(rev.Flow.Steps))]
		cells := []string{fmt.Sprintf("%d. %s", i+1, s.Title), s.Actor.Text, s.Collect.Text, s.Use.Text, s.Disclose.Text, s.Store.Text, "-"}
		m.d.steps = append(m.d.steps, cells)
		lines = append(lines, strings.Join(cells, "\t"))
	}
	return lines
}

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, s)
}

// check holds a reading against what the form says: what is certain must be right, and
// nothing may be lost. It returns how many rows of those on the form were certain.
func (d *damaged) check(t *testing.T, r form.Result) (certain int) {
	t.Helper()
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf(format, args...)
	}
	var all strings.Builder
	for _, f := range r.Fields {
		all.WriteString(bare(f.Value) + "\x00")
		if ropa.RowByID(f.ID) == nil || f.Confidence < form.Sure {
			continue
		}
		want, there := d.rows[f.ID]
		switch {
		case f.State == ropa.RowAbsent && there && want != "":
			if !d.split[f.ID] && !strings.Contains(all.String(), bare(want)) && !unplaced(r, want) {
				fail("%s is said to be absent; it says %q", f.ID, want)
			}
		case f.State == ropa.RowAbsent:
		case !there:
			fail("%s is not on the form, and read with %.2f as %q", f.ID, f.Confidence, f.Value)
		case bare(f.Value) != bare(want):
			fail("%s is read with %.2f as %q; it says %q", f.ID, f.Confidence, f.Value, want)
		default:
			certain++
		}
	}
	for _, p := range r.Unplaced {
		all.WriteString(bare(p.Text) + "\x00")
	}
	for id, want := range d.rows {
		if !d.split[id] && !strings.Contains(all.String(), bare(want)) {
			fail("%s: %q is lost", id, want)
		}
	}
	if len(r.Revision.Flow.Steps) != len(d.steps) {
		fail("%d steps, not %d", len(r.Revision.Flow.Steps), len(d.steps))
		return certain
	}
	for i, s := range r.Revision.Flow.Steps {
		got := []string{fmt.Sprintf("%d. %s", s.No, s.Title), s.Actor.Text, s.Collect.Text, s.Use.Text, s.Disclose.Text, s.Store.Text, s.Systems[0].Text}
		if !slices.Equal(got, d.steps[i]) {
			fail("step %d: %q, not %q", i+1, got, d.steps[i])
		}
	}
	return certain
}

func unplaced(r form.Result, want string) bool {
	return slices.ContainsFunc(r.Unplaced, func(p form.Piece) bool { return strings.Contains(bare(p.Text), bare(want)) })
}

// Forms that nobody has seen: other values, other damage, other numbers of rows. What
// the reader is sure of is right, and what it is not sure of is asked or listed.
func TestDamagedFormsAreReadRightOrAskedAbout(t *testing.T) {
	for _, level := range []struct{ scar, share int }{{0, 90}, {4, 80}, {10, 60}} {
		certain, total := 0, 0
		for seed := range uint64(16) {
			d := makeDamaged(seed, ropa.SeedCodes[seed%2], level.scar)
			r, err := form.Import("damaged.txt", []byte(d.text))
			if err != nil {
				t.Errorf("scar %d seed %d: %v", level.scar, seed, err)
				continue
			}
			failed := t.Failed()
			certain += d.check(t, r)
			total += len(d.rows)
			if t.Failed() && !failed {
				t.Logf("scar %d seed %d: %s", level.scar, seed, strings.Join(d.log, "\n"))
			}
			if text, err := ropa.Marshal(r.Revision); err != nil {
				t.Error(err)
			} else if _, err := ropa.Parse(text); err != nil {
				t.Errorf("seed %d: what was read is no record: %v", seed, err)
			}
		}
		t.Logf("scar %d %%: %d of %d rows are certain", level.scar, certain, total)
		if certain*100 < total*level.share {
			t.Errorf("scar %d %%: only %d of %d rows are certain", level.scar, certain, total)
		}
	}
}
