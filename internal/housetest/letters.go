package housetest

import (
	"context"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/letters"
	"prasan/internal/limits"
	"prasan/internal/org"
	"prasan/internal/policy"
)

// Correspond gives the house its agencies, the people who write letters, and letters.
func (h *House) Correspond() (*letters.Service, *org.Directory) {
	h.T.Helper()
	ctx := context.Background()
	h.Record.Duties[policy.DutyClassify] = []policy.Principal{{Kind: policy.HeadOrDelegate}, {Kind: policy.DPO}}
	from, to := dbtest.Start.AddDate(-1, 0, 0), dbtest.Start.AddDate(20, 0, 0)
	Must(h.T, h.Engine.DB.InTx(ctx, func(tx *db.Tx) error {
		if err := org.Put(tx, org.Bodies("industry.test")); err != nil {
			return err
		}
		for name, agency := range map[string]string{Head.Account: Agency, Officer.Account: Agency, Registrar.Account: Agency, DPO.Account: "ops", "head-ops": "ops"} {
			if _, err := tx.Exec(`INSERT INTO accounts (name, display_th, display_en, person, email, agency, roles, password_hash, must_change, created_at) VALUES ($1, $2, $3, '', '', $4, '[]', '', FALSE, 0)`, name, "นาย"+name, name, agency); err != nil {
				return err
			}
		}
		for account, agency := range map[string]string{Head.Account: Agency, "head-ops": "ops"} {
			if err := org.PutHead(tx, org.Headship{Agency: agency, Account: account, Capacity: "head", From: from, To: to}); err != nil {
				return err
			}
		}
		return nil
	}))
	dir, err := org.NewDirectory(ctx, h.Engine.DB)
	Must(h.T, err)
	s := letters.New(letters.Deps{DB: h.Engine.DB, Vault: h.Vault, Processing: h.Processing, Audit: h.Audit, Jobs: h.Jobs, Agencies: dir, Record: func(string) *policy.Snapshot { return h.Record }, Now: h.Engine.Clock.Now,
		VerifyURL: func(code string) string { return "http://" + Site + "/th/letter/" + code }})
	s.Register()
	return s, dir
}

// Sign takes a letter from its draft to its seal, by the heads of the agency; who drew it
// up does not sign it.
func (h *House) Sign(s *letters.Service, id string, head policy.Actor) letters.Letter {
	h.T.Helper()
	ctx := context.Background()
	_, err := s.Check(ctx, head, id)
	Must(h.T, err)
	_, err = s.Approve(ctx, head, id, "")
	Must(h.T, err)
	_, err = s.Number(ctx, head, id, 0)
	Must(h.T, err)
	Must(h.T, s.Seal(ctx, id))
	l, err := s.Get(ctx, head, id)
	Must(h.T, err)
	return l
}

// HeadOfOffice is the head of the Office.
var HeadOfOffice = policy.Actor{Account: "head-ops", Agency: "ops", Roles: []string{"head"}, IsHead: true}

// Limiter is one that counts.
func (h *House) Limiter() *limits.Limiter { return limits.New(h.Vault.Derive("limits"), false) }
