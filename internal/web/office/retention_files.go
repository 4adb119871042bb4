package office

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"

	"prasan/internal/doc/xlsx"
	"prasan/internal/errs"
	"prasan/internal/retention"
	"prasan/internal/thai"
)

// listHead are the columns of form 25 (บัญชีหนังสือขอทำลาย), in the words of the
// regulation: an official form, in Thai whatever the reader's language.
var listHead = []string{"ลำดับที่", "รหัสแฟ้ม", "ที่", "ลงวันที่", "เลขทะเบียนรับ", "เรื่อง", "การพิจารณา", "หมายเหตุ"}

var listWidths = []float64{9, 16, 14, 18, 18, 36, 20, 36}

// sheetRows is how many lines a sheet holds, so that the file can be read in again.
const sheetRows = xlsx.MaxRows - 10

// roundFile sends the list or the certificate.
func roundFile(v *visit) error {
	r, _, err := v.theRound(0, 1)
	if err != nil {
		return err
	}
	name := "destruction-" + r.Agency + "-" + strconv.Itoa(r.Year+543)
	switch file := v.PathValue("file"); {
	case file == "certificate.json" && r.Certificate != "":
		return v.download("application/json", name+".json", []byte(r.Certificate))
	case r.State == retention.Opened:
	case file == "list.csv":
		lines, err := v.listLines(r)
		if err != nil {
			return err
		}
		return v.download("text/csv; charset=utf-8", name+".csv", csvOf(lines))
	case file == "list.xlsx":
		lines, err := v.listLines(r)
		if err != nil {
			return err
		}
		body, err := v.bookOf(r, lines)
		if err != nil {
			return err
		}
		return v.download("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", name+".xlsx", body)
	}
	return errs.New(errs.NotFound, "error.not-found")
}

// listLines is the whole list, line by line.
func (v *visit) listLines(r retention.Round) ([][]string, error) {
	var out [][]string
	for after := 0; ; {
		_, items, err := v.theRound(after, 1000)
		if err != nil {
			return nil, err
		}
		for _, i := range items {
			out = append(out, thaiLine(r, i))
			after = i.No
		}
		if len(items) < 1000 {
			return out, nil
		}
	}
}

var thaiDecisions = map[string]string{"": "", "destroy": "X ทำลาย", "extend": "ขยายเวลาการเก็บ", "archive": "ส่งมอบสำนักหอจดหมายเหตุแห่งชาติ", "hold": "ระงับการทำลาย"}

func thaiLine(r retention.Round, i retention.Item) []string {
	note := "ครบกำหนดเก็บ " + thai.DateShort(i.DueAt, "th")
	if i.Dissent != "" {
		note += " · ความเห็นแย้ง: " + i.Dissent
	}
	matter := "เรื่องที่ประชาชนติดต่อ"
	if i.Kind != "case" {
		matter = "หนังสือราชการ"
	}
	return []string{strconv.Itoa(i.No), r.Activity, "–", thai.DateShort(i.ClosedAt, "th"), i.Label, matter, thaiDecisions[i.Decision], note}
}

// csvOf begins with a byte order mark, without which spreadsheets take Thai for
// something else. A cell that could be taken for a formula is made a text.
func csvOf(lines [][]string) []byte {
	var out bytes.Buffer
	out.WriteString("\ufeff")
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	_ = w.Write(listHead) // a buffer does not fail
	for _, line := range lines {
		safe := make([]string, len(line))
		for i, cell := range line {
			if strings.IndexAny(cell, "=+-@\t\r") == 0 {
				cell = "'" + cell
			}
			safe[i] = cell
		}
		_ = w.Write(safe)
	}
	w.Flush()
	return out.Bytes()
}

func (v *visit) bookOf(r retention.Round, lines [][]string) ([]byte, error) {
	book := xlsx.New()
	agency, _ := v.f.Agencies.Get(r.Agency)
	for n := 0; n == 0 || n*sheetRows < len(lines); n++ {
		name := "แบบที่ 25"
		if n > 0 {
			name += " (" + strconv.Itoa(n+1) + ")"
		}
		s := book.Sheet(name, xlsx.Page{Widths: listWidths, Landscape: true, Footer: "บัญชีหนังสือขอทำลาย"})
		s.Title(1, len(listHead), "บัญชีหนังสือขอทำลาย ประจำปี "+strconv.Itoa(r.Year+543))
		s.Span(2, 1, 2, len(listHead), agency.Name.TH, xlsx.Plain)
		for c, head := range listHead {
			s.Cell(4, c+1, head, xlsx.TableHead)
		}
		s.Repeat(4, 4)
		for i, line := range lines[min(n*sheetRows, len(lines)):min((n+1)*sheetRows, len(lines))] {
			for c, text := range line {
				s.Cell(5+i, c+1, text, xlsx.Answer)
			}
		}
	}
	var out bytes.Buffer
	err := book.Write(&out)
	return out.Bytes(), err
}
