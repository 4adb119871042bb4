package saraban

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"slices"

	"prasan/internal/saraban/ecms"
)

// What can be found of the signature under a letter that came through a node. A letter
// without one, of an organisation that need not sign, has "".
const (
	Pinned  = "pinned"  // with the organisation's own certificate
	Unknown = "unknown" // it fits, and nobody has said whose certificate it is
	Missing = "missing" // the organisation's letters must be signed
	Foreign = "foreign" // with another certificate than the organisation's
	Broken  = "broken"  // the letter is not what was signed
)

// ErrorCodes of the node about signatures, beside ecms.Altered.
const (
	codeMissing = "309"
	codeForeign = "310"
)

// signature tells what is to be said of the signature under a letter, and, where it is
// refused, by which ErrorCode. The certificate's hash is for who compares it by hand.
// An error is that it could not be looked at now.
func (s *Service) signature(l *ecms.Letter) (found, certificate string, refused *ecms.Fault, err error) {
	who, err := ecms.Verify(l)
	if errors.As(err, &refused) {
		return Broken, "", refused, nil
	}
	if err != nil {
		return "", "", nil, err
	}
	pins := s.Pins[l.Sender.Department]
	switch {
	case who == nil && len(pins) > 0:
		return Missing, "", &ecms.Fault{Code: codeMissing, Description: "letters of " + l.Sender.Department + " must be signed"}, nil
	case who == nil:
		return "", "", nil, nil
	case len(pins) == 0:
		return Unknown, fingerprint(who), nil, nil
	case !slices.ContainsFunc(pins, who.Equal):
		return Foreign, fingerprint(who), &ecms.Fault{Code: codeForeign, Description: "the letter is signed with another certificate than that of " + l.Sender.Department}, nil
	}
	return Pinned, fingerprint(who), nil, nil
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}
