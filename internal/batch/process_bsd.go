//go:build unix && !linux

package batch

import (
	"os/exec"
	"syscall"
)

// isolate gives a job its own process group, so that a Ctrl-C at the terminal
// reaches it through its batch alone.
func isolate(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

const canMeasureMemory = false

func residentOfTree(int) int64 { return 0 }
