package library_test

import (
	"context"
	"io"
	"strings"
	"testing"

	"prasan/internal/audit"
	"prasan/internal/blob"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/library"
	"prasan/internal/policy"
	"prasan/internal/ropa"
	"prasan/internal/vault"
	"prasan/internal/vault/keyring"
)

var (
	ctx     = context.Background()
	dpo     = policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}
	officer = policy.Actor{Account: "officer", Agency: "ops", Roles: []string{"officer"}}
	head    = policy.Actor{Account: "head", Agency: "rayong", Roles: []string{"head"}}
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newLibrary(t *testing.T, e *dbtest.Engine) *library.Service {
	t.Helper()
	keys, err := db.Open(ctx, "sqlite:"+t.TempDir()+"/keys.db", db.Options{Clock: e.Clock})
	must(t, err)
	t.Cleanup(func() { keys.Close() })
	_, err = keys.Migrate(ctx, keyring.Files)
	must(t, err)
	master, err := vault.NewMaster(make([]byte, 32))
	must(t, err)
	v, _, err := vault.Open(ctx, keys, master)
	must(t, err)
	folder, err := blob.NewFolder(t.TempDir())
	must(t, err)
	yes := func(string) bool { return true }
	return library.New(library.Deps{DB: e.DB, Vault: v, Audit: audit.New("test"), Files: blob.New(folder, e.Clock.Now), Agency: yes, Activity: yes, Row: func(f string) bool { return ropa.RowByID(f) != nil }, Now: e.Clock.Now})
}

func stage(t *testing.T, s *library.Service, text string) *blob.Staged {
	t.Helper()
	f, err := s.Files.Stage(ctx, "policy.txt", strings.NewReader(text))
	must(t, err)
	return &f
}

func doc(code string) library.Document {
	return library.Document{Code: code, Kind: "policy", Title: policy.Text{TH: "นโยบาย"}, Agency: "ops"}
}

func TestADocumentHasVersionsOfWhichOneHoldsAtATime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := newLibrary(t, e)
		year := dbtest.Start.AddDate(-1, 0, 0)
		_, err := s.Add(ctx, dpo, doc("policy-2565"), library.Version{Label: "V.1.0", From: year}, stage(t, s, "first"))
		must(t, err)
		d, err := s.AddVersion(ctx, dpo, "policy-2565", library.Version{Label: "V.2.0", From: dbtest.Start}, stage(t, s, "second"))
		must(t, err)
		if len(d.Versions) != 2 || d.InForce(dbtest.Start).N != 2 || d.InForce(year).N != 1 || d.InForce(year.AddDate(-1, 0, 0)) != nil {
			t.Errorf("%+v", d.Versions)
		}
		if !d.Versions[1].To.Equal(dbtest.Start) {
			t.Errorf("the version before goes on until %v", d.Versions[1].To)
		}
		f, r, err := s.Open(ctx, "policy-2565", 1, false)
		must(t, err)
		defer r.Close()
		text, err := io.ReadAll(r)
		must(t, err)
		if string(text) != "first" || f.SHA256 == "" {
			t.Errorf("%q %+v", text, f)
		}
		if _, _, err := s.Open(ctx, "policy-2565", 1, true); errs.KindOf(err) != errs.NotFound {
			t.Errorf("the public opens what is not public: %v", err)
		}
		must(t, s.Publish(ctx, dpo, "policy-2565", true))
		_, r, err = s.Open(ctx, "policy-2565", 1, true)
		must(t, err)
		r.Close()
	})
}

func TestWhoMayChangeTheLibraryIsPolicysToSay(t *testing.T) {
	s := newLibrary(t, dbtest.SQLite(t))
	v := library.Version{Label: "1", From: dbtest.Start, URL: "https://example.go.th/policy.pdf"}
	if _, err := s.Add(ctx, officer, doc("a-b"), v, nil); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("an officer: %v", err)
	}
	if _, err := s.Add(ctx, head, doc("a-b"), v, nil); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("a head of another agency: %v", err)
	}
	_, err := s.Add(ctx, dpo, doc("a-b"), v, nil)
	must(t, err)
	if _, err := s.Add(ctx, dpo, doc("a-b"), v, nil); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a code twice: %v", err)
	}
	for name, bad := range map[string]library.Version{"no file and no link": {Label: "1", From: dbtest.Start}, "no time": {Label: "1", URL: v.URL}, "a link that is not safe": {Label: "1", From: dbtest.Start, URL: "javascript:alert(1)"}} {
		if _, err := s.AddVersion(ctx, dpo, "a-b", bad, nil); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Link(ctx, dpo, "a-b", library.Link{Field: "no.such"}); errs.KindOf(err) != errs.Invalid {
		t.Errorf("a row that is not: %v", err)
	}
	l := library.Link{Activity: "contact-us", Field: "controls.physical"}
	must(t, s.Link(ctx, dpo, "a-b", l))
	d, err := s.Get(ctx, "a-b")
	must(t, err)
	if len(d.Links) != 1 || d.Links[0].Field != l.Field {
		t.Errorf("%+v", d.Links)
	}
	must(t, s.Unlink(ctx, dpo, "a-b", l))
}

func TestRowsCiteTheDocumentsOfTheRecord(t *testing.T) {
	c := library.Cites(ropa.Seed("contact-us", 2))
	if len(c["legal_refs"]) != 4 || c["activity.forms"][0] != "rights-form" || c["retention"][0] != "saraban-2526" || c["stores.location"][0] != "domain-list" {
		t.Errorf("%v", c)
	}
}
