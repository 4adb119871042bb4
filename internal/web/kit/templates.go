package kit

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"prasan/internal/i18n"
	"prasan/internal/thai"
	"prasan/internal/web/assets"
)

//go:embed templates/*.html
var components embed.FS

// Set is a face's templates, parsed once for each language.
type Set struct{ byLang map[string]*template.Template }

// Parse parses the templates of a face together with kit's components.
func Parse(files fs.FS, patterns ...string) (*Set, error) {
	s := &Set{map[string]*template.Template{}}
	for _, lang := range i18n.Langs {
		t := template.New("").Funcs(functions(lang)).Option("missingkey=error")
		if err := parse(t, lang, components, "templates/*.html"); err != nil {
			return nil, err
		}
		if err := parse(t, lang, files, patterns...); err != nil {
			return nil, err
		}
		s.byLang[lang] = t
	}
	return s, nil
}

// parse is template.ParseFS with what never changes in a language written into the text.
func parse(t *template.Template, lang string, files fs.FS, patterns ...string) error {
	for _, pattern := range patterns {
		names, err := fs.Glob(files, pattern)
		if err != nil {
			return err
		}
		for _, name := range names {
			text, err := fs.ReadFile(files, name)
			if err != nil {
				return err
			}
			if _, err := t.New(path.Base(name)).Parse(fixed(lang, string(text))); err != nil {
				return err
			}
		}
	}
	return nil
}

var constant = regexp.MustCompile(`\{\{(?:t "([^"]+)"|asset "([^"]+)"|lang)\}\}`)

// fixed puts messages without placeholders, addresses of assets and the language in
// their places once, instead of at each page: they are a third of a page's cost. They
// are the program's own texts, escaped for text and for quoted attributes alike.
func fixed(lang, text string) string {
	return constant.ReplaceAllStringFunc(text, func(action string) string {
		m := constant.FindStringSubmatch(action)
		switch {
		case m[1] != "":
			return template.HTMLEscapeString(i18n.T(lang, m[1]))
		case m[2] != "":
			return template.HTMLEscapeString(assets.URL(m[2]))
		}
		return lang
	})
}

// Execute renders one template in a language.
func (s *Set) Execute(w io.Writer, lang, name string, data any) error {
	t, ok := s.byLang[lang]
	if !ok {
		return fmt.Errorf("kit: no templates in %q", lang)
	}
	return t.ExecuteTemplate(w, name, data)
}

// bilingual is a phrase in both languages, such as policy.Text.
type bilingual interface{ In(lang string) string }

func functions(lang string) template.FuncMap {
	return template.FuncMap{
		"t":         func(key string, args ...any) string { return i18n.T(lang, key, args...) },
		"lang":      func() string { return lang },
		"asset":     assets.URL,
		"date":      func(at time.Time) string { return thai.DateLong(at, lang) },
		"dateshort": func(at time.Time) string { return thai.DateShort(at, lang) },
		"datetime":  func(at time.Time) string { return thai.DateTime(at, lang) },
		"iso":       func(at time.Time) string { return at.In(thai.Bangkok).Format(time.RFC3339) },
		"phone":     displayPhone,
		"tel":       telephone,
		"text":      func(b bilingual) string { return b.In(lang) },
		"lines":     func(s string) []string { return strings.Split(s, "\n") },
		"size":      func(n int64) string { return FileSize(lang, n) },
		"dict":      dict,
		"thousands": Thousands,
		"join":      func(sep string, parts []string) string { return strings.Join(parts, sep) },
		"inc":       func(n int) int { return n + 1 },
		"add":       func(a, b int) int { return a + b },
	}
}

func displayPhone(s string) string {
	if p, err := thai.ParsePhone(s); err == nil {
		return p.Display
	}
	return s
}

func telephone(s string) template.URL {
	if p, err := thai.ParsePhone(s); err == nil {
		return template.URL("tel:" + p.E164) // only digits and +, by ParsePhone
	}
	return ""
}

// FileSize is "340 KB" or "2.1 MB", with the unit of the language.
func FileSize(lang string, n int64) string {
	if n < 1<<20 {
		return i18n.T(lang, "kit.size-kb", "n", strconv.FormatInt(max(1, (n+512)/1024), 10))
	}
	return i18n.T(lang, "kit.size-mb", "n", strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64))
}

// Thousands writes 12345 as 12,345.
func Thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("kit: dict takes pairs")
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("kit: %v is not a name", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}
