package referral

import (
	"context"
	"io"
	"slices"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/saraban"
)

// attachments is what the record calls the files of a case.
const attachments = "attachments"

// onAttach gives the files of the case to its letter, where they are disclosed.
func (s *Service) onAttach(ctx context.Context, l *letters.Letter) ([]saraban.Attachment, error) {
	if !strings.HasPrefix(l.About, about) || s.Open == nil {
		return nil, nil
	}
	var r Referral
	err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { r, err = one(tx, `letter_id = $1`, l.ID); return err })
	if errs.KindOf(err) == errs.NotFound || err == nil && !slices.Contains(r.Elements, attachments) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	files, err := s.Cases.FilesToSend(ctx, r.CaseID)
	if err != nil {
		return nil, err
	}
	var out []saraban.Attachment
	for _, f := range files {
		in, err := s.Open(ctx, f.ID, f.Key)
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(in)
		in.Close()
		if err != nil {
			return nil, err
		}
		out = append(out, saraban.Attachment{Name: f.Name, Type: f.Type, Data: data})
	}
	return out, nil
}
