package office

import (
	"strconv"
	"strings"

	"prasan/internal/i18n"
	"prasan/internal/ropa"
	"prasan/internal/truth"
	"prasan/internal/web/kit"
)

// claims are what records say that cannot be, with the evidence of our own counters.
func (v *visit) claims(r *truth.Report) kit.Table {
	t := kit.Table{Caption: v.t("truth.claims"), Hidden: true, Head: []string{v.t("registerpages.row"), v.t("office.revision"), v.t("truth.claim-says"), v.t("truth.claim-why"), v.t("registerpages.evidence")}}
	for _, c := range r.Claims {
		href, when := v.revisionPath(c.Activity, c.Revision), v.t("truth.claim-superseded")
		if c.InForce {
			when = v.t("truth.claim-in-force")
		}
		if d := ropa.RowByID(c.Field); d != nil {
			href += "#row-" + strconv.Itoa(d.No)
		}
		t.Rows = append(t.Rows, []kit.Cell{{Text: v.rowTitle(c.Field), Href: href}, {Text: v.activity(c.Activity) + " " + v.t("office.revision-n", "n", c.Revision) + " (" + when + ")"}, {Text: c.Says}, {Text: c.Text(v.lang)}, {Text: c.Evidence(v.lang)}})
	}
	return t
}

// because is why a row has its status where nothing was looked at.
func (v *visit) because(x truth.Row) string {
	if key := "truth.reason-" + strings.ReplaceAll(x.Field, ".", "-"); x.Status == truth.Unknown && i18n.Has(key) {
		return v.t(key)
	}
	if key := "truth.reason-" + x.Reason; x.Reason != "" && i18n.Has(key) {
		return v.t(key)
	}
	return v.t("registerpages.because-" + string(x.Status))
}
