package office

import (
	"slices"
	"testing"

	"prasan/internal/accounts"
	"prasan/internal/cases"
	"prasan/internal/i18n"
	"prasan/internal/mail"
	"prasan/internal/ropa"
	"prasan/internal/sites"
)

func TestThereIsAWordForEverythingThatAPageNames(t *testing.T) {
	want := func(prefix string, values ...string) {
		for _, x := range values {
			if !i18n.Has(prefix + x) {
				t.Errorf("%s%s has no message", prefix, x)
			}
		}
	}
	want("role.", accounts.Roles...)
	want("accent.", sites.Accents...)
	want("agency-kind.", "ministry", "office", "division", "province", "department")
	want("office.state-", plain(cases.States)...)
	want("office.topic-", cases.Topics...)
	want("office.channel-", cases.Channels...)
	want("office.result-", append(slices.Clone(cases.Results), "unwanted")...)
	want("office.endorse-", cases.Endorsements...)
	want("office.why-", "decoy", "fast", "many", "same", "links", "phrase")
	want("office.area-", areas...)
	want("office.mail-state-", mail.Queued, mail.HandedOver, mail.Failed, mail.Bounced)
	for _, kind := range mail.Kinds() {
		if !mail.ForStaff(kind) {
			want("office.mail-", kind)
		}
	}
	for _, s := range ropa.States {
		if s.IsNothing() {
			want("office.nothing-", string(s))
		}
	}
	for _, a := range acts {
		want("office.act-", a.name)
		if a.do != nil {
			want("office.done-", a.name)
		}
		if a.parts != nil {
			want("office.help-", a.name)
			want("office.button-", a.name)
		}
	}
	for _, x := range cases.Transitions {
		switch x.Action {
		case "endorse":
			want("office.event-endorse-", cases.Endorsements...)
		case "answer":
			want("office.event-answer-", "email", "phone")
		case "assign":
			want("office.event-assign", "", "-none")
		default:
			want("office.event-", x.Action)
		}
	}
}

func TestTheFirstStepsAreActsThatTheirStateAllows(t *testing.T) {
	for state, names := range firstSteps {
		next := cases.Next(&cases.Case{State: state, Parked: true})
		for _, name := range names {
			a, ok := actNamed(name)
			if !ok || !slices.ContainsFunc(a.needs, func(n string) bool { return slices.Contains(next, n) }) {
				t.Errorf("%s begins with %s, which it does not allow", state, name)
			}
		}
	}
	for _, state := range cases.States {
		if len(firstSteps[state]) == 0 {
			t.Errorf("%s begins with nothing", state)
		}
	}
}
