// Package crawl sends a real browser over the sites and tells what they make it do: which
// hosts it is sent to, which cookies and entries of its storage are set, which scripts it
// loads, before and after a visitor accepts cookies. It drives an installed Chromium or
// Chrome over a pipe with the DevTools protocol; the browser's names all lead to the
// installation, so that nothing leaves the machine and what would have is still seen.
package crawl

import (
	"context"
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"prasan/internal/errs"
)

// Options say what is looked at.
type Options struct {
	Browser string   // path of the program; "" looks for one
	Address string   // HOST:PORT at which the sites answer
	Sites   []string // hosts
	Paths   []string
	Accept  string        // script that accepts cookies on a page; "" does not
	Wait    time.Duration // for a page to be still; 0 is half a second
}

// Page is what a page made the browser do.
type Page struct {
	URL      string   `json:"url"`
	Accepted bool     `json:"accepted"` // cookies had been accepted before
	Status   int      `json:"status"`
	Hosts    []string `json:"hosts"`   // of others, that were asked for something
	Scripts  []string `json:"scripts"` // without their query
	Cookies  []string `json:"cookies"`
	Storage  []string `json:"storage"`
	Refused  []string `json:"refused"` // by the policy of the page
}

// Report is the outcome of a crawl.
type Report struct {
	Browser string `json:"browser"`
	Pages   []Page `json:"pages"`
}

func (r Report) gather(of func(Page) []string) []string {
	var out []string
	for _, p := range r.Pages {
		for _, x := range of(p) {
			if !slices.Contains(out, x) {
				out = append(out, x)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Hosts are those of others to which browsers were sent.
func (r Report) Hosts() []string { return r.gather(func(p Page) []string { return p.Hosts }) }

// Stored are the names of cookies and of entries in the browser's storage.
func (r Report) Stored() []string {
	return r.gather(func(p Page) []string { return append(slices.Clone(p.Cookies), p.Storage...) })
}

// programs are the names under which the browser is looked for.
var programs = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"}

// Find looks for a browser.
func Find() (string, error) {
	for _, name := range programs {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errs.New(errs.Unavailable, "error.crawl-browser", "names", strings.Join(programs, ", "))
}

// Run crawls; each is told of every page.
func Run(ctx context.Context, o Options, each func(Page)) (Report, error) {
	if o.Wait == 0 {
		o.Wait = 500 * time.Millisecond
	}
	if o.Browser == "" {
		var err error
		if o.Browser, err = Find(); err != nil {
			return Report{}, err
		}
	}
	b, err := start(ctx, o)
	if err != nil {
		return Report{}, err
	}
	defer b.stop()
	r := Report{Pages: []Page{}}
	var version struct {
		Product string `json:"product"`
	}
	if err := b.call(ctx, "", "Browser.getVersion", nil, &version); err != nil {
		return r, err
	}
	r.Browser = version.Product
	for _, site := range o.Sites {
		pages, err := b.site(ctx, o, site, each)
		r.Pages = append(r.Pages, pages...)
		if err != nil {
			return r, err
		}
	}
	return r, nil
}

// site visits the pages of a site as a new visitor, and once more after he has accepted.
func (b *browser) site(ctx context.Context, o Options, site string, each func(Page)) ([]Page, error) {
	t, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	defer t.close()
	var out []Page
	visit := func(accepted bool) error {
		for _, path := range o.Paths {
			p, err := t.visit(ctx, o, site, path)
			if err != nil {
				return err
			}
			p.Accepted = accepted
			out = append(out, p)
			each(p)
		}
		return nil
	}
	if err := visit(false); err != nil || o.Accept == "" {
		return out, err
	}
	if _, err := t.evaluate(ctx, o.Accept); err != nil {
		return out, err
	}
	t.still(ctx, o.Wait)
	return out, visit(true)
}

// tab is a page of a browser context of its own: with no cookies of another.
type tab struct {
	b                          *browser
	contextID, target, session string
	seen                       chan event
}

func (b *browser) open(ctx context.Context) (*tab, error) {
	t := &tab{b: b}
	var c struct {
		ID string `json:"browserContextId"`
	}
	if err := b.call(ctx, "", "Target.createBrowserContext", nil, &c); err != nil {
		return nil, err
	}
	t.contextID = c.ID
	var made struct {
		ID string `json:"targetId"`
	}
	if err := b.call(ctx, "", "Target.createTarget", map[string]any{"url": "about:blank", "browserContextId": c.ID}, &made); err != nil {
		return nil, err
	}
	t.target = made.ID
	var s struct {
		ID string `json:"sessionId"`
	}
	if err := b.call(ctx, "", "Target.attachToTarget", map[string]any{"targetId": t.target, "flatten": true}, &s); err != nil {
		return nil, err
	}
	t.session = s.ID
	t.seen = b.listen(t.session)
	for _, domain := range []string{"Page.enable", "Network.enable", "Log.enable"} {
		if err := b.call(ctx, t.session, domain, nil, nil); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *tab) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = t.b.call(ctx, "", "Target.disposeBrowserContext", map[string]any{"browserContextId": t.contextID}, nil)
	t.b.forget(t.session)
}

// visit goes to a page and waits until it is still.
func (t *tab) visit(ctx context.Context, o Options, site, path string) (Page, error) {
	p := Page{URL: "http://" + site + path, Hosts: []string{}, Scripts: []string{}, Cookies: []string{}, Storage: []string{}, Refused: []string{}}
	t.drain()
	if err := t.b.call(ctx, t.session, "Page.navigate", map[string]any{"url": p.URL}, nil); err != nil {
		return p, err
	}
	for _, e := range t.still(ctx, o.Wait) {
		p.take(site, e)
	}
	var jar struct {
		Cookies []struct {
			Name string `json:"name"`
		} `json:"cookies"`
	}
	if err := t.b.call(ctx, "", "Storage.getCookies", map[string]any{"browserContextId": t.contextID}, &jar); err != nil {
		return p, err
	}
	for _, c := range jar.Cookies {
		p.Cookies = append(p.Cookies, c.Name)
	}
	text, err := t.evaluate(ctx, `JSON.stringify(Object.keys(localStorage).concat(Object.keys(sessionStorage)))`)
	if err == nil {
		err = json.Unmarshal([]byte(text), &p.Storage)
	}
	return p, err
}

// take notes what an event says of the page.
func (p *Page) take(site string, e event) {
	var m struct {
		Type    string `json:"type"`
		Request struct {
			URL string `json:"url"`
		} `json:"request"`
		Response struct {
			Status int `json:"status"`
		} `json:"response"`
		Entry struct {
			Source string `json:"source"`
			Text   string `json:"text"`
		} `json:"entry"`
	}
	if json.Unmarshal(e.Params, &m) != nil {
		return
	}
	switch e.Method {
	case "Network.requestWillBeSent":
		u, err := url.Parse(m.Request.URL)
		if err != nil || u.Host == "" {
			return
		}
		if host := u.Hostname(); host != site && !slices.Contains(p.Hosts, host) {
			p.Hosts = append(p.Hosts, host)
		}
		if name := u.Hostname() + u.Path; m.Type == "Script" && !slices.Contains(p.Scripts, name) {
			p.Scripts = append(p.Scripts, name)
		}
	case "Network.responseReceived":
		if m.Type == "Document" && p.Status == 0 {
			p.Status = m.Response.Status
		}
	case "Log.entryAdded":
		if m.Entry.Source == "security" {
			p.Refused = append(p.Refused, m.Entry.Text)
		}
	}
}

func (t *tab) evaluate(ctx context.Context, script string) (string, error) {
	var out struct {
		Result struct {
			Value any `json:"value"`
		} `json:"result"`
	}
	err := t.b.call(ctx, t.session, "Runtime.evaluate", map[string]any{"expression": script, "returnByValue": true}, &out)
	text, _ := out.Result.Value.(string)
	return text, err
}

func (t *tab) drain() {
	for {
		select {
		case <-t.seen:
		default:
			return
		}
	}
}

// still gathers events until none has come for a while, at most twenty times as long.
func (t *tab) still(ctx context.Context, wait time.Duration) (out []event) {
	end := time.After(20 * wait)
	for {
		select {
		case e := <-t.seen:
			out = append(out, e)
		case <-time.After(wait):
			return out
		case <-end:
			return out
		case <-ctx.Done():
			return out
		}
	}
}

// arguments of the browser: no talk of its own with the world, and one address for all.
func arguments(o Options, profile string) []string {
	out := []string{"--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--no-default-browser-check", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions", "--mute-audio",
		"--user-data-dir=" + profile, "--host-resolver-rules=MAP * " + o.Address, "--remote-debugging-pipe"}
	if os.Geteuid() == 0 {
		out = append(out, "--no-sandbox") // it refuses to run as root otherwise
	}
	return append(out, "about:blank")
}

func profileFolder() (string, error) { return os.MkdirTemp("", "prasan-crawl-*") }
