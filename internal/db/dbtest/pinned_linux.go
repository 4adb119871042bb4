package dbtest

import (
	"os/exec"
	"runtime"
)

// startPinned starts cmd from a thread that lives as long as the process: Linux sends
// the parent-death signal when the thread that forked ends, not the process.
func startPinned(cmd *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		started <- cmd.Start()
		_ = cmd.Wait()
	}()
	return <-started
}
