package ecms

import (
	"crypto/subtle"
	"crypto/x509"
	"strings"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// A second opinion on signatures: documents are read by a library into a tree of their own,
// and their canonical form is the library's. It takes many times their size in memory.

// otherCanonical makes the canonicaliser of an algorithm; nil for one that is not taken.
func otherCanonical(algorithm, prefixes string) dsig.Canonicalizer {
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

// otherVerify returns the canonical form of what was signed.
func otherVerify(document []byte) ([]byte, *x509.Certificate, error) {
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(document); err != nil || doc.Root() == nil {
		return nil, nil, altered("the document cannot be read")
	}
	letter, signature := otherOnly(doc.Root(), "CorrespondenceLetter"), otherOnly(doc.Root(), "Signature")
	if letter == nil || signature == nil || signature.NamespaceURI() != dsNS {
		return nil, nil, altered("there must be one letter and one signature")
	}
	info, value := otherOnly(signature, "SignedInfo"), otherOnly(signature, "SignatureValue")
	certificate, err := otherCertificateIn(signature)
	if err != nil {
		return nil, nil, err
	}
	if info == nil || value == nil {
		return nil, nil, altered("its parts are missing")
	}
	signed, err := otherReferred(doc.Root(), letter, info)
	if err != nil {
		return nil, nil, err
	}
	text, err := otherCanonicalOf(info, info.SelectElement("CanonicalizationMethod"))
	if err != nil {
		return nil, nil, err
	}
	given, err := decode64(value.Text())
	if err != nil {
		return nil, nil, altered("its value is not base64")
	}
	method := otherAttributeOf(info.SelectElement("SignatureMethod"), "Algorithm")
	if !fits(certificate, method, text, given) {
		return nil, nil, altered("its value does not fit")
	}
	return signed, certificate, nil
}

// otherOnly finds the one descendant of a name; nil where there is none, or where there are two.
func otherOnly(e *etree.Element, name string) *etree.Element {
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

func otherAttributeOf(e *etree.Element, name string) string {
	if e == nil {
		return ""
	}
	return e.SelectAttrValue(name, "")
}

// otherReferred checks that the one reference is to the letter, by an ID that nothing else has,
// and that its digest fits; it returns what was digested.
func otherReferred(root, letter, info *etree.Element) ([]byte, error) {
	reference := otherOnly(info, "Reference")
	id := otherIdOf(letter)
	if reference == nil || id == "" || reference.SelectAttrValue("URI", "") != "#"+id || otherBearers(root, id) != 1 {
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
	text, err := otherCanonicalOf(letter, how)
	if err != nil {
		return nil, err
	}
	hash, ok := digests[otherAttributeOf(reference.SelectElement("DigestMethod"), "Algorithm")]
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

func otherIdOf(e *etree.Element) string {
	for _, a := range e.Attr {
		if a.Space == "" && strings.EqualFold(a.Key, "id") {
			return a.Value
		}
	}
	return ""
}

// otherBearers counts the elements that bear an ID.
func otherBearers(e *etree.Element, id string) int {
	n := 0
	if otherIdOf(e) == id {
		n++
	}
	for _, c := range e.ChildElements() {
		n += otherBearers(c, id)
	}
	return n
}

// otherCanonicalOf is the canonical form of an element where it stands. Without a method it is
// that of Canonical XML 1.0, as the recommendation says.
func otherCanonicalOf(e, method *etree.Element) ([]byte, error) {
	algorithm, prefixes := "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", ""
	if method != nil {
		algorithm = method.SelectAttrValue("Algorithm", "")
		prefixes = otherAttributeOf(method.SelectElement("InclusiveNamespaces"), "PrefixList")
	}
	c := otherCanonical(algorithm, prefixes)
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

func otherCertificateIn(signature *etree.Element) (*x509.Certificate, error) {
	e := otherOnly(signature, "X509Certificate")
	if e == nil {
		return nil, altered("there must be one certificate")
	}
	return certificateOf(e.Text())
}
