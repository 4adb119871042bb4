package cases_test

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"prasan/internal/audit"
	"prasan/internal/blob"
	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/limits"
	"prasan/internal/mail"
	"prasan/internal/notices"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/register"
	"prasan/internal/ropa"
	"prasan/internal/vault"
)

var ctx = context.Background()

const host = "rayong.industry.test"

// house is an installation with the record in force, three agencies and their people.
type house struct {
	t        testing.TB
	e        *dbtest.Engine
	cases    *cases.Service
	register *register.Store
	notices  *notices.Store
	files    *blob.Files
	vault    *vault.Vault
	queue    *jobs.Queue
	agencies *org.Directory
	sent     int
}

// order is the delegation by which everyday officers read.
func order(agency string) []policy.Order {
	return []policy.Order{{Number: "12/2569", Activity: cases.Activity, Agency: agency}}
}

var (
	officer   = policy.Actor{Account: "somchai", Agency: "rayong", Roles: []string{"officer"}, Orders: order("rayong")}
	colleague = policy.Actor{Account: "suda", Agency: "rayong", Roles: []string{"officer"}, Orders: order("rayong")}
	novice    = policy.Actor{Account: "novice", Agency: "rayong", Roles: []string{"officer"}} // no order: the record does not name him
	registrar = policy.Actor{Account: "registrar", Agency: "rayong", Roles: []string{"registrar"}}
	head      = policy.Actor{Account: "head", Agency: "rayong", Roles: []string{"head"}, IsHead: true}
	inTrat    = policy.Actor{Account: "trat", Agency: "trat", Roles: []string{"officer", "head"}, IsHead: true, Orders: order("trat")}
	permanent = policy.Actor{Account: "permanent", Agency: "ops", Roles: []string{"head"}, IsHead: true}
	ict       = policy.Actor{Account: "ict", Agency: "ops", Roles: []string{"ict"}}
	dpo       = policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}
	auditor   = policy.Actor{Account: "auditor", Agency: "ops", Roles: []string{"auditor"}}
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantKind(t testing.TB, err error, kind errs.Kind) {
	t.Helper()
	if err == nil || errs.KindOf(err) != kind {
		t.Errorf("want %s, got %v", kind, err)
	}
}

func wantKey(t testing.TB, err error, key string) {
	t.Helper()
	if err == nil {
		t.Errorf("want %s, got no error", key)
		return
	}
	x := errs.As(err)
	if x.Key != key && !slices.ContainsFunc(x.Fields, func(f errs.Field) bool { return f.Key == key }) {
		t.Errorf("want %s, got %v", key, err)
	}
}

// config is that of a body that sets nothing.
var config = cases.Config{ReplyWithin: 15 * 24 * time.Hour, ReopenWithin: 30 * 24 * time.Hour, AskWithin: 30 * 24 * time.Hour, LinkLifetime: 72 * time.Hour, MinFormAge: 4 * time.Second, PerHour: 1000,
	SiteURL: func(host string) string { return "http://" + host }}

func newHouse(t testing.TB, e *dbtest.Engine) *house {
	t.Helper()
	h := &house{t: t, e: e}
	ring, err := db.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "keyring.db"), db.Options{Clock: e.Clock})
	must(t, err)
	t.Cleanup(func() { ring.Close() })
	master, err := vault.NewMaster(make([]byte, 32))
	must(t, err)
	var minter *vault.Minter
	h.vault, minter, err = vault.Open(ctx, ring, master)
	must(t, err)
	log := audit.New("test")
	h.people(log)
	h.register, err = register.Open(ctx, e.DB, log)
	must(t, err)
	must(t, h.register.Begin(ctx, [][]byte{ropa.SeedText(cases.Activity, 1), ropa.SeedText(cases.Activity, 2)}))
	guard := processing.New(e.DB, h.vault, minter, log, h.register.Snapshot)
	h.queue = jobs.New(e.DB, e.Clock.Now)
	limiter := limits.New(h.vault.Derive("limits"), false)
	post := mail.New(mail.Deps{DB: e.DB, Vault: h.vault, Audit: log, Jobs: h.queue, Limits: limiter, Now: e.Clock.Now, Processing: guard, Config: mail.Config{Domain: "industry.test", SiteURL: config.SiteURL, Sender: func(string, string) mail.Sender { return mail.Sender{} }}})
	folder, err := blob.NewFolder(t.TempDir())
	must(t, err)
	h.files = blob.New(folder, e.Clock.Now)
	h.notices = notices.New(e.DB, h.register.Snapshot, func(agency string) notices.Contact {
		x, _ := h.agencies.Get(agency)
		return notices.Contact{Agency: x.Name, Email: "dpo@industry.test", DPO: "DPO", DPOEmail: "dpo@industry.test"}
	})
	h.cases = cases.New(cases.Deps{DB: e.DB, Vault: h.vault, Processing: guard, Audit: log, Jobs: h.queue, Mail: post, Limits: limiter, Record: h.register.Snapshot, Files: h.files, Now: e.Clock.Now, Config: config,
		Notice: func(agency string) (string, error) {
			n, err := h.notices.Current(ctx, cases.Activity, agency)
			if err != nil {
				return "", err
			}
			return n.ID, nil
		},
		Site: func(at string) (string, bool) { return "rayong", at == host },
		Agency: func(code string) (policy.Text, string, bool) {
			x, ok := h.agencies.Get(code)
			return x.Name, x.Parent, ok
		},
		SameController: func(code string) bool { x, ok := h.agencies.Get(code); return ok && x.SameController() }})
	h.cases.Register()
	return h
}

// people puts agencies and accounts into the store.
func (h *house) people(log *audit.Log) {
	h.t.Helper()
	keep := []string{"moi", "ops", "ops-ict", "rayong", "trat", "diw"}
	bodies := slices.DeleteFunc(org.Bodies("industry.test"), func(a org.Agency) bool { return !slices.Contains(keep, a.Code) })
	must(h.t, h.e.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := org.Put(tx, bodies); err != nil {
			return err
		}
		for _, a := range []policy.Actor{officer, colleague, novice, registrar, head, inTrat, permanent, ict, dpo, auditor} {
			roles := `["` + strings.Join(a.Roles, `","`) + `"]`
			if _, err := tx.Exec(`INSERT INTO accounts (name, display_th, display_en, person, email, agency, roles, password_hash, must_change, created_at) VALUES ($1, $2, $3, '', $4, $5, $6, '', FALSE, 0)`,
				a.Account, a.Account, a.Account, a.Account+"@industry.test", a.Agency, roles); err != nil {
				return err
			}
		}
		return nil
	}))
	var err error
	h.agencies, err = org.NewDirectory(ctx, h.e.DB)
	must(h.t, err)
}

// whole is a message as a person sends it, different each time.
func (h *house) whole() cases.Submission {
	h.t.Helper()
	h.sent++
	id, err := h.cases.Notice("rayong")
	must(h.t, err)
	return cases.Submission{Site: host, Topic: "problem", Channel: "web", Lang: "th", Message: fmt.Sprintf("มีกลิ่นเหม็นจากโรงงาน ครั้งที่ %d", h.sent), NoticeID: id, Nonce: []byte(fmt.Sprintf("nonce-of-16-bytes-%08d", h.sent)), FormAge: time.Minute, Addr: fmt.Sprintf("192.0.2.%d", h.sent%250),
		Sender: map[string]string{"given_name": "มานี", "family_name": "สมมติวงศ์", "mobile_phone": "๐๘ ๑๒๓๔ ๕๖๗๘", "email": "Manee.S@example.com"}}
}

func (h *house) submit() cases.Receipt {
	h.t.Helper()
	r, err := h.cases.Submit(ctx, h.whole())
	must(h.t, err)
	return r
}

// line is a case as a list has it; lists open nothing.
func (h *house) line(ref string) cases.Case {
	h.t.Helper()
	for _, a := range []policy.Actor{auditor, head} {
		p, err := h.cases.List(ctx, a, cases.Filter{View: "all", Search: ref})
		must(h.t, err)
		if len(p.Lines) == 1 {
			return p.Lines[0].Case
		}
	}
	h.t.Fatalf("no case %s", ref)
	return cases.Case{}
}

func (h *house) wantState(ref string, want cases.State) cases.Case {
	h.t.Helper()
	c := h.line(ref)
	if c.State != want {
		h.t.Fatalf("%s is %s, want %s", ref, c.State, want)
	}
	return c
}

// one runs a query for one value.
func one[T any](h *house, query string, args ...any) (v T) {
	h.t.Helper()
	must(h.t, h.e.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, args, &v) }))
	return v
}

// count counts rows.
func (h *house) count(query string, args ...any) int { return one[int](h, query, args...) }

func (h *house) exec(query string, args ...any) {
	h.t.Helper()
	must(h.t, h.e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(query, args...); return err }))
}

// mailed is what was queued for a case: kind, address and body, opened through the record.
func (h *house) mailed(kind string) (body string) {
	h.t.Helper()
	id := one[string](h, `SELECT id FROM outbox WHERE kind = $1 ORDER BY id DESC LIMIT 1`, kind)
	subject := one[string](h, `SELECT subject_key FROM outbox WHERE id = $1`, id)
	sealed := one[[]byte](h, `SELECT body FROM outbox WHERE id = $1`, id)
	plain, err := h.cases.Processing.Send(ctx, processing.Request{Activity: cases.Activity, Purpose: "communicate", Items: []vault.Sealed{{Subject: subject, Element: processing.Content, Place: mail.Place(id, "body"), Data: sealed}}, Detail: "test"})
	must(h.t, err)
	return string(plain[0])
}

// token is the last part of the link in a mail.
func (h *house) token(kind, before string) string {
	h.t.Helper()
	body := h.mailed(kind)
	_, rest, ok := strings.Cut(body, before)
	if !ok {
		h.t.Fatalf("no link in %s", body)
	}
	return rest[:strings.IndexAny(rest, `"\`)]
}

// attach stages a file.
func (h *house) attach(text string) cases.Staged {
	h.t.Helper()
	f, err := h.files.Stage(ctx, "บันทึก.txt", bytes.NewReader([]byte(text)))
	must(h.t, err)
	return cases.Staged(f)
}
