package cases

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

const caseColumns = `id, reference, site, agency, origin_agency, topic, channel, outside_ref, lang, state, parked, withhold_name, about_staff, about_account, revision_id, notice_id, subject_key, email_verified_at, assignee, result, rating, quarantine_why, received_at, due_at, clock_left, answered_at, closed_at, destroy_at, version, events, sender, message`

func scanCase(scan func(...any) error) (Case, error) {
	var c Case
	var verified, received, due, left, answered, closed, destroy int64
	err := scan(&c.ID, &c.Reference, &c.Site, &c.Agency, &c.OriginAgency, &c.Topic, &c.Channel, &c.OutsideRef, &c.Lang, &c.State, &c.Parked, &c.WithholdName, &c.AboutStaff, &c.AboutAccount, &c.RevisionID, &c.NoticeID, &c.SubjectKey, &verified, &c.Assignee, &c.Result, &c.Rating, &c.QuarantineWhy, &received, &due, &left, &answered, &closed, &destroy, &c.Version, &c.events, &c.sender, &c.message)
	c.EmailVerified, c.ReceivedAt, c.DueAt = db.Time(verified), db.Time(received), db.Time(due)
	c.ClockLeft = time.Duration(left) * time.Microsecond
	c.AnsweredAt, c.ClosedAt, c.DestroyAt = db.Time(answered), db.Time(closed), db.Time(destroy)
	return c, err
}

func queryCase(tx *db.Tx, where string, args ...any) (Case, error) {
	rows, err := tx.Query(`SELECT `+caseColumns+` FROM cases WHERE `+where, args...)
	if err != nil {
		return Case{}, err
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return Case{}, err
		}
		return Case{}, errs.New(errs.NotFound, "error.case-not-found")
	}
	return scanCase(rows.Scan)
}

func lockCase(tx *db.Tx, id string) (Case, error) {
	return queryCase(tx, `id = $1`+tx.ForUpdate(), id)
}

func (s *Service) byID(ctx context.Context, id string) (c Case, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error { c, err = queryCase(tx, `id = $1`, id); return err })
	return c, err
}

func (s *Service) byReference(ctx context.Context, ref string) (c Case, err error) {
	err = s.DB.Read(ctx, func(tx *db.Tx) error { c, err = queryCase(tx, `reference = $1`, ref); return err })
	return c, err
}

// fresh is a case that is about to be stored for the first time.
type fresh struct {
	Case
	tracking, nonce, row []byte
	digests              [][]byte
}

// insertCase stores a new case; inserted is false when the nonce or the reference had been
// used.
func insertCase(tx *db.Tx, f *fresh) (inserted bool, err error) {
	n, err := tx.Exec(`INSERT INTO cases (id, reference, site, agency, origin_agency, topic, channel, outside_ref, lang, state, withhold_name, about_staff, revision_id, notice_id, subject_key, sender, message, tracking_hash, nonce_hash, quarantine_why, received_at, due_at, events, row_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24) ON CONFLICT DO NOTHING`,
		f.ID, f.Reference, f.Site, f.Agency, f.OriginAgency, f.Topic, f.Channel, f.OutsideRef, f.Lang, string(f.State), f.WithholdName, f.AboutStaff, f.RevisionID, f.NoticeID, f.SubjectKey, f.sender, f.message, f.tracking, f.nonce, f.QuarantineWhy, db.Micros(f.ReceivedAt), db.Micros(f.DueAt), f.events, f.row)
	if err != nil || n == 0 {
		return false, err
	}
	return true, insertDigests(tx, f.ID, f.digests)
}

func insertDigests(tx *db.Tx, caseID string, digests [][]byte) error {
	if len(digests) == 0 {
		return nil
	}
	var b strings.Builder
	b.WriteString(`INSERT INTO case_index (digest, case_id) VALUES `)
	args := make([]any, 0, 2*len(digests))
	for i, d := range digests {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "($%d, $%d)", 2*i+1, 2*i+2)
		args = append(args, d, caseID)
	}
	b.WriteString(` ON CONFLICT DO NOTHING`)
	_, err := tx.Exec(b.String(), args...)
	return err
}

// updateCase stores what an action changed; it fails when another one was faster.
func updateCase(tx *db.Tx, c *Case) error {
	c.events++
	n, err := tx.Exec(`UPDATE cases SET agency = $1, state = $2, parked = $3, about_staff = $4, about_account = $5, email_verified_at = $6, assignee = $7, result = $8, rating = $9, quarantine_why = $10, due_at = $11, clock_left = $12, answered_at = $13, closed_at = $14, destroy_at = $15, events = $16, version = version + 1 WHERE id = $17 AND version = $18`,
		c.Agency, string(c.State), c.Parked, c.AboutStaff, c.AboutAccount, db.Micros(c.EmailVerified), c.Assignee, c.Result, c.Rating, c.QuarantineWhy, db.Micros(c.DueAt), c.ClockLeft.Microseconds(), db.Micros(c.AnsweredAt), db.Micros(c.ClosedAt), db.Micros(c.DestroyAt), c.events, c.ID, c.Version)
	if err == nil && n == 0 {
		return errs.New(errs.Conflict, "error.conflict")
	}
	c.Version++
	return err
}

func insertEvent(tx *db.Tx, caseID string, e *Event) error {
	meta, err := json.Marshal(e.Meta)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO case_events (id, case_id, seq, at, kind, actor, from_state, to_state, step, public, body, meta) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		e.ID, caseID, e.Seq, db.Micros(e.At), e.Kind, e.Actor, string(e.From), string(e.To), e.Step, e.Public, e.sealed, string(meta))
	return err
}

func events(tx *db.Tx, caseID string, publicOnly bool) ([]Event, error) {
	where := ""
	if publicOnly {
		where = " AND public = TRUE"
	}
	var out []Event
	err := tx.Each(`SELECT id, seq, at, kind, actor, from_state, to_state, step, public, body, meta FROM case_events WHERE case_id = $1`+where+` ORDER BY seq DESC`, []any{caseID}, func(rows *sql.Rows) error {
		var e Event
		var at int64
		var meta string
		if err := rows.Scan(&e.ID, &e.Seq, &at, &e.Kind, &e.Actor, &e.From, &e.To, &e.Step, &e.Public, &e.sealed, &meta); err != nil {
			return err
		}
		e.At = db.Time(at)
		out = append(out, e)
		return json.Unmarshal([]byte(meta), &out[len(out)-1].Meta)
	})
	return out, err
}

func insertAttachments(tx *db.Tx, caseID, eventID string, files []Staged, subject *vault.Subject) error {
	for _, f := range files {
		if _, err := tx.Exec(`INSERT INTO attachments (id, case_id, event_id, name, type, size, sha256, blob, key_sealed, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (id) DO NOTHING`,
			f.ID, caseID, eventID, subject.Seal(place("attachments", f.ID, "name"), []byte(f.Name)), f.Type, f.Size, f.SHA256, f.ID, subject.Seal(place("attachments", f.ID, "key"), f.Key), db.Micros(tx.Now())); err != nil {
			return err
		}
	}
	return nil
}

// stored is an attachment as it lies in the table.
type stored struct {
	Attachment
	eventID string
	name    []byte
	key     []byte
	blob    string
}

func attachments(tx *db.Tx, caseID string) ([]stored, error) {
	var out []stored
	err := tx.Each(`SELECT id, event_id, name, type, size, key_sealed, blob FROM attachments WHERE case_id = $1 ORDER BY id`, []any{caseID}, func(rows *sql.Rows) error {
		var a stored
		err := rows.Scan(&a.ID, &a.eventID, &a.name, &a.Type, &a.Size, &a.key, &a.blob)
		out = append(out, a)
		return err
	})
	return out, err
}

// sealedSender is the sender's element as it lies in the case.
func (c *Case) sealedSender(element string) (vault.Sealed, bool) {
	m, err := processing.DecodeElements(c.sender)
	if err != nil || m[element] == nil {
		return vault.Sealed{}, false
	}
	return vault.Sealed{Subject: c.SubjectKey, Element: element, Place: place("cases", c.ID, element), Data: m[element]}, true
}

func (c *Case) sealedMessage() vault.Sealed {
	return vault.Sealed{Subject: c.SubjectKey, Element: processing.Content, Place: place("cases", c.ID, "message"), Data: c.message}
}

func (e *Event) sealedText(c *Case) vault.Sealed {
	return vault.Sealed{Subject: c.SubjectKey, Element: processing.Content, Place: place("case_events", e.ID, "body"), Data: e.sealed}
}

func (a *stored) sealedName(c *Case) vault.Sealed {
	return vault.Sealed{Subject: c.SubjectKey, Element: processing.Content, Place: place("attachments", a.ID, "name"), Data: a.name}
}

func (a *stored) sealedKey(c *Case) vault.Sealed {
	return vault.Sealed{Subject: c.SubjectKey, Element: processing.Content, Place: place("attachments", a.ID, "key"), Data: a.key}
}

func givenElements(sender string) []string {
	m, err := processing.DecodeElements(sender)
	if err != nil {
		return nil
	}
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
