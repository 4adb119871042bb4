package blob

import (
	"archive/zip"
	"bytes"
	"io"
	"slices"
	"strings"

	"prasan/internal/errs"
)

// Type is a kind of file that is taken.
type Type struct {
	Media      string
	Extensions []string // the first one is added where a name has none
	image      bool
	magic      func(head []byte) bool
}

// Types are the kinds of file that are taken, in the order in which they are tried.
// Text comes last: it has no mark and is told by being nothing but text.
var Types = []Type{
	{"application/pdf", []string{".pdf"}, false, prefix("%PDF-")},
	{"image/png", []string{".png"}, true, prefix("\x89PNG\r\n\x1a\n")},
	{"image/jpeg", []string{".jpg", ".jpeg", ".jpe", ".jfif"}, true, prefix("\xff\xd8\xff")},
	{"image/gif", []string{".gif"}, true, func(b []byte) bool { return prefix("GIF87a")(b) || prefix("GIF89a")(b) }},
	{"image/webp", []string{".webp"}, true, func(b []byte) bool { return prefix("RIFF")(b) && at(b, 8, "WEBP") }},
	{"image/heic", []string{".heic", ".heif"}, true, heic},
	{docx, []string{".docx"}, false, nil},
	{xlsx, []string{".xlsx"}, false, nil},
	{odt, []string{".odt"}, false, nil},
	{"text/plain", []string{".txt", ".csv"}, false, nil},
}

const (
	docx = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	odt  = "application/vnd.oasis.opendocument.text"
	// sniff is how much of a file is looked at for its mark.
	sniff = 512
)

func prefix(mark string) func([]byte) bool {
	return func(b []byte) bool { return bytes.HasPrefix(b, []byte(mark)) }
}

func at(b []byte, offset int, mark string) bool {
	return len(b) >= offset+len(mark) && string(b[offset:offset+len(mark)]) == mark
}

// heic is an ISO base media file (ISO/IEC 14496-12) with one of HEIF's brands.
func heic(b []byte) bool {
	if !at(b, 4, "ftyp") || len(b) < 12 {
		return false
	}
	return slices.Contains([]string{"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"}, string(b[8:12]))
}

func isZip(head []byte) bool { return prefix("PK\x03\x04")(head) }

// isOLE is the container of old Office files and of password-protected new ones.
func isOLE(head []byte) bool { return prefix("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")(head) }

func byMedia(media string) Type {
	for _, t := range Types {
		if t.Media == media {
			return t
		}
	}
	return Type{}
}

// byMark finds the type by its mark; text is left to the one who reads all of it.
func byMark(head []byte) (Type, bool) {
	for _, t := range Types {
		if t.magic != nil && t.magic(head) {
			return t, true
		}
	}
	return Type{}, false
}

// named gives the name that fits the type: an extension is added where there is none,
// and that of an image is put right, because phones often get it wrong. Any other
// disagreement between name and content is refused.
func named(name string, t Type) (string, error) {
	stem, ext := split(name)
	ext = strings.ToLower(ext)
	switch {
	case slices.Contains(t.Extensions, ext):
		return name, nil
	case ext == "":
		return CleanName(name + t.Extensions[0]), nil
	case t.image && slices.ContainsFunc(Types, func(o Type) bool { return o.image && slices.Contains(o.Extensions, ext) }):
		return CleanName(stem + t.Extensions[0]), nil
	}
	return "", errs.InvalidField("attachment", "error.file-mismatch", "name", name)
}

// Limits within which a zip is looked into.
const (
	maxEntries = 2000
	maxUnzip   = 300 << 20
	maxRatio   = 200
)

// office tells which office document a zip is. Macros and encryption are refused: what
// an officer opens must neither run nor hide.
func office(name string, r io.ReaderAt, size int64) (Type, error) {
	refuse := func(key string) (Type, error) {
		return Type{}, errs.InvalidField("attachment", key, "name", name)
	}
	z, err := zip.NewReader(r, size)
	if err != nil || len(z.File) > maxEntries {
		return refuse("error.file-type")
	}
	var total uint64
	have := map[string]bool{}
	for _, f := range z.File {
		lower := strings.ToLower(f.Name)
		total += f.UncompressedSize64
		have[f.Name] = true
		switch {
		case f.Flags&1 != 0:
			return refuse("error.file-locked")
		case strings.Contains(lower, "vbaproject") || strings.HasPrefix(lower, "basic/") || strings.HasPrefix(lower, "scripts/") || strings.Contains(lower, "macrosheets/"):
			return refuse("error.file-macro")
		}
	}
	if total > maxUnzip || total > uint64(size)*maxRatio {
		return refuse("error.file-type")
	}
	switch {
	case have["[Content_Types].xml"] && (have["word/document.xml"] || have["xl/workbook.xml"]):
		return openXML(z, refuse)
	case have["mimetype"] && have["content.xml"] && have["META-INF/manifest.xml"]:
		return openDocument(z, refuse)
	}
	return refuse("error.file-type")
}

func openXML(z *zip.Reader, refuse func(string) (Type, error)) (Type, error) {
	types := entry(z, "[Content_Types].xml")
	switch {
	case strings.Contains(types, "macroEnabled"):
		return refuse("error.file-macro")
	case strings.Contains(types, "wordprocessingml.document.main+xml"):
		return byMedia(docx), nil
	case strings.Contains(types, "spreadsheetml.sheet.main+xml"):
		return byMedia(xlsx), nil
	}
	return refuse("error.file-type")
}

func openDocument(z *zip.Reader, refuse func(string) (Type, error)) (Type, error) {
	if strings.Contains(entry(z, "META-INF/manifest.xml"), "encryption-data") {
		return refuse("error.file-locked")
	}
	if strings.TrimSpace(entry(z, "mimetype")) == odt {
		return byMedia(odt), nil
	}
	return refuse("error.file-type")
}

// entry reads the beginning of an entry; "" when it cannot be read.
func entry(z *zip.Reader, name string) string {
	f, err := z.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil {
		return ""
	}
	return string(text)
}
