package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"prasan/internal/accounts"
	"prasan/internal/analytics"
	"prasan/internal/audit"
	"prasan/internal/blob"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/jobs"
	"prasan/internal/limits"
	"prasan/internal/mail"
	"prasan/internal/notices"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/register"
	"prasan/internal/ropa"
	"prasan/internal/sites"
	"prasan/internal/vault"
	"prasan/internal/web/api"
)

var ctx = context.Background()

type office struct {
	t        *testing.T
	e        *dbtest.Engine
	api      *api.API
	cases    *cases.Service
	register *register.Store
	files    *blob.Files
	usage    *analytics.Service
	server   *httptest.Server
	tokens   map[string]string
}

var terms = cases.Config{ReplyWithin: 15 * 24 * time.Hour, ReopenWithin: 30 * 24 * time.Hour, LinkLifetime: time.Hour, PerHour: 1000, SiteURL: func(host string) string { return "http://" + host }}

func (o *office) blobs(t *testing.T, e *dbtest.Engine) *blob.Files {
	t.Helper()
	folder, err := blob.NewFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	o.files = blob.New(folder, e.Clock.Now)
	return o.files
}

func newOffice(t *testing.T, e *dbtest.Engine) *office {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ring, err := db.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "keyring.db"), db.Options{Clock: e.Clock})
	check(err)
	t.Cleanup(func() { ring.Close() })
	master, err := vault.NewMaster(make([]byte, 32))
	check(err)
	v, minter, err := vault.Open(ctx, ring, master)
	check(err)
	bodies := org.Bodies("industry.test")
	check(e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := org.Put(tx, bodies); err != nil {
			return err
		}
		return sites.Put(tx, sites.ForAgencies("industry.test", bodies))
	}))
	dir, err := org.NewDirectory(ctx, e.DB)
	check(err)
	log := audit.New("test")
	store, err := sites.Open(ctx, e.DB, log)
	check(err)
	limiter := limits.New(v.Derive("limits"), false)
	people := accounts.New(accounts.Deps{DB: e.DB, Audit: log, Vault: v, Limits: limiter, Agencies: dir})
	o := &office{t: t, e: e, tokens: map[string]string{}}
	o.register, err = register.Open(ctx, e.DB, log)
	check(err)
	check(o.register.Begin(ctx, [][]byte{ropa.SeedText(cases.Activity, 1), ropa.SeedText(cases.Activity, 2)}))
	text := notices.New(e.DB, o.register.Snapshot, func(code string) notices.Contact {
		x, _ := dir.Get(code)
		return notices.Contact{Agency: x.Name, Email: "dpo@industry.test"}
	})
	guard := processing.New(e.DB, v, minter, log, o.register.Snapshot)
	o.cases = cases.New(cases.Deps{DB: e.DB, Vault: v, Processing: guard, Audit: log, Jobs: jobs.New(e.DB, e.Clock.Now), Limits: limiter, Record: o.register.Snapshot, Now: e.Clock.Now, Config: terms,
		Mail:  mail.New(mail.Deps{DB: e.DB, Vault: v, Audit: log, Jobs: jobs.New(e.DB, e.Clock.Now), Limits: limiter, Now: e.Clock.Now, Processing: guard, Config: mail.Config{Domain: "industry.test", SiteURL: terms.SiteURL, Sender: func(string, string) mail.Sender { return mail.Sender{} }}}),
		Files: o.blobs(t, e), Agency: func(code string) (policy.Text, string, bool) { x, ok := dir.Get(code); return x.Name, x.Parent, ok },
		SameController: func(code string) bool { x, ok := dir.Get(code); return ok && x.SameController() },
		Site:           func(host string) (string, bool) { s, ok := store.Lookup(host); return s.Agency, ok },
		Notice: func(agency string) (string, error) {
			n, err := text.Current(ctx, cases.Activity, agency)
			if err != nil {
				return "", err
			}
			return n.ID, nil
		}})
	o.usage = countUsage(t, e, log, guard, v)
	o.api, err = api.New(api.Deps{More: api.AnalyticsOperations(o.usage), DB: e.DB, Vault: v, Accounts: people, Agencies: dir, Sites: store, Org: &org.Service{DB: e.DB, Audit: log, Agencies: dir, Record: o.register.Snapshot},
		Stage: func(ctx context.Context, name string, r io.Reader) (cases.Staged, error) {
			f, err := o.files.Stage(ctx, name, r)
			return cases.Staged(f), err
		}, MaxFile: 1 << 20, Cases: o.cases, Register: o.register, Notices: text, FileURL: func(account, reference, id string) string {
			return "https://files.test/" + account + "/" + reference + "/" + id
		},
		Advance: func(d time.Duration) time.Time { e.Clock.Advance(d); return e.Clock.Now() }})
	check(err)
	for name, row := range map[string][2]string{"officer": {"rayong", "officer"}, "other": {"trat", "officer"}, "auditor": {"ops", "auditor"}, "ict": {"ops", "ict"}, "dpo": {"ops", "dpo"}} {
		_, _, err := people.Add(ctx, accounts.Console, accounts.Account{Name: name, Display: policy.Text{TH: name}, Agency: row[0], Roles: []string{row[1]}})
		check(err)
		_, o.tokens[name], err = people.CreateToken(ctx, accounts.Console, name, "test")
		check(err)
	}
	o.server = httptest.NewServer(o.api.Handler())
	t.Cleanup(o.server.Close)
	return o
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (r reply) field(name string) string {
	m := map[string]any{}
	_ = json.Unmarshal([]byte(r.body), &m)
	return fmt.Sprint(m[name])
}

func (o *office) send(who, method, path, body string, header ...string) reply {
	o.t.Helper()
	req, err := http.NewRequest(method, o.server.URL+api.Base+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	if who != "" {
		req.Header.Set("Authorization", "Bearer "+o.tokens[who])
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	return reply{res.StatusCode, res.Header, string(text)}
}

// document is the part of OpenAPI that the tests look at.
type document struct {
	OpenAPI    string                                       `json:"openapi"`
	Paths      map[string]map[string]map[string]any         `json:"paths"`
	Components struct{ Schemas map[string]json.RawMessage } `json:"components"`
}

func (o *office) document() document {
	o.t.Helper()
	var d document
	if err := json.Unmarshal([]byte(o.send("", "GET", "/openapi.json", "").body), &d); err != nil {
		o.t.Fatal(err)
	}
	return d
}

func TestWhatIsDocumentedIsServedAndTheOtherWayRound(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	d := o.document()
	if !strings.HasPrefix(d.OpenAPI, "3.1") {
		t.Errorf("openapi %q", d.OpenAPI)
	}
	n, ids := 0, map[string]bool{}
	for path, item := range d.Paths {
		for method, op := range item {
			n++
			id := fmt.Sprint(op["operationId"])
			if ids[id] || id == "" || op["summary"] == "" || op["responses"] == nil {
				t.Errorf("%s %s: %v", method, path, op)
			}
			ids[id] = true
			concrete := strings.NewReplacer("{", "", "}", "").Replace(path)
			if r := o.send("", strings.ToUpper(method), concrete, ""); r.status != http.StatusUnauthorized || r.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s without a token: %d", method, path, r.status)
			}
		}
	}
	if n != len(o.api.Operations()) {
		t.Errorf("%d documented, %d in the table", n, len(o.api.Operations()))
	}
	for _, op := range o.api.Operations() {
		if d.Paths[op.Path][strings.ToLower(op.Method)] == nil {
			t.Errorf("%s %s is not documented", op.Method, op.Path)
		}
	}
	if r := o.send("ict", "PUT", "/sites", ""); r.status != 405 || r.header.Get("Allow") == "" {
		t.Errorf("another method: %d", r.status)
	}
	if r := o.send("ict", "GET", "/nowhere", ""); r.status != 404 || r.field("code") != "not-found" {
		t.Errorf("nowhere: %+v", r)
	}
}

func TestAnswersAreAsTheDocumentDescribesThem(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		for _, row := range []struct{ who, method, path, body, schema string }{
			{"officer", "GET", "/me", "", "Me"},
			{"officer", "GET", "/sites", "", "PageSite"},
			{"officer", "GET", "/sites/rayong.industry.test", "", "Site"},
			{"officer", "GET", "/agencies", "", "PageAgency"},
			{"officer", "GET", "/accounts", "", "PageAccount"},
			{"officer", "POST", "/tokens", `{"label":"x"}`, "Token"},
			{"ict", "POST", "/accounts", `{"name":"new.one","display":{"th":"ใหม่","en":"New"},"agency":"rayong","roles":["officer"]}`, "OneTime"},
			{"ict", "POST", "/accounts/officer/reset", ``, "OneTime"},
			{"dpo", "POST", "/delegations", `{"number":"1/2569","agency":"rayong","account":"officer","activity":"contact-us","matter":"m","signed_by":"s","from":"2026-11-01T00:00:00Z","to":"2027-11-01T00:00:00Z"}`, "Delegation"},
			{"dpo", "GET", "/delegations", "", "PageDelegation"},
			{"dpo", "GET", "/audit", "", "PageAuditLine"},
			{"dpo", "POST", "/demo/clock", `{"advance":"PT70H"}`, "Now"},
			{"dpo", "POST", "/tokens", `{"label":""}`, "Problem"},
		} {
			r := o.send(row.who, row.method, row.path, row.body)
			o.wantShape(row.schema, r)
			if row.schema != "Problem" && r.status >= 300 {
				t.Errorf("%s %s: %d %s", row.method, row.path, r.status, r.body)
			}
		}
	})
}

// wantShape holds an answer against a schema of the document.
func (o *office) wantShape(schema string, r reply) {
	o.t.Helper()
	c := jsonschema.NewCompiler()
	root, err := jsonschema.UnmarshalJSON(strings.NewReader(o.send("", "GET", "/openapi.json", "").body))
	if err != nil {
		o.t.Fatal(err)
	}
	if err := c.AddResource("doc.json", root); err != nil {
		o.t.Fatal(err)
	}
	s, err := c.Compile("doc.json#/components/schemas/" + schema)
	if err != nil {
		o.t.Fatalf("no schema %s: %v", schema, err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(r.body))
	if err != nil {
		o.t.Fatalf("%d %s", r.status, r.body)
	}
	if err := s.Validate(v); err != nil {
		o.t.Errorf("%d %s\n%v", r.status, r.body, err)
	}
}

func TestRefusalsAreProblems(t *testing.T) {
	o := newOffice(t, dbtest.SQLite(t))
	for name, row := range map[string]struct {
		who, method, path, body string
		status                  int
		code                    string
	}{
		"no right":      {"officer", "POST", "/sites", `{"host":"x.industry.test","agency":"ops"}`, 403, "forbidden"},
		"audit":         {"officer", "GET", "/audit", "", 403, "forbidden"},
		"unknown field": {"officer", "POST", "/tokens", `{"label":"x","scope":"all"}`, 422, "invalid"},
		"not JSON":      {"officer", "POST", "/tokens", `{"label"`, 422, "json"},
		"wrong type":    {"officer", "POST", "/tokens", `{"label":1}`, 422, "invalid"},
		"cursor":        {"officer", "GET", "/accounts?cursor=x", "", 422, "invalid"},
		"limit":         {"officer", "GET", "/accounts?limit=0", "", 422, "invalid"},
		"other agency":  {"officer", "GET", "/accounts/ict", "", 404, "not-found"},
		"too large":     {"officer", "POST", "/tokens", `{"label":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "too-large"},
	} {
		r := o.send(row.who, row.method, row.path, row.body)
		if r.status != row.status || r.field("code") != row.code || r.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s %s", name, r.status, r.header.Get("Content-Type"), r.body)
		}
	}
}

func TestTheSameKeyActsOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		post := func(body string) reply { return o.send("officer", "POST", "/tokens", body, "Idempotency-Key", "k1") }
		first, again := post(`{"label":"a"}`), post(`{"label":"a"}`)
		if first.status != 201 || again.status != 201 || first.body != again.body || again.header.Get("Idempotent-Replayed") != "true" {
			t.Errorf("%+v\n%+v", first, again)
		}
		if other := post(`{"label":"b"}`); other.status != 422 || other.field("code") != "idempotency-key-reused" {
			t.Errorf("another request: %+v", other)
		}
		if n := strings.Count(o.send("officer", "GET", "/tokens", "").body, `"id"`); n != 2 {
			t.Errorf("%d tokens; the key acted more than once", n)
		}
		if bad := o.send("officer", "POST", "/tokens", `{"label":""}`, "Idempotency-Key", "k2"); bad.status != 422 {
			t.Errorf("%+v", bad)
		}
		if right := o.send("officer", "POST", "/tokens", `{"label":"c"}`, "Idempotency-Key", "k2"); right.status != 201 {
			t.Errorf("put right under the same key: %+v", right)
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				o.send("ict", "POST", "/tokens", `{"label":"x"}`, "Idempotency-Key", "many")
			}()
		}
		wg.Wait()
		if n := strings.Count(o.send("ict", "GET", "/tokens", "").body, `"label":"x"`); n != 1 {
			t.Errorf("eight at once made %d", n)
		}
	})
}

func TestPagesFollowEachOtherWithoutGapOrRepeat(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o := newOffice(t, e)
		for i := range 7 { // in one moment: the clock stands still
			o.send("officer", "POST", "/tokens", fmt.Sprintf(`{"label":"%d"}`, i))
		}
		type page struct {
			Items []struct {
				Chain string
				Seq   int64
			}
			Next string
		}
		seen, cursor := map[string]bool{}, ""
		for range 50 {
			var p page
			if err := json.Unmarshal([]byte(o.send("dpo", "GET", "/audit?limit=3&cursor="+cursor, "").body), &p); err != nil {
				t.Fatal(err)
			}
			for _, l := range p.Items {
				key := fmt.Sprint(l.Chain, l.Seq)
				if seen[key] {
					t.Fatalf("%s came twice", key)
				}
				seen[key] = true
			}
			if cursor = p.Next; cursor == "" {
				break
			}
		}
		if len(seen) != 19 {
			t.Errorf("%d lines; two of the record, ten for the accounts and tokens of the test and seven more were written", len(seen))
		}
	})
}
