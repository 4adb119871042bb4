package audit

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// Carried is where a chain was at a moment, as it was carried off the machine.
type Carried struct {
	Chain string
	Seq   int64
	Hash  string
}

const headsTitle = "prasan/audit-heads"

// SignHeads signs the heads of all chains in one text that is kept elsewhere: whoever has
// it finds a tail that was cut, and a history that was written anew, also where the
// checkpoints in the database were taken away with it.
func SignHeads(tx *db.Tx, signer note.Signer) (string, error) {
	var text strings.Builder
	fmt.Fprintf(&text, "%s\n%s\n", headsTitle, tx.Now().UTC().Format(time.RFC3339))
	err := tx.Each(`SELECT a.chain, a.seq, a.hash FROM audit a JOIN (SELECT chain AS c, MAX(seq) AS s FROM audit GROUP BY chain) m ON a.chain = m.c AND a.seq = m.s ORDER BY a.chain`, nil, func(rows *sql.Rows) error {
		var h Carried
		var hash []byte
		if err := rows.Scan(&h.Chain, &h.Seq, &hash); err != nil {
			return err
		}
		fmt.Fprintf(&text, "%s %d %x\n", h.Chain, h.Seq, hash)
		return nil
	})
	if err != nil {
		return "", err
	}
	signed, err := note.Sign(&note.Note{Text: text.String()}, signer)
	return string(signed), err
}

// ReadHeads reads a text of SignHeads, alone or within a mail; what was not signed by
// verifier is refused.
func ReadHeads(text string, verifier note.Verifier) ([]Carried, error) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if i := strings.Index(text, headsTitle+"\n"); i > 0 {
		text = text[i:]
	}
	if i := strings.Index(text, "\n\n— "); i > 0 {
		if j := strings.Index(text[i+2:], "\n"); j > 0 {
			text = text[:i+2+j+1]
		}
	}
	n, err := note.Open([]byte(text), note.VerifierList(verifier))
	if err != nil {
		return nil, errs.Wrap(err, errs.Invalid, "error.audit-heads")
	}
	lines := bufio.NewScanner(strings.NewReader(n.Text))
	if !lines.Scan() || lines.Text() != headsTitle || !lines.Scan() {
		return nil, errs.New(errs.Invalid, "error.audit-heads")
	}
	var out []Carried
	for lines.Scan() {
		var h Carried
		if k, err := fmt.Sscanf(lines.Text(), "%s %d %s", &h.Chain, &h.Seq, &h.Hash); k != 3 || err != nil {
			return nil, errs.New(errs.Invalid, "error.audit-heads")
		}
		if _, err := hex.DecodeString(h.Hash); err != nil {
			return nil, errs.New(errs.Invalid, "error.audit-heads")
		}
		out = append(out, h)
	}
	return out, nil
}

// VerifyAgainst is Verify, and holds the chains against heads that were kept elsewhere.
func VerifyAgainst(ctx context.Context, d *db.DB, verifier note.Verifier, carried []Carried) (Report, error) {
	rep, err := Verify(ctx, d, verifier)
	if err != nil || len(carried) == 0 {
		return rep, err
	}
	var more []Fault
	err = d.Read(ctx, func(tx *db.Tx) error {
		more = nil
		for _, h := range carried {
			var hash []byte
			err := tx.QueryRow(`SELECT hash FROM audit WHERE chain = $1 AND seq = $2`, []any{h.Chain, h.Seq}, &hash)
			switch {
			case errs.KindOf(err) == errs.NotFound:
				more = append(more, Fault{h.Chain, h.Seq, "cut"})
			case err != nil:
				return err
			case hex.EncodeToString(hash) != h.Hash:
				more = append(more, Fault{h.Chain, h.Seq, "checkpoint"})
			}
		}
		return nil
	})
	rep.Faults = append(rep.Faults, more...)
	return rep, err
}
