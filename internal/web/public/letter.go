package public

import (
	"net/http"

	"prasan/internal/errs"
	"prasan/internal/letters"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// letterProof is the page behind the code on a letter: that it was issued, with which
// number and date, and nothing of what it says.
type letterProof struct {
	Tone, Title, Lead string
	Rows              []kit.Row
}

func letterPage(v *visit) error {
	p := letterProof{Tone: "warn", Title: v.t("letter.unknown"), Lead: v.t("letter.unknown-lead")}
	status := http.StatusNotFound
	proof, err := v.f.Letter(v.Context(), v.PathValue("code"))
	switch {
	case err == nil:
		status = http.StatusOK
		p = letterProof{Tone: "good", Title: v.t("letter.found"), Lead: v.t("letter.found-lead")}
		if proof.State == letters.Cancelled {
			p.Tone, p.Title = "stop", v.t("letter.cancelled")
		}
		p.Rows = []kit.Row{{Key: v.t("letter.agency"), Value: v.f.Agency(proof.Agency).In(v.lang)}, {Key: v.t("letter.number"), Value: proof.Number}, {Key: v.t("letter.date"), Value: thai.DateLong(proof.Date, v.lang)}}
		if proof.SHA256 != "" {
			p.Rows = append(p.Rows, kit.Row{Key: v.t("letter.hash"), Value: proof.SHA256})
		}
	case errs.KindOf(err) != errs.NotFound:
		return err
	}
	return v.page(kit.Page{Title: v.t("letter.heading"), Status: status}, "letter", p)
}
