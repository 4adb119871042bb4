package saraban

import (
	"time"

	"prasan/internal/db"
	"prasan/internal/letters"
)

// shelves are those of the letters that were written here, and of those that came.
var shelves = []letters.Shelf{
	{Table: "letters", Copies: copiesOut, Where: map[string]string{letters.Electronic: `secrecy = 'none' AND paper = FALSE`, letters.OnPaper: `secrecy = 'none' AND paper = TRUE`, letters.Classified: `secrecy <> 'none'`}},
	{Table: "letters_in", Kind: "-in", Copies: copiesIn, Where: map[string]string{letters.Electronic: `secrecy = 'none' AND channel <> 'paper'`, letters.OnPaper: `secrecy = 'none' AND channel = 'paper'`, letters.Classified: `secrecy <> 'none'`}},
}

// Ends are the ends of life of all letters.
func (s *Service) Ends() []letters.EndOfLife {
	var out []letters.EndOfLife
	for _, shelf := range shelves {
		out = append(out, s.Letters.Ends(shelf)...)
	}
	return out
}

// Bury empties the letters whose keys were destroyed: a restore of older copies brings
// them back.
func Bury(tx *db.Tx, subjects []string) error {
	for _, shelf := range shelves {
		if err := shelf.Bury(tx, subjects); err != nil {
			return err
		}
	}
	return nil
}

// copiesOut removes the mails that carried letters, and what lies in the queue of an own
// node. What was noted of a sending goes too: it may name somebody.
func copiesOut(tx *db.Tx, ids []string) error {
	in, args := db.In(ids)
	of := func(channel string) string {
		return `SELECT process_id FROM dispatches WHERE process_id <> '' AND channel = '` + channel + `' AND letter_id IN (` + in + `)`
	}
	for _, query := range []string{
		`DELETE FROM outbox WHERE id IN (` + of("email") + `)`,
		`DELETE FROM letter_parts WHERE owner IN (` + of("ecms") + `)`,
		`DELETE FROM ecms_queue WHERE id IN (` + of("ecms") + `)`,
		`UPDATE dispatches SET note = '', last_error = '' WHERE letter_id IN (` + in + `)`,
	} {
		if _, err := tx.Exec(query, args...); err != nil {
			return err
		}
	}
	return nil
}

// copiesIn removes what the queue of an own node has of letters that came through it.
func copiesIn(tx *db.Tx, ids []string) error {
	in, args := db.In(ids)
	of := `SELECT process_id FROM letters_in WHERE process_id <> '' AND channel = 'ecms' AND id IN (` + in + `)`
	for _, query := range []string{`DELETE FROM letter_parts WHERE owner IN (` + of + `)`, `DELETE FROM ecms_queue WHERE id IN (` + of + `)`} {
		if _, err := tx.Exec(query, args...); err != nil {
			return err
		}
	}
	return nil
}

// dueAt is when the time of a letter is over that came, or that something was done with;
// the zero time while there is no record.
func (s *Service) dueAt(from time.Time) time.Time {
	snap := s.Record(letters.Activity)
	if snap == nil {
		return time.Time{}
	}
	return snap.DueAt(from)
}
