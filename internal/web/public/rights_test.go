package public_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"prasan/internal/cases"
	"prasan/internal/db/dbtest"
	"prasan/internal/policy"
	"prasan/internal/rights"
	"prasan/internal/webtest"
)

var dpo = policy.Actor{Account: "dpo", Agency: "ops", Roles: []string{"dpo"}}

// sent sends a case and gives what its sender keeps.
func (s *site) sent() (reference, code string) {
	s.t.Helper()
	receipt := s.send(s.toCheck("th"), 200, nil)
	return receipt.TextOf("reference"), receipt.TextOf("tracking-code")
}

func (s *site) asks(right, reference, code string, status int) map[string]string {
	s.t.Helper()
	p := s.send2(s.get("/th/rights", 200).Form("right"), status, map[string]string{"right": right, "statement": "ขอให้ลบเลขบัตรของผม", "reference": reference, "code": code})
	return map[string]string{"reference": p.TextOf("reference"), "code": p.TextOf("tracking-code"), "body": p.Body, "cache": p.Header.Get("Cache-Control")}
}

// formOf finds a form by where it posts to.
type formOf struct{ page *webtest.Page }

func (f *formOf) to(suffix string) *webtest.Form {
	for _, x := range f.page.Forms() {
		if strings.HasSuffix(x.Action, suffix) {
			return x
		}
	}
	return nil
}

func TestACitizenAsksForErasureWithHisCodeAndSeesTheState(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		s := newSite(t, e)
		reference, code := s.sent()
		p := s.send2(s.get("/th/rights", 200).Form("right"), 422, map[string]string{"right": rights.Erasure, "reference": reference, "code": code, "consent_number": "_ga"})
		if !strings.Contains(p.Body, "เลขที่หลักฐานความยินยอมไม่ถูกต้อง") || p.Form("right").Values.Get("consent_number") != "_ga" {
			t.Error("a number that is none is not told of")
		}
		got := s.asks(rights.Erasure, strings.ToLower(reference), code, 200)
		if !strings.HasPrefix(got["reference"], "R-") || got["code"] == "" || got["code"] == code || got["cache"] != "no-store" {
			t.Fatalf("%v", got)
		}
		see := func() string {
			return s.send2(s.get("/th/rights/status", 200).Form("code"), 200, map[string]string{"reference": strings.ToLower(got["reference"]), "code": strings.ReplaceAll(got["code"], "-", "")}).Body
		}
		for _, want := range []string{"อยู่ระหว่างพิจารณา", "เหลือ 90 วัน", "ขอให้ลบหรือทำลายข้อมูล", reference} {
			if page := see(); !strings.Contains(page, want) {
				t.Errorf("the page of the request lacks %q", want)
			}
		}
		_, err := s.rights.Decide(context.Background(), dpo, got["reference"], rights.Decision{Outcome: rights.Refused, Ground: "33", Reasons: "จำเป็นต่อภารกิจเพื่อประโยชน์สาธารณะ"})
		must(t, err)
		for _, want := range []string{"ปฏิเสธคำร้อง", "มาตรา 33", "จำเป็นต่อภารกิจเพื่อประโยชน์สาธารณะ"} {
			if page := see(); !strings.Contains(page, want) {
				t.Errorf("the page of the refusal lacks %q", want)
			}
		}
	})
}

func TestAPersonTakesTheCopyOfHisDataOnceItIsGranted(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	reference, code := s.sent()
	got := s.asks(rights.Access, reference, code, 200)
	open := func() *formOf {
		return &formOf{s.send2(s.get("/th/rights/status", 200).Form("code"), 200, map[string]string{"reference": got["reference"], "code": got["code"]})}
	}
	if open().to("/copy") != nil {
		t.Error("a copy is offered before anybody has decided")
	}
	_, err := s.rights.Decide(context.Background(), dpo, got["reference"], rights.Decision{Outcome: rights.Granted, Reasons: "ได้ตามมาตรา 30"})
	must(t, err)
	p := s.send2(open().to("/copy"), 200, nil)
	z, err := zip.NewReader(strings.NewReader(p.Body), int64(len(p.Body)))
	must(t, err)
	f, err := z.Open("data.json")
	must(t, err)
	text, err := io.ReadAll(f)
	must(t, err)
	if !bytes.Contains(text, []byte("manee@example.com")) {
		t.Errorf("%s", text)
	}
}

func TestAnImpostorLearnsNothing(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	reference, code := s.sent()
	_, other := s.sent()
	said := map[string]bool{}
	for _, x := range [][2]string{{reference, other}, {cases.NewReference(), other}, {"nonsense", "nonsense"}} {
		p := s.send2(s.get("/th/rights", 200).Form("right"), 422, map[string]string{"right": rights.Access, "statement": "ขอดู", "reference": x[0], "code": x[1]})
		said[p.TextOf("errors")+p.TextOf("reference-error")+p.TextOf("code-error")] = true
		if f := p.Form("right"); f.Values.Get("statement") != "ขอดู" || f.Values.Get("right") != rights.Access || f.Values.Get("reference") != x[0] {
			t.Errorf("what was typed is lost: %v", f.Values)
		}
	}
	if len(said) != 1 {
		t.Errorf("an unknown reference and a wrong code look different: %v", said)
	}
	got := s.asks(rights.Access, reference, code, 200)
	said = map[string]bool{}
	for _, x := range [][2]string{{got["reference"], code}, {"R-" + cases.NewReference(), got["code"]}} {
		p := s.send2(s.get("/th/rights/status", 200).Form("code"), 422, map[string]string{"reference": x[0], "code": x[1]})
		said[p.TextOf("errors")+p.TextOf("reference-error")+p.TextOf("code-error")] = true
	}
	if len(said) != 1 {
		t.Errorf("%v", said)
	}
}

func TestWhatIsMissingIsSaidBesideItsField(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	for _, lang := range []string{"th", "en"} {
		p := s.send2(s.get("/"+lang+"/rights", 200).Form("right"), 422, map[string]string{"statement": "x"})
		for _, id := range []string{"errors", "right-error", "reference-error", "code-error"} {
			if p.ByID(id) == nil {
				t.Errorf("%s: nothing at %s", lang, id)
			}
		}
		for _, id := range []string{"right", "reference", "code"} {
			if !strings.Contains(p.Body, `href="#`+id+`"`) || p.ByID(id) == nil {
				t.Errorf("%s: the summary does not lead to %s", lang, id)
			}
		}
	}
}

func TestWhetherARightAppliesFollowsFromTheRecord(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	for i := range s.record.Purposes {
		s.record.Purposes[i].Basis = "public-task"
	}
	before := strings.Count(s.get("/en/rights", 200).Body, "Does not apply")
	for i := range s.record.Purposes {
		s.record.Purposes[i].Basis = "consent"
	}
	after := s.get("/en/rights", 200).Body
	if before != 3 || strings.Count(after, "Does not apply") != 1 { // objection lies against no consent
		t.Errorf("%d, then %d", before, strings.Count(after, "Does not apply"))
	}
}

func TestAPersonTakesHisRequestBackOnItsPage(t *testing.T) {
	s := newSite(t, dbtest.SQLite(t))
	reference, code := s.sent()
	got := s.asks(rights.Objection, reference, code, 200)
	p := s.send2(s.get("/th/rights/status", 200).Form("code"), 200, map[string]string{"reference": got["reference"], "code": got["code"]})
	if !strings.Contains(p.Body, "รหัสติดตามถูกต้อง") {
		t.Error("the page does not say how identity was shown")
	}
	p = s.send2((&formOf{p}).to("/withdraw"), 200, nil)
	if !strings.Contains(p.Body, "ถอนคำร้องแล้ว") || (&formOf{p}).to("/withdraw") != nil {
		t.Error("the request was not taken back, or may be again")
	}
}
