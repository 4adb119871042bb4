package public

import (
	"context"
	"slices"
	"strings"

	"prasan/internal/cases"
	"prasan/internal/errs"
	"prasan/internal/i18n"
	"prasan/internal/policy"
	"prasan/internal/ropa"
	"prasan/internal/sites"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

// recordPage is what the public may see of an activity.
type recordPage struct {
	*policy.Snapshot
	Keep    string
	Readers []string
	Rights  []policy.Right
}

// recordView is the register of a site, with every notice that it has shown.
type recordView struct {
	Activities []recordPage
	Notices    kit.Table
	Documents  kit.Table
}

// NoticeVersion is a notice that a site has published.
type NoticeVersion struct {
	NoticeView
	Kind string // privacy_notice, cookie_policy
}

// Notices are what a site has published, and one of them as it was.
type Notices struct {
	All func(ctx context.Context, site sites.Site) ([]NoticeVersion, error)
	One func(ctx context.Context, site sites.Site, id, lang string) (NoticeText, error)
}

// NoticeText is a notice word for word as people saw it.
type NoticeText struct {
	NoticeVersion
	Text string
}

// readers are the positions that the record names; persons are not shown by name, they
// are told to be some.
func (v *visit) readers(s *policy.Snapshot) []string {
	var out []string
	for _, p := range s.Access {
		name := p.Text.In(v.lang)
		if p.Kind == policy.Person {
			name = v.t("registerpages.public-person")
		}
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

// keptFrom is the period with the day from which it runs: that of a case is its end.
func (v *visit) keptFrom(r policy.Retention) string {
	key := "registerpages.code-" + strings.ReplaceAll(r.Anchor, ".", "-")
	if r.Anchor == "case.closed_at" || !i18n.Has(key) {
		return v.keeps(r)
	}
	period := ropa.Period{Years: r.Years, Months: r.Months, Days: r.Days}
	text := v.t("registerpages.kept", "period", period.In(v.lang), "anchor", v.t(key))
	if r.OrOnOrder {
		text += " " + v.t("registerpages.or-on-order")
	}
	return text
}

func rightsOf(s *policy.Snapshot) (out []policy.Right) {
	for _, r := range policy.Rights {
		if slices.Contains(s.Rights, r.Code) {
			out = append(out, r)
		}
	}
	return out
}

// record shows the register as the public may see it: what is processed and why, which
// positions read it, not who works there nor how it is guarded.
func record(v *visit) error {
	var p recordView
	for _, activity := range []string{cases.Activity, "usage-analytics"} {
		if s := v.f.Policy(activity); s != nil {
			p.Activities = append(p.Activities, recordPage{s, v.keptFrom(s.Retention), v.readers(s), rightsOf(s)})
		}
	}
	p.Notices = kit.Table{Caption: v.t("registerpages.public-notices"), Hidden: true, Empty: v.t("registerpages.public-notices-none"), Head: []string{v.t("registerpages.public-document"), v.t("registerpages.public-version"), v.t("registerpages.public-updated")}}
	if v.f.Notices.All != nil {
		all, err := v.f.Notices.All(v.Context(), v.site)
		if err != nil {
			return err
		}
		for _, n := range all {
			p.Notices.Rows = append(p.Notices.Rows, []kit.Cell{{Text: v.t("registerpages.public-" + n.Kind), Href: v.to("/record/notices/" + n.ID)}, {Text: n.Version}, {Text: thai.DateLong(n.PublishedAt, v.lang)}})
		}
	}
	var err error
	if p.Documents, err = v.documents(); err != nil {
		return err
	}
	return v.page(kit.Page{Title: v.t("public.record")}, "record", p)
}

// noticePage is one version, as it was published.
type noticePage struct {
	Heading, Note string
	Sections      []NoticeSection
}

func oldNotice(v *visit) error {
	if v.f.Notices.One == nil {
		return errs.New(errs.NotFound, "error.not-found")
	}
	n, err := v.f.Notices.One(v.Context(), v.site, v.PathValue("id"), v.lang)
	if err != nil {
		return err
	}
	heading, sections := apart(n.Text)
	p := noticePage{heading, v.t("public.notice-version", "version", n.Version, "date", thai.DateLong(n.PublishedAt, v.lang)), sections}
	return v.page(kit.Page{Title: heading}, "record-notice", p)
}

// apart takes the text of a notice apart as it was put together: a heading, and parts
// that an empty line divides, each with its own.
func apart(text string) (heading string, out []NoticeSection) {
	heading, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
	for _, part := range strings.Split(strings.TrimSpace(rest), "\n\n") {
		title, lines, _ := strings.Cut(part, "\n")
		s := NoticeSection{Heading: title}
		for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
			if item, ok := strings.CutPrefix(line, "- "); ok {
				s.Items = append(s.Items, item)
			} else if line != "" {
				s.Paragraphs = append(s.Paragraphs, line)
			}
		}
		out = append(out, s)
	}
	return heading, out
}
