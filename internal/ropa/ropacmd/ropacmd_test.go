package ropacmd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"prasan/internal/audit"
	"prasan/internal/db/dbtest"
	"prasan/internal/policy"
	"prasan/internal/register"
	"prasan/internal/ropa"
	"prasan/internal/ropa/ropacmd"
)

type run struct {
	ropacmd.Env
	out, err bytes.Buffer
}

func env() *run {
	r := &run{}
	r.Env = ropacmd.Env{Stdout: &r.out, Stderr: &r.err}
	return r
}

// file writes a record to a file of the test.
func file(t *testing.T, code string, n int, change func(*ropa.Revision)) string {
	t.Helper()
	rev := ropa.Seed(code, n)
	if change != nil {
		change(rev)
	}
	text, err := ropa.Marshal(rev)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), code+".yaml")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func (r *run) want(t *testing.T, what string, got, code int, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(r.out.String()+r.err.String(), w) {
			t.Errorf("%s does not say %q:\n%s%s", what, w, r.out.String(), r.err.String())
		}
	}
	if got != code {
		t.Errorf("%s: exit %d, not %d\n%s%s", what, got, code, r.out.String(), r.err.String())
	}
	if code == 2 && (r.out.Len() > 0 || strings.Count(r.err.String(), "\n") != 1) {
		t.Errorf("%s: not one line on standard error: %q %q", what, r.out.String(), r.err.String())
	}
}

func TestFmt(t *testing.T) {
	canonical := file(t, "contact-us", 2, nil)
	text, _ := os.ReadFile(canonical)
	untidy := filepath.Join(t.TempDir(), "untidy.yaml")
	if err := os.WriteFile(untidy, append([]byte("# a remark\n"), text...), 0o600); err != nil {
		t.Fatal(err)
	}
	r := env()
	r.want(t, "fmt", r.Fmt([]string{untidy}, false, false), 0)
	if r.out.String() != string(text) {
		t.Error("not the canonical form")
	}
	r = env()
	r.want(t, "fmt --check", r.Fmt([]string{canonical, untidy}, false, true), 1, untidy)
	if strings.Contains(r.out.String(), canonical) {
		t.Error("what is canonical is named")
	}
	r = env()
	r.want(t, "fmt --write", r.Fmt([]string{untidy}, true, false), 0, untidy)
	if now, _ := os.ReadFile(untidy); string(now) != string(text) {
		t.Error("the file was not rewritten")
	}
	r = env()
	r.JSON = true
	r.want(t, "fmt --json", r.Fmt([]string{canonical}, false, false), 0)
	if rev, err := ropa.Parse(r.out.Bytes()); err != nil || rev.Code != "contact-us" {
		t.Errorf("no JSON of the record: %v", err)
	}
	r = env()
	r.Stdin = bytes.NewReader(text)
	r.want(t, "fmt -", r.Fmt([]string{"-"}, false, false), 0, "apiVersion: ropa/v1")
}

func TestWhatCannotBeReadIsToldInOneLine(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.yaml")
	if err := os.WriteFile(broken, []byte("apiVersion: ropa/v1\nkind: Activity\ncode: x\ncolour: red\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{broken, filepath.Join(t.TempDir(), "absent.yaml"), t.TempDir()} {
		for name, do := range map[string]func(*run) int{
			"fmt":   func(r *run) int { return r.Fmt([]string{path}, false, false) },
			"lint":  func(r *run) int { return r.Lint([]string{path}) },
			"plan":  func(r *run) int { return r.Plan(context.Background(), path, "") },
			"apply": func(r *run) int { return r.Apply(context.Background(), path, "console", nil) },
		} {
			r := env()
			r.want(t, name, do(r), 2, path)
		}
	}
	r := env()
	r.want(t, "lint", r.Lint([]string{broken}), 2, "line 4: colour: unknown key")
}

func TestLint(t *testing.T) {
	contact, usage := file(t, "contact-us", 1, nil), file(t, "usage-analytics", 1, nil)
	r := env()
	r.want(t, "lint", r.Lint([]string{contact, usage}), 1, usage+": error transfer-undeclared: No transfer abroad is declared", "inventory.systems[1].cloud_region")
	r = env()
	r.JSON, r.Lang = true, "th"
	r.want(t, "lint --json", r.Lint([]string{contact, usage}), 1)
	var found []struct {
		File, Rule, Severity, Message, Activity string
		Fields                                  []string
		MessageEN                               string `json:"message_en"`
	}
	if err := json.Unmarshal(r.out.Bytes(), &found); err != nil || len(found) != 29 {
		t.Fatalf("%v, %d findings", err, len(found))
	}
	for _, f := range found {
		if f.File == "" || f.Rule == "" || f.Severity == "" || f.Message == "" || f.MessageEN == "" || len(f.Fields) == 0 || f.Message == f.MessageEN {
			t.Errorf("%+v", f)
		}
	}
	r = env()
	r.want(t, "lint of a corrected form", r.Lint([]string{file(t, "contact-us", 2, nil), file(t, "usage-analytics", 2, nil)}), 0, "info")
}

func shorter(r *ropa.Revision) { r.Retention[0].Period = "P5Y" }

func TestPlanOfFilesAlone(t *testing.T) {
	before, next := file(t, "contact-us", 2, nil), file(t, "contact-us", 2, shorter)
	r := env()
	r.want(t, "plan", r.Plan(context.Background(), next, before), 0, "contact-us: from revision 2 to revision 3", "~ Retention (retention[*].period): P10Y -> P5Y", "closed cases whose due date moves, from 10 years to 5 years: ?")
	r = env()
	r.JSON = true
	r.want(t, "plan --json", r.Plan(context.Background(), file(t, "contact-us", 2, func(r *ropa.Revision) { r.Access = nil }), before), 1)
	var p struct {
		From, To                int
		Changes, Effects, Holds []map[string]any
	}
	if err := json.Unmarshal(r.out.Bytes(), &p); err != nil || p.From != 2 || len(p.Changes) == 0 || len(p.Effects) == 0 || len(p.Holds) != 1 || p.Holds[0]["text"] == "" {
		t.Errorf("%v %+v", err, p)
	}
}

func TestApplyPlanAndVerify(t *testing.T) {
	e := dbtest.SQLite(t)
	ctx := context.Background()
	store, err := register.Open(ctx, e.DB, audit.New("test"))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Begin(ctx, [][]byte{ropa.SeedText("contact-us", 1), ropa.SeedText("contact-us", 2)}); err != nil {
		t.Fatal(err)
	}
	people := map[string]policy.Actor{"head-ops": {Account: "head-ops", Agency: "ops", IsHead: true}, "dpo": {Account: "dpo", Roles: []string{"dpo"}}}
	fresh := func() *run {
		r := env()
		r.Register = store
		r.Actor = func(_ context.Context, name string) (policy.Actor, error) {
			if a, ok := people[name]; ok {
				return a, nil
			}
			return policy.Actor{}, errors.New("nobody")
		}
		return r
	}
	next := file(t, "contact-us", 2, shorter)
	r := fresh()
	r.want(t, "plan", r.Plan(ctx, next, ""), 0, "from revision 2 to revision 3")
	r = fresh()
	r.want(t, "apply without approval", r.Apply(ctx, next, "console", []string{"dpo"}), 1, "two different approvers are needed")
	r = fresh()
	r.want(t, "apply by nobody", r.Apply(ctx, next, "console", []string{"dpo", "somsri"}), 1, "somsri is not named")
	r = fresh()
	r.want(t, "apply", r.Apply(ctx, next, "console", []string{"head-ops", "dpo"}), 0, "contact-us revision 3 is in force")
	if store.Snapshot("contact-us").Retention.Years != 5 {
		t.Error("it is not obeyed")
	}
	r = fresh()
	r.JSON = true
	r.want(t, "verify", r.Verify(ctx), 0, `"revisions": 3`, `"faults": []`)
}
