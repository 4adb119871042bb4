package ga

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Scopes of the two interfaces that want a token.
const (
	scopeReports  = "https://www.googleapis.com/auth/analytics.readonly"
	scopeDeletion = "https://www.googleapis.com/auth/analytics.user.deletion"
)

// audience is what the assertion is for; a gateway on the way does not change it.
const audience = "https://oauth2.googleapis.com/token"

// account is what is needed of the key of a service account.
type account struct {
	Type    string `json:"type"`
	Email   string `json:"client_email"`
	KeyID   string `json:"private_key_id"`
	Private string `json:"private_key"`
	key     *rsa.PrivateKey
}

// Account reads the key of a service account and returns whose it is.
func Account(text []byte) (email string, err error) {
	a, err := accountOf(text)
	return a.Email, err
}

const minKey = 2048 // bits

func accountOf(text []byte) (a account, err error) {
	bad := &Trouble{What: BadKey}
	if json.Unmarshal(text, &a) != nil || a.Type != "service_account" || !strings.Contains(a.Email, "@") {
		return account{}, bad
	}
	block, _ := pem.Decode([]byte(a.Private))
	if block == nil {
		return account{}, bad
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return account{}, bad
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok || key.N.BitLen() < minKey {
		return account{}, bad
	}
	a.key = key
	return a, nil
}

type token struct {
	bearer string
	until  time.Time
}

const (
	lifetime = time.Hour       // of an assertion, the longest that is accepted
	early    = 2 * time.Minute // before its end a token is no longer used
)

func cached(key []byte, scope string) string {
	sum := sha256.Sum256(key)
	return string(sum[:]) + scope
}

// token gets a token for a service account (RFC 7523), or the one that is still good.
func (c *Client) token(ctx context.Context, key []byte, scope string) (string, error) {
	c.mu.Lock()
	known, ok := c.tokens[cached(key, scope)]
	c.mu.Unlock()
	if ok && c.now().Before(known.until) {
		return known.bearer, nil
	}
	a, err := accountOf(key)
	if err != nil {
		return "", err
	}
	assertion, err := a.assertion(scope, c.now())
	if err != nil {
		return "", err
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	var answer struct {
		Token   string `json:"access_token"`
		Type    string `json:"token_type"`
		Seconds int64  `json:"expires_in"`
	}
	if err := c.call(ctx, c.at.Token, "application/x-www-form-urlencoded", []byte(form.Encode()), "", &answer); err != nil {
		if t := TroubleOf(err); t.Status == http.StatusBadRequest { // how OAuth refuses an assertion (RFC 6749 section 5.2)
			t.What = Refused
		}
		return "", err
	}
	if answer.Token == "" || !strings.EqualFold(answer.Type, "bearer") {
		return "", &Trouble{What: Broken, Status: http.StatusOK}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tokens[cached(key, scope)] = token{answer.Token, c.now().Add(time.Duration(answer.Seconds)*time.Second - early)}
	return answer.Token, nil
}

func (c *Client) forget(key []byte, scope string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tokens, cached(key, scope))
}

// assertion is a JSON Web Token, signed with RS256 (RFC 7515, RFC 7518 section 3.3).
func (a *account) assertion(scope string, now time.Time) (string, error) {
	header, err := json.Marshal(map[string]string{"alg": "RS256", "typ": "JWT", "kid": a.KeyID})
	if err != nil {
		return "", err
	}
	claims, err := json.Marshal(map[string]any{"iss": a.Email, "scope": scope, "aud": audience, "iat": now.Unix(), "exp": now.Add(lifetime).Unix()})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode(header) + "." + encode(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, a.key, crypto.SHA256, sum[:])
	return text + "." + encode(signature), err
}
