package office_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"prasan/internal/accounts"
	"prasan/internal/analytics"
	"prasan/internal/audit"
	"prasan/internal/blob"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/inbox"
	"prasan/internal/jobs"
	"prasan/internal/limits"
	"prasan/internal/mail"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/register"
	"prasan/internal/review"
	"prasan/internal/ropa"
	"prasan/internal/sites"
	"prasan/internal/vault"
	"prasan/internal/web/kit"
	"prasan/internal/web/office"
	"prasan/internal/webtest"
)

var ctx = context.Background()

const (
	host     = "office.industry.test"
	rayong   = "rayong.industry.test"
	password = "four unrelated words together"
)

// hashed is made once: deriving is slow on purpose.
var hashed = sync.OnceValue(func() string { return accounts.HashPassword(password) })

// staff are the people of the tests: agency, role, and how the record reaches them.
var staff = map[string]struct{ agency, role, by string }{
	"officer":   {"rayong", "officer", "order"},
	"colleague": {"rayong", "officer", "order"},
	"bare":      {"rayong", "officer", ""},
	"registrar": {"rayong", "registrar", "order"},
	"head":      {"rayong", "head", "head"},
	"other":     {"trat", "officer", "order"},
	"head-ops":  {"ops", "head", "head"},
	"dpo":       {"ops", "dpo", ""},
	"auditor":   {"ops", "auditor", ""},
	"ict":       {"ops-ict", "ict", ""},
	"admin":     {"ops", "admin", "order"},
}

// house is the office face with everything real behind it.
type house struct {
	t       *testing.T
	e       *dbtest.Engine
	cases   *cases.Service
	life    *endOfLife
	people  *accounts.Service
	usage   *analytics.Service
	record  *register.Store
	inbound *inbox.Service
	review  *review.Service
	secrets map[string]string
	tabs    map[string]*webtest.Client
	addr    string
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newHouse(t *testing.T, e *dbtest.Engine) *house {
	t.Helper()
	ring, err := db.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "keyring.db"), db.Options{Clock: e.Clock})
	must(t, err)
	t.Cleanup(func() { ring.Close() })
	master, err := vault.NewMaster(make([]byte, 32))
	must(t, err)
	v, minter, err := vault.Open(ctx, ring, master)
	must(t, err)
	bodies := org.Bodies("industry.test")
	must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := org.Put(tx, bodies); err != nil {
			return err
		}
		return sites.Put(tx, sites.ForAgencies("industry.test", bodies))
	}))
	agencies, err := org.NewDirectory(ctx, e.DB)
	must(t, err)
	log := audit.New("test")
	store, err := sites.Open(ctx, e.DB, log)
	must(t, err)
	record, err := register.Open(ctx, e.DB, log)
	must(t, err)
	must(t, record.Begin(ctx, [][]byte{ropa.SeedText(cases.Activity, 1), ropa.SeedText(cases.Activity, 2), ropa.SeedText("usage-analytics", 1), ropa.SeedText("usage-analytics", 2)}))
	limiter := limits.New(v.Derive("limits"), true)
	guard := processing.New(e.DB, v, minter, log, record.Snapshot)
	queue := jobs.New(e.DB, e.Clock.Now)
	link := func(host string) string { return "http://" + host }
	folder, err := blob.NewFolder(t.TempDir())
	must(t, err)
	files := blob.New(folder, e.Clock.Now)
	seal, err := kit.NewSealer(v.Derive("office-form"), e.Clock.Now)
	must(t, err)
	h := &house{t: t, e: e, record: record, secrets: map[string]string{}, tabs: map[string]*webtest.Client{}}
	h.people = accounts.New(accounts.Deps{DB: e.DB, Audit: log, Vault: v, Limits: limiter, Agencies: agencies, Issuer: "Prasan test"})
	h.cases = cases.New(cases.Deps{DB: e.DB, Vault: v, Processing: guard, Audit: log, Jobs: queue, Limits: limiter, Record: record.Snapshot, Now: e.Clock.Now, Files: files,
		Mail:   mail.New(mail.Deps{DB: e.DB, Vault: v, Audit: log, Jobs: queue, Limits: limiter, Now: e.Clock.Now, Processing: guard, Config: mail.Config{Domain: "industry.test", SiteURL: link, Sender: func(string, string) mail.Sender { return mail.Sender{} }}}),
		Notice: func(string) (string, error) { return "n1", nil },
		Site:   func(host string) (string, bool) { s, ok := store.Lookup(host); return s.Agency, ok },
		Agency: func(code string) (policy.Text, string, bool) {
			x, ok := agencies.Get(code)
			return x.Name, x.Parent, ok
		},
		SameController: func(code string) bool { x, ok := agencies.Get(code); return ok && x.SameController() },
		Config:         cases.Config{ReplyWithin: 15 * 24 * time.Hour, ReopenWithin: 30 * 24 * time.Hour, LinkLifetime: time.Hour, PerHour: 1000, SiteURL: link}})
	deps := office.Deps{DB: e.DB, Accounts: h.people, Org: &org.Service{DB: e.DB, Audit: log, Agencies: agencies, Record: record.Snapshot}, Agencies: agencies, Sites: store, Cases: h.cases, Register: record, Truth: watch(e, log, queue, record), Now: e.Clock.Now, Seal: seal,
		Stage: func(ctx context.Context, name string, r io.Reader) (cases.Staged, error) {
			f, err := files.Stage(ctx, name, r)
			return cases.Staged(f), err
		},
		Activities: func() []*policy.Snapshot {
			return []*policy.Snapshot{record.Snapshot(cases.Activity), record.Snapshot("usage-analytics")}
		},
		FileURL: func(account, reference, id string) string { return "http://files.industry.test/a/" + id },
		Client:  func(r *http.Request) (string, bool) { return r.RemoteAddr, false }}
	h.copy(&deps, v, log, queue)
	h.correspond(&deps, v, guard, log, queue)
	h.promise(&deps, v, guard, log, queue, record, agencies)
	h.count(&deps, v, guard, log, queue, record)
	h.oversee(&deps, v, files, log, queue, record, agencies)
	face, err := office.New(deps)
	must(t, err)
	h.settle()
	server := httptest.NewServer(face.Handler())
	t.Cleanup(server.Close)
	h.addr = server.Listener.Addr().String()
	return h
}

// settle gives everybody an account that can sign in, and what the record asks for.
func (h *house) settle() {
	h.t.Helper()
	from := dbtest.Start.AddDate(0, -1, 0)
	must(h.t, h.e.DB.InTx(ctx, func(tx *db.Tx) error {
		for name, p := range staff {
			key, err := totp.Generate(totp.GenerateOpts{Issuer: "test", AccountName: name})
			if err != nil {
				return err
			}
			h.secrets[name] = key.Secret()
			a := accounts.Account{Name: name, Display: policy.Text{TH: "คุณ" + name, EN: "Mx " + name}, Email: name + "@industry.test", Agency: p.agency, Roles: []string{p.role}, CreatedAt: from}
			if err := h.people.Seed(tx, a, hashed(), key.Secret()); err != nil {
				return err
			}
			switch p.by {
			case "head":
				err = org.PutHead(tx, org.Headship{Agency: p.agency, Account: name, Capacity: "head", From: from, To: org.Forever})
			case "order":
				err = org.PutDelegation(tx, org.Delegation{ID: db.NewID(), Number: "12/2569", Agency: p.agency, Account: name, Activity: cases.Activity, Matter: "เรื่องจากเว็บไซต์", SignedBy: "หัวหน้า", From: from, To: org.Forever})
			}
			if err != nil {
				return err
			}
		}
		return nil
	}))
}

// tab is somebody's browser, signed in.
func (h *house) tab(name string) *webtest.Client {
	h.t.Helper()
	if h.tabs[name] == nil {
		h.tabs[name] = webtest.New(h.addr)
		code, err := totp.GenerateCode(h.secrets[name], h.e.Clock.Now())
		must(h.t, err)
		p := h.want(303)(h.open(name, "/th/sign-in").Form("account").Set("account", name).Set("password", password).Set("code", code).Submit())
		if p.Form("password") != nil {
			h.t.Fatalf("%s is not signed in", name)
		}
	}
	return h.tabs[name]
}

func (h *house) url(path string) string {
	_, port, _ := net.SplitHostPort(h.addr)
	return "http://" + host + ":" + port + path
}

// open gets a page in somebody's browser, whatever its status.
func (h *house) open(name, path string) *webtest.Page {
	h.t.Helper()
	client := h.tabs[name]
	if client == nil {
		client = webtest.New(h.addr)
	}
	p, err := client.Get(h.url(path))
	must(h.t, err)
	return p
}

// get opens a page as somebody and wants a status.
func (h *house) get(name, path string, status int) *webtest.Page {
	h.t.Helper()
	h.tab(name)
	return h.want(status)(h.open(name, path), nil)
}

// want checks the status of an answer; 303 is one that led on to a page.
func (h *house) want(status int) func(*webtest.Page, error) *webtest.Page {
	return func(p *webtest.Page, err error) *webtest.Page {
		h.t.Helper()
		must(h.t, err)
		if status == http.StatusSeeOther {
			status = http.StatusOK
		}
		if p.Status != status {
			h.t.Fatalf("%s: status %d, not %d\n%s", p.URL, p.Status, status, webtest.Text(p.Doc))
		}
		return p
	}
}

// form is the form of a page that posts to an address with that end.
func (h *house) form(p *webtest.Page, end string) *webtest.Form {
	h.t.Helper()
	for _, f := range p.Forms() {
		if strings.HasSuffix(f.Action, end) {
			return f
		}
	}
	h.t.Fatalf("%s has no form for %s", p.URL, end)
	return nil
}

func hasForm(p *webtest.Page, end string) bool {
	for _, f := range p.Forms() {
		if strings.HasSuffix(f.Action, end) {
			return true
		}
	}
	return false
}

// act posts an act of a case page.
func (h *house) act(p *webtest.Page, name string, status int, fields ...string) *webtest.Page {
	h.t.Helper()
	f := h.form(p, "/"+name)
	for i := 0; i+1 < len(fields); i += 2 {
		f.Set(fields[i], fields[i+1])
	}
	return h.want(status)(f.Submit())
}

func (h *house) has(p *webtest.Page, texts ...string) {
	h.t.Helper()
	all := webtest.Text(p.Doc)
	for _, want := range texts {
		if !strings.Contains(all, want) {
			h.t.Errorf("%s lacks %q", p.URL, want)
		}
	}
}

func (h *house) lacks(p *webtest.Page, texts ...string) {
	h.t.Helper()
	for _, text := range texts {
		if strings.Contains(p.Body, text) {
			h.t.Errorf("%s shows %q", p.URL, text)
		}
	}
}

// receive sends a message as the public does.
func (h *house) receive(change ...func(*cases.Submission)) string {
	h.t.Helper()
	s := cases.Submission{Site: rayong, Topic: "problem", Channel: "web", Lang: "th", Message: "มีกลิ่นเหม็นจากโรงงานทุกคืน", NoticeID: "n1", Nonce: []byte(db.NewID()), FormAge: time.Minute,
		Sender: map[string]string{"given_name": "มานี", "family_name": "สมมติ", "mobile_phone": "0812345678", "email": "manee@example.com"}}
	for _, f := range change {
		f(&s)
	}
	r, err := h.cases.Submit(ctx, s)
	must(h.t, err)
	return r.Reference
}
