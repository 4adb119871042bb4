// Package guide is the front door of the demo: where its sites are, who can sign in,
// and the code that each person's authenticator shows now, by the demo's clock, which
// no telephone follows once it has been moved.
package guide

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"time"

	"github.com/pquerna/otp/totp"

	"prasan/internal/thai"
)

//go:embed guide.html guide.css
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"when": func(t time.Time) string { return thai.DateTime(t, "th") },
}).ParseFS(files, "guide.html"))

// Person is somebody who can sign in to the demo.
type Person struct {
	Name     string `json:"name"`
	Password string `json:"password"`
	Role     string `json:"role"`
	Agency   string `json:"agency"`
	Code     string `json:"code"` // of this half minute

	Secret string `json:"-"`
}

// Place is an address of the demo.
type Place struct{ Name, URL string }

// Guide is what the page is made of.
type Guide struct {
	Places []Place
	People func() []Person
	Now    func() time.Time
}

// Handler serves / and /accounts.json.
func (g Guide) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", g.page)
	mux.HandleFunc("GET /accounts.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(g.people()); err != nil {
			slog.Debug("guide", "err", err)
		}
	})
	mux.HandleFunc("GET /guide.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, files, "guide.css") })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

// people are those who can sign in, with the codes of now.
func (g Guide) people() []Person {
	out := []Person{}
	for _, p := range g.People() {
		code, err := totp.GenerateCode(p.Secret, g.Now())
		if err != nil {
			slog.Warn("guide", "account", p.Name, "err", err)
		}
		p.Code = code
		out = append(out, p)
	}
	return out
}

func (g Guide) page(w http.ResponseWriter, _ *http.Request) {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, "guide.html", map[string]any{"Places": g.Places, "People": g.people(), "Now": g.Now()}); err != nil {
		slog.Error("guide", "err", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes())
}
