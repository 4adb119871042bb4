package ecms

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // sha-384 and sha-512, by their identifiers
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// The signature under a letter (ram:GovernmentSignature) stands beside what it signs: a
// ds:Signature with one reference, to the CorrespondenceLetter by its ID (XML Signature,
// W3C Recommendation 2013). Canonical XML is goxmldsig's; the rest is here, because its
// verifier knows only signatures inside of what they sign.

const dsNS = "http://www.w3.org/2000/09/xmldsig#"

// digests and signatures are the algorithms that are taken. SHA-1 is not.
var digests = map[string]crypto.Hash{
	"http://www.w3.org/2001/04/xmlenc#sha256":       crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	"http://www.w3.org/2001/04/xmlenc#sha512":       crypto.SHA512,
}

var signatures = map[string]crypto.Hash{
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha256":   crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha384":   crypto.SHA384,
	"http://www.w3.org/2001/04/xmldsig-more#rsa-sha512":   crypto.SHA512,
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256": crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384": crypto.SHA384,
	"http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512": crypto.SHA512,
}

const (
	exclusive  = "http://www.w3.org/2001/10/xml-exc-c14n#"
	sha256Name = "http://www.w3.org/2001/04/xmlenc#sha256"
)

// canonical makes the canonicaliser of an algorithm; nil for one that is not taken.
func canonical(algorithm, prefixes string) dsig.Canonicalizer {
	switch algorithm {
	case exclusive:
		return dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList(prefixes)
	case "http://www.w3.org/TR/2001/REC-xml-c14n-20010315":
		return dsig.MakeC14N10RecCanonicalizer()
	case "http://www.w3.org/2006/12/xml-c14n11":
		return dsig.MakeC14N11Canonicalizer()
	}
	return nil
}

// Altered is the ErrorCode of a letter that is not what was signed.
const Altered = "308"

func altered(why string) error { return &Fault{Altered, "the signature of the letter: " + why} }

// Verify checks the signature under a letter as it came, and returns the certificate that
// signed it; nil for a letter without one. Whether that certificate is the sender's, the
// caller knows. What the letter says is then what was signed and nothing else.
func Verify(l *Letter) (*x509.Certificate, error) {
	if l.Document == nil {
		return nil, nil
	}
	signed, certificate, err := verify(l.Document)
	if err != nil {
		return nil, err
	}
	root, err := parseBytes(signed)
	if err != nil {
		return nil, altered("what was signed cannot be read")
	}
	said, err := readLetter(&element{children: []*element{root}})
	if err != nil {
		return nil, err
	}
	said.Document = l.Document
	*l = *said
	return certificate, nil
}

// verify returns the canonical form of what was signed.
func verify(document []byte) ([]byte, *x509.Certificate, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(document); err != nil || doc.Root() == nil {
		return nil, nil, altered("the document cannot be read")
	}
	letter, signature := only(doc.Root(), "CorrespondenceLetter"), only(doc.Root(), "Signature")
	if letter == nil || signature == nil || signature.NamespaceURI() != dsNS {
		return nil, nil, altered("there must be one letter and one signature")
	}
	info, value := only(signature, "SignedInfo"), only(signature, "SignatureValue")
	certificate, err := certificateIn(signature)
	if err != nil {
		return nil, nil, err
	}
	if info == nil || value == nil {
		return nil, nil, altered("its parts are missing")
	}
	signed, err := referred(doc.Root(), letter, info)
	if err != nil {
		return nil, nil, err
	}
	text, err := canonicalOf(info, info.SelectElement("CanonicalizationMethod"))
	if err != nil {
		return nil, nil, err
	}
	given, err := decode64(value.Text())
	if err != nil {
		return nil, nil, altered("its value is not base64")
	}
	method := attributeOf(info.SelectElement("SignatureMethod"), "Algorithm")
	if !fits(certificate, method, text, given) {
		return nil, nil, altered("its value does not fit")
	}
	return signed, certificate, nil
}

// only finds the one descendant of a name; nil where there is none, or where there are two.
func only(e *etree.Element, name string) *etree.Element {
	var found *etree.Element
	n := 0
	var walk func(*etree.Element)
	walk = func(e *etree.Element) {
		for _, c := range e.ChildElements() {
			if c.Tag == name {
				found = c
				n++
			}
			walk(c)
		}
	}
	walk(e)
	if n != 1 {
		return nil
	}
	return found
}

func attributeOf(e *etree.Element, name string) string {
	if e == nil {
		return ""
	}
	return e.SelectAttrValue(name, "")
}

// referred checks that the one reference is to the letter, by an ID that nothing else has,
// and that its digest fits; it returns what was digested.
func referred(root, letter, info *etree.Element) ([]byte, error) {
	reference := only(info, "Reference")
	id := idOf(letter)
	if reference == nil || id == "" || reference.SelectAttrValue("URI", "") != "#"+id || bearers(root, id) != 1 {
		return nil, altered("it must refer to the letter by its ID")
	}
	var how *etree.Element
	if transforms := reference.SelectElement("Transforms"); transforms != nil {
		all := transforms.ChildElements()
		if len(all) > 1 {
			return nil, altered("more than one transform")
		}
		if len(all) == 1 {
			how = all[0]
		}
	}
	text, err := canonicalOf(letter, how)
	if err != nil {
		return nil, err
	}
	hash, ok := digests[attributeOf(reference.SelectElement("DigestMethod"), "Algorithm")]
	value := reference.SelectElement("DigestValue")
	if !ok || value == nil {
		return nil, altered("its digest is of no kind that is taken")
	}
	want, err := decode64(value.Text())
	sum := hash.New()
	sum.Write(text)
	if err != nil || subtle.ConstantTimeCompare(want, sum.Sum(nil)) != 1 {
		return nil, altered("the letter is not what was signed")
	}
	return text, nil
}

func idOf(e *etree.Element) string {
	for _, a := range e.Attr {
		if a.Space == "" && strings.EqualFold(a.Key, "id") {
			return a.Value
		}
	}
	return ""
}

// bearers counts the elements that bear an ID.
func bearers(e *etree.Element, id string) int {
	n := 0
	if idOf(e) == id {
		n++
	}
	for _, c := range e.ChildElements() {
		n += bearers(c, id)
	}
	return n
}

// canonicalOf is the canonical form of an element where it stands. Without a method it is
// that of Canonical XML 1.0, as the recommendation says.
func canonicalOf(e, method *etree.Element) ([]byte, error) {
	algorithm, prefixes := "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", ""
	if method != nil {
		algorithm = method.SelectAttrValue("Algorithm", "")
		prefixes = attributeOf(method.SelectElement("InclusiveNamespaces"), "PrefixList")
	}
	c := canonical(algorithm, prefixes)
	if c == nil {
		return nil, altered("its canonical form is of no kind that is taken")
	}
	around, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, altered("namespaces")
	}
	alone, err := etreeutils.NSDetatch(around, e)
	if err != nil {
		return nil, altered("namespaces")
	}
	out, err := c.Canonicalize(alone)
	if err != nil {
		return nil, altered("it has no canonical form")
	}
	return out, nil
}

func decode64(text string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
}

func certificateIn(signature *etree.Element) (*x509.Certificate, error) {
	e := only(signature, "X509Certificate")
	if e == nil {
		return nil, altered("there must be one certificate")
	}
	der, err := decode64(e.Text())
	if err != nil {
		return nil, altered("its certificate is not base64")
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, altered("its certificate cannot be read")
	}
	return c, nil
}

// fits checks a signature value. Those of ECDSA are the two numbers, side by side.
func fits(c *x509.Certificate, method string, text, value []byte) bool {
	hash, ok := signatures[method]
	if !ok {
		return false
	}
	sum := hash.New()
	sum.Write(text)
	switch key := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return strings.Contains(method, "#rsa-") && key.N.BitLen() >= 2048 && rsa.VerifyPKCS1v15(key, hash, sum.Sum(nil), value) == nil
	case *ecdsa.PublicKey:
		n := (key.Curve.Params().BitSize + 7) / 8
		return strings.Contains(method, "#ecdsa-") && len(value) == 2*n && ecdsa.Verify(key, sum.Sum(nil), new(big.Int).SetBytes(value[:n]), new(big.Int).SetBytes(value[n:]))
	}
	return false
}

var errSigner = errors.New("ecms: the key is neither RSA nor ECDSA")

// Sign signs a letter with the key of a certificate: from then on it is sent as it was
// signed. A letter is written in its canonical form (exclusive) but for the declaration of
// its namespace, which stands around it: so it is digested where it stands, no tree is built
// of it, and it is in memory once more and not several times.
func Sign(l *Letter, key crypto.Signer, certificate *x509.Certificate) error {
	const written, canonical = `<ram:CorrespondenceLetter ID="Letter">`, `<ram:CorrespondenceLetter xmlns:ram="` + ramNS + `" ID="Letter">`
	var size counter
	count := &printer{w: &size}
	count.correspondence(l)
	var out bytes.Buffer
	out.Grow(int(size) + 2*len(certificate.Raw) + 8<<10)
	q := &printer{w: &out}
	q.raw("<" + documentTag + ">")
	from := out.Len() + len(written)
	q.correspondence(l)
	if err := cmp.Or(count.err, q.err); err != nil {
		return err
	}
	digest := sha256.New()
	_, _ = io.WriteString(digest, canonical) // a hash takes everything
	_, _ = digest.Write(out.Bytes()[from:])
	method := "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
	if _, ok := key.Public().(*ecdsa.PublicKey); ok {
		method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
	}
	info := fmt.Sprintf(`<ds:SignedInfo xmlns:ds="%s"><ds:CanonicalizationMethod Algorithm="%s"></ds:CanonicalizationMethod><ds:SignatureMethod Algorithm="%s"></ds:SignatureMethod><ds:Reference URI="#Letter"><ds:Transforms><ds:Transform Algorithm="%s"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="%s"></ds:DigestMethod><ds:DigestValue>%s</ds:DigestValue></ds:Reference></ds:SignedInfo>`,
		dsNS, exclusive, method, exclusive, sha256Name, base64.StdEncoding.EncodeToString(digest.Sum(nil)))
	value, err := valueOf(key, []byte(info)) // written in its canonical form
	if err != nil {
		return err
	}
	q.in("ram:GovernmentSignature", func() {
		q.tag("ram:TypeCode", "1")
		q.in("ram:SignerParty", func() {
			q.tag("ram:GivenName", l.Sender.GivenName)
			q.tag("ram:FamilyName", l.Sender.FamilyName)
			q.tag("ram:Title", l.Sender.JobTitle)
			q.tag("ram:MinistryCode", l.Sender.Ministry)
			q.tag("ram:DepartmentCode", l.Sender.Department)
		})
		q.raw(`<ds:Signature xmlns:ds="` + dsNS + `">` + info + "<ds:SignatureValue>" + base64.StdEncoding.EncodeToString(value) + "</ds:SignatureValue><ds:KeyInfo><ds:X509Data>")
		q.tag("ds:X509SubjectName", certificate.Subject.String())
		q.raw("<ds:X509Certificate>" + base64.StdEncoding.EncodeToString(certificate.Raw) + "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>")
	})
	q.raw("</rsm:GovernmentDocument>")
	l.Document = out.Bytes()
	return q.err
}

func valueOf(key crypto.Signer, info []byte) ([]byte, error) {
	sum := sha256.Sum256(info)
	switch k := key.(type) {
	case *rsa.PrivateKey:
		return k.Sign(rand.Reader, sum[:], crypto.SHA256)
	case *ecdsa.PrivateKey:
		r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
		if err != nil {
			return nil, err
		}
		n := (k.Curve.Params().BitSize + 7) / 8
		return slices.Concat(r.FillBytes(make([]byte, n)), s.FillBytes(make([]byte, n))), nil
	}
	return nil, errSigner
}
