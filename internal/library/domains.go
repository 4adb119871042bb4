package library

import (
	"io"
	"strings"

	"prasan/internal/policy"
)

// Domain is a line of the list of domains, the annex to which the record refers for
// where data is kept.
type Domain struct {
	Host         string
	Name, Agency policy.Text
}

// DomainList writes the annex as text in columns.
func DomainList(list []Domain) io.Reader {
	var b strings.Builder
	b.WriteString("โดเมน\tชื่อเว็บไซต์\tหน่วยงาน\n")
	for _, d := range list {
		b.WriteString(d.Host + "\t" + d.Name.TH + "\t" + d.Agency.TH + "\n")
	}
	return strings.NewReader(b.String())
}

// Lists tells whether a text of the annex names a host.
func Lists(text, host string) bool {
	for line := range strings.Lines(text) {
		if first, _, _ := strings.Cut(strings.TrimSpace(line), "\t"); first == host {
			return true
		}
	}
	return false
}
