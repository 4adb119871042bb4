package saraban_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	crand "crypto/rand"
	"crypto/x509"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/saraban"
	"prasan/internal/saraban/ecms"
)

func bytesOf(size int) []byte {
	r, out := rand.New(rand.NewPCG(1, uint64(size))), make([]byte, size)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	return out
}

func wholeOf(t *testing.T, f ecms.File) (out []byte) {
	t.Helper()
	housetest.Must(t, f.Each(func(b []byte) error { out = append(out, b...); return nil }))
	return out
}

// Files of all sizes come back as they were sent: over the wire, out of the queue, and out
// of the register of what came. Of what is kept in pieces none may be missing.
func TestLargeFilesAreKeptInPieces(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		r := newRegistry(t, e, func(d *saraban.Deps) { d.Serve = true }, diw)
		server := httptest.NewServer(&ecms.Server{Exchange: r.Node(), Now: e.Clock.Now, Folder: t.TempDir(), Caller: func(q *http.Request) (string, bool) { return q.URL.Query().Get("org"), true }})
		defer server.Close()
		at := func(org string) *ecms.Client {
			return &ecms.Client{URL: server.URL + ecms.Path + "?org=" + org, HTTP: server.Client(), Now: e.Clock.Now, Folder: t.TempDir()}
		}
		l := &ecms.Letter{ID: "รย 0033/9", Date: "2026-11-24", Subject: "ก", Secret: "001", Speed: "001", Sender: ecms.Party{Department: rayongECMS}, Receiver: ecms.Party{Department: diwECMS}, Main: ecms.File{Mime: "application/pdf", Data: bytesOf(600_000)}}
		for _, size := range []int{3 << 20, 10, 256 << 10, 256<<10 + 1, 512 << 10} {
			l.Attachments = append(l.Attachments, ecms.File{Mime: "image/jpeg", Data: bytesOf(size)})
		}
		_, err := at(rayongECMS).Send(ctx, "", l)
		housetest.Must(t, err)
		if got := r.counted(`SELECT COUNT(*) FROM letter_parts`); got != 3+12+1+2+2 {
			t.Errorf("%d pieces", got)
		}
		item, err := at(diwECMS).Head(ctx, "")
		housetest.Must(t, err)
		if !bytes.Equal(wholeOf(t, item.Letter.Main), l.Main.Data) || len(item.Letter.Attachments) != len(l.Attachments) {
			t.Fatal("the letter is another over the wire")
		}
		for i, f := range item.Letter.Attachments {
			if !bytes.Equal(wholeOf(t, f), l.Attachments[i].Data) {
				t.Errorf("attachment %d is another over the wire", i)
			}
		}
		housetest.Must(t, r.Poll(ctx))
		in := r.arrived()
		file, err := r.FileIn(ctx, diw, in.ID)
		if err != nil || !bytes.Equal(file, l.Main.Data) {
			t.Errorf("the letter as it came: %d bytes, %v", len(file), err)
		}
		for i, f := range l.Attachments {
			got, err := r.AttachmentIn(ctx, diw, in.ID, i)
			if err != nil || !bytes.Equal(got.Data, f.Data) {
				t.Errorf("attachment %d as it came: %d bytes, %v", i, len(got.Data), err)
			}
		}
		cut := func(owner string) {
			housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(`DELETE FROM letter_parts WHERE owner = $1 AND file = 1 AND n = 11`, owner)
				return err
			}))
		}
		cut(in.ID)
		if _, err := r.AttachmentIn(ctx, diw, in.ID, 0); err == nil {
			t.Errorf("without its last piece: %v", err)
		}
		cut(item.ProcessID)
		ref := ecms.Ref{LetterID: l.ID, Date: l.Date, SenderDepartment: rayongECMS, AcceptDepartment: diwECMS}
		if _, err := at(diwECMS).Again(ctx, "", ecms.DocumentKind, ref); errs.KindOf(err) != errs.Unavailable {
			t.Errorf("half an answer was taken for one: %v", err)
		}
		_, err = r.Refuse(ctx, diw, in.ID, "reject", "ไม่ใช่ของเรา")
		housetest.Must(t, err)
		r.work()
		_, err = at(rayongECMS).Delete(ctx, "", ref)
		housetest.Must(t, err)
		if got := r.counted(`SELECT COUNT(*) FROM letter_parts p WHERE NOT EXISTS (SELECT 1 FROM letters_in i WHERE i.id = p.owner)`); got != 0 {
			t.Errorf("%d pieces are left of the letter that was deleted", got)
		}
	})
}

// A letter that is signed is kept with its files in pieces too, and handed on as it was
// signed; one of which a piece is another is no letter that was signed.
func TestLargeFilesOfASignedLetterAreKeptInPieces(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), crand.Reader)
	housetest.Must(t, err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(crand.Reader, c, c, key.Public(), key)
	housetest.Must(t, err)
	c, err = x509.ParseCertificate(der)
	housetest.Must(t, err)
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		r := newRegistry(t, e, func(d *saraban.Deps) {
			d.Serve, d.Pins = true, map[string][]*x509.Certificate{rayongECMS: {c}}
		}, diw)
		server := httptest.NewServer(&ecms.Server{Exchange: r.Node(), Now: e.Clock.Now, Folder: t.TempDir(), Caller: func(q *http.Request) (string, bool) { return q.URL.Query().Get("org"), true }})
		defer server.Close()
		at := func(org string) *ecms.Client {
			return &ecms.Client{URL: server.URL + ecms.Path + "?org=" + org, HTTP: server.Client(), Now: e.Clock.Now, Folder: t.TempDir()}
		}
		l := &ecms.Letter{ID: "รย 0033/9", Date: "2026-11-24", Subject: "ก", Secret: "001", Speed: "001", Sender: ecms.Party{Department: rayongECMS}, Receiver: ecms.Party{Department: diwECMS}, Main: ecms.File{Mime: "application/pdf", Data: bytesOf(20_000)},
			Attachments: []ecms.File{{Mime: "image/jpeg", Data: bytesOf(3<<20 + 1)}, {Mime: "image/jpeg", Data: bytesOf(60_000)}}}
		housetest.Must(t, ecms.Sign(l, key, c))
		_, err := at(rayongECMS).Send(ctx, "", l)
		housetest.Must(t, err)
		if parts, row := r.counted(`SELECT COUNT(*) FROM letter_parts`), r.counted(`SELECT LENGTH(body) FROM ecms_queue`); parts != 14 || row > 60_000 {
			t.Errorf("%d pieces beside a row of %d bytes", parts, row)
		}
		item, err := at(diwECMS).Head(ctx, "")
		housetest.Must(t, err)
		if who, err := ecms.Verify(item.Letter); err != nil || !c.Equal(who) || !bytes.Equal(wholeOf(t, item.Letter.Attachments[0]), l.Attachments[0].Data) {
			t.Errorf("over the wire: %v", err)
		}
		housetest.Must(t, r.Poll(ctx))
		in := r.arrived()
		for i, f := range l.Attachments {
			got, err := r.AttachmentIn(ctx, diw, in.ID, i)
			if err != nil || !bytes.Equal(got.Data, f.Data) {
				t.Errorf("attachment %d as it came: %d bytes, %v", i, len(got.Data), err)
			}
		}
		history, err := r.HistoryIn(ctx, diw, in.ID)
		housetest.Must(t, err)
		if history[0].Body["signature"] != saraban.Pinned {
			t.Errorf("it is %v", history[0].Body)
		}
		// Where a piece is missing, it cannot be fetched, and nothing is said of it.
		l.ID = "รย 0033/10"
		housetest.Must(t, ecms.Sign(l, key, c))
		receipt, err := at(rayongECMS).Send(ctx, "", l)
		housetest.Must(t, err)
		housetest.Must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`DELETE FROM letter_parts WHERE owner = $1 AND n = 7`, receipt.ProcessID)
			return err
		}))
		if err := r.Poll(ctx); err == nil || r.counted(`SELECT COUNT(*) FROM letters_in`) != 1 {
			t.Errorf("without a piece: %v", err)
		}
	})
}

func (r *registry) counted(query string) (n int) {
	r.t.Helper()
	housetest.Must(r.t, r.house.Engine.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, nil, &n) }))
	return n
}
