// Package audit keeps an append-only chain of what was done. Each line carries the
// hash of the one before, so that an edit, a deletion, a reordering or a cut tail is
// found by Verify. Every writer of the database has a chain of its own; checkpoints
// sign the heads so that they can be kept elsewhere.
package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/mod/sumdb/note"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// Event is one line: who did what to which object. Body holds no personal data.
type Event struct {
	Actor  string
	Action string
	Object string
	Body   any
}

// Line is a stored event.
type Line struct {
	Chain  string
	Seq    int64
	At     time.Time
	Actor  string
	Action string
	Object string
	Body   string
	Hash   []byte
}

// Log appends to the chains of one node.
type Log struct{ node string }

// New returns the log of a node; node is unique among the nodes of a database.
func New(node string) *Log { return &Log{node} }

// words are the entries of a body that hold what somebody wrote.
var words = []string{"text", "reason", "reasons", "note"}

// Bare is the body of a matter's event without what somebody wrote: that is kept with the
// matter and ends with it, while a line of the chain has no end.
func Bare(body map[string]string) map[string]string {
	out := make(map[string]string, len(body))
	for k, v := range body {
		if !slices.Contains(words, k) {
			out[k] = v
		}
	}
	return out
}

type headKey struct{}

type head struct {
	seq  int64
	hash []byte
}

// Append adds e to the chain of the transaction's writer.
func (l *Log) Append(tx *db.Tx, e Event) error {
	chain := l.node + "." + strconv.Itoa(tx.Lane())
	h, err := current(tx, chain)
	if err != nil {
		return err
	}
	body, err := json.Marshal(e.Body)
	if err != nil {
		return err
	}
	if e.Body == nil {
		body = []byte("{}")
	}
	line := Line{Chain: chain, Seq: h.seq + 1, At: tx.Now(), Actor: e.Actor, Action: e.Action, Object: e.Object, Body: string(body)}
	line.Hash = line.sum(h.hash)
	_, err = tx.Exec(`INSERT INTO audit (chain, seq, at, actor, action, object, body, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		line.Chain, line.Seq, db.Micros(line.At), line.Actor, line.Action, line.Object, line.Body, line.Hash)
	if err == nil {
		tx.SetMemo(headKey{}, head{line.Seq, line.Hash})
	}
	return err
}

// current is the chain's head: remembered within a commit, else read.
func current(tx *db.Tx, chain string) (head, error) {
	if v, ok := tx.Memo(headKey{}); ok {
		return v.(head), nil
	}
	var h head
	err := tx.QueryRow(`SELECT seq, hash FROM audit WHERE chain = $1 ORDER BY seq DESC LIMIT 1`, []any{chain}, &h.seq, &h.hash)
	if errs.KindOf(err) == errs.NotFound {
		return head{}, nil
	}
	return h, err
}

// sum is SHA-256 over the previous hash and each field with its length before it, so
// that no two lines have the same encoding.
func (l Line) sum(prev []byte) []byte {
	h := sha256.New()
	field := func(b []byte) {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		h.Write(n[:])
		h.Write(b)
	}
	field(prev)
	field([]byte(l.Chain))
	field(strconv.AppendInt(nil, l.Seq, 10))
	field(strconv.AppendInt(nil, db.Micros(l.At), 10))
	for _, s := range []string{l.Actor, l.Action, l.Object, l.Body} {
		field([]byte(s))
	}
	return h.Sum(nil)
}

// Fault is a place where a chain is not what was written.
type Fault struct {
	Chain string `json:"chain"`
	Seq   int64  `json:"seq"`
	What  string `json:"what"` // altered | missing | cut | checkpoint
}

// Report is the outcome of Verify.
type Report struct {
	Chains int     `json:"chains"`
	Lines  int64   `json:"lines"`
	Faults []Fault `json:"faults"`
}

// Verify reads all chains and checkpoints. verifier may be nil: then checkpoints are
// compared but their signatures are not.
func Verify(ctx context.Context, d *db.DB, verifier note.Verifier) (Report, error) {
	rep, _, err := VerifyFrom(ctx, d, verifier, nil)
	return rep, err
}

// Head is how far a chain was verified.
type Head struct {
	Seq  int64  `json:"seq"`
	Hash []byte `json:"hash"`
}

// VerifyFrom is Verify of what follows the heads of an earlier one, which must still be
// there; without them it reads all. It returns the heads to which it came.
func VerifyFrom(ctx context.Context, d *db.DB, verifier note.Verifier, from map[string]Head) (Report, map[string]Head, error) {
	var rep Report
	var heads map[string]map[int64]string
	var came map[string]Head
	err := d.Read(ctx, func(tx *db.Tx) error {
		rep, heads, came = Report{Faults: []Fault{}}, map[string]map[int64]string{}, map[string]Head{}
		if err := checkpoints(tx, verifier, from, heads, &rep); err != nil {
			return err
		}
		if from == nil {
			return lines(tx, "", nil, "", nil, heads, came, &rep)
		}
		return further(tx, from, heads, came, &rep)
	})
	for chain, at := range heads {
		for seq := range at {
			rep.Faults = append(rep.Faults, Fault{chain, seq, "cut"})
		}
	}
	return rep, came, err
}

// further verifies, chain by chain, what follows the heads.
func further(tx *db.Tx, from map[string]Head, heads map[string]map[int64]string, came map[string]Head, rep *Report) error {
	for after := ""; ; {
		var chain sql.NullString
		if err := tx.QueryRow(`SELECT MIN(chain) FROM audit WHERE chain > $1`, []any{after}, &chain); err != nil {
			return err
		}
		if !chain.Valid {
			break
		}
		after = chain.String
		known := from[chain.String]
		if known.Seq > 0 {
			var hash []byte
			err := tx.QueryRow(`SELECT hash FROM audit WHERE chain = $1 AND seq = $2`, []any{chain.String, known.Seq}, &hash)
			if err != nil && errs.KindOf(err) != errs.NotFound {
				return err
			}
			if !bytes.Equal(hash, known.Hash) {
				rep.Faults = append(rep.Faults, Fault{chain.String, known.Seq, "altered"})
			}
			came[chain.String] = known
		}
		if err := lines(tx, ` WHERE chain = $1 AND seq > $2`, []any{chain.String, known.Seq}, chain.String, &head{known.Seq, known.Hash}, heads, came, rep); err != nil {
			return err
		}
	}
	for chain, h := range from {
		if _, there := came[chain]; !there {
			rep.Faults = append(rep.Faults, Fault{chain, h.Seq, "cut"})
		}
	}
	return nil
}

// columns are what scanLine reads.
const columns = "chain, seq, at, actor, action, object, body, hash"

func scanLine(rows *sql.Rows) (l Line, err error) {
	var at int64
	err = rows.Scan(&l.Chain, &l.Seq, &at, &l.Actor, &l.Action, &l.Object, &l.Body, &l.Hash)
	l.At = db.Time(at)
	return l, err
}

// lines reads lines in order. start is the line before the first of them, in chain.
func lines(tx *db.Tx, where string, args []any, chain string, start *head, heads map[string]map[int64]string, came map[string]Head, rep *Report) error {
	var prev head
	if start != nil {
		prev = *start
		rep.Chains++
	}
	return tx.Each(`SELECT `+columns+` FROM audit`+where+` ORDER BY chain, seq`, args, func(rows *sql.Rows) error {
		l, err := scanLine(rows)
		if err != nil {
			return err
		}
		if l.Chain != chain {
			chain, prev = l.Chain, head{}
			rep.Chains++
		}
		rep.Lines++
		switch {
		case l.Seq != prev.seq+1:
			rep.Faults = append(rep.Faults, Fault{chain, prev.seq + 1, "missing"})
		case !bytes.Equal(l.Hash, l.sum(prev.hash)):
			rep.Faults = append(rep.Faults, Fault{chain, l.Seq, "altered"})
		}
		if want, ok := heads[chain][l.Seq]; ok {
			if want != hex.EncodeToString(l.Hash) {
				rep.Faults = append(rep.Faults, Fault{chain, l.Seq, "checkpoint"})
			}
			delete(heads[chain], l.Seq)
		}
		prev = head{l.Seq, l.Hash}
		came[chain] = Head{l.Seq, l.Hash}
		return nil
	})
}

func checkpoints(tx *db.Tx, verifier note.Verifier, from map[string]Head, heads map[string]map[int64]string, rep *Report) error {
	return tx.Each(`SELECT chain, seq, note FROM audit_checkpoints`, nil, func(rows *sql.Rows) error {
		var chain, text string
		var seq int64
		if err := rows.Scan(&chain, &seq, &text); err != nil {
			return err
		}
		if seq <= from[chain].Seq {
			return nil // compared when the chain was verified up to there
		}
		if verifier != nil {
			if _, err := note.Open([]byte(text), note.VerifierList(verifier)); err != nil {
				rep.Faults = append(rep.Faults, Fault{chain, seq, "checkpoint"})
			}
		}
		var name, hash string
		var at int64
		if _, err := fmt.Sscanf(text, "prasan/audit\n%s\n%d\n%s\n", &name, &at, &hash); err == nil {
			if heads[chain] == nil {
				heads[chain] = map[int64]string{}
			}
			heads[chain][seq] = hash
		}
		return nil
	})
}

// Checkpoint signs the head of each chain (golang.org/x/mod/sumdb/note, Ed25519).
func Checkpoint(tx *db.Tx, signer note.Signer) (int, error) {
	var heads []Line
	err := tx.Each(`SELECT a.chain, a.seq, a.hash FROM audit a JOIN (SELECT chain AS c, MAX(seq) AS s FROM audit GROUP BY chain) m ON a.chain = m.c AND a.seq = m.s`, nil, func(rows *sql.Rows) error {
		var l Line
		heads = append(heads, l)
		last := &heads[len(heads)-1]
		return rows.Scan(&last.Chain, &last.Seq, &last.Hash)
	})
	if err != nil {
		return 0, err
	}
	for _, l := range heads {
		text, err := note.Sign(&note.Note{Text: fmt.Sprintf("prasan/audit\n%s\n%d\n%x\n", l.Chain, l.Seq, l.Hash)}, signer)
		if err != nil {
			return 0, err
		}
		if _, err := tx.Exec(`INSERT INTO audit_checkpoints (chain, seq, at, note) VALUES ($1, $2, $3, $4) ON CONFLICT (chain, seq) DO NOTHING`, l.Chain, l.Seq, db.Micros(tx.Now()), string(text)); err != nil {
			return 0, err
		}
	}
	return len(heads), nil
}

// Filter narrows a listing.
type Filter struct {
	Actor, Object string
	Area          string    // the first word of the action: "data", "case", "account"
	Before        time.Time // exclusive; zero: from the newest
	After         *Line     // the last line of the page before: At, Chain and Seq
	Limit         int
}

// List returns lines, newest first.
func List(tx *db.Tx, f Filter) ([]Line, error) {
	where, args := "at < $1", []any{db.Micros(f.Before)}
	if f.Before.IsZero() {
		args[0] = int64(1) << 62
	}
	for _, c := range []struct{ column, value string }{{"actor", f.Actor}, {"object", f.Object}} {
		if c.value != "" {
			args = append(args, c.value)
			where += fmt.Sprintf(" AND %s = $%d", c.column, len(args))
		}
	}
	if f.Area != "" {
		args = append(args, f.Area+".%")
		where += fmt.Sprintf(" AND action LIKE $%d", len(args))
	}
	if f.After != nil {
		at, n := db.Micros(f.After.At), len(args)
		args = append(args, at, at, f.After.Chain, f.After.Chain, f.After.Seq)
		where += fmt.Sprintf(" AND (at < $%d OR (at = $%d AND (chain > $%d OR (chain = $%d AND seq < $%d))))", n+1, n+2, n+3, n+4, n+5)
	}
	args = append(args, f.Limit)
	var out []Line
	err := tx.Each(fmt.Sprintf(`SELECT `+columns+` FROM audit WHERE %s ORDER BY at DESC, chain, seq DESC LIMIT $%d`, where, len(args)), args, func(rows *sql.Rows) error {
		l, err := scanLine(rows)
		if err != nil {
			return err
		}
		out = append(out, l)
		return nil
	})
	return out, err
}
