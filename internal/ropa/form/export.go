package form

import (
	"fmt"
	"io"

	"prasan/internal/ropa"
)

// Formats are what Export writes. All but jsonld, svg, pdf and text are read back
// without loss.
var Formats = []string{"yaml", "json", "jsonld", "xlsx", "docx", "pdf", "csv", "svg", "text"}

// Export writes a revision as the form, in one of Formats. Equal revisions give equal
// bytes.
func Export(rev *ropa.Revision, format string, w io.Writer) error {
	write := map[string]func(*ropa.Revision, io.Writer) error{
		"yaml": bytesOf(ropa.Marshal), "json": bytesOf(ropa.MarshalJSON), "jsonld": writeJSONLD,
		"xlsx": writeXLSX, "docx": writeDOCX, "pdf": writePDF, "csv": writeCSV, "svg": writeSVG, "text": writeText,
	}[format]
	if write == nil {
		return &Refusal{fmt.Sprintf("%q is no format", format), "use yaml, json, jsonld, xlsx, docx, pdf, csv, svg or text", fmt.Sprintf("ไม่รู้จักรูปแบบ %q โปรดใช้ yaml, json, jsonld, xlsx, docx, pdf, csv, svg หรือ text", format)}
	}
	return write(rev, w)
}

func bytesOf(marshal func(*ropa.Revision) ([]byte, error)) func(*ropa.Revision, io.Writer) error {
	return func(r *ropa.Revision, w io.Writer) error {
		b, err := marshal(r)
		if err == nil {
			_, err = w.Write(b)
		}
		return err
	}
}
