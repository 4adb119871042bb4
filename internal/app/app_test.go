package app_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"image/png"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/app"
	"prasan/internal/config"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/webtest"
)

const rayong = "rayong.industry.localhost"

// settings are those of a new installation in a folder of the test.
func settings(t *testing.T, database string) config.Server {
	t.Helper()
	c := config.Server{Store: config.Store{Data: t.TempDir(), Database: database, Node: "test"}, Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0", Record: "testdata/record", RateLimits: "off", BaseDomain: "industry.localhost",
		Mail: config.Mail{DKIMSelector: "prasan", TLS: "required"}, Terms: config.Terms{ReplyDays: 15, ReopenDays: 30, LinkHours: 72, PerHour: 10, BreachHours: 72}}
	if err := c.Resolve(); err != nil {
		t.Fatal(err)
	}
	return c
}

// running is an installation that serves.
type running struct {
	*app.App
	t       *testing.T
	visitor *webtest.Client
}

func start(t *testing.T, c config.Server, o app.Options) *running {
	t.Helper()
	l, err := app.Listen(&c)
	if err != nil {
		t.Fatal(err)
	}
	a, err := app.New(context.Background(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	ready := make(chan struct{})
	go func() { ended <- a.Serve(ctx, l, func() { close(ready) }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
	<-ready
	return &running{a, t, webtest.New(c.Listen)}
}

func demo() app.Options {
	return app.Options{Mode: app.Upgrade, Demo: &app.DemoOptions{Empty: true}}
}

func (r *running) get(host, path string, status int) *webtest.Page {
	r.t.Helper()
	return r.want(status)(r.visitor.Get(r.Config.SiteURL(host) + path))
}

func (r *running) want(status int) func(p *webtest.Page, err error) *webtest.Page {
	return func(p *webtest.Page, err error) *webtest.Page {
		r.t.Helper()
		if err != nil {
			r.t.Fatal(err)
		}
		if p.Status != status {
			r.t.Fatalf("%s: status %d, not %d\n%.2000s", p.URL, p.Status, status, p.Body)
		}
		return p
	}
}

func fill(p *webtest.Page, fields map[string]string) *webtest.Form {
	for name := range fields {
		if f := p.Form(name); f != nil {
			for name, value := range fields {
				f.Set(name, value)
			}
			return f
		}
	}
	panic("no such form at " + p.URL.String())
}

// toSend walks to the page on which the message is sent.
func (r *running) toSend(sender map[string]string) *webtest.Form {
	r.t.Helper()
	ok := r.want(200)
	p := ok(fill(r.get(rayong, "/th/contact", 200), map[string]string{"topic": "problem"}).Submit())
	p = ok(fill(p, map[string]string{"message": "มีกลิ่นเหม็นจากโรงงานทุกคืน"}).Submit())
	p = ok(fill(p, sender).Submit())
	f := p.Form("state")
	if f == nil {
		r.t.Fatalf("no form to send: %.2000s", p.Body)
	}
	return f
}

var sender = map[string]string{"given_name": "มานี", "phone": "๐๘ ๑๒๓๔ ๕๖๗๘", "email": "manee@example.com"}

// mails waits for n mails in the demo's sink.
func (r *running) mails(n int) []map[string]any {
	r.t.Helper()
	var list []map[string]any
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		p := r.get("mail.industry.localhost", "/messages.json", 200)
		if err := json.Unmarshal([]byte(p.Body), &list); err != nil {
			r.t.Fatal(err)
		}
		if len(list) >= n {
			return list
		}
	}
	r.t.Fatalf("%d mails, not %d", len(list), n)
	return nil
}

func TestAMessageIsReceivedAcknowledgedAndTracked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		r := start(t, settings(t, fresh(t, e)), demo())
		receipt := r.want(200)(r.toSend(sender).Submit())
		reference, code := receipt.TextOf("reference"), receipt.TextOf("tracking-code")
		if reference == "" || code == "" {
			t.Fatalf("no receipt: %.2000s", receipt.Body)
		}
		track := r.want(200)(fill(r.get(rayong, "/th/track", 200), map[string]string{"reference": reference, "code": code}).Submit())
		if !strings.Contains(track.Body, reference) || !strings.Contains(track.Body, "มีกลิ่นเหม็นจากโรงงานทุกคืน") {
			t.Errorf("the tracking page does not show the case: %.2000s", track.Body)
		}
		r.slip(receipt)
		ack := r.mails(1)[0]
		if ack["to"] != "manee@example.com" || ack["dkim"] != "pass" || !strings.Contains(fmt.Sprint(ack["text"]), reference) {
			t.Errorf("acknowledgement: %v", ack)
		}
		if strings.Contains(fmt.Sprint(ack), code) {
			t.Error("the acknowledgement holds the tracking code")
		}
		report, err := r.VerifyAudit(context.Background())
		if err != nil || len(report.Faults) > 0 || report.Lines == 0 {
			t.Errorf("audit: %+v %v", report, err)
		}
	})
}

// fresh is the URL of an empty database of an engine; the one of e is migrated already.
func fresh(t *testing.T, e *dbtest.Engine) string {
	if e.Name == "postgres" {
		return dbtest.PostgresURL(t)
	}
	return ""
}

func (r *running) slip(receipt *webtest.Page) {
	r.t.Helper()
	i := strings.Index(receipt.Body, "/th/contact/slip/")
	if i < 0 {
		r.t.Fatal("the receipt offers no picture")
	}
	path := receipt.Body[i:]
	p := r.get(rayong, path[:strings.IndexByte(path, '"')], 200)
	if _, err := png.Decode(bytes.NewReader([]byte(p.Body))); err != nil {
		r.t.Errorf("slip: %v", err)
	}
}

func TestHealthIsAnsweredOnEveryHostAndOthersAreRefused(t *testing.T) {
	r := start(t, settings(t, ""), demo())
	for _, host := range []string{"industry.localhost", rayong, "office.industry.localhost", "files.industry.localhost", "mail.industry.localhost", "nobody.example"} {
		r.get(host, "/healthz", 200)
		ready := r.get(host, "/readyz", 200)
		if !strings.Contains(ready.Body, `"ready":true`) || !strings.Contains(ready.Body, `"keys":"ok"`) {
			t.Errorf("%s: %s", host, ready.Body)
		}
	}
	r.get("nobody.example", "/th/contact", http.StatusMisdirectedRequest)
	r.get("nobody.example", "/", http.StatusMisdirectedRequest)
	r.get(rayong, "/api/v1/openapi.json", 404)
	r.get("office.industry.localhost", "/api/v1/openapi.json", 200)
	r.get("office.industry.localhost", "/api/v1/accounts", 401)
	r.get("office.industry.localhost", "/th/contact", 404)
}

func TestOnlyTheDemoHasAClockAndASink(t *testing.T) {
	r := start(t, settings(t, ""), app.Options{Mode: app.Create})
	if strings.Contains(string(r.API.Document()), "/demo/clock") {
		t.Error("serve has the demo's clock")
	}
	r.get("mail.industry.localhost", "/messages.json", http.StatusMisdirectedRequest)
}

func TestADemoGoesOnWhereItWas(t *testing.T) {
	c := settings(t, "")
	o := demo()
	o.Demo.Now = time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	a, err := app.New(context.Background(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	if now := a.Now(); now.Sub(o.Demo.Now) > time.Minute {
		t.Errorf("the clock shows %s", now)
	}
	later := a.Demo.Advance(context.Background(), 70*time.Hour)
	a.Close()
	a, err = app.New(context.Background(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if now := a.Now(); now.Before(later) || now.Sub(later) > time.Minute {
		t.Errorf("the clock shows %s, was %s", now, later)
	}
}

func refused(t *testing.T, c config.Server, mode app.Mode, key string) {
	t.Helper()
	a, err := app.New(context.Background(), c, app.Options{Mode: mode})
	if err == nil {
		a.Close()
		t.Fatalf("accepted; want %s", key)
	}
	if got := errs.As(err).Key; got != key {
		t.Errorf("%v; want %s", err, key)
	}
}

func TestKeysThatAreMissingBesideDataAreNotMadeAnew(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		c := settings(t, fresh(t, e))
		a, err := app.New(context.Background(), c, app.Options{Mode: app.Create})
		if err != nil {
			t.Fatal(err)
		}
		a.Close()
		info, err := os.Stat(c.MasterKeyFile)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("master key: %v %v", info.Mode(), err)
		}
		if err := os.Rename(c.MasterKeyFile, c.MasterKeyFile+".away"); err != nil {
			t.Fatal(err)
		}
		refused(t, c, app.Create, "error.master-key-missing")
		if _, err := os.Stat(c.MasterKeyFile); err == nil {
			t.Error("a new master key was made beside existing data")
		}
		other := c
		other.MasterKeyFile = filepath.Join(t.TempDir(), "other.key")
		if err := os.WriteFile(other.MasterKeyFile, bytes.Repeat([]byte("ab"), 32), 0o600); err != nil {
			t.Fatal(err)
		}
		refused(t, other, app.Create, "error.master-key-wrong")
		if err := os.Rename(c.MasterKeyFile+".away", c.MasterKeyFile); err != nil {
			t.Fatal(err)
		}
		lost := c
		lost.Keyring = "sqlite:" + filepath.Join(t.TempDir(), "keyring.db")
		refused(t, lost, app.Create, "error.keyring-missing")
		a, err = app.New(context.Background(), c, app.Options{Mode: app.Create})
		if err != nil {
			t.Fatalf("with everything back in its place: %v", err)
		}
		a.Close()
	})
}

func TestADatabaseThatIsMissingBesideKeysIsNotMadeAnew(t *testing.T) {
	ctx, c := context.Background(), settings(t, "")
	a, err := app.New(ctx, c, app.Options{Mode: app.Create})
	if err != nil {
		t.Fatal(err)
	}
	a.Close()
	path := strings.TrimPrefix(c.Database, "sqlite:")
	away := func() {
		t.Helper()
		if err := os.Rename(path, path+".away"); err != nil {
			t.Fatal(err)
		}
	}
	away() // a start that was killed between its keys and its database goes on
	if a, err = app.New(ctx, c, app.Options{Mode: app.Create}); err != nil {
		t.Fatal(err)
	}
	subject, err := a.Vault.NewSubject(ctx, a.Now())
	if err == nil {
		err = a.Vault.Keep(ctx, subject)
	}
	a.Close()
	if err != nil {
		t.Fatal(err)
	}
	away()
	refused(t, c, app.Create, "error.database-missing")
	refused(t, c, app.Create, "error.database-missing") // and the second time
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	if a, err = app.New(ctx, c, app.Options{Mode: app.Create}); err != nil {
		t.Fatalf("with everything back in its place: %v", err)
	}
	a.Close()
	gone := c
	gone.Database = "postgres://127.0.0.1:1/none"
	refused(t, gone, app.Create, "error.database-unreachable")
}

func TestACommandMakesNoInstallation(t *testing.T) {
	c := settings(t, "")
	refused(t, c, app.Use, "error.no-installation")
	if left, err := filepath.Glob(c.Data + "/*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestAnAddressThatIsTakenIsFoundOutBeforeAnythingIsMade(t *testing.T) {
	c := settings(t, "")
	l, err := app.Listen(&c)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := app.Listen(&c); errs.As(err).Key != "error.listen" {
		t.Errorf("%v", err)
	}
}

// page refused: nothing of what was typed is lost, and the same page can be sent again.
func (r *running) refusedNow(f *webtest.Form) *webtest.Form {
	r.t.Helper()
	return r.kept(r.want(503)(f.Submit()))
}

// kept looks at the page of a refusal.
func (r *running) kept(p *webtest.Page) *webtest.Form {
	r.t.Helper()
	if p.Status != 503 {
		r.t.Fatalf("status %d, not 503: %.2000s", p.Status, p.Body)
	}
	if p.Header.Get("Retry-After") == "" {
		r.t.Error("no Retry-After")
	}
	again := p.Form("state")
	if again == nil {
		r.t.Fatalf("what was typed is lost: %.2000s", p.Body)
	}
	return again
}

func (r *running) count() (n int) {
	r.t.Helper()
	err := r.DB.Read(context.Background(), func(tx *db.Tx) error { return tx.QueryRow(`SELECT COUNT(*) FROM cases`, nil, &n) })
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

func TestAFullDiskAcknowledgesNothingAndIsLeftByItself(t *testing.T) {
	r := start(t, settings(t, ""), demo())
	r.toSend(sender) // the notice is published when it is first shown
	limit := func(pages string) {
		t.Helper()
		if err := r.DB.InTx(context.Background(), func(tx *db.Tx) error {
			var n int64
			return tx.QueryRow(`PRAGMA max_page_count = `+pages, nil, &n)
		}); err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // SQLite makes of it the pages that there are
	acknowledged := 0
	var f *webtest.Form
	for ; acknowledged < 200; acknowledged++ { // into what is free inside the pages
		f = r.toSend(sender)
		p, err := f.Submit()
		if err != nil {
			t.Fatal(err)
		}
		if p.Status != 200 {
			f = r.kept(p)
			break
		}
	}
	if n := r.count(); n != acknowledged || n == 200 {
		t.Errorf("%d messages were acknowledged, %d are stored", acknowledged, n)
	}
	limit("4294967294")
	if p := r.want(200)(f.Submit()); p.TextOf("reference") == "" {
		t.Errorf("not received once there is space: %.2000s", p.Body)
	}
	if n := r.count(); n != acknowledged+1 {
		t.Errorf("%d cases, not %d", n, acknowledged+1)
	}
}

func TestALockedDatabaseLosesNothing(t *testing.T) {
	c := settings(t, "")
	r := start(t, c, demo())
	f := r.toSend(sender)
	other, err := sql.Open("sqlite", "file:"+strings.TrimPrefix(c.Database, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.SetMaxOpenConns(1)
	if _, err := other.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	f = r.refusedNow(f)
	if _, err := other.Exec("ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	if p := r.want(200)(f.Submit()); p.TextOf("reference") == "" {
		t.Errorf("not received once the lock is gone: %.2000s", p.Body)
	}
}

func TestWhatTheRecordNoLongerDeclaresIsNoLongerCollected(t *testing.T) {
	r := start(t, settings(t, ""), demo())
	r.want(200)(r.toSend(sender).Submit())
	text, err := os.ReadFile("testdata/record/contact-us.yaml")
	if err != nil {
		t.Fatal(err)
	}
	without := bytes.ReplaceAll(bytes.Replace(text, []byte("revision: 1"), []byte("revision: 2"), 1), []byte(", email]"), []byte("]"))
	var kept [][]byte
	for _, line := range bytes.Split(without, []byte("\n")) {
		if !bytes.Contains(line, []byte("code: email")) {
			kept = append(kept, line)
		}
	}
	if err := r.Register.Begin(context.Background(), [][]byte{bytes.Join(kept, []byte("\n"))}); err != nil {
		t.Fatal(err)
	}
	ok := r.want(200)
	p := ok(fill(r.get(rayong, "/th/contact", 200), map[string]string{"topic": "problem"}).Submit())
	p = ok(fill(p, map[string]string{"message": "ขอให้ตรวจสอบ"}).Submit())
	if p.Form("email") != nil || p.Form("phone") == nil {
		t.Fatal("the form asks for an address that the record does not declare")
	}
	f := fill(p, map[string]string{"given_name": "มานี", "phone": "0812345678"})
	f.Values.Set("email", "manee@example.com") // sent all the same
	p, err = f.Submit()
	if err != nil {
		t.Fatal(err)
	}
	if p.Status == 200 {
		p = ok(p.Form("state").Submit())
	}
	if strings.Contains(r.elements(), "email") {
		t.Errorf("the address was stored: %s", r.elements())
	}
	if n := r.revisions(); n != 2 {
		t.Errorf("the cases name %d revisions, not each its own", n)
	}
}

// elements are those of the newest collection.
func (r *running) elements() (list string) {
	r.t.Helper()
	err := r.DB.Read(context.Background(), func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT elements FROM processing_log WHERE act = 'collect' ORDER BY id DESC LIMIT 1`, nil, &list)
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

func (r *running) revisions() (n int) {
	r.t.Helper()
	err := r.DB.Read(context.Background(), func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(DISTINCT revision_id) FROM cases`, nil, &n)
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}
