package letters

import (
	"context"
	"database/sql"
	"strconv"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/processing"
)

// Matters of letters: by which rule they are destroyed. Each has rounds of its own.
const (
	Electronic = "letter"        // by the head's order (Regulation on Correspondence, No. 4, B.E. 2564)
	OnPaper    = "letter-paper"  // by committee and National Archives (clauses 66 to 70)
	Classified = "letter-secret" // by the regulation on official secrets B.E. 2544
)

// Matters lists them.
var Matters = []string{Electronic, OnPaper, Classified}

// Shelf is where letters of one direction are kept.
type Shelf struct {
	Table string            // letters, or letters_in
	Kind  string            // what is added to the name of what is destroyed
	Where map[string]string // by matter
	// Copies removes what else has a letter's words: mails, queues.
	Copies func(tx *db.Tx, ids []string) error
}

// EndOfLife is how letters of one matter come to their end. What is destroyed is what
// they say and the files: their key first. Their line in the register stays, so that no
// number is missing; no person is named in it.
type EndOfLife struct {
	*Service
	Shelf
	Of string // matter
}

// Ends are the ends of life of the letters of a shelf, one for each matter.
func (s *Service) Ends(shelf Shelf) []EndOfLife {
	var out []EndOfLife
	for _, m := range Matters {
		out = append(out, EndOfLife{s, shelf, m})
	}
	return out
}

// Kind names what it holds.
func (e EndOfLife) Kind() string { return e.Of + e.Shelf.Kind }

// Activity is the code of the record by which they are kept.
func (EndOfLife) Activity() string { return Activity }

// Matter names the rounds in which they go.
func (e EndOfLife) Matter() string { return e.Of }

func (e EndOfLife) due() string {
	return ` FROM ` + e.Table + ` WHERE destroyed_at = 0 AND destroy_at > 0 AND destroy_at <= $1 AND ` + e.Where[e.Of]
}

// Count tells how many letters are due at a moment, by agency.
func (e EndOfLife) Count(tx *db.Tx, at time.Time) (map[string]int, error) {
	out := map[string]int{}
	err := tx.Each(`SELECT agency, COUNT(*)`+e.due()+` GROUP BY agency`, []any{db.Micros(at)}, func(rows *sql.Rows) error {
		var agency string
		var n int
		err := rows.Scan(&agency, &n)
		out[agency] = n
		return err
	})
	return out, err
}

// Due lists an agency's letters that are due before a moment, by date and id. Of one with
// a class of secrecy the list has the number only.
func (e EndOfLife) Due(tx *db.Tx, agency string, before, afterDue time.Time, after string, limit int, each func(id, label string, closed, due time.Time)) error {
	return tx.Each(`SELECT id, number_text, subject, ended_at, destroy_at`+e.due()+` AND agency = $2 AND (destroy_at, id) > ($3, $4) ORDER BY destroy_at, id LIMIT $5`, []any{db.Micros(before), agency, db.Micros(afterDue), after, limit}, func(rows *sql.Rows) error {
		var id, label, subject string
		var ended, due int64
		if err := rows.Scan(&id, &label, &subject, &ended, &due); err != nil {
			return err
		}
		if label == "" {
			label = "–" // a draft
		}
		if e.Of != Classified {
			label += " · " + subject
		}
		each(id, label, db.Time(ended), db.Time(due))
		return nil
	})
}

// Extend moves the date of one.
func (e EndOfLife) Extend(tx *db.Tx, id string, until time.Time) error {
	n, err := tx.Exec(`UPDATE `+e.Table+` SET destroy_at = $1, version = version + 1 WHERE id = $2 AND destroyed_at = 0`, db.Micros(until), id)
	if err == nil && n == 0 {
		return errs.New(errs.NotFound, "error.letter-not-found")
	}
	return err
}

// Erase destroys what letters say, their keys first. Doing it again does nothing more.
func (e EndOfLife) Erase(ctx context.Context, actor string, ids []string) error {
	var keys, left []string
	in, args := db.In(ids)
	if len(ids) == 0 {
		return nil
	}
	err := e.DB.Read(ctx, func(tx *db.Tx) error {
		keys, left = nil, nil
		return tx.Each(`SELECT id, subject_key FROM `+e.Table+` WHERE destroyed_at = 0 AND id IN (`+in+`)`, args, func(rows *sql.Rows) error {
			var id, key string
			err := rows.Scan(&id, &key)
			left, keys = append(left, id), append(keys, key)
			return err
		})
	})
	if err != nil || len(keys) == 0 {
		return err
	}
	if err := e.Vault.ShredAll(ctx, keys); err != nil {
		return err
	}
	return e.DB.InTx(ctx, func(tx *db.Tx) error { return e.erase(tx, actor, left, keys) })
}

func (e EndOfLife) erase(tx *db.Tx, actor string, ids, keys []string) error {
	if err := e.Copies(tx, ids); err != nil {
		return err
	}
	if err := empty(tx, e.Table, ids); err != nil {
		return err
	}
	revision := ""
	if snap := e.Record(Activity); snap != nil {
		revision = snap.RevisionID
	}
	if err := e.Processing.Record(tx, processing.Line{Activity: Activity, Revision: revision, Act: "erase", Actor: actor, Ground: "retention", Subjects: keys, Elements: []string{"*"}, Detail: "destruction"}); err != nil {
		return err
	}
	return e.Audit.Append(tx, audit.Event{Actor: actor, Action: "letter.destroy", Object: "letters", Body: map[string]any{"kind": e.Kind(), "n": len(ids)}})
}

// tables are where letters lie, with what says something in them beside their content.
var tables = map[string]string{"letters": `file = NULL`, "letters_in": `file = NULL, answer = NULL, reason = ''`}

// empty takes what they say out of letters. An endorsement may name somebody: what was
// noted goes too; that and when something was done stays.
func empty(tx *db.Tx, table string, ids []string) error {
	in, args := db.In(ids)
	for _, query := range []string{
		`DELETE FROM letter_parts WHERE owner IN (` + in + `)`,
		`UPDATE letter_events SET body = '{}' WHERE letter_id IN (` + in + `)`,
		`UPDATE ` + table + ` SET content = '', destroyed_at = ` + strconv.FormatInt(db.Micros(tx.Now()), 10) + `, ` + tables[table] + `, version = version + 1 WHERE destroyed_at = 0 AND id IN (` + in + `)`,
	} {
		if _, err := tx.Exec(query, args...); err != nil {
			return err
		}
	}
	return nil
}

// Bury empties the letters of a shelf whose keys were destroyed: a restore of older copies
// brings such rows back.
func (s Shelf) Bury(tx *db.Tx, subjects []string) error {
	for len(subjects) > 0 {
		page := subjects[:min(len(subjects), 200)]
		subjects = subjects[len(page):]
		var ids []string
		in, args := db.In(page)
		err := tx.Each(`SELECT id FROM `+s.Table+` WHERE subject_key IN (`+in+`)`, args, func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			ids = append(ids, id)
			return err
		})
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			continue
		}
		if err := s.Copies(tx, ids); err != nil {
			return err
		}
		if err := empty(tx, s.Table, ids); err != nil {
			return err
		}
	}
	return nil
}

// Gone tells whether nothing of what a letter said is left, nor can be opened.
func (e EndOfLife) Gone(ctx context.Context, id string) (gone bool, err error) {
	var key string
	err = e.DB.Read(ctx, func(tx *db.Tx) error {
		var n int
		err := tx.QueryRow(`SELECT subject_key, (SELECT COUNT(*) FROM letter_parts WHERE owner = $1) + CASE WHEN destroyed_at > 0 AND file IS NULL AND LENGTH(content) = 0 THEN 0 ELSE 1 END FROM `+e.Table+` WHERE id = $2`, []any{id, id}, &key, &n)
		gone = n == 0
		return err
	})
	if err != nil || !gone {
		return false, err
	}
	have, err := e.Vault.Has(ctx, []string{key})
	return !have[key], err
}
