package mail

import (
	"strconv"
	"time"

	"prasan/internal/i18n"
	"prasan/internal/thai"
)

// kind is what a sort of mail is for and what it consists of. The texts are in the
// catalogue under mail.KIND.NAME.
type kind struct {
	purpose string // of the record (s.39(2)); "" for mail to staff
	parts   []part
}

// part is one piece of a mail, in the order in which it is read.
type part struct {
	form string // para, facts, quote, link
	name string // of the text in the catalogue
	when string // "link": only where the body carries one
}

var greeting, closing = part{form: "para", name: "greeting"}, part{form: "para", name: "closing"}

// kinds are the sorts of mail. An acknowledgement has no part that could carry what was
// submitted: a contact form must not mail strangers somebody else's words.
var kinds = map[string]kind{
	"ack": {"communicate", []part{{form: "para", name: "intro"}, {form: "facts"}, {form: "para", name: "next"},
		{"para", "verify", "link"}, {"link", "button", "link"}, {form: "para", name: "code"}}},
	"verify":        {"verify_identity", []part{{form: "para", name: "intro"}, {form: "link", name: "button"}, {form: "para", name: "ignore"}}},
	"code-link":     {"verify_identity", []part{{form: "para", name: "intro"}, {form: "link", name: "button"}, {form: "para", name: "ignore"}}},
	"identity-code": {"verify_identity", []part{{form: "para", name: "intro"}, {form: "quote"}, {form: "para", name: "ignore"}}},
	"answer":        {"communicate", []part{{form: "para", name: "intro"}, {form: "quote"}, {form: "para", name: "next"}, {form: "link", name: "button"}}},
	"ask":           {"communicate", []part{{form: "para", name: "intro"}, {form: "quote"}, {form: "para", name: "next"}, {form: "link", name: "button"}}},
	"notice":        {"communicate", []part{{form: "para", name: "intro"}, {form: "quote"}, {"link", "button", "link"}}},
	"digest":        {"", []part{{form: "para", name: "intro"}, {form: "facts"}, {form: "link", name: "button"}}},

	"usage-report": {"", []part{{form: "para", name: "intro"}, {form: "quote"}, {form: "link", name: "button"}}},
	"usage-alarm":  {"", []part{{form: "para", name: "intro"}, {form: "quote"}, {form: "link", name: "button"}}},

	"letter":          {"receive_and_forward", []part{{form: "para", name: "intro"}, {form: "quote"}, {form: "facts"}, {form: "para", name: "next"}}},
	"letter-reply":    {"receive_and_forward", []part{{form: "para", name: "intro"}, {form: "facts"}, {form: "quote"}}},
	"followup":        {"receive_and_forward", []part{{form: "para", name: "intro"}, {form: "quote"}, {form: "facts"}, {form: "para", name: "next"}}},
	"record-review":   {"", []part{{form: "para", name: "intro"}, {form: "facts"}, {form: "link", name: "button"}}},
	"access-review":   {"", []part{{form: "para", name: "intro"}, {form: "facts"}, {form: "link", name: "button"}}},
	"audit-heads":     {"", []part{{form: "para", name: "intro"}, {form: "quote"}}},
	"breach-assessed": {"", []part{{form: "para", name: "intro"}, {form: "facts"}, {form: "link", name: "button"}}},
	"breach-alarm":    {"", []part{{form: "para", name: "intro"}, {form: "facts"}, {form: "link", name: "button"}}},
}

// Kinds are the names of the sorts of mail.
func Kinds() []string {
	return []string{"ack", "verify", "answer", "ask", "code-link", "identity-code", "digest", "notice", "breach-alarm", "breach-assessed", "usage-report", "usage-alarm", "record-review", "access-review", "audit-heads"}
}

// ForStaff tells whether a sort of mail goes to staff, and so may carry nothing of a person's.
func ForStaff(name string) bool { return kinds[name].purpose == "" }

// facts are the lines of label and value that a mail states, with the entry of Meta
// that each is taken from. An entry that is missing leaves its line out.
var facts = []struct {
	meta, label string
	show        func(value, lang string) string
}{
	{"reference", "mail.fact.reference", verbatim},
	{"received_at", "mail.fact.received", moment(thai.DateTime)},
	{"reply_by", "mail.fact.reply-by", moment(thai.DateLong)},
	{"overdue", "mail.fact.overdue", verbatim},
	{"week", "mail.fact.week", verbatim},
	{"open", "mail.fact.open", verbatim},
	{"risk", "mail.fact.risk", risk},
	{"deadline", "mail.fact.deadline", moment(thai.DateTime)},
	{"drill", "mail.fact.drill", verbatim},
	{"review_by", "mail.fact.review-by", moment(thai.DateLong)},
	{"attest_by", "mail.fact.attest-by", moment(thai.DateLong)},
	{"late", "mail.fact.late", verbatim},
	{"letter", "mail.fact.letter", verbatim},
	{"sha256", "mail.fact.sha256", verbatim},
}

func verbatim(value, _ string) string { return value }

// risk is the level of a breach, in words.
func risk(level, lang string) string {
	if level == "" {
		return ""
	}
	return i18n.T(lang, "breach.risk-"+level)
}

// moment shows an RFC 3339 time as people read it.
func moment(format func(time.Time, string) string) func(string, string) string {
	return func(value, lang string) string {
		t, err := time.Parse(time.RFC3339, value)
		if err != nil {
			return ""
		}
		return format(t, lang)
	}
}

// piece is a part with its words: what both forms of a mail are made from.
type piece struct {
	Form string // para, facts, quote, link
	Text string
	URL  string
	Rows [][2]string
}

// words is a mail before it takes its form.
type words struct {
	Lang, Subject, Agency string
	Pieces                []piece
	Warning, Automatic    string
}

// write puts a message into words.
func (s *Service) write(m *row, body Body) words {
	lang := m.Lang
	if lang != "en" {
		lang = "th"
	}
	agency := s.Config.Sender(m.Agency, m.Site).Name.In(lang)
	hours := m.Meta["hours"]
	if hours == "" {
		hours = strconv.Itoa(s.Config.LinkHours)
	}
	args := []any{"agency", agency, "reference", m.Meta["reference"], "hours", hours, "open", m.Meta["open"], "record", m.Meta["record"], "track", s.Config.SiteURL(m.Site) + "/" + lang + "/track"}
	t := func(name string) string { return i18n.T(lang, "mail."+name, args...) }
	if m.SubjectKey == "" && body.Link == "" {
		body.Link = s.Config.OfficeURL
	}
	w := words{Lang: lang, Agency: agency, Subject: t(m.Kind + ".subject"), Warning: t("warning"), Automatic: t("automatic")}
	audience := "public"
	switch {
	case m.SubjectKey == "":
		audience = "staff"
	case m.Kind == letterKind, m.Kind == followUpKind, m.Kind == letterReplyKind: // it goes to the registry of an agency
		audience = "registry"
	}
	w.Pieces = append(w.Pieces, piece{Form: greeting.form, Text: t("greeting." + audience)})
	for _, p := range kinds[m.Kind].parts {
		if p.when == "link" && body.Link == "" {
			continue
		}
		w.Pieces = append(w.Pieces, fill(p, m, lang, body, t))
	}
	w.Pieces = append(w.Pieces, piece{Form: closing.form, Text: t("closing")})
	return w
}

func fill(p part, m *row, lang string, body Body, t func(string) string) piece {
	out := piece{Form: p.form}
	switch p.form {
	case "facts":
		for _, f := range facts {
			if v := f.show(m.Meta[f.meta], lang); v != "" {
				out.Rows = append(out.Rows, [2]string{i18n.T(lang, f.label), v})
			}
		}
	case "quote":
		out.Text = body.Text
	case "link":
		out.Text, out.URL = t(m.Kind+"."+p.name), body.Link
	default:
		out.Text = t(m.Kind + "." + p.name)
	}
	return out
}
