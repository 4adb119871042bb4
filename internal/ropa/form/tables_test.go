package form_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
)

// inventoryText is an inventory of any number of systems and lines, under any heading,
// damaged as scanners and people do; rows tells what each line holds.
func inventoryText(seed uint64, scar int) (text string, rows [][]string) {
	m := &maker{r: rand.New(rand.NewPCG(seed, 11)), d: damaged{rows: map[string]string{}, split: map[string]bool{}}}
	heads := []string{"ลำดับ", "ชื่อระบบ (System Name)", "สถานะระบบ (System Status)", "ขอบเขตของระบบงาน (System Scope)", "หน่วยงานเจ้าของระบบ (System Owner Org Unit)", "การแลกเปลี่ยนข้อมูลกับหน่วยงานอื่น", "", "", "", "การประมวลผล", "", "", "", "หมายเหตุ (Remark)"}
	under := []string{"", "", "", "", "", "มีการแลกเปลี่ยนข้อมูลกับหน่วยงานภายนอก (Data Exchange Applied)", "ข้อมูลที่แลกเปลี่ยนกับภายนอกหน่วยงาน (Exchanged Data)", "ลักษณะการแลกเปลี่ยนข้อมูล (Data Exchange Type)", "หน่วยงานภายนอกที่แลกเปลี่ยนข้อมูล (External Org Unit)", "การประมวลผลระบบ", "หน่วยงานภายนอกที่ประมวลผลให้สปอ.", "On-Premise หรือ On Cloud", "กรณี On Cloud", ""}
	for i := range heads {
		heads[i], under[i] = m.scar(heads[i], scar), m.scar(under[i], scar)
	}
	form := ropa.Seed("contact-us", 1)
	var lines []string
	for i := range 6 { // enough of the form to be known as one
		d := &ropa.Rows[i]
		lines = append(lines, d.Ask+"\t\t"+form.Form.Row(d.ID).Text+"\t")
	}
	lines = append(lines, "", []string{"ระบบทะเบียนลูกค้า (i-industry)", "รายชื่อระบบเทคโนโลยีสารสนเทศที่เกี่ยวข้องกับข้อมูลส่วนบุคคล", "ภาคผนวก ก"}[m.r.IntN(3)], "", strings.Join(heads, "\t"), strings.Join(under, "\t"))
	for i := range 1 + m.r.IntN(6) {
		for x := range 1 + m.r.IntN(3) {
			row := make([]string, 14)
			if x == 0 {
				copy(row, []string{fmt.Sprint(i + 1), fmt.Sprintf("ระบบที่ %c", 'ก'+i), "ใช้งานอยู่ในปัจจุบัน", "ให้บริการ\u200bข้อมูล", "กรมตัวอย่าง"})
				copy(row[9:], []string{"สปอ.ประมวลผลเอง", "", "On Cloud", "ผู้ให้บริการคลาวด์อยู่ในประเทศ", "หมายเหตุของระบบ"})
			} else if m.chance(40) {
				row[13] = "หมายเหตุของบรรทัด"
			}
			copy(row[5:], []string{[]string{"มี", "ไม่มี"}[m.r.IntN(2)], "ชื่อ นามสกุล", "สปอ.ส่งข้อมูลให้หน่วยงานอื่น ในรูปแบบ Online ผ่านระบบเครือข่าย", fmt.Sprintf("หน่วยงาน %d.%d", i, x)})
			rows = append(rows, row)
			line := strings.Join(row, "\t")
			switch {
			case m.chance(10):
				line = "\t" + line // shifted
			case m.chance(10):
				line = strings.TrimRight(line, "\t")
			case m.chance(10) && x == 0:
				at := strings.Index(line, "On Cloud")
				line = line[:at] + "\n" + line[at:]
			}
			lines = append(lines, line)
			if m.chance(15) {
				lines = append(lines, "", "- 4 -", "")
			}
		}
	}
	return strings.Join(lines, "\n"), rows
}

func TestInventoriesOfAnySizeAndHeadingAreRead(t *testing.T) {
	right, total := 0, 0
	for _, scar := range []int{0, 3, 8} {
		for seed := range uint64(20) {
			text, rows := inventoryText(seed, scar)
			r, err := form.Import("inventory.txt", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			var got [][]string
			for _, s := range r.Revision.Inventory.Systems {
				for x, e := range s.Exchanges {
					row := []string{"", "", "", "", "", e.Applied.Text, e.Data, e.Mode.Text, e.Counterparty.Text, "", "", "", "", e.Remark}
					if x == 0 {
						row = []string{fmt.Sprint(s.No), s.Name, s.Status.Text, s.Scope, s.Owner.Text, e.Applied.Text, e.Data, e.Mode.Text, e.Counterparty.Text, s.ProcessingBy.Text, s.Processor.Text, s.Hosting.Text, s.Region.Text, s.Remark}
					}
					got = append(got, row)
				}
			}
			total += len(rows)
			if len(got) != len(rows) {
				t.Errorf("scar %d seed %d: %d lines, not %d\n%s", scar, seed, len(got), len(rows), text)
				continue
			}
			for i := range rows {
				if strings.Join(got[i], "|") == strings.Join(rows[i], "|") {
					right++
				} else if !asked(r, "inventory.systems[") {
					t.Errorf("scar %d seed %d line %d: %q, not %q", scar, seed, i, got[i], rows[i])
				}
			}
			if r.Revision.Inventory.Heading == "" {
				t.Errorf("scar %d seed %d: the heading is lost", scar, seed)
			}
		}
	}
	if right*100 < total*95 {
		t.Errorf("only %d of %d lines are right", right, total)
	}
}

func asked(r form.Result, field string) bool {
	for _, q := range r.Questions {
		if strings.HasPrefix(q.Field, field) {
			return true
		}
	}
	return false
}

func TestFormsInOtherEncodingsAndSeparators(t *testing.T) {
	text := string(seedText(t, "usage-analytics"))
	want := importSeed(t, "usage-analytics")
	thai874 := func(s string) []byte {
		var out []byte
		for _, r := range s {
			switch {
			case r < 0x80:
				out = append(out, byte(r))
			case r >= 0x0e01 && r <= 0x0e5b:
				out = append(out, byte(r-0x0e01+0xa1))
			default:
				out = append(out, '"')
			}
		}
		return out
	}
	csv := func(comma string) []byte {
		var lines []string
		for line := range strings.SplitSeq(text, "\n") {
			var cells []string
			for c := range strings.SplitSeq(line, "\t") {
				cells = append(cells, `"`+strings.ReplaceAll(c, `"`, `""`)+`"`)
			}
			lines = append(lines, strings.Join(cells, comma))
		}
		return []byte(strings.Join(lines, "\r\n"))
	}
	for name, data := range map[string][]byte{"TIS-620": thai874(text), "with a mark": []byte("\ufeff" + text), "CR LF": []byte(strings.ReplaceAll(text, "\n", "\r\n")), "commas": csv(","), "semicolons": csv(";"), "bars": []byte("| " + strings.ReplaceAll(strings.ReplaceAll(text, "\t", " | "), "\n", " |\n| ") + " |")} {
		r, err := form.Import(name, data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, d := range ropa.Diff(want.Revision, r.Revision) {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

func FuzzImport(f *testing.F) {
	for _, code := range ropa.SeedCodes {
		f.Add(seedText(f, code))
		f.Add(export(f, ropa.Seed(code, 2), "csv"))
	}
	f.Add([]byte("1. 2. <p>a</p> <p>b</p>\t<p>1. a</p> <p>2. b</p>\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		r, err := form.Import("fuzz", data)
		if err != nil {
			return
		}
		text, err := ropa.Marshal(r.Revision)
		if err != nil || !utf8.Valid(text) {
			t.Fatalf("%v", err)
		}
		if _, err := ropa.Parse(text); err != nil {
			t.Fatalf("what was read is no record: %v", err)
		}
	})
}
