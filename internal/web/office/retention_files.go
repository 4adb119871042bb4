package office

import (
	"bytes"
	"encoding/csv"
	"strconv"
	"strings"

	"prasan/internal/doc/xlsx"
	"prasan/internal/errs"
	"prasan/internal/retention"
)

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
		_, lines, err := v.f.Retention.FormLines(v.Context(), v.session.Actor, r.ID)
		if err != nil {
			return err
		}
		return v.download("text/csv; charset=utf-8", name+".csv", csvOf(lines))
	case file == "list.pdf":
		var body bytes.Buffer
		if err := v.f.Retention.Form25(v.Context(), v.session.Actor, r.ID, &body); err != nil {
			return err
		}
		return v.download("application/pdf", name+".pdf", body.Bytes())
	case file == "list.xlsx":
		_, lines, err := v.f.Retention.FormLines(v.Context(), v.session.Actor, r.ID)
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

// csvOf begins with a byte order mark, without which spreadsheets take Thai for
// something else. A cell that could be taken for a formula is made a text.
func csvOf(lines [][]string) []byte {
	var out bytes.Buffer
	out.WriteString("\ufeff")
	w := csv.NewWriter(&out)
	w.UseCRLF = true
	_ = w.Write(retention.FormHead) // a buffer does not fail
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
		s.Title(1, len(retention.FormHead), "บัญชีหนังสือขอทำลาย ประจำปี "+strconv.Itoa(r.Year+543))
		s.Span(2, 1, 2, len(retention.FormHead), agency.Name.TH, xlsx.Plain)
		for c, head := range retention.FormHead {
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
