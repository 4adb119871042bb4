package api

import (
	"time"

	"prasan/internal/truth"
)

type newException struct {
	Activity string    `json:"activity"`
	Field    string    `json:"field" doc:"Identifier of the row of the form."`
	Class    string    `json:"class" doc:"Class of the drift, D1 to D14."`
	Reason   string    `json:"reason"`
	Until    time.Time `json:"until" doc:"At most a year away."`
}

// TruthOperations: the record beside what is observed.
func TruthOperations(s *truth.Service) []Operation {
	const tag = "register"
	return []Operation{
		Get(Operation{ID: "getTruth", Path: "/truth", Tag: tag, Summary: "The record beside what is observed now: a status for each row of the form with its evidence, and the drift. The percentage is the share of the rows enforced or verified without drift, of those that the program can speak of.", Action: "record.read"}, func(c *Call) (truth.Report, error) {
			return s.Report(c.Request.Context())
		}),
		Get(Operation{ID: "listTruthExceptions", Path: "/truth/exceptions", Tag: tag, Summary: "Drift that was accepted and has not expired.", Action: "record.read"}, func(c *Call) (Page[truth.Exception], error) {
			all, err := s.Exceptions(c.Request.Context())
			return PageOf(all, len(all), func(e truth.Exception) truth.Exception { return e }, nil), err
		}),
		Do(Operation{ID: "exceptTruth", Path: "/truth/exceptions", Tag: tag, Summary: "Accept a drift for a time; for those whom the record names for its review (row 31).", Creates: true}, func(c *Call, in newException) (truth.Exception, error) {
			c.Location = "/truth/exceptions"
			return s.Except(c.Request.Context(), c.Actor, truth.Exception{Activity: in.Activity, Field: in.Field, Class: in.Class, Reason: in.Reason, Until: in.Until})
		}),
	}
}
