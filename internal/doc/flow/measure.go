package flow

import (
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"prasan/internal/thai"
	"prasan/third_party/fonts"
)

// advances are the widths of letters at 1000 units an em, measured once: Thai marks
// stand over or under their letter and have none.
var advances = sync.OnceValue(func() map[rune]float64 {
	face, err := sfnt.Parse(fonts.SarabunRegular)
	if err != nil {
		panic("flow: embedded font: " + err.Error()) // a mistake of the build
	}
	out := map[rune]float64{}
	var buf sfnt.Buffer
	for _, r := range alphabet() {
		i, err := face.GlyphIndex(&buf, r)
		if err != nil || i == 0 {
			continue
		}
		if a, err := face.GlyphAdvance(&buf, i, fixed.I(1000), font.HintingNone); err == nil {
			out[r] = float64(a) / 64 / 1000
		}
	}
	for _, r := range "ัิีึืฺุู็่้๊๋์ํ๎" {
		out[r] = 0
	}
	return out
})

func alphabet() []rune {
	var out []rune
	for r := rune(0x20); r < 0x180; r++ {
		out = append(out, r)
	}
	for r := rune(0x0e01); r < 0x0e5c; r++ {
		out = append(out, r)
	}
	return append(out, '–', '—', '“', '”', '‘', '’', '•', '…')
}

// width is the width of a text. Viewers may set it in another face: 6 % are added.
func width(text string, size float64) float64 {
	a, sum := advances(), 0.0
	for _, r := range text {
		w, ok := a[r]
		if !ok {
			w = .6
		}
		sum += w
	}
	return sum * size * 1.06
}

// kept are words of such pictures that are not parted.
var kept = []string{"รายละเอียด", "หน่วยงาน", "(ถ้ามี)", "ดำเนินการ", "ผู้ให้บริการ", "อิเล็กทรอนิกส์", "หนังสือราชการ", "ชั้นความลับ", "ที่เกี่ยวข้อง"}

var words = sync.OnceValue(func() *thai.Breaker { return thai.NewBreaker(kept...) })

// wrap breaks a text at words into lines of at most the width; a word that is wider
// alone is broken where it must.
func wrap(text string, size, most float64) []string {
	if text == "" {
		return nil
	}
	var out []string
	from, last := 0, 0
	ends := append(words().Breaks(text), len(text))
	for _, end := range ends {
		if last > from && width(trim(text[from:end]), size) > most {
			out = append(out, trim(text[from:last]))
			from = last
		}
		for width(trim(text[from:end]), size) > most {
			cut := hard(text[from:end], size, most)
			out = append(out, text[from:from+cut])
			from += cut
		}
		last = end
	}
	if rest := trim(text[from:]); rest != "" {
		out = append(out, rest)
	}
	return out
}

// hard is where a word must be broken: before a letter that is not a mark.
func hard(word string, size, most float64) int {
	a, sum, cut := advances(), 0.0, 0
	for i, r := range word {
		w, ok := a[r]
		if !ok {
			w = .6
		}
		if w > 0 && i > 0 && sum+w*size*1.06 > most {
			if cut == 0 {
				return i
			}
			return cut
		}
		if w > 0 {
			cut = i
		}
		sum += w * size * 1.06
	}
	return len(word)
}

func trim(s string) string {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\n') {
		s = s[1:]
	}
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\n') {
		s = s[:len(s)-1]
	}
	return s
}
