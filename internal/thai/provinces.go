package thai

import (
	_ "embed"
	"strings"
	"sync"
)

//go:embed provinces.txt
var provinceText string

// Province is a row of TIS 1099, the codes for exchanging province data.
type Province struct{ Code, TH, EN, Letters string }

// Slug is the province's label in host names: the English name in lower case without spaces.
func (p Province) Slug() string { return strings.ToLower(strings.ReplaceAll(p.EN, " ", "")) }

// Provinces lists Bangkok and the 76 provinces by code.
var Provinces = sync.OnceValue(func() []Province {
	var out []Province
	for _, line := range strings.Split(provinceText, "\n") {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) == 4 && !strings.HasPrefix(line, "#") {
			out = append(out, Province{f[0], f[1], f[2], f[3]})
		}
	}
	return out
})
