package rights

import (
	"context"
	"slices"

	"prasan/internal/errs"
)

// maxCases bounds how many cases one request is about.
const maxCases = 500

// whose finds the cases that a request is about, and who answers it. By a tracking code
// that is one case; by an address that is the person's, every case in which it stands.
func (s *Service) whose(ctx context.Context, r *Request, sub *Submission) error {
	switch {
	case sub.By != nil:
		r.Identity = "counter"
		c := Case{Reference: sub.CaseReference}
		var err error
		if c.id, r.Agency, c.subject, err = s.Data.ByReference(ctx, *sub.By, sub.CaseReference); err != nil {
			return err
		}
		r.Cases = []Case{c}
		return nil
	case sub.Proof != nil:
		return s.byProof(ctx, r, *sub.Proof)
	}
	r.Identity = "tracking-code"
	c := Case{Reference: sub.CaseReference}
	var err error
	c.id, r.Agency, c.subject, err = s.Data.ByCode(ctx, sub.CaseReference, sub.Code, sub.Addr)
	r.Cases = []Case{c}
	return err
}

// byProof takes every case in which one of the proven addresses stands. Whoever has shown
// who he is may ask although there is nothing: that is the answer then.
func (s *Service) byProof(ctx context.Context, r *Request, p Proof) error {
	if !slices.Contains([]string{"email", "phone", "oidc"}, p.Way) || len(p.Digests) == 0 {
		return errs.New(errs.Invalid, "error.identity")
	}
	r.Identity, r.Issuer, r.Level, r.Agency = p.Way, p.Issuer, p.Level, s.Central
	agencies := map[string]bool{}
	for _, digest := range p.Digests {
		err := s.Data.ByDigest(ctx, digest, func(id, reference, agency, subject string) {
			if len(r.Cases) < maxCases && !slices.ContainsFunc(r.Cases, func(c Case) bool { return c.id == id }) {
				agencies[agency] = true
				r.Cases = append(r.Cases, Case{reference, id, subject})
			}
		})
		if err != nil {
			return err
		}
	}
	if len(agencies) == 1 {
		for code := range agencies {
			r.Agency = code
		}
	}
	if len(r.Cases) > 0 {
		r.CaseReference = r.Cases[0].Reference
	}
	return nil
}

// subjects are the keys of the data that a request is about.
func (r *Request) subjects() []string {
	var out []string
	for _, c := range r.Cases {
		out = append(out, c.subject)
	}
	return out
}
