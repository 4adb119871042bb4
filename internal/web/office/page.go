package office

import (
	"net/http"
	"strings"

	"prasan/internal/accounts"
	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/web/kit"
)

// frame is what stands around every page.
type frame struct {
	Person, Agency string
	More           []link
	Sections       []link
}

type link struct {
	Href, Text string
	Here       bool
}

// page sends a page; nothing of the office is kept by browsers or proxies.
func (v *visit) page(status int, title, name string, data any) error {
	around := frame{}
	if v.session.Stage == full {
		around = v.around()
	}
	return v.f.send(v.w, v.Request, v.lang, status, title, around, name, data)
}

func (v *visit) around() frame {
	a := v.session.Account
	out := frame{Person: a.Display.In(v.lang), Agency: v.agency(a.Agency)}
	path := strings.TrimPrefix(v.URL.Path, "/"+v.lang)
	for _, s := range sections {
		if v.reaches(s.action) {
			here := strings.HasPrefix(path, s.path) || path == "/office/" && s.path == v.homePath()
			out.Sections = append(out.Sections, link{v.to(s.path), v.t(s.key) + v.mailWaiting(s.path), here})
		}
	}
	if len(out.Sections) > menuWidth+1 { // one alone is not worth a menu of its own
		out.Sections, out.More = out.Sections[:menuWidth], out.Sections[menuWidth:]
	}
	return out
}

// menuWidth is how many entries stand in a row on the screens of offices; the rest is
// under "more".
const menuWidth = 7

func (f *Face) send(w http.ResponseWriter, r *http.Request, lang string, status int, title string, around frame, name string, data any) error {
	fr, err := f.set.Frame(lang, "office/frame", around)
	if err != nil {
		return err
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/"+lang)
	return fr.Write(w, r, kit.Page{Status: status, Title: title, Path: path, Class: class(around, name), Cache: kit.CacheNone}, f.set, name, data)
}

// class tells the style sheet which page it is, and whether somebody is at work yet.
func class(around frame, name string) string {
	out := "p-" + strings.TrimPrefix(name, "office/")
	if around.Person == "" {
		out += " gate"
	}
	return out
}

// failure is the page of an error.
func (f *Face) failure(w http.ResponseWriter, r *http.Request, lang string, e kit.Failure) {
	v := &visit{Request: r, w: w, f: f, lang: lang}
	around := frame{}
	if v.recognise() == nil && v.session.Stage == full {
		around = v.around()
	}
	if err := f.send(w, r, lang, e.Status, e.Title, around, "office/failure", e); err != nil {
		http.Error(w, e.Title, e.Status)
	}
}

// agency is the short name of an agency.
func (v *visit) agency(code string) string {
	if a, ok := v.f.Agencies.Get(code); ok {
		return a.Short.In(v.lang)
	}
	return code
}

func (v *visit) roles(a accounts.Account) string {
	names := make([]string, len(a.Roles))
	for i, r := range a.Roles {
		names[i] = v.t("role." + r)
	}
	return strings.Join(names, ", ")
}

func (v *visit) agencyOptions(selected string, keep func(code string) bool) []kit.Option {
	var out []kit.Option
	for _, a := range v.f.Agencies.All() {
		if keep == nil || keep(a.Code) {
			out = append(out, kit.Option{Value: a.Code, Label: a.Name.In(v.lang), Selected: a.Code == selected})
		}
	}
	return out
}

// sheet is a page of the people's part: each part is left out when it is empty.
type sheet struct {
	Heading string
	Lead    string
	Note    *kit.Note
	Facts   []kit.Row
	Codes   []string // recovery codes
	Enrol   *enrol
	Tables  []table
	Forms   []form
	Pager   kit.Pager
	Links   []kit.Link
	Trouble []string // what to do when one cannot get in
}

type enrol struct {
	Secret string
	Size   int    // of the drawing, in modules
	Path   string // of the SVG
}

// table is kit's, with a button at the end of a row.
type table struct {
	Title string
	Head  []string
	Rows  []row
	Empty string
	Plain bool // the title is for those who hear it
}

type row struct {
	Cells  []kit.Cell
	Action string // where the button posts to; none when empty
	Button string
	Of     string // what it is about, for those who hear the button
}

type form struct {
	Title, Help string
	Action      string
	Method      string // post when empty
	Errors      *kit.Summary
	Fields      []kit.Field
	Checks      []kit.Checkbox
	ChecksTitle string
	Hidden      [][2]string
	Button      string
	Stop        bool // the act cannot be undone
	Upload      bool // it brings a file
}

// refused shows a form again with what is wrong. It returns any other error as it is.
func (v *visit) refused(err error, f *form) ([]errs.Field, error) {
	e := errs.As(err)
	if e.Kind != errs.Invalid {
		return nil, err
	}
	fields := e.Fields
	f.Errors = kit.Summarise(v.lang, fields)
	for i := range f.Fields {
		f.Fields[i].Error = kit.FieldError(v.lang, fields, f.Fields[i].Name)
	}
	if len(fields) == 0 {
		f.Errors = &kit.Summary{Title: i18n.T(v.lang, e.Key, e.Args...)}
	}
	return fields, nil
}

func (v *visit) show(status int, s sheet) error {
	for i := range s.Tables {
		s.Tables[i].Plain = s.Tables[i].Title == s.Heading // it is not said twice
	}
	return v.page(status, s.Heading, "office/sheet", s)
}
