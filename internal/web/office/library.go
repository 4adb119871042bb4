package office

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"prasan/internal/blob"
	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/library"
	"prasan/internal/org"
	"prasan/internal/policy"
	"prasan/internal/ropa"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// libraryRoutes: the documents that the register cites.
var libraryRoutes = []route{
	{"GET /{lang}/office/library", full, "record.read", listDocuments},
	{"POST /{lang}/office/library", full, library.Action, addDocument},
	{"GET /{lang}/office/library/{code}", full, "record.read", showDocument},
	{"POST /{lang}/office/library/{code}", full, library.Action, addVersion},
	{"GET /{lang}/office/library/{code}/{n}/file", full, "record.read", documentFile},
	{"POST /{lang}/office/library/{code}/link", full, library.Action, linkDocument},
	{"POST /{lang}/office/library/{code}/unlink", full, library.Action, unlinkDocument},
	{"POST /{lang}/office/library/{code}/publish", full, library.Action, publishDocument},
	{"POST /{lang}/office/library/{code}/annex", full, library.Action, annexDomains},
}

// maxDocument bounds what the upload of a document may bring, with the fields beside it.
const maxDocument = blob.MaxFile + maxForm

func (v *visit) validity(x *library.Version) *kit.Chip {
	now := v.f.Now()
	switch {
	case x == nil:
		return &kit.Chip{Tone: "late", Text: v.t("library.not-in-force")}
	case x.HoldsAt(now):
		return &kit.Chip{Tone: "good", Text: v.t("library.in-force")}
	case now.Before(x.From):
		return &kit.Chip{Tone: "wait", Text: v.t("library.to-come")}
	}
	return &kit.Chip{Tone: "quiet", Text: v.t("library.over")}
}

func (v *visit) librarySheet() (sheet, error) {
	all, err := v.f.Library.List(v.Context(), v.FormValue("kind"))
	if err != nil {
		return sheet{}, err
	}
	cited := v.citedBy()
	t := table{Title: v.t("library.heading"), Head: []string{v.t("library.document"), v.t("library.kind"), v.t("library.version"), v.t("office.period"), v.t("office.status"), v.t("library.cited-by")}, Empty: v.t("library.none")}
	for _, d := range all {
		now := d.InForce(v.f.Now())
		label, period := "–", "–"
		if now != nil {
			label, period = now.Label, v.span(now.From, now.To)
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: d.Title.In(v.lang), Href: v.to("/office/library/" + d.Code)}, {Text: v.t("library.kind-" + d.Kind)}, {Text: label}, {Text: period}, {Chip: v.validity(now)}, {Text: strings.Join(v.citations(d, cited), " · ")}}})
	}
	s := sheet{Heading: v.t("library.heading"), Lead: v.t("library.lead"), Tables: []table{t}}
	filter := form{Title: v.t("office.filter"), Method: "get", Action: v.to("/office/library"), Button: v.t("office.show"), Fields: []kit.Field{{Name: "kind", Label: v.t("library.kind"), Options: v.kindOptions(v.URL.Query().Get("kind"), true)}}}
	if v.reaches(library.Action) {
		s.Forms = append(s.Forms, v.documentForm())
	}
	s.Forms = append(s.Forms, filter)
	return s, nil
}

// span is a time in which something holds.
func (v *visit) span(from, to time.Time) string {
	if to.IsZero() {
		return v.t("library.from", "day", thai.DateShort(from, v.lang))
	}
	return thai.DateShort(from, v.lang) + " – " + thai.DateShort(to.Add(-time.Second), v.lang)
}

func (v *visit) kindOptions(selected string, all bool) (out []kit.Option) {
	if all {
		out = append(out, kit.Option{Label: v.t("library.all-kinds")})
	}
	for _, k := range library.Kinds {
		out = append(out, kit.Option{Value: k, Label: v.t("library.kind-" + k), Selected: k == selected})
	}
	return out
}

// citation is a row of a record in force that cites a document.
type citation struct {
	activity string
	n        int
	row      kit.Link
}

// citedBy are the rows of the records in force that cite each document.
func (v *visit) citedBy() map[string][]citation {
	out := map[string][]citation{}
	for _, snap := range v.f.Activities() {
		_, rev, err := v.read(v.Context(), snap.Activity, snap.Revision)
		if err != nil {
			continue // the record's own page says so
		}
		cites := library.Cites(rev)
		for _, def := range ropa.Rows {
			for _, code := range cites[def.ID] {
				out[code] = append(out[code], citation{v.activity(snap.Activity), def.No, kit.Link{Href: v.revisionPath(snap.Activity, snap.Revision) + "#row-" + strconv.Itoa(def.No), Text: v.activity(snap.Activity) + " " + v.t("registerpages.row-n", "n", def.No)}})
			}
		}
	}
	return out
}

// citations says in a line which rows cite a document: those of one record together.
func (v *visit) citations(d library.Document, cited map[string][]citation) (out []string) {
	for i, c := range cited[d.Code] {
		if i == 0 || c.activity != cited[d.Code][i-1].activity {
			out = append(out, c.activity+" "+v.t("registerpages.row-n", "n", c.n))
			continue
		}
		out[len(out)-1] += ", " + strconv.Itoa(c.n)
	}
	for _, l := range d.Links {
		out = append(out, v.linkText(l))
	}
	return out
}

func (v *visit) linkText(l library.Link) string {
	text := ""
	if def := ropa.RowByID(l.Field); def != nil {
		text = v.t("registerpages.row-n", "n", def.No)
	}
	if l.Activity != "" {
		text = v.activity(l.Activity) + " " + text
	}
	if _, id, ok := strings.Cut(l.Object, ":"); ok {
		text = strings.TrimSpace(text + " " + v.t("library.order", "id", id))
	}
	return text
}

// versionFields are what is asked of a version.
func (v *visit) versionFields() []kit.Field {
	value := v.PostFormValue
	from := value("valid_from")
	if from == "" {
		from = v.f.Now().In(thai.Bangkok).Format(time.DateOnly)
	}
	return []kit.Field{
		{Name: "label", Label: v.t("library.label"), Help: v.t("library.label-help"), Width: "medium", Value: value("label"), Required: true, Autocomplete: "off"},
		{Name: "valid_from", Label: v.t("office.from"), Type: "date", Width: "medium", Value: from, Required: true},
		{Name: "valid_to", Label: v.t("office.to"), Help: v.t("library.to-help"), Type: "date", Width: "medium", Value: value("valid_to")},
		{Name: "attachment", Label: v.t("library.file"), Help: v.t("library.file-help", "max", blob.MaxMB), Type: "file"},
		{Name: "url", Label: v.t("library.url"), Help: v.t("library.url-help"), Value: value("url"), Autocomplete: "off"},
		{Name: "note", Label: v.t("library.note"), Rows: 2, Value: value("note")},
	}
}

func (v *visit) documentForm() form {
	value := func(name string) string {
		if text := v.PostFormValue(name); text != "" {
			return text
		}
		return v.URL.Query().Get(name)
	}
	agency := value("agency")
	if agency == "" {
		agency = v.session.Account.Agency
	}
	mine := func(code string) bool { return policy.May(v.session.Actor, library.Action, code) }
	f := form{Title: v.t("library.add"), Action: v.to("/office/library"), Button: v.t("library.save"), Upload: true, Fields: []kit.Field{
		{Name: "kind", Label: v.t("library.kind"), Options: v.kindOptions(value("kind"), false)},
		{Name: "code", Label: v.t("library.code"), Help: v.t("library.code-help"), Width: "medium", Value: value("code"), Required: true, Autocomplete: "off"},
		{Name: "title_th", Label: v.t("library.title-th"), Value: value("title_th"), Required: true, Autocomplete: "off"},
		{Name: "title_en", Label: v.t("library.title-en"), Value: value("title_en"), Autocomplete: "off", Lang: "en"},
		{Name: "agency", Label: v.t("office.agency"), Options: v.agencyOptions(agency, mine)},
	}}
	f.Fields = append(f.Fields, v.versionFields()...)
	f.Fields = append(f.Fields, kit.Field{Name: "public", Label: v.t("library.public"), Options: []kit.Option{{Value: "", Label: v.t("library.public-no")}, {Value: "yes", Label: v.t("library.public-yes"), Selected: value("public") == "yes"}}})
	if object := value("object"); object != "" {
		f.Hidden, f.Help = [][2]string{{"object", object}}, v.t("library.for-order")
	}
	return f
}

func listDocuments(v *visit) error {
	s, err := v.librarySheet()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, s)
}

// uploaded stages the file of the form; nil when there is none.
func (v *visit) uploaded() (*blob.Staged, error) {
	if err := v.ParseMultipartForm(maxForm); err != nil && !errors.Is(err, http.ErrNotMultipart) {
		return nil, errs.Wrap(err, errs.Invalid, "error.invalid")
	}
	file, header, err := v.FormFile("attachment")
	if err != nil || header.Filename == "" {
		return nil, nil
	}
	defer file.Close()
	st, err := v.f.Library.Files.Stage(v.Context(), header.Filename, file)
	return &st, err
}

func (v *visit) versionOf() library.Version {
	x := library.Version{Label: v.FormValue("label"), From: day(v.FormValue("valid_from")), URL: v.FormValue("url"), Note: v.FormValue("note")}
	if to := day(v.FormValue("valid_to")); !to.IsZero() {
		x.To = to.AddDate(0, 0, 1) // the last day belongs to it
	}
	return x
}

func addDocument(v *visit) error {
	file, err := v.uploaded()
	if err == nil {
		var links []library.Link
		if object := v.PostFormValue("object"); object != "" {
			links = append(links, library.Link{Object: object})
		}
		var d library.Document
		d, err = v.f.Library.Add(v.Context(), v.session.Actor, library.Document{Code: v.PostFormValue("code"), Kind: v.PostFormValue("kind"), Title: policy.Text{TH: v.PostFormValue("title_th"), EN: v.PostFormValue("title_en")}, Agency: v.PostFormValue("agency"), Public: v.PostFormValue("public") == "yes"}, v.versionOf(), file, links...)
		if err == nil {
			return v.seeOther("/office/library/" + d.Code)
		}
	}
	s, bad := v.librarySheet()
	if bad != nil {
		return bad
	}
	return v.again(err, s)
}

func (v *visit) documentSheet() (sheet, error) {
	d, err := v.f.Library.Get(v.Context(), v.PathValue("code"))
	if err != nil {
		return sheet{}, err
	}
	accounts := map[string]bool{d.CreatedBy: true}
	for _, x := range d.Versions {
		accounts[x.AddedBy] = true
	}
	names, err := v.people(accounts)
	if err != nil {
		return sheet{}, err
	}
	path := "/office/library/" + d.Code
	public := v.t("library.public-no")
	if d.Public {
		public = v.t("library.public-yes")
	}
	s := sheet{Heading: d.Title.In(v.lang), Links: []kit.Link{{Href: v.to("/office/library"), Text: v.t("library.heading")}}, Facts: []kit.Row{
		{Key: v.t("library.code"), Value: d.Code}, {Key: v.t("library.kind"), Value: v.t("library.kind-" + d.Kind)}, {Key: v.t("office.agency"), Value: v.agency(d.Agency)}, {Key: v.t("library.public"), Value: public}}}
	versions := table{Title: v.t("library.versions"), Head: []string{v.t("library.version"), v.t("office.period"), v.t("office.status"), v.t("library.file"), v.t("library.note"), v.t("library.added")}}
	for i := range d.Versions {
		x := &d.Versions[i]
		file := kit.Cell{Text: x.URL, Href: x.URL}
		if x.File != nil {
			file = kit.Cell{Text: x.File.Name + " (" + kit.Thousands(int(x.File.Size)) + ")", Href: v.to(path + "/" + strconv.Itoa(x.N) + "/file")}
		}
		versions.Rows = append(versions.Rows, row{Cells: []kit.Cell{{Text: x.Label}, {Text: v.span(x.From, x.To)}, {Chip: v.validity(x)}, file, {Text: x.Note}, {Text: thai.DateTime(x.AddedAt, v.lang) + " · " + names.name(x.AddedBy)}}})
	}
	mine := policy.May(v.session.Actor, library.Action, d.Agency)
	s.Tables = []table{versions, v.linkTable(d, mine)}
	if mine {
		s.Forms = v.documentForms(d, path)
	}
	return s, nil
}

func (v *visit) linkTable(d library.Document, mine bool) table {
	t := table{Title: v.t("library.cited-by"), Head: []string{v.t("registerpages.row"), v.t("library.how")}, Empty: v.t("library.cited-none")}
	for _, c := range v.citedBy()[d.Code] {
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: c.row.Text, Href: c.row.Href}, {Text: v.t("library.by-record")}}})
	}
	for _, l := range d.Links {
		r := row{Cells: []kit.Cell{{Text: v.linkText(l)}, {Text: v.t("library.by-link", "day", thai.DateShort(l.At, v.lang))}}}
		if mine {
			r.Action = v.to("/office/library/" + d.Code + "/unlink?" + url.Values{"activity": {l.Activity}, "field": {l.Field}, "object": {l.Object}}.Encode())
			r.Button, r.Of = v.t("library.unlink"), v.linkText(l)
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

func (v *visit) documentForms(d library.Document, path string) []form {
	rows := []kit.Option{}
	for _, def := range ropa.Rows {
		rows = append(rows, kit.Option{Value: def.ID, Label: strconv.Itoa(def.No) + ". " + v.phrase(def.Title)})
	}
	activities := []kit.Option{{Label: v.t("office.all-activities")}}
	for _, s := range v.f.Activities() {
		activities = append(activities, kit.Option{Value: s.Activity, Label: s.Name.In(v.lang)})
	}
	publish := form{Title: v.t("library.public"), Action: v.to(path + "/publish"), Button: v.t("library.publish"), Hidden: [][2]string{{"public", "yes"}}}
	if d.Public {
		publish.Button, publish.Hidden = v.t("library.unpublish"), nil
	}
	out := []form{
		{Title: v.t("library.new-version"), Help: v.t("library.new-version-help"), Action: v.to(path), Button: v.t("library.save-version"), Upload: true, Fields: v.versionFields()},
		{Title: v.t("library.link"), Action: v.to(path + "/link"), Button: v.t("library.link-button"), Fields: []kit.Field{{Name: "activity", Label: v.t("registerpages.activity"), Options: activities}, {Name: "field", Label: v.t("registerpages.row"), Options: rows}}},
		publish,
	}
	if d.Kind == "domains" {
		out = append(out, form{Title: v.t("library.annex"), Help: v.t("library.annex-help"), Action: v.to(path + "/annex"), Button: v.t("library.annex-button")})
	}
	return out
}

func showDocument(v *visit) error {
	s, err := v.documentSheet()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, s)
}

func addVersion(v *visit) error {
	file, err := v.uploaded()
	if err == nil {
		if _, err = v.f.Library.AddVersion(v.Context(), v.session.Actor, v.PathValue("code"), v.versionOf(), file); err == nil {
			return v.seeOther("/office/library/" + v.PathValue("code"))
		}
	}
	s, bad := v.documentSheet()
	if bad != nil || len(s.Forms) == 0 {
		return err
	}
	return v.again(err, s)
}

func documentFile(v *visit) error {
	n, err := strconv.Atoi(v.PathValue("n"))
	if err != nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	f, body, err := v.f.Library.Open(v.Context(), v.PathValue("code"), n, false)
	if err != nil {
		return err
	}
	defer body.Close()
	h := v.w.Header()
	h.Set("Content-Type", f.Media())
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename*=UTF-8''%s`, url.PathEscape(f.Name)))
	h.Set("Content-Length", strconv.FormatInt(f.Size, 10))
	h.Set("Cache-Control", kit.CacheNone)
	_, _ = io.Copy(v.w, body) // a client that has gone is no error of ours
	return nil
}

func (v *visit) documentLink() library.Link {
	return library.Link{Activity: v.FormValue("activity"), Field: v.FormValue("field"), Object: v.FormValue("object")}
}

func linkDocument(v *visit) error {
	if err := v.f.Library.Link(v.Context(), v.session.Actor, v.PathValue("code"), v.documentLink()); err != nil {
		return err
	}
	return v.seeOther("/office/library/" + v.PathValue("code"))
}

func unlinkDocument(v *visit) error {
	if err := v.f.Library.Unlink(v.Context(), v.session.Actor, v.PathValue("code"), v.documentLink()); err != nil {
		return err
	}
	return v.seeOther("/office/library/" + v.PathValue("code"))
}

func publishDocument(v *visit) error {
	if err := v.f.Library.Publish(v.Context(), v.session.Actor, v.PathValue("code"), v.PostFormValue("public") == "yes"); err != nil {
		return err
	}
	return v.seeOther("/office/library/" + v.PathValue("code"))
}

// annexDomains makes the next version of the list of domains from the sites that are
// served now.
func annexDomains(v *visit) error {
	list := v.f.Library.Domains()
	file, err := v.f.Library.Files.Stage(v.Context(), "domain-list.txt", library.DomainList(list))
	if err != nil {
		return err
	}
	now := v.f.Now()
	if _, err := v.f.Library.AddVersion(v.Context(), v.session.Actor, v.PathValue("code"), library.Version{Label: thai.DateShort(now, "th"), From: now, Note: i18n.T("th", "library.annex-note", "n", len(list))}, &file); err != nil {
		return err
	}
	return v.seeOther("/office/library/" + v.PathValue("code"))
}

// cite puts the documents that rows cite beside them.
func (v *visit) cite(sections []paperSection, rev *ropa.Revision) error {
	if v.f.Library == nil {
		return nil
	}
	all, err := v.f.Library.List(v.Context(), "")
	if err != nil {
		return err
	}
	cites := library.Cites(rev)
	for i := range sections {
		for j := range sections[i].Rows {
			r := &sections[i].Rows[j]
			def := ropa.Rows[r.No-1]
			for _, d := range all {
				linked := slices.ContainsFunc(d.Links, func(l library.Link) bool { return l.Field == def.ID && (l.Activity == "" || l.Activity == rev.Code) })
				if !linked && !slices.Contains(cites[def.ID], d.Code) {
					continue
				}
				link := kit.Link{Href: v.to("/office/library/" + d.Code), Text: d.Title.In(v.lang), Note: v.t("library.not-in-force")}
				if now := d.InForce(v.f.Now()); now != nil {
					link.Note = now.Label
				}
				r.Documents = append(r.Documents, link)
			}
		}
	}
	return nil
}

// scanCell leads to the scan of an order, or to where it is added.
func (v *visit) scanCell(d org.Delegation, scans map[string]string) kit.Cell {
	object := "delegation:" + d.ID
	switch {
	case scans[object] != "":
		return kit.Cell{Text: v.t("library.scan-open"), Href: scans[object]}
	case v.reaches(library.Action):
		return kit.Cell{Text: v.t("library.scan-add"), Href: v.to("/office/library?" + url.Values{"kind": {"order"}, "object": {object}, "title_th": {v.t("library.kind-order") + " " + d.Number}, "label": {d.Number}, "agency": {d.Agency}}.Encode())}
	}
	return kit.Cell{Text: "–"}
}

// headTable lists who acts or deputises for heads by an order, with the scan of it.
func (v *visit) headTable() (table, error) {
	t := table{Title: v.t("library.heads"), Head: []string{v.t("office.number"), v.t("office.delegate"), v.t("office.agency"), v.t("library.capacity"), v.t("office.period"), v.t("library.scan")}, Empty: v.t("library.heads-none")}
	list, err := v.f.Org.Headships(v.Context(), v.session.Actor)
	if err != nil {
		return t, err
	}
	scans, err := v.orderDocuments()
	for _, h := range list {
		object, scan := "head:"+h.ID, kit.Cell{Text: "–"}
		switch {
		case scans[object] != "":
			scan = kit.Cell{Text: v.t("library.scan-open"), Href: scans[object]}
		case v.reaches(library.Action):
			scan = kit.Cell{Text: v.t("library.scan-add"), Href: v.to("/office/library?" + url.Values{"kind": {"acting"}, "object": {object}, "title_th": {v.t("library.kind-acting") + " " + h.Order}, "label": {h.Order}, "agency": {h.Agency}}.Encode())}
		}
		number := h.Order
		if number == "" {
			number = "–"
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: number}, {Text: h.Account}, {Text: v.agency(h.Agency)}, {Text: v.t("library.capacity-" + h.Capacity)}, {Text: v.term(h.From, h.To)}, scan}})
	}
	return t, err
}

// term is a time of office; that without an end is open.
func (v *visit) term(from, to time.Time) string {
	if !to.Before(org.Forever) {
		to = time.Time{}
	}
	return v.span(from, to)
}

// orderDocuments are the documents of orders, by the order.
func (v *visit) orderDocuments() (map[string]string, error) {
	out := map[string]string{}
	if v.f.Library == nil {
		return out, nil
	}
	all, err := v.f.Library.List(v.Context(), "")
	for _, d := range all {
		for _, l := range d.Links {
			if l.Object != "" {
				out[l.Object] = v.to("/office/library/" + d.Code)
			}
		}
	}
	return out, err
}
