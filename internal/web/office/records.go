package office

import (
	"net/http"
	"strconv"

	"prasan/internal/errs"
	"prasan/internal/register"
	"prasan/internal/ropa"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// recordRoutes: the register for those who work under it, and the watch over them.
var recordRoutes = append([]route{
	{"GET /{lang}/office/records", full, "record.read", listRecords},
	{"GET /{lang}/office/records/{code}/{n}", full, "record.read", showRecord},
}, oversightRoutes...)

// recordPage is a revision as the form that people know from paper.
type recordPage struct {
	Heading, Lead string
	Facts         []kit.Row
	Sections      []recordSection
	Flow          kit.Table
	Back          string
}

// recordSection is a run of rows under one heading of the form's first column.
type recordSection struct {
	Title string
	Rows  []recordRow
}

type recordRow struct {
	No               int
	Title, Ask, Text string
	Nothing          bool      // the cell holds one of the kinds of nothing
	Chip             *kit.Chip // which of the kinds
}

var statusTones = map[string]string{"effective": "good", "approved": "busy", "review": "wait", "draft": "quiet", "superseded": "quiet"}

func listRecords(v *visit) error {
	all, err := v.f.Register.Revisions(v.Context(), "")
	if err != nil {
		return err
	}
	s := sheet{Heading: v.t("office.records"), Lead: v.t("office.records-lead")}
	var codes []string
	by := map[string][]register.Revision{}
	for _, r := range all {
		if by[r.Activity] == nil {
			codes = append(codes, r.Activity)
		}
		by[r.Activity] = append(by[r.Activity], r)
	}
	names, err := v.signers(all)
	if err != nil {
		return err
	}
	for _, code := range codes {
		t := table{Title: v.activity(code), Head: []string{v.t("office.revision"), v.t("office.status"), v.t("office.effective-at"), v.t("office.prepared-by"), v.t("office.approved-by")}}
		for _, r := range by[code] {
			t.Rows = append(t.Rows, row{Cells: v.revisionCells(r, names)})
		}
		s.Tables = append(s.Tables, t)
	}
	return v.show(http.StatusOK, s)
}

// signers are the names of who prepared and approved revisions.
func (v *visit) signers(all []register.Revision) (people, error) {
	accounts := map[string]bool{}
	for _, r := range all {
		accounts[r.PreparedBy] = true
		for _, a := range r.Approvals {
			accounts[a.Account] = true
		}
	}
	return v.people(accounts)
}

func (v *visit) revisionCells(r register.Revision, names people) []kit.Cell {
	from, by := "", ""
	if !r.EffectiveAt.IsZero() {
		from = thai.DateTime(r.EffectiveAt, v.lang)
	}
	for i, a := range r.Approvals {
		if i > 0 {
			by += ", "
		}
		by += names.name(a.Account)
	}
	return []kit.Cell{{Text: v.t("office.revision-n", "n", r.N), Href: v.to("/office/records/" + r.Activity + "/" + strconv.Itoa(r.N))},
		{Chip: v.revisionChip(r.Status)}, {Text: from}, {Text: names.name(r.PreparedBy)}, {Text: by}}
}

func (v *visit) revisionChip(status string) *kit.Chip {
	return &kit.Chip{Tone: statusTones[status], Text: v.t("office.revision-" + status)}
}

func showRecord(v *visit) error {
	code := v.PathValue("code")
	n, err := strconv.Atoi(v.PathValue("n"))
	if err != nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	body, err := v.f.Register.Body(v.Context(), code, n)
	if err != nil {
		return err
	}
	rev, err := ropa.Parse([]byte(body))
	if err != nil {
		return err
	}
	p := recordPage{Heading: v.activity(code), Lead: v.t("office.revision-n", "n", n), Back: v.to("/office/records"), Sections: v.recordSections(rev), Flow: v.flow(rev)}
	if err := v.describeRevision(&p, code, n); err != nil {
		return err
	}
	return v.page(http.StatusOK, p.Heading+" · "+p.Lead, "office/record", p)
}

func (v *visit) describeRevision(p *recordPage, code string, n int) error {
	all, err := v.f.Register.Revisions(v.Context(), code)
	if err != nil {
		return err
	}
	names, err := v.signers(all)
	for _, r := range all {
		if r.N == n {
			p.Facts = []kit.Row{{Key: v.t("office.status"), Value: v.revisionChip(r.Status).Text}, {Key: v.t("office.prepared-by"), Value: names.name(r.PreparedBy)}, {Key: v.t("office.sha256"), Value: r.SHA256}}
			if !r.EffectiveAt.IsZero() {
				p.Facts = append(p.Facts, kit.Row{Key: v.t("office.effective-at"), Value: thai.DateTime(r.EffectiveAt, v.lang)})
			}
		}
	}
	return err
}

// recordSections are the rows of the form in their order, word for word.
func (v *visit) recordSections(rev *ropa.Revision) []recordSection {
	var out []recordSection
	for _, def := range ropa.Rows {
		title := def.Section
		if title == "" {
			title = v.t("office.record-general")
		}
		if len(out) == 0 || out[len(out)-1].Title != title {
			out = append(out, recordSection{Title: title})
		}
		cell := rev.Form.Row(def.ID)
		r := recordRow{No: def.No, Title: def.Title.TH, Ask: def.Ask, Text: cell.Text}
		if v.lang == "en" {
			r.Title = def.Title.EN
		}
		if cell.State.IsNothing() {
			r.Nothing = true
			r.Chip = &kit.Chip{Tone: "quiet", Text: v.t("office.nothing-" + string(cell.State))}
		}
		last := &out[len(out)-1]
		last.Rows = append(last.Rows, r)
	}
	return out
}

// flow is the table of the steps of the process.
func (v *visit) flow(rev *ropa.Revision) kit.Table {
	t := kit.Table{Caption: v.t("office.record-flow"), Hidden: true, Head: []string{v.t("office.record-step"), v.t("office.op-collect"), v.t("office.op-use"), v.t("office.op-disclose"), v.t("office.op-store")}, Empty: v.t("office.record-flow-none")}
	for i := range rev.Flow.Steps {
		s := &rev.Flow.Steps[i]
		title := s.Title
		if v.lang == "en" && s.TitleEN != "" {
			title = s.TitleEN
		}
		cells := []kit.Cell{{Text: strconv.Itoa(s.No) + ". " + title}}
		for _, op := range ropa.Operations {
			cells = append(cells, kit.Cell{Text: s.Cell(op).Text})
		}
		t.Rows = append(t.Rows, cells)
	}
	return t
}
