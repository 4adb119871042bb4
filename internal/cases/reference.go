package cases

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"io"
	"strings"
)

// alphabet leaves out what looks alike: 0 O Q, 1 I L, 2 Z, 5 S, 8 B, U. Its size is a
// prime, so that a weighted sum catches every single wrong character and every swap
// of neighbours.
const alphabet = "34679ACDEFGHJKMNPRTVWXY"

const (
	referenceLen = 9  // eight random characters and one check character
	codeLen      = 12 // 54 bits
)

// newReference draws a reference, grouped: "7KD-4MX-R2P".
func newReference(from io.Reader) string {
	return group(withCheck(randomChars(from, referenceLen-1)), 3)
}

// Reference brings what a person typed into the form of a reference; ok is false when
// it cannot be one.
func Reference(typed string) (ref string, ok bool) {
	s := clean(typed)
	if len(s) != referenceLen || withCheck(s[:referenceLen-1]) != s {
		return "", false
	}
	return group(s, 3), true
}

// cleanCode brings a typed tracking code into its form without groups.
func cleanCode(typed string) string { return clean(typed) }

// codeOf derives the tracking code from the client's nonce: a repeated submission
// shows the same code, although it is stored only hashed.
func codeOf(key, nonce []byte) string {
	b, err := hkdf.Expand(sha256.New, mac(key, nonce), "tracking-code", codeLen*2)
	if err != nil {
		panic(err) // only for lengths that SHA-256 cannot give
	}
	out := make([]byte, codeLen)
	for i := range out {
		// Two bytes a character keep the bias under a two-thousandth.
		out[i] = alphabet[(int(b[2*i])<<8|int(b[2*i+1]))%len(alphabet)]
	}
	return group(string(out), 4)
}

func mac(key, value []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(value)
	return m.Sum(nil)
}

func randomChars(from io.Reader, n int) string {
	out := make([]byte, 0, n)
	var b [1]byte
	for len(out) < n {
		if _, err := io.ReadFull(from, b[:]); err != nil {
			panic(err) // crypto/rand never fails
		}
		if int(b[0]) < 256/len(alphabet)*len(alphabet) {
			out = append(out, alphabet[int(b[0])%len(alphabet)])
		}
	}
	return string(out)
}

// withCheck appends the character that makes the weighted sum divisible by the
// alphabet's size.
func withCheck(s string) string {
	sum := 0
	for i := range len(s) {
		sum += (i + 2) * strings.IndexByte(alphabet, s[i])
	}
	n := len(alphabet)
	return s + string(alphabet[(n-sum%n)%n])
}

// clean drops separators and brings Thai digits and small letters into the alphabet.
func clean(typed string) string {
	var b strings.Builder
	for _, r := range strings.ToUpper(typed) {
		switch {
		case r >= '๐' && r <= '๙':
			b.WriteRune('0' + r - '๐')
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			b.WriteRune(r)
		}
		if b.Len() > 40 {
			break
		}
	}
	return strings.ReplaceAll(b.String(), "U", "V")
}

func group(s string, n int) string {
	var parts []string
	for ; len(s) > n; s = s[n:] {
		parts = append(parts, s[:n])
	}
	return strings.Join(append(parts, s), "-")
}
