package mail

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"net/textproto"
	"strings"
	"time"

	"prasan/internal/thai"
)

//go:embed letter.html
var letterHTML string

var letterTemplate = template.Must(template.New("letter").Funcs(template.FuncMap{"lines": func(s string) []string { return strings.Split(s, "\n") }}).Parse(letterHTML))

// compose renders a message as it travels (RFC 5322), both as text and as HTML.
func (s *Service) compose(m *row, address string, body Body) ([]byte, error) {
	w := s.write(m, body)
	var html bytes.Buffer
	if err := letterTemplate.Execute(&html, w); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	parts := multipart.NewWriter(&out)
	if err := parts.SetBoundary("prasan-" + m.ID); err != nil { // the same at each attempt
		return nil, err
	}
	form := "alternative"
	if len(body.Files) > 0 {
		form = "mixed"
	}
	s.header(&out, m, w, address, "multipart/"+form+"; boundary=\""+parts.Boundary()+"\"")
	if len(body.Files) > 0 { // a file stands beside the text, which then has one form
		if err := encode(parts, "text/plain", w.Lang, w.text()); err != nil {
			return nil, err
		}
		for _, f := range body.Files {
			if err := attach(parts, f); err != nil {
				return nil, err
			}
		}
		return out.Bytes(), parts.Close()
	}
	for _, p := range []struct{ kind, text string }{{"text/plain", w.text()}, {"text/html", html.String()}} {
		if err := encode(parts, p.kind, w.Lang, p.text); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), parts.Close()
}

// header writes the header. A mail of a program says so (RFC 3834), so that no robot
// answers it.
func (s *Service) header(out *bytes.Buffer, m *row, w words, address, contentType string) {
	sender := s.Config.Sender(m.Agency, m.Site)
	from, replies := s.mailbox(sender), sender.Email
	lines := [][2]string{
		{"From", mailbox(w.Agency, from)},
		{"To", mailbox("", address)},
		{"Subject", fold(mime.BEncoding.Encode("utf-8", w.Subject))},
		{"Date", s.Now().In(thai.Bangkok).Format(time.RFC1123Z)},
		{"Message-ID", m.messageID},
		{"MIME-Version", "1.0"},
		{"Content-Type", contentType},
		{"Content-Language", w.Lang},
		{"X-Auto-Response-Suppress", "All"},
		{"X-Loop", s.Config.Domain},
	}
	if v := inReplyTo(m.Meta["answers"]); v != "" {
		lines = append(lines, [2]string{"In-Reply-To", v}, [2]string{"References", v})
	}
	if m.Kind != letterKind && m.Kind != letterReplyKind { // a registrar sends those; all else goes by itself
		lines = append(lines, [2]string{"Auto-Submitted", "auto-generated"})
	}
	if keyed := s.replyAddress(m); keyed != "" {
		replies = keyed
	}
	if replies != "" && replies != from {
		lines = append(lines, [2]string{"Reply-To", mailbox(w.Agency, replies)})
	}
	if m.CaseID != "" { // all mails of a case form one conversation
		lines = append(lines, [2]string{"References", "<case." + m.CaseID + "@" + s.Config.Domain + ">"})
	}
	for _, l := range lines {
		out.WriteString(l[0] + ": " + l[1] + "\r\n")
	}
	out.WriteString("\r\n")
}

// mailbox is the sender's own address where it lies under the domain that signs, else
// one that does: mail from a foreign domain would fail its DMARC.
func (s *Service) mailbox(sender Sender) string {
	_, domain, ok := strings.Cut(sender.Email, "@")
	if ok && (domain == s.Config.Domain || strings.HasSuffix(domain, "."+s.Config.Domain)) {
		return sender.Email
	}
	return "no-reply@" + s.Config.Domain
}

// mailbox writes an address with its name; nothing in it can begin a new line.
func mailbox(name, address string) string {
	clean := strings.NewReplacer("\r", "", "\n", "")
	a := netmail.Address{Name: clean.Replace(name), Address: clean.Replace(address)}
	if ascii(name) {
		return a.String()
	}
	return fold(mime.BEncoding.Encode("utf-8", a.Name)) + "\r\n " + (&netmail.Address{Address: a.Address}).String()
}

// fold breaks a header between its encoded words, at most 76 characters a line (RFC 2047).
func fold(encoded string) string {
	return strings.ReplaceAll(encoded, "?= =?", "?=\r\n =?")
}

// encode writes a part: quoted-printable where most is ASCII, else base64, which is a
// third of the size for Thai.
func encode(parts *multipart.Writer, kind, lang, text string) error {
	text = strings.ReplaceAll(text, "\n", "\r\n")
	encoding := "base64"
	if lang == "en" {
		encoding = "quoted-printable"
	}
	h := textproto.MIMEHeader{}
	h.Set("Content-Type", kind+"; charset=utf-8")
	h.Set("Content-Transfer-Encoding", encoding)
	w, err := parts.CreatePart(h)
	if err != nil {
		return err
	}
	if encoding == "quoted-printable" {
		qp := quotedprintable.NewWriter(w)
		if _, err := qp.Write([]byte(text)); err != nil {
			return err
		}
		return qp.Close()
	}
	return lines(w, []byte(text))
}

// lines writes base64 in lines of 76 characters (RFC 2045).
func lines(w io.Writer, data []byte) error {
	b := base64.StdEncoding.EncodeToString(data)
	for len(b) > 0 {
		n := min(len(b), 76)
		if _, err := fmt.Fprintf(w, "%s\r\n", b[:n]); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

func attach(parts *multipart.Writer, f File) error {
	h := textproto.MIMEHeader{}
	h.Set("Content-Type", mime.FormatMediaType(f.Type, map[string]string{"name": f.Name}))
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
	h.Set("Content-Transfer-Encoding", "base64")
	w, err := parts.CreatePart(h)
	if err != nil {
		return err
	}
	return lines(w, f.Data)
}

// text is the form for readers of plain text.
func (w words) text() string {
	var b strings.Builder
	for _, p := range w.Pieces {
		switch p.Form {
		case "facts":
			for _, r := range p.Rows {
				fmt.Fprintf(&b, "%s: %s\n", r[0], r[1])
			}
			b.WriteString("\n")
		case "quote":
			for _, line := range strings.Split(p.Text, "\n") {
				b.WriteString(strings.TrimRight("| "+line, " ") + "\n")
			}
			b.WriteString("\n")
		case "link":
			fmt.Fprintf(&b, "%s:\n%s\n\n", p.Text, p.URL)
		default:
			b.WriteString(p.Text + "\n\n")
		}
	}
	fmt.Fprintf(&b, "-- \n%s\n\n%s\n", w.Warning, w.Automatic)
	return b.String()
}
