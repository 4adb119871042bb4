package referral

import (
	"context"
	"slices"

	"prasan/internal/db"
)

// Holder is what referrals have of a person's data, for his requests (PDPA s.30): to
// whom what of it was disclosed. The letters themselves are records of the state.
type Holder struct{ *Service }

// Find counts the disclosures of a case.
func (h Holder) Find(tx *db.Tx, caseID string) (map[string]int, error) {
	var n int
	err := tx.QueryRow(`SELECT COUNT(*) FROM disclosures WHERE case_id = $1`, []any{caseID}, &n)
	return map[string]int{"disclosures": n}, err
}

// Export lists them for their owner.
func (h Holder) Export(ctx context.Context, caseID string) (any, error) {
	type line struct {
		At      string   `json:"at"`
		To      string   `json:"to"`
		Fields  []string `json:"fields"`
		Purpose string   `json:"purpose"`
		Basis   string   `json:"basis"`
		Letter  string   `json:"letter"`
		After   string   `json:"after,omitempty"` // what the agency has said since: needed, destroyed
	}
	out := []line{}
	err := h.DB.Read(ctx, func(tx *db.Tx) error {
		all, err := disclosures(tx, `case_id = $1 ORDER BY id`, caseID)
		if err != nil {
			return err
		}
		after, err := outcomes(tx, caseID)
		out = out[:0]
		for _, d := range all {
			to, _ := h.Agencies.Get(d.To)
			out = append(out, line{d.At.Format("2006-01-02T15:04:05Z07:00"), to.Name.TH, d.Elements, d.Purpose, d.Basis, d.LetterNumber, after[d.Referral]})
		}
		return err
	})
	return out, err
}

// Recipients are the agencies to which a case was disclosed, in the order of the log.
func Recipients(tx *db.Tx, caseID string) ([]string, error) {
	all, err := disclosures(tx, `case_id = $1 ORDER BY id`, caseID)
	var out []string
	for _, d := range all {
		if !slices.Contains(out, d.To) {
			out = append(out, d.To)
		}
	}
	return out, err
}

// outcomes are the last answers to follow-ups, by referral.
func outcomes(tx *db.Tx, caseID string) (map[string]string, error) {
	out := map[string]string{}
	all, err := followUps(tx, `case_id = $1 AND state = 'answered' ORDER BY round`, caseID)
	for _, f := range all {
		out[f.Referral] = f.Outcome
	}
	return out, err
}
