package scenario

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"prasan/internal/cases"
	"prasan/internal/org"
	"prasan/internal/sites"
	"prasan/internal/thai"
)

const base = "industry.localhost"

func planned(t *testing.T) (plays []*play, steps []step) {
	t.Helper()
	e := &Env{Sites: sites.ForAgencies(base, org.Bodies(base)), Base: base}
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, thai.Bangkok)
	for i := range Volume - Taken {
		list := e.plan(i, now.AddDate(-1, 0, 0), now)
		plays, steps = append(plays, list[0].story), append(steps, list...)
	}
	return plays, steps
}

func TestTheStoriesAreTheSameEachTimeAndDifferFromEachOther(t *testing.T) {
	first, firstSteps := planned(t)
	second, secondSteps := planned(t)
	texts := map[string]bool{}
	for i, p := range first {
		if q := second[i]; p.said != q.said || p.site.Host != q.site.Host || p.m != q.m || p.channel != q.channel || p.sender["given_name"] != q.sender["given_name"] || !bytes.Equal(p.picture, q.picture) {
			t.Errorf("case %d differs: %+v, %+v", i, p, q)
		}
		texts[p.said.said] = true
	}
	if !slices.EqualFunc(firstSteps, secondSteps, func(a, b step) bool { return a.at.Equal(b.at) && a.story.i == b.story.i }) {
		t.Error("the steps differ")
	}
	if len(texts) < 250 {
		t.Errorf("only %d different texts in %d cases", len(texts), Volume)
	}
}

func TestWhatIsSaidIsWholeAndPlainlyInvented(t *testing.T) {
	plays, steps := planned(t)
	found := map[string]int{}
	for _, p := range plays {
		for _, text := range []string{p.said.said, p.said.answered, p.letter()} {
			if strings.ContainsAny(text, "{}") || utf8.RuneCountInString(text) > cases.MaxMessage || strings.Contains(text, "  ") {
				t.Errorf("case %d: %q", p.i, text)
			}
		}
		if mail := p.sender["email"]; mail != "" && !strings.HasSuffix(mail, "@example.com") {
			t.Errorf("case %d: %s", p.i, mail)
		}
		phone, mail := p.sender["mobile_phone"], p.sender["email"]
		if phone != "" {
			if _, err := thai.ParsePhone(phone); err != nil {
				t.Errorf("case %d: phone %q: %v", p.i, phone, err)
			}
		}
		for name, is := range map[string]bool{"single name": p.sender["family_name"] == "", "foreign phone": strings.HasPrefix(phone, "+"), "phone alone": mail == "", "mail alone": phone == "",
			"withheld": p.withhold, "staff": p.staff, "spam": p.decoy, "English": p.lang == "en", "from another system": p.outside != "", "parked matter": p.m.park != "", "picture": p.picture != nil, p.m.topic: true, p.channel: true} {
			if is {
				found[name]++
			}
		}
	}
	for _, name := range append([]string{"single name", "foreign phone", "phone alone", "mail alone", "withheld", "staff", "spam", "English", "from another system", "parked matter", "picture"}, append(slices.Clone(cases.Topics), cases.Channels...)...) {
		if found[name] < 2 {
			t.Errorf("%s: %d cases", name, found[name])
		}
	}
	for i, s := range steps {
		if i > 0 && steps[i-1].story == s.story && !s.at.After(steps[i-1].at) {
			t.Errorf("case %d: a step at %s, the one before at %s", s.story.i, s.at, steps[i-1].at)
		}
	}
}
