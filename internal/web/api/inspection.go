package api

import (
	"strconv"
	"time"

	"prasan/internal/errs"
	"prasan/internal/inspection"
)

// Inspection is one looking over of an activity by an inspector of the record (row 30).
type Inspection struct {
	ID         string              `json:"id"`
	Activity   string              `json:"activity"`
	State      string              `json:"state" enum:"open,reported,signed"`
	From       time.Time           `json:"from"`
	To         time.Time           `json:"to"`
	Inspector  string              `json:"inspector"`
	Ground     string              `json:"ground"`
	Revision   string              `json:"revision"`
	WorkList   inspection.WorkList `json:"worklist"`
	Report     inspection.Report   `json:"report"`
	Points     []InspectionPoint   `json:"points"`
	SignedAt   *time.Time          `json:"signed_at,omitempty"`
	Verifies   bool                `json:"verifies" doc:"The report is as it was signed."`
	ReportedAt *time.Time          `json:"reported_at,omitempty"`
}

// InspectionPoint is something that has to be done.
type InspectionPoint struct {
	No     int        `json:"no"`
	Text   string     `json:"text"`
	Owner  string     `json:"owner"`
	DueAt  time.Time  `json:"due_at"`
	DoneAt *time.Time `json:"done_at,omitempty"`
	DoneBy string     `json:"done_by,omitempty"`
	Done   string     `json:"done,omitempty"`
}

type newInspection struct {
	Activity string `json:"activity"`
}

type inspectionReport struct {
	Looked     string `json:"looked"`
	Found      string `json:"found"`
	Conclusion string `json:"conclusion" enum:"good,minor,major"`
	Points     []struct {
		Text  string    `json:"text"`
		Owner string    `json:"owner" doc:"Account that has to do it."`
		DueAt time.Time `json:"due_at"`
	} `json:"points,omitempty"`
}

type inspectionDone struct {
	Done string `json:"done"`
}

// InspectionOperations: what inspectors look at, report, and have followed up.
func InspectionOperations(s *inspection.Service) []Operation {
	const tag, path = "inspections", "/inspections/{id}"
	of := func(i inspection.Inspection) Inspection {
		out := Inspection{ID: i.ID, Activity: i.Activity, State: string(i.State), From: i.From, To: i.To, Inspector: i.Inspector, Ground: i.Ground, Revision: i.RevisionID, WorkList: i.WorkList, Report: i.Report, Points: []InspectionPoint{}, SignedAt: moment(i.SignedAt), ReportedAt: moment(i.ReportedAt), Verifies: s.Verify(i)}
		for _, p := range i.Points {
			out.Points = append(out.Points, InspectionPoint{p.No, p.Text, p.Owner, p.DueAt, moment(p.DoneAt), p.DoneBy, p.Done})
		}
		return out
	}
	show := func(i inspection.Inspection, err error) (Inspection, error) {
		if i.WorkList.Looks == nil {
			i.WorkList.Looks = []inspection.Look{}
		}
		return of(i), err
	}
	return []Operation{
		Get(Operation{ID: "listInspections", Path: "/inspections", Tag: tag, Summary: "Inspections that the caller may know of, newest first."}, func(c *Call) (Page[Inspection], error) {
			all, err := s.List(c.Request.Context(), c.Actor)
			return PageOf(all, len(all), of, nil), err
		}),
		Do(Operation{ID: "beginInspection", Path: "/inspections", Tag: tag, Summary: "Begin one, with its work-list; for the inspectors that the record names.", Creates: true}, func(c *Call, in newInspection) (Inspection, error) {
			i, err := s.Begin(c.Request.Context(), c.Actor, in.Activity)
			c.Location = "/inspections/" + i.ID
			return show(i, err)
		}),
		Get(Operation{ID: "getInspection", Path: path, Tag: tag, Summary: "An inspection."}, func(c *Call) (Inspection, error) {
			return show(s.Get(c.Request.Context(), c.Actor, c.Path("id")))
		}),
		Do(post(Operation{ID: "reportInspection", Path: path + "/report", Tag: tag, Summary: "Write its report and what has to be done."}), func(c *Call, in inspectionReport) (Inspection, error) {
			var points []inspection.Point
			for _, p := range in.Points {
				points = append(points, inspection.Point{Text: p.Text, Owner: p.Owner, DueAt: p.DueAt})
			}
			return show(s.Write(c.Request.Context(), c.Actor, c.Path("id"), inspection.Report{Looked: in.Looked, Found: in.Found, Conclusion: in.Conclusion}, points))
		}),
		Get(post(Operation{ID: "signInspection", Path: path + "/sign", Tag: tag, Summary: "Sign its report; nothing of it changes any more."}), func(c *Call) (Inspection, error) {
			return show(s.Sign(c.Request.Context(), c.Actor, c.Path("id")))
		}),
		Do(post(Operation{ID: "settleInspectionPoint", Path: path + "/points/{no}/done", Tag: tag, Summary: "Note what was done about a point."}), func(c *Call, in inspectionDone) (Nothing, error) {
			no, err := strconv.Atoi(c.Path("no"))
			if err != nil {
				return Nothing{}, errs.New(errs.NotFound, "error.not-found")
			}
			return Nothing{}, s.Settle(c.Request.Context(), c.Actor, c.Path("id"), no, in.Done)
		}),
	}
}
