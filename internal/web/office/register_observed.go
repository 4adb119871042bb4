package office

import (
	"bytes"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"prasan/internal/cases"
	"prasan/internal/doc/flow"
	"prasan/internal/errs"
	"prasan/internal/ropa"
	papers "prasan/internal/ropa/form"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// observedPage is the data-flow diagram with what really happened in it.
type observedPage struct {
	Heading, Lead, Back string
	Said                string // the picture in a sentence
	Errors              *kit.Summary
	From, To            kit.Field
	Action              string
	Picture, PictureOf  string
	Papers              []kit.Link
	Ways                kit.Table
}

// seenWay is a way between two steps: declared, gone, or both.
type seenWay struct {
	from, to, cases int
	declared        bool
}

// days reads the days of a period, the last twelve months where none are asked for. To
// is the day after the last one.
func (v *visit) days() (from, to time.Time, faults []errs.Field) {
	now := v.f.Now().In(thai.Bangkok)
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, thai.Bangkok)
	from, to = today.AddDate(-1, 0, 1), today
	for _, x := range []struct {
		name string
		into *time.Time
	}{{"from", &from}, {"to", &to}} {
		if s := v.FormValue(x.name); s != "" {
			day, err := time.ParseInLocation(time.DateOnly, s, thai.Bangkok)
			if err != nil {
				faults = append(faults, errs.Field{Name: x.name, Key: "observed.error-day"})
				continue
			}
			*x.into = day
		}
	}
	if len(faults) == 0 && to.Before(from) {
		faults = append(faults, errs.Field{Name: "to", Key: "observed.error-order"})
	}
	return from, to.AddDate(0, 0, 1), faults
}

// ways are the declared arrows in their order with how many cases went them, and after
// them the ways that the record does not know.
func (v *visit) ways(rev *ropa.Revision, from, to time.Time) (out []seenWay, total int, err error) {
	if rev.Code != cases.Activity {
		return nil, 0, errs.New(errs.NotFound, "error.not-found")
	}
	went, total, err := v.f.Cases.Passages(v.Context(), from, to)
	if err != nil {
		return nil, 0, err
	}
	count := map[[2]int]int{}
	for _, p := range went {
		count[[2]int{p.From, p.To}] = p.Cases
	}
	declared := map[[2]int]bool{}
	for _, e := range rev.Flow.Edges {
		way := [2]int{e.From, e.To}
		if !declared[way] {
			out = append(out, seenWay{e.From, e.To, count[way], true})
		}
		declared[way] = true
	}
	for _, p := range went {
		if !declared[[2]int{p.From, p.To}] {
			out = append(out, seenWay{p.From, p.To, p.Cases, false})
		}
	}
	return out, total, nil
}

func passagesOf(ways []seenWay) (out []papers.Passage) {
	for _, w := range ways {
		if w.cases > 0 {
			out = append(out, papers.Passage{From: w.from, To: w.to, Count: w.cases})
		}
	}
	return out
}

func showObserved(v *visit) error {
	_, r, err := v.revisionOf()
	if err != nil {
		return err
	}
	_, rev, err := v.read(v.Context(), r.Activity, r.N)
	if err != nil {
		return err
	}
	from, to, faults := v.days()
	path := v.revisionPath(r.Activity, r.N)
	p := observedPage{Heading: v.t("observed.heading", "name", v.phrase(rev.Name)), Lead: v.t("observed.lead"), Back: path, Action: path + "/observed",
		From: kit.Field{Name: "from", Label: v.t("observed.from"), Type: "date", Value: from.Format(time.DateOnly), Error: kit.FieldError(v.lang, faults, "from")},
		To:   kit.Field{Name: "to", Label: v.t("observed.to"), Type: "date", Value: to.AddDate(0, 0, -1).Format(time.DateOnly), Error: kit.FieldError(v.lang, faults, "to")}}
	if len(faults) > 0 {
		p.Errors = kit.Summarise(v.lang, faults)
		p.From.Value, p.To.Value = v.FormValue("from"), v.FormValue("to")
		return v.page(http.StatusUnprocessableEntity, p.Heading, "office/register-observed", p)
	}
	ways, total, err := v.ways(rev, from, to)
	if err != nil {
		return err
	}
	query := "?" + url.Values{"from": {p.From.Value}, "to": {p.To.Value}}.Encode()
	p.Picture = path + "/observed/svg" + query
	for _, kind := range []string{"pdf", "docx"} {
		p.Papers = append(p.Papers, kit.Link{Href: path + "/observed/" + kind + query, Text: v.t("observed.paper-" + kind)})
	}
	outside := 0
	for _, w := range ways {
		if !w.declared {
			outside++
		}
	}
	p.Said = v.t("observed.said", "from", thai.DateShort(from, v.lang), "to", thai.DateShort(to.AddDate(0, 0, -1), v.lang), "n", kit.Thousands(total), "outside", outside)
	p.PictureOf, p.Ways = p.Said, v.waysTable(rev, ways)
	return v.page(http.StatusOK, p.Heading, "office/register-observed", p)
}

func (v *visit) waysTable(rev *ropa.Revision, ways []seenWay) kit.Table {
	t := kit.Table{Caption: v.t("observed.ways"), Empty: v.t("observed.none"), Head: []string{v.t("observed.from-step"), v.t("observed.to-step"), v.t("observed.status"), v.t("observed.cases")}}
	title := func(no int) string {
		for _, s := range rev.Flow.Steps {
			if s.No == no {
				return strconv.Itoa(no) + ". " + v.phrase(ropa.Text{TH: s.Title, EN: s.TitleEN})
			}
		}
		return strconv.Itoa(no)
	}
	for _, w := range ways {
		chip := &kit.Chip{Tone: "good", Text: v.t("observed.declared")}
		switch {
		case !w.declared:
			chip = &kit.Chip{Tone: "late", Text: v.t("observed.undeclared")}
		case w.cases == 0:
			chip = &kit.Chip{Tone: "quiet", Text: v.t("observed.unused")}
		}
		t.Rows = append(t.Rows, []kit.Cell{{Text: title(w.from)}, {Text: title(w.to)}, {Chip: chip}, {Text: kit.Thousands(w.cases), Number: true}})
	}
	return t
}

// drawObserved sends the picture, or the whole form as PDF or DOCX with the picture in it.
func drawObserved(v *visit) error {
	_, r, err := v.revisionOf()
	if err != nil {
		return err
	}
	_, rev, err := v.read(v.Context(), r.Activity, r.N)
	if err != nil {
		return err
	}
	from, to, faults := v.days()
	if len(faults) > 0 {
		return errs.InvalidFields(faults)
	}
	ways, total, err := v.ways(rev, from, to)
	if err != nil {
		return err
	}
	period := thai.DateShort(from, "th") + " – " + thai.DateShort(to.AddDate(0, 0, -1), "th") + " · " + kit.Thousands(total) + " เรื่อง"
	var out bytes.Buffer
	kind := v.PathValue("kind")
	switch kind {
	case "svg":
		err = flow.SVG(papers.Observed(rev, v.lang, passagesOf(ways)), "observed-"+r.Activity, &out)
	case "pdf":
		err = papers.Paper(rev, papers.PaperOptions{At: v.f.Now(), Passages: passagesOf(ways), Period: period}, &out)
	case "docx":
		err = papers.Document(rev, passagesOf(ways), period, &out)
	default:
		err = errs.New(errs.NotFound, "error.not-found")
	}
	if err != nil {
		return err
	}
	if kind != "svg" {
		v.w.Header().Set("Content-Disposition", `attachment; filename="`+r.Activity+"."+strconv.Itoa(r.N)+`.observed.`+kind+`"`)
	}
	v.w.Header().Set("Content-Type", mediaTypes[kind])
	v.w.Header().Set("Cache-Control", kit.CacheNone)
	_, _ = v.w.Write(out.Bytes()) // a client that has gone is no error of ours
	return nil
}
