package pdf_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/doc/cms"
	"prasan/internal/doc/pdf"
	"prasan/third_party/fonts"
)

func signed(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	at := time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC)
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "สำนักงานตัวอย่าง", Organization: []string{"Example"}}, NotBefore: at.Add(-time.Hour), NotAfter: at.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	f, err := pdf.ParseFont("Laksaman", fonts.LaksamanRegular)
	if err != nil {
		t.Fatal(err)
	}
	d := pdf.New(pdf.Info{Title: "หนังสือ", Created: at})
	d.Add(pdf.A4).Text(85, 100, pdf.Style{Font: f, Size: 10.65}, "ที่ รย ๐๐๓๓/๑")
	d.Seal(pdf.Sealer{Size: 4096, Name: "สำนักงานตัวอย่าง", Reason: "ประทับเวลา", At: "ระยอง", When: at, Sign: func(b []byte) ([]byte, error) { return cms.Sign(b, key, cert) }})
	var out bytes.Buffer
	if _, err := d.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func verify(t *testing.T, file []byte) string {
	t.Helper()
	if _, err := exec.LookPath("pdfsig"); err != nil {
		t.Skip("pdfsig is not installed (Debian's poppler-utils)")
	}
	path := filepath.Join(t.TempDir(), "signed.pdf")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command("pdfsig", "-nocert", path).CombinedOutput()
	return string(out)
}

func TestTheSignatureIsVerifiedByAnotherProgram(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]crypto.Signer{"RSA": rsaKey, "ECDSA": ecKey} {
		file := signed(t, key)
		out := verify(t, file)
		for _, want := range []string{"Signature is Valid", "Total document signed", "ETSI.CAdES.detached", "SHA-256"} {
			if !strings.Contains(out, want) {
				t.Errorf("%s: pdfsig does not say %q:\n%s", name, want, out)
			}
		}
		altered := bytes.Replace(file, []byte("/Title <"), []byte("/Titel <"), 1)
		if bytes.Equal(altered, file) {
			t.Fatal("nothing was altered")
		}
		if out := verify(t, altered); strings.Contains(out, "Signature is Valid") {
			t.Errorf("%s: an altered document passes:\n%s", name, out)
		}
		if dir := os.Getenv("PRASAN_LOOK"); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, "signed-"+name+".pdf"), file, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}
