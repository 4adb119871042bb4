package housetest

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"prasan/internal/clock"
	"prasan/internal/db"
	"prasan/internal/db/dbtest"
	"prasan/internal/db/migrations"
)

// Begun is what a process says that is to be killed from then on.
const Begun = "begun"

// EngineIn is a SQLite database in a folder, its clock standing at a moment.
func EngineIn(dir string, at time.Time) (*dbtest.Engine, error) {
	ctx := context.Background()
	url := "sqlite:" + filepath.Join(dir, "test.db")
	e := &dbtest.Engine{Name: "sqlite", URL: url, Clock: clock.NewFixed(at)}
	var err error
	if e.DB, err = db.Open(ctx, url, db.Options{Clock: e.Clock}); err != nil {
		return nil, err
	}
	_, err = e.DB.Migrate(ctx, migrations.Files)
	return e, err
}

// Child is for TestMain: in a process that Killed has started it does the work and ends.
func Child(name string, work func(dir string) error) {
	dir := os.Getenv(name)
	if dir == "" {
		return
	}
	if err := work(dir); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// Killed runs this test binary for the work of a name in a folder, and kills it with
// SIGKILL within a while after it has begun.
func Killed(t *testing.T, name, dir string, longest time.Duration) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run", "^$")
	cmd.Env = append(os.Environ(), name+"="+dir)
	out, err := cmd.StdoutPipe()
	Must(t, err)
	Must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != Begun {
		t.Fatalf("the process says %q", lines.Text())
	}
	time.Sleep(rand.N(longest))
	_ = cmd.Process.Kill() // it may have come to its end
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "failed") {
			t.Error(lines.Text())
		}
	}
	_ = cmd.Wait()
}
