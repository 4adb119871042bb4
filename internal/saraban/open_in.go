package saraban

import (
	"bytes"
	"context"
	"encoding/json"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

// legible is a letter that came and was not destroyed.
func (s *Service) legible(ctx context.Context, a policy.Actor, id string) (In, error) {
	i, err := s.GetIn(ctx, a, id)
	if err == nil && !i.DestroyedAt.IsZero() {
		err = errs.New(errs.NotFound, "error.letter-destroyed")
	}
	return i, err
}

// ReadIn returns a letter that came with what it says, opened for the actor; the reading
// is logged.
func (s *Service) ReadIn(ctx context.Context, a policy.Actor, id string) (In, letters.Content, string, error) {
	i, err := s.legible(ctx, a, id)
	if err != nil {
		return In{}, letters.Content{}, "", err
	}
	items := []vault.Sealed{{Subject: i.subjectKey, Element: processing.Content, Place: inPlace(id, "content"), Data: i.content}}
	if i.answer != nil {
		items = append(items, vault.Sealed{Subject: i.subjectKey, Element: processing.Content, Place: inPlace(id, "answer"), Data: i.answer})
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: letters.Activity, Purpose: letters.Purpose, Items: items, Detail: "letter"})
	if err != nil {
		return In{}, letters.Content{}, "", err
	}
	var in inside
	if err := json.Unmarshal(plain[0], &in); err != nil {
		return In{}, letters.Content{}, "", err
	}
	answer := ""
	if len(plain) > 1 {
		answer = string(plain[1])
	}
	if in.Content == nil {
		in.Content = &letters.Content{}
	}
	for _, a := range in.Attachments {
		i.Attachments = append(i.Attachments, a.Name)
	}
	return i, *in.Content, answer, nil
}

// AttachmentIn returns a file that came with a letter, counted from 0; the reading is logged.
func (s *Service) AttachmentIn(ctx context.Context, a policy.Actor, id string, n int) (Attachment, error) {
	i, err := s.legible(ctx, a, id)
	if err != nil {
		return Attachment{}, err
	}
	pieces, err := s.sealedParts(ctx, &i, n+1)
	if err != nil {
		return Attachment{}, err
	}
	items := append([]vault.Sealed{{Subject: i.subjectKey, Element: processing.Content, Place: inPlace(id, "content"), Data: i.content}}, pieces...)
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: letters.Activity, Purpose: letters.Purpose, Items: items, Detail: "letter.attachment"})
	if err != nil {
		return Attachment{}, err
	}
	var in inside
	if err := json.Unmarshal(plain[0], &in); err != nil {
		return Attachment{}, err
	}
	if n < 0 || n >= len(in.Attachments) {
		return Attachment{}, errs.New(errs.NotFound, "error.not-found")
	}
	f := in.Attachments[n]
	if f.Size > 0 {
		f.Data = bytes.Join(plain[1:], nil)
	}
	return f, nil
}

// FileIn returns the file of a letter that came, as it came.
func (s *Service) FileIn(ctx context.Context, a policy.Actor, id string) ([]byte, error) {
	i, err := s.legible(ctx, a, id)
	if err != nil {
		return nil, err
	}
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT file FROM letters_in WHERE id = $1`, []any{id}, &i.file)
	})
	if err != nil {
		return nil, err
	}
	items, err := s.sealedParts(ctx, &i, 0)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 {
		items = []vault.Sealed{{Subject: i.subjectKey, Element: processing.Content, Place: inPlace(id, "file"), Data: i.file}}
	}
	plain, err := s.Processing.Read(ctx, a, processing.Request{Activity: letters.Activity, Purpose: letters.Purpose, Items: items, Detail: "letter.pdf"})
	if err != nil {
		return nil, err
	}
	return bytes.Join(plain, nil), nil
}
