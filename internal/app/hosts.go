package app

import (
	"net/http"
	"strings"
	"time"

	"prasan/internal/web/assets"
	"prasan/internal/web/kit"
)

// host is what answers under a name.
type host struct {
	audience string
	handler  http.Handler
}

// Handler serves all hosts. Health is answered on every one, known or not; a name that
// has no handler of its own is a site's, or nobody's: then the public face says so (421).
func (a *App) Handler() http.Handler {
	files := assets.Handler()
	all := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, ok := a.hosts[kit.HostName(r.Host)]
		if !ok {
			h = a.hosts[""]
		}
		switch {
		case r.URL.Path == "/healthz":
			healthz(w, r)
		case r.URL.Path == "/readyz":
			a.readyz(w, r)
		case r.URL.Path == cspPath:
			a.cspReport(w, r)
		case ok && strings.HasPrefix(r.URL.Path, assets.Prefix):
			files.ServeHTTP(w, r)
		default:
			a.counted(h, w, r)
		}
	})
	return parseProxies(a.Config.TrustedProxy).withClient(all)
}

// counted has h answer, and counts the answer.
func (a *App) counted(h host, w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	c := &counting{ResponseWriter: w, status: http.StatusOK}
	h.handler.ServeHTTP(c, r)
	a.answered(h.audience, c.status, time.Since(began))
}

// counting remembers the status of an answer.
type counting struct {
	http.ResponseWriter
	status int
}

func (c *counting) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// Unwrap is for http.ResponseController.
func (c *counting) Unwrap() http.ResponseWriter { return c.ResponseWriter }
