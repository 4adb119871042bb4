package ecms

import (
	"bytes"
	"context"
	"encoding/base64"
	"strings"
	"testing"
)

// A document is read the same with its files taken out of it and without, whatever stands
// where a file may be.
func TestLargeFilesAreTakenOutOfADocument(t *testing.T) {
	data := bytes.Repeat([]byte("กขค1234"), 40_000)
	written := base64.StdEncoding.EncodeToString(data)
	odd := base64.StdEncoding.EncodeToString(data[:len(data)-2])
	for name, row := range map[string]struct {
		text   string
		folded bool
	}{
		"one":                {"<a><b>" + written + "</b></a>", true},
		"padded":             {"<a><b>" + odd + "</b></a>", true},
		"two":                {"<a><b>" + written + "</b><b>" + odd + "</b><c>x</c></a>", true},
		"with space after":   {"<a><b>" + written + "</b>\n</a>", true},
		"small":              {"<a><b>" + written[:1000] + "</b></a>", false},
		"in lines":           {"<a><b>" + written[:70000] + "\r\n" + written[70000:] + "</b></a>", false},
		"cut":                {"<a><b>" + written[:99998] + "</b></a>", false},
		"loose bits":         {"<a><b>" + strings.Repeat("A", 100_000) + "AB==</b></a>", false},
		"padded inside":      {"<a><b>" + odd + odd + "</b></a>", false},
		"padded at a border": {"<a><b>" + strings.Repeat("A", foldFrom-4) + "AA==AAAA</b></a>", false},
		"beside text":        {"<a><b>" + written + "<!-- x -->yz</b></a>", true},
		"after an element":   {"<a><b><c/>" + written + "</b></a>", true},
		"after a comment":    {"<a><b>1<!-- x -->" + written + "</b></a>", true},
		"in a comment":       {"<a><!-- <b>" + written + "</b> --><b>1</b></a>", true},
		"in CDATA":           {"<a><b><![CDATA[>" + written + "<]]></b></a>", true},
		"after a sign":       {"<a><b>x>" + written + "</b></a>", true},
		"signed":             {"<a><b>" + written + "</b><GovernmentSignature/></a>", true},
	} {
		document, folds, err := readFolded(strings.NewReader(row.text))
		if err != nil || len(folds) > 0 != row.folded {
			t.Errorf("%s: %d folds, %v", name, len(folds), err)
		}
		if string(unfold(document, folds)) != row.text {
			t.Errorf("%s: it is another when it is put back", name)
		}
		plain, err := parseBytes([]byte(row.text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		root, err := parse(strings.NewReader(row.text), -1)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if root.saying() != plain.saying() {
			t.Errorf("%s is read as another", name)
		}
	}
	for _, text := range []string{"<a><b>" + written, "<a><b>" + written + "</c></a>", "<a/>" + written + "<b/>", "<a><b>" + written + "</b>]]></a>"} {
		if _, err := parse(strings.NewReader(text), -1); err == nil {
			t.Errorf("%.20q… is taken", text)
		}
	}
}

// saying is what is in a tree, by the same way as it is read.
func (e *element) saying() string {
	out := e.name + "=" + e.get()
	for _, c := range e.children {
		out += "(" + c.saying() + ")"
	}
	return out
}

// What was signed comes as it was written, however large it is.
func TestALargeSignedLetterIsKeptAsItWasSigned(t *testing.T) {
	q, c, _ := serve(t)
	l, key := letter(), ecdsaKey(t)
	l.Attachments[0].Data = bytes.Repeat([]byte("กขค1234"), 100_000)
	if err := Sign(l, key, certified(t, key)); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(context.Background(), "", l); err != nil {
		t.Fatal(err)
	}
	got := q.letters[0]
	if who, err := Verify(got); who == nil || err != nil || !bytes.Equal(got.Attachments[0].Data, l.Attachments[0].Data) {
		t.Errorf("%v %v", who, err)
	}
}
