package api

import (
	"time"

	"prasan/internal/evidence"
)

type newPackage struct {
	Agency string    `json:"agency,omitempty" doc:"Code of an agency, with those under it; all if absent."`
	From   time.Time `json:"from"`
	To     time.Time `json:"to" doc:"The first moment that is not in it."`
}

// EvidenceOperations: what is handed to an inspector.
func EvidenceOperations(s *evidence.Service) []Operation {
	const tag = "register"
	return []Operation{
		Get(Operation{ID: "listEvidence", Path: "/evidence", Tag: tag, Summary: "Evidence packages that were made, newest first; the files are not kept.", Action: evidence.Action}, func(c *Call) (Page[evidence.Package], error) {
			all, err := s.List(c.Request.Context(), c.Actor)
			return PageOf(all, len(all), func(p evidence.Package) evidence.Package { return p }, nil), err
		}),
		Do(Operation{ID: "makeEvidence", Path: "/evidence", Tag: tag, Summary: "Make an evidence package and return it: a signed ZIP that `prasan verify` checks offline. Its making is audited.", Action: evidence.Action, Types: []string{"application/zip"}}, func(c *Call, in newPackage) (Raw, error) {
			_, file, err := s.Make(c.Request.Context(), c.Actor, evidence.Scope{Agency: in.Agency, From: in.From, To: in.To})
			return Raw{"application/zip", file}, err
		}),
	}
}
