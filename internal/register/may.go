package register

import (
	"slices"

	"prasan/internal/policy"
)

// May lists the actions of the table that a person may take on a revision as it stands,
// so that a page offers nothing that would be refused.
func (s *Store) May(by policy.Actor, r Revision, body string) []string {
	prepares := policy.May(by, "record.prepare", "")
	moves := s.mayMove(by, &r, body) == nil
	signed := slices.ContainsFunc(r.Approvals, func(a Approval) bool { return a.Account == by.Account })
	judge, err := s.judge(&r, body)
	signs := err == nil && !signed && judge.MayDo(by, policy.DutyReview).Allowed
	allowed := map[string]bool{"draft": prepares, "submit": prepares, "withdraw": prepares, "return": moves, "enact": moves, "approve": signs}
	var out []string
	for _, t := range Transitions {
		if t.From == r.Status && allowed[t.Action] && !slices.Contains(out, t.Action) {
			out = append(out, t.Action)
		}
	}
	return out
}
