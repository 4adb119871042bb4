package form_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
)

// put writes texts into a row of a sheet from its first column.
func put(f *excelize.File, sheet string, row int, texts ...string) error {
	var all []error
	for c, text := range texts {
		cell, err := excelize.CoordinatesToCellName(c+1, row)
		all = append(all, err)
		if text != "" {
			all = append(all, f.SetCellStr(sheet, cell, text))
		}
	}
	return errors.Join(all...)
}

func rowOf(t *testing.T, f *excelize.File, name string) (string, int) {
	t.Helper()
	sheet, cell := cellAt(t, f, name)
	_, row, err := excelize.CellNameToCoordinates(cell)
	if err != nil {
		t.Fatal(err)
	}
	return sheet, row
}

var (
	newStep     = []string{"11. สำรวจความพึงพอใจ", "หน่วยงานภายใต้สังกัด สปอ.", "-", "ใช้อีเมล เพื่อส่งแบบสำรวจ", "-", "-", "ระบบ Website"}
	between     = []string{"ตรวจสอบความครบถ้วน", "ระบบ Website", "-", "ใช้ชื่อ นามสกุล", "-", "-", "ระบบ Website"}
	newSystem   = []string{"", "ระบบสำรวจความพึงพอใจ", "ใช้งานอยู่ในปัจจุบัน", "สำรวจความพึงพอใจของผู้ใช้งาน", "สำนักงานปลัดกระทรวงอุตสาหกรรม", "มี", "อีเมล", "สปอ.ส่งข้อมูลให้หน่วยงานอื่น ในรูปแบบ Online ผ่านระบบเครือข่าย", "หน่วยงานภายใต้สังกัด อก.", "สปอ.ประมวลผลเอง", "", "On Cloud", "ผู้ให้บริการคลาวด์อยู่ในประเทศ", ""}
	newExchange = []string{"", "", "", "", "", "มี", "ชื่อ นามสกุล", "สปอ.ส่งข้อมูลให้หน่วยงานอื่น ในรูปแบบ Offline โดยการส่งข้อมูลในลักษณะของไฟล์", "หน่วยงานภายใต้สังกัด อก.", "", "", "", "", ""}
)

// wantAdded holds that the rows stand where they were written, mean what they say, and
// that everything else is as it was.
func wantAdded(t *testing.T, rev *ropa.Revision, r form.Result) {
	t.Helper()
	got := r.Revision
	if len(r.Unplaced) > 0 {
		t.Errorf("not placed: %+v", r.Unplaced)
	}
	n, m := len(rev.Flow.Steps), len(rev.Inventory.Systems)
	if len(got.Flow.Steps) != n+2 || len(got.Inventory.Systems) != m+1 {
		t.Fatalf("%d steps, %d systems", len(got.Flow.Steps), len(got.Inventory.Systems))
	}
	if s := got.Flow.Steps[n+1]; s.Title != "สำรวจความพึงพอใจ" || s.No != 11 || s.Lane != "agency" || s.Use.State != ropa.Given || len(s.Use.Elements) != 1 || s.Use.Elements[0] != "email" || s.Systems[0].Code != "website" || s.Collect.State != ropa.None {
		t.Errorf("%+v", s)
	}
	if s := got.Flow.Steps[3]; s.Title != "ตรวจสอบความครบถ้วน" || s.No != 12 || s.Lane != "website" {
		t.Errorf("%+v", s)
	}
	if s := got.Inventory.Systems[m]; s.Name != "ระบบสำรวจความพึงพอใจ" || s.Status.Code != "active" || s.Hosting.Code != "cloud" || s.Region.Code != "domestic" || len(s.Exchanges) != 1 || s.Exchanges[0].Mode.Code != "send_online_network" {
		t.Errorf("%+v", s)
	}
	if x := got.Inventory.Systems[0].Exchanges; len(x) != len(rev.Inventory.Systems[0].Exchanges)+1 || x[len(x)-1].Mode.Code != "send_offline_file" || x[len(x)-1].Applied.Code != "yes" {
		t.Errorf("%+v", x)
	}
	for _, d := range ropa.Diff(rev, got) {
		if d.Kind != "added" && d.Field != "inventory.systems[1].exchange[1].remark" {
			t.Errorf("something else has changed: %+v", d)
		}
	}
	for _, q := range []string{"flow.steps[3]", "flow.steps[11]", "inventory.systems[5]"} {
		if !asked(r, q) {
			t.Errorf("%s is not asked about: %+v", q, r.Questions)
		}
	}
	if _, err := ropa.Parse([]byte(canonical(t, got))); err != nil {
		t.Error(err)
	}
}

func TestRowsWrittenIntoTheTablesOfAWorkbookAreTaken(t *testing.T) {
	rev := ropa.Seed("contact-us", 2)
	data := workbook(t, rev, func(f *excelize.File) error {
		inventory, last := rowOf(t, f, "ropa.inventory.systems.5.name")
		_, second := rowOf(t, f, "ropa.inventory.systems.2.name")
		flow, step := rowOf(t, f, "ropa.flow.steps.10.title")
		_, third := rowOf(t, f, "ropa.flow.steps.3.title")
		below := last + max(1, len(rev.Inventory.Systems[4].Exchanges))
		return errors.Join(put(f, inventory, below, newSystem...), f.InsertRows(inventory, second, 1), put(f, inventory, second, newExchange...),
			f.InsertRows(flow, step+1, 1), put(f, flow, step+1, newStep...), f.InsertRows(flow, third+1, 1), put(f, flow, third+1, between...))
	})
	r, err := form.Import("edited.xlsx", data)
	if err != nil {
		t.Fatal(err)
	}
	wantAdded(t, rev, r)
	for _, f := range r.Fields {
		if f.ID == "flow.steps[11].title" && f.Value != "สำรวจความพึงพอใจ" || f.ID == "flow.steps[4].title" && !strings.HasSuffix(f.Place, "A9") {
			t.Errorf("%+v", f)
		}
	}
}

// tableRow is a row as a word processor writes it.
func tableRow(texts []string) string {
	var b strings.Builder
	b.WriteString("<w:tr>")
	for _, text := range texts {
		b.WriteString("<w:tc><w:tcPr/><w:p><w:r><w:t xml:space=\"preserve\">" + text + "</w:t></w:r></w:p></w:tc>")
	}
	return b.String() + "</w:tr>"
}

// document exports a record and lets someone edit its text.
func document(t *testing.T, rev *ropa.Revision, edit func(body string) string) []byte {
	t.Helper()
	data := export(t, rev, "docx")
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, part := range in.File {
		r, err := part.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if part.Name == "word/document.xml" {
			text = []byte(edit(string(text)))
		}
		to, err := w.Create(part.Name)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = to.Write(text)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// afterRow puts a row after the one that holds a tag.
func afterRow(t *testing.T, body, tag, row string) string {
	t.Helper()
	i := strings.Index(body, `w:val="`+tag+`"`)
	if i < 0 {
		t.Fatalf("no field %s", tag)
	}
	end := i + strings.Index(body[i:], "</w:tr>") + len("</w:tr>")
	return body[:end] + row + body[end:]
}

func TestRowsWrittenIntoTheTablesOfADocumentAreTaken(t *testing.T) {
	rev := ropa.Seed("contact-us", 2)
	last := rev.Inventory.Systems[0].Exchanges
	data := document(t, rev, func(body string) string {
		body = afterRow(t, body, "flow.steps[9].title", tableRow(newStep))
		body = afterRow(t, body, "flow.steps[2].title", tableRow(between))
		body = afterRow(t, body, "inventory.systems[4].name", tableRow(newSystem))
		return afterRow(t, body, "inventory.systems[0].exchange["+string(rune('0'+len(last)-1))+"].data", tableRow(newExchange))
	})
	r, err := form.Import("edited.docx", data)
	if err != nil {
		t.Fatal(err)
	}
	wantAdded(t, rev, r)
}
