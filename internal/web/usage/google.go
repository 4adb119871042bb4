package usage

import (
	_ "embed"
	"net/http"
	"regexp"
	"strings"

	"prasan/internal/analytics"
)

// googlePath is where the script is that starts Google's: it is on a page only of a site
// that goes that way, for a visitor who consented, while the record lets it.
const googlePath = "/ga.js"

//go:embed google.js
var googleScript []byte

var packedGoogle = pack(googleScript)

// Google is what a page needs for Google's script; ok is false where it may not be on it.
func (f *Face) Google(r *http.Request) (analytics.Tag, bool) {
	return f.Analytics.GoogleTag(hostOf(r), r.URL.EscapedPath(), analytics.Signals{OptOut: f.OptOut(r), Choice: f.Chosen(r), Visitor: visitor(r)})
}

// googleCookies are the names of those that Google's script sets.
var googleCookies = regexp.MustCompile(`^_ga(_[A-Z0-9]+)?$|^_gid$|^_gat`)

// DropGoogle takes away what Google's script has set, for this host and for those above
// it, since scripts may have set it there.
func (f *Face) DropGoogle(w http.ResponseWriter, r *http.Request) {
	for _, c := range r.Cookies() {
		if !googleCookies.MatchString(c.Name) {
			continue
		}
		drop := http.Cookie{Name: c.Name, Path: "/", MaxAge: -1}
		http.SetCookie(w, &drop)
		for domain := hostOf(r); strings.Contains(domain, "."); _, domain, _ = strings.Cut(domain, ".") {
			drop.Domain = domain
			http.SetCookie(w, &drop)
		}
	}
}

// googleClient is how Google's cookie bears its id of the visitor.
var googleClient = regexp.MustCompile(`^GA1\.[0-9]+\.([0-9]{1,10}\.[0-9]{1,10})$`)

// googleClients are the ids by which Google's own cookies know the visitor.
func googleClients(r *http.Request) (out []string) {
	if c, err := r.Cookie("_ga"); err == nil {
		if m := googleClient.FindStringSubmatch(c.Value); m != nil {
			out = append(out, m[1])
		}
	}
	return out
}
