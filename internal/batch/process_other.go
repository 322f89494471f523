//go:build !unix

package batch

import (
	"os"
	"os/exec"
)

func isolate(*exec.Cmd) {}

// There is no gentle way here.
func interrupt(c *exec.Cmd) { _ = c.Process.Kill() }
func kill(c *exec.Cmd)      { _ = c.Process.Kill() }

const canMeasureMemory = false

func residentOfTree(int) int64 { return 0 }

func peakRSS(*os.ProcessState) int64 { return 0 }
