package office

import (
	"io"
	"net/http"
	"net/url"
	"strconv"

	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/policy"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// sealRoutes: the keys and certificates with which agencies seal their letters.
var sealRoutes = []route{
	{"GET /{lang}/office/seals", full, "letter.read", showSeal},
	{"POST /{lang}/office/seals/request", full, "site.admin", requestSeal},
	{"POST /{lang}/office/seals/install", full, "site.admin", installSeal},
}

// sealAgency is whose seal is looked at: one's own agency, unless another is chosen.
func (v *visit) sealAgency() string { return or(v.FormValue("agency"), v.session.Account.Agency) }

func showSeal(v *visit) error { return v.sealPage(http.StatusOK, nil, nil) }

func (v *visit) sealPage(status int, said *kit.Note, wrong *form) error {
	code := v.sealAgency()
	i, err := v.f.Letters.SealOf(v.Context(), v.session.Actor, code)
	if err != nil {
		return err
	}
	s := sheet{Heading: v.t("seal.heading"), Lead: v.t("seal.lead"), Note: said, Facts: v.sealFacts(&i), Links: v.letterLinks()}
	if said == nil && v.FormValue("done") == "install" {
		s.Note = &kit.Note{Tone: "good", Title: v.t("seal.installed")}
	}
	if all, _ := policy.Reach(v.session.Actor, "site.admin"); all {
		s.Forms = []form{{Method: "get", Action: v.to("/office/seals"), Button: v.t("letters.look"), Fields: []kit.Field{{Name: "agency", Label: v.t("office.agency"), Options: v.agencyOptions(code, nil)}}}}
	}
	if policy.May(v.session.Actor, "site.admin", code) {
		install := v.installForm(code)
		if wrong != nil {
			install = *wrong
		}
		s.Forms = append(s.Forms, form{Title: v.t("seal.request"), Help: v.t("seal.request-help"), Action: v.to("/office/seals/request"), Hidden: [][2]string{{"agency", code}}, Button: v.t("seal.request-do"), Fields: []kit.Field{{Name: "kind", Label: v.t("seal.kind"), Options: v.choices("seal.kind-", "", letters.RSA, letters.ECDSA)}}}, install)
	}
	return v.show(status, s)
}

func (v *visit) sealFacts(i *letters.SealInfo) []kit.Row {
	name := i.Agency
	if a, ok := v.f.Agencies.Get(i.Agency); ok {
		name = a.Name.In(v.lang)
	}
	out := []kit.Row{{Key: v.t("office.agency"), Value: name}}
	if i.Made() {
		issuer := i.Issuer
		if i.Own {
			issuer = v.t("seal.own")
		}
		out = append(out, kit.Row{Key: v.t("seal.subject"), Value: i.Subject}, kit.Row{Key: v.t("seal.issuer"), Value: issuer}, kit.Row{Key: v.t("seal.valid"), Value: thai.DateLong(i.NotBefore, v.lang) + " – " + thai.DateLong(i.NotAfter, v.lang)}, kit.Row{Key: v.t("seal.chain"), Value: strconv.Itoa(i.Chain)}, kit.Row{Key: "SHA-256", Value: i.SHA256})
	} else {
		out = append(out, kit.Row{Key: v.t("seal.subject"), Value: v.t("seal.none")})
	}
	if i.Requested {
		out = append(out, kit.Row{Key: v.t("seal.request"), Value: v.t("seal.waiting")})
	}
	return out
}

func (v *visit) installForm(code string) form {
	return form{Title: v.t("seal.install"), Help: v.t("seal.install-help"), Action: v.to("/office/seals/install"), Hidden: [][2]string{{"agency", code}}, Button: v.t("seal.install-do"), Upload: true, Stop: true, Fields: []kit.Field{
		{Name: "attachment", Label: v.t("seal.file"), Type: "file", Accept: ".p12,.pfx,.pem,.crt,.cer", Required: true},
		{Name: "password", Label: v.t("seal.password"), Type: "password", Optional: v.t("office.optional"), Autocomplete: "off", Width: "medium"}}}
}

func requestSeal(v *visit) error {
	request, err := v.f.Letters.RequestSeal(v.Context(), v.session.Actor, v.sealAgency(), v.PostFormValue("kind"))
	if err != nil {
		return err
	}
	return v.download("application/pkcs10", v.sealAgency()+".csr", request)
}

// maxSeal bounds a file with a key and certificates.
const maxSeal = 1 << 20

func installSeal(v *visit) error {
	file, _, err := v.file()
	if err != nil {
		return err
	}
	code, f := v.sealAgency(), v.installForm(v.sealAgency())
	var material []byte
	if file != nil {
		defer file.Close()
		if material, err = io.ReadAll(io.LimitReader(file, maxSeal)); err != nil {
			return err
		}
	}
	if _, err = v.f.Letters.InstallSeal(v.Context(), v.session.Actor, code, material, v.FormValue("password")); err == nil {
		return v.seeOther("/office/seals?done=install&agency=" + url.QueryEscape(code))
	}
	if e := errs.As(err); e.Kind == errs.Invalid && len(e.Fields) > 0 {
		e.Fields[0].Name = "attachment" // the form's name for its file
	}
	if _, err := v.refused(err, &f); err != nil {
		return err
	}
	return v.sealPage(http.StatusUnprocessableEntity, nil, &f)
}
