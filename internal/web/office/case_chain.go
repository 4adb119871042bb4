package office

import (
	"net/http"
	"strings"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/web/kit"
)

// chainText names the steps of an endorsement chain in their order.
func (v *visit) chainText(steps []string) string {
	out := make([]string, len(steps))
	for i, s := range steps {
		out[i] = v.t("office.endorse-" + s)
	}
	return strings.Join(out, " › ")
}

func (v *visit) chainSheet() (sheet, error) {
	agency := v.session.Account.Agency
	steps, err := v.f.Cases.Chain(v.Context(), agency)
	if err != nil {
		return sheet{}, err
	}
	now := v.t("office.chain-none")
	if len(steps) > 0 {
		now = v.chainText(steps)
	}
	f := form{Title: v.t("office.chain-set"), Help: v.t("office.chain-help"), Action: v.to("/office/chain"), Button: v.t("office.save")}
	for i := range cases.Endorsements {
		selected := ""
		if i < len(steps) {
			selected = steps[i]
		}
		if v.Method == http.MethodPost {
			selected = v.PostFormValue(chainField(i))
		}
		options := append([]kit.Option{{Label: v.t("office.chain-no-step")}}, v.labelled("office.endorse-", selected, cases.Endorsements...)...)
		f.Fields = append(f.Fields, kit.Field{Name: chainField(i), Label: v.t("office.chain-step", "n", i+1), Options: options})
	}
	return sheet{Heading: v.t("office.chain"), Lead: v.t("office.chain-lead"), Facts: []kit.Row{{Key: v.t("office.agency"), Value: v.agency(agency)}, {Key: v.t("office.chain-now"), Value: now}}, Forms: []form{f}}, nil
}

func chainField(i int) string { return "step-" + string(rune('1'+i)) }

func chainForm(v *visit) error {
	s, err := v.chainSheet()
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, s)
}

func setChain(v *visit) error {
	var steps []string
	for i := range cases.Endorsements {
		if x := v.PostFormValue(chainField(i)); x != "" {
			steps = append(steps, x)
		}
	}
	err := v.f.Cases.SetChain(v.Context(), v.session.Actor, v.session.Account.Agency, steps)
	if errs.KindOf(err) == errs.Invalid && err != nil {
		s, bad := v.chainSheet()
		if bad != nil {
			return bad
		}
		return v.again(errs.InvalidField(chainField(0), "office.chain-twice"), s)
	}
	if err != nil {
		return err
	}
	return v.seeOther("/office/chain")
}
