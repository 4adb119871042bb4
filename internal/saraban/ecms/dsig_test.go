package ecms

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
)

func certified(t testing.TB, key crypto.Signer) *x509.Certificate {
	t.Helper()
	c := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "หน่วยงาน"}, NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return c
}

func signedLetter(t *testing.T, key crypto.Signer) (*Letter, *x509.Certificate) {
	t.Helper()
	l, c := letter(), certified(t, key)
	if err := Sign(l, key, c); err != nil {
		t.Fatal(err)
	}
	return l, c
}

func rsaKey(t testing.TB) crypto.Signer {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func ecdsaKey(t testing.TB) crypto.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A signature crosses the wire, lies in a queue, is handed on, and still fits.
func TestASignatureSurvivesTheWayThroughTheNode(t *testing.T) {
	for name, key := range map[string]crypto.Signer{"RSA": rsaKey(t), "ECDSA": ecdsaKey(t)} {
		q, c, _ := serve(t)
		l, certificate := signedLetter(t, key)
		if _, err := c.Send(context.Background(), "", l); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		stored, err := Marshal(&Item{Receipt: Receipt{"p1", moment0}, Letter: q.letters[0]})
		if err != nil {
			t.Fatal(err)
		}
		again, err := Unmarshal(stored)
		if err != nil {
			t.Fatal(err)
		}
		q.letters[0] = again.Letter
		item, err := c.Head(context.Background(), "")
		if err != nil {
			t.Fatal(err)
		}
		who, err := Verify(item.Letter)
		if err != nil || who == nil || !who.Equal(certificate) {
			t.Errorf("%s: %v %v", name, who, err)
		}
		if item.Letter.ID != l.ID || item.Letter.Subject != l.Subject || len(item.Letter.Attachments) != 1 {
			t.Errorf("%s: what was signed says %+v", name, item.Letter)
		}
	}
	if who, err := Verify(letter()); who != nil || err != nil {
		t.Errorf("without a signature: %v %v", who, err)
	}
}

func TestAnAlteredSignatureIsRefused(t *testing.T) {
	l, _ := signedLetter(t, ecdsaKey(t))
	whole := l.Document.String()
	forged := strings.Replace(whole, "<ram:CorrespondenceLetter ID=\"Letter\">", "<ram:CorrespondenceLetter ID=\"Letter\"><ram:ID>1</ram:ID></ram:CorrespondenceLetter><ram:CorrespondenceLetter ID=\"Letter\">", 1)
	inner := between(whole, "<ram:CorrespondenceLetter", "</ram:CorrespondenceLetter>")
	wrapped := strings.Replace(strings.Replace(whole, inner, strings.Replace(strings.ReplaceAll(inner, "0905", "9999"), `ID="Letter"`, `ID="Other"`, 1), 1), "</ds:Signature>", "<ds:Object>"+inner+"</ds:Object></ds:Signature>", 1)
	value := between(whole, "<ds:SignatureValue>", "</ds:SignatureValue>")
	for name, text := range map[string]string{
		"another subject":            strings.Replace(whole, "ทดสอบ", "อื่น", 1),
		"another file":               strings.Replace(whole, base64.StdEncoding.EncodeToString([]byte("%PDF-1.4")), base64.StdEncoding.EncodeToString([]byte("%PDF-1.5")), 1),
		"another digest":             replaceBetween(whole, "<ds:DigestValue>", "</ds:DigestValue>", base64.StdEncoding.EncodeToString(make([]byte, 32))),
		"another value":              strings.Replace(whole, value, "<ds:SignatureValue>"+base64.StdEncoding.EncodeToString(make([]byte, 64))+"</ds:SignatureValue>", 1),
		"two letters":                forged,
		"wrapped":                    wrapped,
		"a reference elsewhere":      strings.Replace(whole, `URI="#Letter"`, `URI="#Body"`, 1),
		"a reference to all":         strings.Replace(whole, `URI="#Letter"`, `URI=""`, 1),
		"a digest that is too old":   strings.Replace(whole, sha256Name, "http://www.w3.org/2000/09/xmldsig#sha1", 1),
		"a method of no kind":        strings.Replace(whole, "#ecdsa-sha256", "#hmac-sha1", 1),
		"another form":               strings.Replace(whole, `Transform Algorithm="`+exclusive, `Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116`, 1),
		"no certificate":             strings.Replace(whole, between(whole, "<ds:X509Certificate>", "</ds:X509Certificate>"), "", 1),
		"a certificate that is none": replaceBetween(whole, "<ds:X509Certificate>", "</ds:X509Certificate>", "%%%"),
		"no value":                   strings.Replace(whole, value, "", 1),
		"empty":                      strings.Replace(whole, between(whole, "<ds:Signature ", "</ds:Signature>"), "", 1),
	} {
		if text == whole {
			t.Fatalf("%s: nothing was altered", name)
		}
		got := *l
		got.Document = &Document{text: []byte(text)}
		var f *Fault
		if who, err := Verify(&got); !errors.As(err, &f) || who != nil {
			t.Errorf("%s: taken, or failing: %v", name, err)
		}
	}
}

func between(text, from, to string) string {
	a := strings.Index(text, from)
	b := strings.Index(text[a:], to)
	return text[a : a+b+len(to)]
}

func replaceBetween(text, from, to, with string) string {
	return strings.Replace(text, between(text, from, to), from+with+to, 1)
}

// Others declare namespaces on the envelope, write prefixes and white space of their own,
// and sign the form of Canonical XML 1.0.
func TestASignatureFitsWhereverNamespacesAreDeclared(t *testing.T) {
	l, certificate := signedLetter(t, ecdsaKey(t))
	text := strings.Replace(l.Document.String(), `<rsm:GovernmentDocument xmlns:rsm="`+rsmNS+`" xmlns:ram="`+ramNS+`">`, "<rsm:GovernmentDocument>", 1)
	whole := `<s:Envelope xmlns:s="` + soapNS + `" xmlns:rsm="` + rsmNS + `" xmlns:ram="` + ramNS + `"><s:Body><CorrespondenceLetterOutboundRequest>` + "\n  " + text + "\n" + `</CorrespondenceLetterOutboundRequest></s:Body></s:Envelope>`
	root, err := parseBytes([]byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	e, err := bodyOf(root)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readLetter(e.children[0])
	if err != nil {
		t.Fatal(err)
	}
	if who, err := Verify(got); err != nil || who == nil || !who.Equal(certificate) {
		t.Errorf("%v %v", who, err)
	}
}

// A tool that is not ours verifies what is signed here.
func TestXMLSecVerifiesTheSignature(t *testing.T) {
	tool, err := exec.LookPath("xmlsec1")
	if err != nil {
		t.Skip("xmlsec1 is not installed")
	}
	for name, key := range map[string]crypto.Signer{"RSA": rsaKey(t), "ECDSA": ecdsaKey(t)} {
		l, _ := signedLetter(t, key)
		path := filepath.Join(t.TempDir(), "l.xml")
		if err := os.WriteFile(path, []byte(l.Document.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command(tool, "--verify", "--insecure", "--id-attr:ID", ramNS+":CorrespondenceLetter", path).CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
}

// What a letter says is signed as the canonicaliser of the library has it, whatever signs
// are in it: the two are held against each other, and the letter is read as it was.
func TestWhatIsSignedIsInItsCanonicalForm(t *testing.T) {
	key := ecdsaKey(t)
	certificate := certified(t, key)
	for _, odd := range []string{"เรื่อง", `a & b < c > d "e" 'f'`, "a\tb", "a\nb", "a\r\nb\rc", "]]>", "<!-- x -->", "&amp;&#65;", "a\x00b\xffc", "<![CDATA[x]]>", "a\u00a0\u2028\U0001F600"} {
		l := letter()
		l.Subject, l.Description, l.Sender.GivenName, l.Attachments[0].Mime = "x"+odd+"y", "x"+odd+"y", "x"+odd+"y", odd
		l.References = []Reference{{"x" + odd + "y", "2026-11-24", odd}}
		if err := Sign(l, key, certificate); err != nil {
			t.Fatal(err)
		}
		doc := etree.NewDocument()
		if err := doc.ReadFromString(l.Document.String()); err != nil {
			t.Fatalf("%q: %v", odd, err)
		}
		method := etree.NewElement("Transform")
		method.CreateAttr("Algorithm", exclusive)
		text, err := otherCanonicalOf(otherOnly(doc.Root(), "CorrespondenceLetter"), method)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(text)
		if !strings.Contains(l.Document.String(), "<ds:DigestValue>"+base64.StdEncoding.EncodeToString(sum[:])+"<") {
			t.Errorf("%q: the canonical form is another: %s", odd, text)
		}
		subject := l.Subject
		if _, err := Verify(l); err != nil {
			t.Errorf("%q: %v", odd, err)
		}
		// What cannot be in XML is replaced; anything else comes back.
		if want := strings.NewReplacer("\x00", "\uFFFD", "\xff", "\uFFFD").Replace(subject); l.Subject != want {
			t.Errorf("%q is read as %q", want, l.Subject)
		}
	}
}

// To sign a letter does not take its length: its files stay where they are.
func TestSigningTakesLittleMemory(t *testing.T) {
	key := ecdsaKey(t)
	certificate := certified(t, key)
	l := letter()
	l.Attachments[0].Data = make([]byte, 4<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := Sign(l, key, certificate); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if got := float64(after.TotalAlloc-before.TotalAlloc) / (4 << 20); got > 0.3 {
		t.Errorf("%.2f times the attachment were allocated", got)
	}
}

// String is a document as it was written.
func (d *Document) String() string {
	var b strings.Builder
	if err := d.write(&b, 0); err != nil || b.Len() != d.length() {
		panic(fmt.Sprint(err, b.Len(), d.length()))
	}
	return b.String()
}

// What is added or moved around a letter leaves its signature fitting, and is refused all the
// same: nobody must read another letter than the one that was signed.
func TestALetterThatIsWrappedIsRefused(t *testing.T) {
	l, _ := signedLetter(t, ecdsaKey(t))
	whole := l.Document.String()
	signed := between(whole, "<ram:CorrespondenceLetter", "</ram:CorrespondenceLetter>")
	signature := between(whole, "<ds:Signature ", "</ds:Signature>")
	forged := strings.Replace(strings.Replace(signed, "0905", "9999", 1), ` ID="Letter"`, "", 1)
	first := func(add string) string { return strings.Replace(whole, signed, add+signed, 1) }
	last := func(add string) string {
		return strings.Replace(whole, "</rsm:GovernmentDocument>", add+"</rsm:GovernmentDocument>", 1)
	}
	for name, text := range map[string]string{
		"another before it":          first(forged),
		"another after it":           last(forged),
		"another, written small":     first(strings.ReplaceAll(forged, "CorrespondenceLetter", "correspondenceletter")),
		"another of no namespace":    first(strings.ReplaceAll(forged, "ram:CorrespondenceLetter", "CorrespondenceLetter")),
		"an empty one inside":        last("<x><ram:CorrespondenceLetter/></x>"),
		"in something else":          strings.Replace(whole, signed, "<x>"+signed+"</x>", 1),
		"in the object of another":   strings.Replace(whole, signed, forged+"<ds:Object xmlns:ds=\""+dsNS+"\">"+signed+"</ds:Object>", 1),
		"its ID once more":           last(`<x ID="Letter"/>`),
		"its ID in small letters":    last(`<x id="Letter"/>`),
		"its ID as one of XML":       last(`<x xml:id="Letter"/>`),
		"its ID on the document":     strings.Replace(whole, "<rsm:GovernmentDocument", `<rsm:GovernmentDocument Id="Letter"`, 1),
		"the signature twice":        last(signature),
		"another signature":          last("<Signature/>"),
		"one of another namespace":   strings.Replace(whole, `xmlns:ds="`+dsNS+`"><ds:SignedInfo`, `xmlns:ds="urn:x"><ds:SignedInfo`, 1),
		"two of what is signed":      strings.Replace(whole, "<ds:SignatureValue>", "<ds:SignedInfo/><ds:SignatureValue>", 1),
		"two values":                 strings.Replace(whole, "<ds:KeyInfo>", "<ds:SignatureValue>AAAA</ds:SignatureValue><ds:KeyInfo>", 1),
		"two certificates":           strings.Replace(whole, "<ds:X509Certificate>", "<ds:X509Certificate>AAAA</ds:X509Certificate><ds:X509Certificate>", 1),
		"an instruction in the text": strings.Replace(whole, "<ram:Subject>", "<ram:Subject><?xml version=\"1.0\"?>", 1),
	} {
		if text == whole {
			t.Fatalf("%s: nothing was altered", name)
		}
		root, err := parse(strings.NewReader(text), -1, "")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got := &Letter{Document: root.raw()}
		var f *Fault
		if who, err := Verify(got); !errors.As(err, &f) || f.Code != Altered || who != nil || got.ID != "" {
			t.Errorf("%s: taken: %v, %v", name, got.ID, err)
		}
	}
}
