package analytics_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"prasan/internal/analytics"
	"prasan/internal/audit"
	"prasan/internal/db"
	"prasan/internal/db/migrations"
	"prasan/internal/housetest"
	"prasan/internal/jobs"
	"prasan/internal/policy"
	"prasan/internal/processing"
)

const crashAddr = "203.0.113.91"

// counting opens the service over a file, with the clock of the system.
func counting(t *testing.T, path string) *analytics.Service {
	t.Helper()
	d, err := db.Open(context.Background(), "sqlite:"+path, db.Options{})
	housetest.Must(t, err)
	_, err = d.Migrate(context.Background(), migrations.Files)
	housetest.Must(t, err)
	snapshot := func(string) *policy.Snapshot { return record() }
	log := audit.New("test")
	s, err := analytics.New(context.Background(), analytics.Deps{DB: d, Audit: log, Jobs: jobs.New(d, time.Now), Processing: processing.New(d, nil, nil, log, snapshot), Record: snapshot,
		Site: func(host string) (string, bool) { return "rayong", host == site }, Sites: func() []string { return []string{site} }, Key: make([]byte, 32), Now: time.Now, NoLimits: true})
	housetest.Must(t, err)
	return s
}

// TestMain is also the process that is killed: it counts as fast as it can and prints a
// letter for each hit that was acknowledged.
func TestMain(m *testing.M) {
	path := os.Getenv("PRASAN_TEST_CRASH")
	if path == "" {
		os.Exit(m.Run())
	}
	s := counting(&testing.T{}, path)
	for w := range 8 {
		go func() {
			for i := 0; ; i++ {
				err := s.Collect(context.Background(), analytics.Hit{Site: site, URL: fmt.Sprintf("https://%s/p%d", site, i%17), Addr: fmt.Sprint(crashAddr, w), Agent: chrome})
				if err == nil {
					fmt.Println("a")
				}
			}
		}()
	}
	time.Sleep(time.Minute)
}

func TestNoAcknowledgedHitIsLostWhenTheProcessIsKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usage.db")
	acknowledged := int64(0)
	for range 5 {
		child := exec.Command(os.Args[0], "-test.run", "^$")
		child.Env = append(os.Environ(), "PRASAN_TEST_CRASH="+path)
		out, err := child.StdoutPipe()
		housetest.Must(t, err)
		housetest.Must(t, child.Start())
		var wg sync.WaitGroup
		wg.Add(1)
		enough := make(chan struct{})
		go func() {
			defer wg.Done()
			n := 0
			for lines := bufio.NewScanner(out); lines.Scan(); {
				acknowledged++
				if n++; n == 300 {
					close(enough)
				}
			}
		}()
		<-enough
		housetest.Must(t, child.Process.Kill())
		wg.Wait()
		_ = child.Wait() // killed
		bytesHold(t, filepath.Dir(path))
	}
	s := counting(t, path)
	defer s.DB.Close()
	defer s.Close()
	var stored int64
	housetest.Must(t, s.DB.Read(context.Background(), func(tx *db.Tx) error {
		return tx.QueryRow(`SELECT COUNT(*) FROM usage_hits`, nil, &stored)
	}))
	// What was stored but not yet acknowledged at a kill are at most the hits under way.
	if stored < acknowledged || stored > acknowledged+5*8 {
		t.Errorf("%d hits are stored, %d were acknowledged", stored, acknowledged)
	}
	if _, found, err := s.RecountAll(context.Background()); err != nil || len(found) > 0 {
		t.Errorf("the totals are not those of the hits: %v %v", found, err)
	}
}

// bytesHold searches what a killed process left for what must not be in it.
func bytesHold(t *testing.T, dir string) {
	t.Helper()
	names, err := filepath.Glob(dir + "/*")
	housetest.Must(t, err)
	for _, name := range names {
		text, err := os.ReadFile(name)
		housetest.Must(t, err)
		for _, secret := range []string{crashAddr, "AppleWebKit", "SM-A156E"} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%q is in %s", secret, filepath.Base(name))
			}
		}
	}
}
