package app

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"prasan/internal/accounts"
	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/idempotency"
	"prasan/internal/jobs"
	"prasan/internal/library"
	"prasan/internal/limits"
	"prasan/internal/thai"
)

// wireHousekeeping registers what is done each night: what has expired goes, and the
// heads of the audit chains are signed.
func wireHousekeeping(_ context.Context, a *App) error {
	signer, _, err := a.auditKeys()
	if err != nil {
		return err
	}
	a.Jobs.Every("app.sweep", jobs.Daily(thai.Bangkok, 3, 10), func(ctx context.Context, _ jobs.Job) error {
		for _, sweep := range []func(*db.Tx) error{limits.Sweep, idempotency.Sweep, accounts.Sweep} {
			if err := a.DB.InTx(ctx, sweep); err != nil {
				return err
			}
		}
		return nil
	})
	a.Jobs.Every("app.files", jobs.Daily(thai.Bangkok, 3, 25), func(ctx context.Context, _ jobs.Job) error {
		_, err := a.Blobs.Sweep(ctx, func(ids []string) (map[string]bool, error) { return a.filesInUse(ctx, ids) })
		return err
	})
	a.Jobs.Every("audit.checkpoint", jobs.Daily(thai.Bangkok, 0, 5), func(ctx context.Context, _ jobs.Job) error {
		return a.DB.InTx(ctx, func(tx *db.Tx) error {
			if _, err := audit.Checkpoint(tx, signer); err != nil {
				return err
			}
			return a.carry(tx, signer)
		})
	})
	a.Jobs.Handle("audit.carry", a.carried)
	return nil
}

// filesInUse tells which blobs belong to a case.
func (a *App) filesInUse(ctx context.Context, ids []string) (map[string]bool, error) {
	used := map[string]bool{}
	err := a.DB.Read(ctx, func(tx *db.Tx) error {
		for _, id := range ids {
			var n int
			if err := tx.QueryRow(`SELECT COUNT(*) FROM attachments WHERE blob = $1`, []any{id}, &n); err != nil {
				return err
			}
			if used[id] = n > 0; used[id] {
				continue
			}
			kept, err := library.Keeps(tx, id)
			if err != nil {
				return err
			}
			used[id] = kept
		}
		return nil
	})
	return used, err
}

// auditKeys are the keys of the audit chain's checkpoints. They follow from the
// installation's secrets, so that what verifies is what signed.
func (a *App) auditKeys() (note.Signer, note.Verifier, error) {
	key := a.auditKey()
	public, err := a.auditPublicKey()
	if err != nil {
		return nil, nil, err
	}
	verifier, err := note.NewVerifier(public)
	if err != nil {
		return nil, nil, err
	}
	// The form of a private key is that of a public one (NAME+HASH+KEY) with the seed in it.
	name, rest, _ := strings.Cut(public, "+")
	hash, _, _ := strings.Cut(rest, "+")
	const ed25519Algorithm = 1
	secret := base64.StdEncoding.EncodeToString(append([]byte{ed25519Algorithm}, key.Seed()...))
	signer, err := note.NewSigner("PRIVATE+KEY+" + name + "+" + hash + "+" + secret)
	return signer, verifier, err
}

func (a *App) auditKey() ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(a.Vault.Derive("audit-checkpoint"))
}

// auditPublicKey is the key of the checkpoints as verifiers take it.
func (a *App) auditPublicKey() (string, error) {
	return note.NewEd25519VerifierKey("prasan", a.auditKey().Public().(ed25519.PublicKey))
}

// VerifyAudit reads all audit chains and their checkpoints.
func (a *App) VerifyAudit(ctx context.Context) (audit.Report, error) {
	_, verifier, err := a.auditKeys()
	if err != nil {
		return audit.Report{}, err
	}
	return audit.Verify(ctx, a.DB, verifier)
}

// AuditKeys are the keys of checkpoints and of the results of drills.
func (a *App) AuditKeys() (note.Signer, note.Verifier, error) { return a.auditKeys() }
