package form

import (
	"io"
	"prasan/internal/ropa"
)

func writePDF(r *ropa.Revision, w io.Writer) error { return nil }
