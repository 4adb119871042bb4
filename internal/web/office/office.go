package office

import (
	"context"
	"embed"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"prasan/internal/accounts"
	"prasan/internal/analytics"
	"prasan/internal/backup"
	"prasan/internal/breach"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/errs"
	inspection "prasan/internal/evidence"
	"prasan/internal/i18n"
	incoming "prasan/internal/inbox"
	inspecting "prasan/internal/inspection"
	"prasan/internal/letters"
	"prasan/internal/library"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/referral"
	"prasan/internal/register"
	"prasan/internal/retention"
	"prasan/internal/review"
	"prasan/internal/rights"
	"prasan/internal/saraban"
	"prasan/internal/sites"
	"prasan/internal/truth"
	"prasan/internal/web/assets"
	"prasan/internal/web/kit"
)

//go:embed templates/*.html
var files embed.FS

// Deps is what the office face needs from the rest of the program.
type Deps struct {
	DB         *db.DB
	Accounts   *accounts.Service
	Org        *org.Service
	Agencies   *org.Directory
	Sites      *sites.Store
	Cases      *cases.Service
	Register   *register.Store
	Truth      *truth.Service // nil where nothing watches
	Evidence   *inspection.Service
	Library    *library.Service
	Review     *review.Service
	Rights     *rights.Service
	Breach     *breach.Service
	Retention  *retention.Service
	Inspection *inspecting.Service
	Letters    *letters.Service
	Saraban    *saraban.Service
	Referral   *referral.Service
	Inbox      *incoming.Service
	Analytics  *analytics.Service
	Drills     *backup.Driller
	Keys       *backup.Rotator
	Copies     func(ctx context.Context) (backup.State, error)
	Activities func() []*policy.Snapshot // those in force
	// Stage takes a file in, and Seal keeps what waits in a form.
	Stage func(ctx context.Context, name string, r io.Reader) (cases.Staged, error)
	Seal  *kit.Sealer
	// FileURL is where a person of the office finds a file of a case, for a while.
	FileURL func(account, reference, attachment string) string
	Client  func(r *http.Request) (addr string, tls bool)
	Now     func() time.Time
	Contact func(agency string) policy.Contact            // of an agency, for notices
	Labels  func(activity, lang string) map[string]string // names of elements by code
}

// Face is the office face.
type Face struct {
	Deps
	set  *kit.Set
	edge kit.Edge
}

// route is a page or an act. Stage is the session it needs; Action one of policy's
// table that the person's roles must reach.
type route struct {
	pattern string
	stage   string
	action  string
	handle  func(v *visit) error
}

// Stages of routes, beside those of a session.
const (
	open  = ""      // nobody need be signed in
	begun = "begun" // any session
	full  = accounts.StageFull
)

// routes are all pages of the office.
var routes = slices.Concat([]route{
	{"GET /{lang}/sign-in", open, "", signInForm},
	{"POST /{lang}/sign-in", open, "", signIn},
	{"POST /{lang}/sign-out", begun, "", signOut},
	{"GET /{lang}/office/{$}", full, "", home},
}, caseRoutes, letterRoutes, mailRoutes, referralRoutes, rightsRoutes, breachRoutes, retentionRoutes, registerRoutes, recordReviewRoutes, oversightRoutes, inspectionRoutes, evidenceRoutes, libraryRoutes, reviewRoutes, analyticsRoutes, newsRoutes, ownRoutes, peopleRoutes, bodyRoutes, copyRoutes)

// section is an entry of the menu; who cannot reach its action does not see it.
type section struct{ path, key, action string }

var sections = []section{
	{"/office/cases", "office.home", "case.list"},
	{"/office/letters", "letters.menu", "letter.read"},
	{"/office/referrals", "referral.office", "case.list"},
	{"/office/mail", "inbox.menu", "mail.read"},
	{"/office/rights", "rights.office", "rights.read"},
	{"/office/breaches", "breach.office", "breach.report"},
	{"/office/retention", "round.office", "retention.read"},
	{"/office/analytics", "analytics.heading", analytics.ActionRead},
	{"/office/news", "sites.news", sites.ActionNews},
	{"/office/oversight", "office.oversight", "log.read"},
	{"/office/inspections", "inspection.office", "record.read"},
	{"/office/records", "office.records", "record.read"},
	{"/office/truth", "registerpages.menu-truth", "record.read"},
	{"/office/library", "library.menu", "record.read"},
	{"/office/access", "review.menu", review.Action},
	{"/office/evidence", "evidence.menu", inspection.Action},
	{"/office/chain", "office.chain", "case.chain"},
	{"/office/delegations", "office.delegations", ""},
	{"/office/accounts", "office.accounts", "account.admin"},
	{"/office/sites", "office.sites", ""},
	{"/office/agencies", "office.agencies", ""},
	{"/office/audit", "office.audit", "log.read"},
	{"/office/copies", "copies.menu", "copies.read"},
}

// New parses the templates and returns the face.
func New(d Deps) (*Face, error) {
	set, err := kit.Parse(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	f := &Face{Deps: d, set: set}
	f.edge = kit.Edge{Lang: langOf, Page: f.failure}
	return f, nil
}

// Handler serves the office host, but for the API.
func (f *Face) Handler() http.Handler {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.Handle(r.pattern, f.edge.Handle(f.enter(r)))
	}
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept-Language")
		http.Redirect(w, r, "/"+i18n.Match(r.Header.Get("Accept-Language"))+"/office/", http.StatusFound)
	})
	mux.Handle("GET /favicon.ico", http.RedirectHandler(assets.URL("emblem.svg"), http.StatusFound))
	mux.Handle("/", f.edge.Handle(func(http.ResponseWriter, *http.Request) error { return errs.New(errs.NotFound, "error.not-found") }))
	reject := f.edge.Handle(func(http.ResponseWriter, *http.Request) error { return errs.New(errs.Forbidden, "error.forbidden") })
	tls := func(r *http.Request) bool { _, tls := f.Client(r); return tls }
	return kit.Secure(kit.Options{TLS: tls, Reject: reject}, withAssets(mux))
}

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

// visit is a request in a known language, by somebody or nobody.
type visit struct {
	*http.Request
	w       http.ResponseWriter
	f       *Face
	lang    string
	session accounts.Session
}

// maxForm bounds what a form may bring.
const maxForm = 256 << 10

// enter lets in who has the session and the reach that the route asks for; others are
// led to where they get it.
func (f *Face) enter(rt route) kit.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		v := &visit{Request: r, w: w, f: f, lang: r.PathValue("lang")}
		if !slices.Contains(i18n.Langs, v.lang) {
			return errs.New(errs.NotFound, "error.not-found")
		}
		if err := v.recognise(); err != nil {
			return err
		}
		if lead := v.lead(rt.stage); lead != "" {
			if r.Method != http.MethodGet && r.Method != http.MethodHead {
				return errs.New(errs.Unauthorized, "office.error-session")
			}
			return v.seeOther(lead)
		}
		if !v.reaches(rt.action) {
			return errs.New(errs.Forbidden, "error.forbidden")
		}
		if r.Method == http.MethodPost {
			r.Body = http.MaxBytesReader(w, r.Body, rt.maxBody())
			if err := r.ParseForm(); err != nil {
				return errs.Wrap(err, errs.Invalid, "error.invalid")
			}
		}
		return rt.handle(v)
	}
}

// recognise reads the session; one that is over is as none.
func (v *visit) recognise() error {
	c, err := v.Cookie(cookieName)
	if err != nil {
		return nil
	}
	v.session, err = v.f.Accounts.Session(v.Context(), c.Value)
	if errs.KindOf(err) == errs.Unauthorized {
		return nil
	}
	return err
}

// stagePage is where a session that is not full yet goes on.
var stagePage = map[string]string{accounts.StagePassword: "/office/password", accounts.StageEnrol: "/office/authenticator"}

func (v *visit) lead(stage string) string {
	switch {
	case stage == open:
		return ""
	case v.session.Stage == "":
		return "/sign-in?next=" + url.QueryEscape(v.URL.RequestURI())
	case stage == full && v.session.Stage != full:
		return stagePage[v.session.Stage]
	}
	return ""
}

func (v *visit) reaches(action string) bool {
	if action == "" {
		return true
	}
	all, agency := policy.Reach(v.session.Actor, action)
	return all || agency != ""
}

func langOf(r *http.Request) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if slices.Contains(i18n.Langs, first) {
		return first
	}
	return i18n.Match(r.Header.Get("Accept-Language"))
}

// t is a message in the visitor's language.
func (v *visit) t(key string, args ...any) string { return i18n.T(v.lang, key, args...) }

// to is a path in the visitor's language.
func (v *visit) to(path string) string { return "/" + v.lang + path }

// seeOther leads on after a post, so that reloading repeats nothing.
func (v *visit) seeOther(path string) error {
	v.w.Header().Set("Cache-Control", kit.CacheNone)
	http.Redirect(v.w, v.Request, v.to(path), http.StatusSeeOther)
	return nil
}
