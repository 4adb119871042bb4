package accounts

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"prasan/internal/errs"
)

// Lengths of a password: NIST SP 800-63B asks for length, not for kinds of characters,
// and for no change without a cause. The cap keeps hashing from being a lever.
const (
	minPassword = 12   // characters
	maxPassword = 1024 // bytes
)

// cost is what hashing takes: about 50 ms on one core (RFC 9106 names the knobs).
type cost struct {
	time, memory uint32 // passes, KiB
	threads      uint8
}

var present = cost{time: 2, memory: 32 << 10, threads: 1}

// hashing keeps a crowd at the door from taking all memory: each hash holds 32 MiB.
var hashing = make(chan struct{}, 2)

func derive(password string, salt []byte, c cost) []byte {
	hashing <- struct{}{}
	defer func() { <-hashing }()
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, c.time, c.memory, c.threads, 32)
}

// HashPassword returns the hash of a password in the PHC form.
func HashPassword(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt)
	return encode(derive(password, salt, present), salt, present)
}

func encode(key, salt []byte, c cost) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.time, c.threads, b.EncodeToString(salt), b.EncodeToString(key))
}

// dummy is verified where there is no account, so that its absence takes as long.
var dummy = encode(make([]byte, 32), make([]byte, 16), present)

func verifyPassword(hash, password string) bool {
	if len(password) > maxPassword {
		password = "" // as slow as any other, and wrong
	}
	key, salt, c, ok := decode(hash)
	if !ok {
		key, salt, c, _ = decode(dummy)
	}
	got := derive(password, salt, c)
	return subtle.ConstantTimeCompare(got, key) == 1 && ok && password != ""
}

func decode(hash string) (key, salt []byte, c cost, ok bool) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return nil, nil, c, false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.memory, &c.time, &c.threads); err != nil || c.time == 0 || c.threads == 0 || c.memory > 1<<20 {
		return nil, nil, c, false
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	return key, salt, c, err1 == nil && err2 == nil && len(key) == 32
}

// checkPassword says what is wrong with a new password; field names the form's field.
func checkPassword(field, password string, a Account) error {
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return errs.InvalidField(field, "error.password-short", "min", minPassword)
	case len(password) > maxPassword:
		return errs.InvalidField(field, "error.password-long", "max", maxPassword)
	case guessable(password, a.Name, a.Email, a.Display.EN, a.Display.TH):
		return errs.InvalidField(field, "error.password-guessable")
	}
	return nil
}

// letters of what people read out and type: none that look alike.
const letters = "abcdefghjkmnpqrstuvwxyz23456789"

// oneTimePassword is for handing over: four groups of five, 99 bits.
func oneTimePassword() string {
	var b strings.Builder
	for i := range 20 {
		if i > 0 && i%5 == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(pick(letters))
	}
	return b.String()
}

func pick(from string) byte {
	limit := byte(256 - 256%len(from))
	for buf := make([]byte, 1); ; {
		rand.Read(buf)
		if buf[0] < limit {
			return from[int(buf[0])%len(from)]
		}
	}
}
