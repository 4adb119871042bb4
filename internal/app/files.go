package app

import (
	"context"

	"prasan/internal/cases"
	"prasan/internal/db"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/web/files"
)

// wireFiles serves attachments from a host of their own.
func wireFiles(_ context.Context, a *App) (err error) {
	if a.FileLinks, err = files.NewLinks(a.Vault.Derive("files-link"), a.Now); err != nil {
		return err
	}
	a.Host("files", "files", files.Host{Links: a.FileLinks, Open: a.openFile}.Handler())
	return nil
}

// OwnerFileURL is where the sender of a case finds one of its files, for ten minutes.
func (a *App) OwnerFileURL(caseID, attachment string) string {
	return a.URL("files") + a.FileLinks.Path(files.Link{CaseID: caseID, Attachment: attachment})
}

// OfficeFileURL is where an officer finds a file of a case, for ten minutes; opening it
// is a reading like any other.
func (a *App) OfficeFileURL(account, reference, attachment string) string {
	return a.URL("files") + a.FileLinks.Path(files.Link{Account: account, Reference: reference, Attachment: attachment})
}

func (a *App) openFile(ctx context.Context, l files.Link) (files.File, error) {
	found, err := a.findFile(ctx, l)
	if err != nil {
		return files.File{}, err
	}
	body, err := a.Blobs.Open(ctx, found.Blob, found.Key)
	return files.File{Name: found.Name, Type: found.Type, Size: found.Size, Body: body}, err
}

func (a *App) findFile(ctx context.Context, l files.Link) (cases.File, error) {
	if l.Account == "" {
		return a.Cases.OwnerFile(ctx, l.CaseID, l.Attachment)
	}
	var actor policy.Actor
	err := a.DB.Read(ctx, func(tx *db.Tx) (err error) {
		actor, err = org.Actor(tx, l.Account)
		return err
	})
	if err != nil {
		return cases.File{}, err
	}
	return a.Cases.OfficeFile(ctx, actor, l.Reference, l.Attachment)
}
