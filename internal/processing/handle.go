package processing

import (
	"context"

	"prasan/internal/errs"
)

// Handle opens values that the program itself works on and shows to nobody, such as mail
// that is sorted; ground says for what. The line is durable before anything is opened.
func (s *Service) Handle(ctx context.Context, r Request, ground string) ([][]byte, error) {
	snapshot := s.record(r.Activity)
	if snapshot == nil {
		return nil, errs.New(errs.Unavailable, "error.no-record")
	}
	if !snapshot.HasPurpose(r.Purpose) {
		return nil, errs.New(errs.Forbidden, "error.purpose-not-declared")
	}
	subjects, elements := scope(r.Items)
	for _, e := range elements {
		if e != Content && !snapshot.Declares(r.Purpose, e) {
			return nil, errs.New(errs.Forbidden, "error.element-not-declared")
		}
	}
	line := Line{Activity: r.Activity, Revision: snapshot.RevisionID, Act: "read", Actor: "system", Ground: ground, Purpose: r.Purpose, Subjects: subjects, Elements: elements, Detail: r.Detail}
	if err := s.commit(ctx, "data.handle", line); err != nil {
		return nil, err
	}
	return s.vault.Open(ctx, s.minter.Permit(r.Purpose, subjects, elements), r.Items)
}
