// Package consent keeps the choices that visitors make about being counted (แบบขอความยินยอม):
// what may be chosen follows from the record, what was chosen stays in the visitor's own
// browser, and the proof of a consent names the text it was given to. Of a refusal
// nothing is kept but that there was one: a proof of it would itself tell people apart.
package consent

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"prasan/internal/policy"
	"prasan/internal/ropa"
)

// Categories of which consent can be given. What is necessary is not asked.
const (
	Analytics = "analytics" // the site's own cookie
	Google    = "google"    // the provider abroad
)

// categories in the order in which they are asked, each with the level of collection
// that it opens and the recipient abroad that it needs.
var categories = []struct{ code, level, recipient string }{
	{Analytics, "L2", ""},
	{Google, "L3", "google"},
}

// Choice is what a visitor has chosen. The zero value is that he has not.
type Choice struct {
	Version string   // of the text that he was shown
	Allowed []string // categories; none is a refusal
	Receipt string   // number of the proof; a refusal has none
}

// Made tells whether there is a choice.
func (c Choice) Made() bool { return c.Version != "" }

// Refused tells whether everything was refused.
func (c Choice) Refused() bool { return c.Made() && len(c.Allowed) == 0 }

// Allows tells whether a category was accepted.
func (c Choice) Allows(category string) bool { return slices.Contains(c.Allowed, category) }

const choiceForm = "1"

// String is the choice as the browser keeps it: "1.VERSION.analytics+google.RECEIPT".
func (c Choice) String() string {
	return strings.Join([]string{choiceForm, c.Version, strings.Join(c.Allowed, "+"), c.Receipt}, ".")
}

// ParseChoice reads what String wrote; anything else is no choice.
func ParseChoice(s string) Choice {
	parts := strings.Split(s, ".")
	if len(parts) != 4 || parts[0] != choiceForm || !isVersion(parts[1]) || len(parts[3]) > 40 {
		return Choice{}
	}
	c := Choice{Version: parts[1], Receipt: parts[3]}
	for _, code := range strings.Split(parts[2], "+") {
		if code == "" {
			continue
		}
		if !known(code) || c.Allows(code) {
			return Choice{}
		}
		c.Allowed = append(c.Allowed, code)
	}
	return c
}

func known(code string) bool {
	for _, c := range categories {
		if c.code == code {
			return true
		}
	}
	return false
}

const versionLength = 12

func isVersion(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == versionLength
}

// Text is what a visitor is asked, as the record in force makes it.
type Text struct {
	Version    string
	Revision   string // id of the revision it was first made from
	Categories []Category
}

// Category is one question.
type Category struct {
	Code     string
	Text     policy.Text
	Elements []policy.Text // what is collected
	Keeps    policy.Text   // for how long
	Abroad   policy.Text   // recipient abroad; empty where there is none
}

// Has tells whether a category is asked.
func (t *Text) Has(code string) bool {
	return slices.ContainsFunc(t.Categories, func(c Category) bool { return c.Code == code })
}

// TextOf makes the text from the record; nil where nothing needs consent, or there is
// no record: then nothing is asked and no cookie is set.
func TextOf(s *policy.Snapshot) *Text {
	if s == nil {
		return nil
	}
	t := &Text{Revision: s.RevisionID}
	for _, c := range categories {
		level, ok := s.Level(c.level)
		if !ok || level.Basis != "consent" {
			continue
		}
		x := Category{Code: c.code, Text: level.Text, Keeps: period(s.KeptFor("visitor_cookie"))}
		if c.recipient != "" {
			transfer, d := s.MayTransfer(c.recipient)
			if !d.Allowed {
				continue
			}
			x.Abroad = policy.Text{TH: transfer.Recipient.TH + " (" + transfer.Country + ")", EN: transfer.Recipient.In("en") + " (" + transfer.Country + ")"}
		}
		for _, e := range s.Elements {
			if slices.Contains(level.Elements, e.Code) {
				x.Elements = append(x.Elements, e.Label)
			}
		}
		t.Categories = append(t.Categories, x)
	}
	if len(t.Categories) == 0 {
		return nil
	}
	sum := sha256.Sum256(t.body())
	t.Version = hex.EncodeToString(sum[:])[:versionLength]
	return t
}

// body is the words alone: a revision that leaves them as they are asks nobody again.
func (t *Text) body() []byte {
	body, err := json.Marshal(t.Categories)
	if err != nil {
		panic("consent: a text that cannot be written: " + err.Error()) // a mistake of the program
	}
	return body
}

func period(r policy.Retention) policy.Text {
	p := ropa.Period{Years: r.Years, Months: r.Months, Days: r.Days}
	return policy.Text{TH: p.In("th"), EN: p.In("en")}
}

// InForce is what a choice is worth under the text in force. A refusal stays; a consent
// was given to other words and is asked for again.
func (t *Text) InForce(c Choice) Choice {
	if t == nil || c.Version == t.Version || c.Refused() {
		return c
	}
	return Choice{}
}

// NewVisitor makes the identifier of a visitor who has consented: random, and known to
// nobody but his browser.
func NewVisitor() string {
	var b [16]byte
	rand.Read(b[:]) // never fails since Go 1.24
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// IsVisitor tells whether a cookie's value can be one of ours.
func IsVisitor(s string) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(b) == 16
}
