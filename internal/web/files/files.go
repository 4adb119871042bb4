package files

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"prasan/internal/errs"
	"prasan/internal/i18n"
)

// File is an attachment that has been opened for the one its link names.
type File struct {
	Name string
	Type string
	Size int64
	Body io.ReadCloser
}

// Host is what the host needs from the rest of the program.
type Host struct {
	Links *Links
	// Open decides whether the person may have the file, logs the reading and opens it.
	Open func(ctx context.Context, l Link) (File, error)
}

// Handler serves GET /a/{token}.
func (h Host) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /a/{token}", func(w http.ResponseWriter, r *http.Request) {
		if err := h.serve(w, r); err != nil {
			fail(w, r, err)
		}
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fail(w, r, errs.New(errs.NotFound, "error.not-found")) })
	return locked(mux)
}

// locked sets what keeps a browser from doing anything with an answer but saving it.
func locked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cross-Origin-Resource-Policy", "same-site")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		h.Set("X-Robots-Tag", "noindex, nofollow")
		next.ServeHTTP(w, r)
	})
}

func (h Host) serve(w http.ResponseWriter, r *http.Request) error {
	link, err := h.Links.read(r.PathValue("token"))
	if err != nil {
		return err
	}
	file, err := h.Open(r.Context(), link)
	if err != nil {
		return err
	}
	defer file.Body.Close()
	w.Header().Set("Content-Type", file.Type)
	w.Header().Set("Content-Length", strconv.FormatInt(file.Size, 10))
	w.Header().Set("Content-Disposition", disposition(file.Name))
	w.Header().Set("Accept-Ranges", "none")
	if r.Method == http.MethodHead {
		return nil
	}
	if n, err := io.Copy(w, file.Body); err != nil || n != file.Size {
		// The length that was announced tells the browser that the file is not whole.
		slog.Error("attachment broke off", "attachment", link.Attachment, "err", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// disposition is "attachment" with the name in ASCII for old readers and in UTF-8 for
// all others (RFC 6266, RFC 8187).
func disposition(name string) string {
	plain := strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e || strings.ContainsRune(`"\%`, r) {
			return '_'
		}
		return r
	}, name)
	var b strings.Builder
	for _, c := range []byte(name) {
		if c < utf8.RuneSelf && (c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || strings.IndexByte("!#$&+-.^_`|~", c) >= 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return `attachment; filename="` + plain + `"; filename*=UTF-8''` + b.String()
}

// fail answers in words: this host has no pages.
func fail(w http.ResponseWriter, r *http.Request, err error) {
	e := errs.As(err)
	if e.Kind == errs.Internal || e.Kind == errs.Unavailable {
		slog.Error("attachment", "err", err)
	}
	if e.Kind == errs.Forbidden { // looks the same to who may not know
		e = errs.New(errs.NotFound, "error.file-link")
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(e.Kind.Status())
	fmt.Fprintln(w, i18n.T(i18n.Match(r.Header.Get("Accept-Language")), e.Key, e.Args...))
}
