package place

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// signer signs requests as Amazon's Signature Version 4 has it.
type signer struct{ key, secret, region string }

// sign adds the headers; sum is the SHA-256 of the body.
func (s signer) sign(r *http.Request, sum string, at time.Time) {
	stamp := at.UTC().Format("20060102T150405Z")
	r.Header.Set("X-Amz-Date", stamp)
	r.Header.Set("X-Amz-Content-Sha256", sum)
	scope := stamp[:8] + "/" + s.region + "/s3/aws4_request"
	names, canonical := canonicalRequest(r, sum)
	text := "AWS4-HMAC-SHA256\n" + stamp + "\n" + scope + "\n" + hexSum(canonical)
	key := []byte("AWS4" + s.secret)
	for _, part := range []string{stamp[:8], s.region, "s3", "aws4_request"} {
		key = mac(key, part)
	}
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s,Signature=%s", s.key, scope, names, hex.EncodeToString(mac(key, text))))
}

func canonicalRequest(r *http.Request, sum string) (signed, text string) {
	headers := map[string]string{"host": r.URL.Host}
	for name, values := range r.Header {
		if name = strings.ToLower(name); name == "range" || name == "if-match" || strings.HasPrefix(name, "x-amz-") {
			headers[name] = strings.TrimSpace(strings.Join(values, ","))
		}
	}
	var names []string
	for name := range headers {
		names = append(names, name)
	}
	slices.Sort(names)
	var lines strings.Builder
	for _, name := range names {
		lines.WriteString(name + ":" + headers[name] + "\n")
	}
	signed = strings.Join(names, ";")
	return signed, strings.Join([]string{r.Method, escapePath(r.URL.Path), r.URL.RawQuery, lines.String(), signed, sum}, "\n")
}

func hexSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// escape is the one that signatures are made over: all but unreserved characters.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func escapePath(path string) string {
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i] = escape(parts[i])
	}
	return strings.Join(parts, "/")
}

func canonicalQuery(query url.Values) string {
	var out []string
	for name, values := range query {
		for _, v := range values {
			out = append(out, escape(name)+"="+escape(v))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "&")
}
