package inbox

import (
	"bytes"
	"errors"
	"strings"

	"github.com/emersion/go-msgauth/authres"
	"github.com/emersion/go-msgauth/dkim"
)

// Authentic is what is known of whether a mail comes from the domain that its sender's
// address names.
type Authentic string

const (
	Unknown Authentic = ""     // nobody has looked
	Proven  Authentic = "pass" // by DMARC, or by a signature of that domain
	Refuted Authentic = "fail" // DMARC says that it does not
)

// Trust says whose word on authenticity is believed.
type Trust struct {
	// Server is the id under which the own mail server writes Authentication-Results
	// (RFC 8601). It removes those that others wrote under its name.
	Server string
	// Keys are DKIM keys of domains by name, SELECTOR._domainkey.DOMAIN, as the domain
	// publishes them. Signatures are verified with these and no others.
	Keys map[string]string
}

// Authentic looks at what the own mail server found, then at the signatures themselves.
func (t Trust) Authentic(m *Mail, raw []byte) Authentic {
	_, domain, ok := strings.Cut(strings.ToLower(m.From.Address), "@")
	if !ok || m.Senders != 1 {
		return Unknown
	}
	if found := t.found(m, domain); found != Unknown {
		return found
	}
	if len(t.Keys) > 0 && t.signed(raw, domain) {
		return Proven
	}
	return Unknown
}

func (t Trust) found(m *Mail, domain string) Authentic {
	if t.Server == "" {
		return Unknown
	}
	out := Unknown
	for _, v := range m.Field("Authentication-Results") {
		id, results, err := authres.Parse(v)
		if err != nil || !strings.EqualFold(id, t.Server) {
			continue
		}
		for _, r := range results {
			switch r := r.(type) {
			case *authres.DMARCResult:
				if r.Value == authres.ResultFail {
					return Refuted
				}
				if r.Value == authres.ResultPass && (r.From == "" || aligned(domain, r.From)) {
					out = Proven
				}
			case *authres.DKIMResult:
				if r.Value == authres.ResultPass && aligned(domain, r.Domain) {
					out = Proven
				}
			}
		}
	}
	return out
}

var errNoKey = errors.New("no key of that name")

func (t Trust) signed(raw []byte, domain string) bool {
	all, _ := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{MaxVerifications: 5, LookupTXT: func(name string) ([]string, error) {
		if key, ok := t.Keys[strings.ToLower(strings.TrimSuffix(name, "."))]; ok {
			return []string{key}, nil
		}
		return nil, errNoKey
	}})
	for _, v := range all {
		if v.Err == nil && aligned(domain, v.Domain) {
			return true
		}
	}
	return false
}

// aligned tells whether a signature of signer speaks for addresses of domain: its own, or
// those of the domains under it (RFC 7489 section 3.1.1, without the other direction).
func aligned(domain, signer string) bool {
	signer = strings.ToLower(strings.TrimPrefix(signer, "@"))
	return signer != "" && strings.Contains(signer, ".") && (domain == signer || strings.HasSuffix(domain, "."+signer))
}
