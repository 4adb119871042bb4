package thai

import "strings"

// SortKey orders names as the dictionary of the Royal Society does as far as names of
// places need it: by consonants, with a vowel that is written before its consonant
// counted after it, and tone marks ignored.
func SortKey(s string) string {
	r := []rune(strings.ToLower(s))
	out := make([]rune, 0, len(r))
	for i := 0; i < len(r); i++ {
		switch {
		case r[i] >= '\u0e47' && r[i] <= '\u0e4e': // marks over the line
		case r[i] >= 'เ' && r[i] <= 'ไ' && i+1 < len(r):
			out = append(out, r[i+1], r[i])
			i++
		default:
			out = append(out, r[i])
		}
	}
	return string(out)
}
