package public

import (
	"embed"
	"net/http"
	"slices"
	"strings"
	"sync"

	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/sites"
	"prasan/internal/web/assets"
	"prasan/internal/web/kit"
)

//go:embed templates/*.html
var files embed.FS

// Face is the public face.
type Face struct {
	Services
	set    *kit.Set
	edge   kit.Edge
	frames sync.Map // frameKey -> *kit.Frame
}

// New parses the templates and returns the face.
func New(s Services) (*Face, error) {
	set, err := kit.Parse(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	f := &Face{Services: s, set: set}
	f.edge = kit.Edge{Lang: langOf, Page: f.failure}
	return f, nil
}

// visit is a request to a known site in a known language.
type visit struct {
	*http.Request
	w    http.ResponseWriter
	f    *Face
	site sites.Site
	lang string
}

type route struct {
	pattern string
	handle  func(v *visit) error
}

// routes of a site, after /{lang}.
var routes = []route{
	{"GET /{lang}/{$}", home},
	{"GET /{lang}/search", search},
	{"GET /{lang}/news", news},
	{"GET /{lang}/contact", contactBegin},
	{"GET /{lang}/contact/{step}", contactLost},
	{"POST /{lang}/contact/{step}", contactStep},
	{"GET /{lang}/contact/receipt/{token}", receipt},
	{"GET /{lang}/contact/slip/{token}", slipImage},
	{"GET /{lang}/track", trackForm},
	{"POST /{lang}/track", trackFind},
	{"GET /{lang}/track/lost", lostForm},
	{"POST /{lang}/track/lost", lostAsk},
	{"GET /{lang}/track/code/{token}", codeForm},
	{"POST /{lang}/track/code/{token}", codeRedeem},
	{"GET /{lang}/track/{token}", trackView},
	{"POST /{lang}/track/{token}/{act}", trackAct},
	{"GET /{lang}/verify/{token}", verifyForm},
	{"POST /{lang}/verify/{token}", verifyConfirm},
	{"GET /{lang}/privacy", privacy},
	{"GET /{lang}/cookies", cookies},
	{"GET /{lang}/statistics", statistics},
	{"POST /{lang}/cookies", chooseCookies},
	{"GET /{lang}/rights", rightsForm},
	{"POST /{lang}/rights", rightsSend},
	{"GET /{lang}/rights/receipt/{token}", rightsReceipt},
	{"GET /{lang}/rights/status", rightsStatus},
	{"POST /{lang}/rights/status", rightsFind},
	{"GET /{lang}/rights/status/{token}", rightsShow},
	{"POST /{lang}/rights/status/{token}/copy", rightsCopy},
	{"POST /{lang}/rights/status/{token}/letter", rightsLetter},
	{"POST /{lang}/rights/status/{token}/withdraw", rightsWithdraw},
	{"GET /{lang}/rights/identity", identityForm},
	{"POST /{lang}/rights/identity", identityAsk},
	{"GET /{lang}/rights/identity/{token}", identityCode},
	{"POST /{lang}/rights/identity/{token}", identityCheck},
	{"GET /{lang}/rights/ask/{token}", rightsAsk},
	{"GET /{lang}/rights/provider", providerGo},
	{"GET /{lang}/rights/provider/{token}", providerDone},
	{"GET /{lang}/record", record},
	{"GET /{lang}/record/notices/{id}", oldNotice},
	{"GET /{lang}/record/documents/{code}/{n}", document},
	{"GET /{lang}/accessibility", plainPage("accessibility")},
	{"GET /{lang}/letter/{code}", letterPage},
}

// Handler serves all sites.
func (f *Face) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.Handle(r.pattern, f.edge.Handle(f.visit(r.handle)))
	}
	mux.Handle("GET /{$}", f.edge.Handle(f.toLanguage))
	mux.Handle("GET /identity/provider", f.edge.Handle(f.providerBack))
	mux.Handle("GET /robots.txt", f.edge.Handle(f.robots))
	mux.Handle("GET /sitemap.xml", f.edge.Handle(f.sitemap))
	mux.Handle("GET /.well-known/security.txt", f.edge.Handle(f.securityText))
	mux.Handle("GET /favicon.ico", http.RedirectHandler(assets.URL("emblem.svg"), http.StatusFound))
	mux.Handle("/", f.edge.Handle(f.unknown))
	reject := f.edge.Handle(func(http.ResponseWriter, *http.Request) error { return errs.New(errs.Forbidden, "public.error-origin") })
	tls := func(r *http.Request) bool { _, tls := f.Client(r); return tls }
	return kit.Secure(kit.Options{TLS: tls, Reject: reject}, withAssets(f.known(mux)))
}

// withAssets stands before the routes: their first part is any language.
func withAssets(next http.Handler) http.Handler {
	files := assets.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, assets.Prefix) {
			files.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// known refuses hosts that nobody knows (RFC 9110 section 15.5.20) and methods that
// no page has.
func (f *Face) known(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := f.Site(hostOf(r)); !ok {
			f.edge.Fail(w, r, errs.New(errs.Misdirected, "error.misdirected"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func hostOf(r *http.Request) string { return kit.HostName(r.Host) }

func (f *Face) visit(h func(v *visit) error) kit.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		lang := r.PathValue("lang")
		if !slices.Contains(i18n.Langs, lang) {
			return errs.New(errs.NotFound, "error.not-found")
		}
		site, ok := f.Site(hostOf(r))
		if !ok {
			return errs.New(errs.Misdirected, "error.misdirected")
		}
		return h(&visit{Request: r, w: w, f: f, site: site, lang: lang})
	}
}

func (f *Face) unknown(http.ResponseWriter, *http.Request) error {
	return errs.New(errs.NotFound, "error.not-found")
}

func (f *Face) toLanguage(w http.ResponseWriter, r *http.Request) error {
	w.Header().Set("Vary", "Accept-Language")
	w.Header().Set("Cache-Control", "private, no-cache")
	http.Redirect(w, r, "/"+i18n.Match(r.Header.Get("Accept-Language"))+"/", http.StatusFound)
	return nil
}

// langOf is the language of an error page: of the path, else of the browser.
func langOf(r *http.Request) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if slices.Contains(i18n.Langs, first) {
		return first
	}
	return i18n.Match(r.Header.Get("Accept-Language"))
}

type frameKey struct {
	site sites.Site
	lang string
}

// frame is the frame of a site's pages, rendered when it is first needed; a site that
// changes has another key.
func (f *Face) frame(site sites.Site, lang string) (*kit.Frame, error) {
	key := frameKey{site, lang}
	if known, ok := f.frames.Load(key); ok {
		return known.(*kit.Frame), nil
	}
	frame, err := f.set.Frame(lang, "frame", map[string]any{"Site": site, "Other": other(lang)})
	if err == nil {
		f.frames.Store(key, frame)
	}
	return frame, err
}

func other(lang string) string {
	if lang == "th" {
		return "en"
	}
	return "th"
}

// t is a message in the visitor's language.
func (v *visit) t(key string, args ...any) string { return i18n.T(v.lang, key, args...) }

// to is a path in the visitor's language.
func (v *visit) to(path string) string { return "/" + v.lang + path }

// view is what every template gets.
type view struct {
	Site sites.Site
	Lang string
	D    any
}

// page sends a page; its title is a message of the catalogue.
func (v *visit) page(p kit.Page, name string, data any) error {
	frame, err := v.f.frame(v.site, v.lang)
	if err != nil {
		return err
	}
	if p.Path == "" {
		p.Path = strings.TrimPrefix(v.URL.EscapedPath(), "/"+v.lang)
	}
	p.Extra = v.extra(&p)
	return frame.Write(v.w, v.Request, p, v.f.set, name, view{v.site, v.lang, data})
}

// seeOther leads on after a post, so that reloading repeats nothing.
func (v *visit) seeOther(path string) error {
	v.w.Header().Set("Cache-Control", kit.CacheNone)
	http.Redirect(v.w, v.Request, v.to(path), http.StatusSeeOther)
	return nil
}

// failure is the page of an error. A host that nobody knows gets one without a site.
func (f *Face) failure(w http.ResponseWriter, r *http.Request, lang string, e kit.Failure) {
	site, _ := f.Site(hostOf(r))
	name := "frame"
	if site.Host == "" {
		name = "bare"
	}
	frame, err := f.frame(site, lang)
	if name == "bare" {
		frame, err = f.set.Frame(lang, name, nil)
	}
	if err == nil {
		err = frame.Write(w, r, kit.Page{Status: e.Status, Title: e.Title, Path: "/", Cache: kit.CacheNone}, f.set, "failure", view{site, lang, e})
	}
	if err != nil {
		http.Error(w, e.Title, e.Status)
	}
}
