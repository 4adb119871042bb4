package office_test

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"prasan/internal/audit"
	"prasan/internal/blob"
	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
	inspection "prasan/internal/evidence"
	"prasan/internal/jobs"
	"prasan/internal/library"
	"prasan/internal/org"
	"prasan/internal/register"
	"prasan/internal/review"
	"prasan/internal/ropa"
	"prasan/internal/vault"
	"prasan/internal/web/office"
	"prasan/internal/webtest"
)

// oversee gives the office its library, its review of access and its packages.
func (h *house) oversee(d *office.Deps, v *vault.Vault, files *blob.Files, log *audit.Log, queue *jobs.Queue, record *register.Store, agencies *org.Directory) {
	h.t.Helper()
	known := func(code string) bool { _, ok := agencies.Get(code); return ok }
	key := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{5}, 32))
	secret, public, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{6}, 64)), "prasan")
	must(h.t, err)
	signer, err := note.NewSigner(secret)
	must(h.t, err)
	d.Library = library.New(library.Deps{DB: h.e.DB, Vault: v, Audit: log, Files: files, Agency: known, Row: func(f string) bool { return ropa.RowByID(f) != nil }, Activity: func(code string) bool { return record.Snapshot(code) != nil }, Now: h.e.Clock.Now})
	d.Review = review.New(review.Deps{DB: h.e.DB, Audit: log, Jobs: queue, Record: record.Snapshot, Activities: ropa.SeedCodes, Within: agencies.Within, Key: key, Now: h.e.Clock.Now})
	d.Evidence = inspection.New(inspection.Deps{DB: h.e.DB, Audit: log, Signer: signer, AuditKey: public, Key: key, Within: agencies.Within, Agency: known, Installation: "industry.test", Register: func() []inspection.InForce {
		snap := record.Snapshot(cases.Activity)
		return []inspection.InForce{{Activity: snap.Activity, Revision: snap.Revision, SHA256: snap.SHA256}}
	}})
	h.review = d.Review
}

func TestADocumentOfTheLibraryStandsAtTheRowsThatCiteIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		file := webtest.File{Field: "attachment", Name: "policy.txt", Content: []byte("ข้อความของนโยบาย")}
		f := h.get("dpo", "/th/office/library", 200).Form("code").Set("kind", "policy").Set("code", "policy-2565").Set("title_th", "นโยบาย 2565").Set("label", "V.1.0").Set("valid_from", "2025-01-01").Set("public", "yes")
		h.has(h.want(422)(f.Submit()), "โปรดแนบไฟล์")
		p := h.want(303)(f.Submit(file))
		h.has(p, "นโยบาย 2565", "V.1.0", "policy.txt", "มีผลอยู่", "แถวที่ 41")
		if got := h.get("bare", "/th/office/library/policy-2565/1/file", 200); got.Body != "ข้อความของนโยบาย" || !strings.HasPrefix(got.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%q %q", got.Body, got.Header.Get("Content-Disposition"))
		}
		file.Content = []byte("ข้อความใหม่")
		p = h.want(303)(h.form(p, "/library/policy-2565").Set("label", "V.2.0").Set("valid_from", "2026-01-01").Submit(file))
		h.has(p, "V.2.0", "สิ้นผลแล้ว")
		p = h.want(303)(h.form(p, "/link").Set("activity", cases.Activity).Set("field", "breach.channels").Submit())
		h.has(p, "แถวที่ 52")
		h.has(h.get("dpo", "/th/office/records/contact-us", 200), "เอกสารในคลัง", "นโยบาย 2565", "V.2.0")
		if hasForm(h.get("bare", "/th/office/library/policy-2565", 200), "/link") {
			t.Error("who may not change the library is offered to")
		}
		h.refused("bare", "/th/office/library/policy-2565/publish", "public=", 403)
	})
}

func TestTheHolderOfTheDutyReviewsAccessAndAnInspectorTakesThePackage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		h := newHouse(t, e)
		must(t, h.review.OpenDue(ctx))
		p := h.get("dpo", "/th/office/access", 200)
		h.has(p, "รอรับรอง", "รับรองสิทธิเข้าถึง: ติดต่อเรา รอบ 2569")
		h.has(h.get("dpo", "/th/office/access/contact-us?only=reads", 200), "เหตุแห่งสิทธิ", "12/2569")
		if got := h.get("dpo", "/th/office/access/contact-us/export/csv", 200); !strings.Contains(got.Body, "order:12/2569") {
			t.Error("the matrix is not in the CSV")
		}
		if got := h.get("dpo", "/th/office/access/contact-us/export/xlsx", 200); !strings.HasPrefix(got.Body, "PK") {
			t.Error("the matrix is no workbook")
		}
		f := p.Form("outcome")
		h.has(h.want(422)(f.Set("outcome", "changes").Submit()), "โปรดระบุสิ่งที่ต้องแก้ไข")
		h.has(h.want(303)(f.Set("outcome", "right").Submit()), "สิทธิถูกต้อง", "คุณdpo")
		h.get("bare", "/th/office/access", 403)

		got := h.want(200)(h.form(h.get("auditor", "/th/office/evidence", 200), "/office/evidence").Submit())
		r, err := inspection.Verify([]byte(got.Body))
		must(t, err)
		if len(r.Faults) > 0 || r.Manifest.MadeBy != "auditor" || !slices.ContainsFunc(r.Manifest.Entries, func(x inspection.Entry) bool { return x.Name == "disclosures.csv" }) {
			t.Errorf("%v %+v", r.Faults, r.Manifest)
		}
		h.has(h.get("auditor", "/th/office/evidence", 200), "คุณauditor", "ทุกหน่วยงาน")
		h.get("bare", "/th/office/evidence", 403)
	})
}
