package public_test

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/oauth2-proxy/mockoidc"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/egress"
	"prasan/internal/identity/provider"
	"prasan/internal/mail"
	"prasan/internal/processing"
	"prasan/internal/rights"
	"prasan/internal/vault"
)

// coded is the code that was mailed.
func (s *site) coded() string {
	s.t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	go func() { _ = s.queue.Run(ctx) }()
	for ctx.Err() == nil {
		var id, subject string
		var body []byte
		err := s.e.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT id, subject_key, body FROM outbox WHERE kind = 'identity-code'`, nil, &id, &subject, &body)
		})
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		text, err := s.guard.Owner(ctx, []vault.Sealed{{Subject: subject, Element: processing.Content, Place: mail.Place(id, "body"), Data: body}})
		must(s.t, err)
		return regexp.MustCompile(`\d{4} \d{4}`).FindString(string(text[0]))
	}
	s.t.Fatal("no code was mailed")
	return ""
}

func TestWhoLostHisCodeAsksByTheAddressOnFile(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	reference, _ := s.sent()
	begin := s.get("/th/rights/identity", 200)
	if begin.Form("phone") != nil || strings.Contains(begin.Body, "/rights/provider") {
		t.Error("a way is offered that is not set")
	}
	unknown := s.send2(begin.Form("email"), 200, map[string]string{"email": "nobody@example.com"})
	p := s.send2(begin.Form("email"), 200, map[string]string{"email": "manee@example.com"})
	plain := func(body string) string {
		return regexp.MustCompile(`identity/[\w-]+`).ReplaceAllString(body, "")
	}
	if plain(p.Body) != plain(unknown.Body) {
		t.Error("the page tells whether an address is on file")
	}
	code := s.coded()
	bad := s.send2(p.Form("otp"), 422, map[string]string{"otp": "0000 0000"})
	if bad.ByID("otp-error") == nil {
		t.Error("it is not said beside its field that the code is wrong")
	}
	p = s.send2(bad.Form("otp"), 200, map[string]string{"otp": code})
	f := p.Form("right")
	if f == nil || f.Values.Get("proof") == "" || p.Form("code") != nil {
		t.Fatal("the form of the request does not follow the check")
	}
	p = s.send2(f, 200, map[string]string{"right": rights.Access, "statement": "ขอสำเนา"})
	r, _, err := s.rights.Again(context.Background(), p.TextOf("reference"), p.TextOf("tracking-code"))
	if err != nil || r.Identity != "email" || len(r.Mine()) != 1 || r.Mine()[0] != reference {
		t.Errorf("%v %+v", err, r)
	}
}

func TestWhoIsKnownToAProviderAsksByIt(t *testing.T) {
	m, err := mockoidc.Run()
	must(t, err)
	defer func() { _ = m.Shutdown() }()
	u, err := url.Parse(m.Issuer())
	must(t, err)
	way, err := egress.New(egress.Config{Allow: []string{u.Host}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	must(t, err)
	outside := &provider.Provider{Issuer: m.Issuer(), ClientID: m.ClientID, Secret: m.ClientSecret, HTTP: way.HTTPClient(), Now: time.Now}
	s := newSiteWith(t, dbtest.SQLite(t), outside)
	outside.Redirect = "http://" + host + s.port() + "/identity/provider"
	reference, _ := s.sent()
	m.QueueUser(&mockoidc.MockUser{Subject: "1", Email: "manee@example.com", EmailVerified: true})

	at, cookie := s.hop(t, "http://"+host+s.port()+"/th/rights/provider", nil)
	back, _ := s.hop(t, at, nil)                                                   // the provider sends back
	done, _ := s.hop(t, back, nil)                                                 // to the one address of all sites
	if _, status := s.at(t, done, nil); status != http.StatusUnprocessableEntity { // another browser
		t.Errorf("a proof was taken by a browser that did not set out: %d", status)
	}
	ask, _ := s.hop(t, done, cookie)
	p := s.get(strings.TrimPrefix(ask, "http://"+host+s.port()), 200)
	p = s.send2(p.Form("right"), 200, map[string]string{"right": rights.Access})
	r, _, err := s.rights.Again(context.Background(), p.TextOf("reference"), p.TextOf("tracking-code"))
	if err != nil || r.Identity != "oidc" || r.Issuer != m.Issuer() || len(r.Mine()) != 1 || r.Mine()[0] != reference {
		t.Errorf("%v %+v", err, r)
	}
}

// at asks for an address as a browser without a memory does.
func (s *site) at(t *testing.T, address string, cookie *http.Cookie) (*http.Response, int) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	must(t, err)
	if r.URL.Hostname() == host {
		r.URL.Host, r.Host = s.addr, host
	}
	if cookie != nil {
		r.AddCookie(cookie)
	}
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Do(r)
	must(t, err)
	res.Body.Close()
	return res, res.StatusCode
}

// hop follows one redirect and keeps the cookie that came with it.
func (s *site) hop(t *testing.T, address string, cookie *http.Cookie) (string, *http.Cookie) {
	t.Helper()
	res, _ := s.at(t, address, cookie)
	to := res.Header.Get("Location")
	if to == "" {
		t.Fatalf("%s leads nowhere: %s", address, res.Status)
	}
	if strings.HasPrefix(to, "/") {
		to = "http://" + host + s.port() + to
	}
	if all := res.Cookies(); len(all) > 0 {
		return to, all[0]
	}
	return to, nil
}
