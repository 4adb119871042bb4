package cases

import (
	"context"
	"slices"

	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/processing"
	"prasan/internal/vault"
)

// ReferralStep is what a referral does to its case. Text, where there is one, is sealed
// with the case's key.
type ReferralStep struct {
	Action string // refer, refer-sent, refer-recall, refer-return, refer-reply
	Actor  policy.Actor
	Text   string
	Meta   map[string]string // "agency" names where the case has gone
}

// MayRefer returns a case that the actor may refer.
func (s *Service) MayRefer(ctx context.Context, a policy.Actor, reference string) (Case, error) {
	c, err := s.find(ctx, a, reference)
	if err != nil {
		return Case{}, err
	}
	if !s.mayAct(a, "case.route", &c) {
		return Case{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	return c, nil
}

// KeyOf returns the key with which texts of a case are sealed.
func (s *Service) KeyOf(ctx context.Context, c *Case) (*vault.Subject, error) {
	return s.Vault.Subject(ctx, c.SubjectKey)
}

// Refer applies a step of a referral in the caller's transaction. While the letter has
// not left, the case is parked, and its sender is not told that it has gone.
func (s *Service) Refer(tx *db.Tx, caseID string, step ReferralStep, subject *vault.Subject) (Case, error) {
	return s.applyIn(tx, caseID, change{action: step.Action, actor: step.Actor, text: step.Text, meta: step.Meta, rule: func(tx *db.Tx, c *Case) error {
		switch step.Action {
		case "refer":
			if err := endorsed(tx, c); err != nil {
				return err
			}
			sent, err := everSent(tx, c.ID)
			c.Parked = !sent
			return err
		case "refer-reply":
			return nil
		}
		c.Parked = false
		return nil
	}}, subject)
}

// everSent tells whether a referral of the case has left and was not taken back.
func everSent(tx *db.Tx, caseID string) (bool, error) {
	all, err := events(tx, caseID, false)
	return holderOf(&Case{State: Referred}, all) != "", err
}

// PublishResult tells the sender what the agency has answered: the step that makes an
// answer, private until then, public. also runs in its transaction.
func (s *Service) PublishResult(ctx context.Context, a policy.Actor, reference, text string, meta map[string]string, also func(tx *db.Tx) error) (Case, error) {
	c, err := s.find(ctx, a, reference)
	if err != nil {
		return Case{}, err
	}
	if !s.mayAct(a, "case.work", &c) {
		return Case{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	text, err = cleanMessage("text", text)
	if err != nil {
		return Case{}, err
	}
	post, err := s.post(ctx, a, reference, "answer", text)
	if err != nil {
		return Case{}, err
	}
	return s.act(ctx, a, reference, change{action: "refer-result", text: text, meta: meta, rule: func(tx *db.Tx, c *Case) error {
		c.AnsweredAt, c.Parked, c.ClockLeft = tx.Now(), false, 0
		return nil
	}, after: func(tx *db.Tx, c *Case, e *Event) error {
		if err := s.queue(post)(tx, c, e); err != nil {
			return err
		}
		return also(tx)
	}})
}

// holderOf is the agency that a case was sent to and not taken back from; "" while its
// office holds it. Events come newest first.
func holderOf(c *Case, evs []Event) string {
	if c.State != Referred || c.Parked {
		return ""
	}
	i := slices.IndexFunc(evs, func(e Event) bool {
		return e.Kind == "refer-sent" || e.Kind == "refer-return" || e.Kind == "refer-recall"
	})
	if i < 0 || evs[i].Kind != "refer-sent" {
		return ""
	}
	return evs[i].Meta["agency"]
}

// Known returns a case that the actor may know of, with nothing of it opened.
func (s *Service) Known(ctx context.Context, a policy.Actor, reference string) (Case, error) {
	return s.find(ctx, a, reference)
}

// FilesToSend are the files of a case with their names and keys, for a letter that takes
// them along; the opening is logged as a sending.
func (s *Service) FilesToSend(ctx context.Context, caseID string) ([]Staged, error) {
	c, err := s.byID(ctx, caseID)
	if err != nil {
		return nil, err
	}
	var files []stored
	if err := s.DB.Read(ctx, func(tx *db.Tx) (err error) { files, err = attachments(tx, caseID); return err }); err != nil || len(files) == 0 {
		return nil, err
	}
	var items []vault.Sealed
	for i := range files {
		items = append(items, files[i].sealedName(&c), files[i].sealedKey(&c))
	}
	plain, err := s.Processing.Send(ctx, processing.Request{Activity: Activity, Purpose: "receive_and_forward", Items: items, Detail: "referral"})
	if err != nil {
		return nil, err
	}
	out := make([]Staged, len(files))
	for i, f := range files {
		out[i] = Staged{ID: f.blob, Key: plain[2*i+1], Name: string(plain[2*i]), Type: f.Type, Size: f.Size}
	}
	return out, nil
}
