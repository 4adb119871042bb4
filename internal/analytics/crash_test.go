package analytics_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
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

// hurried is a clock by which an hour passes in less than a tenth of a second, so that hits are put
// away while others come.
func hurried(from time.Time) func() time.Time {
	return func() time.Time { return from.Add(time.Since(from) * 60_000) }
}

// counting opens the service over a file.
func counting(t *testing.T, path string, now func() time.Time) *analytics.Service {
	t.Helper()
	d, err := db.Open(context.Background(), "sqlite:"+path, db.Options{})
	housetest.Must(t, err)
	_, err = d.Migrate(context.Background(), migrations.Files)
	housetest.Must(t, err)
	snapshot := func(string) *policy.Snapshot { return record() }
	log := audit.New("test")
	s, err := analytics.New(context.Background(), analytics.Deps{DB: d, Audit: log, Jobs: jobs.New(d, time.Now), Processing: processing.New(d, nil, nil, log, snapshot), Record: snapshot,
		Site: func(host string) (string, bool) { return "rayong", host == site }, Sites: func() []string { return []string{site} }, Key: make([]byte, 32), Now: now, NoLimits: true})
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
	now := time.Now
	if from, err := strconv.ParseInt(os.Getenv("PRASAN_TEST_HURRY"), 10, 64); err == nil {
		now = hurried(time.Unix(from, 0))
	}
	s := counting(&testing.T{}, path, now)
	go func() {
		for s.PutAway(context.Background()) == nil {
			time.Sleep(time.Millisecond)
		}
		fmt.Fprintln(os.Stderr, "hits are not put away")
	}()
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
	if rows, _ := killed(t, time.Now, 0); rows == 0 {
		t.Error("no hits are in rows")
	}
}

func TestNoHitIsLostOrTwiceWhereAKillMeetsThePuttingAway(t *testing.T) {
	from := time.Now().Truncate(time.Second)
	t.Setenv("PRASAN_TEST_HURRY", strconv.FormatInt(from.Unix(), 10))
	if _, sheets := killed(t, hurried(from), 50*time.Millisecond); sheets == 0 {
		t.Error("no hits are in sheets")
	}
}

// killed has hits collected by a process that is killed again and again, and holds what
// is kept, in rows and in sheets, against what was acknowledged. It lives for so long at least.
func killed(t *testing.T, now func() time.Time, least time.Duration) (rows, sheets int64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "usage.db")
	acknowledged := int64(0)
	for range 5 {
		child := exec.Command(os.Args[0], "-test.run", "^$")
		child.Env = append(os.Environ(), "PRASAN_TEST_CRASH="+path)
		child.Stderr = os.Stderr
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
		time.Sleep(least)
		housetest.Must(t, child.Process.Kill())
		wg.Wait()
		_ = child.Wait() // killed
		bytesHold(t, filepath.Dir(path))
	}
	s := counting(t, path, now)
	defer s.DB.Close()
	defer s.Close()
	rows, sheets, err := s.Kept(context.Background())
	housetest.Must(t, err)
	// What was stored but not yet acknowledged at a kill are at most the hits under way.
	if stored := rows + sheets; stored < acknowledged || stored > acknowledged+5*8 {
		t.Errorf("%d hits are stored, %d were acknowledged", stored, acknowledged)
	}
	if _, found, err := s.RecountAll(context.Background()); err != nil || len(found) > 0 {
		t.Errorf("the totals are not those of the hits: %v %v", found, err)
	}
	return rows, sheets
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
