package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/pquerna/otp/totp"
)

// demo is the running program with its scenario.
type demo struct {
	cmd    *exec.Cmd
	addr   string
	values map[string]string // what it printed: url.NAME, account.NAME, token.NAME
	log    string
}

var (
	binary  string
	browser context.Context
	running *demo
)

func TestMain(m *testing.M) { os.Exit(runAll(m)) }

func runAll(m *testing.M) int {
	work, err := os.MkdirTemp("", "prasan-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(work)
	binary = filepath.Join(work, "prasan")
	build := exec.Command("go", "build", "-o", binary, "../cmd/prasan")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "the program does not build:", err)
		return 1
	}
	running, err = startDemo(work, "demo")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer running.stop()
	var closeBrowser func()
	browser, closeBrowser, err = startBrowser(work)
	if err != nil {
		fmt.Fprintln(os.Stderr, "Chromium:", err, "(make setup installs it)")
		return 1
	}
	defer closeBrowser()
	return m.Run()
}

// freeAddr is a loopback address nobody listens on.
func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func startDemo(work, name string, flags ...string) (*demo, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	d := &demo{addr: addr, values: map[string]string{}, log: filepath.Join(work, name+".log")}
	log, err := os.Create(d.log)
	if err != nil {
		return nil, err
	}
	d.cmd = exec.Command(binary, append([]string{"demo", "--data", filepath.Join(work, name), "--listen", addr, "--admin-listen", "127.0.0.1:0", "--now", "2026-11-23T02:00:00Z", "--rate-limits", "off"}, flags...)...)
	d.cmd.Stderr = log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if name, value, ok := strings.Cut(lines.Text(), ": "); ok {
				mu.Lock()
				d.values[strings.TrimSpace(name)] = strings.TrimSpace(value)
				mu.Unlock()
			}
		}
	}()
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if res, err := http.Get("http://" + addr + "/readyz"); err == nil {
			res.Body.Close()
			mu.Lock()
			_, printed := d.values["token"]
			mu.Unlock()
			if res.StatusCode == http.StatusOK && printed {
				return d, nil
			}
		}
	}
	d.stop()
	text, _ := os.ReadFile(d.log)
	return nil, fmt.Errorf("the demo is not ready after 90 s:\n%s", text)
}

func (d *demo) stop() {
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	done := make(chan struct{})
	go func() { _ = d.cmd.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(25 * time.Second):
		_ = d.cmd.Process.Kill()
	}
}

// url is an address on one of the demo's hosts: "rayong", "office", "mail" or "" for the
// ministry itself.
func (d *demo) url(site, path string) string {
	_, port, _ := net.SplitHostPort(d.addr)
	host := "industry.localhost"
	if site != "" {
		host = site + "." + host
	}
	return "http://" + host + ":" + port + path
}

// account is a person of the scenario as the demo prints him: password and TOTP secret.
func (d *demo) account(t *testing.T, name string) (password, secret string) {
	t.Helper()
	fields := map[string]string{}
	for _, part := range strings.Fields(d.values["account."+name]) {
		if k, v, ok := strings.Cut(part, "="); ok {
			fields[k] = v
		}
	}
	if fields["password"] == "" || fields["totp"] == "" {
		t.Fatalf("the demo printed no account %s: %q", name, d.values["account."+name])
	}
	return fields["password"], fields["totp"]
}

// now is the moment that the demo's clock shows, from the Date of an answer to no one.
func (d *demo) now(t *testing.T) time.Time {
	t.Helper()
	var out struct{ Now time.Time }
	d.api(t, "admin", "POST", "/demo/clock", `{"advance":"PT1S"}`, http.StatusOK, &out)
	return out.Now
}

// code is the present six digits of a person's authenticator. The demo's clock is moved
// on by a step each time: a code is good once.
func (d *demo) code(t *testing.T, secret string) string {
	t.Helper()
	var out struct{ Now time.Time }
	d.api(t, "admin", "POST", "/demo/clock", `{"advance":"PT31S"}`, http.StatusOK, &out)
	code, err := totp.GenerateCode(secret, out.Now)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// api calls the programming interface as one of the printed tokens; "admin" is `token`.
func (d *demo) api(t *testing.T, who, method, path, body string, want int, into any) http.Header {
	t.Helper()
	req, err := http.NewRequest(method, "http://"+d.addr+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = strings.TrimPrefix(d.url("office", ""), "http://")
	token := d.values["token."+who]
	if who == "admin" {
		token = d.values["token"]
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != want {
		t.Fatalf("%s %s %s: %d, want %d: %s", who, method, path, res.StatusCode, want, text)
	}
	if into != nil {
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return res.Header
}

func startBrowser(work string) (context.Context, func(), error) {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(filepath.Join(work, "chromium")),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-domain-reliability", true),
		chromedp.Flag("lang", "th"), chromedp.Flag("hide-scrollbars", true), chromedp.Flag("font-render-hinting", "none"))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		cancel()
		stop()
		return nil, nil, err
	}
	return ctx, func() { cancel(); stop() }, nil
}

// view is how a page is looked at.
type view struct {
	name          string
	width, height int64
	phone         bool
	dark          bool
	noScript      bool
}

var (
	phone   = view{name: "phone", width: 390, height: 844, phone: true}
	narrow  = view{name: "narrow", width: 320, height: 640, phone: true}
	desktop = view{name: "desktop", width: 1366, height: 900}
)

func (v view) inTheDark() view     { v.name += "-dark"; v.dark = true; return v }
func (v view) withoutScript() view { v.name += "-noscript"; v.noScript = true; return v }

// tab is a browser tab of its own, with its own cookies.
type tab struct {
	t   *testing.T
	ctx context.Context
}

func open(t *testing.T, v view) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	ctx, stop := context.WithTimeout(ctx, 8*time.Minute)
	t.Cleanup(func() { stop(); cancel() })
	b := &tab{t, ctx}
	options := []chromedp.EmulateViewportOption{chromedp.EmulateScale(1)}
	if v.phone {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	b.do(chromedp.EmulateViewport(v.width, v.height, options...))
	scheme := "light"
	if v.dark {
		scheme = "dark"
	}
	b.must(chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}))
	if v.noScript {
		b.must(chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	}
	return b
}

func (b *tab) must(_ any, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		where, _ := chromedp.Run(b.ctx, chromedp.Location())
		b.t.Fatalf("%v (on %s)", err, where)
	}
}

// visit opens an address and returns the status.
func (b *tab) visit(url string) int64 {
	b.t.Helper()
	res, err := chromedp.Run(b.ctx, chromedp.NavigateResponse(url))
	if err != nil {
		b.t.Fatalf("%s: %v", url, err)
	}
	return res.Status
}

// press clicks what leads to another page and waits for it.
func (b *tab) press(css string) *network.Response {
	b.t.Helper()
	res, err := chromedp.RunResponse(b.ctx, chromedp.Click(chromedp.CSS(css)))
	if err != nil {
		where, _ := chromedp.Run(b.ctx, chromedp.Location())
		b.t.Fatalf("press %s: %v (on %s)", css, err, where)
	}
	return res
}

// enter types into a field that is empty or not.
func (b *tab) enter(name, value string) {
	b.t.Helper()
	b.fill(`[name="`+name+`"]:not([type=hidden])`, value)
}

// fill types into the field that a selector finds.
func (b *tab) fill(css, value string) {
	b.t.Helper()
	b.do(chromedp.WaitReady(chromedp.CSS(css)))
	eval[bool](b, fmt.Sprintf("(document.querySelector(%q).value = '') === ''", css))
	b.do(chromedp.Focus(chromedp.CSS(css)))
	// As an input method does it: single keys lose the first character of Thai.
	b.must(chromedp.Call(b.ctx, input.InsertText, input.InsertTextParams{Text: value}))
}

func (b *tab) text(css string) string {
	b.t.Helper()
	s, err := chromedp.Run(b.ctx, chromedp.TextContent(chromedp.CSS(css)))
	if err != nil {
		b.t.Fatalf("%s: %v", css, err)
	}
	return strings.Join(strings.Fields(s), " ")
}

func (b *tab) has(css string) bool {
	b.t.Helper()
	nodes, err := chromedp.Run(b.ctx, chromedp.Nodes(chromedp.CSSAll(css), chromedp.AtLeast(0)))
	if err != nil {
		b.t.Fatalf("%s: %v", css, err)
	}
	return len(nodes) > 0
}

func eval[T any](b *tab, expression string, options ...chromedp.EvaluateOption) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, options...))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// wantText fails unless a page contains a text.
func (b *tab) wantText(css, want string) {
	b.t.Helper()
	if got := b.text(css); !strings.Contains(got, want) {
		b.t.Errorf("%s: %q is not in %.300q", css, want, got)
	}
}
