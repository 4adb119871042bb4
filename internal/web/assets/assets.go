// Package assets holds the style sheets, scripts, fonts and marks of the product,
// embedded and served under names that carry their content's hash, so that browsers
// may keep them for ever.
package assets

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

//go:embed static
var files embed.FS

// Prefix is where the assets are served.
const Prefix = "/assets/"

type asset struct {
	body  []byte
	mime  string
	once  sync.Once
	small []byte // compressed; nil where that does not pay
}

var mimes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2", ".png": "image/png", ".txt": "text/plain; charset=utf-8"}

type library struct {
	urls   map[string]string // by plain name
	byName map[string]*asset // by hashed name
}

var all = sync.OnceValue(func() *library {
	l := &library{map[string]string{}, map[string]*asset{}}
	// Style sheets come last: they name fonts by their hashed names.
	for _, sheets := range []bool{false, true} {
		_ = fs.WalkDir(files, "static", func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				panic("assets: " + err.Error()) // embedded: a mistake of the build
			}
			if !d.IsDir() && (path.Ext(p) == ".css") == sheets {
				l.add(p)
			}
			return nil
		})
	}
	return l
})

var comments = regexp.MustCompile(`(?s)/\*.*?\*/`)
var reference = regexp.MustCompile(`url\(([a-z0-9-]+\.[a-z0-9]+)\)`)

func (l *library) add(p string) {
	body, err := files.ReadFile(p)
	if err != nil {
		panic("assets: " + err.Error())
	}
	name := strings.TrimPrefix(p, "static/")
	if path.Ext(name) == ".css" {
		body = comments.ReplaceAll(body, nil)
		body = reference.ReplaceAllFunc(body, func(m []byte) []byte {
			return []byte("url(" + l.urls[string(reference.FindSubmatch(m)[1])] + ")")
		})
	}
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	hashed := strings.TrimSuffix(name, ext) + "." + base64.RawURLEncoding.EncodeToString(sum[:8]) + ext
	l.urls[name] = Prefix + hashed
	l.byName[hashed] = &asset{body: body, mime: mimes[ext]}
}

// URL is the address of an asset, "" when there is none of that name.
func URL(name string) string { return all().urls[name] }

// Handler serves the assets below Prefix.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := all().byName[strings.TrimPrefix(r.URL.Path, Prefix)]
		if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
			http.Error(w, "404", http.StatusNotFound)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.mime)
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Vary", "Accept-Encoding")
		h.Set("X-Content-Type-Options", "nosniff")
		body := a.body
		if small := a.compressed(); small != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			h.Set("Content-Encoding", "gzip")
			body = small
		}
		h.Set("Content-Length", strconv.Itoa(len(body)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(body)
		}
	})
}

// compressed packs an asset when it is first asked for; fonts are packed already.
func (a *asset) compressed() []byte {
	a.once.Do(func() {
		if a.mime == mimes[".woff2"] || a.mime == mimes[".png"] {
			return
		}
		var out bytes.Buffer
		z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
		if err != nil {
			panic(err) // only for a level that is not one
		}
		_, _ = z.Write(a.body) // to memory
		_ = z.Close()
		if out.Len() < len(a.body) {
			a.small = out.Bytes()
		}
	})
	return a.small
}
