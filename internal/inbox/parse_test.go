package inbox_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"prasan/internal/inbox"
)

func TestAMailIsReadAsPlainText(t *testing.T) {
	raw := strings.ReplaceAll(`From: =?utf-8?b?4Liq4Lih4Lio4Lij4Li1?= <somsri@example.com>
To: Post <post+r-abc@industry.test>
Delivered-To: post@industry.test
Subject: =?utf-8?b?4LiV4Lit4Lia?= x
Message-ID: <1@example.com>
In-Reply-To: <a@industry.test>
References: <b@industry.test> <a@industry.test>
Date: Wed, 25 Nov 2026 10:00:00 +0700
Content-Type: multipart/mixed; boundary=m

--m
Content-Type: multipart/alternative; boundary=a

--a
Content-Type: text/html; charset=utf-8

<html><head><style>p{}</style><script>alert(1)</script></head><body><p>สวัสดี <b>ท่าน</b></p><img src="http://tracker.test/x"><div>บรรทัดสอง</div></body></html>
--a--
--m
Content-Type: image/png; name="logo.png"
Content-ID: <logo>
Content-Disposition: inline

x
--m
Content-Type: application/pdf; name="../../etc/a.pdf"
Content-Disposition: attachment; filename="../../etc/a.pdf"
Content-Transfer-Encoding: base64

JVBERi0xLjQK
--m--
`, "\n", "\r\n")
	m, err := inbox.Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	if m.From.Name != "สมศรี" || m.From.Address != "somsri@example.com" || m.Subject != "ตอบ x" || m.MessageID != "1@example.com" || strings.Join(m.References, " ") != "a@industry.test b@industry.test a@industry.test" {
		t.Errorf("%+v", m)
	}
	if strings.Join(m.To, " ") != "post+r-abc@industry.test post@industry.test" {
		t.Errorf("to %v", m.To)
	}
	if got := strings.Join(strings.Fields(m.Text), " "); got != "สวัสดี ท่าน บรรทัดสอง" {
		t.Errorf("text %q", m.Text)
	}
	if len(m.Files) != 2 || m.Files[1].Name != "a.pdf" || string(m.Files[1].Data) != "%PDF-1.4\n" {
		t.Errorf("files %+v", m.Files)
	}
}

func TestWhatIsNoMailOrGoesBeyondTheLimitsIsSaidSo(t *testing.T) {
	deep := "From: a@example.com\r\n"
	for i := range 30 {
		deep += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	many := "From: a@example.com\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", 500) + "--b--\r\n"
	for name, raw := range map[string]string{
		"deep": deep, "many parts": many, "huge": "From: a@example.com\r\n\r\n" + strings.Repeat("x", inbox.MaxSize),
		"a huge header": "From: a@example.com\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\nx", "a long address": "From: " + strings.Repeat("a", 400) + "@example.com\r\n\r\nx",
		"nothing": "", "no header": "\x00\x01\x02",
	} {
		if m, err := inbox.Parse([]byte(raw)); err == nil && m.From.Address != "" || m == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func TestADomainVouchesBySignatureOrByTheWordOfTheOwnServer(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	record := "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	signed := func(from, domain string) string {
		var out bytes.Buffer
		if err := dkim.Sign(&out, strings.NewReader(letter("From: "+from, "To: post@industry.test")), &dkim.SignOptions{Domain: domain, Selector: "s", Signer: key, HeaderKeys: []string{"From", "To"}}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	own := inbox.Trust{Server: "mx.industry.test", Keys: map[string]string{"s._domainkey.diw.test": record}}
	results := func(id, text string) string {
		return letter("Authentication-Results: "+id+"; "+text, "From: saraban@diw.test")
	}
	for name, x := range map[string]struct {
		raw  string
		want inbox.Authentic
	}{
		"signed by its domain":                   {signed("saraban@diw.test", "diw.test"), inbox.Proven},
		"signed by the domain above":             {signed("saraban@east.diw.test", "diw.test"), inbox.Proven},
		"signed for another":                     {signed("saraban@tisi.test", "diw.test"), inbox.Unknown},
		"changed after":                          {strings.Replace(signed("saraban@diw.test", "diw.test"), "ข้อความ", "ข้อความอื่น", 1), inbox.Unknown},
		"signed by a domain without a known key": {signed("saraban@example.com", "example.com"), inbox.Unknown},
		"DMARC passed":                           {results("mx.industry.test", "dmarc=pass header.from=diw.test"), inbox.Proven},
		"DMARC failed":                           {results("mx.industry.test", "dkim=pass header.d=diw.test; dmarc=fail header.from=diw.test"), inbox.Refuted},
		"DKIM passed":                            {results("mx.industry.test", "dkim=pass header.d=diw.test"), inbox.Proven},
		"DKIM of another passed":                 {results("mx.industry.test", "dkim=pass header.d=example.com"), inbox.Unknown},
		"the word of another server":             {results("mx.example.com", "dmarc=pass header.from=diw.test"), inbox.Unknown},
		"nothing":                                {letter("From: saraban@diw.test"), inbox.Unknown},
	} {
		m, err := inbox.Parse([]byte(x.raw))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := own.Authentic(m, []byte(x.raw)); got != x.want {
			t.Errorf("%s: %q, want %q", name, got, x.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(report))
	f.Add([]byte(letter("From: a@example.com")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, _ := inbox.Parse(raw)
		if m == nil {
			t.Fatal("nothing")
		}
		_ = inbox.Fresh(m.Text)
	})
}
