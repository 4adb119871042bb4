package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"time"
)

// Ticket is what must be remembered between the two halves of a check; the face seals it
// into the state, and binds it to the browser.
type Ticket struct {
	Verifier string    `json:"v"`
	Nonce    string    `json:"n"`
	Began    time.Time `json:"b"`
}

// Person is what a provider has said: addresses that it has verified, and how sure it is.
// His name, number and picture are not asked for, and would not be looked at.
type Person struct {
	Issuer string
	Level  string // acr, as the provider calls it
	Email  string
	Phone  string
	At     time.Time
}

// Bind is how a ticket is bound to a browser: the digest of a secret that only it has.
func Bind(secret string) string {
	sum := sha256.Sum256([]byte("prasan oidc\x00" + secret))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
