package letters

import (
	"context"
	"strings"

	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/thai"
)

// Preview is a letter as it would be, of what has been typed so far; nothing is stored.
type Preview struct {
	Letter  Letter
	Content Content
	Number  string // as far as it is known
	Date    string // as the letter says it
}

// Preview fills in what a drafter has not typed, and forgives what is missing.
func (s *Service) Preview(a policy.Actor, w Writing) (Preview, error) {
	if w.Agency == "" {
		w.Agency = a.Agency
	}
	if !policy.May(a, "letter.draft", w.Agency) {
		return Preview{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	if err := s.complete(&w); err != nil && errs.KindOf(err) != errs.Invalid {
		return Preview{}, err
	}
	if !contains(Kinds, w.Kind) {
		w.Kind = External
	}
	if !contains(Urgencies, w.Urgency) {
		w.Urgency = NoUrgency
	}
	agency, _ := s.Agencies.Get(w.Agency)
	l := Letter{Agency: w.Agency, Kind: w.Kind, State: Draft, Series: w.Series, Secrecy: NoSecrecy, Urgency: w.Urgency, To: w.To, ToName: w.ToName, Subject: w.Subject, DraftedBy: a.Account, ChangedAt: s.Now()}
	return Preview{l, w.Content, ThaiDigits(agency.Letters) + "/", strings.TrimLeft(thai.LetterDate(s.Now()), "๐๑๒๓๔๕๖๗๘๙ ")}, nil
}

// PreviewPDF is the preview on paper.
func (s *Service) PreviewPDF(_ context.Context, a policy.Actor, w Writing) ([]byte, error) {
	p, err := s.Preview(a, w)
	if err != nil {
		return nil, err
	}
	return s.render(&p.Letter, &p.Content, nil)
}
