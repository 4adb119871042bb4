package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"prasan/internal/accounts"
	"prasan/internal/app"
	"prasan/internal/config"
	"prasan/internal/errs"
	"prasan/internal/letters"
)

// sealCmd is the key and certificate with which an agency seals its letters.
type sealCmd struct {
	Show    sealShowCmd    `cmd:"" help:"Show the certificate with which an agency seals its letters."`
	Request sealRequestCmd `cmd:"" help:"Make a key for an agency and print the request for a certificate (PKCS #10, PEM); the key stays in the vault."`
	Install sealInstallCmd `cmd:"" help:"Give an agency the certificate of an authority: PKCS #12, or PEM with those above it, with the key unless it was requested here."`
}

// sealSize bounds what is read of a file with a key and certificates.
const sealSize = 1 << 20

type sealShowCmd struct {
	config.Store
	Agency string `required:"" help:"Code of the agency, such as ops or rayong." placeholder:"CODE"`
	JSON   bool   `help:"Print JSON."`
}

func (sealShowCmd) Help() string { return example("prasan seal show --agency rayong") }

func (c sealShowCmd) Run(p *program) error {
	a, err := p.open(c.Store, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	i, err := a.Letters.SealOf(p.ctx, accounts.Console, c.Agency)
	if err != nil {
		return err
	}
	return p.seal(i, c.JSON)
}

func (p *program) seal(i letters.SealInfo, json bool) error {
	if json {
		return p.printJSON(i)
	}
	switch {
	case !i.Made():
		fmt.Fprintf(p.std.out, "%s has no seal yet; its first letter makes one of its own.\n", i.Agency)
	default:
		who := i.Issuer
		if i.Own {
			who = "itself: it shows that letters are unaltered, not who sends them"
		}
		fmt.Fprintf(p.std.out, "agency: %s\nsubject: %s\nissued by: %s\nvalid: %s to %s\ncertificates above: %d\nsha256: %s\n", i.Agency, i.Subject, who, i.NotBefore.Format(time.DateOnly), i.NotAfter.Format(time.DateOnly), i.Chain, i.SHA256)
	}
	if i.Requested {
		fmt.Fprintln(p.std.out, "A key waits for its certificate: prasan seal install")
	}
	return nil
}

type sealRequestCmd struct {
	config.Store
	Agency string `required:"" help:"Code of the agency." placeholder:"CODE"`
	Kind   string `help:"Kind of key: rsa (3072 bits) or ecdsa (P-256)." default:"rsa" enum:"rsa,ecdsa"`
}

func (sealRequestCmd) Help() string {
	return example("prasan seal request --agency rayong > rayong.csr")
}

func (c sealRequestCmd) Run(p *program) error {
	a, err := p.open(c.Store, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	request, err := a.Letters.RequestSeal(p.ctx, accounts.Console, c.Agency, c.Kind)
	if err != nil {
		return err
	}
	_, err = p.std.out.Write(request)
	return err
}

type sealInstallCmd struct {
	config.Store
	Agency       string `required:"" help:"Code of the agency." placeholder:"CODE"`
	File         string `arg:"" help:"PKCS #12 or PEM file." placeholder:"FILE"`
	PasswordFile string `help:"File with the password of the PKCS #12 file." placeholder:"FILE"`
	JSON         bool   `help:"Print JSON."`
}

func (sealInstallCmd) Help() string {
	return example("prasan seal install --agency rayong rayong.p12 --password-file /safe/p12-password", "prasan seal install --agency rayong rayong-with-chain.pem")
}

func (c sealInstallCmd) Run(p *program) error {
	material, err := readSmall(c.File, sealSize)
	if err != nil {
		return errs.Wrap(err, errs.Invalid, "error.invalid")
	}
	password := ""
	if c.PasswordFile != "" {
		text, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return errs.Wrap(err, errs.Invalid, "error.invalid")
		}
		password = strings.TrimRight(string(text), "\r\n")
	}
	a, err := p.open(c.Store, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	i, err := a.Letters.InstallSeal(p.ctx, accounts.Console, c.Agency, material, password)
	if err != nil {
		return err
	}
	return p.seal(i, c.JSON)
}
