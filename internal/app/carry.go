package app

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"prasan/internal/audit"
	"prasan/internal/backup/place"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/mail"
)

// heads are signed heads on their way off the machine.
type heads struct {
	Name string `json:"name"`
	Text string `json:"text"`
}

// carry sends the signed heads of the audit chains off the machine: by mail, and to where
// the data is copied.
func (a *App) carry(tx *db.Tx, signer note.Signer) error {
	c := a.Config.Backup
	text, err := audit.SignHeads(tx, signer)
	if err != nil {
		return err
	}
	if c.To != "" {
		if err := a.Jobs.Enqueue(tx, "audit.carry", heads{"audit-" + tx.Now().UTC().Format("20060102T150405Z") + ".note", text}); err != nil {
			return err
		}
	}
	address := c.AuditMail
	if address == "" && a.Config.Mail.Relay != "" {
		address = a.Config.DPO.Email
	}
	if address == "" {
		return nil
	}
	return a.Mail.ToStaff(tx, address, mail.Message{Kind: "audit-heads", Lang: "th", Agency: a.Agencies.All()[0].Code}, mail.Body{Text: text})
}

// carried puts heads where the data is copied.
func (a *App) carried(ctx context.Context, j jobs.Job) error {
	var h heads
	if err := json.Unmarshal(j.Payload, &h); err != nil {
		return err
	}
	o, err := placeOptions(a.Config.Backup.Places)
	if err != nil {
		return err
	}
	p, err := place.Open(a.Config.Backup.To, o)
	if err != nil {
		return err
	}
	defer p.Close()
	return p.Put(ctx, h.Name, func(w io.Writer) error { _, err := io.WriteString(w, h.Text); return err })
}

// Carried reads heads that were kept elsewhere: files, or folders with files *.note.
func (a *App) Carried(paths []string) ([]audit.Carried, error) {
	_, verifier, err := a.auditKeys()
	if err != nil {
		return nil, err
	}
	var out []audit.Carried
	for _, path := range paths {
		files := []string{path}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			if files, err = filepath.Glob(filepath.Join(path, "*.note")); err != nil {
				return nil, err
			}
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				return nil, errs.Wrap(err, errs.NotFound, "error.backup-missing", "path", file)
			}
			more, err := audit.ReadHeads(string(text), verifier)
			if err != nil {
				return nil, err
			}
			out = append(out, more...)
		}
	}
	return out, nil
}

// VerifyAuditAgainst is VerifyAudit that also holds the chains against heads that were
// carried off the machine.
func (a *App) VerifyAuditAgainst(ctx context.Context, paths []string) (audit.Report, error) {
	_, verifier, err := a.auditKeys()
	if err != nil {
		return audit.Report{}, err
	}
	carried, err := a.Carried(paths)
	if err != nil {
		return audit.Report{}, err
	}
	return audit.VerifyAgainst(ctx, a.DB, verifier, carried)
}
