package office

import (
	"fmt"
	"net/http"
	"strings"

	"prasan/internal/accounts"
	"prasan/internal/errs"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// ownRoutes: what one does with one's own account.
var ownRoutes = []route{
	{"GET /{lang}/office/password", begun, "", passwordForm},
	{"POST /{lang}/office/password", begun, "", changePassword},
	{"GET /{lang}/office/authenticator", begun, "", enrolForm},
	{"POST /{lang}/office/authenticator", begun, "", enrolAuthenticator},
	{"GET /{lang}/office/account", full, "", myAccount},
	{"POST /{lang}/office/account/codes", full, "", newCodes},
	{"POST /{lang}/office/account/tokens", full, "", newToken},
	{"POST /{lang}/office/account/tokens/{id}", full, "", endToken},
	{"POST /{lang}/office/account/sessions/{id}", full, "", endSession},
}

func (v *visit) currentField() kit.Field {
	return kit.Field{Name: "current", Label: v.t("office.password-current"), Type: "password", Autocomplete: "current-password", Required: true}
}

func (v *visit) passwordSheet() sheet {
	f := form{Action: v.to("/office/password"), Button: v.t("office.password-set")}
	if v.session.Stage == full {
		f.Fields = append(f.Fields, v.currentField())
	}
	f.Fields = append(f.Fields, kit.Field{Name: "password", Label: v.t("office.password-new"), Help: v.t("office.password-help"), Type: "password", Autocomplete: "new-password", Required: true})
	return sheet{Heading: v.t("office.password-set"), Lead: v.t("office.password-lead"), Forms: []form{f}}
}

func passwordForm(v *visit) error { return v.show(http.StatusOK, v.passwordSheet()) }

func changePassword(v *visit) error {
	o, err := v.f.Accounts.ChangePassword(v.Context(), v.session, v.PostFormValue("current"), v.PostFormValue("password"))
	if err != nil {
		return v.again(err, v.passwordSheet())
	}
	v.setSession(o)
	if page, ok := stagePage[o.Stage]; ok {
		return v.seeOther(page)
	}
	return v.seeOther("/office/account")
}

// again shows a sheet's first form with what is wrong.
func (v *visit) again(err error, s sheet) error {
	if _, err := v.refused(err, &s.Forms[0]); err != nil {
		return err
	}
	return v.show(http.StatusUnprocessableEntity, s)
}

func (v *visit) enrolSheet(e accounts.Enrolment, state string) (sheet, error) {
	modules, err := e.QR()
	if err != nil {
		return sheet{}, err
	}
	f := form{Action: v.to("/office/authenticator"), Button: v.t("office.enrol"), Hidden: [][2]string{{"state", state}},
		Fields: []kit.Field{{Name: "code", Label: v.t("office.enrol-code"), Help: v.t("office.enrol-code-help"), Autocomplete: "one-time-code", InputMode: "numeric", Width: "short", Required: true}}}
	if v.session.Stage == full {
		f.Fields = append(f.Fields, v.currentField())
	}
	return sheet{Heading: v.t("office.enrol-heading"), Lead: v.t("office.enrol-lead"), Enrol: &enrol{Secret: e.Grouped(), Size: len(modules), Path: drawing(modules)}, Forms: []form{f}}, nil
}

// drawing is the dark modules as one path: a run of each row.
func drawing(modules [][]bool) string {
	var b strings.Builder
	for y, line := range modules {
		for x := 0; x < len(line); x++ {
			n := 0
			for x+n < len(line) && line[x+n] {
				n++
			}
			if n > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x, y, n, n)
				x += n
			}
		}
	}
	return b.String()
}

func enrolForm(v *visit) error {
	if v.session.Stage == accounts.StagePassword {
		return v.seeOther("/office/password")
	}
	e, state, err := v.f.Accounts.BeginEnrolment(v.session)
	if err != nil {
		return err
	}
	s, err := v.enrolSheet(e, state)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, s)
}

func enrolAuthenticator(v *visit) error {
	state := v.PostFormValue("state")
	o, codes, err := v.f.Accounts.Enrol(v.Context(), v.session, state, v.PostFormValue("code"), v.PostFormValue("current"))
	if errs.KindOf(err) == errs.Invalid && err != nil {
		e, old := v.f.Accounts.PendingEnrolment(v.session, state)
		if old != nil {
			return old
		}
		s, bad := v.enrolSheet(e, state)
		if bad != nil {
			return bad
		}
		return v.again(err, s)
	}
	if err != nil {
		return err
	}
	v.setSession(o)
	return v.showCodes(codes)
}

// showCodes is the answer to the post itself: the codes are nowhere to be read again.
func (v *visit) showCodes(codes []string) error {
	return v.show(http.StatusOK, sheet{Heading: v.t("office.codes"), Lead: v.t("office.codes-lead"), Codes: codes, Links: []kit.Link{{Href: v.to("/office/"), Text: v.t("office.go-on")}}})
}

func newCodes(v *visit) error {
	codes, err := v.f.Accounts.NewRecoveryCodes(v.Context(), v.session, v.PostFormValue("current"))
	if err != nil {
		s, bad := v.accountSheet()
		if bad != nil {
			return bad
		}
		s.Forms[0], s.Forms[1] = s.Forms[1], s.Forms[0]
		return v.again(err, s)
	}
	return v.showCodes(codes)
}

func (v *visit) accountSheet() (sheet, error) {
	ctx, name := v.Context(), v.session.Account.Name
	left, err := v.f.Accounts.RecoveryCodesLeft(ctx, name)
	if err != nil {
		return sheet{}, err
	}
	tokens, err := v.f.Accounts.Tokens(ctx, name)
	if err != nil {
		return sheet{}, err
	}
	sessions, err := v.f.Accounts.Sessions(ctx, name)
	if err != nil {
		return sheet{}, err
	}
	capacity, orders := v.capacity()
	s := sheet{Heading: v.t("office.my-account"), Facts: []kit.Row{
		{Key: v.t("office.name"), Value: v.session.Account.Display.In(v.lang)},
		{Key: v.t("office.account"), Value: name},
		{Key: v.t("office.agency"), Value: v.agency(v.session.Account.Agency)},
		{Key: v.t("office.roles"), Value: v.roles(v.session.Account)},
		{Key: v.t("office.capacity"), Value: capacity},
		{Key: v.t("office.codes"), Value: v.t("office.codes-left", "n", left)},
	}, Links: []kit.Link{{Href: v.to("/office/password"), Text: v.t("office.password-set")}, {Href: v.to("/office/authenticator"), Text: v.t("office.enrol-again")}}}
	s.Tables = []table{orders, v.sessionTable(sessions), v.tokenTable(tokens)}
	s.Forms = []form{
		{Title: v.t("office.token-new"), Help: v.t("office.token-help"), Action: v.to("/office/account/tokens"), Button: v.t("office.token-make"), Fields: []kit.Field{{Name: "label", Label: v.t("office.token-label"), Width: "medium", Required: true, Value: v.PostFormValue("label")}}},
		{Title: v.t("office.codes-new"), Help: v.t("office.codes-new-help"), Action: v.to("/office/account/codes"), Button: v.t("office.codes-make"), Fields: []kit.Field{v.currentField()}},
	}
	return s, nil
}

func (v *visit) sessionTable(list []accounts.Session) table {
	t := table{Title: v.t("office.sessions"), Head: []string{v.t("office.since"), v.t("office.seen"), ""}}
	for _, x := range list {
		r := row{Cells: []kit.Cell{{Text: thai.DateTime(x.CreatedAt, v.lang)}, {Text: thai.DateTime(x.SeenAt, v.lang)}}}
		if x.ID == v.session.ID {
			r.Cells = append(r.Cells, kit.Cell{Chip: &kit.Chip{Tone: "good", Text: v.t("office.session-this")}})
		} else {
			r.Cells = append(r.Cells, kit.Cell{})
			r.Action, r.Button, r.Of = v.to("/office/account/sessions/"+x.ID), v.t("office.session-end"), r.Cells[0].Text
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

func (v *visit) tokenTable(list []accounts.Token) table {
	t := table{Title: v.t("office.tokens"), Head: []string{v.t("office.token-label"), v.t("office.made"), v.t("office.used")}, Empty: v.t("office.tokens-none")}
	for _, x := range list {
		used := v.t("office.never")
		if !x.UsedAt.IsZero() {
			used = thai.DateTime(x.UsedAt, v.lang)
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: x.Label}, {Text: thai.DateTime(x.CreatedAt, v.lang)}, {Text: used}}, Action: v.to("/office/account/tokens/" + x.ID), Button: v.t("office.revoke"), Of: x.Label})
	}
	return t
}

func myAccount(v *visit) error {
	s, err := v.accountSheet()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, s)
}

func newToken(v *visit) error {
	_, token, err := v.f.Accounts.CreateToken(v.Context(), v.session.Actor, v.session.Account.Name, v.PostFormValue("label"))
	s, bad := v.accountSheet()
	if bad != nil {
		return bad
	}
	if err != nil {
		return v.again(err, s)
	}
	s.Note = &kit.Note{Tone: "good", Title: v.t("office.token-once")}
	s.Codes = []string{token}
	return v.show(http.StatusCreated, s)
}

func endToken(v *visit) error {
	if err := v.f.Accounts.RevokeToken(v.Context(), v.session.Actor, v.PathValue("id")); err != nil {
		return err
	}
	return v.seeOther("/office/account")
}

func endSession(v *visit) error {
	if err := v.f.Accounts.EndSession(v.Context(), v.session.Account.Name, v.PathValue("id")); err != nil {
		return err
	}
	return v.seeOther("/office/account")
}
