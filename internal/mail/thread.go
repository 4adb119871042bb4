package mail

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// Sorts of mail that go to the registry of an agency.
const (
	letterKind   = "letter"
	followUpKind = "followup"
	// letterReplyKind tells the sender of a letter what became of it.
	letterReplyKind = "letter-reply"
)

// replyFor is how long an answer to a message finds its way by itself; after that a
// person looks at it.
const replyFor = 180 * 24 * time.Hour

// replyMark begins the extension of the mailbox's address in which a token stands.
const replyMark = "r-"

// replyAddress is where an answer to a message goes: the mailbox that is read, with a
// token that names the message. What is answered is therefore known whatever the
// answerer's program does to the subject and the references.
func (s *Service) replyAddress(m *row) string {
	local, domain, ok := strings.Cut(s.Config.Mailbox, "@")
	if !ok || kinds[m.Kind].purpose == "" {
		return ""
	}
	return local + "+" + replyMark + token(s.replyKey, m.ID) + "@" + domain
}

// Answered is the message that a keyed address was given for. An address that was not
// made here, or too long ago, is none.
func (s *Service) Answered(address string) (id string, ok bool) {
	local, domain, _ := strings.Cut(strings.ToLower(address), "@")
	mine, mineDomain, _ := strings.Cut(strings.ToLower(s.Config.Mailbox), "@")
	code, ok := strings.CutPrefix(local, mine+"+"+replyMark)
	if !ok || mine == "" || domain != mineDomain {
		return "", false
	}
	if id, ok = idOf(s.replyKey, code); !ok {
		return "", false
	}
	return id, s.Now().Sub(madeAt(id)) < replyFor
}

// madeAt is when an identifier was made (RFC 9562 section 5.7).
func madeAt(id string) time.Time {
	u, err := uuid.Parse(id)
	if err != nil {
		return time.Time{}
	}
	var ms int64
	for _, b := range u[:6] {
		ms = ms<<8 | int64(b)
	}
	return time.UnixMilli(ms)
}

// Named is the message of ours that a Message-ID names, if the Message-ID may be ours.
func (s *Service) Named(messageID string) (id string, ok bool) {
	local, domain, _ := strings.Cut(strings.Trim(strings.TrimSpace(messageID), "<>"), "@")
	if !strings.EqualFold(domain, s.Config.Domain) {
		return "", false
	}
	u, err := uuid.Parse(local)
	return u.String(), err == nil
}

// Sent is what answers and reports must know of a message.
type Sent struct {
	ID, CaseID, Kind, Agency, State string
}

// Sent finds a message; errs.NotFound once it is no longer kept.
func (s *Service) Sent(tx *db.Tx, id string) (Sent, error) {
	out := Sent{ID: id}
	err := tx.QueryRow(`SELECT case_id, kind, agency, state FROM outbox WHERE id = $1`, []any{id}, &out.CaseID, &out.Kind, &out.Agency, &out.State)
	if errs.KindOf(err) == errs.NotFound {
		err = errs.New(errs.NotFound, "error.not-found")
	}
	return out, err
}

// Ours tells whether a header field that marks loops is ours.
func (s *Service) Ours(loop []string) bool {
	return slices.ContainsFunc(loop, func(v string) bool { return strings.EqualFold(strings.TrimSpace(v), s.Config.Domain) })
}

// inReplyTo is the line by which mail programs show an answer under what it answers; ""
// where the Message-ID is none that may stand in a header.
func inReplyTo(messageID string) string {
	if messageID == "" || len(messageID) > 250 || strings.ContainsFunc(messageID, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '<' || r == '>' }) {
		return ""
	}
	return "<" + messageID + ">"
}
