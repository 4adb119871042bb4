package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"prasan/internal/audit"
)

// Report is the outcome of Verify.
type Report struct {
	Manifest Manifest `json:"manifest"`
	Faults   []string `json:"faults"`
}

// Verify checks a package without the installation: the signature over all of it, each
// file against the manifest, the chain of the register's revisions, and that the lines
// of the audit stand in the chains whose state was signed. The key in it should be
// compared with the one that the agency has published.
func Verify(data []byte) (Report, error) {
	m, files, faults, err := open(data)
	if err != nil {
		return Report{}, err
	}
	if files != nil {
		faults = append(faults, checkRegister(m, files)...)
		faults = append(faults, checkAudit(m, files)...)
	}
	return Report{m, append([]string{}, faults...)}, nil
}

// chained is a revision as register/chain.json lists it.
type chained struct {
	Activity    string     `json:"activity"`
	N           int        `json:"n"`
	Status      string     `json:"status"`
	SHA256      string     `json:"sha256"`
	PrevSHA256  string     `json:"prev_sha256"`
	PreparedBy  string     `json:"prepared_by"`
	Approvals   []approval `json:"approvals"`
	EffectiveAt string     `json:"effective_at,omitempty"`
	CreatedAt   string     `json:"created_at"`
	File        string     `json:"file"`
}

type approval struct {
	Account string `json:"account"`
	Ground  string `json:"ground"`
	At      string `json:"at"`
}

const chainName = "register/chain.json"

func checkRegister(m Manifest, files map[string][]byte) (faults []string) {
	var list []chained
	if err := json.Unmarshal(files[chainName], &list); err != nil {
		return []string{chainName + " cannot be read"}
	}
	last := map[string]chained{}
	inForce := map[string]string{}
	for _, r := range list {
		sum := sha256.Sum256(files[r.File])
		if hex.EncodeToString(sum[:]) != r.SHA256 {
			faults = append(faults, r.File+" is not the revision that its digest names")
		}
		if before, ok := last[r.Activity]; ok && r.PrevSHA256 != before.SHA256 {
			faults = append(faults, fmt.Sprintf("%s revision %d does not follow from the one before", r.Activity, r.N))
		}
		if last[r.Activity] = r; r.Status == "effective" {
			inForce[r.Activity] = r.SHA256
		}
	}
	for _, x := range m.Register {
		if inForce[x.Activity] != x.SHA256 {
			faults = append(faults, x.Activity+": the revision in force is not in the register")
		}
	}
	return faults
}

const proofName = "audit/proof.json"

func checkAudit(m Manifest, files map[string][]byte) []string {
	var p audit.Proof
	if err := json.Unmarshal(files[proofName], &p); err != nil {
		return []string{proofName + " cannot be read"}
	}
	verifier, err := note.NewVerifier(m.AuditKey)
	if err != nil {
		return []string{"the key of the audit cannot be read"}
	}
	faults := p.Check(verifier)
	// The making of a package is itself a line of the audit, and the last that is proven.
	if !slices.ContainsFunc(p.Lines, func(l audit.ProvenLine) bool {
		return l.Action == actBegin && strings.Contains(l.Body, m.ID)
	}) {
		faults = append(faults, "the audit has no line of the making of this package")
	}
	return faults
}
