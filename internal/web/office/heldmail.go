package office

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"prasan/internal/db"
	incoming "prasan/internal/inbox"
	"prasan/internal/policy"
	"prasan/internal/web/kit"
)

// mailRoutes: mail that came in, and the pen in which it waits for a person.
var mailRoutes = []route{
	{"GET /{lang}/office/mail", full, "mail.read", listMail},
	{"GET /{lang}/office/mail/{id}", full, "mail.read", showMail},
	{"GET /{lang}/office/mail/{id}/{file}", full, "mail.read", mailFile},
	{"POST /{lang}/office/mail/{id}/open", full, "mail.read", openMail},
	{"POST /{lang}/office/mail/{id}/{act}", full, "mail.work", actOnMail},
}

const (
	mailBase = "/office/mail/"
	mailPage = 50
)

var heldTones = map[incoming.State]string{incoming.Unsorted: "quiet", incoming.Held: "wait", incoming.OnCase: "good", incoming.Answer: "good", incoming.Letter: "good", incoming.Ignored: "quiet", incoming.Discarded: "quiet"}

// suspect are the reasons that are shown as a warning.
var suspect = []string{"agency-forged", "forged", "agency-unproven", "bounce", "flood"}

func (v *visit) mailChip(i *incoming.Item) *kit.Chip {
	return &kit.Chip{Tone: heldTones[i.State], Text: v.t("inbox.state-" + string(i.State))}
}

// whyChip is why a mail is where it is.
func (v *visit) whyChip(i *incoming.Item) kit.Cell {
	switch {
	case i.Why == "":
		return kit.Cell{Text: "–"}
	case slices.Contains(suspect, i.Why):
		return kit.Cell{Chip: &kit.Chip{Tone: "stop", Text: v.t("inbox.why-" + i.Why)}}
	}
	return kit.Cell{Text: v.t("inbox.why-" + i.Why)}
}

func listMail(v *visit) error {
	state := incoming.State(v.FormValue("state"))
	if !slices.Contains(incoming.States, state) {
		state = incoming.Held
	}
	list, err := v.f.Inbox.List(v.Context(), v.session.Actor, incoming.Filter{State: state, Before: v.FormValue("before"), Limit: mailPage + 1})
	if err != nil {
		return err
	}
	s := sheet{Heading: v.t("inbox.heading"), Lead: v.t("inbox.lead")}
	for _, other := range incoming.States[:len(incoming.States)-1] {
		if other != state {
			s.Links = append(s.Links, kit.Link{Href: v.to("/office/mail?state=" + string(other)), Text: v.t("inbox.state-" + string(other))})
		}
	}
	t := table{Title: v.t("inbox.state-" + string(state)), Head: []string{v.t("inbox.subject"), v.t("inbox.from"), v.t("inbox.received"), v.t("inbox.why"), v.t("inbox.about")}, Empty: v.t("inbox.none")}
	more := len(list) > mailPage
	list = list[:min(len(list), mailPage)]
	for n := range list {
		i := &list[n]
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: v.mailSubject(i), Href: v.to(mailBase + i.ID)}, {Text: v.mailFrom(i)}, {Text: v.when(i.ReceivedAt)}, v.whyChip(i), v.mailAbout(i)}})
	}
	s.Tables = []table{t}
	if more {
		s.Pager = v.older("/office/mail", list[len(list)-1].ID, more)
		s.Pager.Next += "&state=" + string(state)
	}
	posts, err := v.mailboxes()
	if err != nil {
		return err
	}
	s.Tables = append(s.Tables, posts...)
	return v.show(http.StatusOK, s)
}

// mailboxes says when the mailbox was read last, and what is wrong with it.
func (v *visit) mailboxes() ([]table, error) {
	var posts []incoming.Post
	err := v.f.DB.Read(v.Context(), func(tx *db.Tx) (err error) { posts, err = v.f.Inbox.Posts(tx); return err })
	if err != nil || len(posts) == 0 {
		return nil, err
	}
	t := table{Title: v.t("inbox.mailbox"), Head: []string{v.t("inbox.mailbox-name"), v.t("inbox.mailbox-read"), v.t("inbox.mailbox-error")}}
	for _, p := range posts {
		trouble := kit.Cell{Text: "–"}
		if p.Error != "" {
			trouble = kit.Cell{Chip: &kit.Chip{Tone: "stop", Text: p.Error}}
		}
		t.Rows = append(t.Rows, row{Cells: []kit.Cell{{Text: p.Name}, {Text: v.when(p.ReadAt)}, trouble}})
	}
	return []table{t}, nil
}

func (v *visit) mailSubject(i *incoming.Item) string {
	switch {
	case i.Head == nil:
		return v.t("inbox.closed-head")
	case i.Head.Subject == "":
		return v.t("inbox.no-subject")
	}
	return i.Head.Subject
}

func (v *visit) mailFrom(i *incoming.Item) string {
	if i.Head == nil {
		return v.t("inbox.closed-head")
	}
	return strings.TrimSpace(i.Head.Name + " <" + i.Head.From + ">")
}

// mailAbout leads to what the mail is on, or seems to be about.
func (v *visit) mailAbout(i *incoming.Item) kit.Cell {
	switch {
	case i.Referral != "" && policy.May(v.session.Actor, "case.list", i.Agency):
		return kit.Cell{Text: or(i.CaseReference, v.t("referral.one")), Href: v.to(referralsBase + i.Referral)}
	case i.CaseReference != "":
		return kit.Cell{Text: i.CaseReference, Href: v.to("/office/cases/" + i.CaseReference)}
	case i.LetterIn != "":
		return kit.Cell{Text: v.t("inbox.letter-open"), Href: v.to(lettersBase + i.LetterIn)}
	}
	return kit.Cell{Text: "–"}
}

// mailPart leads from a referral to the mails that are on it, or seem to be about it.
func (v *visit) mailPart(referral string) ([]dossierPart, error) {
	if v.f.Inbox == nil || !v.reaches("mail.read") {
		return nil, nil
	}
	list, err := v.f.Inbox.List(v.Context(), v.session.Actor, incoming.Filter{Referral: referral, Closed: true})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	out := dossierPart{ID: "mail", Title: v.t("inbox.heading")}
	for n := range list {
		i := &list[n]
		out.Links = append(out.Links, kit.Link{Href: v.to(mailBase + i.ID), Text: v.when(i.ReceivedAt) + " · " + v.t("inbox.why-"+i.Why)})
	}
	return []dossierPart{out}, nil
}

// mailWaiting is how many mails wait for a person, beside the entry of the menu: what came back
// or claims to come from an agency should be looked into soon.
func (v *visit) mailWaiting(path string) string {
	if path != "/office/mail" || v.f.Inbox == nil {
		return ""
	}
	n, err := v.f.Inbox.Count(v.Context(), v.session.Actor)
	if err != nil || n == 0 {
		return "" // the page itself says what is wrong
	}
	return " (" + strconv.Itoa(n) + ")"
}
