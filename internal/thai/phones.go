package thai

import (
	"regexp"
	"strings"
)

// phoneRuns are digits as people group them in a telephone number.
var phoneRuns = regexp.MustCompile(`(?:\+?66|[0๐])[ -]?(?:[0-9๐-๙][ -]?){7,9}`)

// HasPhone tells whether a text has what reads as a Thai telephone number. Digits that
// are part of a longer number are none.
func HasPhone(text string) bool {
	for _, at := range phoneRuns.FindAllStringIndex(text, -1) {
		found := strings.TrimRight(text[at[0]:at[1]], " -")
		before, after := text[:at[0]], text[at[0]+len(found):]
		if endsInDigit(before) || beginsWithDigit(after) {
			continue
		}
		if _, err := ParsePhone(ArabicDigits(found)); err == nil {
			return true
		}
	}
	return false
}

func endsInDigit(s string) bool {
	r := []rune(s)
	return len(r) > 0 && isDigit(r[len(r)-1])
}

func beginsWithDigit(s string) bool {
	for _, r := range s {
		return isDigit(r)
	}
	return false
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' || r >= '๐' && r <= '๙' }
