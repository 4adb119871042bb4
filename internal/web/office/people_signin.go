package office

import (
	"net/http"
	"strings"
	"time"

	"prasan/internal/accounts"
	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/web/kit"
)

const cookieName = "session"

func (v *visit) setSession(o accounts.Opened) {
	_, tls := v.f.Client(v.Request)
	http.SetCookie(v.w, &http.Cookie{Name: cookieName, Value: o.Cookie, Path: "/", MaxAge: int(o.Expires.Sub(v.f.Now()) / time.Second), HttpOnly: true, Secure: tls, SameSite: http.SameSiteLaxMode})
}

func (v *visit) dropSession() {
	_, tls := v.f.Client(v.Request)
	http.SetCookie(v.w, &http.Cookie{Name: cookieName, Path: "/", MaxAge: -1, HttpOnly: true, Secure: tls, SameSite: http.SameSiteLaxMode})
}

func (v *visit) signInSheet() sheet {
	return sheet{Heading: v.t("office.sign-in"), Trouble: []string{v.t("office.trouble-first"), v.t("office.trouble-app"), v.t("office.trouble-lost")}, Forms: []form{{
		Action: v.to("/sign-in"), Button: v.t("office.sign-in"),
		Hidden: [][2]string{{"next", safeNext(v.FormValue("next"))}},
		Fields: []kit.Field{
			{Name: "account", Label: v.t("office.account"), Autocomplete: "username", Required: true, Width: "medium", Value: v.PostFormValue("account"), Autofocus: v.Method == http.MethodGet},
			{Name: "password", Label: v.t("office.password"), Type: "password", Autocomplete: "current-password", Required: true},
			{Name: "code", Label: v.t("office.code"), Help: v.t("office.code-help"), Autocomplete: "one-time-code", Width: "medium"},
		},
	}}}
}

func signInForm(v *visit) error {
	if v.session.Stage == full {
		return v.seeOther("/office/")
	}
	return v.show(http.StatusOK, v.signInSheet())
}

func signIn(v *visit) error {
	addr, _ := v.f.Client(v.Request)
	o, err := v.f.Accounts.SignIn(v.Context(), accounts.SignIn{Account: v.PostFormValue("account"), Password: v.PostFormValue("password"), Code: v.PostFormValue("code"), Addr: addr, Lang: v.lang})
	switch errs.KindOf(err) {
	case errs.Unauthorized, errs.TooMany:
		s := v.signInSheet()
		e := errs.As(err)
		s.Forms[0].Errors = &kit.Summary{Title: v.t("office.sign-in-failed"), Items: []kit.SummaryItem{{Href: "#account", Text: i18n.T(v.lang, e.Key)}}}
		status := http.StatusUnprocessableEntity
		if e.Kind == errs.TooMany {
			status = http.StatusTooManyRequests
		}
		return v.show(status, s)
	}
	if err != nil {
		return err
	}
	v.setSession(o)
	if page, ok := stagePage[o.Stage]; ok {
		return v.seeOther(page)
	}
	if next := safeNext(v.PostFormValue("next")); next != "" {
		v.w.Header().Set("Cache-Control", kit.CacheNone)
		http.Redirect(v.w, v.Request, next, http.StatusSeeOther)
		return nil
	}
	return v.seeOther("/office/")
}

// safeNext keeps an address of the office only, so that nobody is led elsewhere after
// signing in.
func safeNext(next string) string {
	for _, lang := range i18n.Langs {
		if strings.HasPrefix(next, "/"+lang+"/office/") && !strings.ContainsAny(next, "\\\r\n") {
			return next
		}
	}
	return ""
}

func signOut(v *visit) error {
	c, err := v.Cookie(cookieName)
	if err == nil {
		if err := v.f.Accounts.SignOut(v.Context(), c.Value); err != nil {
			return err
		}
	}
	v.dropSession()
	return v.seeOther("/sign-in")
}

// oversees: whose work is to watch over others' begins with what was read and done.
func (v *visit) oversees() bool { return v.reaches("log.read") && !v.reaches("case.work") }

func (v *visit) homePath() string {
	if v.oversees() {
		return "/office/oversight"
	}
	return "/office/cases"
}

// home is where one's work begins.
func home(v *visit) error {
	if v.oversees() {
		return oversight(v)
	}
	return inbox(v)
}

// capacity says by what right one acts: headship, and orders in force.
func (v *visit) capacity() (text string, orders table) {
	actor := v.session.Actor
	text = v.t("office.not-head")
	if actor.IsHead {
		text = v.t("office.is-head")
	}
	orders = table{Title: v.t("office.orders-in-force"), Head: []string{v.t("office.number"), v.t("office.activity"), v.t("office.agency")}, Empty: v.t("office.orders-none")}
	if actor.IsHead {
		orders.Empty = v.t("office.orders-head")
	}
	for _, o := range actor.Orders {
		orders.Rows = append(orders.Rows, row{Cells: []kit.Cell{{Text: o.Number}, {Text: v.activity(o.Activity)}, {Text: v.agency(o.Agency)}}})
	}
	return text, orders
}

// activity is the name of an activity of the record.
func (v *visit) activity(code string) string {
	if code == "*" {
		return v.t("office.all-activities")
	}
	for _, s := range v.f.Activities() {
		if s.Activity == code {
			return s.Name.In(v.lang)
		}
	}
	return code
}
