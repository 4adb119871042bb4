package exchange

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"

	"prasan/internal/db/dbtest"
	"prasan/internal/mail"
)

// binary is the program, built once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "prasan-exchange-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "prasan")
	out, err := exec.Command("go", "build", "-o", path, "../../cmd/prasan").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("the program does not build: %s", out)
	}
	return path, nil
})

func program(t *testing.T) string {
	t.Helper()
	path, err := binary()
	must(t, err)
	return path
}

// installation is one process of the program, with its database.
type installation struct {
	t      *testing.T
	name   string
	data   string
	store  []string // flags by which commands find it
	addr   string
	tokens map[string]string
	cmd    *exec.Cmd
}

// ministry is a data folder with the scenario in it, made once and copied: the same people
// and cases at both sides, as on two machines of two bodies.
var ministry = sync.OnceValues(func() (string, error) {
	path, err := binary()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(filepath.Dir(path), "ministry")
	out, err := exec.Command(path, "seed", "--data", dir).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("seed: %s", out)
	}
	return dir, nil
})

// template is the same in a database of a PostgreSQL cluster, made once for all the walks.
type template struct {
	t         *testing.T // for which it lasts
	data, url string
}

func (p *template) make() {
	t := p.t
	t.Helper()
	if p.url == "" {
		p.data, p.url = filepath.Join(t.TempDir(), "ministry"), dbtest.PostgresURL(t)
		if out, err := exec.Command(program(t), "seed", "--data", p.data, "--database", p.url).CombinedOutput(); err != nil {
			t.Fatalf("seed: %s", out)
		}
	}
}

// copy makes another database of it.
func (p *template) copy(t *testing.T) (to string) {
	t.Helper()
	p.make()
	to = dbtest.PostgresURL(t)
	from, err := url.Parse(p.url)
	must(t, err)
	target, err := url.Parse(to)
	must(t, err)
	name := func(u *url.URL) string { return `"` + strings.TrimPrefix(u.Path, "/") + `"` }
	admin := *target
	admin.Path = "/postgres"
	db, err := sql.Open("pgx", admin.String())
	must(t, err)
	defer db.Close()
	for _, statement := range []string{"DROP DATABASE " + name(target), "CREATE DATABASE " + name(target) + " TEMPLATE " + name(from)} {
		_, err := db.Exec(statement)
		must(t, err)
	}
	return to
}

// install makes an installation: with a database of a cluster where there is a template,
// otherwise with files.
func install(t *testing.T, name string, postgres *template) *installation {
	t.Helper()
	i := &installation{t: t, name: name, data: filepath.Join(t.TempDir(), name), tokens: map[string]string{}}
	i.store = []string{"--data", i.data}
	from := ""
	if postgres != nil {
		i.store = append(i.store, "--database", postgres.copy(t))
		from = postgres.data
	} else {
		var err error
		from, err = ministry()
		must(t, err)
	}
	must(t, os.CopyFS(i.data, os.DirFS(from)))
	must(t, os.Chmod(filepath.Join(i.data, "master.key"), 0o600))
	return i
}

// run has a command done and returns what it printed.
func (i *installation) run(args ...string) string {
	i.t.Helper()
	cmd := exec.Command(program(i.t), args...)
	var said, wrong bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &wrong
	if err := cmd.Run(); err != nil {
		i.t.Fatalf("%s: %v: %s", args[0], err, wrong.String())
	}
	return said.String()
}

func (i *installation) account(args ...string) {
	i.t.Helper()
	i.run(append(append([]string{"account"}, args...), i.store...)...)
}

// token makes a token of an account.
func (i *installation) token(account string) string {
	i.t.Helper()
	if i.tokens[account] == "" {
		said := strings.Fields(i.run(append([]string{"token", "create", "--account", account, "--label", "exchange"}, i.store...)...))
		i.tokens[account] = said[len(said)-1]
	}
	return i.tokens[account]
}

// serve starts the process; it ends with the test.
func (i *installation) serve(flags ...string) {
	i.t.Helper()
	i.addr = freeAddr(i.t)
	log, err := os.Create(filepath.Join(i.t.TempDir(), i.name+".log"))
	must(i.t, err)
	i.cmd = exec.Command(program(i.t), append(append([]string{"serve", "--listen", i.addr, "--admin-listen", "127.0.0.1:0", "--rate-limits", "off"}, i.store...), flags...)...)
	i.cmd.Stdout, i.cmd.Stderr = log, log
	i.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(i.t, i.cmd.Start())
	i.t.Cleanup(func() {
		_ = i.cmd.Process.Signal(syscall.SIGTERM)
		done := make(chan struct{})
		go func() { _ = i.cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(25 * time.Second):
			_ = i.cmd.Process.Kill()
			i.t.Errorf("%s does not end", i.name)
		}
		if i.t.Failed() {
			text, _ := os.ReadFile(log.Name())
			i.t.Logf("%s:\n%s", i.name, text[max(0, len(text)-6000):])
		}
	})
	i.until("ready", func() bool {
		res, err := http.Get("http://" + i.addr + "/readyz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// until waits for what other processes do.
func (i *installation) until(what string, ok func() bool) {
	i.t.Helper()
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if ok() {
			return
		}
	}
	i.t.Fatalf("%s: never %s", i.name, what)
}

// call calls the API as an account, and fails unless the answer has the status.
func (i *installation) call(who, method, path string, body any, want int, into any) []byte {
	i.t.Helper()
	raw, isRaw := body.([]byte)
	if !isRaw && body != nil {
		var err error
		raw, err = json.Marshal(body)
		must(i.t, err)
	}
	req, err := http.NewRequest(method, "http://"+i.addr+"/api/v1"+path, bytes.NewReader(raw))
	must(i.t, err)
	req.Host = "office.industry.localhost"
	req.Header.Set("Authorization", "Bearer "+i.token(who))
	if !isRaw {
		req.Header.Set("Content-Type", "application/json")
	}
	if method == "POST" {
		req.Header.Set("Idempotency-Key", fmt.Sprint(time.Now().UnixNano()))
	}
	res, err := http.DefaultClient.Do(req)
	must(i.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(i.t, err)
	if res.StatusCode != want {
		i.t.Fatalf("%s: %s %s %s: %d, want %d: %s", i.name, who, method, path, res.StatusCode, want, text)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			i.t.Fatalf("%s: %v in %s", path, err, text)
		}
	}
	return text
}

func (i *installation) get(who, path string, into any) {
	i.t.Helper()
	i.call(who, "GET", path, nil, http.StatusOK, into)
}

func (i *installation) post(who, path string, body, into any) {
	i.t.Helper()
	if body == nil {
		body = map[string]any{}
	}
	i.call(who, "POST", path, body, http.StatusOK, into)
}

// front is the proxy before an installation, through which others reach one of its hosts
// by an address: names under localhost are known to few resolvers.
func (i *installation) front(host string) string {
	i.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(i.t, err)
	target := func() *url.URL { return &url.URL{Scheme: "http", Host: i.addr} }
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target())
		r.Out.Host = host
	}}}
	go func() { _ = s.Serve(l) }()
	i.t.Cleanup(func() { s.Close() })
	return "http://" + l.Addr().String()
}

// dkimKey makes the key with which an installation signs, and returns its file and the
// entry by which the other verifies.
func dkimKey(t *testing.T, domain string) (file, entry string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), domain+".pem")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	must(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600))
	record, err := mail.DKIMRecord(key)
	must(t, err)
	return file, "prasan._domainkey." + domain + "=" + record
}
