package inbox

import (
	"bytes"
	"errors"
	"io"
	"mime"
	netmail "net/mail"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // TIS-620 and the other sets in which mail still comes
	"golang.org/x/net/html"

	"prasan/internal/mail"
)

// Limits of a mail that is looked into; what goes beyond waits for a person as it is.
const (
	MaxSize    = 25 << 20 // bytes
	maxHeader  = 128 << 10
	maxDepth   = 10
	maxParts   = 100
	maxText    = 1 << 20
	maxAddress = 254 // RFC 5321 section 4.5.3.1
)

// Mail is a mail as it was read. Nothing in it is trusted.
type Mail struct {
	MessageID  string
	References []string
	From       netmail.Address
	Senders    int      // how many From names
	To         []string // every address that it was sent to, small letters
	Subject    string
	Date       time.Time
	Text       string
	Files      []File
	Report     *mail.Report // about a mail of ours that came back

	header message.Header
}

// File is a file in a mail.
type File struct {
	Name string
	Type string
	Data []byte
}

// Field returns the values of a header field.
func (m *Mail) Field(name string) []string {
	return m.header.Values(name)
}

var errLimits = errors.New("beyond the limits")

// Parse reads a mail. Where it fails, what could be read of the header is returned too.
func Parse(raw []byte) (*Mail, error) {
	m := &Mail{}
	if len(raw) > MaxSize {
		return m, errLimits
	}
	e, err := message.ReadWithOptions(bytes.NewReader(raw), &message.ReadOptions{MaxHeaderBytes: maxHeader})
	if e == nil {
		return m, err
	}
	if err := tolerable(err); err != nil {
		return m, err
	}
	if err := m.head(e.Header); err != nil {
		return m, err
	}
	w := &walker{mail: m}
	if err := w.part(e, 0); err != nil {
		return m, err
	}
	if m.Text = w.plain; strings.TrimSpace(m.Text) == "" {
		m.Text = textOf(w.html)
	}
	m.Text = tidy(m.Text)
	if kind, _, _ := e.Header.ContentType(); kind == "multipart/report" {
		if r, err := mail.ParseDSN(bytes.NewReader(raw)); err == nil {
			m.Report = &r
		}
	}
	return m, nil
}

// tolerable: a character set or an encoding that is not known leaves bytes that a person
// can look at.
func tolerable(err error) error {
	if err == nil || message.IsUnknownCharset(err) || message.IsUnknownEncoding(err) {
		return nil
	}
	return err
}

// deliveredTo is where servers write the address that a mail was really sent to.
var deliveredTo = []string{"To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To"}

func (m *Mail) head(h message.Header) error {
	m.header = h
	m.MessageID = firstID(h.Get("Message-Id"))
	for _, name := range []string{"In-Reply-To", "References"} {
		for _, v := range h.Values(name) {
			for id := range strings.FieldsSeq(v) {
				m.References = append(m.References, strings.Trim(id, "<>,"))
			}
		}
	}
	if len(m.References) > maxParts {
		m.References = m.References[:maxParts]
	}
	from := parser.list(h.Values("From"))
	m.Senders = len(from)
	if len(from) > 0 {
		m.From = *from[0]
	}
	for _, name := range deliveredTo {
		for _, a := range parser.list(h.Values(name)) {
			m.To = append(m.To, strings.ToLower(a.Address))
		}
	}
	m.Subject = clean(decoded(h.Get("Subject")), 500)
	m.From.Name = clean(m.From.Name, 200)
	m.Date, _ = netmail.ParseDate(h.Get("Date"))
	if len(m.From.Address) > maxAddress {
		m.From = netmail.Address{}
		return errLimits
	}
	return nil
}

func firstID(v string) string {
	id, _, _ := strings.Cut(strings.TrimSpace(v), " ")
	return strings.Trim(id, "<>")
}

// words decodes the encoded words of a header (RFC 2047).
var words = &mime.WordDecoder{CharsetReader: message.CharsetReader}

func decoded(v string) string {
	if s, err := words.DecodeHeader(v); err == nil {
		return s
	}
	return v
}

type addresses struct{ netmail.AddressParser }

var parser = addresses{netmail.AddressParser{WordDecoder: words}}

// list reads addresses; a line that cannot be read gives none.
func (p *addresses) list(lines []string) []*netmail.Address {
	var out []*netmail.Address
	for _, l := range lines {
		if all, err := p.ParseList(l); err == nil {
			out = append(out, all...)
		}
	}
	return out
}

// walker goes through the parts of a mail.
type walker struct {
	mail        *Mail
	plain, html string
	parts, size int
}

func (w *walker) part(e *message.Entity, depth int) error {
	if w.parts++; w.parts > maxParts || depth > maxDepth {
		return errLimits
	}
	if parts := e.MultipartReader(); parts != nil {
		for {
			p, err := parts.NextPart()
			if errors.Is(err, io.EOF) || err != nil && p == nil && w.parts > 1 {
				return nil // a mail that is cut off is read as far as it goes
			}
			if err := tolerable(err); err != nil {
				return err
			}
			if err := w.part(p, depth+1); err != nil {
				return err
			}
		}
	}
	return w.leaf(e)
}

func (w *walker) leaf(e *message.Entity) error {
	kind, params, _ := e.Header.ContentType()
	if kind == "" {
		kind = "text/plain"
	}
	disposition, named, _ := e.Header.ContentDisposition()
	name := named["filename"]
	if name == "" {
		name = params["name"]
	}
	data, _ := io.ReadAll(io.LimitReader(e.Body, MaxSize+1)) // an encoding that breaks off is read as far as it goes
	if w.size += len(data); w.size > MaxSize {
		return errLimits
	}
	inline := disposition != "attachment" && name == ""
	switch {
	case inline && kind == "text/plain":
		w.plain = joined(w.plain, data)
	case inline && kind == "text/html":
		w.html = joined(w.html, data)
	case inline && e.Header.Get("Content-Id") != "" && strings.HasPrefix(kind, "image/"):
		// a picture of the text's own, such as the crest under a signature
	case strings.HasPrefix(kind, "message/delivery-status"):
	default:
		w.mail.Files = append(w.mail.Files, File{Name: fileName(name, kind), Type: kind, Data: data})
	}
	return nil
}

func joined(before string, data []byte) string {
	if len(data) > maxText {
		data = data[:maxText]
	}
	text := strings.ToValidUTF8(string(data), "\ufffd")
	if before == "" {
		return text
	}
	return before + "\n" + text
}

// fileName is the name that a file is given in a mail, without any way to a folder.
func fileName(name, kind string) string {
	name = clean(decoded(name), 200)
	name = path.Base(strings.ReplaceAll(name, "\\", "/"))
	if name != "." && name != "/" && name != "" {
		return name
	}
	if all, err := mime.ExtensionsByType(kind); err == nil && len(all) > 0 {
		return "file" + all[0]
	}
	return "file"
}

// clean makes one line of a header, without control characters.
func clean(s string, limit int) string {
	s = strings.Join(strings.Fields(strings.Map(printable, strings.ToValidUTF8(s, "\ufffd"))), " ")
	if r := []rune(s); len(r) > limit {
		s = string(r[:limit])
	}
	return s
}

// printable turns what would steer a screen, or turn the order of a text around, into a space.
func printable(r rune) rune {
	if r < 0x20 || r == 0x7f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
		return ' '
	}
	return r
}

// tidy makes plain text of what was written: one kind of line end, nothing that steers.
func tidy(text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\r", "\n")
	text = strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return printable(r)
	}, text)
	return strings.TrimSpace(text)
}

// blocks begin a new line in the text of an HTML page.
var blocks = []string{"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "blockquote", "hr", "pre"}

// textOf is what a page says. Nothing that it names is loaded, and nothing in it runs.
func textOf(page string) string {
	var out strings.Builder
	z := html.NewTokenizer(strings.NewReader(page))
	z.SetMaxBuf(maxText)
	hidden, quoted := 0, 0
	for {
		switch kind := z.Next(); kind {
		case html.ErrorToken:
			return out.String()
		case html.TextToken:
			if hidden == 0 {
				out.WriteString(strings.Join(strings.Fields(string(z.Text())), " ") + " ")
			}
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			name, _ := z.TagName()
			tag := string(name)
			step := 0
			switch kind {
			case html.StartTagToken:
				step = 1
			case html.EndTagToken:
				step = -1
			}
			switch tag {
			case "script", "style", "head", "title":
				hidden = max(0, hidden+step)
			case "blockquote":
				quoted = max(0, quoted+step)
			}
			if slices.Contains(blocks, tag) {
				out.WriteString("\n" + strings.Repeat("> ", min(quoted, 3)))
			}
		}
	}
}
