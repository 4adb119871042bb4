package sink

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"prasan/internal/errs"
	"prasan/internal/thai"
)

//go:embed page.html sink.css
var assets embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"when": func(t time.Time) string { return thai.DateTime(t, "th") },
}).ParseFS(assets, "page.html"))

// onPage is how many mails the list shows; the JSON shows all.
const onPage = 100

// Handler serves the sink's pages: /, /message/{id} and /messages.json, which takes
// ?to=, ?subject= (parts of them) and ?limit=.
func (s *Sink) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.list)
	mux.HandleFunc("GET /messages.json", s.listJSON)
	mux.HandleFunc("GET /message/{id}", s.show)
	mux.HandleFunc("GET /message/{id}/html", s.html)
	mux.HandleFunc("GET /message/{id}/raw", s.raw)
	mux.HandleFunc("GET /sink.css", func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, assets, "sink.css") })
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		h.Set("Cache-Control", "no-store")
		mux.ServeHTTP(w, r)
	})
}

// wanted is the filter of a request.
func wanted(r *http.Request) func(Message) bool {
	to, subject := strings.ToLower(r.FormValue("to")), r.FormValue("subject")
	return func(m Message) bool {
		return strings.Contains(strings.ToLower(m.To), to) && strings.Contains(m.Subject, subject)
	}
}

func (s *Sink) list(w http.ResponseWriter, r *http.Request) {
	s.page(w, "list", map[string]any{"Messages": s.Messages(onPage, wanted(r)), "To": r.FormValue("to"), "Total": len(s.newest()), "Shown": onPage})
}

func (s *Sink) listJSON(w http.ResponseWriter, r *http.Request) {
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil || limit < 1 {
		limit = Keep
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if err := json.NewEncoder(w).Encode(s.Messages(limit, wanted(r))); err != nil {
		slog.Debug("mail sink", "err", err)
	}
}

// find answers 404 where there is no such mail.
func (s *Sink) find(w http.ResponseWriter, r *http.Request) (Message, bool) {
	m, err := s.Message(r.PathValue("id"))
	if err != nil {
		http.Error(w, "ไม่พบอีเมลนี้ / no such mail", errs.KindOf(err).Status())
	}
	return m, err == nil
}

func (s *Sink) show(w http.ResponseWriter, r *http.Request) {
	if m, ok := s.find(w, r); ok {
		s.page(w, "message", map[string]any{"Message": m, "Fields": m.fields, "Raw": string(m.raw)})
	}
}

// html shows the HTML part in a frame in which nothing runs and nothing is loaded.
func (s *Sink) html(w http.ResponseWriter, r *http.Request) {
	if m, ok := s.find(w, r); ok {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-popups allow-top-navigation-by-user-activation")
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		// Links open in the whole window: the frame may show nothing but the mail.
		_, _ = w.Write([]byte(strings.Replace(m.HTML, "<head>", `<head><base target="_top">`, 1)))
	}
}

func (s *Sink) raw(w http.ResponseWriter, r *http.Request) {
	if m, ok := s.find(w, r); ok {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write(m.raw)
	}
}

func (s *Sink) page(w http.ResponseWriter, name string, data any) {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, name, data); err != nil {
		slog.Error("mail sink", "err", err)
		http.Error(w, "internal error", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(out.Bytes())
}
