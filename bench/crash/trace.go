package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"prasan/bench/load"
)

// traceOrder runs the program under strace, submits messages one by one, and checks in the
// trace that before each answer the database was synced, and that all that had been written
// to the keyring was: where messages come in haste a key may have been made before its post.
func traceOrder(binary string) error {
	dir, err := os.MkdirTemp("", "prasan-trace")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "trace")
	wrapper := filepath.Join(dir, "traced")
	abs, err := filepath.Abs(binary)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath("strace"); err != nil {
		return fmt.Errorf("strace is needed: %w", err)
	}
	script := fmt.Sprintf("#!/bin/sh\nexec strace -f -y -tt -s 24 -e trace=fsync,fdatasync,write,pwrite64 -o %s %s \"$@\"\n", out, abs)
	if err := os.WriteFile(wrapper, []byte(script), 0o755); err != nil {
		return err
	}
	s, err := load.Start(wrapper, "demo", "--empty", "--data", filepath.Join(dir, "data"), "--rate-limits", "off")
	if err != nil {
		return err
	}
	form, err := load.Prepare(s.Addr)
	if err != nil {
		return err
	}
	c, err := load.Dial(s.Addr)
	if err != nil {
		return err
	}
	const messages = 20
	for n := range messages {
		if _, err := form.Submit(c, n); err != nil {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := stopTraced(s); err != nil {
		return err
	}
	return readTrace(out, messages)
}

// stopTraced ends the program itself: strace keeps signals from itself while it traces.
func stopTraced(s *load.Server) error {
	pid := s.Cmd.Process.Pid
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return err
	}
	child, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return err
	}
	if err := syscall.Kill(child, syscall.SIGTERM); err != nil {
		return err
	}
	return s.Cmd.Wait()
}

var (
	sync1    = regexp.MustCompile(`f(?:data)?sync\(\d+<([^>]+)>\)\s*=\s*0`)
	resumed  = regexp.MustCompile(`^(\d+) .*<\.\.\. f(?:data)?sync resumed>.*=\s*0`)
	started  = regexp.MustCompile(`^(\d+) .*f(?:data)?sync\(\d+<([^>]+)> <unfinished`)
	written  = regexp.MustCompile(`pwrite64\(\d+<[^>]*keyring\.db-wal>`)
	answered = regexp.MustCompile(`write\(\d+<[^>]*>, "HTTP/1\.1 303`)
)

func readTrace(path string, want int) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	pending := map[string]string{}
	var keyring, database bool // synced: all of the one, something of the other
	acks := 0
	scan := bufio.NewScanner(f)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		line := scan.Text()
		file := ""
		if m := sync1.FindStringSubmatch(line); m != nil {
			file = m[1]
		} else if m := started.FindStringSubmatch(line); m != nil {
			pending[m[1]] = m[2]
		} else if m := resumed.FindStringSubmatch(line); m != nil {
			file = pending[m[1]]
		}
		switch {
		case written.MatchString(line):
			keyring = false
		case strings.Contains(file, "keyring.db-wal"):
			keyring = true
		case strings.Contains(file, "prasan.db"):
			database = true
		}
		if answered.MatchString(line) {
			if !keyring || !database {
				return fmt.Errorf("acknowledgement %d left before its fsync (keyring %v, database %v)", acks+1, keyring, database)
			}
			acks++
			database = false
		}
	}
	if acks != want {
		return fmt.Errorf("%s acknowledgements in the trace, want %d", strconv.Itoa(acks), want)
	}
	fmt.Printf("acknowledgements: %d\nwith an fsync of the database before each, and nothing of the keyring unsynced: %d\n", acks, acks)
	return scan.Err()
}
