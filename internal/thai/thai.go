// Package thai knows what a Thai office takes for granted: its digits, its calendar
// and working days, its telephone numbers, its names.
package thai

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// Bangkok is the zone of Thailand: seven hours, no daylight saving.
var Bangkok = time.FixedZone("ICT", 7*3600)

// Errors of the clean functions; callers say it in the reader's language.
var (
	ErrPhone = errors.New("thai: not a telephone number")
	ErrEmail = errors.New("thai: not an e-mail address")
	ErrName  = errors.New("thai: not a name")
	ErrText  = errors.New("thai: not valid text")
	ErrLong  = errors.New("thai: too long")
)

// Digits turns Arabic digits into Thai ones (U+0E50 to U+0E59).
func Digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '๐' + r - '0'
		}
		return r
	}, s)
}

// ArabicDigits turns Thai digits into Arabic ones.
func ArabicDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '๐' && r <= '๙' {
			return '0' + r - '๐'
		}
		return r
	}, s)
}

var (
	monthsTH      = [...]string{"มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน", "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม"}
	shortMonthsTH = [...]string{"ม.ค.", "ก.พ.", "มี.ค.", "เม.ย.", "พ.ค.", "มิ.ย.", "ก.ค.", "ส.ค.", "ก.ย.", "ต.ค.", "พ.ย.", "ธ.ค."}
)

// Year is the year of the Buddhist era.
func Year(t time.Time) int { return t.In(Bangkok).Year() + 543 }

// DateShort is "22 พ.ย. 2569" or "22 Nov 2026".
func DateShort(t time.Time, lang string) string {
	l := t.In(Bangkok)
	if lang == "en" {
		return l.Format("2 Jan 2006")
	}
	return fmt.Sprintf("%d %s %d", l.Day(), shortMonthsTH[l.Month()-1], Year(t))
}

// DateLong is "22 พฤศจิกายน 2569" or "22 November 2026".
func DateLong(t time.Time, lang string) string {
	l := t.In(Bangkok)
	if lang == "en" {
		return l.Format("2 January 2006")
	}
	return fmt.Sprintf("%d %s %d", l.Day(), monthsTH[l.Month()-1], Year(t))
}

// LetterDate is the date of an official letter: "๒๒ พฤศจิกายน ๒๕๖๙".
func LetterDate(t time.Time) string { return Digits(DateLong(t, "th")) }

// DateTime is "22 พ.ย. 2569, 10.15 น." or "22 Nov 2026, 10:15".
func DateTime(t time.Time, lang string) string {
	l := t.In(Bangkok)
	if lang == "en" {
		return DateShort(t, lang) + ", " + l.Format("15:04")
	}
	return DateShort(t, lang) + ", " + l.Format("15.04") + " น."
}

// Phone is a telephone number: E164 for machines, Display as offices print it.
type Phone struct{ E164, Display string }

// ParsePhone reads a telephone number as people write it, in either kind of digits,
// with spaces, dots, dashes and brackets; foreign ones begin with + or 00.
func ParsePhone(s string) (Phone, error) {
	if len(s) > 60 {
		return Phone{}, ErrPhone
	}
	var b strings.Builder
	for i, r := range norm.NFKC.String(ArabicDigits(strings.TrimSpace(s))) {
		switch {
		case r >= '0' && r <= '9', r == '+' && i == 0:
			b.WriteRune(r)
		case strings.ContainsRune(" -.()\u00a0\u2010\u2011\u2013/", r):
		default:
			return Phone{}, ErrPhone
		}
	}
	n := b.String()
	if strings.HasPrefix(n, "00") {
		n = "+" + n[2:]
	}
	if rest, ok := strings.CutPrefix(n, "+66"); ok {
		n = "0" + strings.TrimPrefix(rest, "0")
	}
	if strings.HasPrefix(n, "+") {
		return foreign(n)
	}
	return domestic(n)
}

func domestic(n string) (Phone, error) {
	if len(n) < 9 || n[0] != '0' {
		return Phone{}, ErrPhone
	}
	e164 := "+66" + n[1:]
	switch {
	case len(n) == 10 && strings.IndexByte("689", n[1]) >= 0: // mobile: 08 1234 5678
		return Phone{e164, n[:2] + " " + n[2:6] + " " + n[6:]}, nil
	case len(n) == 9 && strings.IndexByte("23457", n[1]) >= 0: // fixed: 0 2430 6967
		return Phone{e164, n[:1] + " " + n[1:5] + " " + n[5:]}, nil
	}
	return Phone{}, ErrPhone
}

func foreign(n string) (Phone, error) {
	p, err := phonenumbers.Parse(n, "")
	if err != nil || !phonenumbers.IsPossibleNumber(p) {
		return Phone{}, ErrPhone
	}
	return Phone{phonenumbers.Format(p, phonenumbers.E164), phonenumbers.Format(p, phonenumbers.INTERNATIONAL)}, nil
}

// maxName is the longest name in characters.
const maxName = 100

// CleanName brings a name into its canonical form (NFC, single spaces) and refuses
// what no name has: digits, invisible and control characters, marks without a base,
// addresses.
func CleanName(s string) (string, error) {
	if !utf8.ValidString(s) {
		return "", ErrName
	}
	s = strings.Join(strings.Fields(norm.NFC.String(s)), " ")
	if s == "" || utf8.RuneCountInString(s) > maxName || strings.Contains(s, "://") {
		return "", ErrName
	}
	letters, previous := 0, ' '
	for _, r := range s {
		switch {
		case unicode.IsLetter(r):
			letters++
		case unicode.IsMark(r):
			if previous == ' ' || previous == '-' || previous == '.' {
				return "", ErrName
			}
		case strings.ContainsRune(" -.'’ฯๆ·", r):
		default:
			return "", ErrName
		}
		previous = r
	}
	if letters == 0 || stacked(s) {
		return "", ErrName
	}
	return s, nil
}

// stacked finds more marks on one letter than any script puts there.
func stacked(s string) bool {
	run := 0
	for _, r := range s {
		if unicode.Is(unicode.Mn, r) {
			run++
		} else {
			run = 0
		}
		if run > 3 {
			return true
		}
	}
	return false
}

// CleanText brings a text into its canonical form: NFC, line ends as \n, no control
// characters, none of those that turn the direction of writing unseen. Joiners stay,
// since scripts need them, but a text of nothing that can be seen is empty.
func CleanText(s string, max int) (string, error) {
	if !utf8.ValidString(s) {
		return "", ErrText
	}
	s = lineEnds.Replace(s)
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0xfeff, r == 0xfffd:
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(norm.NFC.String(s))
	if utf8.RuneCountInString(s) > max {
		return "", ErrLong
	}
	if !strings.ContainsFunc(s, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r) }) {
		return "", nil
	}
	return s, nil
}

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n")

// CleanEmail checks an address (RFC 5321, RFC 6531) and gives the form in which mail
// is sent: the domain in ASCII, so that a Thai domain works with every relay.
func CleanEmail(s string) (string, error) {
	s = norm.NFC.String(strings.TrimSpace(s))
	local, domain, ok := cutLast(s, "@")
	if !ok || len(s) > 254 || local == "" || len(local) > 64 || strings.ContainsAny(s, " \t\r\n\"(),:;<>[\\]") {
		return "", ErrEmail
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
			return "", ErrEmail
		}
	}
	if strings.HasPrefix(local, ".") || strings.HasSuffix(local, ".") || strings.Contains(local, "..") {
		return "", ErrEmail
	}
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(domain, "."))
	if err != nil || !strings.Contains(ascii, ".") || strings.HasPrefix(ascii, ".") || strings.Contains(ascii, "..") {
		return "", ErrEmail
	}
	out := local + "@" + strings.ToLower(ascii)
	if isASCII(local) {
		if _, err := mail.ParseAddress(out); err != nil {
			return "", ErrEmail
		}
	}
	return out, nil
}

// ShowEmail is an address as its owner writes it: a domain in Thai, not in ASCII.
func ShowEmail(s string) string {
	local, domain, ok := cutLast(s, "@")
	if !ok {
		return s
	}
	shown, err := idna.Display.ToUnicode(domain)
	if err != nil {
		return s
	}
	return local + "@" + shown
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", "", false
	}
	return s[:i], s[i+len(sep):], true
}

// ValidNationalID checks the 13 digits of a Thai identity number by their check digit.
func ValidNationalID(s string) bool {
	if len(s) != 13 {
		return false
	}
	sum := 0
	for i := range 13 {
		d := int(s[i] - '0')
		if d < 0 || d > 9 {
			return false
		}
		if i < 12 {
			sum += d * (13 - i)
		} else {
			return (11-sum%11)%10 == d
		}
	}
	return false
}
