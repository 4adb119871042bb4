package config

import (
	"net/netip"
	"reflect"
	"strings"

	"prasan/internal/errs"
)

// Backup says where copies go by themselves, and how long they are kept there.
type Backup struct {
	To        string `help:"Where the data is copied to by itself, within a second of each change: a folder, sftp://USER@HOST/FOLDER or s3://HOST/BUCKET." env:"TO" placeholder:"PLACE"`
	KeysTo    string `help:"Where the keyring is copied to; another place than that of the data. Its copies are kept for --key-days." env:"KEYS_TO" placeholder:"PLACE"`
	KeepDays  int    `help:"Days for which copies of the data are kept." default:"35" env:"KEEP_DAYS"`
	AuditMail string `help:"Address to which the signed heads of the audit chains are sent each night, off this machine. Default: that of the data protection officer, where mail leaves." env:"AUDIT_MAIL" placeholder:"ADDRESS"`
	Places
}

// Places are what places need that are not on this machine.
type Places struct {
	SFTPKeyFile  string `help:"Private key with which the program signs in to an SFTP server." name:"sftp-key-file" env:"SFTP_KEY_FILE" placeholder:"FILE"`
	SFTPHostKey  string `help:"Public key of the SFTP server, as ssh-keyscan prints it without the host; no other server is spoken to." name:"sftp-host-key" env:"SFTP_HOST_KEY" placeholder:"KEY"`
	S3Region     string `help:"Region of the S3 store." name:"s3-region" default:"us-east-1" env:"S3_REGION" placeholder:"NAME"`
	S3Key        string `help:"Access key of the S3 store." name:"s3-key" env:"S3_KEY" placeholder:"KEY"`
	S3Secret     string `help:"Its secret." name:"s3-secret" env:"S3_SECRET" placeholder:"SECRET" secret:""`
	AllowPrivate string `help:"Private network in which places may be." env:"ALLOW_PRIVATE" placeholder:"CIDR"`
}

// Resolve reads secrets from files and refuses what cannot be.
func (b *Backup) Resolve() error {
	if err := readSecretFiles(reflect.ValueOf(b).Elem(), "PRASAN_BACKUP_"); err != nil {
		return err
	}
	if (b.To == "") != (b.KeysTo == "") || b.To != "" && strings.TrimRight(b.To, "/") == strings.TrimRight(b.KeysTo, "/") {
		return errs.New(errs.Invalid, "error.backup-both")
	}
	return b.Places.Resolve()
}

// Resolve reads the secret from its file.
func (p *Places) Resolve() error {
	if err := readSecretFiles(reflect.ValueOf(p).Elem(), "PRASAN_BACKUP_"); err != nil {
		return err
	}
	if _, err := p.Networks(); err != nil {
		return err
	}
	return nil
}

// Networks are the private networks that are allowed.
func (p Places) Networks() ([]netip.Prefix, error) {
	if p.AllowPrivate == "" {
		return nil, nil
	}
	n, err := netip.ParsePrefix(p.AllowPrivate)
	if err != nil {
		return nil, errs.New(errs.Invalid, "error.cidr", "value", p.AllowPrivate)
	}
	return []netip.Prefix{n}, nil
}
