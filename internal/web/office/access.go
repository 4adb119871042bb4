package office

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/review"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// reviewRoutes: who can see what, and the attestation of it.
var reviewRoutes = []route{
	{"GET /{lang}/office/access", full, review.Action, showAccess},
	{"GET /{lang}/office/access/{activity}", full, review.Action, showMatrix},
	{"GET /{lang}/office/access/{activity}/export/{format}", full, review.Action, exportMatrix},
	{"POST /{lang}/office/access/reviews/{id}", full, review.Action, attestReview},
}

// scopeOf is the agency to which the visitor's view is narrowed; "" is all.
func (v *visit) accessScope() string {
	if all, own := policy.Reach(v.session.Actor, review.Action); !all {
		return own
	}
	return ""
}

// showAccess lists the reviews and those who should have no access any more.
func showAccess(v *visit) error { return v.access(http.StatusOK, nil, nil) }

func (v *visit) access(status int, refused error, r *review.Review) error {
	reviews, err := v.f.Review.List(v.Context())
	if err != nil {
		return err
	}
	leavers, err := v.f.Review.Leavers(v.Context())
	if err != nil {
		return err
	}
	accounts := map[string]bool{}
	for _, x := range reviews {
		accounts[x.AttestedBy] = true
	}
	for _, x := range leavers {
		accounts[x.Account] = true
	}
	names, err := v.people(accounts)
	if err != nil {
		return err
	}
	s := sheet{Heading: v.t("review.heading"), Lead: v.t("review.lead")}
	for _, snap := range v.f.Activities() {
		s.Links = append(s.Links, kit.Link{Href: v.to("/office/access/" + snap.Activity), Text: v.t("review.matrix-of", "activity", snap.Name.In(v.lang))})
	}
	s.Tables = []table{v.reviewTable(reviews, names), v.leaverTable(leavers, names)}
	for i := range reviews {
		f, err := v.attestForm(&reviews[i], leavers)
		if err != nil {
			return err
		}
		if f == nil {
			continue
		}
		if r != nil && r.ID == reviews[i].ID && refused != nil {
			if _, err := v.refused(refused, f); err != nil {
				return err
			}
		}
		s.Forms = append(s.Forms, *f)
	}
	return v.show(status, s)
}

func (v *visit) reviewTable(list []review.Review, names people) table {
	t := table{Title: v.t("review.reviews"), Head: []string{v.t("registerpages.activity"), v.t("office.period"), v.t("review.due"), v.t("office.status"), v.t("review.attested-by"), v.t("review.note")}, Empty: v.t("review.none")}
	now := v.f.Now()
	for _, r := range list {
		chip, who := kit.Chip{Tone: "wait", Text: v.t("review.open")}, "–"
		switch {
		case r.Outcome == "right":
			chip = kit.Chip{Tone: "good", Text: v.t("review.outcome-right")}
		case r.Outcome == "changes":
			chip = kit.Chip{Tone: "busy", Text: v.t("review.outcome-changes")}
		case now.After(r.DueAt):
			chip = kit.Chip{Tone: "late", Text: v.t("review.late")}
		}
		if !r.AttestedAt.IsZero() {
			who = names.name(r.AttestedBy) + " · " + v.ground(r.Ground) + " · " + thai.DateTime(r.AttestedAt, v.lang)
			if !v.f.Review.Verify(r) {
				chip = kit.Chip{Tone: "late", Text: v.t("review.false")}
			}
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: v.activity(r.Activity), Href: v.to("/office/access/" + r.Activity)}, {Text: v.roundName(r.Period)}, {Text: thai.DateShort(r.DueAt, v.lang)}, {Chip: &chip}, {Text: who}, {Text: r.Note}}})
	}
	return t
}

func (v *visit) leaverTable(list []review.Leaver, names people) table {
	t := table{Title: v.t("review.leavers"), Head: []string{v.t("review.account"), v.t("office.agency"), v.t("review.why"), v.t("review.since")}, Empty: v.t("review.leavers-none")}
	scope := v.accessScope()
	for _, l := range list {
		if scope != "" && !v.f.Review.Within(l.Agency, scope) {
			continue
		}
		account := kit.Cell{Text: names.name(l.Account) + " (" + l.Account + ")"}
		if v.reaches("account.admin") {
			account.Href = v.to("/office/accounts/" + url.PathEscape(l.Account))
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{account, {Text: v.agency(l.Agency)}, {Text: strings.TrimSpace(v.t("review.why-"+l.Why) + " " + l.Detail)}, {Text: thai.DateShort(l.Since, v.lang)}}})
	}
	return t
}

// roundName is the period of a round as people of the language write it.
func (v *visit) roundName(period string) string {
	year, part, _ := strings.Cut(period, "-")
	n, err := strconv.Atoi(year)
	if err != nil || v.lang != "th" {
		return period
	}
	const buddhistEra = 543
	if part != "" {
		part = "/" + part
	}
	return strconv.Itoa(n+buddhistEra) + part
}

// attestForm is offered to the holder of the duty for a review that is open.
func (v *visit) attestForm(r *review.Review, leavers []review.Leaver) (*form, error) {
	snap := v.f.Register.Snapshot(r.Activity)
	if !r.AttestedAt.IsZero() || snap == nil || !snap.MayDo(v.session.Actor, policy.DutyGrant).Allowed {
		return nil, nil
	}
	grants, err := v.f.Review.Matrix(v.Context(), r.Activity, "")
	if err != nil {
		return nil, err
	}
	reading := 0
	for _, g := range grants {
		if len(g.Purposes) > 0 {
			reading++
		}
	}
	return &form{Title: v.t("review.attest-of", "activity", v.activity(r.Activity), "period", v.roundName(r.Period)), Help: v.t("review.attest-help", "n", reading, "leavers", len(leavers)), Action: v.to("/office/access/reviews/" + r.ID), Button: v.t("review.attest"),
		Hidden: [][2]string{{"seen", review.Digest(grants, leavers)}}, Fields: []kit.Field{
			{Name: "outcome", ID: "outcome-" + r.ID, Label: v.t("review.outcome"), Options: []kit.Option{{Value: "right", Label: v.t("review.outcome-right")}, {Value: "changes", Label: v.t("review.outcome-changes"), Selected: v.PostFormValue("outcome") == "changes"}}},
			{Name: "note", ID: "note-" + r.ID, Label: v.t("review.note"), Help: v.t("review.note-help"), Rows: 2, Value: v.PostFormValue("note")},
		}}, nil
}

func attestReview(v *visit) error {
	_, err := v.f.Review.Attest(v.Context(), v.session.Actor, v.PathValue("id"), v.PostFormValue("outcome"), v.PostFormValue("note"), v.PostFormValue("seen"))
	if errs.KindOf(err) == errs.Invalid {
		return v.access(http.StatusUnprocessableEntity, err, &review.Review{ID: v.PathValue("id")})
	}
	if err != nil {
		return err
	}
	return v.seeOther("/office/access")
}

func (v *visit) matrix() ([]review.Grant, error) {
	all, err := v.f.Review.Matrix(v.Context(), v.PathValue("activity"), v.accessScope())
	if err != nil {
		return nil, err
	}
	filter := v.URL.Query()
	agency, role := filter.Get("agency"), filter.Get("role")
	return slices.DeleteFunc(all, func(g review.Grant) bool {
		return agency != "" && g.Agency != agency || role != "" && !slices.Contains(g.Roles, role) || filter.Get("only") == "reads" && len(g.Purposes) == 0
	}), nil
}

func showMatrix(v *visit) error {
	list, err := v.matrix()
	if err != nil {
		return err
	}
	code, query := v.PathValue("activity"), v.URL.Query()
	t := table{Title: v.t("review.matrix"), Head: []string{v.t("review.name"), v.t("office.agency"), v.t("review.roles"), v.t("review.reads"), v.t("review.ground"), v.t("review.duties"), v.t("review.secrecy"), v.t("review.cases")}, Empty: v.t("review.matrix-none")}
	from, _ := strconv.Atoi(query.Get("from"))
	from = max(0, min(from, len(list)))
	page := list[from:min(len(list), from+pageSize)]
	for _, g := range page {
		reads, secrecy, cases := "–", "–", "–"
		if len(g.Purposes) > 0 {
			reads = v.elements(g.Elements)
		}
		if g.Secrecy != "" {
			secrecy = v.t("review.secrecy-" + g.Secrecy)
		}
		if g.Cases != "" {
			cases = v.t("review.cases-" + g.Cases)
		}
		var roles, duties []string
		for _, r := range g.Roles {
			roles = append(roles, v.t("role."+r))
		}
		for _, d := range g.Duties {
			duties = append(duties, v.rowTitle("duty."+d))
		}
		ground := "–"
		if g.Ground != "" {
			ground = v.ground(g.Ground)
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: g.Display.In(v.lang) + " (" + g.Account + ")"}, {Text: v.agency(g.Agency)}, {Text: strings.Join(roles, ", ")}, {Text: reads}, {Text: ground}, {Text: strings.Join(duties, ", ")}, {Text: secrecy}, {Text: cases}}})
	}
	export := v.to("/office/access/" + code + "/export/")
	s := sheet{Heading: v.t("review.matrix-of", "activity", v.activity(code)), Lead: v.t("review.matrix-lead"), Tables: []table{t},
		Links: []kit.Link{{Href: v.to("/office/access"), Text: v.t("review.heading")}, {Href: export + "xlsx?" + query.Encode(), Text: "XLSX"}, {Href: export + "csv?" + query.Encode(), Text: "CSV"}}}
	at := func(n int) string {
		q := v.URL.Query()
		q.Set("from", strconv.Itoa(n))
		return v.to("/office/access/" + code + "?" + q.Encode())
	}
	if from > 0 {
		s.Pager.Previous = at(max(0, from-pageSize))
	}
	if from+pageSize < len(list) {
		s.Pager.Next = at(from + pageSize)
	}
	s.Pager.Text = v.t("review.shown", "from", min(from+1, len(list)), "to", from+len(page), "of", len(list))
	roles := []kit.Option{{Label: v.t("review.all-roles")}}
	for _, r := range []string{"officer", "registrar", "head", "dpo", "ict", "auditor", "admin"} {
		roles = append(roles, kit.Option{Value: r, Label: v.t("role." + r), Selected: query.Get("role") == r})
	}
	agencies := append([]kit.Option{{Label: v.t("evidence.all-agencies")}}, v.agencyOptions(query.Get("agency"), func(code string) bool { return v.accessScope() == "" || v.f.Review.Within(code, v.accessScope()) })...)
	s.Forms = []form{{Title: v.t("office.filter"), Method: "get", Action: v.to("/office/access/" + code), Button: v.t("office.show"), Fields: []kit.Field{
		{Name: "agency", Label: v.t("office.agency"), Options: agencies}, {Name: "role", Label: v.t("review.roles"), Options: roles},
		{Name: "only", Label: v.t("review.reads"), Options: []kit.Option{{Label: v.t("review.everyone")}, {Value: "reads", Label: v.t("review.only-reads"), Selected: query.Get("only") == "reads"}}}}}}
	return v.show(http.StatusOK, s)
}

func exportMatrix(v *visit) error {
	list, err := v.matrix()
	if err != nil {
		return err
	}
	format := v.PathValue("format")
	write := map[string]func(io.Writer, string, []review.Grant) error{"csv": review.WriteCSV, "xlsx": review.WriteXLSX}[format]
	if write == nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	var out bytes.Buffer
	if err := write(&out, v.lang, list); err != nil {
		return err
	}
	return v.download(mediaTypes[format], "access-"+v.PathValue("activity")+"."+format, out.Bytes())
}

// reviewsWaiting is how many reviews of access are to be attested, for who watches over
// the work.
func (v *visit) reviewsWaiting() ([]number, error) {
	if v.f.Review == nil || !v.reaches(review.Action) {
		return nil, nil
	}
	list, err := v.f.Review.List(v.Context())
	n := 0
	for _, r := range list {
		if r.AttestedAt.IsZero() {
			n++
		}
	}
	return []number{{v.t("review.waiting"), kit.Thousands(n), v.to("/office/access")}}, err
}
