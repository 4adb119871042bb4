package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"prasan/internal/app"
	"prasan/internal/config"
	"prasan/internal/errs"
	"prasan/internal/evidence"
	"prasan/internal/thai"
)

type evidenceCmd struct {
	config.Store
	Agency string `help:"Code of an agency, with those under it. Default: all." placeholder:"CODE"`
	From   string `help:"First day. Default: a year before the last." placeholder:"YYYY-MM-DD"`
	Until  string `help:"Last day. Default: today." placeholder:"YYYY-MM-DD"`
	As     string `name:"as" help:"Account on whose behalf it is made; it must be one that may. Default: the console." placeholder:"ACCOUNT"`
	To     string `default:"." help:"File, or folder for a file named by agency and period." placeholder:"PATH"`
	JSON   bool   `help:"Print JSON."`
}

func (evidenceCmd) Help() string {
	return example("prasan evidence --data /var/lib/prasan --agency rayong --from 2026-01-01 --until 2026-12-31 --to /media/inspector", "prasan verify /media/inspector/prasan-evidence-rayong-20260101-20270101.zip")
}

// Run makes what is handed to an inspector.
func (c evidenceCmd) Run(p *program) error {
	a, err := p.open(c.Store, app.Use)
	if err != nil {
		return err
	}
	defer a.Close()
	scope, err := c.scope(a.Now())
	if err != nil {
		return err
	}
	by, err := a.ActorOf(p.ctx, c.As)
	if err != nil {
		return err
	}
	made, file, err := a.Evidence.Make(p.ctx, by, scope)
	if err != nil {
		return err
	}
	to := c.To
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		to = filepath.Join(to, made.FileName())
	}
	if err := writeNew(to, file); err != nil {
		return err
	}
	if c.JSON {
		return p.printJSON(map[string]any{"file": to, "package": made, "public_key": a.Evidence.PublicKey()})
	}
	fmt.Fprintf(p.std.out, "%s: %d files, %d bytes, SHA-256 %s. Tell the inspector the public key by another way: %s. Next: prasan verify %s\n", to, made.Entries, made.Size, made.SHA256, a.Evidence.PublicKey(), to)
	return nil
}

func (c evidenceCmd) scope(now time.Time) (evidence.Scope, error) {
	last, err := date(c.Until, now.In(thai.Bangkok))
	if err != nil {
		return evidence.Scope{}, errs.InvalidField("until", "error.date")
	}
	first, err := date(c.From, last.AddDate(-1, 0, 0))
	if err != nil {
		return evidence.Scope{}, errs.InvalidField("from", "error.date")
	}
	return evidence.Scope{Agency: c.Agency, From: first, To: last.AddDate(0, 0, 1)}, nil
}

// date is the beginning of a day in Thailand.
func date(text string, otherwise time.Time) (time.Time, error) {
	if text == "" {
		y, m, d := otherwise.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, thai.Bangkok), nil
	}
	return time.ParseInLocation(time.DateOnly, text, thai.Bangkok)
}

// writeNew writes a file that must not be there yet, whole or not at all.
func writeNew(path string, body []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if os.IsExist(err) {
		return errs.New(errs.Conflict, "error.backup-exists", "path", path)
	}
	if err != nil {
		return errs.Wrap(err, errs.Unavailable, "error.backup-write", "path", path)
	}
	_, err = f.Write(body)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(path)
	}
	return err
}

// maxPackage bounds what is read of a file that may be a package.
const maxPackage = 1 << 30

// isPackage looks at the beginning and the end of a file.
func isPackage(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 4)
	_, _ = io.ReadFull(f, head)
	var tail [512]byte
	n := 0
	if info, err := f.Stat(); err == nil {
		n, _ = f.ReadAt(tail[:], max(0, info.Size()-int64(len(tail))))
	}
	return evidence.IsPackage(head, bytes.Clone(tail[:n]))
}

// evidence checks a package, which needs no installation.
func (c verifyCmd) evidence(p *program) error {
	file, err := readSmall(c.File, maxPackage)
	if err != nil {
		return err
	}
	r, err := evidence.Verify(file)
	if err != nil {
		return p.refused(err)
	}
	if c.JSON {
		err = p.printJSON(r)
	} else {
		for _, f := range r.Faults {
			fmt.Fprintln(p.std.out, f)
		}
		if len(r.Faults) == 0 {
			m := r.Manifest
			who := m.Agency
			if who == "" {
				who = "all agencies"
			}
			_, err = fmt.Fprintf(p.std.out, "An evidence package as it was signed: %s of %s, %s to %s, made %s by %s, %d files. Compare its public key with the one that the agency has published: %s\n", who, m.Installation, m.From.In(thai.Bangkok).Format(time.DateOnly), m.To.Add(-time.Second).In(thai.Bangkok).Format(time.DateOnly), m.MadeAt.In(thai.Bangkok).Format("2006-01-02 15:04"), m.MadeBy, len(m.Entries), m.PublicKey)
		} else {
			_, err = fmt.Fprintf(p.std.out, "%d faults: this is not the package that was signed.\n", len(r.Faults))
		}
	}
	if err == nil && len(r.Faults) > 0 {
		return exit(1)
	}
	return err
}
