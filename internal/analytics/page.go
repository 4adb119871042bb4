package analytics

import (
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxURL  = 2048 // bytes of an address
	maxPath = 200  // runes of a path that is kept
)

// hidden stands for a piece of a path or of a search that could name a person or open
// something: a sealed address, a long number, a mail address.
const hidden = "…"

var (
	longNumber = regexp.MustCompile(`[0-9๐-๙](?:[ -]?[0-9๐-๙]){8,}`)
	address    = regexp.MustCompile(`\S+@\S+`)
)

// identifiers are hexadecimal, as of UUIDs.
var identifier = regexp.MustCompile(`^[0-9a-fA-F-]{20,}$`)

// isSecret tells whether a piece of a path looks like a token: long, of the alphabet of
// base64 or of identifiers, and no words.
func isSecret(piece string) bool {
	if strings.Contains(piece, "@") || longNumber.MatchString(piece) || identifier.MatchString(piece) {
		return true
	}
	if len(piece) < 20 || strings.Contains(piece, ".") {
		return false
	}
	digits, upper := 0, 0
	for _, r := range piece {
		switch {
		case r > unicode.MaxASCII:
			return false
		case unicode.IsDigit(r):
			digits++
		case unicode.IsUpper(r):
			upper++
		}
	}
	return upper >= 2 && digits >= 1 || !strings.Contains(piece, "-") && digits >= 3
}

// cleanPath is the path as it is kept: decoded, without query, with its secrets taken
// out, in a form that is the same however it was written.
func cleanPath(raw string) string {
	p, err := url.PathUnescape(raw)
	if err != nil || !utf8.ValidString(p) {
		p = raw
	}
	p = path.Clean("/" + visible(p))
	parts := strings.Split(p, "/")
	for i, piece := range parts {
		if isSecret(piece) {
			parts[i] = hidden
		}
	}
	p = strings.Join(parts, "/")
	if utf8.RuneCountInString(p) > maxPath {
		p = string([]rune(p)[:maxPath]) + hidden
	}
	return p
}

// visible drops what cannot be seen, and the separator of terms with it.
func visible(s string) string {
	s = strings.ToValidUTF8(s, "")
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && r != 0x200b {
			return -1
		}
		return r
	}, s)
}

// word is a short text of an address: printable, in lower case, cut at max runes.
func word(s string, max int) string {
	s = strings.ToLower(strings.Join(strings.Fields(visible(s)), " "))
	s = address.ReplaceAllString(s, hidden)
	s = longNumber.ReplaceAllString(s, hidden)
	if r := []rune(s); len(r) > max {
		s = string(r[:max])
	}
	return s
}

// searchNames are parameters by which pages say what was looked for.
var searchNames = []string{"q", "s", "search", "query", "keyword", "search_query"}

func searchOf(q url.Values) string {
	for _, name := range searchNames {
		if s := word(q.Get(name), 100); s != "" {
			return s
		}
	}
	return ""
}

// target is where a link led: host and path of another site, path of a file.
func target(raw string) string {
	if len(raw) > maxURL {
		return ""
	}
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	switch u.Scheme {
	case "http", "https":
		host := strings.ToLower(u.Hostname())
		if !plainHost(host) {
			return ""
		}
		return host + cleanPath(u.EscapedPath())
	case "mailto", "tel":
		return u.Scheme // to whom is not kept
	case "":
		return cleanPath(u.EscapedPath())
	}
	return ""
}
