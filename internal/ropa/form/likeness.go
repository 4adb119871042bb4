package form

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// presentation maps the private code points that old Thai fonts use for shifted marks
// and tail-less letters; text taken out of PDF files is full of them.
var presentation = map[rune]rune{
	0xF700: 'ฐ', 0xF701: 'ิ', 0xF702: 'ี', 0xF703: 'ึ', 0xF704: 'ื', 0xF705: '่', 0xF706: '้', 0xF707: '๊', 0xF708: '๋', 0xF709: '์',
	0xF70A: '่', 0xF70B: '้', 0xF70C: '๊', 0xF70D: '๋', 0xF70E: '์', 0xF70F: 'ญ', 0xF710: 'ั', 0xF711: 'ํ', 0xF712: '็',
	0xF713: '่', 0xF714: '้', 0xF715: '๊', 0xF716: '๋', 0xF717: '์', 0xF718: 'ุ', 0xF719: 'ู', 0xF71A: 'ฺ',
}

var spellings = strings.NewReplacer("ํา", "ำ", "เเ", "แ", "โปรตระกูล", "โปรดระบุ", "โปรตระเตรียม", "โปรดระบุ", "ไปตระเตรียม", "โปรดระบุ", "โปรตระบุ", "โปรดระบุ")

// squeeze keeps what matters for comparing: letters, marks and digits, in one spelling.
func squeeze(s string) string {
	s = strings.Map(func(r rune) rune {
		if p, ok := presentation[r]; ok {
			return p
		}
		if unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, norm.NFC.String(s))
	return spellings.Replace(s)
}

// sign is a text made ready for comparing.
type sign struct {
	runes []rune
	pairs []uint64 // neighbouring runes, sorted
}

func signOf(s string) sign {
	runes := []rune(squeeze(s))
	var pairs []uint64
	for i := 1; i < len(runes); i++ {
		pairs = append(pairs, uint64(runes[i-1])<<32|uint64(runes[i]))
	}
	slices.Sort(pairs)
	return sign{runes, pairs}
}

// likeness is how much of two texts is the same, 0 to 1: shared pairs of letters, and
// for short texts, where one wrong letter spoils two pairs, the edits between them.
func likeness(a, b sign) float64 {
	if len(a.runes) == 0 || len(b.runes) == 0 {
		return 0
	}
	if slices.Equal(a.runes, b.runes) {
		return 1
	}
	s := shared(a.pairs, b.pairs)
	if longest := max(len(a.runes), len(b.runes)); s > .2 && longest <= 40 && min(len(a.runes), len(b.runes))*2 >= longest {
		s = max(s, 1-float64(edits(a.runes, b.runes))/float64(longest))
	}
	return min(s, .99)
}

func shared(a, b []uint64) float64 {
	if len(a)+len(b) == 0 {
		return 0
	}
	same := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			same, i, j = same+1, i+1, j+1
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	return 2 * float64(same) / float64(len(a)+len(b))
}

// edits is the number of letters to insert, remove or change (Levenshtein).
func edits(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := diagonal
			if a[i-1] != b[j-1] {
				cost = 1 + min(diagonal, row[j-1], row[j])
			}
			diagonal, row[j] = row[j], cost
		}
	}
	return row[len(b)]
}

func alike(a, b string) float64 { return likeness(signOf(a), signOf(b)) }

// label is a wording of a label, ready for comparing; weight is less than one for what
// is only a part of it.
type label struct {
	sign
	weight float64
}

func labelsOf(weight float64, texts ...string) []label {
	var out []label
	for i, t := range texts {
		if t == "" {
			continue
		}
		w := weight
		if i == 0 {
			w = 1
		}
		out = append(out, label{signOf(t), w})
	}
	return out
}

// best is the likeness of a text to the likest of some labels.
func best(s sign, labels []label) float64 {
	top := 0.0
	for _, l := range labels {
		if a, b := len(s.runes), len(l.runes); a > 4*b || b > 4*a {
			continue
		}
		top = max(top, l.weight*likeness(s, l.sign))
	}
	return top
}
