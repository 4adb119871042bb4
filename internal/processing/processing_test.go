package processing_test

import (
	"context"
	"path/filepath"
	"testing"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

var ctx = context.Background()

// desk is processing over a vault with one subject's address and words.
type desk struct {
	*processing.Service
	t       *testing.T
	e       *dbtest.Engine
	record  *policy.Snapshot
	email   vault.Sealed
	content vault.Sealed
}

func newDesk(t *testing.T, e *dbtest.Engine) *desk {
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
	s, err := v.NewSubject(ctx, e.Clock.Now())
	check(err)
	check(v.Keep(ctx, s))
	d := &desk{t: t, e: e, record: &policy.Snapshot{Activity: "contact-us", RevisionID: "r1", Access: []policy.Principal{{Kind: policy.HeadOrDelegate}},
		Purposes: []policy.Purpose{{Code: "communicate", Elements: []string{"email"}}, {Code: "improve_service"}}}}
	d.email = vault.Sealed{Subject: s.ID, Element: "email", Place: "a", Data: s.Seal("a", []byte("x@example.com"))}
	d.content = vault.Sealed{Subject: s.ID, Element: processing.Content, Place: "b", Data: s.Seal("b", []byte("words"))}
	d.Service = processing.New(e.DB, v, minter, audit.New("test"), func(string) *policy.Snapshot { return d.record })
	return d
}

func (d *desk) count(query string) (n int) {
	d.t.Helper()
	if err := d.e.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, nil, &n) }); err != nil {
		d.t.Fatal(err)
	}
	return n
}

var (
	head     = policy.Actor{Account: "head", Agency: "rayong", IsHead: true}
	stranger = policy.Actor{Account: "stranger", Agency: "rayong"}
)

func TestNothingIsOpenedThatTheRecordDoesNotDeclare(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		d := newDesk(t, e)
		request := func(purpose string, items ...vault.Sealed) processing.Request {
			return processing.Request{Activity: "contact-us", Purpose: purpose, Items: items, Detail: "test"}
		}
		read := func(a policy.Actor, r processing.Request) func() ([][]byte, error) {
			return func() ([][]byte, error) { return d.Read(ctx, a, r) }
		}
		send := func(r processing.Request) func() ([][]byte, error) {
			return func() ([][]byte, error) { return d.Send(ctx, r) }
		}
		for name, row := range map[string]struct {
			act func() ([][]byte, error)
			key string // "" opens
		}{
			"read":                       {read(head, request("communicate", d.email, d.content)), ""},
			"read without the element":   {read(head, request("improve_service", d.email)), "error.element-not-declared"},
			"read words":                 {read(head, request("improve_service", d.content)), ""},
			"read for no purpose":        {read(head, request("", d.email)), "error.purpose-not-declared"},
			"read for another purpose":   {read(head, request("marketing", d.email)), "error.purpose-not-declared"},
			"read by who is not named":   {read(stranger, request("communicate", d.email)), "error.purpose-not-declared"},
			"read by nobody":             {read(policy.Actor{IsHead: true}, request("communicate", d.email)), "error.purpose-not-declared"},
			"send":                       {send(request("communicate", d.email)), ""},
			"send without the element":   {send(request("improve_service", d.email)), "error.element-not-declared"},
			"send for another purpose":   {send(request("marketing", d.email)), "error.purpose-not-declared"},
			"nothing to read is no act":  {read(head, request("communicate")), ""},
			"nothing, but not permitted": {read(stranger, request("communicate")), "error.purpose-not-declared"},
		} {
			lines, refused := d.count(`SELECT COUNT(*) FROM processing_log`), d.count(`SELECT COUNT(*) FROM audit WHERE action = 'data.refused'`)
			plain, err := row.act()
			if row.key == "" && err != nil || row.key != "" && (err == nil || errs.As(err).Key != row.key || plain != nil) {
				t.Errorf("%s: %q, %v", name, plain, err)
			}
			n := d.count(`SELECT COUNT(*) FROM processing_log`) - lines
			if want := min(len(plain), 1); n != want {
				t.Errorf("%s: %d lines, want %d", name, n, want)
			}
			if name[:4] == "read" && (d.count(`SELECT COUNT(*) FROM audit WHERE action = 'data.refused'`) > refused) != (row.key != "") {
				t.Errorf("%s: the audit does not tell", name)
			}
		}
		d.record = nil
		if _, err := d.Read(ctx, head, request("communicate", d.email)); errs.KindOf(err) != errs.Unavailable {
			t.Errorf("without a record: %v", err)
		}
		if _, err := d.Send(ctx, request("communicate", d.email)); errs.KindOf(err) != errs.Unavailable {
			t.Errorf("without a record: %v", err)
		}
	})
}

func TestWhatCannotBeLoggedIsNotOpened(t *testing.T) {
	e := dbtest.SQLite(t)
	d := newDesk(t, e)
	if err := e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(`DROP TABLE processing_log`); return err }); err != nil {
		t.Fatal(err)
	}
	plain, err := d.Read(ctx, head, processing.Request{Activity: "contact-us", Purpose: "communicate", Items: []vault.Sealed{d.email}})
	if err == nil || plain != nil {
		t.Errorf("%q, %v", plain, err)
	}
}

// Whose data is restricted is not read: alone he is refused and nothing is logged as
// read, among others he stays masked.
func TestRestrictedDataIsNotRead(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		d := newDesk(t, e)
		if err := e.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`INSERT INTO restrictions (subject, section, request_id, since) VALUES ($1, '34', 'r', 1)`, d.email.Subject)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		read := func(items ...vault.Sealed) ([][]byte, error) {
			return d.Read(ctx, head, processing.Request{Activity: "contact-us", Purpose: "communicate", Items: items})
		}
		if plain, err := read(d.email, d.content); plain != nil || err == nil || errs.As(err).Key != "error.restricted" {
			t.Errorf("%q, %v", plain, err)
		}
		if n := d.count(`SELECT COUNT(*) FROM processing_log`); n != 0 {
			t.Errorf("%d lines of what was not read", n)
		}
		plain, err := read(d.email, vault.Sealed{Subject: db.NewID(), Element: "email"})
		if err != nil || len(plain) != 2 || plain[0] != nil {
			t.Errorf("%q, %v", plain, err)
		}
	})
}
