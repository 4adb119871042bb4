package mail

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"net/textproto"
	"regexp"
	"strings"

	"github.com/google/uuid"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
)

// maxReport bounds what is read of a returned mail.
const maxReport = 1 << 20

var base32Lower = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func (s *Service) messageID(id string) string { return "<" + id + "@" + s.Config.Domain + ">" }

// returnPath names the message in the envelope's sender, with a keyed code, so that a
// report is about a message of ours and nobody can make one bounce who did not get it.
func (s *Service) returnPath(id string) string {
	return "bounce+" + s.bounceToken(id) + "@" + s.Config.Domain
}

func (s *Service) bounceToken(id string) string { return token(s.bounceKey, id) }

// token names a message so that nobody without the key can.
func token(key []byte, id string) string {
	u, err := uuid.Parse(id)
	if err != nil {
		u = uuid.UUID{}
	}
	return base32Lower.EncodeToString(append(u[:], tokenCode(key, u)...))
}

func tokenCode(key []byte, id uuid.UUID) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(id[:])
	return mac.Sum(nil)[:8]
}

// idOf returns the message that a token names.
func idOf(key []byte, token string) (string, bool) {
	b, err := base32Lower.DecodeString(strings.ToLower(token))
	if err != nil || len(b) != 24 {
		return "", false
	}
	id := uuid.UUID(b[:16])
	return id.String(), hmac.Equal(b[16:], tokenCode(key, id))
}

// Bounced notes that a message came back. diagnostic is what the other side said.
func (s *Service) Bounced(ctx context.Context, token, diagnostic string) error {
	id, ok := s.Returned(token)
	if !ok {
		return errs.New(errs.NotFound, "error.mail-bounce")
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		_, err := s.BouncedIn(tx, id, diagnostic)
		return err
	})
}

// Returned is the message that the token of a return path names.
func (s *Service) Returned(token string) (id string, ok bool) { return idOf(s.bounceKey, token) }

// BouncedIn is Bounced in the caller's transaction. It tells whether anything changed: a
// second report about the same message changes nothing.
func (s *Service) BouncedIn(tx *db.Tx, id, diagnostic string) (changed bool, err error) {
	reason := redact(&permanent{diagnostic}, "").Error()
	n, err := tx.Exec(`UPDATE outbox SET state = 'bounced', last_error = $1, lease_until = 0, changed_at = $2 WHERE id = $3 AND state IN ('queued','handed_over')`, reason, db.Micros(tx.Now()), id)
	if err != nil || n == 0 {
		return false, err
	}
	return true, s.Audit.Append(tx, audit.Event{Actor: "system", Action: "mail.bounced", Object: "mail:" + id, Body: map[string]any{"reason": reason}})
}

// Report is a delivery status notification (RFC 3464) about one message.
type Report struct {
	Token      string // of the return path it was sent to
	Failed     bool   // the action is "failed"; "delayed" and "relayed" change nothing
	Status     string // 5.1.1
	Diagnostic string
}

// TakeReport reads a returned mail, as a mail server pipes it to the command
// `prasan mail bounce`, and notes what it says. token may be "": then it is taken from
// the addresses in the mail.
func (s *Service) TakeReport(ctx context.Context, token string, r io.Reader) (Report, error) {
	report, err := ParseDSN(r)
	if err != nil {
		return report, err
	}
	if token != "" {
		report.Token = token
	}
	if !report.Failed {
		return report, nil
	}
	return report, s.Bounced(ctx, report.Token, strings.TrimSpace(report.Status+" "+report.Diagnostic))
}

var (
	verp = regexp.MustCompile(`(?i)bounce\+([a-z2-7]{39})@`)
	// Where a mail server writes the address that the report was sent to.
	addressedTo = []string{"X-Original-To", "Delivered-To", "Envelope-To", "X-Envelope-To", "To"}
)

// ParseDSN reads a delivery status notification.
func ParseDSN(r io.Reader) (Report, error) {
	refuse := func(err error) (Report, error) {
		return Report{}, errs.Wrap(err, errs.Invalid, "error.mail-report")
	}
	m, err := netmail.ReadMessage(bufio.NewReader(io.LimitReader(r, maxReport)))
	if err != nil {
		return refuse(err)
	}
	var out Report
	for _, name := range addressedTo {
		for _, v := range m.Header[textproto.CanonicalMIMEHeaderKey(name)] {
			if found := verp.FindStringSubmatch(v); found != nil && out.Token == "" {
				out.Token = strings.ToLower(found[1])
			}
		}
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/report" || params["boundary"] == "" {
		return refuse(err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for range 10 {
		p, err := parts.NextPart()
		if err != nil {
			break
		}
		text, err := io.ReadAll(io.LimitReader(p, 64<<10))
		if err != nil {
			break
		}
		switch kind, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type")); kind {
		case "message/delivery-status", "message/global-delivery-status":
			out.read(text)
		case "text/rfc822-headers", "message/rfc822", "message/global-headers":
			if found := verp.FindSubmatch(text); found != nil && out.Token == "" {
				out.Token = strings.ToLower(string(found[1]))
			}
		}
	}
	if out.Status == "" && !out.Failed {
		return refuse(nil)
	}
	return out, nil
}

// read takes the fields of the recipients; the first one that failed counts.
func (r *Report) read(text []byte) {
	in := textproto.NewReader(bufio.NewReader(bytes.NewReader(append(text, "\r\n\r\n"...))))
	for range 20 {
		h, err := in.ReadMIMEHeader()
		if action := h.Get("Action"); action != "" && !r.Failed {
			r.Failed = strings.EqualFold(strings.TrimSpace(action), "failed")
			r.Status = strings.TrimSpace(h.Get("Status"))
			_, said, ok := strings.Cut(h.Get("Diagnostic-Code"), ";")
			if !ok {
				said = h.Get("Diagnostic-Code")
			}
			r.Diagnostic = strings.TrimSpace(said)
		}
		if err != nil {
			return
		}
	}
}
