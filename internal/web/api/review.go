package api

import (
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/review"
)

// AccessGrant is what an account can see and do under an activity now.
type AccessGrant struct {
	review.Grant
	Display Text `json:"display"`
}

// AccessMatrix is who can see what, computed now. Digest names it for an attestation.
type AccessMatrix struct {
	Activity string          `json:"activity"`
	Digest   string          `json:"digest" doc:"Of the whole matrix and the leavers; what is attested."`
	Grants   []AccessGrant   `json:"grants"`
	Leavers  []review.Leaver `json:"leavers"`
}

type attestation struct {
	Outcome string `json:"outcome" enum:"right,changes"`
	Note    string `json:"note,omitempty"`
	Digest  string `json:"digest" doc:"Of the matrix that was seen."`
}

// ReviewOperations: who can see what, and its attestation.
func ReviewOperations(s *review.Service) []Operation {
	const tag = "access"
	return []Operation{
		Get(Operation{ID: "getAccess", Path: "/access/{activity}", Tag: tag, Summary: "Who can see what under an activity, computed from the record and the orders now; and accounts that nobody should have any more.", Action: review.Action, Query: []Param{{Name: "agency", Summary: "Code of an agency, with those under it; all that the caller may see if absent."}}}, func(c *Call) (AccessMatrix, error) {
			return accessMatrix(s, c)
		}),
		Get(Operation{ID: "listAccessReviews", Path: "/access-reviews", Tag: tag, Summary: "Reviews of access, newest first; those without attested_at wait for the holder of the duty of row 33.", Action: review.Action}, func(c *Call) (Page[review.Review], error) {
			all, err := s.List(c.Request.Context())
			return PageOf(all, len(all), func(r review.Review) review.Review { return r }, nil), err
		}),
		Do(Operation{ID: "attestAccess", Path: "/access-reviews/{id}/attest", Tag: tag, Summary: "Attest a review; for the holder of the duty of row 33.", Action: review.Action}, func(c *Call, in attestation) (review.Review, error) {
			return s.Attest(c.Request.Context(), c.Actor, c.Path("id"), in.Outcome, in.Note, in.Digest)
		}),
	}
}

// accessMatrix narrows what is shown to what the caller reaches; the digest is of all.
func accessMatrix(s *review.Service, c *Call) (AccessMatrix, error) {
	all, own := policy.Reach(c.Actor, review.Action)
	agency := c.Query("agency")
	if !all && agency == "" {
		agency = own
	}
	if !all && !s.Within(agency, own) {
		return AccessMatrix{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	whole, err := s.Matrix(c.Request.Context(), c.Path("activity"), "")
	if err != nil {
		return AccessMatrix{}, err
	}
	leavers, err := s.Leavers(c.Request.Context())
	out := AccessMatrix{Activity: c.Path("activity"), Digest: review.Digest(whole, leavers), Grants: []AccessGrant{}, Leavers: []review.Leaver{}}
	for _, g := range whole {
		if agency == "" || s.Within(g.Agency, agency) {
			out.Grants = append(out.Grants, AccessGrant{g, textOf(g.Display)})
		}
	}
	for _, l := range leavers {
		if agency == "" || s.Within(l.Agency, agency) {
			out.Leavers = append(out.Leavers, l)
		}
	}
	return out, err
}
