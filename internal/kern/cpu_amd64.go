//go:build amd64 && !purego

package kern

import (
	"os"

	"golang.org/x/sys/cpu"
)

// detectISA is called once, at start. SOLVE_KERNEL lowers the choice, for
// tests and bug reports; where the CPU has less, the Go kernels take over.
func detectISA() isaLevel {
	x := &cpu.X86
	best := isaGo
	if x.HasAVX2 && x.HasFMA && x.HasBMI1 && x.HasBMI2 && x.HasPOPCNT {
		best = isaAVX2
		if x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512VL && x.HasAVX512BW {
			best = isaAVX512
		}
	}
	switch os.Getenv("SOLVE_KERNEL") {
	case "go":
		return isaGo
	case "avx2":
		return min(best, isaAVX2)
	}
	return best
}
