package i18n

import (
	"regexp"
	"slices"
	"testing"
)

var placeholder = regexp.MustCompile(`\{[a-z_]+\}`)

func TestEveryMessageIsInBothLanguagesWithTheSamePlaceholders(t *testing.T) {
	for _, key := range Keys() {
		m := Entry(key)
		if m.TH == "" || m.EN == "" {
			t.Errorf("%s: a language is missing", key)
		}
		th, en := placeholder.FindAllString(m.TH, -1), placeholder.FindAllString(m.EN, -1)
		slices.Sort(th)
		slices.Sort(en)
		if !slices.Equal(slices.Compact(th), slices.Compact(en)) {
			t.Errorf("%s: placeholders differ: %v, %v", key, th, en)
		}
	}
}

func TestPolite(t *testing.T) {
	particle := regexp.MustCompile(`ครับ|ค่ะ|คะ `)
	for _, key := range Keys() {
		if particle.MatchString(Entry(key).TH) {
			t.Errorf("%s: spoken particle in official Thai: %s", key, Entry(key).TH)
		}
	}
}
