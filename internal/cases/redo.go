package cases

import (
	"context"
	"encoding/json"

	"prasan/internal/db"
	"prasan/internal/vault"
)

// redone is a case as it was sealed anew, for copies from before.
type redone struct {
	Sender  string            `json:"sender"`
	Message []byte            `json:"message"`
	Row     []byte            `json:"row"`
	Events  map[string][]byte `json:"events"`
	Digests [][]byte          `json:"digests"`
}

// redo keeps in the keyring what is about to take a case's place.
func (s *Service) redo(ctx context.Context, c *Case, r redone) (vault.Redone, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return vault.Redone{}, err
	}
	kept := vault.Redone{Object: c.ID, Version: c.Version, Subject: c.SubjectKey, Body: body}
	return kept, s.Vault.Redo(ctx, kept)
}

// Redo brings the cases of a restored copy up to what was erased and put right since:
// those that are not newer already.
func Redo(tx *db.Tx, list []vault.Redone) error {
	for _, x := range list {
		var r redone
		if err := json.Unmarshal(x.Body, &r); err != nil {
			return err
		}
		n, err := tx.Exec(`UPDATE cases SET sender = $1, message = $2, row_hash = $3, version = $4 WHERE id = $5 AND version <= $6`, r.Sender, r.Message, r.Row, x.Version+1, x.Object, x.Version)
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		for id, body := range r.Events {
			if _, err := tx.Exec(`UPDATE case_events SET body = $1 WHERE id = $2`, body, id); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`DELETE FROM case_index WHERE case_id = $1`, x.Object); err != nil {
			return err
		}
		if err := insertDigests(tx, x.Object, r.Digests); err != nil {
			return err
		}
	}
	return nil
}
