package app

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"prasan/internal/accounts"
	"prasan/internal/analytics"
	"prasan/internal/audit"
	"prasan/internal/backup"
	"prasan/internal/blob"
	"prasan/internal/breach"
	"prasan/internal/cases"
	"prasan/internal/clock"
	"prasan/internal/config"
	"prasan/internal/consent"
	"prasan/internal/db"
	"prasan/internal/evidence"
	"prasan/internal/identity"
	"prasan/internal/inbox"
	"prasan/internal/inspection"
	"prasan/internal/jobs"
	"prasan/internal/letters"
	"prasan/internal/library"
	"prasan/internal/limits"
	"prasan/internal/mail"
	"prasan/internal/notices"
	"prasan/internal/org"
	"prasan/internal/processing"
	"prasan/internal/referral"
	"prasan/internal/register"
	"prasan/internal/retention"
	"prasan/internal/review"
	"prasan/internal/rights"
	"prasan/internal/saraban"
	"prasan/internal/sites"
	"prasan/internal/truth"
	"prasan/internal/vault"
	"prasan/internal/web/api"
	"prasan/internal/web/files"
	"prasan/internal/web/usage"
)

// App is the program, wired.
type App struct {
	Config  config.Server
	Options Options
	Clock   clock.Clock

	// The ground floor and the record.
	DB         *db.DB
	Vault      *vault.Vault
	Audit      *audit.Log
	Jobs       *jobs.Queue
	Limits     *limits.Limiter
	Blobs      *blob.Files
	Register   *register.Store
	Processing *processing.Service

	// The body and the work.
	Agencies *org.Directory
	Org      *org.Service
	Sites    *sites.Store
	Accounts *accounts.Service
	Notices  *notices.Store
	Mail     *mail.Service
	Cases    *cases.Service

	// Over everything.
	Keys       *backup.Rotator
	Drills     *backup.Driller
	Feed       *backup.Feed // nil where nothing is copied by itself
	Retention  *retention.Service
	Breach     *breach.Service
	Inspection *inspection.Service
	Rights     *rights.Service
	Identity   *identity.Service
	Consent    *consent.Service
	Analytics  *analytics.Service
	Truth      *truth.Service
	Evidence   *evidence.Service
	Library    *library.Service
	Review     *review.Service
	Letters    *letters.Service
	Saraban    *saraban.Service
	Referral   *referral.Service
	Inbox      *inbox.Service
	Holders    []retention.Holder // of features; cases are its own

	PersonHolders []rights.Holder // stores of features that have data of people

	// Faces; a part that comes before them may add to them.
	API        *api.API
	FileLinks  *files.Links
	UsageFace  *usage.Face
	Demo       *Demo           // nil in serve
	Operations []api.Operation // of the API, beside its own
	hosts      map[string]host // by full name; sites are looked up

	reopen   func(ctx context.Context, c config.Server, o Options) (*App, error) // for a restored copy
	keys     *db.DB
	journal  *db.DB // of usage: the database, or a store of its own
	minter   *vault.Minter
	requests *metrics.Set                      // how answers went
	settled  func()                            // lets the other nodes install, or find that it is done
	started  []func(ctx context.Context) error // when serving begins
	closers  []func() error
	schema   int // the newest migration that was applied at the start
	ready    readiness
}

// Mode says what may be done to the stores at the start.
type Mode int

const (
	Use     Mode = iota // there is an installation, of this version: for commands
	Create              // a new installation is made; an old one is refused: for serve
	Upgrade             // an old one is brought up to this version, too: for migrate and the demo
)

// Options are what is no setting of an operator.
type Options struct {
	Mode    Mode
	Version string
	Demo    *DemoOptions // nil: no demo
}

// parts are what the program is made of, each after what it needs. A feature adds a
// line here, and a file of its own beside this one.
var parts = []func(ctx context.Context, a *App) error{
	wireStores,
	wireBackup,
	wireKeys,
	wireDrills,
	wireRecord,
	wireInstallation,
	wireBody,
	wireFiles,
	wireMail,
	wireRecordReview,
	wireCases,
	wireLetters,
	wireReferral,
	wireInbound,
	wirePlan,
	wireRetention,
	wireBreach,
	wireIdentity,
	wireRights,
	wireAnalytics,
	wireLibrary,
	wireReview,
	wireTruth,
	wireInspection,
	wireCopyProbe,
	wireEvidence,
	wireHousekeeping,
	wireDemo,
	wireAPI,
	wireOffice,
	wirePublic,
}

// New opens the stores and wires the parts. It changes nothing that o.Mode does not
// allow, and nothing runs before Serve.
func New(ctx context.Context, c config.Server, o Options) (*App, error) {
	a := &App{Config: c, Options: o, Clock: clock.System{}, hosts: map[string]host{}, requests: metrics.NewSet(), settled: func() {}}
	if o.Demo != nil {
		a.Demo = newDemo(a, *o.Demo)
		a.Clock = a.Demo.Clock
	}
	a.reopen = New
	for _, wire := range parts {
		if err := wire(ctx, a); err != nil {
			a.Close()
			return nil, err
		}
	}
	a.settled()
	return a, nil
}

// Now is the present moment.
func (a *App) Now() time.Time { return a.Clock.Now() }

// OnStart has f run when serving begins.
func (a *App) OnStart(f func(ctx context.Context) error) { a.started = append(a.started, f) }

// OnClose has f run at the end; what was opened last is closed first.
func (a *App) OnClose(f func() error) { a.closers = append(a.closers, f) }

// Host has a handler answer for NAME.BASE-DOMAIN; audience is its name in the metrics.
func (a *App) Host(name, audience string, h http.Handler) {
	a.hosts[name+"."+a.Config.BaseDomain] = host{audience, h}
}

// URL is the address at which people reach NAME.BASE-DOMAIN; of the base domain for "".
func (a *App) URL(name string) string {
	if name == "" {
		return a.Config.SiteURL(a.Config.BaseDomain)
	}
	return a.Config.SiteURL(name + "." + a.Config.BaseDomain)
}

// Close closes what New opened.
func (a *App) Close() error {
	var all []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		all = append(all, a.closers[i]())
	}
	a.closers = nil
	return errors.Join(all...)
}
