package audit_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
)

func fill(t *testing.T, e *dbtest.Engine, n int) {
	t.Helper()
	log := audit.New("node")
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			err := e.DB.InTx(context.Background(), func(tx *db.Tx) error {
				if err := log.Append(tx, audit.Event{Actor: "someone", Action: "case.receive", Object: fmt.Sprint(i), Body: map[string]int{"n": i}}); err != nil {
					return err
				}
				if i%5 == 0 {
					return fmt.Errorf("refused")
				}
				return nil
			})
			if (err != nil) != (i%5 == 0) {
				t.Errorf("event %d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

func TestVerifyFindsEveryEditDeletionReorderingAndCut(t *testing.T) {
	secret, public, err := note.GenerateKey(rand.Reader, "prasan")
	if err != nil {
		t.Fatal(err)
	}
	signer, _ := note.NewSigner(secret)
	verifier, _ := note.NewVerifier(public)
	last := `(SELECT MAX(seq) FROM audit b WHERE b.chain = audit.chain)`
	for name, damage := range map[string]string{
		"":         ``,
		"edit":     `UPDATE audit SET actor = 'nobody' WHERE seq = 2`,
		"body":     `UPDATE audit SET body = '{"n":99}' WHERE seq = 3`,
		"deletion": `DELETE FROM audit WHERE seq = 2`,
		"cut tail": `DELETE FROM audit WHERE seq = ` + last,
		"reorder":  `UPDATE audit SET seq = CASE seq WHEN 2 THEN -3 WHEN 3 THEN -2 ELSE seq END WHERE seq IN (2, 3)`,
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
				fill(t, e, 60)
				err := e.DB.InTx(context.Background(), func(tx *db.Tx) error {
					if _, err := audit.Checkpoint(tx, signer); err != nil {
						return err
					}
					if damage == "" {
						return nil
					}
					_, err := tx.Exec(damage)
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
				rep, err := audit.Verify(context.Background(), e.DB, verifier)
				if err != nil {
					t.Fatal(err)
				}
				if (len(rep.Faults) > 0) != (damage != "") {
					t.Errorf("%d lines, faults %v", rep.Lines, rep.Faults)
				}
				if damage == "" && rep.Lines != 48 {
					t.Errorf("%d lines, want 48", rep.Lines)
				}
			})
		})
	}
}

func TestATailThatWasCutWithItsCheckpointsIsFoundByHeadsKeptElsewhere(t *testing.T) {
	secret, public, err := note.GenerateKey(rand.Reader, "prasan")
	if err != nil {
		t.Fatal(err)
	}
	signer, _ := note.NewSigner(secret)
	verifier, _ := note.NewVerifier(public)
	_, other, _ := note.GenerateKey(rand.Reader, "prasan")
	stranger, _ := note.NewVerifier(other)
	ctx := context.Background()
	for name, damage := range map[string][]string{
		"":         nil,
		"cut":      {`DELETE FROM audit_checkpoints`, `DELETE FROM audit WHERE seq > 3`},
		"all gone": {`DELETE FROM audit_checkpoints`, `DELETE FROM audit`},
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Each(t, func(t *testing.T, e *dbtest.Engine) {
				fill(t, e, 60)
				var text string
				err := e.DB.InTx(ctx, func(tx *db.Tx) (err error) {
					if _, err := audit.Checkpoint(tx, signer); err != nil {
						return err
					}
					if text, err = audit.SignHeads(tx, signer); err != nil {
						return err
					}
					for _, d := range damage {
						if _, err := tx.Exec(d); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if _, err := audit.ReadHeads(text, stranger); err == nil {
					t.Error("heads signed by another are taken")
				}
				kept, err := audit.ReadHeads("Dear reader,\n\n"+text+"\nfooter", verifier)
				if err != nil {
					t.Fatal(err)
				}
				alone, err := audit.Verify(ctx, e.DB, verifier)
				if err != nil || len(alone.Faults) > 0 {
					t.Errorf("without them: %v, %v", alone.Faults, err)
				}
				rep, err := audit.VerifyAgainst(ctx, e.DB, verifier, kept)
				if err != nil {
					t.Fatal(err)
				}
				if (len(rep.Faults) > 0) != (damage != nil) {
					t.Errorf("faults %v", rep.Faults)
				}
			})
		})
	}
}

func TestAHistoryWrittenAnewIsFoundByHeadsKeptElsewhere(t *testing.T) {
	secret, public, err := note.GenerateKey(rand.Reader, "prasan")
	if err != nil {
		t.Fatal(err)
	}
	signer, _ := note.NewSigner(secret)
	verifier, _ := note.NewVerifier(public)
	ctx := context.Background()
	e := dbtest.SQLite(t)
	fill(t, e, 20)
	var text string
	err = e.DB.InTx(ctx, func(tx *db.Tx) (err error) { text, err = audit.SignHeads(tx, signer); return err })
	if err != nil {
		t.Fatal(err)
	}
	if err := e.DB.InTx(ctx, func(tx *db.Tx) error { _, err := tx.Exec(`DELETE FROM audit`); return err }); err != nil {
		t.Fatal(err)
	}
	e.Clock.Advance(time.Second)
	fill(t, e, 20) // as long as before, and sound in itself
	kept, err := audit.ReadHeads(text, verifier)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := audit.VerifyAgainst(ctx, e.DB, verifier, kept)
	if err != nil || len(rep.Faults) == 0 {
		t.Errorf("%v, %v", rep.Faults, err)
	}
}
