package saraban_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/housetest"
	"prasan/internal/i18n"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/saraban"
	"prasan/internal/saraban/ecms"
)

// A transaction that lost against another one is run again, and what it was given is as
// it was: the letter still has its addressee, so that the channel is open.
func TestADispatchThatIsRunAgainIsTheSame(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		r := newRegistry(t, e, func(d *saraban.Deps) { d.Serve = true }, drafter, head, sender, diw)
		l := r.letter(letters.NoSecrecy)
		tries := 0
		r.letters.OnAction(func(_ *db.Tx, _ policy.Actor, action string, _ *letters.Letter, _ map[string]string) error {
			if action != "dispatch" {
				return nil
			}
			if tries++; tries <= 2 {
				return &pgconn.PgError{Code: "40001", Message: "could not serialize access"}
			}
			return nil
		})
		d := r.dispatch(l.ID, saraban.ECMS)
		if tries != 3 || d.Channel != saraban.ECMS || d.To != "diw" {
			t.Errorf("after %d tries: %+v", tries, d)
		}
		if all, err := r.Dispatches(ctx, sender, l.ID); err != nil || len(all) != 1 {
			t.Errorf("%d sendings: %v", len(all), err)
		}
	})
}

// The node, too, gives one item for one sending, however often it is run.
func TestWhatTheNodeTakesIsTakenOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		r := newRegistry(t, e, func(d *saraban.Deps) { d.Serve = true }, drafter, head, sender, diw)
		l := r.letter(letters.NoSecrecy)
		d := r.dispatch(l.ID, saraban.ECMS)
		// The answer to the first sending was lost, so that the letter is handed over again.
		housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE dispatches SET state = 'queued', process_id = '' WHERE id = $1`, d.ID)
			return err
		}))
		housetest.Must(t, r.Deliver(ctx, d.ID))
		if now := r.state(l.ID); now.State != saraban.OnItsWay || now.ProcessID == "" {
			t.Errorf("handed over again: %+v", now)
		}
		var n int
		housetest.Must(t, e.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM ecms_queue WHERE kind = 'GovernmentDocument'`, nil, &n)
		}))
		if n != 1 {
			t.Errorf("%d in the queue of one letter", n)
		}
	})
}

// The node knows what it took also when it has taken hundreds of others since, over the wire.
func TestWhatTheNodeTookLongAgoIsNotRefused(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		from, to, _ := pair(t, dbtest.SQLite(t), e)
		l := from.letter(letters.NoSecrecy)
		d := from.dispatch(l.ID, saraban.ECMS)
		for i := range 201 {
			other := &ecms.Letter{ID: "รย 9/" + strconv.Itoa(i), Date: "2026-11-24", Subject: "ก", Secret: "001", Speed: "001", Sender: ecms.Party{Department: rayongECMS}, Receiver: ecms.Party{Department: diwECMS}, Main: ecms.File{Mime: "application/pdf", Data: []byte("%PDF")}}
			_, err := to.Node().Send(ctx, rayongECMS, other)
			housetest.Must(t, err)
		}
		taken := from.state(l.ID).ProcessID
		housetest.Must(t, from.house.Engine.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`UPDATE dispatches SET state = 'queued', process_id = '' WHERE id = $1`, d.ID)
			return err
		}))
		housetest.Must(t, from.Deliver(ctx, d.ID))
		if now := from.state(l.ID); now.State != saraban.OnItsWay || now.ProcessID != taken || taken == "" {
			t.Errorf("handed over again: %+v, not %s", now, taken)
		}
	})
}

// Where the node demands a certificate that is not there, the letter stays queued, and who
// looks is told what to do; with one it leaves by itself.
func TestALetterWaitsForTheCertificateThatItsNodeDemands(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		from, to, _ := pair(t, e, dbtest.SQLite(t))
		node := httptest.NewUnstartedServer(&ecms.Server{Exchange: to.Node(), Now: e.Clock.Now, Caller: func(*http.Request) (string, bool) { return rayongECMS, true }})
		node.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
		node.Config.ErrorLog = log.New(io.Discard, "", 0)
		node.StartTLS()
		defer node.Close()
		var shown tls.Certificate
		secure := node.Client().Transport.(*http.Transport).Clone()
		secure.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &shown, nil }
		from.Nodes[rayongECMS] = &ecms.Client{URL: node.URL + ecms.Path, HTTP: &http.Client{Transport: secure}, Now: e.Clock.Now, Lacks: func() bool { return shown.PrivateKey == nil }}
		l := from.letter(letters.NoSecrecy)
		_, _, err := from.Dispatch(ctx, sender, l.ID, saraban.Sending{Channel: saraban.ECMS})
		housetest.Must(t, err)
		from.work()
		d := from.state(l.ID)
		if d.State != saraban.Queued || d.LastError != "error.ecms-demands" {
			t.Fatalf("without a certificate: %+v", d)
		}
		for _, lang := range []string{"th", "en"} {
			if said := i18n.T(lang, d.LastError); !strings.Contains(said, "--ecms-cert") || !strings.Contains(said, "--ecms-key") {
				t.Errorf("it is said %q", said)
			}
		}
		shown = node.TLS.Certificates[0]
		from.settle()
		if d := from.state(l.ID); d.State != saraban.OnItsWay || d.LastError != "" {
			t.Errorf("with one: %+v", d)
		}
	})
}

// What a node will never take does not stay queued: it has failed, a person is told, and
// the letter can go by another way.
func TestALetterThatTheNodeRefusesHasFailed(t *testing.T) {
	from, to, _ := pair(t, dbtest.SQLite(t), dbtest.SQLite(t))
	to.MaxClass = letters.NoSecrecy
	l := from.letter(letters.Confidential)
	housetest.Must(t, from.PutEntry(ctx, policy.Actor{Account: "ict", Agency: "ops", Roles: []string{"ict"}}, saraban.Entry{Code: "diw", ECMS: diwECMS, Rules: []saraban.Rule{{Channel: saraban.ECMS, Max: letters.Secret}, {Channel: saraban.Paper, Max: letters.TopSecret}}}))
	from.dispatch(l.ID, saraban.ECMS)
	if d := from.state(l.ID); d.State != saraban.Failed || d.LastError != "error.ecms-refused" || d.Note != "303: this node does not take letters of that SecretCode" {
		t.Errorf("%+v", d)
	}
	var n int
	housetest.Must(t, from.house.Engine.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM audit WHERE action = 'ecms.alert.refused'`, nil, &n)
	}))
	if n != 1 {
		t.Errorf("%d alerts", n)
	}
	from.dispatch(l.ID, saraban.Paper)
	if d := from.state(l.ID); d.State != saraban.OnItsWay {
		t.Errorf("on paper: %+v", d)
	}
}

// Letters are signed with the seal of their agency; the other side knows its certificate,
// and takes neither an unsigned nor an altered one of it.
func TestSignaturesOfLettersAreMadeAndHeldToThePinnedCertificate(t *testing.T) {
	from, to, _ := pair(t, dbtest.SQLite(t), dbtest.SQLite(t))
	from.SignECMS = true
	_, certificate, err := from.letters.SignerOf(ctx, "rayong")
	housetest.Must(t, err)
	send := func() (letters.Letter, saraban.Dispatch) {
		l := from.letter(letters.NoSecrecy)
		from.dispatch(l.ID, saraban.ECMS)
		return l, from.state(l.ID)
	}
	if _, d := send(); d.State != saraban.OnItsWay {
		t.Fatalf("signed, not pinned: %+v", d)
	}
	to.poll()
	if in := to.arrived(); in.Signature != saraban.Unknown {
		t.Errorf("not pinned: %q", in.Signature)
	}
	to.Pins = map[string][]*x509.Certificate{rayongECMS: {certificate}}
	l, d := send()
	if d.State != saraban.OnItsWay {
		t.Fatalf("signed and pinned: %+v", d)
	}
	to.poll()
	if in := to.arrived(); in.Signature != saraban.Pinned || in.Number != l.NumberText {
		t.Errorf("pinned: %+v", in)
	}
	from.SignECMS = false
	if _, d := send(); d.State != saraban.Failed || !strings.HasPrefix(d.Note, "309") {
		t.Errorf("not signed: %+v", d)
	}
	from.SignECMS = true
	_, another, err := to.letters.SignerOf(ctx, "diw")
	housetest.Must(t, err)
	to.Pins[rayongECMS] = []*x509.Certificate{another}
	if _, d := send(); d.State != saraban.Failed || !strings.HasPrefix(d.Note, "310") {
		t.Errorf("another's pin: %+v", d)
	}
}
