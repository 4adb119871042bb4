package review

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"

	"prasan/internal/doc/xlsx"
	"prasan/internal/i18n"
)

// sheet is the matrix as rows of text, its head first.
func sheet(lang string, grants []Grant) [][]string {
	t := func(key string) string { return i18n.T(lang, key) }
	out := [][]string{{t("review.account"), t("review.name"), t("review.agency"), t("review.roles"), t("review.activity"), t("review.purposes"), t("review.ground"), t("review.elements"), t("review.duties"), t("review.secrecy"), t("review.cases")}}
	word := func(prefix, value string) string {
		if value == "" {
			return "–"
		}
		return t(prefix + value)
	}
	for _, g := range grants {
		out = append(out, []string{g.Account, g.Display.In(lang), g.Agency, strings.Join(g.Roles, ", "), g.Activity, strings.Join(g.Purposes, ", "), g.Ground, strings.Join(g.Elements, ", "), strings.Join(g.Duties, ", "), word("review.secrecy-", g.Secrecy), word("review.cases-", g.Cases)})
	}
	return out
}

// WriteCSV writes the matrix for a spreadsheet; what would be a formula there is text.
func WriteCSV(w io.Writer, lang string, grants []Grant) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	for _, row := range sheet(lang, grants) {
		for i, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				row[i] = "'" + cell
			}
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// WriteXLSX writes the matrix as a workbook.
func WriteXLSX(w io.Writer, lang string, grants []Grant) error {
	book := xlsx.New()
	s := book.Sheet(i18n.T(lang, "review.sheet"), xlsx.Page{Widths: []float64{16, 26, 14, 16, 18, 36, 20, 36, 36, 14, 14}, Landscape: true, Footer: i18n.T(lang, "review.heading")})
	for i, row := range sheet(lang, grants) {
		look := xlsx.Answer
		if i == 0 {
			look = xlsx.TableHead
		}
		for j, cell := range row {
			s.Cell(i+1, j+1, xlsx.Text(cell), look)
		}
		s.Fit(i + 1)
	}
	s.Repeat(1, 1)
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		return err
	}
	_, err := w.Write(out.Bytes())
	return err
}
