package office

import (
	"net/http"
	"net/url"
	"slices"

	"prasan/internal/accounts"
	"prasan/internal/policy"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// peopleRoutes: accounts, for who administers them.
var peopleRoutes = []route{
	{"GET /{lang}/office/accounts", full, "account.admin", listAccounts},
	{"GET /{lang}/office/accounts/new", full, "account.admin", newAccountForm},
	{"POST /{lang}/office/accounts/new", full, "account.admin", addAccount},
	{"GET /{lang}/office/accounts/{name}", full, "account.admin", showAccount},
	{"POST /{lang}/office/accounts/{name}/reset", full, "account.admin", resetAccount},
	{"POST /{lang}/office/accounts/{name}/disable", full, "account.admin", disableAccount},
	{"POST /{lang}/office/accounts/{name}/move", full, "account.admin", moveAccount},
}

const pageSize = 50

func (v *visit) accountChip(a accounts.Account) *kit.Chip {
	switch {
	case a.Disabled:
		return &kit.Chip{Tone: "stop", Text: v.t("office.disabled")}
	case a.MustChange || !a.HasTOTP:
		return &kit.Chip{Tone: "wait", Text: v.t("office.not-enrolled")}
	}
	return &kit.Chip{Tone: "good", Text: v.t("office.active")}
}

func listAccounts(v *visit) error {
	agency := v.FormValue("agency")
	list, err := v.f.Accounts.List(v.Context(), v.session.Actor, agency, v.FormValue("after"), pageSize+1)
	if err != nil {
		return err
	}
	s := sheet{Heading: v.t("office.accounts"), Links: []kit.Link{{Href: v.to("/office/accounts/new"), Text: v.t("office.account-add")}}}
	if len(list) > pageSize {
		list = list[:pageSize]
		s.Pager.Next = v.to("/office/accounts?" + url.Values{"agency": {agency}, "after": {list[pageSize-1].Name}}.Encode())
	}
	t := table{Title: v.t("office.accounts"), Head: []string{v.t("office.account"), v.t("office.name"), v.t("office.agency"), v.t("office.roles"), v.t("office.status")}, Empty: v.t("office.accounts-none")}
	for _, a := range list {
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: a.Name, Href: v.to("/office/accounts/" + a.Name)}, {Text: a.Display.In(v.lang)}, {Text: v.agency(a.Agency)}, {Text: v.roles(a)}, {Chip: v.accountChip(a)}}})
	}
	options := append([]kit.Option{{Value: "", Label: v.t("office.all-agencies")}}, v.agencyOptions(agency, nil)...)
	s.Forms = []form{{Title: v.t("office.filter"), Method: "get", Action: v.to("/office/accounts"), Button: v.t("office.show"), Fields: []kit.Field{{Name: "agency", Label: v.t("office.agency"), Options: options}}}}
	s.Tables = []table{t}
	return v.show(http.StatusOK, s)
}

func (v *visit) roleChecks(selected []string) []kit.Checkbox {
	out := make([]kit.Checkbox, len(accounts.Roles))
	for i, r := range accounts.Roles {
		out[i] = kit.Checkbox{Name: "role-" + r, Label: v.t("role." + r), Checked: slices.Contains(selected, r)}
	}
	return out
}

func (v *visit) postedRoles() []string {
	var out []string
	for _, r := range accounts.Roles {
		if v.PostFormValue("role-"+r) != "" {
			out = append(out, r)
		}
	}
	return out
}

func (v *visit) newAccountSheet() sheet {
	value := v.PostFormValue
	return sheet{Heading: v.t("office.account-add"), Lead: v.t("office.account-add-lead"), Forms: []form{{
		Action: v.to("/office/accounts/new"), Button: v.t("office.account-add"), ChecksTitle: v.t("office.roles"), Checks: v.roleChecks(v.postedRoles()),
		Fields: []kit.Field{
			{Name: "name", Label: v.t("office.account"), Help: v.t("error.account-name"), Width: "medium", Value: value("name"), Required: true, Autocomplete: "off"},
			{Name: "display_th", Label: v.t("office.name-th"), Value: value("display_th"), Required: true, Autocomplete: "off"},
			{Name: "display_en", Label: v.t("office.name-en"), Value: value("display_en"), Autocomplete: "off", Lang: "en"},
			{Name: "email", Label: v.t("office.email"), Type: "email", Value: value("email"), Autocomplete: "off"},
			{Name: "agency", Label: v.t("office.agency"), Options: v.agencyOptions(value("agency"), nil)},
		}}}}
}

func newAccountForm(v *visit) error { return v.show(http.StatusOK, v.newAccountSheet()) }

func addAccount(v *visit) error {
	a, password, err := v.f.Accounts.Add(v.Context(), v.session.Actor, accounts.Account{Name: v.PostFormValue("name"), Display: policy.Text{TH: v.PostFormValue("display_th"), EN: v.PostFormValue("display_en")}, Email: v.PostFormValue("email"), Agency: v.PostFormValue("agency"), Roles: v.postedRoles()})
	if err != nil {
		return v.again(err, v.newAccountSheet())
	}
	return v.oneTime(http.StatusCreated, a.Name, password)
}

// oneTime shows a one-time password, this once.
func (v *visit) oneTime(status int, name, password string) error {
	return v.show(status, sheet{Heading: v.t("office.one-time", "name", name), Lead: v.t("office.one-time-lead"), Codes: []string{password}, Links: []kit.Link{{Href: v.to("/office/accounts/" + name), Text: v.t("office.go-on")}}})
}

func (v *visit) accountDetail(name string) (sheet, error) {
	a, err := v.f.Accounts.Get(v.Context(), v.session.Actor, name)
	if err != nil {
		return sheet{}, err
	}
	base := v.to("/office/accounts/" + a.Name)
	s := sheet{Heading: a.Display.In(v.lang), Facts: []kit.Row{
		{Key: v.t("office.account"), Value: a.Name},
		{Key: v.t("office.agency"), Value: v.agency(a.Agency)},
		{Key: v.t("office.roles"), Value: v.roles(a)},
		{Key: v.t("office.status"), Value: v.accountChip(a).Text},
		{Key: v.t("office.made"), Value: thai.DateTime(a.CreatedAt, v.lang)},
	}}
	if a.Name == v.session.Account.Name {
		s.Links = []kit.Link{{Href: v.to("/office/account"), Text: v.t("office.my-account")}}
		return s, nil
	}
	s.Forms = []form{
		{Title: v.t("office.move"), Help: v.t("office.move-help"), Action: base + "/move", Button: v.t("office.save"), Fields: []kit.Field{{Name: "agency", Label: v.t("office.agency"), Options: v.agencyOptions(a.Agency, nil)}}, ChecksTitle: v.t("office.roles"), Checks: v.roleChecks(a.Roles)},
		{Title: v.t("office.reset"), Help: v.t("office.reset-help"), Action: base + "/reset", Button: v.t("office.reset"), Stop: true},
	}
	if !a.Disabled {
		s.Forms = append(s.Forms, form{Title: v.t("office.disable"), Help: v.t("office.disable-help"), Action: base + "/disable", Button: v.t("office.disable"), Stop: true})
	}
	return s, nil
}

func showAccount(v *visit) error {
	s, err := v.accountDetail(v.PathValue("name"))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, s)
}

func resetAccount(v *visit) error {
	password, err := v.f.Accounts.Reset(v.Context(), v.session.Actor, v.PathValue("name"))
	if err != nil {
		return err
	}
	return v.oneTime(http.StatusOK, v.PathValue("name"), password)
}

func disableAccount(v *visit) error {
	if err := v.f.Accounts.Disable(v.Context(), v.session.Actor, v.PathValue("name")); err != nil {
		return err
	}
	return v.seeOther("/office/accounts/" + v.PathValue("name"))
}

func moveAccount(v *visit) error {
	name := v.PathValue("name")
	if err := v.f.Accounts.Move(v.Context(), v.session.Actor, name, v.PostFormValue("agency"), v.postedRoles()); err != nil {
		s, bad := v.accountDetail(name)
		if bad != nil || len(s.Forms) == 0 {
			return err
		}
		return v.again(err, s)
	}
	return v.seeOther("/office/accounts/" + name)
}
