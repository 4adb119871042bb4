package office

import (
	"net/http"

	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/register"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// recordReviewRoutes: the review of each record that its cycle sets.
var recordReviewRoutes = []route{
	{"GET /{lang}/office/record-reviews", full, "record.read", showRecordReviews},
	{"POST /{lang}/office/record-reviews/{activity}", full, "record.read", confirmRecord},
}

func showRecordReviews(v *visit) error { return v.recordReviews(http.StatusOK, nil, "") }

// recordReviews lists what is to be reviewed and what was; who holds the duty signs here.
func (v *visit) recordReviews(status int, refused error, activity string) error {
	tasks, err := v.f.Register.ReviewTasks(v.Context())
	if err != nil {
		return err
	}
	done, err := v.f.Register.Reviews(v.Context(), "")
	if err != nil {
		return err
	}
	accounts := map[string]bool{}
	for _, r := range done {
		accounts[r.By] = true
	}
	names, err := v.people(accounts)
	if err != nil {
		return err
	}
	s := sheet{Heading: v.t("recordreview.heading"), Lead: v.t("recordreview.lead"),
		Links: []kit.Link{{Href: v.to("/office/records"), Text: v.t("registerpages.records")}}, Tables: []table{v.reviewTasks(tasks), v.reviewsDone(done, names)}}
	for _, t := range tasks {
		f := v.confirmForm(t)
		if f == nil {
			continue
		}
		if refused != nil && t.Activity == activity {
			if _, err := v.refused(refused, f); err != nil {
				return err
			}
		}
		s.Forms = append(s.Forms, *f)
	}
	return v.show(status, s)
}

func (v *visit) reviewTasks(tasks []register.ReviewTask) table {
	t := table{Title: v.t("recordreview.tasks"), Head: []string{v.t("registerpages.activity"), v.t("registerpages.in-force"), v.t("recordreview.from"), v.t("recordreview.due"), v.t("office.status")}, Empty: v.t("recordreview.tasks-none")}
	for _, x := range tasks {
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: v.activity(x.Activity), Href: v.to("/office/records/" + x.Activity)}, {Text: v.t("office.revision-n", "n", x.N), Href: v.revisionPath(x.Activity, x.N)},
			{Text: thai.DateShort(x.From, v.lang)}, {Text: thai.DateShort(x.Due, v.lang)}, {Chip: v.reviewChip(x)}}})
	}
	return t
}

// reviewSoon is how long before its day a review is asked for.
const reviewSoon = 30

func (v *visit) reviewChip(t register.ReviewTask) *kit.Chip {
	switch now := v.f.Now(); {
	case now.After(t.Due):
		return &kit.Chip{Tone: "late", Text: v.t("recordreview.late")}
	case now.AddDate(0, 0, reviewSoon).After(t.Due):
		return &kit.Chip{Tone: "wait", Text: v.t("recordreview.soon")}
	}
	return &kit.Chip{Tone: "good", Text: v.t("recordreview.later")}
}

func (v *visit) reviewsDone(done []register.Reviewed, names people) table {
	t := table{Title: v.t("recordreview.done"), Head: []string{v.t("registerpages.activity"), v.t("registerpages.in-force"), v.t("recordreview.by"), v.t("recordreview.note")}, Empty: v.t("recordreview.done-none")}
	for _, x := range done {
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: v.activity(x.Activity)}, {Text: v.t("office.revision-n", "n", x.N), Href: v.revisionPath(x.Activity, x.N)},
			{Text: names.name(x.By) + " · " + v.ground(x.Ground) + " · " + thai.DateTime(x.At, v.lang)}, {Text: x.Note}}})
	}
	return t
}

// confirmForm is offered to who holds the duty of the review.
func (v *visit) confirmForm(t register.ReviewTask) *form {
	snap := v.f.Register.Snapshot(t.Activity)
	if snap == nil || !snap.MayDo(v.session.Actor, policy.DutyReview).Allowed {
		return nil
	}
	return &form{Title: v.t("recordreview.confirm-of", "activity", v.activity(t.Activity)), Help: v.t("recordreview.confirm-help", "n", t.N), Action: v.to("/office/record-reviews/" + t.Activity), Button: v.t("recordreview.confirm"),
		Hidden: [][2]string{{"sha256", snap.SHA256}}, Fields: []kit.Field{{Name: "note", ID: "note-" + t.Activity, Label: v.t("recordreview.note"), Help: v.t("recordreview.note-help"), Rows: 3, Value: v.PostFormValue("note")}}}
}

func confirmRecord(v *visit) error {
	activity := v.PathValue("activity")
	_, err := v.f.Register.Confirm(v.Context(), v.session.Actor, activity, v.PostFormValue("sha256"), v.PostFormValue("note"))
	if errs.KindOf(err) == errs.Invalid {
		return v.recordReviews(http.StatusUnprocessableEntity, err, activity)
	}
	if err != nil {
		return err
	}
	return v.seeOther("/office/record-reviews")
}
