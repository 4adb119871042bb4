package cms

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
)

var errSignature = errors.New("cms: the signature does not fit the content")

// Verify checks a detached signature of the kind that Sign makes, and returns the
// certificate of who signed. Whether that one is trusted is the caller's to say.
func Verify(content, signature []byte) (*x509.Certificate, error) {
	var info contentInfo
	if rest, err := asn1.Unmarshal(signature, &info); err != nil || len(rest) > 0 || !info.Type.Equal(oidSignedData) {
		return nil, errSignature
	}
	var data signedData
	if _, err := asn1.Unmarshal(info.Content.Bytes, &data); err != nil || len(data.Signers) != 1 {
		return nil, errSignature
	}
	certificates, err := x509.ParseCertificates(data.Certificates.Bytes)
	if err != nil {
		return nil, errSignature
	}
	signer := &data.Signers[0]
	for _, c := range certificates {
		if c.SerialNumber.Cmp(signer.Issuer.Serial) == 0 && bytes.Equal(c.RawIssuer, signer.Issuer.Issuer.FullBytes) {
			return c, check(content, signer, c)
		}
	}
	return nil, errSignature
}

func check(content []byte, signer *signerInfo, c *x509.Certificate) error {
	digest := sha256.Sum256(content)
	want, err := attributes(digest[:], c)
	if err != nil || !bytes.Equal(want, signer.Signed.Bytes) {
		return errSignature
	}
	set, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSet, IsCompound: true, Bytes: want})
	if err != nil {
		return err
	}
	algorithm := x509.SHA256WithRSA
	if signer.Algorithm.Algorithm.Equal(oidECDSASHA256) {
		algorithm = x509.ECDSAWithSHA256
	}
	if c.CheckSignature(algorithm, set, signer.Signature) != nil {
		return errSignature
	}
	return nil
}
