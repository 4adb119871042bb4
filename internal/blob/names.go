package blob

import (
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxFileName is the longest name in characters, the extension included.
const maxFileName = 120

// CleanName brings the name that somebody gave a file into a form that can be shown
// and saved anywhere: no folders, NFC, nothing invisible and nothing that turns the
// direction of writing (by which "exe.gpj" looks like "jpg.exe"), nothing that a file
// system forbids, at most 120 characters with the extension kept.
func CleanName(name string) string {
	name = strings.ToValidUTF8(name, "")
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), r == utf8.RuneError, unicode.Is(unicode.Co, r):
			return -1
		case unicode.IsSpace(r):
			return ' '
		case strings.ContainsRune(`<>:"/|?*`, r):
			return '_'
		}
		return r
	}, norm.NFC.String(name))
	name = strings.TrimLeft(strings.Join(strings.Fields(name), " "), ". ")
	name = strings.TrimRight(name, ". ")
	stem, ext := split(name)
	if stem == "" {
		stem = "file"
	}
	if reserved[strings.ToLower(strings.SplitN(stem, ".", 2)[0])] {
		stem = "_" + stem
	}
	room := maxFileName - utf8.RuneCountInString(ext)
	if r := []rune(stem); len(r) > room {
		stem = strings.TrimRight(string(r[:room]), ". ")
		// A cut may leave a base without its marks, never marks without a base.
	}
	return stem + ext
}

// split cuts a name into stem and extension with its dot; what is too long for one, or
// holds a space, is none.
func split(name string) (stem, ext string) {
	ext = path.Ext(name)
	if utf8.RuneCountInString(ext) > 10 || strings.Contains(ext, " ") || ext == "." {
		return name, ""
	}
	return strings.TrimSuffix(name, ext), ext
}

// reserved are the names that Windows keeps for devices.
var reserved = map[string]bool{"con": true, "prn": true, "aux": true, "nul": true, "com1": true, "com2": true, "com3": true, "com4": true, "lpt1": true, "lpt2": true, "lpt3": true}
