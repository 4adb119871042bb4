package kit

import (
	"net/http"
	"strings"
)

// Options of Secure.
type Options struct {
	TLS    func(r *http.Request) bool // whether the client speaks TLS
	CSP    string                     // DefaultCSP when empty
	Reject http.Handler               // answers a form posted by another origin; 403 when nil
}

// DefaultCSP allows what is ours and nothing inline. A form may not lead elsewhere and
// no page may be framed.
const DefaultCSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; report-uri /csp-report"

// Admit widens the policy of one answer: scripts, pictures and connections of the
// sources are let in. It is called before the answer begins.
func Admit(h http.Header, sources []string) {
	more := " " + strings.Join(sources, " ")
	csp := h.Get("Content-Security-Policy")
	for _, what := range []string{"script-src 'self'", "img-src 'self' data:", "connect-src 'self'"} {
		csp = strings.Replace(csp, what, what+more, 1)
	}
	h.Set("Content-Security-Policy", csp)
}

// Secure sets the headers that keep a browser safe and refuses forms that another
// origin posts (Sec-Fetch-Site and Origin), so that no token is needed in forms.
func Secure(o Options, next http.Handler) http.Handler {
	csp := o.CSP
	if csp == "" {
		csp = DefaultCSP
	}
	guard := http.NewCrossOriginProtection()
	if o.Reject != nil {
		guard.SetDenyHandler(o.Reject)
	}
	guarded := guard.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		if o.TLS != nil && o.TLS(r) {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		guarded.ServeHTTP(w, r)
	})
}
