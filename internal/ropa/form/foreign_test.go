package form_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
)

// workbook exports a record, lets someone edit the file, and gives its bytes.
func workbook(t *testing.T, rev *ropa.Revision, edit func(f *excelize.File) error) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(export(t, rev, "xlsx")))
	if err != nil {
		t.Fatal(err)
	}
	if err := edit(f); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// cellAt is the cell that a defined name stands for.
func cellAt(t *testing.T, f *excelize.File, name string) (sheet, cell string) {
	t.Helper()
	for _, d := range f.GetDefinedName() {
		if d.Name == name {
			at := strings.LastIndex(d.RefersTo, "!")
			return strings.Trim(d.RefersTo[:at], "'"), strings.ReplaceAll(d.RefersTo[at+1:], "$", "")
		}
	}
	t.Fatalf("no name %s", name)
	return "", ""
}

func TestAWorkbookWithRowsInsertedIsTheSameRecord(t *testing.T) {
	rev := ropa.Seed("contact-us", 2)
	data := workbook(t, rev, func(f *excelize.File) error {
		for _, sheet := range f.GetSheetList()[:3] {
			if err := f.InsertRows(sheet, 1, 2); err != nil {
				return err
			}
		}
		return f.InsertRows("แบบบันทึก", 30, 1)
	})
	r, err := form.Import("edited.xlsx", data)
	if err != nil {
		t.Fatal(err)
	}
	if canonical(t, r.Revision) != canonical(t, rev) || len(r.Unplaced) > 0 {
		t.Errorf("%+v, unplaced %+v", ropa.Diff(rev, r.Revision), r.Unplaced)
	}
}

func TestAnEditedAnswerIsReadAnewAndTheRestKept(t *testing.T) {
	rev := ropa.Seed("contact-us", 2)
	data := workbook(t, rev, func(f *excelize.File) error {
		for name, text := range map[string]string{"ropa.retention": "5 ปี", "ropa.class.public": "YES", "ropa.volume": "รอข้อมูล", "ropa.flow.steps.5.actor": "ศทส.สปอ.", "ropa.inventory.systems.2.status": "อยู่ระหว่างพัฒนา"} {
			sheet, cell := cellAt(t, f, name)
			if err := f.SetCellStr(sheet, cell, text); err != nil {
				return err
			}
		}
		return f.SetCellStr("แผนภาพและขั้นตอน", "B40", "ขั้นตอนที่เพิ่มเอง")
	})
	r, err := form.Import("edited.xlsx", data)
	if err != nil {
		t.Fatal(err)
	}
	got := r.Revision
	if len(got.Retention) != 1 || got.Retention[0].Period != "P5Y" || got.Retention[0].Anchor != "case.closed_at" || got.Class.Public != ropa.Yes {
		t.Errorf("%+v, public %s", got.Retention, got.Class.Public)
	}
	if got.Volume != (ropa.Volume{}) || got.Form.Row("volume").State != ropa.Pending {
		t.Errorf("%+v %+v", got.Volume, got.Form.Row("volume"))
	}
	if s := got.Flow.Steps[4]; s.Actor.Code != "ops-ict" || s.Use.Text != rev.Flow.Steps[4].Use.Text {
		t.Errorf("%+v", s)
	}
	if got.Inventory.Systems[1].Status.Code != "developing" {
		t.Errorf("%+v", got.Inventory.Systems[1].Status)
	}
	if len(got.Elements) != len(rev.Elements) || got.Elements[0] != rev.Elements[0] || len(got.Flow.Edges) != len(rev.Flow.Edges) {
		t.Error("what was not edited changed")
	}
	if len(r.Unplaced) != 1 || r.Unplaced[0].Text != "ขั้นตอนที่เพิ่มเอง" || r.Unplaced[0].Place != "แผนภาพและขั้นตอน!B40" {
		t.Errorf("unplaced %+v", r.Unplaced)
	}
	if _, err := ropa.Parse([]byte(canonical(t, got))); err != nil {
		t.Error(err)
	}
}

// Sorting moves what cells hold and leaves their names: labels and numbers say what is what.
func TestSortedRowsAreFollowed(t *testing.T) {
	rev := ropa.Seed("contact-us", 2)
	data := workbook(t, rev, func(f *excelize.File) error {
		if err := swap(f, "แผนภาพและขั้นตอน", 5, 9, 7); err != nil {
			return err
		}
		return swap(f, "แบบบันทึก", 36, 38, 4)
	})
	r, err := form.Import("sorted.xlsx", data)
	if err != nil {
		t.Fatal(err)
	}
	if canonical(t, r.Revision) != canonical(t, rev) {
		t.Errorf("%+v", ropa.Diff(rev, r.Revision))
	}
}

func swap(f *excelize.File, sheet string, a, b, columns int) error {
	for c := 1; c <= columns; c++ {
		x, _ := excelize.CoordinatesToCellName(c, a)
		y, _ := excelize.CoordinatesToCellName(c, b)
		left, err := f.GetCellValue(sheet, x)
		if err != nil {
			return err
		}
		right, err := f.GetCellValue(sheet, y)
		if err != nil {
			return err
		}
		if c < 3 && sheet == "แบบบันทึก" {
			continue // merged headings
		}
		if err := errors.Join(f.SetCellStr(sheet, x, right), f.SetCellStr(sheet, y, left)); err != nil {
			return err
		}
	}
	return nil
}

func TestADeletedRowIsGoneAndAskedAbout(t *testing.T) {
	rev := ropa.Seed("contact-us", 2)
	data := workbook(t, rev, func(f *excelize.File) error {
		sheet, cell := cellAt(t, f, "ropa.review.cycle")
		_, row, err := excelize.CellNameToCoordinates(cell)
		return errors.Join(err, f.RemoveRow(sheet, row))
	})
	r, err := form.Import("edited.xlsx", data)
	if err != nil {
		t.Fatal(err)
	}
	if r.Revision.Form.Row("review.cycle").State != ropa.RowAbsent || r.Revision.Review.Cycle != "" || len(r.Questions) == 0 {
		t.Errorf("%+v %+v %+v", r.Revision.Form.Row("review.cycle"), r.Revision.Review, r.Questions)
	}
}

// A workbook of the ministry's own knows neither names nor the hidden sheet.
func TestAWorkbookWithoutOurMarksIsReadByItsLabels(t *testing.T) {
	for _, code := range ropa.SeedCodes {
		rev := ropa.Seed(code, 1)
		data := workbook(t, rev, func(f *excelize.File) error {
			for _, d := range f.GetDefinedName() {
				if err := f.DeleteDefinedName(&d); err != nil {
					return err
				}
			}
			return f.DeleteSheet("_ropa")
		})
		r, err := form.Import("ministry.xlsx", data)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range r.Fields {
			if f.Confidence < form.Sure {
				t.Errorf("%s: %s is asked: %+v", code, f.ID, f)
			}
		}
		for _, d := range ropa.Diff(rev, r.Revision) {
			if d.Field != "form.transfer.after_rule" && !strings.HasPrefix(d.Field, "form.transfer.after_rule") {
				t.Errorf("%s: %+v", code, d)
			}
		}
		for _, p := range r.Unplaced {
			t.Errorf("%s: %+v was not placed", code, p)
		}
	}
}

func TestAFormulaIsAskedAbout(t *testing.T) {
	data := workbook(t, ropa.Seed("contact-us", 2), func(f *excelize.File) error {
		sheet, cell := cellAt(t, f, "ropa.volume")
		return errors.Join(f.SetCellValue(sheet, cell, "999 รายการ"), f.SetCellFormula(sheet, cell, `"999"&" รายการ"`))
	})
	r, err := form.Import("formula.xlsx", data)
	if err != nil {
		t.Fatal(err)
	}
	if !asked(r, "volume") {
		t.Errorf("%+v %+v", r.Questions, r.Revision.Volume)
	}
}

func TestAChangedCarrierIsRefused(t *testing.T) {
	data := workbook(t, ropa.Seed("contact-us", 2), func(f *excelize.File) error { return f.SetCellStr("_ropa", "B3", strings.Repeat("0", 64)) })
	var refusal *form.Refusal
	if _, err := form.Import("x.xlsx", data); !errors.As(err, &refusal) || !strings.Contains(refusal.Advice, "delete that sheet") {
		t.Errorf("%v", err)
	}
}

// resave has LibreOffice open and save a file.
func resave(t *testing.T, data []byte, format string) []byte {
	t.Helper()
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("LibreOffice is not installed (e2e/setup.sh)")
	}
	dir := t.TempDir()
	in := filepath.Join(dir, "form."+format)
	if err := os.WriteFile(in, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(office, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", format, "--outdir", filepath.Join(dir, "out"), in).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	again, err := os.ReadFile(filepath.Join(dir, "out", "form."+format))
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return again
}

func TestFilesSavedAgainByLibreOfficeAreTheSameRecord(t *testing.T) {
	for i, format := range []string{"xlsx", "docx"} {
		for _, code := range ropa.SeedCodes[i : i+1] { // starting it takes its time
			rev := ropa.Seed(code, 2)
			r, err := form.Import("again."+format, resave(t, export(t, rev, format), format))
			if err != nil {
				t.Errorf("%s as %s: %v", code, format, err)
				continue
			}
			if canonical(t, r.Revision) != canonical(t, rev) {
				t.Errorf("%s as %s: %+v", code, format, ropa.Diff(rev, r.Revision))
			}
			if len(r.Questions)+len(r.Unplaced) > 0 {
				t.Errorf("%s as %s: %+v %+v", code, format, r.Questions, r.Unplaced)
			}
		}
	}
}

// A document that also shows what was observed is the same record, as it was written,
// saved again by LibreOffice, and without the part in which the record travels.
func TestWhatWasObservedStandsInTheDocumentAndIsNoneOfTheRecord(t *testing.T) {
	rev := ropa.Seed("contact-us", 2)
	edges := rev.Flow.Edges
	passages := []form.Passage{{From: edges[0].From, To: edges[0].To, Count: 350}, {From: edges[1].From, To: edges[1].To, Count: 12}, {From: 8, To: 1, Count: 3}}
	var out bytes.Buffer
	if err := form.Document(rev, passages, "1 ม.ค. 2569 – 24 พ.ย. 2569 · 365 เรื่อง", &out); err != nil {
		t.Fatal(err)
	}
	parts := unpack(t, out.Bytes())
	images := 0
	for name := range parts {
		if strings.HasPrefix(name, "word/media/") {
			images++
		}
	}
	if body := parts["word/document.xml"]; images != 2 || !strings.Contains(body, "เส้นทางที่เกิดขึ้นจริง") || !strings.Contains(body, "350 ครั้ง") {
		t.Errorf("%d pictures", images)
	}
	for how, data := range map[string][]byte{"as it was written": out.Bytes(), "saved again": resave(t, out.Bytes(), "docx")} {
		r, err := form.Import("again.docx", data)
		if err != nil {
			t.Errorf("%s: %v", how, err)
			continue
		}
		if canonical(t, r.Revision) != canonical(t, rev) || len(r.Questions)+len(r.Unplaced) > 0 {
			t.Errorf("%s: %+v %+v %+v", how, ropa.Diff(rev, r.Revision), r.Questions, r.Unplaced)
		}
	}
}

func unpack(t *testing.T, data []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out[f.Name] = string(text)
	}
	return out
}

// pack makes a package of parts.
func pack(t *testing.T, parts map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, body := range parts {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestWhatIsTooLargeOrNoFormIsRefusedWithAReason(t *testing.T) {
	many := map[string]string{"xl/workbook.xml": "<workbook/>"}
	for i := range 600 {
		many[fmt.Sprintf("xl/media/%d.png", i)] = "x"
	}
	sheet := func(rows string) []byte {
		return workbook2(t, rows)
	}
	for name, data := range map[string][]byte{
		"a bomb":                    pack(t, map[string]string{"xl/workbook.xml": "<workbook/>", "xl/worksheets/sheet1.xml": strings.Repeat(" ", 15<<20)}),
		"too many parts":            pack(t, many),
		"a part too large":          pack(t, map[string]string{"word/document.xml": strings.Repeat("<w:p/>", 4<<20)}),
		"ten million declared rows": sheet(`<row r="10000000"><c r="A10000000" t="inlineStr"><is><t>x</t></is></c></row>`),
		"a far column":              sheet(`<row r="1"><c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row>`),
		"an old workbook":           []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
		"a PDF":                     []byte("%PDF-1.7"),
		"a broken zip":              []byte("PK\x03\x04 and then nothing"),
		"another zip":               pack(t, map[string]string{"a.txt": "a"}),
		"a text of rich format":     []byte(`{\rtf1\ansi แบบฟอร์ม}`),
		"slides":                    pack(t, map[string]string{"[Content_Types].xml": "<x/>", "ppt/presentation.xml": "<p/>"}),
		"an OpenDocument":           pack(t, map[string]string{"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"}),
		"a binary workbook":         pack(t, map[string]string{"[Content_Types].xml": "<x/>", "xl/workbook.bin": "x"}),
		"a package in a package":    pack(t, map[string]string{"xl/workbook.xml": "<workbook/>", "a.zip": strings.Repeat("PK", 1<<20)}),
		"a part outside the folder": pack(t, map[string]string{"xl/workbook.xml": "<workbook/>", "../../etc/passwd": "x"}),
		"shared texts without end":  pack(t, map[string]string{"xl/workbook.xml": "<workbook/>", "xl/sharedStrings.xml": strings.Repeat("<si><t>aaaaaaaa</t></si>", 400000)}),
		"a picture":                 []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"),
		"a photograph":              []byte("\xff\xd8\xff\xe0\x00\x10JFIF\x00"),
		"nothing but commas":        []byte(",,,,\n,,,\n"),
		"a sheet of errors":         sheet(`<row r="1"><c r="A1" t="e"><v>#REF!</v></c></row>`),
		"zero bytes":                []byte("ก\x00ข"),
		"noise":                     []byte("\xff\x01\x02\x93\x94"),
		"nothing":                   nil,
		"a letter":                  []byte("เรียน ท่านผู้อำนวยการ\n\nขอแสดงความนับถือ\n"),
		"a huge text":               bytes.Repeat([]byte("ก"), 3<<20),
	} {
		_, err := form.Import("file", data)
		var refusal *form.Refusal
		if !errors.As(err, &refusal) || refusal.Reason == "" || refusal.Advice == "" || strings.Contains(refusal.Error(), "\n") || !strings.Contains(form.Why(err, "th"), "โปรด") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := form.Import("x.yaml", []byte("apiVersion: ropa/v1\nkind: Activity\ncode: a\nunknown: 1\n")); err == nil {
		t.Error("unknown keys are read")
	}
}

// workbook2 is a spreadsheet whose only sheet has these rows.
func workbook2(t *testing.T, rows string) []byte {
	t.Helper()
	return pack(t, map[string]string{
		"[Content_Types].xml":        `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`,
		"_rels/.rels":                `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		"xl/_rels/workbook.xml.rels": `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>`,
		"xl/workbook.xml":            `<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>`,
		"xl/worksheets/sheet1.xml":   `<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>` + rows + `</sheetData></worksheet>`,
	})
}
