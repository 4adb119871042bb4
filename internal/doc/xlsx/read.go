package xlsx

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// Book is what a spreadsheet holds, as text.
type Book struct {
	Sheets []Sheet
	Names  map[string]Ref // defined names that stand for one cell
}

// Sheet is one sheet: rows of cells from A1 on.
type Sheet struct {
	Name   string
	Hidden bool
	Rows   [][]string
	// Formulas are the cells whose value is computed, "B2".
	Formulas map[string]bool
}

// Ref is the place of a cell.
type Ref struct {
	Sheet       string
	Row, Column int // from 0
}

// String is the place as people write it.
func (r Ref) String() string {
	name, err := excelize.CoordinatesToCellName(r.Column+1, r.Row+1)
	if err != nil {
		return r.Sheet
	}
	return r.Sheet + "!" + name
}

// Read reads a spreadsheet within the limits.
func Read(data []byte) (book *Book, err error) {
	z, err := open(data)
	if err != nil {
		return nil, err
	}
	if err := checkSheets(z); err != nil {
		return nil, err
	}
	defer func() { // the reader is not ours; a panic in it is a broken file to us
		if p := recover(); p != nil {
			book, err = nil, errors.New("a spreadsheet that cannot be read")
		}
	}()
	// Cells are read as people see them: a number with its unit, a date as a date and not as
	// the days since 1900.
	f, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{UnzipSizeLimit: MaxUnpacked, UnzipXMLSizeLimit: MaxPart, ShortDatePattern: "yyyy-mm-dd", LongDatePattern: "yyyy-mm-dd"})
	if err != nil {
		return nil, fmt.Errorf("a spreadsheet that cannot be read: %w", err)
	}
	defer func() { _ = f.Close() }() // it only removes what was unpacked
	return readBook(f)
}

func readBook(f *excelize.File) (*Book, error) {
	book := &Book{Names: map[string]Ref{}}
	for _, name := range f.GetSheetList() {
		rows, err := f.GetRows(name)
		if err != nil {
			return nil, fmt.Errorf("the sheet %q cannot be read: %w", name, err)
		}
		visible, err := f.GetSheetVisible(name)
		if err != nil {
			return nil, fmt.Errorf("the sheet %q cannot be read: %w", name, err)
		}
		s := Sheet{Name: name, Hidden: !visible, Rows: rows, Formulas: map[string]bool{}}
		for r := range rows {
			for c := range rows[r] {
				cell, err := excelize.CoordinatesToCellName(c+1, r+1)
				if err != nil {
					return nil, err
				}
				if formula, err := f.GetCellFormula(name, cell); err == nil && formula != "" {
					s.Formulas[cell] = true
				}
			}
		}
		book.Sheets = append(book.Sheets, s)
	}
	for _, d := range f.GetDefinedName() {
		if ref, ok := parseRef(d.RefersTo); ok {
			book.Names[d.Name] = ref
		}
	}
	return book, nil
}

// parseRef reads 'Sheet 1'!$B$2, and $B$2:$C$2 by its first cell.
func parseRef(s string) (Ref, bool) {
	at := strings.LastIndexByte(s, '!')
	if at < 0 {
		return Ref{}, false
	}
	sheet := strings.ReplaceAll(strings.Trim(strings.TrimPrefix(s[:at], "="), "'"), "''", "'")
	sheet = strings.TrimPrefix(sheet, "$")
	first, _, _ := strings.Cut(strings.ReplaceAll(s[at+1:], "$", ""), ":")
	column, row, err := excelize.CellNameToCoordinates(first)
	if err != nil {
		return Ref{}, false
	}
	return Ref{strings.Trim(sheet, "'"), row - 1, column - 1}, true
}

// Text is the text of a cell; "" outside the sheet.
func (b *Book) Text(r Ref) (string, bool) {
	for i := range b.Sheets {
		if b.Sheets[i].Name == r.Sheet {
			rows := b.Sheets[i].Rows
			if r.Row < len(rows) && r.Column < len(rows[r.Row]) {
				return rows[r.Row][r.Column], true
			}
			return "", true
		}
	}
	return "", false
}
