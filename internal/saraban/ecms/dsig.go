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
)

// The signature under a letter (ram:GovernmentSignature) stands beside what it signs: a
// ds:Signature with one reference, to the CorrespondenceLetter by its ID (XML Signature,
// W3C Recommendation 2013). The letter is digested while it is read.

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

const sha256Name = "http://www.w3.org/2001/04/xmlenc#sha256"

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
	said, err := readCorrespondence(signed, true)
	if err != nil {
		return nil, err
	}
	said.Document = l.Document
	*l = *said
	return certificate, nil
}

// verify returns what was signed, as it was read for its digest.
func verify(d *Document) (*element, *x509.Certificate, error) {
	root, err := d.tree()
	if err != nil {
		return nil, nil, altered("the document cannot be read")
	}
	letter, signature := only(root, "CorrespondenceLetter"), only(root, "Signature")
	if letter == nil || letter != root.child("CorrespondenceLetter") || signature == nil || !isDS(signature) {
		return nil, nil, altered("there must be one letter and one signature")
	}
	info, value := part(signature, "SignedInfo"), part(signature, "SignatureValue")
	certificate, err := certificateIn(signature)
	if err != nil {
		return nil, nil, err
	}
	if info == nil || value == nil {
		return nil, nil, altered("its parts are missing")
	}
	// Who signed is asked first: it costs little, and the letter may be large.
	var text bytes.Buffer
	info, err = canonicalOf(&text, info, part(info, "CanonicalizationMethod"))
	if err != nil {
		return nil, nil, err
	}
	given, err := decode64(value.get())
	if err != nil {
		return nil, nil, altered("its value is not base64")
	}
	if !fits(certificate, part(info, "SignatureMethod").attribute("Algorithm"), text.Bytes(), given) {
		return nil, nil, altered("its value does not fit")
	}
	signed, err := referred(root, letter, info)
	return signed, certificate, err
}

// only finds the one descendant of a name, in whatever case; nil where there is none, or
// where there are two.
func only(e *element, name string) *element {
	var found []*element
	var walk func(*element)
	walk = func(e *element) {
		for _, c := range e.children {
			if strings.EqualFold(c.name, name) {
				found = append(found, c)
			}
			walk(c)
		}
	}
	walk(e)
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

func isDS(e *element) bool { return declared(inherited(e), e.prefix) == dsNS }

// part is the one child of a name of a part of a signature.
func part(e *element, name string) *element {
	var found []*element
	if e != nil {
		for _, c := range e.children {
			if c.name == name && isDS(c) {
				found = append(found, c)
			}
		}
	}
	if len(found) != 1 {
		return nil
	}
	return found[0]
}

// attribute is the value of an attribute of no namespace, written as it is called.
func (e *element) attribute(name string) string {
	if e != nil {
		for _, a := range e.attrs {
			if a.Name.Space == "" && a.Name.Local == name {
				return a.Value
			}
		}
	}
	return ""
}

// referred checks that the one reference is to the letter, by an ID that nothing else has,
// and that its digest fits; it returns what was digested.
func referred(root, letter, info *element) (*element, error) {
	reference := part(info, "Reference")
	own := idsOf(letter)
	if reference == nil || len(own) != 1 || own[0] == "" || reference.attribute("URI") != "#"+own[0] || bearers(root, own[0]) != 1 {
		return nil, altered("it must refer to the letter by its ID")
	}
	var how *element
	for _, transforms := range reference.all("Transforms") {
		if how != nil || len(transforms.children) > 1 {
			return nil, altered("more than one transform")
		}
		if how = part(transforms, "Transform"); how == nil && len(transforms.children) > 0 {
			return nil, altered("its transform is of no kind that is taken")
		}
	}
	hash, ok := digests[part(reference, "DigestMethod").attribute("Algorithm")]
	value := part(reference, "DigestValue")
	if !ok || value == nil {
		return nil, altered("its digest is of no kind that is taken")
	}
	sum := hash.New()
	signed, err := canonicalOf(sum, letter, how)
	if err != nil {
		return nil, err
	}
	want, err := decode64(value.get())
	if err != nil || subtle.ConstantTimeCompare(want, sum.Sum(nil)) != 1 {
		return nil, altered("the letter is not what was signed")
	}
	return signed, nil
}

// idsOf are the values of the attributes that may be an ID, in whatever case.
func idsOf(e *element) []string {
	var out []string
	for _, a := range e.attrs {
		if (a.Name.Space == "" || a.Name.Space == "xml") && strings.EqualFold(a.Name.Local, "id") {
			out = append(out, a.Value)
		}
	}
	return out
}

// bearers counts the elements that bear an ID.
func bearers(e *element, id string) int {
	n := 0
	if slices.Contains(idsOf(e), id) {
		n++
	}
	for _, c := range e.children {
		n += bearers(c, id)
	}
	return n
}

// canonicalOf writes the canonical form of an element where it stands. Without a method it
// is that of Canonical XML 1.0, as the recommendation says.
func canonicalOf(w io.Writer, e, method *element) (*element, error) {
	algorithm, always := inclusive10, []string(nil)
	if method != nil {
		algorithm = method.attribute("Algorithm")
		for _, c := range method.children {
			if algorithm != exclusive || c.name != "InclusiveNamespaces" || declared(inherited(c), c.prefix) != exclusive {
				return nil, altered("its canonical form is of no kind that is taken")
			}
			for _, prefix := range strings.Fields(c.attribute("PrefixList")) {
				always = append(always, strings.TrimSuffix(prefix, "#default"))
			}
		}
	}
	if !slices.Contains([]string{inclusive10, inclusive11, exclusive}, algorithm) {
		return nil, altered("its canonical form is of no kind that is taken")
	}
	read, err := canonicalise(w, e, algorithm, always)
	if errors.Is(err, errNoForm) || errors.Is(err, errNamespace) {
		return nil, altered(err.Error())
	}
	return read, err
}

func decode64(text string) ([]byte, error) {
	return base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
}

func certificateIn(signature *element) (*x509.Certificate, error) {
	e := only(signature, "X509Certificate")
	if e == nil {
		return nil, altered("there must be one certificate")
	}
	return certificateOf(e.get())
}

func certificateOf(text string) (*x509.Certificate, error) {
	der, err := decode64(text)
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
// its namespace, which stands around it: so it is digested where it stands. Its large files
// stay where they are, and are read for the digest and whenever it is sent.
func Sign(l *Letter, key crypto.Signer, certificate *x509.Certificate) error {
	const written, canonical = `<ram:CorrespondenceLetter ID="Letter">`, `<ram:CorrespondenceLetter xmlns:ram="` + ramNS + `" ID="Letter">`
	var out bytes.Buffer
	d := &Document{}
	q := &printer{w: &out, into: d}
	q.raw("<" + documentTag + ">")
	from := out.Len() + len(written)
	q.correspondence(l)
	digest := sha256.New()
	_, _ = io.WriteString(digest, canonical) // a hash takes everything
	d.text = out.Bytes()
	if err := cmp.Or(q.err, d.write(digest, from)); err != nil {
		return err
	}
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
	d.text = out.Bytes()
	l.Document = d
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
