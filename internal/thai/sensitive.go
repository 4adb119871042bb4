package thai

import (
	"regexp"
	"slices"
	"strings"
)

// Span is a place in a text where a person has written what nobody asked for.
type Span struct {
	Kind       string // national-id, card
	Start, End int    // bytes
}

// digitRuns are digits with at most one space or dash between two of them; Thai digits
// count.
var digitRuns = regexp.MustCompile(`[0-9๐-๙](?:[ -]?[0-9๐-๙]){12,18}`)

// Sensitive finds identity-card numbers with a valid check digit and payment cards
// (ISO/IEC 7812, Luhn) in a text.
func Sensitive(text string) []Span {
	var out []Span
	for _, at := range digitRuns.FindAllStringIndex(text, -1) {
		digits := ArabicDigits(strings.NewReplacer(" ", "", "-", "").Replace(text[at[0]:at[1]]))
		switch {
		case len(digits) == 13 && ValidNationalID(digits):
			out = append(out, Span{"national-id", at[0], at[1]})
		case len(digits) >= 15 && luhn(digits):
			out = append(out, Span{"card", at[0], at[1]})
		}
	}
	return out
}

func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		n := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if n *= 2; n > 9 {
				n -= 9
			}
		}
		sum += n
	}
	return sum%10 == 0
}

// healthWords hint at data about health (s.26); a hint for a person to look at, no more.
var healthWords = []string{"โรคมะเร็ง", "ติดเชื้อเอชไอวี", "เอชไอวี", "โรคเบาหวาน", "ผลตรวจเลือด", "ใบรับรองแพทย์", "จิตเวช", "ตั้งครรภ์", "โรคหอบหืด", "ประวัติการรักษา"}

// HealthHint tells whether a text speaks of somebody's health.
func HealthHint(text string) bool {
	return slices.ContainsFunc(healthWords, func(w string) bool { return strings.Contains(text, w) })
}

// Redact replaces spans by a mark.
func Redact(text string, spans []Span, mark string) string {
	var b strings.Builder
	at := 0
	for _, s := range spans {
		b.WriteString(text[at:s.Start])
		b.WriteString(mark)
		at = s.End
	}
	b.WriteString(text[at:])
	return b.String()
}
