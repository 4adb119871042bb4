package identity_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"testing"
	"time"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/egress"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/identity"
	"prasan/internal/identity/provider"
	"prasan/internal/mail"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

var ctx = context.Background()

type desk struct {
	*housetest.House
	*identity.Service
}

func newDesk(t *testing.T, e *dbtest.Engine) *desk {
	t.Helper()
	h := housetest.New(t, e, housetest.ContactUs())
	person := cases.OfPerson{Service: h.Cases}
	s := identity.New(identity.Deps{DB: e.DB, Vault: h.Vault, Audit: h.Audit, Jobs: h.Jobs, Limits: h.Limiter(), Mail: h.Mail, Processing: h.Processing, Now: e.Clock.Now, Digest: h.Cases.Digest,
		Owner: func(ctx context.Context, digest []byte) (o identity.Owner, ok bool, err error) {
			err = person.ByDigest(ctx, digest, func(_, _, agency, subject string) { o, ok = identity.Owner{Subject: subject, Agency: agency}, true })
			return o, ok, err
		}})
	s.Register()
	return &desk{h, s}
}

// work runs the queue until a condition holds.
func (d *desk) work(until func() bool) {
	d.T.Helper()
	ctx, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	go func() { _ = d.House.Jobs.Run(ctx) }()
	for !until() && ctx.Err() == nil {
		time.Sleep(10 * time.Millisecond)
	}
	if ctx.Err() != nil {
		d.T.Fatal("the queue did not come to it")
	}
}

func (d *desk) count(query string, args ...any) (n int) {
	d.T.Helper()
	housetest.Must(d.T, d.Engine.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, args, &n) }))
	return n
}

// mailed is the code in the only mail of its kind.
func (d *desk) mailed() string {
	d.T.Helper()
	d.work(func() bool {
		return d.count(`SELECT COUNT(*) FROM outbox WHERE kind = 'identity-code'`) > 0 && d.count(`SELECT COUNT(*) FROM jobs WHERE kind = 'identity.send' AND state <> 'done'`) == 0
	})
	var id, subject string
	var body []byte
	housetest.Must(d.T, d.Engine.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT id, subject_key, body FROM outbox WHERE kind = 'identity-code'`, nil, &id, &subject, &body)
	}))
	text, err := d.House.Processing.Owner(ctx, []vault.Sealed{{Subject: subject, Element: processing.Content, Place: mail.Place(id, "body"), Data: body}})
	housetest.Must(d.T, err)
	return regexp.MustCompile(`\d{4} \d{4}`).FindString(string(text[0]))
}

func (d *desk) ask(contact string) string {
	d.T.Helper()
	id, err := d.Ask(ctx, identity.Asking{Way: identity.Email, Contact: contact, Lang: "th", Site: housetest.Site, Addr: "192.0.2.1"})
	housetest.Must(d.T, err)
	return id
}

func TestACodeToTheAddressOnFileShowsWhoOneIsOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		d := newDesk(t, e)
		d.Receive(1, "เรื่องหนึ่ง")
		id := d.ask("MANEE1@example.com")
		code := d.mailed()
		if got := d.count(`SELECT COUNT(*) FROM identity_codes WHERE code_hash IS NOT NULL`); got != 1 || len(code) != 9 {
			t.Fatalf("%d hashed, %q", got, code)
		}
		wrong(t, d, id, "00000000")
		got, err := d.Check(ctx, id, code)
		if err != nil || got.Way != identity.Email || string(got.Digest) != string(d.Cases.Digest("email", "manee1@example.com")) {
			t.Fatalf("%v %+v", err, got)
		}
		wrong(t, d, id, code) // used
		housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error { e.Clock.Advance(identity.Lifetime); return nil }))
		housetest.Must(t, e.DB.InTx(ctx, identity.Sweep))
		if got := d.count(`SELECT COUNT(*) FROM identity_codes`); got != 0 {
			t.Errorf("%d checks are kept", got)
		}
	})
}

func wrong(t *testing.T, d *desk, id, code string) {
	t.Helper()
	_, err := d.Check(ctx, id, code)
	if errs.KindOf(err) != errs.Invalid || len(errs.As(err).Fields) != 1 || errs.As(err).Fields[0].Key != "error.identity-code" {
		t.Errorf("want one answer for every wrong code, got %v", err)
	}
}

func TestACodeEndsAfterTenMinutesAndFiveAttempts(t *testing.T) {
	d := newDesk(t, dbtest.SQLite(t))
	d.Receive(1, "เรื่องหนึ่ง")
	id := d.ask("manee1@example.com")
	code := d.mailed()
	for range 5 {
		wrong(t, d, id, "00000000")
	}
	wrong(t, d, id, code)

	late := newDesk(t, dbtest.SQLite(t))
	late.Receive(1, "เรื่องหนึ่ง")
	id = late.ask("manee1@example.com")
	code = late.mailed()
	late.Engine.Clock.Advance(identity.Lifetime)
	wrong(t, late, id, code)
}

func TestNobodyLearnsWhetherAnAddressIsOnFile(t *testing.T) {
	d := newDesk(t, dbtest.SQLite(t))
	d.Receive(1, "เรื่องหนึ่ง")
	known, unknown := d.ask("manee1@example.com"), d.ask("nobody@example.com")
	if len(known) != len(unknown) {
		t.Error("the answers differ")
	}
	d.mailed()
	for _, id := range []string{known, unknown, "never begun"} {
		wrong(t, d, id, "00000000")
	}
	// The request does the same work for both: as many statements, as many rows.
	if a, b := d.count(`SELECT COUNT(*) FROM identity_codes WHERE digest = $1`, d.Cases.Digest("email", "manee1@example.com")), d.count(`SELECT COUNT(*) FROM identity_codes WHERE digest = $1`, d.Cases.Digest("email", "nobody@example.com")); a != b {
		t.Errorf("%d and %d rows", a, b)
	}
	if n := d.count(`SELECT COUNT(*) FROM outbox WHERE kind = 'identity-code'`); n != 1 {
		t.Errorf("%d mails", n)
	}
	var last error
	for n := 0; last == nil && n < 20; n++ {
		_, last = d.Ask(ctx, identity.Asking{Way: identity.Email, Contact: "manee1@example.com", Lang: "th", Addr: "192.0.2.1"})
	}
	if errs.KindOf(last) != errs.TooMany {
		t.Errorf("an address may ask without end: %v", last)
	}
}

func TestATelephoneIsOfferedOnlyWhereAGatewayIsSet(t *testing.T) {
	d := newDesk(t, dbtest.SQLite(t))
	d.Receive(1, "เรื่องหนึ่ง")
	_, err := d.Ask(ctx, identity.Asking{Way: identity.Phone, Contact: "0812345601", Lang: "th", Addr: "192.0.2.1"})
	if errs.KindOf(err) != errs.Invalid || len(d.Ways()) != 1 {
		t.Errorf("%v %v", err, d.Ways())
	}
	sent := make(chan map[string]string, 1)
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got := map[string]string{"auth": r.Header.Get("Authorization")}
		_ = json.NewDecoder(r.Body).Decode(&got)
		sent <- got
	}))
	defer gateway.Close()
	d.SMS = (&provider.Gateway{URL: gateway.URL, Token: "secret", HTTP: out(t, gateway.URL)}).Send
	id, err := d.Ask(ctx, identity.Asking{Way: identity.Phone, Contact: "08-1234-5601", Lang: "en", Addr: "192.0.2.1"})
	housetest.Must(t, err)
	var got map[string]string
	d.work(func() bool {
		select {
		case got = <-sent:
			return true
		default:
			return false
		}
	})
	if got["to"] != "+66812345601" || got["auth"] != "Bearer secret" {
		t.Errorf("%v", got)
	}
	if _, err := d.Check(ctx, id, regexp.MustCompile(`\d{4} \d{4}`).FindString(got["text"])); err != nil {
		t.Error(err)
	}
	if n := d.count(`SELECT COUNT(*) FROM processing_log WHERE act = 'send' AND detail = 'sms'`); n != 1 {
		t.Errorf("%d lines of the log", n)
	}
}

// out is a way out that reaches one address of this machine.
func out(t *testing.T, address string) *http.Client {
	t.Helper()
	u, err := url.Parse(address)
	housetest.Must(t, err)
	way, err := egress.New(egress.Config{Allow: []string{u.Host}, Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	housetest.Must(t, err)
	return way.HTTPClient()
}
