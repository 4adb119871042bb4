package xlsx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of a package, its sheets and their cells.
const (
	MaxEntries  = 500
	MaxUnpacked = 64 << 20
	MaxPart     = 16 << 20
	MaxRatio    = 200 // of unpacked to packed, for parts that are not small
	MaxSheets   = 30
	MaxRows     = 5000 // also the greatest row number
	MaxColumns  = 256
	MaxCells    = 200000
	smallPart   = 1 << 20
)

// Kind tells what an Office package is, "xlsx" or "docx", after checking the limits of
// the package.
func Kind(data []byte) (string, error) {
	z, err := open(data)
	if err != nil {
		return "", err
	}
	for _, f := range z.File {
		switch strings.TrimPrefix(f.Name, "/") {
		case "xl/workbook.xml":
			return "xlsx", nil
		case "word/document.xml":
			return "docx", nil
		}
	}
	return "", errors.New("a zip file that is neither a spreadsheet (.xlsx) nor a document (.docx)")
}

// open checks a package by its directory: nothing is unpacked yet.
func open(data []byte) (*zip.Reader, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, errors.New("a broken zip file")
	}
	if len(z.File) > MaxEntries {
		return nil, fmt.Errorf("a package of %d parts; a form has not that many", len(z.File))
	}
	total := uint64(0)
	names := map[string]bool{}
	for _, f := range z.File {
		size := f.UncompressedSize64
		total += size
		switch {
		case names[f.Name]:
			return nil, fmt.Errorf("the part %q stands twice in the package", f.Name)
		case size > MaxPart || total > MaxUnpacked:
			return nil, fmt.Errorf("the package unpacks to more than %d MB", MaxUnpacked>>20)
		case size > smallPart && size > MaxRatio*max(1, f.CompressedSize64):
			return nil, fmt.Errorf("the part %q is packed more tightly than any form", f.Name)
		}
		names[f.Name] = true
	}
	return z, nil
}

func unpack(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("the part %q cannot be unpacked", f.Name)
	}
	defer func() { _ = r.Close() }() // reading is all that was done
	out, err := io.ReadAll(io.LimitReader(r, MaxPart+1))
	if err != nil || len(out) > MaxPart {
		return nil, fmt.Errorf("the part %q cannot be unpacked, or is too large", f.Name)
	}
	return out, nil
}

// checkSheets reads every sheet as a stream before a model of it is built: the model
// grows with the numbers that rows and cells claim, not with the file.
func checkSheets(z *zip.Reader) error {
	sheets := 0
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, "xl/worksheets/") || !strings.HasSuffix(f.Name, ".xml") {
			continue
		}
		if sheets++; sheets > MaxSheets {
			return fmt.Errorf("more than %d sheets", MaxSheets)
		}
		part, err := unpack(f)
		if err != nil {
			return err
		}
		if err := checkSheet(part); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}

func checkSheet(part []byte) error {
	d := xml.NewDecoder(bytes.NewReader(part))
	d.Strict = false
	rows, cells, depth := 0, 0, 0
	for {
		t, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return errors.New("not XML")
		}
		switch e := t.(type) {
		case xml.EndElement:
			depth--
		case xml.Directive:
			return errors.New("the sheet declares entities")
		case xml.StartElement:
			if depth++; depth > 64 {
				return errors.New("nested too deeply")
			}
			switch e.Name.Local {
			case "row":
				rows++
			case "c":
				cells++
			case "mergeCell", "dimension":
				continue
			}
			if err := checkAddress(e); err != nil {
				return err
			}
			if rows > MaxRows || cells > MaxCells {
				return fmt.Errorf("more than %d rows or %d cells; a form has not that many", MaxRows, MaxCells)
			}
		}
	}
}

func checkAddress(e xml.StartElement) error {
	if e.Name.Local != "row" && e.Name.Local != "c" {
		return nil
	}
	for _, a := range e.Attr {
		if a.Name.Local != "r" {
			continue
		}
		row, column := 0, 0
		for _, r := range strings.ToUpper(a.Value) {
			switch {
			case r >= '0' && r <= '9' && row < 1<<24:
				row = row*10 + int(r-'0')
			case r >= 'A' && r <= 'Z' && column < 1<<20:
				column = column*26 + int(r-'A') + 1
			}
		}
		if row > MaxRows || column > MaxColumns {
			return fmt.Errorf("a cell at %q; a form ends before row %d", a.Value, MaxRows)
		}
	}
	return nil
}
