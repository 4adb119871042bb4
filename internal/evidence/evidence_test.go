package evidence_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/evidence"
	"prasan/internal/policy"
)

var ctx = context.Background()

var dpo = policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func signers(t *testing.T) (note.Signer, string) {
	t.Helper()
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))
	public, err := note.NewEd25519VerifierKey("prasan", key.Public().(ed25519.PublicKey))
	must(t, err)
	name, rest, _ := strings.Cut(public, "+")
	hash, _, _ := strings.Cut(rest, "+")
	s, err := note.NewSigner("PRIVATE+KEY+" + name + "+" + hash + "+" + base64.StdEncoding.EncodeToString(append([]byte{1}, key.Seed()...)))
	must(t, err)
	return s, public
}

// newService has a register of two revisions, a disclosure and two refusals of which one
// is another agency's, and an audit.
func newService(t *testing.T, e *dbtest.Engine) *evidence.Service {
	t.Helper()
	sum := func(s string) string { x := sha256.Sum256([]byte(s)); return hex.EncodeToString(x[:]) }
	log := audit.New("test")
	now := db.Micros(dbtest.Start)
	must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
		exec := func(query string, args ...any) {
			_, err := tx.Exec(query, args...)
			must(t, err)
		}
		for n, body := range []string{"one\n", "two\n"} {
			prev, status := "", "superseded"
			if n == 1 {
				prev, status = sum("one\n"), "effective"
			}
			exec(`INSERT INTO revisions (id, activity, n, status, body, sha256, prev_sha256, prepared_by, approvals, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`, db.NewID(), "contact-us", n+1, status, body, sum(body), prev, "dpo", "[]", now)
		}
		exec(`INSERT INTO disclosures (id, at, referral_id, case_id, case_reference, subject_key, agency, to_agency, channel, elements, purpose, basis, letter_id, letter_number, revision_id, actor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
			db.NewID(), now-1, "r", "c", "SECRET-REFERENCE", "SECRET-SUBJECT", "rayong", "diw", "ecms", "given_name", "receive_and_forward", "24(4)", "l", "รย 0033/1", "rev", "head")
		for i, agency := range []string{"rayong", "trat"} {
			exec(`INSERT INTO rights_requests (id, reference, agency, activity, right_code, channel, lang, state, subject_key, statement, case_id, case_reference, case_subject, revision_id, received_at, due_at, law_due_at, outcome, ground, reasons, decided_by, decided_at, tracking_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)`,
				db.NewID(), "R-"+agency, agency, "contact-us", "erasure", "web", "th", "answered", "k", []byte{1}, "c", "SECRET-REFERENCE", "s", "rev", now-9, now, now, "refused", "33", "เลขประจำตัว 1101700230708 ยังจำเป็น", "head", now-int64(i)-2, []byte{1})
		}
		for range 9 {
			must(t, log.Append(tx, audit.Event{Actor: "dpo", Action: "truth.except", Object: "activity:contact-us"}))
			for _, action := range []string{"data.read", "followup.ask", "inbox.take", "hold.place"} {
				must(t, log.Append(tx, audit.Event{Actor: "officer", Action: action, Object: "subject:SECRET-SUBJECT"}))
			}
		}
		return nil
	}))
	signer, public := signers(t)
	return evidence.New(evidence.Deps{DB: e.DB, Audit: log, Signer: signer, AuditKey: public, Key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{9}, 32)),
		Register: func() []evidence.InForce { return []evidence.InForce{{"contact-us", 2, sum("two\n")}} },
		Within:   func(agency, ancestor string) bool { return agency == ancestor },
		Agency:   func(code string) bool { return code == "rayong" || code == "trat" }, Installation: "industry.test", Program: "test"})
}

func scope(agency string) evidence.Scope {
	return evidence.Scope{Agency: agency, From: dbtest.Start.AddDate(-1, 0, 0), To: dbtest.Start.AddDate(0, 0, 1)}
}

func content(t *testing.T, file []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	must(t, err)
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		must(t, err)
		var b bytes.Buffer
		_, err = b.ReadFrom(r)
		must(t, err)
		out[f.Name] = b.String()
	}
	return out
}

func TestAPackageIsVerifiedOfflineAndNamesNobodyWhoWrote(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := newService(t, e)
		p, file, err := s.Make(ctx, dpo, scope("rayong"))
		must(t, err)
		r, err := evidence.Verify(file)
		must(t, err)
		if len(r.Faults) > 0 {
			t.Fatalf("faults: %v", r.Faults)
		}
		if r.Manifest.ID != p.ID || r.Manifest.Agency != "rayong" || r.Manifest.PublicKey != s.PublicKey() {
			t.Errorf("manifest: %+v", r.Manifest)
		}
		files := content(t, file)
		for name, text := range files {
			if strings.Contains(text, "SECRET") {
				t.Errorf("%s tells whose data it was", name)
			}
		}
		if files["register/contact-us/2.yaml"] != "two\n" || !strings.Contains(files["disclosures.csv"], "diw") {
			t.Error("register or disclosures are not in it")
		}
		refusals := files["refusals.csv"]
		if !strings.Contains(refusals, "R-rayong") || strings.Contains(refusals, "R-trat") || strings.Contains(refusals, "1101700230708") {
			t.Errorf("refusals: %s", refusals)
		}
		if strings.Contains(files["audit/proof.json"], "data.read") {
			t.Error("readings of single people are proven to an inspector who did not ask for them")
		}
		list, err := s.List(ctx, dpo)
		must(t, err)
		if len(list) != 1 || list[0].SHA256 != p.SHA256 {
			t.Errorf("list: %+v", list)
		}
		var n int
		must(t, e.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(*) FROM audit WHERE action = 'evidence.make' AND body LIKE '%' || $1 || '%'`, []any{p.SHA256}, &n)
		}))
		if n != 1 {
			t.Errorf("the making is in the audit %d times", n)
		}
	})
}

func TestNoBitOfAPackageIsChangedUnseen(t *testing.T) {
	s := newService(t, dbtest.SQLite(t))
	_, file, err := s.Make(ctx, dpo, scope(""))
	must(t, err)
	for at := 0; at < len(file); at += 1 + at%11 {
		broken := bytes.Clone(file)
		broken[at] ^= 1 << (at % 8)
		if r, err := evidence.Verify(broken); err == nil && len(r.Faults) == 0 {
			t.Fatalf("the change of bit %d of byte %d of %d is not seen", at%8, at, len(file))
		}
	}
	for _, other := range [][]byte{file[:len(file)-1], append(bytes.Clone(file), ' '), append([]byte{' '}, file...), nil} {
		if r, err := evidence.Verify(other); err == nil && len(r.Faults) == 0 {
			t.Error("a file of another length is taken for the package")
		}
	}
}

func TestWhoMayMakeAPackageIsPolicysToSay(t *testing.T) {
	s := newService(t, dbtest.SQLite(t))
	officer := policy.Actor{Account: "officer", Agency: "rayong", Roles: []string{"officer"}}
	if _, _, err := s.Make(ctx, officer, scope("rayong")); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("an officer: %v", err)
	}
	if _, err := s.List(ctx, officer); errs.KindOf(err) != errs.Forbidden {
		t.Errorf("an officer lists: %v", err)
	}
	for name, bad := range map[string]evidence.Scope{"no agency": {Agency: "mars", From: dbtest.Start, To: dbtest.Start.Add(time.Hour)}, "no time": {Agency: "rayong", From: dbtest.Start, To: dbtest.Start}} {
		if _, _, err := s.Make(ctx, dpo, bad); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnAuditThatWasTamperedWithGivesNoPackage(t *testing.T) {
	e := dbtest.SQLite(t)
	s := newService(t, e)
	must(t, e.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`UPDATE audit SET actor = 'nobody' WHERE seq = 3`)
		return err
	}))
	if _, _, err := s.Make(ctx, dpo, scope("")); errs.As(err).Key != "error.audit-broken" {
		t.Errorf("%v", err)
	}
}
