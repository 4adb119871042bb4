package register

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/policy"
	"prasan/internal/ropa"
)

// States of a revision. Only a draft can be changed; what is submitted is approved, or
// given back, as it stands.
const (
	Draft      = "draft"      // ฉบับร่าง
	Review     = "review"     // รออนุมัติ
	Approved   = "approved"   // อนุมัติแล้ว
	Effective  = "effective"  // มีผลใช้บังคับ
	Superseded = "superseded" // ถูกแทนที่
)

// Transition is one step of a revision's life, for the rules and the docs.
type Transition struct{ Action, From, To, By string }

// Transitions are all of them. An activity has at most one revision that is on its way.
var Transitions = []Transition{
	{"draft", "", Draft, "who may prepare the record"},
	{"draft", Draft, Draft, "who may prepare the record"},
	{"withdraw", Draft, "", "who may prepare the record"},
	{"submit", Draft, Review, "who may prepare the record"},
	{"return", Review, Draft, "a holder of the duty of row 31, or who may prepare it"},
	{"return", Approved, Draft, "a holder of the duty of row 31, or who may prepare it"},
	{"approve", Review, Review, "the first of two holders of the duty of row 31"},
	{"approve", Review, Approved, "the second of two holders of the duty of row 31"},
	{"enact", Approved, Effective, "a holder of the duty of row 31, or who may prepare it"},
	{"supersede", Effective, Superseded, "the next revision that becomes effective"},
}

// approvers is how many different people approve a revision.
const approvers = 2

// Draft stores a draft of an activity, or replaces the one that there is. It may be
// incomplete; it must be readable.
func (s *Store) Draft(ctx context.Context, by policy.Actor, body []byte) (rev Revision, err error) {
	parsed, err := ropa.Parse(body)
	if err != nil {
		return Revision{}, errs.Wrap(err, errs.Invalid, "error.record-unreadable", "reason", err.Error())
	}
	if !policy.May(by, "record.prepare", "") {
		return Revision{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		if rev, err = s.putDraft(tx, *parsed, by.Account); err != nil {
			return err
		}
		return s.note(tx, by.Account, "record.draft", rev, nil)
	})
	return rev, err
}

// putDraft gives the revision its number and its place in the chain, which are part of
// the text that its digest covers.
func (s *Store) putDraft(tx *db.Tx, rev ropa.Revision, by string) (Revision, error) {
	all, err := list(tx, rev.Code)
	if err != nil {
		return Revision{}, err
	}
	var open *Revision
	if len(all) > 0 && all[0].Status != Effective && all[0].Status != Superseded {
		open, all = &all[0], all[1:]
	}
	if open != nil && open.Status != Draft {
		return Revision{}, errs.New(errs.Conflict, "error.record-open", "n", open.N)
	}
	out := Revision{ID: db.NewID(), Activity: rev.Code, N: 1, Status: Draft, PreparedBy: by, CreatedAt: tx.Now()}
	if len(all) > 0 {
		if isStale(&rev, all[0], open) {
			return Revision{}, errs.New(errs.Conflict, "error.record-stale", "n", all[0].N)
		}
		out.N, out.PrevSHA256 = all[0].N+1, all[0].SHA256
	}
	rev.Number, rev.PrevSHA256 = out.N, out.PrevSHA256
	text, err := ropa.Marshal(&rev)
	if err != nil {
		return Revision{}, err
	}
	out.SHA256 = digest(text)
	if open != nil {
		out.ID, out.CreatedAt = open.ID, open.CreatedAt
		_, err = tx.Exec(`UPDATE revisions SET body = $1, sha256 = $2, prev_sha256 = $3, prepared_by = $4, approvals = '[]' WHERE id = $5 AND status = 'draft'`, string(text), out.SHA256, out.PrevSHA256, by, out.ID)
	} else {
		_, err = tx.Exec(`INSERT INTO revisions (id, activity, n, status, body, sha256, prev_sha256, prepared_by, approvals, effective_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, '[]', 0, $9)`,
			out.ID, out.Activity, out.N, Draft, string(text), out.SHA256, out.PrevSHA256, by, db.Micros(out.CreatedAt))
	}
	return out, err
}

// isStale tells whether a file was made from a revision that is no longer the latest:
// what somebody else changed meanwhile would be undone without a word.
func isStale(rev *ropa.Revision, latest Revision, open *Revision) bool {
	known := []string{"", latest.SHA256, latest.PrevSHA256}
	if open != nil {
		known = append(known, open.PrevSHA256)
	}
	return !slices.Contains(known, rev.PrevSHA256)
}

func (s *Store) note(tx *db.Tx, by, action string, r Revision, more map[string]any) error {
	body := map[string]any{"n": r.N, "sha256": r.SHA256}
	for k, v := range more {
		body[k] = v
	}
	return s.audit.Append(tx, audit.Event{Actor: by, Action: action, Object: "record:" + r.Activity, Body: body})
}

// change moves a revision by an action of the table and returns it as it was and is.
func (s *Store) change(ctx context.Context, activity string, n int, act func(tx *db.Tx, r *Revision, body string) error) (rev Revision, err error) {
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		var body string
		rev, err = one(tx, activity, n, &body)
		if err != nil {
			return err
		}
		was := rev.Status
		if err := act(tx, &rev, body); err != nil {
			return err
		}
		text, err := json.Marshal(rev.Approvals)
		if err != nil {
			return err
		}
		changed, err := tx.Exec(`UPDATE revisions SET status = $1, approvals = $2, effective_at = $3 WHERE id = $4 AND status = $5`, rev.Status, string(text), db.Micros(rev.EffectiveAt), rev.ID, was)
		if err == nil && changed == 0 {
			return errs.New(errs.Conflict, "error.conflict")
		}
		return err
	})
	return rev, err
}

func one(tx *db.Tx, activity string, n int, body *string) (Revision, error) {
	r, err := scan(func(dest ...any) error {
		return tx.QueryRow(`SELECT `+columns+`, body FROM revisions WHERE activity = $1 AND n = $2`, []any{activity, n}, dest...)
	}, body)
	if errors.Is(err, sql.ErrNoRows) {
		return r, errs.New(errs.NotFound, "error.record-unknown", "activity", activity, "n", n)
	}
	return r, err
}

// step refuses what the table does not have.
func (r *Revision) step(action, to string) error {
	if !slices.ContainsFunc(Transitions, func(t Transition) bool { return t.Action == action && t.From == r.Status && t.To == to }) {
		return errs.New(errs.Conflict, "error.record-transition", "action", action, "state", r.Status)
	}
	r.Status = to
	return nil
}

// Submit gives a draft to its approvers. From here on it does not change; it must
// compile, and must not lock anybody out.
func (s *Store) Submit(ctx context.Context, by policy.Actor, activity string, n int) (Revision, error) {
	if !policy.May(by, "record.prepare", "") {
		return Revision{}, errs.New(errs.Forbidden, "error.forbidden")
	}
	world, err := s.world(ctx, activity)
	if err != nil {
		return Revision{}, err
	}
	return s.change(ctx, activity, n, func(tx *db.Tx, r *Revision, body string) error { return s.submit(tx, by.Account, r, body, world) })
}

func (s *Store) submit(tx *db.Tx, by string, r *Revision, body string, world World) error {
	if err := r.step("submit", Review); err != nil {
		return err
	}
	if err := s.holds(r, body, world); err != nil {
		return err
	}
	return s.note(tx, by, "record.submit", *r, nil)
}

// holds refuses a revision that does not compile, or that would lock people out.
func (s *Store) holds(r *Revision, body string, world World) error {
	next, err := compile([]byte(body), r.SHA256)
	if err != nil {
		return errs.Wrap(err, errs.Invalid, "error.record-incomplete", "reason", err.Error())
	}
	if holds := guard(next, world); len(holds) > 0 {
		return errs.New(errs.Invalid, holds[0].Key, holds[0].Args...)
	}
	return nil
}

// judge is the snapshot that says who approves: the one in force, or for a first
// revision the new one.
func (s *Store) judge(r *Revision, body string) (*policy.Snapshot, error) {
	if snap := s.Snapshot(r.Activity); snap != nil {
		return snap, nil
	}
	return compile([]byte(body), r.SHA256)
}

// Approve is one duty holder's signature (row 31) on a revision as it stands: sum is
// the digest of what he has read. The second of two different people completes it.
func (s *Store) Approve(ctx context.Context, by policy.Actor, activity string, n int, sum string) (Revision, error) {
	return s.change(ctx, activity, n, func(tx *db.Tx, r *Revision, body string) error {
		if sum != r.SHA256 {
			return errs.New(errs.Conflict, "error.record-other-text")
		}
		return s.approve(tx, by, r, body)
	})
}

func (s *Store) approve(tx *db.Tx, by policy.Actor, r *Revision, body string) error {
	judge, err := s.judge(r, body)
	if err != nil {
		return err
	}
	d := judge.MayDo(by, policy.DutyReview)
	if !d.Allowed {
		return errs.New(errs.Forbidden, "error.not-approver", "account", by.Account)
	}
	if slices.ContainsFunc(r.Approvals, func(a Approval) bool { return a.Account == by.Account }) {
		return errs.New(errs.Forbidden, "error.four-eyes")
	}
	to := Review
	if len(r.Approvals)+1 >= approvers {
		to = Approved
	}
	if err := r.step("approve", to); err != nil {
		return err
	}
	r.Approvals = append(r.Approvals, Approval{Account: by.Account, Ground: d.Ground, At: tx.Now()})
	return s.note(tx, by.Account, "record.approve", *r, map[string]any{"ground": d.Ground})
}

// mayMove tells whether someone prepares the record or holds the duty of its review.
func (s *Store) mayMove(by policy.Actor, r *Revision, body string) error {
	if policy.May(by, "record.prepare", "") {
		return nil
	}
	if judge, err := s.judge(r, body); err == nil && judge.MayDo(by, policy.DutyReview).Allowed {
		return nil
	}
	return errs.New(errs.Forbidden, "error.forbidden")
}

// Return gives a revision back to be changed; approvals that it had are void.
func (s *Store) Return(ctx context.Context, by policy.Actor, activity string, n int, reason string) (Revision, error) {
	if reason == "" {
		return Revision{}, errs.InvalidField("reason", "error.required")
	}
	return s.change(ctx, activity, n, func(tx *db.Tx, r *Revision, body string) error {
		if err := s.mayMove(by, r, body); err != nil {
			return err
		}
		if err := r.step("return", Draft); err != nil {
			return err
		}
		r.Approvals = []Approval{}
		return s.note(tx, by.Account, "record.return", *r, map[string]any{"reason": reason})
	})
}

// Withdraw takes a draft away. Its number is given again; nothing was ever in force
// under it.
func (s *Store) Withdraw(ctx context.Context, by policy.Actor, activity string, n int) error {
	if !policy.May(by, "record.prepare", "") {
		return errs.New(errs.Forbidden, "error.forbidden")
	}
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		var body string
		r, err := one(tx, activity, n, &body)
		if err != nil {
			return err
		}
		if err := r.step("withdraw", ""); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM revisions WHERE id = $1 AND status = 'draft'`, r.ID); err != nil {
			return err
		}
		return s.note(tx, by.Account, "record.withdraw", r, nil)
	})
}

// Enact puts an approved revision into force; the one before is superseded. From that
// moment on the program obeys it.
func (s *Store) Enact(ctx context.Context, by policy.Actor, activity string, n int) (Revision, error) {
	world, err := s.world(ctx, activity)
	if err != nil {
		return Revision{}, err
	}
	rev, err := s.change(ctx, activity, n, func(tx *db.Tx, r *Revision, body string) error {
		if err := s.mayMove(by, r, body); err != nil {
			return err
		}
		// People come and go between approval and force: it is asked again who is left.
		if err := s.holds(r, body, world); err != nil {
			return err
		}
		return s.enact(tx, by.Account, r, body)
	})
	if err != nil {
		return Revision{}, err
	}
	return rev, s.changed(ctx)
}

func (s *Store) enact(tx *db.Tx, by string, r *Revision, body string) error {
	if err := r.step("enact", Effective); err != nil {
		return err
	}
	after, err := compile([]byte(body), r.SHA256)
	if err != nil {
		return errs.Wrap(err, errs.Invalid, "error.record-incomplete", "reason", err.Error())
	}
	before := s.Snapshot(r.Activity)
	for _, f := range s.onEnact {
		if err := f(tx, before, after); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(`UPDATE revisions SET status = 'superseded' WHERE activity = $1 AND status = 'effective'`, r.Activity); err != nil {
		return err
	}
	r.EffectiveAt = tx.Now()
	return s.note(tx, by, "record.effective", *r, map[string]any{"approvals": r.Approvals})
}

// changed swaps the snapshots and tells who wants to know.
func (s *Store) changed(ctx context.Context) error {
	if err := s.Reload(ctx); err != nil {
		return err
	}
	for _, f := range s.onChange {
		if err := f(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Apply takes a file through its whole life at once: drafted, submitted, approved by
// two different people whom the revision in force names for its review (row 31), or,
// for a first revision, whom the new one names, and put into force; or nothing of it.
func (s *Store) Apply(ctx context.Context, body []byte, preparedBy string, approvers []policy.Actor) (rev Revision, err error) {
	parsed, err := ropa.Parse(body)
	if err != nil {
		return Revision{}, errs.Wrap(err, errs.Invalid, "error.record-unreadable", "reason", err.Error())
	}
	world, err := s.world(ctx, parsed.Code)
	if err != nil {
		return Revision{}, err
	}
	err = s.db.InTx(ctx, func(tx *db.Tx) error {
		rev, err = s.applyIn(tx, *parsed, preparedBy, approvers, world)
		return err
	})
	if err != nil {
		return Revision{}, err
	}
	return rev, s.changed(ctx)
}

func (s *Store) applyIn(tx *db.Tx, parsed ropa.Revision, preparedBy string, approvers []policy.Actor, world World) (Revision, error) {
	rev, err := s.putDraft(tx, parsed, preparedBy)
	if err != nil {
		return rev, err
	}
	var text string
	if rev, err = one(tx, rev.Activity, rev.N, &text); err != nil {
		return rev, err
	}
	if err := s.note(tx, preparedBy, "record.draft", rev, nil); err != nil {
		return rev, err
	}
	if err := s.submit(tx, preparedBy, &rev, text, world); err != nil {
		return rev, err
	}
	for _, a := range approvers {
		if rev.Status == Approved {
			break
		}
		if err := s.approve(tx, a, &rev, text); err != nil {
			return rev, err
		}
	}
	if rev.Status != Approved {
		return rev, errs.New(errs.Forbidden, "error.four-eyes")
	}
	if err := s.enact(tx, preparedBy, &rev, text); err != nil {
		return rev, err
	}
	return rev, s.store(tx, rev)
}

func (s *Store) store(tx *db.Tx, r Revision) error {
	text, err := json.Marshal(r.Approvals)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`UPDATE revisions SET status = $1, approvals = $2, effective_at = $3 WHERE id = $4`, r.Status, string(text), db.Micros(r.EffectiveAt), r.ID)
	return err
}

// Begin puts the first revisions of an installation into force, where the register has
// none of their activity: there is nobody yet whom a record names. It is done once,
// audited as the installation's act.
func (s *Store) Begin(ctx context.Context, bodies [][]byte) error {
	for _, body := range bodies {
		parsed, err := ropa.Parse(body)
		if err != nil {
			return err
		}
		if _, err := policy.Compile(parsed); err != nil {
			return err
		}
		if err := s.begin(ctx, parsed); err != nil {
			return err
		}
	}
	return s.changed(ctx)
}

func (s *Store) begin(ctx context.Context, parsed *ropa.Revision) error {
	const installation = "installation"
	return s.db.InTx(ctx, func(tx *db.Tx) error {
		all, err := list(tx, parsed.Code)
		if err != nil || len(all) >= max(parsed.Number, 1) {
			return err
		}
		rev, err := s.putDraft(tx, *parsed, installation)
		if err != nil {
			return err
		}
		var text string
		if rev, err = one(tx, rev.Activity, rev.N, &text); err != nil {
			return err
		}
		rev.Status = Approved
		if err := s.enact(tx, installation, &rev, text); err != nil {
			return err
		}
		return s.store(tx, rev)
	})
}
