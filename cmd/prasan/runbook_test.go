package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// asProgram has this test binary be the program: the runbook calls it by its name.
const asProgram = "PRASAN_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// machine is what the runbook expects: the program and a service manager on the path.
type machine struct {
	t      *testing.T
	dir    string
	env    []string
	script strings.Builder // what was set so far
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, dir: t.TempDir()}
	for name, text := range map[string]string{
		"bin/prasan":    "#!/bin/sh\n" + asProgram + "=1 exec " + self + ` "$@"` + "\n",
		"bin/systemctl": systemctl,
	} {
		path := filepath.Join(m.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(m.dir, "etc"), 0o700); err != nil {
		t.Fatal(err)
	}
	m.env = append(os.Environ(), "PATH="+filepath.Join(m.dir, "bin")+":"+os.Getenv("PATH"), "MACHINE="+m.dir)
	t.Cleanup(func() { m.run("systemctl stop prasan") })
	return m
}

// systemctl starts and stops the one service of the machine, as its unit has it.
const systemctl = `#!/bin/sh
set -e
stop() {
  [ ! -f "$MACHINE/pid" ] && return
  kill "$(cat "$MACHINE/pid")" 2>/dev/null || true
  while kill -0 "$(cat "$MACHINE/pid")" 2>/dev/null; do sleep 0.1; done
  rm "$MACHINE/pid"
}
start() {
  [ -f "$MACHINE/etc/backup.env" ] && . "$MACHINE/etc/backup.env" && export PRASAN_BACKUP_TO PRASAN_BACKUP_KEYS_TO
  setsid prasan serve --data "$MACHINE/data" --listen 127.0.0.1:"$PORT" --admin-listen 127.0.0.1:0 --record "$RECORD" > "$MACHINE/log" 2>&1 < /dev/null &
  echo $! > "$MACHINE/pid"
}
case "$1" in
start) start ;;
stop) stop ;;
restart) stop; start ;;
esac
`

// run runs commands in the shell of the machine; one that fails ends the test.
func (m *machine) run(commands string) string {
	m.t.Helper()
	cmd := exec.Command("sh", "-e")
	cmd.Stdin = strings.NewReader(m.script.String() + commands)
	cmd.Env = m.env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(m.dir, "log"))
		m.t.Fatalf("%s\n%v\n%s\n%.3000s", commands, err, out, log)
	}
	return string(out)
}

func (m *machine) ready(port int) {
	m.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		res, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/readyz", port))
		if err != nil {
			continue
		}
		res.Body.Close()
		if res.StatusCode == 200 {
			return
		}
	}
	log, _ := os.ReadFile(filepath.Join(m.dir, "log"))
	m.t.Fatalf("not ready: %.3000s", log)
}

var runbookBlock = regexp.MustCompile("(?s)```sh runbook\n(.*?)```")

func TestTheRunbookIsFollowedAsItStands(t *testing.T) {
	text, err := os.ReadFile("../../docs/backup.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := runbookBlock.FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 7 {
		t.Fatalf("%d blocks of commands in the runbook", len(blocks))
	}
	record, err := filepath.Abs("../../internal/app/testdata/record")
	if err != nil {
		t.Fatal(err)
	}
	port := freePort(t)
	m := newMachine(t)
	m.env = append(m.env, "PORT="+strconv.Itoa(port), "RECORD="+record)
	// The one line that is another machine's.
	m.script.WriteString(fmt.Sprintf("DATA=%[1]s/data COPIES=%[1]s/copies KEYCOPIES=%[1]s/keycopies SAFE=%[1]s/safe\n", m.dir))
	m.run("systemctl start prasan")
	m.ready(port)
	for _, b := range blocks[1:] {
		commands := strings.ReplaceAll(b[1], "/etc/prasan/", m.dir+"/etc/")
		if strings.Contains(commands, "systemctl stop") { // the machine is lost, as the heading says
			m.run("systemctl stop prasan; rm -rf \"$DATA\"")
		}
		m.run(commands)
		if strings.Contains(commands, "systemctl start") || strings.Contains(commands, "systemctl restart") {
			m.ready(port)
			m.copied()
		}
	}
	if out := m.run(`prasan verify --data "$DATA"`); !strings.Contains(out, "0 findings") {
		t.Error(out)
	}
}

// copied waits until there is a whole copy of data and keys.
func (m *machine) copied() {
	m.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		data, _ := filepath.Glob(filepath.Join(m.dir, "copies", "*.prasan"))
		keys, _ := filepath.Glob(filepath.Join(m.dir, "keycopies", "*.keys"))
		if len(data) > 0 && len(keys) > 0 {
			time.Sleep(1500 * time.Millisecond)
			return
		}
	}
	m.t.Fatal("nothing is copied")
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
