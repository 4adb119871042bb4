package api

import (
	"time"

	"prasan/internal/register"
)

// RecordReviewTask is a review that the cycle of a record sets (row 37).
type RecordReviewTask struct {
	Activity string    `json:"activity"`
	Revision int       `json:"revision" doc:"The one in force."`
	From     time.Time `json:"from" doc:"Since when the cycle runs: the revision's start, or the last review."`
	Due      time.Time `json:"due"`
}

// RecordReview is one that was signed.
type RecordReview struct {
	ID         string    `json:"id"`
	Activity   string    `json:"activity"`
	Revision   int       `json:"revision"`
	ReviewedBy string    `json:"reviewed_by"`
	Ground     string    `json:"ground" doc:"The principal or order of the record that it rests on."`
	Note       string    `json:"note"`
	At         time.Time `json:"at"`
}

type recordReview struct {
	SHA256 string `json:"sha256" doc:"Of the text that the reviewer has read."`
	Note   string `json:"note" doc:"What was gone through and found."`
}

// RecordReviewOperations: the review of the records that their cycles set.
func RecordReviewOperations(s *register.Store) []Operation {
	const tag = "register"
	return []Operation{
		Get(Operation{ID: "listRecordReviewTasks", Path: "/record-review-tasks", Tag: tag, Summary: "The reviews of the records in force that are to be done, with their days.", Action: "record.read"}, func(c *Call) (Page[RecordReviewTask], error) {
			all, err := s.ReviewTasks(c.Request.Context())
			return PageOf(all, len(all), func(t register.ReviewTask) RecordReviewTask {
				return RecordReviewTask{t.Activity, t.N, t.From, t.Due}
			}, nil), err
		}),
		Get(Operation{ID: "listRecordReviews", Path: "/activities/{code}/reviews", Tag: tag, Summary: "The reviews of a record that were signed, newest first.", Action: "record.read"}, func(c *Call) (Page[RecordReview], error) {
			all, err := s.Reviews(c.Request.Context(), c.Path("code"))
			return PageOf(all, len(all), recordReviewOf, nil), err
		}),
		Do(Operation{ID: "reviewRecord", Path: "/activities/{code}/reviews", Tag: tag, Summary: "Sign that the record in force was gone through and still holds; for a holder of the duty of row 31.", Action: "record.read", Creates: true}, func(c *Call, in recordReview) (RecordReview, error) {
			r, err := s.Confirm(c.Request.Context(), c.Actor, c.Path("code"), in.SHA256, in.Note)
			c.Location = "/activities/" + c.Path("code") + "/reviews"
			return recordReviewOf(r), err
		}),
	}
}

func recordReviewOf(r register.Reviewed) RecordReview {
	return RecordReview{r.ID, r.Activity, r.N, r.By, r.Ground, r.Note, r.At}
}
