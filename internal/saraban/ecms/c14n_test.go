package ecms

import (
	"bytes"
	"crypto"
	"encoding/pem"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"crypto/x509"

	"github.com/beevik/etree"
)

func canonicalText(t *testing.T, document, algorithm string, always ...string) (string, error) {
	t.Helper()
	root, err := parseBytes([]byte(document))
	if err != nil {
		t.Fatalf("%q: %v", document, err)
	}
	var out strings.Builder
	_, err = canonicalise(&out, root, algorithm, always)
	return out.String(), err
}

// generated makes documents in forms that others may write: prefixes and declarations here
// and there, attributes in any order, references, CDATA, instructions, line ends.
type generated struct {
	*rand.Rand
	comments bool
	plain    bool // a prefix stands for one namespace alone
	b        strings.Builder
}

func pick[T any](g *generated, of ...T) T { return of[g.IntN(len(of))] }

func (g *generated) document() string {
	g.b.Reset()
	g.element(0, []string{""})
	return g.b.String()
}

func (g *generated) blank() string { return pick(g, " ", "  ", "\n", "\r\n\t", " ") }

func (g *generated) element(depth int, scope []string) {
	var attrs []string
	used := map[string]bool{}
	add := func(name, value string) {
		if quote := pick(g, `"`, "'"); !used[name] && !strings.Contains(value, quote) {
			used[name] = true
			attrs = append(attrs, name+pick(g, "=", " = ", "=")+quote+value+quote)
		}
	}
	uri := map[string]bool{}
	for range g.IntN(3) {
		prefix := pick(g, "a", "b", "c", "")
		name, value := "xmlns:"+prefix, "urn:"+pick(g, "1", "2", "3", "a")
		if g.plain {
			value = "urn:" + prefix
		}
		if prefix == "" {
			name = "xmlns"
			if g.IntN(3) == 0 {
				value = ""
			}
		}
		add(name, value)
		if used[name] {
			scope = append(scope[:len(scope):len(scope)], prefix)
		}
	}
	for range g.IntN(4) {
		prefix := pick(g, append(scope, "", "xml")...)
		name := pick(g, "x", "y", "ก", "ID", "z")
		if prefix == "xml" {
			name = pick(g, "lang", "space")
		}
		if prefix != "" {
			if uri[name] || g.plain && len(uri) > 0 { // two prefixes may be of one namespace
				continue
			}
			uri[name] = true
			name = prefix + ":" + name
		}
		add(name, pick(g, "1", "a b", "&lt;&amp;&gt;", "a\tb\nc\r\nd", "&#9;&#xA;&#13;", "ก 'ข'", `say "x"`, "&quot;&apos;", ""))
	}
	g.Shuffle(len(attrs), func(i, j int) { attrs[i], attrs[j] = attrs[j], attrs[i] })
	name := pick(g, "e", "Letter", "ง")
	if prefix := pick(g, scope...); prefix != "" {
		name = prefix + ":" + name
	}
	g.b.WriteString("<" + name)
	for _, a := range attrs {
		g.b.WriteString(g.blank() + a)
	}
	if g.IntN(6) == 0 {
		g.b.WriteString(pick(g, "/>", " />"))
		return
	}
	g.b.WriteString(pick(g, ">", " >"))
	for range g.IntN(5) {
		switch k := g.IntN(7); {
		case k < 2 && depth < 5:
			g.element(depth+1, scope)
		case k == 2:
			g.b.WriteString("<![CDATA[" + pick(g, "x", "<a>&amp;", "]]", "\r\n", "") + "]]>")
		case k == 3:
			g.b.WriteString("<?" + pick(g, "p", "p  q r ", "p\nq>", "xmlx a") + "?>")
		case k == 4 && g.comments:
			g.b.WriteString("<!--" + pick(g, "", " a - b ", "<x>", "\r\n") + "-->")
		default:
			g.b.WriteString(pick(g, "text", "\n  ", "\r\n", "&amp;&lt;&gt;", "&#13;", "&#xe01;'\"", "ก\u0e33", "a\rb"))
		}
	}
	g.b.WriteString("</" + name + pick(g, ">", " >"))
}

var algorithms = []string{inclusive10, inclusive11, exclusive}

// The canonical form is that of a tool which is not ours.
func TestTheCanonicalFormIsThatOfLibxml(t *testing.T) {
	tool, err := exec.LookPath("xmllint")
	if err != nil {
		t.Skip("xmllint is not installed")
	}
	g := &generated{Rand: rand.New(rand.NewPCG(1, 2))}
	path := filepath.Join(t.TempDir(), "d.xml")
	compared := 0
	for range 300 {
		document := g.document()
		if err := os.WriteFile(path, []byte(document), 0o600); err != nil {
			t.Fatal(err)
		}
		for i, option := range []string{"--c14n", "--c14n11", "--exc-c14n"} {
			got, ours := canonicalText(t, document, algorithms[i])
			want, theirs := exec.Command(tool, option, path).Output()
			// It reads on where namespaces are wrong.
			if ours != nil && theirs == nil {
				said, _ := exec.Command(tool, "--noout", path).CombinedOutput()
				if !bytes.Contains(said, []byte("namespace error")) {
					t.Errorf("%q is refused: %v", document, ours)
				}
				continue
			}
			if theirs != nil {
				continue
			}
			compared++
			if got != strings.TrimSuffix(string(want), "\n") {
				t.Fatalf("%s of %q is\n%q, not\n%q", option, document, got, want)
			}
		}
	}
	if compared < 600 {
		t.Errorf("only %d were compared", compared)
	}
}

// An element inside of a document has the form that the library gives it, also with comments,
// which are not in it.
func TestTheCanonicalFormIsThatOfTheLibrary(t *testing.T) {
	g := &generated{Rand: rand.New(rand.NewPCG(3, 4)), comments: true, plain: true}
	compared := 0
	for range 3000 {
		document := strings.NewReplacer("\t", " ", "\n", " ", "\r", "", "xml:lang", "lang", "xml:space", "space", "&#9;&#xA;&#13;", "", `xmlns=""`, "", `xmlns=''`, "", `xmlns = ""`, "", `xmlns = ''`, "").Replace(g.document())
		root, err := parseBytes([]byte(document))
		if err != nil {
			continue // an attribute may be there twice now
		}
		tree := etree.NewDocument()
		if err := tree.ReadFromString(document); err != nil {
			t.Fatalf("%q: %v", document, err)
		}
		e, other := root, tree.Root()
		for len(e.children) > 0 && g.IntN(3) > 0 {
			n := g.IntN(len(e.children))
			e, other = e.children[n], other.ChildElements()[n]
		}
		method := etree.NewElement("Transform")
		algorithm := pick(g, algorithms...)
		method.CreateAttr("Algorithm", algorithm)
		var got strings.Builder
		if _, err := canonicalise(&got, e, algorithm, nil); err != nil {
			continue
		}
		want, err := otherCanonicalOf(other, method)
		if err != nil {
			continue
		}
		compared++
		if got.String() != string(want) {
			t.Errorf("%s of\n%q in\n%q is\n%q, not\n%q", algorithm, document[e.start:e.end], document, got.String(), want)
			return
		}
	}
	if compared < 2500 {
		t.Errorf("only %d were compared", compared)
	}
}

// Letters that a tool which is not ours signs, in forms of their own, are taken and say what
// they say; altered by a byte they are not.
func TestWhatXMLSecSignsIsVerified(t *testing.T) {
	tool, err := exec.LookPath("xmlsec1")
	if err != nil {
		t.Skip("xmlsec1 is not installed")
	}
	key := rsaKey(t)
	c := certified(t, key)
	dir := t.TempDir()
	keys := pemOf(t, dir, key) + "," + filepath.Join(dir, "cert.pem")
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	g := &generated{Rand: rand.New(rand.NewPCG(5, 6)), comments: true}
	for i := range 40 {
		document := template(g)
		in, out := filepath.Join(dir, "in.xml"), filepath.Join(dir, "out.xml")
		if err := os.WriteFile(in, []byte(document), 0o600); err != nil {
			t.Fatal(err)
		}
		if said, err := exec.Command(tool, "--sign", "--privkey-pem", keys, "--id-attr:ID", ramNS+":CorrespondenceLetter", "--output", out, in).CombinedOutput(); err != nil {
			t.Fatalf("%v %s\n%.4000s", err, said, document)
		}
		signed, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		l := sentIn(t, string(signed))
		if who, err := Verify(l); err != nil || who == nil || !who.Equal(c) {
			t.Fatalf("%d: %v\n%.4000s", i, err, signed)
		}
		if l.ID != "อก 1/2" || string(whole64(t, l.Main)) != "%PDF-1.4" || len(whole64(t, l.Attachments[0])) != 150_000 {
			t.Errorf("%d: it says %+v", i, l)
		}
		at := strings.Index(l.Document.String(), "CorrespondenceLetter") + 30 + g.IntN(500)
		altered := []byte(l.Document.String())
		for altered[at] < 'a' || altered[at] > 'z' {
			at++
		}
		altered[at]++
		if d, err := parse(bytes.NewReader(altered), -1, ""); err == nil {
			if who, _, err := verify(d.raw()); err == nil {
				t.Errorf("%d: altered at %d it is taken: %v", i, at, who)
			}
		}
	}
}

func pemOf(t *testing.T, dir string, key crypto.Signer) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	path := filepath.Join(dir, "key.pem")
	if err == nil {
		err = os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func sentIn(t *testing.T, envelope string) *Letter {
	t.Helper()
	root, err := parse(strings.NewReader(envelope), -1, "")
	if err != nil {
		t.Fatal(err)
	}
	e, err := bodyOf(root)
	if err != nil {
		t.Fatal(err)
	}
	l, err := readLetter(e.children[0])
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// template is an envelope with a letter that is still to be signed.
func template(g *generated) string {
	how := pick(g, algorithms...)
	inside := ""
	if how == exclusive && g.IntN(2) == 0 {
		inside = fmt.Sprintf(`<ec:InclusiveNamespaces xmlns:ec="%s" PrefixList="%s"/>`, exclusive, pick(g, "s q", "#default rsm", "x y"))
	}
	transforms := fmt.Sprintf(`<ds:Transforms><ds:Transform Algorithm="%s">%s</ds:Transform></ds:Transforms>`, how, inside)
	if how == inclusive10 && g.IntN(2) == 0 {
		transforms = ""
	}
	file := broken(strings.Repeat("QUJDREVG", 25_000), pick(g, 64, 76, 1<<20), pick(g, "\n", "\r\n", "&#13;\n", "\n   "))
	g.comments = true
	odd := g.document()
	ram := pick(g, "ram", "r", "")
	q, ns := ram+":", "xmlns:"+ram
	if ram == "" {
		q, ns = "", "xmlns"
		odd = "" // its elements without a namespace would be of the letter's
	}
	declared := fmt.Sprintf(` %s="%s"`, ns, ramNS)
	outer, inner := declared, ""
	if g.IntN(2) == 0 {
		outer, inner = "", declared
	}
	tag := func(name, text string) string { return "<" + q + name + ">" + text + "</" + q + name + ">" + g.blank() }
	letter := fmt.Sprintf(`<%sCorrespondenceLetter%s z='1' ID="Letter"%sa="x&#10;y">`, q, inner, g.blank()) +
		tag("ID", pick(g, "อก 1/2", "<![CDATA[อก 1]]>/2", "อก <!-- x -->1/2", "&#xe2d;ก 1/2")) + tag("CorrespondenceDate", "2026-11-24") + tag("Subject", "ทดสอบ &amp; &lt;x&gt;") + tag("SecretCode", "001") +
		tag("SenderParty", tag("DepartmentOrganization", tag("ID", "1"))) + tag("ReceiverParty", tag("DepartmentOrganization", tag("ID", "2"))) +
		odd + tag("MainLetterBinaryObject", "JVBERi0xLjQ=") + tag("AttachmentBinaryObject", file) + "</" + q + "CorrespondenceLetter>"
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<s:Envelope xmlns:s="%s" xmlns:q="urn:q" %s><s:Body%s %s><Request>%s<rsm:GovernmentDocument xmlns:rsm="%s"%s>%s%s<GovernmentSignature xmlns=""><ds:Signature xmlns:ds="%s"><ds:SignedInfo>%s<ds:CanonicalizationMethod Algorithm="%s"/><ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/><ds:Reference URI="#Letter">%s<ds:DigestMethod Algorithm="%s"/><ds:DigestValue/></ds:Reference></ds:SignedInfo><ds:SignatureValue/><ds:KeyInfo><ds:X509Data><ds:X509Certificate/></ds:X509Data></ds:KeyInfo></ds:Signature></GovernmentSignature></rsm:GovernmentDocument></Request></s:Body></s:Envelope>`,
		soapNS, pick(g, `xml:lang="th"`, `xmlns:w="urn:w"`), "", pick(g, `xml:space="preserve"`, `xmlns:v="urn:v"`), g.blank(), rsmNS, outer, g.blank(), letter, dsNS, g.blank(), pick(g, algorithms...), transforms, sha256Name)
}
