package ecms

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

// A document is read the same with its files taken out of it and without, whatever stands
// where a file may be.
func TestLargeFilesAreTakenOutOfADocument(t *testing.T) {
	data := bytes.Repeat([]byte("กขค1234"), 40_000)
	written := base64.StdEncoding.EncodeToString(data)
	odd := base64.StdEncoding.EncodeToString(data[:len(data)-2])
	full := base64.StdEncoding.EncodeToString(data[:57*2000-1]) // its last line is full, and padded
	for name, row := range map[string]struct {
		text   string
		folded bool
	}{
		"one":                {"<a><b>" + written + "</b></a>", true},
		"padded":             {"<a><b>" + odd + "</b></a>", true},
		"two":                {"<a><b>" + written + "</b><b>" + odd + "</b><c>x</c></a>", true},
		"with space after":   {"<a><b>" + written + "</b>\n</a>", true},
		"small":              {"<a><b>" + written[:1000] + "</b></a>", false},
		"in two lines":       {"<a><b>" + written[:70000] + "\r\n" + written[70000:] + "</b></a>", false},
		"in lines":           {"<a><b>" + broken(written, 76, "\n") + "</b></a>", true},
		"in lines of others": {"<a><b>\r\n" + broken(odd, 64, "\r\n") + "\r\n</b></a>", true},
		"in lines of Java":   {"<a><b>" + broken(odd, 76, "&#13;\n") + "&#xD;\n </b></a>", true},
		"in full lines":      {"<a><b>" + broken(full, 76, "\n") + "\n</b></a>", true},
		"no line after":      {"<a><b>" + broken(full, 76, "\n") + "</b></a>", true},
		"two lines after":    {"<a><b>" + broken(full, 76, "\n") + "\n\n</b></a>", true},
		"indented":           {"<a>\n  <b>\n    " + broken(written, 76, "\n    ") + "\n  </b></a>", true},
		"lines of words":     {"<a><b>" + strings.Repeat("word ", 30_000) + "</b></a>", true},
		"a padded line":      {"<a><b>" + broken(full+full, 76, "\n") + "</b></a>", false},
		"a short line":       {"<a><b>" + broken(written[:76*1000], 76, "\n") + "\nAAAA\n" + broken(written[76*1000:], 76, "\n") + "</b></a>", false},
		"a long line":        {"<a><b>" + broken(written[:76*1000], 76, "\n") + "AAAA\n" + broken(written[76*1000:], 76, "\n") + "</b></a>", false},
		"other ends":         {"<a><b>" + broken(written[:76*1000], 76, "\n") + "\r\n" + broken(written[76*1000:], 76, "\n") + "</b></a>", false},
		"lines and a sign":   {"<a><b>" + broken(written, 76, "\n") + "%</b></a>", false},
		"lines, comment":     {"<a><b>" + broken(written, 76, "\n") + "\n<!-- x --> \n</b></a>", true},
		"far away":           {"<a><b>" + strings.Repeat(" ", 100) + written + "</b></a>", false},
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
		for _, folder := range []string{"", t.TempDir(), "/nowhere"} {
			f, err := readFolded(strings.NewReader(row.text), folder)
			if err != nil || len(f.folds) > 0 != row.folded {
				t.Errorf("%s: %d folds, %v", name, len(f.folds), err)
			}
			if back, err := unfold(f.out, f.folds); err != nil || string(back) != row.text {
				t.Errorf("%s: it is another when it is put back, %v", name, err)
			}
		}
		plain, err := parseBytes([]byte(row.text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		root, err := parse(strings.NewReader(row.text), -1, t.TempDir())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if root.saying() != plain.saying() {
			t.Errorf("%s is read as another", name)
		}
	}
	for _, text := range []string{"<a><b>" + written, "<a><b>" + written + "</c></a>", "<a/>" + written + "<b/>", "<a><b>" + written + "</b>]]></a>"} {
		if _, err := parse(strings.NewReader(text), -1, ""); err == nil {
			t.Errorf("%.20q… is taken", text)
		}
	}
}

func broken(text string, line int, between string) string {
	var b strings.Builder
	for i := 0; i < len(text); i += line {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(text[i:min(i+line, len(text))])
	}
	return b.String()
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
	if got.Attachments[0].Pieces == nil || len(got.Document.text) > 20_000 || len(got.Document.String()) < len(l.Document.String()) {
		t.Errorf("it is not kept in pieces: %d", len(got.Document.text))
	}
	who, err := Verify(got)
	if who == nil || err != nil || !bytes.Equal(whole64(t, got.Attachments[0]), l.Attachments[0].Data) {
		t.Errorf("%v %v", who, err)
	}
}

func whole64(t *testing.T, f File) (out []byte) {
	t.Helper()
	if err := f.Each(func(b []byte) error { out = append(out, b...); return nil }); err != nil || len(out) != f.Length() {
		t.Fatalf("%d of %d bytes, %v", len(out), f.Length(), err)
	}
	return out
}

// A document whose files lie elsewhere is the same again when they are put to it; without
// them, or with others, nothing can be read of it.
func TestADocumentIsWholeOnlyWithItsFiles(t *testing.T) {
	key := ecdsaKey(t)
	l, file := letter(), bytes.Repeat([]byte("กขค1234"), 20_000)
	l.Main.Data, l.Attachments[0].Data = file[1:], file
	if err := Sign(l, key, certified(t, key)); err != nil {
		t.Fatal(err)
	}
	body, err := Marshal(&Item{Receipt: Receipt{"p1", moment0}, Letter: l})
	if err != nil || len(body) > 20_000 {
		t.Fatalf("%d bytes, %v", len(body), err)
	}
	reread := func(files ...[]byte) *Letter {
		item, err := Unmarshal(bytes.Clone(body))
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range files {
			item.Letter.Document.Keep(i, File{Data: f})
		}
		return item.Letter
	}
	got := reread(l.Main.Data, file)
	if who, err := Verify(got); who == nil || err != nil || got.Document.String() != l.Document.String() || !bytes.Equal(whole64(t, got.Attachments[0]), file) {
		t.Errorf("%v", err)
	}
	for name, files := range map[string][][]byte{"none": nil, "one": {l.Main.Data}, "a shorter one": {l.Main.Data, file[2:]}} {
		var f *Fault
		if who, err := Verify(reread(files...)); who != nil || err == nil || errors.As(err, &f) {
			t.Errorf("%s: %v", name, err)
		}
	}
	other := bytes.Clone(file)
	other[70_000]++
	var f *Fault
	if who, err := Verify(reread(l.Main.Data, other)); who != nil || !errors.As(err, &f) || f.Code != Altered {
		t.Errorf("another file: %v", err)
	}
}
