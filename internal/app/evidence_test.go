package app_test

import (
	"archive/zip"
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"prasan/internal/app"
	"prasan/internal/db"
	"prasan/internal/evidence"
	"prasan/internal/library"
	"prasan/internal/policy"
	"prasan/internal/truth"
)

var inspector = policy.Actor{Account: "auditor", Agency: "ops", Roles: []string{"auditor"}}

func TestAnInspectorIsHandedWhatTheProgramKnowsAndNobodysMessage(t *testing.T) {
	r := start(t, settings(t, ""), app.Options{Mode: app.Create})
	r.want(200)(r.toSend(sender).Submit())
	bad := r.get(rayong, "/th/contact", 200)
	bad = r.want(200)(fill(bad, map[string]string{"topic": "problem"}).Submit())
	text := "เลขบัตรของฉันคือ 1101700230708"
	bad = r.want(200)(fill(bad, map[string]string{"message": text}).Submit())
	bad = r.want(200)(fill(bad, sender).Submit())
	r.want(200)(bad.Form("state").Submit())
	dpo := policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}
	file, err := r.Blobs.Stage(t.Context(), "policy.txt", strings.NewReader("the policy"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Library.Add(t.Context(), dpo, library.Document{Code: "policy-2565", Kind: "policy", Title: policy.Text{TH: "นโยบาย"}, Agency: "ops", Public: true}, library.Version{Label: "V.1.0", From: r.Now().AddDate(0, -1, 0)}, &file); err != nil {
		t.Fatal(err)
	}
	made, whole, err := r.Evidence.Make(t.Context(), inspector, evidence.Scope{From: r.Now().AddDate(-1, 0, 0), To: r.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	report, err := evidence.Verify(whole)
	if err != nil || len(report.Faults) > 0 {
		t.Fatalf("%v %v", err, report.Faults)
	}
	z, err := zip.NewReader(bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		var body bytes.Buffer
		if _, err := body.ReadFrom(in); err != nil {
			t.Fatal(err)
		}
		for _, private := range []string{text, "มีกลิ่นเหม็นจากโรงงาน", sender["given_name"], sender["email"]} {
			if strings.Contains(body.String(), private) {
				t.Errorf("%s tells %q", f.Name, private)
			}
		}
	}
	for _, want := range []string{"truth/report.json", "access/contact-us.csv", "library/documents.csv", "library/files/policy-2565.1.txt", "register/contact-us.pdf", "stores.json", "consent.csv", "audit/proof.json", "orders/delegations.csv"} {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not in the package of %d files", want, made.Entries)
		}
	}
	// What a site's visitor sees of the library.
	page := r.get(rayong, "/th/record", 200)
	if !strings.Contains(page.Body, "/th/record/documents/policy-2565/1") {
		t.Error("a public document is not shown")
	}
	if got := r.get(rayong, "/th/record/documents/policy-2565/1", 200); got.Body != "the policy" {
		t.Errorf("%q", got.Body)
	}
	// What people write is counted by kind.
	var counted map[string]map[string]int64
	if err := r.DB.Read(t.Context(), func(tx *db.Tx) (err error) {
		counted, err = truth.Texts(tx, r.Now().AddDate(0, 0, -2))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if counted["message"]["national-id"] != 1 || counted["message"]["phone"] != 0 {
		t.Errorf("of two messages one has the number of a card: %v", counted)
	}
}
