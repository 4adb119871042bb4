package inbox

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

// EndOfLife is how mail comes to its end. What was written on a case, or answers a
// referral, is sealed with the key of the case and goes with it; all else has a date of
// its own, by the record's retention.
type EndOfLife struct{ *Service }

// Kind names what it holds.
func (EndOfLife) Kind() string { return "mail" }

// Activity is the code of the record by which it is kept.
func (EndOfLife) Activity() string { return Activity }

// Matter names the rounds in which it goes: those of what people have written.
func (EndOfLife) Matter() string { return "" }

// Count tells how many mails are due at a moment, by agency.
func (EndOfLife) Count(tx *db.Tx, at time.Time) (map[string]int, error) {
	out := map[string]int{}
	err := tx.Each(`SELECT agency, COUNT(*) FROM inbound WHERE destroy_at > 0 AND destroy_at <= $1 GROUP BY agency`, []any{db.Micros(at)}, func(rows *sql.Rows) error {
		var agency string
		var n int
		err := rows.Scan(&agency, &n)
		out[agency] = n
		return err
	})
	return out, err
}

// Due lists an agency's mails that are due before a moment, by date and id.
func (EndOfLife) Due(tx *db.Tx, agency string, before, afterDue time.Time, after string, limit int, each func(id, label string, closed, due time.Time)) error {
	return tx.Each(`SELECT id, received_at, handled_at, destroy_at FROM inbound WHERE agency = $1 AND destroy_at > 0 AND destroy_at <= $2 AND (destroy_at, id) > ($3, $4) ORDER BY destroy_at, id LIMIT $5`, []any{agency, db.Micros(before), db.Micros(afterDue), after, limit}, func(rows *sql.Rows) error {
		var id string
		var received, handled, due int64
		if err := rows.Scan(&id, &received, &handled, &due); err != nil {
			return err
		}
		each(id, "e-mail "+db.Time(received).UTC().Format(time.DateTime), db.Time(max(received, handled)), db.Time(due))
		return nil
	})
}

// Extend moves the date of one.
func (EndOfLife) Extend(tx *db.Tx, id string, until time.Time) error {
	n, err := tx.Exec(`UPDATE inbound SET destroy_at = $1, version = version + 1 WHERE id = $2 AND destroy_at > 0`, db.Micros(until), id)
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "error.mail-not-found")
	}
	return err
}

// Erase destroys mails, their keys first. Doing it again does nothing more.
func (e EndOfLife) Erase(ctx context.Context, actor string, ids []string) error {
	var keys []string
	in, args := db.In(ids)
	if len(ids) == 0 {
		return nil
	}
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		keys = nil
		return tx.Each(`SELECT subject_key FROM inbound WHERE destroy_at > 0 AND id IN (`+in+`)`, args, func(rows *sql.Rows) error {
			var k string
			err := rows.Scan(&k)
			keys = append(keys, k)
			return err
		})
	})
	if err != nil || len(keys) == 0 {
		return err
	}
	if err := e.Vault.ShredAll(ctx, keys); err != nil {
		return err
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`DELETE FROM inbound WHERE destroy_at > 0 AND id IN (`+in+`)`, args...)
		if err != nil || n == 0 {
			return err
		}
		revision := ""
		if snap := e.Record(Activity); snap != nil {
			revision = snap.RevisionID
		}
		if err := e.Processing.Record(tx, processing.Line{Activity: Activity, Revision: revision, Act: "erase", Actor: actor, Ground: "retention", Subjects: keys, Elements: []string{"*"}, Detail: "destruction"}); err != nil {
			return err
		}
		return e.Audit.Append(tx, audit.Event{Actor: actor, Action: "inbox.destroy", Object: "mail-in", Body: map[string]any{"n": n}})
	})
}

// Gone tells whether nothing of a mail is left.
func (e EndOfLife) Gone(ctx context.Context, id string) (gone bool, err error) {
	err = e.DB.Read(ctx, func(tx *db.Tx) error {
		var n int
		err := tx.QueryRow(`SELECT COUNT(*) FROM inbound WHERE id = $1`, []any{id}, &n)
		gone = n == 0
		return err
	})
	return gone, err
}

// keysInUse tells which keys have a mail.
func (s *Service) keysInUse(ids []string) (map[string]bool, error) {
	used := map[string]bool{}
	in, args := db.In(ids)
	err := s.DB.Read(context.Background(), func(tx *db.Tx) error {
		return tx.Each(`SELECT subject_key FROM inbound WHERE subject_key IN (`+in+`)`, args, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			used[id] = true
			return err
		})
	})
	return used, err
}

// bury removes mails whose key was destroyed: with their case, or in a restored copy.
func (s *Service) bury(ctx context.Context) error {
	for after := ""; ; {
		var keys []string
		err := s.DB.Read(ctx, func(tx *db.Tx) error {
			keys = nil
			return tx.Each(`SELECT DISTINCT subject_key FROM inbound WHERE subject_key > $1 ORDER BY subject_key LIMIT 200`, []any{after}, func(rows *sql.Rows) error {
				var k string
				err := rows.Scan(&k)
				keys = append(keys, k)
				return err
			})
		})
		if err != nil || len(keys) == 0 {
			return err
		}
		after = keys[len(keys)-1]
		have, err := s.Vault.Has(ctx, keys)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if have[k] {
				continue
			}
			if err := s.DB.InTx(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(`DELETE FROM inbound WHERE subject_key = $1`, k)
				return err
			}); err != nil {
				return err
			}
		}
	}
}

// OfPerson is what mail has of a person's data, for his requests (PDPA s.30).
type OfPerson struct{ *Service }

// Find counts the mails on a case.
func (OfPerson) Find(tx *db.Tx, caseID string) (map[string]int, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM inbound WHERE case_id = $1`, []any{caseID}, &n)
	return map[string]int{"mail received": n}, err
}

// Export lists the mails that the person wrote on his case; what they say stands there.
func (p OfPerson) Export(ctx context.Context, caseID string) (any, error) {
	type line struct {
		At      time.Time `json:"at"`
		Subject string    `json:"subject"`
		Files   int       `json:"files"`
	}
	out := []line{}
	var list []Item
	if err := p.DB.Read(ctx, func(tx *db.Tx) (err error) {
		list, err = many(tx, `case_id = $1 AND state = 'case' AND why = 'reply' ORDER BY id`, caseID)
		return err
	}); err != nil {
		return out, err
	}
	items := make([]vault.Sealed, len(list))
	for i := range list {
		items[i] = list[i].sealedHead()
	}
	plain, err := p.Processing.Owner(ctx, items)
	if err != nil {
		return out, err
	}
	for i := range plain {
		var h Head
		if err := json.Unmarshal(plain[i], &h); err != nil {
			return out, err
		}
		out = append(out, line{list[i].ReceivedAt, h.Subject, h.Files})
	}
	return out, nil
}
