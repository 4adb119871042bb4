package backup_test

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/backup"
	"prasan/internal/backup/place"
	"prasan/internal/clock"
	"prasan/internal/db"
	"prasan/internal/db/migrations"
	"prasan/internal/vault"
)

// copyIn and restoreIn name folders of processes of this test binary that copy, or
// restore, until they are killed.
const (
	copyIn    = "PRASAN_TEST_COPY"
	restoreIn = "PRASAN_TEST_RESTORE"
)

func die(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func testMaster() vault.KeyWrapper {
	key := make([]byte, 32)
	key[0] = 1
	m, err := vault.NewMaster(key)
	die(err)
	return m
}

// sourceIn is an installation in a folder, made when it is not there.
func sourceIn(dir string) backup.Source {
	d, err := db.Open(ctx, "sqlite:"+filepath.Join(dir, "prasan.db"), db.Options{})
	die(err)
	_, err = d.Migrate(ctx, migrations.Files)
	die(err)
	ring, err := db.Open(ctx, "sqlite:"+filepath.Join(dir, "keyring.db"), db.Options{})
	die(err)
	_, _, err = vault.Open(ctx, ring, testMaster())
	die(err)
	return backup.Source{DB: d, Keys: ring, Wrapper: testMaster, Tombstones: filepath.Join(dir, "tombstones"), Now: clock.System{}.Now}
}

func placeIn(dir string) place.Place {
	p, err := place.Open(filepath.Join(dir, "to"), place.Options{})
	die(err)
	return p
}

func copyForEver(dir string) {
	s := sourceIn(dir)
	p := placeIn(dir)
	for i := 0; ; i++ {
		fmt.Println("begun")
		_, err := s.Write(ctx, backup.Copy{Place: p, Name: fmt.Sprintf("copy-%d-%d.prasan", os.Getpid(), i)})
		die(err)
	}
}

func restoreForEver(dir string) {
	p := placeIn(dir)
	for {
		to := backup.Target{Data: filepath.Join(dir, "restored"), Wrapper: testMaster()}
		to.Database, to.Keyring = "sqlite:"+filepath.Join(to.Data, "prasan.db"), "sqlite:"+filepath.Join(to.Data, "keyring.db")
		// Taken away in one step: half of what this loop takes away is no half restore.
		gone := filepath.Join(dir, "gone")
		die(os.RemoveAll(gone))
		if err := os.Rename(to.Data, gone); !errors.Is(err, fs.ErrNotExist) {
			die(err)
		}
		fmt.Println("begun")
		_, err := to.Restore(ctx, backup.Copy{Place: p, Name: "data"}, backup.Copy{Place: p, Name: "keys"})
		die(err)
	}
}

// killed runs a process of this binary and kills it a while after it has begun.
func killed(t *testing.T, name, dir string, longest time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), name+"="+dir)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "begun" {
		t.Fatalf("%s", lines.Text())
	}
	time.Sleep(rand.N(longest))
	must(t, cmd.Process.Kill())
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "failed") {
			t.Error(lines.Text())
		}
	}
	_ = cmd.Wait()
}

// filled is a folder with an installation of some size.
func filled(t *testing.T) (dir string, s backup.Source) {
	t.Helper()
	dir = t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "to"), 0o700))
	s = sourceIn(dir)
	t.Cleanup(func() { s.DB.Close(); s.Keys.Close() })
	for range 30 {
		must(t, s.DB.InTx(ctx, func(tx *db.Tx) error {
			for range 100 {
				if _, err := tx.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2)`, db.NewID(), strings.Repeat("x", 8000)); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	return dir, s
}

func TestACopyThatIsKilledLeavesNothingThatLooksLikeOne(t *testing.T) {
	dir, _ := filled(t)
	begun := 0
	for range 10 {
		killed(t, copyIn, dir, 1500*time.Millisecond)
		begun++
	}
	p := placeIn(dir)
	items, err := p.List(ctx)
	must(t, err)
	for _, i := range items {
		if _, err := backup.Verify(ctx, backup.Copy{Place: p, Name: i.Name}, testMaster()); err != nil {
			t.Errorf("%s: %v", i.Name, err)
		}
	}
	half, err := filepath.Glob(filepath.Join(dir, "to", "*.part"))
	must(t, err)
	if len(half) == 0 {
		t.Error("none was killed in the middle: this test proves nothing")
	}
	t.Logf("%d whole copies, %d that were broken off", len(items), len(half))
}

func TestARestoreThatIsKilledLeavesAWholeInstallationOrNone(t *testing.T) {
	dir, s := filled(t)
	p := placeIn(dir)
	_, err := s.Write(ctx, backup.Copy{Place: p, Name: "data"})
	must(t, err)
	_, err = s.WriteKeys(ctx, backup.Copy{Place: p, Name: "keys"})
	must(t, err)
	want := sums(t, s.DB)
	half := 0
	for range 12 {
		killed(t, restoreIn, dir, 300*time.Millisecond)
		if _, err := os.Stat(filepath.Join(dir, "restored.restoring")); err == nil {
			half++
		}
		restored := filepath.Join(dir, "restored")
		if _, err := os.Stat(restored); err != nil {
			continue
		}
		d, err := db.Open(ctx, "sqlite:"+filepath.Join(restored, "prasan.db"), db.Options{})
		must(t, err)
		if got := sums(t, d); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Error("what looks like an installation is not whole")
		}
		must(t, d.Close())
	}
	if half == 0 {
		t.Error("none was killed in the middle: this test proves nothing")
	}
}
