package office

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/policy"
	"prasan/internal/sites"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// newsRoutes: announcements of the sites.
var newsRoutes = []route{
	{"GET /{lang}/office/news", full, sites.ActionNews, newsList},
	{"GET /{lang}/office/news/new", full, sites.ActionNews, newsNew},
	{"POST /{lang}/office/news", full, sites.ActionNews, newsSave},
	{"GET /{lang}/office/news/{id}", full, sites.ActionNews, newsEdit},
	{"POST /{lang}/office/news/{id}", full, sites.ActionNews, newsSave},
}

func (v *visit) newsChip(a *sites.Announcement) *kit.Chip {
	switch now := v.f.Now(); {
	case a.State == sites.Draft:
		return &kit.Chip{Tone: "quiet", Text: v.t("sites.news-draft")}
	case a.Shown(now):
		return &kit.Chip{Tone: "good", Text: v.t("sites.news-shown")}
	case now.Before(a.At):
		return &kit.Chip{Tone: "wait", Text: v.t("sites.news-waiting")}
	}
	return &kit.Chip{Tone: "stop", Text: v.t("sites.news-over")}
}

func (v *visit) newsPlace(host string) string {
	if host == sites.EverySite {
		return v.t("sites.news-everywhere")
	}
	if s, ok := v.f.Sites.Lookup(host); ok {
		return s.Short.In(v.lang)
	}
	return host
}

func newsList(v *visit) error {
	list, err := v.f.Sites.Announcements(v.Context(), v.session.Actor)
	if err != nil {
		return err
	}
	s := sheet{Heading: v.t("sites.news"), Lead: v.t("sites.news-lead"), Links: []kit.Link{{Href: v.to("/office/news/new"), Text: v.t("sites.news-new")}}}
	t := table{Title: s.Heading, Head: []string{v.t("sites.news-title"), v.t("analytics.column-site"), v.t("office.period"), v.t("office.status")}, Empty: v.t("sites.news-none")}
	if site := v.FormValue("site"); site != "" {
		list = slices.DeleteFunc(list, func(a sites.Announcement) bool { return a.Host != site })
	}
	from, _ := strconv.Atoi(v.FormValue("from")) // 0 where it is no number
	from = min(max(from, 0), len(list))
	if left := len(list) - from; left > pageSize {
		s.Pager.Next = v.newsAddress(from + pageSize)
	}
	if from > 0 {
		s.Pager.Previous = v.newsAddress(max(from-pageSize, 0))
	}
	list = list[from:min(from+pageSize, len(list))]
	for i := range list {
		a := &list[i]
		period := thai.DateShort(a.At, v.lang)
		if !a.Until.IsZero() {
			period += " – " + thai.DateShort(a.Until.Add(-time.Second), v.lang)
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: a.Title.In(v.lang), Href: v.to("/office/news/" + a.ID)}, {Text: v.newsPlace(a.Host)}, {Text: period}, {Chip: v.newsChip(a)}}})
	}
	s.Tables = []table{t}
	if options := v.siteOptions(sites.ActionNews, v.FormValue("site")); len(options) > 1 {
		all, _ := policy.Reach(v.session.Actor, sites.ActionNews)
		options = append([]kit.Option{{Label: v.t("sites.news-any")}}, options...)
		if all {
			options = append(options, kit.Option{Value: sites.EverySite, Label: v.t("sites.news-everywhere"), Selected: v.FormValue("site") == sites.EverySite})
		}
		s.Forms = []form{{Method: "get", Action: v.to("/office/news"), Button: v.t("analytics.show"), Fields: []kit.Field{{Name: "site", Label: v.t("sites.news-where"), Options: options}}}}
	}
	return v.show(http.StatusOK, s)
}

// newsAddress is a page of the list, under the same choice of a site.
func (v *visit) newsAddress(from int) string {
	return v.to("/office/news") + "?" + url.Values{"site": {v.FormValue("site")}, "from": {strconv.Itoa(from)}}.Encode()
}

// newsPage is the form of an announcement, with how it will look.
type newsPage struct {
	Heading  string
	Action   string
	Version  int64
	Chip     *kit.Chip
	Errors   *kit.Summary
	Site     kit.Field
	TH, EN   []kit.Field
	Days     []kit.Field
	Preview  []newsPreview
	Shown    bool // it is published: it can be taken back
	Changed  string
	ListHref string
}

// newsPreview is the announcement as a site shows it in one language.
type newsPreview struct {
	Lang, Label, Title, Text string
	At                       time.Time
}

func (v *visit) newsPage(a *sites.Announcement, bad []errs.Field) newsPage {
	wrong := func(name string) string { return kit.FieldError(v.lang, bad, name) }
	p := newsPage{Heading: v.t("sites.news-new"), Action: v.to("/office/news"), Version: a.Version, Errors: kit.Summarise(v.lang, bad), ListHref: v.to("/office/news"), Shown: a.State == sites.Published}
	if a.ID != "" {
		p.Heading, p.Action, p.Chip = v.t("sites.news-edit"), v.to("/office/news/"+a.ID), v.newsChip(a)
	}
	if !a.ChangedAt.IsZero() {
		p.Changed = v.t("sites.news-changed", "at", thai.DateTime(a.ChangedAt, v.lang), "by", a.By)
	}
	p.Site = kit.Field{Name: "site", Label: v.t("sites.news-where"), Options: v.siteOptions(sites.ActionNews, a.Host), Error: wrong("site")}
	if all, _ := policy.Reach(v.session.Actor, sites.ActionNews); all {
		p.Site.Options = append(p.Site.Options, kit.Option{Value: sites.EverySite, Label: v.t("sites.news-everywhere"), Selected: a.Host == sites.EverySite})
	}
	part := func(lang, title, text string) []kit.Field {
		f := []kit.Field{{Name: "title_" + lang, Label: v.t("sites.news-title") + " (" + v.t("office.lang-"+lang) + ")", Value: title, Required: lang == "th", Error: wrong("title_" + lang), Lang: lang, Autocomplete: "off"},
			{Name: "text_" + lang, Label: v.t("sites.news-text") + " (" + v.t("office.lang-"+lang) + ")", Help: v.t("sites.news-text-help"), Value: text, Rows: 8, Max: sites.MaxNewsText, Counter: v.t("office.counter"), Error: wrong("text_" + lang), Lang: lang}}
		if lang == "en" {
			f[0].Optional, f[1].Optional, f[1].Help = v.t("office.optional"), v.t("office.optional"), v.t("sites.news-english")
		}
		return f
	}
	p.TH, p.EN = part("th", a.Title.TH, a.Text.TH), part("en", a.Title.EN, a.Text.EN)
	p.Days = []kit.Field{{Name: "from", Label: v.t("sites.news-from"), Type: "date", Width: "medium", Value: isoDay(a.At), Required: true, Error: wrong("from")},
		{Name: "until", Label: v.t("sites.news-until"), Help: v.t("sites.news-until-help"), Optional: v.t("office.optional"), Type: "date", Width: "medium", Value: isoDay(lastDay(a.Until)), Error: wrong("until")}}
	return p
}

// lastDay is the last one on which it is shown.
func lastDay(until time.Time) time.Time {
	if until.IsZero() {
		return until
	}
	return until.Add(-time.Second)
}

func isoDay(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(thai.Bangkok).Format(time.DateOnly)
}

func newsNew(v *visit) error {
	a := sites.Announcement{Host: v.ownSite(), State: sites.Draft, News: sites.News{At: v.f.Now()}}
	p := v.newsPage(&a, nil)
	return v.page(http.StatusOK, p.Heading, "office/news", p)
}

func newsEdit(v *visit) error {
	a, err := v.f.Sites.Announcement(v.Context(), v.session.Actor, v.PathValue("id"))
	if err != nil {
		return err
	}
	p := v.newsPage(&a, nil)
	p.Preview = v.newsPreview(&a)
	return v.page(http.StatusOK, p.Heading, "office/news", p)
}

func (v *visit) newsPreview(a *sites.Announcement) (out []newsPreview) {
	for _, lang := range i18n.Langs {
		out = append(out, newsPreview{lang, v.t("office.lang-" + lang), a.Title.In(lang), a.Text.In(lang), a.At})
	}
	return out
}

// newsActs are the buttons, with the state that each leaves an announcement in.
var newsActs = map[string]string{"preview": "", "draft": sites.Draft, "publish": sites.Published, "withdraw": sites.Draft}

func newsSave(v *visit) error {
	value := v.PostFormValue
	a := sites.Announcement{ID: v.PathValue("id"), Host: value("site"), State: sites.Draft, News: sites.News{At: day(value("from")), Title: policy.Text{TH: value("title_th"), EN: value("title_en")}, Text: policy.Text{TH: value("text_th"), EN: value("text_en")}}}
	if last := day(value("until")); !last.IsZero() {
		a.Until = last.AddDate(0, 0, 1) // the last day belongs to it
	}
	var err error
	if a.Version, err = strconv.ParseInt(value("version"), 10, 64); err != nil {
		return errs.New(errs.Invalid, "error.invalid")
	}
	act := value("act")
	state, known := newsActs[act]
	if !known {
		return errs.New(errs.Invalid, "error.invalid")
	}
	if a.ID != "" {
		before, err := v.f.Sites.Announcement(v.Context(), v.session.Actor, a.ID)
		if err != nil {
			return err
		}
		a.State, a.By, a.ChangedAt = before.State, before.By, before.ChangedAt
		if isoDay(before.At) == value("from") {
			a.At = before.At // the hour of its day stays
		}
	}
	if act == "preview" {
		err = a.Check()
	} else {
		a.State = state
		_, err = v.f.Sites.Announce(v.Context(), v.session.Actor, a)
	}
	if err != nil && !slices.Contains([]errs.Kind{errs.Invalid, errs.Conflict}, errs.KindOf(err)) {
		return err
	}
	if err == nil && act != "preview" {
		return v.seeOther("/office/news")
	}
	status, e := http.StatusOK, errs.As(err)
	if err != nil {
		status = http.StatusUnprocessableEntity
	}
	var fields []errs.Field
	if err != nil {
		fields = e.Fields
	}
	p := v.newsPage(&a, fields)
	if err != nil && len(fields) == 0 {
		p.Errors = &kit.Summary{Title: v.t(e.Key, e.Args...)}
	}
	if err == nil {
		p.Preview = v.newsPreview(&a)
	}
	return v.page(status, p.Heading, "office/news", p)
}
