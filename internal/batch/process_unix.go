//go:build unix

package batch

import (
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// interrupt and kill signal a job's process group. One that has ended is no
// error.
func interrupt(c *exec.Cmd) { _ = syscall.Kill(-c.Process.Pid, syscall.SIGINT) }
func kill(c *exec.Cmd)      { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }

// peakRSS is the largest resident size of a process that has ended, in bytes.
func peakRSS(state *os.ProcessState) int64 {
	u, ok := state.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		return int64(u.Maxrss)
	}
	return int64(u.Maxrss) * 1024
}
