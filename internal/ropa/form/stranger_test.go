package form_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/xuri/excelize/v2"

	"prasan/internal/doc/docx"
	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
)

// asked of another ministry: the same form with its own names in it.
var elsewhere = strings.NewReplacer("สำนักงานปลัดกระทรวงอุตสาหกรรม", "สำนักงานปลัดกระทรวงตัวอย่าง", "กระทรวงอุตสาหกรรม", "กระทรวงตัวอย่าง", "สำนักงานอุตสาหกรรมจังหวัด", "สำนักงานตัวอย่างจังหวัด", "สปอ.", "สปต.", "สอจ.", "สตจ.")

var toThai = strings.NewReplacer("0", "๐", "1", "๑", "2", "๒", "3", "๓", "4", "๔", "5", "๕", "6", "๖", "7", "๗", "8", "๘", "9", "๙")

// paperRow is a line of the form as another office laid it out: where it stands, its
// label and its answer.
type paperRow struct{ id, section, group, label, answer string }

func paperRows(code string) (out []paperRow) {
	rev := ropa.Seed(code, 1)
	for i := range ropa.Rows {
		d := &ropa.Rows[i]
		if row, ok := rev.Form[d.ID]; ok {
			out = append(out, paperRow{d.ID, d.Section, d.Group, d.Ask, elsewhere.Replace(row.Text)})
		}
	}
	return out
}

// grid writes cells from a place on, and fails the test when it cannot.
type grid struct {
	t *testing.T
	f *excelize.File
}

func newGrid(t *testing.T) grid {
	t.Helper()
	return grid{t, excelize.NewFile()}
}

func (g grid) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

func (g grid) name(col, row int) string {
	name, err := excelize.CoordinatesToCellName(col, row)
	g.must(err)
	return name
}

func (g grid) set(sheet string, row int, cells ...string) {
	g.t.Helper()
	g.must(put(g.f, sheet, row, cells...))
}

func (g grid) merge(sheet string, col, row, toCol, toRow int) {
	g.t.Helper()
	g.must(g.f.MergeCell(sheet, g.name(col, row), g.name(toCol, toRow)))
}

func (g grid) bytes() []byte {
	var out bytes.Buffer
	g.must(g.f.Write(&out))
	return out.Bytes()
}

// layouts are the ways in which offices lay the form out as a workbook of their own.
var layouts = map[string]func(g grid, rows []paperRow){
	"four columns, sections merged": func(g grid, rows []paperRow) {
		at := 1
		for i, r := range rows {
			g.set("Sheet1", i+1, r.section, r.group, r.label, r.answer)
			if i > 0 && r.section != "" && rows[i-1].section == r.section {
				g.must(g.f.SetCellStr("Sheet1", g.name(1, i+1), ""))
			} else {
				at = i + 1
			}
			if r.section != "" && (i+1 == len(rows) || rows[i+1].section != r.section) && at < i+1 {
				g.merge("Sheet1", 1, at, 1, i+1)
			}
		}
	},
	"two columns under a title": func(g grid, rows []paperRow) {
		g.set("Sheet1", 1, ropa.FormTitle)
		g.set("Sheet1", 3, "หัวข้อ", "รายละเอียด")
		for i, r := range rows {
			g.set("Sheet1", i+4, r.label, r.answer)
		}
	},
	"far to the right, answers merged over columns": func(g grid, rows []paperRow) {
		for i, r := range rows {
			g.set("Sheet1", 2*i+6, "", "", "", r.label, "", "", r.answer)
			g.merge("Sheet1", 4, 2*i+6, 6, 2*i+6)
			g.merge("Sheet1", 7, 2*i+6, 11, 2*i+6)
		}
	},
	"each row over two lines, merged": func(g grid, rows []paperRow) {
		for i, r := range rows {
			g.set("Sheet1", 2*i+1, r.section, r.group, r.label, r.answer)
			g.merge("Sheet1", 3, 2*i+1, 3, 2*i+2)
			g.merge("Sheet1", 4, 2*i+1, 4, 2*i+2)
		}
	},
	"rows turned round": func(g grid, rows []paperRow) {
		for i := range rows {
			r := rows[len(rows)-1-i]
			g.set("Sheet1", i+1, r.section, r.group, r.label, r.answer)
		}
	},
	"numbered, and numbered wrong": func(g grid, rows []paperRow) {
		for i, r := range rows {
			g.set("Sheet1", i+1, fmt.Sprint(i*7%60+3), r.label, r.answer)
		}
	},
	"numbered in the label with Thai digits": func(g grid, rows []paperRow) {
		for i, r := range rows {
			g.set("Sheet1", i+1, toThai.Replace(fmt.Sprintf("%d. ", i+1))+r.label, r.answer)
		}
	},
	"halves on two sheets": func(g grid, rows []paperRow) {
		_, err := g.f.NewSheet("หน้า 2")
		g.must(err)
		for i, r := range rows {
			sheet, at := "Sheet1", i+1
			if i > len(rows)/2 {
				sheet, at = "หน้า 2", i-len(rows)/2
			}
			g.set(sheet, at, r.section, r.group, r.label, r.answer)
		}
	},
	"hidden columns and a sheet of notes": func(g grid, rows []paperRow) {
		for i, r := range rows {
			g.set("Sheet1", i+1, r.section, r.group, r.label, r.answer)
		}
		g.must(g.f.SetColVisible("Sheet1", "A:B", false))
		_, err := g.f.NewSheet("โน้ต")
		g.must(err)
		g.set("โน้ต", 2, "", "สอบถามกลุ่มกฎหมายก่อนส่ง")
	},
}

func asText(rows []paperRow, change func(string) string) string {
	var b strings.Builder
	for _, r := range rows {
		b.WriteString(r.section + "\t" + r.group + "\t" + r.label + "\t" + strings.ReplaceAll(change(r.answer), "\n", " ") + "\n")
	}
	return b.String()
}

func asDocument(t *testing.T, rows []paperRow, line func(r paperRow) []string) []byte {
	t.Helper()
	d := docx.New("")
	d.Paragraph(ropa.FormTitle, "", docx.Look{})
	var table []docx.Row
	for _, r := range rows {
		var row docx.Row
		for _, text := range line(r) {
			row.Cells = append(row.Cells, docx.Cell{Text: text})
		}
		table = append(table, row)
	}
	widths := make([]int, len(table[0].Cells))
	for i := range widths {
		widths[i] = 10000 / len(widths)
	}
	d.Table(widths, table)
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unfamiliar are the forms of another ministry in layouts that this program never wrote.
func unfamiliar(t *testing.T, code string) map[string][]byte {
	rows := paperRows(code)
	out := map[string][]byte{
		"text with Thai digits":     []byte(asText(rows, toThai.Replace)),
		"text in TIS-620":           thaiBytes(asText(rows, func(s string) string { return s })),
		"a document of two columns": asDocument(t, rows, func(r paperRow) []string { return []string{r.label, r.answer} }),
		"a document, numbered":      asDocument(t, rows, func(r paperRow) []string { return []string{"ข้อ", r.section, r.label, r.answer} }),
	}
	for name, lay := range layouts {
		g := newGrid(t)
		lay(g, rows)
		out[name] = g.bytes()
	}
	return out
}

// thaiBytes writes Thai as offices' older programs do; what it cannot is left out.
func thaiBytes(s string) []byte {
	var out []byte
	for _, r := range s {
		switch {
		case r < 0x80:
			out = append(out, byte(r))
		case r >= 'ก' && r <= '๛':
			out = append(out, byte(r-'ก'+0xa1))
		case r == '“' || r == '”':
			out = append(out, byte(r-'“'+0x93))
		case r == '–':
			out = append(out, 0x96)
		}
	}
	return out
}

func signs(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("“”–", r) {
			return -1
		}
		return r
	}, thaiDigits.Replace(s))
}

// A stranger's form is read right, or what is not certain is asked; nothing of it is lost.
func TestAFormInALayoutNobodyHasSeenIsReadRightAndNothingIsLost(t *testing.T) {
	for _, code := range ropa.SeedCodes {
		rows := paperRows(code)
		for name, data := range unfamiliar(t, code) {
			r, err := form.Import("form", data)
			if err != nil {
				t.Errorf("%s, %s: %v", code, name, err)
				continue
			}
			all := ""
			for _, f := range r.Fields {
				all += signs(f.Value) + "\x00"
			}
			for _, p := range r.Unplaced {
				all += signs(p.Text) + "\x00"
			}
			for _, q := range r.Questions {
				all += signs(q.Found) + "\x00"
			}
			sure := 0
			for _, x := range rows {
				got := r.Revision.Form.Row(x.id)
				right := signs(got.Text) == signs(x.answer)
				switch certain := !asked(r, x.id) && confidence(r, x.id) >= form.Sure; {
				case right && certain && got.State != ropa.RowAbsent:
					sure++
				case !right && certain:
					t.Errorf("%s, %s: %s is certain and wrong: %q (%s), not %q", code, name, x.id, got.Text, got.State, x.answer)
				}
				if !strings.Contains(all, signs(x.answer)) {
					t.Errorf("%s, %s: %s is lost: %q", code, name, x.id, x.answer)
				}
			}
			least := 95
			if name == "rows turned round" { // position speaks against each of them: more is asked
				least = 70
			} else if len(r.Unplaced) > 1 {
				t.Errorf("%s, %s: not placed %+v", code, name, r.Unplaced)
			}
			if sure*100 < len(rows)*least {
				t.Errorf("%s, %s: only %d of %d rows are certain", code, name, sure, len(rows))
			}
			if _, err := ropa.Parse([]byte(canonical(t, r.Revision))); err != nil {
				t.Errorf("%s, %s: what was read is no record: %v", code, name, err)
			}
		}
	}
}

// A package that was cut off, or of which some bytes are others, is refused with what to
// do, or is the record that it was.
func TestADamagedPackageIsRefusedOrWhole(t *testing.T) {
	rev := ropa.Seed("contact-us", 2)
	want := canonical(t, rev)
	for _, format := range []string{"xlsx", "docx"} {
		whole := export(t, rev, format)
		try := func(what string, data []byte) {
			t.Helper()
			r, err := form.Import("form."+format, data)
			var refusal *form.Refusal
			switch {
			case errors.As(err, &refusal):
				if refusal.Reason == "" || refusal.Advice == "" || refusal.TH == "" {
					t.Errorf("%s %s: %+v", format, what, refusal)
				}
			case err != nil:
				t.Errorf("%s %s: no advice: %v", format, what, err)
			case canonical(t, r.Revision) != want && len(r.Questions)+len(r.Unplaced) == 0:
				t.Errorf("%s %s: read as another record, without a word", format, what)
			}
		}
		for i := range 40 {
			try(fmt.Sprintf("cut at %d/40", i), whole[:len(whole)*i/40])
		}
		for i := range 60 {
			bad := bytes.Clone(whole)
			at := len(bad) * (2*i + 1) / 120
			bad[at] ^= 1 << (i % 8)
			try(fmt.Sprintf("a bit of byte %d turned", at), bad)
		}
		try("twice", append(bytes.Clone(whole), whole...))
		try("with bytes before it", append([]byte("PK"), whole...))
	}
}

// What a cell shows is read, not how the program keeps it: a number with its unit, a date
// as a date. A formula is asked about.
func TestCellsAreReadAsPeopleSeeThem(t *testing.T) {
	g := newGrid(t)
	unit := `#,##0" รายการ"`
	style, err := g.f.NewStyle(&excelize.Style{CustomNumFmt: &unit})
	g.must(err)
	for i, r := range paperRows("contact-us") {
		g.set("Sheet1", i+1, r.section, r.group, r.label, r.answer)
		at := g.name(4, i+1)
		switch r.id {
		case "volume":
			g.must(errors.Join(g.f.SetCellValue("Sheet1", at, 1366), g.f.SetCellStyle("Sheet1", at, at, style)))
		case "review.cycle":
			g.must(g.f.SetCellValue("Sheet1", at, time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)))
		case "duty.review":
			g.must(g.f.SetCellFormula("Sheet1", at, "D1"))
		}
	}
	r, err := form.Import("numbers.xlsx", g.bytes())
	if err != nil {
		t.Fatal(err)
	}
	if x := r.Revision.Form.Row("volume"); x.Text != "1,366 รายการ" || r.Revision.Volume.Declared != 1366 {
		t.Errorf("%+v %+v", x, r.Revision.Volume)
	}
	if x := r.Revision.Form.Row("review.cycle"); !strings.HasPrefix(x.Text, "2026-11-25") || !asked(r, "review.cycle") {
		t.Errorf("a day where a cycle belongs: %+v", x)
	}
	if !asked(r, "duty.review") {
		t.Error("a formula is not asked about")
	}
}

// A text that was cut inside a character, or of which some bytes are others, is read; the
// answers that are damaged are asked about.
func TestATextWithDamagedCharactersIsReadAndAskedAbout(t *testing.T) {
	rows := paperRows("contact-us")
	text := asText(rows, func(s string) string { return s })
	cut := []byte(text[:strings.LastIndex(text, "ก")+1])
	r, err := form.Import("cut.txt", cut)
	if err != nil || len(r.Questions) == 0 {
		t.Errorf("a text that was cut: %v %+v", err, r.Questions)
	}
	var purpose paperRow
	for _, x := range rows {
		if x.id == "purposes" {
			purpose = x
		}
	}
	bad := []byte(text)
	at := strings.Index(text, purpose.answer) + strings.Index(purpose.answer, "ร")
	bad[at] = 0xff
	if r, err = form.Import("damaged.txt", bad); err != nil || !asked(r, "purposes") || r.Revision.Form.Row("purposes").State != ropa.Pending {
		t.Errorf("a damaged answer: %v %+v %+v", err, r.Revision.Form.Row("purposes"), r.Questions)
	}
	record := bytes.Replace(export(t, ropa.Seed("contact-us", 2), "yaml"), []byte("ร"), []byte("\xff"), 1)
	var refusal *form.Refusal
	if _, err := form.Import("record.yaml", record); !errors.As(err, &refusal) {
		t.Errorf("a damaged record is read: %v", err)
	}
}

func TestAFormThatWasCutOffOrLacksItsTablesIsAskedAbout(t *testing.T) {
	rows := paperRows("contact-us")
	says := func(r form.Result, text string) bool {
		return slices.ContainsFunc(r.Questions, func(q form.Question) bool { return strings.Contains(q.EN, text) })
	}
	r, err := form.Import("cut.txt", []byte(asText(rows[:30], func(s string) string { return s })))
	if err != nil || !says(r, "rows 31 to 53 are not in the file") || !asked(r, "flow.steps") || !asked(r, "inventory.systems") {
		t.Errorf("%v %+v", err, r.Questions)
	}
	var some []paperRow
	for i, x := range rows {
		if i%3 > 0 {
			some = append(some, x)
		}
	}
	if r, err = form.Import("some.txt", []byte(asText(some, func(s string) string { return s }))); err != nil || !says(r, "18 of 53 rows are not in the file") {
		t.Errorf("%v %+v", err, r.Questions)
	}
	if r, err = form.Import("seed.xlsx", export(t, ropa.Seed("contact-us", 1), "xlsx")); err != nil || says(r, "not in the file") || asked(r, "flow.steps") {
		t.Errorf("a whole form: %v %+v", err, r.Questions)
	}
}
