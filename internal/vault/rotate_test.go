package vault_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/errs"
	"prasan/internal/vault"
	"prasan/internal/vault/keyring"
)

var ctx = context.Background()

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// letterbox holds what was sealed, to be opened after keys have changed.
type letterbox struct {
	sync.Mutex
	items []vault.Sealed
}

func (b *letterbox) put(v *vault.Vault, text string) error {
	s, err := v.NewKept(ctx, "case", dbtest.Start)
	if err != nil {
		return err
	}
	b.Lock()
	defer b.Unlock()
	b.items = append(b.items, vault.Sealed{Subject: s.ID, Element: "content", Place: "cases:1:message", Data: s.Seal("cases:1:message", []byte(text))})
	return nil
}

func (b *letterbox) open(v *vault.Vault, m *vault.Minter) error {
	b.Lock()
	defer b.Unlock()
	for i, item := range b.items {
		got, err := v.Open(ctx, m.Permit("test", []string{item.Subject}, []string{"content"}), []vault.Sealed{item})
		if err != nil {
			return fmt.Errorf("message %d of %d: %w", i, len(b.items), err)
		}
		if string(got[0]) != "เรื่อง" {
			return fmt.Errorf("message %d: %q", i, got[0])
		}
	}
	return nil
}

func TestKeysAreReplacedWhileServing(t *testing.T) {
	dbtest.EachOf(t, keyring.Files, func(t *testing.T, e *dbtest.Engine) {
		path := filepath.Join(t.TempDir(), "master.key")
		v, minter, err := vault.OpenFile(ctx, e.DB, path, true)
		must(t, err)
		before, err := os.ReadFile(path)
		must(t, err)
		var box letterbox
		for range 500 {
			must(t, box.put(v, "เรื่อง"))
		}
		// Another node, and a writer on each of them, go on meanwhile.
		other, otherMinter, err := vault.OpenFile(ctx, e.DB, path, false)
		must(t, err)
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for _, at := range []*vault.Vault{v, other} {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						if err := box.put(at, "เรื่อง"); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		retired, err := v.RenewCohorts(ctx)
		must(t, err)
		must(t, v.RotateMaster(ctx))
		moved, err := v.Rewrap(ctx)
		must(t, err)
		close(stop)
		wg.Wait()
		if retired != 1 || moved < 500 {
			t.Errorf("%d keys retired, %d wrapped anew", retired, moved)
		}
		must(t, box.open(v, minter))
		must(t, box.open(other, otherMinter))
		old, err := vault.ReadMaster(path+".old", false)
		must(t, err)
		if _, _, err := vault.Open(ctx, e.DB, old); errs.As(err).Key != "error.master-key-wrong" {
			t.Errorf("the old master key still opens the keyring: %v", err)
		}
		var wrapped, keys int
		must(t, e.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`SELECT COUNT(wrapped), COUNT(*) FROM cohorts`, nil, &wrapped, &keys)
		}))
		if wrapped != 1 || keys != 2 {
			t.Errorf("%d of %d cohort keys are left", wrapped, keys)
		}
		must(t, v.ForgetMaster())
		if _, err := os.Stat(path + ".old"); err == nil {
			t.Error("the old master key is still there")
		}
		after, err := os.ReadFile(path)
		must(t, err)
		if string(before) == string(after) {
			t.Error("the master key is the same")
		}
		// Whoever starts now, finds all.
		fresh, freshMinter, err := vault.OpenFile(ctx, e.DB, path, false)
		must(t, err)
		must(t, box.open(fresh, freshMinter))
	})
}

func TestAReplacedKeyDoesNotBringBackWhatWasDestroyed(t *testing.T) {
	dbtest.EachOf(t, keyring.Files, func(t *testing.T, e *dbtest.Engine) {
		v, _ := open(t, e, 1)
		var box letterbox
		must(t, box.put(v, "เรื่อง"))
		_, err := v.RenewCohorts(ctx)
		must(t, err)
		must(t, v.Shred(ctx, box.items[0].Subject))
		_, err = v.Rewrap(ctx)
		must(t, err)
		if _, err := v.Subject(ctx, box.items[0].Subject); errs.As(err).Key != "error.key-destroyed" {
			t.Errorf("%v", err)
		}
	})
}

// rotateIn names the folder of a process of this test binary that changes keys until it
// is killed.
const rotateIn = "PRASAN_TEST_ROTATE"

func TestMain(m *testing.M) {
	if dir := os.Getenv(rotateIn); dir != "" {
		rotateForEver(dir)
	}
	os.Exit(m.Run())
}

func openRing(dir string, create bool) (*db.DB, *vault.Vault, *vault.Minter, error) {
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(dir, "keyring.db"), db.Options{})
	if err != nil {
		return nil, nil, nil, err
	}
	v, m, err := vault.OpenFile(ctx, d, filepath.Join(dir, "master.key"), create)
	return d, v, m, err
}

func rotateForEver(dir string) {
	_, v, _, err := openRing(dir, false)
	for err == nil {
		if _, err = v.RenewCohorts(ctx); err != nil {
			break
		}
		if err = v.RotateMaster(ctx); err != nil {
			break
		}
		fmt.Println("begun")
		_, err = v.Rewrap(ctx)
	}
	fmt.Println("failed:", err)
	os.Exit(1)
}

func TestARotationThatIsKilledGoesOnWhereItWas(t *testing.T) {
	dir := t.TempDir()
	d, v, _, err := openRing(dir, true)
	must(t, err)
	var box letterbox
	for range 1500 {
		must(t, box.put(v, "เรื่อง"))
	}
	must(t, d.Close())
	half := 0
	for range 12 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), rotateIn+"="+dir)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		line := make([]byte, 64)
		n, _ := out.Read(line)
		if string(line[:n]) != "begun\n" {
			t.Fatalf("%s", line[:n])
		}
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
		must(t, cmd.Process.Kill())
		_ = cmd.Wait()
		d, v, minter, err := openRing(dir, false)
		must(t, err)
		must(t, box.open(v, minter))
		if left, err := v.Rewrapping(ctx); err != nil || left > 0 {
			half++
		}
		must(t, d.Close())
	}
	if half == 0 {
		t.Error("no process was killed in the middle: this test proves nothing")
	}
	d, v, minter, err := openRing(dir, false)
	must(t, err)
	defer d.Close()
	_, err = v.Rewrap(ctx)
	must(t, err)
	must(t, box.open(v, minter))
	if left, err := v.Rewrapping(ctx); err != nil || left != 0 {
		t.Errorf("%d retired keys are left, %v", left, err)
	}
}
