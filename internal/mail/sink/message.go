package sink

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/textproto"
	"strings"
	"time"

	"github.com/emersion/go-message"
	"github.com/emersion/go-msgauth/dkim"
)

// Message is a mail as the page and /messages.json show it.
type Message struct {
	ID           string            `json:"id"`
	From         string            `json:"from"`
	To           string            `json:"to"`
	Subject      string            `json:"subject"`
	Date         time.Time         `json:"date"` // when it was taken
	Text         string            `json:"text"`
	HTML         string            `json:"html"`
	Headers      map[string]string `json:"headers"` // as written, unfolded
	DKIM         string            `json:"dkim"`    // pass, none, or fail with the reason
	EnvelopeFrom string            `json:"envelope_from"`
	EnvelopeTo   []string          `json:"envelope_to"`
	raw          []byte
	fields       [][2]string
}

// parse reads a kept mail; what is malformed is shown as far as it can be read.
func parse(id string, e envelope) Message {
	m := Message{ID: id, Date: e.At, DKIM: e.DKIM, EnvelopeFrom: e.From, EnvelopeTo: e.To, Headers: map[string]string{}, raw: e.Raw, fields: headerFields(e.Raw)}
	for _, f := range m.fields {
		if before, twice := m.Headers[f[0]]; twice {
			f[1] = before + "\n" + f[1]
		}
		m.Headers[f[0]] = f[1]
	}
	m.From, m.To, m.Subject = m.decoded("From"), m.decoded("To"), m.decoded("Subject")
	if bare, ok := strings.CutPrefix(m.To, "<"); ok { // an address without a name
		m.To = strings.TrimSuffix(bare, ">")
	}
	if m.To == "" {
		m.To = strings.Join(e.To, ", ")
	}
	entity, err := message.Read(bytes.NewReader(e.Raw))
	if err != nil && !message.IsUnknownCharset(err) {
		return m
	}
	_ = entity.Walk(func(_ []int, part *message.Entity, err error) error {
		if err != nil {
			return err
		}
		switch kind, _, _ := part.Header.ContentType(); kind {
		case "text/plain":
			m.Text += read(part.Body)
		case "text/html":
			m.HTML += read(part.Body)
		}
		return nil
	})
	return m
}

func read(r io.Reader) string {
	text, _ := io.ReadAll(io.LimitReader(r, maxMail))
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

func (m *Message) decoded(name string) string {
	for _, f := range m.fields {
		if strings.EqualFold(f[0], name) {
			if text, err := new(mime.WordDecoder).DecodeHeader(f[1]); err == nil {
				return text
			}
			return f[1]
		}
	}
	return ""
}

// headerFields splits the header into names, as they were written, and unfolded values.
func headerFields(raw []byte) (out [][2]string) {
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	for _, line := range strings.Split(string(head), "\r\n") {
		if line != "" && (line[0] == ' ' || line[0] == '\t') && len(out) > 0 {
			out[len(out)-1][1] += " " + textproto.TrimString(line)
			continue
		}
		if name, value, ok := strings.Cut(line, ":"); ok {
			out = append(out, [2]string{name, textproto.TrimString(value)})
		}
	}
	return out
}

var errNoKey = errors.New("no key is published under this name")

// verify checks the DKIM signatures (RFC 6376) against the keys it was given.
func (s *Sink) verify(raw []byte) string {
	results, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{MaxVerifications: 3, LookupTXT: func(name string) ([]string, error) {
		if record, ok := s.config.Keys[strings.TrimSuffix(strings.ToLower(name), ".")]; ok {
			return []string{record}, nil
		}
		return nil, errNoKey
	}})
	if err != nil {
		return "fail: " + err.Error()
	}
	verdict := "none"
	for _, r := range results {
		if r.Err == nil {
			return "pass"
		}
		verdict = "fail: " + r.Err.Error()
	}
	return verdict
}
