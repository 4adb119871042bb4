package office

import (
	"net/http"
	"regexp"
	"strings"

	"prasan/internal/errs"
	"prasan/internal/ropa"
	"prasan/internal/ropa/edit"
	"prasan/internal/web/kit"
)

var codeForm = regexp.MustCompile(`^[a-z][a-z0-9-]{1,62}$`)

// groups are the main processes of the register, each once.
func (v *visit) groups() (out []ropa.ProcessGroup, err error) {
	shelves, err := v.shelves()
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, s := range shelves {
		_, rev, err := v.read(v.Context(), s.code, s.inForce().N)
		if err != nil {
			return nil, err
		}
		if g := rev.ProcessGroup; g.Code != "" && !seen[g.Code] {
			seen[g.Code] = true
			out = append(out, g)
		}
	}
	return out, nil
}

// beginForm asks what a new activity is called and to which main process it belongs.
func (v *visit) beginForm() (*form, error) {
	groups, err := v.groups()
	if err != nil {
		return nil, err
	}
	f := &form{Title: v.t("editor.begin"), Help: v.t("editor.begin-lead"), Action: v.to("/office/records/begin"), Button: v.t("editor.begin-button"), Fields: []kit.Field{
		{Name: "name_th", Label: v.t("editor.in-thai", "what", v.t("editor.begin-name")), Value: v.FormValue("name_th"), Required: true},
		{Name: "name_en", Label: v.t("editor.in-english", "what", v.t("editor.begin-name")), Value: v.FormValue("name_en"), Lang: "en"},
		{Name: "code", Label: v.t("editor.f-code"), Help: v.t("editor.begin-code-help"), Value: v.FormValue("code"), Width: "medium", Required: true}}}
	group := kit.Field{Name: "group", Label: v.t("editor.begin-group"), Options: []kit.Option{{Value: "", Label: v.t("editor.begin-group-other")}}}
	for _, g := range groups {
		group.Options = append(group.Options, kit.Option{Value: g.Code, Label: v.phrase(g.Name), Selected: v.FormValue("group") == g.Code})
	}
	f.Fields = append(f.Fields, group, kit.Field{Name: "group_name", Label: v.t("editor.begin-group-new"), Value: v.FormValue("group_name")})
	return f, nil
}

// beginActivity makes the draft of a new activity and leads into its form.
func beginActivity(v *visit) error {
	rev, faults, err := v.newActivity()
	if err != nil {
		return err
	}
	if len(faults) > 0 {
		f, err := v.beginForm()
		if err != nil {
			return err
		}
		if _, err := v.refused(errs.InvalidFields(faults), f); err != nil {
			return err
		}
		return v.show(http.StatusUnprocessableEntity, sheet{Heading: v.t("registerpages.draft-new"), Forms: []form{*f}})
	}
	text, err := ropa.Marshal(rev)
	if err != nil {
		return err
	}
	if _, err := v.f.Register.Draft(v.Context(), v.session.Actor, text); err != nil {
		return err
	}
	return v.seeOther(sectionPath(rev.Code, edit.Sections[0].ID) + "?done=draft")
}

func (v *visit) newActivity() (*ropa.Revision, []errs.Field, error) {
	var faults []errs.Field
	code, name := strings.TrimSpace(v.FormValue("code")), ropa.Text{TH: strings.TrimSpace(v.FormValue("name_th")), EN: strings.TrimSpace(v.FormValue("name_en"))}
	if name.TH == "" {
		faults = append(faults, errs.Field{Name: "name_th", Key: "error.required"})
	}
	if !codeForm.MatchString(code) {
		faults = append(faults, errs.Field{Name: "code", Key: "editor.error-code", Args: []any{"code", code}})
	}
	known, err := v.f.Register.Revisions(v.Context(), code)
	if err != nil {
		return nil, nil, err
	}
	if code != "" && len(known) > 0 {
		faults = append(faults, errs.Field{Name: "code", Key: "editor.error-code-taken", Args: []any{"code", code}})
	}
	group := ropa.ProcessGroup{Code: code, Name: ropa.Text{TH: strings.TrimSpace(v.FormValue("group_name"))}}
	groups, err := v.groups()
	if err != nil {
		return nil, nil, err
	}
	for _, g := range groups {
		if g.Code == v.FormValue("group") {
			group = g
		}
	}
	if group.Name.TH == "" {
		faults = append(faults, errs.Field{Name: "group_name", Key: "error.required"})
	}
	return edit.Blank(code, name, group), faults, nil
}
