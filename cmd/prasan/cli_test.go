package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// result is what a run of the program gave.
type result struct {
	code     int
	out, err string
}

func prasan(t *testing.T, args ...string) result {
	t.Helper()
	var out, errs bytes.Buffer
	code := run(context.Background(), args, os.Getenv, stdio{strings.NewReader(""), &out, &errs})
	return result{code, out.String(), errs.String()}
}

func (r result) ends(t *testing.T, code int, out, err string) result {
	t.Helper()
	if r.code != code || !strings.Contains(r.out, out) || !strings.Contains(r.err, err) {
		t.Errorf("code %d, want %d\nout: %s\nerr: %s", r.code, code, r.out, r.err)
	}
	if err != "" && strings.Count(strings.TrimSpace(r.err), "\n") > 0 {
		t.Errorf("the error is more than a line: %s", r.err)
	}
	return r
}

// installation makes one in a new folder, with the environment pointing to it.
func installation(t *testing.T) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	t.Setenv("PRASAN_DATA", data)
	prasan(t, "migrate").ends(t, 0, "A new installation", "")
	return data
}

func TestFromAnEmptyFolderToATokenByTheCommandLineAlone(t *testing.T) {
	installation(t)
	prasan(t, "account", "add", "--name", "somsri", "--display", "สมศรี ตัวอย่าง", "--agency", "ops", "--role", "admin").ends(t, 0, "one-time password: ", "")
	prasan(t, "account", "add", "--name", "somsri", "--display", "สมศรี ตัวอย่าง", "--agency", "ops", "--role", "admin").ends(t, 2, "", "somsri")
	r := prasan(t, "token", "create", "--account", "somsri", "--label", "test", "--json").ends(t, 0, "", "")
	var token struct{ Token, Account string }
	if err := json.Unmarshal([]byte(r.out), &token); err != nil || !strings.HasPrefix(token.Token, "prs_") || token.Account != "somsri" {
		t.Errorf("%v %s", err, r.out)
	}
	prasan(t, "account", "reset", "somsri").ends(t, 0, "one-time password: ", "")
	prasan(t, "account", "disable", "somsri").ends(t, 0, "disabled: true", "")
	prasan(t, "token", "create", "--account", "somsri", "--label", "test").ends(t, 1, "", "prasan: ")
	prasan(t, "account", "disable", "nobody").ends(t, 1, "", "nobody")
	prasan(t, "audit", "verify").ends(t, 0, "0 faults", "")
}

func TestSitesAreListedAndAdded(t *testing.T) {
	installation(t)
	prasan(t, "site", "list").ends(t, 0, "rayong.industry.localhost", "")
	prasan(t, "site", "add", "www.rayong.example", "--agency", "rayong").ends(t, 0, "site: www.rayong.example", "")
	prasan(t, "site", "add", "www.rayong.example", "--agency", "rayong").ends(t, 1, "", "www.rayong.example")
	prasan(t, "site", "add", "not a host", "--agency", "rayong").ends(t, 2, "", "host")
	var list []struct{ Host string }
	if err := json.Unmarshal([]byte(prasan(t, "site", "list", "--json").out), &list); err != nil || len(list) != 79 {
		t.Errorf("%d sites, %v", len(list), err)
	}
}

func TestTheCommandLineUsedWrongly(t *testing.T) {
	t.Setenv("PRASAN_DATA", filepath.Join(t.TempDir(), "none"))
	for _, c := range []struct {
		args string
		code int
		err  string
	}{
		{"nonsense", 2, "--help"},
		{"serve --nonsense", 2, "serve --help"},
		{"account add", 2, "missing flags"},
		{"account disable somsri", 1, "no installation"},
		{"audit verify", 1, "no installation"},
		{"migrate --check", 1, "no installation"},
		{"serve --rate-limits off --listen 0.0.0.0:0", 2, "loopback"},
		{"serve --trusted-proxy nonsense --listen 127.0.0.1:0", 2, "10.0.0.0/8"},
		{"serve --listen 127.0.0.1:999999 --admin-listen 127.0.0.1:0", 1, "--listen"},
		{"serve --database mysql://x --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0", 2, "sqlite:PATH"},
		{"serve --record /nonexistent --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0", 2, "/nonexistent"},
		{"demo --now yesterday --listen 127.0.0.1:0 --admin-listen 127.0.0.1:0", 2, "RFC 3339"},
	} {
		prasan(t, strings.Fields(c.args)...).ends(t, c.code, "", c.err)
	}
}

func TestEveryCommandHasHelpWithAnExample(t *testing.T) {
	var c cli
	k, err := parser(&c, &program{std: stdio{nil, new(bytes.Buffer), new(bytes.Buffer)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, leaf := range k.Model.Leaves(true) {
		path := commandPath(leaf)
		prasan(t, append(strings.Fields(path), "--help")...).ends(t, 0, "prasan "+path, "")
		if !strings.Contains(leaf.Detail, "prasan "+path) {
			t.Errorf("prasan %s --help has no example", path)
		}
	}
}

func TestASecretIsReadFromTheFileThatTheEnvironmentNames(t *testing.T) {
	data := t.TempDir()
	secret := filepath.Join(t.TempDir(), "database")
	if err := os.WriteFile(secret, []byte("sqlite:"+data+"/elsewhere.db\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PRASAN_DATA", data)
	t.Setenv("PRASAN_DATABASE_FILE", secret)
	prasan(t, "migrate").ends(t, 0, "A new installation", "")
	if _, err := os.Stat(data + "/elsewhere.db"); err != nil {
		t.Error(err)
	}
	t.Setenv("PRASAN_DATABASE_FILE", secret+".none")
	prasan(t, "migrate").ends(t, 2, "", "PRASAN_DATABASE_FILE")
}

func TestMessagesAreInThaiWhereItIsAskedFor(t *testing.T) {
	t.Setenv("PRASAN_DATA", filepath.Join(t.TempDir(), "none"))
	t.Setenv("PRASAN_LANG", "th")
	prasan(t, "audit", "verify").ends(t, 1, "", "ไม่พบระบบ")
}

func TestTheDocumentsAreInStepWithTheProgram(t *testing.T) {
	p := &program{ctx: context.Background(), std: stdio{nil, new(bytes.Buffer), new(bytes.Buffer)}, lang: "en"}
	m, end, err := p.manual()
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	for _, d := range documents {
		var want bytes.Buffer
		if err := d.write(&want, m); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("..", "..", "docs", d.path))
		if err != nil || !bytes.Equal(got, want.Bytes()) {
			t.Errorf("docs/%s is not what the program says of itself: make docs (%v)", d.path, err)
		}
	}
}
