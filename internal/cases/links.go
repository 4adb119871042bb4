package cases

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/mail"
	"prasan/internal/thai"
	"prasan/internal/vault"
)

// linkToken is how a secret travels in a link.
func linkToken(secret []byte) string { return base64.RawURLEncoding.EncodeToString(secret[:24]) }

func insertLink(tx *db.Tx, hash []byte, kind, caseID string, expires time.Time) error {
	_, err := tx.Exec(`INSERT INTO links (hash, kind, case_id, expires_at) VALUES ($1, $2, $3, $4) ON CONFLICT (hash) DO NOTHING`, hash, kind, caseID, db.Micros(expires))
	return err
}

// takeLink uses a link up; one that is unknown, used or old gives the same error.
func takeLink(tx *db.Tx, hash []byte, kind string) (caseID string, err error) {
	err = tx.QueryRow(`UPDATE links SET used_at = $1 WHERE hash = $2 AND kind = $3 AND used_at = 0 AND expires_at > $4 RETURNING case_id`, []any{db.Micros(tx.Now()), hash, kind, db.Micros(tx.Now())}, &caseID)
	if errs.KindOf(err) == errs.NotFound {
		return "", errs.New(errs.NotFound, "error.link")
	}
	return caseID, err
}

// ConfirmEmail notes that the sender's address is his (purpose 1 of the record,
// verify_identity). It returns the reference.
func (s *Service) ConfirmEmail(ctx context.Context, token string) (reference string, err error) {
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		id, err := takeLink(tx, mac(s.linkKey, []byte(token)), "verify-email")
		if err != nil {
			return err
		}
		c, err := s.applyIn(tx, id, change{action: "verify-email", rule: func(tx *db.Tx, c *Case) error {
			c.EmailVerified = tx.Now()
			return nil
		}}, nil)
		reference = c.Reference
		return err
	})
	return reference, err
}

// wanted is the payload of the job that reissues a code; it is sealed.
type wanted struct{ Reference, Email string }

// RequestNewCode asks for a new tracking code to be sent to the verified address of a
// case. It answers the same, and as fast, whether or not there is such a case: the
// work is left to a job.
func (s *Service) RequestNewCode(ctx context.Context, reference, email, addr string) error {
	plain, err := json.Marshal(wanted{reference, email})
	if err != nil {
		return err
	}
	sealed := s.Vault.SealSystem("job:new-code", plain)
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		ok, err := s.Limits.Allow(tx, "new-code", addr, 5, time.Hour)
		if err != nil {
			return err
		}
		if !ok {
			return errs.New(errs.TooMany, "error.too-many")
		}
		return s.Jobs.Enqueue(tx, "cases.new-code", sealed)
	})
}

// sendNewCode is the job behind RequestNewCode.
func (s *Service) sendNewCode(ctx context.Context, j jobs.Job) error {
	var sealed []byte
	if err := json.Unmarshal(j.Payload, &sealed); err != nil {
		return err
	}
	plain, err := s.Vault.OpenSystem("job:new-code", sealed)
	if err != nil {
		return err
	}
	var w wanted
	if err := json.Unmarshal(plain, &w); err != nil {
		return err
	}
	ref, ok := Reference(w.Reference)
	if !ok {
		return nil
	}
	c, err := s.byReference(ctx, ref)
	if errs.KindOf(err) == errs.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	address, err := thai.CleanEmail(w.Email)
	if err != nil || c.EmailVerified.IsZero() {
		return nil
	}
	matches, err := s.hasDigest(ctx, c.ID, s.Vault.Digest("email", strings.ToLower(address)))
	if err != nil || !matches {
		return err
	}
	return s.mailNewCode(ctx, &c, address, j.ID)
}

func (s *Service) mailNewCode(ctx context.Context, c *Case, address, jobID string) error {
	subject, err := s.Vault.Subject(ctx, c.SubjectKey)
	if err != nil {
		return err
	}
	token := linkToken(mac(s.linkKey, []byte("new-code:"+jobID)))
	body, err := json.Marshal(mail.Body{Link: s.Config.SiteURL(c.Site) + "/" + c.Lang + "/track/code/" + token})
	if err != nil {
		return err
	}
	return s.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := insertLink(tx, mac(s.linkKey, []byte(token)), "new-code", c.ID, tx.Now().Add(s.Config.LinkLifetime)); err != nil {
			return err
		}
		if err := s.Audit.Append(tx, audit.Event{Actor: "sender", Action: "case.code-asked", Object: "case:" + c.Reference}); err != nil {
			return err
		}
		return s.Mail.Queue(tx, s.letter(c, subject, "code-link", address, body))
	})
}

// letter is a message to the sender of a case; recipient and body are sealed for their place.
func (s *Service) letter(c *Case, subject *vault.Subject, kind, address string, body []byte) mail.Message {
	id := db.NewID()
	return mail.Message{ID: id, Kind: kind, CaseID: c.ID, Lang: c.Lang, Agency: c.Agency, Site: c.Site, SubjectKey: c.SubjectKey,
		Recipient: subject.Seal(place("outbox", id, "recipient"), []byte(address)),
		Body:      subject.Seal(place("outbox", id, "body"), body),
		Meta:      map[string]string{"reference": c.Reference, "received_at": c.ReceivedAt.Format(time.RFC3339), "reply_by": c.DueAt.Format(time.RFC3339)}}
}

func (s *Service) hasDigest(ctx context.Context, caseID string, digest []byte) (found bool, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error {
		var n int
		err := tx.QueryRow(`SELECT COUNT(*) FROM case_index WHERE digest = $1 AND case_id = $2`, []any{digest, caseID}, &n)
		found = n > 0
		return err
	})
	return found, err
}

// RedeemNewCode replaces the tracking code of a case; the old one ends.
func (s *Service) RedeemNewCode(ctx context.Context, token string) (reference, code string, err error) {
	code = newCode()
	err = s.DB.InTx(ctx, func(tx *db.Tx) error {
		id, err := takeLink(tx, mac(s.linkKey, []byte(token)), "new-code")
		if err != nil {
			return err
		}
		c, err := s.applyIn(tx, id, change{action: "renew-code", rule: s.replaceCode(code)}, nil)
		reference = c.Reference
		return err
	})
	return reference, code, err
}

func newCode() string { return group(randomChars(rand.Reader, codeLen), 4) }

// replaceCode is the rule by which another tracking code takes the place of a case's.
func (s *Service) replaceCode(code string) func(*db.Tx, *Case) error {
	return func(tx *db.Tx, c *Case) error {
		_, err := tx.Exec(`UPDATE cases SET tracking_hash = $1 WHERE id = $2`, mac(s.trackKey, []byte(cleanCode(code))), c.ID)
		return err
	}
}

// SweepLinks removes links that are over.
func SweepLinks(tx *db.Tx) error {
	_, err := tx.Exec(`DELETE FROM links WHERE expires_at <= $1`, db.Micros(tx.Now()))
	return err
}

func hasElement(c *Case, element string) bool { return slices.Contains(c.Given(), element) }
