// Package i18n is the catalogue of everything the program says, in Thai and English.
// Messages live in messages/AREA.yaml, both languages side by side, so that a
// translation is read beside its original.
package i18n

import (
	"embed"
	"fmt"
	"io/fs"
	"sort"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed messages/*.yaml
var files embed.FS

// Langs are the languages of the product, the first one first.
var Langs = []string{"th", "en"}

// Message is one entry of the catalogue.
type Message struct {
	TH string `yaml:"th"`
	EN string `yaml:"en"`
}

func (m Message) in(lang string) string {
	if lang == "en" {
		return m.EN
	}
	return m.TH
}

var catalogue = sync.OnceValue(func() map[string]Message {
	all := map[string]Message{}
	names, err := fs.Glob(files, "messages/*.yaml")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		text, err := files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		area := map[string]Message{}
		if err := yaml.Unmarshal(text, &area); err != nil {
			panic(fmt.Sprintf("i18n: %s: %v", name, err))
		}
		for key, m := range area {
			if _, twice := all[key]; twice {
				panic(fmt.Sprintf("i18n: %s: key %q is in two files", name, key))
			}
			all[key] = m
		}
	}
	return all
})

// Has tells whether the catalogue has key.
func Has(key string) bool {
	_, ok := catalogue()[key]
	return ok
}

// Keys returns all keys, sorted.
func Keys() []string {
	keys := make([]string, 0, len(catalogue()))
	for k := range catalogue() {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Entry returns the message of key in both languages.
func Entry(key string) Message { return catalogue()[key] }

// T returns the message of key in lang with its {name} placeholders filled from
// args, which are name, value pairs. A missing key is returned as it is: a test
// keeps that from happening.
func T(lang, key string, args ...any) string {
	m, ok := catalogue()[key]
	if !ok {
		return key
	}
	s := m.in(lang)
	for i := 0; i+1 < len(args); i += 2 {
		s = strings.ReplaceAll(s, "{"+fmt.Sprint(args[i])+"}", fmt.Sprint(args[i+1]))
	}
	return s
}

// Match picks the language of the product for an Accept-Language header (RFC 9110
// section 12.5.4); Thai unless English is clearly preferred.
func Match(accept string) string {
	for _, part := range strings.Split(accept, ",") {
		tag := strings.ToLower(strings.TrimSpace(strings.SplitN(part, ";", 2)[0]))
		switch {
		case strings.HasPrefix(tag, "th"):
			return "th"
		case strings.HasPrefix(tag, "en"):
			return "en"
		}
	}
	return "th"
}
