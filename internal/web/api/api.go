package api

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"prasan/internal/accounts"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/i18n"
	"prasan/internal/notices"
	"prasan/internal/org"
	"prasan/internal/register"
	"prasan/internal/sites"
	"prasan/internal/vault"
	"prasan/internal/web/kit"
)

// Base is where the API lies on the office host.
const Base = "/api/v1"

// Deps are the services behind the operations.
type Deps struct {
	DB       *db.DB
	Vault    *vault.Vault
	Accounts *accounts.Service
	Org      *org.Service
	Agencies *org.Directory
	Sites    *sites.Store
	Cases    *cases.Service
	Register *register.Store
	Notices  *notices.Store
	FileURL  func(account, reference, attachment string) string // of a file of a case, for a while
	Stage    func(ctx context.Context, name string, r io.Reader) (cases.Staged, error)
	MaxFile  int64 // bytes of the largest attachment
	Version  string
	Advance  func(time.Duration) time.Time // the demo's clock; nil in serve: no such operation
	More     []Operation                   // of other features
}

// API serves the operations.
type API struct {
	Deps
	table []Operation
	key   []byte // of request hashes
	spec  []byte
}

// New returns the handler of everything under Base.
func New(d Deps) (*API, error) {
	a := &API{Deps: d, key: d.Vault.Derive("idempotency")}
	a.table = slices.Concat(a.bodyOperations(), a.accountOperations(), a.caseOperations(), a.recordOperations(), a.registerOperations(), a.demoOperations(), d.More)
	var err error
	a.spec, err = a.document()
	return a, err
}

// Operations is the table, for the docs and the tests.
func (a *API) Operations() []Operation { return a.table }

// Document is the OpenAPI document.
func (a *API) Document() []byte { return a.spec }

// Handler routes the table.
func (a *API) Handler() http.Handler {
	edge := kit.Edge{Lang: language}
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, o := range a.table {
		mux.Handle(o.Method+" "+Base+o.Path, edge.Handle(a.serve(o)))
		methods[o.Path] = append(methods[o.Path], o.Method)
	}
	for path, allowed := range methods {
		mux.Handle(Base+path, notAllowed(allowed))
	}
	mux.HandleFunc("GET "+Base+"/openapi.json", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(a.spec)
	})
	mux.Handle("/", edge.Handle(func(http.ResponseWriter, *http.Request) error { return errNotFound }))
	return withEndings(mux)
}

// withEndings lets files of a letter be asked for by their ending: /letters/ID.pdf.
func withEndings(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, ending := range []string{"pdf", "docx"} {
			if id, ok := strings.CutSuffix(r.URL.Path, "."+ending); ok && strings.HasPrefix(id, Base+"/letters/") {
				r = r.Clone(r.Context())
				r.URL.Path = id + "/" + ending
			}
		}
		next.ServeHTTP(w, r)
	})
}

func language(r *http.Request) string { return i18n.Match(r.Header.Get("Accept-Language")) }
