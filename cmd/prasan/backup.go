package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"prasan/internal/app"
	"prasan/internal/backup"
	"prasan/internal/config"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/retention"
	"prasan/internal/vault"
)

type backupCmd struct {
	config.Store
	To     string        `required:"" help:"File, or folder for a file named by the time, or sftp:// or s3:// place." placeholder:"PATH"`
	KeysTo string        `name:"keys-to" help:"File, folder or place for the keyring; keep it apart and for a short time only. Default: beside the data, with the ending .keys." placeholder:"PATH"`
	Places config.Places `embed:"" prefix:"backup-" envprefix:"PRASAN_BACKUP_"`
	JSON   bool          `help:"Print JSON."`
}

func (backupCmd) Help() string {
	return example("prasan backup --data /var/lib/prasan --to /backup/data --keys-to /backup-of-keys")
}

func (c backupCmd) Run(p *program) error {
	a, err := p.openWith(c.Store, c.Places)
	if err != nil {
		return err
	}
	defer a.Close()
	giveWay()
	copies, err := a.Backup(p.ctx, c.To, c.KeysTo)
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(copies)
	}
	fmt.Fprintf(p.std.out, "data: %s\nkeys: %s\n%d parts, %d bytes. The master key (%s) is in neither: keep a copy of it elsewhere. Next: prasan verify %s\n", copies.Data, copies.Keys, copies.Report.Entries, copies.Report.Bytes, a.Config.MasterKeyFile, copies.Data)
	return nil
}

type restoreCmd struct {
	config.Store
	From       string        `required:"" help:"Backup, or folder or place whose newest one is taken, with its increments." placeholder:"PATH"`
	KeysFrom   string        `name:"keys-from" help:"Backup of the keyring. Default: beside the data, with the ending .keys." placeholder:"PATH"`
	Tombstones []string      `help:"Journal of what was destroyed since, from the data folder that was lost; repeatable." placeholder:"FILE"`
	Until      time.Time     `help:"Moment as of which to restore, where increments allow it. Default: the newest." format:"2006-01-02T15:04:05Z07:00" placeholder:"RFC3339"`
	Places     config.Places `embed:"" prefix:"backup-" envprefix:"PRASAN_BACKUP_"`
	JSON       bool          `help:"Print JSON."`
}

func (restoreCmd) Help() string {
	return example("prasan restore --from /backup/data --keys-from /backup-of-keys --data /var/lib/prasan-new --master-key-file /safe/master.key")
}

func (c restoreCmd) Run(p *program) error {
	if err := c.Store.Resolve(); err != nil {
		return err
	}
	if err := c.Places.Resolve(); err != nil {
		return err
	}
	done, err := app.Restore(p.ctx, c.Store, app.RestoreOptions{From: c.From, KeysFrom: c.KeysFrom, Tombstones: c.Tombstones, Until: c.Until, Places: c.Places})
	if err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(done)
	}
	fmt.Fprintf(p.std.out, "Restored to %s as of %s; %d keys destroyed again. Outgoing post is held back. Next: prasan verify --data %s, prasan serve, and when all is right: prasan post resume\n", c.Data, done.Data.AsOf.Format("2006-01-02 15:04:05 MST"), done.Tombstones, c.Data)
	return nil
}

type verifyCmd struct {
	config.Store
	File    string        `arg:"" optional:"" help:"A backup, a certificate of destruction or an evidence package. Without it the installation is checked." placeholder:"FILE"`
	Against string        `help:"Place to which the data is copied by itself: every page of the file is held against the copy, too (SQLite)." placeholder:"PLACE"`
	Places  config.Places `embed:"" prefix:"backup-" envprefix:"PRASAN_BACKUP_"`
	JSON    bool          `help:"Print JSON."`
}

func (verifyCmd) Help() string {
	return example("prasan verify --data /var/lib/prasan", "prasan verify --against /backup/data --data /var/lib/prasan", "prasan verify /backup/data/prasan-20261124T030000Z.prasan --master-key-file /safe/master.key")
}

func (c verifyCmd) Run(p *program) error {
	if c.File != "" {
		return c.file(p)
	}
	a, err := p.open(c.Store, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	found, err := a.Verify(p.ctx)
	if err == nil && c.Against != "" {
		var more []app.Finding
		more, err = a.VerifyPages(p.ctx, c.Against, c.Places)
		found = append(found, more...)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		err = p.printJSON(map[string]any{"findings": append([]app.Finding{}, found...)})
	} else {
		for _, f := range found {
			fmt.Fprintf(p.std.out, "%s: %s\n", f.Part, f.What)
		}
		_, err = fmt.Fprintf(p.std.out, "%d findings.\n", len(found))
	}
	if err == nil && len(found) > 0 {
		return exit(1)
	}
	return err
}

// maxCertificate is far more than a certificate has.
const maxCertificate = 1 << 20

// certificate checks a certificate of destruction, which needs no installation.
func (c verifyCmd) certificate(p *program, text []byte) error {
	x, err := retention.VerifyCertificate(text)
	if err != nil {
		return p.refused(err)
	}
	if c.JSON {
		return p.printJSON(x)
	}
	destroyed := 0
	for _, n := range x.Counts {
		destroyed += n.Destroyed
	}
	fmt.Fprintf(p.std.out, "A certificate of destruction as it was signed: %s, %s of %d, order %s, %d destroyed, %s. Compare its public key with the one that the agency has published: %s\n", x.Agency, x.Activity, x.Year, x.OrderNumber, destroyed, x.ExecutedAt.Format("2006-01-02"), x.PublicKey)
	return nil
}

// file checks a backup to its last bit, a certificate, or an evidence package.
func (c verifyCmd) file(p *program) error {
	if isPackage(c.File) {
		return c.evidence(p)
	}
	if info, err := os.Stat(c.File); err == nil && !info.IsDir() && !backup.IsBackup(c.File) {
		text, err := readSmall(c.File, maxCertificate)
		if err != nil {
			return err
		}
		if bytes.Contains(text, []byte(retention.CertificateKind)) {
			return c.certificate(p, text)
		}
	}
	if err := c.Store.Resolve(); err != nil {
		return err
	}
	if err := c.Places.Resolve(); err != nil {
		return err
	}
	found, err := app.FindCopy(p.ctx, c.File, c.Places)
	if err != nil {
		return err
	}
	defer found.Place.Close()
	path, err := app.FindMaster(p.ctx, c.MasterKeyFile, found)
	if err != nil {
		return err
	}
	master, err := vault.ReadMasters(path)
	if err != nil {
		return err
	}
	report, err := backup.Verify(p.ctx, found, master)
	if err != nil {
		return p.refused(err)
	}
	if c.JSON {
		return p.printJSON(report)
	}
	fmt.Fprintf(p.std.out, "A whole backup (%s, %s) of %s with %d increments, as of %s: %d parts, %d bytes.\n", report.Head.Kind, report.Head.Engine, report.Head.Made.Format("2006-01-02 15:04 MST"), report.Increments, report.AsOf.Format("2006-01-02 15:04:05 MST"), report.Entries, report.Bytes)
	return nil
}

// refused says an error about what was looked at: it is found, not misuse.
func (p *program) refused(err error) error {
	if code := p.fail(err); code != 0 {
		return exit(1)
	}
	return nil
}

type postCmd struct {
	Pause  postPauseCmd  `cmd:"" help:"Hold outgoing mail back; it stays queued."`
	Resume postResumeCmd `cmd:"" help:"Let outgoing mail go again."`
}

type postPauseCmd struct{ config.Store }

func (postPauseCmd) Help() string { return example("prasan post pause --data /var/lib/prasan") }

func (c postPauseCmd) Run(p *program) error {
	return p.post(c.Store, true, "Outgoing post is held back.")
}

type postResumeCmd struct{ config.Store }

func (postResumeCmd) Help() string { return example("prasan post resume --data /var/lib/prasan") }

func (c postResumeCmd) Run(p *program) error {
	return p.post(c.Store, false, "Outgoing post goes again; a program that is serving sends what waits within a few minutes, or at once when it is started anew.")
}

func (p *program) post(c config.Store, paused bool, said string) error {
	a, err := p.open(c, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Mail.SetPaused(p.ctx, "console", paused); err != nil {
		return err
	}
	fmt.Fprintln(p.std.out, said)
	return nil
}

type numbersCmd struct {
	Resume numbersResumeCmd `cmd:"" help:"Let letter numbers be given again after a restore, each series after the number that was really given last."`
}

type numbersResumeCmd struct {
	config.Store
	After []string `help:"Last number that was given, AGENCY:out|in:ordinary|circular|secret=N; repeatable. Series that are not named go on where the copy left them." placeholder:"SERIES=N"`
}

func (numbersResumeCmd) Help() string {
	return example("prasan numbers resume --after ops:out:ordinary=117 --after ops:in:ordinary=342 --data /var/lib/prasan")
}

func (c numbersResumeCmd) Run(p *program) error {
	var last []letters.Last
	for _, text := range c.After {
		series, n, ok := strings.Cut(text, "=")
		parts := strings.Split(series, ":")
		number, err := strconv.ParseInt(n, 10, 64)
		if !ok || err != nil || len(parts) != 3 || parts[1] != letters.In && parts[1] != letters.Out || !slices.Contains([]string{"ordinary", "circular", "secret"}, parts[2]) {
			return errs.New(errs.Invalid, "error.numbers-series", "value", text)
		}
		last = append(last, letters.Last{Agency: parts[0], Direction: parts[1], Kind: parts[2], Number: number})
	}
	a, err := p.open(c.Store, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	if err := a.Letters.ResumeNumbers(p.ctx, "console", last); err != nil {
		return err
	}
	fmt.Fprintln(p.std.out, "Letter numbers are given again.")
	return nil
}

// readSmall reads a file, at most limit bytes of it.
func readSmall(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}
