package analytics

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// carried is an entry of the journal as a copy has it, a line of JSON each.
type carried struct {
	Writer int64  `json:"writer"`
	Seq    int64  `json:"seq"`
	At     int64  `json:"at"`
	Body   []byte `json:"body"`
}

func entriesOf(tx *db.Tx) (all []carried, err error) {
	err = tx.Each(`SELECT writer, seq, at, body FROM usage_journal ORDER BY writer, seq`, nil, func(rows rowScanner) error {
		var c carried
		err := rows.Scan(&c.Writer, &c.Seq, &c.At, &c.Body)
		all = append(all, c)
		return err
	})
	return all, err
}

// CopyJournal reads a journal for a copy. The copy of the database that it goes with is
// of a later moment: an entry that is in neither has not been acknowledged before, and
// one that is in both is not counted again, because the mark of its writer tells.
func CopyJournal(ctx context.Context, j *db.DB) ([]byte, error) {
	var all []carried
	err := j.Read(ctx, func(tx *db.Tx) (err error) {
		all, err = entriesOf(tx)
		return err
	})
	out := bytes.NewBuffer([]byte{}) // not nil: nothing takes the place of what was there
	for lines := json.NewEncoder(out); err == nil && len(all) > 0; all = all[1:] {
		err = lines.Encode(all[0])
	}
	return out.Bytes(), err
}

// FillJournal puts what CopyJournal read into a journal; the next start counts it.
func FillJournal(ctx context.Context, j *db.DB, rows io.Reader) error {
	var all []carried
	for lines := json.NewDecoder(rows); ; {
		var c carried
		err := lines.Decode(&c)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errs.Wrap(err, errs.Invalid, "error.backup-damaged")
		}
		all = append(all, c)
	}
	return j.InTx(ctx, func(tx *db.Tx) error {
		for _, c := range all {
			if _, err := tx.Exec(`INSERT INTO usage_journal (writer, seq, at, body) VALUES ($1, $2, $3, $4) ON CONFLICT (writer, seq) DO NOTHING`, c.Writer, c.Seq, c.At, c.Body); err != nil {
				return err
			}
		}
		return nil
	})
}

// Uncounted is how many entries of a journal are not counted yet.
func (s *Service) Uncounted(ctx context.Context) (n int64, err error) {
	err = s.Journal.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM usage_journal`, nil, &n)
	})
	return n, err
}

// Return settles the hits of a restored database: cookies that lost their consent since
// the copy was made go out of them again, and what waits to be passed on abroad does not
// wait any more. It may have been passed on, or taken back, by the installation that is
// no more.
func Return(tx *db.Tx, withdrawn []int64) error {
	if _, err := tx.Exec(`DELETE FROM usage_bridge`); err != nil {
		return err
	}
	if len(withdrawn) == 0 {
		return nil
	}
	var sheets int64 // a copy may be from before there were any
	if err := tx.QueryRow(`SELECT COUNT(*) FROM schema_migrations WHERE version = 23`, nil, &sheets); err != nil {
		return err
	}
	return forgetCookies(tx, sheets > 0, withdrawn...)
}

// ReturnJournal does the same with what is not counted yet. An entry that cannot be read
// goes: whose it is cannot be seen, and it keeps others from being counted.
func ReturnJournal(tx *db.Tx, withdrawn []int64) error {
	gone := make(map[int64]bool, len(withdrawn))
	for _, cookie := range withdrawn {
		gone[cookie] = true
	}
	all, err := entriesOf(tx)
	for _, c := range all {
		if err == nil {
			err = c.back(tx, gone)
		}
	}
	return err
}

func (c *carried) back(tx *db.Tx, gone map[int64]bool) error {
	hits, err := decode(c.Body)
	if err != nil {
		_, err := tx.Exec(`DELETE FROM usage_journal WHERE writer = $1 AND seq = $2`, c.Writer, c.Seq)
		return err
	}
	for _, hit := range hits {
		hit.stays(gone[hit.cookie])
	}
	body, err := encode(hits)
	if err == nil {
		_, err = tx.Exec(`UPDATE usage_journal SET body = $1 WHERE writer = $2 AND seq = $3`, body, c.Writer, c.Seq)
	}
	return err
}

// stays keeps a hit from going abroad, and takes the visitor out who has withdrawn.
func (c *cleaned) stays(withdrawn bool) {
	c.scope.Level, c.scope.Abroad = min(c.scope.Level, L2), nil
	if withdrawn {
		c.scope.Level, c.cookie, c.visitor = L0, 0, 0
	}
}

// JournalBeside is the URL of the journal that goes with a database: a store of its own
// beside a SQLite file, "" where it is a table of the database.
func JournalBeside(database string) string {
	path, ok := strings.CutPrefix(database, "sqlite:")
	if !ok {
		return ""
	}
	return "sqlite:" + strings.TrimSuffix(path, ".db") + "-usage.db"
}
