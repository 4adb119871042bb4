package form

import (
	"io"
	"prasan/internal/ropa"
)

func writePDF(r *ropa.Revision, w io.Writer) error    { return nil }
func writeSVG(r *ropa.Revision, w io.Writer) error    { return nil }
func writeText(r *ropa.Revision, w io.Writer) error   { return nil }
func writeJSONLD(r *ropa.Revision, w io.Writer) error { return nil }
