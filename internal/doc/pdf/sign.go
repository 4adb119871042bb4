package pdf

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Sealer signs a document as it is finished (PAdES, ETSI EN 319 142-1). The zero value
// signs nothing.
type Sealer struct {
	// Sign returns a detached CMS signature over what it is given, which is the whole file
	// but the place of the signature.
	Sign func(content []byte) ([]byte, error)
	// Size is how many bytes are kept for the signature.
	Size             int
	Name, Reason, At string // who seals, why, and where
	When             time.Time
}

// Seal has the document signed when it is written.
func (d *Document) Seal(s Sealer) { d.seal = s }

var errSealSize = errors.New("pdf: the signature is larger than its place")

func (s *Sealer) reserve(f *file) int {
	if s.Sign == nil {
		return 0
	}
	return f.reserve()
}

// form writes the signature's field, which shows nothing on the page, and the dictionary
// into which the signature will come; it returns the entry of the catalogue.
func (s *Sealer) form(f *file, widget, page int) string {
	if s.Sign == nil {
		return ""
	}
	empty := f.stream("/Type /XObject /Subtype /Form /BBox [0 0 0 0]", nil)
	value := f.reserve()
	f.offsets[value-1] = f.Len()
	fmt.Fprintf(f, "%d 0 obj\n<</Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /Name <%s> /Reason <%s> /Location <%s> /M (%s) /ByteRange %s /Contents <%s>>>\nendobj\n",
		value, utf16Hex(s.Name), utf16Hex(s.Reason), utf16Hex(s.At), pdfDate(s.When), rangePlace, strings.Repeat("0", 2*s.Size))
	f.put(widget, fmt.Sprintf("<</Type /Annot /Subtype /Widget /FT /Sig /T (Seal) /Rect [0 0 0 0] /F 132 /P %d 0 R /V %d 0 R /AP <</N %d 0 R>>>>", page, value, empty))
	return fmt.Sprintf(" /AcroForm <</Fields [%d 0 R] /SigFlags 3>>", widget)
}

// rangePlace is overwritten with what the signature covers.
const rangePlace = "[0 0000000000 0000000000 0000000000]"

func (s *Sealer) finish(f *file, catalog, info int) ([]byte, error) {
	f.trailer(catalog, info)
	out := f.Bytes()
	if s.Sign == nil {
		return out, nil
	}
	at := bytes.LastIndex(out, []byte("/ByteRange "+rangePlace))
	from := at + bytes.IndexByte(out[at:], '<')
	to := from + 2*s.Size + 2
	copy(out[at+len("/ByteRange "):], fmt.Sprintf("%-*s", len(rangePlace), fmt.Sprintf("[0 %d %d %d]", from, to, len(out)-to)))
	signature, err := s.Sign(bytes.Join([][]byte{out[:from], out[to:]}, nil))
	if err != nil {
		return nil, err
	}
	if len(signature) > s.Size {
		return nil, errSealSize
	}
	hex.Encode(out[from+1:], signature)
	return out, nil
}
