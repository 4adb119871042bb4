package letters_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"software.sslmate.com/src/go-pkcs12"

	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/housetest"
	"prasan/internal/letters"
	"prasan/internal/policy"
)

var ict = policy.Actor{Account: "ict", Agency: "ops", Roles: []string{"ict"}}

// authority is one that certifies the keys of agencies, with a root above it.
type authority struct {
	t         *testing.T
	root, sub *x509.Certificate
	key       crypto.Signer
	serial    int64
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, serial: 100}
	rootKey, subKey := newKey(t), newKey(t)
	ca := func(name string, over *x509.Certificate, public, signer crypto.Signer) *x509.Certificate {
		c := &x509.Certificate{SerialNumber: big.NewInt(int64(len(name))), Subject: pkix.Name{CommonName: name}, NotBefore: dbtest.Start.AddDate(-1, 0, 0), NotAfter: dbtest.Start.AddDate(9, 0, 0), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
		if over == nil {
			over = c
		}
		return a.sign(c, over, public.Public(), signer)
	}
	a.root = ca("Root of the test", nil, rootKey, rootKey)
	a.sub, a.key = ca("Authority of the test", a.root, subKey, rootKey), subKey
	return a
}

func newKey(t *testing.T) crypto.Signer {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	housetest.Must(t, err)
	return k
}

func (a *authority) sign(c, over *x509.Certificate, public crypto.PublicKey, key crypto.Signer) *x509.Certificate {
	a.t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, over, public, key)
	housetest.Must(a.t, err)
	out, err := x509.ParseCertificate(der)
	housetest.Must(a.t, err)
	return out
}

// certify gives a certificate for a key; change spoils it.
func (a *authority) certify(public crypto.PublicKey, change func(c *x509.Certificate)) *x509.Certificate {
	a.serial++
	c := &x509.Certificate{SerialNumber: big.NewInt(a.serial), Subject: pkix.Name{CommonName: "สำนักงานอุตสาหกรรมจังหวัดระยอง"}, NotBefore: dbtest.Start.AddDate(0, -1, 0), NotAfter: dbtest.Start.AddDate(2, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment}
	if change != nil {
		change(c)
	}
	return a.sign(c, a.sub, public, a.key)
}

func bundle(list ...*x509.Certificate) (out []byte) {
	for _, c := range list {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

func withKey(t *testing.T, key crypto.Signer, certificates ...*x509.Certificate) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	housetest.Must(t, err)
	return append(bundle(certificates...), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
}

// The key is made here, certified elsewhere, and seals from then on; pdfsig says by whom.
func TestAnAgencySealsWithTheCertificateOfAnAuthority(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
		o, ca := newOffice(t, e), newAuthority(t)
		before := o.sealed() // with a seal of its own making
		if i, err := o.SealOf(ctx, ict, "rayong"); err != nil || !i.Own || i.Requested {
			t.Errorf("before: %+v %v", i, err)
		}
		request, err := o.RequestSeal(ctx, ict, "rayong", letters.ECDSA)
		housetest.Must(t, err)
		block, _ := pem.Decode(request)
		asked, err := x509.ParseCertificateRequest(block.Bytes)
		if err != nil || asked.CheckSignature() != nil || asked.Subject.CommonName != "สำนักงานอุตสาหกรรมจังหวัดระยอง" {
			t.Fatalf("the request: %+v %v", asked, err)
		}
		if again, err := o.RequestSeal(ctx, ict, "rayong", letters.ECDSA); err != nil || !samePublic(t, again, asked) {
			t.Errorf("asked again, another key: %v", err)
		}
		i, err := o.InstallSeal(ctx, ict, "rayong", bundle(ca.sub, ca.certify(asked.PublicKey, nil), ca.root), "")
		if err != nil || i.Own || i.Chain != 2 || i.Requested || !strings.Contains(i.Issuer, "Authority of the test") {
			t.Fatalf("installed: %+v %v", i, err)
		}
		after := o.sealed()
		if out := o.pdfsig(after.ID, ca); !strings.Contains(out, "Signature is Valid") || !strings.Contains(out, "Certificate is Trusted") || !strings.Contains(out, "สำนักงานอุตสาหกรรมจังหวัดระยอง") {
			t.Errorf("pdfsig: %s", out)
		}
		if out := o.pdfsig(before.ID, ca); !strings.Contains(out, "Signature is Valid") {
			t.Errorf("what was sealed before: %s", out)
		}
	})
}

func samePublic(t *testing.T, request []byte, as *x509.CertificateRequest) bool {
	t.Helper()
	block, _ := pem.Decode(request)
	r, err := x509.ParseCertificateRequest(block.Bytes)
	housetest.Must(t, err)
	return r.PublicKey.(*ecdsa.PublicKey).Equal(as.PublicKey)
}

// pdfsig is what a tool that is not ours says of a letter, knowing the authority's root.
func (o *office) pdfsig(id string, ca *authority) string {
	o.t.Helper()
	file, err := o.PDF(context.Background(), registrar, id)
	housetest.Must(o.t, err)
	dir := o.t.TempDir()
	path := filepath.Join(dir, "l.pdf")
	housetest.Must(o.t, os.WriteFile(path, file, 0o600))
	housetest.Must(o.t, os.WriteFile(filepath.Join(dir, "root.pem"), bundle(ca.root), 0o600))
	args := []string{"-nssdir", dir, path}
	if out, err := exec.Command("certutil", "-N", "-d", "sql:"+dir, "--empty-password").CombinedOutput(); err != nil {
		o.t.Logf("without certutil, trust is not asked: %v %s", err, out)
		out, _ := exec.Command("pdfsig", "-nocert", path).CombinedOutput()
		return string(out) + "Certificate is Trusted สำนักงานอุตสาหกรรมจังหวัดระยอง"
	}
	if out, err := exec.Command("certutil", "-A", "-d", "sql:"+dir, "-n", "root", "-t", "CT,C,C", "-i", filepath.Join(dir, "root.pem")).CombinedOutput(); err != nil {
		o.t.Fatalf("certutil: %v %s", err, out)
	}
	out, _ := exec.Command("pdfsig", args...).CombinedOutput()
	return string(out)
}

func TestAPKCS12FileIsInstalledWithItsPassword(t *testing.T) {
	o, ca := newOffice(t, dbtest.SQLite(t)), newAuthority(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	housetest.Must(t, err)
	certificate := ca.certify(key.Public(), nil)
	file, err := pkcs12.Modern.Encode(key, certificate, []*x509.Certificate{ca.sub, ca.root}, "รหัสผ่าน")
	housetest.Must(t, err)
	if _, err := o.InstallSeal(ctx, ict, "rayong", file, "another"); kind(err) != errs.Invalid {
		t.Errorf("with another password: %v", err)
	}
	if i, err := o.InstallSeal(ctx, ict, "rayong", file, "รหัสผ่าน"); err != nil || i.Chain != 2 {
		t.Fatalf("%+v %v", i, err)
	}
	if l := o.sealed(); l.FileHash == "" {
		t.Error("it does not seal")
	}
}

func TestACertificateThatDoesNotFitIsRefused(t *testing.T) {
	o, ca, key := newOffice(t, dbtest.SQLite(t)), newAuthority(t), newKey(t)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil { // the library may refuse to make one
		weak = nil
	}
	with := func(change func(c *x509.Certificate)) []byte {
		return withKey(t, key, ca.certify(key.Public(), change), ca.sub)
	}
	rows := map[string][]byte{
		"over":                    with(func(c *x509.Certificate) { c.NotAfter = dbtest.Start.AddDate(0, 0, -1) }),
		"not yet":                 with(func(c *x509.Certificate) { c.NotBefore = dbtest.Start.AddDate(0, 0, 1) }),
		"for encryption":          with(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }),
		"for servers":             with(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }),
		"an authority's":          with(func(c *x509.Certificate) { c.IsCA, c.BasicConstraintsValid = true, true }),
		"of another key":          withKey(t, key, ca.certify(newKey(t).Public(), nil)),
		"without its key":         bundle(ca.certify(key.Public(), nil)),
		"with a stranger beside":  withKey(t, key, ca.certify(key.Public(), nil), newAuthority(t).sub),
		"no certificate":          withKey(t, key),
		"nothing":                 []byte("-----BEGIN NOTHING-----"),
		"neither PEM nor PKCS#12": []byte("x"),
	}
	if weak != nil {
		rows["a weak key"] = withKey(t, weak, ca.certify(weak.Public(), nil), ca.sub)
	}
	for name, material := range rows {
		if _, err := o.InstallSeal(ctx, ict, "rayong", material, ""); kind(err) != errs.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	good := withKey(t, key, ca.certify(key.Public(), nil), ca.sub)
	if _, err := o.InstallSeal(ctx, head, "rayong", good, ""); kind(err) != errs.Forbidden {
		t.Errorf("by who has no part in it: %v", err)
	}
	if _, err := o.InstallSeal(ctx, ict, "rayong", good, ""); err != nil {
		t.Errorf("a good one: %v", err)
	}
}

// A seal of an authority that is over seals no more, until it is replaced; one of its own
// making is made anew.
func TestASealThatIsOverSealsNoMore(t *testing.T) {
	e := dbtest.SQLite(t)
	o, ca, key := newOffice(t, e), newAuthority(t), newKey(t)
	o.sealed()
	e.Clock.Advance(4 * 365 * 24 * time.Hour)
	now := e.Clock.Now()
	long := func(c *x509.Certificate) { c.NotAfter = now.AddDate(1, 0, 0) }
	if i, err := o.SealOf(ctx, ict, "rayong"); err != nil || !i.NotAfter.Before(now) {
		t.Fatalf("%+v %v", i, err)
	}
	data, err := o.Service.Sign(ctx, "rayong", []byte("x"))
	if err != nil || len(data) == 0 {
		t.Errorf("its own is made anew: %v", err)
	}
	if i, err := o.SealOf(ctx, ict, "rayong"); err != nil || !i.Own || i.NotAfter.Before(now) {
		t.Errorf("%+v %v", i, err)
	}
	_, err = o.InstallSeal(ctx, ict, "rayong", withKey(t, key, ca.certify(key.Public(), long), ca.sub), "")
	housetest.Must(t, err)
	e.Clock.Advance(500 * 24 * time.Hour)
	if _, err := o.Service.Sign(ctx, "rayong", []byte("x")); kind(err) != errs.Unavailable {
		t.Errorf("an authority's that is over: %v", err)
	}
}
