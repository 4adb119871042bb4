package form

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"prasan/internal/doc/xlsx"
	"prasan/internal/ropa"
)

// Sure is the confidence from which a field is taken as read. What is below is asked:
// its row stands as pending in the revision, with the words that were found.
const Sure = 0.75

// Field is one answer of the form. ID is the identifier of a row, or the path of a cell
// of the two tables in the canonical form; Ordinal is the row, step or system on the
// form, from 1.
type Field struct {
	ID         string     `json:"id"`
	Ordinal    int        `json:"ordinal"`
	Value      string     `json:"value"`
	State      ropa.State `json:"state"`
	Confidence float64    `json:"confidence"`
	Place      string     `json:"place"`
}

// Piece is text that could not be placed. Near is the field that it stood by.
type Piece struct {
	Text  string `json:"text"`
	Place string `json:"place"`
	Near  string `json:"near,omitempty"`
}

// Question is what a person must answer before the record may be relied on.
type Question struct {
	Field string    `json:"field"`
	Place string    `json:"place,omitempty"`
	Found string    `json:"found,omitempty"`
	Text  ropa.Text `json:"-"`
	TH    string    `json:"th"`
	EN    string    `json:"en"`
}

// Result is what was read. Revision is never nil when there is no error.
type Result struct {
	Format    string         `json:"format"` // text, csv, xlsx, docx, json, yaml
	Fields    []Field        `json:"fields"`
	Unplaced  []Piece        `json:"unplaced"`
	Questions []Question     `json:"questions"`
	Revision  *ropa.Revision `json:"-"`
}

func (r *Result) ask(field, place, found, th, en string) {
	r.Questions = append(r.Questions, Question{Field: field, Place: place, Found: found, Text: ropa.Text{TH: th, EN: en}, TH: th, EN: en})
}

// Refusal says why a file is not read at all, and what to do; TH says both in Thai.
type Refusal struct{ Reason, Advice, TH string }

func (e *Refusal) Error() string { return e.Reason + "; " + e.Advice }

// Why says in "th" or "en" why a file was not read.
func Why(err error, lang string) string {
	var r *Refusal
	if lang == "th" && errors.As(err, &r) {
		return r.TH
	}
	return err.Error()
}

// what Thai refusals advise.
const (
	oneForm   = "โปรดส่งไฟล์ละหนึ่งแบบฟอร์ม"
	saveText  = "โปรดบันทึกเป็นข้อความ UTF-8, CSV หรือ XLSX"
	saveAgain = "โปรดเปิดไฟล์ด้วยโปรแกรมเดิมแล้วบันทึกใหม่เป็น .xlsx หรือ .docx"
	exportNew = "โปรดส่งออกบันทึกอีกครั้ง แล้วแก้ไขในไฟล์ใหม่"
)

// MaxBytes is the size of the largest file that is read.
const MaxBytes = 8 << 20

// Import reads a form. The name of the file serves messages only: what it is, is told
// by content.
func Import(name string, data []byte) (Result, error) {
	if len(data) > MaxBytes {
		return Result{}, &Refusal{fmt.Sprintf("%s is larger than %d MB", name, MaxBytes>>20), "give one form in a file", fmt.Sprintf("ไฟล์ใหญ่กว่า %d MB %s", MaxBytes>>20, oneForm)}
	}
	if bytes.HasPrefix(data, []byte("PK")) {
		return importZip(data)
	}
	if bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0")) {
		return Result{}, &Refusal{"an old Office file (.xls or .doc), or one that a password locks", "save it as .xlsx or .docx, without a password", "ไฟล์ Office รุ่นเก่า (.xls หรือ .doc) หรือไฟล์ที่ตั้งรหัสผ่าน โปรดบันทึกเป็น .xlsx หรือ .docx โดยไม่ตั้งรหัสผ่าน"}
	}
	if bytes.HasPrefix(data, []byte(`{\rtf`)) {
		return Result{}, &Refusal{"a file in the Rich Text Format", "save it as .docx", "ไฟล์ RTF โปรดบันทึกเป็น .docx"}
	}
	if bytes.HasPrefix(data, []byte("%PDF")) {
		return Result{}, &Refusal{"a PDF holds a picture of the form, not its cells", "give the spreadsheet, or the text that was read from it", "ไฟล์ PDF มีเพียงภาพของแบบฟอร์ม โปรดส่งไฟล์สเปรดชีต หรือข้อความที่อ่านจากไฟล์นี้"}
	}
	text, err := decode(data)
	if err != nil {
		return Result{}, err
	}
	if len(text) > ropa.MaxBytes {
		return Result{}, &Refusal{fmt.Sprintf("the text is larger than %d MB", ropa.MaxBytes>>20), "give one form in a file", fmt.Sprintf("ข้อความใหญ่กว่า %d MB %s", ropa.MaxBytes>>20, oneForm)}
	}
	damaged := strings.Count(text, broken)
	switch {
	case damaged > 0 && (isCanonical(text) || isOurCSV(text)):
		return Result{}, &Refusal{fmt.Sprintf("%d characters of the record are damaged", damaged), "export the record again", fmt.Sprintf("บันทึกมีอักขระเสียหาย %d แห่ง %s", damaged, exportNew)}
	case isCanonical(text):
		return importCanonical(text)
	case isOurCSV(text):
		return importCSV(text)
	}
	format, lines := "text", textLines(text)
	if rows, ok := commaRows(text); ok {
		format, lines = "csv", rows
	}
	r, err := read(format, lines)
	if err == nil && damaged > 0 {
		r.ask("", "", "", fmt.Sprintf("ไฟล์มีอักขระเสียหาย %d แห่ง โปรดเทียบกับต้นฉบับ", damaged), fmt.Sprintf("%d characters of the file are damaged: compare it with the original", damaged))
	}
	return r, err
}

// importZip tells a spreadsheet from a word processor's file.
func importZip(data []byte) (Result, error) {
	kind, err := xlsx.Kind(data)
	if err != nil {
		return Result{}, &Refusal{err.Error(), "save the form again as .xlsx or .docx", "เปิดไฟล์ไม่ได้: ไฟล์เสียหาย ไม่ใช่ .xlsx หรือ .docx หรือมีเนื้อหาเกินกว่าแบบฟอร์ม " + saveAgain}
	}
	if kind == "docx" {
		return importDOCX(data)
	}
	return importXLSX(data)
}

// decode brings text into UTF-8: Thai offices still write TIS-620 and UTF-16.
func decode(data []byte) (string, error) {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		out, err := unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(data)
		if err != nil {
			return "", &Refusal{"the text is broken UTF-16", "save it as UTF-8", "ข้อความ UTF-16 เสียหาย โปรดบันทึกเป็น UTF-8"}
		}
		data = out
	case mostlyUTF8(data):
		data = bytes.ToValidUTF8(data, []byte(broken))
	case !utf8.Valid(data):
		out, err := charmap.Windows874.NewDecoder().Bytes(data)
		if err != nil || !mostlyThai(string(out)) {
			return "", &Refusal{"neither text nor a spreadsheet that can be read", "save it as UTF-8 text, CSV or XLSX", "ไฟล์นี้ไม่ใช่ข้อความหรือสเปรดชีตที่อ่านได้ " + saveText}
		}
		data = out
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	if strings.ContainsRune(text, 0) {
		return "", &Refusal{"not text: it holds zero bytes", "save it as UTF-8 text, CSV or XLSX", "ไฟล์นี้ไม่ใช่ข้อความ " + saveText}
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n"), nil
}

// broken stands for what was a character, in a text that was cut or damaged.
const broken = "\ufffd"

// mostlyUTF8 tells text in UTF-8 of which little is damaged: by chance no other encoding
// of Thai has so many whole characters.
func mostlyUTF8(data []byte) bool {
	whole, bad := 0, 0
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			bad++
		} else if n == 3 {
			whole++
		}
		i += n
	}
	return bad > 0 && whole > 20*bad
}

func mostlyThai(s string) bool {
	thai, other := 0, 0
	for _, r := range s {
		switch {
		case r >= 'ก' && r <= '๛':
			thai++
		case r == utf8.RuneError || r < ' ' && r != '\n' && r != '\t' && r != '\r':
			other++
		}
	}
	return thai > 20 && other*50 < thai
}

// isCanonical tells the record's own form in YAML or JSON.
func isCanonical(text string) bool {
	head := strings.TrimSpace(text)
	if strings.HasPrefix(head, "{") {
		return true
	}
	for line := range strings.Lines(head) {
		if strings.HasPrefix(line, "apiVersion:") {
			return true
		}
		if t := strings.TrimSpace(line); t != "" && !strings.HasPrefix(t, "#") && t != "---" {
			return strings.Contains(head, "\napiVersion:")
		}
	}
	return false
}

func importCanonical(text string) (Result, error) {
	rev, err := ropa.Parse([]byte(text))
	if err != nil {
		return Result{}, err
	}
	format := "yaml"
	if strings.HasPrefix(strings.TrimSpace(text), "{") {
		format = "json"
	}
	return Result{Format: format, Revision: rev, Fields: fieldsOf(rev, func(id string) string { return id })}, nil
}

// fieldsOf lists what a revision says, as fields that are certain.
func fieldsOf(rev *ropa.Revision, place func(id string) string) []Field {
	var out []Field
	for _, c := range cellsOf(rev) {
		out = append(out, Field{c.id, c.ordinal, c.text, c.state, 1, place(c.id)})
	}
	return out
}
