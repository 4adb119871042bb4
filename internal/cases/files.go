package cases

import (
	"context"
	"slices"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

// File is an attachment with what is needed to decrypt it.
type File struct {
	Attachment
	Blob string
	Key  []byte
}

// OwnerFile opens an attachment for the sender of the case; internal files of the
// office are not among those he may see.
func (s *Service) OwnerFile(ctx context.Context, caseID, attachmentID string) (File, error) {
	c, a, err := s.fileOf(ctx, caseID, attachmentID, true)
	if err != nil {
		return File{}, err
	}
	plain, err := s.Processing.Owner(ctx, []vault.Sealed{a.sealedName(&c), a.sealedKey(&c)})
	return file(a, plain, err)
}

// OfficeFile opens an attachment for an officer; the reading is logged.
func (s *Service) OfficeFile(ctx context.Context, actor policy.Actor, reference, attachmentID string) (File, error) {
	found, err := s.find(ctx, actor, reference)
	if err != nil {
		return File{}, err
	}
	c, a, err := s.fileOf(ctx, found.ID, attachmentID, false)
	if err != nil {
		return File{}, err
	}
	plain, err := s.Processing.Read(ctx, actor, processing.Request{Activity: Activity, Purpose: "receive_and_forward", Items: []vault.Sealed{a.sealedName(&c), a.sealedKey(&c)}, Detail: "attachment"})
	return file(a, plain, err)
}

func file(a stored, plain [][]byte, err error) (File, error) {
	if err != nil {
		return File{}, err
	}
	f := File{Attachment: a.Attachment, Blob: a.blob, Key: plain[1]}
	f.Name = string(plain[0])
	return f, nil
}

func (s *Service) fileOf(ctx context.Context, caseID, attachmentID string, publicOnly bool) (c Case, a stored, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		if c, err = queryCase(tx, `id = $1`, caseID); err != nil {
			return err
		}
		all, err := attachments(tx, caseID)
		if err != nil {
			return err
		}
		evs, err := events(tx, caseID, publicOnly)
		if err != nil {
			return err
		}
		for _, f := range all {
			if f.ID == attachmentID && slices.ContainsFunc(evs, func(e Event) bool { return e.ID == f.eventID }) {
				a = f
				return nil
			}
		}
		return errs.New(errs.NotFound, "error.not-found")
	})
	return c, a, err
}
