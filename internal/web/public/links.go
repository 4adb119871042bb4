package public

import (
	"net/http"

	"prasan/internal/errs"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// Links in mails are opened by programs that look for harm, too. So opening one does
// nothing: the page has a button, and the button does it.

type confirmPage struct {
	Heading, Text, Button string
	Action                string
	Reference, Code       string
}

func verifyForm(v *visit) error {
	return v.page(kit.Page{Title: v.t("public.verify"), Cache: kit.CacheNone}, "confirm", confirmPage{Heading: v.t("public.verify"), Text: v.t("public.verify-text"), Button: v.t("public.verify-button"), Action: v.URL.EscapedPath()})
}

func verifyConfirm(v *visit) error {
	reference, err := v.f.Cases.ConfirmEmail(v.Context(), v.PathValue("token"))
	if err != nil {
		return err
	}
	return v.page(kit.Page{Title: v.t("public.verified"), Cache: kit.CacheNone}, "confirm", confirmPage{Heading: v.t("public.verified"), Text: v.t("public.verified-text", "reference", reference)})
}

func lostForm(v *visit) error { return v.lost(http.StatusOK, false, nil) }

func (v *visit) lost(status int, sent bool, bad []errs.Field) error {
	p := trackFormPage{Errors: kit.Summarise(v.lang, bad), Sent: sent}
	p.Reference = kit.Field{Name: "reference", Label: v.t("public.reference"), Help: v.t("public.reference-help"), Value: v.PostForm.Get("reference"), Width: "medium", Autocomplete: "off", Error: kit.FieldError(v.lang, bad, "reference")}
	p.Email = kit.Field{Name: "email", Label: v.t("public.field-email"), Help: v.t("public.lost-email-help"), Type: "email", Value: v.PostForm.Get("email"), Autocomplete: "email", Error: kit.FieldError(v.lang, bad, "email")}
	return v.page(kit.Page{Status: status, Title: v.t("public.lost"), Path: "/track/lost"}, "lost", p)
}

// lostAsk answers the same whether or not there is such a case.
func lostAsk(v *visit) error {
	if err := v.form(); err != nil {
		return err
	}
	reference, email := v.PostForm.Get("reference"), v.PostForm.Get("email")
	var bad []errs.Field
	if reference == "" {
		bad = append(bad, errs.Field{Name: "reference", Key: "public.error-reference"})
	}
	if _, err := thai.CleanEmail(email); err != nil {
		bad = append(bad, errs.Field{Name: "email", Key: "error.email"})
	}
	if len(bad) > 0 {
		return v.lost(http.StatusUnprocessableEntity, false, bad)
	}
	addr, _ := v.f.Client(v.Request)
	if err := v.f.Cases.RequestNewCode(v.Context(), reference, email, addr); err != nil {
		return err
	}
	return v.lost(http.StatusOK, true, nil)
}

func codeForm(v *visit) error {
	return v.page(kit.Page{Title: v.t("public.new-code"), Cache: kit.CacheNone}, "confirm", confirmPage{Heading: v.t("public.new-code"), Text: v.t("public.new-code-text"), Button: v.t("public.new-code-button"), Action: v.URL.EscapedPath()})
}

func codeRedeem(v *visit) error {
	reference, code, err := v.f.Cases.RedeemNewCode(v.Context(), v.PathValue("token"))
	if err != nil {
		return err
	}
	return v.page(kit.Page{Title: v.t("public.new-code-done"), Cache: kit.CacheNone}, "confirm", confirmPage{Heading: v.t("public.new-code-done"), Text: v.t("public.new-code-done-text"), Reference: reference, Code: code})
}
