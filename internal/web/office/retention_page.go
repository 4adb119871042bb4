package office

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/retention"
	"prasan/internal/thai"
	"prasan/internal/web/kit"
)

const roundBase = "/office/retention/rounds/"

// itemsPage is how many items of the list a page shows.
const itemsPage = 100

// committeeRows is how many people the form of a committee has room for.
const committeeRows = 5

func (v *visit) theRound(after, limit int) (retention.Round, []retention.Item, error) {
	return v.f.Retention.Get(v.Context(), v.session.Actor, v.PathValue("id"), after, limit)
}

func showRound(v *visit) error { return v.roundPage("", nil) }

func actOnRound(v *visit) error {
	r, _, err := v.theRound(0, 1)
	if err != nil {
		return err
	}
	return v.perform(roundBase+r.ID, v.roundDeeds(r), func(doing string, e *errs.E) error { return v.roundPage(doing, onRows(e)) })
}

// onRows leads an error about the committee to its first row.
func onRows(e *errs.E) *errs.E {
	out := *e
	out.Fields = slices.Clone(e.Fields)
	for i := range out.Fields {
		if out.Fields[i].Name == "members" {
			out.Fields[i].Name = "name-1"
		}
	}
	return &out
}

// roundDeeds are all deeds on a round.
func (v *visit) roundDeeds(r retention.Round) []deed {
	s, ctx, who := v.f.Retention, v.Context(), v.session.Actor
	return []deed{
		{"survey", func(t *typed) []ask {
			return []ask{t.radios("path", "round.path", "round.path-", r.Path, retention.Paths[r.Matter]...)}
		}, func(in func(string) string) error { _, err := s.Survey(ctx, who, r.ID, in("path")); return err }, false},
		{"name-committee", v.committeeAsks(r), func(in func(string) string) error {
			_, err := s.NameCommittee(ctx, who, r.ID, members(in))
			return err
		}, false},
		{"decide", func(t *typed) []ask {
			return []ask{t.radios("decision", "round.decision", "round.decide-", "", retention.Decisions...), t.line("items", "round.items-ask", "").help(v.t("round.items-help")).optional(v), t.area("dissent", "round.dissent", "", 2).optional(v)}
		}, func(in func(string) string) error {
			items, err := numbers("items", in("items"))
			if err != nil {
				return err
			}
			_, err = s.Decide(ctx, who, r.ID, retention.Decision{Items: items, Decision: in("decision"), Dissent: in("dissent")})
			return err
		}, false},
		{"review", nothing, func(func(string) string) error { _, err := s.Review(ctx, who, r.ID); return err }, false},
		{"draft", nothing, func(func(string) string) error { _, err := s.Draft(ctx, who, r.ID); return err }, false},
		{"answer", func(t *typed) []ask {
			return []ask{t.area("text", "round.archives-answer", "", 3), t.line("claimed", "round.claimed", "").help(v.t("round.claimed-help")).optional(v)}
		}, func(in func(string) string) error {
			claimed, err := numbers("claimed", in("claimed"))
			if err != nil {
				return err
			}
			_, err = s.Answer(ctx, who, r.ID, in("text"), claimed)
			return err
		}, false},
		{"order", func(t *typed) []ask { return []ask{t.line("number", "round.order-number", "")} }, func(in func(string) string) error {
			_, err := s.Order(ctx, who, r.ID, in("number"))
			return err
		}, true},
		{"hold", func(t *typed) []ask {
			return []ask{t.line("item", "round.hold-item", ""), t.area("reason", "round.hold-reason", "", 2), t.line("order", "round.hold-order", "")}
		}, func(in func(string) string) error { return v.hold(r, in) }, false},
	}
}

func (v *visit) committeeAsks(r retention.Round) func(t *typed) []ask {
	return func(t *typed) []ask {
		var out []ask
		chair := "1"
		for i := range committeeRows {
			no, m := strconv.Itoa(i+1), retention.Member{}
			if i < len(r.Committee) {
				m = r.Committee[i]
			}
			if m.Chair {
				chair = no
			}
			name := t.line("name-"+no, "round.member-name", m.Name)
			name.Heading = v.t("round.member", "n", no)
			out = append(out, name, t.line("position-"+no, "round.member-position", m.Position))
		}
		c := t.radios("chair", "round.chair", "", chair)
		for i := range committeeRows {
			no := strconv.Itoa(i + 1)
			c.Radios.Options = append(c.Radios.Options, kit.Option{Value: no, Label: v.t("round.member", "n", no), Selected: t.value("chair", chair) == no})
		}
		return append(out, c)
	}
}

// members are the rows that somebody has filled in.
func members(in func(string) string) []retention.Member {
	var out []retention.Member
	for i := range committeeRows {
		no := strconv.Itoa(i + 1)
		m := retention.Member{Name: in("name-" + no), Position: in("position-" + no), Chair: in("chair") == no}
		if strings.TrimSpace(m.Name+m.Position) != "" {
			out = append(out, m)
		}
	}
	return out
}

// numbers reads "1-5, 8" as people write it; nothing means nothing was chosen.
func numbers(field, text string) ([]int, error) {
	var out []int
	split := func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' || r == '\t' }
	for _, part := range strings.FieldsFunc(thai.ArabicDigits(strings.ReplaceAll(text, "–", "-")), split) {
		from, to, isRange := strings.Cut(part, "-")
		a, err := strconv.Atoi(from)
		b := a
		if isRange && err == nil {
			b, err = strconv.Atoi(to)
		}
		if err != nil || a < 1 || b < a || b-a > 100000 {
			return nil, errs.InvalidField(field, "round.error-numbers")
		}
		for n := a; n <= b; n++ {
			out = append(out, n)
		}
	}
	return out, nil
}

// hold keeps an item of the list from destruction, by an order.
func (v *visit) hold(r retention.Round, in func(string) string) error {
	no, err := strconv.Atoi(thai.ArabicDigits(strings.TrimSpace(in("item"))))
	if err != nil || no < 1 {
		return errs.InvalidField("item", "round.error-numbers")
	}
	_, items, err := v.theRound(no-1, 1)
	if err != nil {
		return err
	}
	if len(items) == 0 || items[0].No != no {
		return errs.InvalidField("item", "error.round-item", "no", no)
	}
	i := items[0]
	_, err = v.f.Retention.Place(v.Context(), v.session.Actor, retention.Hold{Kind: i.Kind, ObjectID: i.ObjectID, Label: i.Label, Agency: r.Agency, Reason: in("reason"), OrderNumber: in("order")})
	return err
}

// holdsDuty tells whether the person holds the duty of row 32 for the round's agency.
func (v *visit) holdsDuty(r retention.Round) bool {
	snap := v.f.Retention.Record(r.Activity)
	return snap != nil && snap.MayDo(v.session.Actor, policy.DutyTerminate).Allowed && v.f.Retention.Within(r.Agency, v.session.Actor.Agency)
}

func (v *visit) roundOffered(r retention.Round) []string {
	who := v.session.Actor
	var out []string
	for _, t := range retention.Transitions {
		if t.By == "system" || !slices.Contains(t.From, r.State) || t.Path != "" && t.Path != r.Path {
			continue
		}
		may := t.By == "duty" && v.holdsDuty(r) && !(t.Action == "order" && who.Account == r.RequestedBy) || t.By != "duty" && policy.May(who, t.By, r.Agency)
		if may {
			out = append(out, t.Action)
		}
	}
	if slices.Contains([]retention.State{retention.Surveyed, retention.Committee, retention.Reviewed, retention.Archives}, r.State) && policy.May(who, "retention.hold", r.Agency) {
		out = append(out, "hold")
	}
	return out
}

func (v *visit) roundPage(doing string, wrong *errs.E) error {
	after, _ := strconv.Atoi(v.URL.Query().Get("after")) // nonsense is the beginning
	r, items, err := v.theRound(max(after, 0), itemsPage+1)
	if err != nil {
		return err
	}
	deeds := v.roundDeeds(r)
	d := dossier{Back: kit.Link{Href: v.to("/office/retention"), Text: v.t("round.office")}, Step: v.agency(r.Agency) + " · " + v.roundMatter(r), Heading: v.t("round.one", "year", v.year(r.Year)), Chips: []kit.Chip{*v.roundState(r)}, Clock: v.roundClock(r), Way: v.roundWay(r)}
	status := d.said(v, "round", deeds, wrong)
	if r.RequestedBy == v.session.Actor.Account && v.holdsDuty(r) && d.Note == nil && slices.Contains(retention.Next(&r), "order") {
		d.Note = &kit.Note{Tone: "info", Title: v.t("error.four-eyes-round")}
	}
	d.Deeds = v.deedForms("round", roundBase+r.ID, deeds, v.roundOffered(r), doing, fieldsOf(wrong))
	if err := v.certificatePart(&d, r); err != nil {
		return err
	}
	v.itemsPart(&d, r, items)
	if r.ArchivesLetterID != "" {
		l, err := v.f.Letters.Get(v.Context(), v.session.Actor, r.ArchivesLetterID)
		if err == nil {
			d.Parts = append(d.Parts, v.letterPart(l))
		} else if errs.KindOf(err) != errs.NotFound {
			return err
		}
	}
	if len(r.Committee) > 0 {
		d.Parts = append(d.Parts, v.committeePart(r))
	}
	if d.Facts, err = v.roundFacts(r); err != nil {
		return err
	}
	return v.page(status, d.Heading, "office/dossier", d)
}

func (v *visit) roundWay(r retention.Round) []milestone {
	stages := []string{"opened", "surveyed", "committee", "reviewed", "archives", "ordered", "certified"}
	if r.Path == retention.ByOrder {
		stages = []string{"opened", "surveyed", "ordered", "certified"}
	}
	at := string(r.State)
	if r.State == retention.Executed {
		at = "ordered"
	}
	return v.way("round.state-", at, stages...)
}

// roundClock is the limit of the survey, then that of the National Archives.
func (v *visit) roundClock(r retention.Round) *countdown {
	until, of, key := r.SurveyBy, v.f.Retention.Terms.SurveyDays, "round.clock-survey"
	switch {
	case r.State == retention.Opened:
	case r.State == retention.Archives && r.ArchivesAnswer == "":
		until, of, key = r.ArchivesUntil, v.f.Retention.Terms.ArchivesDays, "round.clock-archives"
	default:
		return nil
	}
	left := daysLeft(v.f.Now(), until)
	if left < 0 {
		return &countdown{Text: v.t(key+"-over", "n", -left), Until: v.t("round.clock-until", "date", thai.DateLong(until, v.lang)), Of: of, Late: r.State == retention.Opened}
	}
	return &countdown{Text: v.t(key, "n", left), Until: v.t("round.clock-until", "date", thai.DateLong(until, v.lang)), Left: left, Of: of}
}

// itemsPart is the list of what is to be destroyed (form 25). It names cases by their
// references, never what is in them.
func (v *visit) itemsPart(d *dossier, r retention.Round, items []retention.Item) {
	p := dossierPart{ID: "items", Title: v.t("round.list"), Lead: v.t("round.list-lead")}
	if r.State == retention.Opened {
		p.Lines = []string{v.t("round.list-none")}
		d.Parts = append(d.Parts, p)
		return
	}
	if len(items) > itemsPage {
		items = items[:itemsPage]
		d.Pager.Next = v.to(roundBase + r.ID + "?after=" + strconv.Itoa(items[itemsPage-1].No) + "#items")
	}
	t := kit.Table{Caption: v.t("round.list"), Hidden: true, Head: []string{v.t("round.no"), v.t("round.item"), v.t("round.kind"), v.t("round.closed-at"), v.t("round.due-at"), v.t("round.decision"), v.t("round.note")}, Empty: v.t("round.list-empty")}
	for _, i := range items {
		t.Rows = append(t.Rows, []kit.Cell{{Text: strconv.Itoa(i.No)}, {Text: i.Label}, {Text: v.kindName(i.Kind)}, {Text: thai.DateShort(i.ClosedAt, v.lang)}, {Text: thai.DateShort(i.DueAt, v.lang)}, {Chip: v.decisionChip(i)}, {Text: v.itemNote(i)}})
	}
	p.Table = &t
	p.Links = []kit.Link{{Href: v.to(roundBase + r.ID + "/list.pdf"), Text: v.t("round.list-pdf")}, {Href: v.to(roundBase + r.ID + "/list.xlsx"), Text: v.t("round.list-xlsx")}, {Href: v.to(roundBase + r.ID + "/list.csv"), Text: v.t("round.list-csv")}}
	d.Parts = append(d.Parts, p)
}

var decisionTones = map[string]string{"": "wait", "destroy": "busy", "extend": "good", "archive": "good", "hold": "stop"}

func (v *visit) decisionChip(i retention.Item) *kit.Chip {
	if !i.DoneAt.IsZero() {
		return &kit.Chip{Tone: "quiet", Text: v.t("round.destroyed")}
	}
	if i.Decision == "" {
		return &kit.Chip{Tone: "wait", Text: v.t("round.undecided")}
	}
	return &kit.Chip{Tone: decisionTones[i.Decision], Text: v.t("round.decide-" + i.Decision)}
}

func (v *visit) itemNote(i retention.Item) string {
	if i.Dissent == "" {
		return ""
	}
	return v.t("round.dissent-is", "text", i.Dissent)
}

func (v *visit) kindName(kind string) string {
	return v.t("round.kind-" + kind)
}

func (v *visit) committeePart(r retention.Round) dossierPart {
	t := kit.Table{Caption: v.t("round.committee"), Hidden: true, Head: []string{v.t("round.member-name"), v.t("round.member-position"), v.t("round.member-role")}}
	for _, m := range r.Committee {
		role := v.t("round.role-member")
		if m.Chair {
			role = v.t("round.role-chair")
		}
		t.Rows = append(t.Rows, []kit.Cell{{Text: m.Name}, {Text: m.Position}, {Text: role}})
	}
	return dossierPart{ID: "committee", Title: v.t("round.committee"), Table: &t}
}

// certificatePart says what the certificate says, after checking its signature.
func (v *visit) certificatePart(d *dossier, r retention.Round) error {
	if r.Certificate == "" {
		return nil
	}
	c, err := retention.VerifyCertificate([]byte(r.Certificate))
	if err != nil {
		return err
	}
	p := dossierPart{ID: "certificate", Title: v.t("round.certificate"), Lead: v.t("round.certificate-lead"), Links: []kit.Link{{Href: v.to(roundBase + r.ID + "/certificate.json"), Text: v.t("round.certificate-get")}}}
	p.Rows = []kit.Row{{Key: v.t("round.order-number"), Value: c.OrderNumber}, {Key: v.t("round.executed-at"), Value: thai.DateTime(c.ExecutedAt, v.lang)}}
	for _, kind := range slices.Sorted(maps.Keys(c.Counts)) {
		n := c.Counts[kind]
		p.Rows = append(p.Rows, kit.Row{Key: v.kindName(kind), Value: v.t("round.counts", "destroyed", kit.Thousands(n.Destroyed), "extended", kit.Thousands(n.Extended), "archived", kit.Thousands(n.Archived), "held", kit.Thousands(n.Held))})
	}
	p.Rows = append(p.Rows, kit.Row{Key: v.t("round.verified"), Value: v.t("round.verified-n", "sampled", kit.Thousands(c.Sampled), "unreadable", kit.Thousands(c.Unreadable))},
		kit.Row{Key: v.t("round.key-window"), Value: thai.DateLong(c.KeyWindowEnds, v.lang)}, kit.Row{Key: v.t("round.root"), Value: c.Root}, kit.Row{Key: v.t("round.public-key"), Value: c.PublicKey})
	d.Parts = append(d.Parts, p)
	return nil
}

func lawOf(matter string) string {
	if matter == "" {
		return "round.law-text"
	}
	return "round.law-text-" + matter
}

func (v *visit) roundFacts(r retention.Round) ([]kit.Row, error) {
	names, err := v.namesOf(r.RequestedBy, r.OrderedBy)
	out := []kit.Row{{Key: v.t("round.opened-at"), Value: thai.DateLong(r.OpenedAt, v.lang)}, {Key: v.t("round.path"), Value: v.pathName(r)}}
	if r.RequestedBy != "" {
		out = append(out, kit.Row{Key: v.t("round.requested-by"), Value: names.name(r.RequestedBy)})
	}
	if r.ArchivesLetter != "" {
		out = append(out, kit.Row{Key: v.t("round.archives-letter"), Value: r.ArchivesLetter})
	}
	if r.ArchivesAnswer != "" {
		out = append(out, kit.Row{Key: v.t("round.archives-answer"), Value: r.ArchivesAnswer})
	}
	if r.OrderNumber != "" {
		out = append(out, kit.Row{Key: v.t("round.order"), Lines: []string{r.OrderNumber, names.name(r.OrderedBy), thai.DateTime(r.OrderedAt, v.lang)}})
	}
	out = append(out, kit.Row{Key: v.t("round.law"), Value: v.t(lawOf(r.Matter))})
	return out, err
}
