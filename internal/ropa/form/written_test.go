package form_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/doc/flow"
	"prasan/internal/ropa"
	"prasan/internal/ropa/form"
)

// pdfText is the text of a PDF as another program reads it.
func pdfText(t *testing.T, data []byte) string {
	t.Helper()
	if _, err := exec.LookPath("pdftotext"); err != nil {
		t.Skip("pdftotext is not installed (Debian's poppler-utils)")
	}
	path := filepath.Join(t.TempDir(), "a.pdf")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("pdftotext", "-raw", path, "-").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return bare(string(out))
}

func TestThePaperFormHoldsEveryAnswer(t *testing.T) {
	for _, code := range ropa.SeedCodes {
		rev := ropa.Seed(code, 2)
		data := export(t, rev, "pdf")
		if !bytes.Equal(data, export(t, rev, "pdf")) {
			t.Error("two papers of one record differ")
		}
		text := pdfText(t, data)
		for i := range ropa.Rows {
			d := &ropa.Rows[i]
			if want := bare(rev.Form.Row(d.ID).Text); len([]rune(want)) < 40 && !strings.Contains(text, want) {
				t.Errorf("%s: row %d lacks %q", code, d.No, want)
			}
		}
		sum, err := ropa.SHA256(rev)
		if err != nil || strings.Count(text, sum) != strings.Count(text, "SHA-256") || !strings.Contains(text, sum) {
			t.Errorf("%s: the digest does not stand on every page: %v", code, err)
		}
	}
}

func TestThePaperSaysTheTruthAsItIsGiven(t *testing.T) {
	rev := ropa.Seed("contact-us", 2)
	var b bytes.Buffer
	if err := form.Paper(rev, form.PaperOptions{At: time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC), Truth: map[string]string{"retention": "ATTESTED"}}, &b); err != nil {
		t.Fatal(err)
	}
	text := pdfText(t, b.Bytes())
	if strings.Count(text, "ATTESTED") != 1 || strings.Contains(text, "VERIFIED") || !strings.Contains(text, "2569") {
		t.Error("the column says other than what it was given")
	}
}

func TestLinkedDataHasTheTermsOfTheVocabulary(t *testing.T) {
	for _, code := range ropa.SeedCodes {
		rev := ropa.Seed(code, 2)
		var doc map[string]any
		if err := json.Unmarshal(export(t, rev, "jsonld"), &doc); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"@context", "@id", "@type", "dpv:hasDataController", "dpv:hasPersonalData", "dpv:hasPurpose", "dpv:hasLegalBasis", "dpv:hasNotice", "dpv:hasDataSource", "dpv:hasStorageCondition", "ropa:answers"} {
			if doc[key] == nil {
				t.Errorf("%s lacks %s", code, key)
			}
		}
		if n := len(doc["dpv:hasPersonalData"].([]any)); n != len(rev.Elements) {
			t.Errorf("%s: %d data", code, n)
		}
		if n := len(doc["ropa:answers"].([]any)); n != len(ropa.Rows) {
			t.Errorf("%s: %d answers", code, n)
		}
	}
}

func TestTheObservedFlowMarksWhatTheRecordDoesNotKnow(t *testing.T) {
	rev := ropa.Seed("contact-us", 2)
	d := form.Observed(rev, "en", []form.Passage{{From: 1, To: 2, Count: 366}, {From: 2, To: 6, Count: 3}})
	var undeclared, counted int
	for _, e := range d.Edges {
		if e.Undeclared {
			undeclared++
		}
		if e.Count == 366 && e.Share == 1 {
			counted++
		}
	}
	if undeclared != 1 || counted != 1 || !strings.Contains(d.Description, "366 times") {
		t.Errorf("%d undeclared, %d counted: %s", undeclared, counted, d.Description)
	}
	var b bytes.Buffer
	if err := flow.SVG(d, "observed", &b); err != nil || !strings.Contains(b.String(), "happened, but is not in the record") {
		t.Errorf("%v", err)
	}
	if plain := export(t, rev, "svg"); bytes.Contains(plain, []byte("ไม่มีในบันทึก")) {
		t.Error("the declared flow shows the mark of undeclared ways")
	}
}

func TestDiagramsOfBothLanguages(t *testing.T) {
	d := form.Diagram(ropa.Seed("contact-us", 2), "en")
	for _, n := range d.Nodes {
		if strings.ContainsFunc(n.Text, func(r rune) bool { return r >= 'ก' && r <= '๛' }) {
			t.Errorf("step %d has no English: %s", n.No, n.Text)
		}
	}
	if d.Lanes[0] != "General user" {
		t.Errorf("%q", d.Lanes)
	}
}

// A spreadsheet must not take an answer for a formula.
func TestAnswersAreNoFormulas(t *testing.T) {
	rev := ropa.Seed("contact-us", 2)
	for id, text := range map[string]string{"volume": "=HYPERLINK(\"x\")", "sources": "@SUM(1)", "retention": "+66", "review.cycle": "-1+1", "legal_bases": "\t=1"} {
		rev.Form[id] = ropa.Row{State: ropa.Given, Text: text}
		if csv := string(export(t, rev, "csv")); !strings.Contains(csv, ",'"+text[:1]) && !strings.Contains(csv, ",\"'"+text[:1]) {
			t.Errorf("%q is written as a formula", text)
		}
	}
}
