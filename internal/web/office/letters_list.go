package office

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"time"

	"prasan/internal/doc/xlsx"
	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/saraban"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// letterRoutes: official letters, those that come, and their registers.
var letterRoutes = slices.Concat([]route{
	{"GET /{lang}/office/letters", full, "letter.read", listLetters},
	{"GET /{lang}/office/letters/in", full, "letter.read", listLettersIn},
	{"GET /{lang}/office/letters/new", full, "letter.draft", newLetter},
	{"POST /{lang}/office/letters/new", full, "letter.draft", draftLetter},
	{"GET /{lang}/office/letters/{id}", full, "letter.read", showLetter},
	{"GET /{lang}/office/letters/{id}/{file}", full, "letter.read", letterFile},
	{"POST /{lang}/office/letters/{id}/{act}", full, "letter.read", actOnLetter},
	{"GET /{lang}/office/registers/{direction}", full, "letter.read", showRegister},
	{"GET /{lang}/office/registers/{direction}/{file}", full, "letter.read", registerFile},
}, previewRoutes, scanRoutes, sealRoutes)

const (
	lettersBase = "/office/letters/"
	lettersPage = 50
)

var letterTones = map[letters.State]string{letters.Draft: "quiet", letters.Checked: "wait", letters.Approved: "wait", letters.Numbered: "busy", letters.Sealed: "busy", letters.Dispatched: "good", letters.Cancelled: "stop"}

var gotTones = map[saraban.Got]string{saraban.Arrived: "wait", saraban.Registered: "busy", saraban.AcceptedIn: "busy", saraban.RejectedIn: "stop", saraban.InvalidIn: "stop", saraban.AnsweredLetter: "good"}

// letterLinks lead to the other parts of the registry.
func (v *visit) letterLinks() []kit.Link {
	var out []kit.Link
	if v.reaches("letter.draft") {
		out = append(out, kit.Link{Href: v.to("/office/letters/new"), Text: v.t("letters.new")})
	}
	if v.reaches("letter.number") {
		out = append(out, kit.Link{Href: v.to("/office/letters/paper"), Text: v.t("letters.paper")})
	}
	if v.reaches("letter.receive") {
		out = append(out, kit.Link{Href: v.to("/office/letters/scan"), Text: v.t("letters.scan-in")})
	}
	for _, x := range []struct{ path, key string }{{"/office/letters", "letters.out"}, {"/office/letters/in", "letters.in"}, {"/office/registers/out", "letters.register-out"}, {"/office/registers/in", "letters.register-in"}, {"/office/follow-ups", "followup.office"}, {"/office/seals", "seal.heading"}} {
		if v.URL.Path != v.to(x.path) {
			out = append(out, kit.Link{Href: v.to(x.path), Text: v.t(x.key)})
		}
	}
	return out
}

// older leads to the page after the one that is shown.
func (v *visit) older(path, before string, more bool) kit.Pager {
	if !more {
		return kit.Pager{}
	}
	return kit.Pager{Next: v.to(path) + "?before=" + before}
}

func (v *visit) letterChip(s letters.State) *kit.Chip {
	return &kit.Chip{Tone: letterTones[s], Text: v.t("letters.state-" + string(s))}
}

func (v *visit) gotChip(s saraban.Got) *kit.Chip {
	return &kit.Chip{Tone: gotTones[s], Text: v.t("letters.got-" + string(s))}
}

// numberOr is the number of a letter, or that it has none yet.
func (v *visit) numberOr(number string) string {
	if number == "" {
		return v.t("letters.no-number")
	}
	return number
}

func (v *visit) day(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return thai.DateShort(t, v.lang)
}

func listLetters(v *visit) error {
	list, err := v.f.Letters.List(v.Context(), v.session.Actor, letters.Filter{Before: v.FormValue("before"), Limit: lettersPage + 1})
	if err != nil {
		return err
	}
	s := sheet{Heading: v.t("letters.out"), Links: v.letterLinks()}
	t := table{Title: v.t("letters.out"), Head: []string{v.t("letters.number"), v.t("letters.date"), v.t("letters.subject"), v.t("letters.to"), v.t("letters.secrecy"), v.t("office.status")}, Empty: v.t("letters.none")}
	more := len(list) > lettersPage
	list = list[:min(len(list), lettersPage)]
	for _, l := range list {
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: v.numberOr(l.NumberText), Href: v.to(lettersBase + l.ID)}, {Text: v.day(l.NumberedAt)}, {Text: l.Subject}, {Text: l.ToName}, {Text: v.t("letters.secrecy-" + string(l.Secrecy))}, {Chip: v.letterChip(l.State)}}})
	}
	if more {
		s.Pager = v.older("/office/letters", list[len(list)-1].ID, more)
	}
	s.Tables = []table{t}
	return v.show(http.StatusOK, s)
}

func listLettersIn(v *visit) error {
	list, err := v.f.Saraban.ListIn(v.Context(), v.session.Actor, saraban.FilterIn{Before: v.FormValue("before"), Limit: lettersPage + 1})
	if err != nil {
		return err
	}
	s := sheet{Heading: v.t("letters.in"), Links: v.letterLinks()}
	t := table{Title: v.t("letters.in"), Head: []string{v.t("letters.number"), v.t("letters.date"), v.t("letters.subject"), v.t("letters.from"), v.t("letters.receipt"), v.t("office.status")}, Empty: v.t("letters.none-in")}
	more := len(list) > lettersPage
	list = list[:min(len(list), lettersPage)]
	for _, i := range list {
		receipt := "–"
		if i.Receipt != 0 {
			receipt = i.ReceiptText()
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: v.numberOr(i.Number), Href: v.to(lettersBase + i.ID)}, {Text: v.day(i.Dated)}, {Text: i.Subject}, {Text: i.FromName}, {Text: receipt}, {Chip: v.gotChip(i.State)}}})
	}
	if more {
		s.Pager = v.older("/office/letters/in", list[len(list)-1].ID, more)
	}
	s.Tables = []table{t}
	return v.show(http.StatusOK, s)
}

// registerLine is a line of a register, in the columns of its form.
type registerLine []string

// Columns of forms 13 and 14 of the regulation, in its words: an official form, in Thai
// whatever the reader's language.
var (
	headIn  = []string{"เลขทะเบียนรับ", "ที่", "ลงวันที่", "จาก", "ถึง", "เรื่อง", "การปฏิบัติ", "หมายเหตุ"}
	headOut = []string{"เลขทะเบียนส่ง", "ที่", "ลงวันที่", "จาก", "ถึง", "เรื่อง", "การปฏิบัติ", "หมายเหตุ"}
)

// registerOf is which register is looked at.
type registerOf struct {
	direction, agency, kind string
	year                    int
}

func (v *visit) registerOf() (registerOf, error) {
	r := registerOf{v.PathValue("direction"), v.session.Account.Agency, v.FormValue("kind"), letters.Year(v.f.Now())}
	if r.direction != letters.In && r.direction != letters.Out {
		return r, errs.New(errs.NotFound, "error.not-found")
	}
	if r.kind == "" {
		r.kind = "ordinary"
	}
	if n, err := strconv.Atoi(thai.ArabicDigits(v.FormValue("year"))); err == nil {
		r.year = n
	}
	return r, nil
}

// registerLines are the lines before a number, last number first.
func (v *visit) registerLines(r registerOf, before int64, limit int) (lines []registerLine, last int64, err error) {
	if r.direction == letters.In {
		list, err := v.f.Saraban.RegisterIn(v.Context(), v.session.Actor, r.agency, r.kind, r.year, before, limit)
		for _, e := range list {
			i := e.Letter
			lines, last = append(lines, registerLine{strconv.FormatInt(e.Number, 10), i.Number, v.day(i.Dated), i.FromName, i.ToName, i.Subject, v.t("letters.got-" + string(i.State)), thai.DateTime(e.At, v.lang)}), e.Number
		}
		return lines, last, err
	}
	list, err := v.f.Letters.RegisterOut(v.Context(), v.session.Actor, r.agency, r.kind, r.year, before, limit)
	for _, e := range list {
		line := registerLine{strconv.FormatInt(e.Number, 10), "", "", v.agency(r.agency), "", "", v.t("letters.entry-" + e.State), e.Note}
		if l := e.Letter; l != nil {
			line[1], line[2], line[4], line[5] = l.NumberText, v.day(l.NumberedAt), l.ToName, l.Subject
			if e.State != "cancelled" {
				line[6] = v.t("letters.state-" + string(l.State))
			}
		}
		lines, last = append(lines, line), e.Number
	}
	return lines, last, err
}

func showRegister(v *visit) error {
	r, err := v.registerOf()
	if err != nil {
		return err
	}
	before, _ := strconv.ParseInt(v.FormValue("before"), 10, 64)
	lines, last, err := v.registerLines(r, before, lettersPage)
	if err != nil {
		return err
	}
	query := "?kind=" + r.kind + "&year=" + strconv.Itoa(r.year)
	s := sheet{Heading: v.t("letters.register-" + r.direction), Lead: v.t("letters.register-lead", "agency", v.agency(r.agency), "year", r.year), Links: append(v.letterLinks(), kit.Link{Href: v.to("/office/registers/"+r.direction+"/register.xlsx") + query, Text: "XLSX"}, kit.Link{Href: v.to("/office/registers/"+r.direction+"/register.pdf") + query, Text: "PDF"})}
	kinds := []kit.Option{}
	for _, k := range []string{"ordinary", "circular", "secret"} {
		if k == "circular" && r.direction == letters.In {
			continue
		}
		kinds = append(kinds, kit.Option{Value: k, Label: v.t("letters.kind-" + k), Selected: k == r.kind})
	}
	s.Forms = []form{{Method: "get", Action: v.to("/office/registers/" + r.direction), Button: v.t("letters.look"), Fields: []kit.Field{
		{Name: "kind", Label: v.t("letters.register"), Options: kinds}, {Name: "year", Label: v.t("letters.year"), Value: strconv.Itoa(r.year), Width: "short", InputMode: "numeric", Autocomplete: "off"}}}}
	head := headOut
	if r.direction == letters.In {
		head = headIn
	}
	t := table{Title: v.t("letters.register-" + r.direction), Head: head, Empty: v.t("letters.register-none")}
	for _, line := range lines {
		cells := make([]kit.Cell, len(line))
		for i, text := range line {
			cells[i] = kit.Cell{Text: text}
		}
		t.Rows = append(t.Rows, row{Cells: cells})
	}
	s.Tables = []table{t}
	if len(lines) == lettersPage && last > 1 {
		s.Pager = kit.Pager{Next: v.to("/office/registers/"+r.direction) + query + "&before=" + strconv.FormatInt(last, 10)}
	}
	return v.show(http.StatusOK, s)
}

// registerRows bounds a register that is handed out: a year's letters of a big office.
const registerRows = 100_000

func registerFile(v *visit) error {
	r, err := v.registerOf()
	if err != nil {
		return err
	}
	file := v.PathValue("file")
	if file != "register.xlsx" && file != "register.pdf" {
		return errs.New(errs.NotFound, "error.not-found")
	}
	v.lang = "th" // an official form
	lines, _, err := v.registerLines(r, 0, registerRows)
	if err != nil {
		return err
	}
	if file == "register.pdf" {
		return v.registerPaper(r, lines)
	}
	body, err := v.registerBook(r, lines)
	if err != nil {
		return err
	}
	return v.download("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "register-"+r.direction+"-"+r.agency+"-"+strconv.Itoa(r.year)+".xlsx", body)
}

// registerPaper is a register as the form has it on paper, first number first.
func (v *visit) registerPaper(r registerOf, lines []registerLine) error {
	agency, _ := v.f.Agencies.Get(r.agency)
	s := letters.Sheet{Title: "ทะเบียนหนังสือส่ง", Lead: agency.Name.TH + " พ.ศ. " + strconv.Itoa(r.year), Head: headOut, Widths: registerWidths, Printed: v.f.Now()}
	if r.direction == letters.In {
		s.Title, s.Head = "ทะเบียนหนังสือรับ", headIn
	}
	for i := len(lines) - 1; i >= 0; i-- {
		s.Rows = append(s.Rows, lines[i])
	}
	var out bytes.Buffer
	if err := s.Print(&out); err != nil {
		return err
	}
	return v.download("application/pdf", "register-"+r.direction+"-"+r.agency+"-"+strconv.Itoa(r.year)+".pdf", out.Bytes())
}

// registerWidths are the widths of the columns of a register, in characters.
var registerWidths = []float64{12, 18, 14, 26, 26, 40, 20, 24}

// registerBook is a register as the form has it, first number first.
func (v *visit) registerBook(r registerOf, lines []registerLine) ([]byte, error) {
	title, head := "ทะเบียนหนังสือส่ง", headOut
	if r.direction == letters.In {
		title, head = "ทะเบียนหนังสือรับ", headIn
	}
	agency, _ := v.f.Agencies.Get(r.agency)
	book := xlsx.New()
	for n := 0; n == 0 || n*sheetRows < len(lines); n++ {
		name := title
		if n > 0 {
			name += " (" + strconv.Itoa(n+1) + ")"
		}
		s := book.Sheet(name, xlsx.Page{Widths: registerWidths, Landscape: true, Footer: title})
		s.Title(1, len(head), title+" พ.ศ. "+strconv.Itoa(r.year))
		s.Span(2, 1, 2, len(head), agency.Name.TH, xlsx.Plain)
		for c, text := range head {
			s.Cell(4, c+1, text, xlsx.TableHead)
		}
		s.Repeat(4, 4)
		for i := n * sheetRows; i < min((n+1)*sheetRows, len(lines)); i++ {
			for c, text := range lines[len(lines)-1-i] {
				s.Cell(5+i-n*sheetRows, c+1, text, xlsx.Answer)
			}
		}
	}
	var out bytes.Buffer
	err := book.Write(&out)
	return out.Bytes(), err
}
