package backup

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/errs"
	"prasan/internal/jobs"
	"prasan/internal/policy"
	"prasan/internal/vault"
)

// ActionKeys is the right to have the keys replaced.
const ActionKeys = "keys.rotate"

// Rotator replaces the master key and the cohort keys while the program serves: as a
// matter of routine, or to contain a breach.
type Rotator struct {
	DB    *db.DB
	Vault *vault.Vault
	Audit *audit.Log
	Jobs  *jobs.Queue
	// Copy makes a new copy of everything, which opens with the new key; nil where no
	// place for copies is set. Until there is one the old master key is not destroyed.
	Copy func(ctx context.Context) error
}

// keysSetting is the note of how far a rotation has come.
const keysSetting = "keys.rotation"

// Phases of a rotation. Each may be begun again.
const (
	phaseMaster  = "master"
	phaseCohorts = "cohorts"
	phaseRewrap  = "rewrap"
	phaseCopy    = "copy"
)

// next is the phase that follows another; "" is none.
var next = map[string]string{phaseMaster: phaseCohorts, phaseCohorts: phaseRewrap, phaseRewrap: phaseCopy, phaseCopy: ""}

// Rotation says how far a rotation has come.
type Rotation struct {
	ID     string    `json:"id"`
	By     string    `json:"by"`
	Reason string    `json:"reason"`
	Begun  time.Time `json:"begun_at"`
	Phase  string    `json:"phase,omitempty" enum:"master,cohorts,rewrap,copy" doc:"What is being done; empty when it is over."`
	Moved  int       `json:"moved" doc:"Data keys that were wrapped anew."`
	OldKey bool      `json:"old_key_kept" doc:"The old master key is kept beside the new one, because no copy was made yet that opens with the new one."`
}

// Register has rotations carried out by the queue.
func (k *Rotator) Register() {
	k.Jobs.Handle("keys.rotate", func(ctx context.Context, _ jobs.Job) error {
		ctx, cancel := context.WithTimeout(ctx, time.Minute) // far less than a job's lease
		defer cancel()
		_, err := k.Advance(ctx)
		if err != nil && ctx.Err() != nil { // much is left: it goes on at once
			return k.DB.InTx(context.WithoutCancel(ctx), func(tx *db.Tx) error {
				return k.Jobs.Enqueue(tx, "keys.rotate", nil)
			})
		}
		return err
	})
}

// Ask has the keys replaced by the queue, in the caller's transaction.
func (k *Rotator) Ask(tx *db.Tx, account, reason string) (Rotation, error) {
	r, err := k.begin(tx, account, reason)
	if err != nil {
		return r, err
	}
	return r, k.Jobs.Enqueue(tx, "keys.rotate", nil)
}

// AskAs is Ask for who may.
func (k *Rotator) AskAs(ctx context.Context, a policy.Actor, reason string) (r Rotation, err error) {
	if !policy.May(a, ActionKeys, a.Agency) {
		return r, errs.New(errs.Forbidden, "error.forbidden")
	}
	if strings.TrimSpace(reason) == "" {
		return r, errs.InvalidField("reason", "error.required")
	}
	err = k.DB.InTx(ctx, func(tx *db.Tx) (err error) {
		r, err = k.Ask(tx, a.Account, reason)
		return err
	})
	return r, err
}

// Now replaces the keys in the foreground, or brings a rotation that was interrupted to
// its end.
func (k *Rotator) Now(ctx context.Context, account, reason string) (Rotation, error) {
	r, err := k.State(ctx)
	if err != nil {
		return Rotation{}, err
	}
	if r.Phase == "" {
		err = k.DB.InTx(ctx, func(tx *db.Tx) error {
			_, err := k.begin(tx, account, reason)
			return err
		})
		if err != nil {
			return Rotation{}, err
		}
	}
	return k.Advance(ctx)
}

// begin notes a rotation; one that is under way is the answer to a second wish.
func (k *Rotator) begin(tx *db.Tx, account, reason string) (Rotation, error) {
	r, err := readRotation(tx)
	if err != nil || r.Phase != "" {
		return r, err
	}
	r = Rotation{ID: db.NewID(), By: account, Reason: reason, Begun: tx.Now(), Phase: phaseMaster}
	if err := writeRotation(tx, r); err != nil {
		return r, err
	}
	return r, k.Audit.Append(tx, audit.Event{Actor: account, Action: "keys.begin", Object: "keys:" + r.ID, Body: map[string]any{"reason": reason}})
}

// State is the rotation that is under way, or the last one.
func (k *Rotator) State(ctx context.Context) (r Rotation, err error) {
	err = k.DB.Read(ctx, func(tx *db.Tx) (err error) {
		r, err = readRotation(tx)
		return err
	})
	return r, err
}

// Advance goes through the phases that are left.
func (k *Rotator) Advance(ctx context.Context) (Rotation, error) {
	for {
		r, err := k.State(ctx)
		if err != nil || r.Phase == "" {
			return r, err
		}
		moved, done := 0, true
		switch r.Phase {
		case phaseMaster:
			err = k.Vault.RotateMaster(ctx)
		case phaseCohorts:
			_, err = k.Vault.RenewCohorts(ctx)
		case phaseRewrap:
			moved, err = k.Vault.Rewrap(ctx)
			done = err == nil
		case phaseCopy:
			r.OldKey, err = k.letGo(ctx)
		}
		if err != nil && done {
			return r, err
		}
		if note := k.note(ctx, r, moved, done); note != nil {
			return r, note
		}
		if err != nil {
			return r, err
		}
	}
}

// letGo destroys the old master key once there is a copy that opens with the new one.
func (k *Rotator) letGo(ctx context.Context) (kept bool, err error) {
	if k.Copy == nil {
		return true, nil
	}
	if err := k.Copy(ctx); err != nil {
		return true, err
	}
	return false, k.Vault.ForgetMaster()
}

// note keeps what a phase has done; several may be at it, and only the first is noted.
func (k *Rotator) note(ctx context.Context, done Rotation, moved int, over bool) error {
	return k.DB.InTx(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		r, err := readRotation(tx)
		if err != nil || r.ID != done.ID || r.Phase != done.Phase {
			return err
		}
		r.Moved, r.OldKey = r.Moved+moved, done.OldKey
		if over {
			r.Phase = next[r.Phase]
		}
		if err := writeRotation(tx, r); err != nil || !over {
			return err
		}
		return k.Audit.Append(tx, audit.Event{Actor: r.By, Action: "keys." + done.Phase, Object: "keys:" + r.ID, Body: map[string]any{"moved": r.Moved, "old_key_kept": r.OldKey}})
	})
}

// Forget destroys the old master key by hand: who does it has a copy under the new one.
func (k *Rotator) Forget(ctx context.Context, account string) error {
	if err := k.Vault.ForgetMaster(); err != nil {
		return err
	}
	return k.DB.InTx(ctx, func(tx *db.Tx) error {
		r, err := readRotation(tx)
		if err != nil {
			return err
		}
		r.OldKey = false
		if err := writeRotation(tx, r); err != nil {
			return err
		}
		return k.Audit.Append(tx, audit.Event{Actor: account, Action: "keys.forget", Object: "keys:" + r.ID})
	})
}

func readRotation(tx *db.Tx) (r Rotation, err error) {
	var text string
	err = tx.QueryRow(`SELECT value FROM settings WHERE name = $1`, []any{keysSetting}, &text)
	if errs.KindOf(err) == errs.NotFound {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &r)
	}
	return r, err
}

func writeRotation(tx *db.Tx, r Rotation) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, keysSetting, string(text))
	return err
}
