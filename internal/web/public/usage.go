package public

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/consent"
	"prasan/internal/errs"
	"prasan/internal/web/kit"
)

// Usage is what the face needs of the counting of usage and of the consent to it.
type Usage interface {
	Counted() bool             // whether the record has usage counted at all
	Text() *consent.Text       // what is asked; nil where nothing is
	OptOut(*http.Request) bool // the device asks not to be tracked
	Chosen(*http.Request) consent.Choice
	// Choose stores a choice and sets the cookies that remember it.
	Choose(w http.ResponseWriter, r *http.Request, site, lang, version string, allowed []string, erase bool) error
	// Google is what a page needs for Google's script, where it may be on it.
	Google(*http.Request) (analytics.Tag, bool)
	DropGoogle(http.ResponseWriter, *http.Request) // takes away what it has set
	Proof(ctx context.Context, number string) (consent.Proof, error)
	// Published tells whether the record lets figures be published; Figures are those.
	Published() bool
	Figures(ctx context.Context, host string) (analytics.Public, error)
}

// script is the tracker, told that the server has counted the page.
const script = `<script src="/p.js" defer data-served></script>` + "\n"

// stepsPage is the class of the pages of the form. Nobody is asked on them whether he
// wants to be counted: the answer would lead away from what he has typed.
const stepsPage = "steps-page"

// extra is what stands before the page: the script where usage is counted, and the
// question to those who have not answered it. Who says by his device that he does not
// want to be tracked is not asked. A page with a secret in its address has neither.
func (v *visit) extra(p *kit.Page) []byte {
	u, path := v.f.Usage, p.Path
	if u == nil || !u.Counted() || p.Cache == kit.CacheNone && path != "/cookies" {
		return nil
	}
	scripts := script + v.google(p)
	text := u.Text()
	if text == nil || path == "/cookies" || p.Class == stepsPage || u.OptOut(v.Request) || u.Chosen(v.Request).Made() {
		return []byte(scripts)
	}
	out := bytes.NewBufferString(scripts)
	if err := v.f.set.Execute(out, v.lang, "consent-banner", bannerView{text.Version, path}); err != nil {
		return []byte(scripts)
	}
	return out.Bytes()
}

// google is what starts Google's script, and lets it in by the policy of this one page.
// It is on no page on which something is typed.
func (v *visit) google(p *kit.Page) string {
	tag, ok := v.f.Usage.Google(v.Request)
	if !ok {
		v.f.Usage.DropGoogle(v.w, v.Request)
	}
	if !ok || p.Class == stepsPage || p.Cache == kit.CacheNone {
		return ""
	}
	var out strings.Builder
	if err := v.f.set.Execute(&out, v.lang, "google-script", tag); err != nil {
		return ""
	}
	kit.Admit(v.w.Header(), tag.Sources)
	return out.String()
}

type bannerView struct{ Version, Back string }

type cookiesView struct {
	Version    string
	Status     string // a key of the catalogue
	Categories []cookiesCategory
	Chosen     consent.Choice
	Proof      *consent.Proof
	ProofAt    time.Time
	Back       string
	Published  bool // figures of usage are for everybody
}

type cookiesCategory struct {
	consent.Category
	Box kit.Checkbox
}

func cookies(v *visit) error {
	if v.f.Usage == nil || v.f.Usage.Text() == nil {
		return v.page(kit.Page{Title: v.t("public.cookies")}, "cookies", nil)
	}
	u, text := v.f.Usage, v.f.Usage.Text()
	p := cookiesView{Version: text.Version, Chosen: u.Chosen(v.Request), Back: localPath(v.URL.Query().Get("back")), Published: u.Published()}
	p.Status = status(p.Chosen, u.OptOut(v.Request))
	for _, c := range text.Categories {
		p.Categories = append(p.Categories, cookiesCategory{c, kit.Checkbox{Name: "allow", Value: c.Code, Label: v.t("consent.category-" + c.Code), Checked: p.Chosen.Allows(c.Code)}})
	}
	if p.Chosen.Receipt != "" {
		proof, err := u.Proof(v.Context(), p.Chosen.Receipt)
		if err != nil && errs.KindOf(err) != errs.NotFound {
			return err
		}
		if err == nil && proof.Site == v.site.Host {
			p.Proof, p.ProofAt = &proof, proof.At
		}
	}
	return v.page(kit.Page{Title: v.t("public.cookies"), Path: "/cookies", Cache: kit.CacheNone}, "consent", p)
}

func status(c consent.Choice, optOut bool) string {
	switch {
	case optOut:
		return "consent.status-opt-out"
	case !c.Made():
		return "consent.status-none"
	case c.Refused():
		return "consent.status-refused"
	}
	return "consent.status-accepted"
}

// maxChoice bounds a choice that is posted.
const maxChoice = 4 << 10

func chooseCookies(v *visit) error {
	if v.f.Usage == nil || v.f.Usage.Text() == nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	v.Body = http.MaxBytesReader(v.w, v.Body, maxChoice)
	if err := v.ParseForm(); err != nil {
		return errs.Wrap(err, errs.Invalid, "error.invalid")
	}
	var allowed []string
	switch v.PostFormValue("choice") {
	case "accept":
		for _, c := range v.f.Usage.Text().Categories {
			allowed = append(allowed, c.Code)
		}
	case "refuse":
	case "some":
		allowed = v.PostForm["allow"]
	default:
		return errs.New(errs.Invalid, "consent.error-choice")
	}
	if err := v.f.Usage.Choose(v.w, v.Request, v.site.Host, v.lang, v.PostFormValue("version"), allowed, v.PostFormValue("erase") != ""); err != nil {
		return err
	}
	if back := localPath(v.PostFormValue("back")); back != "" {
		return v.seeOther(back)
	}
	return v.seeOther("/cookies")
}

// localPath is a path of this site, after the language, or "".
func localPath(s string) string {
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n") || len(s) > 2048 {
		return ""
	}
	return s
}
