package accounts

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"image"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
)

// A code holds for 30 seconds (RFC 6238) and one step before and after, for clocks
// that differ.
const (
	totpPeriod = 30
	totpWindow = 1
)

func newSecret() string {
	b := make([]byte, 20)
	rand.Read(b)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(b)
}

func step(at time.Time) int64 { return at.Unix() / totpPeriod }

// matchTOTP returns the step whose code it is. Each is looked at, so that the time
// taken does not tell which one matched.
func matchTOTP(secret, code string, at time.Time) (int64, bool) {
	code = strings.Map(dropSpace, code)
	found, ok := int64(0), false
	for s := step(at) - totpWindow; s <= step(at)+totpWindow; s++ {
		want, err := hotp.GenerateCode(secret, uint64(s))
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found, ok = s, true
		}
	}
	return found, ok
}

// dropSpace removes what people put between the digits, and takes Thai digits.
func dropSpace(r rune) rune {
	switch {
	case r == ' ', r == '-', r == '\u00a0', r == '\t':
		return -1
	case r >= '๐' && r <= '๙':
		return '0' + r - '๐'
	}
	return r
}

// Enrolment is what an authenticator app is given.
type Enrolment struct {
	Secret string // base32, for typing
	URL    string // otpauth://
}

func enrolment(issuer, account, secret string) Enrolment {
	q := url.Values{"secret": {secret}, "issuer": {issuer}, "algorithm": {"SHA1"}, "digits": {"6"}, "period": {fmt.Sprint(totpPeriod)}}
	return Enrolment{Secret: secret, URL: "otpauth://totp/" + url.PathEscape(issuer+":"+account) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")}
}

// Grouped is the secret in groups of four, for reading.
func (e Enrolment) Grouped() string {
	var parts []string
	for s := e.Secret; s != ""; {
		n := min(4, len(s))
		parts, s = append(parts, s[:n]), s[n:]
	}
	return strings.Join(parts, " ")
}

// QR returns the modules of the QR code, row by row; it is made here and goes nowhere.
func (e Enrolment) QR() ([][]bool, error) {
	key, err := otp.NewKeyFromURL(e.URL)
	if err != nil {
		return nil, err
	}
	var img image.Image
	for size := 21; size <= 177; size += 4 { // the versions of ISO/IEC 18004: the one that fits has one pixel a module
		if img, err = key.Image(size, size); err == nil {
			break
		}
	}
	if err != nil {
		return nil, err
	}
	b := img.Bounds()
	out := make([][]bool, b.Dy())
	for y := range out {
		out[y] = make([]bool, b.Dx())
		for x := range out[y] {
			r, _, _, _ := img.At(b.Min.X+x, b.Min.Y+y).RGBA()
			out[y][x] = r < 0x8000
		}
	}
	return out, nil
}
