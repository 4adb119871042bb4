// Package load starts the program and loads it; the benchmark and the crash test share it.
package load

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Server is a running program.
type Server struct {
	Cmd     *exec.Cmd
	Addr    string
	Admin   string        // address of metrics and profiles
	Started time.Duration // from exec to ready
	Lines   map[string]string
	log     *os.File
}

// FreeAddr returns a loopback address with a free port.
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// Start runs the program with args and waits until it is ready.
func Start(binary string, args ...string) (*Server, error) {
	addr, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	admin, err := FreeAddr()
	if err != nil {
		return nil, err
	}
	args = append(args, "--listen", addr, "--admin-listen", admin)
	s := &Server{Cmd: exec.Command(binary, args...), Addr: addr, Admin: admin, Lines: map[string]string{}}
	if s.log, err = os.CreateTemp("", "prasan-bench-*.log"); err != nil {
		return nil, err
	}
	s.Cmd.Stderr = s.log
	out, err := s.Cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.Cmd.Start(); err != nil {
		return nil, err
	}
	go s.read(out)
	for time.Since(began) < 2*time.Minute {
		res, err := http.Get("http://" + addr + "/readyz")
		if err == nil {
			_, _ = io.Copy(io.Discard, res.Body)
			res.Body.Close()
			if res.StatusCode == 200 {
				s.Started = time.Since(began)
				return s, nil
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	s.Kill()
	return nil, fmt.Errorf("not ready in two minutes; see %s", s.log.Name())
}

func (s *Server) read(out io.Reader) {
	scan := bufio.NewScanner(out)
	for scan.Scan() {
		if name, value, ok := strings.Cut(scan.Text(), ": "); ok {
			s.Lines[name] = value
		}
	}
}

// Kill ends the program as a power cut ends a process.
func (s *Server) Kill() {
	_ = s.Cmd.Process.Signal(syscall.SIGKILL)
	_ = s.Cmd.Wait()
	os.Remove(s.log.Name())
}

// Stop ends the program in an orderly way.
func (s *Server) Stop() error {
	_ = s.Cmd.Process.Signal(syscall.SIGTERM)
	err := s.Cmd.Wait()
	os.Remove(s.log.Name())
	return err
}

// Explain adds to err what the program said last.
func (s *Server) Explain(err error) error {
	if err == nil {
		return nil
	}
	text, _ := os.ReadFile(s.log.Name())
	return fmt.Errorf("%w; the program said last:\n%s", err, text[max(0, len(text)-4000):])
}

// CPU is the processor time that the program has used, user and system.
func (s *Server) CPU() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.Cmd.Process.Pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100 on Linux
}

// RSS is the resident memory in bytes.
func (s *Server) RSS() int64 { return s.kernelValue("status", "VmRSS:") * 1024 }

// Peak is the highest that the resident memory has been, in bytes.
func (s *Server) Peak() int64 { return s.kernelValue("status", "VmHWM:") * 1024 }

// Written is how many bytes the program has had written to disks.
func (s *Server) Written() int64 { return s.kernelValue("io", "write_bytes:") }

func (s *Server) kernelValue(file, name string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", s.Cmd.Process.Pid, file))
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, name); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}
