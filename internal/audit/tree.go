package audit

import (
	"bytes"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"prasan/internal/db"
	"prasan/internal/errs"
)

// Proof shows offline that lines stand in the chains of an installation: each chain is
// the leaves of a hash tree (RFC 9162) whose root is signed, and each line comes with
// its path to that root. What is between the lines is not told.
type Proof struct {
	Trees       []Tree             `json:"trees"`
	Lines       []ProvenLine       `json:"lines"`
	Checkpoints []ProvenCheckpoint `json:"checkpoints"`
	LeftOut     int64              `json:"left_out"` // lines of the scope beyond the limit, the oldest
}

// Tree is the signed state of a chain.
type Tree struct {
	Chain string `json:"chain"`
	Size  int64  `json:"size"`
	Note  string `json:"note"`
}

// ProvenLine is a line with the hash of the one before it and its path.
type ProvenLine struct {
	Chain  string           `json:"chain"`
	Seq    int64            `json:"seq"`
	Micros int64            `json:"at_us"`
	Actor  string           `json:"actor"`
	Action string           `json:"action"`
	Object string           `json:"object"`
	Body   string           `json:"body"`
	Prev   []byte           `json:"prev"`
	Path   tlog.RecordProof `json:"path"`
}

// ProvenCheckpoint is a checkpoint that was signed at its time, and where it stands.
type ProvenCheckpoint struct {
	Chain string           `json:"chain"`
	Seq   int64            `json:"seq"`
	Note  string           `json:"note"`
	Path  tlog.RecordProof `json:"path"`
}

// ProofScope says which lines are proven.
type ProofScope struct {
	From, To time.Time
	Skip     []string // areas of actions that stay out
	Limit    int      // of lines
}

func (s ProofScope) has(l *Line) bool {
	if l.At.Before(s.From) || !l.At.Before(s.To) {
		return false
	}
	area, _, _ := strings.Cut(l.Action, ".")
	for _, skip := range s.Skip {
		if skip == area || skip == l.Action {
			return false
		}
	}
	return true
}

// growing is a tree under construction in memory: 64 bytes a line.
type growing struct {
	hashes []tlog.Hash
	size   int64
}

func (g *growing) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(g.hashes)) {
			return nil, fmt.Errorf("no hash %d", x)
		}
		out[i] = g.hashes[x]
	}
	return out, nil
}

func (g *growing) add(leaf []byte) error {
	more, err := tlog.StoredHashesForRecordHash(g.size, tlog.RecordHash(leaf), g)
	g.hashes = append(g.hashes, more...)
	g.size++
	return err
}

// treeText is what is signed of a tree.
func treeText(chain string, size int64, root tlog.Hash) string {
	return fmt.Sprintf("prasan/audit-tree\n%s\n%d\n%x\n", chain, size, root[:])
}

// Prove reads all chains once and proves the lines of a scope and every checkpoint.
func Prove(tx *db.Tx, signer note.Signer, scope ProofScope) (Proof, error) {
	p := Proof{Trees: []Tree{}, Lines: []ProvenLine{}, Checkpoints: []ProvenCheckpoint{}}
	if err := tx.Each(`SELECT chain, seq, note FROM audit_checkpoints ORDER BY chain, seq`, nil, func(rows *sql.Rows) error {
		var c ProvenCheckpoint
		err := rows.Scan(&c.Chain, &c.Seq, &c.Note)
		p.Checkpoints = append(p.Checkpoints, c)
		return err
	}); err != nil {
		return p, err
	}
	trees := map[string]*growing{}
	var prev head
	chain := ""
	err := tx.Each(`SELECT `+columns+` FROM audit ORDER BY chain, seq`, nil, func(rows *sql.Rows) error {
		l, err := scanLine(rows)
		if err != nil {
			return err
		}
		if l.Chain != chain {
			chain, prev = l.Chain, head{}
			trees[chain] = &growing{}
		}
		if l.Seq != prev.seq+1 || !bytes.Equal(l.Hash, l.sum(prev.hash)) {
			return errs.New(errs.Conflict, "error.audit-broken", "chain", l.Chain, "seq", prev.seq+1)
		}
		if scope.has(&l) {
			p.Lines = append(p.Lines, ProvenLine{Chain: l.Chain, Seq: l.Seq, Micros: db.Micros(l.At), Actor: l.Actor, Action: l.Action, Object: l.Object, Body: l.Body, Prev: prev.hash})
			if over := len(p.Lines) - scope.Limit; scope.Limit > 0 && over > scope.Limit/4 { // the newest count most
				p.Lines = append(p.Lines[:0:0], p.Lines[over:]...)
				p.LeftOut += int64(over)
			}
		}
		prev = head{l.Seq, l.Hash}
		return trees[chain].add(l.Hash)
	})
	if err != nil {
		return p, err
	}
	if over := len(p.Lines) - scope.Limit; scope.Limit > 0 && over > 0 {
		p.Lines, p.LeftOut = p.Lines[over:], p.LeftOut+int64(over)
	}
	return p, p.sign(signer, trees)
}

func (p *Proof) sign(signer note.Signer, trees map[string]*growing) error {
	for chain, t := range trees {
		root, err := tlog.TreeHash(t.size, t)
		if err != nil {
			return err
		}
		text, err := note.Sign(&note.Note{Text: treeText(chain, t.size, root)}, signer)
		if err != nil {
			return err
		}
		p.Trees = append(p.Trees, Tree{chain, t.size, string(text)})
	}
	for i := range p.Lines {
		l := &p.Lines[i]
		path, err := tlog.ProveRecord(trees[l.Chain].size, l.Seq-1, trees[l.Chain])
		if err != nil {
			return err
		}
		l.Path = path
	}
	for i := range p.Checkpoints {
		c := &p.Checkpoints[i]
		t := trees[c.Chain]
		if t == nil || c.Seq > t.size {
			return errs.New(errs.Conflict, "error.audit-broken", "chain", c.Chain, "seq", c.Seq)
		}
		path, err := tlog.ProveRecord(t.size, c.Seq-1, t)
		if err != nil {
			return err
		}
		c.Path = path
	}
	return nil
}

// Check verifies a proof without the installation, by its key alone.
func (p *Proof) Check(verifier note.Verifier) []string {
	var faults []string
	roots, sizes := map[string]tlog.Hash{}, map[string]int64{}
	known := note.VerifierList(verifier)
	for _, t := range p.Trees {
		n, err := note.Open([]byte(t.Note), known)
		root, size, ok := "", int64(0), false
		if err == nil {
			root, size, ok = parseTree(n.Text, t.Chain)
		}
		var h tlog.Hash
		if !ok || size != t.Size || unhex(root, h[:]) != nil {
			faults = append(faults, "the signed state of the audit chain "+t.Chain+" is not as it was signed")
			continue
		}
		roots[t.Chain], sizes[t.Chain] = h, size
	}
	for i := range p.Lines {
		x := &p.Lines[i]
		l := Line{Chain: x.Chain, Seq: x.Seq, At: db.Time(x.Micros), Actor: x.Actor, Action: x.Action, Object: x.Object, Body: x.Body}
		if tlog.CheckRecord(x.Path, sizes[x.Chain], roots[x.Chain], x.Seq-1, tlog.RecordHash(l.sum(x.Prev))) != nil {
			faults = append(faults, "line "+x.Chain+" "+strconv.FormatInt(x.Seq, 10)+" does not stand in its chain")
		}
	}
	for i := range p.Checkpoints {
		c := &p.Checkpoints[i]
		if !c.stands(known, sizes[c.Chain], roots[c.Chain]) {
			faults = append(faults, "the checkpoint "+c.Chain+" "+strconv.FormatInt(c.Seq, 10)+" is not of this chain")
		}
	}
	return faults
}

func (c *ProvenCheckpoint) stands(known note.Verifiers, size int64, root tlog.Hash) bool {
	n, err := note.Open([]byte(c.Note), known)
	if err != nil {
		return false
	}
	var chain, hash string
	var seq int64
	if _, err := fmt.Sscanf(n.Text, "prasan/audit\n%s\n%d\n%s\n", &chain, &seq, &hash); err != nil || chain != c.Chain || seq != c.Seq {
		return false
	}
	line := make([]byte, 32)
	return unhex(hash, line) == nil && tlog.CheckRecord(c.Path, size, root, seq-1, tlog.RecordHash(line)) == nil
}

func parseTree(text, chain string) (root string, size int64, ok bool) {
	var name string
	_, err := fmt.Sscanf(text, "prasan/audit-tree\n%s\n%d\n%s\n", &name, &size, &root)
	return root, size, err == nil && name == chain
}

// unhex fills into with what the digits say, all of it.
func unhex(text string, into []byte) error {
	raw, err := hex.DecodeString(text)
	if err == nil && len(raw) != len(into) {
		err = hex.ErrLength
	}
	copy(into, raw)
	return err
}
