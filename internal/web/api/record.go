package api

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/register"
	"prasan/internal/ropa"
)

// Activity is an activity of the register as the program obeys it.
type Activity struct {
	Code        string     `json:"code"`
	Name        Text       `json:"name"`
	Revision    int        `json:"revision"`
	RevisionID  string     `json:"revision_id"`
	SHA256      string     `json:"sha256" doc:"Of the canonical form."`
	EffectiveAt *time.Time `json:"effective_at,omitempty"`
	Elements    []Element  `json:"elements"`
	Purposes    []Purpose  `json:"purposes"`
	Retention   string     `json:"retention" doc:"ISO 8601 period from the anchor."`
	Anchor      string     `json:"anchor"`
}

// Element is a personal datum that the record declares.
type Element struct {
	Code  string `json:"code"`
	Field string `json:"field,omitempty" doc:"Name of the form's field; absent where no form asks for it."`
	Label Text   `json:"label"`
	Kind  string `json:"kind" enum:"form,content,technical,account"`
	Class string `json:"class"`
}

// Purpose is a declared purpose and what may be read for it.
type Purpose struct {
	Code     string   `json:"code"`
	Text     Text     `json:"text"`
	Basis    string   `json:"basis"`
	Elements []string `json:"elements"`
}

// Revision is a stored revision of an activity.
type Revision struct {
	ID          string     `json:"id"`
	Activity    string     `json:"activity"`
	N           int        `json:"n"`
	Status      string     `json:"status" enum:"draft,review,approved,effective,superseded"`
	SHA256      string     `json:"sha256"`
	PrevSHA256  string     `json:"prev_sha256,omitempty"`
	PreparedBy  string     `json:"prepared_by"`
	Approvals   []Approval `json:"approvals"`
	EffectiveAt *time.Time `json:"effective_at,omitempty"`
	CreatedAt   time.Time  `json:"created_at"`
}

// Approval is a signature on a revision.
type Approval struct {
	Account string    `json:"account"`
	Ground  string    `json:"ground"`
	At      time.Time `json:"at"`
}

func revisionOf(r register.Revision) Revision {
	out := Revision{ID: r.ID, Activity: r.Activity, N: r.N, Status: r.Status, SHA256: r.SHA256, PrevSHA256: r.PrevSHA256, PreparedBy: r.PreparedBy, Approvals: []Approval{}, EffectiveAt: moment(r.EffectiveAt), CreatedAt: r.CreatedAt}
	for _, x := range r.Approvals {
		out.Approvals = append(out.Approvals, Approval(x))
	}
	return out
}

// Notice is a privacy notice in force, as it was published.
type Notice struct {
	ID          string    `json:"id"`
	Activity    string    `json:"activity,omitempty"`
	Agency      string    `json:"agency,omitempty"`
	Revision    int       `json:"revision,omitempty"`
	SHA256      string    `json:"sha256,omitempty"`
	PublishedAt time.Time `json:"published_at"`
	Text        Text      `json:"text"`
}

// recordOperations: the register, and the notices that follow from it.
func (a *API) recordOperations() []Operation {
	if a.Register == nil {
		return nil
	}
	const tag = "record"
	ops := []Operation{
		Get(Operation{ID: "listActivities", Path: "/activities", Tag: tag, Summary: "The activities of the register that are in force.", Action: "record.read"}, a.listActivities),
		Get(Operation{ID: "getActivity", Path: "/activities/{code}", Tag: tag, Summary: "An activity as the program obeys it.", Action: "record.read"}, a.getActivity),
		Get(Operation{ID: "listRevisions", Path: "/activities/{code}/revisions", Tag: tag, Summary: "Revisions of an activity, newest first.", Action: "record.read"}, a.listRevisions),
		Get(Operation{ID: "getRevision", Path: "/activities/{code}/revisions/{n}", Tag: tag, Summary: "The canonical text of a revision: JSON, or YAML where Accept or format asks for it.", Action: "record.read",
			Query: []Param{{Name: "format", Summary: "Of the answer.", Enum: []string{"json", "yaml"}}}, Types: []string{"application/json", "application/yaml"}}, a.getRevision),
	}
	if a.Notices != nil {
		ops = append(ops,
			Get(Operation{ID: "currentNotice", Path: "/notices", Tag: tag, Summary: "The privacy notice of an agency in force.", Query: []Param{{Name: "activity", Summary: "Code of the activity; contact-us if absent."}, {Name: "agency", Summary: "Code of the agency; the caller's if absent."}}}, a.currentNotice),
			Get(Operation{ID: "getNotice", Path: "/notices/{id}", Tag: tag, Summary: "A notice as it was published; cases name the one that was shown."}, a.getNotice))
	}
	return ops
}

func (a *API) listActivities(c *Call) (Page[Activity], error) {
	all, err := a.Register.Revisions(c.Request.Context(), "")
	page := Page[Activity]{Items: []Activity{}}
	for _, r := range all {
		if r.Status == "effective" {
			if snap := a.Register.Snapshot(r.Activity); snap != nil {
				page.Items = append(page.Items, activityOf(snap, r))
			}
		}
	}
	return page, err
}

func (a *API) getActivity(c *Call) (Activity, error) {
	snap := a.Register.Snapshot(c.Path("code"))
	if snap == nil {
		return Activity{}, errNotFound
	}
	all, err := a.Register.Revisions(c.Request.Context(), snap.Activity)
	for _, r := range all {
		if r.ID == snap.RevisionID {
			return activityOf(snap, r), err
		}
	}
	return activityOf(snap, register.Revision{}), err
}

func activityOf(s *policy.Snapshot, r register.Revision) Activity {
	out := Activity{Code: s.Activity, Name: textOf(s.Name), Revision: r.N, RevisionID: s.RevisionID, SHA256: s.SHA256, EffectiveAt: moment(r.EffectiveAt), Elements: []Element{}, Purposes: []Purpose{}, Retention: period(s.Retention), Anchor: s.Retention.Anchor}
	for _, e := range s.Elements {
		x := Element{Code: e.Code, Label: textOf(e.Label), Kind: e.Kind, Class: e.Class}
		if e.Kind == "form" {
			x.Field = cases.FieldOf(e.Code)
		}
		out.Elements = append(out.Elements, x)
	}
	for _, p := range s.Purposes {
		out.Purposes = append(out.Purposes, Purpose{p.Code, textOf(p.Text), p.Basis, append([]string{}, p.Elements...)})
	}
	return out
}

// period writes a retention as ISO 8601.
func period(r policy.Retention) string {
	out := "P"
	for _, x := range []struct {
		n    int
		unit string
	}{{r.Years, "Y"}, {r.Months, "M"}, {r.Days, "D"}} {
		if x.n > 0 {
			out += strconv.Itoa(x.n) + x.unit
		}
	}
	return out
}

func (a *API) listRevisions(c *Call) (Page[Revision], error) {
	all, err := a.Register.Revisions(c.Request.Context(), c.Path("code"))
	if err == nil && len(all) == 0 {
		err = errNotFound
	}
	return PageOf(all, len(all), revisionOf, nil), err
}

func (a *API) getRevision(c *Call) (Raw, error) {
	n, err := strconv.Atoi(c.Path("n"))
	if err != nil {
		return Raw{}, errNotFound
	}
	text, err := a.Register.Body(c.Request.Context(), c.Path("code"), n)
	if err != nil {
		return Raw{}, err
	}
	format, accept := c.Query("format"), c.Request.Header.Get("Accept")
	if format == "yaml" || format == "" && strings.Contains(accept, "yaml") {
		return Raw{"application/yaml", []byte(text)}, nil
	}
	rev, err := ropa.Parse([]byte(text))
	if err != nil {
		return Raw{}, err
	}
	body, err := ropa.MarshalJSON(rev)
	if err == nil && !json.Valid(body) {
		err = errs.New(errs.Internal, "error.internal")
	}
	return Raw{"application/json", body}, err
}

func (a *API) currentNotice(c *Call) (Notice, error) {
	activity, agency := c.Query("activity"), c.Query("agency")
	if activity == "" {
		activity = "contact-us"
	}
	if agency == "" {
		agency = c.Actor.Agency
	}
	if _, ok := a.Agencies.Get(agency); !ok {
		return Notice{}, errs.InvalidField("agency", "error.agency-unknown")
	}
	n, err := a.Notices.Current(c.Request.Context(), activity, agency)
	if err != nil {
		return Notice{}, err
	}
	return Notice{n.ID, n.Activity, n.Agency, n.Revision, n.SHA256, n.PublishedAt, Text{n.Text["th"].Text(), n.Text["en"].Text()}}, nil
}

func (a *API) getNotice(c *Call) (Notice, error) {
	th, en, at, err := a.Notices.Texts(c.Request.Context(), c.Path("id"))
	return Notice{ID: c.Path("id"), PublishedAt: at, Text: Text{th, en}}, err
}
